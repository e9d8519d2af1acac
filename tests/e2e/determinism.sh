#!/bin/bash
#
# Group `determinism`: under icount a run is a function of the image, the seed and the command line: the same twice, bit by bit,
# with 1 and with 4 CPUs; and another seed gives another order of threads, so that seeds are worth exploring.
source "$(dirname "$0")/lib.sh"

# Who ran when: each switch of threads without the time at which it happened.
schedule_of() { # run
	$vitrine events "$1" --event thread_switch | awk '{ $1 = ""; $3 = ""; print }'
}

test_same_seed() { # machine, CPUs
	local name=same-seed-$1-smp$2 first=$work/$1-$2-first second=$work/$1-$2-second
	run_program "$first" --arch "$1" --program seed --smp "$2" --seed 7 --icount
	[ "$run_status" = 0 ] || { show_run "$first"; not_ok "$name" "the first run ended with $run_status"; return; }
	run_program "$second" --no-build --arch "$1" --program seed --smp "$2" --seed 7 --icount
	[ "$run_status" = 0 ] || { show_run "$second"; not_ok "$name" "the second run ended with $run_status"; return; }
	if cmp "$first/run.vtrace" "$second/run.vtrace"; then
		ok "$name"
	else
		diff <($vitrine events "$first") <($vitrine events "$second") | head -n 20
		not_ok "$name" "the two traces differ"
	fi
}

test_other_seed() { # machine, CPUs
	local name=other-seed-$1-smp$2 first=$work/$1-$2-first other=$work/$1-$2-other
	run_program "$other" --arch "$1" --program seed --smp "$2" --seed 8 --icount
	[ "$run_status" = 0 ] || { show_run "$other"; not_ok "$name" "the run ended with $run_status"; return; }
	if [ "$(schedule_of "$first")" = "$(schedule_of "$other")" ]; then
		not_ok "$name" "seeds 7 and 8 gave the same schedule"
	elif [ -z "$(schedule_of "$other")" ]; then
		not_ok "$name" "there is no schedule in the trace"
	else
		ok "$name"
	fi
}

# Nothing of the host is in a run: two trees, one of them with a longer name and a blank in it, give the same bytes.
test_other_place() { # machine
	local name=other-place-$1 place
	for place in "$work/here" "$work/some where else"; do
		mkdir -p "$place/build/$1/archive" "$place/build/$1/flash"
		cp build/"$1"/kernel.{elf,sym} "$place/build/$1/"
		[ ! -e "build/$1/kernel.bin" ] || cp "build/$1/kernel.bin" "$place/build/$1/"
		cp "build/$1/archive/demo.tar" "$place/build/$1/archive/"
		cp "build/$1/flash/demo.pnor" "$place/build/$1/flash/"
		run_program "$place/$1" --root "$place" --no-build --arch "$1" --program demo --smp 4 --seed 7 --icount
		[ "$run_status" = 0 ] || { show_run "$place/$1"; not_ok "$name" "the run in '$place' ended with $run_status"; return; }
	done
	expect_equal "$name" "the comparison of the two traces" 0 "$(cmp -s "$work/here/$1/run.vtrace" "$work/some where else/$1/run.vtrace"; echo $?)"
}

make -s image ARCH=x86_64 PROGRAM=demo && make -s image ARCH=ppc64 PROGRAM=demo
for machine in $machines; do
	for cpus in 1 4; do
		test_same_seed $machine $cpus
		test_other_seed $machine $cpus
	done
	test_other_place $machine
done

# The same everywhere, so the README can say what a newcomer will see: its table against the demo's own.
test_readme() {
	local row wanted=
	.ci/demo "$work/readme" >"$work/readme.log" 2>&1 || not_ok readme-demo "$(tail -n 1 "$work/readme.log")"
	$vitrine stats "$work/readme/x86_64" "$work/readme/ppc64" | sed 's/  */ /g' >"$work/readme-stats"
	while read -r row; do
		grep -q -x -F -e "$row" -e " $row" "$work/readme-stats" || wanted="$wanted [$row]"
	done < <(sed -n '/^    machine/,/^$/p' README.md | sed 's/  */ /g; s/^ //' | grep .)
	expect_equal "readme-table" "the rows of README.md that the demo does not show" "" "$wanted"
}
test_readme
