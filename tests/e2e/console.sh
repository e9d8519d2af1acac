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
	run_with_input "$work/$machine-input" "$work/typed" --arch "$machine" --program input --smp 2
	expect_equal "input-$machine" "exit code" 0 "$run_status"
	expect_equal "every-byte-$machine" "bytes and lines" "30000 bytes in 501 lines" \
		"$(sed -n 's/^input: \(.* lines\),.*/\1/p' "$work/$machine-input/console.log")"
	run=$work/$machine-input
	delivered=$(count_event "$run" irq_deliver)
	[ "$delivered" -ge 10000 ] && ok "ten-thousand-interrupts-$machine" ||
		not_ok "ten-thousand-interrupts-$machine" "there were only $delivered"
	entered=$($vitrine events "$run" --event irq_enter | grep -c -v -E 'irq=(timer|ipi|none)')
	[ "$delivered" -le "$entered" ] && ok "interrupts-are-real-$machine" ||
		not_ok "interrupts-are-real-$machine" "$delivered were delivered, and $entered taken"
	$vitrine events "$run" --category ipc | awk '
		/ ipc_receive .*INTERRUPT/ { match($0, /flow=[^ ]*/); asked[substr($0, RSTART, RLENGTH)] = 1; received++ }
		/ ipc_reply / { match($0, /flow=[^ ]*/); if (substr($0, RSTART, RLENGTH) in asked) answered++ }
		END { print received + 0, answered + 0 }' >"$work/counts"
	read -r received answered <"$work/counts"
	expect_equal "interrupts-are-received-$machine" "interrupts the driver received" "$delivered" "$received"
	[ "$answered" -ge $((received - 1)) ] && ok "interrupts-are-answered-$machine" ||
		not_ok "interrupts-are-answered-$machine" "$answered of $received"

	run_with_input "$work/$machine-shell" "$work/commands" --arch "$machine" --program shell --smp 2
	console=$work/$machine-shell/console.log
	expect_equal "shell-$machine" "exit code" 0 "$run_status"
	for said in '^help   this list' '^hello  *[0-9]* bytes' 'hello from thread' 'nonsense: no such command' \
		'nothing cannot be run: NOT_FOUND' 'run what' 'MiB are free' 'init  *main  *[01]  waits for a message' '^\[1\] words' \
		'there is no job 5' 'nothing cannot be loaded: NOT_FOUND' 'squares is loaded already' '^counter starts' '^111' \
		'squares: NOT_FOUND' 'squares: CRASHED' '^counter .*opened 1 times, loaded here' '^counter ends' 'counter is not loaded' \
		'the driver of this console: GONE' 'the server serial ended: CRASHED.*it is started again'; do
		grep -q "$said" "$console" && ok "shell-says-$(echo "$said" | tr -cd 'a-z-' | cut -c1-20)-$machine" ||
			not_ok "shell-says-$(echo "$said" | tr -cd 'a-z-' | cut -c1-20)-$machine" "not: $said"
	done
	expect_equal "shell-runs-hello-$machine" "how often hello ran" 2 "$(grep -c 'hello from thread' "$console")"
	expect_equal "shell-takes-keys-back-$machine" "how often mem was asked" 2 "$(grep -c 'MiB are free' "$console")"
	# Loading reads what it touches: of MODULES the table, the constants and tables of squares, and its one page of data ...
	modules_read=$($vitrine events "$work/$machine-shell" --event request_begin | grep -c 'object=')
	rm -rf "${work:?}/$machine-input"
done

run_program "$work/no-input" --input "$work/no-such-file" --program input
expect_equal input-file-is-missing "exit code" 11 "$run_status"
grep -q 'no-such-file: No such file' "$work/no-input/log" && ok input-file-is-named || not_ok input-file-is-named "$(cat "$work/no-input/log")"
