#!/usr/bin/env python3
"""What stands behind the gateway: TLS towards it, names, balance, time-outs, and what passes to it
and back."""
import re
import socket
import subprocess
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


@case("over TLS an answer that ends with its connection is whole only with its close_notify")
def _():
    with make_lab("whole") as lab:
        lab.pki("ca", "internal-ca")
        internal_leaf(lab, "inner", "--dns", TLS_NAME)
        inner = lab.add_upstream("inner", "inner")
        lab.sections += service("whole", f"https://127.0.0.1:{inner.port}",
                                f"upstream_ca = ca/internal-ca.pem\nupstream_name = {TLS_NAME}")
        lab.start()
        answer = ask(lab, "whole", "/until/200000")
        equal((answer.status, len(answer.body)), (200, 200000), answer.error)
        answer = ask(lab, "whole", "/torn/200000")
        equal(answer.status, 0, "what was torn off passed for whole:", answer)
        events = lab.next_final(0, 2)
        equal([event["reason"] for event in events], ["access.allowed", "upstream.closed"])


@case("names are resolved; what does not resolve is told, and the broker lives on")
def _():
    with make_lab("local", "secure", "nowhere", "dead") as lab:
        lab.pki("ca", "internal-ca")
        internal_leaf(lab, "inner", "--dns", "localhost")
        inner = lab.add_upstream("inner", "inner")
        lab.sections += service("local", f"http://localhost:{lab.upstream.port}")
        # The name of the URL is what the certificate must bear.
        lab.sections += service("secure", f"https://localhost:{inner.port}",
                                "upstream_ca = ca/internal-ca.pem")
        lab.sections += service("nowhere", "http://no-such-host.invalid:8080",
                                "connect_timeout = 500ms")
        lab.sections += service("dead", f"http://localhost:{free_port()}")
        lab.start()
        equal(ask(lab, "local", "/v1/x").status, 200)
        broker = lab.children("vendgate-broker")
        equal(len(broker), 1, "brokers")
        equal(ask(lab, "secure", "/v1/x").status, 200)
        for _ in range(2):
            equal(ask(lab, "nowhere", "/v1/x").status, 502)
        equal(ask(lab, "dead", "/v1/x").status, 502)
        equal(ask(lab, "local", "/v1/x").status, 200, "after the failures")
        events = lab.next_final(0, 6)
        equal([event["reason"] for event in events],
              ["access.allowed"] * 2 + ["upstream.connect"] * 3 + ["access.allowed"])
        equal([event.get("constraint") for event in events[2:5]],
              ["name does not resolve"] * 2 + ["refused"])
        equal([event.get("dst") for event in events[:4]], ["127.0.0.1"] * 2 + [None] * 2)
        check(events[4]["dst"] in ("127.0.0.1", "::1"), events[4])
        equal(events[0]["upstream"], f"http://localhost:{lab.upstream.port}")
        equal(lab.children("vendgate-broker"), broker, "the broker")


@case("with one of two upstreams dead, every request lands on the other")
def _():
    for balance in ("round_robin", "least_conn"):
        with make_lab("pair", "twisted") as lab:
            lab.pki("ca", "internal-ca")
            internal_leaf(lab, "good", "--dns", TLS_NAME)
            internal_leaf(lab, "bad", "--dns", "somebody.else")
            good, bad = lab.add_upstream("good", "good"), lab.add_upstream("bad", "bad")
            lab.sections += service(
                "pair", f"http://127.0.0.1:{free_port()}, http://127.0.0.1:{lab.upstream.port}",
                f"balance = {balance}")
            lab.sections += service(
                "twisted", f"https://127.0.0.1:{bad.port}, https://127.0.0.1:{good.port}",
                f"balance = {balance}\nupstream_ca = ca/internal-ca.pem\n"
                f"upstream_name = {TLS_NAME}")
            lab.start()
            for _ in range(6):
                equal(ask(lab, "pair", "/v1/x").status, 200, balance)
                equal(ask(lab, "twisted", "/v1/x").status, 200, balance)
            equal(bad.heads(), [], "the impostor got a request")
            equal(len(good.heads()), 6)
            lab.next_final(0, 12)


@case("least_conn passes over who is busy, round_robin does not")
def _():
    for balance, quick_on_idle in (("least_conn", 8), ("round_robin", 4)):
        with make_lab("pair") as lab:
            other = lab.add_upstream("other")
            lab.sections += service(
                "pair", f"http://127.0.0.1:{lab.upstream.port}, http://127.0.0.1:{other.port}",
                f"balance = {balance}")
            lab.start()
            with lab.tls("acme", host="pair.agency.example") as slow:
                slow.send(b"GET /slow/3000 HTTP/1.1\r\nHost: pair.agency.example\r\n\r\n")
                busy = wait_for("the slow request", lambda: [
                    upstream for upstream in (lab.upstream, other) if upstream.heads()])[0]
                idle = other if busy is lab.upstream else lab.upstream
                for number in range(8):
                    equal(ask(lab, "pair", f"/n/{number}").status, 200, balance)
                equal(len(idle.heads()), quick_on_idle, balance)
                equal(slow.receive().status, 200)


@case("connecting, TLS and answering each have their time")
def _():
    with make_lab("mute", "late") as lab:
        lab.pki("ca", "internal-ca")
        # Accepts, and says nothing: neither TLS nor an answer.
        silent = socket.create_server(("127.0.0.1", 0))
        lab.sections += service("mute", f"https://127.0.0.1:{silent.getsockname()[1]}",
                                "upstream_ca = ca/internal-ca.pem\nconnect_timeout = 400ms")
        lab.sections += service("late", f"http://127.0.0.1:{lab.upstream.port}",
                                "response_timeout = 300ms")
        lab.start()
        for name, path, status, reason, least in (
                ("mute", "/v1/x", 502, "upstream.tls", 0.35),
                ("late", "/slow/5000", 504, "upstream.timeout", 0.25)):
            skip, begin = len(lab.final()), time.monotonic()
            equal(ask(lab, name, path).status, status, name)
            took = time.monotonic() - begin
            check(least < took < 2, name, "took", took)
            equal(lab.next_final(skip)[0]["reason"], reason)
        equal(ask(lab, "late", "/slow/1").status, 200)
        silent.close()


def field_path(name, value):
    return f"/field/{name}/{value.encode('latin-1').hex()}"


@case("Location and Link lead back to this host and prefix, or nowhere")
def _():
    with make_lab() as lab:
        own = f"http://127.0.0.1:{lab.upstream.port}"
        lab.sections += (f"\n[service below]\nhost = {HOST}\nprefix = /below\n"
                         f"upstream = {own}\n")
        text = (lab.policies / "acme.ini").read_text()
        (lab.policies / "acme.ini").write_text(
            text + "\n[access below]\nservice = below\nmethods = GET\npath = /**\n")
        lab.start()
        passed = [
            ("Location", f"{own}/v1/a?b=c", "/below/v1/a?b=c"),
            ("Location", f"https://{HOST}/v1/a", "/below/v1/a"),
            ("Link", f"<{own}/v1?page=2>; rel=\"next\", </v1?page=9>; rel=last",
             "</below/v1?page=2>; rel=\"next\", </below/v1?page=9>; rel=\"last\""),
        ]
        refused = [
            ("Location", "http://10.0.0.1/"), ("Location", "//10.0.0.1/"),
            ("Link", "</v1?page=2>; rel=next, <http://10.0.0.1/>; rel=last"),
            ("Link", "</v1>; rel=next; anchor=\"http://10.0.0.1/\""),
            ("Link", "no link at all"),
        ]
        for number, (name, value, want) in enumerate(passed):
            answer = lab.curl("acme", "/below" + field_path(name, value))
            equal((answer.status, answer.headers.get(name.lower())), (200, want), value)
            equal(lab.next_final(number)[0]["reason"], "access.allowed")
        for number, (name, value) in enumerate(refused):
            answer = lab.curl("acme", "/below" + field_path(name, value))
            equal((answer.status, answer.headers.get(name.lower())), (502, None), value)
            check(b"10.0.0.1" not in answer.body, answer)
            event = lab.next_final(len(passed) + number)[0]
            equal((event["reason"], event["constraint"]), ("upstream.redirect", name.lower()))


POSES = ["X-Vendor-Id: bolt", "x-vendor-id: bolt", "X_Vendor_Id: bolt", "X-Vendor_Id: bolt",
         "x-VENDOR-id: bolt", "X-Vendor-Access: admin", "X_VENDOR_ACCESS: admin",
         "X-Vendor-Address: 10.0.0.1", "X-Vendor-Cert-Serial: 01",
         f"X-Vendor-Cert-Sha256: {'ab' * 32}", f"X_Vendor_Cert_Sha256: {'ab' * 32}",
         "X-Forwarded-For: 10.0.0.1", "X_Forwarded_For: 10.0.0.1", "Forwarded: for=10.0.0.1",
         "X-Forwarded-Client-Cert: Hash=ab", "Client-Cert: :AAAA:", "X-Real-IP: 10.0.0.1"]


@case("forward_identity says who asks, and nobody else can")
def _():
    with make_lab("told") as lab:
        lab.sections += service("told", f"http://127.0.0.1:{lab.upstream.port}",
                                "forward_identity = headers")
        lab.start()
        shown = subprocess.run(
            ["openssl", "x509", "-in", lab.ca / "acme.pem", "-noout", "-serial", "-fingerprint",
             "-sha256"], check=True, capture_output=True, text=True).stdout
        serial = re.search(r"serial=(\S+)", shown)[1].lower()
        sha256 = re.search(r"Fingerprint=(\S+)", shown)[1].replace(":", "").lower()
        want = {"x-vendor-id": "acme", "x-vendor-access": "told", "x-vendor-address": "127.0.0.1",
                "x-vendor-cert-serial": serial, "x-vendor-cert-sha256": sha256}
        # All at once, and each alone: where one is dropped, another must not slip through.
        for poses in [POSES] + [[pose] for pose in POSES]:
            with lab.tls("acme", host="told.agency.example") as session:
                equal(session.request("/v1/x", host="told.agency.example",
                                      fields=poses).status, 200, poses)
            equal(session_of(lab.upstream.heads()[-1]), want, poses)
            with lab.tls("acme") as session:
                equal(session.request("/v1/x", fields=poses).status, 200, poses)
            equal(session_of(lab.upstream.heads()[-1]), {}, poses)


def session_of(head):
    """Every field of a request that arrived by which somebody could be told who asks."""
    names = [name.lower().replace("_", "-") for name, _ in head["headers"]]
    equal(len(names), len(set(names)), "fields twice", head["headers"])
    return {name.lower(): value for name, value in head["headers"]
            if re.search(r"vendor|forward|cert|real", name.lower())}


@case("with hide, what may not be had and what is not there look alike; the events don't")
def _():
    with Lab() as lab:
        rules = {"all": ("GET, POST", "/status/{code:int}"), "post": ("POST", "/v1/post"),
                 "get": ("GET", "/v1/get")}
        lab.vendor("hidden", rules, "hide = yes")
        lab.vendor("open", rules)
        lab.start()
        asked = [("/nothing/here", "GET", "access.no_rule", 403),
                 ("/v1/post", "GET", "access.method", 403),
                 ("/v1/get?a=b", "GET", "access.query", 403),
                 ("/status/404", "GET", "access.allowed", 404),
                 ("/nothing/here", "HEAD", "access.no_rule", 403),
                 ("/status/404", "HEAD", "access.allowed", 404)]
        looks = {"GET": set(), "HEAD": set()}
        with lab.tls("hidden") as session:
            for path, method, reason, _ in asked:
                skip = len(lab.final())
                answer = session.request(path, method)
                looks[method].add(look(answer))
                event = lab.next_final(skip)[0]
                equal((event["reason"], event["status"]), (reason, "404"), path)
                if reason == "access.allowed":
                    equal(event["upstream_status"], "404")
            equal(session.request("/status/200").status, 200, "the connection goes on")
            equal(session.request("/status/403").status, 403, "another answer stays as it is")
        equal({method: len(seen) for method, seen in looks.items()}, {"GET": 1, "HEAD": 1}, looks)
        check(all("problem+json" in seen.pop() for seen in looks.values()))
        with lab.tls("open") as session:
            for path, method, _, status in asked:
                equal(session.request(path, method).status, status, path)

        # A body, whole or only announced, must not show either whether somebody reads it.
        for fields, body in ((["Content-Length: 5"], b"hello"),
                             (["Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\n\r\n"),
                             (["Content-Length: 5", "Expect: 100-continue"], b"hello")):
            seen = {posted(lab, path, fields, body) for path in ("/status/404", "/nothing/here")}
            equal(len(seen), 1, fields, seen)


def look(answer):
    """An answer but for its request id and the time."""
    headers = {name: value for name, value in answer.headers.items()
               if name not in ("x-request-id", "date")}
    request_id = answer.headers["x-request-id"].encode()
    return f"{answer.status} {sorted(headers.items())} {answer.body.replace(request_id, b'ID')}"


def posted(lab, path, fields, body):
    """All that comes back of a POST, until the gateway closes."""
    with lab.tls("hidden") as session:
        session.send("\r\n".join([f"POST {path} HTTP/1.1", f"Host: {HOST}", *fields, "", ""])
                     .encode())
        seen = []
        if "Expect: 100-continue" in fields:
            seen.append(look_interim(session))
        session.send(body)
        seen.append(look(session.receive()))
        session.sock.settimeout(5)
        try:
            seen.append(str(session.sock.recv(100)))
        except TimeoutError:
            seen.append("stays open")
        return tuple(seen)


def look_interim(session):
    """The head of a 100, which has no fields."""
    while b"\r\n\r\n" not in session.pending:
        part = session.sock.recv(65536)
        check(part, "closed in place of a 100")
        session.pending += part
    head, _, session.pending = session.pending.partition(b"\r\n\r\n")
    return head.decode()


if __name__ == "__main__":
    harness.main()
