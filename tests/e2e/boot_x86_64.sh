#!/bin/bash
#
# Group `boot`: how an x86-64 machine comes up: by QEMU's own loader and through GRUB, wherever the image is put; no page both writable
# and executable at any phase; the page that other CPUs start in is given back; sixteen CPUs; what ACPI's tables say.
source "$(dirname "$0")/lib.sh"
symbols=build/x86_64/kernel.sym

make -s build/tests/boot_phases $symbols build/x86_64/iso/kernel/{hello,threads}.iso build/x86_64/flash/{hello,threads}.pnor \
	>"$work/build.log" 2>&1 || not_ok boot-build "$(tail -n 1 "$work/build.log")"

console_of() { # run
	tr -d '\r' <"$1/console.log" 2>/dev/null
}

# ---- the judge of pages is judged first ----

judge() { # name, expected exit status, lines...
	printf '%s\n' "${@:3}" | build/tests/boot_phases --judge >"$work/judge.log"
	expect_equal "judge-$1" "the judge's exit status" "$2" $?
}

text="ffffffff80200000: 000000000fc00000 ----A----"
data="ffffffff80229000: 000000000fc29000 X--DA---W"
judge good 0 "$text" "$data" "ffff80000fc00000: 000000000fc00000 X--------" "ffff800010000000: 0000000010000000 X-PDA---W" \
	"0000000020000000: 0000000000500000 ----A--U-"
judge nothing 1 "PG disabled"
judge writable-text 1 "$text" "ffffffff80201000: 000000000fc01000 ----A---W"
judge executable-data 1 "$text" "ffffffff80229000: 000000000fc29000 ---DA---W"
judge user-page 1 "$text" "0000000020000000: 0000000000500000 ---DA--UW"
judge large-page 1 "$text" "ffff800010000000: 0000000010000000 --PDA---W"
judge second-name 1 "$text" "ffff80000fc00000: 000000000fc00000 X-PDA---W"
judge nowhere 1 "$text" "ffff900000000000: 0000000000500000 X--DA---W"
judge users-in-kernel 1 "$text" "ffff800010000000: 0000000010000000 X-PDA--UW"
judge kernels-in-user 1 "$text" "0000000020000000: 0000000000500000 X---A----"
judge low 1 "$text" "0000000000000000: 0000000000000000 --P-A----"

# ---- every phase of the boot ----

# Runs `hello` stopped at each phase; what boot_phases prints are tests.
test_phases() { # name, "lost" or "refused" or "", arguments of vitrine run..., -- arguments of QEMU...
	local name=$1 how=$2 run=$work/$1 socket more=()
	socket=$(mktemp -u "${TMPDIR:-/tmp}/boot.XXXXXX")
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		more+=("$1")
		shift
	done
	run_program "$run" --no-build --arch x86_64 --program hello --wall 110 -q "${more[@]}" -- "${@:2}" -S -qmp "unix:$socket.qmp,server=on,wait=off" \
		-chardev "socket,path=$socket.gdb,server=on,wait=off,id=gdb" -gdb chardev:gdb &
	# shellcheck disable=SC2086
	timeout 120 build/tests/boot_phases "$name" "$socket.qmp" "$socket.gdb" $symbols $how | tee "$run.phases"
	wait $!
	rm -f "$socket.qmp" "$socket.gdb"
	expect_equal "$name-phases" "the number of phases looked at" 9 "$(grep -c -- '-rights-' "$run.phases")"
	expect_equal "$name-end" "what vitrine says of the end" 1 "$(grep -c 'finished with status 0' "$run/log")"
}

expect_acpi() { # name of the phases, pattern
	if grep -qE "^acpi $2$" "$work/$1.phases"; then
		ok "acpi-$1"
	else
		not_ok "acpi-$1" "$(grep '^acpi' "$work/$1.phases")"
	fi
}

acpi_rest="pm1=0x604,0x0 sci=9 io_apics=1"
test_phases kernel "" --smp 2
expect_acpi kernel "rsdp=0xf[0-9a-f]{4} mcfg=0xb0000000/0-255 dmar=0x0 $acpi_rest"
test_phases grub "" --smp 2 --boot grub -- -device intel-iommu
expect_acpi grub "rsdp=0x[0-9a-f]+ mcfg=0xb0000000/0-255 dmar=0x[0-9a-f]{5,} $acpi_rest"
test_phases grub-radix5 "" --smp 2 --boot grub --mmu radix5
# A CPU that never comes, and one that gives the boot stack up: the third comes up after each, and the page is given back.
for how in lost refused; do
	test_phases $how $how --smp 3
	expect_equal $how-others "how many CPUs came up" 1 "$(console_of "$work/$how" | grep -c '2 of 3 CPUs')"
done

# ---- wherever the loader puts the image ----

# The image goes as high as RAM reaches, so more RAM is another address. Leaves the address in $address.
test_place() { # name, arguments of vitrine run...
	local run=$work/place-$1
	run_program "$run" --arch x86_64 --program threads --boot grub --seed 7 --trace boot,cpu,thread "${@:2}"
	[ "$run_status" = 0 ] || show_run "$run"
	expect_equal "place-$1" "the exit code" 0 "$run_status"
	address=$(console_of "$run" | sed -n 's/^boot: by Multiboot 2, image at \(0x[0-9a-f]*\)$/\1/p')
	echo "place-$1: image at $address"
	[ -n "$address" ] && [ $((address % 0x200000)) = 0 ] && ok "place-$1-aligned" ||
		not_ok "place-$1-aligned" "the image is at '$address'"
}

places=""
for ring in 16 64 128; do
	test_place "$ring" --smp 4 --ring "$ring"
	places+="$address "
done
expect_equal places "the number of different addresses" 3 "$(tr ' ' '\n' <<<"$places" | grep . | sort -u | wc -l)"
# What the loader hands over is the same by both ways: the words, the archive and the RAM.
run_program "$work/by-kernel" --arch x86_64 --program threads --seed 7 --trace boot,cpu,thread --smp 4 --ring 16
expect_equal grub-ram "the kernel's own line" "$(console_of "$work/by-kernel" | grep '^Vitrine on')" \
	"$(console_of "$work/place-16" | grep '^Vitrine on')"
expect_equal grub-seed "what the trace says of the seed" "$($vitrine stats "$work/by-kernel" | grep '^mode, seed')" \
	"$($vitrine stats "$work/place-16" | grep '^mode, seed')"
expect_equal grub-categories "the number of faults in a trace without that category" 0 \
	"$($vitrine events "$work/place-16" --category fault | wc -l)"

# What `make run` is told goes on to the run: the loader, the MMU and a word for the kernel. What cannot be is refused in words.
make -s run PROGRAM=hello BOOT=grub MMU=radix5 APPEND=memory=128 SMP=1 OUT="$work/make" >"$work/make.log" 2>&1
expect_equal make-grub "the number of lines that name the loader" 1 "$(console_of "$work/make" | grep -c '^boot: by Multiboot 2')"
expect_equal make-options "the number of lines with the MMU and less memory" 1 \
	"$(console_of "$work/make" | grep -c '^Vitrine on x86_64, 1 of 1 CPUs, radix5, 1[0-2][0-9] MiB free')"
for wrong in "run BOOT=floppy|there are kernel" "run BOOT=grub ARCH=ppc64|only x86_64 boots through GRUB" "gdb BOOT=grub|without GRUB"; do
	# shellcheck disable=SC2086
	expect_equal "make-${wrong%|*}" "the number of lines that say what is wrong" 1 "$(make -s ${wrong%|*} 2>&1 | grep -c "${wrong#*|}")"
done

# ---- sixteen CPUs ----

for how in "kernel --live" "grub --live" "grub --icount"; do
	name=sixteen-${how% *}${how#* -}
	# shellcheck disable=SC2086
	run_program "$work/$name" --arch x86_64 --program threads --smp 16 --boot $how
	[ "$run_status" = 0 ] || show_run "$work/$name"
	expect_equal "$name" "the exit code" 0 "$run_status"
	expect_equal "$name-online" "how many CPUs came up" 1 "$(console_of "$work/$name" | grep -c '16 of 16 CPUs')"
done
