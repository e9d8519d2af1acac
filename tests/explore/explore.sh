#!/bin/bash
#
# Group `explore`: every scenario is searched and nothing is found; each mutant of the kernel is found, in words and as a trace that Perfetto's
# writer takes. BOUND=n: another bound for all scenarios, `all` for none; CHANCE=n: so many schedules by chance.
source "$(dirname "$0")/../e2e/lib.sh"
export out=$work

make -s -k -j 2 explore-build || { not_ok explore-build "see above" && exit 1; }

# Leaves NAME.txt, NAME.vtrace if something is found, and NAME.status.
search() { # name, program, scenario, options
	timeout 600 "$2" "$3" -o $out/"$1".vtrace $4 >$out/"$1".txt 2>&1
	echo $? >$out/"$1".status
}
export -f search

# What it says to people, and by its exit code: of a call (a line of words), a pattern of all it prints.
says() { # test, exit code, pattern, words...
	local test=$1 code=$2 pattern=$3 said status
	shift 3
	said=$(build/explore/explore "$@" 2>&1)
	status=$?
	if [ $status = "$code" ] && [[ $said == $pattern ]]; then
		ok "$test"
	else
		not_ok "$test" "exit code $status: $said"
	fi
}
says help 0 "usage: explore SCENARIO*Exit codes: 0 *; 1 *; 2 *scenarios:*sync-pair *" --help
says help-of-one 0 "usage: explore SCENARIO*" sync-pair --help
says no-scenario 2 "explore: which scenario?*scenarios:*sync-pair *"
says unknown-scenario 2 "explore: there is no scenario \`sync-pear\`*scenarios:*sync-pair *" sync-pear
says unknown-option 2 "explore: there is no option \`--bond\`*" sync-pair --bond 3
says no-value 2 "explore: the option \`--bound\` lacks its value*" sync-pair --bound
says no-number 2 "explore: \`many\` is no whole number*" sync-pair --bound many
says too-much 2 "explore: \`sync-move\` is too much*" sync-pair sync-move
says given-up 2 "explore: not done after 10 steps" sync-pair --limit 10

options="${BOUND:+--bound $BOUND} ${CHANCE:+--chance $CHANCE}"
[ "${BOUND:-}" != all ] || options="--all ${CHANCE:+--chance $CHANCE}"
scenarios=$(build/explore/explore --list)
mutants=$(cd tests/explore/mutants && ls *.patch | sed 's/\.patch$//')
line_of() { # mutant, what
	sed -n "s/^$2: //p" tests/explore/mutants/"$1".patch
}
rm -f $out/*
{
	for scenario in $scenarios; do
		printf '%s\0' "$scenario" build/explore/explore "$scenario" "$options"
	done
	for mutant in $mutants; do
		printf '%s\0' "mutant-$mutant" build/explore/mutants/"$mutant"/explore "$(line_of "$mutant" Scenario)" ""
	done
} | xargs -0 -n 4 -P 2 bash -c 'search "$@"' search

for scenario in $scenarios; do
	cat $out/"$scenario".txt
	if [ "$(cat $out/"$scenario".status)" = 0 ]; then
		ok "$scenario"
	else
		not_ok "$scenario" "$(head -n 1 $out/"$scenario".txt)"
	fi
done

# What a mutant's search has to leave: the sentence its patch names, the schedule, and a trace with the events of every CPU that took part.
why_not() { # mutant
	local file=$out/mutant-$1
	[ "$(cat "$file".status)" = 1 ] || { echo "status $(cat "$file".status): $(head -n 1 "$file".txt)" && return; }
	head -n 1 "$file".txt | grep -qE "^VIOLATION in .*($(line_of "$1" Finds))" || { head -n 1 "$file".txt && return; }
	grep -qE '^ +[0-9]+  CPU [0-9]  [a-z_]+ \([a-z_]+\.c:[0-9]+\) ' "$file".txt || { echo "no schedule is printed" && return; }
	build/vitrine perfetto "$file".vtrace -o "$file".pftrace 2>&1 || { echo "perfetto does not take the trace" && return; }
	[ -s "$file".pftrace ] || { echo "the picture is empty" && return; }
	build/vitrine events "$file".vtrace | grep -q cpu1 || echo "the trace has no event of CPU 1"
}
for mutant in $mutants; do
	reason=$(why_not "$mutant")
	if [ -z "$reason" ]; then
		ok "mutant-$mutant: $(sed -n '1s/^VIOLATION in [a-z-]*: //p' $out/mutant-"$mutant".txt | cut -c1-110)"
	else
		not_ok "mutant-$mutant" "$reason"
	fi
done
