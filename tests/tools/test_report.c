/*
 * `vitrine report`, as people call it, on made-up runs of both byte orders, and its model of memory, on events that are small enough to
 * reckon by hand. What the page looks like in a browser, and whether it is true, is asked in group `report`.
 *
 * Argument: the build directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_runs.h"
#include "memory.h"
#include "schema.h"

/* ---- the command ---- */

static void writes_two_files(void **state)
{
	(void)state;
	assert_int_equal(shell("%s report %s/little.vtrace %s/big.vtrace -o %s/a/b/page", vitrine, work, work, work), 0);
	assert_true(shell_said("report.html: open it in a browser"));
	assert_int_equal(shell("ls %s/a/b/page", work), 0);
	assert_string_equal(shell_output, "report.html\nreport.pftrace\n");
	assert_int_equal(shell("grep -c '@[A-Z]*@' %s/a/b/page/report.html", work), 1); /* no hole is left */
	assert_int_equal(shell("grep -E 'https?://' %s/a/b/page/report.html | grep -qv 'http://www.w3.org'", work), 1);
}

static void leaves_out_later_events(void **state)
{
	(void)state;
	assert_int_equal(shell("%s report %s/little.vtrace --events 10 -o %s/few && %s report %s/little.vtrace -o %s/all",
			       vitrine, work, work, vitrine, work, work),
			 0);
	assert_int_equal(shell("[ $(stat -c %%s %s/few/report.html) -lt $(stat -c %%s %s/all/report.html) ]", work, work), 0);
}

static void refuses(void **state)
{
	(void)state;
	assert_int_equal(shell("%s report", vitrine), 2);
	assert_true(shell_said("between 1 and 8 runs"));
	assert_int_equal(shell("%s report %s/little.vtrace -o ''", vitrine, work), 2);
	assert_int_equal(shell("%s report %s/little.vtrace --events many", vitrine, work), 2);
	assert_true(shell_said("--events wants a number"));
	assert_int_equal(shell("%s report %s/little.vtrace --evnts 3", vitrine, work), 2);
	assert_int_equal(shell("%s report %s/none.vtrace -o %s/no", vitrine, work, work), 1);
	assert_int_equal(shell("%s report %s/little.vtrace -o %s/little.vtrace/x", vitrine, work, work), 1);
}

/* A run that cannot be read to its end leaves no page, and the one that was there stays. */
static void keeps_the_old_page(void **state)
{
	(void)state;
	assert_int_equal(
		shell("mkdir -p %s/old && echo kept > %s/old/report.html && head -c 100000 %s/little.vtrace > %s/cut.vtrace",
		      work, work, work, work),
		0);
	assert_int_equal(shell("%s report %s/cut.vtrace -o %s/old", vitrine, work, work), 1);
	assert_int_equal(shell("cat %s/old/*", work), 0);
	assert_string_equal(shell_output, "kept\n");
}

/* ---- the model ---- */

static struct memory memory;
static char *told;
static size_t told_bytes;

static void start(void)
{
	static const struct trace_info info = {.mmu = "radix4", .categories = TRACE_ALL};
	memory_start(&memory, &info, open_memstream(&told, &told_bytes), 10, 1000); /* a step is 100 ns */
}

static void event(uint64_t ns, const char *name, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	struct trace_event event = {.schema = schema_event_named(name), .field = {a, b, c, d, e, f}};
	assert_non_null(event.schema);
	event.id = event.schema->id;
	event.fields = event.schema->fields;
	memory_event(&memory, &event, ns);
}

/* Ends the run; the changes are this text. */
static void end(const char *wanted)
{
	memory_end(&memory);
	fclose(memory.changes);
	assert_false(memory.out_of_memory);
	assert_string_equal(told, wanted);
	free(told);
}

static void tells_only_what_a_step_left(void **state)
{
	(void)state;
	start();
	event(10, "slot_change", 7, 3, 0, 1, 0x5001, 0);           /* being read */
	event(20, "slot_change", 7, 3, 1, 2, 0x5002, 0);           /* present, in the same step */
	event(110, "mmu_map", 4, 0x20000000, 0x5000, 3, 0x302, 0); /* group 3, slot 2 */
	event(210, "mmu_evict", 4, 0x20000000, 3, 2, 0, 0);
	event(220, "mmu_map", 4, 0x20000000, 0x5000, 3, 0x302, 0); /* it is back before anybody looks */
	event(310, "slot_change", 7, 3, 2, 0, 0, 0);
	event(320, "mmu_unmap", 4, 0x1fff0000, 0x40, 0, 0, 0);
	end("[0,0,7,3,2,20480],[1,2,4,131072,20481,770],[3,0,7,3,0,0],[3,2,4,131072,0,0]");
	memory_free(&memory);
}

static void gives_back_what_goes(void **state)
{
	(void)state;
	start();
	event(0, "object_create", 9, 0, 2, 0, 0, 0);
	event(0, "slot_change", 9, 1, 0, 2, 0x6042, 0); /* shared */
	event(0, "mmu_table", 4, 0x8000, 1, 0, 0, 0);
	event(0, "mmu_map", 4, 0x1000, 0x6000, 3, 4, 0);
	event(100, "object_destroy", 9, 1, 0, 0, 0, 0);
	event(100, "aspace_destroy", 4, 0, 0, 0, 0, 0);
	event(200, "rcu_free", 1, 5, 4, 1, 0, 0); /* the pages of a page table */
	end("[0,0,9,1,2,24577],[0,1,32768,0,2,4],[0,2,4,1,24577,4],[1,0,9,1,0,0],[1,2,4,1,0,0],[2,1,32768,0,0,0]");
	memory_free(&memory);
}

static void mapping_is(size_t place, uint64_t start, uint64_t pages, uint64_t rights, unsigned from, unsigned to)
{
	const struct memory_mapping *mapping = (const struct memory_mapping *)memory.mappings.items + place;
	assert_true(place < memory.mappings.count);
	assert_int_equal(mapping->start, start);
	assert_int_equal(mapping->pages, pages);
	assert_int_equal(mapping->rights, rights);
	assert_int_equal(mapping->from_step, from);
	assert_int_equal(mapping->to_step, to);
}

/* A hole in a mapping leaves two; a change of rights leaves three. */
static void cuts_mappings(void **state)
{
	(void)state;
	start();
	event(0, "vm_map", 1, 4, 0x10000, 0x8000, 3, 9);
	event(100, "vm_unmap", 1, 4, 0x12000, 0x1000, 0, 0);
	event(200, "vm_protect", 1, 4, 0x14000, 0x1000, 1, 0);
	mapping_is(0, 0x10000, 8, 3, 0, 1);
	mapping_is(1, 0x10000, 2, 3, 1, UINT32_MAX);
	mapping_is(2, 0x13000, 5, 3, 1, 2);
	mapping_is(3, 0x13000, 1, 3, 2, UINT32_MAX);
	mapping_is(4, 0x14000, 1, 1, 2, UINT32_MAX);
	mapping_is(5, 0x15000, 3, 3, 2, UINT32_MAX);
	assert_int_equal(memory.mappings.count, 6);
	end("");
	memory_free(&memory);
}

/* What vm_map does not say: a stack that the kernel mapped, and the page of the object at which a mapping starts. */
static void learns_from_faults(void **state)
{
	(void)state;
	start();
	event(0, "aspace_create", 4, 0, 0, 0, 0, 0);
	event(0, "thread_create", 5, 4, 0, 1, 0, 0);
	event(0, "fault_begin", 1, 5, 0x22000, 0, 0, 0);
	event(0, "fault_mapping", 1, 5, 0x20000, 0x4000, 3, 9);
	event(0, "fault_slot", 1, 5, 9, 12, 0, 0);
	mapping_is(0, 0x20000, 4, 3, 0, UINT32_MAX);
	assert_int_equal(((const struct memory_mapping *)memory.mappings.items)[0].first, 10);
	end("");
	memory_free(&memory);
}

int main(int argc, char **argv)
{
	build = argc > 1 ? argv[1] : "build";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_two_files),
		cmocka_unit_test(leaves_out_later_events),
		cmocka_unit_test(refuses),
		cmocka_unit_test(keeps_the_old_page),
		cmocka_unit_test(tells_only_what_a_step_left),
		cmocka_unit_test(gives_back_what_goes),
		cmocka_unit_test(cuts_mappings),
		cmocka_unit_test(learns_from_faults),
	};
	return cmocka_run_group_tests(tests, made_runs_start, made_runs_stop);
}
