/*
 * MMU conformance on the host: the two simulated back ends, and the proof that the cases can fail.
 *
 * Teaches: a conformance test is only worth what it catches. The last tests here run it against back ends with one rule broken
 * each, and expect the case for that rule to say `not ok`.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/lock.h"
#include "mm/page.h"
#include "mmu/conformance.h"

#define RAM (256 * MIB)
#define SEED 1

/* ---- what the conformance cases ask of a machine ---- */

void mmu_test_activate(struct mmu_space *space)
{
	arch_cpu()->space = space;
	mmu->activate(space, MMU_NO_HINT);
}

static bool access_answering_segments(struct vaddr va, enum access access, uint64_t *value)
{
	enum sim_answer answer;
	while ((answer = sim_mmu_access(arch_cpu()->index, va, access, value)) == SIM_ACCESS_SEGMENT) {
		struct mmu_space *space = arch_cpu()->space;
		spin_lock(&space->lock);
		mmu->activate(space, va);
		spin_unlock(&space->lock);
	}
	return answer == SIM_ACCESS_OK;
}

bool mmu_test_load(struct vaddr va, uint64_t *value)
{
	return access_answering_segments(va, ACCESS_LOAD, value);
}

bool mmu_test_store(struct vaddr va, uint64_t value)
{
	return access_answering_segments(va, ACCESS_STORE, &value);
}

enum mmu_test_exec mmu_test_exec(struct vaddr va)
{
	uint64_t instruction;
	return access_answering_segments(va, ACCESS_EXEC, &instruction) ? EXEC_ALLOWED : EXEC_REFUSED;
}

struct paddr mmu_test_page_take(void)
{
	struct paddr page;
	assert_int_equal(page_alloc_zeroed(&page), STATUS_OK);
	return page;
}

void mmu_test_page_give(struct paddr page)
{
	page_free(page, 0);
}

bool mmu_test_other_exists(void)
{
	return true;
}

static void on_other_cpu(void (*action)(struct mmu_watch *watch), struct mmu_watch *watch)
{
	sim_cpu_set(1);
	action(watch);
	sim_cpu_set(0);
}

static void other_enters(struct mmu_watch *watch)
{
	mmu_test_activate(watch->space);
}

static void other_leaves(struct mmu_watch *watch)
{
	(void)watch;
	mmu_test_activate(NULL);
}

void mmu_test_other_start(struct mmu_watch *watch)
{
	on_other_cpu(other_enters, watch);
}

void mmu_test_other_wait(struct mmu_watch *watch, uint64_t rounds)
{
	uint64_t until = rounds ? watch->rounds + rounds : watch->rounds_asked;
	while (watch->rounds < until)
		on_other_cpu(mmu_watch_step, watch);
}

void mmu_test_other_stop(struct mmu_watch *watch)
{
	on_other_cpu(other_leaves, watch);
}

/* ---- the back ends ---- */

static void start(const struct mmu_ops *ops, bool segments)
{
	sim_start_with_pages(2, RAM);
	sim_mmu_choose(ops, segments);
}

static void conforms(const struct mmu_ops *ops, bool segments)
{
	start(ops, segments);
	uint64_t free = page_free_count();
	if (mmu_conformance(SEED))
		fail_msg("%s", sim_console());
	assert_int_equal(page_free_count(), free);
	page_check();
	const char *digest = strstr(sim_console(), "digest ");
	printf("%.*s\n", (int)strcspn(digest, "\n"), digest); /* tests/e2e/selftest.sh compares it with the guests' */
}

static void test_hash(void)
{
	conforms(&sim_hash_ops, false);
}

static void test_hash_with_segments(void)
{
	conforms(&sim_hash_ops, true);
}

static void test_tree(void)
{
	conforms(&sim_tree_ops, false);
}

/* The last digest the random script printed, as text. */
static const char *last_digest(void)
{
	const char *line = strstr(sim_console(), "digest mmu-script");
	for (const char *next = line; next; next = strstr(next + 1, "digest mmu-script"))
		line = next;
	assert_non_null(line);
	return strndup(line, strcspn(line, "\n"));
}

static const char *digest_of(const struct mmu_ops *ops, uint64_t seed)
{
	sim_mmu_choose(ops, ops == &sim_hash_ops);
	assert_int_equal(mmu_conformance(seed), 0);
	return last_digest();
}

static void test_same_digest(void)
{
	start(&sim_hash_ops, true);
	const char *hash = digest_of(&sim_hash_ops, 7);
	const char *tree = digest_of(&sim_tree_ops, 7);
	const char *other_seed = digest_of(&sim_tree_ops, 8);
	assert_string_equal(hash, tree);
	assert_string_not_equal(strchr(tree, ':'), strchr(other_seed, ':'));
	free((void *)hash), free((void *)tree), free((void *)other_seed);
}

/* ---- back ends with one rule broken ---- */

static struct mmu_ops broken;

static void runs_and_says(const char *expected)
{
	assert_true(mmu_conformance(SEED) > 0);
	if (!strstr(sim_console(), expected))
		fail_msg("expected '%s' in\n%s", expected, sim_console());
}

static void break_rule(const struct mmu_ops *ops)
{
	start(ops, false);
	broken = *ops;
	sim_mmu_choose(&broken, false);
}

static void sync_nothing(struct mmu_space *space)
{
	(void)space;
}

static void sync_own_only(struct mmu_space *space)
{
	mmu->activate(arch_cpu()->space, MMU_NO_HINT);
	(void)space;
}

static enum status map_ignores_existing(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	struct mmu_walk walk;
	mmu->walk(space, va, &walk);
	return walk.present ? STATUS_OK : sim_tree_ops.map(space, va, page, flags);
}

static enum status map_all_writable(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	return sim_tree_ops.map(space, va, page, flags & MMU_EXEC ? flags : flags | MMU_WRITE);
}

static enum status map_forgets_wired(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	return sim_hash_ops.map(space, va, page, flags & ~(unsigned)MMU_WIRED);
}

static bool unmap_first_only(struct mmu_space *space, struct vaddr va, uint64_t pages, uint64_t *progress)
{
	(void)pages;
	return sim_tree_ops.unmap(space, va, 1, progress);
}

static bool unmap_one_too_many(struct mmu_space *space, struct vaddr va, uint64_t pages, uint64_t *progress)
{
	return sim_tree_ops.unmap(space, va, pages + 1, progress);
}

static struct mmu_usage harvest_keeps(struct mmu_space *space, struct vaddr va)
{
	struct mmu_walk walk;
	mmu->walk(space, va, &walk);
	return (struct mmu_usage){walk.present, walk.referenced, walk.changed};
}

static void close_keeps_all(struct mmu_space *space, void (*release)(void *context, struct paddr page), void *context)
{
	(void)space, (void)release, (void)context;
}

static void walk_hides_exec(struct mmu_space *space, struct vaddr va, struct mmu_walk *walk)
{
	sim_tree_ops.walk(space, va, walk);
	walk->flags &= ~(unsigned)MMU_EXEC;
}

static void test_finds_missing_sync(void)
{
	break_rule(&sim_tree_ops);
	broken.sync = sync_nothing;
	runs_and_says("not ok mmu-sim-tree map_replaces");
}

static void test_finds_sync_of_one_cpu(void)
{
	break_rule(&sim_hash_ops);
	broken.sync = sync_own_only;
	runs_and_says("not ok mmu-sim replace_reaches_other_cpu");
	assert_non_null(strstr(sim_console(), "ok mmu-sim map_replaces"));
	assert_non_null(strstr(sim_console(), "not ok mmu-sim restriction_reaches_other_cpu"));
}

static void test_finds_map_that_does_not_replace(void)
{
	break_rule(&sim_tree_ops);
	broken.map = map_ignores_existing;
	runs_and_says("not ok mmu-sim-tree map_replaces");
}

static void test_finds_too_much_write(void)
{
	break_rule(&sim_tree_ops);
	broken.map = map_all_writable;
	runs_and_says("not ok mmu-sim-tree protection_changes");
}

static void test_finds_lost_wired(void)
{
	break_rule(&sim_hash_ops);
	broken.map = map_forgets_wired;
	runs_and_says("not ok mmu-sim wired_survive");
}

static void test_finds_short_unmap(void)
{
	break_rule(&sim_tree_ops);
	broken.unmap = unmap_first_only;
	runs_and_says("not ok mmu-sim-tree unmap_of_everything");
}

static void test_finds_long_unmap(void)
{
	break_rule(&sim_tree_ops);
	broken.unmap = unmap_one_too_many;
	runs_and_says("not ok mmu-sim-tree unmap_is_idempotent");
}

static void test_finds_harvest_that_keeps(void)
{
	break_rule(&sim_tree_ops);
	broken.harvest = harvest_keeps;
	runs_and_says("not ok mmu-sim-tree harvest");
}

static void test_finds_lost_tables(void)
{
	break_rule(&sim_tree_ops);
	broken.close = close_keeps_all;
	runs_and_says("not ok mmu-sim-tree close_gives_back");
}

static void test_finds_wrong_walk(void)
{
	break_rule(&sim_tree_ops);
	broken.walk = walk_hides_exec;
	runs_and_says("not ok mmu-sim-tree walk_agrees");
}

static const struct sim_test tests[] = {
	{"hash", test_hash},
	{"hash_with_segments", test_hash_with_segments},
	{"tree", test_tree},
	{"same_digest", test_same_digest},
	{"finds_missing_sync", test_finds_missing_sync},
	{"finds_sync_of_one_cpu", test_finds_sync_of_one_cpu},
	{"finds_map_that_does_not_replace", test_finds_map_that_does_not_replace},
	{"finds_too_much_write", test_finds_too_much_write},
	{"finds_lost_wired", test_finds_lost_wired},
	{"finds_short_unmap", test_finds_short_unmap},
	{"finds_long_unmap", test_finds_long_unmap},
	{"finds_harvest_that_keeps", test_finds_harvest_that_keeps},
	{"finds_lost_tables", test_finds_lost_tables},
	{"finds_wrong_walk", test_finds_wrong_walk},
};

int main(void)
{
	return sim_test_main("mmu", tests, ARRAY_LENGTH(tests));
}
