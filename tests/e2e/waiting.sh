#!/bin/bash
#
# Group `waiting`: threads that wait for words, messages, time and each other, as the trace tells it: nobody is woken in vain or forgotten,
# and after any turmoil all that was made is gone again.
source "$(dirname "$0")/lib.sh"

# The fields of an event that a test is about, in order of time.
field_of() { # run, event, field
	$vitrine events "$1" --event "$2" | sed -n "s/.* $3=\\([^ ]*\\).*/\\1/p"
}

for machine in $machines; do
	# A broadcast to a hundred: one is woken, ninety-nine wait for the mutex from then on, without having run.
	run_program "$work/$machine-sync" --arch "$machine" --program sync --smp 4 --icount
	expect_equal "sync-$machine" "exit code" 0 "$run_status"
	expect_equal "broadcast-wakes-one-$machine" "threads woken and moved" "1 99" \
		"$(field_of "$work/$machine-sync" sync_requeue woken | tail -n 1) $(field_of "$work/$machine-sync" sync_requeue moved | tail -n 1)"
	expect_equal "broadcast-moves-$machine" "events of moving" 99 "$(count_event "$work/$machine-sync" sync_move)"

	# Alone on a CPU with one that computes: at most two timeslices late, in instructions.
	run_program "$work/$machine-sleepers" --arch "$machine" --program sleepers --icount --append program.late_ns=2500000
	expect_equal "sleep-is-punctual-$machine" "exit code" 0 "$run_status"

	# While long calls run: how long the timer had to wait is known. It is reported (docs/performance.md), and no promise.
	run_program "$work/$machine-latency" --arch "$machine" --program latency --icount --image kernel-release
	expect_equal "latency-$machine" "exit code" 0 "$run_status"
	$vitrine events "$work/$machine-latency" --event timer_expire | sed 's/.*late=//' | sort -n >"$work/$machine-late"
	echo "worst interrupt latency on $machine: $(tail -n 1 "$work/$machine-late") ticks, in $(wc -l <"$work/$machine-late") interrupts"
	[ "$(wc -l <"$work/$machine-late")" -gt 1000 ] && ok "latency-is-known-$machine" ||
		not_ok "latency-is-known-$machine" "the timer was heard only $(wc -l <"$work/$machine-late") times"
	# In instructions on x86-64, half as many on POWER: nothing that grows with what a call is asked for.
	[ "$(tail -n 1 "$work/$machine-late")" -le 20000 ] && ok "latency-is-bounded-$machine" ||
		not_ok "latency-is-bounded-$machine" "an interrupt was heard $(tail -n 1 "$work/$machine-late") ticks late"

	# A million hits on one of 64 words, each answered, on four CPUs; a fifth of that on POWER, which takes as long. A wake-up that is
	# lost stops the run until its time is up.
	hits=1000000
	[ "$machine" = x86_64 ] || hits=200000
	run_limit_seconds=700 run_program "$work/$machine-words" --arch "$machine" --program words --smp 4 --image kernel-release \
		--trace boot --wall 600 --append program.words=$hits
	expect_equal "no-wake-up-is-lost-$machine" "exit code" 0 "$run_status"
	grep -q "^words: $hits hits" "$work/$machine-words/console.log" && ok "each-hit-is-answered-$machine" ||
		not_ok "each-hit-is-answered-$machine" "$(tail -n 1 "$work/$machine-words/console.log")"

	# Twenty storms: what was created is what was destroyed, of every kind.
	bad=
	for seed in $(seq 20); do
		run_program "$work/$machine-turmoil" --arch "$machine" --program turmoil --smp 4 --icount --no-build --seed "$seed" \
			--append "program.seed=$seed"
		[ "$run_status" = 0 ] || bad+=" seed $seed: exit code $run_status"
		grep '^turmoil: [0-9]* threads' "$work/$machine-turmoil/console.log" | tail -n 1 | grep -q -v ' 0 ' ||
			bad+=" seed $seed: something never worked in it"
		for pair in thread_create:thread_exit aspace_create:aspace_destroy endpoint_create:endpoint_destroy \
			object_create:object_destroy; do
			made=$(count_event "$work/$machine-turmoil" "${pair%:*}")
			gone=$(count_event "$work/$machine-turmoil" "${pair#*:}")
			[ "$made" = "$gone" ] || bad+=" seed $seed: $made of ${pair%:*}, $gone of ${pair#*:}"
		done
		[ -z "$bad" ] || break
	done
	[ -z "$bad" ] && ok "turmoil-leaves-nothing-$machine" || not_ok "turmoil-leaves-nothing-$machine" "$bad"
	rm -rf "${work:?}/$machine-sleepers" "${work:?}/$machine-words" "${work:?}/$machine-turmoil"
done
