/*
 * Providers of pages on the simulated machine: who is asked how often, what becomes of those who wait, and which pages leave.
 *
 * Teaches: the same promises as user/programs/provider.c, but with every interleaving that chance finds, since here the CPUs in the kernel
 * give way to each other at locks and events (test_race.c). Cast-out is compared with a model, look by look.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/handle.h"
#include "abi/trace_enums.h"
#include "core/end.h"
#include "mm/object.h"
#include "mm/page.h"
#include "mm/request.h"
#include "sched/sched.h"

#define RAM (32 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define ANYWHERE UINT64_MAX
#define SEEDS 30
#define PAGES 16
#define WAITERS 8
#define EVENT_FAULT_BEGIN 48

static unsigned seed, reads, writes;
static uint64_t endpoint, object, window, view, fails, ends;
static uint64_t saved[PAGES]; /* the first word of each page, as the provider keeps it */

static unsigned chance(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

/* ---- the provider ---- */

static void serve(struct message *message)
{
	uint64_t page = message->word[PAGE_MESSAGE_PAGE];
	message->handle = 0;
	if (message->type == MESSAGE_PAGE_READ) {
		reads++;
		user_store(window + page * PAGE_BYTES, saved[page]);
	} else {
		writes++;
		saved[page] = user_load(window + page * PAGE_BYTES);
	}
	message->type = fails ? STATUS_IO_ERROR : REPLY_OK;
}

static void provider(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	enum status status = user_ipc(SYSCALL_ipc_receive, endpoint, &message);
	while (status == STATUS_OK) {
		if (ends)
			user_exit(0); /* it owes an answer */
		serve(&message);
		status = user_ipc(SYSCALL_ipc_reply_receive, endpoint, &message);
	}
}

static uint64_t map(uint64_t how)
{
	uint64_t address = 0;
	assert_int_equal(user_call5(SYSCALL_object_map, (uint64_t[5]){object, 0, 0, PAGES * PAGE_BYTES, how}, &address),
			 STATUS_OK);
	return address;
}

static void start_provider(void)
{
	for (unsigned page = 0; page < PAGES; page++)
		saved[page] = 1000 + page;
	assert_int_equal(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint), STATUS_OK);
	assert_int_equal(user_call5(SYSCALL_object_provide, (uint64_t[5]){endpoint, PAGES * PAGE_BYTES, 0, 1}, &object),
			 STATUS_OK);
	window = map(RW | MAP_WINDOW);
	view = map(RW);
	assert_int_not_equal(user_thread(provider, 0, ANYWHERE), 0);
}

static void remove_pages(uint64_t first, uint64_t pages, uint64_t kind)
{
	assert_int_equal(user_call5(SYSCALL_object_remove, (uint64_t[5]){object, first, pages, kind}, NULL), STATUS_OK);
}

static void finish(void)
{
	(void)!user_call(SYSCALL_process_exit, 77, 0, 0, NULL);
}

/* ---- many wait for one page ---- */

static void touches(uint64_t page)
{
	user_exit((int64_t)user_load(view + page * PAGE_BYTES));
}

/* Lets WAITERS threads touch a page, and says how many of them were killed. The others must have read the right thing. */
static unsigned killed_at(uint64_t page)
{
	uint32_t ids[WAITERS];
	unsigned killed = 0;
	int64_t value = 0;
	for (unsigned i = 0; i < WAITERS; i++)
		assert_int_not_equal(ids[i] = user_thread(touches, page, ANYWHERE), 0);
	for (unsigned i = 0; i < WAITERS; i++) {
		enum status status = user_join(ids[i], &value);
		assert_true(status == STATUS_CRASHED || (status == STATUS_OK && value == (int64_t)(1000 + page)));
		killed += status == STATUS_CRASHED;
	}
	return killed;
}

static void one_message(uint64_t argument)
{
	(void)argument;
	start_provider();
	for (unsigned page = 0; page < 4; page++) {
		assert_int_equal(killed_at(page), 0);
		assert_int_equal(reads, page + 1);
	}
	finish();
}

/* All are killed who wait for the answer; who comes later asks again, and is told the same. */
static void an_error(uint64_t argument)
{
	(void)argument;
	start_provider();
	fails = true;
	assert_int_equal(killed_at(1), WAITERS);
	fails = false;
	assert_int_equal(killed_at(1), 0);
	finish();
}

static void no_answer(uint64_t argument)
{
	(void)argument;
	start_provider();
	ends = true;
	assert_int_equal(killed_at(1), WAITERS);
	assert_int_equal(reads, 0);
	finish();
}

/* ---- pages that are dropped, saved and wanted again under each other's hands ---- */

/* Each thread has pages of its own, so it knows what they hold; the states of all change together. */
static void uses_own_pages(uint64_t number)
{
	uint64_t value[PAGES / 4];
	for (unsigned i = 0; i < ARRAY_LENGTH(value); i++)
		value[i] = 1000 + number + 4 * i;
	for (unsigned round = 0; round < 40; round++) {
		unsigned i = chance(ARRAY_LENGTH(value));
		uint64_t page = number + 4 * i;
		switch (chance(4)) {
		case 0:
			user_store(view + page * PAGE_BYTES, value[i] = chance(1000000));
			break;
		case 1:
			remove_pages(page, 1, chance(2) ? REMOVE_FLUSH : REMOVE_RELEASE);
			break;
		case 2:
			remove_pages(0, PAGES, chance(2) ? REMOVE_FLUSH : REMOVE_EVICT);
			break;
		default:
			assert_int_equal(user_load(view + page * PAGE_BYTES), value[i]);
		}
	}
	remove_pages(number, 1, REMOVE_FLUSH);
	assert_int_equal(saved[number], value[0]);
}

static void many_use_pages(uint64_t argument)
{
	uint32_t ids[4];
	(void)argument;
	start_provider();
	for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
		assert_int_not_equal(ids[i] = user_thread(uses_own_pages, i, ANYWHERE), 0);
	for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
		assert_int_equal(user_join(ids[i], NULL), STATUS_OK);
	assert_true(reads > PAGES && writes > 0);
	finish();
}

/* ---- how often a page faults ---- */

static unsigned faults_since(uint64_t from)
{
	unsigned faults = 0;
	for (uint64_t n = from; n < cpus[0].trace.head; n++) {
		const uint64_t *event = sim_event(0, n);
		assert_non_null(event); /* the ring is large enough */
		faults += TRACE_ID(event[1]) == EVENT_FAULT_BEGIN && event[7] != FAULT_KIND_SEGMENT && event[4] >= view &&
			  event[4] < view + PAGES * PAGE_BYTES;
	}
	return faults;
}

/* A store to a fresh page is one fault. After a load it is a second one: the first map was read-only, to see that it changes. */
static void stores(uint64_t argument)
{
	(void)argument;
	start_provider();
	uint64_t from = cpus[0].trace.head;
	user_store(view, 1);
	assert_int_equal(faults_since(from), 1);
	from = cpus[0].trace.head;
	assert_int_equal(user_load(view + PAGE_BYTES), 1001);
	assert_int_equal(faults_since(from), 1);
	user_store(view + PAGE_BYTES, 2);
	assert_int_equal(faults_since(from), 2);
	user_store(view + PAGE_BYTES, 3);
	assert_int_equal(faults_since(from), 2);
	finish();
}

/* ---- which pages leave ---- */

/* What a look does to a page: unused ones grow older, and leave at an age that depends on the pressure and on whether they changed. */
struct model {
	bool present, dirty, touched;
	unsigned age;
};

static void look(struct model *page, enum pressure pressure)
{
	unsigned clean_limit = pressure == PRESSURE_NORMAL ? 7 : 2;
	unsigned dirty_limit = pressure == PRESSURE_NORMAL ? 6 : 3;
	if (!page->present)
		return;
	page->age = page->touched ? 0 : page->age < 7 ? page->age + 1 : 7;
	page->touched = false;
	page->present = page->age < (page->dirty ? dirty_limit : clean_limit);
	page->dirty &= page->present;
}

static void touch(struct model *page, uint64_t address)
{
	bool store = chance(3) == 0;
	if (store)
		user_store(address, 5);
	else
		user_load(address);
	page->age = page->present ? page->age : 0;
	page->dirty |= store;
	page->present = page->touched = true;
}

static void looks(uint64_t argument)
{
	struct model pages[PAGES] = {0};
	uint64_t query = 0, word = 0, gone = 0;
	(void)argument;
	start_provider();
	assert_int_equal(user_call(SYSCALL_vm_map, 0, PAGE_BYTES, RW, &query), STATUS_OK);
	for (unsigned round = 0; round < 60; round++) {
		for (unsigned touches = chance(4); touches > 0; touches--) {
			unsigned page = chance(chance(4) ? 3 : PAGES); /* some are hot */
			touch(&pages[page], view + page * PAGE_BYTES);
		}
		enum pressure pressure = chance(8) ? PRESSURE_NORMAL : PRESSURE_CRITICAL;
		assert_int_equal(user_call(SYSCALL_memory_cast_out, pressure, 0, 0, NULL), STATUS_OK);
		assert_int_equal(user_call(SYSCALL_thread_sleep, 1000000, 0, 0, NULL),
				 STATUS_OK); /* what is saved is saved then */
		for (unsigned page = 0; page < PAGES; page++) {
			bool was_present = pages[page].present;
			look(&pages[page], pressure);
			gone += was_present && !pages[page].present;
			assert_int_equal(user_call(SYSCALL_vm_query, view + page * PAGE_BYTES, query, 0, NULL), STATUS_OK);
			word = user_load(query + offsetof(struct vm_query, state));
			assert_int_equal((uint32_t)word != SLOT_ABSENT, pages[page].present);
			assert_int_equal(pages[page].present ? word >> 32 : 0, pages[page].present ? pages[page].age : 0);
		}
	}
	assert_true(gone > 10);
	finish();
}

/* ---- every seed a machine of its own ---- */

struct setting {
	user_code *code;
	unsigned cpus;
	bool tree_only;
};

static void run_seed(unsigned number, const void *what)
{
	const struct setting *setting = what;
	seed = number * 7919;
	sim_start(setting->cpus, RAM);
	sim_mmu_choose(number % 3 && !setting->tree_only ? &sim_hash_ops : &sim_tree_ops, number % 2);
	user_run(setting->code, setting->cpus == 1 ? "ring=256" : "", number);
	if (descriptor.verdict != VERDICT_FINISHED || descriptor.exit_status != 77)
		fail_msg("seed %u: verdict %u\n%s", number, (unsigned)descriptor.verdict, sim_console());
	assert_int_equal(threads_alive(), 0);
	page_check();
	/* The slabs of two caches that are always ready, and the information page: what else is gone was lost. */
	assert_int_equal(page_total_count() - sim_free_pages(), 3);
}

static void every_seed(user_code *code, unsigned machine_cpus, bool tree_only)
{
	const struct setting setting = {code, machine_cpus, tree_only};
	sim_every_seed(SEEDS, run_seed, &setting);
}

static void test_one_message(void)
{
	every_seed(one_message, 3, false);
}

static void test_error(void)
{
	every_seed(an_error, 1, false);
}

static void test_no_answer(void)
{
	every_seed(no_answer, 3, false);
}

static void test_pages_come_and_go(void)
{
	every_seed(many_use_pages, 3, false);
}

static void test_faults_of_a_store(void)
{
	every_seed(stores, 1, true);
}

/* On the tree: the hash forgets translations, and with them that a page was used. */
static void test_cast_out(void)
{
	every_seed(looks, 1, true);
}

static const struct sim_test tests[] = {
	{"one_message", test_one_message},
	{"error", test_error},
	{"no_answer", test_no_answer},
	{"pages_come_and_go", test_pages_come_and_go},
	{"faults_of_a_store", test_faults_of_a_store},
	{"cast_out", test_cast_out},
};

int main(void)
{
	return sim_test_main("provider", tests, ARRAY_LENGTH(tests));
}
