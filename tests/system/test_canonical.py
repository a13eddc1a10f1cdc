#!/usr/bin/env python3
"""Nothing that reaches an upstream can be read in two ways; nothing that a hostile upstream sends
reaches a vendor as anything but a canonical answer. The requests and answers, and the strict and
careless readers, are in canonical.py; each group has an honest control."""
import json
import socket
import threading
import time

import canonical
import harness
from harness import Lab, case, check, equal, wait_for

REST = 5.0  # seconds that a client waits for the rest of an answer
LATE = 0.1  # after which an upstream sends an answer that nobody asked for


class Scripted(harness.Listener):
    """An upstream that keeps every byte, connection by connection, and answers a request for
    /v1/a/N with the bytes of script[N], then ends, or breaks, or stays."""

    def __init__(self):
        self.lock = threading.Lock()
        self.streams, self.script = [], {}
        self.faults = []
        super().__init__()

    def serve(self, sock):
        with self.lock:
            self.streams.append(bytearray())
            number = len(self.streams) - 1
        answered = 0
        with sock:
            try:
                while part := sock.recv(65536):
                    with self.lock:
                        self.streams[number] += part
                    found = self.requests(number)
                    if self.faults:
                        return
                    whole = [message for message in found if message.whole]
                    for message in whole[answered:]:
                        answered += 1
                        if not self.answer(sock, message):
                            return
            except OSError:
                pass

    def requests(self, number):
        """Of one connection, strictly."""
        try:
            return canonical.requests_of(bytes(self.streams[number]))[0]
        except canonical.Unlike as fault:
            self.faults.append(str(fault))
            return []

    def answer(self, sock, message):
        """False where the connection is over."""
        target = message.line["target"]
        name, _, number = target.rpartition(b"/")
        if name != b"/v1/a":
            text = target + b" " + message.body
            sock.sendall(canonical.ok(b"Content-Length: %d" % len(text), body=text))
            if target == b"/v1/late":
                time.sleep(LATE)
                sock.sendall(canonical.ok(b"Content-Length: 5", body=b"early"))
            return True
        data, end = self.script[int(number)]
        sock.sendall(data)
        if end == "breaks":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return end == "stays"

    def all(self):
        """Every request of every connection."""
        return [message for number in range(len(self.streams)) for message in self.requests(number)]

    def stop(self):
        self.listener.close()


def make_lab():
    lab = Lab()
    lab.upstream.stop()
    lab.upstream = Scripted()
    lab.vendor("acme", {"all": ("GET, POST, HEAD", "/v1/**")})
    # Who waits in vain shall not wait long.
    lab.sections += "\n[limits]\nidle_timeout = 2s\n"
    lab.start()
    return lab


def hear(session):
    """All bytes until the gateway ends, or REST passes: whether it ended, and in order."""
    data, ended = session.pending, None
    session.sock.settimeout(REST)
    session.sock.suppress_ragged_eofs = False
    try:
        while part := session.sock.recv(65536):
            data += part
        ended = "in order"
    except TimeoutError:
        pass
    except OSError:
        ended = "badly"
    return data, ended


def control(lab, what):
    """An honest request, and that it reached its upstream."""
    before = len(lab.upstream.all())
    with lab.tls("acme") as session:
        equal(session.request("/v1/control").status, 200, "control", what)
    equal(len(lab.upstream.all()), before + 1, "control at the upstream", what)
    equal(lab.upstream.faults, [], what)


def check_problem(answer, what):
    """One of ours, and canonical."""
    equal(answer.fields[b"Content-Type"], b"application/problem+json", what)
    problem = json.loads(answer.body)
    equal(sorted(problem), ["request_id", "status", "title", "type"], what)
    equal(problem["status"], int(answer.line["status"]), what)
    equal(problem["request_id"].encode(), answer.fields[b"X-Request-Id"], what)


def status_of(answer):
    return int(answer.line["status"])


def refused(lab, data, statuses, what):
    """The first answer to DATA: a problem with one of these; nothing but problems behind it."""
    with lab.tls("acme") as session:
        session.send(data)
        got, ended = hear(session)
    answers, rest = canonical.answers_of(got)
    equal(rest, b"", what, data)
    check(answers and all(answer.whole for answer in answers), what, data, got)
    check(status_of(answers[0]) in statuses, what, data, answers)
    check_problem(answers[0], what)
    if status_of(answers[0]) == 400 and b"Connection" in answers[0].fields:
        equal((len(answers), ended), (1, "in order"), what, data, answers)
    return answers


def with_path(data, number):
    return data.replace(b"{path}", b"/v1/%d" % number)


def check_streams(lab):
    """Strict and careless readers agree on all that any upstream connection ever got."""
    equal(lab.upstream.faults, [])
    count = 0
    for number, stream in enumerate(lab.upstream.streams):
        strict = [(message.line["method"], message.line["target"], message.body)
                  for message in lab.upstream.requests(number) if message.whole]
        count += len(strict)
        for length_wins in (False, True):
            for last_wins in (False, True):
                lax = canonical.lax_requests(bytes(stream), length_wins, last_wins)
                # One that was cut is cut for everybody: only the connection's end comes after it.
                check(len(lax) - len(strict) in (0, 1), number, strict, lax)
                equal(lax[:len(strict)], strict, "connection", number)
    return count


COUNT = sum(map(len, canonical.REFUSED.values()))


@case(f"{COUNT} requests that could be read in two ways are 400, the end, and for no upstream")
def _():
    with make_lab() as lab:
        told = 0
        for group, rows in canonical.REFUSED.items():
            skip = told
            control(lab, group)
            before = len(lab.upstream.all())
            for i, data in enumerate(rows):
                answers = refused(lab, with_path(data, i), (400,), group)
                equal(answers[0].fields.get(b"Connection"), b"close", group, data)
            equal(len(lab.upstream.all()), before, "what reached the upstream of", group,
                  lab.upstream.all()[before:])
            told += 1 + len(rows)
            reasons = [event["reason"] for event in lab.next_final(skip, 1 + len(rows))]
            equal(reasons[0], "access.allowed", group)
            check(set(reasons[1:]) <= {"http.malformed", "http.path"}, group, reasons)
        control(lab, "afterwards")
        check_streams(lab)


@case(f"{len(canonical.BAD_TARGETS)} targets and {len(canonical.OTHERS)} other requests are refused")
def _():
    with make_lab() as lab:
        control(lab, "before")
        for data in canonical.BAD_TARGETS:
            refused(lab, with_path(data, 1), (400,), "targets")
        for status, data in canonical.OTHERS:
            refused(lab, with_path(data, 1), (status,), "others")
        equal(len(lab.upstream.all()), 1, "what reached the upstream", lab.upstream.all())
        control(lab, "afterwards")


@case(f"{len(canonical.BAD_BODIES)} chunked bodies that are none look whole to nobody")
def _():
    with make_lab() as lab:
        control(lab, "before")
        for i, data in enumerate(canonical.BAD_BODIES):
            refused(lab, with_path(data, 1000 + i), (400, 413), "chunks")
        wait_for("the last to be over", lambda: len(lab.final()) > len(canonical.BAD_BODIES))
        whole = [message for message in lab.upstream.all() if message.whole]
        equal([message.line["target"] for message in whole], [b"/v1/control"])
        control(lab, "afterwards")
        check_streams(lab)


@case(f"{len(canonical.HONEST)} honest oddities arrive, each once, and as they were meant")
def _():
    with make_lab() as lab:
        for i, (data, body) in enumerate(canonical.HONEST):
            path = b"/v1/%d" % i
            with lab.tls("acme") as session:
                session.send(with_path(data, i))
                session.sock.settimeout(REST)
                while b"\r\n\r\n" not in session.pending.removeprefix(canonical.CONTINUE) or \
                        not canonical.answers_of(session.pending)[0][0].whole:
                    session.pending += session.sock.recv(65536)
                [answer], rest = canonical.answers_of(session.pending)
            equal((status_of(answer), answer.body, rest), (200, path + b" " + body, b""), data)
            [message] = [found for found in lab.upstream.all() if found.line["target"] == path]
            equal((message.whole, message.body), (True, body), data)
        equal(check_streams(lab), len(canonical.HONEST))


# Answers ----------------------------------------------------------------------------------------

def play(lab, rows):
    """Asks for each scripted answer, and once more on the same connection where it is left open:
    the second is answered by its own, whatever the first left behind."""
    for number, (row, end) in enumerate(rows):
        lab.upstream.script[number] = (row, end)
        with lab.tls("acme") as session:
            session.send(b"GET /v1/a/%d HTTP/1.1\r\nHost: %s\r\n\r\n" % (number, canonical.HOST)
                         + b"GET /v1/next/%d HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                         % (number, canonical.HOST))
            got, ended = hear(session)
        check(ended is not None, "nothing ended", row[:200], got[:200])
        answers, rest = canonical.answers_of(got)
        yield row, answers, rest, ended
        if len(answers) == 2:
            equal((status_of(answers[1]), answers[1].body), (200, b"/v1/next/%d " % number), row)
        check(len(answers) <= 2, row, answers)


@case(f"{len(canonical.BAD_ANSWERS)} answers that are none become a 502, whole, and nothing of them")
def _():
    with make_lab() as lab:
        control(lab, "before")
        rows = [(row, "ends") for row in canonical.BAD_ANSWERS]
        for row, answers, rest, ended in play(lab, rows):
            check(answers and answers[0].whole, row[:200], answers, rest)
            equal((status_of(answers[0]), rest, ended), (502, b"", "in order"), row[:200], answers)
            check_problem(answers[0], row[:200])
            equal(len(answers), 2, "the next request", row[:200], answers)
        control(lab, "afterwards")


@case(f"{len(canonical.CUT_ANSWERS)} answers that break never look whole, nor end in order")
def _():
    with make_lab() as lab:
        control(lab, "before")
        for end in ("ends", "breaks"):
            for row, answers, rest, ended in play(lab, [(r, end) for r in canonical.CUT_ANSWERS]):
                whole = [answer for answer in answers if answer.whole]
                if whole:
                    # Nothing of it had gone out yet: then it may still be a refusal.
                    equal([status_of(answer) for answer in whole][0], 502, row, answers)
                else:
                    equal((len(answers) < 2, ended), (True, "badly"), row, answers, rest)
        control(lab, "afterwards")


@case(f"{len(canonical.GOOD_ANSWERS)} honest answers pass, and what stands behind them is for nobody")
def _():
    with make_lab() as lab:
        # Who says that it keeps its connection does.
        rows = [(row, "ends" if row.startswith(b"HTTP/1.0") or (status == 200 and not any(
            word in row for word in (b"-Length", b"-Encoding"))) else "stays")
                for row, status, _ in canonical.GOOD_ANSWERS]
        for (_, status, body), (row, answers, rest, ended) in zip(canonical.GOOD_ANSWERS,
                                                                 play(lab, rows)):
            equal((status_of(answers[0]), answers[0].body), (status, body), row)
            equal(([answer.whole for answer in answers], rest, ended),
                  ([True, True], b"", "in order"), row, answers)
            fields = answers[0].fields
            equal([name for name in (b"Set-Cookie", b"Server", b"Upgrade") if name in fields], [])
        control(lab, "afterwards")


@case("what an upstream sends unasked, while its connection rests, is nobody's")
def _():
    with make_lab() as lab:
        control(lab, "before")
        for _ in range(10):
            with lab.tls("acme") as session:
                equal(session.request("/v1/late").body, b"/v1/late ")
                time.sleep(2 * LATE)
                equal(session.request("/v1/own").body, b"/v1/own ")


harness.main()
