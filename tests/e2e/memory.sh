#!/bin/bash
#
# Group `memory`: what the trace says of memory: the same hard faults on every MMU, pages that are cast out and come back, a slow provider
# that nobody spins for.
source "$(dirname "$0")/lib.sh"

# The hard faults of a run, in order: where, and what came of it. Misses of what the MMU forgot are left out, and segments.
hard_faults() { # run
	$vitrine events "$1" --category fault | awk '
		/ fault_begin / { for (i = 1; i <= NF; i++) { if ($i ~ /^thread=/) t = $i; if ($i ~ /^address=/) address[t] = $i } }
		/ fault_end / { for (i = 1; i <= NF; i++) if ($i ~ /^thread=/) t = $i; sub(/.*result=/, "")
			if ($0 !~ /soft miss|segment loaded|mapped device|provider brought/) print address[t], $0 }' |
		grep -E '^address=0x(8|9)[0-9a-f]{9} '
}

for backend in x86_64:radix4 x86_64:radix5 ppc64:hash; do
	mmu=${backend#*:}
	run_program "$work/$mmu" --arch "${backend%:*}" --mmu "$mmu" --program fuzz --icount
	expect_equal "fuzz-$mmu" "exit code" 0 "$run_status"
	hard_faults "$work/$mmu" >"$work/$mmu.faults"
	rm -rf "${work:?}/$mmu"
done
count=$(wc -l <"$work/radix4.faults")
[ "$count" -gt 10000 ] && ok hard-faults || not_ok hard-faults "the log has only $count lines"
for mmu in radix5 hash; do
	cmp -s "$work/radix4.faults" "$work/$mmu.faults" && ok "hard-faults-$mmu" ||
		not_ok "hard-faults-$mmu" "$(diff "$work/radix4.faults" "$work/$mmu.faults" | head -n 2 | tail -n 1)"
done

for machine in $machines; do
	# Twice the memory there is.
	run_program "$work/$machine-pressure" --arch "$machine" --program pressure --smp 2 --icount --append memory=8
	expect_equal "pressure-$machine" "exit code" 0 "$run_status"
	dropped=$(count_event "$work/$machine-pressure" page_evict)
	[ "$dropped" -gt 1000 ] && ok "cast-out-$machine" || not_ok "cast-out-$machine" "$dropped pages were dropped"
	expect_equal "cast-out-ends-$machine" "cast-outs that ended" "$(count_event "$work/$machine-pressure" cast_out_begin)" \
		"$(count_event "$work/$machine-pressure" cast_out_end)"
	expect_equal "requests-are-answered-$machine" "answers to page requests" \
		"$(count_event "$work/$machine-pressure" page_request)" "$(count_event "$work/$machine-pressure" page_request_done)"
	least=$($vitrine events "$work/$machine-pressure" --event free_pages | sed 's/.*value=//' | sort -n | head -n 1)
	[ "$least" -ge 8 ] && ok "reserve-$machine" || not_ok "reserve-$machine" "only $least pages were free at one time"
	rm -rf "${work:?}/$machine-pressure"

	# Ten seconds for a page: both CPUs idle nearly all that time.
	run_program "$work/$machine-slow" --arch "$machine" --program slow --smp 2 --icount
	idle=$($vitrine events "$work/$machine-slow" --category cpu | awk '
		/ idle_begin/ { since[$2] = $1 } / idle_end/ { idle += $1 - since[$2]; delete since[$2] } { last = $1 }
		END { for (cpu in since) idle += last - since[cpu]; printf "%d", idle / 1000 }')
	[ "$idle" -gt 19800 ] && ok "nobody-spins-$machine" || not_ok "nobody-spins-$machine" "two CPUs were idle for $idle of 20000 ms"
done
