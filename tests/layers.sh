#!/usr/bin/env bash
# The layer test: who may include whom, and what the pure folders may ask of the world.
#
# (a) A folder of src includes only from itself and from those before it; nothing that the running
#     gateway is made of includes config.
# (b) The archives of the pure folders need nothing but each other and the few functions of libc
#     that touch memory alone: an allow-list, so that what nobody thought of fails too.
# (c) No program has in it what is another one's task: configuration parser, compiler, resolver,
#     private keys, TLS.
set -euo pipefail
: "${srcdir:=$(cd "$(dirname "$0")/.." && pwd)}" "${builddir:=$PWD}"

order=(base vocab policy limits http filter event sys cert config tls net broker proxy record
	control daemon ctl)
pure=(base vocab policy limits http filter event)
# Between what people write and what runs there is only the image.
without_config=' tls net broker proxy record control daemon '
libc=' abort bcmp bsearch calloc free inet_ntop inet_pton malloc memchr memcmp memcpy memmove
	memrchr memset qsort realloc snprintf strchr strcmp strlen strncmp strnlen strrchr
	vsnprintf '

failed=0
complain() {
	printf '%s\n' "$1"
	failed=1
}

index_of() { # FOLDER
	local i
	for i in "${!order[@]}"; do
		[[ ${order[i]} != "$1" ]] || { echo "$i" && return; }
	done
	echo -1
}

check_includes() { # FOLDER
	local own=$1 line other file
	while IFS= read -r line; do
		file=${line%%:*}
		other=$(sed -n 's/.*#include "\([^"]*\)".*/\1/p' <<<"$line")
		[[ $other != config.h ]] || continue
		if [[ $other != */* ]]; then
			complain "${file#"$srcdir"/}: \"$other\" is included without its folder"
			continue
		fi
		other=${other%%/*}
		if [[ $(index_of "$other") -lt 0 ]]; then
			complain "${file#"$srcdir"/}: $other is no folder of src"
		elif [[ $(index_of "$other") -gt $(index_of "$own") ]]; then
			complain "${file#"$srcdir"/}: $own may not include from $other, which is above it"
		elif [[ $other == config && $without_config == *" $own "* ]]; then
			complain "${file#"$srcdir"/}: $own may not include from config"
		fi
	done < <(grep -rH '#include "' "$srcdir/src/$own" --include='*.[ch]' --include='*.def' || true)
}

archive() { # FOLDER
	compgen -G "$builddir/src/$1/lib*.a" || true
}

# The linker's own, and what hardening, sanitizers and coverage put into every object.
compiler_own() { # SYMBOL
	case $1 in
	__stack_chk_fail | _GLOBAL_OFFSET_TABLE_ | __asan_* | __ubsan_* | __gcov_* | __sanitizer_*) ;;
	__llvm_* | __cpu_model | __cpu_indicator_init) ;; # libgcc: which instructions there are
	*) return 1 ;;
	esac
}

check_pure() {
	local folder file symbol name defined='' checked=0
	for folder in "${pure[@]}"; do
		file=$(archive "$folder")
		[[ -n $file ]] || continue
		defined+=" $(nm --defined-only -g "$file" 2>/dev/null | awk 'NF == 3 { print $3 }' |
			tr '\n' ' ')"
		while read -r symbol; do
			name=${symbol#__}
			name=${name%_chk}
			if [[ $defined == *" $symbol "* ]] || compiler_own "$symbol" ||
				[[ " ${libc//[$'\n\t']/ } " == *" $name "* ]]; then
				continue
			fi
			complain "src/$folder is pure, and needs $symbol"
		done < <(nm -u "$file" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u)
		checked=$((checked + 1))
	done
	[[ $checked -ge 5 ]] || complain "only $checked pure archives are built in $builddir"
}

programs=(vendgate vendgate-worker vendgate-keys vendgate-broker vendgate-recorder
	vendgate-controller vendgatectl)

# Symbols that only these programs may have; that they do have them shows that the others would
# be seen.
only() { # WHAT PATTERN PROGRAM…
	local what=$1 pattern=$2 program found
	shift 2
	for program in "${programs[@]}"; do
		[[ -e $builddir/$program ]] || continue
		found=$({
			nm -a "$builddir/$program"
			readelf -d "$builddir/$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
		} | awk '{ print $NF }' | grep -E "$pattern" || true)
		if [[ " $* " == *" $program "* ]]; then
			[[ -n $found ]] || complain "$program should have $what: is it looked for rightly?"
		elif [[ -n $found ]]; then
			complain "$program has $what in it: ${found//$'\n'/ }"
		fi
	done
}

check_programs() {
	local program
	for program in "${programs[@]}"; do
		[[ -e $builddir/$program ]] || complain "$program is not built in $builddir"
	done
	only 'a configuration parser' '^(ini_|libinih)' vendgatectl
	only 'a compiler' '^vg_(config|build|emit|lint)_' vendgatectl
	only 'a resolver' '^(evdns_|getaddrinfo|gethostby|res_n?(init|query)|MMDB_|libevent_extra|libevent-)' \
		vendgate-broker
	only 'private keys' '^(vg_keys_(open|sign)$|PEM_read_bio_PrivateKey)' vendgate-keys
	only 'TLS' '^SSL_read' vendgate-worker
}

for folder in "$srcdir"/src/*/; do
	folder=$(basename "$folder")
	if [[ $(index_of "$folder") -lt 0 ]]; then
		complain "src/$folder has no place among the layers"
	else
		check_includes "$folder"
	fi
done
check_pure
check_programs
exit "$failed"
