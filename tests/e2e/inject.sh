#!/bin/bash
#
# Group `inject`: allocations in the guest's kernel fail. Each of the boot's, one a boot; and of programs that check themselves, in rounds, all of
# them in one boot (rounds.c, user/servers/init_rounds.c): each allocation of those that have few, some of the others.
#
# `make inject` (INJECT=all) tries each of each program, and of the servers' start, and the boot with 4 CPUs; of `linking`, whose server counts
# loads and so cannot be asked twice, a thousand. That takes hours; the rounds, broken off, go on where they were (out/inject),
# SECONDS_A_BOOT (120) at a time: POWER has four million numbers for address spaces, which `endings` uses up in some minutes.
# PROGRAMS='objects flash' are only those, and only rounds.
source "$(dirname "$0")/lib.sh"
inject=build/tests/inject
rounds=build/tests/rounds

# What they use is, together, every call that allocates. The second have thousands of allocations, or a long way to each.
programs_few="hello library fork handler uaccess provider"
programs_many="words memory sync flash threads messages forget objects endings"
step=401
seconds=${SECONDS_A_BOOT:-120}
boots=1
starts=12
where=$work
if [ "${INJECT:-}" = all ]; then
	step=1
	boots="1 4"
	starts=1000
	where=out/inject
fi
if [ -n "${PROGRAMS:-}" ]; then
	programs_few=$PROGRAMS
	programs_many=
fi

# A run in which the injector goes on: it may end in any way but a panic or a hang, and the trace has an event for each failure.
test_every() { # machine
	local run=$work/$1-every said
	run_program "$run" --arch "$1" --program messages --icount --fail 400 --fail-every 397 --no-build
	said=$(sed -n 's/^fault injection: .* \([0-9]*\) failed.*/\1/p' "$run/console.log")
	case $run_status in
	0 | 1 | 3) ok "inject-every-$1" ;;
	*) not_ok "inject-every-$1" "vitrine ended with $run_status" ;;
	esac
	expect_equal "inject-events-$1" "the number of failures in the trace" "${said:-none}" "$(count_event "$run" alloc_fail)"
	expect_equal "inject-first-$1" "the first allocation that failed" "number=400" \
		"$($vitrine events "$run" --event alloc_fail | head -n 1 | grep -o 'number=[0-9]*')"
}

# What the console says where counts alone would puzzle: no allocation failed; the boot was given up before and after pages were counted.
test_words() { # machine
	local run=$work/$1-words of_boot
	run_program "$run" --arch "$1" --program hello --fail 1000000 --no-build
	of_boot=$(sed -n 's/^fault injection: the run made only [0-9]* allocations, \([0-9]*\) of them by the boot; none was failed$/\1/p' \
		"$run/console.log")
	expect_equal "inject-none-$1" "the lines that say so" 1 "$(grep -c '^pages: \([0-9]*\) free before the first process, \1 now$' "$run/console.log")"
	run_program "$run" --arch "$1" --program hello --fail 5 --no-build
	expect_equal "inject-early-$1" "the lines that say so" 1 "$(grep -c '^pages: [0-9]* free; the boot ended before' "$run/console.log")"
	run_program "$run" --arch "$1" --program hello --fail $((of_boot - 1)) --no-build
	expect_equal "inject-late-$1" "the lines that say so" 1 "$(grep -c '^pages: .* now; .* waits for a grace period' "$run/console.log")"
}

# Neither the boot nor the servers' start, nor what is different the second time, can be done in rounds.
test_starts() { # machine
	for cpus in $boots; do
		$inject "$1" boot "$cpus"
	done
	$inject "$1" programs $starts hello attributes linking
	test_every "$1"
	test_words "$1"
}

for machine in $machines; do
	[ -n "${PROGRAMS:-}" ] || test_starts "$machine"
	mkdir -p "$where/rounds-$machine"
	# shellcheck disable=SC2086
	$rounds "$machine" 1 "$seconds" "$where/rounds-$machine" $programs_few
	# shellcheck disable=SC2086
	[ -z "$programs_many" ] || $rounds "$machine" $step "$seconds" "$where/rounds-$machine" $programs_many
done
