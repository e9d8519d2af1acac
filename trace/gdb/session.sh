#!/bin/bash
#
# A new run in gdb: the machine stands before its first instruction.
#
#     trace/gdb/session.sh ARCH PROGRAM CPUS SEED [arguments for gdb...]
#
# The guest runs under icount, so the same session meets the same events each time.
# Who calls: `make gdb` (after it has built everything) and tests/e2e/gdb.sh. Whom: attach.sh.
set -u
arch=$1 program=$2 cpus=$3 seed=$4
shift 4
name=$(basename "$program" .c)
out=out/gdb/$arch-$name

cat <<END
The machine stands before its first instruction; its console goes to $out/console.log.
  to-kernel          run to kernel_main()           to-program   run to the program's main()
  break FUNCTION     stop there, on any CPU         continue, next, step, backtrace as always
  info threads       the CPUs                       vitrine threads, help vitrine   what the kernel knows
  quit               ends the guest too
END
arguments=(--arch "$arch" --program "$program" --smp "$cpus" --seed "$seed" --icount --wall 0 --keep-ram -o "$out" --)
exec trace/gdb/attach.sh "$arch" kernel "$name" "$out" ${#arguments[@]} "${arguments[@]}" "$@"
