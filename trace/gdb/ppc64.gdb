# POWER: big-endian, 64-bit. The kernel runs at the addresses it was linked at, so its symbols fit before the MMU is on as well.
source trace/gdb/common.gdb
set architecture powerpc:common64
set endian big

# Out of arch_trace_stop(): what blr there and mtlr here do, with which the emitting function has its link register back. Not by stepping:
# between the two a backtrace would go in a circle, and gdb 13 ends when it meets one.
define leave-stop
  set $back = $lr + 4
  set $lr = $r0
  set $pc = $back
  frame
end
document leave-stop
leave-stop: goes out of arch_trace_stop(), into the function that emitted the event.
end
