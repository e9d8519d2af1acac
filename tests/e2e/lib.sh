# What the end-to-end tests share: one line a test, and running a program in a guest. Sourced, not run.
#
# A test says `ok NAME` or `not ok NAME: why`; the runner counts those lines. Nothing here measures time: a run ends by itself
# or by the budget of `vitrine run`, and `timeout` only keeps a broken one from holding everything up.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
vitrine=build/vitrine
work=out/test/$(basename "$0" .sh)
mkdir -p "$work"

ok() { # name
	echo "ok $1"
}

not_ok() { # name, why
	echo "not ok $1: $2"
}

# One test: passes if the two texts are equal.
expect_equal() { # name, what it is about, expected, found
	if [ "$3" = "$4" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 is '$4', not '$3'"
	fi
}

# Runs a program; leaves DIR with the run, DIR/log with what vitrine said, and the exit code of vitrine in $run_status.
run_program() { # directory, arguments of vitrine run...
	local directory=$1
	shift
	rm -rf "$directory"
	mkdir -p "$directory"
	timeout -k 5 "${run_limit_seconds:-120}" $vitrine run -o "$directory" "$@" >"$directory/log" 2>&1 </dev/null
	run_status=$?
}

# The last lines of a run that went wrong, for the log of the group.
show_run() { # directory
	echo "--- $1"
	tail -n 15 "$1/log" 2>/dev/null
}

# How often an event is in a run.
count_event() { # run, event
	$vitrine stats --by-event "$1" | awk -v event="$2" '$1 == event { print $2 }'
}

# The machines, and what a test calls them.
machines="x86_64 ppc64"

# The files of the tree that match, without those that git ignores. A tree that no git knows is taken as it lies on disk.
source_files() { # patterns of git...
	local file
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -- "$@"
	else
		[ -e "$work/empty.git" ] || git init -q --bare "$work/empty.git"
		git --git-dir="$work/empty.git" --work-tree=. ls-files -o -x build -x out -- "$@"
	fi | while read -r file; do
		[ ! -e "$file" ] || echo "$file"
	done
}
