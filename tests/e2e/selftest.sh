#!/bin/bash
#
# Group `selftest`: the tests that run inside the guest, on every MMU back end, with one CPU and with several.
#
# The MMU conformance cases are the same files the host's unit tests run on a simulated MMU, and the random script has to print
# the same digest everywhere: on the host, on a tree of four levels and of five, and in a hash.
source "$(dirname "$0")/lib.sh"

cases_expected=22 # with two CPUs or more; a case that is not run is a failure
cases_alone=19    # with one CPU: those that need another are left out

console_of() { # run
	tr -d '\r' <"$1/console.log" 2>/dev/null
}

# Boots the test image; leaves the console of the run.
run_selftest() { # run, test, machine, arguments...
	run_program "$1" --no-build --arch "$3" --image kernel-test --append "selftest=$2" "${@:4}"
	[ "$run_status" = 0 ] || show_run "$1"
}

test_mmu() { # machine, back end, CPUs, mode, arguments...
	local name=mmu-$2-smp$3${4#-} run expected=$cases_expected
	run=$work/$name
	[ "$3" -gt 1 ] || expected=$cases_alone
	run_selftest "$run" mmu "$1" --smp "$3" "${@:4}"
	console_of "$run" | grep '^not ok ' | sed "s/^not ok /not ok $name /"
	expect_equal "$name" "the number of cases that passed" "$expected" "$(console_of "$run" | grep -c "^ok mmu-$2 ")"
	expect_equal "$name-end" "the exit code" 0 "$run_status"
	console_of "$run" | grep '^digest ' >>"$work/digests"
}

test_trace() { # machine, CPUs, mode
	local name=trace-$1-smp$2${3#-} run
	run=$work/$name
	run_selftest "$run" trace "$1" --smp "$2" "$3"
	expect_equal "$name" "what the guest says" 1 "$(console_of "$run" | grep -c '^ok trace storm')"
}

# QEMU's monitor as the witness of the kernel's walk. It knows the tables of x86; on POWER the case walk_agrees does it by access.
test_walk() { # back end
	local run=$work/walk-$1 socket
	socket=$(mktemp -u "${TMPDIR:-/tmp}/walk.XXXXXX")
	run_selftest "$run" walk x86_64 --smp 2 --mmu "$1" -q -- -qmp "unix:$socket,server=on,wait=off" >/dev/null &
	build/tests/gva2gpa "$socket" "$run/console.log" | sed "s/walk-monitor:/walk-monitor-$1:/"
	wait $!
	rm -f "$socket"
}

make -s build/x86_64/kernel-test.elf build/ppc64/kernel-test.bin build/x86_64/archive/demo.tar build/ppc64/archive/demo.tar \
	build/tests/gva2gpa build/unit/gcc/mmu.log >"$work/build.log" 2>&1 ||
	not_ok selftest-build "$(tail -n 1 "$work/build.log")"
grep -h '^digest ' build/unit/gcc/mmu.log >"$work/digests"

for cpus in 1 2 4; do
	for mode in --live --icount; do
		test_mmu x86_64 radix4 $cpus $mode --mmu radix4
		test_mmu x86_64 radix5 $cpus $mode --mmu radix5
		test_mmu ppc64 hash $cpus $mode
	done
done
for machine in $machines; do
	test_trace "$machine" 1 --live
	test_trace "$machine" 4 --live
	test_trace "$machine" 2 --icount
done
test_walk radix4
test_walk radix5

expect_equal mmu-digests "the number of different digests" 1 "$(sort -u "$work/digests" | wc -l)"
expect_equal mmu-digests-count "the number of runs that printed one" 21 "$(wc -l <"$work/digests")"
