#!/bin/bash
#
# Groups `programs-ARCH`: every user program on one machine, on one CPU under icount and on four live, ends the way its text says, and its
# trace is whole. A program checks its own work, so status 0 means that what it saw was right.
source "$(dirname "$0")/lib.sh"
machine=$1
work=$work/$machine

# How a program has to end, as `vitrine run` says it with its exit code (docs/trace.md), and what its run needs.
ending_of() { # program
	case $1 in
	deadlock) echo deadlock ;;
	livelock) echo livelock ;;
	*) echo finished ;;
	esac
}
exit_code_of() { # ending
	case $1 in
	finished) echo 0 ;;
	deadlock) echo 4 ;;
	livelock) echo 5 ;;
	esac
}

# A livelock only ends when its budget does, so it gets a small one. The others need much less than theirs. What takes all memory
# does so sooner where there is less.
limits_of() { # program, mode
	[ "$1" != exhaust ] || echo --append memory=48
	[ "$1" != pressure ] || echo --append memory=8
	case $1-$2 in
	livelock---live) echo --wall 5 ;;
	livelock---icount) echo --budget 200000000 ;;
	slow---icount) echo --budget 20000000000 ;; # ten seconds, most of them idle
	*---icount) echo --budget 5000000000 ;;
	esac
}

soft_misses() { # run
	$vitrine stats "$1" | awk '/^ *soft miss/ { print $NF }' | tr -d ,
}

# The deepest kernel stack of a run, and what it may be: a quarter of what there is.
stack_used() { # run
	$vitrine events "$1" --event kernel_stack | sed -n 's/.*used=\([0-9]*\).*/\1/p'
}
stack_bound=4096

# Four tests in one: the ending, nothing lost, each fault that began has ended, and the kernel's stack was deep enough by far.
test_program() { # program, CPUs, mode, variant of the kernel, more arguments
	local image=${4:-kernel} name run ending lost begun ended
	name=$1-$machine-smp$2-${3#--}${image#kernel}
	run=$work/$1-$2${3#-}${image#kernel}
	ending=$(ending_of "$1")
	# shellcheck disable=SC2046
	run_program "$run" --arch "$machine" --program "$1" --image "$image" --smp "$2" --seed 1 "$3" "${@:5}" $(limits_of "$1" "$3")
	if [ "$run_status" != "$(exit_code_of "$ending")" ]; then
		show_run "$run"
		not_ok "$name" "the run should have been $ending, and vitrine ended with $run_status"
		return
	fi
	lost=$($vitrine stats "$run" | awk '/^events lost/ { print $NF }')
	begun=$(count_event "$run" fault_begin)
	ended=$(count_event "$run" fault_end)
	if [ "$lost" != 0 ]; then
		not_ok "$name" "$lost events were lost"
	elif [ "$begun" != "$ended" ] || [ "$begun" = 0 ]; then
		not_ok "$name" "$begun faults began and $ended ended"
	elif [ "$ending" != livelock ] && [ -z "$(stack_used "$run")" ]; then
		not_ok "$name" "the run does not say how deep a kernel stack was"
	elif [ "$(stack_used "$run" | grep . || echo 0)" -gt $stack_bound ]; then
		not_ok "$name" "a kernel stack was $(stack_used "$run") bytes deep, and at most $stack_bound are promised"
	elif [ "$ending" = deadlock ] && [ "$(grep -c 'of deadlock .*waits for a thread to end' "$run/log")" != 2 ]; then
		not_ok "$name" "it was not said which two threads wait"
	elif [ "$1" = forget ] && [ "$(soft_misses "$run")" -lt $((7 * 512)) ]; then
		not_ok "$name" "512 pages were forgotten 8 times and used again 7 times, and only $(soft_misses "$run") soft misses brought them back"
	else
		ok "$name"
	fi
	rm -rf "$run"
}

for program in $(basename -s .c user/programs/*.c); do
	case $program in bench | shell | input) continue ;; esac # figures on one CPU; what somebody types
	test_program "$program" 1 --icount
	[ "$program" = slow ] || test_program "$program" 4 --live kernel --no-build # ten real seconds
done

# The benchmark counts instructions on one CPU: its figures mean nothing elsewhere.
test_program bench 1 --icount

# The most CPUs that are promised, once in each mode.
test_program threads 16 --live
test_program threads 16 --icount

# A program from anywhere needs no change to the tree, and may be called like one of the tree's, which is what it was afterwards.
test_greeting() { # name, program, who it says it is
	run_program "$work/greeting" --arch "$machine" --program "$2"
	if [ "$run_status" = 0 ] && grep -q "^$3 from thread" "$work/greeting/console.log"; then
		ok "$1"
	else
		show_run "$work/greeting"
		not_ok "$1" "vitrine ended with $run_status"
	fi
}
mkdir -p "$work"
sed 's/"hello /"someone else /' user/programs/hello.c >"$work/hello.c"
test_greeting "program-from-outside-$machine" "$work/hello.c" 'someone else'
test_greeting "program-from-the-tree-$machine" hello hello

# A panic names the functions that led to it.
run_program "$work/panic" --arch "$machine" --program hello --append panic=1
if [ "$run_status" = 7 ] && grep -q 'PANIC on CPU 0' "$work/panic/console.log" &&
	grep -q -E '^ +[0-9a-f]{16} kernel_main\+0x' "$work/panic/console.log"; then
	ok "panic-backtrace-$machine"
else
	show_run "$work/panic"
	not_ok "panic-backtrace-$machine" "vitrine ended with $run_status"
fi

# What the command line asks for and the image has not is no bug of the kernel's.
run_program "$work/refused" --arch "$machine" --program hello --append selftest=none
if [ "$run_status" = 8 ] && grep -q 'this image holds no tests' "$work/refused/console.log"; then
	ok "no-tests-$machine"
else
	show_run "$work/refused"
	not_ok "no-tests-$machine" "vitrine ended with $run_status"
fi

# The kernel without checks of itself is compiled in another way: what shares most between CPUs, and what fails most, on it too; and on
# four CPUs that take turns.
for program in threads storm provider pressure fork uaccess fuzz memory crash; do
	test_program $program 4 --icount
	test_program $program 4 --live kernel-release
	test_program $program 2 --icount kernel-release
done
