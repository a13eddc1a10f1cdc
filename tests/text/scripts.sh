#!/usr/bin/env bash
# The scripts of the tree: shellcheck has nothing to say, Python compiles.
set -euo pipefail
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$srcdir"
command -v shellcheck >/dev/null || { echo 'no shellcheck here' && exit 77; }

mapfile -t shell < <(grep -rlE '^#!.*[/ ](ba)?sh$|^# shellcheck shell=' contrib tests .ci)
mapfile -t python < <(grep -rlE '^#!.*python3$' contrib tests)
shellcheck -x -P "$srcdir" "${shell[@]}"
python3 - "${python[@]}" <<'END'
import sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        compile(file.read(), name, "exec")
END
[[ ${#shell[@]} -gt 0 && ${#python[@]} -gt 0 ]]
