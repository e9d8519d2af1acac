#!/bin/bash
#
# Group `missing-cpu`: a CPU that fails while it starts is left out and reported, and the others carry on without it.
source "$(dirname "$0")/lib.sh"

test_missing_cpu() { # machine, mode
	local name=missing-cpu-$1-${2#--} run=$work/$1${2#-}
	run_program "$run" --arch "$1" --program threads --smp 4 --seed 1 "$2" --append broken_cpu=2
	if [ "$run_status" != 0 ]; then
		show_run "$run"
		not_ok "$name" "the run ended with $run_status"
		return
	fi
	expect_equal "$name-event" "what the trace says of CPUs left out" "index=2" \
		"$($vitrine events "$run" --event cpu_missing | grep -o 'index=[0-9]*')"
	expect_equal "$name-online" "the number of CPUs that came up" 3 \
		"$($vitrine events "$run" --event cpu_online | awk '{ print $2 }' | sort -u | wc -l)"
	expect_equal "$name-unused" "the number of threads that ran on the failed CPU" 0 \
		"$($vitrine events "$run" --cpu 2 --event thread_switch | wc -l)"
}

for machine in $machines; do
	test_missing_cpu $machine --live
	test_missing_cpu $machine --icount
done
