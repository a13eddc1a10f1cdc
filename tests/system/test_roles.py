#!/usr/bin/env python3
"""The roles as processes: who each is and what it may, that the gate stands while they die, and
that it ends in order."""
import os
import pwd
import re
import signal
import subprocess
import time
from pathlib import Path

import harness
from harness import Lab, case, check, equal, wait_for

USER = "nobody"
ROLES = ("worker", "keys", "broker", "recorder", "controller")


def status(pid):
    """/proc/PID/status as a dict."""
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def owner_of_memory(pid):
    """Its user, or root where it can't be dumped, nor traced by others of its user: proc(5)."""
    return os.stat(f"/proc/{pid}/mem").st_uid


def leaves_no_core(pid):
    limits = Path(f"/proc/{pid}/limits").read_text()
    return re.search(r"Max core file size +0 +0 ", limits) is not None


def one(lab, role):
    pids = lab.children(f"vendgate-{role}")
    equal(len(pids), 1, "processes of", role)
    return pids[0]


def holder(lab, session):
    """The worker that has the other end of that connection."""
    port = session.sock.getsockname()[1]
    ends = f"0100007F:{lab.port:04X} 0100007F:{port:04X} "
    for row in Path("/proc/net/tcp").read_text().splitlines():
        if ends in row:
            wanted = f"socket:[{row.split()[9]}]"
    for pid in lab.children("vendgate-worker"):
        for number in Path(f"/proc/{pid}/fd").iterdir():
            if os.readlink(number) == wanted:
                return pid
    return None


def answers(lab, path="/n/x"):
    return lab.curl("acme", path, timeout=20).status == 200


@case("each role has dropped what it doesn't need")
def _():
    if os.geteuid() != 0:
        print("# not root: nothing to drop")
        return
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.gateway_keys = f"workers = 1\nuser = {USER}\n"
        entry = pwd.getpwnam(USER)
        lab.dir.chmod(0o755)
        os.chown(lab.dir / "state", entry.pw_uid, entry.pw_gid)
        (lab.dir / "events.log").touch()
        os.chown(lab.dir / "events.log", entry.pw_uid, entry.pw_gid)
        lab.start()
        check(answers(lab), "no answer")
        filtered = "no system call filter" not in lab.log_text()
        for role in ROLES:
            found = status(one(lab, role))
            equal(set(found["Uid"].split()), {str(entry.pw_uid)}, role, "uid")
            equal(set(found["Gid"].split()), {str(entry.pw_gid)}, role, "gid")
            equal(found["NoNewPrivs"].strip(), "1", role, "no new privileges")
            for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                equal(int(found[name], 16), 0, role, name)
            if filtered:
                equal(found["Seccomp"].strip(), "2", role, "filter")
                equal(owner_of_memory(one(lab, role)), 0, role, "can be dumped")
            check(leaves_no_core(one(lab, role)), role, "core dumps")
            equal(found["Groups"].split(), [str(group) for group in
                                            os.getgrouplist(USER, entry.pw_gid)], role, "groups")
        found = status(lab.gateway.pid)
        equal(found["Uid"].split()[0], "0", "the supervisor's uid")
        equal(found["NoNewPrivs"].strip(), "1", "the supervisor's new privileges")
        check(leaves_no_core(lab.gateway.pid), "the supervisor's core dumps")
        with subprocess.Popen(["sleep", "60"], user=USER) as bystander:
            equal(owner_of_memory(bystander.pid), entry.pw_uid, "of one that can be dumped")
            bystander.kill()
        equal(status(os.getpid())["NoNewPrivs"].strip(), "0", "of this test")


@case("no role holds a descriptor that is not its own")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.start()
        check(answers(lab), "no answer")
        for role, allowed in (("worker", ("ring", "tail", "block")), ("keys", ()), ("broker", ()),
                              ("controller", ("block",))):
            folder = Path(f"/proc/{one(lab, role)}/fd")
            for number in folder.iterdir():
                target = os.readlink(number)
                if int(number.name) < 3 or not target.startswith("/"):
                    continue
                check(target.rpartition(".")[2] in allowed or "/memfd:" in target, role,
                      "holds", target)


@case("whichever role is killed, the next request is answered")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.start()
        check(answers(lab), "no answer")
        for role in ROLES:
            killed = one(lab, role)
            os.kill(killed, signal.SIGKILL)
            wait_for(f"another {role}", lambda r=role, k=killed:
                     [pid for pid in lab.children(f"vendgate-{r}") if pid != k])
            wait_for(f"an answer after the {role}'s death", lambda: answers(lab))
            check(f"(pid {killed}) was killed: Killed" in lab.log_text(), role, "not in the log")


@case("with two workers one dies and the other's connections stay")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.gateway_keys = "workers = 2\n"
        lab.start()
        sessions = []
        while len({holder(lab, session) for session in sessions}) < 2:
            check(len(sessions) < 100, "one worker takes all")
            sessions.append(lab.tls("acme"))
            equal(sessions[-1].request("/n/before").status, 200, "before")
        dying = lab.children("vendgate-worker")[0]
        staying = [session for session in sessions if holder(lab, session) != dying]
        os.kill(dying, signal.SIGKILL)
        for session in staying:
            equal(session.request("/n/after").status, 200, "on a connection of the other")
        wait_for("both workers", lambda: len(lab.children("vendgate-worker")) == 2)
        check(answers(lab), "no answer afterwards")


@case("SIGTERM lets a request end, and takes no other")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/slow/**")})
        lab.gateway_keys = "workers = 1\ndrain = 8s\n"
        lab.start()
        with lab.tls("acme") as session:
            session.send(f"GET /slow/2000 HTTP/1.1\r\nHost: {harness.HOST}\r\n\r\n".encode())
            wait_for("the request at the upstream", lab.upstream.heads)
            lab.gateway.send_signal(signal.SIGTERM)
            began = time.monotonic()
            equal(session.receive().status, 200, "the request that was under way")
        equal(lab.gateway.wait(10), 0, "exit status")
        check(time.monotonic() - began < 6, "it waited longer than the request")
        codes = [event["code"] for event in lab.events()]
        check("VG9002" in codes, "no gateway.stop in", codes)
        check(" error: " not in lab.log_text(), "an end in order is no error:", lab.log_text())


@case("a second SIGTERM doesn't wait")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/slow/**")})
        lab.gateway_keys = "workers = 1\ndrain = 60s\n"
        lab.start()
        with lab.tls("acme") as session:
            session.send(f"GET /slow/30000 HTTP/1.1\r\nHost: {harness.HOST}\r\n\r\n".encode())
            wait_for("the request at the upstream", lab.upstream.heads)
            lab.gateway.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            equal(lab.gateway.poll(), None, "it should wait")
            lab.gateway.send_signal(signal.SIGTERM)
            equal(lab.gateway.wait(10), 0, "exit status")


@case("a supervisor that is killed leaves a gate that drains, and the next takes over")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.gateway_keys = "workers = 1\ndrain = 3s\n"
        lab.start()
        check(answers(lab), "no answer")
        lab.next_final(0)
        lab.gateway.kill()
        lab.gateway.wait()
        lab.start()
        wait_for("an answer of the next", lambda: answers(lab))
        equal(len(lab.next_final(1)), 1, "events of the next")


@case("flags: -V, -t good and bad, and what is no flag")
def _():
    def run(*args):
        return subprocess.run([harness.BUILD / "vendgate", *args], capture_output=True, text=True,
                              timeout=harness.WAIT, check=False)
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.write_config()
        check(run("-V").stdout.startswith("vendgate "), "version")
        good = run("-t", "-c", lab.dir / "vendgate.ini")
        equal(good.returncode, 0, good.stderr)
        check("1 vendors" in good.stderr, good.stderr)
        (lab.policies / "acme.ini").write_text("[vendor]\nidd = acme\n")
        bad = run("-t", "-c", lab.dir / "vendgate.ini")
        equal(bad.returncode, 1, bad.stderr)
        check("acme.ini:2: error:" in bad.stderr, bad.stderr)
        equal(run("--frobnicate").returncode, 2, "an unknown flag")
        equal(run("-t", "word").returncode, 2, "a word too many")


if __name__ == "__main__":
    harness.main()
