/*
 * The witness: how calls, returns and traps are followed, on control flow that is made up block by block; what its file is worth when it is
 * damaged; and the graphs that are drawn of made-up runs, word for word those in tests/tools/golden/.
 *
 * Teaches: each way in which control can go astray (an interrupt right behind a call, a block that is broken off, a stack that starts again) is
 * a few blocks long. That real runs are followed rightly is tests/e2e/witness.sh. When a graph is to change: `GOLDEN=write build/asan/test_witness
 * build` writes the files anew. Argument: the build directory.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_runs.h"
#include "witness/paths.h"
#include "witness/vectors.h"
#include "witness/witness.h"

#define GOLDEN "tests/tools/golden"

/* A kernel of few functions. B has a part that is put aside. */
enum { A, B, C, B_COLD, FAULT, CALL, FUNCTIONS };
#define AT(function) (0x1000u * ((function) + 1))
#define USER_PC 0x10000000u

static const char names[] = "A\0B\0C\0B.cold\0fault\0call\0\0k/a.c";

static struct {
	struct witness_function rows[FUNCTIONS];
	struct paths *paths;
	struct block *block[64];
	unsigned blocks;
	uint64_t begun;
	struct witness *seen;
} flow;

static void begin(void)
{
	static const uint32_t name_of[FUNCTIONS] = {0, 2, 4, 6, 13, 19};
	for (unsigned i = 0; i < FUNCTIONS; i++)
		flow.rows[i] = (struct witness_function){.start = AT(i),
							 .end = AT(i) + 0x1000,
							 .name = name_of[i],
							 .file = 25,
							 .same_as = i,
							 .vector = WITNESS_NO_VECTOR};
	flow.rows[B_COLD].same_as = B;
	flow.rows[FAULT].vector = 14;
	flow.rows[CALL].vector = VECTOR_X86_SYSCALL;
	flow.begun = 0;
	flow.paths = paths_open(block_machine_named("x86_64"), flow.rows, FUNCTIONS);
}

/* A CPU executes `executed` of a block's four instructions, of 4 bytes each. */
static void part(unsigned cpu, uint64_t start, enum block_end how, unsigned executed)
{
	struct block *block = calloc(1, sizeof(*block) + 4 * sizeof(block->offset[0]));
	*block = (struct block){.start = start, .end = start + 16, .instructions = 4, .how = how};
	for (unsigned i = 0; i < 4; i++)
		block->offset[i] = (uint16_t)(4 * i);
	block->function = paths_function_at(flow.paths, start, &block->vector);
	paths_enter(flow.paths, cpu, block, flow.begun);
	flow.begun += executed;
	flow.block[flow.blocks++] = block;
}

static void run(uint64_t start, enum block_end how)
{
	part(0, start, how, 4);
}

/* The end: what was seen goes through a file. */
static struct call_graph *end(const char *root)
{
	char path[128], error[256] = "";
	struct witness_header header = {
		.magic = WITNESS_MAGIC, .version = WITNESS_VERSION, .machine = "x86_64", .functions = FUNCTIONS};
	header.text_bytes = sizeof(names) / 8 * 8 + 8;
	static char text[64];
	memcpy(text, names, sizeof(names));
	snprintf(path, sizeof(path), "%s/flow", work);
	paths_finish(flow.paths, flow.begun);
	int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	assert_true(paths_write(flow.paths, &header, text, file));
	close(file);
	paths_close(flow.paths);
	while (flow.blocks)
		free(flow.block[--flow.blocks]);
	flow.seen = witness_open(path, error, sizeof(error));
	assert_string_equal(error, "");
	assert_int_equal(flow.seen->header->strays, 0);
	assert_int_equal(flow.seen->header->instructions, flow.begun);
	return call_graph_make(flow.seen, root);
}

static void done(struct call_graph *graph)
{
	call_graph_free(graph);
	witness_close(flow.seen);
}

static const struct call_node *node(const struct call_graph *graph, const char *name)
{
	for (size_t i = 0; i < graph->node_count; i++)
		if (!strcmp(graph->nodes[i].name, name))
			return &graph->nodes[i];
	return NULL;
}

/* How often one called the other; 0 if never. */
static uint64_t calls(const struct call_graph *graph, const char *from, const char *to)
{
	for (size_t i = 0; i < graph->edge_count; i++)
		if (!strcmp(graph->nodes[graph->edges[i].from].name, from) && !strcmp(graph->nodes[graph->edges[i].to].name, to))
			return graph->edges[i].calls;
	return 0;
}

/* ---- following ---- */

static void follows_calls_and_returns(void **state)
{
	(void)state;
	begin();
	run(AT(A), BLOCK_CALL);
	run(AT(B), BLOCK_CALL);
	run(AT(C), BLOCK_RETURN);
	run(AT(B) + 16, BLOCK_RETURN);
	run(AT(A) + 16, BLOCK_CALL);
	run(AT(C), BLOCK_RETURN);
	run(AT(A) + 32, BLOCK_PLAIN);
	struct call_graph *graph = end(NULL);
	assert_int_equal(calls(graph, "A", "B"), 1);
	assert_int_equal(calls(graph, "B", "C"), 1);
	assert_int_equal(calls(graph, "A", "C"), 1);
	assert_int_equal(node(graph, "A")->self, 12);
	assert_int_equal(node(graph, "A")->inclusive, 28);
	assert_int_equal(node(graph, "B")->inclusive, 12);
	assert_string_equal(node(graph, "B")->module, "k");
	done(graph);
}

/* A calls B, B goes on in C, and C returns to A. And B's part that lies elsewhere is B. */
static void knows_tail_calls(void **state)
{
	(void)state;
	begin();
	run(AT(A), BLOCK_CALL);
	run(AT(B), BLOCK_PLAIN);
	run(AT(B_COLD), BLOCK_PLAIN);
	run(AT(B) + 16, BLOCK_PLAIN);
	run(AT(C), BLOCK_RETURN);
	run(AT(A) + 16, BLOCK_PLAIN);
	struct call_graph *graph = end(NULL);
	assert_int_equal(calls(graph, "A", "B"), 1);
	assert_int_equal(calls(graph, "B", "C"), 1);
	assert_int_equal(calls(graph, "A", "C"), 0);
	assert_int_equal(node(graph, "A")->self, 8);
	assert_int_equal(node(graph, "B")->self, 12);
	assert_null(node(graph, "B.cold"));
	done(graph);
}

static void counts_recursion_once(void **state)
{
	(void)state;
	begin();
	run(AT(A), BLOCK_CALL);
	run(AT(B), BLOCK_CALL);
	run(AT(B), BLOCK_CALL);
	run(AT(B), BLOCK_RETURN);
	run(AT(B) + 16, BLOCK_RETURN);
	run(AT(B) + 16, BLOCK_RETURN);
	run(AT(A) + 16, BLOCK_PLAIN);
	struct call_graph *graph = end(NULL);
	assert_int_equal(calls(graph, "B", "B"), 2);
	assert_int_equal(node(graph, "B")->inclusive, 20);
	assert_int_equal(node(graph, "B")->calls, 3);
	assert_int_equal(node(graph, "A")->inclusive, 28);
	done(graph);
}

/* The call is seen when the interrupted code goes on, and so is the return. */
static void is_not_misled_by_an_interrupt(void **state)
{
	(void)state;
	begin();
	run(AT(A), BLOCK_CALL);
	run(AT(FAULT), BLOCK_RESUME);
	run(AT(B), BLOCK_RETURN);
	run(AT(FAULT), BLOCK_RESUME);
	run(AT(FAULT), BLOCK_RESUME); /* and another at once */
	run(AT(A) + 16, BLOCK_PLAIN);
	struct call_graph *graph = end(NULL);
	assert_int_equal(calls(graph, "A", "B"), 1);
	assert_int_equal(calls(graph, "fault", "B"), 0);
	assert_int_equal(calls(graph, "(the kernel, interrupted)", "fault"), 3);
	assert_int_equal(node(graph, "A")->self, 8);
	assert_int_equal(node(graph, "A")->inclusive, 12);
	done(graph);
}

/* A fault in the middle: the call at the block's end was not reached. Only what was begun counts. */
static void sees_a_block_that_is_broken_off(void **state)
{
	(void)state;
	begin();
	part(0, AT(A), BLOCK_CALL, 2);
	run(AT(FAULT), BLOCK_RESUME);
	run(AT(A) + 32, BLOCK_CALL);
	run(AT(A) + 48, BLOCK_PLAIN); /* a conditional call that was not made */
	struct call_graph *graph = end(NULL);
	assert_int_equal(graph->edge_count, 2);
	assert_int_equal(node(graph, "A")->self, 10);
	assert_int_equal(flow.seen->exceptions[0].pc, AT(A) + 4);
	assert_int_equal(flow.seen->exceptions[0].when, 2);
	done(graph);
}

/* From deep inside the kernel to user mode, as the scheduler does, time and again. */
static void starts_again_with_each_entry(void **state)
{
	(void)state;
	begin();
	run(AT(A), BLOCK_RESUME);
	for (unsigned i = 0; i < 5; i++) {
		run(USER_PC, BLOCK_PLAIN);
		run(AT(CALL), BLOCK_CALL);
		run(AT(B), BLOCK_CALL);
		run(AT(C), BLOCK_RESUME);
	}
	run(AT(FAULT), BLOCK_RESUME); /* user code whose first instruction faults */
	run(USER_PC, BLOCK_RETURN);
	struct call_graph *graph = end(NULL);
	assert_int_equal(calls(graph, "(user mode)", "call"), 5);
	assert_int_equal(calls(graph, "(user mode)", "fault"), 1);
	assert_int_equal(calls(graph, "B", "C"), 5);
	assert_int_equal(node(graph, "(user mode)")->self, 24);
	assert_int_equal(flow.seen->exceptions[5].flags, WITNESS_FROM_USER);
	done(graph);
}

/* Two CPUs in turn: each has a stack of its own. When both wait, the next trap comes after idleness. */
static void keeps_cpus_apart(void **state)
{
	(void)state;
	begin();
	part(0, AT(A), BLOCK_CALL, 4);
	part(1, AT(C), BLOCK_CALL, 4);
	part(0, AT(B), BLOCK_RETURN, 4);
	part(1, AT(B), BLOCK_RETURN, 4);
	part(0, AT(A) + 16, BLOCK_WAIT, 4);
	part(0, AT(FAULT), BLOCK_RESUME, 4);
	part(0, AT(A) + 32, BLOCK_WAIT, 4);
	part(1, AT(C) + 16, BLOCK_WAIT, 4);
	part(0, AT(FAULT), BLOCK_RESUME, 4);
	struct call_graph *graph = end(NULL);
	assert_int_equal(calls(graph, "A", "B"), 1);
	assert_int_equal(calls(graph, "C", "B"), 1);
	assert_int_equal(flow.seen->exceptions[0].flags, 0);
	assert_int_equal(flow.seen->exceptions[1].flags, WITNESS_AFTER_IDLE);
	assert_int_equal(flow.seen->cpus[0].instructions, 24);
	assert_int_equal(flow.seen->cpus[1].instructions, 12);
	done(graph);
}

/* What ran below a root is no more than that. */
static void shows_what_is_below_a_root(void **state)
{
	(void)state;
	begin();
	run(AT(A), BLOCK_CALL);
	run(AT(C), BLOCK_RETURN);
	run(AT(A) + 16, BLOCK_CALL);
	run(AT(B), BLOCK_CALL);
	run(AT(C), BLOCK_RETURN);
	run(AT(B) + 16, BLOCK_RETURN);
	run(AT(A) + 32, BLOCK_PLAIN);
	struct call_graph *graph = end("B");
	assert_int_equal(graph->node_count, 2);
	assert_int_equal(graph->edge_count, 1);
	assert_int_equal(node(graph, "C")->calls, 1);
	assert_int_equal(graph->instructions, 12);
	done(graph);
}

/* ---- the file ---- */

static int refused(const char *path)
{
	char error[640] = "";
	struct witness *witness = witness_open(path, error, sizeof(error));
	if (!witness)
		return *error != '\0';
	witness_close(witness);
	return 0;
}

static void write_bytes(const char *path, const char *data, size_t bytes)
{
	FILE *file = fopen(path, "wb");
	fwrite(data, 1, bytes, file);
	fclose(file);
}

/* Each byte of the file changed, and each length. */
static void refuses_damage(void **state)
{
	(void)state;
	static char data[1 << 16];
	char path[128];
	assert_int_equal(shell("%s/tests/make_witness ppc64 300 %s/small", build, work), 0);
	snprintf(path, sizeof(path), "%s/small", work);
	FILE *file = fopen(path, "rb");
	size_t bytes = fread(data, 1, sizeof(data), file);
	fclose(file);
	assert_false(refused(path));
	snprintf(path, sizeof(path), "%s/damaged", work);
	for (size_t i = 0; i < bytes; i++) {
		data[i] ^= 0x40;
		write_bytes(path, data, bytes);
		data[i] ^= 0x40;
		assert_true(refused(path));
	}
	for (size_t i = 0; i < bytes; i += 7) {
		write_bytes(path, data, i);
		assert_true(refused(path));
	}
}

static void says_what_it_cannot_do(void **state)
{
	(void)state;
	assert_int_equal(shell("%s witness", vitrine), 2);
	assert_int_equal(shell("%s witness %s --limit 0", vitrine, work), 2);
	assert_int_equal(shell("%s witness %s --check --root A", vitrine, work), 2);
	assert_int_equal(shell("%s witness %s", vitrine, work), 1);
	assert_true(shell_said("has no witness: `vitrine run --witness` records a run with one"));
	assert_int_equal(shell("%s witness %s/little.vtrace", vitrine, work), 1);
	assert_true(shell_said("is not the file of a witness"));
	assert_int_equal(shell("%s witness %s/x86_64 --root fault_hnadle", vitrine, work), 1);
	assert_true(shell_said("did you mean `fault_handle`?"));
	assert_int_equal(shell("%s witness %s/x86_64 --root fault_handle --limit 1", vitrine, work), 0);
	assert_true(shell_said("fault_handle") && shell_said("and 2 more"));
	assert_int_equal(shell("%s graph diff %s/x86_64", vitrine, work), 1);
	assert_true(shell_said("diff compares two runs"));
	assert_int_equal(shell("%s graph diff %s/x86_64 %s/little.vtrace", vitrine, work, work), 1);
}

/* ---- golden ---- */

/* The graph's text, without its blanks, is the one that is kept. */
static int is_golden(const char *name, const char *arguments)
{
	if (getenv("GOLDEN"))
		return shell("%s graph %s --format dot --source-url none -o " GOLDEN "/%s.dot", vitrine, arguments, name) == 0;
	if (shell("%s graph %s --format dot --source-url none -o - | tr -d ' \\n\\t' > %s/now && tr -d ' \\n\\t' < " GOLDEN
		  "/%s.dot | cmp - %s/now",
		  vitrine, arguments, work, name, work) == 0)
		return 1;
	return fprintf(stderr, "%s.dot: %s", name, shell_output), 0;
}

static void draws_calls_and_diff(void **state)
{
	char arguments[256];
	(void)state;
	snprintf(arguments, sizeof(arguments), "calls %s/x86_64", work);
	assert_true(is_golden("calls", arguments));
	snprintf(arguments, sizeof(arguments), "calls %s/ppc64 --root page-fault --all", work);
	assert_true(is_golden("calls-page-fault", arguments));
	snprintf(arguments, sizeof(arguments), "diff %s/x86_64 %s/ppc64", work, work);
	assert_true(is_golden("diff", arguments));
}

static int start(void **state)
{
	return made_runs_start(state) || shell("%s/tests/make_witness x86_64 20000 %s/x86_64", build, work) ||
	       shell("%s/tests/make_witness ppc64 20000 %s/ppc64", build, work);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_calls_and_returns),
		cmocka_unit_test(knows_tail_calls),
		cmocka_unit_test(counts_recursion_once),
		cmocka_unit_test(is_not_misled_by_an_interrupt),
		cmocka_unit_test(sees_a_block_that_is_broken_off),
		cmocka_unit_test(starts_again_with_each_entry),
		cmocka_unit_test(keeps_cpus_apart),
		cmocka_unit_test(shows_what_is_below_a_root),
		cmocka_unit_test(refuses_damage),
		cmocka_unit_test(says_what_it_cannot_do),
		cmocka_unit_test(draws_calls_and_diff),
	};
	build = argc > 1 ? argv[1] : "build";
	return cmocka_run_group_tests(tests, start, made_runs_stop);
}
