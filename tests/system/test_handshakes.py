#!/usr/bin/env python3
"""Handshakes that fail: each is one event with its reason, and tells nothing to whom it concerns
not."""
import contextlib
import re
import resource
import socket
import ssl
import subprocess
import time

import harness
from harness import HOST, Lab, case, check, equal


def make_lab():
    lab = Lab()
    lab.vendor("acme", {"all": ("GET", "/**")})
    uri = ("--uri", "spiffe://acme.example/gateway")
    lab.pki("ca", "somebody-ca")
    lab.pki("leaf", "stranger", "--ca", "somebody-ca", "--uri", "spiffe://nobody.example/x")
    lab.pki("leaf", "impostor", "--ca", "somebody-ca", *uri)
    lab.pki("leaf", "expired", "--ca", "acme-ca", *uri, "--expired")
    lab.pki("leaf", "future", "--ca", "acme-ca", *uri, "--from", "1 day")
    lab.pki("leaf", "no-eku", "--ca", "acme-ca", *uri, "--no-eku")
    lab.pki("leaf", "server-eku", "--ca", "acme-ca", *uri, "--eku", "serverAuth")
    lab.pki("leaf", "no-name", "--ca", "acme-ca", "--subject", "/CN=spiffe:acme.example")
    lab.pki("leaf", "other-name", "--ca", "acme-ca", "--uri", "spiffe://acme.example/gateway2")
    lab.pki("leaf", "rsa", "--ca", "acme-ca", *uri, "--key", "rsa")
    return lab


def one_event(lab, skip, reason, **fields):
    [event] = lab.next_final(skip)
    equal(event["reason"], reason, event)
    equal(event["event"], "handshake_failed")
    check("vendor" not in event and event["src"] == "127.0.0.1", event)
    for name, value in fields.items():
        equal(event.get(name), value, name, event)
    return event


@case("a certificate that won't do gets no answer, and one event that says why")
def _():
    with make_lab() as lab:
        lab.start()
        for who, reason, claimed in (
                (None, "identity.none", None),
                ("stranger", "identity.unknown", None),
                ("no-name", "identity.unknown", None),
                ("other-name", "identity.unknown", None),
                ("impostor", "identity.chain", "acme"),
                ("expired", "identity.expired", "acme"),
                ("future", "identity.expired", "acme"),
                ("no-eku", "identity.eku", "acme"),
                ("server-eku", "identity.eku", "acme")):
            skip = len(lab.final())
            answer = lab.curl(who, "/v1/x")
            equal((answer.status, answer.body), (0, b""), who, answer)
            event = one_event(lab, skip, reason, claimed=claimed)
            if who is not None:
                equal(event["proof"], "no", who)
                check(event["cert_sha256"] and event["issuer"] and event["cert_subject"], event)
        equal(lab.upstream.rows(), [])
        equal(lab.curl("acme", "/v1/x").status, 200, "control")
        equal(lab.curl("rsa", "/v1/x").status, 200, "control with an RSA key")


@case("TLS 1.2 is refused where 1.3 is the least")
def _():
    def old(context):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    with make_lab() as lab:
        lab.start()
        try:
            with lab.tls("acme", adjust=old) as session:
                session.request("/v1/x")
            raise harness.Failed("it was let in")
        except ssl.SSLError:
            pass
        one_event(lab, 0, "tls.protocol")
        equal(lab.curl("acme", "/v1/x").status, 200, "control")


@case("what is no TLS, and what breaks off")
def _():
    with make_lab() as lab:
        lab.start()
        for data, reason in ((b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "tls.protocol"),
                             (bytes(range(256)), "tls.protocol"),
                             (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "tls.closed")):
            skip = len(lab.final())
            with socket.create_connection(("127.0.0.1", lab.port), 5) as sock:
                sock.sendall(data)
                if reason == "tls.protocol":
                    try:
                        while sock.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass
            one_event(lab, skip, reason)
        equal(lab.curl("acme", "/v1/x").status, 200, "control")


@case("a client that does not trust us says so")
def _():
    with make_lab() as lab:
        lab.pki("ca", "wrong-ca")
        lab.start()
        answer = lab.curl("acme", "/v1/x", "--cacert", str(lab.ca / "wrong-ca.pem"))
        equal(answer.status, 0)
        one_event(lab, 0, "tls.alert")
        equal(lab.curl("acme", "/v1/x").status, 200, "control")


@case("a failed handshake names no vendor to the outside")
def _():
    with make_lab() as lab:
        lab.start()
        faults = {}
        for who in ("stranger", "impostor", "no-eku"):
            try:
                with lab.tls(who) as session:
                    session.request("/v1/x")
                raise harness.Failed(f"{who} was let in")
            except (ssl.SSLError, ConnectionError, OSError) as error:
                faults[who] = str(error)
        for text in faults.values():
            check("acme" not in text, text)
        lab.next_final(0, 3)


def negotiated(lab, *words):
    """Version, cipher and group that openssl's client comes to."""
    ran = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{lab.port}", "-cert",
                          lab.ca / "acme.chain.pem", "-key", lab.ca / "acme.key", *words],
                         input="", capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"New, (TLSv1\.[23]), Cipher is (\S+)", ran.stdout)
    group = re.search(r"Server Temp Key: (\w+(?:, [^,\n]+)?)", ran.stdout)
    return found and (*found.groups(), group and group[1])


@case("ciphers, cipher suites and groups are those that are chosen, the first cipher first")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"all": ("GET", "/n/**")})
        lab.tls_keys += ("min_version = 1.2\n"
                         "ciphers = ECDHE-RSA-AES256-GCM-SHA384, ECDHE-ECDSA-CHACHA20-POLY1305\n"
                         "ciphersuites = TLS_CHACHA20_POLY1305_SHA256, TLS_AES_128_GCM_SHA256\n"
                         "groups = P-384, X25519\n")
        lab.start()
        for group, name in (("P-384", "secp384r1"), ("X25519", "X25519")):
            version, suite, used = negotiated(lab, "-groups", group)
            equal((version, suite), ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"))
            check(name in used, group, used)
        equal(negotiated(lab, "-ciphersuites", "TLS_AES_128_GCM_SHA256")[1],
              "TLS_AES_128_GCM_SHA256")
        equal(negotiated(lab, "-tls1_2")[1], "ECDHE-ECDSA-CHACHA20-POLY1305")
        for words in (("-ciphersuites", "TLS_AES_256_GCM_SHA384"), ("-groups", "P-256"),
                      ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")):
            check(negotiated(lab, *words) is None, words)
        equal(lab.curl("acme", "/n/1").status, 200, "control")


def errors(lab):
    ran = subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", "check"],
                         capture_output=True, text=True, check=False)
    return "".join(line for line in (ran.stdout + ran.stderr).splitlines(True) if "error:" in line)


@case("a cipher that is weak, unknown or never used is an error with its place")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"all": ("GET", "/n/**")})
        server = lab.tls_keys
        lab.tls_keys = server + "ciphers = AES128-SHA\ngroups = P-192\n"
        lab.write_config()
        told = errors(lab)
        check(re.search(r'vendgate\.ini:\d+: error: ciphers "AES128-SHA" must be one of ECDHE', told)
              and re.search(r'vendgate\.ini:\d+: error: groups "P-192" must be one of X25519', told),
              told)
        lab.tls_keys = server + "ciphers = ECDHE-ECDSA-AES128-GCM-SHA256\ngroups = P-384\n"
        lab.write_config()
        check(re.search(r"vendgate\.ini:\d+: error: ciphers are of TLS 1\.2", errors(lab)), errors(lab))
        lab.tls_keys += "min_version = 1.2\n"
        lab.write_config()
        equal(errors(lab), "", "control")


def offered_names(lab):
    """What a stranger who brings no certificate is told of the CAs."""
    ran = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{lab.port}"], input="",
                         capture_output=True, text=True, timeout=20, check=False)
    check("CA names" in ran.stdout, ran.stdout, ran.stderr)
    _, found, rest = ran.stdout.partition("Acceptable client certificate CA names\n")
    names = rest.partition("Requested Signature Algorithms")[0].split("\n") if found else []
    return [name for name in names if "=" in name and " = " in name and ":" not in name]


@case("strangers see no names of CAs, unless disclose_ca says so; a reload says so too")
def _():
    with Lab() as lab:
        for name in ("acme", "bolt"):
            lab.vendor(name, {"all": ("GET", "/n/**")})
        lab.start()
        equal(offered_names(lab), [])
        lab.tls_keys += "disclose_ca = yes\n"
        lab.write_config()
        ran = subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini",
                              "reload"], capture_output=True, text=True, timeout=60, check=False)
        equal(ran.returncode, 0, ran.stdout, ran.stderr)
        names = offered_names(lab)
        equal(len(names), 2, names)
        check(any("acme" in name for name in names), names)
        equal(lab.curl("acme", "/n/1").status, 200)


@case("more names of CAs than fit a handshake are an error with its place")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"all": ("GET", "/n/**")})
        lab.tls_keys += "disclose_ca = yes\n"
        subject = "/CN=long" + "".join(f"/OU={number:060}" for number in range(240))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-days", "90",
                        "-keyout", "/dev/null", "-out", lab.ca / "long.pem"],
                       capture_output=True, check=True)
        lab.write_config()
        words = [harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", "check"]
        equal(subprocess.run(words, capture_output=True, check=False).returncode, 0, "control")
        policy = lab.dir / "policies" / "acme.ini"
        policy.write_text(re.sub(r"(?m)^ca = .*", "ca = ../ca/long.pem", policy.read_text()))
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        equal(ran.returncode, 1, ran.stdout, ran.stderr)
        check(re.search(r"vendgate\.ini:\d+: error: disclose_ca: the names of 1 CAs are \d+ bytes",
                        ran.stderr + ran.stdout), ran.stdout, ran.stderr)


@case("a handshake without SNI is no way around the host")
def _():
    with make_lab() as lab:
        lab.start()

        def no_check(context):
            context.check_hostname = False
        with lab.tls("acme", host=None, adjust=no_check) as session:
            equal(session.request("/v1/x", host=HOST).status, 421)
        equal(lab.next_final(0)[0]["reason"], "host.mismatch")
        equal(lab.upstream.rows(), [])


@case("strangers who wait for their handshake leave vendors that are connected their events")
def _():
    strangers = 4200  # a worker has 4096 slots for what has begun and not ended
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    check(most > strangers + 100, "too few descriptors for this test:", most)
    with make_lab() as lab, contextlib.ExitStack() as opened:
        lab.start()
        session = opened.enter_context(lab.tls("acme"))
        equal(session.request("/v1/before").status, 200, "control")
        for _ in range(strangers):
            sock = socket.create_connection(("127.0.0.1", lab.port), 10)
            opened.enter_context(sock)
            sock.sendall(b"\x16")
        for number in range(10):
            equal(session.request(f"/v1/{number}").status, 200, "while they wait")
            time.sleep(0.1)


harness.main()
