#!/usr/bin/env python3
"""Large bodies, both ways, byte for byte, through a worker whose memory stays what it was: also
where one side is slow, which the other one then has to feel. $VG_LARGE_MIB says how large
(default 64); tests/bench/soak asks for more."""
import hashlib
import os
import random
import threading
import time
from pathlib import Path

import harness
from harness import HOST, Lab, case, check, equal

MIB = 1 << 20
SIZE = int(os.environ.get("VG_LARGE_MIB", "64")) * MIB
BLOCK = 65536
# What a worker may hold of one exchange: 128 KiB each way, TLS, and what malloc keeps of it. A
# sanitizer keeps 256 MiB of what was freed.
GROWTH = (4 + 256 * harness.SANITIZED) * MIB
# What may lie between two sides of which one stands still: that, and the kernel's queues of four
# sockets.
IN_FLIGHT = 28 * MIB
STANDS = 1.5  # seconds


def noise(size, seed):
    """Pseudo-random bytes, in blocks."""
    dice = random.Random(seed)
    while size > 0:
        yield dice.randbytes(min(size, BLOCK))
        size -= BLOCK


def digest(blocks):
    found = hashlib.sha256()
    for block in blocks:
        found.update(block)
    return found.hexdigest()


class Upstream(harness.Listener):
    """GET …/N is answered with noise(N, N), chunked where the path says so, POST with the digest
    of its body. `gate` is what it waits for before it reads a body; `moved` counts bytes."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.moved = 0
        super().__init__()

    def serve(self, sock):
        try:
            with sock, sock.makefile("rb", BLOCK) as file:
                while line := file.readline():
                    fields = {}
                    while field := file.readline().strip():
                        name, _, value = field.partition(b": ")
                        fields[name] = value
                    self.moved = 0
                    answer = self.take if line.startswith(b"POST") else self.give
                    answer(sock, file, line.split()[1], fields)
        except (OSError, ValueError):
            pass  # the gateway went, as it was made to: a body ended early

    def give(self, sock, _file, target, _fields):
        size, chunked = int(target.rpartition(b"/")[2]), b"chunked" in target
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for block in noise(size, size):
            sock.sendall(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            self.moved += len(block)
        if chunked:
            sock.sendall(b"0\r\n\r\n")

    def blocks(self, file, fields):
        if b"Transfer-Encoding" in fields:
            while size := int(file.readline(), 16):
                yield file.read(size)
                file.readline()
            file.readline()
            return
        left = int(fields[b"Content-Length"])
        while left > 0:
            block = file.read(min(left, BLOCK))
            left -= len(block)
            yield block

    def take(self, sock, file, _target, fields):
        found = hashlib.sha256()
        self.gate.wait(harness.WAIT)
        for block in self.blocks(file, fields):
            found.update(block)
            self.moved += len(block)
        text = found.hexdigest().encode()
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))

    def stop(self):
        self.listener.close()


class Watch:
    """The worker's memory, looked at all the time: what it grew by at most."""

    def __init__(self, lab, what):
        [self.pid] = lab.children("vendgate-worker")
        self.what, self.over = what, threading.Event()
        self.before = self.peak = self.resident()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def resident(self):
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def look(self):
        while not self.over.wait(0.01):
            self.peak = max(self.peak, self.resident())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.thread.join()
        grown = self.peak - self.before
        print(f"# {self.what}: worker at rest {self.before // 1024} KiB, at most"
              f" {grown // 1024} KiB more")
        if kind is None:
            check(grown < GROWTH, self.what, "grew by", grown // 1024, "KiB")


def make_lab(limits):
    lab = Lab()
    lab.upstream.stop()
    lab.upstream = Upstream()
    lab.vendor("acme", {"all": ("GET, POST", "/v1/**")})
    lab.sections += f"\n[limits]\n{limits}\n"
    lab.start()
    with lab.tls("acme") as session:
        equal(session.request("/v1/100").status, 200, "control")
    return lab


def head(session):
    """The head of an answer; what is behind it stays."""
    while b"\r\n\r\n" not in session.pending:
        session.pending += session.sock.recv(BLOCK)
    text, _, session.pending = session.pending.partition(b"\r\n\r\n")
    return harness.parse_head(text)


def body(session, size, pause=None):
    """SIZE bytes as they come; PAUSE is called once, in their midst."""
    block, session.pending = session.pending, b""
    while size > 0:
        size -= len(block)
        yield block
        if pause is not None and size < SIZE // 2:
            pause()
            pause = None
        block = session.sock.recv(min(size, BLOCK)) if size > 0 else b""
        check(block or size <= 0, "the answer ended early:", size, "bytes before its end")


def chunks(session):
    """The payload of a chunked body."""
    file = session.sock.makefile("rb", BLOCK)
    data, session.pending = session.pending, b""
    while True:
        while b"\r\n" not in data:
            data += file.read1(BLOCK)
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        while len(data) < size + 2:
            data += file.read1(BLOCK)
        if size == 0:
            return
        yield data[:size]
        data = data[size + 2:]


def send_head(session, method, path, *fields):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *fields, "", ""]
    session.send("\r\n".join(lines).encode())


def upload(session, chunked=False):
    """Sends SIZE bytes; the digest that the upstream answers with."""
    send_head(session, "POST", "/v1/up", "Transfer-Encoding: chunked" if chunked
              else f"Content-Length: {SIZE}")
    for block in noise(SIZE, SIZE):
        session.send(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
    if chunked:
        session.send(b"0\r\n\r\n")
    return session.receive().body.decode()


@case(f"{SIZE // MIB} MiB up and down arrive byte for byte, and the worker's memory stays")
def _():
    want = digest(noise(SIZE, SIZE))
    with make_lab(f"max_body = {SIZE}") as lab:
        with lab.tls("acme", timeout=60) as session:
            with Watch(lab, "down, by its length"):
                send_head(session, "GET", f"/v1/{SIZE}")
                status, fields = head(session)
                equal((status, fields["content-length"]), (200, str(SIZE)))
                equal(digest(body(session, SIZE)), want)
            with Watch(lab, "down, chunked"):
                send_head(session, "GET", f"/v1/chunked/{SIZE}")
                status, fields = head(session)
                equal((status, fields["transfer-encoding"]), (200, "chunked"))
                equal(digest(chunks(session)), want)
            with Watch(lab, "up, by its length"):
                equal(upload(session), want)
            with Watch(lab, "up, chunked"):
                equal(upload(session, chunked=True), want)
        sizes = [(event["req_bytes"], event["res_bytes"]) for event in lab.next_final(1, 4)]
        equal(sizes, [("0", str(SIZE)), ("0", str(SIZE)), (str(SIZE), "64"), (str(SIZE), "64")])


@case("a vendor that stands still holds up its upstream, and no memory")
def _():
    with make_lab(f"max_body = {SIZE}") as lab:
        ahead = []

        def pause():
            time.sleep(STANDS)
            taken = SIZE // 2
            ahead.append(lab.upstream.moved - taken)
        with lab.tls("acme", timeout=60) as session, Watch(lab, "slow reader"):
            send_head(session, "GET", f"/v1/{SIZE}")
            equal(head(session)[0], 200)
            equal(digest(body(session, SIZE, pause)), digest(noise(SIZE, SIZE)))
        print(f"# the upstream was {ahead[0] // 1024} KiB ahead of who stood still")
        check(ahead[0] < min(IN_FLIGHT, SIZE // 2), ahead)


@case("an upstream that stands still holds up its vendor, and no memory")
def _():
    with make_lab(f"max_body = {SIZE}") as lab:
        lab.upstream.gate.clear()
        sent = [0]
        with lab.tls("acme", timeout=60) as session, Watch(lab, "slow upstream"):
            send_head(session, "POST", "/v1/up", f"Content-Length: {SIZE}")

            def push():
                for block in noise(SIZE, SIZE):
                    session.send(block)
                    sent[0] += len(block)
            sender = threading.Thread(target=push, daemon=True)
            sender.start()
            time.sleep(STANDS)
            ahead = sent[0]
            check(sender.is_alive() and ahead < min(IN_FLIGHT, SIZE), "sent", ahead)
            lab.upstream.gate.set()
            sender.join(60)
            equal(session.receive().body.decode(), digest(noise(SIZE, SIZE)))
        print(f"# the vendor was {ahead // 1024} KiB ahead of who stood still")


@case("without a word on max_body it is 10 MiB, announced or not")
def _():
    with make_lab("") as lab:
        for size, status in ((10 * MIB, 200), (10 * MIB + 1, 413)):
            with lab.tls("acme", timeout=60) as session:
                send_head(session, "POST", "/v1/up", f"Content-Length: {size}")
                if status == 200:
                    for block in noise(size, size):
                        session.send(block)
                answer = session.receive()
                equal(answer.status, status, size)
        with lab.tls("acme", timeout=60) as session:
            send_head(session, "POST", "/v1/up", "Transfer-Encoding: chunked")
            try:
                for block in noise(10 * MIB + 1, 1):
                    session.send(b"%x\r\n%s\r\n" % (len(block), block))
            except OSError:
                pass  # it had its answer before
            equal(session.receive().status, 413, "chunked")


harness.main()
