#!/bin/bash
#
# Group `gdb`: the session that `make gdb` opens, driven by a script. On both machines: QEMU stands before the first instruction, a
# breakpoint set there survives the loader and is hit in the kernel and in the program, a backtrace has source lines, a step
# steps, and when gdb ends, QEMU ends. The commands that know the kernel (`help vitrine`) answer in that session, and without any
# machine on the RAM of a run that ended in a deadlock.
source "$(dirname "$0")/lib.sh"

# gdb runs these in order; each answer is marked, so that the test can find it in the output.
commands=(
	-ex 'echo ENDIAN\n' -ex 'show endian'
	-ex 'hbreak thread_create'
	-ex 'continue' -ex 'echo FIRST-STOP\n' -ex 'backtrace'
	-ex 'printf "PC-A %lx\n", $pc' -ex 'next' -ex 'printf "PC-B %lx\n", $pc'
	-ex 'delete' -ex 'tbreak main' -ex 'continue' -ex 'echo IN-PROGRAM\n' -ex 'backtrace 1' -ex 'info threads'
	-ex 'printf "PC-C %lx\n", $pc' -ex 'stepi' -ex 'printf "PC-D %lx\n", $pc'
	-ex 'echo THREADS\n' -ex 'vitrine threads' -ex 'echo WALK\n' -ex 'vitrine walk &main hello'
	-ex 'echo PRINTER\n' -ex 'print *cpus[$_thread - 1].current'
	-ex 'echo DONE\n'
)

# Every command of `help vitrine`, on the RAM of a program whose two threads wait for each other.
sections="threads cpus queues processes mappings tables hpt objects endpoints rcu handles log events"
dead=(-ex 'help vitrine')
for section in $sections; do
	dead+=(-ex "echo SECTION-$section\\n" -ex "vitrine $section" -ex "echo HELP-$section\\n" -ex "vitrine $section --help")
done
dead+=(-ex 'echo ASPACE\n' -ex 'vitrine aspace deadlock' -ex 'echo WALK-MAPPED\n' -ex 'vitrine walk 0x10000000 deadlock'
	-ex 'echo WALK-NOTHING\n' -ex 'vitrine walk 0x5000 deadlock' -ex 'echo BACKTRACES\n' -ex 'vitrine backtrace'
	-ex 'echo WRONG\n' -ex 'vitrine backtrace 999')

# The lines that follow a mark.
after() { # mark, lines
	grep -A "$2" "^$1" "$log"
}

expect_match() { # name, mark, lines, pattern
	if after "$2" "$3" | grep -q -E "$4"; then
		ok "$1"
	else
		not_ok "$1" "no '$4' after $2"
	fi
}

# A step that steps leaves the program counter somewhere else.
expect_moved() { # name, mark before, mark after
	local before after
	before=$(sed -n "s/^$2 //p" "$log")
	after=$(sed -n "s/^$3 //p" "$log")
	if [ -n "$before" ] && [ -n "$after" ] && [ "$before" != "$after" ]; then
		ok "$1"
	else
		not_ok "$1" "the program counter was '$before' and is '$after'"
	fi
}

test_session() { # machine, byte order
	log=$work/$1.log
	timeout -k 5 120 trace/gdb/session.sh "$1" hello 2 1 -batch "${commands[@]}" >"$log" 2>&1 </dev/null
	local status=$?
	expect_equal "gdb-$1-ends" "the exit status of the session" 0 $status
	expect_match "gdb-$1-endian" ENDIAN 1 "$2 endian"
	expect_match "gdb-$1-breakpoint" FIRST-STOP 2 'thread_create \(.*\) at kernel/'
	expect_match "gdb-$1-backtrace" FIRST-STOP 6 '^#1 .* at (kernel|arch)/.*:[0-9]+'
	expect_moved "gdb-$1-next" PC-A PC-B
	expect_moved "gdb-$1-stepi" PC-C PC-D
	expect_match "gdb-$1-program" IN-PROGRAM 2 'main \(.*\) at user/programs/hello.c'
	expect_match "gdb-$1-cpus" IN-PROGRAM 6 'CPU#1'
	expect_match "gdb-$1-finished" DONE 0 DONE
	if [ -e "out/gdb/$1-hello/qemu.pid" ] && kill -0 "$(cat "out/gdb/$1-hello/qemu.pid")" 2>/dev/null; then
		not_ok "gdb-$1-qemu-gone" "QEMU still runs"
	else
		ok "gdb-$1-qemu-gone"
	fi
}

# The same commands in a session and on a file, so that what they say can be compared with what `vitrine dump` and the program's source say.
test_live_commands() { # machine
	expect_match "gdb-$1-threads" THREADS 12 'main +hello \('
	expect_match "gdb-$1-walk" WALK 8 'a touch has the page made or brought' # main() is not in memory before its first instruction
	expect_match "gdb-$1-printer" PRINTER 2 'thread [0-9]+ "'
}

test_dead() { # machine, what a walk prints on it
	local section run=$work/dead-$1
	log=$work/dead-$1.log
	run_program "$run" --arch "$1" --program deadlock --smp 2 --icount --keep-ram
	timeout -k 5 120 gdb-multiarch -q -nx -batch -x "trace/gdb/$1.gdb" -ex "file build/$1/kernel.elf" -ex "vitrine ram $run" \
		"${dead[@]}" >"$log" 2>&1 </dev/null
	for section in $sections; do
		if [ "$(grep -A1 -x "SECTION-$section" "$log" | tail -n 1)" = "$($vitrine dump "$run" "${section/hpt/hash}" | head -n 1)" ] &&
			after "HELP-$section" 1 | grep -q "^vitrine $section"; then
			continue
		fi
		not_ok "gdb-$1-sections" "\`vitrine $section\` is not the section of the dump, or has no help"
		return
	done
	ok "gdb-$1-sections"
	expect_match "gdb-$1-aspace" ASPACE 6 'r-x  object [0-9]+, [0-9]+ of [0-9]+ pages in memory'
	expect_match "gdb-$1-walk-mapped" WALK-MAPPED 9 "$2"
	expect_match "gdb-$1-walk-physical" WALK-MAPPED 9 '> physical 0x'
	expect_match "gdb-$1-walk-nothing" WALK-NOTHING 9 'nothing is mapped there'
	expect_match "gdb-$1-blocked" BACKTRACES 60 '#2 .* in main \(\) at user/programs/deadlock.c|#1 .* in main \(\) at user/programs/deadlock.c'
	expect_match "gdb-$1-blocked-other" BACKTRACES 60 'in other \(argument=0x6\) at user/programs/deadlock.c'
	expect_match "gdb-$1-blocked-server" BACKTRACES 60 'in main \(\) at user/servers/attr.c'
	expect_match "gdb-$1-refuses" WRONG 2 'there is no thread 999'
	expect_match "gdb-$1-help" 'vitrine backtrace --' 0 'the user.s stack of a thread'
	rm -f "$run/ram"
}

test_session x86_64 little
test_live_commands x86_64
test_session ppc64 big
test_live_commands ppc64
test_dead x86_64 'level 1: table 0x'
test_dead ppc64 '(primary|secondary)\), slot [0-7]'

# A recorded run is the run that was not recorded, and so is its replay; in that, gdb undoes a step.
test_reverse() { # machine
	log=$work/$1-reverse.log
	run_program "$work/$1-plain" --arch "$1" --program hello --icount --no-build
	REVERSE=1 timeout -k 5 120 trace/gdb/session.sh "$1" hello 1 1 -batch -ex 'tbreak *thread_create' -ex continue \
		-ex 'printf "PC-A %lx\n", $pc' -ex reverse-stepi -ex 'printf "PC-B %lx\n", $pc' -ex stepi -ex 'printf "PC-C %lx\n", $pc' \
		>"$log" 2>&1 </dev/null
	expect_equal "gdb-$1-reverse-ends" "the exit status of the session" 0 $?
	expect_moved "gdb-$1-reverse-step" PC-A PC-B
	expect_equal "gdb-$1-there-and-back" "the place" "$(sed -n 's/^PC-A //p' "$log")" "$(sed -n 's/^PC-C //p' "$log")"
	$vitrine run --arch "$1" --program hello --replay --no-build -q -o "out/gdb/$1-hello" >"$work/$1-replay.log" 2>&1
	cmp -s "out/gdb/$1-hello/run.vtrace" "$work/$1-plain/run.vtrace" && ok "gdb-$1-replay-is-the-run" ||
		not_ok "gdb-$1-replay-is-the-run" "$(tail -n 1 "$work/$1-replay.log")"
}
test_reverse x86_64
$vitrine run --arch ppc64 --program hello --record -o "$work/refused" >"$work/refused.log" 2>&1
expect_equal gdb-ppc64-record-is-refused "the exit status" 2 $?

# What VS Code does: the task starts the guest on a port, and gdb gets the set-up commands of the configuration.
test_editor() { # machine, configuration in .vscode/launch.json
	local setup guest
	log=$work/$1-editor.log
	setup=$(node -e 'const all = JSON.parse(require("fs").readFileSync(".vscode/launch.json", "utf8")).configurations[process.argv[1]];
		const tasks = JSON.parse(require("fs").readFileSync(".vscode/tasks.json", "utf8")).tasks.map((task) => task.label);
		if (!tasks.includes(all.preLaunchTask)) throw new Error("no such task");
		for (const { text } of all.setupCommands) console.log(text.replace("${input:program}", "hello"))' "$2")
	setsid $vitrine run --arch "$1" --program hello --icount --wall 100 --no-build -o "$work/$1-editor" -- -S -gdb tcp:127.0.0.1:1234 \
		>"$work/$1-guest.log" 2>&1 </dev/null &
	guest=$!
	timeout -k 5 60 gdb-multiarch -q -nx -batch -ex "file build/$1/kernel.elf" -x <(echo "$setup") -ex 'target remote 127.0.0.1:1234' \
		-ex 'tbreak thread_create' -ex continue -ex 'echo STOP\n' -ex 'backtrace 1' >"$log" 2>&1 </dev/null
	expect_match "gdb-$1-editor" STOP 2 'thread_create \(.*\) at kernel/'
	kill "$guest" 2>/dev/null
	wait "$guest" 2>/dev/null || true # it may have ended by itself, or by this signal
}
test_editor x86_64 0
test_editor ppc64 1
