#!/usr/bin/env bash
# ARCHITECTURE.md speaks of the tree as it is: each folder that it names exists, and each folder
# of src is in it.
set -euo pipefail
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$srcdir"

failed=0
complain() {
	printf '%s\n' "$1"
	failed=1
}

while read -r path; do
	[[ -e $path ]] || complain "ARCHITECTURE.md names $path, which does not exist"
done < <(grep -oE '\b(src|tests|contrib|man|policies)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' \
	ARCHITECTURE.md | sort -u)

for folder in src/*/; do
	grep -qE "${folder%/}([ /,.]|\$)" ARCHITECTURE.md || complain "ARCHITECTURE.md does not name $folder"
done
exit "$failed"
