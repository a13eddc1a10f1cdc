#!/usr/bin/env python3
"""What an operator has of the upstream side: the gateway's own certificate and header fields towards
upstreams, whose secrets stay where they belong; connections that are used again, and figures."""
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import harness
from harness import HOST, Lab, Skipped, case, check, equal, free_port, wait_for

TLS_NAME = "residents.internal"
TOKEN = "t0ken-7f3a9c51d2e84b6f-only-for-upstreams"


def ctl(lab, *words):
    return subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", *words],
                          capture_output=True, text=True, timeout=60, check=False)


def service(name, upstream, extra=""):
    return f"\n[service {name}]\nhost = {name}.agency.example\nupstream = {upstream}\n{extra}\n"


def open_lab(lab, *services):
    """A vendor that may do everything with `api` and with SERVICES, and an internal CA."""
    lab.pki(HOST, *(f"{name}.agency.example" for name in services))
    rules = {"all": ("GET, POST", "/**")}
    rules.update({name: ("GET, POST", "/**", name) for name in services})
    lab.vendor("acme", rules)
    lab.pki("ca", "internal-ca")
    lab.pki("leaf", "inner", "--ca", "internal-ca", "--eku", "serverAuth", "--dns", TLS_NAME)


def ask(lab, name, path, *args):
    return lab.curl("acme", path, *args, host=f"{name}.agency.example")


def line_of(lab, text):
    lines = (lab.dir / "vendgate.ini").read_text().splitlines()
    return next(at for at, line in enumerate(lines, 1) if text in line)


def reload_(lab, status=0):
    ran = ctl(lab, "reload")
    equal(ran.returncode, status, ran.stdout, ran.stderr)
    return ran.stdout + ran.stderr


def start_fails(lab):
    """What the gateway says that can't start."""
    lab.launch()
    equal(lab.gateway.wait(20), 1, "status of a start")
    lab.gateway = None
    text = lab.log_text()
    (lab.dir / "gateway.log").unlink()
    return text


# The certificate ---------------------------------------------------------------------------------

def mutual(name, port, cert=None):
    keys = f"upstream_ca = ca/internal-ca.pem\nupstream_name = {TLS_NAME}\n"
    if cert is not None:
        keys += f"upstream_certificate = ca/{cert}.chain.pem\nupstream_private_key = ca/{cert}.key\n"
    return service(name, f"https://127.0.0.1:{port}", keys)


@case("an upstream that asks for a certificate is shown the service's, and nobody else's")
def _():
    shown = {"ec": "ours-ec", "rsa": "ours-rsa", "without": None, "foreign": "theirs"}
    reasons = set()
    for version in ("1.3", "1.2"):
        with Lab() as lab:
            open_lab(lab, *shown)
            lab.pki("ca", "client-ca")
            lab.pki("ca", "client-sub", "--ca", "client-ca")
            lab.pki("ca", "other-ca")
            lab.pki("leaf", "ours-ec", "--ca", "client-sub", "--subject", "/CN=gate-ec")
            lab.pki("leaf", "ours-rsa", "--ca", "client-ca", "--subject", "/CN=gate-rsa",
                    "--key", "rsa")
            lab.pki("leaf", "theirs", "--ca", "other-ca")
            inner = lab.add_upstream("inner", "inner", (lab.ca / "client-ca.pem", version))
            lab.sections = "".join(mutual(name, inner.port, cert) for name, cert in shown.items())
            lab.start()
            for name in ("ec", "rsa"):
                for _ in range(3):
                    equal(ask(lab, name, "/v1/x").status, 200, version, name)
                equal(inner.heads()[-1]["peer"], f"gate-{name}", version)
            equal(len({head["conn"] for head in inner.heads()}), 2, "connections")
            lab.next_final(0, 6)
            for number, name in enumerate(("without", "foreign")):
                equal(ask(lab, name, "/v1/x").status, 502, version, name)
                event = lab.next_final(6 + number)[0]
                equal((event["code"], event["reason"]), ("VG7006", "upstream.tls"), event)
                reasons.add((version, name, event["constraint"]))
            equal(len(inner.heads()), 6, "a request arrived")
            equal(ask(lab, "ec", "/v1/x").status, 200, "afterwards")
    equal(reasons, {("1.3", "without", "certificate required"), ("1.3", "foreign", "unknown CA"),
                    ("1.2", "without", "handshake failure"), ("1.2", "foreign", "unknown CA")})


@case("a key that does not fit, or can not be read, stops the start and the reload, with its line")
def _():
    with Lab() as lab:
        open_lab(lab, "inner")
        lab.pki("leaf", "ours", "--ca", "internal-ca")
        lab.pki("leaf", "theirs", "--ca", "internal-ca")
        inner = lab.add_upstream("inner", "inner", (lab.ca / "internal-ca.pem",))
        lab.sections = mutual("inner", inner.port, "ours")
        lab.write_config()
        noted = ctl(lab, "check")
        equal(noted.returncode, 0, noted.stdout, noted.stderr)
        check('note: upstream_private_key "ca/ours.key" is opened by the keys role alone' in
              noted.stdout + noted.stderr, noted)
        good = (lab.ca / "ours.key").read_bytes()
        text = (f"vendgate.ini:{line_of(lab, 'ours.key')}: error: upstream_private_key "
                f'"{lab.ca}/ours.key" for the certificate "{lab.ca}/ours.chain.pem" of line '
                f"{line_of(lab, 'ours.chain.pem')}: ")
        shutil.copy(lab.ca / "theirs.key", lab.ca / "ours.key")
        check(text + "is not its key" in start_fails(lab), text)
        (lab.ca / "ours.key").unlink()
        check(text + "No such file" in start_fails(lab), text)

        (lab.ca / "ours.key").write_bytes(good)
        lab.start()
        equal(ask(lab, "inner", "/v1/x").status, 200)
        shutil.copy(lab.ca / "theirs.key", lab.ca / "ours.key")
        check(text + "is not its key" in reload_(lab, 4), text)
        equal(ask(lab, "inner", "/v1/x").status, 200, "what served serves on")


@case("a renewed upstream certificate is in force by itself")
def _():
    with Lab() as lab:
        open_lab(lab, "inner")
        lab.pki("leaf", "ours", "--ca", "internal-ca", "--subject", "/CN=before")
        inner = lab.add_upstream("inner", "inner", (lab.ca / "internal-ca.pem",))
        lab.sections = mutual("inner", inner.port, "ours")
        lab.start()
        equal(ask(lab, "inner", "/v1/x").status, 200)
        lab.pki("leaf", "ours", "--ca", "internal-ca", "--subject", "/CN=after")

        def is_new():
            equal(ask(lab, "inner", "/v1/x").status, 200)
            return inner.heads()[-1]["peer"] == "after"
        wait_for("the new certificate", is_new, 40)
        check(any(event["code"] == "VG6001" and event["actor"] == "watch"
                  for event in lab.events()), "no event of it")


# Header fields -----------------------------------------------------------------------------------

def with_secret(lab, *more):
    open_lab(lab, "told")
    (lab.dir / "secrets").mkdir()
    (lab.dir / "secrets/told.token").write_text(TOKEN + "\n")
    fields = ["Authorization: Bearer @secrets/told.token", "X-Api-Version: 2026-11",
              "Accept-Language: fr", "X-Key: @secrets/told.token", *more]
    lab.sections = service("told", f"http://127.0.0.1:{lab.upstream.port}",
                           "set_header =\n  " + ",\n  ".join(fields))


@case("what set_header says is sent, in place of what the vendor says, and read again at a reload")
def _():
    with Lab() as lab:
        with_secret(lab)
        lab.start()
        posed = ["-H", "Authorization: Basic dmVuZG9y", "-H", "X-Api-Version: 1", "-H",
                 "accept-language: de", "-H", "X-Key: vendor"]

        def expect(token):
            equal(ask(lab, "told", "/v1/x", *posed).status, 200)
            head = lab.upstream.heads()[-1]
            names = [name.lower() for name, _ in head["headers"]]
            equal(len(names), len(set(names)), "fields twice", names)
            got = {name: head["fields"].get(name) for name in
                   ("authorization", "x-api-version", "accept-language", "x-key")}
            equal(got, {"authorization": f"Bearer {token}", "x-api-version": "2026-11",
                        "accept-language": "fr", "x-key": token})
        expect(TOKEN)
        equal(lab.curl("acme", "/v1/x", *posed).status, 200)
        other = lab.upstream.heads()[-1]["fields"]
        equal((other.get("authorization"), other["accept-language"]), (None, "de"), "other service")

        (lab.dir / "secrets/told.token").write_text("second\r\n")
        expect(TOKEN)
        reload_(lab)
        expect("second")


@case("a secret that can not be used stops the start and the reload, with file and line")
def _():
    with Lab() as lab:
        with_secret(lab)
        lab.write_config()
        secret = lab.dir / "secrets/told.token"
        where = f"vendgate.ini:{line_of(lab, 'Bearer @')}: error: set_header Authorization: "
        bad = {b"": "is empty", b"\n": "is empty", b"a\nb\n": "holds a byte", b"a\0b": "holds a byte",
               b"a\r\nX: y": "holds a byte", b"\xff": "holds a byte", b"a\tb": "holds a byte",
               b"x" * 4097: "File too large", None: "No such file"}
        checked = ctl(lab, "check")
        equal(checked.returncode, 0, checked.stdout, checked.stderr)
        check('note: set_header: "secrets/told.token" is opened by the keys role alone' in
              checked.stdout + checked.stderr, checked)
        secret.write_bytes(b"a\nb\n")
        check(f'{where}"{secret}": holds a byte' in start_fails(lab))
        secret.write_text(TOKEN)
        lab.start()
        equal(ask(lab, "told", "/v1/x").status, 200)
        for content, why in bad.items():
            secret.unlink(missing_ok=True)
            if content is not None:
                secret.write_bytes(content)
            said = reload_(lab, 4)
            check(f'{where}"{secret}": {why}' in said, content, said)
        equal(ask(lab, "told", "/v1/x").status, 200, "what served serves on")
        equal(lab.upstream.heads()[-1]["fields"]["authorization"], f"Bearer {TOKEN}")
        secret.write_bytes(b"y" * 4096)
        reload_(lab)
        equal(ask(lab, "told", "/v1/x").status, 200)
        equal(lab.upstream.heads()[-1]["fields"]["x-key"], "y" * 4096)


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@case("a secret stands in the worker, in no other role, and in nothing that is written")
def _():
    with Lab() as lab:
        with_secret(lab)
        lab.start()
        for _ in range(3):
            equal(ask(lab, "told", "/v1/x").status, 200)
        reload_(lab)
        equal(ask(lab, "told", "/v1/x").status, 200)
        lab.next_final(0, 4)
        token = TOKEN.encode()
        shown = subprocess.run([harness.BUILD / "vendgate", "-T", "-c", lab.dir / "vendgate.ini"],
                               capture_output=True, timeout=60, check=True)
        check(b"Bearer @secrets/told.token" in shown.stdout, shown.stdout)
        image = lab.dir / "image"
        compiled = ctl(lab, "compile", "-o", image)
        told = [shown.stdout, shown.stderr, compiled.stdout.encode(), compiled.stderr.encode(),
                json.dumps(lab.events()).encode(), ctl(lab, "status", "--json").stdout.encode()]
        check(not any(token in text for text in told), "it was told")
        allowed = {lab.dir / "secrets/told.token", lab.upstream.log}
        found = {path for path in files_below(lab.dir) if token in path.read_bytes()}
        equal(found - allowed, set(), "it was written")
        if os.geteuid() != 0 or harness.SANITIZED:
            raise Skipped("the rest needs root, and memory that no sanitizer widens to terabytes")
        for role in ("worker", "keys", "broker", "recorder", "controller"):
            pids = lab.children(f"vendgate-{role}")
            check(pids, "no", role)
            equal([pid for pid in pids if holds(pid, token)], pids if role == "worker" else [],
                  role)
        check(not holds(lab.gateway.pid, token), "it is in the supervisor")


def holds(pid, text):
    """Whether it stands in what the process has mapped."""
    return any(text in piece for piece in harness.memory(pid))


# Connections -------------------------------------------------------------------------------------

def worker_of(lab):
    shown = json.loads(ctl(lab, "status", "--json").stdout)
    return next(row for row in shown["processes"] if row["role"] == "worker")


def figures(lab):
    row = worker_of(lab)
    return row.get("upstream_dialled"), row.get("upstream_reused")


@case("connections are used again, and the status tells how often")
def _():
    with Lab() as lab:
        open_lab(lab)
        lab.start()
        for _ in range(10):
            equal(lab.curl("acme", "/v1/x").status, 200)
        equal(len({head["conn"] for head in lab.upstream.heads()}), 1, "connections")
        wait_for("the figures", lambda: figures(lab) == (1, 9))
        shown = ctl(lab, "status").stdout
        row = shown[shown.index("WORKER"):].splitlines()[1].split()
        equal(row[-4:], ["1", "9", "90%", "0"], shown)


@case("what an upstream closes while it rests costs nobody an answer")
def _():
    with Lab() as lab:
        open_lab(lab, "secure")
        inner = lab.add_upstream("inner", "inner")
        lab.sections = mutual("secure", inner.port)
        lab.start()
        for upstream, host in ((lab.upstream, HOST), (inner, "secure.agency.example")):
            for number in range(1, 6):
                for method in ("GET", "POST"):
                    answer = lab.curl("acme", "/last/100", "-X", method, host=host)
                    equal((answer.status, len(answer.body)), (200, 100), answer.error)
                    time.sleep(0.05)
                equal(len({head["conn"] for head in upstream.heads()}), 2 * number, "connections")
        events = lab.next_final(0, 20)
        equal({event["reason"] for event in events}, {"access.allowed"})


class Fickle:
    """Answers the first request of each connection, and ends the connection once it has read the
    second one: in good order, or by a reset."""

    def __init__(self, reset):
        self.reset, self.read = reset, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.server.accept()
            except OSError:
                return
            with sock:
                self.read.append(sock.recv(65536))
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                self.read.append(sock.recv(65536))
                if self.reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@case("a request that an upstream may have read is not sent again, whatever its method")
def _():
    for reset in (False, True):
        with Lab() as lab:
            open_lab(lab, "fickle")
            fickle = Fickle(reset)
            lab.sections = service("fickle", f"http://127.0.0.1:{fickle.port}")
            lab.start()
            for number, method in enumerate(("GET", "POST")):
                equal(ask(lab, "fickle", "/n/first").status, 200, method)
                equal(ask(lab, "fickle", "/n/second", "-X", method).status, 502, method)
                event = lab.next_final(2 * number, 2)[1]
                equal((event["reason"], event["constraint"]),
                      ("upstream.closed", "closed before its answer"))
                wait_for("both", lambda: len(fickle.read) == 2 * number + 2)
                check(fickle.read[-1].startswith(f"{method} /n/second".encode()), fickle.read)
            fickle.server.close()


def full_listener():
    """One whose queue is full: who connects waits."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    kept = [server]
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(server.getsockname())
        kept.append(sock)
    time.sleep(0.2)
    return kept


@case("how an upstream fails is told by status and reason")
def _():
    with Lab() as lab:
        names = {"refused": f"http://127.0.0.1:{free_port()}", "nameless": "http://no.invalid:80",
                 "full": "", "speaks": f"http://127.0.0.1:{lab.upstream.port}",
                 "plain": f"https://127.0.0.1:{lab.upstream.port}"}
        open_lab(lab, *names)
        full = full_listener()
        names["full"] = f"http://127.0.0.1:{full[0].getsockname()[1]}"
        for name, upstream in names.items():
            extra = f"connect_timeout = 700ms\nresponse_timeout = 500ms\n{ca_of(upstream)}"
            lab.sections += service(name, upstream, extra)
        lab.start()
        told = [("refused", "/v1/x", 502, "upstream.connect", "refused"),
                ("nameless", "/v1/x", 502, "upstream.connect", "name does not resolve"),
                ("full", "/v1/x", 502, "upstream.connect", "timed out"),
                ("speaks", "/slow/3000", 504, "upstream.timeout", None),
                ("speaks", "/garbage", 502, "upstream.malformed", None),
                ("speaks", "/silent", 502, "upstream.closed", "closed before its answer"),
                ("speaks", "/redirect/1", 502, "upstream.redirect", "location"),
                ("plain", "/v1/x", 502, "upstream.tls", None)]
        for number, (name, path, status, reason, why) in enumerate(told):
            equal(ask(lab, name, path).status, status, name, path)
            event = lab.next_final(number)[0]
            equal((event["reason"], event["status"]), (reason, str(status)), event)
            check(why is None or event["constraint"] == why, why, event)
        for sock in full:
            sock.close()


# Checks ------------------------------------------------------------------------------------------

class Patient:
    """An upstream that answers /health with what `status` is (0: not at all), all else with 200; it
    counts what it is asked for."""

    def __init__(self):
        self.status, self.asked = 200, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            sock, _ = self.server.accept()
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        with sock:
            while head := sock.recv(65536).decode("latin-1"):
                path = head.split(" ")[1]
                self.asked.append((path, head))
                status = self.status if path == "/health" else 200
                if status == 0:
                    time.sleep(20)
                sock.sendall(f"HTTP/1.1 {status} So\r\nContent-Length: 4000\r\n\r\n"
                             .encode() + b"x" * 4000)

    def count(self, path):
        return sum(asked == path for asked, _ in list(self.asked))


def down(lab):
    return worker_of(lab).get("upstreams_down")


@case("an upstream whose checks fail leaves the rotation, and comes back")
def _():
    with Lab() as lab:
        open_lab(lab, "pair", "secure")
        one, two = Patient(), Patient()
        lab.add_upstream("inner", "inner")
        inner = lab.others[-1]
        lab.sections = service(
            "pair", f"http://127.0.0.1:{one.port}, http://127.0.0.1:{two.port}",
            "health = GET /health every 1s\nset_header = X-Api: 1")
        lab.sections += mutual("secure", inner.port) + "health = GET /cl/10 every 1s\n"
        lab.start()
        wait_for("checks", lambda: one.count("/health") > 1 and two.count("/health") > 1)
        equal(down(lab), 0)
        head = one.asked[0][1]
        check("Host: pair.agency.example\r\n" in head and "X-Api: 1\r\n" in head, head)
        check(inner.heads()[0]["target"] == "/cl/10", "over TLS")
        for bad in (500, 301, 0):
            one.status = bad
            wait_for("it to be down", lambda: down(lab) == 1)
            before = one.count("/n")
            for _ in range(6):
                equal(ask(lab, "pair", "/n").status, 200)
            equal(one.count("/n"), before, "asked while it was down")
            one.status = 202 if bad == 500 else 200
            wait_for("it to be up", lambda: down(lab) == 0)
            for _ in range(6):
                equal(ask(lab, "pair", "/n").status, 200)
            check(one.count("/n") > before, "not asked when it was up again")
        one.status = two.status = 503
        wait_for("both to be down", lambda: down(lab) == 2)
        answer = ask(lab, "pair", "/n")
        equal(answer.status, 503)
        event = wait_for("its event", lambda: [
            event for event in lab.events() if event["code"] == "VG7012"])[-1]
        equal((event["reason"], event["status"], event.get("dst")), ("upstream.down", "503", None))
        equal(ask(lab, "secure", "/v1/x").status, 200, "another service")
        two.status = 200
        wait_for("one to be up", lambda: down(lab) == 1)
        equal(ask(lab, "pair", "/n").status, 200)
        check(f"upstream http://127.0.0.1:{one.port} is down: " in lab.log_text(), "the log")


@case("checks follow the generation, and cost an idle gateway next to nothing")
def _():
    with Lab() as lab:
        open_lab(lab, "one")
        one = Patient()
        plain = service("one", f"http://127.0.0.1:{one.port}")
        lab.sections = plain + "health = GET /health every 1s\n"
        lab.start()
        wait_for("checks", lambda: one.count("/health") > 2)
        worker, begin, before = worker_of(lab)["pid"], time.monotonic(), one.count("/health")
        ticks = cpu(worker)
        time.sleep(5)
        took, asked = time.monotonic() - begin, one.count("/health") - before
        check(took - 2 <= asked <= took + 2, asked, "checks in", took)
        spent = (cpu(worker) - ticks) / os.sysconf("SC_CLK_TCK")
        check(spent / took < 0.01, "CPU", spent, "in", took)
        lab.sections = plain
        lab.write_config()
        reload_(lab)
        time.sleep(1.5)
        before = one.count("/health")
        time.sleep(2.5)
        equal(one.count("/health"), before, "checks of a generation that is over")


def cpu(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def ca_of(upstream):
    return "upstream_ca = ca/internal-ca.pem\n" if upstream.startswith("https") else ""


if __name__ == "__main__":
    harness.main()
