#!/bin/bash
#
# Group `faults`: faults traced = faults taken. QEMU's own interrupt log (`-d int`) is the witness: on one CPU it counts exactly as many
# page faults from user mode as the trace has, and exactly as many from the kernel's copying of user memory.
source "$(dirname "$0")/lib.sh"

# x86-64: a line for each interrupt and exception; page faults are vector 0e.
#     "     7: v=0e e=0007 i=0 cpl=3 IP=0023:0000000010000123 pc=..."
faults_logged_x86_64() { # log, user | kernel
	local privilege=3
	[ "$2" = user ] || privilege=0
	grep -c "v=0e e=.* cpl=$privilege " "$1"
}

# POWER: "Raise exception at 0000000010000123 => DSI (2) error=..", with the address of the instruction, which tells who ran: the
# kernel's code lies below 256 MiB, where programs begin, and the kernel never fails to fetch its own instructions.
faults_logged_ppc64() { # log, user | kernel
	local in_kernel='^Raise exception at 000000000[0-9a-f]{7} => (DSI|DSEG) ' any='^Raise exception at [0-9a-f]* => (DSI|ISI|DSEG|ISEG) '
	if [ "$2" = kernel ]; then
		grep -c -E "$in_kernel" "$1"
	else
		grep -E "$any" "$1" | grep -c -v -E "$in_kernel"
	fi
}

test_faults() { # machine, program
	local name=faults-$1-$2 run=$work/$1-$2 traced in_kernel asked
	run_program "$run" --arch "$1" --program "$2" --smp 1 --seed 1 --icount -- -d int -D "$run/interrupts.log"
	[ "$run_status" = 0 ] || { show_run "$run"; not_ok "$name" "the run ended with $run_status"; return; }
	traced=$(count_event "$run" fault_begin)
	in_kernel=$(count_event "$run" uaccess_fault)
	# A system call may ask for a page before it touches it: a fault that no machine ever sees.
	asked=$($vitrine events "$run" --event fault_begin | grep -c 'kind=the kernel asks')
	if [ "$traced" -lt 10 ]; then
		not_ok "$name" "the trace has only $traced faults"
		return
	fi
	expect_equal "$name-user" "the number of faults from user mode in the trace" \
		"$("faults_logged_$1" "$run/interrupts.log" user)" $((traced - in_kernel - asked))
	expect_equal "$name-kernel" "the number of faults in copies of user memory in the trace" \
		"$("faults_logged_$1" "$run/interrupts.log" kernel)" "$in_kernel"
	rm -f "$run/interrupts.log"
}

for machine in $machines; do
	test_faults $machine memory
	test_faults $machine demo
	test_faults $machine syscalls # hands the kernel addresses of all kinds
done
