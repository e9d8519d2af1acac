/*
 * boot_lock.
 *
 *     boot CPU    held from the start ... all others told to start, given back
 *     any other   waits for it, gets ready, gives it back ... the next one
 *
 * Teaches: why CPUs get ready one by one although they are started together: before it has data and a stack of its own a CPU
 * shares what it runs on.
 * Who calls: cpus.c, starting.c. A CPU that starts takes the lock in the machine's entry code, which has no stack yet. Locks:
 * this is one, and the only one that may be taken without a struct cpu; irqs are off.
 * The invariant: boot_lock lies in initialised data, so a CPU may look at it before the boot CPU has cleared .bss. Only who
 * has it lets go of it.
 */
#include "boot/boot_lock.h"

#include <trace_emit.h>

#include "abi/trace_enums.h"
#include "core/cpu.h"
#include "core/panic.h"

uint32_t boot_lock = 1;
static unsigned holder; /* as boot_lock_holder() says */

static bool lock_try(void)
{
	return !__atomic_load_n(&boot_lock, __ATOMIC_RELAXED) && !__atomic_exchange_n(&boot_lock, 1, __ATOMIC_ACQUIRE);
}

bool boot_lock_take_within(uint64_t ticks)
{
	uint64_t since = arch_time_now();
	while (!lock_try()) {
		if (arch_time_now() - since > ticks)
			return false;
		arch_cpu_relax();
	}
	return true;
}

void boot_lock_hold(void)
{
	__atomic_store_n(&holder, arch_cpu()->index, __ATOMIC_RELAXED);
}

unsigned boot_lock_holder(void)
{
	return __atomic_load_n(&holder, __ATOMIC_RELAXED);
}

void boot_lock_check(void)
{
	ASSERT(boot_lock_holder() != arch_cpu()->index || __atomic_load_n(&boot_lock, __ATOMIC_RELAXED));
}

static void check_holder(void)
{
	ASSERT(boot_lock_holder() == arch_cpu()->index);
	boot_lock_check();
}

static void let_go(void)
{
	__atomic_store_n(&holder, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&boot_lock, 0, __ATOMIC_RELEASE);
}

void boot_lock_give_back(void)
{
	check_holder();
	trace_boot_phase(BOOT_PHASE_UNLOCK, 0); /* before the next one can have it */
	let_go();
}

void boot_lock_release(void)
{
	ASSERT(arch_cpu()->index == 0);
	check_holder();
	let_go();
}
