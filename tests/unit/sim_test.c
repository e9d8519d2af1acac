/*
 * Runs unit tests: cmocka counts and reports, and every test is a child process.
 *
 * Teaches: the kernel's state is in its static variables, as linked. A process for each test gives each a kernel that was
 * never used, and a test that ends its kernel by a panic, or is ended by a sanitizer, ends only itself.
 * Who calls: the main() of every test program. The last line printed is the summary of the program.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TESTS_MAX 64

static pid_t parent;

static void run_in_child(void **state)
{
	const struct sim_test *test = *state;
	if (getpid() != parent)
		_exit(1); /* an assertion failed in a child: cmocka goes on with the next test there, but the parent does that */
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		test->body();
		fflush(NULL);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s failed", test->name);
}

void sim_every_seed(unsigned count, void (*run)(unsigned seed, const void *what), const void *what)
{
	unsigned seeds = getenv("SIM_SEEDS") ? (unsigned)atoi(getenv("SIM_SEEDS")) : count;
	for (unsigned seed = 2; seed < 2 + seeds; seed++) {
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) {
			run(seed, what);
			_exit(0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			fail_msg("with seed %u", seed);
	}
}

int sim_test_main(const char *subject, const struct sim_test *tests, size_t count)
{
	static struct CMUnitTest units[TESTS_MAX];
	const char *only = getenv("SIM_TEST");
	parent = getpid();
	if (count > TESTS_MAX)
		abort();
	for (size_t i = 0; i < count; i++)
		units[i] = (struct CMUnitTest){tests[i].name, run_in_child, NULL, NULL, (void *)&tests[i]};
	cmocka_set_test_filter(only);
	int failed = _cmocka_run_group_tests(subject, units, count, NULL, NULL);
	printf("%-14s %zu tests, %d failed\n", subject, count, failed);
	return failed != 0;
}
