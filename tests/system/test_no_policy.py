#!/usr/bin/env python3
"""A gateway without a policy, or with a broken one, serves nobody and says why."""
import socket

import harness
from harness import Lab, case, check, equal


def make_lab():
    lab = Lab()
    lab.vendor("acme", {"all": ("GET", "/**")})
    lab.write_config()
    return lab


def refuses_to_start(lab, *says):
    """It ends by itself with a status other than 0, names SAYS, and nobody listens."""
    lab.launch()
    status = lab.gateway.wait(harness.WAIT)
    check(status != 0, "it ended with 0")
    check(status > 0, "it died of signal", -status)
    text = lab.log_text()
    for part in says:
        check(part in text, "does not say", repr(part), "but:", text[-2000:])
    try:
        socket.create_connection(("127.0.0.1", lab.port), 1).close()
        raise harness.Failed("somebody listens")
    except ConnectionRefusedError:
        pass
    equal(lab.upstream.rows(), [])
    lab.gateway = None


def starts(lab):
    """The honest control."""
    lab.launch()
    harness.wait_for("the gateway to listen", lab.listens)
    equal(lab.curl("acme", "/v1/x").status, 200, "control")


@case("an empty directory of policies")
def _():
    with make_lab() as lab:
        policy = lab.policies / "acme.ini"
        text = policy.read_text()
        policy.unlink()
        refuses_to_start(lab, "error:", "policies")
        policy.write_text(text)
        starts(lab)


@case("errors in two files are told at once, each with file, line and what would be right")
def _():
    with make_lab() as lab:
        policy = lab.policies / "acme.ini"
        good, config = policy.read_text(), (lab.dir / "vendgate.ini").read_text()
        policy.write_text(good.replace("methods = GET", "metods = GET"))
        line = good.split("\n").index("methods = GET") + 1
        (lab.dir / "vendgate.ini").write_text(config.replace("workers = 1", "workers = many"))
        number = config.split("\n").index("workers = 1") + 1
        refuses_to_start(lab, f"acme.ini:{line}: error:", "methods",
                         f"vendgate.ini:{number}: error:")
        policy.write_text(good)
        (lab.dir / "vendgate.ini").write_text(config)
        starts(lab)


@case("a policy whose CA is missing, or is no certificate")
def _():
    with make_lab() as lab:
        ca = lab.ca / "acme-ca.pem"
        good = ca.read_bytes()
        ca.unlink()
        refuses_to_start(lab, "acme.ini:", "acme-ca.pem")
        ca.write_text("no certificate\n")
        refuses_to_start(lab, "acme.ini:", "acme-ca.pem")
        ca.write_bytes(good)
        starts(lab)


@case("a private key that is missing, or is another's")
def _():
    with make_lab() as lab:
        key = lab.ca / "server.key"
        good = key.read_bytes()
        key.unlink()
        refuses_to_start(lab, "server.key")
        key.write_bytes((lab.ca / "acme.key").read_bytes())
        refuses_to_start(lab, "server.key")
        key.write_bytes(good)
        starts(lab)


@case("no vendgate.ini at all")
def _():
    with make_lab() as lab:
        config = (lab.dir / "vendgate.ini").read_text()
        (lab.dir / "vendgate.ini").unlink()
        refuses_to_start(lab, "vendgate.ini")
        (lab.dir / "vendgate.ini").write_text(config)
        starts(lab)


harness.main()
