# x86-64: after reset the CPU runs 16-bit code, but QEMU always hands over the 64-bit registers.
source trace/gdb/common.gdb
set architecture i386:x86-64
set endian little

# Out of arch_trace_stop(): its one instruction, ret.
define leave-stop
  set scheduler-locking on
  stepi
  set scheduler-locking off
end
document leave-stop
leave-stop: steps out of arch_trace_stop(), into the function that emitted the event.
end
