#!/usr/bin/env python3
"""What changes at run time: status, a reload that is good, one that is not, and a controller that
dies."""
import json
import os
import pwd
import re
import signal
import socket
import ssl
import stat
import subprocess
import time

import harness
from harness import Lab, case, check, equal, wait_for

ROLES = {"worker", "keys", "broker", "recorder", "controller"}


def ctl(lab, *words, timeout=60):
    return subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", *words],
                          capture_output=True, text=True, timeout=timeout, check=False)


def status(lab):
    ran = ctl(lab, "status", "--json")
    equal(ran.returncode, 0, "status", ran.stderr)
    return json.loads(ran.stdout)


def ready(lab):
    def probe():
        ran = ctl(lab, "status", "--json")
        return ran.returncode == 0 and json.loads(ran.stdout)["serving"]
    wait_for("all roles to serve", probe)


def open_lab(lab, **keys):
    lab.vendor("acme", access={"all": ("GET", "/n/**")})
    if keys:
        lab.gateway_keys = "".join(f"{key} = {value}\n" for key, value in keys.items())
    lab.start()
    ready(lab)


def codes(lab):
    return [event["code"] for event in lab.events()]


def event_of(lab, code):
    wait_for(code, lambda: code in codes(lab))
    found = [event for event in lab.events() if event["code"] == code]
    return found[-1]


def raw(lab, data):
    """What the control socket says to DATA."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(lab.dir / "run" / "control.sock"))
        sock.sendall(data)
        parts = b""
        while part := sock.recv(65536):
            parts += part
        return parts


def ask_as(lab, uid, gid):
    """What somebody else comes to who asks for the status."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            told = raw(lab, b"text status\n").split(b" ")[0].decode() or "closed"
        except ConnectionError:
            told = "closed"
        except OSError as error:
            told = type(error).__name__
        os.write(writer, told.encode())
        os._exit(0)  # pylint: disable=protected-access
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, encoding="ascii") as pipe:
        return pipe.read()


@case("status tells of every role, to people and to scripts")
def _():
    with Lab() as lab:
        open_lab(lab, workers=2)
        told = status(lab)
        equal(told["node"], "lab")
        equal(told["generation"], 1)
        equal(len(told["gen"]), 64)
        equal({row["role"] for row in told["processes"]}, ROLES)
        for row in told["processes"]:
            equal(row["state"], "serving", row)
            equal(row["restarts"], 0, row)
            check(row["pid"] in lab.children(f"vendgate-{row['role']}"), "another pid:", row)
        text = ctl(lab, "status").stdout
        check("worker 1" in text and "all roles serve" in text, text)
        socket_mode = stat.S_IMODE(os.stat(lab.dir / "run" / "control.sock").st_mode)
        equal(socket_mode, 0o660, "mode of the control socket")


def hello_bytes():
    """A ClientHello, and nothing after it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=harness.HOST)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


@case("status tells what each worker holds, and by which generation")
def _():
    with Lab() as lab:
        open_lab(lab, workers=2)
        equal(ctl(lab, "reload").returncode, 0, "a reload")

        def total(name):
            rows = status(lab)["processes"]
            return sum(row[name] for row in rows if row["role"] == "worker")
        with lab.tls("acme") as one, lab.tls("acme") as two:
            one.request("/n/x")
            two.request("/n/x")
            silent = socket.create_connection(("127.0.0.1", lab.port))
            begun = socket.create_connection(("127.0.0.1", lab.port))
            begun.sendall(hello_bytes())
            wait_for("4 connections", lambda: total("connections") == 4)
            wait_for("a handshake", lambda: total("handshakes") == 1)
            silent.close()
            begun.close()
            wait_for("2 connections", lambda: total("connections") == 2)
            equal(total("handshakes"), 0)
            told = status(lab)
            check("connections" not in [row for row in told["processes"]
                                        if row["role"] == "keys"][0], told)
            # Those that were there before see the number when they need it: the idle one may not.
            check(2 in [row.get("generation") for row in told["processes"]], told)
            text = ctl(lab, "status").stdout
            check("WORKER" in text and "CONNECTIONS" in text, text)
        wait_for("none", lambda: total("connections") == 0)


@case("status tells what each sink has still to get, and what it failed of")
def _():
    with Lab() as lab:
        away = harness.free_port()
        lab.sections = f"\n[telemetry away]\nto = tcp://127.0.0.1:{away}\nformat = json\n"
        open_lab(lab)
        for _ in range(5):
            equal(lab.curl("acme", "/n/x").status, 200)

        def sink(name):
            return next(row for row in status(lab)["sinks"] if row["name"] == name)
        wait_for("the one that is away", lambda: sink("away")["events_behind"] >= 5)
        row = sink("away")
        check(row["bytes_behind"] > 100 and row["failing"], row)
        equal((row["format"], row["error"]), ("json", "Connection refused"))
        wait_for("the file", lambda: sink("file")["events_behind"] == 0)
        row = sink("file")
        equal((row["format"], row["bytes_behind"], row["failing"], row["error"]),
              ("sd", 0, False, ""))
        check("fails: Connection refused" in ctl(lab, "status").stdout, "not in the text")
        with socket.create_server(("127.0.0.1", away)) as server:
            server.settimeout(20)
            with server.accept()[0] as collector:
                collector.recv(65536)
                wait_for("it to work", lambda: not sink("away")["failing"])
                equal(sink("away")["error"], "Connection refused", "its last failure")


@case("a good reload reaches all roles, and leaves an event with who, what for, and both digests")
def _():
    with Lab() as lab:
        open_lab(lab)
        before = status(lab)
        lab.vendor("metro", access={"all": ("GET", "/n/**")})
        ran = ctl(lab, "reload", "--ref", "change 4711: metro", "--json")
        equal(ran.returncode, 0, ran.stdout, ran.stderr)
        answer = json.loads(ran.stdout)
        equal((answer["reloaded"], answer["generation"]), (True, 2))
        after = status(lab)
        equal((after["generation"], after["gen"]), (2, answer["gen"]))
        check(after["gen"] != before["gen"], "the digest is the same")
        event = event_of(lab, "VG6001")
        equal(event["ref"], "change 4711: metro")
        equal((event["gen_before"], event["gen"]), (before["gen"], after["gen"]))
        check(event["actor"].startswith("uid:"), event)
        kept = {(row["role"], row["pid"]) for row in before["processes"] if row["role"] != "keys"}
        now = {(row["role"], row["pid"]) for row in after["processes"]}
        check(kept <= now, "a role was restarted:", kept - now)
        equal(lab.curl("acme", "/n/x").status, 200, "acme after the reload")


@case("a broken policy is refused with its place; what serves stays, and SIGHUP is the same")
def _():
    with Lab() as lab:
        open_lab(lab)
        before = status(lab)
        good = (lab.policies / "acme.ini").read_text()
        (lab.policies / "acme.ini").write_text(good.replace("[vendor]\n", "[vendor]\nidd = x\n"))
        ran = ctl(lab, "reload")
        equal(ran.returncode, 4, ran.stdout, ran.stderr)
        check("acme.ini:2: error:" in ran.stderr, ran.stderr)
        check("did you mean" in ran.stderr, ran.stderr)
        event = event_of(lab, "VG6002")
        check("acme.ini:2" in event["constraint"], event)
        check("acme.ini:2: error:" in lab.log_text(), "not in the log")
        lab.gateway.send_signal(signal.SIGHUP)
        wait_for("the signal's event", lambda: codes(lab).count("VG6002") == 2)
        equal(event_of(lab, "VG6002")["actor"], "signal")
        after = status(lab)
        equal((after["generation"], after["gen"]), (1, before["gen"]))
        equal(lab.curl("acme", "/n/x").status, 200, "acme")
        (lab.policies / "acme.ini").write_text(good)
        equal(ctl(lab, "reload").returncode, 0, "mended")


@case("keys that can't be read refuse the reload, and nothing is withdrawn from who serves")
def _():
    with Lab() as lab:
        open_lab(lab)
        before = {(row["role"], row["pid"]) for row in status(lab)["processes"]}
        key = lab.ca / "server.key"
        aside = key.read_bytes()
        key.write_text("no key\n")
        ran = ctl(lab, "reload")
        equal(ran.returncode, 4, ran.stdout, ran.stderr)
        check('server.key" for the certificate' in ran.stderr, ran.stderr)
        key.write_bytes(aside)
        wait_for("the new keys to be gone", lambda: before == {
            (row["role"], row["pid"]) for row in status(lab)["processes"]})
        equal(lab.curl("acme", "/n/x").status, 200, "acme")
        equal(ctl(lab, "reload").returncode, 0, "with the right key")


@case("what can't change while it runs is named")
def _():
    with Lab() as lab:
        open_lab(lab, workers=1)
        for keys, name in (("workers = 2\n", "workers"),
                           ("workers = 1\nuser = nobody\n", "user")):
            lab.gateway_keys = keys
            lab.write_config()
            ran = ctl(lab, "reload")
            equal(ran.returncode, 4, ran.stderr)
            check(f"{name} can't change" in ran.stderr, ran.stderr)
        equal(status(lab)["generation"], 1)


@case("what is no request is not answered, and nobody holds the socket")
def _():
    with Lab() as lab:
        open_lab(lab)
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"text status\nmore\n", b"status\n", b"\n",
                     b"x" * 2000, b"text  status\n", b"text status%\n", b"\x00\n"):
            try:
                equal(raw(lab, data), b"", data)
            except ConnectionError:
                pass
        equal(raw(lab, b"text frobnicate\n").split(b" ")[0], b"wrong")
        equal(raw(lab, b"text status now\n").split(b" ")[0], b"wrong")
        held = []
        for _ in range(40):
            held.append(socket.socket(socket.AF_UNIX))
            held[-1].connect(str(lab.dir / "run" / "control.sock"))
        began = time.monotonic()
        equal(ctl(lab, "status").returncode, 0, "behind 40 that say nothing")
        check(time.monotonic() - began < 25, "their time was not bounded")
        for sock in held:
            sock.close()


@case("a controller that is killed comes back, and so does its socket")
def _():
    with Lab() as lab:
        open_lab(lab)
        equal(ctl(lab, "reload").returncode, 0, "a reload")
        killed = lab.children("vendgate-controller")[0]
        os.kill(killed, signal.SIGKILL)
        equal(lab.curl("acme", "/n/x").status, 200, "without a controller")
        wait_for("another controller", lambda: lab.children("vendgate-controller") not in
                 ([], [killed]))
        ready(lab)
        told = status(lab)
        equal(told["generation"], 2, "it forgot the generation")
        equal([row["restarts"] for row in told["processes"] if row["role"] == "controller"], [1])


@case("the group of `user` may use the socket; the roles' own user and others may not")
def _():
    if os.geteuid() != 0:
        print("# not root: there is but one user")
        return
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.gateway_keys = "workers = 1\nuser = nobody\n"
        entry = pwd.getpwnam("nobody")
        lab.dir.chmod(0o755)
        (lab.dir / "run").rmdir()
        (lab.dir / "events.log").touch()
        for name in ("state", "events.log"):
            os.chown(lab.dir / name, entry.pw_uid, entry.pw_gid)
        lab.start()
        ready(lab)
        daemon = pwd.getpwnam("daemon")
        equal(ask_as(lab, daemon.pw_uid, entry.pw_gid), "ok", "of the group")
        equal(ask_as(lab, entry.pw_uid, entry.pw_gid), "closed", "the roles' own user")
        equal(ask_as(lab, daemon.pw_uid, daemon.pw_gid), "PermissionError", "somebody else")
        check("refused to a process of the gateway's own user" in lab.log_text(), "not told")


@case("nobody there: exit status 4, and a wrong command line 2")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.write_config()
        for words in (("status",), ("reload",), ("-s", "/nonexistent/socket", "status")):
            ran = ctl(lab, *words)
            equal(ran.returncode, 4, words, ran.stderr)
            check("no gateway at" in ran.stderr, ran.stderr)
        for words in (("status", "x"), ("reload", "x"), ("reload", "--ref")):
            equal(ctl(lab, *words).returncode, 2, words)


@case("vendgate -T shows each value and its place")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.write_config()
        ran = subprocess.run([harness.BUILD / "vendgate", "-T", "-c", lab.dir / "vendgate.ini"],
                             capture_output=True, text=True, timeout=30, check=False)
        equal(ran.returncode, 0, ran.stderr)
        lines = ran.stdout.splitlines()
        check("[gateway]" in lines and "[access all]" in lines, ran.stdout)
        check(any(line.startswith(f"listen = 127.0.0.1:{lab.port} ; ") and
                  line.endswith("vendgate.ini:3") for line in lines), ran.stdout)
        for line in ("drain = 30s ; default", "max_body = 10MiB ; default",
                     f"control = {lab.dir}/run/control.sock ; default"):
            check(line in lines, line, ran.stdout)
        equal(lines.count("max_body = 10MiB ; default"), 2, "[limits] and [access]", ran.stdout)
        check(any(re.fullmatch("connections = [0-9]{2,} ; default", line) for line in lines),
              ran.stdout)
        (lab.dir / "vendgate.ini").write_text(
            (lab.dir / "vendgate.ini").read_text().replace("node = lab\n", ""))
        ran = subprocess.run([harness.BUILD / "vendgate", "-T", "-c", lab.dir / "vendgate.ini"],
                             capture_output=True, text=True, timeout=30, check=False)
        check(f"node = {socket.gethostname()} ; default" in ran.stdout, ran.stdout)
        check("header_bytes = 16KiB ; default" in lines, ran.stdout)
        check(any(line.startswith("methods = GET ; ") and "acme.ini:" in line for line in lines),
              ran.stdout)


if __name__ == "__main__":
    harness.main()
