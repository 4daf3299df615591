#!/usr/bin/env python3
"""Writes docs/rules.md: what the source documents name, where it is, and the stories that name it.

Usage: tools/coverage_rules.py [--check]; --check changes nothing and exits with 1 when docs/rules.md is not current.

What there is to do is tools/catalogue.csv: id, class (C core, S supporting, O out of scope with its reason), documents,
name, and `where` it is, which is looked up anew each time. An id is implemented where a pack names it as a rule or an
obligation, or where everything under `where` is there:

  rule:H-L2-9|X   a criterion, urgent rule or obligation of a pack, or the other one
  kind:x          a kind of event
  state:X         a state of a pack               measures:X   what a pack says happens in a state
  move:A:B        a transition of a pack          form:x       a key that a pack uses
  needs:x         what a transition of a pack asks for of a decision
  expected:x      a kind that a pack expects      report:X     a report that libs/reports writes
  code:PATH       a file
"""
import argparse
import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "reference"))
from packs import Reader  # noqa: E402

OUTPUT = ROOT / "docs" / "rules.md"
DOCUMENTS = {
    "S0": "Mid and South Essex ICB, quality assurance visits policy",
    "S1": "slides on the CQC inspection of ICBs, with the NQB ladder",
    "S2": "Herefordshire, quality assurance strategy",
    "S3": "Halton and Warrington CCG, quality surveillance framework",
    "S4": "Halton Borough Council, quality assurance framework",
}


class Pack:
    def __init__(self, path):
        pack = Reader(path.read_text(encoding="utf-8"), path.name).read()
        self.name = pack["id"]
        # Rule id -> clause, in order.
        self.rules = {rule["id"]: rule["clause"] for part in ("criteria", "urgent", "obligations") for rule in pack.get(part, [])}
        self.states = set(pack["authority"]["states"])
        self.moves = {(move["from_state"], move["to_state"]) for move in pack["authority"].get("transitions", [])}
        self.needs = {need for move in pack["authority"].get("transitions", []) for need in move.get("needs", [])}
        self.measures = {bundle["state"] for bundle in pack.get("measures", [])}
        self.expected = {kind for feed in pack.get("expected", []) for kind in feed["kinds"]}
        self.keys = set(keys_of(pack))


class Story:
    def __init__(self, path):
        text = path.read_text(encoding="utf-8")
        self.name = path.stem
        self.policies = set(re.findall(r"[\w-]+", re.search(r"^policy: (.*)$", text, re.MULTILINE).group(1)))
        then = text.index("\nthen:")
        self.given = words(text[:then])
        self.then = words(text[then:])


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def tests_by_id():
    """Ids that a comment of a test names as its rule ("Rule: PR-24, AU-17; S4 3.107"), with the names of the tests' files."""
    named = {}
    for pattern in ("libs/*/tests/*.cc", "services/*/tests/*.cc", "tests/e2e/*_test.py"):
        for path in sorted(ROOT.glob(pattern)):
            for line in re.findall(r"(?://|#) Rule: ([^;\n]*)", path.read_text(encoding="utf-8")):
                for name in re.findall(r"\b[A-Z]+-\d+\b", line):
                    if path.name not in named.setdefault(name, []):
                        named[name].append(path.name)
    return named


def words(text):
    """Names in a part of a story, without its comments and sentences."""
    return set(re.findall(r"[A-Za-z_][\w.-]*\w", re.sub(r"#.*|\"[^\"]*\"", "", text)))


class Catalogue:
    def __init__(self):
        self.packs = [Pack(path) for path in sorted((ROOT / "deploy" / "policies").glob("*.yaml"))]
        self.stories = [Story(path) for path in sorted((ROOT / "tests" / "scenarios").glob("*.yaml"))]
        events = (ROOT / "proto" / "trigpoint" / "v1" / "events.proto").read_text(encoding="utf-8")
        self.kinds = set(re.findall(r"^    \w+ (\w+) = \d+ \[\(kind\)", events, re.MULTILINE))
        self.tests = tests_by_id()
        self.reports = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "libs" / "reports").glob("src/*.cc"))
        with (ROOT / "tools" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))

    def is_there(self, place):
        """Whether one thing under `where` is there."""
        form, _, name = place.partition(":")
        if form == "rule":
            return any(rule in pack.rules for pack in self.packs for rule in name.split("|"))
        if form == "kind":
            return name in self.kinds
        if form == "move":
            return any(tuple(name.split(":")) in pack.moves for pack in self.packs)
        if form == "report":
            return name in self.reports
        if form == "code":
            return (ROOT / name).is_file()
        held = {"state": "states", "measures": "measures", "needs": "needs", "expected": "expected", "form": "keys"}[form]
        return any(name in getattr(pack, held) for pack in self.packs)

    def is_told(self, place, story):
        """Whether a story names it."""
        form, _, name = place.partition(":")
        ours = [pack for pack in self.packs if pack.name in story.policies]
        if form == "rule":
            return any(rule in pack.rules and rule in story.then for pack in ours for rule in name.split("|"))
        if form == "kind":
            return name in story.given
        if form == "expected":
            return any(name in pack.expected for pack in ours) and bool({"silent", "ended"} & story.then)
        if form == "form":
            return name in story.then
        if form == "needs":
            return "decision_proposed" in story.given and name in story.given and any(name in pack.needs for pack in ours)
        if form == "state":
            return any(name in pack.states for pack in ours) and name in story.then
        if form == "measures":
            return any(name in pack.measures for pack in ours) and "measures_contain" in story.then and name in story.then
        if form == "move":
            before, after = name.split(":")
            decides = "decision_proposed" in story.given and after in story.given
            return decides and any((before, after) in pack.moves for pack in ours)
        return False

    def places(self, row):
        own = [f"rule:{row['id']}"] if self.is_there(f"rule:{row['id']}") else []
        return own or row["where"].split()

    def standing(self, row):
        """(covered, implemented, recorded or not done; how many stories, or else the tests that name it)."""
        places = self.places(row)
        if not places or not all(self.is_there(place) for place in places):
            return "not done", ""
        told = sum(any(self.is_told(place, story) for place in places) for story in self.stories)
        if told:
            return "covered", str(told)
        if row["id"] in self.tests:
            return "covered", ", ".join(f"`{name}`" for name in self.tests[row["id"]])
        return ("recorded" if all(place.startswith("kind:") for place in places) else "implemented"), ""


def md(text):
    return text.replace("|", "\\|")


def where_words(places):
    return ", ".join(f"`{place.partition(':')[2]}`" if place.startswith("code:") else place.replace(":", " ", 1).replace("|", " or ")
                     for place in places)


def summary(catalogue):
    lines = ["## By source document", "",
             "| Document | Named | Covered | Implemented | Recorded | Not done | Out of scope |", "|---|---|---|---|---|---|---|"]
    for document, title in DOCUMENTS.items():
        rows = [row for row in catalogue.rows if document in row["documents"].split()]
        counts = {"covered": 0, "implemented": 0, "recorded": 0, "not done": 0}
        for row in rows:
            if row["class"] != "O":
                counts[catalogue.standing(row)[0]] += 1
        out = sum(row["class"] == "O" for row in rows)
        lines.append(f"| **{document}** {title} | {len(rows)} | " + " | ".join(str(n) for n in counts.values()) + f" | {out} |")
    return lines + ["", "What two documents name counts under each. Ids are those of the catalogue ([tools/catalogue.csv](../tools/catalogue.csv))",
                    "and of the rules; class C is core, S supporting."]


def by_pack(catalogue):
    lines = []
    for pack in catalogue.packs:
        lines += ["", f"## {pack.name}", "", "| Rule | Clause | Stories | |", "|---|---|---|---|"]
        for rule, clause in pack.rules.items():
            names = [story.name for story in catalogue.stories if pack.name in story.policies and rule in story.then]
            lines.append(f"| {rule} | {md(clause)} | {', '.join(names)} | {'covered' if names else 'implemented, not covered'} |")
    return lines


def by_document(catalogue):
    lines = []
    for document, title in DOCUMENTS.items():
        lines += ["", f"## {document}: {title}", "", "| Id | What it is | Class | Where | Stories or tests | |", "|---|---|---|---|---|---|"]
        for row in catalogue.rows:
            if row["class"] == "O" or document not in row["documents"].split():
                continue
            standing, told = catalogue.standing(row)
            if standing == "not done":
                continue
            lines.append(f"| {row['id']} | {md(row['name'])} | {row['class']} | {md(where_words(catalogue.places(row)))} | "
                         f"{told} | {standing} |")
    return lines


def not_done(catalogue):
    missing = [f"| {row['id']} | {md(row['name'])} | {row['class']} | {row['documents']} |" for row in catalogue.rows
               if row["class"] != "O" and catalogue.standing(row)[0] == "not done"]
    lines = ["", "## Not done yet", ""]
    lines += ["| Id | What it is | Class | Documents |", "|---|---|---|---|"] + missing if missing else ["Nothing that is named."]
    lines += ["", "## Out of scope", "", "| Id | What it is | Documents | Why |", "|---|---|---|---|"]
    lines += [f"| {row['id']} | {md(row['name'])} | {row['documents']} | {md(row['reason'])} |" for row in catalogue.rows
              if row["class"] == "O"]
    return lines


def document():
    catalogue = Catalogue()
    lines = ["# Rules and their stories", "",
             "Written by [tools/coverage_rules.py](../tools/coverage_rules.py); a test says when it is not current. *Covered*: a story of",
             "[tests/scenarios](../tests/scenarios/README.md) names it; or, where it is about a report, an export or what is refused, a test",
             "that is named. *Implemented*: a pack, an obligation or the code holds it, and neither names it. *Recorded*: a kind of event takes it in, and no more. That every part of a rule is guarded is checked by",
             "leaving it out (`ctest -R Mutant`).", ""]
    lines += summary(catalogue) + by_pack(catalogue) + by_document(catalogue) + not_done(catalogue)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="say whether docs/rules.md is current, and change nothing")
    text = document()
    if parser.parse_args().check:
        if not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
            print("docs/rules.md is not current: run tools/coverage_rules.py")
            return 1
        return 0
    OUTPUT.write_text(text, encoding="utf-8")
    print(text[text.index("## By source document"):text.index("\n\nWhat two documents")])
    return 0


if __name__ == "__main__":
    sys.exit(main())
