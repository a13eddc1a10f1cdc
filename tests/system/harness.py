"""What the system tests share: a folder of its own with certificates, policies, a test upstream
and a real gateway of the build in $VG_BUILD; clients; the events that came out.

    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/**")})
        lab.start()
        answer = lab.curl("acme", "/v1/x")

Everything is on 127.0.0.1 with free ports; every wait has an end; every process is ended by pid.
A test file is a list of functions marked @case, and main() at the end.
"""
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VG_BUILD", ROOT / "build" / "tests" / "plain"))
SANITIZED = "#define VG_SANITIZERS 1" in (BUILD / "config.h").read_text(encoding="ascii")
PKI = ROOT / "tests" / "tools" / "pki.sh"
HOST = "api.agency.example"
WAIT = 15.0
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|AddressSanitizer:DEADLY")

CASES = []


class Failed(AssertionError):
    """A test found what should not be."""


class Skipped(Exception):
    """It can't be tried here, for that reason."""


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(str(part) for part in what))


def equal(got, want, *what):
    check(got == want, *what, f"got {got!r}, want {want!r}")


def wait_for(what, probe, seconds=WAIT):
    """The first true value that PROBE gives; fails after SECONDS."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.02)


def free_port():
    """One that nobody uses, below those that the kernel gives to outgoing connections: such a one
    could be taken before the gateway binds it."""
    while True:
        port = random.randrange(20000, 32000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except OSError:
            continue


def processes():
    """pid → (parent, program), from /proc."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            program = os.readlink(entry / "exe")
        except OSError:
            continue
        parent = int(stat.rpartition(")")[2].split()[1])
        found[int(entry.name)] = (parent, Path(program.removesuffix(" (deleted)")).name)
    return found


def memory(pid):
    """All that a process has mapped for reading, piece by piece."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            first, last = (int(part, 16) for part in span.split("-"))
            if rights[0] != "r" or first >= 2**63:
                continue
            try:
                mem.seek(first)
                yield mem.read(last - first)
            except OSError:  # of a device
                continue


def overlaid(files, words):
    """WORDS as a command that sees, in a mount namespace of its own, other FILES in their places.
    It replaces itself: the pid stays."""
    script = "".join(f"mount --bind '{seen}' '{place}' && " for place, seen in files.items())
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *user, "sh", "-c", f'{script}exec "$@"', "sh", *words]


def can_overlay():
    """Containers may forbid it."""
    words = overlaid({"/etc/hosts": "/dev/null"}, ["true"])
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


# Events -----------------------------------------------------------------------------------------

ELEMENT = re.compile(r"\[vendgate@32473((?: [a-z0-9_]+=\"(?:[^\"\\\]]|\\.)*\")*)\]")
PARAMETER = re.compile(r" ([a-z0-9_]+)=\"((?:[^\"\\\]]|\\.)*)\"")


def parse_event(line):
    """The structured data of an RFC 5424 message as a dict; its header fields as pri, msgid…"""
    head = re.match(r"<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) ", line)
    check(head, "no RFC 5424 header:", line)
    element = ELEMENT.match(line, head.end())
    check(element, "no structured data:", line)
    event = {"pri": int(head[1]), "timestamp": head[2], "hostname": head[3], "app": head[4],
             "msgid": head[6], "message": line[element.end():].strip()}
    for name, value in PARAMETER.findall(element[1]):
        check(name not in event, "field twice:", name, line)
        event[name] = re.sub(r"\\([\"\\\]])", r"\1", value)
    return event


def is_final(event):
    """True for the one event that an exchange or a failed handshake leaves."""
    return event["code"][2] in "12357" or event["code"] in ("VG9010", "VG9011")


class UdpSink:
    """A collector: keeps every datagram."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.lines = []
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        while True:
            self.lines.append(self.sock.recv(65536).decode("utf-8"))

    def events(self):
        return [parse_event(line) for line in list(self.lines)]


# Clients ----------------------------------------------------------------------------------------

class Answer:
    """What a client got: status 0 where no answer came."""

    def __init__(self, status, headers, body, error=""):
        self.status, self.headers, self.body, self.error = status, headers, body, error

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r} {self.error}>"


def parse_head(text):
    """Status and fields (lower-case names) of an answer's head."""
    first, *lines = text.decode("latin-1").split("\r\n")
    check(first.startswith("HTTP/1.1 "), "no HTTP/1.1 answer:", first)
    headers = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
    return int(first.split()[1]), headers


class Session:
    """One TLS connection, one request after the other, with nothing repaired on the way."""

    def __init__(self, sock):
        self.sock = sock
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def _more(self):
        part = self.sock.recv(65536)
        if not part:
            raise ConnectionError("the gateway closed")
        self.pending += part

    def _until(self, mark):
        while mark not in self.pending:
            self._more()
        part, _, self.pending = self.pending.partition(mark)
        return part

    def _take(self, size):
        while len(self.pending) < size:
            self._more()
        part, self.pending = self.pending[:size], self.pending[size:]
        return part

    def send(self, data):
        self.sock.sendall(data)

    def receive(self, to_head=False):
        """The next answer, whole."""
        status, headers = parse_head(self._until(b"\r\n\r\n"))
        if to_head or status in (204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._until(b"\r\n"), 16):
                body += self._take(size)
                equal(self._take(2), b"\r\n", "after a chunk")
            while self._until(b"\r\n"):
                pass
            return Answer(status, headers, body)
        if "content-length" in headers:
            return Answer(status, headers, self._take(int(headers["content-length"])))
        body = self.pending
        while part := self.sock.recv(65536):
            body += part
        return Answer(status, headers, body)

    def request(self, target, method="GET", host=HOST, fields=()):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields, "", ""]
        self.send("\r\n".join(lines).encode("latin-1"))
        return self.receive(method == "HEAD")


# The laboratory ---------------------------------------------------------------------------------

class Upstream:
    """tests/tools/upstream.py, and what it saw."""

    def __init__(self, folder, name="upstream", cert=None, only=()):
        """CERT: the path of a certificate without its .pem, for TLS; ONLY: the CA of the clients
        that it takes, and the version."""
        self.log = folder / f"{name}.log"
        self.log.touch()
        words = [sys.executable, ROOT / "tests/tools/upstream.py", self.log]
        if cert is not None:
            words += ["0", f"{cert}.pem", f"{cert}.key", *only]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())

    def rows(self):
        lines = self.log.read_text(encoding="ascii").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def heads(self):
        """The requests that arrived whole, each with its fields as a dict of lower-case names."""
        heads = [row for row in self.rows() if "method" in row]
        for row in heads:
            row["fields"] = {field[0].lower(): field[-1] for field in row["headers"]}
        return heads

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT)
        self.process.stdout.close()


class Listener:
    """A server of a test's own: serve(sock) of whoever derives it, in a thread for each connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()


class Lab:
    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="vendgate-test-"))
        self.ca = self.dir / "ca"
        self.policies = self.dir / "policies"
        self.policies.mkdir()
        for folder in ("state", "run"):
            (self.dir / folder).mkdir()
        self.port = free_port()
        self.listen = f"127.0.0.1:{self.port}"
        self.udp = UdpSink()
        self.upstream = Upstream(self.dir)
        self.others = []
        self.services = {"api": HOST}
        self.gateway = None
        self.gateway_keys = "workers = 1\n"
        self.program = BUILD / "vendgate"
        self.overlays = {}  # files of the machine, such as /etc/hosts, and what is seen as them
        self.tls_keys = "certificate = ca/server.pem\nprivate_key = ca/server.key\n"
        self.sections = ""
        self.pki(HOST, "other.agency.example")
        self.somebody_ca = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if self.gateway is not None:
                self.stop(quietly=kind is not None)
        finally:
            for upstream in [self.upstream, *self.others]:
                upstream.stop()
            if kind is not None and self.gateway is not None:
                self.show_log()
            if os.environ.get("VG_KEEP"):
                print("# kept", self.dir)
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    # Files ----------------------------------------------------------------------------------

    def pki(self, *args):
        """pki.sh with the folder put in: pki("ca", NAME), pki("leaf", NAME, "--ca", …), or hosts
        for the server's side."""
        words = list(args[:1]) + [self.ca] + list(args[1:]) if args[0] in ("ca", "leaf") else \
            [self.ca, *args]
        subprocess.run([PKI, *words], check=True, timeout=WAIT)

    def vendor(self, name, access, extra=""):
        """A vendor with a CA and a certificate of its own and a policy; ACCESS is
        {rule: (methods, path)} or {rule: (methods, path, service)}."""
        uri = f"spiffe://{name}.example/gateway"
        self.pki("ca", f"{name}-ca")
        self.pki("leaf", name, "--ca", f"{name}-ca", "--uri", uri,
                 "--subject", f"/O={name}/CN=gateway")
        text = f"[vendor]\nid = {name}\nname = {name}\ncontact = soc@{name}.example\n{extra}\n"
        text += f"[identity]\nca = ../ca/{name}-ca.pem\nuri = {uri}\n"
        for rule, (methods, path, *service) in access.items():
            text += (f"\n[access {rule}]\nservice = {service[0] if service else 'api'}\n"
                     f"methods = {methods}\npath = {path}\n")
        (self.policies / f"{name}.ini").write_text(text)

    def add_upstream(self, name, cert=None, only=()):
        """One more test upstream, with TLS where there is a certificate of that name."""
        upstream = Upstream(self.dir, name, cert and self.ca / cert, only)
        self.others.append(upstream)
        return upstream

    def write_config(self):
        text = (f"[gateway]\nnode = lab\nlisten = {self.listen}\npolicies = policies\n"
                f"state = state\nrun = run\n{self.gateway_keys}\n"
                f"[tls]\n{self.tls_keys}\n"
                "[telemetry file]\nto = file:events.log\nformat = sd\nidentifiers = plain\n\n"
                f"[telemetry udp]\nto = udp://127.0.0.1:{self.udp.port}\nformat = sd\n"
                "identifiers = plain\n")
        for name, host in self.services.items():
            text += (f"\n[service {name}]\nhost = {host}\n"
                     f"upstream = http://127.0.0.1:{self.upstream.port}\n")
        (self.dir / "vendgate.ini").write_text(text + self.sections)

    # The gateway ----------------------------------------------------------------------------

    def launch(self):
        """Starts the gateway and waits for nothing."""
        words = [self.program, "-c", self.dir / "vendgate.ini"]
        with open(self.dir / "gateway.log", "ab") as log:
            self.gateway = subprocess.Popen(
                overlaid(self.overlays, words) if self.overlays else words,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        self.write_config()
        self.launch()
        wait_for("the gateway to listen", self.listens)

    def listens(self):
        if self.gateway.poll() is not None:
            self.show_log()
            raise Failed(f"the gateway ended with {self.gateway.returncode}")
        with open("/proc/net/tcp", encoding="ascii") as table:
            return f"0100007F:{self.port:04X} 00000000:0000 0A" in table.read()

    def log_text(self):
        try:
            return (self.dir / "gateway.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def show_log(self):
        for line in self.log_text().splitlines()[-40:]:
            print("#   gateway:", line)

    def children(self, program):
        """Pids of the gateway's processes that run PROGRAM."""
        table = processes()
        return sorted(pid for pid, (parent, name) in table.items()
                      if name == program and self.is_below(table, parent))

    def is_below(self, table, pid):
        while pid in table and pid != self.gateway.pid:
            pid = table[pid][0]
        return pid == self.gateway.pid

    def stop(self, quietly=False):
        """SIGTERM, and the end that it should bring: status 0, no process left, nothing that a
        sanitizer found."""
        table = processes()
        family = [pid for pid, (parent, _) in table.items() if self.is_below(table, parent)]
        gateway, self.gateway = self.gateway, None
        if gateway.poll() is None:
            gateway.send_signal(signal.SIGTERM)
        try:
            status = gateway.wait(WAIT)
        except subprocess.TimeoutExpired:
            gateway.kill()
            gateway.wait()
            status = "still there after SIGTERM"
        left = [pid for pid in family if not gone_soon(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.gateway = gateway
        if quietly:
            return
        equal(status, 0, "exit status of the gateway")
        equal(left, [], "processes left behind")
        check(not SANITIZER.search(self.log_text()), "a sanitizer found something:",
              self.log_text()[-3000:])

    # Clients --------------------------------------------------------------------------------

    def curl(self, who, path, *args, host=HOST, timeout=10):
        """An honest client: curl with WHO's certificate (None: without)."""
        head, body = self.dir / "curl.head", self.dir / "curl.body"
        for file in (head, body):
            file.unlink(missing_ok=True)
        words = ["curl", "-sS", "--max-time", str(timeout), "--path-as-is", "-D", head, "-o", body,
                 "--resolve", f"{host}:{self.port}:127.0.0.1", "--cacert",
                 self.ca / "server-ca.pem", *args]
        if who is not None:
            words += ["--cert", self.ca / f"{who}.chain.pem", "--key", self.ca / f"{who}.key"]
        words.append(f"https://{host}:{self.port}{path}")
        ran = subprocess.run(words, capture_output=True, text=True, timeout=timeout + 5)
        if ran.returncode != 0 or not head.exists():
            return Answer(0, {}, body.read_bytes() if body.exists() else b"",
                          f"curl {ran.returncode}: {ran.stderr.strip()}")
        status, headers = parse_head(head.read_bytes().rpartition(b"\r\n\r\n")[0])
        return Answer(status, headers, body.read_bytes() if body.exists() else b"")

    def tls(self, who, host=HOST, timeout=10.0, adjust=None):
        """A connected, raw TLS session as WHO."""
        context = ssl.create_default_context(cafile=self.ca / "server-ca.pem")
        if who is not None:
            context.load_cert_chain(self.ca / f"{who}.chain.pem", self.ca / f"{who}.key")
        if adjust is not None:
            adjust(context)
        sock = socket.create_connection(("127.0.0.1", self.port), timeout)
        try:
            return Session(context.wrap_socket(sock, server_hostname=host))
        except BaseException:
            sock.close()
            raise

    # Events ---------------------------------------------------------------------------------

    def lines(self):
        try:
            text = (self.dir / "events.log").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return text.split("\n")[:-1]

    def events(self):
        return [parse_event(line) for line in self.lines()]

    def final(self, skip=0):
        return [event for event in self.events() if is_final(event)][skip:]

    def next_final(self, skip, count=1):
        """The COUNT final events behind the first SKIP; that there are not more is checked a
        moment later."""
        wait_for(f"{count} events behind {skip}", lambda: len(self.final(skip)) >= count)
        time.sleep(0.15)
        events = self.final(skip)
        equal(len(events), count, "events", [(e["code"], e.get("reason")) for e in events])
        return events


def gone_soon(pid):
    try:
        wait_for("the end", lambda: not Path(f"/proc/{pid}").exists(), 5)
    except Failed:
        return False
    return True


# Running ----------------------------------------------------------------------------------------

def case(text):
    def mark(function):
        CASES.append((text, function))
        return function
    return mark


def main():
    failed = 0
    for text, function in CASES:
        start = time.monotonic()
        try:
            function()
            print(f"ok {text} ({time.monotonic() - start:.1f} s)", flush=True)
        except Skipped as why:
            print(f"skip {text}: {why}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            if not isinstance(error, Failed):
                traceback.print_exc(file=sys.stdout)
            print(f"not ok {text}: {type(error).__name__}: {error}", flush=True)
    sys.exit(1 if failed else 0)
