#!/bin/bash
#
# A new run in gdb: the machine stands before its first instruction.
#
#     trace/gdb/session.sh ARCH PROGRAM CPUS SEED [arguments for gdb...]
#
# REVERSE=1: the run is recorded first, and gdb gets its replay, in which reverse-stepi and its like work. x86-64, one CPU only.
# The guest runs under icount, so the same session meets the same events each time.
# Who calls: `make gdb` (after it has built everything) and tests/e2e/gdb.sh. Whom: attach.sh.
set -u
arch=$1 program=$2 cpus=$3 seed=$4
shift 4
name=$(basename "$program" .c)
out=out/gdb/$arch-$name
again=()
if [ -n "${REVERSE:-}" ]; then
	cpus=1
	again=(--replay)
	rm -f "$out/record.log"
	build/vitrine run --arch "$arch" --program "$program" --seed "$seed" --record --quiet -o "$out" # however it ends, it can be looked at
	[ -s "$out/record.log" ] || exit 1
	echo 'A recorded run: reverse-stepi and reverse-next go back.'
fi

cat <<END
The machine stands before its first instruction; its console goes to $out/console.log.
  to-kernel          run to kernel_main()           to-program   run to the program's main()
  break FUNCTION     stop there, on any CPU         continue, next, step, backtrace as always
  info threads       the CPUs                       vitrine threads, help vitrine   what the kernel knows
  quit               ends the guest too
END
arguments=(--arch "$arch" --program "$program" --smp "$cpus" --seed "$seed" --icount "${again[@]}" --wall 0 --keep-ram -o "$out" --)
exec trace/gdb/attach.sh "$arch" kernel "$name" "$out" ${#arguments[@]} "${arguments[@]}" "$@"
