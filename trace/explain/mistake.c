/*
 * What the programmer probably did: a guess from the address, the segment, the mapping, the access, and what was mapped there before.
 *
 * Teaches: how one reads a crash. The kernel knows what was illegal, never why the program did it; but a store to a small address, or a load
 * from memory that was unmapped a moment ago, has few explanations. Who calls: explain.c, fault.c. Whom: the history that walk.c keeps.
 */
#include <inttypes.h>

#include "../kernel/abi/trace_enums.h"
#include "explain/explain.h"

enum { LOAD, STORE, EXECUTE }; /* the field `access` */

#define NEAR_BYTES (16 * PAGE_SIZE)

struct crash {
	struct explain *explain;
	const struct trace_event *event, *mapping;
	uint64_t address, pc, access;
	uint64_t segment; /* enum segment_kind */
};

static void tell(const struct crash *crash, const char *text)
{
	fprintf(crash->explain->out, "    %s\n", text);
}

static void null_page(const struct crash *crash)
{
	if (crash->access == EXECUTE)
		tell(crash, "A null pointer was called: a function pointer that was never set, or a return address that was "
			    "overwritten.");
	else if (crash->address == 0)
		tell(crash, "A null pointer was used: something that returned no pointer, or a variable that was never set.");
	else
		fprintf(crash->explain->out,
			"    A null pointer was used: a field at offset 0x%" PRIx64
			" of a structure, or an element of an array, behind a pointer "
			"that is 0.\n",
			crash->address);
}

static void kernel_address(const struct crash *crash)
{
	if (crash->access == EXECUTE)
		tell(crash, "A wild function pointer was called: its value is no address that a program can have.");
	else if (crash->address >= UINT64_MAX - PAGE_SIZE + 1)
		tell(crash, "The address is a small negative number: an error code such as -1 used as a pointer, or a pointer or "
			    "stack pointer that is 0, less "
			    "something.");
	else
		tell(crash, "A wild pointer was used: never set, or overwritten. The address is none that a program can have.");
}

/* Memory that was there and is not any more: the last thing that happened to the address was that it was unmapped. */
static bool was_unmapped(const struct crash *crash)
{
	const struct history *history = &crash->explain->history;
	if (!history->vm_unmapped.there)
		return false;
	if (history->vm_mapped.there && is_before(&history->vm_unmapped.event, &history->vm_mapped.event))
		return false;
	fputs("    Use after unmap: the memory was there until ", crash->explain->out);
	print_thread(crash->explain, field_of(&history->vm_unmapped.event, "thread"), "the kernel");
	fprintf(crash->explain->out, " unmapped it (event %u:%" PRIu64 ", ", history->vm_unmapped.event.cpu,
		history->vm_unmapped.event.index);
	print_ns(crash->explain->out,
		 explain_ns(crash->explain, crash->event) - explain_ns(crash->explain, &history->vm_unmapped.event));
	fputs(" before); a pointer into it was kept.\n", crash->explain->out);
	return true;
}

/* An index that ran past the end of something. */
static bool is_behind_something(const struct crash *crash)
{
	const struct instant *below = &crash->explain->history.below;
	uint64_t end = field_of(&below->event, "address") + field_of(&below->event, "bytes");
	if (!below->there || crash->address - end >= NEAR_BYTES)
		return false;
	fprintf(crash->explain->out,
		"    Past the end: 0x%" PRIx64 " bytes behind memory that was mapped at 0x%" PRIx64 " (event %u:%" PRIu64
		"); an index that is too large, or "
		"a loop without an end.\n",
		crash->address - end, field_of(&below->event, "address"), below->event.cpu, below->event.index);
	return true;
}

static void not_mapped(const struct crash *crash)
{
	if (was_unmapped(crash))
		return;
	if (crash->access == EXECUTE)
		tell(crash, "A wild function pointer was called: nothing is mapped where it points.");
	else if (crash->segment == SEGMENT_STACK)
		tell(crash,
		     "A pointer to a stack that is not there: a local variable of a thread that has ended, or a wild pointer.");
	else if (!is_behind_something(crash))
		tell(crash, "A wild pointer was used: never set, or overwritten. Nothing was ever mapped there.");
}

static void guard(const struct crash *crash)
{
	tell(crash,
	     "Stack overflow into the guard: a recursion that does not end, or a local array that is larger than the stack.");
}

/* The last rights that a program asked for itself. */
static void print_protected(const struct crash *crash)
{
	const struct instant *moment = &crash->explain->history.vm_protected;
	if (!moment->there)
		return;
	fprintf(crash->explain->out, "    Its rights were changed to %s by event %u:%" PRIu64 ".\n",
		value_text(FIELD_RIGHTS, field_of(&moment->event, "rights")), moment->event.cpu, moment->event.index);
}

static void no_right(const struct crash *crash)
{
	uint64_t rights = crash->mapping ? field_of(crash->mapping, "rights") : 0;
	if (rights == 0)
		tell(crash, "Memory without any right was touched: reserved, or taken out of use on purpose.");
	else if (crash->access == EXECUTE && crash->segment == SEGMENT_STACK)
		tell(crash, "A jump into the stack: a return address that was overwritten, or code that was written there. "
			    "Stacks are never executable.");
	else if (crash->access == EXECUTE)
		tell(crash, "A jump to data: a function pointer that points to a variable, or code that was written there. What "
			    "is writable is never executable.");
	else if (rights & 4)
		tell(crash, "A write to read-only text: the address lies in the program's code and constants (a string constant, "
			    "a `const`, a function).");
	else if (crash->segment == SEGMENT_BASE)
		tell(crash, "A write to read-only memory of the program: a string constant, or something that is `const`.");
	else
		tell(crash, "A write to memory that was mapped read-only.");
	print_protected(crash);
}

static void print_killer(const struct crash *crash)
{
	tell(crash, "None of its own: another thread of the program ended it, or the process was ended.");
}

static const struct {
	uint64_t cause;
	void (*tell)(const struct crash *crash);
	const char *text;
} causes[] = {
	{CAUSE_NULL_PAGE, null_page, NULL},
	{CAUSE_KERNEL_ADDRESS, kernel_address, NULL},
	{CAUSE_NOT_MAPPED, not_mapped, NULL},
	{CAUSE_GUARD, guard, NULL},
	{CAUSE_NO_RIGHT, no_right, NULL},
	{CAUSE_KILLED, print_killer, NULL},
	{CAUSE_ILLEGAL, NULL,
	 "Execution ran into something that is no code: a jump to the wrong place, a function without a return, or "
	 "__builtin_trap()."},
	{CAUSE_PRIVILEGED, NULL,
	 "An instruction of the kernel's in a program: assembly that was written for a kernel, or a jump to the wrong place."},
	{CAUSE_DIVIDE, NULL, "A division by zero, or of the smallest number by -1."},
	{CAUSE_ALIGNMENT, NULL,
	 "A misaligned pointer: an atomic access to an address that is no multiple of its size, for example in a packed "
	 "structure."},
	{CAUSE_BREAKPOINT, NULL, "A breakpoint or trap instruction was left in the program, or an assertion failed."},
	{CAUSE_MACHINE, NULL, "Nothing that this tool knows: the machine reported something of its own."},
	{CAUSE_NO_MEMORY, NULL, "The program needs more memory than the machine has, or never gives any back."},
	{CAUSE_PROVIDER_ERROR, NULL,
	 "None of its own: the provider could not bring the page; look at what it answered, and why."},
	{CAUSE_PROVIDER_GONE, NULL, "None of its own: the provider ended while its pages were in use."},
	{CAUSE_PROVIDER_CYCLE, NULL,
	 "Providers wait for each other: this one uses memory whose pages come from somebody who waits for it."},
	{CAUSE_NO_PAGE, NULL, "Past the end of an object: the mapping is longer than what it shows."},
	{CAUSE_DOUBLE_FAULT, NULL, "The handler of faults has the mistake: it did something illegal itself."},
};

/* The step of the story with this name, for what the fault path found. */
static const struct trace_event *found(const struct explain *explain, const char *name)
{
	return explain->scope.subject == SUBJECT_FAULT ? step_named(explain, name) : NULL;
}

void mistake_print(struct explain *explain, const struct trace_event *event)
{
	const struct trace_event *segment = found(explain, "fault_segment");
	struct crash crash = {
		.explain = explain,
		.event = event,
		.mapping = found(explain, "fault_mapping"),
		.address = field_of(event, "address"),
		.pc = field_of(event, "pc"),
		.access = field_of(event, "access"),
		.segment = segment ? field_of(segment, "segment") : SEGMENT_NONE,
	};
	print_heading(explain, "The likely mistake");
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (causes[i].cause != field_of(event, "cause"))
			continue;
		if (causes[i].tell)
			causes[i].tell(&crash);
		else
			tell(&crash, causes[i].text);
	}
	fprintf(explain->out,
		"    The instruction is at 0x%" PRIx64 "; `addr2line -e` with the program's ELF file says which line that is.\n",
		crash.pc);
}
