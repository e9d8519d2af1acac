# What a session on either machine starts with; x86_64.gdb and ppc64.gdb read it first. Who reads those: session.sh.
#
# The machine stands before its first instruction and the kernel is not in memory yet. So gdb must take code from the files, not
# from memory (trust-readonly-sections), and a breakpoint must not be written into memory, where the loader would overwrite
# it: QEMU keeps breakpoints beside the guest, those of `break` as well as those of `hbreak`.
set confirm off
set pagination off
set print pretty on
set trust-readonly-sections on

# The commands that know the kernel: `help vitrine`.
source trace/gdb/commands.py

define to-kernel
  thbreak kernel_main
  continue
end
document to-kernel
to-kernel: runs to the first line of the portable kernel.
end

define to-program
  thbreak main
  continue
end
document to-program
to-program: runs to main() of the user program.
end

# QEMU answers when it has started, which takes a while on a busy machine; asked again, it would answer twice.
set remotetimeout 60

# An interrupt may come while the event is being stored; then its events, which have later numbers, are there first.
define to-event
  thbreak *&arch_trace_stop
  continue
  set $stop_ring = &cpus[$_thread - 1].trace
  set $stop_number = ($stop_ring->limits >> 32) + 1
  set $stop_slot = (unsigned long *) ($stop_ring->slots + 64 * ($stop_number & $stop_ring->limits & 0x7fffffff))
  while ($stop_slot[1] >> 32) != $stop_number
    thbreak *&arch_trace_stop
    continue
  end
  leave-stop
end
document to-event
to-event: runs to the event that `vitrine at` was asked for, and out of arch_trace_stop() into the function that emitted it.
end
