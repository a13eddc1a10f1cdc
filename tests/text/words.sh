#!/usr/bin/env bash
# What must not stand in the sources, or only in one place of them: a table of patterns.
set -euo pipefail
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$srcdir"

failed=0
complain() {
	printf '%s\n' "$1"
	failed=1
}

# PATTERN (extended regular expression) WHERE-ALLOWED (a pattern of paths, - for nowhere) WHY
forbid() {
	local hits
	hits=$(grep -rnE "$1" src --include='*.[ch]' --include='*.def' | grep -vE "^($2):" || true)
	[[ -z $hits ]] || complain "$3:"$'\n'"$hits"
}

call='(^|[^A-Za-z0-9_])'
forbid "$call(str(cpy|cat|ncpy|ncat|tok)|stpcpy|v?sprintf|gets|v?[fs]?scanf)[[:space:]]*\(" - \
	'writes or reads without a bound'
forbid "$call(ato(i|l|ll|f)|strto(l|ll|ul|ull))[[:space:]]*\(" - \
	'lets errors pass: vg_slice_u64 reads numbers'
forbid "$call(system|popen|alloca|tmpnam|tempnam|mktemp)[[:space:]]*\(" - 'not in a gateway'
forbid "$call(localtime|gmtime|ctime|asctime|rand|srand|random)[[:space:]]*\(" - \
	'has hidden state'
forbid "$call(clock_gettime|gettimeofday|time)[[:space:]]*\(" 'src/sys/clock\.c' \
	'only sys/clock.c reads clocks'
forbid "$call(secure_)?getenv[[:space:]]*\(" 'src/(daemon|ctl|sys)/[a-z_]+\.c' \
	'the environment is for the start of a process'
forbid "$call(evhttp_|bufferevent_|evbuffer_)" - 'not on the data path'
forbid "$call(TODO|FIXME|XXX)($|[^A-Za-z0-9_])" - 'is either done or an issue'
exit "$failed"
