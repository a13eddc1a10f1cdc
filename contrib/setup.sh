# shellcheck shell=bash
# Sourced by contrib/quickstart and tests/run: Debian packages that are missing, and a build out
# of the tree. Says what it does in one line each; the full output goes to a log.

# shellcheck disable=SC2034 # both who source it use it
SETUP_BUILD_PACKAGES=(gcc make autoconf automake autoconf-archive pkgconf libc6-dev
	libevent-dev libssl-dev libseccomp-dev libinih-dev python3 openssl curl ca-certificates)

setup_die() { # TEXT [LOG]
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	if [[ -n ${2-} ]]; then
		printf '  the end of %s:\n' "$2" >&2
		tail -n 25 "$2" >&2
	fi
	exit 1
}

setup_missing() { # PACKAGE…
	local package
	for package in "$@"; do
		if ! dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null |
			grep -q 'ok installed$'; then
			printf '%s\n' "$package"
		fi
	done
}

# Installs what is missing. Elsewhere than on Debian it leaves that to whoever runs it: configure
# will say what it doesn't find.
setup_packages() { # LOG PACKAGE…
	local log=$1 missing sudo=()
	shift
	if ! command -v dpkg-query >/dev/null; then
		printf '  packages  this is no Debian: taking what is there\n'
		return
	fi
	mapfile -t missing < <(setup_missing "$@")
	if [[ ${#missing[@]} -eq 0 ]]; then
		printf '  packages  all there\n'
		return
	fi
	printf '  packages  installing %s\n' "${missing[*]}"
	if [[ $EUID -ne 0 ]]; then
		command -v sudo >/dev/null ||
			setup_die "as root, or with sudo: apt-get install ${missing[*]}"
		sudo=(sudo)
	fi
	{ "${sudo[@]}" apt-get update &&
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
		setup_die 'apt-get failed' "$log"
}

# Builds SRC in DIR; the output goes to DIR/build.log.
setup_build() { # SRC DIR CONFIGURE-ARGUMENT…
	local src=$1 dir=$2 log=$2/build.log
	shift 2
	mkdir -p "$dir"
	: >"$log"
	if [[ ! -x $src/configure ]]; then
		(cd "$src" && autoreconf -fi) >>"$log" 2>&1 ||
			setup_die 'autoreconf failed' "$log"
	fi
	if [[ ! -e $dir/Makefile ]]; then
		(cd "$dir" && "$src/configure" "$@") >>"$log" 2>&1 ||
			setup_die 'configure failed' "$log"
	fi
	make -C "$dir" -j"$(nproc)" >>"$log" 2>&1 || setup_die 'the build failed' "$log"
}

# Waits up to 10 s until somebody listens on 127.0.0.1:PORT, without connecting; false where
# process PID ends before.
setup_listens() { # PORT PID
	local hex tries
	printf -v hex '0100007F:%04X 00000000:0000 0A' "$1"
	for ((tries = 0; tries < 100; tries++)); do
		! grep -qs "$hex" /proc/net/tcp || return 0
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# A port of 127.0.0.1 that nobody uses just now, below those that outgoing connections are given.
setup_free_port() {
	python3 -c 'import random, socket
while True:
    port = random.randrange(20000, 32000)
    try:
        socket.create_server(("127.0.0.1", port)).close()
        break
    except OSError:
        continue
print(port)'
}
