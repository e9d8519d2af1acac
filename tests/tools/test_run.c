/*
 * `vitrine run` with a made-up guest (fake_qemu): every way a run can end, rings that are too small, and what it leaves behind.
 *
 * Teaches: testing a recorder against a guest that emits as fast as it can. No event may be invented, doubled or changed; how
 * many are lost depends on the host, but those that came and those that were lost are exactly those that were emitted.
 * Argument: the build directory.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../trace/format.h"
#include "../../trace/reader.h"
#include "shell.h"

static char build[512], work[64];

static int start(void **state)
{
	(void)state;
	strcpy(work, "/tmp/test_run.XXXXXX");
	return !mkdtemp(work) ||
	       shell("cd %s && for a in x86_64 ppc64; do mkdir -p root/build/$a/archive root/build/$a/flash; done", work) ||
	       shell("cd %s/root/build && head -c 65536 /dev/zero | tee x86_64/flash/demo.pnor >ppc64/flash/demo.pnor", work) ||
	       shell("cd %s/root/build && touch x86_64/kernel.elf ppc64/kernel.bin x86_64/archive/demo.tar "
		     "ppc64/archive/demo.tar",
		     work);
}

static int stop(void **state)
{
	(void)state;
	return shell("rm -r %s", work);
}

/* Runs the made-up guest with these words on its command line. Returns the exit code of `vitrine run`. */
static int run(const char *words, const char *options)
{
	return shell("%s/asan/vitrine run --root %s/root --no-build --qemu %s/tests/fake_qemu --append '%s' -o %s/out %s", build,
		     work, build, words, work, options);
}

/* The process that played QEMU is gone, and the directory holds the three files that are to be left and nothing else. */
static void assert_clean(void)
{
	int pid = 0;
	assert_int_equal(shell("cat %s/out/console.log", work), 0);
	sscanf(shell_output, "pid %d", &pid);
	assert_true(pid > 1);
	assert_true(kill(pid, 0) != 0 && errno == ESRCH);
	assert_int_equal(shell("ls -A %s/out", work), 0);
	assert_string_equal(shell_output, "console.log\nflash.pnor\nrun.options\nrun.vtrace\n");
}

/*
 * Reads what was recorded of guests that emit marks (emit_marks in fake_qemu.c): each event is the one that its number says,
 * and none is missing without a gap. Returns how many were recorded and lost together.
 */
static uint64_t check_marks(unsigned *ending)
{
	static const char *const names[] = {"mark_counter", "free_pages", "idle_begin", "fault_mapping"};
	char path[128], error[256];
	struct trace_event event;
	uint64_t next[FORMAT_CPUS_MAX] = {0}, total = 0;
	int more;
	snprintf(path, sizeof(path), "%s/out", work);
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	assert_non_null(reader);
	while ((more = trace_next(reader, &event)) == 1) {
		assert_int_equal(event.index, next[event.cpu]);
		uint64_t count = event.id == TRACE_EVENT_GAP ? event.field[0] : 1;
		next[event.cpu] += count;
		total += count;
		if (event.id == TRACE_EVENT_GAP)
			continue;
		assert_string_equal(event.schema->name, names[event.index % 4]);
		assert_int_equal(event.ticks, 1000 + event.index * 100 + event.cpu);
		for (unsigned i = 0; i < event.fields; i++)
			assert_int_equal(event.field[i], event.index + i);
	}
	assert_int_equal(more, 0);
	if (ending)
		*ending = trace_info(reader)->ending;
	trace_close(reader);
	return total;
}

static void records_every_event(void **state)
{
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		assert_int_equal(run("fake=finish events=20000", big ? "--arch ppc64 --smp 4" : "--smp 3"), 0);
		assert_true(shell_said("none lost"));
		assert_true(shell_said("words program=demo seed=1 trace=0x7fff ring=16384 budget=0 "
				       "flash=64 fake=finish"));
		assert_int_equal(check_marks(NULL), 20000 * (big ? 4 : 3));
		assert_clean();
	}
}

/* A ring of 16384 slots and millions of events: the guest laps the reader, again and again. */
static void counts_what_it_loses(void **state)
{
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		assert_int_equal(
			run("fake=finish events=3000000", big ? "-q --ring 1 --smp 2 --arch ppc64" : "-q --ring 1 --smp 2"), 0);
		assert_int_equal(check_marks(NULL), 6000000);
		assert_clean();
	}
}

/* The order in which rings are drained and spooled does not show in the file. */
static void repeats_to_the_bit(void **state)
{
	(void)state;
	assert_int_equal(run("fake=finish events=200000", "-q --icount --smp 4"), 0);
	assert_int_equal(shell("mv %s/out/run.vtrace %s/first", work, work), 0);
	assert_int_equal(run("fake=finish events=200000", "-q --icount --smp 4"), 0);
	assert_int_equal(shell("cmp %s/out/run.vtrace %s/first", work, work), 0);
}

/* Each ending has its exit code, and stands in the trace. */
static void tells_how_it_ended(void **state)
{
	static const struct {
		const char *words, *options;
		int exit_code;
		enum ending ending;
	} ends[] = {
		{"fake=finish", "-q", 0, ENDING_FINISHED},
		{"fake=finish status=3", "-q", 1, ENDING_FINISHED},
		{"fake=finish verdict=2", "-q", 3, ENDING_CRASHED},
		{"fake=finish verdict=3", "-q", 4, ENDING_DEADLOCK},
		{"fake=turns events=1000 verdict=4", "-q --icount", 5, ENDING_LIVELOCK},
		{"fake=turns events=1000 verdict=4", "-q --smp 2", 5, ENDING_LIVELOCK},
		{"fake=compute events=1000 verdict=4", "-q --icount", 6, ENDING_SLOW},
		{"fake=compute events=1000 verdict=4", "-q --smp 2", 6, ENDING_SLOW},
		{"fake=finish verdict=4", "-q --trace fault", 6, ENDING_LIMIT},
		{"fake=turns events=0", "-q --events 100", 5, ENDING_LIVELOCK},
		{"fake=finish verdict=5", "-q", 7, ENDING_PANIC},
		{"fake=finish verdict=6", "-q", 8, ENDING_REFUSED},
		{"fake=reset", "-q", 9, ENDING_TRIPLE_FAULT},
		{"fake=hang", "-q --wall 1", 10, ENDING_HANG},
		{"fake=stuck", "-q --wall 1 --smp 2", 10, ENDING_HANG},
		{"fake=idle", "-q --wall 1 --smp 2", 12, ENDING_WAITING},
		{"fake=idle", "-q --wall 1 --arch ppc64", 12, ENDING_WAITING},
		{"fake=idle verdict=4", "-q --icount --smp 2", 12, ENDING_WAITING},
		{"fake=stuck verdict=4", "-q --icount --smp 2", 6, ENDING_SLOW},
		{"fake=stubborn", "-q --wall 1", 10, ENDING_HANG},
		{"fake=silent", "-q --wall 1", 10, ENDING_HANG},
		{"fake=linger", "-q", 0, ENDING_FINISHED},
		{"fake=abort", "-q", 11, ENDING_QEMU_FAILED},
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[128], error[256];
		int exit_code = run(ends[i].words, ends[i].options);
		if (exit_code != ends[i].exit_code)
			fail_msg("%s: exit code %d, not %d: %s", ends[i].words, exit_code, ends[i].exit_code, shell_output);
		assert_true(shell_said(trace_ending_name(ends[i].ending)));
		assert_clean();
		snprintf(path, sizeof(path), "%s/out", work);
		struct trace_reader *reader = trace_open(path, error, sizeof(error));
		assert_non_null(reader);
		assert_int_equal(trace_info(reader)->ending, ends[i].ending);
		trace_close(reader);
	}
}

/* A limit that ends a run is named, with its option; what QEMU says when it is ended for it is not shown. */
static void names_the_limit(void **state)
{
	static const char *const limits[][3] = {
		{"fake=hang", "-q --wall 1", "the limit was 1 s on the host; --wall"},
		{"fake=turns events=0", "-q --events 100", "the limit was 100 events recorded; --events"},
		{"fake=finish verdict=4", "-q --icount --budget 77", "the limit was the budget of 77 instructions; --budget"},
		{"fake=finish verdict=4", "-q", "the limit was the guest's own budget"},
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		run(limits[i][0], limits[i][1]);
		assert_true(shell_said(limits[i][2]));
		assert_null(strstr(shell_output, "terminating on signal"));
	}
	assert_int_equal(run("fake=finish", "-q"), 0);
	assert_null(strstr(shell_output, "the limit was"));
}

/* Who waits may wait for input: whether there was any more is said. */
static void says_whether_input_had_ended(void **state)
{
	(void)state;
	assert_int_equal(run("fake=idle verdict=4", "-q --icount"), 12);
	assert_true(shell_said("it was given none; --input says from where"));
	assert_int_equal(shell("echo text >%s/typed", work), 0);
	assert_int_equal(run("fake=idle verdict=4", "-q --icount --input /dev/null"), 12);
	assert_true(shell_said("/dev/null was not seen to end"));
	char options[128];
	snprintf(options, sizeof(options), "-q --icount --input %s/typed", work);
	assert_int_equal(run("fake=idle verdict=4", options), 12);
	assert_true(shell_said("typed was not seen to end"));
	assert_int_equal(run("fake=idle reads verdict=4", options), 12);
	assert_true(shell_said("typed had ended"));
	assert_int_equal(run("fake=idle reads verdict=4", "-q --icount --input - </dev/null"), 12);
	assert_true(shell_said("what was typed had ended"));
}

/* Only the end that we asked for is no news. */
static void shows_who_else_ended_qemu(void **state)
{
	(void)state;
	shell("rm -rf %s/out; %s/asan/vitrine run --root %s/root --no-build --qemu %s/tests/fake_qemu --append fake=hang -q"
	      " -o %s/out & until grep -qs words %s/out/console.log; do :; done;"
	      " kill $(sed -n 's/^pid //p' %s/out/console.log); wait",
	      work, build, work, build, work, work, work);
	assert_true(shell_said("terminating on signal 15"));
}

static void starts_the_verdict_on_a_new_line(void **state)
{
	(void)state;
	assert_int_equal(run("fake=finish midline", ""), 0);
	assert_true(shell_said("midline\nvitrine: finished"));
	assert_int_equal(run("fake=finish", ""), 0);
	assert_true(shell_said("fake=finish\nvitrine: finished"));
}

/* The signal comes when the guest has said that it lives. */
static void ends_on_a_signal(void **state)
{
	(void)state;
	assert_int_equal(
		shell("rm -rf %s/out; %s/asan/vitrine run --root %s/root --no-build --qemu %s/tests/fake_qemu --append fake=hang "
		      "-q"
		      " -o %s/out & pid=$!; until grep -qs words %s/out/console.log; do :; done; kill -TERM $pid; wait $pid",
		      work, build, work, build, work, work),
		128 + SIGTERM);
	assert_true(shell_said("stopped"));
	assert_clean();
}

/* If the recorder itself is killed, QEMU goes with it. */
static void leaves_no_orphan(void **state)
{
	int pid = 0;
	(void)state;
	assert_int_equal(
		shell("rm -rf %s/out; %s/asan/vitrine run --root %s/root --no-build --qemu %s/tests/fake_qemu --append "
		      "fake=stubborn -q"
		      " -o %s/out & pid=$!; until grep -qs words %s/out/console.log; do :; done; kill -KILL $pid; wait $pid",
		      work, build, work, build, work, work),
		128 + SIGKILL);
	assert_int_equal(shell("cat %s/out/console.log", work), 0);
	sscanf(shell_output, "pid %d", &pid);
	assert_true(pid > 1);
	/* Killed with its parent, or about to be; whoever adopts it may take a moment to bury it. */
	shell("until ! grep -qs '^State:.[^Z]' /proc/%d/status; do :; done", pid);
}

static void notes_what_was_not_finished(void **state)
{
	unsigned ending;
	(void)state;
	assert_int_equal(run("fake=torn events=1000", "-q"), 0);
	assert_true(shell_said("1 LOST"));
	assert_int_equal(check_marks(&ending), 1002);
	assert_int_equal(run("fake=damaged events=1000", "-q"), 0);
	assert_true(shell_said("1 slots of the rings held no event"));
	assert_int_equal(check_marks(&ending), 1002);
}

static void waits_for_rings_that_come_late(void **state)
{
	(void)state;
	assert_int_equal(run("fake=late events=1000", "-q --smp 3"), 0);
	assert_int_equal(check_marks(NULL), 2000);
}

static void refuses_a_guest_it_cannot_read(void **state)
{
	(void)state;
	assert_int_equal(run("fake=badring", "-q"), 11);
	assert_true(shell_said("is not in the guest's RAM"));
	assert_int_equal(run("fake=badschema", "-q"), 11);
	assert_true(shell_said("another trace/events.h"));
	assert_int_equal(shell("ls -A %s/out", work), 0);
	assert_string_equal(shell_output, "console.log\nflash.pnor\nrun.options\n");
}

static void says_what_is_missing(void **state)
{
	(void)state;
	assert_int_equal(run("", "--qemu qemu-system-none"), 11);
	assert_true(shell_said("apt-get install qemu-system-x86"));
	assert_int_equal(run("", "--program nothing"), 11);
	assert_true(shell_said("nothing.tar is not there"));
	assert_int_equal(run("", "-o /proc/nowhere"), 11);
	assert_true(shell_said("/proc/nowhere cannot be made"));
	assert_int_equal(run("fake=error", ""), 11);
	assert_true(shell_said("I do not like my arguments"));
	assert_true(shell_said("QEMU ended with exit code 1"));
	assert_int_equal(shell("%s/asan/vitrine run --root %s/root --program nothing -o %s/out", build, work, work), 11);
	assert_true(shell_said("there is no program nothing"));
	assert_int_equal(shell("%s/asan/vitrine run --root %s/root --program nothing.c -o %s/out", build, work, work), 11);
	assert_true(shell_said("there is no file nothing.c"));
}

static void tells_the_kernel_what_fails(void **state)
{
	(void)state;
	assert_int_equal(run("fake=finish", "--fail 7 --fail-every 3"), 0);
	assert_true(shell_said("flash=64 fail=7 fail_every=3 fake=finish"));
	assert_int_equal(run("fake=finish", "--fail 7"), 0);
	assert_true(shell_said("flash=64 fail=7 fail_every=0 fake=finish"));
	assert_int_equal(run("fake=finish", "--fail-every 3"), 0);
	assert_true(shell_said("flash=64 fail=3 fail_every=3 fake=finish"));
}

static void explains_wrong_calls(void **state)
{
	static const char *const wrong[][2] = {
		{"--arch x86-64", "did you mean `x86_64`"},
		{"--smp 0", "from 1 to 16"},
		{"--smp two", "from 1 to 16"},
		{"--fail 0", "from 1 to"},
		{"--trace fault,nmu", "there is no category `nmu`"},
		{"--ring 3", "power of two"},
		{"--budget 5", "needs --icount"},
		{"--mmu radix9", "x86_64 has no `radix9`; there is radix4 and radix5"},
		{"--arch ppc64 --mmu radix5", "ppc64 has no `radix5`; there is hash"},
		{"--mmu hash", "x86_64 has no `hash`"},
		{"--image kernal", "there are kernel, kernel-release and kernel-test"},
		{"--sede 5", "there is no option `--sede`"},
		{"--boot floppy", "there are kernel and grub"},
		{"--arch ppc64 --boot grub", "GRUB boots x86_64 only"},
		{"--seed", "lacks its value"},
		{"demo", "goes after --"},
		{"--smp 16 --ring 128", "choose a smaller --ring"},
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_true(run("", wrong[i][0]) >= 2);
		assert_true(shell_said(wrong[i][1]));
	}
	assert_int_equal(run("", "-q --mmu radix5"), 0);
	assert_int_equal(run("", "-q --arch ppc64 --mmu hash"), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_every_event),
		cmocka_unit_test(counts_what_it_loses),
		cmocka_unit_test(repeats_to_the_bit),
		cmocka_unit_test(tells_how_it_ended),
		cmocka_unit_test(names_the_limit),
		cmocka_unit_test(says_whether_input_had_ended),
		cmocka_unit_test(shows_who_else_ended_qemu),
		cmocka_unit_test(starts_the_verdict_on_a_new_line),
		cmocka_unit_test(ends_on_a_signal),
		cmocka_unit_test(leaves_no_orphan),
		cmocka_unit_test(notes_what_was_not_finished),
		cmocka_unit_test(waits_for_rings_that_come_late),
		cmocka_unit_test(refuses_a_guest_it_cannot_read),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(tells_the_kernel_what_fails),
		cmocka_unit_test(explains_wrong_calls),
	};
	if (argc != 2)
		return 2;
	snprintf(build, sizeof(build), "%s", argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}
