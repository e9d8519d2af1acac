/*
 * Stops an x86-64 guest at each phase of its boot, and looks through QEMU's monitor at every page each CPU can reach.
 *
 *     boot_phases NAME QMP-SOCKET STUB-SOCKET SYMBOLS [lost | refused]
 *     boot_phases --judge < what `info tlb` says            prints each line that is wrong; the exit status says whether one is
 *
 * Teaches: a rule that holds "always" is tested at the moments at which it is easiest to break: between two tables, on a CPU that is
 * half way up, while a page is lent. The moments are functions of the kernel; the judge looks at each line by itself.
 * What is judged: no page is writable and executable; what is executable at the kernel's own addresses is not writable by another
 * name; once all CPUs are up, nothing low is executable for the kernel, and every page lies in an area of the layout (layout.h)
 * and is what pages there may be. And the trampoline's page holds its own bytes again, and the boot tables map nothing low. What
 * the kernel took from ACPI's tables is printed for the caller to judge.
 * With `lost`, CPU 1 never gets INIT and STARTUP: the debugger steps over the two calls that send them. With `refused` it steps over
 * boot_cpu_main() on CPU 1, as if that had found the CPU unfit.
 * Who calls: tests/e2e/boot_x86_64.sh. Prints `ok` or `not ok` for each phase.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "layout.h"
#include "monitor.h"

#define CPUS_MAX 16
#define LINES_MAX 65536
#define WINDOW UINT64_C(0xffffffff80000000) /* the kernel's own addresses */
#define LARGE_BYTES (UINT64_C(2) << 20)
#define SMALL_BYTES (UINT64_C(4) << 10)
#define TRAMPOLINE_PAGE "0x8000"

/* ---- the judge ---- */

/* What QEMU 7.2 says of a page: `address: frame XGPDACTUW`, each letter or a dash; X means not executable, P a large page. */
struct page {
	uint64_t address, frame, bytes;
	bool executable, writable, user;
};

static struct page pages[LINES_MAX];
static unsigned page_count;

/* False for a line that says something else, such as that paging is off. */
static bool page_parse(const char *line, struct page *page)
{
	char flags[10];
	if (sscanf(line, "%" SCNx64 ": %" SCNx64 " %9[-XGPDACTUW]", &page->address, &page->frame, flags) != 3 ||
	    strlen(flags) != 9)
		return false;
	page->executable = flags[0] != 'X';
	page->bytes = flags[2] == 'P' ? LARGE_BYTES : SMALL_BYTES;
	page->user = flags[7] == 'U';
	page->writable = flags[8] == 'W';
	return true;
}

static void pages_take(char *text)
{
	page_count = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (page_count == LINES_MAX)
			give_up("QEMU lists more pages than the judge holds");
		page_count += page_parse(line, &pages[page_count]);
	}
}

/* Whether a page that can be written is, by another name, part of what the kernel executes. */
static bool is_kernel_text(const struct page *written)
{
	for (unsigned i = 0; i < page_count; i++) {
		const struct page *text = &pages[i];
		if (text->executable && !text->user && text->address >= WINDOW && text->frame < written->frame + written->bytes &&
		    written->frame < text->frame + text->bytes)
			return true;
	}
	return false;
}

/* What is wrong with a page, or NULL. `settled`: all CPUs are up. */
static const char *page_fault(const struct page *page, bool settled)
{
	if (page->writable && page->executable)
		return "writable and executable";
	if (page->writable && is_kernel_text(page))
		return "writable, and kernel text by another name";
	if (settled && page->executable && !page->user && page->address < WINDOW)
		return "executable for the kernel, and not at its own addresses";
	const struct area *area = area_find(page->address, page->bytes);
	if (settled &&
	    (!area || area->user != page->user || area->writable < page->writable || area->executable < page->executable))
		return "not what docs/gen/layout.md says";
	return NULL;
}

/* Prints what is wrong with the pages taken; returns with how many something is. */
static unsigned pages_judge(bool settled)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < page_count; i++) {
		const char *fault = page_fault(&pages[i], settled);
		if (fault)
			printf("%016" PRIx64 " -> %" PRIx64 ": %s\n", pages[i].address, pages[i].frame, fault);
		wrong += fault != NULL;
	}
	return wrong;
}

static int judge_input(void)
{
	static char text[1 << 20];
	text[fread(text, 1, sizeof(text) - 1, stdin)] = 0;
	pages_take(text);
	return page_count == 0 || pages_judge(true) != 0;
}

/* ---- the phases ---- */

static const struct phase {
	const char *function; /* the machine stops when the first CPU gets there */
	const char *name;
	bool settled;
	enum { PAGE_IGNORED, PAGE_NOTED, PAGE_LENT, PAGE_OWN } page;
} phases[] = {
	{"boot_start_64", "first-tables", false, PAGE_IGNORED},
	{"boot_main", "first-c", false, PAGE_IGNORED},
	{"kernel_main", "kernel", true, PAGE_NOTED},
	{"boot_cpu_start_64", "cpu-arrives", false, PAGE_LENT},
	{"boot_cpu_main", "cpu-boot-stack", false, PAGE_LENT},
	{"kernel_secondary", "cpu-own-stack", true, PAGE_IGNORED},
	{"sched_start", "scheduler", true, PAGE_OWN},
	{"syscall_dispatch", "user-program", true, PAGE_OWN},
	{"run_end", "end", true, PAGE_OWN},
};

static const char *test_name;
static char *page_bytes; /* of the trampoline's page, before it was lent */

/* Where the kernel has a symbol. */
static uint64_t symbol_find(const char *path, const char *wanted)
{
	char line[256], name[200];
	uint64_t address;
	FILE *symbols = fopen(path, "r");
	while (symbols && fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%" SCNx64 " %*c %199s", &address, name) == 2 && !strcmp(name, wanted)) {
			fclose(symbols);
			return address;
		}
	give_up(wanted);
}

static unsigned cpus_count(void)
{
	unsigned count = 0;
	const char *answer = monitor_ask("{\"execute\":\"query-cpus-fast\"}");
	while ((answer = strstr(answer, "\"cpu-index\"")) != NULL) {
		count++;
		answer++;
	}
	return count;
}

/* Looks at the pages of all CPUs; says how many there are. False if something is wrong with one, or with the looking. */
static bool phase_judge(const struct phase *phase, unsigned *total)
{
	unsigned wrong = 0, executable = 0, writable = 0;
	*total = 0;
	for (unsigned cpu = 0, count = cpus_count(); cpu < count; cpu++) {
		pages_take(monitor_say("info tlb", cpu));
		/* The CPUs that are not up yet may still be half way. */
		wrong += pages_judge(phase->settled && (cpu == 0 || phase->page == PAGE_OWN));
		*total += page_count;
		for (unsigned i = 0; i < page_count; i++) {
			executable += pages[i].executable;
			writable += pages[i].writable;
		}
	}
	return !wrong && executable && writable;
}

/* Whether the trampoline's page holds what it should by now. */
static bool phase_page_is_right(const struct phase *phase)
{
	const char *now = monitor_say("xp /512gx " TRAMPOLINE_PAGE, 0);
	if (phase->page == PAGE_NOTED)
		page_bytes = strdup(now);
	if (phase->page == PAGE_LENT)
		return strcmp(now, page_bytes) != 0;
	return phase->page != PAGE_OWN || !strcmp(now, page_bytes);
}

/* Whether the boot tables map anything 1:1 just as long as a CPU may need it. */
static bool phase_low_is_right(const struct phase *phase, const char *symbols)
{
	bool mapped = stub_word(symbol_find(symbols, "boot_root4")) != 0;
	return mapped == (phase->page == PAGE_LENT);
}

/* What boot_info holds of ACPI. */
static void acpi_print(const char *symbols)
{
	union {
		struct boot_acpi acpi;
		uint64_t words[sizeof(struct boot_acpi) / 8];
	} found;
	static_assert(sizeof(found.acpi) == sizeof(found.words), "whole words");
	uint64_t at = symbol_find(symbols, "boot") + offsetof(struct boot_info, acpi);
	for (unsigned i = 0; i < sizeof(found.words) / 8; i++)
		found.words[i] = stub_word(at + 8 * i);
	printf("acpi rsdp=0x%" PRIx64 " mcfg=0x%" PRIx64 "/%u-%u dmar=0x%" PRIx64 " pm1=0x%x,0x%x sci=%u io_apics=%u\n",
	       found.acpi.rsdp.p, found.acpi.mcfg_base.p, found.acpi.mcfg_first_bus, found.acpi.mcfg_last_bus, found.acpi.dmar.p,
	       found.acpi.pm1a_control, found.acpi.pm1b_control, found.acpi.sci, found.acpi.io_apics);
}

static void phase_run(const struct phase *phase, const char *symbols)
{
	unsigned total;
	if (!stub_run_to(symbol_find(symbols, phase->function)))
		give_up(phase->function);
	bool rights = phase_judge(phase, &total);
	printf("%s %s-rights-%s: %u pages\n", rights ? "ok" : "not ok", test_name, phase->name, total);
	if (phase->page == PAGE_NOTED)
		acpi_print(symbols);
	if (phase->page == PAGE_LENT || phase->page == PAGE_OWN)
		printf("%s %s-low-%s: what the boot tables map low\n", phase_low_is_right(phase, symbols) ? "ok" : "not ok",
		       test_name, phase->name);
	if (phase->page == PAGE_LENT || phase->page == PAGE_OWN)
		printf("%s %s-page-%s: the trampoline's page\n", phase_page_is_right(phase) ? "ok" : "not ok", test_name,
		       phase->name);
	else
		phase_page_is_right(phase);
}

/* The CPU that stopped at the start of a function returns from it at once, with 0. */
static void return_at_once(void)
{
	uint64_t stack = stub_register(STUB_RSP);
	stub_set_register(STUB_RIP, stub_word(stack));
	stub_set_register(STUB_RSP, stack + 8);
	stub_set_register(STUB_RAX, 0);
}

/* The next two calls of apic_command() do nothing: the interrupts they would send are lost. */
static void lose_start(const char *symbols)
{
	for (unsigned call = 0; call < 2; call++) {
		if (!stub_run_to(symbol_find(symbols, "apic_command")))
			give_up("nobody calls apic_command");
		return_at_once();
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--judge"))
		return judge_input();
	if (argc < 5)
		return fprintf(stderr,
			       "usage: boot_phases NAME QMP-SOCKET STUB-SOCKET SYMBOLS [lost | refused] | boot_phases --judge\n"),
		       2;
	const char *how = argc > 5 ? argv[5] : "";
	monitor_test = test_name = argv[1];
	monitor_open(argv[2]);
	stub_open(argv[3]);
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		phase_run(&phases[i], argv[4]);
		if (!strcmp(how, "lost") && phases[i].page == PAGE_NOTED)
			lose_start(argv[4]);
		if (!strcmp(how, "refused") && !strcmp(phases[i].function, "boot_cpu_main"))
			return_at_once();
	}
	stub_ask("c");
	return 0;
}
