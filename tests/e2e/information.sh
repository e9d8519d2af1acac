#!/bin/bash
#
# Group `information`: the information page, and the way of the boot that makes it.
#
# Damage is named in every byte, before and after each stage; a store of the kernel's to the finished page is a panic (on POWER, whose
# kernel runs without translation, the end of the run finds it); a feature that the CPUs lack is not in the page; and
# every CPU passes the phases of the boot, in order.
source "$(dirname "$0")/lib.sh"

console_of() { # run
	tr -d '\r' <"$1/console.log" 2>/dev/null
}

test_damage() { # machine
	local run=$work/damage-$1
	run_program "$run" -q --no-build --arch "$1" --image kernel-test --smp 2 --icount --append selftest=information
	console_of "$run" | grep '^not ok '
	expect_equal "information-damage-$1" "the exit code" 0 "$run_status"
	expect_equal "information-stages-$1" "the number of times that all bytes were damaged and each was named" 4 \
		"$(console_of "$run" | grep -c '^ok information damage .*: 3144 bytes$')"
}

test_seal() { # machine, mode, what the console has to say, what it must not say
	local name=information-seal-$1${2#-} run=$work/seal-$1${2#-}
	run_program "$run" -q --no-build --arch "$1" --image kernel-test --smp 2 "$2" --append selftest=seal
	expect_equal "$name" "the number of lines '$3'" 1 "$(console_of "$run" | grep -c "$3")"
	expect_equal "$name-through" "the number of lines '$4'" 0 "$(console_of "$run" | grep -c "$4")"
	expect_equal "$name-end" "whether the run ended well" no "$([ "$run_status" = 0 ] && echo yes || echo no)"
}

# A CPU that lacks something takes it out of the page.
test_feature() { # name, text, QEMU's -cpu
	local run=$work/feature-$1 with=$work/feature-with
	run_program "$run" -q --arch x86_64 --program information --icount -- -cpu "$3"
	[ "$run_status" = 0 ] || show_run "$run"
	expect_equal "information-without-$1" "lines '$2' with -cpu $3" 0 "$(console_of "$run" | grep -cF "$2")"
	expect_equal "information-with-$1" "lines '$2' with -cpu max" 1 "$(console_of "$with" | grep -cF "$2")"
	expect_equal "information-cpu-$1" "the exit code" 0 "$run_status"
}

# The phases of each CPU, in the order they happened, with the last word of what the trace calls them.
phases_of() { # run, CPU
	$vitrine events "$1" --event boot_phase --cpu "$2" | sed -E 's/.*phase=(.*)  ago=.*/\1/' | paste -sd'|'
}

first="kernel entered|boot_lock taken|page frames and heap|address spaces|per-CPU data there|CPU ready for traps, says what it has"
first="$first|starting the other CPUs|all other CPUs told to start|boot_lock released|at the barrier|clock compared with CPU 0's"
first="$first|loading the user program|information page finished|first schedule"
other="kernel entered|boot_lock taken|per-CPU data there|CPU ready for traps, says what it has|boot_lock released|at the barrier"
other="$other|clock compared with CPU 0's|first schedule"

test_phases() { # machine, mode
	local name=phases-$1${2#-} run=$work/phases-$1${2#-} cpu
	run_program "$run" -q --arch "$1" --program hello --smp 4 "$2"
	expect_equal "$name-first" "the way of CPU 0" "$first" "$(phases_of "$run" 0)"
	for cpu in 1 2 3; do
		expect_equal "$name-$cpu" "the way of CPU $cpu" "$other" "$(phases_of "$run" $cpu)"
	done
	expect_equal "$name-clocks" "the number of clocks compared with CPU 0's" 3 "$($vitrine events "$run" --event clock_check | wc -l)"
}

make -s build/x86_64/kernel-test.elf build/ppc64/kernel-test.bin build/x86_64/archive/demo.tar build/ppc64/archive/demo.tar \
	build/x86_64/flash/demo.pnor build/ppc64/flash/demo.pnor >"$work/build.log" 2>&1 ||
	not_ok information-build "$(tail -n 1 "$work/build.log")"
for machine in $machines; do
	test_damage $machine
	test_phases $machine --live
	test_phases $machine --icount
done
for mode in --live --icount; do
	test_seal x86_64 $mode '^the kernel stored to the information page' '^seal: the store went through'
	test_seal ppc64 $mode '^PANIC: the information page was written after it was finished' '^seal: this machine never says so'
done
run_program "$work/feature-with" -q --arch x86_64 --program information --icount
test_feature svm "virtual machines (SVM)" max,-svm
test_feature la57 "five levels of page tables (LA57)" max,-la57
