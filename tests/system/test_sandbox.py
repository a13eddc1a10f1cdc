#!/usr/bin/env python3
"""What is left to a role that was taken over: system calls made from inside the live processes of
a gateway that serves, and what of the private key is in their memory."""
import base64
import errno
import mmap
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import harness
from harness import Lab, Skipped, case, check, equal, wait_for
from inside import AT_FDCWD, Died, Inside, descriptors, possible

ROLES = ("worker", "keys", "broker", "recorder", "controller")
FASTOPEN = 0x20000000
GRAIN = 16  # bytes of a key that are looked for at a time
FILTERED = not harness.SANITIZED


def one(lab, role):
    pids = lab.children(f"vendgate-{role}")
    equal(len(pids), 1, "processes of", role)
    return pids[0]


def closed(lab, role):
    """A process of that role that has entered its sandbox, and waits."""
    for pid in lab.children(f"vendgate-{role}"):
        try:
            text = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        if "\nSeccomp:\t2\n" in text and "\nState:\tS" in text:
            return pid
    return None


class Apart(Lab):
    """The file sink has a folder of its own."""

    def write_config(self):
        super().write_config()
        (self.dir / "out").mkdir(exist_ok=True)
        path = self.dir / "vendgate.ini"
        path.write_text(path.read_text().replace("file:events.log", "file:out/events.log"))


def serving(kind=Lab):
    lab = kind()
    try:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.start()
        check(lab.curl("acme", "/n/x").status == 200, "no answer")
    except BaseException:
        lab.__exit__(None)
        raise
    return lab


def address(port):
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + b"\x7f\0\0\1" + bytes(8)


def find(pid, ending):
    """The descriptor of a file with that ending."""
    found = [number for number, what in descriptors(pid).items() if what.endswith(ending)]
    equal(len(found), 1, ending, "of", pid, descriptors(pid))
    return found[0]


def listener(lab, pid):
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = [row[9] for row in rows if row[1] == f"0100007F:{lab.port:04X}" and row[3] == "0A"][0]
    return find(pid, f"socket:[{inode}]")


class Bystander:
    """A process like any other: what a role is refused must work there."""

    def __enter__(self):
        self.process = subprocess.Popen(["sleep", "60"])
        wait_for("sleep to sleep", lambda: "nanosleep" in
                 Path(f"/proc/{self.process.pid}/wchan").read_text())
        return self.process.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


FATAL = {
    "open a file": lambda inside, lab: inside.call("openat", AT_FDCWD, b"/etc/passwd", os.O_RDONLY),
    "open the key": lambda inside, lab: inside.call(
        "openat", AT_FDCWD, os.fsencode(lab.ca / "server.key"), os.O_RDONLY),
    "open its memory": lambda inside, lab: inside.call(
        "openat", AT_FDCWD, b"/proc/self/mem", os.O_RDWR),
    "make a socket": lambda inside, lab: inside.call(
        "socket", socket.AF_INET, socket.SOCK_STREAM, 0),
    "start another": lambda inside, lab: inside.call("fork"),
    "signal another": lambda inside, lab: inside.call("kill", os.getpid(), 0),
    "trace": lambda inside, lab: inside.call("ptrace", 0, 0, 0, 0) % 2**32 and 0,
    "read another's memory": lambda inside, lab: inside.call(
        "process_vm_readv", os.getpid(), 0, 0, 0, 0, 0),
    "make code": lambda inside, lab: inside.call(
        "mmap", 0, 4096, mmap.PROT_READ | mmap.PROT_EXEC, 0x22, -1, 0),
}


@case("no role opens a file, makes a socket or process, or turns data into code")
def _():
    if not possible() or not FILTERED:
        raise Skipped("needs root, x86-64 and a build with its filter")
    may = {("broker", "make a socket"), ("recorder", "make a socket"),
           ("recorder", "open a file"), ("recorder", "open the key"),
           ("recorder", "open its memory")}
    with serving() as lab:
        with Bystander() as pid:
            for what, attempt in FATAL.items():
                if what == "trace":  # it is traced already
                    continue
                with Inside(pid) as inside:
                    check(attempt(inside, lab) >= 0, "a bystander can't", what)
        for role in ROLES:
            for what, attempt in FATAL.items():
                if (role, what) in may:
                    continue
                wait_for("an answer", lambda: lab.curl("acme", "/n/x").status == 200)
                pid = wait_for(f"a {role}", lambda r=role: closed(lab, r))
                try:
                    with Inside(pid) as inside:
                        got = attempt(inside, lab)
                    raise harness.Failed(f"{role} can {what}: {got}")
                except Died as died:
                    equal(died.signal, signal.SIGSYS, role, "on:", what)
                wait_for(f"the log to tell of the {role}", lambda p=pid:
                         f"(pid {p}) was killed: Bad system call" in lab.log_text())


@case("from inside a worker, no host is reached but through the broker")
def _():
    if not possible() or not FILTERED:
        raise Skipped("needs root, x86-64 and a build with its filter")
    with socket.create_server(("127.0.0.1", 0)) as target, serving() as lab:
        target.settimeout(0.5)
        to = address(target.getsockname()[1])
        ways = {
            "connect": lambda inside, fd: inside.call("connect", fd, to, 16),
            "end the listener": lambda inside, fd: inside.call("shutdown", fd, socket.SHUT_RDWR),
            "fast open": lambda inside, fd: inside.call("sendto", fd, b"x", 1, FASTOPEN, to, 16),
            "starve the listener": lambda inside, fd: inside.call(
                "setsockopt", fd, socket.SOL_SOCKET, 26, struct.pack("=HxxxxxxQ", 0, 0), 16),
        }
        with Bystander() as pid, Inside(pid) as inside:
            fd = inside.call("socket", socket.AF_INET, socket.SOCK_STREAM, 0)
            equal(ways["connect"](inside, fd), 0, "the bystander connects")
            target.accept()[0].close()
            fd = inside.call("socket", socket.AF_INET, socket.SOCK_STREAM, 0)
            equal(inside.call("listen", fd, 5), 0, "listens")
            equal(ways["end the listener"](inside, fd), 0, "no longer listens")
            if int(Path("/proc/sys/net/ipv4/tcp_fastopen").read_text()) & 1:
                check(ways["fast open"](inside, fd) >= 0, "connects so, too")
                target.accept()[0].close()
        for what, way in ways.items():
            wait_for("an answer", lambda: lab.curl("acme", "/n/x").status == 200)
            worker = wait_for("a worker", lambda: closed(lab, "worker"))
            try:
                with Inside(worker) as inside:
                    got = way(inside, listener(lab, worker))
                raise harness.Failed(f"it can {what}: {got}")
            except Died as died:
                equal(died.signal, signal.SIGSYS, what)
        try:
            target.accept()
            raise harness.Failed("the worker reached it")
        except TimeoutError:
            pass
        wait_for("an answer", lambda: lab.curl("acme", "/n/x").status == 200)


@case("a worker reads the control block and can't write to it")
def _():
    if not possible():
        raise Skipped("needs root and x86-64")
    both = mmap.PROT_READ | mmap.PROT_WRITE
    with serving() as lab:
        controller, worker = one(lab, "controller"), one(lab, "worker")
        with Inside(controller) as inside:
            got = inside.call("mmap", 0, 4096, both, mmap.MAP_SHARED,
                              find(controller, "control.block"), 0)
            check(got > 0, "who may write it can't", got)
            inside.call("munmap", got, 4096)
        block = find(worker, "control.block")
        with Inside(worker) as inside:
            at = inside.call("mmap", 0, 4096, mmap.PROT_READ, mmap.MAP_SHARED, block, 0)
            equal(inside.memory(at, 4), b"VGCB", "what it reads")
            equal(inside.call("mmap", 0, 4096, both, mmap.MAP_SHARED, block, 0), -errno.EACCES,
                  "mapped to write")
            equal(inside.call("mprotect", at, 4096, both), -errno.EACCES, "made writable")
            equal(inside.call("write", block, bytes(16), 16), -errno.EBADF, "written")
            inside.call("munmap", at, 4096)
        check(lab.curl("acme", "/n/x").status == 200, "no answer afterwards")
        equal(one(lab, "worker"), worker, "the worker")


def writable(pid, folder):
    """Files of that folder that a descriptor of the process may write to."""
    found = []
    for number, what in descriptors(pid).items():
        flags = re.search(r"^flags:\s+0*(\d+)$", Path(f"/proc/{pid}/fdinfo/{number}").read_text(), re.M)
        if what.startswith(f"{folder}/") and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY:
            found.append(Path(what).name)
    return sorted(found)


@case("a worker writes to memory of a fixed size, and can't write the run directory full")
def _():
    if os.geteuid() != 0:
        raise Skipped("needs root: it looks at descriptors of others")
    with serving() as lab:
        run = Path(f"{lab.dir}/run").resolve()
        worker = one(lab, "worker")
        check({"control.block", "worker-0.ring", "worker-0.status"} <=
              set(writable(lab.gateway.pid, run)), "of who gives them",
              writable(lab.gateway.pid, run))
        maps = Path(f"/proc/{worker}/maps").read_text()
        for name in ("worker-0.ring", "worker-0.status"):
            check(re.search(rf" rw-s .*/{re.escape(name)}$", maps, re.M), name, "isn't mapped")
        for role in ("worker", "keys", "broker", "recorder"):
            equal(writable(one(lab, role), run), [], role)


@case("the recorder opens what it keeps, and nothing else")
def _():
    if not possible() or not FILTERED:
        raise Skipped("needs root, x86-64 and a build with its filter")
    with serving(Apart) as lab, tempfile.TemporaryDirectory(prefix="vg-") as folder:
        if "has no Landlock" in lab.log_text():
            raise Skipped("needs Landlock")
        (Path(folder) / "there").touch()
        flags = os.O_RDWR | os.O_CREAT
        places = {f"{folder}/new": False, f"{folder}/there": False,
                  f"{lab.ca}/server.key": False, f"{lab.dir}/run/worker-0.ring": False,
                  f"{lab.dir}/state/hmac.key": False, "/etc/passwd": False,
                  f"/proc/{lab.gateway.pid}/mem": False,
                  f"{lab.dir}/state/log/new": True, f"{lab.dir}/state/cursors/new": True,
                  f"{lab.dir}/out/events.log": True, f"{lab.dir}/out/events.log.1": True}
        pid = one(lab, "recorder")
        with Bystander() as bystander:
            for path in [path for path, may in places.items() if not may]:
                with Inside(bystander) as inside:
                    check(inside.call("openat", AT_FDCWD, path.encode(), flags, 0o600) >= 0,
                          "a bystander can't open", path)
        for path, may in places.items():
            with Inside(pid) as inside:
                got = inside.call("openat", AT_FDCWD, path.encode(), flags, 0o600)
            check(got >= 0 if may else got == -errno.EACCES, path, got)


@case("a sink in another folder comes with a reload, by a new recorder")
def _():
    with serving() as lab, tempfile.TemporaryDirectory(prefix="vg-") as folder:
        os.chmod(folder, 0o777)
        before = one(lab, "recorder")
        lab.sections = f"\n[telemetry more]\nto = file:{folder}/more.log\nidentifiers = plain\n"
        lab.write_config()
        lab.gateway.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: "generation 2 (" in lab.log_text())
        wait_for("another recorder", lambda: lab.children("vendgate-recorder") not in
                 ([], [before]))
        equal(lab.curl("acme", "/n/more").status, 200, "afterwards")
        wait_for("its event", lambda: (Path(folder) / "more.log").exists() and
                 "/n/more" in (Path(folder) / "more.log").read_text())
        seqs = [int(event["seq"]) for event in lab.events()]
        equal(seqs, list(range(seqs[0], seqs[0] + len(seqs))), "seqs of the sink that stayed")
        check(" error: " not in lab.log_text(), lab.log_text())
        # In a folder that it has, a sink comes without one.
        after = one(lab, "recorder")
        lab.sections += f"\n[telemetry third]\nto = file:{folder}/third.log\nidentifiers = plain\n"
        lab.write_config()
        lab.gateway.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: "generation 3 (" in lab.log_text())
        equal(lab.curl("acme", "/n/third").status, 200, "afterwards")
        wait_for("its event", lambda: (Path(folder) / "third.log").exists() and
                 "/n/third" in (Path(folder) / "third.log").read_text())
        equal(one(lab, "recorder"), after, "the recorder")


# The private key --------------------------------------------------------------------------------

def secrets(path):
    """name → bytes that only the private key has: its numbers, in either order of bytes (libcrypto
    keeps them in words of the machine), the encoded key, and the text of its file."""
    text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"], check=True,
                          capture_output=True, text=True).stdout
    names = "priv|privateExponent|prime1|prime2|exponent1|exponent2|coefficient"
    found = {}
    for name, digits in re.findall(rf"^({names}):\n((?: +[0-9a-f:]+\n)+)", text, re.M):
        number = bytes.fromhex(re.sub(r"[ :\n]", "", digits)).lstrip(b"\0")
        found[name], found[f"{name} as words"] = number, number[::-1]
    check(found, "no number in", text)
    lines = Path(path).read_text(encoding="ascii").split("\n")[1:-2]
    found["encoded"] = base64.b64decode("".join(lines))
    found["file"] = "".join(lines).encode("ascii")
    # Of an encoded EC key the end is its public key, and its begin says which curve.
    number = found[next(iter(found))]
    at = found["encoded"].find(number)
    check(at >= 0, "the number isn't in the encoded key")
    found["encoded"] = found["encoded"][at:at + len(number)]
    text = found["file"]
    found["file"] = text[(at * 4 + 2) // 3 + 4:(at + len(number)) * 4 // 3 - 4]
    return found


def holds(pid, wanted):
    """Which of the secrets stand there, even in part."""
    found, size = set(), 0
    for piece in harness.memory(pid):
        size += len(piece)
        for name, secret in wanted.items():
            if any(secret[at:at + GRAIN] in piece
                   for at in range(0, len(secret) - GRAIN + 1, GRAIN)):
                found.add(name)
    check(size > 1 << 20, "only", size, "bytes of", pid, "could be read")
    return found


@case("only the keys hold the private key")
def _():
    if os.geteuid() != 0 or harness.SANITIZED:
        raise Skipped("needs root, and memory that no sanitizer widens to terabytes")
    for kind in ("ec", "rsa"):
        lab = Lab()
        with lab:
            if kind == "rsa":
                lab.pki("leaf", "server", "--ca", "server-ca", "--eku", "serverAuth", "--dns",
                        harness.HOST, "--ip", "127.0.0.1", "--key", "rsa")
            lab.vendor("acme", access={"all": ("GET", "/n/**")})
            lab.start()
            for _ in range(20):
                equal(lab.curl("acme", "/n/x").status, 200, "a handshake that it signed")
            wanted = secrets(lab.ca / "server.key")
            there = holds(one(lab, "keys"), wanted)
            check(any(name.endswith("words") for name in there), kind,
                  "isn't found where it is: looked for in the wrong form?", there)
            check("file" not in there, "the keys keep the text of the file")
            for role in ROLES:
                if role != "keys":
                    equal(holds(one(lab, role), wanted), set(), kind, "key in", role)
            equal(holds(lab.gateway.pid, wanted), set(), kind, "key in the supervisor")


if __name__ == "__main__":
    harness.main()
