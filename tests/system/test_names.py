#!/usr/bin/env python3
"""Names of upstreams, against a name server and a hosts file of the test's own: what answers mean,
names that come and go with reloads, dials that reloads overtake, and a broker that dies."""
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import harness
from harness import Lab, case, check, equal, wait_for

A, NOERROR, SERVFAIL, NXDOMAIN = 1, 0, 2, 3
HERE, NOBODY = "127.0.0.1", "127.0.0.9"  # where the upstreams listen, and where nobody does

LONG = "1m"  # more than ten reloads take


class NameServer:
    """Answers as `zone` says: name → (addresses, ttl), or a response code. What stands in `mute`
    is not answered while it stands there."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((HERE, 0))
        self.port = self.sock.getsockname()[1]
        self.zone = {}
        self.mute = set()
        self.held = []   # questions that were not answered
        self.asked = []  # names of the questions for A
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            self.take(*self.sock.recvfrom(4096))

    def take(self, query, sender):
        labels, at = [], 12
        while query[at] != 0:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii").lower())
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack_from(">H", query, at + 1)[0]
        if kind == A:
            self.asked.append(name)
        if name in self.mute:
            self.held.append((query, sender))
        else:
            self.sock.sendto(self.answer(query, query[12:at + 5], name, kind), sender)

    def answer(self, query, question, name, kind):
        found = self.zone.get(name, NXDOMAIN)
        code, (addresses, ttl) = (found, ([], 0)) if isinstance(found, int) else (NOERROR, found)
        if kind != A:
            addresses = []
        rows = b"".join(struct.pack(">HHHIH4s", 0xc00c, A, 1, ttl, 4, socket.inet_aton(address))
                        for address in addresses)
        return (query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0) +
                question + rows)

    def speak(self, name):
        """Answers from now on, and also what it was asked before."""
        self.mute.discard(name)
        held, self.held = self.held, []
        for query, sender in held:
            self.take(query, sender)


class NamesLab(Lab):
    def __init__(self):
        super().__init__()
        self.dns = NameServer()
        self.hosts, self.resolv = self.dir / "hosts", self.dir / "resolv.conf"
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.resolv.write_text(f"nameserver {HERE}:{self.dns.port}\noptions timeout:20\n")
        self.overlays = {"/etc/hosts": self.hosts, "/etc/resolv.conf": self.resolv}

    def host(self, service):
        return f"{service}.agency.example"

    def open(self, services, **keys):
        """A vendor `acme` that may ask `api` and all SERVICES: name → upstreams."""
        self.pki(harness.HOST, *(self.host(name) for name in {*services, "late", "first"}))
        self.write_services(services, **keys)
        self.start()

    def write_services(self, services, **keys):
        rules = {"all": ("GET", "/**")}
        rules.update({name: ("GET", "/**", name) for name in services})
        if not (self.ca / "acme.pem").exists():
            self.vendor("acme", rules)
        text = (self.policies / "acme.ini").read_text().partition("\n[access")[0]
        for rule, (methods, path, *service) in rules.items():
            text += (f"\n[access {rule}]\nservice = {service[0] if service else 'api'}\n"
                     f"methods = {methods}\npath = {path}\n")
        (self.policies / "acme.ini").write_text(text)
        lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
        self.sections = "".join(
            f"\n[service {name}]\nhost = {self.host(name)}\nupstream = {upstreams}\n{lines}"
            for name, upstreams in services.items())
        self.write_config()

    def here(self, name):
        """The URL of the test's upstream by that name."""
        return f"http://{name}:{self.upstream.port}"

    def ask(self, service, path="/until/10"):
        """By a connection of its own, also to the upstream."""
        return self.curl("acme", path, host=self.host(service), timeout=30)

    def reload(self):
        ran = subprocess.run([harness.BUILD / "vendgatectl", "-c", self.dir / "vendgate.ini",
                              "reload"], capture_output=True, text=True, timeout=60, check=False)
        equal(ran.returncode, 0, "reload", ran.stdout, ran.stderr)

    def broker(self):
        return self.children("vendgate-broker")


class Asking(threading.Thread):
    """One request, in the background."""

    def __init__(self, lab, service):
        super().__init__(daemon=True)
        self.lab, self.service, self.status = lab, service, None
        self.start()

    def run(self):
        try:
            with self.lab.tls("acme", host=self.lab.host(self.service), timeout=90.0) as session:
                self.status = session.request("/n/slow", host=self.lab.host(self.service)).status
        except OSError as error:
            self.status = error

    def answer(self):
        self.join(95)
        return self.status


def reasons(events):
    return [(event["reason"], event.get("constraint"), event.get("dst")) for event in events]


@case("what a name server says, and doesn't say")
def _():
    with NamesLab() as lab:
        names = {"pair": ([NOBODY, HERE], 60), "many": ([NOBODY] * 3 + [HERE], 60),
                 "empty": ([], 60), "broken": SERVFAIL, "nobody": ([NOBODY, NOBODY], 60)}
        lab.dns.zone = {f"{name}.test": value for name, value in names.items()}
        lab.dns.mute = {"silent.test"}
        lab.open({name: lab.here(f"{name}.test") for name in (*names, "gone", "silent")},
                 connect_timeout="1s")
        for _ in range(2):
            for name in ("pair", "many"):
                equal(lab.ask(name).status, 200, name)
        equal([event["dst"] for event in lab.next_final(0, 4)], [HERE] * 4)
        for name in ("empty", "broken", "gone", "silent", "nobody"):
            equal(lab.ask(name).status, 502, name)
        unknown = ("upstream.connect", "name does not resolve", None)
        equal(reasons(lab.next_final(4, 5)),
              [unknown] * 4 + [("upstream.connect", "refused", NOBODY)])
        lab.dns.speak("silent.test")
        lab.dns.zone["silent.test"] = ([HERE], 60)
        wait_for("the name that was silent", lambda: lab.ask("silent").status == 200)


@case("an answer is kept for its time to live, and no longer")
def _():
    with NamesLab() as lab:
        lab.dns.zone = {"brief.test": ([HERE], 1), "long.test": ([HERE], 3600)}
        lab.open({"brief": lab.here("brief.test"), "long": lab.here("long.test")})
        for name in ("brief", "long"):
            equal(lab.ask(name).status, 200, name)
        lab.dns.zone = {"brief.test": ([NOBODY], 1), "long.test": ([NOBODY], 3600)}
        wait_for("the new address", lambda: lab.ask("brief").status == 502, 5)
        equal(lab.ask("long").status, 200, "kept")
        check(lab.dns.asked.count("brief.test") >= 2, lab.dns.asked)
        equal(lab.dns.asked.count("long.test"), 1, lab.dns.asked)


@case("a host name that was never seen before is served after a reload, and nobody is disturbed")
def _():
    with NamesLab() as lab:
        lab.dns.zone = {"late.test": ([HERE], 60), "first.test": ([HERE], 60)}
        first, late = {"first": lab.here("first.test")}, {"late": lab.here("late.test")}
        lab.open({})
        broker = wait_for("a broker", lab.broker)
        with lab.tls("acme") as session:
            equal(session.request("/n/1").status, 200)
            session.send(f"GET /drip/60 HTTP/1.1\r\nHost: {harness.HOST}\r\n\r\n".encode())
            lab.write_services(first | late)
            lab.reload()
            equal(lab.ask("late").status, 200)
            equal(lab.ask("first").status, 200)
            equal(len(session.receive().body), 60, "what was under way")
            equal(session.request("/n/2").status, 200)
            lab.write_services(first)
            lab.reload()
            equal(lab.ask("late").status, 421, "the service is gone")
            lab.write_services({})
            lab.reload()
            equal(session.request("/n/3").status, 200, "without any name")
            lab.write_services(late)
            lab.reload()
            equal(lab.ask("late").status, 200, "it comes back")
        equal(lab.broker(), broker, "the broker")
        equal(len({event["conn"] for event in lab.final() if event.get("path", "")[:3] == "/n/"}),
              1, "connections of the one that was not to be disturbed")


@case("a reload reads hosts and resolv.conf again")
def _():
    with NamesLab() as lab:
        lab.dns.zone = {"x.test": ([HERE], 3600)}
        lab.hosts.write_text(f"{NOBODY} x.test\n")
        lab.open({"x": lab.here("x.test")})
        equal(lab.ask("x").status, 502)
        lab.hosts.write_text("127.0.0.1 localhost\n")
        equal(lab.ask("x").status, 502, "not before")
        equal(lab.dns.asked, [])
        lab.reload()
        equal(lab.ask("x").status, 200, "by the name server")
        other = NameServer()
        other.zone = {"x.test": ([NOBODY], 3600)}
        lab.resolv.write_text(f"nameserver {HERE}:{other.port}\n")
        equal(lab.ask("x").status, 200, "not before")
        lab.reload()
        equal(lab.ask("x").status, 502, "by the other one")
        equal((lab.dns.asked, other.asked), (["x.test"], ["x.test"]))
        equal([event.get("dst") for event in lab.next_final(0, 5)],
              [NOBODY, NOBODY, HERE, HERE, NOBODY])


class Deaf:
    """A listener whose queue is full: who connects waits."""

    def __init__(self):
        self.sockets = [socket.socket()]
        self.sockets[0].bind((HERE, 0))
        self.sockets[0].listen(0)
        self.port = self.sockets[0].getsockname()[1]
        self.url = f"http://{HERE}:{self.port}"
        while self.waiting() == 0:
            check(len(self.sockets) < 6, "the queue has no end")
            self.sockets.append(socket.socket())
            self.sockets[-1].setblocking(False)
            self.sockets[-1].connect_ex((HERE, self.port))
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Who waits is refused, when the kernel tries again."""
        for sock in self.sockets:
            sock.close()

    def waiting(self):
        """How many connect to it (SYN_SENT)."""
        table = Path("/proc/net/tcp").read_text(encoding="ascii")
        return table.count(f" 0100007F:{self.port:04X} 02 ")

    def wait_for_dial(self):
        wait_for("the dial by address", lambda: self.waiting() > 1)


def images_of(pid):
    """How many generations of the policy a process has mapped."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii", errors="replace")
    return sum("vendgate-policy" in line for line in maps.splitlines())


@case("ten reloads overtake a dial by name and one by address: both end by their own generation")
def _():
    with NamesLab() as lab, Deaf() as deaf:
        lab.dns.zone = {"slow.test": ([HERE], 60)}
        lab.dns.mute = {"slow.test"}
        lab.open({"slow": lab.here("slow.test"), "two": f"{deaf.url}, {lab.here(HERE)}"},
                 connect_timeout=LONG)
        begun = [Asking(lab, "slow"), Asking(lab, "two")]
        wait_for("the question", lambda: lab.dns.held)
        deaf.wait_for_dial()
        with lab.tls("acme") as session:
            for number in range(10):
                # The policy changes, and the upstreams that are dialled are not in it any more.
                lab.write_services({"late": lab.here(f"late{number}.test")})
                lab.reload()
                equal(session.request(f"/n/{number}").status, 200, number)
            equal([asking.status for asking in begun], [None, None], "too early")
            lab.dns.speak("slow.test")
            deaf.close()
            equal([asking.answer() for asking in begun], [200, 200])
        events = lab.next_final(0, 12)
        slow = [event for event in events if event["path"] == "/n/slow"]
        equal([event["reason"] for event in slow], ["access.allowed"] * 2)
        equal(len({event["gen"] for event in slow}), 1)
        equal(len({event["gen"] for event in events}), 11)
        if os.geteuid() == 0:
            broker = lab.broker()[0]
            wait_for("the old images to be forgotten", lambda: images_of(broker) <= 2)
            check(images_of(broker) > 0, "none is seen: the test sees nothing")


@case("a broker that is killed in a dial: one event that says so, and the next one dials")
def _():
    with NamesLab() as lab, Deaf() as deaf:
        lab.dns.zone = {"slow.test": ([HERE], 60)}
        lab.dns.mute = {"slow.test"}
        lab.open({"slow": lab.here("slow.test"), "deaf": deaf.url}, connect_timeout=LONG)
        begun = [Asking(lab, "slow"), Asking(lab, "deaf")]
        wait_for("the question", lambda: lab.dns.held)
        deaf.wait_for_dial()
        equal(lab.curl("acme", "/n/1").status, 200, "a dial beside them")
        killed = lab.broker()
        os.kill(killed[0], signal.SIGKILL)
        equal([asking.answer() for asking in begun], [503, 503])
        events = lab.next_final(0, 3)
        equal([event["reason"] for event in events].count("gateway.error"), 2)
        equal({event.get("constraint") for event in events if event["path"] == "/n/slow"},
              {"broker"})
        wait_for("another broker", lambda: lab.broker() not in ([], killed))
        lab.dns.mute = set()
        wait_for("it to dial by name", lambda: lab.ask("slow").status == 200)
        equal(lab.curl("acme", "/until/1").status, 200, "by address")
        lab.write_services({"late": lab.here("slow.test")})
        lab.reload()
        equal(lab.ask("late").status, 200, "after a reload")


if __name__ == "__main__":
    if harness.can_overlay():
        harness.main()
    print("# no mount namespaces here: names can't be tested")
