/*
 * `vitrine graph`, on a small run of each machine that is made up here (graph_run.c): each graph is, word for word, the one that is kept in
 * tests/tools/golden/; and on made-up runs of any size: it draws them or says in a sentence why not.
 *
 * Teaches: a picture is tested as the text that it is drawn from. Blanks and the numbers of source lines do not count. When a graph is to
 * change: `GOLDEN=write build/asan/test_graph build` writes the files anew, and what changed is seen in git. That counts on real runs are
 * right is tests/e2e/graph.sh. Argument: the build directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernel/abi/trace_categories.h"
#include "graph_run.h"
#include "made_runs.h"

#define GOLDEN "tests/tools/golden"

static int start(void **state)
{
	char path[128];
	if (made_runs_start(state))
		return 1;
	for (unsigned hash = 0; hash < 2; hash++) {
		snprintf(path, sizeof(path), "%s/%s.vtrace", work, hash ? "hash" : "tree");
		graph_run_store(path, hash, TRACE_ALL);
	}
	snprintf(path, sizeof(path), "%s/bare.vtrace", work);
	graph_run_store(path, true, TRACE_IPC);
	snprintf(path, sizeof(path), "%s/nameless.vtrace", work);
	graph_run_store(path, true, TRACE_MMU);
	return 0;
}

/* ---- golden ---- */

/* The graph of a run, with these options, is the file of that name. */
static int is_golden(const char *name, const char *ending, const char *kind, const char *run, const char *options)
{
	static const char normal[] = "sed -E 's/\\.([cS]):[0-9]+/.\\1:LINE/g' | tr -s ' \\t' ' '";
	if (shell("%s graph %s %s/%s.vtrace --format %s --source-url none %s -o %s/graph && %s < %s/graph > %s/normal", vitrine,
		  kind, work, run, ending, options, work, normal, work, work) != 0)
		return fprintf(stderr, "%s: %s", name, shell_output), 0;
	if (getenv("GOLDEN") && !strcmp(getenv("GOLDEN"), "write"))
		return shell("mkdir -p " GOLDEN " && cp %s/normal " GOLDEN "/%s.%s", work, name, ending) == 0;
	if (shell("diff " GOLDEN "/%s.%s %s/normal", name, ending, work) == 0)
		return 1;
	return fprintf(stderr, "%s is not as it was:\n%s", name, shell_output), 0;
}

static void draws_faults(void **state)
{
	(void)state;
	assert_true(is_golden("faults-tree", "dot", "faults", "tree", ""));
	assert_true(is_golden("faults-hash", "dot", "faults", "hash", ""));
}

static void draws_messages(void **state)
{
	(void)state;
	assert_true(is_golden("ipc", "dot", "ipc", "tree", ""));
}

static void draws_the_boot(void **state)
{
	(void)state;
	assert_true(is_golden("boot", "dot", "boot", "tree", ""));
}

static void draws_page_tables(void **state)
{
	(void)state;
	assert_true(is_golden("pagetable-tree", "dot", "pagetable", "tree", ""));
	assert_true(is_golden("pagetable-hash", "dot", "pagetable", "hash", "--aspace client"));
	assert_true(is_golden("pagetable-tree-address", "dot", "pagetable", "tree", "--address 0x100000001234"));
	assert_true(
		is_golden("pagetable-hash-address", "dot", "pagetable", "hash", "--address 0x100001001000 --at end --aspace 1"));
	assert_true(is_golden("pagetable-missing", "dot", "pagetable", "tree", "--address 0x100000001234 --at fault_begin:2"));
}

static void draws_the_hash(void **state)
{
	(void)state;
	assert_true(is_golden("hpt", "svg", "hpt", "hash", "--aspace client"));
}

/* ---- SVG ---- */

/* An SVG is whole, the same each time, and what it leads to is the line that emits the event. */
static void draws_svg(void **state)
{
	static const char *const kinds[] = {"faults", "ipc", "boot", "pagetable"};
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(shell("cd %s && for i in 1 2; do $OLDPWD/%s graph %s hash.vtrace -o $i.svg || exit 9; done && "
				       "cmp 1.svg 2.svg",
				       work, vitrine, kinds[i]),
				 0);
		assert_int_equal(
			shell("head -c 5 %s/1.svg | grep -q '<?xml' && tail -n 1 %s/1.svg | grep -q '^</svg>$'", work, work), 0);
	}
	assert_int_equal(shell("%s graph faults %s/hash.vtrace --source-url base/ -o - | sed -n "
			       "'s/.*href=\"base.\\([^\"]*\\)#L\\([0-9]*\\)\".*/\\1 "
			       "\\2/p' | sort -u > %s/links && wc -l < %s/links",
			       vitrine, work, work, work),
			 0);
	assert_true(atoi(shell_output) > 5);
	assert_int_equal(
		shell("while read -r file line; do sed -n \"${line}p\" \"$file\" | grep -q trace_ || exit 1; done < %s/links",
		      work),
		0);
	assert_int_equal(shell("%s graph ipc %s/tree.vtrace -o - | grep -c '&lt;b&gt;&amp;'", vitrine, work), 0);
}

/* A picture lies beside its run, and the way to the source starts there. */
static void finds_its_place(void **state)
{
	(void)state;
	assert_int_equal(shell("mkdir %s/run && cp %s/tree.vtrace %s/run/run.vtrace && %s graph boot %s/run %s/tree.vtrace", work,
			       work, work, vitrine, work, work),
			 0);
	char said[256];
	snprintf(said, sizeof(said), "%s/run/boot.svg\n%s/tree-boot.svg\n", work, work);
	assert_string_equal(shell_output, said);
	assert_int_equal(shell("mkdir -p %s/deep && %s graph boot %s/run -o %s/deep/picture.svg && cd %s/deep && link=$(sed -n "
			       "'s/.*xlink:href=\"\\([^\"#]*\\)#.*/\\1/p' picture.svg | head -n 1) && test -r \"$link\"",
			       work, vitrine, work, work, work),
			 0);
}

/* Runs without what a graph shows, with holes, of any size. */
static void draws_any_run(void **state)
{
	static const char *const kinds[] = {"faults", "ipc", "boot", "pagetable"};
	static const char *const runs[] = {"little", "big", "rcu"};
	(void)state;
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(shell("%s graph %s %s/%s.vtrace --format dot -o - > %s/out", vitrine, kinds[i % 4], work,
				       runs[i / 4], work),
				 0);
	assert_int_equal(
		shell("%s graph hpt %s/big.vtrace -o - | grep -q 'events of the run were lost' && %s graph faults %s/big.vtrace "
		      "-o - | grep -q 'events were lost'",
		      vitrine, work, vitrine, work),
		0);
	assert_int_equal(
		shell("%s graph ipc %s/bare.vtrace --format dot -o - | grep -q 'the category thread was not traced, so' && "
		      "%s graph hpt %s/nameless.vtrace -o - | grep -q 'nobody knows whose pages'",
		      vitrine, work, vitrine, work),
		0);
}

/* ---- what cannot be drawn ---- */

static int refuses(int code, const char *arguments, const char *sentence)
{
	char line[512] = "";
	size_t used = 0;
	for (const char *at = arguments; *at; at++) /* @ stands for the directory of runs */
		used += (size_t)snprintf(line + used, sizeof(line) - used, *at == '@' ? "%s/" : "%.1s", *at == '@' ? work : at);
	int got = shell("%s graph %s", vitrine, line);
	if (got != code)
		return fprintf(stderr, "%s: exit code %d, and it said: %s", line, got, shell_output), 0;
	return shell_said(sentence);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	assert_true(refuses(2, "", "which graph, and of which run?"));
	assert_true(refuses(2, "fault @tree.vtrace", "there is no graph `fault`; did you mean `faults`?"));
	assert_true(refuses(2, "faults", "a run is wanted"));
	assert_true(refuses(2, "faults @tree.vtrace --format png", "there is no format `png`"));
	assert_true(refuses(2, "faults @tree.vtrace --at end", "the graph `faults` has no option --at"));
	assert_true(refuses(2, "faults @tree.vtrace --colour", "there is no option `--colour`"));
	assert_true(refuses(2, "faults @tree.vtrace -o", "wants a word after it"));
	assert_true(refuses(2, "faults @tree.vtrace @hash.vtrace -o @x", "leave -o out, or name one run"));
	assert_true(refuses(1, "faults @nothing", "No such file"));
	assert_int_equal(shell("echo no run > %s/text", work), 0);
	assert_true(refuses(1, "faults @text -o -", "it is not a .vtrace file"));
	assert_true(refuses(1, "faults @tree.vtrace -o @no/x.svg", "No such file"));
	assert_true(refuses(1, "hpt @tree.vtrace", "translates by a tree (radix4)"));
	assert_true(refuses(1, "hpt @hash.vtrace --format dot", "it comes as svg only"));
	assert_true(refuses(1, "boot @bare.vtrace",
			    "the category `boot` was not traced, and the graph `boot` is made of its events"));
	assert_true(refuses(1, "faults @bare.vtrace", "the category `fault` was not traced"));
	assert_true(refuses(1, "hpt @bare.vtrace", "the category `mmu` was not traced"));
	assert_true(refuses(1, "pagetable @bare.vtrace", "the category `mmu` was not traced"));
	assert_true(refuses(1, "ipc @nameless.vtrace", "the category `ipc` was not traced"));
	assert_true(refuses(1, "pagetable @tree.vtrace --at noon", "`noon` is no moment"));
	assert_true(refuses(1, "pagetable @tree.vtrace --at crash", "no thread was killed in this run"));
	assert_true(refuses(1, "pagetable @tree.vtrace --at 0:9999", "the run has no event 0:9999"));
	assert_true(refuses(1, "pagetable @tree.vtrace --at mmu_map:99", "there are fewer of that kind"));
	assert_true(refuses(1, "pagetable @tree.vtrace --aspace nobody", "there is no address space `nobody`"));
	assert_true(refuses(1, "pagetable @tree.vtrace --aspace 9999", "there is no address space `9999`"));
	assert_true(refuses(1, "pagetable @tree.vtrace --address text", "`text` is no address"));
	assert_true(refuses(1, "pagetable @tree.vtrace --address 0x5000", "no page at 0x5000 was entered"));
	assert_int_equal(shell("test ! -e %s/x && test ! -e %s/tree-hpt.svg", work, work), 0);
}

/* The help of each kind, from the table of kinds. */
static void explains_itself(void **state)
{
	(void)state;
	assert_int_equal(shell("%s graph --help | sed -n '/^Kinds/,$ s/^    \\([a-z]*\\) .*/\\1/p' > %s/kinds && test $(wc -l < "
			       "%s/kinds) -ge 5",
			       vitrine, work, work),
			 0);
	assert_int_equal(
		shell("while read -r kind; do %s graph $kind --help | grep -q \"graph $kind RUN\" || exit 1; done < %s/kinds",
		      vitrine, work),
		0);
	assert_int_equal(shell("%s help graph | grep -q 'graph KIND RUN'", vitrine), 0);
}

/* A moment is the same however it is named. */
static void knows_a_moment_by_its_names(void **state)
{
	(void)state;
	assert_int_equal(
		shell("for at in mmu_map:2 $(%s events %s/tree.vtrace --event mmu_map | awk 'NR == 2 { sub(/cpu/, \"\", "
		      "$2); print $2 "
		      "\":\" $3, $1, $1 \"us\", \"@\" $1 }'); do %s graph pagetable %s/tree.vtrace --at $at --format dot -o - | "
		      "grep -v 'moment' | "
		      "md5sum; done | sort -u | wc -l",
		      vitrine, work, vitrine, work),
		0);
	assert_string_equal(shell_output, "1\n");
	assert_int_equal(shell("for at in fault_begin:1 0x100 address:0x20000abc 0x20000abc; do %s graph pagetable "
			       "%s/tree.vtrace --at $at "
			       "--format dot -o - | grep -v 'moment' | md5sum; done | sort -u | wc -l",
			       vitrine, work),
			 0);
	assert_string_equal(shell_output, "1\n");
	assert_int_equal(
		shell("for at in last end 1s; do %s graph pagetable %s/tree.vtrace --aspace client --at $at --format dot -o - | "
		      "grep -v 'moment' | md5sum; done | sort -u | wc -l",
		      vitrine, work),
		0);
	assert_string_equal(shell_output, "1\n");
}

int main(int argc, char **argv)
{
	build = argc > 1 ? argv[1] : "build";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_faults),
		cmocka_unit_test(draws_messages),
		cmocka_unit_test(draws_the_boot),
		cmocka_unit_test(draws_page_tables),
		cmocka_unit_test(draws_the_hash),
		cmocka_unit_test(draws_svg),
		cmocka_unit_test(finds_its_place),
		cmocka_unit_test(draws_any_run),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(explains_itself),
		cmocka_unit_test(knows_a_moment_by_its_names),
	};
	return cmocka_run_group_tests_name("graph", tests, start, made_runs_stop);
}
