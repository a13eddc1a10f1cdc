#!/usr/bin/env python3
"""Vendors that mean it badly, against the real daemon: each case says what an honest vendor gets
meanwhile, and what was told."""
import random
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path

import harness
from harness import HOST, Lab, case, check, equal, wait_for

REQUEST = f"GET /v1/x HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def make_lab(limits=""):
    lab = Lab()
    lab.vendor("acme", {"all": ("GET, POST", "/**")})
    lab.vendor("bolt", {"all": ("GET", "/**")})
    if limits:
        lab.sections += f"\n[limits]\n{limits}\n"
    return lab


def honest(lab, what, within=5.0):
    """Another vendor is served, and soon."""
    start = time.monotonic()
    answer = lab.curl("bolt", "/v1/honest")
    equal(answer.status, 200, "control", what, answer)
    check(time.monotonic() - start < within, what, "the control took",
          f"{time.monotonic() - start:.1f} s")


def resident(pid):
    """KiB that a process has in memory."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise harness.Failed(f"no memory of {pid}")


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def events_of(lab, vendor):
    return [event for event in lab.final() if event.get("vendor") == vendor]


@case("forty readers who take nothing of a huge answer cost bounded memory, and end")
def _():
    with make_lab() as lab:
        lab.start()
        honest(lab, "before")
        [worker] = lab.children("vendgate-worker")
        with lab.tls("acme") as session:
            session.request("/cl/3000000")
        before = resident(worker)
        readers = [lab.tls("acme") for _ in range(40)]
        for reader in readers:
            reader.send(REQUEST.replace(b"/v1/x", b"/cl/300000000"))
        time.sleep(2)
        grown = resident(worker) - before
        print(f"# {grown // len(readers)} KiB for each reader who takes nothing")
        # A queue of 128 KiB each way is the bound; a sanitizer keeps 256 MiB of what was freed.
        check(grown < (40 + 256 * harness.SANITIZED) * 1024, "grew by", grown, "KiB")
        honest(lab, "beside them")
        told = wait_for("their end", lambda: len(events_of(lab, "acme")) == 41 and
                        events_of(lab, "acme"), 25)
        stalled = [event for event in told if event["reason"] == "http.too_slow" and
                   event.get("constraint") == "answer not taken"]
        equal(len(stalled), 40, [event.get("constraint") for event in told])
        for reader in readers:
            reader.sock.close()


@case("a body of one byte in time buys no time")
def _():
    with make_lab() as lab:
        lab.start()
        with lab.tls("acme", timeout=20) as session:
            session.send(f"POST /v1/x HTTP/1.1\r\nHost: {HOST}\r\n"
                         "Content-Length: 1000\r\n\r\n".encode())
            start = time.monotonic()
            session.sock.settimeout(0.5)
            while time.monotonic() - start < 20:
                session.send(b"x")
                try:
                    session._more()  # pylint: disable=protected-access
                    break
                except TimeoutError:
                    pass
            equal(session.receive().status, 408)
            check(8 < time.monotonic() - start < 16, time.monotonic() - start)
        [event] = lab.next_final(0)
        equal(event["reason"], "http.too_slow")
        equal(lab.curl("acme", "/v1/x", "-d", "x" * 1000).status, 200, "control")


@case("a thousand requests at once are answered one by one, in their order")
def _():
    with make_lab() as lab:
        lab.start()
        with lab.tls("acme", timeout=60) as session:
            lab_requests = b"".join(REQUEST.replace(b"/v1/x", b"/v1/%d" % i)
                                    for i in range(1000))
            sent = 0
            session.sock.settimeout(60)
            while sent < len(lab_requests):
                session.send(lab_requests[sent:sent + 8192])
                sent += 8192
            for i in range(1000):
                answer = session.receive()
                equal(answer.status, 200, i)
                check(b'"/v1/%d"' % i in answer.body, i, answer.body)
        wait_for("a thousand events", lambda: len(lab.final()) >= 1000)
        equal(len({event["req"] for event in lab.next_final(0, 1000)}), 1000)


@case("whoever vanishes at any byte leaves one event for each whole head, and no trace")
def _():
    with make_lab() as lab:
        lab.start()
        honest(lab, "before", 15)
        [worker] = lab.children("vendgate-worker")
        before = len(lab.upstream.heads())
        dice = random.Random(7)
        post = (f"POST /v1/x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 50\r\n\r\n".encode()
                + b"x" * 50)
        heads = 0
        for i in range(60):
            script = (REQUEST, post, REQUEST.replace(b"/v1/x", b"/cl/3000000"))[i % 3]
            end = script.index(b"\r\n\r\n") + 4
            cut = dice.randrange(1, end) if dice.random() < 0.4 else \
                dice.randrange(end, len(script) + 1)
            session = lab.tls("acme")
            session.send(script[:cut])
            if cut >= end:
                heads += 1
                # What a reset overtakes was never heard: it must be upstream first.
                wait_for("the request upstream", lambda want=before + heads: len(
                    lab.upstream.heads()) >= want)
                time.sleep(dice.random() * 0.05)
            reset(session.sock)
        check(heads > 20, heads)
        wait_for("their events", lambda: len(events_of(lab, "acme")) >= heads)
        honest(lab, "afterwards")
        time.sleep(0.3)
        equal(len(events_of(lab, "acme")), heads)
        equal(lab.children("vendgate-worker"), [worker], "the worker lives")


@case("a bare FIN behind a whole request leaves its one event")
def _():
    with make_lab() as lab:
        lab.start()
        for end in ("bare", "in order"):
            skip = len(lab.final())
            with lab.tls("acme") as session:
                session.send(REQUEST.replace(b"/v1/x", b"/slow/300"))
                time.sleep(0.1)
                if end == "bare":
                    # Not sock.shutdown of the TLS object: that forgets the session.
                    socket.socket.shutdown(session.sock, socket.SHUT_WR)
                else:
                    equal(session.receive().status, 200, "control")
            [event] = lab.next_final(skip)
            equal((event["reason"], event.get("constraint")),
                  ("access.allowed", "client closed" if end == "bare" else None), end)


@case("300 silent and 300 dribbling connections keep no vendor out")
def _():
    with make_lab() as lab:
        lab.start()
        crowd = []
        for i in range(600):
            sock = socket.create_connection(("127.0.0.1", lab.port), 5)
            if i % 2:
                sock.sendall(b"\x16\x03\x01\x02")
            crowd.append(sock)
        start = time.monotonic()
        rounds = 0
        while time.monotonic() - start < 6:
            for i in range(1, 600, 2):
                try:
                    crowd[i].sendall(b"\x00")
                except OSError:
                    pass
            honest(lab, "in the crowd", 8)
            rounds += 1
        check(rounds >= 2, rounds)
        for sock in crowd:
            sock.close()
        wait_for("the dribblers' events", lambda: len(
            [e for e in lab.final() if e["event"] == "handshake_failed"]) >= 300)
        honest(lab, "afterwards")


def hold_all(workers):
    with make_lab("connections = 20") as lab:
        lab.gateway_keys = f"workers = {workers}\n"
        lab.start()
        honest(lab, "before")
        crowd = [socket.create_connection(("127.0.0.1", lab.port), 5) for _ in range(19)]
        time.sleep(0.5)
        honest(lab, "with one place left")
        crowd.append(socket.create_connection(("127.0.0.1", lab.port), 5))
        time.sleep(0.5)
        answer = lab.curl("bolt", "/v1/x", timeout=2)
        equal(answer.status, 0, "with 20 held", answer)
        for sock in crowd[:5]:
            sock.close()
        honest(lab, "with room again")
        for sock in crowd:
            sock.close()


@case("at most `connections` are held; the next one waits, and is served when there is room")
def _():
    hold_all(workers=1)


@case("with two workers it is as many in all, whoever accepts them")
def _():
    hold_all(workers=2)


@case("a flood of key updates ends, and others are served meanwhile")
def _():
    with make_lab() as lab:
        lab.start()
        honest(lab, "before", 15)
        [worker] = lab.children("vendgate-worker")
        words = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{lab.port}",
                 "-servername", HOST, "-CAfile", lab.ca / "server-ca.pem",
                 "-cert", lab.ca / "acme.chain.pem", "-key", lab.ca / "acme.key"]
        words.remove("-quiet")
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as flood:
            time.sleep(0.5)
            for _ in range(200):
                flood.stdin.write(b"K\n")
                flood.stdin.flush()
                time.sleep(0.002)
            honest(lab, "beside it")
            flood.terminate()
        equal(lab.children("vendgate-worker"), [worker], "the worker lives")


@case("who drains ends: an answer under way comes whole, who reads nothing is cut")
def _():
    lab = make_lab()
    lab.gateway_keys += "drain = 3s\n"
    with lab:
        lab.start()
        slow, stuck, idle = lab.tls("acme"), lab.tls("acme"), lab.tls("acme")
        equal(idle.request("/v1/x").status, 200)
        slow.send(REQUEST.replace(b"/v1/x", b"/slow/1000"))
        stuck.send(REQUEST.replace(b"/v1/x", b"/cl/300000000"))
        time.sleep(0.4)
        start = time.monotonic()
        lab.gateway.terminate()
        answer = slow.receive()
        equal((answer.status, answer.headers.get("connection")), (200, "close"))
        equal(idle.sock.recv(1), b"", "an idle connection is ended in order")
        equal(lab.gateway.wait(15), 0)
        check(time.monotonic() - start < 10, time.monotonic() - start)
        stuck.sock.suppress_ragged_eofs = False
        try:
            while stuck.sock.recv(1 << 20):
                pass
            raise harness.Failed("the cut answer ended in order")
        except (ssl.SSLError, OSError):
            pass
        equal(len(lab.final()), 3, lab.final())
        for session in (slow, stuck, idle):
            session.sock.close()


harness.main()
