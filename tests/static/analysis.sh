#!/bin/bash
#
# Group `analysis`: the layout of the source, and three readers that find bugs without running anything: cppcheck, and
# clang-tidy with its bug-prone checks and its path-sensitive analyzer. A finding is mended, or suppressed beside the code with a reason.
source "$(dirname "$0")/../e2e/lib.sh"
export LC_ALL=C

if [ "$(source_files 'kernel/*.c' | wc -l)" -lt 10 ]; then
	not_ok analysis "the files of the tree are not found"
	exit 1
fi

# Shows what a reader said; passes if it said nothing.
verdict() { # name, output
	if [ -z "$2" ]; then
		ok "$1"
	else
		echo "$2"
		not_ok "$1" "$(grep -m 1 -E 'error|warning' <<<"$2")"
	fi
}

verdict clang-format "$(source_files '*.c' '*.h' | xargs -P 2 -n 16 clang-format --dry-run -Werror 2>&1)"

kernel_define="-DVITRINE_CHECKS=1"
x86_64_flags="-std=gnu2x -ffreestanding --target=x86_64-linux-gnu -mgeneral-regs-only $kernel_define -Ikernel -Iarch/x86_64/include -Ibuild/gen"
ppc64_flags="-std=gnu2x -ffreestanding --target=powerpc64-linux-gnu -mabi=elfv2 -mcpu=power8 -msoft-float $kernel_define -Ikernel \
	-Iarch/ppc64/include -Iarch/ppc64/libfdt_shim -Ibuild/libfdt -Ibuild/gen"
user_files=$(source_files 'user/*.c' ':!user/programs/crash.c') # crash.c does on purpose what the readers look for
user_flags="-std=gnu2x -ffreestanding --target=x86_64-linux-gnu -mgeneral-regs-only -Iuser/lib -Ikernel"
host_flags="-std=gnu2x -D_GNU_SOURCE -Itrace -Iviz -Ilabs -Ikernel -Ibuild/gen"

# Left out: an argument-order check that reads every pair of numbers as a mistake, reserved names (the C library's own are
# defined here), version 14's checks of va_list and of memcpy's terminator, which are wrong about this code, and checks that
# differ only in taste from the warnings the compilers already give.
checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,'
checks+='-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-macro-parentheses,'
checks+='-bugprone-assignment-in-if-condition,-bugprone-branch-clone,-bugprone-suspicious-string-compare,'
checks+='-bugprone-not-null-terminated-result,-clang-analyzer-valist.*,-clang-analyzer-security.insecureAPI.*'

tidy() { # flags, files...
	local flags=$1
	shift
	# clang-tidy 14 says "N warnings generated" on stderr whatever it finds in system headers.
	printf '%s\n' "$@" | xargs -P 2 -n 4 sh -c 'clang-tidy --quiet --warnings-as-errors="*" --checks="$0" "$@" -- '"$flags"' 2>/dev/null' \
		"$checks" || echo "error: clang-tidy ended with status $?"
}
# shellcheck disable=SC2046
{
	verdict clang-tidy-kernel "$(tidy "$x86_64_flags" $(source_files 'kernel/*.c' 'arch/x86_64/*.c'))"
	verdict clang-tidy-ppc64 "$(tidy "$ppc64_flags" $(source_files 'arch/ppc64/*.c'))"
	verdict clang-tidy-user "$(tidy "$user_flags" $user_files)"
	verdict clang-tidy-host "$(tidy "$host_flags" $(source_files 'trace/*.c' 'viz/*.c' 'labs/grader/*.c' 'docs/*.c'))"
}

# cppcheck does not know that inline assembly writes its outputs, nor that two symbols of a linker script may lie in one object; it
# compares formats with the types it guesses, which the compilers do with those that are; and tests compare equal texts on purpose.
inspect() { # include paths and defines, files...
	local flags=$1
	shift
	# shellcheck disable=SC2086
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -j 2 \
		--suppress='uninitvar:arch/*' --suppress='comparePointers:arch/*' --suppress=invalidPrintfArgType_uint --suppress=invalidPrintfArgType_sint \
		--suppress=staticStringCompare --suppress='*:build/*' --suppress=missingIncludeSystem \
		--template='{file}:{line}: {severity}: {message} [{id}]' $flags "$@" 2>&1
}
# shellcheck disable=SC2046
{
	verdict cppcheck-kernel "$(inspect "--platform=unix64 $kernel_define -D__STDC__ -Ikernel -Iarch/x86_64/include -Ibuild/gen" \
		$(source_files 'kernel/*.c' 'arch/x86_64/*.c'))"
	verdict cppcheck-ppc64 "$(inspect "--platform=unix64 $kernel_define -Ikernel -Iarch/ppc64/include -Ibuild/gen" $(source_files 'arch/ppc64/*.c'))"
	verdict cppcheck-user "$(inspect "--platform=unix64 -Iuser/lib -Ikernel" $user_files)"
	verdict cppcheck-host "$(inspect "--platform=unix64 -D_GNU_SOURCE -DPROTOBUF_C_VERSION_NUMBER=9999999 -DPROTOBUF_C_MIN_COMPILER_VERSION=0 \
		-Itrace -Iviz -Ilabs -Ikernel -Ibuild/gen" $(source_files 'trace/*.c' 'viz/*.c' 'labs/grader/*.c' 'docs/*.c'))"
}
