#!/bin/bash
#
# Group `bench`: the benchmark runs, reports every figure, and the figures that are promises hold. They count guest instructions, so they
# are the same on every host and this is no test of speed; what the host's own programs reach is reported and not judged.
source "$(dirname "$0")/lib.sh"

if ! timeout -k 5 300 $vitrine bench -o "$work/bench" >"$work/bench.log" 2>&1 </dev/null; then
	cat "$work/bench.log"
	not_ok bench-runs "$(tail -n 1 "$work/bench.log")"
	exit 1
fi
ok bench-runs
cat "$work/bench.log"

# The value of a figure, in whole units, rounded up.
value_of() { # name, machine
	sed -n "s/.*\"name\": \"$1\", \"arch\": \"$2\", \"value\": \([0-9]*\)\.\([0-9]*\),.*\"traced\": true.*/\1 \2/p" "$work/bench.json" |
		awk '{ print $1 + ($2 > 0) }'
}

expect_at_most() { # name, machine, limit
	local value
	value=$(value_of "$1" "$2")
	if [ -n "$value" ] && [ "$value" -le "$3" ]; then
		ok "bench-$1-$2"
	else
		not_ok "bench-$1-$2" "'$value' instructions, and at most $3 are promised"
	fi
}

for machine in $machines; do
	expect_at_most trace_event $machine 25
	expect_at_most thread_create_exit $machine 30000
	expect_at_most boot_to_user $machine 5000000
	expect_at_most zero_fill_fault $machine 2000
	expect_at_most provider_fault $machine 3850
	for name in null_syscall switch; do
		expect_at_most $name $machine 100000 # there, and not absurd
	done
done
expect_equal bench-perfetto "the number of figures about the host's programs" 8 "$(grep -c '"arch": "host"' "$work/bench.json")"
