#!/usr/bin/env python3
"""Where events go: every sink and format with a real receiver, one that is away and comes back, one
that is full, and what of a person is told."""
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness import (BUILD, WAIT, Lab, Session, case, check, equal, free_port, main, parse_event,
                     wait_for)

RFC5424 = re.compile(r"<(\d+)>1 \S+Z lab vendgate \d+ (VG\d+) ")
RFC3164 = re.compile(r"<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d lab vendgate\[\d+\]: ")
LOCAL = re.compile(r"<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d vendgate\[\d+\]: ")
NUMBERS = {"seq", "schema", "sev", "sport", "status", "dport", "upstream_status", "req_bytes",
           "res_bytes", "duration_us", "upstream_us", "trunc", "first", "last", "dropped"}


def sink(name, to, **keys):
    return f"\n[telemetry {name}]\nto = {to}\n" + \
        "".join(f"{key} = {value}\n" for key, value in keys.items())


def lab_with(*sinks, access=None):
    lab = Lab()
    try:
        lab.sections = "".join(sinks)
        lab.vendor("acme", access or {"all": ("GET", "/**")})
    except BaseException:
        lab.__exit__(None)
        raise
    return lab


def lines_of(lab, name):
    path = lab.dir / name
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def objects(lab, name):
    return [json.loads(line) for line in lines_of(lab, name)]


def seqs_of(lines):
    """The seq of each message, of whatever format."""
    return [int(re.search(r'(?: seq="|"seq":)(\d+)', line)[1]) for line in lines]


def burst(lab, count, path="/v1/x", who="acme"):
    """COUNT requests on one connection; their statuses."""
    with lab.tls(who) as session:
        return [session.request(path).status for _ in range(count)]


def newest(lab):
    """The seq that the log has come to, as the file sink of the harness tells it."""
    return max(seqs_of(lab.lines()), default=0)


def settled(lab):
    """That seq, once it has stood still."""
    last = -1
    while last != (last := newest(lab)):
        time.sleep(0.3)
    return last


class Datagrams:
    """A local syslog: a datagram socket with a path, which can go away and come back."""

    def __init__(self, path):
        self.path, self.lines, self.sock = path, [], None

    def begin(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(self.path))
        self.sock.settimeout(0.2)
        self.thread = threading.Thread(target=self.collect, args=(self.sock,), daemon=True)
        self.thread.start()

    def collect(self, sock):
        while sock is self.sock:
            try:
                self.lines.append(sock.recv(65536).decode("utf-8"))
            except TimeoutError:
                pass

    def end(self):
        """Takes all that is there, then goes."""
        sock, self.sock = self.sock, None
        self.thread.join(WAIT)
        sock.close()
        self.path.unlink()


class Collector:
    """A TCP server of RFC 6587 octet counting. `lose` makes it forget what it has not read."""

    def __init__(self):
        self.port = free_port()
        self.lines, self.connections, self.listener, self.open = [], 0, None, []
        self.rate = None

    def begin(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(sock)
            threading.Thread(target=self.read, args=(sock,), daemon=True).start()

    def read(self, sock):
        pending = b""
        while True:
            try:
                part = sock.recv(16384)
            except OSError:
                return
            if not part:
                return
            pending += part
            while match := re.match(rb"(\d+) ", pending):
                size = int(match[1])
                if len(pending) < match.end() + size:
                    break
                self.lines.append(pending[match.end():match.end() + size].decode("utf-8"))
                pending = pending[match.end() + size:]
            check(not pending or re.match(rb"\d+( |$)", pending), "no octet count:", pending[:60])
            if self.rate:
                time.sleep(self.rate)

    def end(self):
        """As if it were killed: what it has not read is lost, and its peer gets a reset."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.open:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            try:
                sock.shutdown(socket.SHUT_RD)
            except OSError:
                pass
            sock.close()
        self.open = []


def complete(lines, last, first=1):
    """Every seq at least once, and each for the first time in order."""
    seqs = seqs_of(lines)
    fresh, seen = [], set()
    for seq in seqs:
        if seq not in seen:
            fresh.append(seq)
            seen.add(seq)
    missing = sorted(set(range(first, last + 1)) - seen)
    equal(missing, [], "missing of", last)
    equal(fresh, sorted(fresh), "order")


# Formats ----------------------------------------------------------------------------------------

@case("json has the fields of sd, with their types, one object a line")
def json_types():
    with lab_with(sink("json", "file:json.log", format="json", identifiers="plain")) as lab:
        lab.start()
        equal(lab.curl("acme", "/v1/x?q=1").status, 403)
        equal(lab.curl("acme", "/v1/x", "-A", 'a"b\\c]é').status, 200)
        wait_for("events", lambda: len(lab.lines()) >= 3 and len(lines_of(lab, "json.log")) >= 3)
        for event, one in zip(lab.events(), objects(lab, "json.log")):
            for name, value in one.items():
                equal(type(value), int if name in NUMBERS else str, name)
                equal(str(value), event[name], name)
            extra = {"pri", "timestamp", "hostname", "app", "msgid", "message"}
            equal(set(event) - extra, set(one), "fields")
        equal(one["ua"], 'a"b\\\\c]é')
        equal(one["decision"], "allow")


@case("the header that was asked for stands before either format")
def headers():
    kinds = {"rfc5424": RFC5424, "rfc3164": RFC3164, "none": None}
    sinks = [sink(f"{form}-{head}", f"file:{form}-{head}.log", format=form, header=head,
                  facility="local1") for form in ("sd", "json") for head in kinds]
    sinks += [sink("sd-default", "file:sd-default.log", facility="local1"),
              sink("json-default", "file:json-default.log", format="json")]
    with lab_with(*sinks) as lab:
        lab.start()
        equal(lab.curl("acme", "/v1/x").status, 200)
        for form in ("sd", "json"):
            for head, pattern in {**kinds, "default": RFC5424 if form == "sd" else None}.items():
                name = f"{form}-{head}.log"
                line = wait_for(name, lambda n=name: lines_of(lab, n)[1:2])[0]
                if pattern is not None:
                    match = pattern.match(line)
                    check(match, "no header:", line)
                    equal(match[1], str(17 * 8 + 6), name)
                    line = line[match.end():]
                if form == "json":
                    line = line.removeprefix("- ") if pattern is RFC5424 else line
                    equal(json.loads(line)["code"], "VG1001", name)
                else:
                    check(line.startswith('[vendgate@32473 time="'), line)
                    check(line.endswith("] allowed GET for acme from 127.0.0.1"), line)


@case("a sink gets the events and fields that it asks for")
def filters():
    with lab_with(sink("refused", "file:refused.log", format="json", events="refuse, tls"),
                  sink("self", "file:self.log", format="json", events="self",
                       fields="seq, code, reason"),
                  sink("few", "file:few.log", events="allow", fields="vendor, status, seq")) as lab:
        lab.start()
        equal(lab.curl("acme", "/v1/x").status, 200)
        equal(lab.curl("acme", "/v1/x", "-X", "PUT").status, 403)
        equal(lab.curl(None, "/v1/x").status, 0)
        wait_for("all of them", lambda: len(lab.lines()) >= 4)
        time.sleep(0.3)
        equal([one["reason"] for one in objects(lab, "refused.log")],
              ["access.method", "identity.none"])
        equal(objects(lab, "self.log"), [{"seq": 1, "code": "VG9001", "reason": "gateway.start"}])
        few = lines_of(lab, "few.log")
        equal(len(few), 1)
        check(few[0].endswith('[vendgate@32473 seq="2" vendor="acme" status="200"] allowed for acme'),
              few[0])


# Identifiers ------------------------------------------------------------------------------------

def pseudonym(lab, vendor, value):
    key = (lab.dir / "state/hmac.key").read_bytes()
    equal(len(key), 32)
    digest = hmac.new(key, vendor.encode() + b"\0" + value.encode(), hashlib.sha256)
    return "h1." + digest.hexdigest()[:16]


# Path; as a template in which {…} is a value.
PATHS = [
    ("/v1/people/17", "/v1/people/{17}"),
    ("/v1/people/17/photo-3.png", "/v1/people/{17}/photo-{3}.png"),
    ("/files/a/b%20c/", "/files/{a}/{b%20c}/"),
    ("/files/", "/files/"),
    ("/v1/people/17/nothing", "/v1/people/{17}/{nothing}"),  # no rule: literals at their place
    ("/people/v1", "/{people}/{v1}"),
    ("/v1/photos", "/v1/photos"),                            # a literal of another vendor's
    ("/v1/files", "/v1/{files}"),
    ("/", "/"),
    ("/v1/people/17?x", "/v1/people/{17}"),                  # refused after its rule was found
    ("/v1/people/17?=", "/v1/people/{17}"),                  # and before
    ("/v1/people/../17", "/v1/people/../17"),                # as it came
    ("/files/" + "x" * 248, "/files/{" + "x" * 248 + "}"),
    ("/files/" + "x" * 250, "/files/{}"),                    # longer than what is kept
]


@case("values in paths are hashed, plain or left out, as each sink says")
def identifiers():
    access = {"person": ("GET", "/v1/people/{id:int}"),
              "photo": ("GET", "/v1/people/{id:int}/photo-{n:int}.png"),
              "files": ("GET", "/files/**")}
    with lab_with(*(sink(word, f"file:{word}.log", format="json", identifiers=word)
                    for word in ("hmac", "plain", "omit")),
                  sink("default", "file:default.log", format="json"), access=access) as lab:
        lab.vendor("zeta", {"photos": ("GET", "/v1/photos"),
                            "person": ("GET", "/v1/people/{id:int}")})
        lab.start()
        for path, _ in PATHS:
            check(lab.curl("acme", path).status in (200, 400, 403), path)
        equal(lab.curl("zeta", "/v1/people/17").status, 200)
        names = ("hmac", "plain", "omit", "default")
        wait_for("events", lambda: all(len(objects(lab, f"{name}.log")) == len(PATHS) + 2
                                       for name in names))
        told = {name: [one["path"] for one in objects(lab, f"{name}.log") if "path" in one]
                for name in names}
        for i, (path, template) in enumerate(PATHS):
            value = re.compile(r"\{(.*?)\}")
            equal(told["hmac"][i],
                  value.sub(lambda m: pseudonym(lab, "acme", m[1]) if m[1] else "*", template))
            equal(told["omit"][i], value.sub("*", template))
            equal(told["plain"][i], path.partition("?")[0][:256])
        equal(told["default"], told["hmac"])
        equal(told["hmac"][-1], "/v1/people/" + pseudonym(lab, "zeta", "17"))
        check(told["hmac"][-1] != told["hmac"][0], "two vendors' are told apart")
        key = lab.dir / "state/hmac.key"
        equal(key.stat().st_mode & 0o777, 0o600)
        before = key.read_bytes()
        lab.stop()
        lab.start()
        equal(lab.curl("acme", "/v1/people/17").status, 200)
        wait_for("it again", lambda: told["hmac"][0] in
                 [one.get("path") for one in objects(lab, "hmac.log")[-1:]])
        equal(key.read_bytes(), before)


@case("what a lost worker had under way has no values either")
def lost():
    with lab_with(sink("hmac", "file:hmac.log", format="json"),
                  access={"slow": ("GET", "/slow/{ms:int}")}) as lab:
        lab.start()
        with lab.tls("acme") as session:
            session.send(b"GET /slow/3000 HTTP/1.1\r\nHost: api.agency.example\r\n\r\n")
            wait_for("it to be under way", lambda: lab.upstream.heads())
            os.kill(lab.children("vendgate-worker")[0], signal.SIGKILL)
            event = wait_for("its event", lambda: [
                one for one in objects(lab, "hmac.log") if one["code"] == "VG9010"])[0]
        equal(event["path"], "/slow/" + pseudonym(lab, "acme", "3000"))


@case("a key that is none stops the start, and is not made anew")
def bad_key():
    with lab_with() as lab:
        lab.write_config()
        (lab.dir / "state/hmac.key").write_bytes(b"short")
        lab.launch()
        wait_for("it to be told", lambda: "hmac.key in the state directory can't be used"
                 in lab.log_text())
        equal((lab.dir / "state/hmac.key").read_bytes(), b"short")
        lab.gateway.terminate()
        lab.gateway.wait(WAIT)
        lab.gateway = None


# Sinks ------------------------------------------------------------------------------------------

@case("unix: the local form; a syslog that is away gets all once it is back")
def unix():
    with tempfile.TemporaryDirectory(prefix="vg-") as folder:
        syslog = Datagrams(Path(folder) / "log")
        with lab_with(sink("local", f"unix:{syslog.path}", facility="auth")) as lab:
            lab.start()
            burst(lab, 5)
            syslog.begin()
            last = settled(lab)
            wait_for("all", lambda: last in seqs_of(syslog.lines))
            syslog.end()
            burst(lab, 200)
            syslog.begin()
            last = settled(lab)
            wait_for("all", lambda: last in seqs_of(syslog.lines))
            equal(seqs_of(syslog.lines), list(range(1, last + 1)), "once and in order")
            for line in syslog.lines:
                match = LOCAL.match(line)
                check(match, "not the local form:", line)
                check(int(match[1]) // 8 == 4, line)
                check(line[match.end():].startswith("[vendgate@32473 "), line)
            syslog.end()


@case("tcp: a collector that comes late, and is back after a while, gets all in order")
def tcp_away():
    collector = Collector()
    with lab_with(sink("siem", f"tcp://127.0.0.1:{collector.port}", format="json")) as lab:
        lab.start()
        burst(lab, 20)
        collector.begin()
        last = settled(lab)
        wait_for("all", lambda: last in seqs_of(collector.lines))
        complete(collector.lines, last)
        collector.end()
        burst(lab, 50)
        time.sleep(1)
        collector.begin()
        last = settled(lab)
        wait_for("all", lambda: last in seqs_of(collector.lines))
        complete(collector.lines, last)
        check(RFC5424.match(collector.lines[0]), collector.lines[0])
        check(collector.lines[0].count(" - {") == 1, collector.lines[0])
        collector.end()


@case("tcp: a collector that is killed while it reads misses nothing")
def tcp_killed():
    collector = Collector()
    collector.rate = 0.02  # slower than events come: much is under way when it dies
    with lab_with(sink("siem", f"tcp://127.0.0.1:{collector.port}")) as lab:
        lab.start()
        collector.begin()
        for _ in range(4):
            burst(lab, 200)
            before = len(collector.lines)
            collector.end()
            time.sleep(0.3)
            collector.begin()
            wait_for("it to come back", lambda b=before: len(collector.lines) > b)
        collector.rate = None
        last = settled(lab)
        wait_for("all", lambda: last in seqs_of(collector.lines))
        complete(collector.lines, last)
        check(len(collector.lines) > last, "some were repeated")
        collector.end()


@case("tcp: a recorder that is killed repeats, and misses nothing")
def tcp_recorder_killed():
    collector = Collector()
    with lab_with(sink("siem", f"tcp://127.0.0.1:{collector.port}")) as lab:
        lab.start()
        collector.begin()
        for _ in range(3):
            burst(lab, 100)
            os.kill(lab.children("vendgate-recorder")[0], signal.SIGKILL)
            wait_for("a new one", lambda: lab.children("vendgate-recorder"))
        burst(lab, 10)
        last = settled(lab)
        wait_for("all", lambda: last in seqs_of(collector.lines))
        complete(collector.lines, last)
        collector.end()


@case("tcp: one that accepts and reads nothing blocks nobody")
def tcp_stuck():
    listener = socket.create_server(("127.0.0.1", 0))
    with lab_with(sink("siem", f"tcp://127.0.0.1:{listener.getsockname()[1]}")) as lab:
        lab.start()
        for _ in range(10):
            check(set(burst(lab, 200)) == {200})
        last = settled(lab)
        check(last >= 2000, "the other sinks go on:", last)
    listener.close()


@case("stdout: lines on the gateway's own output")
def stdout():
    with lab_with(sink("out", "stdout", format="json")) as lab:
        lab.write_config()
        with open(lab.dir / "gateway.log", "wb") as log, open(lab.dir / "out.log", "wb") as out:
            lab.gateway = subprocess.Popen([BUILD / "vendgate", "-c", lab.dir / "vendgate.ini"],
                                           stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        wait_for("the gateway to listen", lab.listens)
        burst(lab, 100)
        last = settled(lab)
        wait_for("all", lambda: last in seqs_of(lines_of(lab, "out.log")))
        equal([one["seq"] for one in objects(lab, "out.log")], list(range(1, last + 1)))


@case("stdout: a pipe that nobody reads blocks nobody")
def stdout_stuck():
    read_end, write_end = os.pipe()
    with lab_with(sink("out", "stdout", format="json")) as lab:
        lab.write_config()
        with open(lab.dir / "gateway.log", "wb") as log:
            lab.gateway = subprocess.Popen([BUILD / "vendgate", "-c", lab.dir / "vendgate.ini"],
                                           stdin=subprocess.DEVNULL, stdout=write_end, stderr=log)
        os.close(write_end)
        wait_for("the gateway to listen", lab.listens)
        check(set(burst(lab, 500)) == {200})
        last = settled(lab)
        check(last > 500, last)
        got = b""
        while f'"seq":{last},'.encode() not in got:
            got += os.read(read_end, 65536)
        equal([json.loads(line)["seq"] for line in got.decode().split("\n")[:-1]],
              list(range(1, last + 1)))
        os.close(read_end)


# What waits -------------------------------------------------------------------------------------

def fill_up(lab, session, limit=2000):
    """Requests until one is refused; how many went."""
    for n in range(limit):
        answer = session.request("/v1/x")
        if answer.status != 200:
            return n, answer
        time.sleep(0.002)
    check(False, "nothing was refused in", limit)


@case("on_full = deny: no access without a record, and again once there is room")
def deny():
    collector = Collector()
    with lab_with(sink("siem", f"tcp://127.0.0.1:{collector.port}", spool="64KiB",
                       on_full="deny")) as lab:
        lab.start()
        with lab.tls("acme") as session:
            count, answer = fill_up(lab, session)
        check(20 < count < 400, "as the spool is large:", count)
        equal(answer.status, 503)
        seen = len(lab.upstream.heads())
        equal(seen, count)
        for _ in range(5):  # on new connections, too
            equal(lab.curl("acme", "/v1/x").status, 503)
        equal(len(lab.upstream.heads()), seen, "nothing went upstream")
        os.kill(lab.children("vendgate-recorder")[0], signal.SIGKILL)
        time.sleep(1.5)
        equal(lab.curl("acme", "/v1/x").status, 503, "a new recorder refuses, too")
        equal(len(lab.upstream.heads()), seen)
        check("its spool is full, requests are refused" in lab.log_text())
        collector.begin()
        wait_for("it to be taken again", lambda: lab.curl("acme", "/v1/x").status == 200)
        last = settled(lab)
        wait_for("all", lambda: last in seqs_of(collector.lines))
        complete(collector.lines, last)
        told = [event for event in lab.events() if event["reason"] == "telemetry.full"]
        check(told and sum(int(event.get("dropped", 0)) for event in told) >= 7,
              "refusals without an event are counted:", told)
        check("its spool has room" in lab.log_text())
        collector.end()


def gaps(lab, name):
    return [(int(event["first"]), int(event["last"]), int(event["dropped"]))
            for event in lab.events()
            if event["reason"] == "log.gap" and event["constraint"] == name]


@case("on_full = drop_oldest: what is newest arrives, and the gap is told")
def drop_oldest():
    collector = Collector()
    with lab_with(sink("siem", f"tcp://127.0.0.1:{collector.port}", spool="64KiB",
                       on_full="drop_oldest")) as lab:
        lab.start()
        for _ in range(6):
            check(set(burst(lab, 100)) == {200})
        wait_for("a gap", lambda: gaps(lab, "siem"))
        collector.begin()
        last = settled(lab)
        wait_for("the newest", lambda: last in seqs_of(collector.lines))
        missing = set(range(1, last + 1)) - set(seqs_of(collector.lines))
        dropped = {seq for first, end, _ in gaps(lab, "siem") for seq in range(first, end + 1)}
        equal(missing, dropped, "all that is missing was told")
        check(min(missing) == 1 and len(missing) > 300, len(missing))
        for first, end, count in gaps(lab, "siem"):
            equal(count, end - first + 1)
        collector.end()


@case("on_full = drop_newest: what is oldest arrives, and the gap is told")
def drop_newest():
    collector = Collector()
    with lab_with(sink("siem", f"tcp://127.0.0.1:{collector.port}", spool="64KiB",
                       on_full="drop_newest")) as lab:
        lab.start()
        for _ in range(3):
            check(set(burst(lab, 100)) == {200})
        os.kill(lab.children("vendgate-recorder")[0], signal.SIGKILL)
        for _ in range(3):
            check(set(burst(lab, 100)) == {200})
        settled(lab)
        collector.begin()
        gap = wait_for("the gap", lambda: gaps(lab, "siem"))
        equal(len(gap), 1)
        burst(lab, 10)
        last = settled(lab)
        wait_for("the newest", lambda: last in seqs_of(collector.lines))
        missing = set(range(1, last + 1)) - set(seqs_of(collector.lines))
        equal(missing, set(range(gap[0][0], gap[0][1] + 1)))
        check(1 not in missing and len(missing) > 300, len(missing))
        collector.end()


@case("a sink that wants none of what waits is not behind")
def filtered_spool():
    with lab_with(sink("siem", f"tcp://127.0.0.1:{free_port()}", spool="64KiB", on_full="deny",
                       events="admin")) as lab:
        lab.start()
        for _ in range(5):
            check(set(burst(lab, 100)) == {200})


# A real collector -------------------------------------------------------------------------------

RSYSLOG = """
global(workDirectory="{dir}" parser.escapeControlCharactersOnReceive="off" maxMessageSize="64k")
module(load="imtcp")
module(load="imuxsock" sysSock.use="off")
module(load="mmpstrucdata")
module(load="mmjsonparse")
template(name="sd" type="string" string="%app-name% %msgid% %syslogfacility-text% %$!rfc5424-sd%\\n")
template(name="json" type="string" string="%msgid% %$!all-json%\\n")
template(name="local" type="string" string="%programname% %syslogfacility-text% %msg%\\n")
ruleset(name="sd") {{
  action(type="mmpstrucdata")
  action(type="omfile" file="{dir}/sd.out" template="sd")
}}
ruleset(name="json") {{
  action(type="mmjsonparse" cookie="")
  action(type="omfile" file="{dir}/json.out" template="json")
}}
ruleset(name="local") {{ action(type="omfile" file="{dir}/local.out" template="local") }}
input(type="imtcp" address="127.0.0.1" port="{sd}" ruleset="sd")
input(type="imtcp" address="127.0.0.1" port="{json}" ruleset="json")
input(type="imuxsock" socket="{dir}/log" ruleset="local" createPath="off")
"""


@case("rsyslog understands what it gets, over tcp in both formats and locally")
def rsyslog():
    daemon = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    check(Path(daemon).exists(), "there is no rsyslogd here: install rsyslog")
    folder = Path(tempfile.mkdtemp(prefix="vg-rsyslog-"))
    ports = {"sd": free_port(), "json": free_port()}
    (folder / "rsyslog.conf").write_text(RSYSLOG.format(dir=folder, **ports))
    with open(folder / "err", "wb") as err:
        process = subprocess.Popen([daemon, "-n", "-f", folder / "rsyslog.conf", "-i",
                                    folder / "pid"], stdin=subprocess.DEVNULL, stdout=err,
                                   stderr=err)
    try:
        wait_for("rsyslog's socket", (folder / "log").exists)
        with lab_with(sink("sd", f"tcp://127.0.0.1:{ports['sd']}", identifiers="plain"),
                      sink("json", f"tcp://127.0.0.1:{ports['json']}", format="json",
                           identifiers="plain"),
                      sink("local", f"unix:{folder}/log", format="json", facility="auth",
                           identifiers="plain")) as lab:
            lab.start()
            agent = 'a"b\\c]d'
            equal(lab.curl("acme", "/v1/x", "-A", agent).status, 200)

            def found(name):
                path = folder / f"{name}.out"
                lines = path.read_text().splitlines() if path.exists() else []
                return [line for line in lines if "VG1001" in line]

            want = {"vendor": "acme", "path": "/v1/x", "ua": 'a"b\\\\c]d'}
            app, msgid, facility, data = wait_for("sd", lambda: found("sd"))[0].split(" ", 3)
            equal((app, msgid, facility), ("vendgate", "VG1001", "local4"))
            data = json.loads(data)["vendgate@32473"]
            equal({name: data[name] for name in want}, want)
            equal(data["status"], "200")
            msgid, data = wait_for("json", lambda: found("json"))[0].split(" ", 1)
            data = json.loads(data)
            equal(msgid, "VG1001")
            equal({name: data[name] for name in want}, want)
            equal(data["status"], 200)
            program, facility, data = wait_for("local", lambda: found("local"))[0].split(None, 2)
            equal((program, facility), ("vendgate", "auth"))
            equal(json.loads(data)["path"], "/v1/x")
    except BaseException:
        print("#", (folder / "err").read_text()[-2000:])
        raise
    finally:
        process.terminate()
        process.wait(WAIT)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
