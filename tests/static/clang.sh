#!/bin/bash
#
# Group `clang`: the other compiler builds everything too, with the same warnings as errors, and what it builds boots.
source "$(dirname "$0")/../e2e/lib.sh"

if log=$(make COMPILER=clang B=build/clang all 2>&1); then
	ok build-clang
else
	echo "$log"
	not_ok build-clang "$(grep -m 1 -E 'error|\*\*\*' <<<"$log")"
fi
