#!/bin/bash
#
# Group `perfetto`: what `vitrine perfetto` writes is judged by Perfetto's own trace processor, and what went in is counted coming out.
#
# Runs: the demo and others on both machines, and made-up ones (both byte orders, holes, grace periods that are not all there, one of
# ten million events for the memory).
# Who calls: `make perfetto-test`, which has built and fetched everything. Whom it calls: perfetto-check.mjs, perfetto-rcu.mjs,
# sql-questions.mjs, view-test.mjs.
source "$(dirname "$0")/../e2e/lib.sh"
work=out/test/perfetto
rm -rf "$work"
mkdir -p "$work"
make_trace=build/tests/make_trace

# What a run has, for perfetto-check.mjs.
counts_of() { # run, 1 if it has holes
	$vitrine stats --by-event "$1" | awk -v holes="${2:-0}" '
		BEGIN { printf "{\"holes\":%d,\"events\":{", holes }
		{ printf "%s\"%s\":%d", (NR > 1 ? "," : ""), $1, $2 }
		END { print "}}" }'
}

# Converts runs and has the result judged. The name stands before each test's; runs with "holes" in their name have holes.
judge() { # name, suffix of the file, runs...
	local name=$1 file=$work/$1.$2 run
	local counts=()
	shift 2
	for run in "$@"; do
		counts+=("$(counts_of "$run" "$(grep -c holes <<<"$run")")")
	done
	if ! $vitrine perfetto "$@" -o "$file" >"$work/$name.log" 2>&1; then
		not_ok "$name-is-written" "$(tail -n 1 "$work/$name.log")"
		return
	fi
	ok "$name-is-written"
	node tests/tools/perfetto-check.mjs "$name" "$file" "${counts[@]}" 2>"$work/$name.node.log" ||
		not_ok "$name-is-judged" "$(grep -m 1 Error "$work/$name.node.log")"
}

# ---- real runs ----

for machine in $machines; do
	run_program "$work/$machine" --arch "$machine" --program demo --smp 2 --seed 1 --icount
	[ "$run_status" = 0 ] || not_ok "demo-runs-on-$machine" "$(tail -n 1 "$work/$machine/log")"
	run_program "$work/$machine-crash" --arch "$machine" --program crash --smp 4 --seed 1 --icount
	run_program "$work/$machine-messages" --arch "$machine" --program messages --smp 4 --seed 1 --icount
	run_program "$work/$machine-sync" --arch "$machine" --program sync --smp 4 --seed 1 --icount
	printf 'mem\nexit\n' >"$work/typed"
	run_program "$work/$machine-shell" --arch "$machine" --program shell --smp 2 --input "$work/typed"
done
# The demo's pages come from the flash, so there have to be such faults.
PROVIDED_MIN=20 judge demo pftrace "$work/x86_64" "$work/ppc64"
judge crash pftrace "$work/ppc64-crash" "$work/x86_64-crash"
judge messages pftrace "$work/x86_64-messages" "$work/ppc64-messages"
judge sync pftrace "$work/x86_64-sync" "$work/ppc64-sync"
judge typed pftrace "$work/x86_64-shell" "$work/ppc64-shell"
judge alone pftrace "$work/ppc64"
tests/tools/graph-check.sh x86_64 "$work/x86_64" ppc64 "$work/ppc64"

# ---- grace periods: every slice, arrow and counter value of the group RCU is reckoned again from the events ----

judge_rcu() { # name, the fewest times a CPU must have held a period up, runs...
	local name=$1 fewest=$2 run
	local events=()
	shift 2
	judge "$name" pftrace "$@"
	for run in "$@"; do
		$vitrine events "$run" --category rcu >"$run.rcu-events"
		events+=("$run.rcu-events")
	done
	HOLDERS_MIN=$fewest node tests/tools/perfetto-rcu.mjs "$name" "$work/$name.pftrace" "${events[@]}" 2>"$work/$name.node.log" ||
		not_ok "$name-rcu-is-judged" "$(grep -m 1 Error "$work/$name.node.log")"
}
for machine in $machines; do
	run_program "$work/$machine-rcu-1" --arch "$machine" --program rcu --smp 1 --seed 1 --icount
	run_program "$work/$machine-rcu-4" --arch "$machine" --program rcu --smp 4 --seed 1 --icount
	judge_rcu "$machine-rcu-1" 0 "$work/$machine-rcu-1"
done
judge_rcu rcu-4 10 "$work/x86_64-rcu-4" "$work/ppc64-rcu-4"

# ---- the questions of docs/sql.md, which `vitrine sql` answers too ----

ask_twice() { # name, run
	$vitrine perfetto "$2" -o "$work/$1.pftrace" && node tests/tools/sql-questions.mjs "$1" $vitrine "$2" "$work/$1.pftrace" 2>"$work/$1.node.log" ||
		not_ok "$1-questions-are-asked" "$(grep -m 1 Error "$work/$1.node.log")"
}
for machine in $machines; do
	ask_twice "$machine-demo" "$work/$machine"
	ask_twice "$machine-rcu" "$work/$machine-rcu-4"
done

# ---- made-up runs ----

$make_trace 60000 "$work/little.vtrace" --cpus 4 --seed 7
$make_trace 60000 "$work/big.vtrace" --big-endian --seed 8
$make_trace 20000 "$work/holes.vtrace" --cpus 3 --gap-every 41 --seed 9
judge both-orders pftrace "$work/little.vtrace" "$work/big.vtrace"
judge holes pftrace "$work/holes.vtrace"

# Grace periods of which something is missing: what is drawn, by begin and length in nanoseconds.
$make_trace 99 "$work/rcu-holes.vtrace" --rcu
judge rcu-holes pftrace "$work/rcu-holes.vtrace"
drawn=$(node tests/tools/perfetto-sql.mjs "$work/rcu-holes.pftrace" "select s.ts, s.dur, t.name as track, s.name,
	(select string_value from args where args.arg_set_id = s.arg_set_id and key in ('debug.cause', 'debug.end')) as why
	from slice s join track t on t.id = s.track_id join track g on g.id = t.parent_id
	where g.name = 'RCU' and t.name not glob 'RCU CPU*' and s.name not glob '*not wait' order by s.ts, t.name" 2>/dev/null |
	tr -d '{}"' | sed -E 's/(ts|dur|track|name|why)://g')
expect_equal rcu-holes-are-bridged "what is drawn" "100,0,CPU 1 holds up,quiescent in period 4,on its way out of the kernel
600,200,CPU 1 holds up,holds up period 5,on its way out of the kernel
600,300,CPU 2 holds up,holds up period 5,nothing to run
600,400,grace periods,grace period 5,null
1500,400,grace periods,grace period 6,null
2100,300,grace periods,grace period 7,lost
2400,200,CPU 0 holds up,holds up period 8,on its way out of the kernel
2400,300,CPU 2 holds up,holds up period 8,none: the run ends first
2400,300,grace periods,grace period 8,none: the run ends first" "$drawn"

# ---- wrong calls: a sentence, the right status, and no file ----

refused() { # test, status, what the sentence says, arguments of vitrine perfetto...
	local name=$1 wanted=$2 sentence=$3 status
	shift 3
	$vitrine perfetto "$@" >"$work/refused.log" 2>&1
	status=$?
	if [ $status = "$wanted" ] && grep -q "$sentence" "$work/refused.log"; then
		ok "$name"
	else
		not_ok "$name" "status $status: $(tail -n 1 "$work/refused.log")"
	fi
}
head -c 300000 "$work/little.vtrace" >"$work/cut.vtrace"
echo kept >"$work/kept.pftrace"
refused no-run-is-named 2 'which run' -o "$work/x.pftrace"
refused no-file-is-named 2 'where to' "$work/little.vtrace"
refused no-such-run 1 'cannot' "$work/none.vtrace" -o "$work/x.pftrace"
refused no-such-folder 1 'cannot write' "$work/little.vtrace" -o "$work/none/x.pftrace"
refused a-folder-is-no-file 1 'directory' "$work/little.vtrace" -o "$work"
refused a-cut-run 1 'cut.vtrace' "$work/cut.vtrace" -o "$work/kept.pftrace"
refused a-full-disk 1 'No space left' "$work/little.vtrace" -o /dev/full
expect_equal a-failure-keeps-the-old-file "the old file" kept "$(cat "$work/kept.pftrace")"
expect_equal a-failure-leaves-nothing "what was left" "" "$(ls "$work" | grep -E 'part$|^x\.')"

# ---- memory and completeness at ten million events ----

value() { # name, file of "name value" lines
	awk -v name="$1" '$1 == name { print $2 }' "$2"
}

# The most memory it took to convert a run, in KiB; the conversion must succeed.
memory_of() { # run
	build/tests/max_rss $vitrine perfetto "$1" -o "$work/memory.pftrace" 2>"$work/memory.log" || echo failed
	tail -n 1 "$work/memory.log"
}

memory_limit_kib=16384
small=$(memory_of "$work/little.vtrace")
$make_trace 10000000 "$work/ten-million.vtrace"
large=$(memory_of "$work/ten-million.vtrace")
echo "memory: $small KiB for 60 thousand events, $large KiB for 10 million"
[ "$large" -le "$memory_limit_kib" ] 2>/dev/null && ok memory-is-small || not_ok memory-is-small "$large KiB"
[ "$large" -le $((small + 1024)) ] 2>/dev/null && ok memory-is-flat || not_ok memory-is-flat "$small KiB, then $large KiB"

$vitrine stats --by-event "$work/ten-million.vtrace" >"$work/went-in"
if build/tests/count_packets "$work/memory.pftrace" >"$work/came-out" 2>"$work/count.log"; then
	ok ten-million-unpack
else
	not_ok ten-million-unpack "$(cat "$work/count.log")"
fi
sum_of() { # events...
	local sum=0 event
	for event in "$@"; do
		sum=$((sum + $(value "$event" "$work/went-in")))
	done
	echo $sum
}
slices=$(sum_of fault_begin fault_segment fault_mapping fault_slot fault_zero_fill fault_copy fault_wait fault_memory \
	syscall_enter irq_enter idle_begin mark_begin)
expect_equal ten-million-begins "slices begun" "$slices" "$(value begins "$work/came-out")"
expect_equal ten-million-ends "slices ended" "$slices" "$(value ends "$work/came-out")"
expect_equal ten-million-switches "switches" "$(value thread_switch "$work/went-in")" "$(value runs "$work/came-out")"
expect_equal ten-million-counters "counter values" "$(sum_of free_pages runnable hpt_entries mark_counter \
	zeroed_pages hash_collisions)" \
	"$(value counters "$work/came-out")"
echo "size: $(($(stat -c %s "$work/memory.pftrace") / 1000000)) MB for 10 million events"
rm -f "$work/ten-million.vtrace" "$work/memory.pftrace"

# ---- handing it to the browser ----

node tests/tools/view-test.mjs $vitrine "$work/demo.pftrace"
