#!/usr/bin/env python3
"""What a reload means for vendors: new connections and requests follow the new generation, also
those on connections that live; what it refuses was not let through by the one before."""
import subprocess
import time

import harness
from harness import Lab, case, check, equal


def reload(lab):
    ran = subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", "reload"],
                         capture_output=True, text=True, timeout=60, check=False)
    equal(ran.returncode, 0, "reload", ran.stdout, ran.stderr)


def edit(lab, name, old, new):
    path = lab.dir / "policies" / f"{name}.ini"
    text = path.read_text()
    check(old in text, old, "is not in", text)
    path.write_text(text.replace(old, new))


def served_cert(lab):
    with lab.tls("acme") as session:
        return session.sock.getpeercert(binary_form=True)


@case("a request on a connection that lives is judged by the new rules")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"old": ("GET", "/n/**")})
        lab.start()
        with lab.tls("acme") as session:
            equal(session.request("/n/1").status, 200, "control")
            equal(session.request("/m/1").status, 403, "not yet")
            edit(lab, "acme", "/n/**", "/m/**")
            reload(lab)
            equal(session.request("/m/2").status, 200, "the new rule")
            equal(session.request("/n/2").status, 403, "the old rule")
        events = lab.next_final(0, 4)
        equal([event["reason"] for event in events],
              ["access.allowed", "access.no_rule", "access.allowed", "access.no_rule"])
        equal(len({event["conn"] for event in events}), 1, "connections")
        check(events[0]["gen"] == events[1]["gen"] != events[2]["gen"] == events[3]["gen"],
              "the digests of the generations")
        equal([head["target"] for head in lab.upstream.heads()], ["/n/1", "/m/2"])


@case("a vendor that is no longer in the policy is nobody, also where it is connected")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"all": ("GET", "/n/**")})
        lab.vendor("other", {"all": ("GET", "/n/**")})
        lab.start()
        with lab.tls("acme") as session, lab.tls("other") as control:
            equal(session.request("/n/1").status, 200, "control")
            equal(control.request("/n/2").status, 200, "control")
            (lab.dir / "policies" / "acme.ini").unlink()
            reload(lab)
            equal(control.request("/n/3").status, 200, "the other vendor")
            equal(session.request("/n/4").status, 403)
            equal(session.sock.recv(1), b"", "still open")
        check(lab.curl("acme", "/n/5").error, "a new handshake of nobody")
        events = lab.next_final(0, 5)
        equal([event["reason"] for event in events[2:]],
              ["access.allowed", "identity.unknown", "identity.unknown"])
        equal([head["target"] for head in lab.upstream.heads()], ["/n/1", "/n/2", "/n/3"])


@case("a vendor that is suspended by its file gets 403 on the connection that it has")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"all": ("GET", "/n/**")})
        lab.start()
        with lab.tls("acme") as session:
            equal(session.request("/n/1").status, 200, "control")
            edit(lab, "acme", "id = acme", "id = acme\nmode = suspended")
            reload(lab)
            equal(session.request("/n/2").status, 403)
            edit(lab, "acme", "mode = suspended", "mode = enforce")
            reload(lab)
            equal(session.request("/n/3").status, 200)
        equal([event["reason"] for event in lab.next_final(0, 3)],
              ["access.allowed", "vendor.suspended", "access.allowed"])


@case("a new server certificate and key are served after a reload, and twenty reloads are borne")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"all": ("GET", "/n/**")})
        lab.start()
        before = served_cert(lab)
        equal(served_cert(lab), before, "control")
        lab.pki(harness.HOST, "other.agency.example")
        reload(lab)
        with lab.tls("acme") as session:
            for number in range(20):
                reload(lab)
                equal(session.request(f"/n/{number}").status, 200, number)
        check(served_cert(lab) != before, "the old certificate is served")
        workers = len(lab.children("vendgate-worker"))
        harness.wait_for("the keys processes of old generations to end",
                         lambda: len(lab.children("vendgate-keys")) == workers)


def expires_soon(lab, name, seconds, intermediate):
    """NAME's certificate, or that of the CA which signed it, is good for so long from now on."""
    short, issuer = ["--until", f"{seconds} seconds"], f"{name}-ca"
    if intermediate:
        lab.pki("ca", f"{name}-sub", "--ca", issuer, *short)
        short, issuer = [], f"{name}-sub"
    lab.pki("leaf", name, "--ca", issuer, "--uri", f"spiffe://{name}.example/gateway", *short)


@case("a certificate that expires ends what its connection may do, and so does one of its chain")
def _():
    for intermediate in (False, True):
        with Lab() as lab:
            lab.vendor("acme", {"all": ("GET", "/n/**")})
            lab.vendor("other", {"all": ("GET", "/n/**")})
            lab.start()
            expires_soon(lab, "acme", 4, intermediate)
            with lab.tls("acme") as session, lab.tls("other") as control:
                equal(session.request("/n/1").status, 200, "before")
                time.sleep(5)
                equal(control.request("/n/2").status, 200, "the other vendor")
                answer = session.request("/n/3")
                equal(answer.status, 403, "after")
                equal(answer.headers.get("connection"), "close")
            equal([event["reason"] for event in lab.next_final(0, 3)],
                  ["access.allowed", "access.allowed", "identity.expired"])
            equal([head["target"] for head in lab.upstream.heads()], ["/n/1", "/n/2"])


harness.main()
