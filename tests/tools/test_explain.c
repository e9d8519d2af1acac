/*
 * `vitrine explain`, on made-up runs: every event of the schema has a story or at least a sentence, a place is told by name, count, flow or number,
 * and what cannot be explained is said.
 *
 * Teaches: a run made up event by event, in which the right answer is known to the nanosecond. Real runs: tests/e2e/explain.sh.
 * Argument: the build directory.
 */
#include "small_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernel/abi/descriptor.h"
#include "../../kernel/abi/trace_enums.h"
#include "../../kernel/abi/trace_ring.h"
#include "explain/explain.h"
#include "made_runs.h"

/* ---- making runs ---- */

/* Adds an event with these fields, at a tick, which is two nanoseconds. */
static void add(struct writer *writer, unsigned cpu, uint64_t ticks, const char *name, unsigned fields, const uint64_t *field)
{
	const struct event_schema *event = schema_event_named(name);
	uint64_t slot[TRACE_SLOT_WORDS] = {ticks};
	assert_non_null(event);
	assert_int_equal(event->fields, fields);
	slot[1] = trace_header((uint32_t)writer_next_sequence(writer, cpu), cpu, event->id, fields + 2);
	memcpy(slot + 2, field, fields * sizeof(*field));
	writer_add_slots(writer, cpu, slot, 1);
}

#define ADD(ticks, name, ...) add(writer, 0, ticks, name, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})

static void store(struct writer *writer, const char *name, enum ending ending)
{
	char path[128];
	struct format_header header = small_run_header;
	header.clock_hz = 500000000; /* so that times are round */
	header.ending = ending;
	snprintf(path, sizeof(path), "%s/%s.vtrace", work, name);
	writer_store(writer, &header, path);
	assert_null(writer_error(writer));
	writer_close(writer);
}

/* Letters as a field of the type CHARS. */
static uint64_t chars(const char *text)
{
	uint64_t word = 0;
	for (unsigned i = 0; i < 8; i++)
		word = word << 8 | (uint8_t)(*text ? *text++ : 0);
	return word;
}

/* One of each kind, with fields that mean nothing together: what a damaged kernel might say. */
static void make_odd_run(void)
{
	struct writer *writer = writer_open("/tmp", CPUS, false);
	for (unsigned id = 0; id < EVENT_IDS; id++)
		if (schema_event(id))
			small_run_add(writer, 0, 100 + id, schema_event(id)->name, id % 7 ? id : UINT64_MAX - id, false);
	store(writer, "odd", ENDING_FINISHED);
}

/* A thread, 4, whose page a provider's thread, 3, brings: a CPU, times in ticks of two nanoseconds from 200 on. */
static void make_provider_run(void)
{
	struct writer *writer = writer_open("/tmp", CPUS, false);
	uint64_t flash_0 = chars("read fla"), flash_1 = chars("sh");
	ADD(150, "aspace_create", 2, chars("demo"), 0);
	ADD(151, "thread_create", 3, 2, 0, 1, chars("pnor"), 0);
	ADD(152, "thread_create", 4, 2, 0, 1, chars("main"), 0);
	ADD(153, "thread_switch", 0, 4, SWITCH_IDLE);
	ADD(200, "fault_begin", 0x40, 4, 0x5008, 0x1000, 0, FAULT_KIND_MISSING);
	ADD(205, "fault_segment", 0x40, 4, SEGMENT_BASE, 0);
	ADD(210, "fault_mapping", 0x40, 4, 0x5000, 4096, 1, 9);
	ADD(220, "page_request", 0x40, 9, 0, REQUEST_READ, 7);
	ADD(225, "fault_wait", 0x40, 4, 0x40, 9, 0, 1);
	ADD(230, "ipc_send", 0x40, 4, 7, 0x40000001, 0, 0);
	ADD(240, "ipc_receive", 0x40, 3, 7, 0x40000001, 0, 0);
	ADD(245, "thread_switch", 4, 3, SWITCH_PAGE);
	ADD(260, "mark_begin", 3, flash_0, flash_1, 0);
	ADD(300, "mark_end", 3, flash_0, flash_1, 0);
	ADD(310, "syscall_enter", 3, 1, 0, 0);
	ADD(330, "ipc_reply", 0x40, 3, 7, 0, 0);
	ADD(340, "fault_resume", 0x40, 4, 0x40);
	ADD(350, "fault_end", 0x40, 4, FAULT_PROVIDED);
	ADD(360, "thread_switch", 3, 4, SWITCH_RECEIVE);
	store(writer, "provider", ENDING_FINISHED);
}

/* A thread that runs past the end of what it mapped, at 0x8000 bytes behind its begin. */
static void make_overrun(void)
{
	struct writer *writer = writer_open("/tmp", CPUS, false);
	ADD(151, "thread_create", 4, 2, 0, 1, chars("main"), 0);
	ADD(153, "thread_switch", 0, 4, SWITCH_IDLE);
	ADD(160, "vm_map", 4, 2, 0x10000, 0x8000, 3, 9);
	ADD(200, "fault_begin", 0x40, 4, 0x18010, 0x1000, 1, FAULT_KIND_MISSING);
	ADD(210, "fault_end", 0x40, 4, FAULT_KILLED);
	ADD(220, "thread_crashed", 4, CAUSE_NOT_MAPPED, 0x18010, 0x1000, 1);
	store(writer, "overrun", ENDING_FINISHED);
}

/* A thread of whose address x86-64 says nothing, then one that faults twice at one page; and with it the program has ended. */
static void make_crashed_run(void)
{
	struct writer *writer = writer_open("/tmp", CPUS, false);
	ADD(150, "aspace_create", 2, chars("demo"), 0);
	ADD(151, "thread_create", 4, 2, 0, 1, chars("main"), 0);
	ADD(152, "thread_create", 5, 2, 0, 1, chars("wild"), 0);
	ADD(160, "fault_begin", 0x50, 5, UINT64_C(1) << 63, 0x1000, 0, FAULT_KIND_MISSING);
	ADD(170, "fault_end", 0x50, 5, FAULT_KILLED);
	ADD(180, "thread_crashed", 5, CAUSE_KERNEL_ADDRESS, UINT64_C(1) << 63, 0x1000, 0);
	ADD(200, "fault_begin", 0x60, 4, 0x18010, 0x1000, 1, FAULT_KIND_MISSING);
	ADD(210, "fault_end", 0x60, 4, FAULT_MAPPED);
	ADD(220, "fault_begin", 0x70, 4, 0x18018, 0x1004, 1, FAULT_KIND_PROTECTION);
	ADD(225, "fault_mapping", 0x70, 4, 0x18000, 4096, 1, 9);
	ADD(230, "fault_end", 0x70, 4, FAULT_KILLED);
	ADD(240, "thread_crashed", 4, CAUSE_NO_RIGHT, 0x18018, 0x1004, 1);
	ADD(250, "run_end", VERDICT_CRASHED, (uint64_t)-13);
	store(writer, "crashed", ENDING_CRASHED);
}

static int start(void **state)
{
	if (made_runs_start(state) != 0)
		return 1;
	make_odd_run();
	make_provider_run();
	make_overrun();
	make_crashed_run();
	return 0;
}

static int explain(const char *run, const char *event)
{
	return shell("%s explain %s/%s.vtrace '%s'", vitrine, work, run, event);
}

/* ---- tests ---- */

static void every_template_names_fields_that_there_are(void **state)
{
	(void)state;
	const char *wrong = words_check();
	if (wrong)
		fail_msg("no such event or field: %s", wrong);
}

static void explains_every_kind_whatever_its_fields(void **state)
{
	char event[64];
	(void)state;
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		if (!schema_event(id))
			continue;
		snprintf(event, sizeof(event), "%s:1", schema_event(id)->name);
		if (explain("odd", event) != 0 || strstr(shell_output, "(null)") || !shell_said("In the trace"))
			fail_msg("%s: %s", event, shell_output);
	}
}

/* The parts of the made-up fault, each known; and they add up to the whole. */
static void splits_the_time_of_a_fault(void **state)
{
	static const char *const lines[] = {
		"0.320 us from the trap until the thread ran again: at most 320 instructions",
		"0.060 us   18.8 %  kernel: the fault path, up to its end or until the thread waits",
		"0.020 us    6.2 %  waiting: the message waits for the provider",
		"0.050 us   15.6 %  provider: its own code",
		"0.080 us   25.0 %  flash: between the provider's marks",
		"0.040 us   12.5 %  kernel: for the provider",
		"0.010 us    3.1 %  waiting: the provider has the message and is on no CPU",
		"0.040 us   12.5 %  kernel: from the answer to the end of the fault",
		"0.020 us    6.2 %  waiting: the page is there, the thread has no CPU yet",
	};
	(void)state;
	assert_int_equal(explain("provider", "0x40"), 0);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_true(shell_said(lines[i]));
}

static void names_who_and_what(void **state)
{
	(void)state;
	assert_int_equal(explain("provider", "fault_begin:1"), 0);
	assert_true(shell_said("thread 4 (main of demo) wanted to load from 0x5008 (byte 0x8 of its page)"));
	assert_true(shell_said("rights: that allows the load"));
	assert_true(shell_said("thread 3 (pnor of demo) received it 0.020 us later"));
	assert_true(shell_said("it is the first use"));
}

static void tells_of_an_overrun(void **state)
{
	(void)state;
	assert_int_equal(explain("overrun", "crash"), 0);
	assert_true(shell_said("Past the end: 0x10 bytes behind memory that was mapped at 0x10000 (event 0:2)"));
}

/* A page is named by any address in it. With one fault there it is explained, with several they are listed. */
static void lists_the_faults_at_a_page(void **state)
{
	(void)state;
	assert_int_equal(explain("crashed", "0x18fff"), 0);
	assert_true(shell_said("2 faults at the page 0x18000 of small"));
	assert_true(shell_said("0:6        0.200 us  thread 4 (main of demo) faulted: store at 0x18010"));
	assert_true(shell_said("0:8        0.240 us  thread 4 (main of demo) faulted: store at 0x18018"));
	assert_false(shell_said("thread 5"));
	assert_int_equal(explain("provider", "0x5fff"), 0);
	assert_true(shell_said("fault_begin, event 0:4 of small"));
}

static void tells_of_an_address_that_nobody_knows(void **state)
{
	(void)state;
	assert_int_equal(explain("crashed", "thread_crashed:1"), 0);
	assert_true(shell_said("it says neither the address nor whether it was a load or a store"));
	assert_true(shell_said(
		"is killed: the address is the kernel's (load or store at an address that the processor did not tell"));
	assert_false(shell_said("wanted to load"));
}

/* The last event itself says nothing of why. */
static void tells_how_a_run_ended(void **state)
{
	(void)state;
	assert_int_equal(explain("crashed", "last"), 0);
	assert_true(shell_said("run_end, event 0:12"));
	assert_true(shell_said("the last thread of the program was killed for an illegal act, by event 0:11"));
	assert_true(shell_said("A write to memory that was mapped read-only."));
	assert_int_equal(explain("provider", "end"), 0);
	assert_false(shell_said("How the run ended"));
}

static void takes_an_event_by_any_of_its_names(void **state)
{
	static const char *const names[] = {"0:4",  "cpu0:4", "fault_begin:1", "@0.2",          "@0.199",
					    "0x40", "0.2",    "199ns",         "address:0x5fff"};
	static char first[sizeof(shell_output)];
	(void)state;
	assert_int_equal(explain("provider", names[0]), 0);
	strcpy(first, shell_output);
	assert_true(shell_said("fault_begin, event 0:4 of small on x86_64, 0.200 us after kernel entry"));
	for (unsigned i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(explain("provider", names[i]), 0);
		assert_string_equal(shell_output, first);
	}
	assert_int_equal(explain("provider", "last"), 0);
	assert_true(shell_said("thread_switch, event 0:18"));
}

static void says_what_it_cannot_explain(void **state)
{
	static const struct {
		const char *event;
		int exit_code;
		const char *says;
	} wrongs[] = {
		{"crash", 1, "no thread was killed in this run"},
		{"0:99", 1, "the run has no event 0:99"},
		{"fault_begin:2", 1, "the run has no event fault_begin:2"},
		{"fault_begin:0", 2, "they are counted from 1"},
		{"fault_begin", 2, "which one is missing"},
		{"fault_begun:1", 2, "did you mean `fault_begin`?"},
		{"0:", 2, "no whole number stands behind the colon"},
		{"@9", 1, "the run has no event @9"},
		{"@now", 2, "no time stands behind the @"},
		{"9", 1, "the run has no event 9"},
		{"1.5.2us", 2, "is no moment"},
		{"3h", 2, "is no moment"},
		{"", 2, "is no moment"},
		{"0x9999", 1, "no such flow, and no fault at the page of 0x9999"},
		{"address:0x40", 1, "the run has no fault at the page of 0x40"},
		{"address:here", 2, "no whole number"},
		{"0:18446744073709551616", 2, "no whole number"},
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		assert_int_equal(explain("provider", wrongs[i].event), wrongs[i].exit_code);
		assert_true(shell_said(wrongs[i].says));
	}
	assert_int_equal(shell("%s explain %s/provider.vtrace", vitrine, work), 2);
	assert_int_equal(shell("%s explain %s/none.vtrace last", vitrine, work), 1);
	assert_int_equal(explain("provider", "0x40' --ram '/none"), 1);
	assert_int_equal(explain("provider", "0x40' --ram '/dev/null"), 1);
	assert_int_equal(explain("provider", "0x40' --walk '--ram=/dev/null"), 2);
	assert_int_equal(explain("provider", "0x40' '--walk"), 1); /* nobody noted how it was run */
	assert_int_equal(shell("%s explain --all %s/provider.vtrace last", vitrine, work), 2);
}

/* In a run with gaps: an event in one is said to be lost, and what is left is explained. */
static void speaks_of_lost_events(void **state)
{
	char event[64];
	(void)state;
	assert_int_equal(shell("%s events %s/big.vtrace --cpu 0 | awk '/GAP/ { print $3; exit }'", vitrine, work), 0);
	snprintf(event, sizeof(event), "0:%u", (unsigned)atoi(shell_output));
	assert_int_equal(explain("big", event), 1);
	assert_true(shell_said("it was lost"));
	assert_int_equal(explain("big", "last"), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_template_names_fields_that_there_are),
		cmocka_unit_test(explains_every_kind_whatever_its_fields),
		cmocka_unit_test(splits_the_time_of_a_fault),
		cmocka_unit_test(names_who_and_what),
		cmocka_unit_test(tells_of_an_overrun),
		cmocka_unit_test(lists_the_faults_at_a_page),
		cmocka_unit_test(tells_of_an_address_that_nobody_knows),
		cmocka_unit_test(tells_how_a_run_ended),
		cmocka_unit_test(takes_an_event_by_any_of_its_names),
		cmocka_unit_test(says_what_it_cannot_explain),
		cmocka_unit_test(speaks_of_lost_events),
	};
	if (argc != 2)
		return fprintf(stderr, "usage: test_explain BUILD_DIRECTORY\n"), 2;
	build = argv[1];
	return cmocka_run_group_tests_name("explain", tests, start, made_runs_stop);
}
