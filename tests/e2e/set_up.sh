#!/bin/bash
#
# Group `set-up`: what .ci/setup does on a machine that has everything, and on one that has nothing and no root.
#
# The second is played with a PATH that leads to a few shell tools only. As root this runs as nobody, or it would install packages.
source "$(dirname "$0")/lib.sh"

# .ci/setup on a machine with only these tools.
bare=$(mktemp -d /tmp/vitrine-set-up.XXXXXX) # nobody may have no right to read this tree
trap 'rm -rf "$bare"' EXIT
for tool in bash cat cut sort tr sed id uname head tail nproc df printf apt-get; do
	[ -z "$(type -P $tool)" ] || ln -s "$(type -P $tool)" "$bare/$tool"
done
as_nobody=""
[ "$(id -u)" != 0 ] || as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
on_bare_machine() { # arguments
	# The script comes through stdin: nobody may have no right to read this tree.
	env -i PATH="$PATH" $as_nobody env PATH="$bare" bash -s -- "$@" <.ci/setup 2>&1
}
chmod 755 "$bare"

expect_equal set-up-silent "what it says when nothing is missing" "" "$(.ci/setup test 2>&1)"

said=$(on_bare_machine test)
status=$?
echo "$said"
expect_equal set-up-stops "the exit status without root" 1 $status
for package in gcc qemu-system-x86 qemu-system-ppc gcc-powerpc64-linux-gnu gdb-multiarch clang; do
	if grep -q "^  $package  *[a-z]" <<<"$said" && grep -q "apt-get install .* $package\b" <<<"$said"; then
		ok "set-up-names-$package"
	else
		not_ok "set-up-names-$package" "it does not say what $package is for, or how to install it"
	fi
done
said=$(on_bare_machine run)
if grep -q 'gdb-multiarch' <<<"$said"; then
	not_ok set-up-no-more-than-needed "a run does not need gdb, and it asks for it"
else
	ok set-up-no-more-than-needed
fi

said=$(on_bare_machine --doctor)
echo "$said"
if grep -A 1 '^  MISSING  qemu-system-ppc ' <<<"$said" | grep -q 'lost without it: nothing runs on POWER'; then
	ok doctor-says-what-is-lost
else
	not_ok doctor-says-what-is-lost "it does not say what is lost without the POWER machine"
fi
if .ci/setup --doctor | grep -q '^  *memory  *[0-9]* MiB free' && .ci/setup --doctor | grep -q 'QEMU emulator version'; then
	ok doctor-reports
else
	not_ok doctor-reports "versions or the memory are missing"
fi
