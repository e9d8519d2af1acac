#!/bin/bash
#
# Group `layering`: the portable kernel asks a machine for nothing but the machine contract, and includes nothing but itself.
#
# The portable objects of each machine are linked into one (`ld -r`). What that leaves undefined may only be: the calls of
# kernel/arch.h (arch_*), the MMU table chosen at boot, kernel_selftest (weak: the test image has it), and what
# tests/helpers.list names.
# And nothing in the kernel switches stacks but the ways in and out of it: there is no context switch inside.
# The host's unit tests link the same sources against a simulated machine; that they do is the other half of the proof.
source "$(dirname "$0")/../e2e/lib.sh"

helpers() { # machine
	sed -n "s/^$1 //p" tests/helpers.list
}

# The names left undefined that nothing allows.
foreign_names() { # machine, nm
	$2 -u "build/$1/portable.o" | awk '{ print $2 }' | grep -vE '^(arch_[a-z_]+|mmu|mmu_entries_in_use)$' |
		grep -vxF -e "$(helpers "$1")" | while read -r name; do
		[ "$name" = kernel_selftest ] && $2 "build/$1/portable.o" | grep -qE '^ +w kernel_selftest$' || echo "$name"
	done
}

# The calls of the contract that kernel/arch.h does not declare: none may be invented on the way.
undeclared_calls() { # machine, nm
	$2 -u "build/$1/portable.o" | awk '{ print $2 }' | grep '^arch_' | while read -r name; do
		grep -qE "\b$name\(" kernel/arch.h || echo "$name is not in kernel/arch.h"
	done
}

# Includes in kernel/ of anything but kernel/'s own headers, the compiler's, and the three that every build provides.
foreign_includes() {
	find kernel -name '*.[ch]' | while read -r file; do
		sed -n -E 's/^# *include "([^"]+)".*/\1/p' "$file" | while read -r header; do
			[ -e "kernel/$header" ] || echo "$file includes \"$header\", which is not in kernel/"
		done
		sed -n -E 's/^# *include <([^>]+)>.*/\1/p' "$file" |
			grep -vE '^(std(arg|bool|def|int)\.h|arch_inline\.h|trace_emit\.h|build_id\.h)$' | sed "s|^|$file includes |"
	done
}

expect_none() { # name, text
	if [ -z "$2" ]; then
		ok "$1"
	else
		echo "$2"
		not_ok "$1" "$(head -n 1 <<<"$2")"
	fi
}

nm_of() { # machine
	[ "$1" = ppc64 ] && echo powerpc64-linux-gnu-nm || echo nm
}

for machine in $machines; do
	if ! make -s "build/$machine/portable.o"; then
		not_ok "layering-$machine" "the portable objects cannot be linked"
		continue
	fi
	expect_none "layering-$machine" "$(foreign_names "$machine" "$(nm_of "$machine")")"
	expect_none "contract-$machine" "$(undeclared_calls "$machine" "$(nm_of "$machine")")"
done
# Functions that set the stack pointer to anything but a sum with itself, other than those that boot a CPU, enter the kernel or leave it.
stack_setters() { # machine
	if [ "$1" = ppc64 ]; then
		powerpc64-linux-gnu-objdump -d build/ppc64/kernel.elf |
			awk '/^[0-9a-f]+ </ { f = $2 } /\t(mr|ld|or|mtspr) +r1,/ { print f }'
	else
		objdump -d build/x86_64/kernel.elf | awk '/^[0-9a-f]+ </ { f = $2 } /(mov|xchg|pop) .*%rsp$/ { print f }'
	fi | tr -d '<>:' | sort -u >"$work/stack_setters-$1"
	[ -s "$work/stack_setters-$1" ] || echo "none at all: the search is wrong, since the ways in and out do"
	grep -vxE -e 'boot_cpu_start_64|trap_common|user_return|trap_from_kernel|syscall_entry' \
		-e 'left_out|boot_secondary|trap_syscall|trap_save|trap_kernel|arch_user_enter' \
		"$work/stack_setters-$1"
}
for machine in $machines; do
	expect_none "no-switch-$machine" "$(stack_setters "$machine")"
done
expect_none includes "$(foreign_includes)"
