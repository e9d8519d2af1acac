/*
 * Where a debugger waits for one event of the trace.
 *
 * Teaches: a breakpoint needs a place, and nothing else. This function does nothing and changes no register; `vitrine at` has
 * an emitter call it after one event, and gdb stops here. Two instructions later, blr here and mtlr there, the emitting
 * function has its link register back.
 * Who calls: arch_trace_stop_if_above(), in every emitter, with irqs on or off. Locks: none.
 */
	.text
	.cfi_sections .debug_frame	/* for debuggers only */
	.globl	arch_trace_stop
	.type	arch_trace_stop, @function
arch_trace_stop:
	.cfi_startproc
	blr
	.cfi_endproc
	.size	arch_trace_stop, . - arch_trace_stop
