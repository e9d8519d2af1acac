#!/bin/bash
#
# Group `at`: `vitrine at`, on both machines with two CPUs. At events chosen at random (the same each time): the second run is the first
# one up to there, event by event; gdb stands in the function that emitted, on the CPU that emitted, with the clock of the event; the
# RAM image ends with that event. And what cannot be had again is refused in a sentence. AT_EVENTS=50 tries as many on each machine.
source "$(dirname "$0")/lib.sh"
events=${AT_EVENTS:-8}

# Numbers CPU:SEQUENCE, spread over the run by a generator with a fixed start.
choose() { # run, how many
	$vitrine events "$1" | awk '$2 ~ /^cpu/ { print substr($2, 4) ":" $3 }' |
		awk -v want="$2" '{ line[NR] = $0 } END { x = 12345; for (i = 0; i < want; i++) { x = (x * 1103515 + 12345) % 2147483; print line[1 + x % NR] } }'
}

# What gdb says where it stands: the CPU, how many events the kernel says there are, the time in the last slot of its ring, as nanoseconds
# since kernel entry, the thread that the kernel says is current, and the symbol of the program counter.
questions=(
	--command 'set $cpu = &cpus[$_thread - 1]' --command 'set $ring = &$cpu->trace'
	--command 'set $slot = (unsigned long *)($ring->slots + 64 * (($ring->head - 1) & $ring->slot_mask))'
	--command 'printf "CPU %d\n", $_thread - 1' --command 'printf "AHEAD %lu\n", $ring->head'
	--command 'printf "NS %lu\n", (unsigned long)((*$slot - descriptor.boot_ticks) * 1000000 / (descriptor.clock_hz / 1000))'
	--command 'printf "THREAD %d\n", $cpu->current ? $cpu->current->id : 0' --command 'info symbol $pc'
)

# One event in gdb.
try_in_gdb() { # run, event
	local log=$work/gdb.log cpu=${2%%:*} number=${2##*:}
	timeout -k 5 60 $vitrine at "$1" "$2" --batch "${questions[@]}" >"$log" 2>&1 </dev/null
	grep -q "^the guest stands right after event $2; " "$log" || { echo "$2: not compared"; tail -n 3 "$log"; return; }
	grep -q -x "CPU $cpu" "$log" || echo "$2: another CPU: $(grep ^CPU "$log")"
	[ -n "${interrupted:-}" ] || grep -q -x "AHEAD $((number + 1))" "$log" || echo "$2: $(grep ^AHEAD "$log")"
	grep -q "in section .text" "$log" || echo "$2: no function: $(tail -n 2 "$log")"
	local line
	line=$($vitrine events "$1" --cpu "$cpu" | awk -v number="$number" '$3 == number')
	[ -n "${interrupted:-}" ] && return
	grep -q -x "NS $(awk '{ sub(/\./, "", $1); print $1 + 0 }' <<<"$line")" "$log" || echo "$2: $(grep ^NS "$log"), but: $line"
	case $line in
	*fault_begin*thread=* | *syscall_enter*thread=*)
		grep -q -x "THREAD $(sed 's/.*thread=\([0-9]*\).*/\1/' <<<"$line")" "$log" || echo "$2: $(grep ^THREAD "$log"), but: $line"
		;;
	esac
}

# One event as a RAM image.
try_as_ram() { # run, event
	local said
	said=$(timeout -k 5 60 $vitrine at "$1" "$2" --ram "$work/ram" 2>&1) || { echo "$2: $said"; return; }
	$vitrine at "$1" "$2" --check "$work/ram" >/dev/null || echo "$2: the image is not compared"
}

test_events() { # machine
	local run=$work/$1 event wrong= tried=0
	run_program "$run" --arch "$1" --program hello --smp 2 --seed 5 --icount
	[ "$run_status" = 0 ] || { show_run "$run"; not_ok "at-$1" "the run ended with $run_status"; return; }
	for event in $(choose "$run" "$events"); do
		tried=$((tried + 1))
		if [ $((tried % 4)) = 1 ]; then
			wrong=$wrong$(try_in_gdb "$run" "$event")
		else
			wrong=$wrong$(try_as_ram "$run" "$event")
		fi
	done
	expect_equal "at-$1-count" "the number of events tried" "$events" "$tried"
	expect_equal "at-$1-events" "what was wrong" "" "$wrong"
}

# Events while which an interrupt came: the next one of the CPU is irq_enter, in a line of an emitter, as gdb knows.
interrupted_events() { # machine, run
	$vitrine sql "$2" --csv "SELECT e.cpu || ':' || e.seq, printf('0x%x', i.pc) FROM event e
		JOIN irq_enter i ON i.cpu = e.cpu AND i.seq = e.seq + 1 WHERE i.from_user = 0" | tail -n +2 >"$work/candidates"
	sed 's/^[^,]*,/info line */' "$work/candidates" >"$work/lines.gdb"
	gdb-multiarch -q -nx -batch -x "$work/lines.gdb" "build/$1/kernel.elf" 2>/dev/null |
		paste -d' ' <(cut -d, -f1 "$work/candidates") - | sed -n '/trace_emit\.h/s/ .*//p'
}

# The machine stops behind such an event, and behind the first of the interrupt, where the other is not whole. A run of the demo has some, as a
# rule.
test_interrupted() { # machine
	local run=$work/interrupted event seed
	for seed in 1 2 3 4 5 6; do
		run_program "$run" --arch "$1" --program demo --smp 2 --seed $seed --icount
		event=$(interrupted_events "$1" "$run" | tail -n 1)
		[ -z "$event" ] || break
	done
	expect_equal "at-$1-interrupted" "what was wrong with ${event:-none}" "" \
		"$(interrupted=yes try_in_gdb "$run" "$event"; try_as_ram "$run" "$event")"
	event=${event%:*}:$((${event#*:} + 1))
	expect_equal "at-$1-interrupts" "what was wrong with $event" "" "$(try_in_gdb "$run" "$event"; try_as_ram "$run" "$event")"
	rm -rf "$run"
}

# A ring that comes round: the slot has had another event before.
test_round() { # machine
	local run=$work/round
	run_program "$run" --arch "$1" --program demo --ring 1 --icount
	expect_equal "at-$1-round" "what was wrong" "" "$(try_in_gdb "$run" 0:16500; try_as_ram "$run" 0:16900)"
	sed -i '/^argument --icount/i argument --budget\nargument 20000000' "$run/run.options" # then it ends before it comes there
	expect_refused "at-$1-ends" "ended before it came to the event" "$run" 0:16500 --ram "$work/ram"
	expect_refused "at-$1-ends-in-gdb" "ended before it came to the event" "$run" 0:16500 --batch
	rm -rf "$run"
}

expect_refused() { # name, words of the sentence, arguments of vitrine at...
	local name=$1 words=$2 said
	shift 2
	said=$($vitrine at "$@" 2>&1 </dev/null) && { not_ok "$name" "it was not refused"; return; }
	if grep -q -e "$words" <<<"$said"; then ok "$name"; else not_ok "$name" "it said: $said"; fi
}

for machine in $machines; do
	test_events "$machine"
	test_interrupted "$machine"
	test_round "$machine"
done

run=$work/x86_64
expect_refused at-no-event "has no event 7:5" "$run" 7:5 --ram "$work/ram"
expect_refused at-near-name "did you mean .fault_begin" "$run" fault_begn:1 --ram "$work/ram"
expect_refused at-nonsense "is no moment" "$run" soon --ram "$work/ram"
rm -rf "$work/changed" "$work/live" "$work/nothing" "$work/early"
cp -r "$run" "$work/changed" && sed -i 's/^archive .*/archive 00000001/' "$work/changed/run.options"
expect_refused at-other-image "record the run again" "$work/changed" 0:5 --ram "$work/ram"
cp -r "$run" "$work/live" && sed -i 's/^argument --icount/argument --live/' "$work/live/run.options"
expect_refused at-live "only a run with --icount" "$work/live" 0:5 --ram "$work/ram"
cp -r "$run" "$work/nothing" && rm -f "$work/nothing/run.options"
expect_refused at-no-options "run.options is not there" "$work/nothing" 0:5 --ram "$work/ram"
cp -r "$run" "$work/early" && sed -i '/^ring/d' "$work/early/run.options"
expect_refused at-no-rings "does not say where CPU 0 had its events" "$work/early" 0:5 --ram "$work/ram"
expect_refused at-reach-alone "reach goes with" "$run" 0:5 --reach "$work/none"
rm -f "$work/ram"
