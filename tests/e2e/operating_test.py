"""What an operator does: backups, a restore drill, a new store beside the old, an upgrade, a look at what goes wrong first."""

import json
import shutil
import tarfile
import threading
import unittest

from harness import ROOT, EndToEnd, incident, wait_until

GOLDEN = ROOT / "tests/data/golden"


class BackupTest(EndToEnd):
    def fingerprints(self, node):
        return {row["partition"]: (row["head"], row["fingerprint"]) for row in node.run("--json", "status").json()["partitions"]}

    def settled(self, node):
        """The state when nothing more is on its way."""
        wait_until(lambda: all(row["head"] == row["folded"] for row in node.run("--json", "status").json()["partitions"]), 20,
                   "everything is folded")
        return self.fingerprints(node)

    def test_a_restore_drill(self):
        node = self.node()
        self.register(node, "1-900000001")
        told = incident("1-900000001", 1)
        told["incidentReported"]["narrative"] = "a fall on the stairs"
        self.assertEqual("ACCEPTED", node.submit(told)[0])
        acknowledged = []

        def load():
            for number in range(100, 220):
                if node.submit(incident("1-900000001", number))[0] == "ACCEPTED":
                    acknowledged.append(number)

        loader = threading.Thread(target=load)
        loader.start()
        wait_until(lambda: len(acknowledged) > 20, 30, "load")
        before = list(acknowledged)
        backup, keys = self.scratch / "backup", self.scratch / "keys-apart"
        made = node.run("--json", "backup", backup, "--keys", keys)
        self.assertEqual(0, made.code, made)
        loader.join()
        live = self.settled(node)
        self.assertEqual(1, node.run("backup", backup).code in (1, 2, 6) and 1, "it is there already")
        node.stop()

        # Without the keys: everything but the sealed text.
        restored = self.node(name="restored", start=False)
        done = node.run("restore", backup, "--data", restored.data, "--keys", keys)
        self.assertEqual(0, done.code, done)
        restored.start()
        state = self.settled(restored)
        # The control partition is untouched by the load: it must be the same to the byte.
        control = max(live, default=None)
        self.assertEqual(live[control], state[control])
        timeline = restored.run("--json", "timeline", "cqc-location/1-900000001", "--all").out
        for number in before:
            self.assertIn(f"incident-{number}", timeline, "acknowledged before the backup")
        self.assertIn("a fall on the stairs", timeline)
        self.assertEqual(0, restored.run("verify").code)
        # What came after the backup is sent again by its sender, and is new.
        missing = [number for number in acknowledged if f'incident-{number}"' not in timeline]
        for number in missing[:3]:
            self.assertEqual("ACCEPTED", restored.submit(incident("1-900000001", number))[0])

    def test_a_backup_of_a_quiet_node_is_the_same_log(self):
        node = self.node()
        self.register(node, "1-900000001")
        state = self.settled(node)
        backup = self.scratch / "backup"
        self.assertEqual(0, node.run("backup", backup).code)
        node.stop()
        restored = self.node(name="restored", start=False)
        said = node.run("restore", backup, "--data", restored.data)
        self.assertEqual(0, said.code, said)
        self.assertIn("stay sealed", said.out)
        restored.start()
        self.assertEqual(state, self.settled(restored))
        twice = node.run("restore", backup, "--data", restored.data)
        self.assertEqual(7, twice.code, twice)
        self.assertIn("there already", twice.err)

    def test_what_is_not_whole_is_no_backup(self):
        node = self.node()
        self.register(node, "1-900000001")
        backup = self.scratch / "backup"
        self.assertEqual(0, node.run("backup", backup).code)
        manifest = backup / "backup.json"
        promised = json.loads(manifest.read_text(encoding="utf-8"))
        promised["heads"][0]["offset"] = "999"
        manifest.write_text(json.dumps(promised), encoding="utf-8")
        lacking = node.run("restore", backup, "--data", self.scratch / "a")
        self.assertEqual(7, lacking.code, lacking)
        self.assertIn("promised 999", lacking.err)
        manifest.unlink()
        self.assertIn("no whole backup", node.run("restore", backup, "--data", self.scratch / "b").err)
        inside = node.run("backup", self.scratch / "c", "--keys", self.scratch / "c/keys")
        self.assertNotEqual(0, inside.code, inside)
        self.assertNotEqual(0, node.run("backup", self.scratch / "no/such/parent").code)


class RebuildTest(EndToEnd):
    def test_a_store_is_built_beside_the_one_that_answers(self):
        node = self.node()
        self.register(node, "1-900000001")
        for number in range(30):
            self.assertEqual("ACCEPTED", node.submit(incident("1-900000001", number))[0])
        before = node.run("--json", "timeline", "cqc-location/1-900000001", "--all").out
        over = threading.Event()
        failed, asked = [], []

        def ask():
            while not over.is_set():
                result = node.run("--json", "why", "cqc-location/1-900000001", "--policy", "herefordshire")
                asked.append(1)
                if result.code != 0:
                    failed.append(str(result))

        def load():
            number = 1000
            while not over.is_set():
                outcome, result = node.submit(incident("1-900000001", number))
                if outcome != "ACCEPTED":
                    failed.append(str(result))
                number += 1

        threads = [threading.Thread(target=ask), threading.Thread(target=load)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(asked) > 5, 30, "queries under way")
        try:
            for _ in range(3):
                done = node.run("--json", "rebuild")
                self.assertEqual(0, done.code, done)
                self.assertEqual("0", done.json().get("changed", "0"), done)
                self.assertTrue(done.json()["switched"], done)
            for _ in range(2):
                back = node.run("--json", "rebuild", "--back")
                self.assertEqual(0, back.code, back)
                self.assertEqual("0", back.json().get("changed", "0"), back)
            self.assertEqual(0, node.run("rebuild", "--partition", "3").code)
            seen = len(asked)
            wait_until(lambda: len(asked) > seen + 3, 30, "queries after the switch")
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual([], failed)
        self.assertTrue(set(before.splitlines()) <= set(
            node.run("--json", "timeline", "cqc-location/1-900000001", "--all").out.splitlines()))
        self.assertEqual(0, node.run("verify").code)
        self.assertEqual(["store-3", "store-4"], self.stores(node), "the one before the last is kept")
        node.stop()
        node.start()
        self.assertEqual(0, node.run("verify").code)
        self.assertEqual(["store-3", "store-4"], self.stores(node))
        self.assertEqual(0, node.run("rebuild", "--back").code, "also after a restart")
        self.assertEqual(0, node.run("rebuild", "--release").code)
        self.assertEqual(["store-3"], self.stores(node))
        self.assertIn("no store is kept", node.run("rebuild", "--back").err)
        self.assertNotEqual(0, node.run("rebuild", "--partition", "17").code)

    @staticmethod
    def stores(node):
        return sorted(path.name for path in node.data.glob("store*") if path.is_dir())

    def test_a_comparison_switches_nothing_and_keeps_nothing(self):
        node = self.node()
        self.register(node, "1-900000001")
        compared = node.run("rebuild", "--compare")
        self.assertEqual(0, compared.code, compared)
        self.assertIn("Nothing was switched", compared.out)
        self.assertEqual(["store"], self.stores(node))

    def test_a_leftover_of_a_rebuild_that_was_cut_short_is_removed(self):
        node = self.node()
        self.register(node, "1-900000001")
        node.stop()
        (node.data / "store-1").mkdir()
        (node.data / "store-1" / "half").write_bytes(b"x")
        node.start()
        self.assertFalse((node.data / "store-1").exists())
        self.assertIn("House 1-900000001", node.run("providers").out)


class SeedTest(EndToEnd):
    """A store that another process on the same log begins with."""

    def refusal(self, name, seed, *arguments):
        refused = self.node("--seed", seed, *arguments, name=name, start=False).run_to_its_end()
        self.assertNotEqual(0, refused.code, refused)
        self.assertFalse((self.scratch / name / "data/store.current").exists())
        return refused.err

    def test_a_node_without_its_store_begins_with_a_seed(self):
        node = self.node()
        self.register(node, "1-900000001")
        for number in range(20):
            self.assertEqual("ACCEPTED", node.submit(incident("1-900000001", number))[0])
        seed = self.scratch / "seed"
        made = node.run("--json", "seed", seed)
        self.assertEqual(0, made.code, made)
        self.assertEqual(0o700, seed.stat().st_mode & 0o777)
        self.assertNotEqual(0, node.run("seed", seed).code, "it is there already")
        for command in ("seed", "backup"):
            self.assertIn("directory: cannot be made on the node", node.run(command, "/proc/new").err)
        self.assertEqual("ACCEPTED", node.submit(incident("1-900000001", 20))[0])
        before = node.run("--json", "timeline", "cqc-location/1-900000001", "--all").out
        node.stop()
        for store in [path for path in node.data.glob("store*") if path.is_dir()]:
            shutil.rmtree(store)
        node.arguments = ("--seed", str(seed))
        node.start()
        self.assertIn("store_seeded", node.printed())
        self.assertEqual(before, node.run("--json", "timeline", "cqc-location/1-900000001", "--all").out)
        self.assertEqual(0, node.run("verify").code)
        compared = node.run("rebuild", "--compare")
        self.assertEqual(0, compared.code, compared)
        # With a store of its own it looks at no seed.
        node.stop()
        shutil.rmtree(seed)
        node.start()
        self.assertEqual(0, node.run("verify").code)

    def test_what_does_not_fit_is_refused_with_what_to_do(self):
        node = self.node()
        self.register(node, "1-900000001")
        seed = self.scratch / "seed"
        self.assertEqual(0, node.run("seed", seed).code)
        # A log that nothing was written to yet ends below.
        other = self.refusal("other", seed)
        self.assertIn("does not go with this log", other)
        self.assertIn("leave --seed out", other)
        fewer = self.refusal("fewer", seed, "--partitions", "4")
        self.assertIn("is of a log with 16 partitions, this one has 4", fewer)
        self.assertIn("is no seed", self.refusal("nothing", self.empty()))
        everything = self.scratch / "everything"
        (everything / "much").mkdir(parents=True)
        self.assertIn("is no seed", self.refusal("everything", everything))
        self.assertIn("is no seed", self.refusal("missing", self.scratch / "not-there"))
        damaged = self.scratch / "damaged"
        shutil.copytree(seed, damaged)
        table = max(damaged.glob("*.sst"), key=lambda path: path.stat().st_size)
        table.write_bytes(table.read_bytes()[:-100])
        self.refusal("damaged", damaged)

    def empty(self):
        directory = self.scratch / "empty"
        directory.mkdir()
        return directory


# Services of the golden directory about which a protected source spoke.
PROTECTED = ("ashgrove",)


class UpgradeTest(EndToEnd):
    @staticmethod
    def open_entries(entries):
        """Without what a protected source said and brought about: it is shown by the day, under another name, since."""
        hidden = ("whistleblowing_concern_received", "other_sources", "rapid_quality_review_alert", "recommendation")
        return [entry for entry in entries if entry[0] not in hidden]

    def test_the_data_of_an_earlier_release_answers_as_it_did(self):
        """A data directory as the release of the first milestone left it, and what that release said of it."""
        expected = json.loads((GOLDEN / "issue-2.expected.json").read_text(encoding="utf-8"))
        node = self.node("--partitions", "4", start=False)
        with tarfile.open(GOLDEN / "issue-2.tar.gz") as golden:
            golden.extractall(node.directory)
        (node.data / "keys.kek").chmod(0o600)
        node.start()
        for service, assessments in expected["assessments"].items():
            policy = assessments[0]["policy_id"]
            said = node.run("--json", "why", f"demo/{service}", "--policy", policy, "--as-of", expected["as_of"])
            self.assertEqual(0, said.code, said)
            now = [{"policy_id": one["policy_id"], "target_state": one["target_state"], "decided_state": one["decided_state"],
                    "criteria": {criterion["id"]: criterion["value"] for criterion in one["criteria"]}} for one in said.json()]
            self.assertEqual(assessments, now, service)
        for service, entries in expected["timelines"].items():
            lines = node.run("--json", "timeline", f"demo/{service}", "--as-of", expected["as_of"], "--all").lines()
            # An instant that passed while no node ran is said when one runs again, at that instant (design 2).
            said = [e for e in lines if e["kind"] not in ("deadline_passed", "day_started")]
            shown = [[e["kind"], e.get("source", ""), e["id"], e["known_at"]] for e in said]
            self.assertEqual(*(map(self.open_entries, (entries, shown)) if service in PROTECTED else (entries, shown)), service)
            self.assertEqual(len(entries), len(shown), service)
        self.assertIn("a fall on the stairs", node.run("--json", "timeline", "demo/riverside", "--all").out)
        self.assertEqual("1", node.run("--json", "status").json()["waiting"], "what waited for its service waits")
        self.assertEqual(0, node.run("verify").code)
        # The store of the earlier version stays for the way back, which its program goes.
        self.assertTrue((node.data / "store").is_dir() and (node.data / "store-1").is_dir())
        self.assertIn("stores_compared", node.printed())
        back = node.run("rebuild", "--back")
        self.assertNotEqual(0, back.code, back)
        self.assertIn("was folded by version", back.err)
        node.stop()
        # Neither does it begin with a seed of that version.
        shutil.rmtree(node.data / "store-1")
        node.arguments = (*node.arguments, "--seed", str(node.data / "store"))
        self.assertIn("was folded by version", node.run_to_its_end().err)
        node.arguments = node.arguments[:-2]
        node.start()
        self.assertEqual(0, node.run("rebuild", "--release").code)


class DoctorTest(EndToEnd):
    def test_it_names_what_is_wrong_and_what_to_do(self):
        node = self.node()
        found = {check["check"]: check for check in node.run("--json", "doctor", "--data", node.data).json()}
        self.assertEqual("look", found["providers"]["finding"])
        self.assertIn("trigpoint import", found["providers"]["do"])
        self.register(node, "1-900000001")
        (node.data / "keys.kek").chmod(0o644)
        result = node.run("--json", "doctor", "--data", node.data, "--backups", self.scratch)
        self.assertEqual(1, result.code, result)
        found = {check["check"]: check for check in result.json()}
        self.assertEqual("good", found["providers"]["finding"])
        self.assertEqual("BAD", found["key file"]["finding"])
        self.assertIn("chmod 600", found["key file"]["do"])
        self.assertEqual("BAD", found["backup"]["finding"])
        (node.data / "keys.kek").chmod(0o600)
        self.assertEqual(0, node.run("backup", self.scratch / "today").code)
        result = node.run("--json", "doctor", "--data", node.data, "--backups", self.scratch)
        self.assertEqual(0, result.code, result)
        self.assertNotIn("stores", {check["check"] for check in result.json()})
        self.assertEqual(0, node.run("rebuild").code)
        found = {check["check"]: check for check in node.run("--json", "doctor", "--data", node.data).json()}
        self.assertIn("--release", found["stores"]["do"])
        self.assertEqual(0, node.run("rebuild", "--release").code)
        self.assertNotIn("stores", node.run("--json", "doctor", "--data", node.data).out)
        node.stop()
        self.assertEqual(3, node.run("doctor").code)


if __name__ == "__main__":
    unittest.main(verbosity=2)
