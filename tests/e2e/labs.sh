#!/bin/bash
#
# Group `labs`: every lab is as labs/README.md asks for; the tree as it is gets full marks in each on both machines, and the handout of every
# second one fails exactly its tests, on one machine. LABS=all (make labs-test): all handouts, on both and in trees of their own, as a student
# has them, and every wrong solution.
source "$(dirname "$0")/lib.sh"

# Whatever lab-test says, it has to say it to its end.
lab_test() { # name, arguments...
	local name=$1
	shift
	$vitrine lab-test "$@" -o "$work/grades"
	[ $? -le 1 ] || not_ok "labs-$name" "vitrine lab-test ended badly"
}

labs=$(find labs -name lab.txt | sort | cut -d/ -f2)
if [ "${LABS:-}" = all ]; then
	lab_test all
else
	lab_test solutions --part form --part solution
	machine=x86_64
	for lab in $(awk 'NR % 2' <<<"$labs"); do
		lab_test "handout-$lab" --lab "$lab" --part handout --arch $machine
		[ $machine = x86_64 ] && machine=ppc64 || machine=x86_64
	done
	lab_test mutant --lab scheduler --mutant cold
fi

# In its own tree a handout comes to what it comes to as a submission.
in_its_own_tree() { # lab
	local tree=$work/own/$1
	rm -rf "$tree" && mkdir -p "$work/own"
	$vitrine handout --lab "$1" -o "$tree" >/dev/null && mkdir "$tree/build" &&
		cp -a build/libfdt "$tree/build/" && cp -a build/gen build/host build/vitrine build/witness.so "$tree/build/"
	make -s -C "$tree" grade >"$work/own/$1.log" 2>&1 </dev/null
	if [ ! -e "$tree/out/grade/$1/grade.json" ]; then
		not_ok "lab-$1-in-its-own-tree" "there is no grade: $work/own/$1.log"
		return
	fi
	expect_equal "lab-$1-in-its-own-tree" "what failed" "$(tests_failed "$work/grades/$1/handout/grade.json")" \
		"$(tests_failed "$tree/out/grade/$1/grade.json")"
}

tests_failed() { # grade.json
	sed -n 's/^    {"id": "\([^"]*\)".*"outcome": "failed".*/\1/p' "$1" | tr '\n' ' '
}

[ "${LABS:-}" = all ] || labs=
for lab in $labs; do
	in_its_own_tree "$lab"
done
