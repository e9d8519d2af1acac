#!/bin/bash
#
# Group `witness`: what QEMU's plugin saw at the kernel's vectors is what the trace says, for the demo on both machines and for programs that
# crash, go wrong in the kernel's hands, or are cut off; a run with a witness leaves the same trace as one without; and an event that is left
# out of a trace, or made up, is found and named. How calls are followed: tests/tools/test_witness.c.
source "$(dirname "$0")/lib.sh"

# Runs a program with a witness in $run.
witnessed() { # name, machine, exit code, arguments of vitrine run...
	run=$work/$2-$1
	run_program "$run" --arch "$2" --smp 2 --no-build --witness "${@:4}"
	[ "$run_status" = "$3" ] || { show_run "$run"; not_ok "$1-runs-$2" "the run ended with $run_status, not $3"; }
}

# The two accounts of $run agree, and some figures are there.
agrees() { # name
	if $vitrine witness "$run" --check >"$run/check" 2>&1; then
		ok "$1"
	else
		cat "$run/check"
		not_ok "$1" "$(grep -m 1 -E 'DIFFER|^The first|vitrine' "$run/check")"
	fi
}

# The sum of a column of the comparison, over all CPUs.
sum_of() { # kind of trap, column from the right of what stands before the verdict
	sed -n "s/^  cpu[0-9]* *$1 *\([0-9]*\) *\([0-9]*\) .*/\\$2/p" "$run/check" | awk '{ n += $1 } END { print n + 0 }'
}

test_demo() { # machine
	local plain=$work/$1-plain
	run_program "$plain" --arch "$1" --smp 2 --no-build --program demo --icount --seed 3
	witnessed demo "$1" 0 --program demo --icount --seed 3
	cmp "$plain/run.vtrace" "$run/run.vtrace" && ok "same-trace-$1" || not_ok "same-trace-$1" "the witness changed the run"
	[ ! -e "$plain/witness" ] && ok "no-witness-unasked-$1" || not_ok "no-witness-unasked-$1" "a plain run left a witness"
	agrees "demo-$1"
	# What was compared is all there is: the trace's own counts.
	expect_equal "all-syscalls-$1" "the system calls that were compared" "$(count_event "$run" syscall_enter)" "$(sum_of 'system calls' 2)"
	expect_equal "all-interrupts-$1" "the interrupts that were compared" "$(count_event "$run" irq_enter)" "$(sum_of interrupts 2)"
	expect_equal "no-strays-$1" "returns that fit no call" "" "$($vitrine witness "$run" | grep 'nobody had called')"
}

# The functions that are exact in the trace as well: an event is emitted in each call of these.
test_functions() { # machine
	local dispatched
	dispatched=$($vitrine witness "$run" | awk '$4 == "syscall_dispatch" { print $1 }')
	expect_equal "calls-counted-$1" "calls of syscall_dispatch" "$(count_event "$run" syscall_enter)" "$dispatched"
	expect_equal "root-is-all-there-is-$1" "instructions below the system call's entry, twice" \
		"$($vitrine witness "$run" --root system-call | awk '/in the kernel.s functions/ { print $1 }')" \
		"$($vitrine witness "$run" --root system-call | awk 'NF >= 4 && $1 + 0 == $1 && !/instructions in/ { n += $2 } END { print n }')"
	$vitrine witness "$run" | grep -q ' fault_handle  *kernel/mm/fault.c:[1-9]' && ok "source-lines-$1" ||
		not_ok "source-lines-$1" "$($vitrine witness "$run" | grep -m 1 fault_handle)"
}

# An event left out, or the first of many, is found, and it is that one. The event's own time is what forget prints first.
test_forgotten() { # machine, event, number or range
	local name=forgotten-$2-$3-$1 gone said
	mkdir -p "$work/$1-forgotten"
	cp "$run/witness" "$work/$1-forgotten/witness"
	gone=$(build/tests/forget trace "$2" "$3" "$run" "$work/$1-forgotten") || { not_ok "$name" "$gone"; return; }
	if $vitrine witness "$work/$1-forgotten" --check >"$work/said" 2>&1; then
		not_ok "$name" "nobody missed $gone"
		return
	fi
	said=$(sed -n -E "s/^The first that is missing in the trace: CPU ([0-9]+), .*, ([0-9.]+) us after kernel entry.*/\1 \2/p" "$work/said")
	# The trap comes at most 20 us (instructions / 1000) before its event, on the same CPU.
	if awk -v gone="$gone" -v said="$said" 'BEGIN { split(gone, g, " "); split(said, s, " "); sub("cpu", "", g[2])
		exit !(s[1] == g[2] && s[2] != "" && g[1] - s[2] >= -0.1 && g[1] - s[2] < 20) }'; then
		ok "$name"
	else
		cat "$work/said"
		not_ok "$name" "forgotten was '$gone', named '$said'"
	fi
}

# A trap that the witness did not see, though its event is there.
test_made_up() { # machine
	local gone said
	mkdir -p "$work/$1-made-up"
	cp "$run/run.vtrace" "$work/$1-made-up/run.vtrace"
	gone=$(build/tests/forget witness 700 "$run" "$work/$1-made-up")
	$vitrine witness "$work/$1-made-up" --check >"$work/said" 2>&1 && { not_ok "made-up-$1" "nobody missed trap $gone"; return; }
	grep -A 1 '^The first that is in the trace and never happened' "$work/said" | grep -q '^  it ' && ok "made-up-$1" ||
		not_ok "made-up-$1" "$(tail -n 3 "$work/said")"
}

for machine in $machines; do
	test_demo "$machine"
	test_functions "$machine"
	test_forgotten "$machine" syscall_enter 300
	test_forgotten "$machine" fault_begin 200
	test_forgotten "$machine" irq_enter 100
	test_made_up "$machine"
	# So many that lists of thousands are paired piece by piece.
	witnessed turmoil "$machine" 0 --program turmoil --icount
	agrees "turmoil-$machine"
	test_forgotten "$machine" syscall_enter 7000-8800
	witnessed uaccess "$machine" 0 --program uaccess --icount
	agrees "uaccess-$machine"
	[ "$(sum_of 'faults in the kernel' 1)" -gt 0 ] && ok "kernel-faults-$machine" || not_ok "kernel-faults-$machine" "$(cat "$run/check")"
	witnessed live "$machine" 0 --program threads --live
	agrees "live-$machine"
	witnessed masked "$machine" 0 --program hello --icount --trace boot,thread,syscall
	agrees "masked-$machine"
	expect_equal "masked-is-said-$machine" "streams that were not traced" 6 "$(grep -c 'not traced' "$run/check")"
	witnessed budget "$machine" 6 --program demo --icount --budget 20000000
	agrees "cut-off-$machine"
	witnessed crash "$machine" 0 --program crash --icount
	agrees "crash-$machine"
	rm -rf "$work/$machine"-*
done
