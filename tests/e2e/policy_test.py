"""A new version of a policy: mistakes in it, whom it would change, the decision to put it in force, and what a crash leaves."""

import hashlib
import re
import unittest

from harness import POLICIES, EndToEnd, now, wait_until

FIRST, SECOND = "1-900000001", "1-900000002"
APPROVAL = ("--approved-by", "Quality Committee", "--authority", "QC-2026-11/7", "--reason", "Three never events, not two")


def never_event(home, number):
    return {"source": "home/incidents", "id": f"never-{home}-{number}", "subject": f"cqc-location/{home}",
            "occurredAt": now(number), "incidentReported": {"neverEvent": "NEVER_EVENT_TYPE_SCALDING", "physicalHarm": "HARM_LOW"}}


class PolicyTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.policies = self.scratch / "policies"
        self.policies.mkdir()
        self.pack = (POLICIES / "herefordshire.yaml").read_text(encoding="utf-8")
        (self.policies / "herefordshire.yaml").write_text(self.pack, encoding="utf-8")
        self.version = int(re.search(r"^version: (\d+)$", self.pack, re.MULTILINE).group(1))

    def changed(self, version, *replacements, name="next.yaml"):
        """A file with another version of the pack."""
        text = self.pack.replace(f"version: {self.version}\n", f"version: {version}\n", 1)
        for before, after in replacements:
            self.assertIn(before, text)
            text = text.replace(before, after, 1)
        path = self.scratch / name
        path.write_text(text, encoding="utf-8")
        return path

    def next_version(self):
        """Three never events within thirty days are urgent, not two."""
        return self.changed(self.version + 1, ("{name: never_events_urgent, value: 2,", "{name: never_events_urgent, value: 3,"))

    def two_homes(self, node):
        for home in (FIRST, SECOND):
            self.register(node, home)
        for event in [never_event(FIRST, 1), never_event(FIRST, 2), *(never_event(SECOND, n) for n in (1, 2, 3))]:
            self.assertEqual("ACCEPTED", node.submit(event)[0])

    def recommended(self, node, home):
        """(version, urgent) of each recommendation in the timeline, oldest first."""
        entries = node.run("--json", "timeline", f"cqc-location/{home}").json()["entries"]
        said = [one["event"]["recommendation"] for one in reversed(entries) if one["kind"] == "recommendation"]
        return [(one["policy_version"], one["urgent"]) for one in said]

    def in_force(self, node):
        return {one["policy_id"]: one for one in node.run("--json", "policies").lines()}["herefordshire"]

    def test_a_new_version_is_tried_decided_and_kept_over_a_crash(self):
        node = self.node("--deadline-grace-seconds", "0", policies=self.policies)
        self.two_homes(node)
        self.assertEqual([(self.version, True)], self.recommended(node, FIRST))
        new = self.next_version()
        self.assertEqual(0, node.run("policy", "lint", new).code)

        # Whom it would change today, and why.
        tried = node.run("--json", "policy", "dry-run", new)
        self.assertEqual(0, tried.code, tried)
        change, summary = tried.lines()
        change, summary = change["change"], summary["summary"]
        self.assertEqual(f"House {FIRST}", change["provider_name"])
        self.assertEqual((True, False), (change["urgent_before"], change["urgent_after"]), change)
        self.assertEqual(("RAPID_REVIEW", "LEVEL_1"), (change["target_before"], change["target_after"]))
        (criterion,) = change["criteria"]
        self.assertEqual(("R-URG", "TRUTH_VALUE_TRUE", "TRUTH_VALUE_FALSE", "S3 App 2"),
                         (criterion["id"], criterion["before"], criterion["after"], criterion["clause"]))
        self.assertEqual({f"never-{FIRST}-1", f"never-{FIRST}-2"}, {ref["id"] for ref in criterion["evidence"]})
        self.assertEqual(("2", "1", "0", "1"), tuple(summary[key] for key in ("providers", "changed", "higher", "lower")))
        self.assertEqual(["never_events_urgent 2 -> 3"], summary["parameters"])
        said = node.run("policy", "dry-run", new).out
        self.assertIn("RAPID_REVIEW URGENT -> LEVEL_1", said)
        self.assertIn("1 of 2 services would be assessed otherwise today: 0 higher, 1 lower", said)
        same = node.run("policy", "dry-run", self.policies / "herefordshire.yaml")
        self.assertIn("nothing changes for any of 2 services", same.out)

        # Checked only, nothing is on record.
        checked = node.run("policy", "activate", new, *APPROVAL, "--check")
        self.assertEqual(0, checked.code, checked)
        self.assertEqual(self.version, self.in_force(node)["version"])
        decided = node.run("policy", "activate", new, *APPROVAL)
        self.assertEqual(0, decided.code, decided)
        node.stop()  # SIGKILL, before it takes effect.
        node.start()
        wait_until(lambda: len(self.recommended(node, FIRST)) == 2, 20, "the recommendation under the new version")
        self.assertEqual([(self.version, True), (self.version + 1, False)], self.recommended(node, FIRST))
        self.assertEqual([(self.version, True)], self.recommended(node, SECOND))
        policy = self.in_force(node)
        self.assertEqual((self.version + 1, "Quality Committee", "QC-2026-11/7"),
                         (policy["version"], policy["approved_by"], policy["authority_ref"]))
        self.assertIn("Quality Committee, QC-2026-11/7", node.run("policies").out)

        # The folder still holds the version before: it is not put back, at no start.
        self.assertEqual(0, node.terminate()[0])
        node.start()
        self.assertEqual(self.version + 1, self.in_force(node)["version"])
        self.assertIn('"policy_file_older"', node.printed())
        self.assertEqual(0, node.run("verify").code)
        self.assertEqual(0, node.run("rebuild").code)
        self.assertEqual([(self.version, True), (self.version + 1, False)], self.recommended(node, FIRST))

    def test_what_is_no_next_version_is_refused_with_what_to_do(self):
        node = self.node(policies=self.policies)

        def refused(path, code, says, *more):
            answer = node.run("policy", "activate", path, *(more or APPROVAL))
            self.assertEqual(code, answer.code, answer)
            self.assertIn(says, answer.err)

        refused(self.changed(self.version, ("title: Herefordshire", "title: Other")), 6, "with other content: raise `version`")
        refused(self.changed(self.version, name="same.yaml"), 6, "was activated already: raise `version`")
        refused(self.changed(1, name="old.yaml"), 6, "was activated already: raise `version`")
        new = self.next_version()
        refused(new, 2, "lies in the past", *APPROVAL, "--from", "2020-01-01")
        refused(new, 2, "--approved-by", "--authority", "QC-1", "--reason", "because")
        refused(new, 2, "approved_by", "--approved-by", "", "--authority", "QC-1", "--reason", "because")
        refused(new, 2, "personal data", "--approved-by", "943 476 5919", "--authority", "QC-1", "--reason", "because")
        broken = self.changed(self.version + 1, ("{measure: self_assessment_concern}", "{measure: mood}"), name="broken.yaml")
        refused(broken, 1, "uses an unknown measure: mood")
        tried = node.run("policy", "dry-run", broken)
        self.assertEqual(2, tried.code, tried)
        self.assertIn("uses an unknown measure: mood", tried.err)
        linted = node.run("--json", "policy", "lint", broken, new)
        self.assertEqual(1, linted.code, linted)
        first, second = linted.lines()
        self.assertEqual("error", first["findings"][0]["severity"])
        self.assertNotIn("error", {one["severity"] for one in second["findings"]})
        self.assertEqual(self.version, self.in_force(node)["version"])

    def test_a_pack_of_ones_own_counts_nothing_that_one_may_not_see(self):
        principals = self.scratch / "principals.yaml"
        text = "principals:\n"
        for name, organisation, role in (("feed", "council", "PARTNER"), ("reader", "herefordshire-council", "QUALITY_READER"),
                                         ("stranger", "another-council", "QUALITY_READER"), ("operator", "council", "OPERATOR")):
            text += (f"  - id: {name}\n    organisation: {organisation}\n    roles: [{role}]\n    clearance: C3\n"
                     f"    sources: [{'cqc, home, council' if role == 'PARTNER' else ''}]\n"
                     f"    token_sha256: {hashlib.sha256(name.encode()).hexdigest()}\n")
        principals.write_text(text, encoding="utf-8")
        node = self.node("--principals", str(principals), policies=self.policies)
        self.register(node, FIRST, token="feed")
        whistle = {"source": "council/speaking-up", "id": "WB-1", "subject": f"cqc-location/{FIRST}", "occurredAt": now(1),
                   "whistleblowingConcernReceived": {"route": "ROUTE_LOCAL_AUTHORITY", "currentAbuseAlleged": True, "anonymous": True}}
        self.assertEqual("ACCEPTED", node.submit(whistle, token="feed")[0])
        without = self.changed(self.version + 1, ("        - {measure: whistleblowing_current_abuse, with: {days: urgent_days}}\n", ""))
        # That it rests on a protected source is not found out by leaving that source out.
        (summary,) = node.run("--json", "policy", "dry-run", without, token="reader").lines()
        self.assertEqual(("1", "0"), (summary["summary"]["providers"], summary["summary"]["changed"]), summary)
        self.assertEqual("ACCEPTED", node.submit(never_event(FIRST, 1), token="feed")[0])
        one = self.changed(self.version + 1, ("{name: never_events_urgent, value: 2,", "{name: never_events_urgent, value: 1,"))
        change, _ = node.run("--json", "policy", "dry-run", one, token="reader").lines()
        self.assertTrue(change["change"]["urgent_after"])
        # Who neither commissions nor hosts a service would count its reports.
        (summary,) = node.run("--json", "policy", "dry-run", one, token="stranger").lines()
        self.assertEqual("0", summary["summary"]["providers"])
        self.assertEqual(5, node.run("policy", "dry-run", one, token="operator").code)
        self.assertEqual(5, node.run("policy", "activate", one, *APPROVAL, token="reader").code)
        self.assertEqual(5, node.run("policy", "retire", "herefordshire", *APPROVAL, token="reader").code)

    def test_a_version_may_hold_from_a_day_to_come(self):
        node = self.node(policies=self.policies)
        self.two_homes(node)
        decided = node.run("--json", "policy", "activate", self.next_version(), *APPROVAL, "--from", "2099-01-01")
        self.assertEqual(0, decided.code, decided)
        self.assertEqual("2099-01-01T00:00:00Z", decided.json()["effective_from"])
        self.assertEqual(self.version, self.in_force(node)["version"])
        self.assertIn(f"version {self.version + 1} follows on 2099-01-01", self.in_force(node)["status"])
        self.assertEqual([(self.version, True)], self.recommended(node, FIRST))

    def test_a_policy_that_is_taken_out_of_force_asks_for_nothing_and_its_file_does_not_put_it_back(self):
        node = self.node("--deadline-grace-seconds", "0", policies=self.policies)
        self.two_homes(node)
        unknown = node.run("policy", "retire", "nobodys", *APPROVAL)
        self.assertEqual(4, unknown.code, unknown)
        self.assertEqual(0, node.run("policy", "retire", "herefordshire", *APPROVAL, "--check").code)
        self.assertNotIn("retired_from", self.in_force(node))
        retired = node.run("policy", "retire", "herefordshire", *APPROVAL)
        self.assertEqual(0, retired.code, retired)
        wait_until(lambda: not node.run("--json", "recommendations").lines(), 30, "nothing awaits a decision")
        node.stop()
        node.start()
        self.assertIn("not in force since", self.in_force(node)["status"])
        self.assertNotIn("herefordshire", node.run("providers").out)
        # What was said stays said.
        self.assertEqual([(self.version, True)], self.recommended(node, FIRST))
        self.assertEqual(0, node.run("verify").code)
        again = node.run("policy", "activate", self.next_version(), *APPROVAL)
        self.assertEqual(0, again.code, again)
        wait_until(lambda: "herefordshire" in node.run("providers").out, 30, "a higher version puts it in force again")


if __name__ == "__main__":
    unittest.main(verbosity=2)
