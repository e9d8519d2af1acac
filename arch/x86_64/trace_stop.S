/*
 * Where a debugger waits for one event of the trace.
 *
 * Teaches: a breakpoint needs a place, and nothing else. This function does nothing and changes no register; `vitrine at` has
 * an emitter call it after one event, and gdb stops here. Its caller is the function that emitted.
 * Who calls: arch_trace_stop_if_above(), in every emitter, with irqs on or off. Locks: none.
 */
	.text
	.cfi_sections .debug_frame	/* for debuggers only */
	.globl	arch_trace_stop
	.type	arch_trace_stop, @function
arch_trace_stop:
	.cfi_startproc
	ret
	.cfi_endproc
	.size	arch_trace_stop, . - arch_trace_stop
