#!/bin/bash
#
# Group `modules`: code that is loaded while a program runs. The program `linking` checks itself (groups programs-ARCH); here its trace is read,
# and modules are loaded that were damaged: in their tables, and on the medium.
source "$(dirname "$0")/lib.sh"

# Each page that a provider was asked for, "object=N  page=N", and how often.
pages_read() { # run
	$vitrine events "$1" --event page_request | grep 'kind=read' | sed 's/.*\(object=[0-9]*  page=[0-9]*\).*/\1/' | sort | uniq -c
}

# A copy of a module with some bytes of its tables turned over: those before its code, and those at the end of its last whole page.
damage() { # module, copy
	local size at
	cp "$1" "$2"
	size=$(stat -c %s "$1")
	for _ in 1 2 3; do
		if [ $((RANDOM % 2)) = 0 ]; then at=$((RANDOM % 832)); else at=$((size / 4096 * 4096 - 1 - RANDOM % 400)); fi
		# shellcheck disable=SC2059 # the byte is the format
		printf "\\x$(printf %02x $((RANDOM % 256)))" | dd of="$2" bs=1 seek=$at conv=notrunc status=none
	done
}

RANDOM=1
for machine in $machines; do
	modules=build/$machine/modules
	run=$work/$machine-linking
	run_program "$run" --arch "$machine" --program linking --icount --smp 2
	expect_equal "linking-$machine" "exit code" 0 "$run_status"
	expect_equal "all-are-unloaded-$machine" "modules unloaded" "$(count_event "$run" module_load)" "$(count_event "$run" module_unload)"

	# With `total` comes `counter`: both are mapped and have their rights before the first init runs.
	steps=$($vitrine events "$run" | awk '
		/ module_load .*name="total"/ { on = 1 }
		on && / (module_load|vm_protect) / { printf "%s ", $4 }
		on && / mark_instant .*"(counter|total) starts"/ { match($0, /"[a-z]* starts"/); printf "%s ", substr($0, RSTART, RLENGTH) }
		on && / mark_instant .*"total starts"/ { exit }')
	expect_equal "rights-before-init-$machine" "what happened" \
		'module_load module_load vm_protect vm_protect "counter starts" "total starts" ' "$steps"

	# Pages are read when they are touched, and once, however often a module is loaded.
	pages_read "$run" >"$work/pages"
	expect_equal "pages-are-read-once-$machine" "pages read more than once" 0 "$(awk '$1 > 1' "$work/pages" | wc -l)"
	[ "$(wc -l <"$work/pages")" -gt 300 ] && ok "hundred-modules-are-read-$machine" ||
		not_ok "hundred-modules-are-read-$machine" "only $(wc -l <"$work/pages") pages were"
	printf 'load squares\nload counter\nexit\n' >"$work/commands"
	run_program "$work/$machine-few" --input "$work/commands" --wall 60 --arch "$machine" --program shell
	object=$($vitrine events "$work/$machine-few" --event page_request | sed -n 's/.*object=\([0-9]*\)  page.*/\1/p' | tail -n 1)
	expect_equal "pages-are-read-when-touched-$machine" "pages read: the table, one of squares, three of counter" 5 \
		"$(pages_read "$work/$machine-few" | grep -c "object=$object ")"

	# Damaged tables. Some of them still make a module, some do not; none kills more than the thread that loads it.
	rm -rf "$work/damaged" && mkdir "$work/damaged"
	for i in {0..59}; do
		damage "$modules/$(echo many_7 squares lacks | cut -d' ' -f$((i % 3 + 1))).module" "$work/damaged/bad_$i.module"
	done
	printf '\177ELF' >"$work/damaged/short.module"
	$vitrine pnor pack -o "$work/pack" "$work/damaged"/*.module "$modules/counter.module"
	$vitrine pnor build -o "$work/flash.pnor" --size 4M --part "linking,build/$machine/programs/linking.elf,ecc,ro" \
		--part ATTR,ecc,size=4K --part "MODULES,$work/pack,ecc,ro"
	run_program "$work/$machine-damaged" --arch "$machine" --program linking --icount --smp 2 --flash "$work/flash.pnor" \
		--append program.damaged=1 --budget 2000000000
	expect_equal "damaged-modules-$machine" "exit code" 0 "$run_status"
	[ "$run_status" = 0 ] || show_run "$work/$machine-damaged"
	for status in INVALID OK NOT_FOUND; do
		grep -q "damaged: bad_.*: $status" "$work/$machine-damaged/console.log" && ok "damaged-is-$status-$machine" ||
			not_ok "damaged-is-$status-$machine" "$(grep -c damaged: "$work/$machine-damaged/console.log") were tried"
	done
	expect_equal "damaged-and-unloaded-$machine" "modules unloaded" "$(count_event "$work/$machine-damaged" module_load)" \
		"$(count_event "$work/$machine-damaged" module_unload)"

	# A module whose first page cannot be read; and a table that cannot.
	cp "build/$machine/flash/linking.pnor" "$work/flash.pnor"
	page=$((4608 * 8))
	$vitrine pnor inject "$work/flash.pnor" MODULES --bit $((page + 5)),$((page + 6)) >"$work/log"
	run_program "$work/$machine-unread" --arch "$machine" --program linking --icount --flash "$work/flash.pnor" --append program.damaged=1
	expect_equal "module-cannot-be-read-$machine" "what is said" "damaged: many_0: CRASHED" \
		"$(grep -a '^damaged: many_0:' "$work/$machine-unread/console.log")"
	$vitrine pnor inject "$work/flash.pnor" MODULES --bit 5,6 >"$work/log"
	run_program "$work/$machine-no-table" --arch "$machine" --program linking --icount --flash "$work/flash.pnor" --append program.damaged=1
	grep -q 'init: the server modules ended: CRASHED.*that is enough' "$work/$machine-no-table/console.log" &&
		ok "table-cannot-be-read-$machine" || not_ok "table-cannot-be-read-$machine" "exit code $run_status"
	grep -q 'is GONE' "$work/$machine-no-table/console.log" && ok "no-table-is-said-$machine" ||
		not_ok "no-table-is-said-$machine" "$(tail -n 3 "$work/$machine-no-table/console.log")"
	rm -rf "${work:?}/$machine"-*
done

make -s run PROGRAM=user/servers/init.c >"$work/log" 2>&1
grep -q 'a server is called init' "$work/log" && ok "a-program-named-as-a-server" ||
	not_ok "a-program-named-as-a-server" "$(tail -n 1 "$work/log")"
