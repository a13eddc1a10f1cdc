#!/usr/bin/env python3
"""kill -9 of the worker under load, again and again: what the upstream or a client has seen has
exactly one event, and seq has no gap."""
import collections
import os
import signal
import ssl
import threading
import time

import harness
from harness import Lab, case, check, equal, wait_for

KILLS = int(os.environ.get("VG_KILLS", "50"))
CLIENTS = 4


class Client(threading.Thread):
    """Asks and asks, each time for a path of its own; never twice for the same."""

    def __init__(self, lab, number):
        super().__init__(daemon=True)
        self.lab, self.number = lab, number
        self.answered = []  # (target, status, X-Request-Id of a refusal)
        self.end = False
        self.broken = 0

    def run(self):
        count = 0
        while not self.end:
            try:
                with self.lab.tls("acme", timeout=20.0) as session:
                    while not self.end:
                        count += 1
                        self.ask(session, count)
            except (OSError, ssl.SSLError, ConnectionError):
                self.broken += 1
                time.sleep(0.01)

    def ask(self, session, count):
        mode = ("n", "forbidden", "chunked", "n")[count % 4]
        target = f"/{mode}/{self.number}-{count}"
        answer = session.request(target)
        self.answered.append((target, answer.status, answer.headers.get("x-request-id")))


def kill_under_load(lab, clients):
    for _ in range(KILLS):
        before = sum(len(client.answered) for client in clients)
        wait_for("answers from the new worker", lambda seen=before:
                 sum(len(client.answered) for client in clients) >= seen + 10, 30)
        workers = lab.children("vendgate-worker")
        equal(len(workers), 1, "workers")
        os.kill(workers[0], signal.SIGKILL)
        wait_for("the killed worker to go", lambda pid=workers[0]:
                 pid not in lab.children("vendgate-worker"))


@case(f"{KILLS} kills: exactly one event for what was seen, no gap in seq")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"n": ("GET", "/n/**"), "chunked": ("GET", "/chunked/**")})
        lab.start()
        clients = [Client(lab, number) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        kill_under_load(lab, clients)
        for client in clients:
            client.end = True
        for client in clients:
            client.join(30)
            check(not client.is_alive(), "a client hangs")
        equal(lab.curl("acme", "/n/last").status, 200, "control")
        lab.stop()

        answered = [row for client in clients for row in client.answered]
        heads = lab.upstream.heads()
        by_target = collections.defaultdict(list)
        for head in heads:
            by_target[head["target"]].append(head["fields"]["x-request-id"])
        ids = {request: "at the upstream" for found in by_target.values() for request in found}
        for target, status, request in answered:
            if status == 200:
                check(target in by_target, target, "was answered, but never asked")
            else:
                equal(status, 403, target)
                check(request, "a refusal without its id:", target)
                ids[request] = "refused"
        events = collections.Counter(event["req"] for event in lab.final() if "req" in event)
        missing = [(request, what) for request, what in ids.items() if events[request] == 0]
        twice = [request for request, count in events.items() if count > 1]
        lost = sum(event["code"] == "VG9010" for event in lab.final())
        print(f"# {len(answered)} answers, {len(heads)} at the upstream, {len(events)} request "
              f"ids in events, {lost} ended as worker_lost")
        equal(missing, [], "without event")
        equal(twice, [], "with more than one")
        check(len(answered) > KILLS * 10, "there was load")
        check(lost > 0, "some request was under way when its worker died")
        seqs = [int(event["seq"]) for event in lab.events()]
        equal(seqs, list(range(seqs[0], seqs[0] + len(seqs))), "seq")


harness.main()
