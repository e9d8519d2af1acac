#!/bin/bash
#
# Group `clang`: the other compiler builds everything too, with the same warnings as errors, and what it builds boots and works.
source "$(dirname "$0")/../e2e/lib.sh"

if log=$(make -j"$(nproc)" COMPILER=clang B=build/clang all 2>&1); then
	ok build-clang
else
	echo "$log"
	not_ok build-clang "$(grep -m 1 -E 'error|\*\*\*' <<<"$log")"
	exit 1
fi

# A root whose build/ is clang's.
mkdir -p "$work/root"
ln -sfn "$PWD/build/clang" "$work/root/build"
for machine in $machines; do
	for program in demo threads memory syscalls; do
		name=clang-$program-$machine
		run_program "$work/$machine-$program" --root "$work/root" --no-build --arch "$machine" --program $program --smp 2 --icount
		[ "$run_status" = 0 ] || show_run "$work/$machine-$program"
		expect_equal "$name" "the exit code" 0 "$run_status"
	done
done
