#!/usr/bin/env python3
"""vendgatectl, and the worked examples in policies/: each is checked, and asked what it allows."""
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import harness
from harness import BUILD, PKI, ROOT, case, check, equal

COURSE = "7f3c1a52-2d1f-4f43-9a53-0d8f4f8f7a10"
ACME, METRO = "acme-training", "metro-maintenance"
COURSES, API, LIFTS = (f"https://{name}.agency.example" for name in ("courses", "api", "lifts"))

EXPLAINED = [
    (ACME, "GET", f"{COURSES}/v1/courses", "allow access.allowed access=courses"),
    (ACME, "HEAD", f"{COURSES}/v1/courses", "allow access.allowed access=courses"),
    (ACME, "GET", f"{COURSES}/v1/courses/{COURSE}/attendees",
     "allow access.allowed access=attendees"),
    (ACME, "GET", f"{COURSES}/v1/courses/{COURSE.upper()}/attendees?page=50",
     "allow access.allowed access=attendees"),
    (ACME, "GET", f"{COURSES}/v1/courses/{COURSE}/attendees?page=51",
     "refuse access.query access=attendees"),
    (ACME, "GET", f"{COURSES}/v1/courses/{COURSE}/attendees?page=1&page=2",
     "refuse http.malformed access=-"),
    (ACME, "GET", f"{COURSES}/v1/courses/7/attendees", "refuse access.no_rule access=-"),
    (ACME, "GET", f"{API}/residents/v1/residents/7", "allow access.allowed access=resident"),
    (ACME, "GET", f"{API}/residents/v1/residents", "refuse access.no_rule access=-"),
    (ACME, "GET", f"{API}/residents/v1/residents/07", "refuse access.no_rule access=-"),
    (ACME, "GET", f"{API}/v1/residents/7", "refuse access.no_rule access=-"),
    (ACME, "DELETE", f"{API}/residents/v1/residents/7", "refuse access.method access=resident"),
    (ACME, "GET", f"{COURSES}/v1/courses/../payroll", "refuse http.path access=-"),
    (ACME, "GET", f"{LIFTS}/v1/lifts", "refuse access.no_rule access=-"),
    (ACME, "GET", "https://nowhere.example/", "refuse host.mismatch access=-"),
    (METRO, "GET", f"{LIFTS}/v1/lifts", "allow access.allowed access=lifts"),
    (METRO, "GET", f"{LIFTS}/v1/lifts/3/log", "allow access.allowed access=lift-log"),
    (METRO, "POST", f"{LIFTS}/v1/lifts/3/log", "refuse access.method access=lift-log"),
    (METRO, "GET", f"{COURSES}/v1/courses", "refuse access.no_rule access=-"),
]


class Tree:
    """A configuration around the worked examples."""

    def __enter__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="vendgate-test-"))
        ca = self.dir / "ca"
        hosts = [f"{name}.agency.example" for name in ("courses", "lifts", "api")]
        for words in ([ca, *hosts], ["ca", ca, ACME], ["ca", ca, METRO]):
            subprocess.run([PKI, *words], check=True, timeout=harness.WAIT)
        shutil.copytree(ROOT / "policies", self.dir / "policies",
                        ignore=lambda _, names: [n for n in names if not n.endswith(".ini")])
        text = ("[gateway]\nlisten = 127.0.0.1:8443\nstate = state\nrun = run\n\n"
                "[tls]\ncertificate = ca/server.pem\nprivate_key = ca/server.key\n\n"
                "[telemetry events]\nto = file:events.log\n")
        for name, host, prefix in (("courses", "courses", ""), ("lifts", "lifts", ""),
                                   ("residents", "api", "prefix = /residents\n")):
            text += (f"\n[service {name}]\nhost = {host}.agency.example\n{prefix}"
                     "upstream = http://127.0.0.1:9\n")
        (self.dir / "vendgate.ini").write_text(text)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def run(self, *words):
        return subprocess.run([BUILD / "vendgatectl", "-c", self.dir / "vendgate.ini", *words],
                              capture_output=True, text=True, timeout=harness.WAIT, check=False)


@case("the worked examples have no error and no warning")
def _():
    with Tree() as tree:
        for words in (["check"], ["check", tree.dir]):
            ran = tree.run(*words)
            equal(ran.returncode, 0, ran)
            equal(ran.stdout.splitlines()[-1], "0 errors, 0 warnings")
        equal(sorted(path.stem for path in (tree.dir / "policies").iterdir()), [ACME, METRO])


@case(f"{len(EXPLAINED)} requests are explained as the examples say")
def _():
    with Tree() as tree:
        for vendor, method, url, want in EXPLAINED:
            ran = tree.run("explain", "--vendor", vendor, "--method", method, "--url", url,
                           "--at", "2026-06-01T10:00:00Z")
            first = (ran.stdout.splitlines() or [""])[0]
            equal(first.rpartition(" at ")[0], want, method, url, ran.stderr)
            check(f"policies/{vendor}.ini:" in first, first)
            equal(ran.returncode, 0 if want.startswith("allow") else 1)


@case("explain tells the steps, and takes headers and times")
def _():
    with Tree() as tree:
        words = ["explain", "--vendor", ACME, "--method", "GET", "--url", f"{COURSES}/v1/courses",
                 "--at", "2026-06-01T10:00:00Z", "--from", "203.0.113.7"]
        ran = tree.run(*words)
        steps = [line.split()[0] for line in ran.stdout.splitlines() if "passed" in line]
        equal(steps, ["message", "host", "state", "contract", "network", "hours", "access",
                      "rule_hours", "query", "headers", "type"])
        words[6] = f"{COURSES}/v1/courses/{COURSE}/attendees"
        for session, first in (("a-1", "allow access.allowed access=attendees "),
                               ("a 1", "refuse access.header access=attendees ")):
            ran = tree.run(*words, "--header", f"x-session: {session}")
            check(ran.stdout.startswith(first), ran)
            equal("x-total-count" in ran.stdout, session == "a-1", ran)
        ran = tree.run(*words, "--header", "X-HTTP-Method-Override: DELETE")
        check(ran.stdout.startswith("refuse http.malformed "), ran)
        ran = tree.run(*words, "--header", "Content-Length: 5")
        check(ran.stdout.startswith("refuse http.malformed "), ran)


@case("errors come all at once, as text and as JSON")
def _():
    with Tree() as tree:
        policy = tree.dir / "policies" / f"{ACME}.ini"
        lines = policy.read_text().replace("methods", "metods").split("\n")
        policy.write_text("\n".join(lines))
        wrong = [number for number, line in enumerate(lines, 1) if line.startswith("metods")]
        ran = tree.run("check")
        equal(ran.returncode, 1)
        for number in wrong:
            check(f"{policy}:{number}: error: " in ran.stdout, number, ran.stdout)
        check('did you mean "methods"?' in ran.stdout)
        errors = ran.stdout.count(": error: ")
        equal(ran.stdout.splitlines()[-1], f"{errors} errors, 0 warnings")
        rows = [json.loads(line) for line in tree.run("--json", "check").stdout.splitlines()]
        equal(sum(row["severity"] == "error" for row in rows), errors)
        equal({row["line"] for row in rows if "metods" in row["text"]}, set(wrong))
        ran = tree.run("explain", "--vendor", ACME, "--method", "GET", "--url", COURSES)
        equal((ran.returncode, ran.stdout), (2, ""), "nothing is decided by a broken policy")


@case("a wrong command line is told what is right, with status 2")
def _():
    with Tree() as tree:
        for words, says in (
                ([], "check"), (["chek"], 'did you mean "check"?'), (["explain"], "usage:"),
                (["--json", "explain"], "no --json"), (["check", "a", "b"], "usage:"),
                (["compile", "--fd", "77"], "not open"), (["compile"], "usage:"),
                (["compile", "--fd", "1", "--serving"], "usage:"),
                (["explain", "--vendor", "acme-trainin", "--method", "GET", "--url", COURSES],
                 f'did you mean "{ACME}"?'),
                (["explain", "--vendor", ACME, "--method", "GET", "--url", "ftp://x"], "https://"),
                (["explain", "--vendor", ACME, "--method", "GET", "--url", COURSES, "--header",
                  "A: b\r\nC: d"], "on one line")):
            ran = tree.run(*words)
            equal(ran.returncode, 2, words, ran)
            check(says in ran.stdout + ran.stderr, words, ran)
        equal(tree.run("explain", "--help").returncode, 0)


@case("the worked examples pass their tests, which touch every rule")
def _():
    with Tree() as tree:
        files = sorted((ROOT / "policies/tests").glob("*.ini"))
        ran = tree.run("test", *files)
        equal(ran.returncode, 0, ran)
        count = sum(file.read_text().count("[case ") for file in files)
        check(f"{count} passed, 0 failed, 5 of 5 rules touched" in ran.stdout, ran)
        lines = [json.loads(line) for line in tree.run("--json", "test", *files).stdout.split("\n")
                 if line]
        equal(len(lines), count)
        check(all(line["passed"] for line in lines), lines)


ASKED = f"vendor = {ACME}\nrequest = GET {COURSES}/v1/courses\n"
TESTED = [  # file, exit status, what is said
    (f"[case x]\n{ASKED}expect = refuse\n", 1,
     "not ok x at FILE:4: expected refuse, got allow courses"),
    (f"[case x]\n{ASKED}expect = allow resident\n", 1, "expected allow resident, got allow courses"),
    (f"[case x]\n{ASKED}/z\nexpect = allow\n", 1, "FILE:4: error: "),
    (f"[case x]\n{ASKED.strip()}?z=1\nexpect = refuse access.method\n", 1,
     "expected refuse access.method, got refuse access.query: z"),
    (f"[case x]\n{ASKED.strip()}?z=1\nexpect = refuse access.query\n", 0, "ok x"),
    (f"[case x]\n{ASKED}expect = refuse\n[case y]\n{ASKED}expect = allow\n", 1,
     "1 passed, 1 failed, 1 of 5 rules touched"),
    (f"[case x]\n{ASKED}expect = refuse access.nonsense\n", 1, "FILE:4: error: expect"),
    (f"[case x]\n{ASKED}expect = deny\n", 1, "must be allow, allow ACCESS, refuse"),
    (f"[case x]\n{ASKED}", 1, "[case x] has no expect"),
    (f"[case x]\n{ASKED}expcet = allow\n", 1, 'did you mean "expect"?'),
    (f"[case x]\n{ASKED}expect = allow\n[case x]\n{ASKED}expect = allow\n", 1,
     'duplicate case "x"'),
    (f"[case x]\n{ASKED}expect = allow\nat = noon\n", 1, "FILE:5: error: at"),
    ("[case x]\nvendor = nobody\nrequest = GET https://a.example/\nexpect = refuse\n", 1,
     "got there is no such vendor"),
    ("", 1, "there is no [case TEXT]"),
    ("[vendor]\nid = x\n", 1, "is no [case TEXT]"),
    (f"[case x]\n{ASKED}header = Accept: a, b\n body: 1\nexpect = allow\n", 0, "ok x"),
    (f"[case x]\n{ASKED}body = none.json\nexpect = refuse\n", 1, "its body can't be read"),
    (f"[case x]\n{ASKED}body = x.ini\nexpect = refuse http.malformed\n", 0, "ok x"),
]


@case("tests of policies fail where they should, and say why and where")
def _():
    with Tree() as tree:
        file = tree.dir / "x.ini"
        for text, status, says in TESTED:
            file.write_text(text)
            ran = tree.run("test", file)
            equal(ran.returncode, status, text, ran)
            said = (ran.stdout + ran.stderr).replace(str(file), "FILE")
            check(says in said, text, ran)
        equal(tree.run("test").returncode, 2)
        equal(tree.run("test", tree.dir / "none.ini").returncode, 1)


@case("a report that could not be written is no clean report")
def _():
    with Tree() as tree:
        with open("/dev/full", "w", encoding="ascii") as full:
            ran = subprocess.run([BUILD / "vendgatectl", "check", tree.dir], stdout=full,
                                 stderr=subprocess.PIPE, timeout=harness.WAIT, check=False)
        check(ran.returncode != 0, "exit status 0 with a full disk")


harness.main()
