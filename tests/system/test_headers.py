#!/usr/bin/env python3
"""What a rule lets pass beside the standard: header fields both ways, types, lengths and errors of
answers; and that nothing else does, however much it looks like it."""
import json
import time

import harness
from harness import HOST, Lab, case, check, equal

SERVICE = """
[service known]
host = known.agency.example
upstream = http://127.0.0.1:{port}
forward_identity = headers
"""

RULES = """
[access listed]
service = known
methods = GET
path = /listed/**
request_headers = X-Session!:slug<=8, X-Note, X-Title:text<=8, Accept:application|text

[access token]
service = known
methods = GET
path = /token/**
request_headers = Authorization, Cookie
"""

ANSWERS = """
[access typed]
service = api
methods = GET
path = /**
response_headers = X-Total-Count, X-Page
response_type = application/json, text/csv
response_timeout = 400ms

[access sized]
service = other
methods = GET
path = /**
max_response = 100000
"""

# Each looks right, and is not the gateway's word, or not the field that was judged.
LOOK_ALIKES = [
    "X_Session: root", "X-Session_: root", "XSession: root", "X.Session: root", "x~session: root",
    "X-Sessions: root", "X-Vendor-Id: bolt", "x-vendor-id: bolt", "X_Vendor_Id: bolt",
    "X-Vendor-Access: all", "X-Vendor-Address: 10.0.0.1", "X-Vendor-Cert-Sha256: " + 64 * "a",
    "X-Forwarded-For: 10.0.0.1", "X_Forwarded_For: 10.0.0.1", "X-Forwarded-Host: " + HOST,
    "X-Forwarded-Proto: https", "Forwarded: for=10.0.0.1;proto=https", "X-Real-IP: 10.0.0.1",
    "Client-Cert: :MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6:", "Client_Cert: :MIIBqDCCAU6g:",
    "X-Forwarded-Client-Cert: Hash=" + 64 * "b" + ";URI=spiffe://acme.example/gateway",
    "X-Request-Id: 01JZ3K6Q8V4W2M7T9YB5X0C1DE", "X_Request_Id: 01JZ3K6Q8V4W2M7T9YB5X0C1DE",
    "X-Original-URL: /admin", "X-Rewrite-URL: /admin", "Authorization: Bearer aaaa.bbbb.cccc",
    "Proxy-Authorization: Basic YTpi", "Cookie: session=1", "Via: 1.1 gateway", "TE: trailers",
]

OWN = {"host", "x-request-id", "traceparent", "x-vendor-id", "x-vendor-access", "x-vendor-address",
       "x-vendor-cert-serial", "x-vendor-cert-sha256"}
KNOWN = "known.agency.example"


def make_lab(rules):
    lab = Lab()
    lab.pki(HOST, KNOWN, "other.agency.example")
    lab.services["other"] = "other.agency.example"
    lab.vendor("acme", {})
    with open(lab.policies / "acme.ini", "a", encoding="ascii") as file:
        file.write(rules)
    lab.sections += SERVICE.format(port=lab.upstream.port)
    lab.start()
    return lab


def names(head):
    """All field names of a request that arrived, in lower case, one for each field."""
    return sorted(row[0].lower() for row in head["headers"])


@case("listed fields arrive as they were judged, and nothing that looks like them")
def _():
    with make_lab(RULES) as lab, lab.tls("acme", host=KNOWN) as session:
        good = ["x-SESSION:  a-1 ", "X-Note: n", "x-note: ", "X-Title: café".encode().decode(
            "latin-1"), "accept: text"]
        answer = session.request("/listed/x", host=KNOWN, fields=LOOK_ALIKES + good + LOOK_ALIKES)
        equal(answer.status, 200, answer)
        head = lab.upstream.heads()[0]
        equal(names(head), sorted([*OWN, "accept", "x-session", "x-title", "x-note", "x-note"]))
        fields = head["fields"]
        equal(fields["x-session"], "a-1")
        equal(fields["x-title"].encode("latin-1").decode(), "café")
        equal((fields["x-vendor-id"], fields["x-vendor-access"], fields["x-vendor-address"]),
              ("acme", "listed", "127.0.0.1"))
        check("01JZ3K6Q8V4W2M7T9YB5X0C1DE" != fields["x-request-id"], fields)
        # The spelling is the gateway's.
        check(["X-Session", "a-1"] in head["headers"], head["headers"])
        equal(lab.next_final(0)[0]["reason"], "access.allowed")


@case("a field that is missing, twice or not of its type is refused, and nothing arrives")
def _():
    with make_lab(RULES) as lab, lab.tls("acme", host=KNOWN) as session:
        bad = [
            ([], "x-session"), (["X_Session: a"], "x-session"), (["X-Session: "], "x-session"),
            (["X-Session: a b"], "x-session"), (["X-Session: 123456789"], "x-session"),
            (["X-Session: %61"], "x-session"), (["X-Session: a", "x-session: a"], "x-session"),
            (["X-Session: a", "Connection: x-session"], "x-session"),
            (["X-Session: a", "Accept: */*"], "accept"),
            (["X-Session: a", "X-Title: 123456789"], "x-title"),
            (["X-Session: a", "X-Title: \xe9"], "x-title"),
            (["X-Session: a", "X-Note: \xe9"], "x-note"),
        ]
        for number, (fields, constraint) in enumerate(bad):
            answer = session.request("/listed/x", host=KNOWN, fields=fields)
            equal((answer.status, answer.headers["content-type"]),
                  (403, "application/problem+json"), fields)
            check(b"session" not in answer.body.lower(), answer)
            event = lab.next_final(number)[0]
            equal((event["code"], event["reason"], event["step"], event["constraint"],
                   event["access"], event["attack"]),
                  ("VG2004", "access.header", "headers", constraint, "listed", "T1199"), fields)
        equal(lab.upstream.heads(), [], "a refused request arrived")
        # The connection lives, and the honest one gets through it.
        equal(session.request("/listed/x", host=KNOWN, fields=["X-Session: a"]).status, 200)


@case("100 header fields pass the parser, and of them what is listed the gate")
def _():
    with make_lab(RULES) as lab, lab.tls("acme", host=KNOWN) as session:
        many = [f"X-Pad-{i}: {i}" for i in range(98)] + ["X-Session: a"]
        equal(session.request("/listed/1", host=KNOWN, fields=many).status, 200)
        noted = [f"X-Note: {i}" for i in range(98)] + ["X-Session: a"]
        equal(session.request("/listed/2", host=KNOWN, fields=noted).status, 200)
        twice = ["X-Session: a"] + [f"X-Pad-{i}: {i}" for i in range(97)] + ["X-Session: a"]
        equal(session.request("/listed/3", host=KNOWN, fields=twice).status, 403)
        first, second = lab.upstream.heads()
        equal(names(first), sorted([*OWN, "x-session"]))
        equal([row[-1] for row in second["headers"] if row[0] == "X-Note"],
              [str(i) for i in range(98)], "in their order")


@case("Authorization and Cookie pass where a rule says so, and only there")
def _():
    with make_lab(RULES) as lab, lab.tls("acme", host=KNOWN) as session:
        fields = ["Authorization: Bearer a.b.c", "Cookie: s=1", "X-Session: a"]
        for path, wanted in (("/token/x", ["authorization", "cookie"]),
                             ("/listed/x", ["x-session"])):
            equal(session.request(path, host=KNOWN, fields=fields).status, 200, path)
            equal(names(lab.upstream.heads()[-1]), sorted([*OWN, *wanted]), path)


@case("of an answer the listed fields pass, and nothing that is no answer to its rule")
def _():
    with make_lab(ANSWERS) as lab, lab.tls("acme") as session:
        for name, passes in (("X-Page", True), ("x-total-count", True), ("X-Pages", False),
                             ("X_Page", False), ("Set-Cookie", False), ("Refresh", False),
                             ("Alt-Svc", False), ("Content-Location", False), ("Server", False),
                             ("X-Accel-Redirect", False), ("X-Vendor-Id", False)):
            value = "http://10.0.0.1/x"
            answer = session.request(f"/field/{name}/{value.encode().hex()}")
            equal((answer.status, answer.headers.get(name.lower())),
                  (200, value if passes else None), name)
        # Honest: a JSON answer, whole, and the rest of the upstream's fields dropped.
        answer = session.request("/v1/x")
        equal((answer.status, answer.headers["content-type"]), (200, "application/json"))
        equal(set(answer.headers), {"content-type", "content-length"})
        # Somebody else's rule, somebody else's fields.
        equal(lab.curl("acme", "/field/X-Page/31", host="other.agency.example").headers.get(
            "x-page"), None)


@case("an answer of another type, and one that is late, are not what was promised")
def _():
    with make_lab(ANSWERS) as lab, lab.tls("acme") as session:
        for number, (path, kind) in enumerate((("/cl/20", "text/plain"), ("/chunked/20", None),
                                               ("/until/20", None))):
            answer = session.request(path)
            equal((answer.status, answer.headers["content-type"]),
                  (502, "application/problem+json"), path)
            event = lab.next_final(number)[0]
            equal((event["code"], event["event"], event["reason"], event.get("constraint"),
                   event["upstream_status"]),
                  ("VG7010", "upstream_failed", "filter.type", kind, "200"), path)
        # To HEAD the same, where a type is said.
        equal(session.request("/cl/20", "HEAD").status, 502)
        equal(session.request("/chunked/20", "HEAD").status, 200)
        equal(session.request("/status/204").status, 204)
        begin = time.monotonic()
        equal(session.request("/slow/5000").status, 504)
        check(time.monotonic() - begin < 4, "response_timeout is not that of the access")
        equal(lab.next_final(6)[0]["reason"], "upstream.timeout")


@case("an error is told by its status alone where a type is promised, and passes elsewhere")
def _():
    with make_lab(ANSWERS) as lab, lab.tls("acme") as session:
        statuses = (400, 404, 418, 500, 503)
        for status in statuses:
            answer = session.request(f"/status/{status}")
            equal((answer.status, answer.headers["content-type"]),
                  (status, "application/problem+json"))
            equal(json.loads(answer.body).keys(), {"type", "title", "status", "request_id"})
            answer = lab.curl("acme", f"/status/{status}", host="other.agency.example")
            equal((answer.status, len(answer.body)), (status, 20), "what the upstream said")
        events = lab.next_final(0, 2 * len(statuses))
        equal({(event["reason"], event["code"]) for event in events},
              {("access.allowed", "VG1001")})
        check(all(event["status"] == event["upstream_status"] for event in events), events)


@case("an answer that is too long is refused where it says so, else cut")
def _():
    with make_lab(ANSWERS) as lab:
        def ask(path, *args):
            return lab.curl("acme", path, *args, host="other.agency.example")
        equal(len(ask("/cl/100000").body), 100000)
        equal(len(ask("/chunked/100000").body), 100000)
        answer = ask("/cl/100001")
        equal((answer.status, answer.headers["content-type"]), (502, "application/problem+json"))
        for path in ("/chunked/400000", "/until/400000"):
            answer = ask(path)
            equal(answer.status, 0, path, "what was cut passed for whole:", answer)
            check(len(answer.body) <= 100000, path, len(answer.body))
        old = ("--http1.0", "--no-alpn")
        equal(len(ask("/until/100000", *old).body), 100000)
        answer = ask("/until/400000", *old)
        equal(answer.status, 0, "HTTP/1.0: what was cut passed for whole:", answer)
        events = lab.next_final(0, 7)
        equal([(event["reason"], event.get("constraint"), event["status"]) for event in events],
              [("access.allowed", None, "200")] * 2 +
              [("filter.too_large", "Content-Length", "502")] +
              [("filter.too_large", "max_response", "200")] * 2 +
              [("access.allowed", None, "200"), ("filter.too_large", "max_response", "200")])
        check(all(int(event["res_bytes"]) <= 100000 for event in events), events)


if __name__ == "__main__":
    harness.main()
