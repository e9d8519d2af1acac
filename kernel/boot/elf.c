/*
 * Loading a program: ELF64, statically linked (System V ABI, "Object Files" and "Program Loading").
 *
 *     file header --> program headers: PT_LOAD  offset in file, address, bytes in file, bytes in memory, R W X
 *
 * Teaches: a program is a few ranges with rights. The first bytes of each come from the file, the rest is zeros; all of it
 * is ordinary zero-fill memory, and only pages with bytes from the file are given frames now.
 * Who calls: boot. Whom: aspace_map, fault_populate. Locks: none are held. What is simplified: no paging in from flash yet.
 */
#include "boot/elf.h"

#include "core/print.h"
#include "core/string.h"
#include "mm/fault.h"

struct elf_header {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t program_offset;
	uint64_t section_offset;
	uint32_t flags;
	uint16_t header_bytes;
	uint16_t program_bytes;
	uint16_t program_count;
	uint16_t section_bytes;
	uint16_t section_count;
	uint16_t section_names;
};

struct elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t physical;
	uint64_t file_bytes;
	uint64_t memory_bytes;
	uint64_t align;
};

enum { ELF_TYPE_EXECUTABLE = 2, ELF_SEGMENT_LOAD = 1, ELF_FLAG_EXEC = 1, ELF_FLAG_WRITE = 2, ELF_FLAG_READ = 4 };

static enum status bad(const char *why)
{
	kprintf("program refused: %s\n", why);
	return STATUS_INVALID;
}

static enum status check_header(const struct archive_file *file, unsigned machine, struct elf_header *header)
{
	const uint16_t one = 1;
	uint8_t data = *(const uint8_t *)&one == 1 ? 1 : 2; /* ELFDATA2LSB, ELFDATA2MSB: as this machine */
	if (file->bytes < sizeof(*header))
		return bad("it is shorter than an ELF header");
	memcpy(header, file->data, sizeof(*header));
	if (memcmp(header->ident, "\177ELF\2", 5))
		return bad("it is no ELF64 file");
	if (header->ident[5] != data || header->machine != machine)
		return bad("it is for another machine");
	if (header->type != ELF_TYPE_EXECUTABLE || header->program_bytes != sizeof(struct elf_segment))
		return bad("it is no static executable");
	uint64_t table_bytes = (uint64_t)header->program_count * sizeof(struct elf_segment);
	if (header->program_offset > file->bytes || table_bytes > file->bytes - header->program_offset)
		return bad("its program headers lie outside the file");
	return STATUS_OK;
}

static unsigned rights_of(const struct elf_segment *segment)
{
	unsigned rights = RIGHTS_READ;
	if (segment->flags & ELF_FLAG_WRITE)
		rights |= RIGHTS_WRITE;
	if (segment->flags & ELF_FLAG_EXEC)
		rights |= RIGHTS_EXEC;
	return rights;
}

static enum status check_segment(const struct archive_file *file, const struct elf_segment *segment)
{
	if (segment->file_bytes > segment->memory_bytes)
		return bad("a segment has more bytes in the file than in memory");
	if (segment->offset > file->bytes || segment->file_bytes > file->bytes - segment->offset)
		return bad("a segment lies outside the file");
	if (segment->memory_bytes == 0 || segment->memory_bytes > TIB || segment->address >= TIB)
		return bad("a segment is empty or outside the base segment");
	return STATUS_OK;
}

/* Copies the file's bytes of a segment into its pages, one page at a time. */
static enum status fill_segment(const struct archive_file *file, const struct elf_segment *segment, struct aspace *aspace)
{
	for (uint64_t done = 0, part; done < segment->file_bytes; done += part) {
		uint64_t address = segment->address + done;
		uint64_t offset = address % PAGE_BYTES;
		struct paddr frame;
		part = min_u64(PAGE_BYTES - offset, segment->file_bytes - done);
		TRY(fault_populate(aspace, address, &frame));
		uint8_t *page = arch_phys_to_virt(frame);
		memcpy(page + offset, (const uint8_t *)file->data + segment->offset + done, part);
		if (segment->flags & ELF_FLAG_EXEC)
			arch_sync_code(page + offset, part);
	}
	return STATUS_OK;
}

static enum status load_segment(const struct archive_file *file, const struct elf_segment *segment, struct aspace *aspace)
{
	uint32_t object_id;
	TRY(check_segment(file, segment));
	uint64_t start = round_down(segment->address, PAGE_BYTES);
	uint64_t bytes = round_up(segment->address + segment->memory_bytes, PAGE_BYTES) - start;
	if (start == 0)
		return bad("a segment covers page 0");
	TRY(aspace_map(aspace, &start, bytes, rights_of(segment), &object_id));
	return fill_segment(file, segment, aspace);
}

enum status elf_load(const struct archive_file *file, unsigned machine, struct aspace *aspace, struct vaddr *entry)
{
	struct elf_header header;
	TRY(check_header(file, machine, &header));
	for (unsigned i = 0; i < header.program_count; i++) {
		struct elf_segment segment;
		memcpy(&segment, (const uint8_t *)file->data + header.program_offset + i * sizeof(segment), sizeof(segment));
		if (segment.type == ELF_SEGMENT_LOAD)
			TRY(load_segment(file, &segment, aspace));
	}
	*entry = vaddr(header.entry);
	return STATUS_OK;
}
