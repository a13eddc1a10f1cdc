#!/usr/bin/env bash
# What 10,000 vendors cost, each with 20 rules and a CA of its own: compiling from nothing and for a
# reload, the image, the start, a decision, and the workers' memory beside what it is with 10
# vendors. Needs a build ($VG_BUILD, default build/).
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
rounds=5 workers=2

work=$(mktemp -d)
gateway=
stop() {
	[[ -z $gateway ]] || kill -TERM "$gateway" 2>/dev/null || true
	[[ -z $gateway ]] || wait "$gateway" 2>/dev/null || true
	gateway=
}
finish() {
	stop
	rm -rf "$work"
}
trap finish EXIT

make -s -C "$build" bench-programs tests/bench/bench_decide

now_ms() {
	local now=$EPOCHREALTIME
	printf '%d' "$((${now/[.,]/} / 1000))"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# A configuration in $work/VENDORS.
make_lab() {
	local dir=$work/$1
	mkdir "$dir"
	"$build/tests/bench/mkvendors" "$dir" "$1" "$rules"
	"$src/tests/tools/pki.sh" "$dir" api.agency.example
	mkdir "$dir/state" "$dir/run"
	port=$(python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])')
	cat >"$dir/vendgate.ini" <<END
[gateway]
node = bench
listen = 127.0.0.1:$port
policies = policies
state = state
run = run
workers = $workers

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
}

# The first vendor's requests, that find the upstream down. `ask VENDORS REQUESTS`
ask() {
	local dir=$work/$1
	"$build/tests/bench/load" --port "$port" --host api.agency.example \
		--ca "$dir/server-ca.pem" --cert "$dir/client.pem" --key "$dir/client.key" \
		--path /v1/kind-00/1/part/none --status 502 --requests "$2" --connections 16 --fresh \
		>"$work/answer" 2>&1
}

# The gateway of $work/VENDORS; $start is how long it took to the first answers.
start_gateway() {
	local begin
	begin=$(now_ms)
	"$build/vendgate" -c "$work/$1/vendgate.ini" >"$work/log" 2>&1 &
	gateway=$!
	until ask "$1" 1; do
		if ! kill -0 "$gateway" 2>/dev/null || [[ $(($(now_ms) - begin)) -gt 120000 ]]; then
			cat "$work/log" "$work/answer" >&2
			exit 1
		fi
		sleep 0.05
	done
	start=$(($(now_ms) - begin))
}

# Of each worker, once all have served: KB of its own, and of the image what it has and shares.
memory() {
	local worker
	ask "$1" 400
	for worker in $(pgrep -P "$gateway" -f vendgate-worker); do
		awk '/^[0-9a-f]+-[0-9a-f]+ / { image = /memfd:vendgate-policy/ }
			image && /^Rss:/ { has += $2 }
			image && /^Shared_/ { shared += $2 }
			/^Private_Dirty:/ { own += $2 }
			END { print own, has, shared }' "/proc/$worker/smaps"
	done
}

# CPU of the gateway's children that have ended, in ms.
ended_cpu() {
	awk -v hz="$(getconf CLK_TCK)" '{ print ($16 + $17) * 1000 / hz }' "/proc/$gateway/stat"
}

# A reload: its wall time, its CPU (the compiler's, and that of keys that end), what was parsed.
reload() {
	local begin cpu
	begin=$(now_ms) cpu=$(ended_cpu)
	until "$build/vendgatectl" -c "$work/$vendors/vendgate.ini" reload >"$work/reload" 2>&1; do
		[[ $(($(now_ms) - begin)) -lt 60000 ]] || { cat "$work/reload" >&2 && exit 1; }
		sleep 0.5
		begin=$(now_ms) cpu=$(ended_cpu)
	done
	printf '%s %s %s\n' "$(($(now_ms) - begin))" "$(($(ended_cpu) - cpu))" \
		"$(sed -n 's/.*certificates: \(.*\) parsed, \(.*\) known/\1 of \2/p' "$work/reload" |
			awk '{ print $1 " of " $1 + $3 }')"
}

column() {
	cut -d' ' -f"$1" | median
}

# From nothing.
make_lab "$vendors"
TIMEFORMAT='%R %U %S'
for ((i = 0; i < rounds; i++)); do
	{ time "$build/vendgatectl" -c "$work/$vendors/vendgate.ini" compile --fd 5 \
		5>"$work/image"; } 2>&1 |
		awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }' >>"$work/times"
done
image=$(stat -c %s "$work/image")

start_gateway "$vendors"
start_many=$start many=$(memory "$vendors")
for ((i = 0; i < rounds; i++)); do
	reload >>"$work/reloads"
done
"$src/tests/tools/pki.sh" ca "$work" other
cp "$work/other.pem" "$work/$vendors/ca/vendor-00001.pem"
changed=$(reload)
stop

make_lab 10
start_gateway 10
few=$(memory 10)
stop

for ((i = 0; i < rounds; i++)); do
	"$build/tests/bench/bench_decide" "$work/image" | sed 's/^/compiled /'
	"$build/tests/bench/bench_decide" | sed 's/^/distinct /'
	for count in 1 100 1000; do
		"$build/tests/bench/bench_decide" 1 "$count" | tail -1 | sed 's/^/alone /'
	done
done >"$work/decisions"

# The median of all rounds' medians. `decide WHICH VENDORS`
decide() {
	sed -n "s/^$1 vendors=$2 .* median \([0-9]*\)\$/\1/p" "$work/decisions" | median
}

# Of one vendor with so many rules, where the last one matches. `decide_last RULES`
decide_last() {
	sed -n "s/^alone vendors=1 rule=$1: .* median \([0-9]*\)\$/\1/p" "$work/decisions" | median
}

# Of all workers. `kb FIELD <<<MEMORY`
kb() {
	cut -d' ' -f"$1" | paste -sd' '
}

row() {
	echo "| $1 | ${*:2} |"
}

table() {
	cat <<END

## 10,000 vendors

\`tests/bench/vendors.sh\`, $(date +%F): $vendors vendors with $rules rules and a CA each, on
$(nproc) shared cores, load average $(cut -d' ' -f1 /proc/loadavg) at the end. Medians of $rounds.
The wall time is that of a machine with other work; the CPU time is what it takes.

| | |
|---|---|
END
	row "compile from nothing" "$(column 1 <"$work/times") ms wall," \
		"$(column 2 <"$work/times") ms CPU"
	row "reload, nothing changed" "$(column 1 <"$work/reloads") ms wall," \
		"$(column 2 <"$work/reloads") ms CPU"
	row "certificates parsed for it" "$(tail -1 "$work/reloads" | cut -d' ' -f3-)"
	row "certificates parsed where one CA changed" "$(cut -d' ' -f3- <<<"$changed")"
	row "image" "$((image / 1024)) KB"
	row "from the start to the first answer" "$start_many ms wall"
	row "a decision, each another vendor's" "$(decide compiled "$vendors") ns CPU"
	row "a decision, and no two rules share a row" "$(decide distinct 10000) ns CPU"
	row "a decision, always one vendor's" "$(decide compiled 1) ns CPU"
	row "a decision by the last of 1, 100, 1,000 rules" \
		"$(decide_last 1) $(decide_last 100) $(decide_last 1000) ns CPU"
	row "memory of each worker's own, 10 vendors" "$(kb 1 <<<"$few") KB"
	row "memory of each worker's own, $vendors vendors" "$(kb 1 <<<"$many") KB"
	row "of the image, in each worker" "$(kb 2 <<<"$many") KB"
	row "of that, shared with the others" "$(kb 3 <<<"$many") KB"
}

table | tee "$work/table"
if [[ $save == yes ]]; then
	results=$here/RESULTS.md
	if [[ -e $results ]]; then
		sed '/^## 10,000 vendors$/,$d' "$results" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' \
			>"$work/results"
	else
		: >"$work/results"
	fi
	cat "$work/table" >>"$work/results"
	cat "$work/results" >"$results"
fi
