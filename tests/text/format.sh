#!/usr/bin/env bash
# The sources are as .clang-format has it, by clang-format 14: other versions differ in places.
set -euo pipefail
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$srcdir"
program=$(command -v clang-format-14 || command -v clang-format) ||
	{ echo 'no clang-format here' && exit 77; }
[[ $("$program" --version) == *' 14.'* ]] || { echo 'no clang-format 14 here' && exit 77; }

find src tests -name '*.[ch]' -print0 | sort -z | xargs -0 "$program" --dry-run -Werror
