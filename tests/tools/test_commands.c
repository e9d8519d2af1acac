/*
 * `vitrine`, `vitrine events` and `vitrine stats`, as people call them: on made-up runs of both byte orders.
 *
 * Teaches: two ways to count must agree. Every line that `events` prints is counted and held against what `stats` says.
 * Argument: the build directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../trace/schema.h"
#include "made_runs.h"

static void says_what_it_can_do(void **state)
{
	(void)state;
	assert_int_equal(shell("%s", vitrine), 2);
	assert_int_equal(shell("%s --help", vitrine), 0);
	assert_true(shell_said("vitrine COMMAND"));
	const char *const commands[] = {"run", "stats", "events", "perfetto", "sql", "report", "view"};
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char usage[600];
		snprintf(usage, sizeof(usage), "usage: %s %s", vitrine, commands[i]);
		assert_int_equal(shell("%s %s --help", vitrine, commands[i]), 0);
		assert_true(shell_said(usage));
		assert_int_equal(shell("%s help %s", vitrine, commands[i]), 0);
		assert_true(shell_said(usage));
	}
}

/* A hint can be typed as it stands: the program is called as it was called. */
static void calls_itself_as_it_was_called(void **state)
{
	(void)state;
	assert_int_equal(shell("ln -s $(realpath %s) %s/tool && cd %s && ./tool stats --help", vitrine, work, work), 0);
	assert_true(shell_said("usage: ./tool stats "));
	assert_true(shell_said("example: ./tool stats "));
	assert_int_equal(shell("cd %s && PATH=.:$PATH tool stats", work), 2);
	assert_true(shell_said("(`tool stats --help` says how it is used)"));
	assert_int_equal(shell("cd %s && ./tool view --port 0 little.vtrace", work), 1);
	assert_true(shell_said("`./tool perfetto little.vtrace -o run.pftrace` makes one of it"));
	assert_int_equal(shell("cd %s && ./tool dump little", work), 1);
	assert_true(shell_said("(`./tool run --keep-ram` leaves one)"));
}

static void helps_with_wrong_calls(void **state)
{
	(void)state;
	assert_int_equal(shell("%s sttas", vitrine), 2);
	assert_true(shell_said("did you mean `stats`?"));
	assert_int_equal(shell("%s zzzzzz", vitrine), 2);
	assert_true(shell_said("there is no command `zzzzzz`"));
	assert_int_equal(shell("%s stats", vitrine), 2);
	assert_int_equal(shell("%s events", vitrine), 2);
	assert_int_equal(shell("%s events --category fualt %s/big.vtrace", vitrine, work), 2);
	assert_true(shell_said("fualt"));
	assert_int_equal(shell("%s events --event nothing %s/big.vtrace", vitrine, work), 2);
	assert_true(shell_said("--event: `nothing` is no event"));
	assert_int_equal(shell("%s events --limit -1 %s/big.vtrace", vitrine, work), 2);
	assert_true(shell_said("--limit: `-1` is no whole number"));
	assert_int_equal(shell("%s events --thread '' %s/big.vtrace", vitrine, work), 2);
	assert_true(shell_said("--thread: `` is no thread"));
	static const char *const options[][2] = {
		{"events --bogus", "there is no option `--bogus`"},
		{"events --thread", "the option `--thread` lacks its value"},
		{"events --event handle_refusd out/run", "is no event; did you mean `handle_refused`?"},
		{"stats --bogus", "there is no option `--bogus`"},
		{"bench --bogus", "there is no option `--bogus`"},
		{"bench -o", "the option `-o` lacks its value"},
		{"pnor", "what is to be done? There are build, pack"},
	};
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		assert_int_equal(shell("%s %s", vitrine, options[i][0]), 2);
		assert_true(shell_said(options[i][1]));
	}
	assert_int_equal(shell("%s stats /nowhere", vitrine), 1);
	assert_true(shell_said("cannot read /nowhere: No such file"));
	assert_int_equal(shell("%s events %s/big.vtrace > /dev/full", vitrine, work), 1);
}

static unsigned lines(void)
{
	unsigned count = 0;
	for (const char *at = shell_output; (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

/* `stats --by-event` has the same number for each event as `events --event` has lines (and gaps, which pass each filter). */
static void counts_what_it_prints(void **state)
{
	static char by_event[sizeof(shell_output)];
	char name[64];
	unsigned long long little, big, total = 0;
	(void)state;
	assert_int_equal(shell("%s stats --by-event %s/little.vtrace %s/big.vtrace", vitrine, work, work), 0);
	strcpy(by_event, shell_output);
	assert_int_equal(shell("%s events --event vm_map %s/big.vtrace", vitrine, work), 0);
	unsigned gaps = lines();
	assert_true(gaps > 0 && shell_said("GAP: 7 events"));
	int length;
	for (const char *at = by_event; sscanf(at, "%63s %llu %llu\n%n", name, &little, &big, &length) == 3; at += length) {
		total += little;
		assert_int_equal(shell("%s events --event %s --limit 100 %s/little.vtrace", vitrine, name, work), 0);
		assert_int_equal(lines(), little < 100 ? little : 100);
		assert_int_equal(shell("%s events --event %s %s/big.vtrace | wc -l", vitrine, name, work), 0);
		assert_int_equal(atoi(shell_output), big + gaps);
	}
	assert_int_equal(total, 5000);
}

static void prints_fields_by_name(void **state)
{
	(void)state;
	assert_int_equal(shell("%s events --event thread_create --limit 1 %s/little.vtrace", vitrine, work), 0);
	assert_true(shell_said("thread=100  aspace=1  creator=0  affinity=0x1  name=\"cpu0-0\""));
	assert_int_equal(shell("%s events --event fault_begin --limit 2 %s/big.vtrace", vitrine, work), 0);
	assert_true(shell_said("access=store"));
	assert_int_equal(shell("%s events --thread 101 --category syscall --limit 1 %s/little.vtrace", vitrine, work), 0);
	assert_true(shell_said("thread=101"));
	assert_int_equal(shell("%s events --cpu 1 --limit 1 %s/little.vtrace", vitrine, work), 0);
	assert_true(shell_said("cpu1        0  boot_phase        phase=kernel entered  ago=0 ns"));
}

/* A name is as good as the number it stands for. */
static void filters_by_name(void **state)
{
	(void)state;
	assert_int_equal(shell("%s events --thread cpu0-0 %s/little.vtrace | grep -c .", vitrine, work), 0);
	assert_true(atoi(shell_output) > 10);
	assert_int_equal(
		shell("a=$(%s events --thread cpu0-0 %s/little.vtrace) && b=$(%s events --thread 100 %s/little.vtrace) && "
		      "test \"$a\" = \"$b\"",
		      vitrine, work, vitrine, work),
		0);
	assert_int_equal(
		shell("a=$(%s events --process made-up %s/little.vtrace) && b=$(%s events --process 1 %s/little.vtrace) && "
		      "test -n \"$a\" && test \"$a\" = \"$b\"",
		      vitrine, work, vitrine, work),
		0);
	/* Threads' events and the process's own, but none of a CPU's alone. */
	assert_int_equal(shell("%s events --process made-up %s/little.vtrace | grep -c 'thread=100 '", vitrine, work), 0);
	assert_int_equal(shell("%s events --process made-up %s/little.vtrace | grep -c boot_phase", vitrine, work), 1);
}

/* The number 0 is no handle's, and it is said so of each event that has one. */
static void says_none_of_no_handle(void **state)
{
	static const char *const events[] = {"handle_refused", "handle_pass", "handle_revoke"};
	(void)state;
	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		const struct field_schema *field = &schema_event_named(events[i])->field[1];
		assert_string_equal(field->name, "handle");
		assert_string_equal(schema_value_name(field->type, 0), "none");
		assert_null(schema_value_name(field->type, 1));
	}
}

/* No CPU, no thread of that number: nothing to print, and a sentence on stderr that says why. */
static void says_what_is_not_in_the_run(void **state)
{
	(void)state;
	assert_int_equal(shell("%s events --cpu 3 %s/big.vtrace", vitrine, work), 0);
	assert_string_equal(shell_output, "vitrine: --cpu: the run has no CPU 3; its last one is CPU 2\n");
	assert_int_equal(shell("%s events --thread 900 %s/little.vtrace", vitrine, work), 0);
	assert_string_equal(shell_output, "vitrine: --thread: no event of the run is about a thread 900\n");
	assert_int_equal(shell("%s events --process nobody %s/little.vtrace", vitrine, work), 0);
	assert_string_equal(shell_output, "vitrine: --process: no event of the run is about a process nobody\n");
	assert_int_equal(
		shell("%s events --cpu 2 --thread 101 --event vm_map %s/little.vtrace 2>&1 >/dev/null | wc -l", vitrine, work),
		0);
	assert_int_equal(atoi(shell_output), 1);
	assert_int_equal(shell("%s events --thread 101 --event vm_map %s/little.vtrace", vitrine, work), 0);
	assert_string_equal(shell_output, "");
}

static void refuses_to_view_what_is_no_picture(void **state)
{
	(void)state;
	assert_int_equal(shell("%s view --port 0 %s/little.vtrace", vitrine, work), 1);
	assert_true(shell_said("little.vtrace is a recorded run, no Perfetto trace; `"));
	assert_true(shell_said("vitrine perfetto /tmp/"));
	static const char *const others[] = {"", "hello", "\\n\\n", "\\n\\0", "\\n\\377\\377", "\\n\\1xy", "\\037\\213x"};
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(shell("printf '%s' > %s/other; %s view --port 0 %s/other", others[i], work, vitrine, work), 1);
		assert_true(shell_said("is no Perfetto trace; `"));
		assert_true(shell_said("vitrine perfetto RUN"));
	}
}

/* Eight bytes of a record changed on the disk, in a field that may have any value. */
static void finds_a_changed_value(void **state)
{
	(void)state;
	assert_int_equal(shell("cd %s && cp little.vtrace changed.vtrace && size=$(stat -c %%s changed.vtrace) &&"
			       " printf 'CHANGED!' | dd of=changed.vtrace bs=1 seek=$((size - 8)) conv=notrunc status=none",
			       work),
			 0);
	assert_int_equal(shell("%s stats %s/changed.vtrace", vitrine, work), 1);
	assert_true(shell_said("changed.vtrace: the trace is damaged"));
	assert_int_equal(shell("%s events %s/changed.vtrace | tail -n 1", vitrine, work), 0);
}

/* The last components of a long path, whole. */
static void names_runs_by_the_end_of_their_path(void **state)
{
	(void)state;
	assert_int_equal(shell("mkdir -p %s/a-long-folder/demo && cp %s/little.vtrace %s/a-long-folder/demo/x86_64.vtrace &&"
			       " %s stats %s/a-long-folder/demo/x86_64.vtrace",
			       work, work, work, vitrine, work),
			 0);
	assert_true(shell_said(" demo/x86_64.vtrace\n"));
	assert_true(shell_said("\nlast event at "));
	assert_true(shell_said("\ninstructions while a CPU was busy "));
}

static void shows_runs_side_by_side(void **state)
{
	(void)state;
	assert_int_equal(shell("%s stats %s/little.vtrace %s/big.vtrace", vitrine, work, work), 0);
	assert_true(shell_said("x86_64                 ppc64"));
	assert_true(shell_said("radix4                  hash"));
	assert_true(shell_said("finished, status 0    finished, status 0"));
	assert_true(shell_said("segment not loaded"));
	assert_true(shell_said("5,000                 5,000"));
}

/* The story that make_trace tells of grace periods: of two both ends are there, and CPU 2 holds one up for 300 ns, another until the end. */
static void says_how_long_grace_periods_took(void **state)
{
	(void)state;
	assert_int_equal(shell("%s stats %s/rcu.vtrace | sed -E 's/([^ ])   */\\1 = /'", vitrine, work), 0);
	assert_true(shell_said("\ngiven up, to be freed by RCU = 1\n  an object = 1\n  an endpoint = 0\n"));
	assert_true(shell_said("\ngrace periods = 3\n  on average = 0.400 us\n  the longest = 0.400 us\n"));
	assert_true(
		shell_said("\n  held up longest, once, by = CPU 2, 0.300 us\n  held up longest, in all, by = CPU 2, 0.300 us\n"));
	assert_int_equal(shell("%s stats %s/little.vtrace | sed -E 's/([^ ])   */\\1 = /'", vitrine, work), 0);
	assert_true(shell_said("\ngrace periods = 0\n  on average = -\n"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_can_do),
		cmocka_unit_test(helps_with_wrong_calls),
		cmocka_unit_test(calls_itself_as_it_was_called),
		cmocka_unit_test(counts_what_it_prints),
		cmocka_unit_test(prints_fields_by_name),
		cmocka_unit_test(filters_by_name),
		cmocka_unit_test(says_none_of_no_handle),
		cmocka_unit_test(says_what_is_not_in_the_run),
		cmocka_unit_test(refuses_to_view_what_is_no_picture),
		cmocka_unit_test(finds_a_changed_value),
		cmocka_unit_test(names_runs_by_the_end_of_their_path),
		cmocka_unit_test(shows_runs_side_by_side),
		cmocka_unit_test(says_how_long_grace_periods_took),
	};
	if (argc != 2)
		return 2;
	build = argv[1];
	return cmocka_run_group_tests(tests, made_runs_start, made_runs_stop);
}
