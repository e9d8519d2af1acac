#!/bin/bash
#
# Group `boots`: 1, 2, 4, 8 and 16 CPUs come up, every time. BOOTS says how often each, on each machine (default 10; `make soak`: 50).
#
# The test image boots, holds the information page against the CPUs that run (selftest=boot), and ends. Half of the boots are under
# icount, half live, each with another seed. Several run side by side, since a live boot with more CPUs than the host has is when things go wrong.
source "$(dirname "$0")/lib.sh"

boots=${BOOTS:-10}
side_by_side=2

# One boot; prints a line only if it was not as it should be.
boot() { # machine, CPUs, number
	local mode=--live run=$work/$1-smp$2-$3 said
	[ $(($3 % 2)) = 0 ] || mode=--icount
	run_program "$run" -q --no-build --arch "$1" --image kernel-test --smp "$2" --ring 1 --trace boot --seed "$3" $mode \
		--append selftest=boot
	said=$(tr -d '\r' <"$run/console.log" | grep '^boot: ')
	if [ "$run_status" = 0 ] && [ "$said" = "boot: $2 CPUs, ok" ]; then
		rm -rf "$run"
	else
		echo "boot $3 ($mode) ended with $run_status and said '$said'; see $run"
	fi
}

test_boots() { # machine, CPUs
	local name=boots-$1-smp$2 number failed=$work/$1-smp$2.failed
	: >"$failed"
	for ((number = 1; number <= boots; number++)); do
		boot "$1" "$2" "$number" >>"$failed" &
		[ $((number % side_by_side)) != 0 ] || wait
	done
	wait
	cat "$failed"
	expect_equal "$name" "the number of boots that went wrong, of $boots," 0 "$(wc -l <"$failed")"
}

make -s build/x86_64/kernel-test.elf build/ppc64/kernel-test.bin build/x86_64/archive/demo.tar build/ppc64/archive/demo.tar \
	build/x86_64/flash/demo.pnor build/ppc64/flash/demo.pnor >"$work/build.log" 2>&1 || not_ok boots-build "$(tail -n 1 "$work/build.log")"
for machine in $machines; do
	for cpus in 1 2 4 8 16; do
		test_boots "$machine" $cpus
	done
done
