#!/usr/bin/env python3
"""Who asks, as the upstream is told: headers, Client-Cert (RFC 9440), X-Forwarded-Client-Cert; the
trace that goes on; and nobody poses as the gateway, as another vendor, or as a proxy before it, not
even with what another vendor would really have."""
import base64
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from harness import HOST, Lab, case, check, equal, main  # noqa: E402

FORMS = ["headers", "client_cert", "xfcc", "none"]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
POSING = re.compile(r"vendor|forward|cert|real|ssl|proxy|via|true|original|rewrite|request-id|"
                    r"trace|authorization|cookie|cluster|remote|client|host")


def make_lab():
    """Vendor acme with an intermediate, whose CA has put names into its certificate that the policy
    doesn't list; a service for each form; and bolt, whom somebody might like to be."""
    lab = Lab()
    lab.services = {}
    lab.pki("x.agency.example", *(f"{form.replace('_', '-')}.agency.example" for form in FORMS))
    rules = {form: ("GET, POST", "/**", form) for form in FORMS}
    lab.vendor("acme", rules)
    lab.vendor("bolt", rules)
    lab.pki("ca", "acme-sub", "--ca", "acme-ca")
    lab.pki("leaf", "acme", "--ca", "acme-sub", "--uri", "spiffe://acme.example/gateway",
            "--uri", "spiffe://bolt.example/gw", "--dns", "gw.acme.example", "--dns",
            "gw.bolt.example", "--subject", "/O=Acme, \"Training\";URI=spiffe:other/CN=gateway")
    policy = lab.policies / "acme.ini"
    text = policy.read_text()
    policy.write_text(text.replace("\n\n[access", "\ndns = gw.acme.example\n\n[access", 1))
    for form in FORMS:
        lab.sections += (f"\n[service {form}]\nhost = {form.replace('_', '-')}.agency.example\n"
                         f"upstream = http://127.0.0.1:{lab.upstream.port}\n"
                         f"forward_identity = {form}\n")
    return lab


SHARED = []


def shared_lab():
    """One for the cases that change nothing in it: certificates and starts take their time."""
    if not SHARED:
        SHARED.append(make_lab())
        SHARED[0].start()
    return SHARED[0]


def host_of(form):
    return f"{form.replace('_', '-')}.agency.example"


def arrived(lab, session, form, fields):
    """The request's fields as the upstream got them, each name once."""
    answer = session.request("/v1/x", host=host_of(form), fields=fields)
    equal(answer.status, 200, form, fields)
    head = lab.upstream.heads()[-1]
    names = [name.lower().replace("_", "-") for name, _ in head["headers"]]
    equal(sorted(names), sorted(set(names)), "a field twice", head["headers"])
    return {name.lower(): value for name, value in head["headers"]}


def ask(lab, form, fields=(), who="acme"):
    """The same on a connection of its own, and its event."""
    skip = len(lab.final())
    with lab.tls(who, host=host_of(form)) as session:
        got = arrived(lab, session, form, fields)
    return got, lab.next_final(skip)[0]


def told(lab, name, form):
    """What an upstream should be told of that vendor in that form, from openssl alone."""
    def x509(*words):
        return subprocess.run(["openssl", "x509", "-in", lab.ca / f"{name}.pem", "-noout", *words],
                              check=True, capture_output=True, text=True).stdout

    def der(path):
        return subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True,
                              capture_output=True).stdout

    def item(path):
        return f":{base64.b64encode(der(path)).decode()}:"
    serial = re.search(r"serial=(\S+)", x509("-serial"))[1].lower()
    sha256 = x509("-fingerprint", "-sha256").partition("=")[2].strip().replace(":", "").lower()
    if form == "headers":
        return {"x-vendor-id": name, "x-vendor-access": form, "x-vendor-address": "127.0.0.1",
                "x-vendor-cert-serial": serial, "x-vendor-cert-sha256": sha256}
    if form == "client_cert" and name == "acme":
        return {"client-cert": item(lab.ca / "acme.pem"),
                "client-cert-chain": item(lab.ca / "acme-sub.pem")}
    if form == "client_cert":
        return {"client-cert": item(lab.ca / f"{name}.pem")}
    if form == "xfcc" and name == "acme":
        subject = r"CN=gateway,O=Acme\2C \22Training\22\3BURI=spiffe:other"
        return {"x-forwarded-client-cert":
                f'Hash={sha256};Subject="{subject}";URI=spiffe://acme.example/gateway;'
                "DNS=gw.acme.example"}
    if form == "xfcc":
        return {"x-forwarded-client-cert":
                f'Hash={sha256};Subject="CN=gateway,O={name}";URI=spiffe://{name}.example/gateway'}
    return {}


def poses(lab):
    """Fields with what would be right for bolt, or for a proxy."""
    bolt = {form: told(lab, "bolt", form) for form in FORMS}
    rows = [(name, value) for fields in bolt.values() for name, value in fields.items()]
    rows += [
        ("client-cert-chain", bolt["client_cert"]["client-cert"]),
        ("forwarded", 'for=203.0.113.9;host=api.agency.example;proto=https'),
        ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-host", HOST),
        ("x-forwarded-proto", "https"), ("x-forwarded-port", "443"),
        ("x-forwarded-prefix", "/admin"), ("x-forwarded-server", "dmz-1"),
        ("x-forwarded-user", "bolt"), ("x-real-ip", "203.0.113.9"),
        ("true-client-ip", "203.0.113.9"), ("x-client-ip", "203.0.113.9"),
        ("x-cluster-client-ip", "203.0.113.9"), ("cf-connecting-ip", "203.0.113.9"),
        ("via", "1.1 dmz-1"), ("x-original-url", "/admin"), ("x-rewrite-url", "/admin"),
        ("x-original-host", HOST), ("x-host", HOST),
        ("x-request-id", "01JZ3K6Q8V4W2M7T9YB5X0C1DE"), ("ssl-client-verify", "SUCCESS"),
        ("ssl-client-cert", "bolt"), ("ssl-client-s-dn", "CN=gateway,O=bolt"),
        ("x-ssl-client-verify", "SUCCESS"), ("x-ssl-client-cert", "bolt"),
        ("x-ssl-cert", "bolt"), ("x-client-cert", "bolt"), ("x-arr-clientcert", "bolt"),
        ("x-amzn-mtls-clientcert", "bolt"), ("x-tls-client-cert", "bolt"),
        ("proxy-authorization", "Basic Ym9sdDpib2x0"), ("proxy-connection", "keep-alive"),
        ("proxy", "http://203.0.113.9/"), ("remote-user", "bolt"), ("x-remote-user", "bolt"),
        ("x-authenticated-user", "bolt"), ("authorization", "Bearer bolt"),
        ("cookie", "vendor=bolt"), ("keep-alive", "timeout=5"), ("te", "trailers"),
        ("x-b3-traceid", TRACE), ("b3", f"{TRACE}-{SPAN}-1"),
    ]
    return rows


def spellings(name):
    """The same name to one server or another."""
    first, _, rest = name.partition("-")
    return [name, name.upper(), name.title(), name.replace("-", "_"),
            name.replace("-", "_").upper(), f"{first}_{rest}" if rest else name, f"{name}_",
            f"_{name}", name.replace("-", ".")]


def posing(fields):
    """All that arrived by which somebody could be told who asks."""
    own = ("host", "x-request-id", "traceparent")
    return {name: value for name, value in fields.items()
            if POSING.search(name.replace("_", "-")) and name not in own}


@case("each form tells who asks, and nothing else does")
def _():
    lab = shared_lab()
    for form in FORMS:
        for name in ("acme", "bolt"):
            for _ in range(2):  # what is kept is what was made
                fields, event = ask(lab, form, who=name)
                equal(posing(fields), told(lab, name, form), form, name)
                equal(event["vendor"], name)


@case("what would be right for another vendor, or for a proxy, never arrives")
def _():
    lab = shared_lab()
    rows = poses(lab)
    for form in FORMS:
        want = told(lab, "acme", form)
        honest, _ = ask(lab, form, ["Accept: application/json"])
        equal((posing(honest), honest["accept"]), (want, "application/json"), form)
        asked = []
        for number in range(9):  # all at once, in each spelling
            asked.append([f"{spellings(name)[number]}: {value}" for name, value in rows])
        for name, value in rows:  # each in all spellings, twice, around an honest field
            lines = [f"{spelt}: {value}" for spelt in spellings(name)]
            asked.append([*lines, "X-Nothing: 1", *lines])
        with lab.tls("acme", host=host_of(form)) as session:
            for fields in asked:
                got = arrived(lab, session, form, ["Accept: a/b", *fields])
                equal((posing(got), got["accept"]), (want, "a/b"), form, fields)
                check("bolt" not in str(got) and "01JZ3K6Q8V4" not in str(got), got)


@case("nor does it as a trailer")
def _():
    lab = shared_lab()
    rows = poses(lab)
    trailers = "".join(f"{name}: {value}\r\n" for name, value in rows)
    for form in FORMS:
        skip = len(lab.final())
        with lab.tls("acme", host=host_of(form)) as session:
            session.send((f"POST /v1/x HTTP/1.1\r\nHost: {host_of(form)}\r\n"
                          "Transfer-Encoding: chunked\r\nTrailer: X-Vendor-Id\r\n\r\n"
                          f"5\r\nhello\r\n0\r\n{trailers}\r\n").encode())
            equal(session.receive().status, 200)
            equal(session.request("/v1/x", host=host_of(form)).status, 200)
        lab.next_final(skip, 2)
        for head in lab.upstream.heads()[-2:]:
            got = {name.lower(): value for name, value in head["headers"]}
            equal(posing(got), told(lab, "acme", form), form)
            check("bolt" not in str(head) and "trailer" not in got, head)


@case("look-alikes of framing are 400 and the end, others are left out")
def _():
    lab = shared_lab()
    malformed = ["Content_Length: 5", "CONTENT_LENGTH: 5", "Transfer_Encoding: chunked",
                 "Transfer.Encoding: chunked", "Content-Length_: 5", "_Host: x", "Host_: x",
                 "Connection_: close", "Expect_: 100-continue", "Up_grade: h2c",
                 "X_HTTP_Method_Override: PUT", "HTTP2_Settings: AAMAAABk",
                 "Connection: X-Vendor-Id", "Connection: client-cert",
                 "Connection: X-Forwarded-Client-Cert", "Connection: traceparent"]
    left_out = ["Content_Type: text/evil", "X_Vendor_Id: bolt", "Accept_: evil",
                "User_Agent: evil", "Client_Cert: :AAAA:", "Trace_Parent: evil",
                "Connection: X-Nothing", "Connection: keep-alive"]
    before = len(lab.upstream.heads())
    for field in malformed:
        skip = len(lab.final())
        with lab.tls("acme", host=host_of("headers")) as session:
            session.send((f"GET /v1/x HTTP/1.1\r\nHost: {host_of('headers')}\r\n{field}\r\n\r\n"
                          "GET /v1/next HTTP/1.1\r\n\r\n").encode())
            answer = session.receive()
            equal((answer.status, answer.headers.get("connection")), (400, "close"), field)
            equal(session.sock.recv(100), b"", "closed behind", field)
        event = lab.next_final(skip)[0]
        equal(event["reason"], "http.malformed", field)
    equal(len(lab.upstream.heads()), before, "what is malformed reaches nobody")
    for field in left_out:
        got, _ = ask(lab, "headers", [field])
        equal(posing(got), told(lab, "acme", "headers"), field)
        check("evil" not in str(got), got)


@case("what a client sends behind its chain, and that issued nothing of it, is not told")
def _():
    lab = shared_lab()
    # One more that nobody needs, though it is of the same CA: the handshake takes it.
    lab.pki("leaf", "more", "--ca", "acme-sub", "--uri", "spiffe://bolt.example/gw")
    chain = lab.ca / "acme.chain.pem"
    small = chain.read_text()
    with lab.ca.joinpath("acme.chain.pem").open("a", encoding="ascii") as out:
        out.write((lab.ca / "more.pem").read_text())
    want = told(lab, "acme", "client_cert")
    got, _ = ask(lab, "client_cert")
    equal(posing(got), want, "with one more")
    chain.write_text(small)
    got, _ = ask(lab, "client_cert")
    equal(posing(got), want, "the honest one")


@case("upstream_host is what the upstream is told, and its own name in redirects")
def _():
    with Lab() as lab:
        lab.services = {}
        lab.sections = (f"\n[service api]\nhost = {HOST}\nprefix = /below\n"
                        f"upstream = http://127.0.0.1:{lab.upstream.port}\n"
                        "upstream_host = residents.internal:8080\n")
        lab.vendor("acme", {"all": ("GET", "/**")})
        lab.start()

        def redirect(location):
            path = f"/below/field/Location/{location.encode().hex()}"
            answer = lab.curl("acme", path)
            return answer.status, answer.headers.get("location")
        equal(redirect("http://residents.internal:8080/v1"), (200, "/below/v1"))
        equal(redirect("https://residents.internal/v1"), (200, "/below/v1"))
        equal(redirect("http://elsewhere.internal:8080/v1"), (502, None))
        equal({head["fields"]["host"] for head in lab.upstream.heads()},
              {"residents.internal:8080"})


@case("a trace is continued where it is valid, else started; the event has it")
def _():
    lab = shared_lab()
    parent = f"traceparent: 00-{TRACE}-{SPAN}-00"
    continued = [
        ([parent], None), ([f"TraceParent: 00-{TRACE}-{SPAN}-00"], None),
        ([parent, "tracestate: a=1, b=2", "Tracestate: c=3"], "a=1,b=2,c=3"),
        ([parent, "tracestate: a=1,a=2"], None),
        ([parent, f"tracestate: a={'x' * 250},b={'x' * 250},c=12345"], None),
    ]
    started = [
        [], ["tracestate: a=1"], [parent, parent], [parent.replace("00-", "01-", 1)],
        [f"traceparent: 00-{TRACE.upper()}-{SPAN}-00", "tracestate: a=1"],
        [f"traceparent: 00-{'0' * 32}-{SPAN}-01"], [f"traceparent: 00-{TRACE}-{'0' * 16}-01"],
        ["traceparent: \u00e9"], [f"trace_parent: 00-{TRACE}-{SPAN}-00"],
    ]
    seen = set()
    for fields, state in continued:
        got, event = ask(lab, "none", fields)
        _, trace, span, flags = got["traceparent"].split("-")
        equal((trace, flags, got.get("tracestate")), (TRACE, "00", state), fields)
        equal((event["trace"], event["span"]), (trace, span))
        seen.add(span)
    for fields in started:
        got, event = ask(lab, "none", fields)
        version, trace, span, flags = got["traceparent"].split("-")
        check(re.fullmatch("[0-9a-f]{32}", trace) and trace != TRACE, got)
        equal((version, flags, got.get("tracestate")), ("00", "01", None), fields)
        equal((event["trace"], event["span"]), (trace, span))
        seen |= {span, trace}
    equal(len(seen), len(continued) + 2 * len(started), "ids are new each time")
    check(SPAN not in seen, "a span of our own")
    with lab.tls("acme", host=host_of("none")) as session:
        skip = len(lab.final())
        answer = session.request("/v1/../x", host=host_of("none"), fields=[parent])
        equal(answer.status, 400)
        equal(lab.next_final(skip)[0]["trace"], TRACE, "a refusal has it, too")


@case("a reload that lists other names is told at the next request of the same connection")
def _():
    lab = shared_lab()
    with lab.tls("acme", host=host_of("xfcc")) as session:
        check("DNS=" in arrived(lab, session, "xfcc", [])["x-forwarded-client-cert"], "before")
        policy = lab.policies / "acme.ini"
        policy.write_text(policy.read_text().replace("dns = gw.acme.example\n", ""))
        lab.gateway.send_signal(1)
        for _ in range(200):
            equal(session.request("/v1/x", host=host_of("xfcc")).status, 200)
            if "DNS=" not in lab.upstream.heads()[-1]["fields"]["x-forwarded-client-cert"]:
                break
            session.sock.settimeout(5)
        value = lab.upstream.heads()[-1]["fields"]["x-forwarded-client-cert"]
        check("DNS=" not in value and "URI=spiffe://acme" in value, value)


@case("and the gateway that did all this ends well")
def _():
    with shared_lab():
        SHARED.clear()


main()
