#!/bin/bash
#
# Group `hostile`: submissions that want to harm: each gets a verdict, and nothing outside changes.
#
# A class of them, made from one lab's files, is graded as an instructor would. What is looked at afterwards is the summary, the trusted tree,
# the other submissions, and what is left in the temporary directory.
source "$(dirname "$0")/lib.sh"

lab=${LAB:-boot}
file=$(sed -n 's/^edit: *//p' "labs/$lab/lab.txt" | head -n 1)
class=$work/class
grades=$work/grades
rm -rf "$work" && mkdir -p "$class"

# A submission that is the solution, but for what comes behind.
submission() { # name
	mkdir -p "$class/$1/$(dirname "$file")"
	sed -n 's/^edit: *//p' "labs/$lab/lab.txt" | while read -r edit; do
		mkdir -p "$class/$1/$(dirname "$edit")" && cp "$edit" "$class/$1/$edit"
	done
}

# Puts lines at the start of the first function of the file, or of the first one whose head matches.
into_function() { # name, lines, head
	lines=$2 awk -v head="${3:-.}" '{ print } $0 ~ head && /^[a-z]/ { found = 1 } /^{/ && found && !done { print ENVIRON["lines"]; done = 1 }' \
		"$file" >"$class/$1/$file"
}

submission honest

# The kernel loops for ever, or says something for ever.
submission endless-loop
into_function endless-loop $'\tfor (volatile int i = 0;; i++)\n\t\t;'
submission endless-output
into_function endless-output $'\tfor (;;)\n\t\tkprintf("on and on, and nobody will ever read it to its end\\n");'
sed -i '0,/^#include/s//#include "core\/print.h"\n#include/' "$class/endless-output/$file"

# The solution itself, out of what was built from it.
submission solution-in-build
printf '\n__asm__(".section .rodata\\n.incbin \\"build/x86_64/kernel.elf\\"\\n.text");\n' >>"$class/solution-in-build/$file"

# The compiler is kept busy, reads what it should not, or writes more than there is room for.
submission endless-build
printf '\n#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nconst char huge[] = B(B(B("a")));\n' >>"$class/endless-build/$file"
submission giant-object
printf '\n__asm__(".section .rodata\\n.fill 4000000000, 1, 1\\n.text");\n' >>"$class/giant-object/$file"
submission reads-host
printf '\n#include "/etc/passwd"\n' >>"$class/reads-host/$file"
submission reads-another
printf '\n#include "%s"\n' "$PWD/$class/honest/labs/$lab/answers.txt" >>"$class/reads-another/$file"

# Processes for ever, where a build would start them, if it were this Makefile that is used.
submission fork-bomb
printf 'image:\n\ttouch %s/fork-bomb-ran; for i in 1 2 3; do $(MAKE) image & done\n' "$PWD/$work" >"$class/fork-bomb/Makefile"

# Events that did not happen: by name, and behind a macro's back.
submission forged-event
into_function forged-event $'\ttrace_fault_end(1, 1, 1);'
submission forged-macro
into_function forged-macro $'\tEMIT(tra, ce_fault_begin)(7, 1, 0x1000, 0x1000, 0, 0);' cpu_hazard_raise
sed -i '0,/^#include/s//#include <trace_emit.h>\n#define EMIT(a, b) a##b\n#include/' "$class/forged-macro/$file"
submission forged-blank
into_function forged-blank $'\ttrace_rcu_call (1, 2, 3);'

# Points that it gives itself, tests that pass always, tools of its own.
submission own-score
mkdir -p "$class/own-score/labs/$lab/tests" "$class/own-score/out/grade/$lab" "$class/own-score/trace"
echo '{"points": 1000}' | tee "$class/own-score/out/grade/$lab/grade.json" >"$class/own-score/grade.json"
for test in labs/"$lab"/tests/*.sql; do
	sed '/^--/!d' "$test" >"$class/own-score/$test" && echo 'SELECT 1 AS ok' >>"$class/own-score/$test"
done
echo 'int main(void) { return 0; }' >"$class/own-score/trace/main.c"
into_function own-score $'\t__builtin_trap();'

# Files that are none: links out of the tree, a link on the way, a pipe nobody writes into, a file without end.
submission link
ln -sf /etc/shadow "$class/link/$file"
submission link-on-the-way
rm -r "${class:?}/link-on-the-way/${file%%/*}" && ln -s "$PWD/${file%%/*}" "$class/link-on-the-way/${file%%/*}"
submission pipe
rm "$class/pipe/$file" && mkfifo "$class/pipe/$file"
submission pipe-as-note
mkfifo "$class/pipe-as-note/handout.txt"
submission answers-of-another
mkdir -p "$class/honest/labs/$lab" && printf 'interrupts: 7\n' >"$class/honest/labs/$lab/answers.txt"
ln -s ../honest/labs "$class/answers-of-another/labs"
submission huge
head -c 3000000 /dev/zero >"$class/huge/$file"
submission nothing
rm -r "${class:?}/nothing/${file%%/*}"
ln -s "$PWD" "$class/link-as-submission"
tar -C "$class" -cf "$class/packed.tar" honest

# Whose number is which: a list does not say it of all, and one says another of itself.
printf '# name number\nhonest 7\nnothing 8\nhuge 7\nzoe 3\n' >"$work/seeds.txt"
printf 'labs: %s\nseed: 9\n' "$lab" | tee "$class/huge/handout.txt" >"$class/link/handout.txt"

fingerprint() {
	find kernel arch user trace labs viz Makefile "$class" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
	sha256sum build/vitrine build/x86_64/kernel.elf
}
before=$(fingerprint)
TMPDIR=$(mktemp -d /tmp/vitrine-hostile.XXXXXX) && chmod 711 "$TMPDIR" && export TMPDIR
timeout 580 $vitrine grade --class "$class" --lab "$lab" --arch x86_64 --seeds "$work/seeds.txt" --wall 20 -o "$grades" >"$work/log" 2>&1
expect_equal hostile-class "the exit code" 0 "$?"
cat "$work/log"

# What a submission came to, as summary.json has it: points, and why it was refused.
verdict_of() { # name
	sed -n 's/^    {"name": "'"$1"'", "graded": true, "points": \([0-9.]*\), .*"refused": "\(.*\)"}.*/\1 \2/p' "$grades/summary.json"
}

expect_verdict() { # name, pattern of the shell
	local found
	found=$(verdict_of "$1")
	# shellcheck disable=SC2053
	if [[ $found == $2 ]]; then
		ok "hostile-$1"
	else
		not_ok "hostile-$1" "the verdict is '$found', not like '$2'"
	fi
}

# Why its tests failed, where it was run.
expect_reason() { # name, text
	if grep -q "$2" "$grades/$1/grade.json"; then
		ok "hostile-$1-reason"
	else
		not_ok "hostile-$1-reason" "'$2' is not in $grades/$1/grade.json"
	fi
}

full=$(verdict_of fork-bomb)
of_honest() { # pattern
	grep -c "$1" "$grades/honest/grade.json"
}
expect_equal hostile-honest "what the honest one has failed, with one answer" "$(($(of_honest '"level": "\(question\|prediction\)"') - 1))" \
	"$(of_honest '"outcome": "failed"')"
for name in endless-loop endless-output own-score; do
	expect_verdict $name "0.00 "
done
expect_reason endless-loop 'hangs\|slow\|livelock\|did not run'
for name in endless-build giant-object reads-host reads-another solution-in-build; do
	expect_verdict $name "0.00 *build*"
done
expect_equal hostile-fork-bomb "its points, beside those of one that changed nothing" "$(verdict_of pipe-as-note)" "$full"
expect_reason fork-bomb '"ignored": \["Makefile"\]'
expect_equal hostile-fork-bomb-did-not-run "what it left" "" "$(ls "$work/fork-bomb-ran" 2>/dev/null)"
for name in forged-event forged-blank; do
	expect_verdict $name "0.00 *not of this file*"
done
expect_verdict forged-macro "0.00 "
expect_reason forged-macro 'says the witness'
for name in link link-on-the-way; do
	expect_verdict $name "0.00 *it is a link*"
done
expect_verdict pipe-as-note "* "
expect_equal hostile-answers-of-another "answers taken through a link" 0 "$(grep -c '"answer": "7"' "$grades/answers-of-another/grade.json")"
expect_verdict pipe "0.00 *no plain file*"
expect_verdict huge "0.00 *512 KiB*"
expect_verdict nothing "0.00 *No such file*"
expect_equal hostile-link-is-no-submission "what was graded through a link" "" "$(ls -d "$grades/link-as-submission" 2>/dev/null)"
expect_equal hostile-reads-nothing "what the compiler saw of others" "" "$(grep -rl 'root:x:0\|interrupts: 7' "$grades" 2>/dev/null)"
expect_equal hostile-changes-nothing "the tree and the submissions" "$before" "$(fingerprint)"
expect_equal hostile-archive-is-named "what was not graded" "link-as-submission packed.tar" \
	"$(sed -n 's/.*because they are no directories: //p' "$work/log")"
expect_equal hostile-nothing-handed-in "who is in the list and not there" zoe \
	"$(sed -n 's/^  "nothing_from": "\(.*\)",/\1/p' "$grades/summary.json")"
expect_equal hostile-seeds "the seeds" "honest 7 huge 7 link 9 nothing 8 pipe 1" "$(for name in honest huge link nothing pipe; do
	sed -n 's/^    {"name": "'$name'", .*"seed": \([0-9]*\),.*/'$name' \1/p' "$grades/summary.json"
done | paste -sd' ')"
grep -q '<td class="n">7</td><td>handout.txt says another one; the same as honest</td>' "$grades/summary.html" && ok hostile-seed-of-another ||
	not_ok hostile-seed-of-another "$(grep huge "$grades/summary.html")"

# Somebody at the terminal does not want to wait: nothing is left, and nothing runs on.
$vitrine grade --submission "$class/endless-loop" --lab "$lab" --arch x86_64 -o "$grades/interrupted" >"$work/interrupted.log" 2>&1 &
grader=$!
for ((i = 0; i < 600; i++)); do
	[ -z "$(find "$TMPDIR" -name run.vtrace)" ] || break
	sleep 0.1
done
kill -TERM "$grader"
wait "$grader"
status=$?
expect_equal hostile-interrupted "the exit code, and the last words" "1 vitrine: interrupted: what was not finished has no grade" \
	"$status $(tail -n 1 "$work/interrupted.log")"
expect_equal hostile-interrupted-grade "what is left of it" trusted-build.log "$(ls "$grades/interrupted")"
expect_equal hostile-leaves-nothing "what is left in the temporary directory" "" "$(ls -A "$TMPDIR")"
rm -rf "$TMPDIR"
expect_equal hostile-page "the summary's rows" "$(ls "$class" | grep -vc 'link-as-submission\|packed.tar')" \
	"$(grep -c 'grade.html' "$grades/summary.html")"
