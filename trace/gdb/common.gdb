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

# Emitters are inline, in two headers.
define to-emitter
  python
frame = gdb.newest_frame()
while frame.older() and os.path.basename(str(frame.find_sal().symtab)) in ("emit.h", "trace_emit.h"):
    frame = frame.older()
frame.select()
  end
  frame
end
document to-emitter
to-emitter: selects the frame of the function that emits an event, if the machine stands in the event's emitter.
end

# QEMU answers when it has started, which takes a while on a busy machine; asked again, it would answer twice.
set remotetimeout 60
