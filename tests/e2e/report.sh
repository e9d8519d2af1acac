#!/bin/bash
#
# Group `report`: the page that `vitrine report` makes, opened in a browser, and held against the RAM of the very runs it shows.
#
# The runs are cut off in the middle of a program, so that there are processes left to compare. Who calls: .ci/test. Whom it calls:
# tests/tools/report-test.mjs.
source "$(dirname "$0")/lib.sh"

# What the guest's memory says, as the test in the browser wants it.
truth_of() { # machine, run
	local section
	section=$([ "$1" = x86_64 ] && echo tables || echo hash)
	$vitrine dump "$2/ram" "$section" objects mappings >"$2/dump"
	$vitrine events "$2" >"$2/events"
	awk -v machine="$1" -v evict="$(grep -c 'fault_begin.*store' "$2/events")" -v shared="$(grep -c 'slot_change' "$2/events")" '
		/^tables|^hash|^objects|^mappings/ { section = $1 }
		section == "tables" && $1 == "process" { process = $3; gsub(/[^0-9]/, "", process) }
		section == "tables" && / pages translated; / {
			translations[process] = $1
			for (i = 5; i <= NF; i += 4) level[process, $(i + 3) + 0] = $i
			trees[process] = 1
		}
		section == "hash" && match($0, /\([0-9]+\)/) { translations[substr($0, RSTART + 1, RLENGTH - 2)]++ }
		section == "objects" && $1 ~ /^[0-9]+$/ && $3 > 0 { present[$1] = $3 }
		function list(counts,    key, text) {
			for (key in counts) text = text (text ? "," : "") "\"" key "\":" counts[key]
			return "{" text "}"
		}
		END {
			for (process in trees)
				tables = tables (tables ? "," : "") sprintf("\"%s\":[%d,%d,%d,%d]", process, level[process, 4], level[process, 3],
					level[process, 2], level[process, 1])
			printf "{\"machine\":\"%s\",\"translations\":%s,\"objects\":%s,\"tables\":{%s},", machine, list(translations), list(present), tables
			printf "\"events\":{\"fault_begin store\":%d,\"slot_change\":%d}}", evict, shared
		}' "$2/dump"
}

truths=
for machine in $machines; do
	run_program "$work/$machine" --arch "$machine" --program fork --smp 2 --icount --seed 1 --budget 1800000 --keep-ram --witness
	[ "$run_status" = 6 ] || not_ok "the-run-on-$machine-is-cut-off" "$(tail -n 1 "$work/$machine/log")"
	truths="$truths${truths:+,}$(truth_of "$machine" "$work/$machine")"
done
echo "[$truths]" >"$work/truth.json"
if $vitrine report "$work/x86_64" "$work/ppc64" -o "$work/page" >"$work/report.log" 2>&1; then
	ok report-is-written
else
	not_ok report-is-written "$(tail -n 1 "$work/report.log")"
fi
[ "$(ls "$work/page")" = $'report.html\nreport.pftrace' ] && ok two-files || not_ok two-files "$(ls "$work/page")"
timeout -k 5 120 node tests/tools/report-test.mjs "$work/page/report.html" "$work/truth.json" "$work" 2>"$work/node.log" ||
	not_ok the-page-is-looked-at "$(tail -n 1 "$work/node.log")"

# What a page fault calls is known of these runs, and so on which machine only.
graphs_of() { # page
	sed -n 's/.*<summary>\([^<]*\)<.*/\1/p' "$1/report.html"
}
expect_equal report-has-graphs "the graphs on the page" "Which way faults went
Who talked to whom
Page tables at their fullest
The hashed page table
How the machine came up
What a page fault calls
What a page fault calls on one machine only" "$(graphs_of "$work/page")"
expect_equal report-draws-graphs "graphs that could not be drawn" 0 "$(grep -c 'class=note>This graph' "$work/page/report.html")"

# Of a run that was recorded without what some graphs need, the rest is shown; where nobody watched calls, there is no word of them.
run_program "$work/partly" --arch ppc64 --program hello --icount --trace ipc,fault
$vitrine report "$work/partly" -o "$work/partly-page" >"$work/partly.log" 2>&1
expect_equal report-of-some-categories "the exit status" 0 $?
expect_equal report-says-what-is-missing "the categories for which graphs could not be drawn" "mmu mmu boot" \
	"$(sed -n 's/^<p class=note>This graph of .* recorded without the category \([a-z]*\)\.<.*/\1/p' "$work/partly-page/report.html" | xargs)"
expect_equal report-has-no-calls "graphs of calls" 0 "$(graphs_of "$work/partly-page" | grep -c calls)"
