#!/bin/bash
#
# Group `dump`: runs that end in known ways leave their RAM, and what `vitrine dump` reads out of it is what the trace of the same run says.
# Damaged images: tests/tools/test_dump.c, and here those of real runs.
source "$(dirname "$0")/lib.sh"

# The lines of one section, of the run in $run.
section() { # name
	$vitrine dump "$run/ram" "$1" | tail -n +2
}

# Threads that wait at the end, as the trace has it: id and reason.
waiting_in_trace() {
	$vitrine events "$run" --category thread | awk '
		function field(name) { match($0, name "=[^ ]+"); return substr($0, RSTART + length(name) + 1, RLENGTH - length(name) - 1) }
		/ thread_block / { thread = field("thread"); match($0, /reason=.*  object=/); waits[thread] = substr($0, RSTART + 7, RLENGTH - 16) }
		/ thread_wake / { delete waits[field("thread")] }
		END { for (thread in waits) print thread, waits[thread] }' | sort -n
}

waiting_in_dump() {
	section threads | sed -n -E 's/^ +([0-9]+) .* blocked  ([^:;]*).*/\1 \2/p' | sort -n
}

# Runs a program with its RAM kept; a run that ends otherwise than it should fails the test that is named.
run_and_dump() { # name, machine, exit code, arguments of vitrine run...
	run=$work/$2-$1
	run_program "$run" --arch "$2" --smp 2 --keep-ram "${@:4}"
	[ "$run_status" = "$3" ] || show_run "$run"
	expect_equal "$1-$2" "exit code" "$3" "$run_status"
	if $vitrine dump "$run/ram" >"$run/dump" 2>"$run/dump.errors"; then
		ok "$1-is-whole-$2"
	else
		not_ok "$1-is-whole-$2" "$(head -n 1 "$run/dump.errors") $(grep -m 1 corrupt "$run/dump")"
	fi
}

# Two threads of which each waits for the other, beside servers that wait for messages.
test_deadlock() { # machine
	run_and_dump deadlock "$1" 4 --program deadlock --icount --no-build
	grep -q "build/vitrine dump $run/ram" "$run/log" && ok "the-end-points-here-$1" || not_ok "the-end-points-here-$1" "$(tail -n 1 "$run/log")"
	[ "$(waiting_in_trace | wc -l)" -ge 5 ] || not_ok "threads-$1" "hardly any thread waits in the trace"
	expect_equal "threads-$1" "who waits for what" "$(waiting_in_trace)" "$(waiting_in_dump)"
	expect_equal "circle-$1" "what the two threads of the program wait for" "other main" \
		"$(section threads | sed -n -E 's/^ +([0-9]+) +([a-z]+) +deadlock .*: thread ([0-9]+)$/\1 \3 \2/p' |
			awk '{ name[$1] = $3; waits[$1] = $2 } END { for (i in waits) print name[waits[i]] }' | sort -r | tr '\n' ' ' | sed 's/ $//')"
	expect_equal "verdict-$1" "the verdict" "  verdict   DEADLOCK; status 0" "$(section run | grep verdict)"
	expect_equal "log-$1" "the log" "$(tr -d '\r' <"$run/console.log")" "$(section log | sed -n 's/^  | //p')"
	expect_equal "events-$1" "the last event of CPU 0" "$($vitrine events "$run" --cpu 0 | tail -n 1 | sed -E 's/.* cpu0 +([0-9]+) +/\1 /')" \
		"$(section events | sed -n '/cpu 0/,/cpu 1/p' | grep ' us ' | tail -n 1 | sed -E 's/^ +([0-9]+) +[0-9.]+ us +/\1 /')"
	expect_equal "rcu-$1" "periods over" "$(count_event "$run" rcu_period_end)" "$(section rcu | sed -n -E 's/.* over ([0-9]+),.*/\1/p')"
}

# A hashed table holds what the counter in the trace says, which tells every eighth value; pages in a tree are those that were mapped.
test_tables_ppc64() {
	local counted used
	counted=$($vitrine events "$run" --event hpt_entries | tail -n 1 | sed 's/.*value=//')
	used=$(section hash | sed -n -E 's/^  ([0-9]+) of 16384 entries in use.*/\1/p')
	[ "$used" -gt $((counted - 8)) ] && [ "$used" -lt $((counted + 8)) ] && ok hash-as-counted ||
		not_ok hash-as-counted "the dump has $used entries, the last count in the trace is $counted"
	expect_equal hash-lines "entries that are listed" "$used" "$(section hash | grep -c -E '^ +[0-9]+ [0-7] [12] ')"
}

test_tables_x86_64() {
	local tables
	tables=$(section tables | sed -n 's/.*; tables//p' | tr -c '0-9\n' ' ' | awk '{ n += $1 + $3 + $5 + $7 } END { print n }')
	expect_equal tables-as-made "tables of all levels" "$(count_event "$run" mmu_table)" "$tables"
	# Spaces are made in turn, and nothing was unmapped from the program that waits: its pages are those that the trace maps.
	expect_equal leaves-as-mapped "pages of the program" \
		"$($vitrine events "$run" --event mmu_map | sed -n 's/.* space=4  address=\(0x[0-9a-f]*\).*/\1/p' | sort -u | wc -l)" \
		"$(section tables | awk '/process deadlock/ { mine = 1 } mine && /pages translated/ { print $1 }')"
}

printf '%s\n' 'int main(void)' '{' '	*(volatile int *)8 = 1;' '	return 0;' '}' >"$work/falls.c"
for machine in $machines; do
	test_deadlock "$machine"
	"test_tables_$machine"
	[ -x build/asan/test_dump ] || make -s build/asan/test_dump
	if build/asan/test_dump build "$run/ram" >"$work/$machine-damaged.log" 2>&1; then
		ok "damage-of-a-real-image-$machine"
	else
		tail -n 20 "$work/$machine-damaged.log"
		not_ok "damage-of-a-real-image-$machine" "the dump of a damaged image failed"
	fi
	run_and_dump finished "$machine" 0 --program hello --icount --no-build
	expect_equal "nothing-left-$machine" "threads and processes" "" "$(section threads | sed '1d;/^$/,$d')$(section processes | sed '1d;/^$/,$d')"
	expect_equal "nothing-left-is-said-$machine" "the number of lines that say so" "1 1 0" \
		"$(for wanted in "" threads log; do $vitrine dump "$run/ram" $wanted | grep -c '^(all processes had ended'; done | tr '\n' ' ' | sed 's/ $//')"
	run_and_dump crash "$machine" 3 --program "$work/falls.c" --icount
	expect_equal "crash-verdict-$machine" "the verdict" "CRASHED;" "$(section run | awk '/verdict/ { print $2 }')"
	section log | grep -q 'CRASHED thread .*the first page is never mapped' && ok "crash-log-$machine" ||
		not_ok "crash-log-$machine" "$(section log | tail -n 2)"
	run_and_dump panic "$machine" 7 --program hello --append panic=1 --no-build
	section log | grep -q 'PANIC on CPU' && ok "panic-log-$machine" || not_ok "panic-log-$machine" "$(section log | tail -n 1)"
	run=$work/$machine-live
	run_program "$run" --arch "$machine" --program livelock --smp 2 --keep-ram --no-build --wall 2 --trace thread
	[ "$(section threads | grep -c livelock)" -ge 2 ] && ok "live-$machine" || not_ok "live-$machine" "$(section threads | tail -n 1)"
	rm -rf "$work/$machine"-*
done
