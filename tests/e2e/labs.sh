#!/bin/bash
#
# Group `labs`: every lab is as labs/README.md asks for; the tree as it is gets full marks in each, its handout fails exactly its tests, and so does one
# wrong solution of each. LABS=all (make labs-test): every wrong solution, and a handout graded in its own tree, as a student does.
source "$(dirname "$0")/lib.sh"

part=mutant
[ "${LABS:-}" != all ] || part=mutants
$vitrine lab-test --part form --part solution --part handout --part $part -o "$work/grades"

# In its own tree a handout comes to what it comes to as a submission.
in_its_own_tree() { # lab
	local tree=$work/own/$1
	rm -rf "$tree" && mkdir -p "$work/own"
	$vitrine handout --lab "$1" -o "$tree" >/dev/null && mkdir "$tree/build" &&
		cp -a build/libfdt "$tree/build/" && cp -a build/gen build/host build/vitrine build/witness.so "$tree/build/"
	make -s -C "$tree" grade >"$work/own/$1.log" 2>&1 </dev/null
	expect_equal "lab-$1-in-its-own-tree" "the last points" "$(tests_failed "$work/grades/$1/handout/grade.json")" \
		"$(tests_failed "$tree/out/grade/$1/grade.json")"
}

tests_failed() { # grade.json
	sed -n 's/^    {"id": "\([^"]*\)".*"outcome": "failed".*/\1/p' "$1" | tr '\n' ' '
}

wanted=$(find labs -name lab.txt | sort | head -n 1 | cut -d/ -f2)
[ "${LABS:-}" != all ] || wanted=$(find labs -name lab.txt | sort | cut -d/ -f2)
for lab in $wanted; do
	in_its_own_tree "$lab"
done
