"""From one machine to Kafka and back: nothing lost, the same answers, kills on the way, and how long nobody is served."""

import json
import random
import shutil
import subprocess
import time
import unittest
import uuid

import log_copy_test
from cluster import PARTITIONS, ClusterCase
from harness import BIN, EndToEnd, free_port, incident

HOME = "1-900000001"
TOLD = "a fall on the stairs"


class LogMoveTest(ClusterCase):
    county = log_copy_test.LogCopyTest.county
    copy = log_copy_test.LogCopyTest.copy
    lists = log_copy_test.LogCopyTest.lists

    def setUp(self):
        # No process yet: the copy makes the topic.
        EndToEnd.setUp(self)
        self.topic = f"trigpoint.test.{uuid.uuid4().hex[:12]}"
        self.secret = self.scratch / "keys.secret"
        self.keys_address = f"127.0.0.1:{free_port()}"
        self.on_kafka = f"kafka:{self.brokers}/{self.topic}"
        self.reports = {}
        self.how_far = ("--kafka-single-broker", "--checkpoint", self.scratch / "topic.copy")

    def one_machine(self):
        """A node that took the history of a small county."""
        node = self.node()
        county, _ = self.county("county", "--providers", "60")
        history = node.run("--json", "import", "--backfill", county / "register.jsonl", *sorted((county / "history").glob("*.jsonl")))
        self.assertIn(history.code, (0, 1), history)
        self.register(node, HOME)
        return node

    def tell(self, node, number, outcome="ACCEPTED"):
        """A report with a text to seal; told again it is the same to the byte."""
        if number not in self.reports:
            self.reports[number] = incident(HOME, number)
            self.reports[number]["incidentReported"]["narrative"] = TOLD
        got, result = node.submit(self.reports[number])
        self.assertEqual(outcome, got, result)

    def move(self, backup, log):
        line = [str(BIN / "trigpoint"), "--json", "log", "copy", "--from", str(backup), "--then", str(log), "--to", self.on_kafka,
                "--partitions", str(PARTITIONS), *map(str, self.how_far)]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def keys_to(self, node, directory):
        """What is sealed and who is protected move by hand, with the keys."""
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("keys", "vault"):
            shutil.copytree(node.data / name, directory / name)
            shutil.copy(node.data / f"{name}.kek", directory / f"{name}.kek")

    def assert_tells_the_same(self, shown, alerts, member):
        self.assertEqual(shown, self.lists(member))
        self.assertEqual(alerts, member.run("--json", "alerts", "--all").out)
        self.assertIn(TOLD, member.run("--json", "timeline", f"cqc-location/{HOME}", "--all").out)
        verified = member.run("verify")
        self.assertEqual(0, verified.code, verified)

    def test_to_kafka_and_back(self):
        node = self.one_machine()
        self.tell(node, 1)
        self.assertEqual(0, node.run("backup", self.scratch / "backup").code)
        moving = self.move(self.scratch / "backup" / "log", node.data / "log")
        self.assertIn("the backup is copied", moving.stderr.readline())
        # The node still serves.
        self.tell(node, 2)
        shown, alerts = self.lists(node), node.run("--json", "alerts", "--all").out
        self.tell(node, 2, "DUPLICATE")
        last_write = time.monotonic()
        node.terminate()
        out, err = moving.communicate(timeout=120)
        self.assertEqual(0, moving.returncode, out + err)
        moved = json.loads(out)
        self.assertEqual((16, PARTITIONS, []), tuple(moved[key] for key in ("from_partitions", "to_partitions", "differences")))
        self.keys_to(node, self.scratch / "keys" / "data")
        self.keys = self.member("keys", "keys", "--keys-listen", self.keys_address)
        both = self.member("both", "projector,ingest,query")
        self.tell(both, 2, "DUPLICATE")
        print(f"nobody was served for {time.monotonic() - last_write:.1f} s; the copy took {moved['seconds_from_last_write_to_ready']:.1f} s "
              f"of them, {moved['copied']} records in {moved['copy_seconds']:.1f} s in all")
        self.owned(both)
        self.settled(both)
        self.assert_tells_the_same(shown, alerts, both)
        self.tell(both, 3)
        self.settled(both)
        shown, alerts = self.lists(both), both.run("--json", "alerts", "--all").out
        self.assertEqual(0, both.terminate()[0])
        self.assertEqual(0, self.keys.terminate()[0])

        again = self.copy(node.data / "log", self.on_kafka, "--partitions", PARTITIONS, *self.how_far)
        self.assertEqual(7, again.code, again)
        self.assertIn("the destination holds records that the source does not", again.err)

        back = self.scratch / "back" / "data"
        self.keys_to(self.keys, back)
        home = self.copy(self.on_kafka, back / "log", "--from-partitions", PARTITIONS, "--partitions", 16, "--kafka-single-broker",
                         "--verify-fold")
        self.assertEqual(0, home.code, home)
        returned = self.node(name="back")
        self.assert_tells_the_same(shown, alerts, returned)
        self.tell(returned, 3, "DUPLICATE")
        self.tell(returned, 4)

    def noted(self):
        """Which note of how far the copy is stands there now."""
        try:
            return (self.scratch / "topic.copy").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def test_killed_on_the_way(self):
        node = self.one_machine()
        node.terminate()
        embedded = self.copy(node.data / "log", self.scratch / "embedded", "--partitions", PARTITIONS)
        self.assertEqual(0, embedded.code, embedded)
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        line = [str(BIN / "trigpoint"), "log", "copy", "--from", str(node.data / "log"), "--to", self.on_kafka, "--partitions", str(PARTITIONS),
                *map(str, self.how_far)]
        killed = 0
        while True:
            process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # At its next note, which is written after each round, or a moment later.
            seen = self.noted()
            while self.noted() == seen and process.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.02))
            if process.poll() is not None:
                break
            process.kill()
            process.wait()
            killed += 1
        self.assertGreater(killed, 0, "none was killed at work")
        done = self.copy(node.data / "log", self.on_kafka, "--partitions", PARTITIONS, "--verify-fold", *self.how_far)
        self.assertEqual(0, done.code, done)
        self.assertEqual(embedded.json()["digest"], done.json()["digest"])
        print(f"killed {killed} times; {done.json()['copied']} left for the last")

    def test_what_is_not_its_own_is_left_alone(self):
        node = self.one_machine()
        node.terminate()
        self.assertEqual(0, self.copy(node.data / "log", self.on_kafka, "--partitions", PARTITIONS, *self.how_far).code)
        full = self.copy(node.data / "log", self.on_kafka, "--partitions", PARTITIONS, "--kafka-single-broker", "--checkpoint",
                         self.scratch / "another.copy")
        self.assertNotEqual(0, full.code, full)
        self.assertIn("holds records already", full.err)
        other = self.copy(node.data / "log", self.on_kafka, "--partitions", PARTITIONS + 1, *self.how_far)
        self.assertNotEqual(0, other.code, other)
        self.assertIn("--partitions", other.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
