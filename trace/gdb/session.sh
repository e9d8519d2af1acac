#!/bin/bash
#
# One debugging session: `vitrine run` with QEMU stopped before the first instruction, and gdb attached to it through a socket.
#
#     trace/gdb/session.sh ARCH PROGRAM CPUS SEED [arguments for gdb...]
#
# REVERSE=1: the run is recorded first, and gdb gets it once more, from the log; then reverse-stepi and its like work. One CPU only.
# The guest runs under icount, so the same session meets the same events each time. When gdb ends, the guest ends too.
# Who calls: `make gdb` (after it has built everything) and tests/e2e/gdb.sh.
set -u
arch=$1 program=$2 cpus=$3 seed=$4
shift 4
name=$(basename "$program" .c)
elf=build/$arch/programs/$name.elf
if [ -f "$program" ] && [ "$(realpath "$program")" != "$(realpath -m "user/programs/$name.c")" ]; then
	elf=build/$arch/outside/$name.elf
fi
out=out/gdb/$arch-$name
again=()
if [ -n "${REVERSE:-}" ]; then
	cpus=1
	again=(--replay)
	rm -f "$out/record.log"
	build/vitrine run --arch "$arch" --program "$program" --seed "$seed" --record --quiet -o "$out" # however it ends, it can be looked at
	[ -s "$out/record.log" ] || exit 1
fi
socket=$(mktemp -u /tmp/vitrine-gdb.XXXXXX) # a socket's path may be no longer than 107 characters
mkdir -p "$out"

setsid build/vitrine run --arch "$arch" --program "$program" --smp "$cpus" --seed "$seed" --icount "${again[@]}" --wall 0 -o "$out" \
	-- -S -pidfile "$out/qemu.pid" -chardev "socket,path=$socket,server=on,wait=off,id=gdb" -gdb chardev:gdb >"$out/run.log" 2>&1 </dev/null &
run=$! # in a session of its own: Ctrl-C is for gdb
end_guest() {
	kill "$run" 2>/dev/null
	wait "$run" 2>/dev/null
	rm -f "$socket"
}
trap end_guest EXIT

while [ ! -S "$socket" ]; do
	if ! kill -0 "$run" 2>/dev/null; then
		cat "$out/run.log" >&2
		exit 1
	fi
	sleep 0.05
done

[ -z "${REVERSE:-}" ] || echo 'A recorded run: reverse-stepi, reverse-next, reverse-continue go back.'
cat <<END
The machine stands before its first instruction; its console goes to $out/console.log.
  to-kernel          run to kernel_main()           to-program   run to the program's main()
  break FUNCTION     stop there, on any CPU         continue, next, step, backtrace as always
  info threads       the CPUs                       quit         ends the guest too
END
gdb-multiarch -q -nx -x "trace/gdb/$arch.gdb" -ex "file build/$arch/kernel.elf" \
	-ex "add-symbol-file $elf" -ex "target remote $socket" "$@"
