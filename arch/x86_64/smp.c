/*
 * Starting the other CPUs.
 *
 * Teaches: a CPU that is started knows nothing, not even its stack: INIT makes it wait, STARTUP makes it run real-mode code at
 * a page below 1 MiB. From there it takes the boot CPU's road (boot.S), and its own APIC number finds its struct cpu.
 * Who calls: the portable kernel on the boot CPU. Locks: trampoline_busy, a byte, for the page's bytes and its count of users.
 * The invariant: a CPU that was told to start finds the trampoline, however late it comes: the page's own bytes come back only
 * when each of them has passed, and the page is never given to anyone (multiboot.c reserves the first MiB).
 * No stack or variable is shared between CPUs that start, so several may at once, and one that never comes holds up nobody.
 * QEMU: INIT and STARTUP may follow each other at once; real processors want 10 ms between them, and a second STARTUP.
 * Intel SDM 3A 8.4 (multiple-processor initialization).
 */
#include "x86.h"

#define APIC_IDS 256

/* Where boot_cpu_start_64 looks itself up. */
struct cpu *boot_cpu_of_apic[APIC_IDS];

/*
 * QEMU 7.2 under icount counts a CPU's whole turn as executed when INIT resets it in the middle, so the clock jumps to the next
 * moment at which any timer is due: tens of milliseconds. A timer that is due in a moment makes it a small jump.
 */
#define JUMPS_PER_SECOND 50000

static uint8_t saved[PAGE_BYTES];
static unsigned users; /* CPUs told to start that have not left the trampoline */
static uint8_t trampoline_busy;

static void copy(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

/* Takes the lock; irqs must be off until it is given back. */
static void trampoline_lock(void)
{
	while (__atomic_test_and_set(&trampoline_busy, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
}

static void trampoline_unlock(void)
{
	__atomic_clear(&trampoline_busy, __ATOMIC_RELEASE);
}

enum status arch_cpu_start(struct cpu *cpu)
{
	if (cpu->hw_id >= APIC_IDS || boot_cpu_of_apic[cpu->hw_id])
		return STATUS_NOT_FOUND;
	void *page = arch_phys_to_virt(paddr(TRAMPOLINE_PADDR));
	boot_cpu_of_apic[cpu->hw_id] = cpu;
	bool irqs = arch_irq_save();
	trampoline_lock();
	if (users++ == 0) {
		copy(saved, page, boot_trampoline_bytes);
		copy(page, boot_trampoline, boot_trampoline_bytes);
	}
	trampoline_unlock();
	arch_irq_restore(irqs);
	arch_timer_set(arch_time_now() + arch_time_hz() / JUMPS_PER_SECOND);
	apic_command(cpu->hw_id, APIC_COMMAND_INIT);
	apic_command(cpu->hw_id, APIC_COMMAND_STARTUP | TRAMPOLINE_PADDR / PAGE_BYTES);
	return STATUS_OK;
}

void trampoline_leave(void)
{
	trampoline_lock();
	if (--users == 0)
		copy(arch_phys_to_virt(paddr(TRAMPOLINE_PADDR)), saved, boot_trampoline_bytes);
	trampoline_unlock();
}
