#!/usr/bin/env python3
"""The gateway's own certificates: which one a client is shown, what is wrong with their keys, and
how they change while it serves."""
import re
import shutil
import ssl
import subprocess
import time

import harness
from harness import HOST, Lab, case, check, equal, wait_for

OTHER = "other.agency.example"
LISTS = ("certificate = ca/a-ec.pem,\n  ca/a-rsa.pem, ca/b.pem\n"
         "private_key = ca/a-ec.key,\n  ca/a-rsa.key, ca/b.key\n")
ECDSA = "ECDSA+SHA256:ECDSA+SHA384"
RSA = "RSA-PSS+SHA256:RSA-PSS+SHA384"


def ctl(lab, *words):
    return subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", *words],
                          capture_output=True, text=True, timeout=60, check=False)


def server_cert(lab, name, host, kind="ec"):
    lab.pki("leaf", name, "--ca", "server-ca", "--eku", "serverAuth", "--dns", host, "--key", kind)


def open_lab(lab, start=True):
    """HOST by ECDSA and by RSA, OTHER by ECDSA alone."""
    server_cert(lab, "a-ec", HOST)
    server_cert(lab, "a-rsa", HOST, "rsa")
    server_cert(lab, "b", OTHER)
    lab.services = {"api": HOST, "other": OTHER}
    lab.tls_keys = LISTS
    lab.vendor("acme", access={"all": ("GET", "/n/**"), "more": ("GET", "/n/**", "other")})
    if start:
        lab.start()


def fingerprint(pem):
    return ssl.PEM_cert_to_DER_cert(pem)


def of_file(lab, name):
    return fingerprint((lab.ca / f"{name}.pem").read_text())


def shown(lab, *words):
    """The certificate that openssl's client is shown, and the kind of key that signed for it."""
    ran = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{lab.port}", "-cert",
         lab.ca / "acme.chain.pem", "-key", lab.ca / "acme.key", *words],
        input="", capture_output=True, text=True, timeout=20, check=False)
    found = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", ran.stdout,
                      re.DOTALL)
    check(found, "no certificate:", ran.stdout, ran.stderr)
    signed = re.search("Peer signature type: (.*)", ran.stdout)
    return fingerprint(found[0]), signed and signed[1]


def expect(lab, name, *words, signed=None):
    der, kind = shown(lab, *words)
    equal(der == of_file(lab, name), True, f"{words} are shown {name}")
    if signed is not None:
        check(kind is not None and signed in kind, words, kind)


@case("a client is shown the certificate of the host that it asks for")
def _():
    with Lab() as lab:
        open_lab(lab)
        expect(lab, "a-ec", "-servername", HOST)
        expect(lab, "b", "-servername", OTHER)
        expect(lab, "b", "-servername", OTHER.upper())
        expect(lab, "a-ec", "-noservername")
        expect(lab, "a-ec", "-servername", "nobody.example")
        for host in (HOST, OTHER):
            equal(lab.curl("acme", "/n/x", host=host).status, 200, host)


@case("of two for one host, the one whose signature the client takes; with TLS 1.2 too")
def _():
    with Lab() as lab:
        open_lab(lab, start=False)
        lab.tls_keys += "min_version = 1.2\n"
        lab.start()
        for version in ("-tls1_3", "-tls1_2"):
            expect(lab, "a-ec", version, "-servername", HOST, "-sigalgs", ECDSA, signed="ECDSA")
            expect(lab, "a-rsa", version, "-servername", HOST, "-sigalgs", RSA,
                   signed="RSA")
            equal(lab.curl("acme", "/n/x").status, 200, version)
        expect(lab, "a-ec", "-tls1_2", "-servername", HOST, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
        expect(lab, "a-rsa", "-tls1_2", "-servername", HOST, "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")


@case("lists of two lengths and keys in the wrong order are errors that name lines and files")
def _():
    with Lab() as lab:
        open_lab(lab, start=False)
        lab.write_config()
        lines = (lab.dir / "vendgate.ini").read_text().splitlines()
        cert = lines.index("certificate = ca/a-ec.pem,") + 1
        ran = ctl(lab, "check")
        equal((ran.returncode, "warning" in ran.stderr), (0, False), ran.stdout, ran.stderr)

        lab.tls_keys = LISTS.replace(", ca/b.key", "")
        lab.write_config()
        ran = ctl(lab, "check")
        equal(ran.returncode, 1, ran.stdout, ran.stderr)
        check(f"vendgate.ini:{cert + 2}: error: private_key has 2, certificate in line {cert} has 3"
              in ran.stdout + ran.stderr, ran.stdout, ran.stderr)

        lab.tls_keys = LISTS.replace("ca/a-ec.key,\n  ca/a-rsa.key,", "ca/a-rsa.key,\n  ca/a-ec.key,")
        lab.write_config()
        lab.launch()
        equal(lab.gateway.wait(20), 1, "status of a start")
        for line, name, key, at in ((cert + 2, "a-ec", "a-rsa", cert),
                                    (cert + 3, "a-rsa", "a-ec", cert + 1)):
            text = (f'vendgate.ini:{line}: error: private_key "{lab.ca}/{key}.key" for the '
                    f'certificate "{lab.ca}/{name}.pem" of line {at}: is not its key')
            check(text in lab.log_text(), text)
        check("b.key" not in lab.log_text(), "one that is right was told")
        lab.gateway = None


def serves(lab):
    return '"serving":true' in ctl(lab, "status", "--json").stdout


def codes(lab):
    return [event["code"] for event in lab.events()]


def event_of(lab, code, seconds=harness.WAIT):
    """The first one with that code, waited for."""
    wait_for(code, lambda: code in codes(lab), seconds)
    return next(event for event in lab.events() if event["code"] == code)


@case("a reload changes them all or none, and a mismatch is told to who asked for it")
def _():
    with Lab() as lab:
        open_lab(lab)
        wait_for("all roles", lambda: serves(lab))
        with lab.tls("acme") as live:
            equal(live.request("/n/x").status, 200, "before")
            before = of_file(lab, "b")
            key = (lab.ca / "b.key").read_bytes()
            server_cert(lab, "b", OTHER)
            fresh = (lab.ca / "b.key").read_bytes()
            (lab.ca / "b.key").write_bytes(key)
            (lab.ca / "a-ec.key").rename(lab.ca / "aside")
            ran = ctl(lab, "reload")
            equal(ran.returncode, 4, ran.stdout, ran.stderr)
            for what in (f'{lab.ca}/b.key" for the certificate "{lab.ca}/b.pem"', "is not its key",
                         f'{lab.ca}/a-ec.key" for', "No such file or directory"):
                check(ran.stderr.count(what) == 1, what, "in:", ran.stderr)
            event = event_of(lab, "VG6002")
            check("a-ec.key" in event["constraint"], event)
            equal(shown(lab, "-servername", OTHER)[0], before, "after a refused reload")
            (lab.ca / "aside").rename(lab.ca / "a-ec.key")
            (lab.ca / "b.key").write_bytes(fresh)
            ran = ctl(lab, "reload")
            equal(ran.returncode, 0, ran.stdout, ran.stderr)
            expect(lab, "b", "-servername", OTHER)
            expect(lab, "a-ec", "-servername", HOST)
            equal(lab.curl("acme", "/n/x", host=OTHER).status, 200, OTHER)
            equal(live.request("/n/x").status, 200, "a connection from before")


def replace_cert(lab, name, host):
    """As those do who renew: the key first, the certificate a moment later."""
    server_cert(lab, "new", host)
    shutil.copy(lab.ca / "new.key", lab.ca / f"{name}.key")
    time.sleep(0.5)
    (lab.ca / "new.pem").rename(lab.ca / f"{name}.pem")


@case("a renewed certificate is in force by itself, and an edited policy isn't")
def _():
    with Lab() as lab:
        open_lab(lab)
        replace_cert(lab, "b", OTHER)
        equal(event_of(lab, "VG6001", 30)["actor"], "watch")
        expect(lab, "b", "-servername", OTHER)

        policy = lab.policies / "acme.ini"
        policy.write_text(policy.read_text().replace("path = /n/**", "path = /m/**"))
        before = of_file(lab, "b")
        replace_cert(lab, "b", OTHER)
        event = event_of(lab, "VG6002", 30)
        check("so did other files" in event["constraint"], event)
        equal(shown(lab, "-servername", OTHER)[0], before, "what serves")
        equal(lab.curl("acme", "/n/x").status, 200, "by the policy before")
        equal(ctl(lab, "reload").returncode, 0, "by hand")
        expect(lab, "b", "-servername", OTHER)
        equal(lab.curl("acme", "/n/x").status, 403, "by the policy after")
        time.sleep(12)
        equal(codes(lab).count("VG6001") + codes(lab).count("VG6002"), 3, "it reloads for nothing")


if __name__ == "__main__":
    harness.main()
