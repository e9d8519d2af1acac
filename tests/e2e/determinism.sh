#!/bin/bash
#
# Group `determinism`: under icount a run is a function of the image, the seed and the command line: the same twice, bit by bit,
# with 1 and with 4 CPUs; and another seed gives another order of threads, so that seeds are worth exploring.
source "$(dirname "$0")/lib.sh"

# Who ran when: each switch of threads without the time at which it happened.
schedule_of() { # run
	$vitrine events "$1" --event thread_switch | awk '{ $1 = ""; $3 = ""; print }'
}

test_same_seed() { # machine, CPUs
	local name=same-seed-$1-smp$2 first=$work/$1-$2-first second=$work/$1-$2-second
	run_program "$first" --arch "$1" --program seed --smp "$2" --seed 7 --icount
	[ "$run_status" = 0 ] || { show_run "$first"; not_ok "$name" "the first run ended with $run_status"; return; }
	run_program "$second" --no-build --arch "$1" --program seed --smp "$2" --seed 7 --icount
	[ "$run_status" = 0 ] || { show_run "$second"; not_ok "$name" "the second run ended with $run_status"; return; }
	if cmp "$first/run.vtrace" "$second/run.vtrace"; then
		ok "$name"
	else
		diff <($vitrine events "$first") <($vitrine events "$second") | head -n 20
		not_ok "$name" "the two traces differ"
	fi
}

test_other_seed() { # machine, CPUs
	local name=other-seed-$1-smp$2 first=$work/$1-$2-first other=$work/$1-$2-other
	run_program "$other" --arch "$1" --program seed --smp "$2" --seed 8 --icount
	[ "$run_status" = 0 ] || { show_run "$other"; not_ok "$name" "the run ended with $run_status"; return; }
	if [ "$(schedule_of "$first")" = "$(schedule_of "$other")" ]; then
		not_ok "$name" "seeds 7 and 8 gave the same schedule"
	elif [ -z "$(schedule_of "$other")" ]; then
		not_ok "$name" "there is no schedule in the trace"
	else
		ok "$name"
	fi
}

for machine in $machines; do
	for cpus in 1 4; do
		test_same_seed $machine $cpus
		test_other_seed $machine $cpus
	done
done
