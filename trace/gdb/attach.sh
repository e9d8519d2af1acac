#!/bin/bash
#
# One debugging session: `vitrine run` with QEMU stopped before the first instruction, and gdb attached to it through a socket.
#
#     trace/gdb/attach.sh ARCH IMAGE PROGRAM OUT COUNT [COUNT arguments of vitrine run, the last before QEMU's own a --...] [for gdb...]
#
# With AT_RUN and AT_EVENT in the environment the machine is let run to that event of that run before gdb comes.
# IMAGE is kernel, kernel-release or kernel-test; OUT, where the run is left, is among the arguments as well. When gdb ends, the
# guest ends too. Who calls: session.sh for `make gdb`, and `vitrine at`; both in the directory of the tree.
set -u
if ! command -v gdb-multiarch >/dev/null; then
	echo 'gdb-multiarch is not installed (Debian: apt-get install gdb-multiarch)' >&2
	exit 1
fi
arch=$1 image=$2 program=$3 out=$4 count=$5
shift 5
arguments=("${@:1:count}")
shift "$count"
elf=build/$arch/programs/$program.elf
[ -e "build/$arch/outside/$program.elf" ] && [ ! -e "user/programs/$program.c" ] && elf=build/$arch/outside/$program.elf
socket=$(mktemp -u /tmp/vitrine-gdb.XXXXXX) # a socket's path may be no longer than 107 characters
mkdir -p "$out"
rm -f "$out/qemu.pid"

setsid build/vitrine run "${arguments[@]}" -S -pidfile "$out/qemu.pid" \
	-chardev "socket,path=$socket,server=on,wait=off,id=gdb" -gdb chardev:gdb >"$out/run.log" 2>&1 </dev/null &
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

if [ -n "${AT_EVENT:-}" ]; then
	build/vitrine at "$AT_RUN" "$AT_EVENT" --reach "$socket" --check "$out/ram" || exit
fi

VITRINE_RAM=$out/ram gdb-multiarch -q -nx -x "trace/gdb/$arch.gdb" -ex "file build/$arch/$image.elf" \
	-ex "add-symbol-file $elf" -ex "target remote $socket" "$@"
