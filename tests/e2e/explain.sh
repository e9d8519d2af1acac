#!/bin/bash
#
# Group `explain`: `vitrine explain` on whole runs of both machines: every kind of event they have, each way to crash with its likely mistake,
# and the exact text of a zero-fill and of a page that a provider brought, with numbers left out (tests/e2e/explain/).
source "$(dirname "$0")/lib.sh"

# Numbers of a run change with the kernel; what is said does not.
normalise() {
	sed -E 's/^[> ] +[0-9]+\.[0-9]+ us/  N us/; s/0x[0-9a-f]+/X/g; s/[0-9]+(\.[0-9]+)?/N/g; s/ +/ /g'
}

# One event of each kind that is in the run: that it is explained, in whole words.
test_every_kind() { # machine
	local name place bad="" kinds=0
	while read -r name place; do
		kinds=$((kinds + 1))
		$vitrine explain "$run" "$place" >"$work/text" 2>&1 && grep -q '^In the trace' "$work/text" &&
			! grep -v ' %  ' "$work/text" | grep -q -E '\(null\)|%' || bad="$bad $name ($place)"
	done < <($vitrine events "$run" | awk '$4 != "GAP:" && !seen[$4]++ { sub("cpu", "", $2); print $4, $2 ":" $3 }')
	[ "$kinds" -ge 40 ] || bad="$bad; only $kinds kinds are in the run"
	[ -z "$bad" ] && ok "every-kind-$1" || not_ok "every-kind-$1" "not explained:$bad"
}

# What the run says of the first fault that ended so.
story_of() { # result
	local place
	place=$($vitrine events "$run" --event fault_end | grep -m 1 "thread=[0-9]*  result=$1" | sed -E 's/.*cpu([0-9]+) +([0-9]+) .*/\1:\2/')
	$vitrine explain "$run" "$place" | sed '/^In the trace/,$d'
}

test_exact() { # machine, name, result
	story_of "$3" | normalise >"$work/$2-$1"
	if diff "tests/e2e/explain/$2-$1.txt" "$work/$2-$1"; then
		ok "text-$2-$1"
	else
		not_ok "text-$2-$1" "the text is another; if that is meant: cp $work/$2-$1 tests/e2e/explain/$2-$1.txt"
	fi
}

# The parts of a cost add up to the whole, of some faults that had to wait.
test_parts() { # machine
	local number bad=""
	for number in 1 2 3 4 5; do
		$vitrine explain "$run" "fault_wait:$number" | awk '/^What it cost/ { cost = 1; next } /^$/ { cost = 0 }
			cost && / us from the trap/ { whole = $1 } cost && $4 == "%" { sum += $1; parts++ }
			END { exit !(parts >= 3 && sum - whole < 0.0005 && whole - sum < 0.0005) }' || bad="$bad $number"
	done
	[ -z "$bad" ] && ok "parts-$1" || not_ok "parts-$1" "the parts do not add up to the whole in fault_wait:$bad"
}

# The hash that is reckoned from the address is where the kernel put the entry.
test_groups() {
	local number bad=""
	for number in 1 40 400; do
		$vitrine explain "$run" "mmu_map:$number" | awk '/primary group [0-9]/ {
			match($0, /primary group [0-9]+/); one = substr($0, RSTART + 14, RLENGTH - 14)
			match($0, /secondary group [0-9]+/); two = substr($0, RSTART + 16, RLENGTH - 16) }
			/then entered it/ { sub(":", "", $NF); got = $NF } END { exit !(got == "" || got == one || got == two) }' || bad="$bad $number"
	done
	$vitrine explain "$run" mmu_evict:1 | grep -q 'The fault path then entered it' || bad="$bad: no entry is told of"
	[ -z "$bad" ] && ok groups-ppc64 || not_ok groups-ppc64 "the entry is in another group than the hash says: mmu_map$bad"
}

# thread name in user/programs/crash.c | the likely mistake
mistakes() {
	cat <<'END'
null load|A null pointer was used: something that returned no pointer
null store|A null pointer was used: a field at offset 0x8
null jump|A null pointer was called
kernel load|A wild pointer was used
kernel jump|A wild function pointer was called
last byte|a small negative number
unmapped load|Nothing was ever mapped there
unmapped jump|A wild function pointer was called: nothing is mapped
after unmap|Use after unmap: the memory was there until thread
store to text|A write to read-only
store to const|A write to read-only
store read-only|A write to memory that was mapped read-only
load no rights|Memory without any right was touched
execute data|A jump to data
execute stack|A jump into the stack
overflow|Stack overflow into the guard
below stack|Stack overflow into the guard
illegal|Execution ran into something that is no code
privileged|An instruction of the kernel's
breakpoint|A breakpoint or trap instruction
END
}

# The last crash of the thread with this name, as CPU:NUMBER.
crash_of() { # name
	local thread
	thread=$($vitrine events "$run" --event thread_create | grep -m 1 "name=\"$1\"" | sed -E 's/.* thread=([0-9]+) .*/\1/')
	$vitrine events "$run" --event thread_crashed --thread "$thread" | sed -E 's/.*cpu([0-9]+) +([0-9]+) .*/\1:\2/'
}

# A store to text: its translation is there and forbids it. The walk that is made from events ends at the same entry as that in the memory of the
# guest, which is run again up to the trap.
test_walk() { # machine
	local from_events from_memory parts='table 0x[0-9a-f]*:\|frame 0x[0-9a-f]*\|AVA 0x[0-9a-f]*\|slot [0-9]'
	timeout 60 $vitrine explain "$run" "$(crash_of "store to text")" --walk >"$work/walk" 2>&1
	grep -q 'translation forbids' "$work/walk" || not_ok "walk-$1" "$(head -n 1 "$work/walk")"
	from_events=$(sed -n '/^The walk, when/,/^The walk, in/p' "$work/walk" | grep -o "$parts")
	from_memory=$(sed -n '/^The walk, in/,/^The path/p' "$work/walk" | sed -E 's/(level [432].*: 0x[0-9a-f]+): frame 0x[0-9a-f]+/\1/' |
		grep -o "$parts")
	[ "$(wc -l <<<"$from_events")" -ge 3 ] || from_events="too little: $from_events"
	expect_equal "walk-$1" "the walk in memory" "$from_events" "$from_memory"
}

test_mistakes() { # machine
	local name text bad=""
	while IFS='|' read -r name text; do
		$vitrine explain "$run" "$(crash_of "$name")" | sed -n '/^The likely mistake/,/^$/p' | grep -q -F "$text" || bad="$bad, $name"
	done < <(mistakes)
	[ -z "$bad" ] && ok "mistakes-$1" || not_ok "mistakes-$1" "not the likely mistake:${bad#,}"
}

for machine in $machines; do
	run=$work/$machine-demo
	run_program "$run" --arch "$machine" --program demo --smp 2 --icount --seed 1 --no-build
	[ "$run_status" = 0 ] || { show_run "$run"; not_ok "demo-$machine" "the run ended with $run_status"; }
	test_every_kind "$machine"
	test_exact "$machine" zero-fill "zero-filled a new page"
	test_exact "$machine" provider "the provider brought the page"
	test_parts "$machine"
	[ "$machine" != ppc64 ] || test_groups
	run=$work/$machine-crash
	run_program "$run" --arch "$machine" --program crash --smp 2 --icount --seed 1 --no-build
	[ "$run_status" = 0 ] || { show_run "$run"; not_ok "crash-$machine" "the run ended with $run_status"; }
	test_mistakes "$machine"
	test_walk "$machine"
	rm -rf "$run" "$work/$machine-demo"
done
