#!/usr/bin/env python3
"""The manuals are true to the tables: every row has its item in its page, with what the row says
of it, and no page tells of what there is not. And mandoc has nothing to say about them."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(os.environ.get("srcdir", Path(__file__).parents[2]))
CELL = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+')
FAULTS = []


def complain(*what):
    FAULTS.append(" ".join(what))


def rows(table, macro):
    """The arguments of each MACRO(…) of a table, without quotes; a table of no rows is a fault."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "src" / table).read_text(), flags=re.S)
    text = re.sub(r"^#.*?[^\\]$", "", text, flags=re.S | re.M)
    pattern = re.compile(rf'^{macro}\(((?:[^()"]|"(?:[^"\\]|\\.)*")*)\)', re.M)
    found = [[cell.strip().strip('"') for cell in CELL.findall(match[1])]
             for match in pattern.finditer(text)]
    if not found:
        complain(table, "has no", macro)
    return found


def items(page, section):
    """word → text of the `.It` items below a `.Sh` or `.Ss` heading that begins with SECTION."""
    found, inside, word = {}, False, None
    for line in (ROOT / "man" / page).read_text().split("\n"):
        if line.startswith((".Sh ", ".Ss ")):
            inside, word = line[4:].replace("\\(rB", "]").startswith(section), None
        elif inside and line.startswith(".It "):
            words = line.split()
            word = words[2] if len(words) > 2 else None
            if word in found:
                complain(page, "has", word, "twice")
            found[word] = line + "\n"
        elif word is not None:
            found[word] += line + "\n"
    if not found:
        complain(page, "has no items below", section)
    return found


def compare(page, section, wanted):
    """The items of a section are these words, each with its text."""
    there = items(page, section)
    for word, text in wanted.items():
        if word not in there:
            complain(page, "does not tell of", word, "in", section)
        elif text not in there[word]:
            complain(page, "should say of", word + ":", text)
    for word in there:
        if word not in wanted:
            complain(page, "tells of", str(word), "in", section, "which is not in the tables")


def reason_text(row):
    _, _, code, event, decision, severity, status, technique = row
    text = f"VG{code}\n{event}, {decision.lower()}, severity {severity}"
    if status != "0":
        text += f", answered with {status}"
    return text + (f", {technique}." if technique else ".")


def check_events():
    page = "vendgate-events.7"
    compare(page, "EVENT FIELDS", {row[2]: "" for row in rows("vocab/field.def", "VG_FIELD")
                                   if row[4] != "ASIDE"})
    compare(page, "STEPS", {row[1]: row[3][1:] for row in rows("policy/step.def", "VG_STEP")})
    there = {word: text.replace(" Pq Li ", " ").replace(f".It Ic {word} ", "")
             for word, text in items(page, "REASONS").items()}
    reasons = {row[1]: reason_text(row) for row in rows("vocab/reason.def", "VG_REASON")}
    for word, text in reasons.items():
        if not there.get(word, "").startswith(text + "\n"):
            complain(page, "should say of", word + ":", text)
    for word in there.keys() - reasons.keys():
        complain(page, "tells of", word, "which is no reason")


def check_keys():
    pages = {"GATEWAY": "vendgate.ini.5", "POLICY": "vendgate-policy.5",
             "CASES": "vendgatectl.8"}
    keys = rows("config/key.def", "VG_KEY")
    for _, section, file, _ in rows("config/key.def", "VG_SET"):
        compare(pages[file], f"[{section}", {
            row[2]: "Required" if "REQUIRED" in row[5] else ""
            for row in keys if row[1] == section})


def check_headers():
    """What passes, in either direction, is listed between two sentences of the page."""
    page = (ROOT / "man/vendgate.ini.5").read_text()
    for column, begin in (2, "From vendor to upstream pass"), (3, "From upstream to vendor pass"):
        passing = {row[1] for row in rows("http/header.def", "VG_HEADER") if row[column] == "PASS"}
        told = set(page.partition(begin + "\n")[2].partition(" .\n")[0]
                   .replace(".Li ", "").replace(" ,", "").split())
        for word in passing ^ told:
            complain("vendgate.ini.5:", word, "is told and dropped, or passes and is not told:",
                     begin)


def check_commands():
    page = (ROOT / "man/vendgatectl.8").read_text()
    for _, word, arguments, *_ in rows("ctl/command.def", "VG_COMMAND"):
        if not re.search(rf"^\.(It )?Ic {word}( |$)", page, re.M):
            complain("vendgatectl.8 does not tell of", word)
        for option in re.findall(r"--([a-z]+)", arguments):
            if f"Fl -{option}" not in page:
                complain("vendgatectl.8 does not tell of", f"{word} --{option}")


def check_roles():
    page = items("vendgate.8", "Roles")
    for row in rows("vocab/role.def", "VG_ROLE"):
        if row[1] not in page:
            complain("vendgate.8 does not tell of the role", row[1])


def check_form():
    pages = sorted((ROOT / "man").glob("*.[1-9]"))
    if not pages:
        complain("there are no pages")
    if shutil.which("mandoc") is None:
        print("no mandoc here: the pages were not linted")
        return
    ran = subprocess.run(["mandoc", "-Tlint", "-W", "style", *pages], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False)
    for line in ran.stdout.splitlines():
        if "referenced manual not found" not in line:  # ours are not installed while we test
            complain(line)


for check in (check_events, check_keys, check_headers, check_commands, check_roles, check_form):
    check()
print("\n".join(FAULTS))
sys.exit(1 if FAULTS else 0)
