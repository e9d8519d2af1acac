/*
 * Per-CPU data and what CPUs ask of each other.
 *
 * Teaches: the hazard word. A CPU asks another by setting a bit there and interrupting it; the other looks at the word before
 * it returns to user mode and in idle. A TLB flush is the one request that the asker waits for.
 * Who calls: the scheduler, MMU back ends, the trap path. Locks: none; hazards and generations are atomic words.
 */
#include "core/cpu.h"

#include <trace_emit.h>

#include "core/end.h"
#include "core/panic.h"
#include "mmu.h"

struct cpu cpus[MAX_CPUS];
unsigned cpus_present;
uint8_t kernel_stacks[MAX_CPUS][KERNEL_STACK_BYTES] __attribute__((aligned(4096)));

void cpu_prepare(unsigned index, uint64_t hw_id)
{
	struct cpu *cpu = &cpus[index];
	cpu->self = cpu;
	/* LAB(boot) BEGIN: What makes a CPU itself: its number here (index), the machine's number for it (hw_id), and the end of its own stack in
	 * kernel_stacks: a stack grows downwards, so a CPU begins at the byte behind its own. */
	cpu->index = index;
	cpu->hw_id = hw_id;
	cpu->stack_top = (uint64_t)(uintptr_t)&kernel_stacks[index][KERNEL_STACK_BYTES];
	/* LAB(boot) ELSE
	// So far every CPU takes itself for CPU 0, and has its stack.
	(void)hw_id;
	cpu->index = 0;
	cpu->stack_top = (uint64_t)(uintptr_t)&kernel_stacks[0][KERNEL_STACK_BYTES];
	LAB(boot) END */
	cpu->timer_next = UINT64_MAX;
}

uint64_t cpu_random(void)
{
	/* xorshift64*: George Marsaglia, "Xorshift RNGs", 2003. The state is never 0. */
	uint64_t *state = &arch_cpu()->random;
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * UINT64_C(0x2545f4914f6cdd1d)) >> 32;
}

void cpu_hazard_raise(struct cpu *cpu, uint64_t hazards)
{
	uint64_t before = __atomic_fetch_or(&cpu->hazards, hazards, __ATOMIC_ACQ_REL);
	if (cpu == arch_cpu() || (before & hazards) == hazards)
		return;
	trace_ipi_send(cpu->index, hazards);
	arch_ipi_send(cpu);
}

uint64_t cpu_new_flow(void)
{
	struct cpu *cpu = arch_cpu();
	/* In one step: an interrupt may come in between, and need one too. */
	return __atomic_add_fetch(&cpu->next_flow, 1, __ATOMIC_RELAXED) * MAX_CPUS + cpu->index;
}

void cpu_answer_flush(void)
{
	struct cpu *cpu = arch_cpu();
	uint64_t wanted = __atomic_load_n(&cpu->tlb_wanted, __ATOMIC_ACQUIRE);
	if (wanted == cpu->tlb_done)
		return;
	mmu->activate(cpu->space, MMU_NO_HINT);
	trace_tlb_flush(wanted);
	__atomic_store_n(&cpu->tlb_done, wanted, __ATOMIC_RELEASE);
}

void cpu_flush_others(uint64_t mask)
{
	ASSERT(arch_cpu()->lock_level == LOCK_NONE);
	uint64_t generation[MAX_CPUS] = {0};
	for (unsigned i = 0; i < cpus_present; i++) {
		if (!(mask >> i & 1) || &cpus[i] == arch_cpu() || !cpus[i].online)
			continue;
		generation[i] = __atomic_add_fetch(&cpus[i].tlb_wanted, 1, __ATOMIC_ACQ_REL);
		cpu_hazard_raise(&cpus[i], HAZARD_TLB);
	}
	for (unsigned i = 0; i < cpus_present; i++) {
		while (__atomic_load_n(&cpus[i].tlb_done, __ATOMIC_ACQUIRE) < generation[i]) {
			bool irqs = arch_irq_save();
			if (arch_cpu()->hazards & HAZARD_PARK) /* the run is over, and the other CPU may be parked already */
				cpu_park();
			cpu_answer_flush();
			arch_irq_restore(irqs);
			arch_cpu_relax();
		}
	}
}
