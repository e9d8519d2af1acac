/*
 * RCU on bare simulated CPUs: who is waited for and who is not, what shares a period, what is called and when.
 *
 * Teaches: a grace period is a promise to every reader that was there when something was unlinked. The last test keeps its own books of
 * who was in the kernel at each rcu_call, lets CPUs come and go by chance, and holds every free against them.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "core/poison.h"
#include "mm/cache.h"
#include "obj/kobj.h"

#define CPUS 4
#define THINGS 64

struct thing {
	struct rcu_head rcu;
	unsigned gone;    /* pre_free was called so often */
	unsigned freed;   /* and free */
	uint64_t readers; /* CPUs that were in the kernel at its rcu_call and have not been quiescent since */
	unsigned order;   /* the how manieth to be freed */
	bool calls;       /* its free gives up the next one */
};

static struct thing things[THINGS];
static unsigned freed_count;
static const struct rcu_class thing_class;

static void thing_pre_free(struct rcu_head *head)
{
	struct thing *thing = container_of(head, struct thing, rcu);
	assert_int_equal(thing->freed, 0);
	thing->gone++;
}

static void thing_free(struct rcu_head *head)
{
	struct thing *thing = container_of(head, struct thing, rcu);
	assert_int_equal(thing->gone, 1);
	assert_int_equal(thing->readers, 0);
	assert_true(arch_irq_enabled());
	thing->freed++;
	thing->order = ++freed_count;
	if (thing->calls)
		rcu_call(&thing[1].rcu, &thing_class, 0);
}

static const struct rcu_class thing_class = {RCU_OBJECT, thing_pre_free, thing_free};

static void call(unsigned cpu, struct thing *thing)
{
	sim_cpu_set(cpu);
	rcu_call(&thing->rcu, &thing_class, (uint32_t)(thing - things));
}

/* The CPU looks at its hazards on the way out, or in idle, as the scheduler does. Whether there was something about RCU. */
static bool look(unsigned cpu, enum quiescent_cause cause)
{
	sim_cpu_set(cpu);
	bool irqs = arch_irq_save();
	bool asked = __atomic_fetch_and(&cpus[cpu].hazards, ~(uint64_t)HAZARD_RCU, __ATOMIC_ACQ_REL) & HAZARD_RCU;
	if (asked)
		rcu_quiescent(cause);
	arch_irq_restore(irqs);
	rcu_check();
	return asked;
}

static void start(unsigned count)
{
	sim_start(count, MIB);
	memset(things, 0, sizeof(things));
	freed_count = 0;
}

static void test_alone(void)
{
	start(1);
	call(0, &things[0]);
	assert_int_equal(things[0].gone, 1);
	assert_int_equal(things[0].freed, 0);
	assert_int_equal(rcu_waiting(), 1);
	assert_true(look(0, QUIESCENT_USER));
	assert_int_equal(things[0].freed, 1);
	assert_int_equal(rcu_waiting(), 0);
	assert_int_equal(rcu_completed(), 1);
	assert_false(look(0, QUIESCENT_USER)); /* nothing more is asked for */
}

static void test_reader_holds_it_up(void)
{
	start(3);
	call(0, &things[0]);
	look(0, QUIESCENT_USER);
	assert_int_equal(rcu_started(), 1);
	for (unsigned i = 0; i < 5; i++) {
		assert_false(look(0, QUIESCENT_USER)); /* its own has passed */
		assert_int_equal(things[0].freed, 0);
	}
	assert_true(look(2, QUIESCENT_USER));
	assert_int_equal(things[0].freed, 0);
	assert_true(look(1, QUIESCENT_IDLE));
	assert_int_equal(rcu_completed(), 1);
	assert_int_equal(things[0].freed, 0); /* it is CPU 0's to free */
	assert_true(look(0, QUIESCENT_USER));
	assert_int_equal(things[0].freed, 1);
}

/* Neither a CPU that sleeps nor one that never came up is waited for; and the sleeper is not woken. */
static void test_asleep_and_absent(void)
{
	start(4);
	cpus[1].idle = true;
	cpus[2].online = false;
	unsigned ipis = sim_ipis(1) + sim_ipis(2);
	call(0, &things[0]);
	look(0, QUIESCENT_USER);
	assert_int_equal(things[0].freed, 0);
	look(3, QUIESCENT_USER);
	look(0, QUIESCENT_USER);
	assert_int_equal(things[0].freed, 1);
	assert_int_equal(sim_ipis(1) + sim_ipis(2), ipis);
	assert_true(sim_ipis(3) > 0); /* it may have been computing for ever */
}

/* What comes while a period runs may have been seen by those it no longer waits for: it gets a later one, together with others. */
static void test_late_ones_share_the_next(void)
{
	start(3);
	call(0, &things[0]);
	look(0, QUIESCENT_USER);
	call(1, &things[1]);
	call(2, &things[2]);
	look(1, QUIESCENT_USER); /* asks for the second, in the middle of the first */
	look(2, QUIESCENT_USER); /* ends the first, begins the second, and asks for no other */
	assert_int_equal(rcu_completed(), 1);
	assert_int_equal(rcu_started(), 2);
	look(1, QUIESCENT_USER);
	assert_int_equal(freed_count, 0);
	look(0, QUIESCENT_USER);
	assert_int_equal(things[0].freed, 1);
	assert_int_equal(rcu_completed(), 2);
	look(1, QUIESCENT_USER);
	look(2, QUIESCENT_USER);
	assert_int_equal(things[1].freed, 1);
	assert_int_equal(things[2].freed, 1);
	assert_int_equal(rcu_started(), 2);
}

/* In the order they came; and what a free gives up waits for a period of its own. */
static void test_order_and_chains(void)
{
	start(1);
	things[10].calls = true;
	for (unsigned i = 0; i < 11; i++)
		call(0, &things[i]);
	look(0, QUIESCENT_USER);
	for (unsigned i = 0; i < 11; i++)
		assert_int_equal(things[i].order, i + 1);
	assert_int_equal(things[11].gone, 1);
	assert_int_equal(things[11].freed, 0);
	assert_true(look(0, QUIESCENT_USER));
	assert_int_equal(things[11].freed, 1);
	assert_int_equal(rcu_completed(), 2);
}

static void test_pile(void)
{
	static struct thing many[2000];
	start(2);
	memset(many, 0, sizeof(many));
	for (unsigned i = 0; i < ARRAY_LENGTH(many); i++) {
		assert_int_equal(rcu_is_piled_up(&cpus[0]), i > 1024);
		sim_cpu_set(0);
		rcu_call(&many[i].rcu, &thing_class, 0);
	}
	look(0, QUIESCENT_USER);
	assert_true(rcu_is_piled_up(&cpus[0]) && !rcu_is_piled_up(&cpus[1]));
	look(1, QUIESCENT_USER);
	look(0, QUIESCENT_USER);
	assert_false(rcu_is_piled_up(&cpus[0]));
	assert_int_equal(freed_count, ARRAY_LENGTH(many));
}

/* ---- what is refused ---- */

static void call_twice(void *thing)
{
	rcu_call(&((struct thing *)thing)->rcu, &thing_class, 7);
}

static void test_twice(void)
{
	start(1);
	call(0, &things[0]);
	assert_true(sim_catch(call_twice, &things[0]));
	assert_non_null(strstr(sim_console(), "on its way already"));
}

/* A kernel object in memory that was freed by a callback, and then used. */
struct object {
	struct kobj kobj;
	uint64_t more[4];
};
static struct cache objects = CACHE(struct object);
static struct object *object;

static void object_is_freed(struct rcu_head *head)
{
	cache_free(&objects, container_of(head, struct object, kobj.rcu));
}

static void use(void *kobj)
{
	kobj_get(kobj);
}

static void free_one(void)
{
	static const struct rcu_class class = {RCU_OBJECT, NULL, object_is_freed};
	void *memory;
	sim_start_with_pages(1, MIB);
	for (unsigned i = 0; i < 2; i++) { /* one more, so that the slab stays */
		assert_int_equal(cache_alloc(&objects, &memory), STATUS_OK);
		object = memory;
		kobj_init(&object->kobj, KOBJ_OBJECT);
	}
	rcu_call(&object->kobj.rcu, &class, 1);
	look(0, QUIESCENT_USER);
}

static void test_use_after_free(void)
{
	free_one();
	assert_true(sim_catch(use, &object->kobj));
	assert_non_null(strstr(sim_console(), "was freed after grace period 1, which should have waited"));
}

static void allocate(void *unused)
{
	void *memory;
	(void)unused;
	DISCARD(cache_alloc(&objects, &memory), "it is to panic");
}

static void test_write_after_free(void)
{
	free_one();
	object->more[2] = 5;
	assert_true(sim_catch(allocate, NULL));
	assert_non_null(strstr(sim_console(), "was written after it was freed"));
	assert_non_null(strstr(sim_console(), "grace period 1"));
}

/* ---- by chance ---- */

/* What a CPU is at: in the kernel it may hold pointers; asleep it wakes by itself, or when something is asked of it. */
static void step(unsigned cpu, unsigned *seed, unsigned *next)
{
	unsigned what = (unsigned)rand_r(seed) % 4;
	if (cpus[cpu].idle) {
		if (what == 0 || cpus[cpu].hazards)
			cpus[cpu].idle = false;
	} else if (what == 0 && *next < THINGS) {
		struct thing *thing = &things[(*next)++];
		for (unsigned i = 0; i < CPUS; i++)
			if (!cpus[i].idle)
				thing->readers |= UINT64_C(1) << i;
		call(cpu, thing);
	} else if (what < 3) { /* it leaves the kernel, and comes back at once */
		for (unsigned i = 0; i < THINGS; i++)
			things[i].readers &= ~(UINT64_C(1) << cpu);
		look(cpu, QUIESCENT_USER);
	} else if (!cpus[cpu].hazards) {
		for (unsigned i = 0; i < THINGS; i++)
			things[i].readers &= ~(UINT64_C(1) << cpu);
		cpus[cpu].idle = true;
	}
}

static void run_by_chance(unsigned seed, const void *what)
{
	unsigned next = 0, steps = 0;
	(void)what;
	start(CPUS);
	while (freed_count < THINGS) {
		step((unsigned)rand_r(&seed) % CPUS, &seed, &next);
		assert_true(++steps < 100000);
	}
	assert_int_equal(rcu_waiting(), 0);
	for (unsigned i = 0; i < THINGS; i++)
		assert_int_equal(things[i].freed, 1);
}

static void test_by_chance(void)
{
	sim_every_seed(200, run_by_chance, NULL);
}

static const struct sim_test tests[] = {
	{"alone", test_alone},
	{"reader_holds_it_up", test_reader_holds_it_up},
	{"asleep_and_absent", test_asleep_and_absent},
	{"late_ones_share_the_next", test_late_ones_share_the_next},
	{"order_and_chains", test_order_and_chains},
	{"pile", test_pile},
	{"twice", test_twice},
	{"use_after_free", test_use_after_free},
	{"write_after_free", test_write_after_free},
	{"by_chance", test_by_chance},
};

int main(void)
{
	return sim_test_main("rcu", tests, ARRAY_LENGTH(tests));
}
