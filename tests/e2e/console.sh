#!/bin/bash
#
# Group `console`: what is typed. Interrupts of the serial port reach the driver in user space, none is lost, and the shell does what one says.
source "$(dirname "$0")/lib.sh"

run_with_input() { # directory, input, arguments of vitrine run...
	local directory=$1 input=$2
	shift 2
	run_program "$directory" --input "$input" --wall 100 "$@"
}

# 30,000 bytes; the last line is "end".
awk 'BEGIN { srand(7); for (i = 0; i < 499; i++) { line = ""; while (length(line) < 59) line = line sprintf("%c", 97 + int(rand() * 26))
	print line } while (length(rest) < 55) rest = rest "x"; print rest; print "end" }' >"$work/typed"

# Ten times as many, without that line.
for _ in {1..10}; do sed 's/^end$/and/' "$work/typed"; done >"$work/much"

# Bytes added up as the program `input` does it.
sum_of() { # file
	od -An -v -tu1 "$1" | awk '{ for (i = 1; i <= NF; i++) sum = (sum * 31 + $i) % 4294967296 } END { printf "%.0f\n", sum }'
}

# What became of the interrupts of the serial port in a run: $entered, $delivered, $received, $answered; and how many events were $lost.
count_interrupts() { # run
	delivered=$(count_event "$1" irq_deliver)
	entered=$($vitrine events "$1" --event irq_enter | grep -c -v -E 'irq=(timer|ipi|none)')
	lost=$($vitrine stats "$1" | awk '/^events lost/ { print $NF }')
	read -r received answered < <($vitrine events "$1" --category ipc | awk '
		/ ipc_receive .*INTERRUPT/ { match($0, /flow=[^ ]*/); asked[substr($0, RSTART, RLENGTH)] = 1; received++ }
		/ ipc_reply / { match($0, /flow=[^ ]*/); if (substr($0, RSTART, RLENGTH) in asked) answered++ }
		END { print received + 0, answered + 0 }')
}

# What is typed at the shell, and what it has to say to that.
cat >"$work/commands" <<'END'
help
files
mods
load squares
load squares
load nothing
load counter
call counter counter_next
call counter squares
call squares squares
mods
unload counter
call counter counter_next
run hello
nonsense
run nothing
run
mem
ps
run words &
kill 1
kill 5
crash serial
run hellx
run hello
exit
END
sed -i 's/hellx/hell\x7fl\x7flo\x15mem/' "$work/commands" # keys that take back what was typed

for machine in $machines; do
	run=$work/$machine-input
	run_with_input "$run" "$work/typed" --arch "$machine" --program input --smp 2
	expect_equal "input-$machine" "exit code" 0 "$run_status"
	expect_equal "every-byte-$machine" "bytes and lines" "30000 bytes in 501 lines" \
		"$(sed -n 's/^input: \(.* lines\),.*/\1/p' "$work/$machine-input/console.log")"
	expect_equal "right-bytes-$machine" "their sum" "$(sum_of "$work/typed")" \
		"$(sed -n 's/^input: .* sum \([0-9]*\),.*/\1/p' "$run/console.log")"
	grep -q '^input: .* [1-9][0-9]* times the reader had gone' "$run/console.log" && ok "bytes-outlive-readers-$machine" ||
		not_ok "bytes-outlive-readers-$machine" "no reader had gone when bytes came"
	count_interrupts "$run"
	expect_equal "interrupts-are-whole-$machine" "events lost" 0 "$lost"
	[ "${delivered:-0}" -gt 0 ] && [ "$delivered" -le "$entered" ] && ok "interrupts-are-real-$machine" ||
		not_ok "interrupts-are-real-$machine" "${delivered:-0} were delivered, and $entered taken"
	expect_equal "interrupts-are-received-$machine" "interrupts the driver received" "$delivered" "$received"
	expect_equal "interrupts-are-answered-$machine" "interrupts the driver answered" "$delivered" "$answered"

	# Ten thousand interrupts, however many bytes come with each; the last may be on its way when the run ends.
	run=$work/$machine-many
	run_with_input "$run" "$work/much" --arch "$machine" --program input --smp 2 --append program.interrupts=10000
	expect_equal "many-$machine" "exit code" 0 "$run_status"
	bytes=$(sed -n 's/^input: \([0-9]*\) bytes.*/\1/p' "$run/console.log")
	head -c "${bytes:-0}" "$work/much" >"$work/read"
	expect_equal "right-bytes-of-many-$machine" "their sum" "$(sum_of "$work/read")" \
		"$(sed -n 's/^input: .* sum \([0-9]*\),.*/\1/p' "$run/console.log")"
	count_interrupts "$run"
	[ "${delivered:-0}" -ge 10000 ] && [ "$lost" = 0 ] && ok "ten-thousand-interrupts-$machine" ||
		not_ok "ten-thousand-interrupts-$machine" "${delivered:-0} were delivered, and $lost events were lost"
	[ "$received" -ge $((delivered - 1)) ] && [ "$answered" -ge $((received - 1)) ] && ok "many-are-answered-$machine" ||
		not_ok "many-are-answered-$machine" "of $delivered, $received were received and $answered answered"
	rm -rf "${work:?}/$machine-many"

	run_with_input "$work/$machine-shell" "$work/commands" --arch "$machine" --program shell --smp 2
	console=$work/$machine-shell/console.log
	expect_equal "shell-$machine" "exit code" 0 "$run_status"
	for said in '^help   this list' '^hello  *[0-9]* bytes' 'hello from thread' 'nonsense: no such command' \
		'nothing cannot be run: NOT_FOUND' 'run what' 'MiB are free' 'init  *names  *[01]  waits for a message' '^\[1\] words' \
		'there is no job 5' 'nothing cannot be loaded: NOT_FOUND' 'squares is loaded already' '^counter starts' '^111' \
		'squares: NOT_FOUND' 'squares: CRASHED' '^counter .*opened 1 times, loaded here' '^counter ends' 'counter is not loaded' \
		'the driver of this console: GONE' 'the server serial ended: CRASHED.*it is started again'; do
		grep -q "$said" "$console" && ok "shell-says-$(echo "$said" | tr -cd 'a-z-' | cut -c1-20)-$machine" ||
			not_ok "shell-says-$(echo "$said" | tr -cd 'a-z-' | cut -c1-20)-$machine" "not: $said"
	done
	expect_equal "shell-runs-hello-$machine" "how often hello ran" 2 "$(grep -c 'hello from thread' "$console")"
	expect_equal "shell-takes-keys-back-$machine" "how often mem was asked" 2 "$(grep -c 'MiB are free' "$console")"
	rm -rf "${work:?}/$machine-input"
done

# Who waits for more than there is is said to wait, and that there is no more.
for machine in $machines; do
	printf 'mem\n' >"$work/short"
	run_program "$work/waits" --input "$work/short" --arch "$machine" --program shell --icount --budget 2000000000
	expect_equal "waits-$machine" "exit code" 12 "$run_status"
	for said in 'waiting: a limit was reached while every CPU was idle' 'main  *of shell  *waits for a reply' 'short had ended'; do
		expect_equal "waits-says-$(tr -cd a-z- <<<"$said" | cut -c1-20)-$machine" "the number of lines that say so" 1 "$(grep -c "$said" "$work/waits/log")"
	done
done

run_program "$work/no-input" --input "$work/no-such-file" --program input
expect_equal input-file-is-missing "exit code" 11 "$run_status"
grep -q 'no-such-file: No such file' "$work/no-input/log" && ok input-file-is-named || not_ok input-file-is-named "$(cat "$work/no-input/log")"
