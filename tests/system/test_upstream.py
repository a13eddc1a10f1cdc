#!/usr/bin/env python3
"""What stands behind the gateway: TLS towards it, names, balance, time-outs, and what passes to it
and back."""

import threading
import time

import harness
from harness import HOST, Lab, case, check, equal, free_port, wait_for

TLS_NAME = "residents.internal"


def service(name, upstreams, extra=""):
    """A [service] of its own host."""
    return (f"\n[service {name}]\nhost = {name}.agency.example\nupstream = {upstreams}\n"
            f"{extra}\n")


def make_lab(*services, extra=""):
    """A vendor that may do everything with `api` and with SERVICES."""
    lab = Lab()
    lab.pki(HOST, *(f"{name}.agency.example" for name in services))
    rules = {"all": ("GET, POST", "/**")}
    rules.update({name: ("GET, POST", "/**", name) for name in services})
    lab.vendor("acme", rules, extra)
    return lab


def ask(lab, name, path, *args):
    return lab.curl("acme", path, *args, host=f"{name}.agency.example")


def internal_leaf(lab, name, *args, ca="internal-ca"):
    lab.pki("leaf", name, "--ca", ca, "--eku", "serverAuth", *args)


@case("an https upstream is held to its CA and its name, and gets nothing before")
def _():
    names = ["good", "address", "wrongname", "expired", "foreign", "plain", "client", "wrongip",
             "closing"]
    with make_lab(*names) as lab:
        lab.pki("ca", "internal-ca")
        lab.pki("ca", "other-ca")
        internal_leaf(lab, "good", "--dns", TLS_NAME)
        internal_leaf(lab, "address", "--ip", "127.0.0.1", "--key", "rsa")
        # The name stands in the subject alone, which is no name.
        internal_leaf(lab, "wrongname", "--subject", f"/CN={TLS_NAME}", "--dns", "x.internal")
        internal_leaf(lab, "expired", "--dns", TLS_NAME, "--expired")
        internal_leaf(lab, "foreign", "--dns", TLS_NAME, ca="other-ca")
        lab.pki("leaf", "client", "--ca", "internal-ca", "--dns", TLS_NAME)
        internal_leaf(lab, "wrongip", "--ip", "127.0.0.2")
        behind = {}
        for name in names:
            cert = None if name in ("plain", "closing") else name
            behind[name] = lab.add_upstream(name, cert)
            named = "" if name in ("address", "wrongip") else f"upstream_name = {TLS_NAME}\n"
            port = free_port() if name == "closing" else behind[name].port
            lab.sections += service(name, f"https://127.0.0.1:{port}",
                                    f"upstream_ca = ca/internal-ca.pem\n{named}")
        lab.start()
        for first, name in enumerate(("good", "address")):
            for _ in range(3):
                answer = ask(lab, name, "/cl/300000")
                equal((answer.status, len(answer.body)), (200, 300000), name, answer.error)
            body = lab.dir / "body"
            body.write_bytes(b"x" * 2000000)
            answer = ask(lab, name, "/v1/post", "--data-binary", f"@{body}")
            check(b'"body_bytes": 2000000' in answer.body, name, answer)
            equal({event["reason"] for event in lab.next_final(4 * first, 4)},
                  {"access.allowed"})
            equal(len({head["conn"] for head in behind[name].heads()}), 1, name, "connections")
        reasons = {}
        for number, name in enumerate(names[2:]):
            equal(ask(lab, name, "/v1/x").status, 502, name)
            event = lab.next_final(8 + number)[0]
            reasons[name] = (event["code"], event["reason"], event.get("constraint"))
            equal(behind[name].heads(), [], name, "a request arrived")
        equal(reasons, {
            "wrongname": ("VG7006", "upstream.tls", "hostname mismatch"),
            "expired": ("VG7006", "upstream.tls", "certificate has expired"),
            "foreign": ("VG7006", "upstream.tls", "unable to get local issuer certificate"),
            "plain": ("VG7006", "upstream.tls", reasons["plain"][2]),
            "client": ("VG7006", "upstream.tls", "unsuitable certificate purpose"),
            "wrongip": ("VG7006", "upstream.tls", "IP address mismatch"),
            "closing": ("VG7001", "upstream.connect", "refused")})


if __name__ == "__main__":
    harness.main()
