#!/bin/bash
#
# What `vitrine graph` draws of real runs is what SQL counts in the same runs, and what the kernel counted itself.
#
# Who calls: perfetto-test.sh, with the runs of the demo that it has: machine, directory, and so on. How each graph looks is
# tests/tools/test_graph.c.
source "$(dirname "$0")/../e2e/lib.sh"
work=out/test/graph
mkdir -p "$work"

# All that is asked of a run, in one go, because each time the run becomes a database: lines of a name and a number, in $facts.
# Pages of a space at an event are reckoned once more, by another way: entered, and neither unmapped nor evicted since. The kernel counts
# entries of the hash itself: hpt_entries comes just before the mmu_map of the entry that it counts last.
ask() {
	facts=$work/facts
	$vitrine sql "$run" "
		CREATE TEMP TABLE place AS SELECT id, cpu || ':' || seq AS at, row_number() OVER (ORDER BY id) AS n FROM mmu_map
			WHERE space = (SELECT aspace FROM aspace_create WHERE name = 'demo');
		SELECT 'mapped ' || count(*) FROM fault_end WHERE result LIKE 'soft miss%';
		SELECT 'zero ' || count(*) FROM fault_end WHERE result LIKE 'zero-filled%';
		SELECT 'provided ' || count(*) FROM fault_end WHERE result LIKE 'the provider%';
		SELECT 'segments ' || count(*) FROM mmu_segment;
		SELECT 'begun ' || count(*) FROM fault_begin;
		SELECT 'sent ' || ((SELECT count(*) FROM ipc_send) + (SELECT count(*) FROM irq_deliver));
		SELECT 'received ' || count(*) FROM ipc_receive;
		SELECT 'steps ' || ((SELECT count(*) FROM boot_phase) + (SELECT count(*) FROM cpu_online) + (SELECT count(*) FROM clock_check));
		SELECT 'pages ' || p.at || ' ' || count(DISTINCT address) FROM place p JOIN mmu_map m ON m.id <= p.id
			WHERE p.n IN (50, 250, 500) AND m.space = (SELECT aspace FROM aspace_create WHERE name = 'demo')
			AND NOT EXISTS (SELECT 1 FROM mmu_unmap u WHERE u.space = m.space AND u.id > m.id AND u.id <= p.id
				AND m.address >= u.address AND m.address < u.address + 4096 * u.pages)
			AND NOT EXISTS (SELECT 1 FROM mmu_evict e WHERE e.space = m.space AND e.address = m.address AND e.id > m.id AND e.id <= p.id)
			GROUP BY p.id;
		SELECT 'hash ' || m.cpu || ':' || m.seq || ' ' || h.value FROM hpt_entries h JOIN mmu_map m ON m.cpu = h.cpu AND m.seq = h.seq + 1
			ORDER BY m.id LIMIT 2 OFFSET 100" --csv >"$facts"
}

fact() { # name
	sed -n "s/^$1 //p" "$facts"
}

# The graph in Graphviz's language, on one line for each node and edge.
graph() { # kind, options...
	local kind=$1
	shift
	$vitrine graph "$kind" "$run" --format dot --source-url none -o - "$@" | tr '\n' ' ' | tr ';' '\n' | tr -s ' \t' ' '
}

# The number that stands in the box of that key: the first that is alone on its line.
in_box() { # graph, key
	grep -E "^ $2 \[" "$1" | sed -E 's/.*label="([^"]*)".*/\1/; s/,([0-9]{3})/\1/g' | grep -o -E ' [0-9]+( |$)' | head -n 1 | tr -d ' '
}

test_faults() { # machine
	local file=$work/$1.faults begun=0 kind never=coloured
	graph faults >"$file"
	expect_equal "faults-mapped-$1" "the number of soft misses" "$(fact mapped)" "$(in_box "$file" end_mapped)"
	expect_equal "faults-zero-$1" "the number of zero-filled pages" "$(fact zero)" "$(in_box "$file" end_zero)"
	expect_equal "faults-provided-$1" "the number of provided pages" "$(fact provided)" "$(in_box "$file" end_provided)"
	expect_equal "faults-segments-$1" "the number of loaded segments" "$(fact segments)" "$(in_box "$file" end_segment)"
	for kind in missing protection segment_fault asked; do
		begun=$((begun + $(in_box "$file" $kind)))
	done
	expect_equal "faults-begun-$1" "the number of faults that begin" "$(fact begun)" $begun
	grep -E '^ end_segment \[' "$file" | grep -q '#94a3b8' && never=grey
	expect_equal "faults-never-$1" "the box of loaded segments" "$([ "$1" = x86_64 ] && echo grey || echo coloured)" $never
}

# The sum of what the tips of arrows say.
sum_of() { # graph, word
	grep -o "tooltip=\"[0-9]* $2" "$1" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n }'
}

test_ipc() { # machine
	local file=$work/$1.ipc
	graph ipc >"$file"
	expect_equal "messages-sent-$1" "the number of messages on the arrows into endpoints" "$(fact sent)" "$(sum_of "$file" sent)"
	expect_equal "messages-received-$1" "the number of messages on the arrows out of endpoints" "$(fact received)" "$(sum_of "$file" received)"
}

test_boot() { # machine
	expect_equal "boot-steps-$1" "the number of boxes of the boot" "$(fact steps)" "$(graph boot | grep -c -E '(^|\]) step_[0-9]+ \[')"
}

test_pagetable() { # machine
	local at pages
	expect_equal "moments-$1" "the number of moments to look at" 3 "$(fact pages | wc -l)"
	while read -r at pages; do
		expect_equal "pages-at-$at-$1" "the number of pages of demo" "$pages" \
			"$(graph pagetable --aspace demo --at "$at" | grep -o -E '[0-9,]+ pages can be translated' | tr -dc '0-9')"
	done <<<"$(fact pages)"
}

test_hash() {
	local at entries
	while read -r at entries; do
		expect_equal "hash-at-$at" "the number of slots in use" "$entries" \
			"$($vitrine graph hpt "$run" --at "$at" -o - | sed -n -E 's/.* us: ([0-9]+) of 16384 slots.*/\1/p')"
	done <<<"$(fact hash)"
}

while [ $# -ge 2 ]; do
	machine=$1 run=$2
	ask
	test_faults "$machine"
	test_ipc "$machine"
	test_boot "$machine"
	test_pagetable "$machine"
	[ "$machine" = x86_64 ] || test_hash
	shift 2
done
