#!/usr/bin/env python3
"""Refuses a document with a link to nowhere, with no or several titles, or that sends the reader outside the checkout.

Usage: tools/check_docs.py [--root DIR]; exit code 1 when something is refused, one line each.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import urllib.parse

SKIPPED_DIRS = {".git", "build", "node_modules"}
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\))?)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+\".*\")?\s*$")
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
OUTSIDE = re.compile(r"(?:\.\./)+shared\b|/work/\w+|\bshared/(?:design\.md|reference|data|vectors|hooks)\b")
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")


def documents(root):
    """All *.md files of the tree: those git knows or would take, else all."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        files = [root / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        files = root.rglob("*.md")
    return sorted(f for f in files if f.is_file() and not SKIPPED_DIRS & set(f.relative_to(root).parts))


def lines_outside_fences(text):
    """Yields (number, line); lines of a fenced or indented block come as empty."""
    fence = None
    for number, line in enumerate(text.splitlines(), start=1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark.group(1).startswith(fence):
                fence = None
            yield number, ""
        elif mark:
            fence = mark.group(1)
            yield number, ""
        else:
            yield number, "" if line.startswith(("    ", "\t")) else line


def slug(heading):
    """The anchor that a heading gets in the usual viewers."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchors(text):
    """All anchors of a document; the second heading of one name gets "-1"."""
    found = {}
    names = set()
    for _, line in lines_outside_fences(text):
        heading = HEADING.match(line)
        if heading:
            name = slug(heading.group(2))
            names.add(f"{name}-{found[name]}" if name in found else name)
            found[name] = found.get(name, 0) + 1
    return names


def link_problem(root, file, target):
    """Says what is wrong with one link of `file`; None when it resolves."""
    if ELSEWHERE.match(target):
        return None
    path, _, anchor = urllib.parse.unquote(target).partition("#")
    if path.startswith("/"):
        return f"link to {target}: write it relative to this file"
    goal = (file.parent / path).resolve() if path else file
    if not goal.is_relative_to(root.resolve()):
        return f"link to {target} leaves the checkout"
    if not goal.exists():
        return f"link to {target}: there is no such file"
    if anchor and goal.suffix == ".md" and anchor not in anchors(goal.read_text(encoding="utf-8")):
        return f"link to {target}: there is no such heading"
    return None


def check_document(root, file):
    """Yields (line, problem) of one document."""
    text = file.read_text(encoding="utf-8")
    titles = []
    for number, line in lines_outside_fences(text):
        heading = HEADING.match(line)
        if heading and len(heading.group(1)) == 1:
            titles.append(number)
        prose = re.sub(r"`[^`]*`", "", line)
        targets = [match.group(1) for match in LINK.finditer(prose)]
        definition = DEFINITION.match(prose)
        if definition:
            targets.append(definition.group(1))
        for target in targets:
            problem = link_problem(root, file, target)
            if problem:
                yield number, problem
    for number, line in enumerate(text.splitlines(), start=1):
        outside = OUTSIDE.search(line)
        if outside:
            yield number, (f'"{outside.group(0)}" is not part of the checkout: '
                           'write "the reference folder beside the checkout, where present"')
    if not titles:
        yield 1, "no title (# ...)"
    for number in titles[1:]:
        yield number, "a second title (# ...): one document, one title"


def check(root):
    """Returns the problems of all documents at `root`, one line each."""
    return [f"{file.relative_to(root).as_posix()}:{line}: {problem}"
            for file in documents(root) for line, problem in check_document(root, file)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    problems = check(parser.parse_args().root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
