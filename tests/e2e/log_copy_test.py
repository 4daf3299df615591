"""A log that moves: to another number of partitions and back, with kills on the way, and a node on the copy."""

import random
import shutil
import subprocess
import time
import unittest

import county_test
from harness import BIN, EndToEnd, Result, incident, wait_until


class LogCopyTest(EndToEnd):
    county = county_test.CountyTest.county

    def copy(self, source, to, *arguments):
        line = [str(BIN / "trigpoint"), "--json", "log", "copy", "--from", str(source), "--to", str(to), *map(str, arguments)]
        return Result(subprocess.run(line, capture_output=True, text=True, timeout=300, check=False))

    def lists(self, node):
        """What people see of all services, without when it was looked at."""
        wait_until(lambda: all(row["head"] == row["folded"] for row in node.run("--json", "status").json()["partitions"]), 60,
                   "everything is folded")
        return sorted(node.run("--json", "providers", "--all").out.splitlines())

    def loaded(self):
        """A node that took the history of a small county, stopped."""
        node = self.node()
        county, _ = self.county("county", "--providers", "60")
        files = [county / "register.jsonl", *sorted((county / "history").glob("*.jsonl"))]
        history = node.run("--json", "import", "--backfill", *files)
        self.assertIn(history.code, (0, 1), history)
        shown = self.lists(node)
        node.terminate()
        return node, shown

    def test_there_and_back_and_a_node_on_the_copy(self):
        node, shown = self.loaded()
        few = self.scratch / "few" / "data"
        few.mkdir(parents=True)
        there = self.copy(node.data / "log", few / "log", "--partitions", 5, "--verify-fold")
        self.assertEqual(0, there.code, there)
        self.assertEqual((16, 5, []), tuple(there.json()[key] for key in ("from_partitions", "to_partitions", "differences")))
        self.assertGreater(there.json()["controls"], 0)
        back = self.copy(few / "log", self.scratch / "back", "--partitions", 16, "--verify-fold")
        self.assertEqual(0, back.code, back)
        self.assertEqual(there.json()["digest"], back.json()["digest"])
        for name in ("keys", "vault"):
            shutil.copytree(node.data / name, few / name)
            shutil.copy(node.data / f"{name}.kek", few / f"{name}.kek")
        moved = self.node("--partitions", "5", name="few")
        self.assertEqual(shown, self.lists(moved))
        self.assertEqual(0, moved.run("verify").code)
        self.register(moved, "1-900000001")
        self.assertEqual("ACCEPTED", moved.submit(incident("1-900000001", 1))[0])

    def test_a_backup_first_then_the_rest(self):
        node = self.node()
        self.register(node, "1-900000001")
        self.assertEqual("ACCEPTED", node.submit(incident("1-900000001", 1))[0])
        self.assertEqual(0, node.run("backup", self.scratch / "backup").code)
        held = self.copy(node.data / "log", self.scratch / "copy")
        self.assertNotEqual(0, held.code, "a node holds it")
        self.assertIn("backup", held.err)
        first = self.copy(self.scratch / "backup" / "log", self.scratch / "copy", "--partitions", 3)
        self.assertEqual(0, first.code, first)
        self.assertEqual("ACCEPTED", node.submit(incident("1-900000001", 2))[0])
        node.terminate()
        rest = self.copy(node.data / "log", self.scratch / "copy", "--verify-fold")
        self.assertEqual(0, rest.code, rest)
        self.assertLess(rest.json()["copied"], first.json()["copied"])
        elsewhere = self.copy(node.data / "log", self.scratch / "backup")
        self.assertNotEqual(0, elsewhere.code)
        self.assertIn("holds other things than a log", elsewhere.err)

    def test_killed_again_and_again(self):
        node, _ = self.loaded()
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        line = [str(BIN / "trigpoint"), "log", "copy", "--from", str(node.data / "log"), "--to", str(self.scratch / "copy"),
                "--partitions", "5"]
        whole = time.monotonic()
        self.assertEqual(0, self.copy(node.data / "log", self.scratch / "measured", "--partitions", 5).code)
        whole = time.monotonic() - whole
        for _ in range(15):
            process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=chance.uniform(0, whole))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        done = self.copy(node.data / "log", self.scratch / "copy", "--verify-fold")
        self.assertEqual(0, done.code, done)


if __name__ == "__main__":
    unittest.main(verbosity=2)
