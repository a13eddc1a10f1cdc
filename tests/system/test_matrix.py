#!/usr/bin/env python3
"""Vendor against vendor: a certificate opens its own vendor's rules and nobody else's."""
import harness
from harness import Lab, case, check, equal

VENDORS = ("alpha", "beta", "gamma")


def make_lab():
    lab = Lab()
    for name in VENDORS:
        lab.vendor(name, {"own": ("GET", f"/v1/{name}/**")})
    return lab


@case("three vendors, three CAs: only the diagonal is allowed")
def _():
    with make_lab() as lab:
        lab.start()
        for who in VENDORS:
            for whose in VENDORS:
                skip = len(lab.final())
                answer = lab.curl(who, f"/v1/{whose}/records")
                [event] = lab.next_final(skip)
                equal(answer.status, 200 if who == whose else 403, who, "asks for", whose)
                equal((event["vendor"], event["reason"]),
                      (who, "access.allowed" if who == whose else "access.no_rule"))
        equal([head["target"] for head in lab.upstream.heads()],
              [f"/v1/{name}/records" for name in VENDORS], "what reached the upstream")


@case("on a connection that is kept, too")
def _():
    with make_lab() as lab:
        lab.start()
        sessions = {name: lab.tls(name) for name in VENDORS}
        for _ in range(3):
            for who in VENDORS:
                for whose in VENDORS:
                    answer = sessions[who].request(f"/v1/{whose}/records")
                    equal(answer.status, 200 if who == whose else 403, who, whose)
        for session in sessions.values():
            session.sock.close()
        equal(len(lab.upstream.heads()), 9)


@case("a vendor's CA can't issue another vendor")
def _():
    with make_lab() as lab:
        for name in VENDORS:
            for issuer in VENDORS:
                lab.pki("leaf", f"{name}-by-{issuer}", "--ca", f"{issuer}-ca",
                        "--uri", f"spiffe://{name}.example/gateway",
                        "--subject", f"/O={name}/CN=gateway")
        lab.start()
        for name in VENDORS:
            for issuer in VENDORS:
                skip = len(lab.final())
                answer = lab.curl(f"{name}-by-{issuer}", f"/v1/{name}/records")
                [event] = lab.next_final(skip)
                if name == issuer:
                    equal(answer.status, 200, "control", name)
                    continue
                equal(answer.status, 0, name, "by", issuer)
                equal((event["reason"], event.get("vendor"), event.get("claimed"),
                       event["proof"]), ("identity.chain", None, name, "no"))
        equal(len(lab.upstream.heads()), 3, "the three controls and nothing else")


@case("an intermediate of the vendor's CA serves, one of another's does not")
def _():
    with make_lab() as lab:
        for issuer in ("alpha", "beta"):
            lab.pki("ca", f"{issuer}-mid", "--ca", f"{issuer}-ca")
            lab.pki("leaf", f"alpha-by-{issuer}-mid", "--ca", f"{issuer}-mid",
                    "--uri", "spiffe://alpha.example/gateway")
        lab.start()
        equal(lab.curl("alpha-by-alpha-mid", "/v1/alpha/x").status, 200)
        equal(lab.curl("alpha-by-beta-mid", "/v1/alpha/x").status, 0)
        events = lab.next_final(0, 2)
        equal([event["reason"] for event in events], ["access.allowed", "identity.chain"])


@case("two vendors' names in one certificate are nobody")
def _():
    with make_lab() as lab:
        (lab.policies / "beta.ini").write_text(
            (lab.policies / "beta.ini").read_text().replace("beta-ca.pem", "alpha-ca.pem"))
        lab.pki("leaf", "both", "--ca", "alpha-ca", "--uri", "spiffe://alpha.example/gateway",
                "--uri", "spiffe://beta.example/gateway")
        lab.start()
        equal(lab.curl("both", "/v1/alpha/x").status, 0)
        [event] = lab.next_final(0)
        equal(event["reason"], "identity.ambiguous")
        check("vendor" not in event, event)
        equal(lab.curl("alpha", "/v1/alpha/x").status, 200, "control")


harness.main()
