#!/bin/bash
#
# Group `missing-cpu`: a CPU that fails while it starts is left out and reported, and the others carry on without it.
#
# It fails at each of four places: before it has boot_lock, holding it (it lets go and stops), keeping it for ever, and after it. The program
# `information` finds the others listed in the information page, and no more. A CPU whose clock is not in step is left out the same way,
# and one that comes when CPU 0 has given up on it. One that comes just before that is in.
source "$(dirname "$0")/lib.sh"

console_of() { # run
	tr -d '\r' <"$1/console.log" 2>/dev/null
}

# One run with CPU 2 of four left out.
test_left_out() { # name, machine, mode, words, reason
	local name=missing-cpu-$1 run=$work/$1
	run_program "$run" --arch "$2" --program information --smp 4 --seed 1 "$3" --append "$4"
	if [ "$run_status" != 0 ]; then
		show_run "$run"
		not_ok "$name" "the run ended with $run_status"
		return
	fi
	expect_equal "$name-event" "what the trace says of CPUs left out" "index=2 reason=$5" \
		"$($vitrine events "$run" --event cpu_missing | sed -E 's/.*(index=[0-9]+).*(reason=.*)/\1 \2/')"
	expect_equal "$name-page" "what the information page lists" "3 of 4 CPUs" "$(console_of "$run" | grep ' of 4 CPUs$' | tail -n 1)"
	expect_equal "$name-listed" "the CPUs it lists" "0 1 3" "$(console_of "$run" | awk '/^  CPU / { print $2 }' | paste -sd' ')"
	expect_equal "$name-unused" "the number of threads that ran on the failed CPU" 0 \
		"$($vitrine events "$run" --cpu 2 --event thread_switch | wc -l)"
}

# A program that uses all CPUs finds three.
test_program() { # machine, mode
	local name=missing-cpu-$1-${2#--} run=$work/$1${2#-}
	run_program "$run" --arch "$1" --program threads --smp 4 --seed 1 "$2" --append broken_cpu=2
	[ "$run_status" = 0 ] || show_run "$run"
	expect_equal "$name" "the exit code" 0 "$run_status"
	expect_equal "$name-online" "the number of CPUs that came up" 3 \
		"$($vitrine events "$run" --event cpu_online | awk '{ print $2 }' | sort -u | wc -l)"
}

# CPU 2 keeps boot_lock. Whoever was up by then runs; the boot does not wait for the others for ever, and says why they are missing. Live: those
# who wait spin, and under icount so would the clock.
test_keeping() { # machine
	local name=missing-cpu-$1-keeping run=$work/$1-keeping missing listed
	run_program "$run" --arch "$1" --program information --smp 4 --live --append "broken_cpu=2 broken_at=keeping"
	[ "$run_status" = 0 ] || show_run "$run"
	expect_equal "$name" "the exit code" 0 "$run_status"
	expect_equal "$name-said" "the lines that say who keeps boot_lock" 1 \
		"$(console_of "$run" | grep -c '^boot_lock is not given back by CPU 2, and no other CPU can come$')"
	missing=$($vitrine events "$run" --event cpu_missing | sed -E 's/.*index=([0-9]+).*/\1/')
	listed=$(console_of "$run" | awk '/^  CPU / { print $2 }')
	expect_equal "$name-others" "the CPUs that are listed, and those that are left out" "0 1 2 3" \
		"$(printf '%s\n' $missing $listed | sort -n | paste -sd' ')"
	expect_equal "$name-itself" "the times that CPU 2 is left out" 1 "$(grep -c '^2$' <<<"$missing")"
}

# CPU 2 comes as CPU 0 gives up on it, and is first.
test_in_time() { # machine
	local name=missing-cpu-$1-slow-before run=$work/$1-slow-before
	run_program "$run" --arch "$1" --program information --smp 4 --seed 1 --icount --append "slow_cpu=2 slow_at=before"
	[ "$run_status" = 0 ] || show_run "$run"
	expect_equal "$name" "the exit code" 0 "$run_status"
	expect_equal "$name-missing" "the CPUs that are left out" 0 "$($vitrine events "$run" --event cpu_missing | wc -l)"
	expect_equal "$name-page" "what the information page lists" "4 of 4 CPUs" "$(console_of "$run" | grep ' of 4 CPUs$' | tail -n 1)"
	expect_equal "$name-late" "whether it comes online after 2 seconds" 1 "$($vitrine sql "$run" \
		"SELECT ts >= 2000000000 FROM cpu_online WHERE cpu = 2" --csv | tail -n 1)"
}

for machine in $machines; do
	test_in_time $machine
	test_left_out $machine-slow-after $machine --icount "slow_cpu=2 slow_at=after" "it never reported"
	test_keeping $machine
	test_program $machine --live
	test_program $machine --icount
	for place in before holding after; do
		test_left_out $machine-$place $machine --icount "broken_cpu=2 broken_at=$place" "it never reported"
	done
	test_left_out $machine-after-live $machine --live "broken_cpu=2 broken_at=after" "it never reported"
	test_left_out $machine-clock $machine --icount "wrong_clock=2" "its clock is not in step with CPU 0's"
done
