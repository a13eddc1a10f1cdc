#!/usr/bin/env python3
"""What is handed out beside the programs: the sample configuration is one, what it shows in comments
too, and the unit of systemd says nothing that systemd doesn't know."""
import re
import shutil
import subprocess
from pathlib import Path

import harness
from harness import ROOT, Lab, case, check, equal

SAMPLE = ROOT / "contrib" / "vendgate.ini"
EXPOSURE = 15  # the tenfold of what systemd-analyze may at most say of the unit


def lay_out(lab, text):
    """The sample, with the files that it names, and a vendor."""
    for end in ("pem", "key"):
        for name in ("server", "gateway"):
            shutil.copy(lab.ca / f"server.{end}", lab.dir / f"{name}.{end}")
    shutil.copy(lab.ca / "server-ca.pem", lab.dir / "internal-ca.pem")
    lab.vendor("acme", access={"all": ("GET", "/n/**", "residents")})
    (lab.dir / "vendgate.ini").write_text(text)


def run_check(lab):
    return subprocess.run([harness.BUILD / "vendgate", "-t", "-c", lab.dir / "vendgate.ini"],
                          capture_output=True, text=True, timeout=30, check=False)


@case("the sample configuration is good as it stands")
def _():
    with Lab() as lab:
        lay_out(lab, SAMPLE.read_text())
        ran = run_check(lab)
        equal(ran.returncode, 0, ran.stderr)
        check("warning" not in ran.stderr, ran.stderr)


@case("so is all that it shows in comments")
def _():
    with Lab() as lab:
        text, count = re.subn(r"^;(?=\[|[a-z_]+ = )", "", SAMPLE.read_text(), flags=re.MULTILINE)
        check(count > 15, count)
        lay_out(lab, text)
        ran = run_check(lab)
        equal(ran.returncode, 0, ran.stderr)
        lay_out(lab, text.replace("min_version", "min_versoin"))
        equal(run_check(lab).returncode, 1, "the check itself")


@case("it serves")
def _():
    with Lab() as lab:
        changes = (("listen = 0.0.0.0:8443, [::]:8443", f"listen = 127.0.0.1:{lab.port}"),
                   (";state = /var/lib/vendgate", "state = state"),
                   (";run = /run/vendgate", "run = run"),
                   ("http://10.0.0.5:8080", f"http://127.0.0.1:{lab.upstream.port}"))
        text = SAMPLE.read_text()
        for old, new in changes:
            equal(text.count(old), 1, old)
            text = text.replace(old, new)
        lay_out(lab, text)
        lab.launch()
        harness.wait_for("the gateway to listen", lab.listens)
        equal(lab.curl("acme", "/residents/n/x").status, 200)
        equal(lab.upstream.heads()[-1]["target"], "/n/x")


@case("what is installed finds its parts, where it was configured to lie")
def _():
    makefile = (harness.BUILD / "Makefile").read_text()
    prefix = Path(re.search(r"^prefix = (.*)$", makefile, re.MULTILINE)[1])
    if not prefix.is_dir() or prefix in (Path("/"), Path("/usr")) or not harness.can_overlay():
        raise harness.Skipped(f"nothing can be laid over {prefix} here")
    with Lab() as lab:
        there = lab.dir / "there"
        subprocess.run(["make", "-C", harness.BUILD, "install", f"DESTDIR={there}"], check=True,
                       stdout=subprocess.DEVNULL, timeout=300)
        lab.overlays = {prefix: f"{there}{prefix}"}
        lab.program = prefix / "sbin" / "vendgate"
        lab.vendor("acme", access={"all": ("GET", "/n/**", "api")})
        lab.start()
        equal(lab.curl("acme", "/n/x").status, 200)


@case("systemd has nothing to say against its unit, and it stays as closed as it is")
def _():
    if shutil.which("systemd-analyze") is None:
        print("# no systemd-analyze here")
        return
    with Lab() as lab:
        unit = lab.dir / "vendgate.service"
        text = (ROOT / "contrib" / "vendgate.service.in").read_text()
        unit.write_text(text.replace("@sbindir@", str(harness.BUILD)))
        ran = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], timeout=60,
                             capture_output=True, text=True, check=False)
        equal((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        ran = subprocess.run(["systemd-analyze", "security", "--offline=yes",
                              f"--threshold={EXPOSURE}", unit], timeout=60,
                             capture_output=True, text=True, check=False)
        equal(ran.returncode, 0, ran.stdout[-200:], ran.stderr)


if __name__ == "__main__":
    harness.main()
