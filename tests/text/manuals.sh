#!/usr/bin/env bash
# The manuals are true to the tables: every row has its place in its page. And mandoc has nothing
# to say about them.
set -euo pipefail
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$srcdir"

failed=0
complain() {
	printf '%s\n' "$1"
	failed=1
}

# The N-th argument of each MACRO(…) row of a table, without its quotes.
column() { # FILE MACRO N
	sed -n "s/^$2(\\(.*\\)).*/\\1/p" "$1" | cut -d, -f"$3" | sed 's/^ *"\{0,1\}//; s/"\{0,1\} *$//'
}

# Each of the words on stdin is the subject of an item in a page. A table of no rows fails too.
in_page() { # PAGE WHAT
	local word count=0
	while read -r word; do
		count=$((count + 1))
		grep -qE "^\\.(It|Ic|Cm|Fl) .*(^|[ \"])${word//./\\.}($|[ \",])" "man/$1" ||
			complain "man/$1 does not tell of the $2 $word"
	done
	[[ $count -gt 0 ]] || complain "found no $2 for man/$1"
}

column src/vocab/reason.def VG_REASON 2 | in_page vendgate-events.7 reason
column src/vocab/reason.def VG_REASON 3 | sed 's/^/VG/' | in_page vendgate-events.7 code
column src/vocab/field.def VG_FIELD 3 | in_page vendgate-events.7 field
column src/policy/step.def VG_STEP 2 | in_page vendgate-events.7 step

if command -v mandoc >/dev/null; then
	for page in man/*.[1-9]; do
		said=$(mandoc -Tlint -W style "$page" 2>&1 | grep -v 'STYLE: no blank before' || true)
		[[ -z $said ]] || complain "$said"
	done
else
	echo 'no mandoc here: the pages were not linted'
fi
exit "$failed"
