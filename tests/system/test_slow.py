#!/usr/bin/env python3
"""Peers that are slow, or end one half of a connection: hundreds of slow vendors beside an honest
one, and upstreams that answer in their own time. Each is ended within its limit, and told."""
import resource
import select
import socket
import ssl
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import harness
from harness import HOST, Failed, Lab, case, check, equal, wait_for

DESCRIPTORS = 4096  # of each process, also of this one
CROWD = 300
HEADER_TIMEOUT = 5  # seconds, long enough for all of a kind to be there at once
SPAN = 10           # over which body_rate is measured
LINGER = 2          # of a connection that has been told why
SLACK = 3 + 4 * harness.SANITIZED
ODD = "other.agency.example"
LIMITS = f"header_timeout = {HEADER_TIMEOUT}s\nbody_rate = 64KiB/s\n"


def make_lab(limits=LIMITS, serve=None, keys=""):
    """SERVE: of another service's upstream, called for each connection."""
    lab = Lab()
    access = {"all": ("GET, POST", "/**")}
    if serve is not None:
        access["odd"] = ("GET, POST", "/**", "odd")
        OddUpstream(lab, serve, keys)
    lab.vendor("acme", access)
    lab.vendor("bolt", {"all": ("GET", "/**")})
    lab.sections += f"\n[limits]\n{limits}\n"
    return lab


class Honest(threading.Thread):
    """A vendor who asks all the time, mostly on one connection; counts what goes wrong."""

    def __init__(self, lab):
        super().__init__()
        self.lab, self.on = lab, True
        self.requests, self.slowest, self.faults = 0, 0.0, []
        self.start()

    def ask(self, session):
        start = time.monotonic()
        answer = session.request("/v1/honest")
        self.slowest = max(self.slowest, time.monotonic() - start)
        self.requests += 1
        if answer.status != 200:
            self.faults.append(repr(answer))

    def run(self):
        while self.on:
            try:
                with self.lab.tls("bolt", timeout=20) as session:
                    for _ in range(20):
                        self.ask(session)
                        time.sleep(0.02)
            except OSError as error:
                self.faults.append(f"{type(error).__name__}: {error}")

    def stop(self):
        self.on = False
        self.join()


# The slow ones: what each does at first, and then every half second -----------------------------

class Silent:
    """One slow client. `end` is when the gateway has ended its connection."""
    limit = HEADER_TIMEOUT

    def __init__(self, lab):
        self.sock = None
        self.begin(lab)
        self.begun, self.end = time.monotonic(), None

    def begin(self, lab):
        self.sock = socket.create_connection(("127.0.0.1", lab.port), 20)

    def drop(self):
        """What it does in time: nothing."""


class HalfHello(Silent):
    def begin(self, lab):
        super().begin(lab)
        reader, writer = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = lab.context.wrap_bio(reader, writer, server_hostname=HOST)
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = writer.read()
        self.rest = hello[len(hello) // 2:]
        self.sock.sendall(hello[:len(hello) // 2])

    def drop(self):
        self.sock.send(self.rest[:1])
        self.rest = self.rest[1:]


class SlowHead(Silent):
    text = f"GET /v1/x HTTP/1.1\r\nHost: {HOST}\r\nA: ".encode()

    def begin(self, lab):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.settimeout(20)
        sock.connect(("127.0.0.1", lab.port))
        self.sock = lab.context.wrap_socket(sock, server_hostname=HOST)
        self.sock.sendall(self.text)

    def drop(self):
        self.sock.send(b"a")


class SlowBody(SlowHead):
    limit = SPAN
    text = f"POST /v1/x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000000\r\n\r\n".encode()


class SlowReader(SlowHead):
    limit = SPAN
    text = f"GET /cl/3000000 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()

    def drop(self):
        self.sock.recv(1)


class Crowd(threading.Thread):
    """Slow clients, watched from their first moment until the gateway has ended them all; each does
    what it does every half second."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab = lab
        lab.context = ssl.create_default_context(cafile=lab.ca / "server-ca.pem")
        lab.context.load_cert_chain(lab.ca / "acme.chain.pem", lab.ca / "acme.key")
        self.poll = select.poll()
        self.left = {}
        self.ended = []
        self.most = 0
        self.start()

    def add(self, kind):
        client = kind(self.lab)
        client.sock.setblocking(False)
        self.left[client.sock.fileno()] = client
        self.poll.register(client.sock, select.POLLRDHUP)

    def fill(self, kind):
        """CROWD of that kind."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.add(kind), range(CROWD)))

    def run(self):
        due = 0
        while True:
            for number, _ in self.poll.poll(50):
                client = self.left.pop(number)
                client.end = time.monotonic()
                self.poll.unregister(number)
                self.ended.append(client)
            self.most = max(self.most, len(self.left))
            if time.monotonic() >= due:
                due = time.monotonic() + 0.5
                for client in list(self.left.values()):
                    try:
                        client.drop()
                    except OSError:
                        pass


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


KINDS = {  # what is told of each; those that stay the longest come first
    SlowReader: ("http.too_slow", "answer not taken"),
    SlowBody: ("http.too_slow", "request body"),
    SlowHead: ("http.too_slow", "request head"),
    HalfHello: ("tls.timeout", "in its hello"),
    Silent: ("tls.timeout", "silent"),
}


def told_of_crowd(lab):
    told = Counter()
    for event in lab.final():
        if event.get("vendor") != "bolt":
            told[event["reason"], event.get("constraint")] += 1
    return told


@case(f"{CROWD} slow clients of each of five kinds at once: gone in time, and nobody else suffers")
def _():
    with make_lab() as lab:
        lab.start()
        equal(lab.curl("bolt", "/v1/x").status, 200)
        [worker] = lab.children("vendgate-worker")
        before = descriptors(worker)
        honest = Honest(lab)
        crowd = Crowd(lab)
        try:
            for kind in KINDS:
                start = time.monotonic()
                crowd.fill(kind)
                print(f"# {kind.__name__}: {CROWD} came in {time.monotonic() - start:.1f} s")
            most = descriptors(worker)
            end = time.monotonic() + SPAN + LINGER + SLACK
            while crowd.left and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            honest.stop()
        equal(Counter(type(client).__name__ for client in crowd.left.values()), Counter(), "left")
        print(f"# at most {crowd.most} slow clients at once, {most} descriptors in the worker; the "
              f"honest one: {honest.requests} requests, the slowest {honest.slowest * 1000:.0f} ms")
        for kind in KINDS:
            times = [client.end - client.begun for client in crowd.ended
                     if type(client) is kind]  # pylint: disable=unidiomatic-typecheck
            print(f"# {kind.__name__}: ended after {min(times):.1f} to {max(times):.1f} s")
            equal(len(times), CROWD, kind.__name__)
            check(max(times) < kind.limit + SLACK, kind.__name__, "too late")
            check(min(times) > kind.limit - 1.5, kind.__name__, "too early")
        equal(honest.faults, [], "the honest client")
        check(honest.requests > 100, "the honest client asked", honest.requests)
        check(honest.slowest < 3 + SLACK, "the honest client waited", honest.slowest)
        for client in crowd.ended:
            client.sock.close()
        wait_for("the descriptors to go", lambda: descriptors(worker) <= before + 5, 10)
        wanted = Counter({what: CROWD for what in KINDS.values()})
        wait_for("their events", lambda: told_of_crowd(lab) == wanted or
                 sum(told_of_crowd(lab).values()) > CROWD * len(KINDS), 20)
        equal(told_of_crowd(lab), wanted)


# Halves of connections --------------------------------------------------------------------------

class OddUpstream:
    """An upstream of one test: each connection is handed to SERVE, once."""

    def __init__(self, lab, serve, keys=""):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.serve = serve
        lab.sections += (f"\n[service odd]\nhost = {ODD}\nupstream = http://127.0.0.1:"
                         f"{self.listener.getsockname()[1]}\n{keys}\n")
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            sock, _ = self.listener.accept()
            threading.Thread(target=self.one, args=(sock,), daemon=True).start()

    def one(self, sock):
        with sock:
            try:
                self.serve(sock)
            except OSError:
                pass


def read_head(sock):
    text = b""
    while b"\r\n\r\n" not in text:
        part = sock.recv(65536)
        if not part:
            raise ConnectionError("no head")
        text += part
    return text.partition(b"\r\n\r\n")[2]


def ask_odd(lab, **more):
    with lab.tls("acme", host=ODD, timeout=20) as session:
        return session.request("/v1/x", host=ODD, **more)


@case("a vendor that ends its half behind its request gets its answer")
def _():
    with make_lab() as lab:
        lab.start()
        for shut in (False, True):
            with lab.tls("acme") as session:
                session.send(f"GET /slow/700 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                session.sock.setblocking(False)
                try:
                    session.sock.unwrap()  # close_notify goes, and is not waited for
                except ssl.SSLWantReadError:
                    pass
                if shut:
                    socket.socket.shutdown(session.sock, socket.SHUT_WR)
                session.sock.settimeout(10)
                answer = session.receive()
                equal((answer.status, len(answer.body)), (200, 20), answer)
                try:
                    equal(session.sock.recv(16), b"", "and then the end")
                except ssl.SSLZeroReturnError:
                    pass  # as this module says it once it has ended its own half
        equal([event["reason"] for event in lab.next_final(0, 2)], ["access.allowed"] * 2)


@case("an upstream that ends its half: behind its answer it is whole, before it there is none")
def _():
    bodies = []

    def serve(sock):
        body = read_head(sock)
        if not bodies:
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nwhole")
        sock.shutdown(socket.SHUT_WR)
        while part := sock.recv(65536):
            body += part
        bodies.append(body)
    with make_lab(serve=serve) as lab:
        lab.start()
        answer = ask_odd(lab)
        equal((answer.status, answer.body), (200, b"whole"), answer)
        wait_for("the gateway to let go of it", lambda: bodies)
        answer = ask_odd(lab)
        equal(answer.status, 502, answer)
        first, second = lab.next_final(0, 2)
        equal(first["reason"], "access.allowed")
        equal(second["reason"], "upstream.closed")


@case("an upstream that answers before the request's end, and closes: its answer counts")
def _():
    def serve(sock):
        read_head(sock)
        sock.sendall(b"HTTP/1.1 413 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch")
    with make_lab(LIMITS + "max_body = 8GB\n", serve) as lab:
        lab.start()
        for i in range(20):
            with lab.tls("acme", host=ODD, timeout=20) as session:
                session.send(f"POST /v1/x HTTP/1.1\r\nHost: {ODD}\r\n"
                             "Content-Length: 4000000000\r\n\r\n".encode())
                while not select.select([session.sock], [], [], 0)[0]:
                    session.send(b"x" * 100000)
                answer = session.receive()
                equal((answer.status, answer.body), (413, b"much"), i, answer)
                equal(answer.headers.get("connection"), "close", answer)
        for event in lab.next_final(0, 20):
            equal((event["reason"], event["upstream_status"]), ("access.allowed", "413"))


@case("an upstream whose head comes a byte a second is given response_timeout in all")
def _():
    def serve(sock):
        read_head(sock)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
            sock.sendall(bytes([byte]))
            time.sleep(1)
    with make_lab(serve=serve, keys="response_timeout = 3s") as lab:
        lab.start()
        start = time.monotonic()
        equal(ask_odd(lab).status, 504)
        check(2.5 < time.monotonic() - start < 3 + SLACK, time.monotonic() - start)
        [event] = lab.next_final(0)
        equal((event["reason"], event["constraint"]), ("upstream.timeout", "no answer in time"))


@case("request_timeout ends an exchange whoever is slow, and each is told whose fault it was")
def _():
    def serve(sock):
        read_head(sock)
        time.sleep(30)
    with make_lab("request_timeout = 2s\nbody_rate = 1/s\n", serve) as lab:
        lab.start()
        start = time.monotonic()
        equal(ask_odd(lab).status, 504)
        with lab.tls("acme") as session:  # the vendor owes the rest of the body
            session.send(f"POST /v1/x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 9\r\n\r\n12345"
                         .encode())
            equal(session.receive().status, 408)
        with lab.tls("acme") as session:  # an answer that drips for ten seconds
            try:
                session.request("/drip/500")
                raise Failed("an answer that was cut looked whole")
            except ConnectionError:
                pass
        check(5.5 < time.monotonic() - start < 6 + 2 * SLACK, time.monotonic() - start)
        events = lab.next_final(0, 3)
        equal([(event["reason"], event["status"], event["constraint"]) for event in events],
              [("upstream.timeout", "504", "request_timeout"),
               ("http.too_slow", "408", "request_timeout"),
               ("upstream.timeout", "200", "request_timeout")])


@case("body_rate = off asks for no pace")
def _():
    with make_lab("body_rate = off\n") as lab:
        lab.start()
        with lab.tls("acme") as session:
            session.send(f"POST /v1/x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\nh"
                         .encode())
            time.sleep(SPAN + 1)
            session.send(b"i")
            equal(session.receive().status, 200)


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    harness.main()


if __name__ == "__main__":
    main()
