/*
 * The story of a fault: what was accessed, why it faulted, the walk, the path, who was asked, what it cost, and the mistake if there was one.
 *
 * Teaches: one fault path, whatever the machine; what differs is the walk. Who calls: explain.c. Whom: walk.c, cost.c, mistake.c, words.c.
 */
#include <inttypes.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "explain/explain.h"

enum { ACCESS_EXECUTE = 2 }; /* the field `access` */

static const char *verb_of(uint64_t access)
{
	static const char *const verbs[] = {"wanted to load from", "wanted to store to", "wanted to execute what is at"};
	return access < 3 ? verbs[access] : "wanted to use";
}

#define NOT_AN_ADDRESS (UINT64_C(1) << 63) /* arch/x86_64/trap.c puts it where the processor told none */

bool access_is_known(const struct explain *explain, const struct trace_event *event)
{
	unsigned bits = strcmp(explain->info->mmu, "radix5") ? 47 : 56;
	uint64_t above = field_of(event, "address") >> bits;
	bool canonical = above == 0 || above == UINT64_MAX >> bits;
	return canonical || field_of(event, "access") == ACCESS_EXECUTE || strcmp(explain->info->machine, "x86_64") != 0;
}

bool is_not_told(const struct explain *explain, const struct trace_event *event, uint64_t address)
{
	return address == NOT_AN_ADDRESS && !access_is_known(explain, event);
}

static void print_end(struct explain *explain)
{
	if (explain->scope.end.there)
		fprintf(explain->out, "    It ended so: %s.\n",
			value_text(FIELD_FAULT_RESULT, field_of(&explain->scope.end.event, "result")));
	else
		fputs("    Its end is not in the run.\n", explain->out);
}

/* A general protection or stack fault: the kernel has only the registers to tell what it was about. */
static void print_no_address(struct explain *explain, const struct trace_event *begin)
{
	uint64_t address = field_of(begin, "address");
	fprintf(explain->out, " used an address that is none (not canonical), with the instruction at 0x%" PRIx64 ".\n",
		field_of(begin, "pc"));
	fputs("    The machine said: a protection fault; it says neither the address nor whether it was a load or a store.\n",
	      explain->out);
	if (!is_not_told(explain, begin, address))
		fprintf(explain->out, "    The stack pointer was 0x%" PRIx64 ", which is none.\n", address);
	print_end(explain);
}

static void print_what(struct explain *explain)
{
	const struct trace_event *begin = &explain->scope.begin.event;
	uint64_t address = field_of(begin, "address");
	print_heading(explain, "What happened");
	fputs("    ", explain->out);
	print_thread(explain, field_of(begin, "thread"), "The kernel");
	if (!access_is_known(explain, begin)) {
		print_no_address(explain, begin);
		return;
	}
	fprintf(explain->out, " %s 0x%" PRIx64 " (byte 0x%x of its page), with the instruction at 0x%" PRIx64 ".\n",
		verb_of(field_of(begin, "access")), address, (unsigned)(address % PAGE_SIZE), field_of(begin, "pc"));
	fprintf(explain->out, "    The machine said: %s.\n", value_text(FIELD_FAULT_KIND, field_of(begin, "kind")));
	walk_print_why(explain);
	print_end(explain);
}

/* "sent 3.510 us after the trap", and so on. */
static void print_since(struct explain *explain, const char *text, const struct trace_event *from, const struct trace_event *to)
{
	fprintf(explain->out, "%s ", text);
	print_ns(explain->out, explain_ns(explain, to) - explain_ns(explain, from));
	fputs(" later\n", explain->out);
}

static void print_asked(struct explain *explain)
{
	const struct trace_event *sent = step_named(explain, "ipc_send"), *received = step_named(explain, "ipc_receive"),
				 *replied = step_named(explain, "ipc_reply"), *done = step_named(explain, "page_request_done");
	const struct trace_event *wait = step_named(explain, "fault_wait");
	if (!sent)
		return;
	print_heading(explain, "Who was asked");
	fprintf(explain->out, "    The message %s went to ", value_text(FIELD_MESSAGE, field_of(sent, "type")));
	print_object(explain, field_of(sent, "endpoint"));
	fprintf(explain->out, ", for page %" PRIu64 "\n", field_of(sent, "word_1"));
	if (wait && field_of(wait, "request") != field_of(wait, "flow"))
		fprintf(explain->out,
			"    Another thread had asked for the page already: this one only joined, as number %" PRIu64
			" that waits\n",
			field_of(wait, "waiters"));
	if (received) {
		fputs("    ", explain->out);
		print_thread(explain, field_of(received, "thread"), "the kernel");
		print_since(explain, " received it", sent, received);
	}
	if (received && replied)
		print_since(explain, "    it answered", received, replied);
	if (done)
		fprintf(explain->out, "    the answer: %s\n", value_text(FIELD_STATUS, field_of(done, "status")));
}

void fault_print(struct explain *explain)
{
	const struct trace_event *target = &explain->target.event;
	bool of_no_fault = is_event(target, "thread_crashed") && !explain->scope.crash.there;
	if (of_no_fault) { /* explain.c says what there is to say */
		explain->scope.subject = SUBJECT_ALONE;
		return;
	}
	if (!explain->scope.begin.there) {
		fputs("\nThe begin of this fault is not in the run: it was lost, or happened before the run had "
		      "events.\n",
		      explain->out);
		return;
	}
	print_what(explain);
	walk_print(explain);
	explain->failed = !memory_print(explain);
	print_heading(explain, "The path, from the trap on");
	print_steps(explain);
	print_asked(explain);
	cost_print(explain);
	if (explain->scope.crash.there)
		mistake_print(explain, &explain->scope.crash.event);
}
