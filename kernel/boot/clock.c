/*
 * Comparing clocks, one CPU after the other with the boot CPU's.
 *
 *     boot CPU    asked ---------------------> answered          time of this CPU -->
 *     other CPU             value
 *
 * Teaches: nobody can read two clocks at once, but everybody can ask and wait for the answer: what the other read lies between the
 * question and the answer, or the clocks are not in step. The best of several rounds counts: a round in which one of the two was held up
 * only says less, never something wrong.
 * Who calls: cpus.c, at the barrier. Locks: none: each side writes what is its own. The question names whom it is for, and each CPU answers in a
 * place of its own with the question beside the value; so what a CPU says too late is nobody's answer.
 * Simplified: the clocks are compared, not set: those of QEMU, like those of any recent machine, count in step from reset.
 */
#include "boot/clock.h"

#include "boot/barrier.h"
#include "core/cpu.h"

#define ROUNDS 16

/*
 * The question at hand, written by the boot CPU, which nobody asks:
 *
 *     31            8 7            0
 *    +---------------+--------------+
 *    |  CPU's index  |  the round   |     0: nobody is asked; round 0: the CPU is to answer from the next on
 *    +---------------+--------------+
 */
#define QUESTION(index, round) ((uint32_t)(index) << 8 | (round))
static uint32_t question;

/* What each CPU answered last, and to which question. */
static struct {
	uint64_t value;
	uint32_t question;
} answers[MAX_CPUS];

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

/* Spins, since the answer comes at once as a rule; one that has not come after a millisecond says little, and may never come: then CPU 0 sleeps. */
static void wait_for_answer(uint64_t asked)
{
	uint64_t now = arch_time_now(), ms = arch_time_hz() / 1000;
	if (now - asked < ms) {
		arch_cpu_relax();
		return;
	}
	arch_timer_set(now + ms);
	arch_cpu_idle();
}

/* One question; false if no answer came. */
static bool ask(const struct cpu *other, uint32_t round, uint64_t patience, struct clock_bounds *bounds)
{
	uint64_t asked = arch_time_now();
	__atomic_store_n(&question, QUESTION(other->index, round), __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&answers[other->index].question, __ATOMIC_SEQ_CST) != QUESTION(other->index, round)) {
		if (arch_time_now() - asked > patience)
			return false;
		wait_for_answer(asked);
	}
	clock_bounds_add(bounds, asked, __atomic_load_n(&answers[other->index].value, __ATOMIC_ACQUIRE), arch_time_now());
	return true;
}

bool clock_compare(struct cpu *other, uint64_t patience, struct clock_bounds *bounds)
{
	*bounds = clock_bounds_none();
	__atomic_store_n(&question, QUESTION(other->index, 0), __ATOMIC_RELEASE);
	barrier_wake(other);
	uint32_t round = 1;
	while (round <= ROUNDS && ask(other, round, patience, bounds))
		round++;
	__atomic_store_n(&question, 0, __ATOMIC_RELEASE);
	return round > ROUNDS;
}

/* Waits for this round's question to the CPU. False if others are asked by now: it was too late, and is left out. */
static bool wait_for_question(const struct cpu *cpu, uint32_t round)
{
	for (;;) {
		uint32_t now = __atomic_load_n(&question, __ATOMIC_SEQ_CST);
		if (now == QUESTION(cpu->index, round))
			return true;
		if (now != QUESTION(cpu->index, round - 1))
			return false;
		arch_cpu_relax();
	}
}

bool clock_answer(struct cpu *cpu, int64_t ahead)
{
	uint32_t now = __atomic_load_n(&question, __ATOMIC_ACQUIRE);
	if (now != QUESTION(cpu->index, 0) && now != QUESTION(cpu->index, 1))
		return false;
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		if (!wait_for_question(cpu, round))
			return false;
		__atomic_store_n(&answers[cpu->index].value, arch_time_now() + (uint64_t)ahead, __ATOMIC_RELEASE);
		__atomic_store_n(&answers[cpu->index].question, QUESTION(cpu->index, round), __ATOMIC_SEQ_CST);
	}
	return true;
}
