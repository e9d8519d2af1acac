/*
 * Reads the information page: what the kernel says of the machine it runs on.
 *
 * Finds the page by its name, checks that it is one (signature, version, length, sum), prints it as a table, and holds it against what
 * a program can see for itself: the CPUs it may run on, the clock's rate, the boot archive, and its own file in there. Then it tries what must
 * not work: to have the page writable, and to write it.
 */
#include <servers.h>

#define TAR_BLOCK 512u
#define RULE "------------------------------------------------------------------\n"

static const struct information *page;
static char handler_stack[16384];

/* ---- is it one? ---- */

static uint16_t sum_of_words(const void *start, unsigned bytes)
{
	const uint16_t *word = start;
	uint16_t total = 0;
	for (unsigned i = 0; i < bytes / sizeof(*word); i++)
		total = (uint16_t)(total + word[i]);
	return total;
}

static bool is_information_page(void)
{
	return check(!memcmp(page->signature, INFORMATION_SIGNATURE, sizeof(page->signature))) &&
	       check(page->major == INFORMATION_MAJOR) && check(page->length >= sizeof(*page) && page->length <= PAGE_BYTES) &&
	       check(sum_of_words(page, page->length) == 0) && check(page->stage == STAGE_FINISHED) &&
	       check(page->page_bytes == PAGE_BYTES) && check(page->cpus <= INFORMATION_CPUS_MAX) &&
	       check(page->memories <= INFORMATION_MEMORY_MAX);
}

/* ---- what it says ---- */

static void print_features(void)
{
#define PRINT_FEATURE(name, bit, text)                                                                                           \
	if (page->features & FEATURE_##name)                                                                                     \
		printf("  %s\n", text);
	printf("every CPU has\n");
	INFORMATION_FEATURES(PRINT_FEATURE)
#undef PRINT_FEATURE
}

static const char *memory_text(uint32_t type)
{
#define MEMORY_TEXT(name, number, text) text,
	static const char *const texts[] = {INFORMATION_MEMORIES(MEMORY_TEXT)};
#undef MEMORY_TEXT
	return type < ARRAY_LENGTH(texts) ? texts[type] : "?";
}

static void print_page(void)
{
	printf(RULE "%s, information page version %u.%u, %u bytes, checksum 0x%04x\n", page->machine, page->major, page->minor,
	       page->length, page->checksum);
	printf("clock %lu Hz, pages of %u bytes\ncommand line: %s\n", page->clock_hz, page->page_bytes, page->command_line);
	print_features();
	printf("%u of %u CPUs\n", page->cpus_online, page->cpus);
	for (unsigned i = 0; i < page->cpus; i++)
		if (page->cpu[i].flags & CPU_FLAG_ONLINE)
			printf("  CPU %2u  number 0x%02lx  model 0x%08x%s\n", page->cpu[i].index, page->cpu[i].hw_id,
			       page->cpu[i].processor, page->cpu[i].flags & CPU_FLAG_BOOT ? "  booted the system" : "");
	printf("memory\n");
	for (unsigned i = 0; i < page->memories; i++)
		printf("  %016lx  %10lu KiB  %s\n", page->memory[i].address, (page->memory[i].bytes + KIB - 1) / KIB,
		       memory_text(page->memory[i].type));
	printf(RULE);
}

/* ---- is it true? ---- */

static void check_cpus(void)
{
	unsigned online = 0;
	for (unsigned i = 0; i < INFORMATION_CPUS_MAX; i++) {
		bool listed = page->cpu[i].flags & CPU_FLAG_ONLINE;
		online += listed;
		check((thread_run_on(ONLY_CPU(i)).status == STATUS_OK) == listed);
		check(!listed || (page->cpu[i].index == i && thread_cpu() == i));
	}
	check(online == page->cpus_online && online > 0);
	must(thread_run_on(ANY_CPU));
}

static const struct information_memory *memory_of(enum information_memory_type type)
{
	for (unsigned i = 0; i < page->memories; i++)
		if (page->memory[i].type == type)
			return &page->memory[i];
	return NULL;
}

static bool lies_in_ram(const struct information_memory *part)
{
	for (unsigned i = 0; i < page->memories; i++) {
		const struct information_memory *ram = &page->memory[i];
		if (ram->type == MEMORY_RAM && part->address >= ram->address && part->address - ram->address < ram->bytes &&
		    part->bytes <= ram->bytes - (part->address - ram->address))
			return true;
	}
	return false;
}

static uint64_t octal(const uint8_t *digits)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < 11; i++)
		value = value << 3 | (uint64_t)(digits[i] - '0');
	return value;
}

/* Whether the archive (ustar) has this program: an ELF file of its name. */
static bool archive_has_me(const uint8_t *archive, uint64_t bytes)
{
	for (uint64_t at = 0; at + TAR_BLOCK < bytes && archive[at];) {
		if (!strcmp((const char *)archive + at, "information"))
			return !memcmp(archive + at + TAR_BLOCK, "\177ELF", 4);
		at += TAR_BLOCK + ((octal(archive + at + 124) + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1));
	}
	return false;
}

static void check_modules(void)
{
	static const enum information_memory_type in_ram[] = {MEMORY_KERNEL, MEMORY_ARCHIVE, MEMORY_COMMAND_LINE, MEMORY_PAGE};
	for (unsigned i = 0; i < ARRAY_LENGTH(in_ram); i++)
		if (check(memory_of(in_ram[i]) != NULL))
			check(lies_in_ram(memory_of(in_ram[i])));
	const struct information_memory *archive = memory_of(MEMORY_ARCHIVE);
	uint64_t handle = must(service_find("archive"));
	uint64_t bytes = must(sys_object_size(handle));
	check(archive && archive->bytes == page->archive_bytes && bytes - archive->bytes < PAGE_BYTES);
	check(archive_has_me(object_map(handle, bytes, RIGHTS_READ), bytes));
	const struct information_memory *line = memory_of(MEMORY_COMMAND_LINE);
	check(line && line->bytes == strlen(page->command_line) + 1);
	const struct information_memory *flash = memory_of(MEMORY_FLASH);
	check(page->flash_bytes ? flash && flash->address == page->flash_paddr && flash->bytes == page->flash_bytes : !flash);
}

static void check_features(void)
{
	const uint64_t pc = FEATURE_NO_EXECUTE | FEATURE_SMEP | FEATURE_SMAP, power = FEATURE_HASH_MMU;
	bool is_power = !strcmp(page->machine, "ppc64");
	check((page->features & (pc | power)) == (is_power ? power : pc));
	check(page->clock_hz > 1000000);
}

/* ---- what must not work ---- */

/* The store cannot be made; there is nothing to go on with, so the program ends here. */
static void on_fault(uint64_t cause, uint64_t address, uint64_t pc)
{
	(void)address, (void)pc;
	printf("a store to the page: refused, as it has to be\n");
	check(cause == CAUSE_NO_RIGHT);
	program_exit(checks_failed());
}

int main(void)
{
	uint64_t handle = must(service_find("information"));
	page = object_map(handle, PAGE_BYTES, RIGHTS_READ);
	if (!is_information_page())
		return checks_failed();
	print_page();
	check_cpus();
	check_modules();
	check_features();
	check(sys_object_map(handle, 0, 0, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE).status == STATUS_DENIED);
	check(sys_vm_protect((uintptr_t)page, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE).status == STATUS_DENIED);
	must(fault_handler(on_fault, handler_stack, sizeof(handler_stack)));
	*(volatile uint16_t *)(uintptr_t)&page->checksum = 0;
	check(!"a store to the page worked");
	return checks_failed();
}
