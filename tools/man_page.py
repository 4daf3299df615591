#!/usr/bin/env python3
"""Writes the man page of a program from what its own --help says, command by command.

    tools/man_page.py PROGRAM SECTION > trigpoint.1
"""
import pathlib
import re
import subprocess
import sys

LISTS = ("Positionals:", "Options:", "Subcommands:")
COLUMN = 30  # Where in a list what something is begins.


class Help:
    """What one --help says: the line on top, the usage, the lists, and what follows them."""

    def __init__(self, text, program):
        lines = text.rstrip("\n").split("\n")
        self.about = lines[0].strip()
        self.usage = ""
        self.lists = {}  # Title of a list: pairs of a name and what it is.
        self.rest = []
        into = None
        for line in lines[1:]:
            if line.startswith("Usage: "):
                self.usage = line.removeprefix("Usage: ").replace(str(program), program.name)
            elif line in LISTS:
                into = self.lists.setdefault(line, [])
            elif into is not None and line.startswith("  "):
                self._entry(into, line)
            elif not line.strip() and not self.rest:
                into = None
            else:
                into = None
                self.rest.append(line)

    @staticmethod
    def _entry(into, line):
        if not re.match(r" {2}\S", line):  # What something is, below a name that takes all of its line.
            into[-1] = (" ".join(filter(None, into[-1])), line.strip())
            return
        name, meaning = re.match(r" {2}(\S.*?)(?: {2,}(\S.*))?$", line).groups()
        if meaning is None and line[COLUMN - 1 : COLUMN] == " ":  # A name just as long as there is room.
            name, meaning = line[2 : COLUMN - 1], line[COLUMN:]
        into.append((name, meaning or ""))


def quoted(text):
    """Text as roff takes it: no escape, no minus that becomes a hyphen, no request by chance."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def listed(entries):
    for name, meaning in entries:
        yield ".TP"
        yield f"\\fB{quoted(name)}\\fR"
        yield quoted(meaning) or "\\&"


def verbatim(lines):
    yield from (".nf", *map(quoted, lines), ".fi")


def commands_of(program, path, found):
    """Every command below, in the order in which they are told."""
    for name, _ in found.lists.get("Subcommands:", ()):
        below = help_of(program, [*path, name])
        yield [*path, name], below
        yield from commands_of(program, [*path, name], below)


def help_of(program, path):
    run = subprocess.run([program, *path, "--help"], capture_output=True, text=True, check=True)
    return Help(run.stdout, program)


def page(program, section):
    """The lines of the page."""
    top = help_of(program, [])
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    yield f".TH {program.name.upper()} {section} \"\" \"Trigpoint {version}\" Trigpoint"
    yield from (".SH NAME", f"{quoted(program.name)} \\- {quoted(top.about.rstrip('.'))}")
    yield from (".SH SYNOPSIS", f"\\fB{quoted(top.usage)}\\fR")
    yield from (".SH OPTIONS", *listed(top.lists["Options:"]))
    if "Subcommands:" in top.lists:
        yield ".SH COMMANDS"
        for path, found in commands_of(program, [], top):
            yield f".SS {quoted(' '.join(path))}"
            yield quoted(found.about)
            if not found.usage.startswith(f"{program.name} "):  # Another program's, which has a page of its own.
                continue
            yield from (".PP", f"\\fB{quoted(found.usage)}\\fR")
            yield from listed(found.lists.get("Positionals:", ()))
            yield from listed(one for one in found.lists.get("Options:", ()) if one[0] != "-h,--help")
            if found.rest:
                yield from (".PP", *verbatim(found.rest))
    if top.rest:
        yield from (".SH NOTES", *verbatim(top.rest))
    yield from (".SH SEE ALSO", "\\fBtrigpoint\\fR(1), \\fBtrigpoint\\-node\\fR(8)")


def main(program, section):
    print("\n".join(page(pathlib.Path(program), section)))


if __name__ == "__main__":
    main(*sys.argv[1:])
