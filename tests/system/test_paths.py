#!/usr/bin/env python3
"""Spellings of a path that is not allowed, byte for byte on a raw connection: each is refused,
and none reaches the upstream."""
import harness
from harness import HOST, Lab, case, check, equal

FORBIDDEN = [
    "/v1/secret",
    "/v1/%73ecret",
    "/v1/public/../secret",
    "/v1/public/%2e%2e/secret",
    "/v1/public/.%2E/secret",
    "/v1/public/..%2fsecret",
    "/v1/public/..%5csecret",
    "/v1/public/..\\secret",
    "/v1/public/..;/secret",
    "/v1/public/..;x=1/secret",
    "/v1/public/%252e%252e/secret",
    "/v1/public/%c0%ae%c0%ae/secret",
    "/v1/public/%00/../secret",
    "/v1/public/./../secret",
    "/v1//secret",
    "//v1/secret",
    "/v1/./secret",
    "/v1/secret/",
    "/V1/secret",
    "/v1/secret%20",
    "/v1/public/..",
    "/v1/public//x",
    "/v1/public/%2e",
    f"https://{HOST}/v1/secret",
    f"http://{HOST}/v1/public/../secret",
    "v1/secret",
    "*",
]

def make_lab():
    lab = Lab()
    lab.vendor("acme", {"public": ("GET", "/v1/public/**")})
    return lab


def ask(lab, data):
    """The answer to raw bytes on a connection of their own."""
    with lab.tls("acme") as session:
        session.send(data)
        return session.receive()


def control(lab):
    seen, skip = len(lab.upstream.rows()), len(lab.final())
    with lab.tls("acme") as session:
        equal(session.request("/v1/public/x").status, 200, "control")
    equal(lab.next_final(skip)[0]["reason"], "access.allowed")
    equal(len(lab.upstream.rows()), seen + 1, "control at the upstream")


@case(f"{len(FORBIDDEN)} spellings of a forbidden path get 400 or 403")
def _():
    with make_lab() as lab:
        lab.start()
        control(lab)
        for spelling in FORBIDDEN:
            skip = len(lab.final())
            answer = ask(lab, f"GET {spelling} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode("latin-1"))
            check(answer.status in (400, 403), spelling, answer)
            [event] = lab.next_final(skip)
            equal(event["status"], str(answer.status), spelling)
            check(event["reason"] in ("access.no_rule", "http.path", "http.malformed"), event)
        equal(len(lab.upstream.rows()), 1, "what the upstream saw beside the control")
        control(lab)


@case("a path that arrives in single bytes is judged the same")
def _():
    with make_lab() as lab:
        lab.start()
        for path, status in (("/v1/public/x", 200), ("/v1/public/../secret", 400)):
            with lab.tls("acme") as session:
                for byte in f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode():
                    session.send(bytes([byte]))
                equal(session.receive().status, status, path)
        equal(len(lab.upstream.heads()), 1)


harness.main()
