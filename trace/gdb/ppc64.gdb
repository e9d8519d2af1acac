# POWER: big-endian, 64-bit. The kernel runs at the addresses it was linked at, so its symbols fit before the MMU is on as well.
source trace/gdb/common.gdb
set architecture powerpc:common64
set endian big

# Out of arch_trace_stop(): blr there, and mtlr here, which gives the emitting function its link register back.
define leave-stop
  set scheduler-locking on
  stepi 2
  set scheduler-locking off
end
document leave-stop
leave-stop: steps out of arch_trace_stop(), into the function that emitted the event.
end
