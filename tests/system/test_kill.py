#!/usr/bin/env python3
"""kill -9 under load, again and again, of the worker and of all roles: what the upstream or a
client has seen has exactly one event, and seq has no gap.

$VG_KILLS and $VG_ROLE_KILLS say how often; $VG_SEED repeats the choices of roles and moments.
"""
import collections
import os
import random
import re
import signal
import ssl
import threading
import time

import harness
from harness import Lab, case, check, equal, parse_event, wait_for

KILLS = int(os.environ.get("VG_KILLS", "50"))
ROLE_KILLS = int(os.environ.get("VG_ROLE_KILLS", "20"))
SEED = int(os.environ.get("VG_SEED", random.randrange(1 << 32)))
ROLES = ("worker", "keys", "broker", "recorder", "controller")
CLIENTS = 4
POST_BODY = "x" * 3000
SEQ = re.compile(r' seq="(\d+)"')


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


class MixedClient(Client):
    """What a vendor's programs do: small answers, chunked and slow ones, bodies of both framings,
    and what is refused. With a pace, so that the events are not too many to be read."""

    def __init__(self, lab, number, seed):
        super().__init__(lab, number)
        self.random = random.Random(seed)

    def ask(self, session, count):
        time.sleep(self.random.uniform(0, 0.002))
        mode, = self.random.choices(("n", "chunked", "post", "post-chunked", "forbidden", "drip"),
                                    (10, 5, 5, 5, 5, 1))
        target = f"/{mode}/{self.number}-{count}"
        if mode.startswith("post"):
            session.send(self.post(target, mode == "post-chunked").encode("ascii"))
            answer = session.receive()
        else:
            answer = session.request(target)
        self.answered.append((target, answer.status, answer.headers.get("x-request-id")))

    @staticmethod
    def post(target, chunked):
        head = f"POST {target} HTTP/1.1\r\nHost: {harness.HOST}\r\nContent-Type: text/plain\r\n"
        if not chunked:
            return f"{head}Content-Length: {len(POST_BODY)}\r\n\r\n{POST_BODY}"
        part = f"{len(POST_BODY):x}\r\n{POST_BODY}\r\n"
        return f"{head}Transfer-Encoding: chunked\r\n\r\n{part}{part}0\r\n\r\n"


def end(clients):
    for client in clients:
        client.end = True
    for client in clients:
        client.join(60)
        check(not client.is_alive(), "a client hangs")


def answers(clients):
    return sum(len(client.answered) for client in clients)


# The verdict ------------------------------------------------------------------------------------

Found = collections.namedtuple("Found", "answers lost repeated")


def read_events(lab):
    """The events in the order of the file, and how many lines were repeated. A recorder that was
    killed sends lines again, and may have torn its last one: a repeated line must be what it was,
    a torn one must come whole."""
    whole, torn, repeated = {}, [], 0
    for line in lab.lines():
        number = SEQ.search(line)
        if number is None:
            torn.append(line)
            continue
        seq = int(number[1])
        before = whole.get(seq, "")
        check(line.startswith(before) or before.startswith(line),
              "seq", seq, "was two things:", before, "and", line)
        repeated += before != ""
        whole[seq] = max(before, line, key=len)
    for part in torn:
        check(any(line.startswith(part) for line in whole.values()), "never came whole:", part)
    return [parse_event(line) for line in whole.values()], repeated


def judge(lab, clients, refusals):
    """What was seen against what was told. REFUSALS: the statuses that the gateway itself may
    have answered with."""
    answered = [row for client in clients for row in client.answered]
    seen = {}  # X-Request-Id → target
    by_target = collections.Counter()
    for head in lab.upstream.heads():
        seen[head["fields"]["x-request-id"]] = head["target"]
        by_target[head["target"]] += 1
    for target, status, request in answered:
        if status == 200:
            check(by_target[target] > 0, target, "was answered, but never asked")
        else:
            check(status in refusals, target, "was answered with", status)
            check(request, "a refusal without its id:", target)
            equal(seen.setdefault(request, target), target, "the target of", request)

    events, repeated = read_events(lab)
    told = collections.defaultdict(list)
    for event in filter(harness.is_final, events):
        if "req" in event:
            told[event["req"]].append(event)
    lost = sum(event["code"] == "VG9010" for event in events)
    outcomes = collections.Counter(event["reason"] for found in told.values() for event in found)
    statuses = collections.Counter(status for _, status, _ in answered)
    print(f"# {len(answered)} answers {dict(statuses)}, {sum(by_target.values())} at the upstream, "
          f"{len(seen)} request ids seen, {len(told)} in events {dict(outcomes)}, "
          f"{len(events)} events, {repeated} lines repeated")
    missing = [(request, target) for request, target in seen.items() if request not in told]
    equal(missing, [], "without event")
    twice = [found for found in told.values() if len(found) > 1]
    equal(twice, [], "with more than one")
    for head in lab.upstream.heads():
        event, = told[head["fields"]["x-request-id"]]
        equal(event.get("path"), head["target"], "the path of", event)
    seqs = [int(event["seq"]) for event in events]
    equal(seqs, list(range(1, 1 + len(seqs))), "seq")
    return Found(len(answered), lost, repeated)


# The cases --------------------------------------------------------------------------------------

def kill_under_load(lab, clients):
    for _ in range(KILLS):
        before = answers(clients)
        wait_for("answers from the new worker", lambda seen=before:
                 answers(clients) >= seen + 10, 30)
        workers = lab.children("vendgate-worker")
        equal(len(workers), 1, "workers")
        os.kill(workers[0], signal.SIGKILL)
        wait_for("the killed worker to go", lambda pid=workers[0]:
                 pid not in lab.children("vendgate-worker"))


@case(f"{KILLS} kills of the worker: exactly one event for what was seen, no gap in seq")
def _():
    with Lab() as lab:
        lab.vendor("acme", {"n": ("GET", "/n/**"), "chunked": ("GET", "/chunked/**")})
        lab.start()
        clients = [Client(lab, number) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        kill_under_load(lab, clients)
        end(clients)
        equal(lab.curl("acme", "/n/last").status, 200, "control")
        lab.stop()

        found = judge(lab, clients, {403})
        check(found.answers > KILLS * 10, "there was load")
        check(found.lost > 0, "some request was under way when its worker died")


def kill_any_role(lab, clients, choice):
    """One at a time, at any moment: often while those that were killed before are not back yet."""
    killed = collections.Counter()
    while killed.total() < ROLE_KILLS:
        before = answers(clients)
        wait_for("answers between two kills",
                 lambda seen=before: answers(clients) >= seen + 10, 60)
        time.sleep(choice.uniform(0, 0.3))
        role = choice.choice(ROLES)
        pids = lab.children(f"vendgate-{role}")
        if not pids:
            continue
        os.kill(choice.choice(pids), signal.SIGKILL)
        killed[role] += 1
    return killed


@case(f"{ROLE_KILLS} kills of any role (VG_SEED={SEED}): exactly one event for what was seen")
def _():
    print(f"# VG_SEED={SEED}", flush=True)
    choice = random.Random(SEED)
    with Lab() as lab:
        lab.vendor("acme", {"n": ("GET", "/n/**"), "chunked": ("GET", "/chunked/**"),
                            "drip": ("GET", "/drip/**"), "post": ("POST", "/post/**"),
                            "post-chunked": ("POST", "/post-chunked/**")})
        lab.gateway_keys = "workers = 2\n"
        lab.start()
        clients = [MixedClient(lab, number, choice.random()) for number in range(2 * CLIENTS)]
        for client in clients:
            client.start()
        killed = kill_any_role(lab, clients, choice)
        end(clients)
        for role in ROLES:
            wait_for(f"the {role} to be back", lambda r=role: lab.children(f"vendgate-{r}"))
        wait_for("the control", lambda: lab.curl("acme", "/n/last", timeout=20).status == 200)
        lab.stop()
        print(f"# killed: {dict(killed)}")
        found = judge(lab, clients, {403, 502, 503, 504})
        check(found.answers > ROLE_KILLS * 10, "there was load")


harness.main()
