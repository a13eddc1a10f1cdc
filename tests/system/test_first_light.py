#!/usr/bin/env python3
"""One vendor's requests through the real roles: what arrives, what comes back, what is told."""
import hashlib
import re

import harness
from harness import HOST, Lab, case, check, equal, wait_for

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def make_lab():
    lab = Lab()
    lab.vendor("acme", {"all": ("GET", "/**", "api"), "only-read": ("GET", "/x/y", "other")})
    lab.services["other"] = "other.agency.example"
    return lab


def in_udp(lab, seq):
    """The datagram of that event, which may be on its way."""
    return wait_for(f"the datagram of seq {seq}", lambda: [
        event for event in lab.udp.events() if event["seq"] == seq])


@case("an allowed request lands, and its event says so in both sinks")
def _():
    with make_lab() as lab:
        lab.start()
        answer = lab.curl("acme", "/v1/things/7?a=1", "-A", "honest/1.0")
        if answer.status == 403:  # the rule has no query
            equal(lab.next_final(0)[0]["reason"], "access.query")
        first = len(lab.final())
        answer = lab.curl("acme", "/v1/things/7", "-A", "honest/1.0")
        equal(answer.status, 200, answer)
        check(b'"/v1/things/7"' in answer.body, answer)
        [head] = lab.upstream.heads()
        equal((head["method"], head["target"]), ("GET", "/v1/things/7"))
        equal(head["fields"]["host"], HOST)
        check(ULID.fullmatch(head["fields"]["x-request-id"]), head)
        [event] = lab.next_final(first)
        equal({name: event.get(name) for name in (
            "code", "msgid", "decision", "reason", "vendor", "service", "access", "method", "path",
            "route", "status", "upstream_status", "host", "sni", "proof", "tls", "src", "node",
            "ua", "pri", "res_bytes")}, {
                "code": "VG1001", "msgid": "VG1001", "decision": "allow",
                "reason": "access.allowed", "vendor": "acme", "service": "api", "access": "all",
                "method": "GET", "path": "/v1/things/7", "route": "/**", "status": "200",
                "upstream_status": "200", "host": HOST, "sni": HOST, "proof": "yes",
                "tls": "TLSv1.3", "src": "127.0.0.1", "node": "lab", "ua": "honest/1.0",
                "pri": 166, "res_bytes": str(len(answer.body))})
        equal(event["req"], head["fields"]["x-request-id"])
        equal(in_udp(lab, event["seq"])[0], event, "the datagram")


@case("HEAD, chunked and large answers, and one that ends with its connection, pass as they are")
def _():
    with make_lab() as lab:
        lab.start()
        head = lab.curl("acme", "/cl/1234", "-I")
        equal((head.status, head.headers["content-length"]), (200, "1234"))
        with lab.tls("acme") as session:
            for path in ("/cl/0", "/cl/1", "/cl/100000", "/chunked/100000", "/chunked/1"):
                answer = session.request(path)
                size = int(path.split("/")[2])
                equal((answer.status, len(answer.body)), (200, size), path)
            equal(session.request("/cl/77", "HEAD").headers["content-length"], "77")
            equal(session.request("/chunked/77", "HEAD").status, 200)
            equal(session.request("/status/204").status, 204)
        large = lab.curl("acme", "/chunked/20000000", timeout=60)
        whole = (b"abcdefghijklmnopqrstuvwxyz" * (20000000 // 26 + 1))[:20000000]
        equal((large.status, hashlib.sha256(large.body).hexdigest()),
              (200, hashlib.sha256(whole).hexdigest()), "20 MB")
        until = lab.curl("acme", "/until/5000")
        equal((until.status, len(until.body)), (200, 5000), until.error)
        for event in lab.next_final(0, 11):
            equal(event["reason"], "access.allowed", event)
        equal(lab.final()[-2]["res_bytes"], "20000000")


@case("both sides keep their connections")
def _():
    with make_lab() as lab:
        lab.start()
        with lab.tls("acme") as session:
            for number in range(30):
                equal(session.request(f"/n/{number}").status, 200)
        events = lab.next_final(0, 30)
        equal(len({event["conn"] for event in events}), 1, "connections of the vendor")
        equal(len({event["req"] for event in events}), 30, "request ids")
        heads = lab.upstream.heads()
        equal([head["target"] for head in heads], [f"/n/{number}" for number in range(30)])
        equal(len({head["conn"] for head in heads}), 1, "connections of the upstream")


@case("requests that come at once are answered one after the other")
def _():
    with make_lab() as lab:
        lab.start()
        with lab.tls("acme") as session:
            session.send(b"".join(f"GET /p/{n} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
                                  for n in range(10)))
            for number in range(10):
                check(f"/p/{number}\"".encode() in session.receive().body, number)
        lab.next_final(0, 10)


@case("header fields pass by the list, both ways")
def _():
    with make_lab() as lab:
        lab.start()
        with lab.tls("acme") as session:
            answer = session.request("/v1/x", fields=[
                "Accept: application/json", "Authorization: Bearer secret", "Cookie: a=b",
                "X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1", "X-Request-Id: mine",
                "X-Vendor-Id: other", "X_Vendor_Id: other", "If-None-Match: \"e\"",
                "Connection: keep-alive, X-Hop", "X-Hop: 1"])
        equal(answer.status, 200)
        check("set-cookie" not in answer.headers and "server" not in answer.headers, answer)
        equal(answer.headers["content-type"], "application/json")
        [head] = lab.upstream.heads()
        equal(head["fields"]["accept"], "application/json")
        equal(head["fields"]["if-none-match"], "\"e\"")
        sent = set(head["fields"])
        equal(sent & {"x-hop", "authorization", "cookie", "x-forwarded-for", "forwarded", "x_vendor_id"},
              set(), "fields that must not pass")
        check(ULID.fullmatch(head["fields"]["x-request-id"]), "its own request id")
        check(head["fields"].get("x-vendor-id", "acme") == "acme", "nobody poses as another")


@case("what no rule allows is refused with a problem, and reaches nobody")
def _():
    with make_lab() as lab:
        lab.start()
        cases = [
            ("/x/z", "GET", "other.agency.example", 403, "access.no_rule"),
            ("/x/y", "DELETE", "other.agency.example", 403, "access.method"),
            ("/x/y?q=1", "GET", "other.agency.example", 403, "access.query"),
        ]
        for path, method, host, status, reason in cases:
            skip = len(lab.final())
            answer = lab.curl("acme", path, "-X", method, host=host)
            equal(answer.status, status, path, answer)
            equal(answer.headers["content-type"], "application/problem+json")
            [event] = lab.next_final(skip)
            equal((event["reason"], event["status"], event["vendor"]),
                  (reason, str(status), "acme"))
            equal(answer.headers["x-request-id"], event["req"])
            check(event["req"].encode() in answer.body, answer)
        equal(lab.upstream.rows(), [], "what the upstream saw")
        equal(lab.curl("acme", "/x/y", host="other.agency.example").status, 200, "control")


@case("a Host that is not the SNI is 421")
def _():
    with make_lab() as lab:
        lab.start()
        with lab.tls("acme") as session:
            equal(session.request("/v1/x", host="other.agency.example").status, 421)
        equal(lab.next_final(0)[0]["reason"], "host.mismatch")
        equal(lab.upstream.rows(), [])


@case("an upstream that fails is an answer of ours, with its reason")
def _():
    with make_lab() as lab:
        lab.sections = ("\n[service dead]\nhost = dead.agency.example\n"
                        f"upstream = http://127.0.0.1:{harness.free_port()}\n")
        lab.vendor("metro", {"dead": ("GET", "/**", "dead")})
        lab.pki(HOST, "dead.agency.example")
        lab.start()
        for path, status, reason in (("/garbage", 502, "upstream.malformed"),
                                     ("/silent", 502, "upstream.closed"),
                                     ("/redirect/1", 502, "upstream.redirect")):
            skip = len(lab.final())
            answer = lab.curl("acme", path)
            [event] = lab.next_final(skip)
            equal((answer.status, event["reason"], event["status"]), (status, reason, str(status)))
        skip = len(lab.final())
        equal(lab.curl("metro", "/x", host="dead.agency.example").status, 502)
        equal(lab.next_final(skip)[0]["reason"], "upstream.connect")
        equal(lab.curl("acme", "/v1/x").status, 200, "control")


@case("an answer that breaks off is not taken for whole")
def _():
    with make_lab() as lab:
        lab.start()
        for path in ("/short/100000", "/cut/1000"):
            skip = len(lab.final())
            answer = lab.curl("acme", path)
            check(answer.status in (0, 502), path, answer)
            [event] = lab.next_final(skip)
            check(event["reason"] in ("upstream.closed", "upstream.malformed"), event)
        equal(lab.curl("acme", "/v1/x").status, 200, "control")


@case("seq counts on without a gap, also over a restart")
def _():
    with make_lab() as lab:
        for _ in range(2):
            lab.start()
            for number in range(5):
                equal(lab.curl("acme", f"/v1/{number}").status, 200)
            lab.stop()
        seqs = [int(event["seq"]) for event in lab.events()]
        equal(seqs, list(range(seqs[0], seqs[0] + len(seqs))))
        equal(len(lab.final()), 10)
        equal([event["code"] for event in lab.events() if not harness.is_final(event)],
              ["VG9001", "VG9002", "VG9001", "VG9002"])


harness.main()
