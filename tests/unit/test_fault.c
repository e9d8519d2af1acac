/*
 * The fault path as a table: segment x rights x access x slot x what the machine said, and what has to come of it.
 *
 * Teaches: the whole path is a decision that depends on five things. Here every combination is tried on a real address space,
 * and the events of each must tell the same story under one flow id.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mm/aspace.h"
#include "mm/fault.h"
#include "mm/object.h"
#include "mm/page.h"
#include "sched/thread.h"

static uint32_t ignored_id; /* of the object behind a mapping */

#define RAM (32 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define RX (RIGHTS_READ | RIGHTS_EXEC)
#define BASE_PAGE (8 * MIB)
#define VIEW_PAGE (16 * TIB + 64 * PAGE_BYTES)

enum { EVENT_BEGIN = 48, EVENT_SEGMENT, EVENT_MAPPING, EVENT_SLOT, EVENT_ZERO_FILL, EVENT_END };

static struct aspace *aspace;
static struct thread thread = {.id = 7};

static void start(const struct mmu_ops *ops, bool segments)
{
	sim_start_with_pages(1, RAM);
	sim_mmu_choose(ops, segments);
	assert_int_equal(aspace_create("test", &aspace), STATUS_OK);
	thread.aspace = aspace;
	arch_cpu()->space = &aspace->space;
	mmu->activate(&aspace->space, MMU_NO_HINT);
}

static enum fault_result fault(uint64_t address, enum access access, bool protection, bool segment, enum crash_cause *cause)
{
	struct trap trap = {.kind = TRAP_FAULT,
			    .va = vaddr(address),
			    .access = access,
			    .protection = protection,
			    .segment = segment,
			    .pc = vaddr(0x1234)};
	return fault_handle(&thread, &trap, false, cause);
}

/* ---- the pure decision ---- */

static const unsigned right_for[] = {[ACCESS_LOAD] = RIGHTS_READ, [ACCESS_STORE] = RIGHTS_WRITE, [ACCESS_EXEC] = RIGHTS_EXEC};

#define FRAME UINT64_C(0x5000)
#define ZERO_FILL FAULT_ACTION_ZERO_FILL
#define MAP FAULT_ACTION_MAP
#define DIRTY FAULT_ACTION_DIRTY
#define COPY FAULT_ACTION_COPY
#define TAKE FAULT_ACTION_TAKE
#define REQUEST FAULT_ACTION_REQUEST
#define WAIT FAULT_ACTION_WAIT
#define REFUSE FAULT_ACTION_REFUSE
#define NO_PAGE FAULT_ACTION_NO_PAGE

/* What follows if the mapping allows the access: for a load or an instruction fetch, and for a store; and whether a store is let through. */
static const struct {
	enum object_kind kind;
	bool has_source, window;
	uint64_t slot;
	enum fault_action load, store;
	bool writable;
} decisions[] = {
	{OBJECT_ZERO, false, false, SLOT_ABSENT, ZERO_FILL, ZERO_FILL, true},
	{OBJECT_ZERO, false, false, FRAME | SLOT_PRESENT, MAP, MAP, true},
	{OBJECT_ZERO, false, false, FRAME | SLOT_SHARED | SLOT_PRESENT, MAP, COPY, false},
	{OBJECT_PHYSICAL, false, false, SLOT_ABSENT, NO_PAGE, NO_PAGE, true},
	{OBJECT_PHYSICAL, false, false, FRAME | SLOT_PRESENT, MAP, MAP, true},
	{OBJECT_DEVICE, false, false, SLOT_ABSENT, NO_PAGE, NO_PAGE, true},
	{OBJECT_DEVICE, false, false, FRAME | SLOT_PRESENT, MAP, MAP, true},
	{OBJECT_COPY, false, false, SLOT_ABSENT, ZERO_FILL, ZERO_FILL, true},
	{OBJECT_COPY, true, false, SLOT_ABSENT, TAKE, TAKE, true},
	{OBJECT_COPY, true, false, FRAME | SLOT_PRESENT, MAP, MAP, true},
	{OBJECT_COPY, true, false, FRAME | SLOT_SHARED | SLOT_PRESENT, MAP, COPY, false},
	{OBJECT_PROVIDER, false, false, SLOT_ABSENT, REQUEST, REQUEST, false},
	{OBJECT_PROVIDER, false, false, FRAME | SLOT_READING, WAIT, WAIT, false},
	{OBJECT_PROVIDER, false, false, FRAME | SLOT_PRESENT, MAP, DIRTY, false},
	{OBJECT_PROVIDER, false, false, FRAME | SLOT_SHARED | SLOT_PRESENT, MAP, COPY, false},
	{OBJECT_PROVIDER, false, false, FRAME | SLOT_DIRTY, MAP, MAP, true},
	{OBJECT_PROVIDER, false, false, FRAME | SLOT_WRITING, WAIT, WAIT, false},
	{OBJECT_PROVIDER, false, false, FRAME | SLOT_WANTED, WAIT, WAIT, false},
	{OBJECT_PROVIDER, false, true, SLOT_ABSENT, REFUSE, REFUSE, false},
	{OBJECT_PROVIDER, false, true, FRAME | SLOT_READING, MAP, MAP, true},
	{OBJECT_PROVIDER, false, true, FRAME | SLOT_PRESENT, REFUSE, REFUSE, false},
	{OBJECT_PROVIDER, false, true, FRAME | SLOT_DIRTY, REFUSE, REFUSE, false},
	{OBJECT_PROVIDER, false, true, FRAME | SLOT_WRITING, MAP, REFUSE, false},
	{OBJECT_PROVIDER, false, true, FRAME | SLOT_WANTED, MAP, REFUSE, false},
};

static void test_decision_table(void)
{
	static const unsigned rights[] = {RIGHTS_NONE, RIGHTS_READ, RW, RX};
	for (size_t i = 0; i < ARRAY_LENGTH(decisions) * ARRAY_LENGTH(rights) * 3; i++) {
		size_t row = i / 12;
		struct fault_question question = {
			.kind = decisions[row].kind,
			.window = decisions[row].window,
			.rights = rights[i % 4],
			.access = (enum access)(i / 4 % 3),
			.slot = decisions[row].slot,
			.has_source = decisions[row].has_source,
		};
		enum fault_action expected = question.access == ACCESS_STORE ? decisions[row].store : decisions[row].load;
		if (!(question.rights & right_for[question.access]))
			expected = FAULT_ACTION_REFUSE;
		assert_int_equal(fault_decide(&question), expected);
		assert_int_equal(fault_rights(&question),
				 decisions[row].writable ? question.rights : question.rights & ~(unsigned)RIGHTS_WRITE);
	}
}

/* ---- the whole path ---- */

/* One fault and what its events say: the ids in order, one flow, one thread. */
static void assert_story(uint64_t from, const unsigned *ids, unsigned count)
{
	uint64_t flow = 0, found = 0;
	for (uint64_t n = from; n < arch_cpu()->trace.head; n++) {
		const uint64_t *event = sim_event(0, n);
		unsigned id = TRACE_ID(event[1]);
		if (id < EVENT_BEGIN || id > EVENT_END)
			continue;
		assert_true(found < count);
		assert_int_equal(id, ids[found++]);
		assert_int_equal(event[3], 7);
		if (id == EVENT_BEGIN)
			flow = event[2];
		assert_int_equal(event[2], flow);
	}
	assert_int_equal(found, count);
}

static void try_access(uint64_t page, unsigned rights, enum access access, bool present)
{
	enum crash_cause cause = CAUSE_NULL_PAGE;
	uint64_t from = arch_cpu()->trace.head;
	bool allowed = rights & right_for[access];
	enum fault_result expected = !allowed ? FAULT_KILLED : present ? FAULT_MAPPED : FAULT_ZERO_FILLED;
	assert_int_equal(fault(page, access, present && !allowed, false, &cause), expected);
	if (!allowed)
		assert_int_equal(cause, CAUSE_NO_RIGHT);
	if (expected == FAULT_ZERO_FILLED)
		assert_story(from,
			     (unsigned[]){EVENT_BEGIN, EVENT_SEGMENT, EVENT_MAPPING, EVENT_SLOT, EVENT_ZERO_FILL, EVENT_END}, 6);
	else
		assert_story(from, (unsigned[]){EVENT_BEGIN, EVENT_SEGMENT, EVENT_MAPPING, EVENT_SLOT, EVENT_END}, 5);
	struct mmu_walk walk;
	mmu->walk(&aspace->space, vaddr(page), &walk);
	assert_int_equal(walk.present, allowed);
	assert_true(!walk.present || walk.flags == rights); /* RIGHTS_ and MMU_ are the same three bits */
	aspace_forget(aspace);
}

static void every_combination(uint64_t page)
{
	static const unsigned rights[] = {RIGHTS_NONE, RIGHTS_READ, RW, RX};
	for (size_t r = 0; r < ARRAY_LENGTH(rights); r++)
		for (unsigned access = ACCESS_LOAD; access <= ACCESS_EXEC; access++) {
			uint64_t address = page;
			assert_int_equal(aspace_map(aspace, &address, PAGE_BYTES, rights[r], &ignored_id), STATUS_OK);
			try_access(page, rights[r], (enum access)access, false);
			struct paddr frame;
			assert_int_equal(fault_populate(aspace, page, &frame), STATUS_OK);
			try_access(page, rights[r], (enum access)access, true);
			assert_int_equal(aspace_unmap(aspace, page, PAGE_BYTES), STATUS_OK);
		}
}

static void test_base_and_view(void)
{
	start(&sim_hash_ops, false);
	every_combination(BASE_PAGE);
	every_combination(VIEW_PAGE);
}

static void test_in_a_tree(void)
{
	start(&sim_tree_ops, false);
	every_combination(BASE_PAGE);
	every_combination(VIEW_PAGE);
}

/* ---- where nothing is mapped ---- */

static void test_unmapped(void)
{
	unsigned slot;
	struct vaddr top;
	start(&sim_hash_ops, false);
	assert_int_equal(aspace_stack_new(aspace, &slot, &top), STATUS_OK);
	const struct {
		uint64_t address;
		enum crash_cause cause;
	} rows[] = {
		{0, CAUSE_NULL_PAGE},
		{PAGE_BYTES - 1, CAUSE_NULL_PAGE},
		{PAGE_BYTES, CAUSE_NOT_MAPPED},
		{TIB - 1, CAUSE_NOT_MAPPED},
		{top.v, CAUSE_GUARD},
		{top.v - STACK_BYTES - 1, CAUSE_GUARD},
		{TIB, CAUSE_GUARD},                         /* slot 0 is taken, and this is its lower guard */
		{TIB + STACK_SLOT_BYTES, CAUSE_NOT_MAPPED}, /* slot 1 is not */
		{TIB + 2000 * STACK_SLOT_BYTES, CAUSE_NOT_MAPPED},
		{3 * TIB, CAUSE_NOT_MAPPED},  /* a device */
		{12 * TIB, CAUSE_NOT_MAPPED}, /* no segment */
		{16 * TIB, CAUSE_NOT_MAPPED},
		{USER_END - 1, CAUSE_NOT_MAPPED},
		{USER_END, CAUSE_KERNEL_ADDRESS},
		{UINT64_C(0x0000800000000000), CAUSE_KERNEL_ADDRESS},
		{UINT64_C(0xc000000000000000), CAUSE_KERNEL_ADDRESS},
		{UINT64_MAX, CAUSE_KERNEL_ADDRESS},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		for (unsigned access = ACCESS_LOAD; access <= ACCESS_EXEC; access++) {
			enum crash_cause cause = CAUSE_KILLED;
			assert_int_equal(fault(rows[i].address, (enum access)access, false, false, &cause), FAULT_KILLED);
			if (cause != rows[i].cause)
				fail_msg("row %zu: cause %u", i, cause);
		}
}

/* ---- segment faults ---- */

static void test_segment_fault(void)
{
	enum crash_cause cause;
	uint64_t value, address = VIEW_PAGE;
	start(&sim_hash_ops, true);
	assert_int_equal(aspace_map(aspace, &address, PAGE_BYTES, RW, &ignored_id), STATUS_OK);
	assert_int_equal(sim_mmu_access(0, vaddr(VIEW_PAGE), ACCESS_LOAD, &value), SIM_ACCESS_SEGMENT);
	uint64_t from = arch_cpu()->trace.head;
	assert_int_equal(fault(VIEW_PAGE, ACCESS_LOAD, false, true, &cause), FAULT_SEGMENT_LOADED);
	assert_story(from, (unsigned[]){EVENT_BEGIN, EVENT_SEGMENT, EVENT_END}, 3);
	assert_int_equal(sim_mmu_access(0, vaddr(VIEW_PAGE), ACCESS_LOAD, &value), SIM_ACCESS_MISSING);
	/* A segment in which nothing is mapped is not loaded, and no address beyond the user's has one. */
	assert_int_equal(fault(3 * TIB, ACCESS_LOAD, false, true, &cause), FAULT_KILLED);
	assert_int_equal(fault(UINT64_C(0xc000000000000000), ACCESS_LOAD, false, true, &cause), FAULT_KILLED);
	assert_int_equal(cause, CAUSE_KERNEL_ADDRESS);
	assert_int_equal(fault(12 * TIB, ACCESS_LOAD, false, true, &cause), FAULT_KILLED);
	assert_int_equal(cause, CAUSE_NOT_MAPPED);
}

static void test_null_segment_fault_is_a_null_fault(void)
{
	enum crash_cause cause;
	uint64_t address = BASE_PAGE, value;
	start(&sim_hash_ops, true);
	assert_int_equal(aspace_map(aspace, &address, PAGE_BYTES, RW, &ignored_id), STATUS_OK);
	/* What a program that loads from address 0 comes to, step by step, must end. */
	for (unsigned steps = 0; steps < 4; steps++) {
		enum sim_answer answer = sim_mmu_access(0, vaddr(0), ACCESS_LOAD, &value);
		assert_int_not_equal(answer, SIM_ACCESS_OK);
		enum fault_result result = fault(0, ACCESS_LOAD, false, answer == SIM_ACCESS_SEGMENT, &cause);
		if (result == FAULT_KILLED) {
			assert_int_equal(cause, CAUSE_NULL_PAGE);
			return;
		}
	}
	fail_msg("an access to address 0 faults for ever");
}

/* ---- no memory ---- */

static void test_no_memory(void)
{
	enum crash_cause cause;
	struct paddr page;
	uint64_t address = BASE_PAGE;
	start(&sim_hash_ops, false);
	assert_int_equal(aspace_map(aspace, &address, 2 * PAGE_BYTES, RW, &ignored_id), STATUS_OK);
	while (page_alloc(0, &page) == STATUS_OK)
		;
	assert_int_equal(fault(BASE_PAGE, ACCESS_STORE, false, false, &cause), FAULT_NO_MEMORY);
	assert_int_equal(cause, CAUSE_NO_MEMORY);
	aspace_check(aspace);
}

static const struct sim_test tests[] = {
	{"decision_table", test_decision_table}, {"base_and_view", test_base_and_view},
	{"in_a_tree", test_in_a_tree},           {"unmapped", test_unmapped},
	{"segment_fault", test_segment_fault},   {"null_segment_fault_is_a_null_fault", test_null_segment_fault_is_a_null_fault},
	{"no_memory", test_no_memory},
};

int main(void)
{
	return sim_test_main("fault", tests, ARRAY_LENGTH(tests));
}
