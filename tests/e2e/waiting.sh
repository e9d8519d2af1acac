#!/bin/bash
#
# Group `waiting`: threads that wait for words, messages, time and each other, as the trace tells it: nobody is woken in vain or forgotten,
# and after any turmoil all that was made is gone again.
source "$(dirname "$0")/lib.sh"

# The fields of an event that a test is about, in order of time.
field_of() { # run, event, field
	$vitrine events "$1" --event "$2" | sed -n "s/.* $3=\\([^ ]*\\).*/\\1/p"
}

# How many timeslices of those who compute on its CPU ended, at most, between the end of a thread's sleep and its turn. Another sleeper's
# does not count: it may end as soon as it has begun, because the clock counts the other CPUs' turns as well.
slices_waited() { # run
	$vitrine events "$1" --category thread >"$1/thread-events"
	awk '
		function field(name) { match($0, name "=[0-9]+"); return substr($0, RSTART + length(name) + 1, RLENGTH - length(name) - 1) }
		NR == FNR { if (/its time has come/) sleeper[field("thread")] = 1; next }
		/thread_wake/ && /its time has come/ { ended[field("thread")] = 0; queue[field("thread")] = "cpu" field("cpu") }
		/thread_move/ && field("thread") in ended { queue[field("thread")] = "cpu" field("to") }
		/thread_switch/ {
			if (field("next") in ended && ended[field("next")] > most) most = ended[field("next")]
			delete ended[field("next")]
			if (/timeslice over/ && !(field("previous") in sleeper)) for (thread in ended) if (queue[thread] == $2) ended[thread]++
		}
		END { print most + 0 }' "$1/thread-events" "$1/thread-events"
}

# Two tests: the hits of the program `words` come to an end, and each was answered.
no_wake_up_is_lost() { # machine, mode, hits, more arguments
	local run=$work/$1-words-$2 name=$1-$2
	run_limit_seconds=500 run_program "$run" --arch "$1" --program words --smp 4 "--$2" --image kernel-release --trace boot \
		--wall 480 --append "program.words=$3" "${@:4}"
	expect_equal "no-wake-up-is-lost-$name" "exit code" 0 "$run_status"
	grep -q "^words: $3 hits" "$run/console.log" && ok "each-hit-is-answered-$name" ||
		not_ok "each-hit-is-answered-$name" "$(tail -n 1 "$run/console.log")"
	rm -rf "$run"
}

for machine in $machines; do
	# A broadcast to a hundred: one is woken, ninety-nine wait for the mutex from then on, without having run.
	run_program "$work/$machine-sync" --arch "$machine" --program sync --smp 4 --icount
	expect_equal "sync-$machine" "exit code" 0 "$run_status"
	expect_equal "broadcast-wakes-one-$machine" "threads woken and moved" "1 99" \
		"$(field_of "$work/$machine-sync" sync_requeue woken | tail -n 1) $(field_of "$work/$machine-sync" sync_requeue moved | tail -n 1)"
	expect_equal "broadcast-moves-$machine" "events of moving" 99 "$(count_event "$work/$machine-sync" sync_move)"

	# On one CPU, with one that computes: at most two timeslices late, by the clock. On several the clock also counts what the other
	# CPUs do in their turns; there, between the end of a sleep and the sleeper's turn, at most two who compute use up a timeslice.
	run_program "$work/$machine-sleepers" --arch "$machine" --program sleepers --icount --append program.late_ns=2500000
	expect_equal "sleep-is-punctual-$machine" "exit code" 0 "$run_status"
	for cpus in 2 4; do
		run_program "$work/$machine-sleepers" --arch "$machine" --program sleepers --smp "$cpus" --icount --trace thread
		expect_equal "sleep-is-long-enough-$machine-smp$cpus" "exit code" 0 "$run_status"
		slices=$(slices_waited "$work/$machine-sleepers")
		[ "$slices" -ge 1 ] && [ "$slices" -le 2 ] && ok "sleep-is-punctual-$machine-smp$cpus" ||
			not_ok "sleep-is-punctual-$machine-smp$cpus" "a sleeper waited while $slices timeslices ended"
	done

	# While long calls run: how long the timer had to wait is known. It is reported (docs/performance.md), and no promise.
	run_program "$work/$machine-latency" --arch "$machine" --program latency --icount --image kernel-release
	expect_equal "latency-$machine" "exit code" 0 "$run_status"
	longest=$(sed -n 's/^latency: the longest call took \([0-9]*\) ns$/\1/p' "$work/$machine-latency/console.log")
	[ "${longest:-0}" -gt 100000 ] && ok "latency-has-long-calls-$machine" ||
		not_ok "latency-has-long-calls-$machine" "the longest took ${longest:-0} ns"
	$vitrine events "$work/$machine-latency" --event timer_expire | sed 's/.*late=\([0-9]*\) ns/\1/' | sort -n >"$work/$machine-late"
	echo "worst interrupt latency on $machine: $(tail -n 1 "$work/$machine-late") ns, in $(wc -l <"$work/$machine-late") interrupts"
	[ "$(wc -l <"$work/$machine-late")" -gt 1000 ] && ok "latency-is-known-$machine" ||
		not_ok "latency-is-known-$machine" "the timer was heard only $(wc -l <"$work/$machine-late") times"
	# A nanosecond is an instruction here: nothing that grows with what a call is asked for.
	[ "$(tail -n 1 "$work/$machine-late")" -le 20000 ] && ok "latency-is-bounded-$machine" ||
		not_ok "latency-is-bounded-$machine" "an interrupt was heard $(tail -n 1 "$work/$machine-late") ns late"

	# 200,000 hits (WORDS; `make soak`: a million) on one of 64 words, each answered, on four CPUs that take turns, and
	# fewer on four that really run at once. A wake-up that is lost stops the run until its time is up.
	no_wake_up_is_lost "$machine" icount "${WORDS:-200000}" --budget 1000000000000
	no_wake_up_is_lost "$machine" live 50000

	# Ten storms: what was created is what was destroyed, of every kind.
	bad=
	for seed in $(seq 10); do
		run_program "$work/$machine-turmoil" --arch "$machine" --program turmoil --smp 4 --icount --no-build --seed "$seed" \
			--append "program.seed=$seed"
		[ "$run_status" = 0 ] || bad+=" seed $seed: exit code $run_status"
		grep '^turmoil: [0-9]* threads' "$work/$machine-turmoil/console.log" | tail -n 1 | grep -q -v ' 0 ' ||
			bad+=" seed $seed: something never worked in it"
		lost=$($vitrine stats "$work/$machine-turmoil" | awk '/^events lost/ { print $NF }')
		[ "$lost" = 0 ] || bad+=" seed $seed: $lost events were lost"
		for pair in thread_create:thread_exit aspace_create:aspace_destroy endpoint_create:endpoint_destroy \
			object_create:object_destroy; do
			made=$(count_event "$work/$machine-turmoil" "${pair%:*}")
			gone=$(count_event "$work/$machine-turmoil" "${pair#*:}")
			[ "${made:-0}" -gt 0 ] && [ "$made" = "$gone" ] || bad+=" seed $seed: ${made:-0} of ${pair%:*}, ${gone:-0} of ${pair#*:}"
		done
		[ -z "$bad" ] || break
	done
	[ -z "$bad" ] && ok "turmoil-leaves-nothing-$machine" || not_ok "turmoil-leaves-nothing-$machine" "$bad"
	rm -rf "${work:?}/$machine-sleepers" "${work:?}/$machine-turmoil"
done
