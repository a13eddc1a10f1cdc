#!/usr/bin/env bash
# Each header compiles alone, and twice; each source includes its own header first (behind
# config.h, which sets what the system's headers show).
set -euo pipefail
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}" "${CC:=cc}"
: "${CFLAGS:=-iquote $srcdir/src -std=gnu17 -D_GNU_SOURCE}"
read -r -a flags <<<"$CFLAGS"

failed=0 checked=0
complain() {
	printf '%s\n' "$1"
	failed=1
}

cd "$srcdir/src"
for header in */*.h; do
	if ! printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		$CC "${flags[@]}" -D_GNU_SOURCE -Werror -fsyntax-only -x c -; then
		complain "src/$header does not compile alone"
	fi
	checked=$((checked + 1))
done

for source in */*.c; do
	own=${source%.c}.h
	[[ -e $own ]] || continue
	first=$(grep '^#include' "$source" | grep -v '"config\.h"' | head -n 1)
	[[ $first == "#include \"$own\"" ]] ||
		complain "src/$source does not include its own header first"
done
[[ $checked -gt 0 ]] || complain 'there was no header'
exit "$failed"
