#!/usr/bin/env bash
# A throw-away PKI for tests and the quickstart, with openssl alone: EC P-256, no pass phrases,
# a few months of validity. Nothing that it makes is good for anything else.
set -euo pipefail

usage() {
	cat >&2 <<'END'
usage: pki.sh DIR [HOST…]            the server's side: server-ca.pem, server.pem, server.key
       pki.sh ca DIR NAME            a vendor's CA: NAME.pem, NAME.key
       pki.sh ca DIR NAME --ca CA [--until T]   an intermediate below CA
       pki.sh leaf DIR NAME --ca CA [OPTION…]

NAME.pem holds the certificate alone; NAME.chain.pem the CAs between it and the root as well, as a
client sends them. Options of a leaf:
  --subject DN        as openssl takes it: /O=Acme/CN=gateway (default: /CN=NAME)
  --uri U  --dns D  --email E  --ip A     subject alternative names; may be repeated
  --eku LIST          extended key usage (default: clientAuth); --no-eku for none
  --from T  --until T validity as date(1) reads it (default: an hour ago, in 90 days)
  --expired           from a month ago until yesterday
  --key TYPE          ec (default) or rsa
END
	exit 2
}

die() {
	printf 'pki.sh: %s\n' "$1" >&2
	exit 1
}

# The time T in the form that `openssl ca` takes.
asn1_time() {
	date -u -d "$1" +%Y%m%d%H%M%SZ
}

new_key() { # TYPE FILE
	case $1 in
	ec) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$2" ;;
	rsa) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$2" ;;
	*) die "unknown kind of key: $1" ;;
	esac
	chmod 600 "$2"
}

# `openssl ca` is what sets both ends of the validity in every OpenSSL from 3.0 on; its database
# is made for one certificate and thrown away.
sign() { # DIR NAME CA SUBJECT FROM UNTIL EXTENSIONS
	local dir=$1 name=$2 ca=$3 subject=$4 from=$5 until=$6 extensions=$7 work
	work=$(mktemp -d)
	: >"$work/index"
	printf '%s\n' "$extensions" >"$work/ext"
	cat >"$work/conf" <<-END
		[ca]
		default_ca = one
		[one]
		database = $work/index
		new_certs_dir = $work
		default_md = sha256
		policy = any
		rand_serial = yes
		unique_subject = no
		email_in_dn = no
		[any]
		countryName = optional
		organizationName = optional
		organizationalUnitName = optional
		commonName = optional
		[req]
		distinguished_name = empty
		prompt = no
		[empty]
	END
	local issuer=(-cert "$dir/$ca.pem" -keyfile "$dir/$ca.key")
	[[ $ca != "$name" ]] || issuer=(-selfsign -keyfile "$dir/$name.key")
	if ! { openssl req -new -utf8 -config "$work/conf" -key "$dir/$name.key" \
		-subj "$subject" -out "$work/csr" &&
		openssl ca -batch -notext -preserveDN -config "$work/conf" \
			-extfile "$work/ext" -startdate "$(asn1_time "$from")" \
			-enddate "$(asn1_time "$until")" \
			-in "$work/csr" -out "$dir/$name.pem" "${issuer[@]}"; } >"$work/log" 2>&1; then
		cat "$work/log" >&2
		rm -rf "$work"
		die "openssl could not make $name"
	fi
	rm -rf "$work"
}

# What a client sends: the certificate and the CAs above it, without the root.
chain() { # DIR NAME CA
	cp "$1/$2.pem" "$1/$2.chain.pem"
	if [[ -e $1/$3.chain.pem ]]; then
		cat "$1/$3.chain.pem" >>"$1/$2.chain.pem"
	fi
}

make_ca() { # DIR NAME [--ca CA [--until T]]
	local dir=$1 name=$2 ca=$2 until='180 days'
	shift 2
	if [[ $# -eq 4 && $3 == --until ]]; then
		until=$4
		set -- "$1" "$2"
	fi
	if [[ ${1-} == --ca && $# -eq 2 ]]; then
		ca=$2
	elif [[ $# -ne 0 ]]; then
		usage
	fi
	new_key ec "$dir/$name.key"
	sign "$dir" "$name" "$ca" "/O=Vendgate throw-away/CN=$name" '2 hours ago' "$until" \
		"basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash"
	if [[ $ca != "$name" ]]; then
		chain "$dir" "$name" "$ca"
	fi
}

make_leaf() { # DIR NAME OPTION…
	local dir=$1 name=$2 ca='' subject="/CN=$2" sans=() eku=clientAuth kind=ec
	local from='1 hour ago' until='90 days' extensions
	shift 2
	while [[ $# -gt 0 ]]; do
		case $1 in
		--no-eku) eku='' && shift && continue ;;
		--expired) from='30 days ago' until='1 day ago' && shift && continue ;;
		esac
		[[ $# -ge 2 ]] || usage
		case $1 in
		--ca) ca=$2 ;;
		--subject) subject=$2 ;;
		--uri) sans+=("URI:$2") ;;
		--dns) sans+=("DNS:$2") ;;
		--email) sans+=("email:$2") ;;
		--ip) sans+=("IP:$2") ;;
		--eku) eku=$2 ;;
		--from) from=$2 ;;
		--until) until=$2 ;;
		--key) kind=$2 ;;
		*) usage ;;
		esac
		shift 2
	done
	[[ -n $ca ]] || usage
	extensions="basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature"
	[[ -z $eku ]] || extensions+=$'\n'"extendedKeyUsage = $eku"
	if [[ ${#sans[@]} -gt 0 ]]; then
		extensions+=$'\n'"subjectAltName = $(IFS=, && printf '%s' "${sans[*]}")"
	fi
	new_key "$kind" "$dir/$name.key"
	sign "$dir" "$name" "$ca" "$subject" "$from" "$until" "$extensions"
	chain "$dir" "$name" "$ca"
}

make_server() { # DIR HOST…
	local dir=$1 host names=()
	shift
	[[ $# -gt 0 ]] || set -- gate.example
	for host in "$@"; do
		names+=(--dns "$host")
	done
	make_ca "$dir" server-ca
	make_leaf "$dir" server --ca server-ca --eku serverAuth "${names[@]}" --ip 127.0.0.1
}

[[ $# -ge 1 ]] || usage
case $1 in
-*) usage ;;
ca | leaf)
	[[ $# -ge 3 ]] || usage
	mkdir -p "$2"
	"make_$1" "${@:2}"
	;;
*)
	mkdir -p "$1"
	make_server "$@"
	;;
esac
