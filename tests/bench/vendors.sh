#!/usr/bin/env bash
# What 10,000 vendors cost, each with 20 rules and a CA of its own: compiling from nothing, the
# image, the start, the worker's memory, one decision. Needs a build ($VG_BUILD, default build/).
#
#   usage: tests/bench/vendors.sh [--save] [VENDORS [RULES]]
#
# --save keeps the table in tests/bench/RESULTS.md, behind what tests/bench/run wrote there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
src=$(cd "$here/../.." && pwd)
build=$(cd "${VG_BUILD:-$src/build}" && pwd)
save=no
[[ ${1-} != --save ]] || { save=yes && shift; }
vendors=${1:-10000} rules=${2:-20}

work=$(mktemp -d)
gateway=
finish() {
	if [[ -n $gateway ]]; then
		kill -TERM "$gateway" 2>/dev/null || true
		wait "$gateway" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap finish EXIT

make -s -C "$build" bench-programs tests/bench/bench_decide

"$build/tests/bench/mkvendors" "$work" "$vendors" "$rules"
"$src/tests/tools/pki.sh" "$work" api.agency.example
mkdir "$work/state" "$work/run"
port=$(python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])')
cat >"$work/vendgate.ini" <<END
[gateway]
node = bench
listen = 127.0.0.1:$port
policies = policies
state = state
run = run
workers = 1

[tls]
certificate = server.pem
private_key = server.key

[telemetry file]
to = file:events.log
format = sd

[service api]
host = api.agency.example
upstream = http://127.0.0.1:9
END

now_ms() {
	local now=$EPOCHREALTIME
	printf '%d' "$((${now/[.,]/} / 1000))"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# Milliseconds: wall, and CPU of the process.
TIMEFORMAT='%R %U %S'
for _ in 1 2 3; do
	{ time "$build/vendgatectl" -c "$work/vendgate.ini" compile --fd 5 5>"$work/image"; } \
		2>>"$work/times"
done
wall=$(awk '{ printf "%d\n", $1 * 1000 }' "$work/times" | median)
cpu=$(awk '{ printf "%d\n", ($2 + $3) * 1000 }' "$work/times" | median)
image=$(stat -c %s "$work/image")

begin=$(now_ms)
"$build/vendgate" -c "$work/vendgate.ini" >"$work/log" 2>&1 &
gateway=$!
until "$build/tests/bench/load" --port "$port" --host api.agency.example \
	--ca "$work/server-ca.pem" --cert "$work/client.pem" --key "$work/client.key" \
	--path /v1/kind-00/1/part/none --status 502 >"$work/answer" 2>/dev/null; do
	if ! kill -0 "$gateway" 2>/dev/null || [[ $(($(now_ms) - begin)) -gt 120000 ]]; then
		cat "$work/log" "$work/answer" >&2
		exit 1
	fi
	sleep 0.05
done
start=$(($(now_ms) - begin))

worker=$(pgrep -P "$gateway" -f vendgate-worker | head -1)
# The image is one for all: what is the worker's alone stands beside it.
memory=$(awk '/^Rss:/ { r = $2 } /^Private_Dirty:/ { p = $2 } END { print r, p }' \
	"/proc/$worker/smaps_rollup")

decide=$("$build/tests/bench/bench_decide" | sed -n 's/.*: \([0-9]*\) ns a decision$/\1/p' |
	tail -1)

table() {
	cat <<END

## 10,000 vendors

\`tests/bench/vendors.sh\`, $(date +%F): $vendors vendors with $rules rules and a CA each, on
$(nproc) shared cores, load average $(cut -d' ' -f1 /proc/loadavg) at the end. The wall time is
that of a machine with other work; the CPU time is what compiling takes.

| | |
|---|---|
| compile from nothing, median of 3 | $wall ms wall, $cpu ms CPU |
| image | $((image / 1024)) KB |
| from the start to the first answer | $start ms wall |
| worker, resident (with the image) | ${memory% *} KB |
| worker, its own | ${memory#* } KB |
| a decision, 10,000 vendors, last of 20 rules | $decide ns CPU |
END
}

table
if [[ $save == yes ]]; then
	results=$here/RESULTS.md
	if [[ -e $results ]]; then
		sed '/^## 10,000 vendors$/,$d' "$results" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' \
			>"$work/results"
	else
		: >"$work/results"
	fi
	table >>"$work/results"
	cat "$work/results" >"$results"
fi
