/*
 * Loading a program from an object: ELF64, statically linked (System V ABI, "Program Loading").
 *
 *     text, rodata   mapped from the file itself, shared, read when touched
 *     data           a copy of the file's pages, private from the first store on; the tail of the last page is zeroed
 *     bss            new memory behind it
 *
 * Teaches: with demand paging a program is not loaded at all, it is only mapped. Nothing but the headers, and the last page of the data,
 * is read here. And a loader needs no privilege: it is a few system calls on a process that has not started.
 * Who calls: process_start(), init. Every length from the file is checked before it is believed.
 */
#include "library.h"

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, program_offset, section_offset;
	uint32_t flags;
	uint16_t header_bytes, program_bytes, program_count, section_bytes, section_count, section_names;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, address, physical, file_bytes, memory_bytes, align;
};

enum { TYPE_EXECUTABLE = 2, SEGMENT_LOAD = 1, FLAG_EXEC = 1, FLAG_WRITE = 2, SEGMENTS_MAX = 16 };

#ifdef __x86_64__
#define ELF_MACHINE 62
#define ELF_DATA 1
#else
#define ELF_MACHINE 21
#define ELF_DATA 2
#endif

/* Where programs may lie: the base segment, but its first page. */
#define BASE_END UINT64_C(0x10000000000)

static uint64_t page_down(uint64_t address)
{
	return address & ~(uint64_t)(PAGE_BYTES - 1);
}

static uint64_t page_up(uint64_t address)
{
	return page_down(address + PAGE_BYTES - 1);
}

/* The file while it is loaded: its object, its headers' pages mapped here. */
struct program_file {
	uint64_t object;
	uint64_t bytes;
	const uint8_t *data; /* the whole file, read-only; only what is touched is read */
	uint64_t process;
};

static enum status map_file(struct program_file *file)
{
	struct result size = sys_object_size(file->object);
	TRY((enum status)size.status);
	file->bytes = size.value;
	struct result mapped = sys_object_map(file->object, 0, 0, file->bytes, RIGHTS_READ);
	file->data = (const uint8_t *)mapped.value;
	return (enum status)mapped.status;
}

static bool header_is_good(const struct program_file *file)
{
	const struct elf_header *header = (const struct elf_header *)file->data;
	return !memcmp(header->ident, "\177ELF\2", 5) && header->ident[5] == ELF_DATA && header->machine == ELF_MACHINE &&
	       header->type == TYPE_EXECUTABLE && header->program_bytes == sizeof(struct elf_segment) &&
	       header->program_count <= SEGMENTS_MAX && header->program_offset <= file->bytes &&
	       header->program_count * sizeof(struct elf_segment) <= file->bytes - header->program_offset &&
	       header->program_offset % 8 == 0;
}

static bool segment_is_good(const struct program_file *file, const struct elf_segment *segment)
{
	return segment->file_bytes <= segment->memory_bytes && segment->memory_bytes > 0 && segment->offset <= file->bytes &&
	       segment->file_bytes <= file->bytes - segment->offset && segment->address >= PAGE_BYTES &&
	       segment->address < BASE_END && segment->memory_bytes < BASE_END - segment->address &&
	       segment->offset % PAGE_BYTES == segment->address % PAGE_BYTES;
}

static enum status map_there(const struct program_file *file, uint64_t object, uint64_t first_page, uint64_t address,
			     uint64_t bytes, unsigned rights)
{
	return (enum status)sys_object_map(object, address, first_page, bytes, rights | file->process << 32).status;
}

/* The data's last page from the file goes on with zeros: what follows in the file is something else. */
static enum status zero_tail(uint64_t copy, uint64_t pages, uint64_t used)
{
	uint64_t tail = page_up(used) - used;
	if (tail == 0)
		return STATUS_OK;
	struct result mapped = sys_object_map(copy, 0, pages - 1, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	TRY((enum status)mapped.status);
	memset((uint8_t *)mapped.value + PAGE_BYTES - tail, 0, tail);
	return (enum status)sys_vm_unmap(mapped.value, PAGE_BYTES).status;
}

/* A private copy of the file's pages. */
static enum status map_data(const struct program_file *file, const struct elf_segment *segment, uint64_t start, uint64_t pages)
{
	uint64_t used = segment->address - start + segment->file_bytes;
	struct result copy = sys_object_copy(file->object, page_down(segment->offset) / PAGE_BYTES, pages);
	TRY((enum status)copy.status);
	enum status status = zero_tail(copy.value, pages, used);
	if (status == STATUS_OK)
		status = map_there(file, copy.value, 0, start, pages * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	DISCARD(sys_handle_close(copy.value).status, "the mapping keeps it");
	return status;
}

static enum status map_zeros(const struct program_file *file, uint64_t start, uint64_t bytes)
{
	struct result object = sys_object_create(bytes);
	TRY((enum status)object.status);
	enum status status = map_there(file, object.value, 0, start, bytes, RIGHTS_READ | RIGHTS_WRITE);
	DISCARD(sys_handle_close(object.value).status, "the mapping keeps it");
	return status;
}

static enum status load_segment(const struct program_file *file, const struct elf_segment *segment)
{
	if (!segment_is_good(file, segment))
		return STATUS_INVALID;
	uint64_t start = page_down(segment->address);
	uint64_t file_end = segment->file_bytes ? page_up(segment->address + segment->file_bytes) : start;
	uint64_t end = page_up(segment->address + segment->memory_bytes);
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

enum status program_load(uint64_t object, uint64_t process, uint64_t *entry)
{
	struct program_file file = {.object = object, .process = process};
	TRY(map_file(&file));
	enum status status = header_is_good(&file) ? STATUS_OK : STATUS_INVALID;
	const struct elf_header *header = (const struct elf_header *)file.data;
	for (unsigned i = 0; status == STATUS_OK && i < header->program_count; i++) {
		const struct elf_segment *segments = (const struct elf_segment *)(file.data + header->program_offset);
		if (segments[i].type == SEGMENT_LOAD)
			status = load_segment(&file, &segments[i]);
	}
	if (status == STATUS_OK)
		*entry = header->entry;
	DISCARD(sys_vm_unmap((uintptr_t)file.data, file.bytes).status, "it was mapped above");
	return status;
}
