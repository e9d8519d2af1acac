#!/bin/bash
#
# Group `tree`: what holds for the source as a whole: headers compile alone, the portable core knows no machine,
# the committed copy of what is generated is up to date, lines fit, every folder says what lives in it.
source "$(dirname "$0")/../e2e/lib.sh"

# Passes if the text is empty; else the text is shown and its first line is the reason.
expect_nothing() { # name, text
	if [ -z "$2" ]; then
		ok "$1"
	else
		echo "$2"
		not_ok "$1" "$(head -n 1 <<<"$2")"
	fi
}

flags="-std=gnu2x -ffreestanding -fsyntax-only -Wall -Wextra -Werror -DVITRINE_CHECKS=1"
kernel_header() { # compiler, machine flags and include paths, header
	$1 $flags $2 -x c -Wno-unused-function -include "$3" /dev/null 2>&1
}

# <arch_inline.h> is the other half of kernel/arch.h, which ends by including it; headers with macros are the assembler's.
headers_alone() {
	local header
	for header in $(source_files 'kernel/*.h' 'arch/x86_64/*.h' ':!*/arch_inline.h' | xargs grep -L '^\.macro'); do
		kernel_header gcc "-m64 -mgeneral-regs-only -Ikernel -Iarch/x86_64/include -Iarch/x86_64 -Ibuild/gen" "$header"
	done
	for header in $(source_files 'kernel/*.h' 'arch/ppc64/*.h' ':!*/arch_inline.h' ':!*/libfdt_shim/*' | xargs grep -L '^\.macro'); do
		kernel_header powerpc64-linux-gnu-gcc "-mabi=elfv2 -mcpu=power8 -msoft-float -mno-altivec -mno-vsx -Ikernel \
			-Iarch/ppc64/include -Iarch/ppc64 -Ibuild/gen" "$header"
	done
	for header in $(source_files 'user/*.h'); do
		kernel_header gcc "-m64 -mgeneral-regs-only -Iuser/lib -Ikernel" "$header"
	done
	for header in $(source_files 'trace/*.h' 'viz/*.h' 'labs/grader/*.h' 'docs/*.h' ':!trace/events.h'); do
		gcc -std=gnu2x -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Werror -Wno-unused-function -Itrace -Iviz -Ilabs -Ikernel -Ibuild/gen -x c \
			-include "$header" /dev/null 2>&1
	done
}
expect_nothing headers-alone "$(headers_alone)"

# A status or a result that nobody looks at does not compile, in the kernel and in programs; with DISCARD() and a reason it does.
ignored_status() {
	local said call
	for call in "-Ikernel abi/status.h enum\ status" "-Ikernel\ -Iuser/lib vitrine.h struct\ result"; do
		eval "set -- $call"
		said=$(printf '#include "%s"\n%s f(void);\nvoid g(void);\nvoid g(void)\n{\n\tf();\n}\n' "$2" "$3" |
			gcc $flags $1 -x c - 2>&1) && echo "a $3 may be ignored"
		grep -q "ignoring return value" <<<"$said" || echo "a $3 is refused for another reason: $said"
	done
	said='#include "%s"\nenum status f(void);\nvoid g(void);\nvoid g(void)\n{\n\tDISCARD(f(), "a test");\n}\n'
	printf "$said" abi/status.h | gcc $flags -Ikernel -x c - 2>&1
}
expect_nothing status-is-not-ignored "$(ignored_status)"

portable_core() {
	source_files 'kernel/*.c' 'kernel/*.h' | xargs grep -nE '\basm\b|__asm|__x86_64|__powerpc|__PPC|__BYTE_ORDER__' |
		sed 's/^/names a machine: /'
}
expect_nothing portable-core "$(portable_core)"

expect_nothing generated-is-current "$(build/gen/gen docs | diff -u docs/gen/events.md - 2>&1 | head -n 20)"
expect_nothing syscalls-are-current "$(build/gen/gen syscalls kernel/core/syscall*.c 2>&1 | diff -u docs/gen/syscalls.md - 2>&1 | head -n 20)"
expect_nothing layout-is-current "$(build/tests/layout | diff -u docs/gen/layout.md - 2>&1 | head -n 20)"

# C is clang-format's business.
expect_nothing lines-fit "$(source_files '*.S' '*.sh' .ci Makefile | xargs awk '!/sha512/ && length($0) > 150 { print FILENAME ":" FNR ": too long" }')"

expect_nothing folders-explained "$(for folder in kernel arch user labs trace viz tests docs; do
	[ -n "$(source_files "$folder")" ] || echo "$folder/ is empty: it needs a README.md that says what will live there"
done)"

expect_nothing nothing-left-for-later "$(source_files '*.c' '*.h' '*.S' Makefile | xargs grep -nE '\b(TODO|FIXME|XXX|HACK)\b')"
