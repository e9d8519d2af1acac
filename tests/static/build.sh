#!/bin/bash
#
# Group `build`: everything there is to build, with gcc.
set -u
if log=$(make -j"$(nproc)" test-build 2>&1); then
	echo "ok build-gcc"
else
	echo "$log"
	echo "not ok build-gcc: $(grep -m 1 -E 'error|\*\*\*' <<<"$log")"
fi
