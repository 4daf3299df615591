"""The commands of the quickstarts are run as they stand, in their order, and print what the pages say they print.

"..." on a page stands for anything; instants, numbers of records and what is drawn by chance need not be the same.
"""

import datetime
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

from answers_test import principals
from county_test import County
from harness import BIN, ROOT, EndToEnd, now, wait_until

PYTHON = "/usr/bin/python3"  # For which Debian has grpcio.
WAIT_SECONDS = 20
ADDRESS = "127.0.0.1:7447"
READS = ("recommendations", "why", "timeline", "alerts", "show", "providers")  # What follows from a write comes a moment later.
UNSTABLE = (  # Each as it stands on a page, with its form.
    (r"\d{4}\\-\d\d\\-\d\dT\d\d:\d\d:\d\dZ", r"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"),
    (r"\d{4}\\-\d\d\\-\d\d", r"\\d{4}-\\d\\d-\\d\\d"),
    (r"^\d\d:\d\d(?=:?$)", r"\\d\\d:\\d\\d"),
    (r"^\d+:\d+(?=:?$)", r"\\d+:\\d+"),
    (r"^\d+\\\.\d{2,}(?=[.,;]*$|\\)", r"\\d+(?:\\.\\d+)?"),  # A figure, no number of a clause.
    (r"\b[0-9a-f]{16,64}\b", r"[0-9a-f]{16,64}"),
)


class Block:
    """What stands apart from the text on a page."""

    def __init__(self, heading, before, text, language):
        self.heading = heading  # The last one above it.
        self.before = before  # The paragraph above it.
        self.text = text
        self.language = language  # Of what is fenced; None: commands.

    def commands(self):
        """Commands, each with what it is said to print; None: nothing is said of that."""
        told = []
        open_command = False
        for line in self.text.split("\n"):
            if open_command:
                told[-1][0] += "\n" + line
            elif line.startswith("$ "):
                told.append([line[2:], []])
            elif "$ " not in self.text:
                told.append([line, None])
            else:
                told[-1][1].append(line)
                continue
            command = told[-1][0]
            open_command = command.endswith("\\") or command.count('"') % 2 or command.count("'") % 2
        return [(command, printed if printed is None else "\n".join(printed)) for command, printed in told if command.strip()]


def blocks(page):
    """The blocks of a document, in their order."""
    heading, before, fenced, language = "", "", None, None
    found, indented = [], []
    paragraph = []
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").split("\n"):
        if fenced is not None:
            if line.startswith("```"):
                found.append(Block(heading, before, "\n".join(fenced), language))
                fenced = None
            else:
                fenced.append(line)
            continue
        if line.startswith("    ") or (not line and indented):
            indented.append(line[4:])
            continue
        if indented:
            found.append(Block(heading, before, "\n".join(indented).strip("\n"), None))
            indented = []
        if line.startswith("```"):
            fenced, language = [], line[3:]
        elif line.startswith("#"):
            heading = line.lstrip("# ")
        elif line:
            paragraph.append(line)
        if not line or line.startswith("```"):
            before, paragraph = " ".join(paragraph) or before, []
    return found


def pattern_of(printed):
    """A regular expression of what is printed, of any width of lines."""
    pattern = ""
    free = True  # Nothing need stand between this and what is before it.
    for word in printed.split():
        if word == "...":
            pattern += ".*?"
            free = True
            continue
        form = re.escape(word)
        for unstable, stable in UNSTABLE:
            form = re.sub(unstable, stable, form)
        pattern += (r"\s*" if free else r"\s+") + form
        free = False
    return re.compile(pattern + r"\s*", re.DOTALL)


class Quickstart(EndToEnd):
    """Runs commands in a directory that a reader would have."""

    def run_in(self, node, command, token=None):
        environment = node.environment(token)
        environment["PATH"] = f"{BIN}:{os.path.dirname(PYTHON)}:{os.environ['PATH']}"
        run = subprocess.run(["bash", "-c", command], cwd=self.desk, env=environment, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return run.returncode, run.stdout

    def follow(self, node, command, printed, token=None):
        """Runs one command and holds what it prints to the page."""
        said = []

        def as_told():
            code, out = self.run_in(node, command, token)
            said[:] = [code, out]
            return code == 0 if printed is None else pattern_of(printed).fullmatch(out)

        try:
            wait_until(as_told, WAIT_SECONDS if command.startswith(tuple(f"trigpoint {one}" for one in READS)) else 0.1, command)
        except AssertionError:
            raise self.failureException(f"$ {command}\n--- the page says\n{printed}\n--- it printed (exit {said[0]})\n{said[1]}") from None
        return said[1]


@unittest.skipUnless(shutil.which("protoc") and shutil.which("grpc_python_plugin") and pathlib.Path(PYTHON).exists(),
                     "protobuf-compiler-grpc is not there")
class PartnerQuickstartTest(Quickstart):
    """Without "Who you are", whose commands TlsTest runs, and without building the programs."""

    def test_a_partners_engineer_can_follow_the_page(self):
        self.desk = self.scratch / "desk"
        self.desk.mkdir()
        (self.desk / "proto").symlink_to(ROOT / "proto")
        node = self.node()
        followed = 0
        for block in blocks("quickstart-partner.md"):
            if block.heading in ("A node to try with", "Who you are"):
                continue
            if block.language is not None:
                named = re.findall(r"`(\w+\.(?:py|json))`", block.before)
                if named:
                    (self.desk / named[-1]).write_text(block.text.replace(ADDRESS, node.address), encoding="utf-8")
                continue
            for command, printed in block.commands():
                with self.subTest(command):
                    self.follow(node, command, printed)
                    followed += 1
        self.assertGreaterEqual(followed, 10)


class QualityQuickstartTest(County, Quickstart):
    """On the county that tools/demo loads, by the people whom the page names."""

    def people(self):
        return principals(
            self.scratch / "principals.yaml",
            ("loader", "herefordshire-council", ["PARTNER", "BACKFILL", "OPERATOR", "QUALITY_READER"], ["'*'"], "C5"),
            ("j.smith", "herefordshire-council", ["QUALITY_READER", "TEAM_MANAGER", "ALERT_RECEIVER"], [], "C3"),
            ("panel", "herefordshire-council", ["QUALITY_READER", "MULTI_AGENCY_PANEL"], [], "C3"))

    def load_demo(self, node):
        """Gives the instant before the peers' rates and the last reports."""
        def done(*command, codes=(0,)):
            result = node.run(*command, token="loader")
            self.assertIn(result.code, codes, result)

        county, about = self.county("county")
        histories = sorted((county / "history").glob("*.jsonl"))
        done("import", "--backfill", county / "register.jsonl", county / "latest_ratings.csv", *histories, codes=(1,))
        for file, wanted in about["partners"].items():
            mapping = ["--mapping", county / wanted["mapping"]] if wanted["mapping"] else []
            done("import", *mapping, county / file, codes=(0, 1))
        before = now()
        done("baselines")
        wait_until(lambda: "expected" in node.run("why", "demo/willow-bank", "--full", token="loader").out, 10, "the rates")
        for path in sorted((county / "live").glob("*.jsonl")):
            done("submit", path)
        for event in self.joint_house():
            self.assertEqual("ACCEPTED", node.submit(event, "loader")[0])
        return before

    def joint_house(self):
        """Jointly commissioned, which none of the county's is; with a notice, so that there is something to decide."""
        about = {"subject": "demo/joint-house", "occurredAt": now(13)}
        yield {**about, "source": "herefordshire-council/directory", "id": "joint-house",
               "serviceRegistered": {"name": "Joint House (fictitious)", "serviceType": "SERVICE_TYPE_CARE_HOME_NURSING",
                                     "commissioners": ["herefordshire-council", "hwicb"], "jointlyCommissioned": True}}
        yield {**about, "source": "cqc/enforcement", "id": "joint-house-notice",
               "cqcEnforcementActionRecorded": {"action": "ENFORCEMENT_KIND_WARNING_NOTICE"}}

    def as_of_today(self, command, before):
        """Days of the page's year as they lie before today; the instant before the last reports; an id that was printed."""
        written = datetime.date(2026, 11, 23)
        moved = datetime.date.today() - written

        def day(found):
            return str(datetime.date.fromisoformat(found.group()) + moved)

        command = re.sub(r"2026-11-23T[\d:]+Z", before, command)
        if "--as-of" in command and before not in command:
            command = re.sub(r"\d{4}-\d\d-\d\d", day, command)
        return re.sub(r"\b[0-9a-f]{32}\b", self.last_id, command)

    def test_a_quality_lead_can_follow_the_page(self):
        self.desk = self.scratch
        node = self.node("--principals", str(self.people()), "--deadline-grace-seconds", "1")
        before = self.load_demo(node)
        followed = 0
        for block in blocks("quickstart-quality.md"):
            for command, printed in block.commands():
                with self.subTest(command):
                    who = "panel" if block.before.startswith("The panel") else "j.smith"
                    out = self.follow(node, self.as_of_today(command, before), printed, who)
                    self.last_id = (re.findall(r"\b[0-9a-f]{32}\b", out) or [self.last_id])[0]
                    followed += 1
        self.assertGreaterEqual(followed, 20)

    last_id = ""


if __name__ == "__main__":
    unittest.main(verbosity=2)
