/*
 * How a run ends, and how the host learns of it.
 *
 * Teaches: an exit code cannot tell success from a machine that reset itself, so the verdict is left in memory, on the one page
 * that tools can find without symbols: the debug descriptor (abi/descriptor.h). It is written before power goes off.
 * Who calls: the scheduler (last thread gone, deadlock, budget), panic, boot. Locks: none.
 */
#include "core/end.h"

#include <build_id.h>
#include <trace_emit.h>

#include "boot/information.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "core/print.h"
#include "core/string.h"
#include "mm/inject.h"

/* How often a CPU looks whether the others have parked, before it gives them up. */
#define PARK_LOOKS 100000

struct descriptor descriptor __attribute__((aligned(4096))) = {
	.eyecatcher = DESCRIPTOR_EYECATCHER,
	.byte_order = DESCRIPTOR_BYTE_ORDER,
	.schema_hash = TRACE_SCHEMA_HASH,
	.build_id = BUILD_ID,
};

static uint32_t ending;
static uint32_t parked;

static void copy_text(char *to, size_t room, const char *from)
{
	size_t length = min_u64(strlen(from), room - 1);
	memcpy(to, from, length);
	to[length] = 0;
}

void descriptor_add(const char *label, const void *first, uint64_t bytes, uint64_t count, uint64_t stride)
{
	ASSERT(descriptor.entries < DESCRIPTOR_ENTRIES_MAX);
	struct descriptor_entry *entry = &descriptor.entry[descriptor.entries];
	copy_text(entry->label, sizeof(entry->label), label);
	entry->paddr = arch_virt_to_phys(first).p;
	entry->bytes = bytes;
	entry->count = count;
	entry->stride = stride;
	__atomic_store_n(&descriptor.entries, descriptor.entries + 1, __ATOMIC_RELEASE);
}

void descriptor_init(const struct boot_info *boot, const char *program, uint64_t seed)
{
	copy_text(descriptor.machine, sizeof(descriptor.machine), boot->machine);
	copy_text(descriptor.program, sizeof(descriptor.program), program);
	descriptor.seed = seed;
	descriptor.boot_ticks = arch_time_now();
	descriptor.stack_bytes = KERNEL_STACK_BYTES;
	descriptor.direct_offset = (uint64_t)(uintptr_t)arch_phys_to_virt(boot->ram[0].base) - boot->ram[0].base.p;
	descriptor.image_offset = (uint64_t)(uintptr_t)&descriptor - arch_virt_to_phys(&descriptor).p;
	descriptor_add("kernel-log", kernel_log, sizeof(kernel_log), 1, 0);
	descriptor_add("kernel-log-end", &kernel_log_end, sizeof(kernel_log_end), 1, 0);
	descriptor_add("cpus", cpus, sizeof(struct cpu), cpus_present, sizeof(struct cpu));
}

/* The deepest a kernel stack ever was: how much of it is no longer as it was filled at boot. */
static uint64_t stack_bytes_used(void)
{
	uint64_t deepest = 0;
	for (unsigned i = 0; i < cpus_present; i++) {
		uint64_t untouched = 0;
		while (untouched < KERNEL_STACK_BYTES && kernel_stacks[i][untouched] == 0)
			untouched++;
		deepest = max_u64(deepest, KERNEL_STACK_BYTES - untouched);
	}
	return deepest;
}

void cpu_park(void)
{
	arch_irq_save();
	__atomic_add_fetch(&parked, 1, __ATOMIC_ACQ_REL);
	arch_cpu_halt();
}

static void park_others(void)
{
	unsigned others = 0;
	for (unsigned i = 0; i < cpus_present; i++) {
		if (!cpus[i].online || &cpus[i] == arch_cpu())
			continue;
		cpu_hazard_raise(&cpus[i], HAZARD_PARK);
		others++;
	}
	for (unsigned looks = 0; looks < PARK_LOOKS && __atomic_load_n(&parked, __ATOMIC_ACQUIRE) < others; looks++)
		arch_cpu_relax();
}

static const char *verdict_text(enum verdict verdict)
{
#define VERDICT_TEXT(name, number, text) text,
	static const char *const texts[] = {VERDICTS(VERDICT_TEXT)};
#undef VERDICT_TEXT
	return texts[verdict];
}

void run_end(enum verdict verdict, int64_t status)
{
	arch_irq_save();
	bool ended_already = __atomic_exchange_n(&ending, 1, __ATOMIC_ACQ_REL);
	if (ended_already && verdict == VERDICT_PANIC)
		arch_power_off(false); /* the end itself went wrong: panic has left its verdict */
	if (ended_already)
		cpu_park();
	park_others();
	const char *damage = information_damage();
	if (damage && verdict != VERDICT_PANIC) {
		kprintf("PANIC: the information page was written after it was finished; wrong: %s\n", damage);
		verdict = VERDICT_PANIC;
	}
	descriptor.stack_bytes_used = (uint32_t)stack_bytes_used();
	trace_kernel_stack(descriptor.stack_bytes_used, KERNEL_STACK_BYTES);
	trace_run_end(verdict, (uint64_t)status);
	inject_report(verdict);
	if (verdict != VERDICT_FINISHED)
		kprintf("run ended: %s\n", verdict_text(verdict));
	else if (status)
		kprintf("run ended: exit status %ld\n", (long)status);
	descriptor.exit_status = (uint64_t)status;
	__atomic_store_n(&descriptor.verdict, verdict, __ATOMIC_RELEASE);
	arch_power_off(verdict == VERDICT_FINISHED && status == 0);
}
