/*
 * ELF64 as the loaders need it: programs (load.c), and modules, which are linked while they are loaded (module.c).
 * Numbers are from the System V ABI, chapters 4 and 5, and the supplements for x86-64 and for POWER (ELFv2).
 */
#pragma once

#include "library.h"

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, program_offset, section_offset;
	uint32_t flags;
	uint16_t header_bytes, program_bytes, program_count, section_bytes, section_count, section_names;
};

enum elf_type { ELF_PROGRAM = 2, ELF_MODULE = 3 };

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, address, physical, file_bytes, memory_bytes, align;
};

enum elf_segment_type { SEGMENT_LOAD = 1, SEGMENT_DYNAMIC = 2, SEGMENT_RELRO = 0x6474e552 };

struct elf_dynamic {
	uint64_t tag, value;
};

enum elf_dynamic_tag {
	DYNAMIC_END = 0,
	DYNAMIC_NEEDED = 1,
	DYNAMIC_PLT_BYTES = 2,
	DYNAMIC_HASH = 4,
	DYNAMIC_STRINGS = 5,
	DYNAMIC_SYMBOLS = 6,
	DYNAMIC_RELOCATIONS = 7,
	DYNAMIC_RELOCATION_BYTES = 8,
	DYNAMIC_STRING_BYTES = 10,
	DYNAMIC_INIT = 12,
	DYNAMIC_FINI = 13,
	DYNAMIC_PLT_RELOCATIONS = 23,
	DYNAMIC_TAGS = 24, /* the ones above are below this */
};

struct elf_symbol {
	uint32_t name; /* offset in the strings */
	uint8_t info, other;
	uint16_t section;
	uint64_t value, bytes;
};

enum { SECTION_UNDEFINED = 0, SECTION_ABSOLUTE = 0xfff1, BINDING_WEAK = 2 };

struct elf_relocation {
	uint64_t place, info;
	int64_t addend;
};

/* Relocations of a word: to where the module lies, or to a symbol. */
#ifdef __x86_64__
enum { RELOCATE_RELATIVE = 8, RELOCATE_WORD = 1, RELOCATE_GLOBAL = 6, RELOCATE_CALL = 7 };
#else
enum { RELOCATE_RELATIVE = 22, RELOCATE_WORD = 38, RELOCATE_GLOBAL = 20, RELOCATE_CALL = 21 };
#endif

/* A file while it is loaded. */
struct elf_file {
	uint64_t object;
	uint64_t process;    /* into which it goes; 0: the caller's */
	uint64_t base;       /* added to all its addresses */
	uint64_t mapped_end; /* behind the last page that elf_map() has mapped */
	uint64_t bytes;
	const uint8_t *data; /* the whole file, read-only; only what is touched is read */
};

/* Maps the file here, and checks that its header is that of such a file for this machine. INVALID. */
enum status elf_open(struct elf_file *file, enum elf_type type);

/* A segment by its number, not checked yet; NULL behind the last. */
const struct elf_segment *elf_segment(const struct elf_file *file, unsigned number);

/*
 * Maps what has to be loaded. INVALID, DENIED (writable code), and what the kernel says: EXISTS, NO_MEMORY, IO_ERROR. What was mapped until
 * then stays, from `base` to `mapped_end` if the segments follow each other.
 */
enum status elf_map(struct elf_file *file);

/* Unmaps the file, not what was loaded of it. */
void elf_close(struct elf_file *file);
