"""The demo county: the same bytes each time, and what must come out of it does."""

import json
import subprocess
import sys
import unittest

from harness import ROOT, EndToEnd, wait_until

GENERATE = ROOT / "tools/county/generate.py"
WILLOW_BANK = "demo/willow-bank"


def name(ref):
    """Evidence as the stories cite it: by the id in its source."""
    return ref["id"]


class County(EndToEnd):
    def county(self, directory, *arguments):
        """Generates a county; gives its directory and what stories.json says."""
        path = self.scratch / directory
        subprocess.run([sys.executable, "-B", str(GENERATE), str(path), *arguments], check=True, timeout=60)
        return path, json.loads((path / "stories.json").read_text(encoding="utf-8"))

    def load(self, node, county, about):
        """Loads what the county received, in the order in which it did; the counts are as foretold."""
        histories = sorted((county / "history").glob("*.jsonl"))
        files = [county / "register.jsonl", county / "latest_ratings.csv", *histories]
        history = node.run("--json", "import", "--backfill", *files)
        self.assertEqual(1, history.code, history)  # Some records cannot be used: that is part of it.
        counts = {outcome: count for outcome, count in history.json().items() if outcome in about["backfill"]}
        self.assertEqual(about["backfill"], counts, history)
        self.assertEqual(about["services"], history.json()["providers"], history)

    def hand_over(self, node, county, about):
        """Imports what partners hand over in the formats that they have; each gives what it should."""
        for file, wanted in about["partners"].items():
            mapping = ["--mapping", county / wanted["mapping"]] if wanted["mapping"] else []
            result = node.run("--json", "import", *mapping, county / file)
            self.assertEqual(1 if wanted["refused"] else 0, result.code, result)
            counts = result.json()
            self.assertEqual((wanted["events"], wanted["refused"]), (counts["accepted"], counts["refused"]), file)

    def why(self, node, subject, policy):
        """The assessment with every criterion, by id; None where the policy does not cover the service."""
        result = node.run("--json", "why", subject, "--policy", policy, "--full")
        if result.code == 6:
            self.assertEqual("POLICY_DOES_NOT_APPLY", json.loads(result.err)["error"]["reason"], result)
            return None
        self.assertEqual(0, result.code, result)
        assessment = result.json()[0]
        assessment["criteria"] = {one["id"]: one for one in assessment["criteria"]}
        return assessment

    def wait_for_baselines(self, node):
        """They are in force two seconds after they were published."""
        def expected():
            figures = self.why(node, WILLOW_BANK, "herefordshire")["criteria"]["H-L2-3"]["figures"]
            return [one["value"] for one in figures if one["name"] == "safeguarding in 365 days: expected"]

        value = wait_until(expected, 10, "the peers' rates")[0]
        # Six concerns may be chance at a home of this size, seven not: the bounds of that.
        self.assertGreater(value, 2.21)
        self.assertLess(value, 2.81)

    def check(self, node, story, expect):
        found = self.why(node, story["subject"], expect["policy"])
        if not expect.get("covered", True):
            self.assertIsNone(found)
            return
        criteria = found["criteria"]
        self.assertEqual(expect["target_state"], found.get("target_state", ""), criteria)
        for key in ("floor", "ceiling"):
            self.assertEqual(expect.get(key, found[key]), found[key], found["gaps"])
        for value in ("true", "false"):
            for rule in expect.get(value, []):
                self.assertEqual(f"TRUTH_VALUE_{value.upper()}", criteria[rule]["value"], criteria[rule])
                self.assertTrue(criteria[rule]["clause"], criteria[rule])
        for rule in expect.get("decisive", []):
            self.assertTrue(criteria[rule]["decisive"], criteria[rule])
        for rule in expect.get("protected", []):
            self.assertTrue(criteria[rule]["protected_source"], criteria[rule])
        for rule, evidence in expect.get("evidence", {}).items():
            self.assertEqual(sorted(evidence), sorted(map(name, criteria[rule]["evidence"])), criteria[rule])
        for rule, figures in expect.get("figures", {}).items():
            told = {one["name"]: one["value"] for one in criteria[rule]["figures"]}
            self.assertEqual(figures, {key: told.get(key) for key in figures}, criteria[rule])
        if "silent" in expect:
            feeds = node.run("--json", "coverage", story["subject"]).json()["feeds"]
            self.assertEqual(expect["silent"], [feed["kind"] for feed in feeds if feed.get("silent")], feeds)
        for rule, status in expect.get("owed", {}).items():
            due = node.run("--json", "due", story["subject"], "--policy", expect["policy"])
            self.assertEqual(0, due.code, due)
            owed = [one["obligation"] for one in due.lines()]
            self.assertIn((rule, status), [(one["rule"], one["status"]) for one in owed], owed)
        if "near_miss" in expect:
            self.assertIn(expect["near_miss"], [text.split(":")[0] for text in found["near_misses"]], found)

    def check_stories(self, node, stories, phase):
        checked = 0
        for story in stories:
            for expect in story["expect"]:
                if expect["phase"] == phase:
                    checked += 1
                    with self.subTest(story=story["subject"], phase=phase):
                        self.check(node, story, expect)
        self.assertGreater(checked, 0)

    def subjects(self, ids):
        return {f"{one['scheme']}/{one['value']}" for one in ids}

    def check_recommendations(self, node, stories):
        """A recommendation awaits a decision where a story ends above the lowest level, and nowhere else."""
        listed = node.run("--json", "recommendations")
        self.assertEqual(0, listed.code, listed)
        waiting = set().union(*(self.subjects(one["ids"]) for one in listed.lines()))
        for story in stories:
            wanted = any(expect.get("target_state") not in (None, "LEVEL_1", "ROUTINE")
                         for expect in story["expect"] if expect["phase"] == "live")
            self.assertEqual(wanted, bool(waiting & set(story["ids"])), story["subject"])

    def check_alerts(self, node, stories):
        listed = node.run("--json", "alerts")
        self.assertEqual(0, listed.code, listed)
        alerts = [(self.subjects(one["ids"]), one["detail"]) for one in listed.lines()]
        wanted = [set(story["ids"]) for story in stories if story["alert"]]
        self.assertEqual(len(wanted), len(alerts), listed)
        for ids, detail in alerts:
            self.assertTrue(any(ids & known for known in wanted), ids)
            self.assertTrue(detail["protected_source"], detail)
            self.assertIn(("herefordshire", "R-URG"), [(one["policy_id"], one["rule"]) for one in detail["grounds"]])

    def check_levels(self, node, about):
        """Most services are where they should be: a county in which every home alarms teaches nobody anything."""
        levels = {}
        for one in node.run("--json", "providers", "--all").lines():
            for level in one["levels"]:
                if level["policy_id"] == "herefordshire":
                    level = level["recommended_state"] if level["awaiting_decision"] else level["decided_state"]
                    levels[level] = levels.get(level, 0) + 1
        print(f"levels of {about['covered']} covered services: {levels}")
        self.assertEqual(about["covered"], sum(levels.values()), levels)
        self.assertGreater(levels["LEVEL_1"], 0.6 * about["covered"], levels)

    def stories_come_out(self, *arguments):
        county, about = self.county("county", *arguments)
        stories = about["stories"]
        node = self.node()
        self.load(node, county, about)
        self.assertGreaterEqual(node.run("--json", "baselines").json()["baselines"], 2)
        self.wait_for_baselines(node)
        self.check_stories(node, stories, "history")
        self.assertEqual([], node.run("--json", "alerts").lines())
        self.hand_over(node, county, about)
        for path in sorted((county / "live").glob("*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                self.assertEqual("ACCEPTED", node.submit(json.loads(line))[0], path)
        self.check_stories(node, stories, "live")
        self.check_recommendations(node, stories)
        self.check_alerts(node, stories)
        self.check_levels(node, about)
        refused = node.run("--json", "refused").lines()
        in_tables = sum(one["refused"] for one in about["partners"].values())
        self.assertEqual(about["backfill"]["refused"] + about["backfill"]["conflict"] + in_tables, len(refused))
        self.assertEqual(0, node.run("verify").code)


class CountyTest(County):
    def test_the_same_arguments_give_the_same_bytes(self):
        arguments = ("--until", "2026-06-15", "--seed", "7", "--providers", "60")
        first, about = self.county("first", *arguments)
        second, _ = self.county("second", *arguments)
        other, _ = self.county("other", *arguments[:2], "--seed", "8", *arguments[4:])
        names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
        self.assertEqual(names, sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file()))
        mappings = [one for one in about["partners"].values() if one["mapping"]]
        self.assertEqual(len(about["files"]) + len(about["partners"]) + len(mappings) + 1, len(names))
        for path in names:
            self.assertEqual((first / path).read_bytes(), (second / path).read_bytes(), path)
        self.assertNotEqual((first / "register.jsonl").read_bytes(), (other / "register.jsonl").read_bytes())
        for path in (first / "history").glob("*.jsonl"):
            received = [json.loads(line)["received_at"] for line in path.read_text(encoding="utf-8").splitlines()]
            self.assertEqual(sorted(received), received, path)

    def test_every_story_comes_out(self):
        self.stories_come_out("--providers", "80")


class WholeCountyTest(County):
    """As tools/demo and docs/demo.md have it: 400 services."""

    def test_every_story_comes_out(self):
        self.stories_come_out()


if __name__ == "__main__":
    unittest.main(verbosity=2)
