#!/usr/bin/env python3
"""The policy image from outside: what a reload parses again, what the compiler believes, and that
there is one for all workers, whose own memory doesn't grow with it."""
import fcntl
import os
import re
import struct
import subprocess

import harness
from harness import Lab, case, check, equal

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
VENDORS, RULES = 1000, 20
SLACK_KB = 1536 if harness.SANITIZED else 256  # of an image of 7 MB


def ctl(lab, *words, **keys):
    return subprocess.run([harness.BUILD / "vendgatectl", "-c", lab.dir / "vendgate.ini", *words],
                          capture_output=True, text=True, timeout=60, check=False, **keys)


def counts(text):
    """[parsed, known] of the compiler's note; None where there is none."""
    found = re.search(r"note: certificates: (\d+) parsed, (\d+) known", text)
    return found and [int(number) for number in found.groups()]


def reload(lab):
    ran = ctl(lab, "reload")
    equal(ran.returncode, 0, ran)
    return counts(ran.stdout)


@case("a reload parses the certificates that are new, and no others")
def _():
    with Lab() as lab:
        for name in ("acme", "metro", "zeta"):
            lab.vendor(name, access={"all": ("GET", "/n/**")})
        lab.start()
        harness.wait_for("a good reload", lambda: ctl(lab, "reload").returncode == 0)
        parsed, known = reload(lab)
        equal(parsed, 0, "nothing changed")
        check(known >= 4, "three CAs and the gateway's own:", known)
        lab.pki("ca", "metro-ca")
        equal(reload(lab), [1, known - 1], "another CA in the same file")
        equal(lab.curl("acme", "/n/x").status, 200, "an old CA")
        (lab.policies / "zeta.ini").unlink()
        equal(reload(lab), [0, known - 1], "a vendor less")
        lab.vendor("omega", access={"all": ("GET", "/n/**")})
        equal(reload(lab), [1, known - 1], "a new vendor")
        equal(lab.curl("omega", "/n/x").status, 200, "a new CA")
        note = [line for line in lab.log_text().splitlines() if "certificates: 1 parsed" in line]
        check(note and all(": info: " in line for line in note), "not in the log:", note)


def compile_knowing(lab, image, seals=SEALS):
    """What comes of it, and what is said, where IMAGE is told to serve."""
    out, serving = os.memfd_create("out"), os.memfd_create("serving", os.MFD_ALLOW_SEALING)
    try:
        os.write(serving, image)
        fcntl.fcntl(serving, fcntl.F_ADD_SEALS, seals)
        ran = ctl(lab, "compile", "--fd", str(out), "--serving", str(serving),
                  pass_fds=(out, serving))
        equal(ran.returncode, 0, ran)
        return os.pread(out, 1 << 30, 0), ran.stderr
    finally:
        os.close(out)
        os.close(serving)


@case("an image that is not sealed, of another layout, or damaged, is not believed")
def _():
    with Lab() as lab:
        lab.vendor("acme", access={"all": ("GET", "/n/**")})
        lab.write_config()
        fresh, said = compile_knowing(lab, b"no image")
        check("the policy image is bad" in said and counts(said) is None, said)
        layout, = struct.unpack_from("<I", fresh, 4)
        for what, image, seals, fault in (
                ("good", fresh, SEALS, None),
                ("writable", fresh, SEALS & ~fcntl.F_SEAL_WRITE, "isn't sealed"),
                ("growing", fresh, SEALS & ~fcntl.F_SEAL_GROW, "isn't sealed"),
                ("older", fresh[:4] + struct.pack("<I", layout - 1) + fresh[8:], SEALS,
                 "a layout of another version"),
                ("cut short", fresh[:-8], SEALS, "cut short"),
                ("empty", b"", SEALS, "can't be mapped")):
            again, said = compile_knowing(lab, image, seals)
            check(again == fresh, what, "gives another image")
            check(said.count("\n") == 1, what, said)
            if fault is None:
                equal(counts(said)[0], 0, what)
            else:
                check(fault in said and counts(said) is None, what, said)


def many(lab, number):
    """A vendor that asks, and others with a policy each, and one CA."""
    lab.vendor("acme", access={"all": ("GET", "/n/**")})
    lab.pki("ca", "others-ca")
    for i in range(number - 1):
        rules = "".join(f"\n[access kind-{rule}]\nservice = api\nmethods = GET\n"
                        f"path = /v1/v{i}/kind-{rule}/{{id:int}}\n" for rule in range(RULES))
        (lab.policies / f"v{i:04}.ini").write_text(
            f"[vendor]\nid = v{i}\nname = v{i}\ncontact = soc@v{i}.example\n\n"
            f"[identity]\nca = ../ca/others-ca.pem\nuri = spiffe://v{i}.example/gateway\n{rules}")
    lab.gateway_keys = "workers = 2\n"
    lab.start()


def memory(pid):
    """KB of the process's own, and {what: KB} of the image in it, with its inode."""
    own, image, inside = 0, {}, False
    with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps:
        for line in smaps:
            if re.match("[0-9a-f]+-", line):
                inside = "memfd:vendgate-policy" in line
                if inside:
                    image["inode"] = line.split()[4]
                continue
            key, value = line.split()[:2]
            if inside and value.isdigit():
                image[key[:-1]] = image.get(key[:-1], 0) + int(value)
            if key == "Private_Dirty:":
                own += int(value)
    return own, image


@case("the image is one for all workers, and their own memory does not grow with it")
def _():
    own, size = {}, {}
    for number in (10, VENDORS):
        with Lab() as lab:
            many(lab, number)
            harness.wait_for("two workers", lambda: len(lab.children("vendgate-worker")) == 2)
            workers = lab.children("vendgate-worker")
            for _ in range(6):
                equal(lab.curl("acme", "/n/x").status, 200, number)
            images = []
            for pid in workers:
                kb, image = memory(pid)
                own.setdefault(number, []).append(kb)
                images.append(image)
                check(image["Rss"] > 0, image)
                equal(image["Private_Dirty"] + image["Private_Clean"], 0, image)
                equal(image["Shared_Dirty"] + image["Shared_Clean"], image["Rss"], image)
            equal(images[0]["inode"], images[1]["inode"], "one image")
            size[number] = images[0]["Size"]
    check(size[VENDORS] > size[10] + 4 * SLACK_KB, "the image is too small to tell:", size)
    check(max(own[VENDORS]) <= max(own[10]) + SLACK_KB, "KB of the workers' own:", own, size)


harness.main()
