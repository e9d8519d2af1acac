/*
 * Starting the other CPUs.
 *
 * Teaches: a CPU that is started knows nothing, not even its stack: INIT makes it wait, STARTUP makes it run real-mode code at
 * a page below 1 MiB (trampoline.S). That page is somebody else's, so it is only borrowed: its bytes are saved and come back.
 * Who calls: the portable kernel on the boot CPU; boot.S on the CPU that starts, on the boot stack.
 * Locks: boot_lock, held by all callers, for the boot stack, the page's bytes and who is on the way. A CPU that starts takes it in
 * boot.S, before it has a stack, so several may start at once and come up one by one.
 * The invariant: a CPU that was told to start finds the trampoline, however late it comes, until arch_cpu_start_end(); the
 * page's own bytes come back when the last of them has passed, or then. The page is never given to anyone (boot.c reserves the
 * first MiB).
 * QEMU: INIT and STARTUP may follow each other at once; real processors want 10 ms between them, and a second STARTUP.
 * Intel SDM 3A 8.4 (multiple-processor initialization).
 */
#include "boot/starting.h"
#include "core/panic.h"
#include "x86.h"

#define APIC_IDS 256

/* Who is on the way: told to start, and not yet past the trampoline. By APIC number. */
static struct cpu *starting[APIC_IDS];
static unsigned starting_count;

/*
 * QEMU 7.2 under icount counts a CPU's whole turn as executed when INIT resets it in the middle, so the clock jumps to the next
 * moment at which any timer is due: tens of milliseconds. A timer that is due in a moment makes it a small jump.
 */
#define JUMPS_PER_SECOND 50000

/* How long a CPU may take to notice INIT. */
#define STOPS_PER_SECOND 10000

/* What trampoline.S reads out of the page; it lays this down. */
struct trampoline_words {
	uint32_t root, cr4;
	uint32_t long_mode;
	uint16_t selector;
	uint16_t gdt_limit;
	uint32_t gdt;
};

static uint8_t saved[PAGE_BYTES];

static void copy(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

static void trampoline_put(void)
{
	uint8_t *page = arch_phys_to_virt(paddr(TRAMPOLINE_PADDR));
	copy(saved, page, boot_trampoline_bytes);
	copy(page, boot_trampoline, boot_trampoline_bytes);
	struct trampoline_words *words = (struct trampoline_words *)(page + boot_trampoline_words);
	words->root = boot_root;
	words->cr4 = boot_cr4;
	words->long_mode += TRAMPOLINE_PADDR;
	words->gdt += TRAMPOLINE_PADDR;
}

static void trampoline_take_back(void)
{
	copy(arch_phys_to_virt(paddr(TRAMPOLINE_PADDR)), saved, boot_trampoline_bytes);
}

enum status arch_cpu_start(struct cpu *cpu)
{
	ASSERT(start_state((unsigned)(cpu - cpus)) == CPU_STARTING);
	if (cpu->hw_id >= APIC_IDS || cpu->hw_id == arch_cpu()->hw_id)
		return STATUS_NOT_FOUND;
	if (starting_count++ == 0)
		trampoline_put();
	starting[cpu->hw_id] = cpu;
	if (cpu->fails == CPU_FAILS_BEFORE_LOCK)
		boot_deaf_apic = (uint32_t)cpu->hw_id;
	arch_timer_set(arch_time_now() + arch_time_hz() / JUMPS_PER_SECOND);
	apic_command(cpu->hw_id, APIC_COMMAND_INIT);
	apic_command(cpu->hw_id, APIC_COMMAND_STARTUP | TRAMPOLINE_PADDR / PAGE_BYTES);
	return STATUS_OK;
}

struct cpu *cpu_arrive(uint64_t hw_id)
{
	struct cpu *cpu = hw_id < APIC_IDS ? starting[hw_id] : NULL;
	if (!cpu)
		return NULL;
	starting[hw_id] = NULL;
	if (--starting_count == 0)
		trampoline_take_back();
	return cpu;
}

/*
 * Those that are missing get INIT, and stand still with it: then nobody needs the trampoline, nor what the boot tables map 1:1. One
 * that was refused in boot.S stands still already, in the image's window (QEMU 7.2: HLT with interrupts off sleeps through INIT).
 */
void arch_cpu_start_end(void)
{
	for (unsigned id = 0; id < APIC_IDS && starting_count; id++) {
		if (!starting[id])
			continue;
		starting[id] = NULL;
		apic_command(id, APIC_COMMAND_INIT);
		uint64_t stopped = arch_time_now() + arch_time_hz() / STOPS_PER_SECOND;
		while (arch_time_now() < stopped)
			arch_cpu_relax();
		if (--starting_count == 0)
			trampoline_take_back();
	}
	boot_root4[0] = 0;
	boot_root5[0] = 0;
}
