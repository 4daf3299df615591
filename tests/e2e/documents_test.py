"""What the documents say of the programs is what the programs do: events that can be sent, keys, metrics, log lines."""

import json
import re
import subprocess
import unittest
import urllib.request

from harness import BIN, ROOT, EndToEnd, free_port


def document(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


class DocumentsTest(EndToEnd):
    def test_the_events_of_the_partners_quickstart_have_the_outcomes_it_tells(self):
        blocks = re.findall(r"```json\n(.*?)```", document("quickstart-partner.md"), re.DOTALL)
        events = [json.loads(block) for block in blocks]
        node = self.node()
        outcomes = [node.submit(event)[0] for event in events]
        self.assertEqual(["WAITING", "ACCEPTED", "ACCEPTED"], outcomes)
        self.assertEqual("DUPLICATE", node.submit(events[0])[0])

    def test_operations_names_every_key_with_its_default(self):
        command = [str(BIN / "trigpoint-node"), "--print-default-config"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        defaults = dict(re.findall(r"^(\w+): (.*)$", printed, re.MULTILINE))
        told = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", document("operations.md"), re.MULTILINE))
        for key, value in defaults.items():
            self.assertEqual(f"`{value}`", told.get(key), key)
        keys = set(re.findall(r"^#? ?(\w+):", printed, re.MULTILINE))
        self.assertEqual(keys, {key for key in keys if f"| `{key}` |" in document("operations.md")})

    def test_operations_names_every_metric(self):
        port = free_port()
        self.node("--metrics-listen", f"127.0.0.1:{port}")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            shown = set(re.findall(r"^# TYPE (trigpoint_\w+|process_\w+) ", answer.read().decode(), re.MULTILINE))
        self.assertGreater(len(shown), 10)
        page = document("operations.md")
        self.assertEqual(set(), {name for name in shown if name not in page})
        rules = (ROOT / "deploy/prometheus/trigpoint.rules.yaml").read_text(encoding="utf-8")
        self.assertEqual(set(), set(re.findall(r"\b(?:trigpoint|process)_\w+", rules)) - shown)

    def test_operations_names_every_log_line(self):
        told = set(re.findall(r"`(\w+)`", document("operations.md")))
        names = set()
        for path in [*ROOT.glob("services/**/*.cc"), *ROOT.glob("libs/**/*.cc")]:
            if "tests" not in path.parts:
                # Past the level, which may be a choice between two.
                text = path.read_text(encoding="utf-8")
                names |= set(re.findall(r"\bLog\((?:serving \? )?LogLevel::[\w\s:]*?,\s*\"(\w+)\"", text))
        self.assertGreater(len(names), 8)
        self.assertEqual(set(), names - told)


if __name__ == "__main__":
    unittest.main(verbosity=2)
