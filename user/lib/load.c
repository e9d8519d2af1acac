/*
 * Loading from an object: ELF64 (System V ABI, "Program Loading"). A program, which is linked to its place, or a module anywhere.
 *
 *     text, rodata   mapped from the file itself, shared, read when touched
 *     data           a copy of the file's pages, private from the first store on; the tail of the last page is zeroed
 *     bss            new memory behind it
 *
 * Teaches: with demand paging a program is not loaded at all, it is only mapped. Nothing but the headers, and the last page of the data,
 * is read here. And a loader needs no privilege: it is a few system calls on a process that has not started.
 * Who calls: process_start(), init, module_load(). Every length from the file is checked before it is believed.
 */
#include "elf.h"

enum { FLAG_EXEC = 1, FLAG_WRITE = 2, SEGMENTS_MAX = 16 };

#ifdef __x86_64__
#define ELF_MACHINE 62
#define ELF_DATA 1
#else
#define ELF_MACHINE 21
#define ELF_DATA 2
#endif

/* Where programs and modules may lie: the base segment, but its first page. */
#define BASE_END UINT64_C(0x10000000000)

static enum status map_file(struct elf_file *file)
{
	struct result size = sys_object_size(file->object);
	TRY((enum status)size.status);
	struct result mapped = sys_object_map(file->object, 0, 0, size.value, RIGHTS_READ);
	TRY((enum status)mapped.status);
	file->bytes = size.value;
	file->data = (const uint8_t *)mapped.value;
	return STATUS_OK;
}

static bool header_is_good(const struct elf_file *file, enum elf_type type)
{
	const struct elf_header *header = (const struct elf_header *)file->data;
	return !memcmp(header->ident, "\177ELF\2", 5) && header->ident[5] == ELF_DATA && header->machine == ELF_MACHINE &&
	       header->type == type && header->program_bytes == sizeof(struct elf_segment) &&
	       header->program_count <= SEGMENTS_MAX && header->program_offset <= file->bytes &&
	       header->program_count * sizeof(struct elf_segment) <= file->bytes - header->program_offset &&
	       header->program_offset % 8 == 0;
}

enum status elf_open(struct elf_file *file, enum elf_type type)
{
	TRY(map_file(file));
	if (header_is_good(file, type))
		return STATUS_OK;
	elf_close(file);
	return STATUS_INVALID;
}

void elf_close(struct elf_file *file)
{
	if (file->data)
		DISCARD(sys_vm_unmap((uintptr_t)file->data, file->bytes).status, "elf_open() mapped it");
	file->data = NULL;
}

const struct elf_segment *elf_segment(const struct elf_file *file, unsigned number)
{
	const struct elf_header *header = (const struct elf_header *)file->data;
	const struct elf_segment *segments = (const struct elf_segment *)(file->data + header->program_offset);
	return number < header->program_count ? &segments[number] : NULL;
}

static bool segment_is_good(const struct elf_file *file, const struct elf_segment *segment)
{
	uint64_t address = file->base + segment->address;
	return segment->file_bytes <= segment->memory_bytes && segment->memory_bytes > 0 && segment->offset <= file->bytes &&
	       segment->file_bytes <= file->bytes - segment->offset && segment->address < BASE_END && address >= PAGE_BYTES &&
	       address < BASE_END && segment->memory_bytes < BASE_END - address &&
	       segment->offset % PAGE_BYTES == segment->address % PAGE_BYTES;
}

static enum status map_there(struct elf_file *file, uint64_t object, uint64_t first_page, uint64_t address, uint64_t bytes,
			     unsigned rights)
{
	TRY((enum status)sys_object_map(object, address, first_page, bytes, rights | file->process << 32).status);
	file->mapped_end = address + bytes;
	return STATUS_OK;
}

/* The data's last page from the file goes on with zeros: what follows in the file is something else. */
static enum status zero_tail(uint64_t copy, uint64_t used)
{
	static const uint8_t zeros[512];
	for (uint64_t at = used, end = page_up(used), bytes; at < end; at += bytes) {
		bytes = end - at < sizeof(zeros) ? end - at : sizeof(zeros);
		TRY((enum status)sys_object_write(copy, at, (uintptr_t)zeros, bytes).status);
	}
	return STATUS_OK;
}

/* A private copy of the file's pages. */
static enum status map_data(struct elf_file *file, const struct elf_segment *segment, uint64_t start, uint64_t pages)
{
	uint64_t used = segment->address % PAGE_BYTES + segment->file_bytes;
	struct result copy = sys_object_copy(file->object, page_down(segment->offset) / PAGE_BYTES, pages);
	TRY((enum status)copy.status);
	enum status status = zero_tail(copy.value, used);
	if (status == STATUS_OK)
		status = map_there(file, copy.value, 0, start, pages * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	DISCARD(sys_handle_close(copy.value).status, "the mapping keeps it");
	return status;
}

static enum status map_zeros(struct elf_file *file, uint64_t start, uint64_t bytes)
{
	struct result object = sys_object_create(bytes);
	TRY((enum status)object.status);
	enum status status = map_there(file, object.value, 0, start, bytes, RIGHTS_READ | RIGHTS_WRITE);
	DISCARD(sys_handle_close(object.value).status, "the mapping keeps it");
	return status;
}

static enum status map_segment(struct elf_file *file, const struct elf_segment *segment)
{
	if (!segment_is_good(file, segment))
		return STATUS_INVALID;
	uint64_t address = file->base + segment->address;
	uint64_t start = page_down(address);
	uint64_t file_end = segment->file_bytes ? page_up(address + segment->file_bytes) : start;
	uint64_t end = page_up(address + segment->memory_bytes);
	uint64_t pages = (file_end - start) / PAGE_BYTES;
	bool writable = segment->flags & FLAG_WRITE;
	unsigned rights = segment->flags & FLAG_EXEC ? RIGHTS_READ | RIGHTS_EXEC : RIGHTS_READ;
	if (writable && (segment->flags & FLAG_EXEC))
		return STATUS_DENIED;
	if (!writable && end != file_end)
		return STATUS_INVALID;
	if (pages && writable)
		TRY(map_data(file, segment, start, pages));
	if (pages && !writable)
		TRY(map_there(file, file->object, page_down(segment->offset) / PAGE_BYTES, start, pages * PAGE_BYTES, rights));
	return end > file_end ? map_zeros(file, file_end, end - file_end) : STATUS_OK;
}

enum status elf_map(struct elf_file *file)
{
	const struct elf_segment *segment;
	file->mapped_end = file->base;
	for (unsigned i = 0; (segment = elf_segment(file, i)); i++)
		if (segment->type == SEGMENT_LOAD && segment->memory_bytes)
			TRY(map_segment(file, segment));
	return STATUS_OK;
}

enum status program_load(uint64_t object, uint64_t process, uint64_t *entry)
{
	struct elf_file file = {.object = object, .process = process};
	TRY(elf_open(&file, ELF_PROGRAM));
	enum status status = elf_map(&file);
	*entry = ((const struct elf_header *)file.data)->entry;
	elf_close(&file);
	return status;
}
