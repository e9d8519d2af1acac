#!/bin/bash
#
# Group `book`: what the pages of docs/ and labs/ refer to is there, each page can be reached, and each becomes HTML whose links
# lead to something. And a page in which something is wrong is found: one made-up page for each kind of mistake.
source "$(dirname "$0")/../e2e/lib.sh"
book=build/tools/book
html=$work/html

rm -rf "$html"
if said=$($book -o "$html" 2>&1); then
	ok book-refers-to-what-is-there
else
	echo "$said"
	not_ok book-refers-to-what-is-there "$(head -n 1 <<<"$said")"
fi

# Each page of the tree has become HTML.
mkdir -p "$html"
missing=""
for page in $(source_files 'docs/*.md' 'labs/*.md'); do
	[ "$page" = docs/README.md ] || [ -s "$html/${page%.md}.html" ] || missing+=" $page"
done
expect_equal book-every-page "what has no HTML" "" "$missing"

# Every link of every page of HTML leads to a file, or to a mark in one.
dead_links() {
	local page link file anchor
	grep -r -o -H -E '(href|src)="[^"]*"' --include='*.html' "$html" | sed -E 's/(href|src)="([^"]*)"$/\2/' | sort -u |
		while IFS= read -r line; do
			page=${line%%.html:*}.html link=${line#*.html:}
			case $link in *://*) continue ;; esac
			file=${link%%#*} anchor=${link#"$file"}
			[ -z "$file" ] && file=$page || file=$(dirname "$page")/$file
			[ -e "$file" ] || echo "$page: $link"
			[ -z "$anchor" ] || grep -q -F "id=\"${anchor#\#}\"" "$file" || echo "$page: $link"
		done
}
dead=$(dead_links)
links=$(grep -r -o -E '(href|src)="' --include='*.html' "$html" | wc -l)
echo "$links links"
[ -z "$dead" ] || echo "$dead"
if [ -z "$dead" ] && [ "$links" -gt 1000 ]; then
	ok book-links-lead-somewhere
else
	not_ok book-links-lead-somewhere "$links links; $(head -n 1 <<<"$dead")"
fi

# What the pages ask in SQL, asked of a small made-up run: it has all tables and columns. {words} of a lab stand for numbers; what
# a shell would put together ($(cat ...)) is not there.
wrong_queries() {
	local place query
	$book -q | grep -P '^[^ ]+:\d+\t' | grep -v -P 'SELECT \.\.\.$|\t\$\(' | sed 's/{[a-z_]*}/1/g' | while IFS=$'\t' read -r place query; do
		$vitrine sql "$work/made.vtrace" "$query" >"$work/answer" 2>&1 || echo "$place: $(head -n 1 "$work/answer"): $query"
	done
}
build/tests/make_trace 200 "$work/made.vtrace" >/dev/null
queries=$($book -q | grep -c -P '^[^ ]+:\d+\t')
wrong=$(wrong_queries)
[ -z "$wrong" ] || echo "$wrong"
if [ -z "$wrong" ] && [ "$queries" -gt 20 ]; then
	ok book-asks-in-sql
else
	not_ok book-asks-in-sql "$queries questions; $(head -n 1 <<<"$wrong")"
fi

# A small tree with one page, in which one thing is wrong.
tree=$work/tree
mistake() { # name, text of the page, what has to be said
	rm -rf "$tree" && mkdir -p "$tree/docs" "$tree/trace"
	printf 'int there(void);\n' >"$tree/trace/there.c"
	printf 'all: there\n' >"$tree/Makefile"
	printf '# Contents\n\n- [page](page.md)\n' >"$tree/docs/README.md"
	printf '# Page\n\n%b\n' "$2" >"$tree/docs/page.md"
	said=$($book -r "$tree")
	if grep -q -F "$3" <<<"$said"; then
		ok "book-finds-$1"
	else
		echo "$said"
		not_ok "book-finds-$1" "it does not say '$3'"
	fi
}
mistake lost-file '[x](lost.c)' 'docs/page.md:3: a link leads to no file: lost.c'
mistake lost-page 'text\n\n[x](lost.md#a)' 'docs/page.md:5: a link leads to no file: lost.md#a'
mistake lost-heading '[x](#pages)' 'a link leads to no heading: #pages'
mistake way-out '[x](../../there.c)' 'a link leads out of the tree'
mistake lost-picture '![x](lost.svg)' 'a link leads to no file: lost.svg'
mistake lost-name 'in `trace/lost.c`' 'there is no file trace/lost.c'
mistake lost-folder 'in `lost/`' 'there is no folder lost/'
mistake lost-function 'calls `lost(1)`' 'there is no function lost(1)'
mistake lost-target '    make lost ARCH=ppc64' 'make has no target lost'
mistake lost-command '    build/vitrine lost out/run' 'vitrine has no command lost'
mistake raw-link 'a [link](with a gap)' 'markdown is left in the text'
mistake raw-table 'a | b\n|---|' 'markdown is left in the text'
mistake raw-html '<b>bold</b>' 'HTML in the page: <b>'

rm -rf "$tree" && mkdir -p "$tree/docs"
printf '# Contents\n' >"$tree/docs/README.md"
printf '# Alone\n' >"$tree/docs/alone.md"
expect_equal book-finds-page-apart "what it says of a page that no link leads to" "docs/alone.md:1: no link leads to this page
1 mistakes" "$($book -r "$tree")"

# In a handout, links to other labs and to tests are let go, and others are not.
touch "$tree/handout.txt"
printf '# Contents\n\n[a](../labs/other/page.md) [b](../tests/lost.c) [c](../lost.c)\n' >"$tree/docs/README.md" && rm "$tree/docs/alone.md"
expect_equal book-handout "what it says of links that lead out of a handout" "docs/README.md:3: a link leads to no file: ../lost.c
1 mistakes" "$($book -r "$tree")"
rm "$tree/handout.txt"

# And a page in which everything is there is not complained of.
mkdir -p "$tree/trace"
printf 'int there(void);\n' >"$tree/trace/there.c"
printf 'all: there\n' >"$tree/Makefile"
printf '# Contents\n\n[a](#contents) [b](../trace/there.c) `there.c` `trace/` `there(1, 2)` `labs/NAME/x.c` `my.c`\n\n    make all\n' \
	>"$tree/docs/README.md"
expect_equal book-content "what it says of a page in which all is right" "" "$($book -r "$tree")"
