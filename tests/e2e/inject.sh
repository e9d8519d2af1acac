#!/bin/bash
#
# Group `inject`: allocations in the guest's kernel fail, one a run: each of the boot's, and one in the middle of each program.
#
# `make inject` (INJECT=all) tries more: the boot with 4 CPUs as well, and 25 allocations of each program on each machine.
source "$(dirname "$0")/lib.sh"
inject=build/tests/inject

# Programs that check themselves: what they use is, together, every call that allocates. x86-64 takes four times as long under icount.
programs="hello messages objects threads sync memory endings linking library flash attributes fork handler words uaccess provider forget"
programs_x86_64="hello objects linking"
points=1
boots=1
if [ "${INJECT:-}" = all ]; then
	points=25
	boots="1 4"
	programs_x86_64=$programs
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

for machine in $machines; do
	for cpus in $boots; do
		$inject "$machine" boot "$cpus"
	done
	# shellcheck disable=SC2086
	$inject "$machine" programs $points $([ "$machine" = x86_64 ] && echo $programs_x86_64 || echo $programs)
	test_every "$machine"
	test_words "$machine"
done
