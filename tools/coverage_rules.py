#!/usr/bin/env python3
"""Writes docs/rules.md: every rule id, the stories that name it, and whether it is done.

Usage: tools/coverage_rules.py [--check]; --check changes nothing and exits with 1 when docs/rules.md is not current.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKS = ("herefordshire", "nqb", "halton-warrington")
OUTPUT = ROOT / "docs" / "rules.md"

# Rules of the catalogue that no pack holds yet.
NOT_DONE = {
    "V-ENH": "enhanced visit",
    "V-INT": "intensive visit",
    "C-MDT": "Halton: multi-disciplinary team decision",
    "C-MSR": "Halton: inform Care Management",
    "C-DP": "Halton: notify the direct payments team",
    "C-ISP-OUT": "Halton: notice to other councils",
    "C-4.14": "Halton: bundle for a risk of unsafe care",
    "P-OCC": "occupancy",
    "P-EIC": "early indicators of concern",
    "S-SUSP": "consider suspension",
}


def rules_of(pack):
    """Rule ids of a pack with their clause, in order."""
    text = (ROOT / "deploy" / "policies" / f"{pack}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?ms)^expected:\n.*?^(?=\w)", "", text)  # What must come is no rule.
    return re.findall(r'^  - id: (\S+)\n    clause: "([^"]*)"', text, re.MULTILINE)


def stories():
    """(id, policies, rule ids that `then` names), sorted by id."""
    found = []
    for path in sorted((ROOT / "tests" / "scenarios").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        policy = re.search(r"^policy: (.*)$", text, re.MULTILINE).group(1)
        then = re.sub(r"#.*|\"[^\"]*\"", "", text[text.index("\nthen:"):])
        named = set(re.findall(r"\b(?:H-L\d-\d+|N-ENH|N-INT|P-T\d\d[ab]?|P-MAN|COMB|S_TRIG|PERSIST|R-URG|R-RQR)\b", then))
        found.append((path.stem, re.findall(r"[\w-]+", policy), named))
    return found


def document():
    told = stories()
    lines = ["# Rules and their stories", "",
             "Written by [tools/coverage_rules.py](../tools/coverage_rules.py); a test says when it is not current. *Covered*: a story of",
             "[tests/scenarios](../tests/scenarios/README.md) says what the rule must give. That every part of a rule is guarded is checked by",
             "leaving it out (`ctest -R Mutant`)."]
    for pack in PACKS:
        lines += ["", f"## {pack}", "", "| Rule | Clause | Stories | |", "|---|---|---|---|"]
        for rule, clause in rules_of(pack):
            names = [name for name, policies, named in told if pack in policies and rule in named]
            lines.append(f"| {rule} | {clause} | {', '.join(names)} | {'covered' if names else 'implemented, not covered'} |")
    lines += ["", "## Not done yet", "", "| Rule | What it is |", "|---|---|"]
    lines += [f"| {rule} | {what} |" for rule, what in NOT_DONE.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    text = document()
    if parser.parse_args().check:
        if not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
            print("docs/rules.md is not current: run tools/coverage_rules.py")
            return 1
        return 0
    OUTPUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
