/*
 * Which functions a kernel has, where they lie, and in which line of which file they begin.
 *
 * Teaches: an ELF file's table of symbols names addresses, its debugging information names lines; elfutils reads both, of any machine. A label of
 * assembly code has no size: it reaches to the next one. What the compiler has put aside as seldom used (NAME.cold) is part of NAME.
 * On x86-64 every trap enters at a label of its own. On POWER the machine fixes where: the vectors get their names here.
 * Who calls: run.c, before QEMU starts. Whom: libelf, libdw. The result lies in the run's file `witness` (file.h), sorted by address.
 * Invariant: stretches do not overlap, so that an address is in one function at most.
 */
#include "witness/functions.h"

#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "witness/file.h"
#include "witness/vectors.h"

struct symbol {
	uint64_t start, end;
	char name[64];
	bool is_function; /* and not just a label */
	uint32_t vector;
};

struct symbols {
	struct symbol *symbol;
	size_t count, room;
	uint64_t code_end;
};

struct text {
	char *data;
	size_t bytes;
	FILE *file;
};

/* ---- symbols ---- */

static void add_symbol(struct symbols *symbols, uint64_t start, uint64_t bytes, const char *name, bool is_function)
{
	if (symbols->count == symbols->room) {
		symbols->room = symbols->room ? 2 * symbols->room : 1024;
		symbols->symbol = realloc(symbols->symbol, symbols->room * sizeof(*symbols->symbol));
		if (!symbols->symbol)
			abort();
	}
	struct symbol *symbol = &symbols->symbol[symbols->count++];
	*symbol = (struct symbol){.start = start, .end = start + bytes, .is_function = is_function, .vector = WITNESS_NO_VECTOR};
	snprintf(symbol->name, sizeof(symbol->name), "%s", name);
}

/* A trap of x86-64 enters at trap_stub_N (trap_entry.S), but for the system call. */
static void find_vector(struct symbol *symbol)
{
	unsigned vector;
	if (sscanf(symbol->name, "trap_stub_%u", &vector) == 1)
		symbol->vector = vector;
	else if (!strcmp(symbol->name, "syscall_entry"))
		symbol->vector = VECTOR_X86_SYSCALL;
}

/* Where POWER enters the kernel (start.S): code without symbols. */
static void add_vectors(struct symbols *symbols)
{
	for (size_t i = 0; i < vectors_ppc64_count; i++) {
		char name[64];
		snprintf(name, sizeof(name), "vector_%03x_%s", vectors_ppc64[i].vector, vectors_ppc64[i].name);
		add_symbol(symbols, vectors_ppc64[i].vector, 0, name, true);
		symbols->symbol[symbols->count - 1].vector = vectors_ppc64[i].vector;
	}
}

static bool is_code(Elf *elf, const GElf_Sym *symbol)
{
	GElf_Shdr header;
	Elf_Scn *section = symbol->st_shndx < SHN_LORESERVE ? elf_getscn(elf, symbol->st_shndx) : NULL;
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	return section && gelf_getshdr(section, &header) && (header.sh_flags & SHF_EXECINSTR) &&
	       (type == STT_FUNC || (type == STT_NOTYPE && symbol->st_value < header.sh_addr + header.sh_size));
}

static void take_section(struct symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	for (size_t i = 0; data && i < header->sh_size / header->sh_entsize; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol) || !is_code(elf, &symbol))
			continue;
		const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (!name || !*name)
			continue;
		add_symbol(symbols, symbol.st_value, symbol.st_size, name, GELF_ST_TYPE(symbol.st_info) == STT_FUNC);
		find_vector(&symbols->symbol[symbols->count - 1]);
	}
}

static int by_address(const void *one, const void *other)
{
	const struct symbol *a = one, *b = other;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->is_function != b->is_function)
		return a->is_function ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* One symbol an address, each reaching to the next. */
static void sort_symbols(struct symbols *symbols)
{
	size_t kept = 0;
	if (!symbols->count)
		return;
	qsort(symbols->symbol, symbols->count, sizeof(*symbols->symbol), by_address);
	for (size_t i = 0; i < symbols->count; i++)
		if (!kept || symbols->symbol[i].start != symbols->symbol[kept - 1].start)
			symbols->symbol[kept++] = symbols->symbol[i];
	symbols->count = kept;
	for (size_t i = 0; i + 1 < kept; i++)
		symbols->symbol[i].end = symbols->symbol[i + 1].start;
	if (symbols->symbol[kept - 1].end < symbols->code_end)
		symbols->symbol[kept - 1].end = symbols->code_end;
}

static void read_symbols(struct symbols *symbols, Elf *elf, bool fixed_vectors)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		if ((header.sh_flags & SHF_EXECINSTR) && header.sh_addr + header.sh_size > symbols->code_end)
			symbols->code_end = header.sh_addr + header.sh_size;
		if (header.sh_type == SHT_SYMTAB && header.sh_entsize)
			take_section(symbols, elf, section, &header);
	}
	if (fixed_vectors)
		add_vectors(symbols);
	sort_symbols(symbols);
}

/* ---- lines ---- */

/* A string's place in the text. */
static uint32_t put_text(struct text *text, const char *string)
{
	long at = ftell(text->file);
	fputs(string, text->file);
	fputc('\0', text->file);
	return (uint32_t)at;
}

/* The file as the tree has it: kernel/mm/fault.c. */
static const char *path_in_tree(const char *path, const char *root)
{
	size_t length = strlen(root);
	if (!strncmp(path, root, length) && path[length] == '/')
		return path + length + 1;
	return !strncmp(path, "./", 2) ? path + 2 : path;
}

struct declaration {
	uint64_t address; /* of the function */
	const char *file; /* NULL: not found yet */
	int line;
};

static int look_at_function(Dwarf_Die *function, void *data)
{
	struct declaration *declaration = data;
	Dwarf_Addr entry;
	if (dwarf_entrypc(function, &entry) != 0 || entry != declaration->address)
		return DWARF_CB_OK;
	declaration->file = dwarf_decl_file(function);
	if (!declaration->file || dwarf_decl_line(function, &declaration->line) != 0)
		declaration->file = NULL;
	return DWARF_CB_ABORT;
}

/* Of C code its declaration; the first instruction may be of a function that was inlined. */
static bool find_declaration(Dwarf_Die *unit, uint64_t address, const char **file, int *line)
{
	struct declaration declaration = {.address = address};
	dwarf_getfuncs(unit, look_at_function, &declaration, 0);
	*file = declaration.file;
	*line = declaration.line;
	return declaration.file != NULL;
}

/* Of assembly code the line of its first instruction. */
static bool find_instruction(Dwarf_Die *unit, uint64_t address, const char **file, int *number)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	*file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	return *file && dwarf_lineno(line, number) == 0;
}

static void find_line(struct witness_function *function, Dwarf *dwarf, const char *root, struct text *text)
{
	Dwarf_Die unit;
	const char *file = NULL;
	int line = 0;
	bool found = dwarf && dwarf_addrdie(dwarf, function->start, &unit) &&
		     (find_declaration(&unit, function->start, &file, &line) ||
		      find_instruction(&unit, function->start, &file, &line));
	function->line = found ? (uint32_t)line : 0;
	function->file = put_text(text, found ? path_in_tree(file, root) : "");
}

/* ---- the file ---- */

static const struct symbol *symbol_named(const struct symbols *symbols, const char *name, size_t length)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (!strncmp(symbols->symbol[i].name, name, length) && !symbols->symbol[i].name[length])
			return &symbols->symbol[i];
	return NULL;
}

/* The function that a cold part belongs to; itself, if it is none. */
static uint32_t whole_of(const struct symbols *symbols, size_t index)
{
	const char *name = symbols->symbol[index].name, *suffix = strstr(name, ".cold");
	const struct symbol *whole = suffix ? symbol_named(symbols, name, (size_t)(suffix - name)) : NULL;
	return (uint32_t)(whole ? whole - symbols->symbol : (ptrdiff_t)index);
}

static bool write_functions(const char *to, struct witness_header *header, const struct witness_function *functions,
			    struct text *text)
{
	FILE *file = fopen(to, "wb");
	if (!file)
		return say("%s cannot be written: %s", to, strerror(errno)), false;
	bool good = fwrite(header, sizeof(*header), 1, file) == 1 &&
		    fwrite(functions, sizeof(*functions), header->functions, file) == header->functions &&
		    fwrite(text->data, 1, text->bytes, file) == text->bytes;
	if (fclose(file) != 0 || !good)
		return say("%s could not be written", to), false;
	return true;
}

static bool describe(const char *to, const struct symbols *symbols, const char *machine, Dwarf *dwarf, const char *root)
{
	struct text text = {0};
	struct witness_header header = {.magic = WITNESS_MAGIC, .version = WITNESS_VERSION, .functions = symbols->count};
	struct witness_function *functions = calloc(symbols->count, sizeof(*functions));
	text.file = open_memstream(&text.data, &text.bytes);
	if (!functions || !text.file)
		abort();
	strncpy(header.machine, machine, sizeof(header.machine) - 1);
	for (size_t i = 0; i < symbols->count; i++) {
		const struct symbol *symbol = &symbols->symbol[i];
		functions[i] = (struct witness_function){.start = symbol->start, .end = symbol->end, .vector = symbol->vector};
		functions[i].name = put_text(&text, symbol->name);
		functions[i].same_as = whole_of(symbols, i);
		find_line(&functions[i], dwarf, root, &text);
	}
	while (ftell(text.file) % 8)
		fputc('\0', text.file);
	fclose(text.file);
	header.text_bytes = text.bytes;
	bool written = write_functions(to, &header, functions, &text);
	free(text.data);
	free(functions);
	return written;
}

bool witness_begin(const char *to, const char *path, const char *machine, const char *root)
{
	struct symbols symbols = {0};
	int file = open(path, O_RDONLY | O_CLOEXEC);
	elf_version(EV_CURRENT);
	Elf *elf = file < 0 ? NULL : elf_begin(file, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		read_symbols(&symbols, elf, !strcmp(machine, "ppc64"));
	bool good = symbols.count > 0;
	Dwarf *dwarf = good ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
	if (good)
		good = describe(to, &symbols, machine, dwarf, root);
	else
		say("%s has no functions that the witness could name", path);
	if (dwarf)
		dwarf_end(dwarf);
	if (elf)
		elf_end(elf);
	if (file >= 0)
		close(file);
	free(symbols.symbol);
	return good;
}

bool witness_is_whole(const char *path)
{
	struct witness_header header = {0};
	FILE *file = fopen(path, "rb");
	bool whole = file && fread(&header, sizeof(header), 1, file) == 1 && header.cpus > 0;
	if (file)
		fclose(file);
	if (!whole)
		say("QEMU ended without a word of the witness; %s is not whole", path);
	return whole;
}
