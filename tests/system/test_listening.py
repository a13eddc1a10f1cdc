#!/usr/bin/env python3
"""What comes before a vendor is known: PROXY headers, checks of load balancers, limits of the
gateway's own, queues and descriptors, IPv6, and what is still told to who is turned away."""
import contextlib
import json
import re
import resource
import socket
import ssl
import struct
import subprocess
import time

import harness
from harness import HOST, Lab, Session, Skipped, case, check, equal, wait_for

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REQUEST = f"GET /v1/x HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def make_lab(gateway="", limits="", extra=""):
    lab = Lab()
    lab.vendor("acme", {"all": ("GET, POST", "/**")})
    if extra:
        policy = lab.policies / "acme.ini"
        policy.write_text(policy.read_text().replace("[identity]\n", f"[identity]\n{extra}\n"))
    lab.gateway_keys += gateway + "\n"
    if limits:
        lab.sections += f"\n[limits]\n{limits}\n"
    return lab


def connect(lab, source="127.0.0.1", timeout=10):
    return socket.create_connection(("127.0.0.1", lab.port), timeout, (source, 0))


def secure(lab, sock, who="acme"):
    context = ssl.create_default_context(cafile=lab.ca / "server-ca.pem")
    if who is not None:
        context.load_cert_chain(lab.ca / f"{who}.chain.pem", lab.ca / f"{who}.key")
    try:
        return Session(context.wrap_socket(sock, server_hostname=HOST))
    except BaseException:
        sock.close()
        raise


def version_2(src, sport, command=1, tlvs=b""):
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    addresses = socket.inet_pton(family, src) * 2 + struct.pack("!HH", sport, 443)
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, 0x21 if ":" in src else 0x11,
                                   len(addresses) + len(tlvs)) + addresses + tlvs


def ctl(lab, *words):
    return subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", *words],
                          capture_output=True, text=True, timeout=60, check=False)


def figure(lab, name):
    status = json.loads(ctl(lab, "--json", "status").stdout)
    return sum(process.get(name, 0) for process in status["processes"])


# PROXY protocol ---------------------------------------------------------------------------------

@case("a listed peer's header says whose connection it is: for events and networks")
def _():
    with make_lab("proxy_protocol_from = 127.0.0.2, ::1",
                  extra="networks = 203.0.113.0/24, 2001:db8:7::/48") as lab:
        lab.start()
        for header, src, sport, status in (
                (b"PROXY TCP4 203.0.113.7 10.0.0.1 40001 443\r\n", "203.0.113.7", 40001, 200),
                (b"PROXY TCP4 198.51.100.7 10.0.0.1 40002 443\r\n", "198.51.100.7", 40002, 403),
                (b"PROXY TCP6 2001:db8:7::9 ::1 40003 443\r\n", "2001:db8:7::9", 40003, 200),
                (b"PROXY TCP6 ::ffff:203.0.113.9 ::1 40003 443\r\n", "203.0.113.9", 40003, 200),
                (version_2("203.0.113.8", 40004), "203.0.113.8", 40004, 200),
                (version_2("2001:db8:8::1", 40005), "2001:db8:8::1", 40005, 403),
                (version_2("203.0.113.8", 40006, tlvs=b"\x04\x01\x00" + b"x" * 256),
                 "203.0.113.8", 40006, 200),
                (version_2("203.0.113.8", 40006, command=0), "127.0.0.2", None, 403),
                (b"PROXY UNKNOWN\r\n", "127.0.0.2", None, 403)):
            skip = len(lab.final())
            sock = connect(lab, "127.0.0.2")
            sport = sport or sock.getsockname()[1]
            sock.sendall(header)
            with secure(lab, sock) as session:
                equal(session.request("/v1/x").status, status, header)
            [event] = lab.next_final(skip)
            equal((event["src"], event["sport"], event["vendor"]), (src, str(sport), "acme"), event)


@case("a header comes a byte at a time, or in one piece with the hello; the hello stays whole")
def _():
    with make_lab("proxy_protocol_from = 127.0.0.2") as lab:
        lab.start()
        for header in (b"PROXY TCP4 203.0.113.7 10.0.0.1 40001 443\r\n",
                       version_2("203.0.113.7", 40001, tlvs=b"\x04\x00\x20" + b"x" * 32)):
            sock = connect(lab, "127.0.0.2")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(len(header)):
                sock.sendall(header[at:at + 1])
                time.sleep(0.005)
            with secure(lab, sock) as session:
                equal(session.request("/v1/x").status, 200, header)
            context = ssl.create_default_context(cafile=lab.ca / "server-ca.pem")
            context.load_cert_chain(lab.ca / "acme.chain.pem", lab.ca / "acme.key")
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname=HOST)
            with connect(lab, "127.0.0.2") as sock:
                first = header
                while True:
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        sock.sendall(first + outgoing.read())
                        first = b""
                        incoming.write(sock.recv(65536))
                tls.write(REQUEST)
                sock.sendall(outgoing.read())
                answer = b""
                while b"\r\n\r\n" not in answer:
                    incoming.write(sock.recv(65536))
                    with contextlib.suppress(ssl.SSLWantReadError):
                        answer += tls.read(65536)
                check(answer.startswith(b"HTTP/1.1 200 "), answer)
        for event in lab.next_final(0, 4):
            equal((event["src"], event["sport"]), ("203.0.113.7", "40001"), event)


def ends(sock):
    """The gateway ends its half, with no byte but an alert's."""
    with contextlib.suppress(ConnectionResetError):
        while sock.recv(4096):
            pass


@case("a listed peer must send a good header, and nobody else may send one")
def _():
    with make_lab("proxy_protocol_from = 127.0.0.2", "header_timeout = 2s") as lab:
        lab.start()
        hello = bytes.fromhex("16030100a5010000a1")
        good = b"PROXY TCP4 203.0.113.7 10.0.0.1 40001 443\r\n"
        for source, data, reason, constraint in (
                ("127.0.0.2", hello, "proxy.malformed", "no PROXY header"),
                ("127.0.0.2", b"GET / HTTP/1.1\r\n\r\n", "proxy.malformed", None),
                ("127.0.0.2", good.replace(b"443", b"0443"), "proxy.malformed", "not a port"),
                ("127.0.0.2", good.replace(b"\r\n", b"\n"), "proxy.malformed", None),
                ("127.0.0.2", SIGNATURE + b"\x21\x11\0\4abcd", "proxy.malformed",
                 "too short for its addresses"),
                ("127.0.0.2", version_2("203.0.113.7", 1, tlvs=b"\x03\0\4abcd"), "proxy.malformed",
                 "its CRC-32C is wrong"),
                ("127.0.0.2", good + good, "tls.protocol", "a PROXY header in place of TLS"),
                ("127.0.0.3", good, "tls.protocol", "a PROXY header in place of TLS"),
                ("127.0.0.3", version_2("203.0.113.7", 1), "tls.protocol",
                 "a PROXY header in place of TLS"),
                ("127.0.0.2", good[:20], "tls.timeout", "in its PROXY header"),
                ("127.0.0.2", b"", "tls.timeout", "in its PROXY header")):
            skip = len(lab.final())
            with connect(lab, source) as sock:
                sock.sendall(data)
                ends(sock)
            [event] = lab.next_final(skip)
            equal(event["reason"], reason, data, event)
            check(constraint is None or event["constraint"] == constraint, event)
            equal(event["src"], "203.0.113.7" if data == good + good else source, event)
        skip = len(lab.final())
        with connect(lab, "127.0.0.2") as sock:
            sock.sendall(good[:20])
        [event] = lab.next_final(skip)
        equal((event["reason"], event["constraint"]), ("tls.closed", "in its PROXY header"))
        equal(lab.curl("acme", "/v1/x").status, 200, "control")
        equal([row["fields"].get("host") for row in lab.upstream.heads()], [HOST])


# Probes -----------------------------------------------------------------------------------------

@case("checks of load balancers that break off are counted, and leave no event")
def _():
    with make_lab("probes_from = 127.0.0.2, 127.0.0.4\nproxy_protocol_from = 127.0.0.4",
                  "header_timeout = 2s") as lab:
        lab.pki("ca", "somebody-ca")
        lab.pki("leaf", "stranger", "--ca", "somebody-ca", "--uri", "spiffe://nobody.example/x")
        lab.start()

        def check_from(source, data):
            with connect(lab, source) as sock:
                sock.sendall(data)
        hello = bytes.fromhex("16030102000100")
        for source, data in (("127.0.0.2", b""), ("127.0.0.2", hello), ("127.0.0.4", b""),
                             ("127.0.0.4", b"PROXY UNKNOWN\r\n"),
                             ("127.0.0.4", version_2("203.0.113.7", 1, command=0)),
                             ("127.0.0.4", b"PROXY TC")):
            check_from(source, data)
        wait_for("six probes", lambda: figure(lab, "probes") == 6)
        time.sleep(0.3)
        equal(lab.final(), [])
        # Not for others, not for who a header names, not for what is no broken handshake.
        for source, data, reason in (
                ("127.0.0.3", b"", "tls.closed"),
                ("127.0.0.4", b"PROXY TCP4 203.0.113.7 10.0.0.1 40001 443\r\n", "tls.closed"),
                ("127.0.0.2", b"GET / HTTP/1.1\r\n\r\n", "tls.protocol")):
            skip = len(lab.final())
            check_from(source, data)
            equal(lab.next_final(skip)[0]["reason"], reason, source, data)
        for who, reason in ((None, "identity.none"), ("stranger", "identity.unknown")):
            skip = len(lab.final())
            with contextlib.suppress(OSError):
                with secure(lab, connect(lab, "127.0.0.2"), who) as session:
                    session.request("/v1/x")
            equal(lab.next_final(skip)[0]["reason"], reason)
        equal(figure(lab, "probes"), 6)
        head, row = re.search(r"^(WORKER .*)\n(.*)$", ctl(lab, "status").stdout, re.M).groups()
        equal(row.split()[head.split().index("PROBES")], "6", head, row)


# Limits -----------------------------------------------------------------------------------------

@case("over connections_per_address they wait until one ends; other addresses don't")
def _():
    with make_lab(limits="connections_per_address = 2\nheader_timeout = 3s") as lab:
        lab.start()
        first, second = (secure(lab, connect(lab, "127.0.0.2")) for _ in range(2))
        equal(first.request("/v1/1").status, 200)
        third, fourth = (connect(lab, "127.0.0.2", 5) for _ in range(2))
        wait_for("two parked", lambda: figure(lab, "parked") == 2)
        with secure(lab, connect(lab, "127.0.0.3")) as other:
            equal(other.request("/v1/2").status, 200, "control")
        lab.next_final(0, 2)
        first.sock.close()
        with secure(lab, third) as session:
            equal(session.request("/v1/3").status, 200, "the oldest is taken up")
            equal(figure(lab, "parked"), 1)
            fourth.settimeout(10)
            start = time.monotonic()
            equal(fourth.recv(1), b"", "its time is over")
            check(time.monotonic() - start < 4, time.monotonic() - start)
        events = wait_for("events", lambda: len(lab.final(2)) == 2 and lab.final(2))
        equal({(e["reason"], e.get("constraint"), e["code"]) for e in events},
              {("access.allowed", None, "VG1001"),
               ("limit.address", "waited for one to end", "VG3090")})
        second.sock.close()
        wait_for("nobody", lambda: figure(lab, "connections") == 0)


@case("no more than 64 of an address wait; a header's address is the one that counts")
def _():
    with make_lab("proxy_protocol_from = 127.0.0.2",
                  "connections_per_address = 1\nconnections = 400") as lab, \
            contextlib.ExitStack() as opened:
        lab.start()

        def vouched(src):
            sock = opened.enter_context(connect(lab, "127.0.0.2"))
            sock.sendall(version_2(src, 40001))
            return sock
        sockets = [vouched("203.0.113.7") for _ in range(66)]
        [event] = lab.next_final(0)
        equal((event["reason"], event["src"], event["constraint"]),
              ("limit.address", "203.0.113.7", "too many wait"))
        equal(figure(lab, "parked"), 64)
        # IPv6 by its /64, and others are in nobody's way.
        kept = secure(lab, vouched("2001:db8:0:7::1"))
        equal(kept.request("/v1/1").status, 200)
        vouched("2001:db8:0:7::2")
        wait_for("one more", lambda: figure(lab, "parked") == 65)
        with secure(lab, vouched("2001:db8:0:8::1")) as session:
            equal(session.request("/v1/2").status, 200, "control")
        for sock in sockets:
            sock.close()
        kept.sock.close()


@case("workers have a share each of connections_per_address; a reload changes it")
def _():
    with make_lab(limits="connections_per_address = 8\nconnections = 400") as lab, \
            contextlib.ExitStack() as opened:
        lab.gateway_keys = lab.gateway_keys.replace("workers = 1", "workers = 2")
        lab.start()
        for _ in range(36):
            opened.enter_context(connect(lab, "127.0.0.2"))
        wait_for("thirty-six", lambda: figure(lab, "connections") == 36)
        # Four of each worker's are in, however they fell.
        status = json.loads(ctl(lab, "--json", "status").stdout)
        workers = [p for p in status["processes"] if p["role"] == "worker"]
        equal([w["parked"] for w in workers], [max(0, w["connections"] - 4) for w in workers])
        lab.sections = lab.sections.replace("address = 8", "address = 80")
        lab.write_config()
        equal(ctl(lab, "reload").returncode, 0)
        sessions = [opened.enter_context(secure(lab, connect(lab, "127.0.0.3")))
                    for _ in range(20)]
        for session in sessions:
            equal(session.request("/v1/x").status, 200)


@case("handshakes wait for the rate, in order, and none is refused")
def _():
    with make_lab(limits="handshakes = 2/s burst 3\nheader_timeout = 30s") as lab:
        lab.start()
        start = time.monotonic()
        took = []
        with contextlib.ExitStack() as opened:
            sessions = [secure(lab, opened.enter_context(connect(lab))) for _ in range(3)]
            took.append(time.monotonic() - start)
            for _ in range(4):
                sessions.append(secure(lab, opened.enter_context(connect(lab))))
            took.append(time.monotonic() - start)
            for session in sessions:
                equal(session.request("/v1/x").status, 200)
                session.sock.close()
        check((took[0] < 0.9 or harness.SANITIZED) and 1.9 < took[1] < 15, took)
    with make_lab() as lab:
        lab.start()
        start = time.monotonic()
        for _ in range(7):
            secure(lab, connect(lab)).sock.close()
        rest = time.monotonic() - start
        check(rest < 1.9 or harness.SANITIZED, "control", rest, took)


@case("more than the rate lets through until header_timeout is told as what it was")
def _():
    with make_lab(limits="handshakes = 1/s\nheader_timeout = 2s") as lab, \
            contextlib.ExitStack() as opened:
        lab.start()
        hello = ssl_hello()
        for _ in range(12):
            opened.enter_context(connect(lab)).sendall(hello)
        wait_for("waiting ones", lambda: figure(lab, "waiting") >= 8)
        events = wait_for("their end", lambda: len(lab.final()) == 12 and lab.final())
        told = [event["constraint"] for event in events]
        check(8 <= told.count("waits for its handshake") <= 10, told)


def ssl_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=HOST).do_handshake()
    return outgoing.read()


# Descriptors and queues -------------------------------------------------------------------------

def limited(lab, most):
    """The gateway's words and status, where it may have so many descriptors."""
    lab.write_config()
    gateway = subprocess.Popen(
        ["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh", lab.program, "-c",
         lab.dir / "vendgate.ini"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with contextlib.suppress(subprocess.TimeoutExpired):
        gateway.wait(5)
    if gateway.poll() is None:
        gateway.terminate()
    words, _ = gateway.communicate(timeout=20)
    return gateway.returncode, words


@case("too few descriptors for `connections` stop the start, and a reload, with what to do")
def _():
    with make_lab(limits="connections = 1000") as lab:
        lab.gateway_keys = lab.gateway_keys.replace("workers = 1", "workers = 2")
        status, words = limited(lab, 1000)
        equal(status, 1, words)
        check("connections = 1000 needs 1064 descriptors in each of 2 workers, and 1000 may be had"
              in words and "LimitNOFILE" in words and "connections to 936 at most" in words, words)
        status, words = limited(lab, 1064)
        equal(status, 0, "control", words)
        lab.start()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        lab.sections = f"\n[limits]\nconnections = {most * 2}\n"
        lab.write_config()
        ran = ctl(lab, "reload")
        equal(ran.returncode, 4, ran)
        check("descriptors" in ran.stdout + ran.stderr, ran)
        equal(lab.curl("acme", "/v1/x").status, 200)


@case("`connections` holds, and changes with a reload")
def _():
    with make_lab(limits="connections = 16") as lab, contextlib.ExitStack() as opened:
        lab.start()
        for _ in range(20):
            opened.enter_context(connect(lab))
        wait_for("sixteen", lambda: figure(lab, "connections") == 16)
        lab.sections = "\n[limits]\nconnections = 40\n"
        lab.write_config()
        equal(ctl(lab, "reload").returncode, 0)
        opened.close()
        for _ in range(30):
            opened.enter_context(connect(lab))
        wait_for("thirty", lambda: figure(lab, "connections") == 30)


def started(lab, before):
    """Status and words of a gateway that is ended once it serves, if it doesn't end itself."""
    path = lab.dir / "started.log"
    with open(path, "wb") as log:
        gateway = subprocess.Popen([*before, lab.program, "-c", lab.dir / "vendgate.ini"],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wait_for("its start", lambda: "serving on" in path.read_text() or gateway.poll() is not None,
             30)
    if gateway.poll() is None:
        gateway.terminate()
    return gateway.wait(20), path.read_text()


@case("a queue that the kernel cuts is told at the start, with the numbers")
def _():
    words = ["unshare", "--net", "sh", "-c",
             'ip link set lo up && echo 128 > /proc/sys/net/core/somaxconn && exec "$@"', "sh"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        raise Skipped("no network namespaces here")
    with make_lab() as lab:
        lab.write_config()
        for before, told in ((words, True), ([], False)):
            status, log = started(lab, before)
            equal("128 connections wait to be accepted, not 4096" in log, told, log)
            equal(status, 0, log)


# IPv6 -------------------------------------------------------------------------------------------

def connect_6(lab):
    return socket.create_connection(("::1", lab.port), 10)


@case("IPv4 and IPv6 are listened to side by side, and each is told as what it is")
def _():
    if not socket.has_ipv6:
        raise Skipped("no IPv6")
    for listen in ("0.0.0.0:{0}, [::]:{0}", "[::]:{0},\n  0.0.0.0:{0}", "127.0.0.1:{0}, [::1]:{0}"):
        with make_lab(extra="networks = ::1, 127.0.0.0/8") as lab:
            lab.listen = listen.format(lab.port)
            lab.write_config()
            lab.launch()
            wait_for("IPv6", lambda: answers(lab, connect_6))
            with secure(lab, connect_6(lab)) as session:
                equal(session.request("/v1/6").status, 200)
            with secure(lab, connect(lab, "127.0.0.9")) as session:
                equal(session.request("/v1/4").status, 200)
            events = [e for e in lab.events() if e["code"] == "VG1001"]
            wait_for("two events", lambda: len(
                [e for e in lab.events() if e["code"] == "VG1001"]) == 2)
            events = [e["src"] for e in lab.events() if e["code"] == "VG1001"]
            equal(events, ["::1", "127.0.0.9"])
            check("::ffff" not in "".join(lab.lines()), lab.lines())


def answers(lab, how):
    try:
        how(lab).close()
        return True
    except OSError:
        return False


@case("[::] takes no IPv4, and networks of IPv6 are held to")
def _():
    with make_lab(extra="networks = 2001:db8::/32, 127.0.0.0/8") as lab:
        lab.listen = f"[::]:{lab.port}"
        lab.write_config()
        lab.launch()
        wait_for("IPv6", lambda: answers(lab, connect_6))
        check(not answers(lab, connect), "IPv4 reached [::]")
        with secure(lab, connect_6(lab)) as session:
            equal(session.request("/v1/6").status, 403)
        told = wait_for("it", lambda: [e for e in lab.events() if e.get("vendor") == "acme"])
        equal((told[0]["reason"], told[0]["src"]), ("network.not_listed", "::1"))


@case("an address of one link is listened to on the interface that is named")
def _():
    words = ["unshare", "--net", "sh", "-c",
             'ip link set lo up && ip -6 addr add fe80::7/64 dev lo nodad && exec "$@"', "sh"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        raise Skipped("no network namespaces here")
    with make_lab() as lab:
        for zone, status in (("lo", 0), ("nowhere", 1)):
            lab.listen = f"[fe80::7%{zone}]:{lab.port}"
            lab.write_config()
            ended, log = started(lab, words)
            equal(ended, status, log)
            said = "serving on" if status == 0 else "can't listen on"
            check(f"{said} [fe80::7%{zone}]:{lab.port}" in log, log)
        lab.listen = f"[fe80::7]:{lab.port}"
        lab.write_config()
        ran = ctl(lab, "check")
        check(ran.returncode == 1 and "[fe80::7%eth0]:8443" in ran.stdout + ran.stderr, ran)


# What is still told -----------------------------------------------------------------------------

@case("a refusal reaches whole whoever is still sending, each time")
def _():
    with make_lab(limits="max_body = 100KB") as lab:
        lab.start()
        for number in range(60):
            big = number % 2 == 0
            path, status = ("/v1/x", 413) if big else ("/v1/../y", 400)
            with lab.tls("acme", timeout=20) as session:
                session.send(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n"
                             "Content-Length: 50000000\r\n\r\n".encode())
                with contextlib.suppress(OSError):
                    for _ in range(40):
                        session.send(b"x" * 65536)
                answer = session.receive()
                equal(answer.status, status, number)
                equal(len(answer.body), int(answer.headers["content-length"]), number)
                equal(answer.headers.get("connection"), "close", number)
        lab.next_final(0, 60)


@case("answers while draining say Connection: close, and reach their clients")
def _():
    with make_lab() as lab:
        lab.start()
        session = lab.tls("acme")
        equal("connection" in session.request("/v1/x").headers, False, "control")
        session.send(REQUEST.replace(b"/v1/x", b"/slow/1500"))
        wait_for("the request", lambda: len(lab.upstream.heads()) == 2)
        lab.gateway.terminate()
        answer = session.receive()
        equal((answer.status, answer.headers.get("connection")), (200, "close"))
        equal(session.sock.recv(1), b"")
        session.sock.close()


harness.main()
