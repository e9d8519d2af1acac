/*
 * Comparing clocks, one CPU after the other with the boot CPU's.
 *
 *     boot CPU    asked ---------------------> answered          time of this CPU -->
 *     other CPU             value
 *
 * Teaches: nobody can read two clocks at once, but everybody can ask and wait for the answer: what the other read lies between the
 * question and the answer, or the clocks are not in step. The best of several rounds counts: a round in which one of the two was held up
 * only says less, never something wrong.
 * Who calls: cpus.c, at the barrier. Locks: none: the question and the answer are numbers that grow, each written by one side.
 * Simplified: the clocks are compared, not set: those of QEMU, like those of any recent machine, count in step from reset.
 */
#include "boot/clock.h"

#include "boot/barrier.h"
#include "core/cpu.h"

#define ROUNDS 16

/* Whose turn it is (its index), how often it was asked and has answered, and the answer. */
static uint32_t turn, asked_count, answered_count;
static uint64_t answer;

struct clock_bounds clock_bounds_none(void)
{
	return (struct clock_bounds){INT64_MIN, INT64_MAX, 0};
}

void clock_bounds_add(struct clock_bounds *bounds, uint64_t asked, uint64_t value, uint64_t answered)
{
	int64_t lower = (int64_t)(value - answered), upper = (int64_t)(value - asked);
	if (lower > bounds->lower)
		bounds->lower = lower;
	if (upper < bounds->upper)
		bounds->upper = upper;
	bounds->rounds++;
}

bool clock_in_step(const struct clock_bounds *bounds)
{
	return bounds->lower <= 0 && bounds->upper >= 0;
}

/* One question; false if no answer came. */
static bool ask(uint32_t number, uint64_t patience, struct clock_bounds *bounds)
{
	uint64_t asked = arch_time_now();
	__atomic_store_n(&asked_count, number, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&answered_count, __ATOMIC_SEQ_CST) != number) {
		if (arch_time_now() - asked > patience)
			return false;
		arch_cpu_relax();
	}
	clock_bounds_add(bounds, asked, __atomic_load_n(&answer, __ATOMIC_ACQUIRE), arch_time_now());
	return true;
}

bool clock_compare(struct cpu *other, uint64_t patience, struct clock_bounds *bounds)
{
	*bounds = clock_bounds_none();
	__atomic_store_n(&asked_count, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&answered_count, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&turn, other->index, __ATOMIC_RELEASE);
	barrier_wake(other);
	uint32_t number = 1;
	while (number <= ROUNDS && ask(number, patience, bounds))
		number++;
	__atomic_store_n(&turn, 0, __ATOMIC_RELEASE); /* the boot CPU's own: nobody's */
	return number > ROUNDS;
}

bool clock_answer(struct cpu *cpu, int64_t ahead)
{
	if (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != cpu->index)
		return false;
	for (uint32_t number = 1; number <= ROUNDS; number++) {
		while (__atomic_load_n(&asked_count, __ATOMIC_SEQ_CST) != number) {
			if (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != cpu->index)
				return false; /* it was too late, and is left out */
			arch_cpu_relax();
		}
		__atomic_store_n(&answer, arch_time_now() + (uint64_t)ahead, __ATOMIC_RELEASE);
		__atomic_store_n(&answered_count, number, __ATOMIC_SEQ_CST);
	}
	return true;
}
