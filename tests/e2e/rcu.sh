#!/bin/bash
#
# Group `rcu`: grace periods as the trace tells them. What was given up is freed once, after everybody who might look at it has left the
# kernel and not long after; nobody who computes or sleeps holds a period up; and a million things leave memory as it was.
source "$(dirname "$0")/lib.sh"

# Reads `vitrine events`. field(name): a field of the line at hand.
judge() { # run, program of awk
	$vitrine events "$1" | awk '
		function field(name) {
			if (!match($0, " " name "=[^ ]+")) return ""
			return substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2)
		}
		'"$2"
}

# How often an object's last handle was closed on one CPU, and a period begun for it, while the other was in a system call on it. "early"
# if it was freed before that CPU had left the kernel, "late" if that CPU began another system call before the period could end.
readers='
	/syscall_enter/ && $2 == "cpu1" { inside = /object_remove/; if (held && left && !ended) late = 1 }
	/syscall_exit/ && $2 == "cpu1" { if (inside && held) left = 1; inside = 0; closed = "" }
	/rcu_call/ && $2 == "cpu0" && /an object/ && inside { closed = field("flow") }
	/rcu_period_begin/ && closed { held = closed; closed = ""; left = ended = 0; cases++ }
	/rcu_period_end/ && held && left { ended = 1 }
	/rcu_free/ && held && field("flow") == held { if (!left || !ended) early = 1; held = "" }
	END { print (early ? "early" : (late ? "late" : "right")), cases + 0 }'

# The longest period, in whole microseconds, that began in a phase of the program on CPU 0; how many there were; and the system calls that
# CPU 1 made meanwhile.
phase='
	/mark_begin/ && field("name") == "\"" phase "\"" { inside = 1 }
	/mark_end/ && field("name") == "\"" phase "\"" { inside = 0 }
	/syscall_enter/ && $2 == "cpu1" && inside { calls++ }
	/rcu_period_begin/ { begun = inside ? $1 : 0 }
	/rcu_period_end/ && begun { count++; if ($1 - begun > longest) longest = $1 - begun; begun = 0 }
	END { printf "%d %d %d\n", longest, count, calls }'

# How often a thread waited because too much was piled up, how often it was woken since that was freed, and whether ("early") that was before
# anything had been freed; and the most that waited on a CPU.
pile='
	/thread_block/ && /piled up/ { waits++; who = field("thread"); freed = 0 }
	/rcu_free/ { freed = 1 }
	/thread_wake/ && /what piled up is freed/ && field("thread") == who { woken++; if (!freed) early = 1 }
	/rcu_callbacks/ { if (field("value") + 0 > most) most = field("value") + 0 }
	END { print (early ? "early" : "right"), waits + 0, woken + 0, most + 0 }'

for machine in $machines; do
	run=$work/$machine-rcu
	run_program "$run" --arch "$machine" --program rcu --smp 2 --icount
	expect_equal "rcu-$machine" "exit code" 0 "$run_status"
	expect_equal "all-is-freed-once-$machine" "the flows that do not go from one rcu_call to one rcu_free" 0 \
		"$(judge "$run" '/rcu_call / { called[field("flow")]++ } /rcu_free / { freed[field("flow")]++ }
			END { for (flow in called) wrong += called[flow] != 1 || freed[flow] != 1; print wrong + 0 }')"
	expect_equal "every-period-ends-$machine" "the periods without an end, or without a quiescent state of each CPU" 0 \
		"$(judge "$run" '/rcu_period_begin/ { begun++; passed = 0 } /rcu_quiescent/ { passed++ }
			/rcu_period_end/ { begun--; wrong += passed != 2 } END { print begun + wrong }')"
	read -r verdict cases <<<"$(judge "$run" "$readers")"
	expect_equal "reader-delays-the-free-$machine" "the free" right "$verdict"
	[ "$cases" -ge 2 ] && ok "somebody-was-reading-$machine" || not_ok "somebody-was-reading-$machine" "only $cases times"
	read -r longest periods calls <<<"$(judge "$run" "BEGIN { phase = \"spin\" } $phase")"
	echo "longest grace period on $machine while the other CPU computes: $longest us, of $periods"
	expect_equal "nobody-asked-who-computes-$machine" "its system calls meanwhile" 0 "$calls"
	[ "$periods" -ge 50 ] && [ "$longest" -le 1000 ] && ok "who-computes-holds-nothing-up-$machine" ||
		not_ok "who-computes-holds-nothing-up-$machine" "$periods periods, the longest took $longest us"

	# More is given up in one call than can be kept: the thread waits, and goes on.
	read -r verdict waits woken most <<<"$(judge "$run" "$pile")"
	echo "at most $most things waited on a CPU of $machine under icount, and so a thread did $waits times"
	expect_equal "who-piles-up-goes-on-$machine" "the waits that ended, after something was freed," "right $waits" "$verdict $woken"
	[ "$waits" -ge 1 ] && [ "$most" -le 1100 ] && ok "who-piles-up-waits-$machine" ||
		not_ok "who-piles-up-waits-$machine" "a thread waited $waits times, and $most things did"

	expect_equal "grace-periods-are-rows-once-$machine" "a grace period's rows" 1 \
		"$($vitrine sql "$run" --csv "SELECT count(*) AS n FROM grace_period GROUP BY period ORDER BY n DESC LIMIT 1" | tail -n 1)"

	# On CPUs that really run at once, one of them in the kernel nearly all the time: what waits to be freed stays bounded.
	run_program "$run" --arch "$machine" --program rcu --smp 4 --live
	expect_equal "rcu-$machine-live" "exit code" 0 "$run_status"
	most=$($vitrine events "$run" --event rcu_callbacks | sed 's/.*value=//' | sort -n | tail -n 1)
	waits=$($vitrine events "$run" --event thread_block | grep -c 'piled up')
	echo "at most $most things waited on a CPU of $machine, and so a thread did $waits times"
	[ "$most" -le 1100 ] && ok "the-pile-is-bounded-$machine" || not_ok "the-pile-is-bounded-$machine" "$most things waited on a CPU"

	# A CPU that never came up is waited for by nobody.
	run_program "$run" --arch "$machine" --program rcu --smp 4 --icount --append "broken_cpu=2 program.rcu=500"
	expect_equal "absent-cpu-holds-nothing-up-$machine" "exit code" 0 "$run_status"
	expect_equal "absent-cpu-is-not-asked-$machine" "how often it was quiescent" 0 \
		"$($vitrine events "$run" --event rcu_quiescent | grep -c ' cpu=2 ')"

	run_limit_seconds=300 run_program "$run" --arch "$machine" --program rcu --live --image kernel-release --trace boot --wall 280 \
		--append program.rcu=1000000
	expect_equal "a-million-leaves-nothing-$machine" "exit code" 0 "$run_status"
	grep '^rcu: 1000000 made' "$run/console.log"
	rm -rf "$run"
done
