#!/bin/bash
#
# Group `flash`: files that come from the flash, page by page: aged flash, flash that is beyond help, what survives the machine, and how
# much is read.
source "$(dirname "$0")/lib.sh"

build_program() { # machine, program
	make -s image ARCH="$1" PROGRAM="$2" >"$work/make.log" 2>&1 || not_ok "image-$1-$2" "$(tail -n 1 "$work/make.log")"
}

console_number() { # run, pattern with one group
	sed -n -E "s/.*$2.*/\1/p" "$1/console.log" | tail -n 1
}

for machine in $machines; do
	build_program "$machine" flash
	image=$work/$machine.pnor

	# Flipped bits, in the program's own text too: nobody notices, and the flash is as new afterwards.
	cp "build/$machine/flash/flash.pnor" "$image"
	{
		$vitrine pnor inject "$image" README --random 5 --seed 2
		$vitrine pnor inject "$image" flash --random 40 --seed 3
	} >/dev/null
	run_program "$work/$machine-aged" --arch "$machine" --program flash --smp 2 --icount --flash "$image"
	expect_equal "aged-flash-$machine" "exit code" 0 "$run_status"
	corrected=$(console_number "$work/$machine-aged" ' ([0-9]+) bits corrected')
	[ "${corrected:-0}" -gt 5 ] && ok "bits-corrected-$machine" || not_ok "bits-corrected-$machine" "${corrected:-no} bits were corrected"
	expect_equal "corrections-in-the-trace-$machine" "events ecc: corrected, whose values add up to the bits" "$corrected" \
		"$($vitrine events "$work/$machine-aged" --event mark_step | grep '"ecc: corrected"' | sed 's/.*value=//' | awk '{ n += $1 } END { print n + 0 }')"
	left=$($vitrine pnor check "$work/$machine-aged/flash.pnor" | awk '$1 == "README" { print $2 }')
	expect_equal "corrected-is-written-back-$machine" "flipped bits left in README" 0 "$left"

	# Two flips in one word: the thread that wants the page is killed for it, and the servers live.
	cp "build/$machine/flash/flash.pnor" "$image"
	$vitrine pnor inject "$image" README --random 1 --double >/dev/null
	run_program "$work/$machine-lost" --arch "$machine" --program flash --smp 2 --icount --flash "$image"
	expect_equal "lost-page-$machine" "exit code (crashed)" 3 "$run_status"
	if grep -q 'CRASHED thread .*the provider could not bring the page' "$work/$machine-lost/console.log" &&
		! grep -q 'init: the server' "$work/$machine-lost/console.log"; then
		ok "lost-page-is-said-$machine"
	else
		show_run "$work/$machine-lost"
		not_ok "lost-page-is-said-$machine" "the console does not say it"
	fi

	# What was flushed is there when the next machine starts with that flash.
	run_program "$work/$machine-boot1" --arch "$machine" --program attributes --icount
	run_program "$work/$machine-boot2" --arch "$machine" --program attributes --icount --flash "$work/$machine-boot1/flash.pnor"
	expect_equal "persistent-attributes-$machine" "boots that the second run knows of" 1 \
		"$(console_number "$work/$machine-boot2" '([0-9]+) boots before')"
	run_program "$work/$machine-notes" --arch "$machine" --program flash --icount --flash "$work/$machine-aged/flash.pnor"
	expect_equal "files-survive-$machine" "round of NOTES in the next run" 2 \
		"$(console_number "$work/$machine-notes" 'round ([0-9]+) of NOTES')"

	# A run works on its own copy.
	expect_equal "flash-is-not-shared-$machine" "boots that a third run knows of" 0 \
		"$(console_number "$work/$machine-boot1" '([0-9]+) boots before')"

	# Demand paging: a program is read as far as it goes, not as far as it is long.
	build_program "$machine" storm
	run_program "$work/$machine-hello" --arch "$machine" --program hello --icount
	pages=$($vitrine pnor list "build/$machine/flash/hello.pnor" | awk '$1 == "hello" { print int(($4 + 4095) / 4096) }')
	read=$($vitrine events "$work/$machine-hello" --event page_request | grep -c 'kind=read')
	all=$((pages + 2)) # and the attr server's page
	[ "$read" -ge 3 ] && [ "$read" -le "$all" ] && ok "read-as-touched-$machine" ||
		not_ok "read-as-touched-$machine" "$read pages were read of a program of $pages"

	# No flash, or one that is none.
	head -c 65536 /dev/zero >"$image"
	run_program "$work/$machine-blank" --arch "$machine" --program hello --icount --flash "$image"
	grep -q 'the flash has no partition table' "$work/$machine-blank/console.log" && ok "blank-flash-is-said-$machine" ||
		not_ok "blank-flash-is-said-$machine" "exit code $run_status"
	$vitrine run --arch "$machine" --program hello --flash "$work/none.pnor" -o "$work/none" >"$work/none.log" 2>&1
	status=$?
	[ $status = 11 ] && grep -q 'none.pnor cannot be read' "$work/none.log" && ok "no-such-flash-$machine" ||
		not_ok "no-such-flash-$machine" "exit code $status"
done
