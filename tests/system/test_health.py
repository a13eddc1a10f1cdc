#!/usr/bin/env python3
"""The health listener: what a load balancer hears of a gateway that serves, is stuck, has no room
for records, reloads, and ends; and that it serves nothing else, to nobody for long."""
import os
import signal
import socket
import subprocess
import threading
import time

import harness
from harness import HOST, Failed, Lab, case, check, equal, free_port, parse_head, wait_for

STUCK = 5.0  # seconds after which a worker that does not turn is told of


class Watched(Lab):
    """With a health listener, and a worker or more."""

    def __init__(self, workers=1, keys=""):
        super().__init__()
        self.health = free_port()
        self.gateway_keys = f"workers = {workers}\nhealth = 127.0.0.1:{self.health}\n{keys}"
        self.vendor("acme", {"all": ("GET, POST", "/**")})

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.health), 5)

    def say(self, text):
        """All that comes of TEXT: b"" where nothing does."""
        with self.connect() as sock:
            sock.sendall(text)
            got = b""
            try:
                while part := sock.recv(4096):
                    got += part
            except ConnectionResetError:
                pass
            return got

    def ask(self, target, method="GET"):
        got = self.say(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = got.partition(b"\r\n\r\n")
        status, headers = parse_head(head)
        equal(headers["connection"], "close", target)
        equal(headers["content-length"], str(len(body) if method != "HEAD" else
                                             len(self.say(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" %
                                                          target.encode()).partition(
                                                              b"\r\n\r\n")[2])), target)
        return status, body.decode()

    def is_ready(self):
        return self.ask("/readyz") == (200, "ok\n")

    def begin(self):
        self.start()
        wait_for("the gateway to be ready", self.is_ready)


def running(lab, count):
    pids = lab.children("vendgate-worker")
    equal(len(pids), count, "workers")
    return pids


@case("it lives and is ready; nothing else is served, and nothing that is no HTTP")
def _():
    with Watched() as lab:
        lab.begin()
        equal(lab.ask("/livez"), (200, "ok\n"))
        equal(lab.ask("/livez", "HEAD"), (200, ""))
        equal(lab.ask("/readyz", "HEAD"), (200, ""))
        for target in ("/", "/livez/", "/livez?x", "/LIVEZ", "/metrics", "/%6civez", "//livez"):
            equal(lab.ask(target)[0], 404, target)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            equal(lab.ask("/livez", method)[0], 405, method)
        for text, status in ((b"GET /livez HTTP/1.1\r\n\r\n", 400),
                             (b"GET /livez HTTP/1.1\nHost: x\n\n", 400),
                             (b"GET /livez\r\n\r\n", 400),
                             (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
                             (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", 413),
                             (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 5000, 431)):
            equal(parse_head(lab.say(text).partition(b"\r\n\r\n")[0])[0], status, text[:60])
        with lab.connect() as sock:  # in drops, within its time
            for byte in b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n":
                sock.sendall(bytes([byte]))
            check(sock.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n"), "in drops")
        equal(lab.final(), [], "events of what is no vendor's")


@case("a caller has two seconds in all, and many of them keep nobody out")
def _():
    with Watched() as lab:
        lab.begin()
        [controller] = lab.children("vendgate-controller")
        silent = [lab.connect() for _ in range(100)]
        for _ in range(5):
            equal(lab.ask("/livez"), (200, "ok\n"), "beside 100 silent callers")
        check(len(os.listdir(f"/proc/{controller}/fd")) < 60, "descriptors")
        start = time.monotonic()
        with lab.connect() as sock:
            sock.settimeout(0.2)
            while time.monotonic() - start < 8:
                try:
                    sock.sendall(b"G")
                    if not sock.recv(16):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
        check(1.5 < time.monotonic() - start < 5, "a caller in drops had",
              f"{time.monotonic() - start:.1f} s")
        for sock in silent:
            sock.settimeout(5)
            try:
                equal(sock.recv(16), b"", "a silent caller is told something")
            except ConnectionResetError:
                pass
            sock.close()


@case("a worker that stands still is told of: not alive, and ready by the other one")
def _():
    with Watched(workers=2) as lab:
        lab.begin()
        time.sleep(STUCK + 1.5)
        equal(lab.ask("/livez"), (200, "ok\n"), "idle workers turn")
        first, second = running(lab, 2)
        os.kill(first, signal.SIGSTOP)
        try:
            start = time.monotonic()
            wait_for("/livez to fail", lambda: lab.ask("/livez")[0] == 503, STUCK + 3)
            took = time.monotonic() - start
            print(f"# /livez fails {took:.1f} s after the stop")
            check(STUCK - 1.5 < took < STUCK + 1.5, "it took", took)
            equal(lab.ask("/livez"), (503, "a worker does not turn\n"))
            equal(lab.ask("/readyz"), (200, "ok\n"), "the other one serves")
            os.kill(second, signal.SIGSTOP)
            wait_for("/readyz to fail", lambda: not lab.is_ready(), STUCK + 3)
            equal(lab.ask("/readyz"), (503, "no worker serves\n"))
        finally:
            for pid in (first, second):
                os.kill(pid, signal.SIGCONT)
        wait_for("it to live again", lambda: lab.ask("/livez")[0] == 200, 5)
        wait_for("it to be ready again", lab.is_ready, 5)
        equal(lab.curl("acme", "/v1/x").status, 200)


@case("a killed worker, or controller, is replaced, and it is ready again")
def _():
    with Watched() as lab:
        lab.begin()
        for program in ("vendgate-worker", "vendgate-controller"):
            [pid] = lab.children(program)
            os.kill(pid, signal.SIGKILL)
            wait_for(f"another {program}", lambda gone=pid, program=program: [
                new for new in lab.children(program) if new != gone])
            wait_for("it to be ready again", lab.is_ready)
            equal(lab.ask("/livez"), (200, "ok\n"))


@case("without room for records it is not ready, and lives")
def _():
    with Watched() as lab:
        nobody = free_port()
        lab.sections += (f"\n[telemetry siem]\nto = tcp://127.0.0.1:{nobody}\nspool = 64KiB\n"
                         "on_full = deny\n")
        lab.begin()
        refused = 0
        for i in range(2000):
            with lab.tls("acme") as session:
                try:
                    for _ in range(20):
                        refused += session.request("/v1/x").status == 503
                        if refused:
                            break
                except ConnectionError:
                    pass
            if refused:
                break
        check(refused, "nothing was refused after", i, "connections")
        wait_for("/readyz to say so", lambda: lab.ask("/readyz") == (503, "no room for records\n"))
        equal(lab.ask("/livez"), (200, "ok\n"))
        with socket.create_server(("127.0.0.1", nobody)) as collector:
            def collect():
                try:
                    while True:
                        sock, _ = collector.accept()
                        while sock.recv(65536):
                            pass
                except OSError:
                    pass
            threading.Thread(target=collect, daemon=True).start()
            wait_for("it to be ready again", lab.is_ready, 30)


@case("it answers while reloads run, and can't move by one")
def _():
    with Watched() as lab:
        lab.begin()
        ctl = [harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", "reload"]
        for _ in range(3):
            with subprocess.Popen(ctl, stdout=subprocess.DEVNULL) as reload:
                probes = 0
                while reload.poll() is None:
                    equal(lab.ask("/readyz"), (200, "ok\n"), "while it reloads")
                    equal(lab.ask("/livez"), (200, "ok\n"), "while it reloads")
                    probes += 1
                equal(reload.wait(), 0, "reload")
                check(probes > 0, "no probe beside the reload")
        good = lab.gateway_keys
        for keys in ("workers = 1\n", f"workers = 1\nhealth = 127.0.0.1:{free_port()}\n"):
            lab.gateway_keys = keys
            lab.write_config()
            ran = subprocess.run(ctl, capture_output=True, text=True, check=False, timeout=30)
            equal(ran.returncode, 4, ran.stderr)
            check("health can't change" in ran.stderr, ran.stderr)
        lab.gateway_keys = good
        check(lab.is_ready(), "it serves on where it did")


def ends(session):
    """True where the gateway ends the connection."""
    try:
        return session.sock.recv(16) == b""
    except ConnectionResetError:
        return True


@case("while it drains it is not ready, what runs ends well, and idle connections go")
def _():
    with Watched(keys="drain = 10s\n") as lab:
        lab.begin()
        with lab.tls("acme") as idle, lab.tls("acme") as busy, lab.tls("acme") as half:
            equal(idle.request("/v1/x").status, 200)
            busy.send(f"GET /slow/2500 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            half.send(f"POST /v1/x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\nhe"
                      .encode())
            wait_for("both upstream", lambda: len(lab.upstream.heads()) >= 3)
            start = time.monotonic()
            lab.gateway.send_signal(signal.SIGTERM)
            wait_for("it to say so", lambda: lab.ask("/readyz") == (503, "draining\n"), 2)
            equal(lab.ask("/livez"), (200, "ok\n"), "it still lives")
            check(ends(idle), "an idle connection stays")
            check(time.monotonic() - start < 2, "the idle one went late")
            half.send(b"llo")
            for session in (half, busy):
                answer = session.receive()
                equal(answer.status, 200)
                equal(answer.headers.get("connection"), "close", answer)
            equal(lab.ask("/readyz")[0], 503)
            check(ends(busy) and ends(half), "they end")
        equal(lab.gateway.wait(10), 0)
        check(time.monotonic() - start < 8, "it waited for nobody")


@case("what doesn't end is ended with `drain`")
def _():
    with Watched(keys="drain = 2s\n") as lab:
        lab.begin()
        with lab.tls("acme") as busy:
            busy.send(f"GET /slow/20000 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            wait_for("it upstream", lambda: len(lab.upstream.heads()) >= 1)
            start = time.monotonic()
            lab.gateway.send_signal(signal.SIGTERM)
            equal(lab.gateway.wait(10), 0)
            check(1.5 < time.monotonic() - start < 6, time.monotonic() - start)
            try:
                busy.receive()
                raise Failed("it was answered")
            except (ConnectionError, OSError):
                pass


@case("a handshake that ends while it drains makes no connection that stays")
def _():
    with Watched(keys="drain = 10s\n") as lab:
        lab.begin()
        with lab.tls("acme") as busy, socket.create_connection(("127.0.0.1", lab.port), 5) as late:
            busy.send(f"GET /slow/1500 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            wait_for("it upstream", lambda: len(lab.upstream.heads()) >= 1)
            context = harness.ssl.create_default_context(cafile=lab.ca / "server-ca.pem")
            context.load_cert_chain(lab.ca / "acme.chain.pem", lab.ca / "acme.key")
            reader, writer = harness.ssl.MemoryBIO(), harness.ssl.MemoryBIO()
            client = context.wrap_bio(reader, writer, server_hostname=HOST)
            try:
                client.do_handshake()
            except harness.ssl.SSLWantReadError:
                pass
            hello = writer.read()
            late.sendall(hello[:20])
            time.sleep(0.3)
            start = time.monotonic()
            lab.gateway.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            late.sendall(hello[20:])
            while True:
                reader.write(late.recv(65536))
                try:
                    client.do_handshake()
                    break
                except harness.ssl.SSLWantReadError:
                    late.sendall(writer.read())
            late.sendall(writer.read())
            equal(busy.receive().status, 200)
            equal(lab.gateway.wait(15), 0)
            check(time.monotonic() - start < 6, "it waited", time.monotonic() - start)


if __name__ == "__main__":
    harness.main()
