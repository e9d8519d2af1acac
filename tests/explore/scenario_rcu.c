/*
 * RCU, explored: nothing is freed while a CPU that may have found it is in the kernel, and everything is freed in the end.
 *
 *     CPU 0   takes the item away, rcu_call       CPU 1   looks it up, uses it       CPU 2   takes another away, or is idle
 *
 * Teaches: the promise, held against every order of steps. At pre_free the item notes which CPUs are in the kernel; each is struck off when it
 * passes a quiescent state; at free none may be left. A reader looks into what it has found, so an item freed too early is also seen.
 * Who calls: the search. Whom: the kernel as it is: rcu.c, and the scheduler's way out to user mode and to idle.
 */
#include "scenarios.h"

#include "core/cpu.h"
#include "core/rcu.h"

#define ITEMS 4

struct item {
	struct rcu_head rcu;
	uint32_t holding; /* CPUs that were in the kernel at pre_free and have passed no quiescent state since */
	bool left, freed;
};

static struct item items[ITEMS];
static struct item *found_here[ITEMS]; /* what is not taken away yet */
static uint64_t endpoint;

static unsigned number_of(const struct item *item)
{
	return (unsigned)(item - items);
}

/* ---- the promise ---- */

static void pre_free(struct rcu_head *head)
{
	struct item *item = container_of(head, struct item, rcu);
	for (unsigned i = 0; i < cpus_present; i++)
		if (!explore_follows_nothing(i))
			item->holding |= UINT32_C(1) << i;
	item->left = true;
}

static void free_item(struct rcu_head *head)
{
	struct item *item = container_of(head, struct item, rcu);
	if (item->freed)
		explore_fail("item %u is freed a second time", number_of(item));
	if (item->holding)
		explore_fail(
			"item %u is freed, but CPU %u was in the kernel when it was given up and has passed no quiescent state",
			number_of(item), (unsigned)__builtin_ctz(item->holding));
	item->freed = true;
}

static void is_quiescent(unsigned cpu)
{
	for (unsigned i = 0; i < ITEMS; i++)
		items[i].holding &= ~(UINT32_C(1) << cpu);
}

/* ---- what threads do in the kernel ---- */

static uint64_t give_up(uint64_t number)
{
	static const struct rcu_class class = {RCU_OBJECT, pre_free, free_item};
	struct item *item = __atomic_exchange_n(&found_here[number], NULL, __ATOMIC_ACQ_REL);
	rcu_call(&item->rcu, &class, (uint32_t)number + 1);
	return 0;
}

static uint64_t look_at(uint64_t number)
{
	const struct item *item = __atomic_load_n(&found_here[number], __ATOMIC_ACQUIRE);
	if (!item)
		return 0;
	if (__atomic_load_n(&item->freed, __ATOMIC_ACQUIRE))
		explore_fail("CPU %u has found item %lu, and it was freed under its hands", arch_cpu()->index,
			     (unsigned long)number);
	return 1;
}

/* ---- three CPUs ---- */

static void gives_up(uint64_t number)
{
	explore_begin();
	explore_kernel(give_up, number);
	explore_done();
}

static void looks(uint64_t number)
{
	explore_begin();
	explore_kernel(look_at, number);
	explore_done();
}

static void looks_and_sleeps(uint64_t number)
{
	struct message message = {0};
	explore_begin();
	explore_kernel(look_at, number);
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_receive, endpoint, &message) != STATUS_OK);
	explore_done();
}

static void wakes_up_and_looks(uint64_t number)
{
	struct message message = {0};
	explore_begin();
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_receive, endpoint, &message) == STATUS_OK);
	explore_kernel(look_at, number);
	explore_done();
}

static void prepare(void)
{
	explore_stay(0);
	for (unsigned i = 0; i < ITEMS; i++)
		found_here[i] = &items[i];
	EXPLORE_EXPECT(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint) == STATUS_OK);
}

void rcu_pair_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(looks, 0, 1 << 1);
	gives_up(0);
}

void rcu_twice_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(looks, 0, 1 << 1);
	explore_begin();
	explore_kernel(give_up, 0);
	explore_kernel(give_up, 1);
	explore_done();
}

/* A CPU that was idle is not, once it has a thread again. */
void rcu_sleeper_code(uint64_t argument)
{
	struct message message = {.type = 1};
	(void)argument;
	prepare();
	user_thread(wakes_up_and_looks, 0, 1 << 1);
	explore_begin();
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_send, endpoint, &message) == STATUS_OK);
	explore_kernel(give_up, 0);
	explore_done();
}

void rcu_readers_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(looks, 0, 1 << 1);
	user_thread(looks_and_sleeps, 0, 1 << 2);
	gives_up(0);
}

void rcu_writers_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(gives_up, 1, 1 << 1);
	user_thread(looks_and_sleeps, 0, 1 << 2);
	gives_up(0);
}

void rcu_moved(unsigned cpu)
{
	if (explore_follows_nothing(cpu))
		is_quiescent(cpu);
}

void rcu_ended(void)
{
	for (unsigned i = 0; i < ITEMS; i++)
		if (items[i].left && !items[i].freed)
			explore_fail("item %u is never freed", i);
	if (rcu_started() != rcu_completed())
		explore_fail("grace period %lu never ends", (unsigned long)rcu_started());
	EXPLORE_EXPECT(rcu_waiting() == 0);
}
