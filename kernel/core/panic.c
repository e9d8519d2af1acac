/*
 * Panic and the backtrace.
 *
 * Teaches: how a stack tells its history. Each call left a frame that points at its caller's; names come from the symbol file
 * in the boot archive, so the kernel image carries none.
 * Who calls: ASSERT, the trap path. Locks: none are taken: the holder may be this CPU.
 */
#include "core/panic.h"

#include <stdarg.h>

#include "arch.h"
#include "boot/symbols.h"
#include "core/cpu.h"
#include "core/end.h"
#include "core/print.h"

#define BACKTRACE_DEPTH 24

void backtrace_print(void)
{
	uint64_t frame = 0;
	for (unsigned depth = 0; depth < BACKTRACE_DEPTH; depth++) {
		char name[SYMBOL_TEXT];
		uint64_t pc = arch_backtrace_next(&frame);
		if (!pc)
			return;
		symbol_text(KERNEL_SYMBOLS, pc, name);
		kprintf("  %016lx %s\n", pc, name);
	}
}

void panic(const char *format, ...)
{
	static uint32_t panicking; /* CPU + 1 */
	uint32_t nobody = 0;
	uint32_t self = arch_cpu()->index + 1;
	arch_irq_save();
	if (!__atomic_compare_exchange_n(&panicking, &nobody, self, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (nobody != self)
			cpu_park();
		arch_power_off(false); /* a panic in the middle of a panic: the verdict is written already */
	}
	__atomic_store_n(&descriptor.verdict, VERDICT_PANIC, __ATOMIC_RELEASE);
	console_unlock_for_panic();
	va_list arguments;
	va_start(arguments, format);
	kprintf("\nPANIC on CPU %u: ", self - 1);
	kvprintf(format, arguments);
	kprintf("\n");
	va_end(arguments);
	backtrace_print();
	run_end(VERDICT_PANIC, 0);
}
