"""Reports of one incident: what waits for a person, what people find, and what is known of it at another service."""

import unittest
import uuid

from answers_test import principals
from harness import EndToEnd, incident, now, wait_until

FIRST, SECOND, THIRD = "1-900000001", "1-900000002", "1-900000003"
HOME_REPORT, AMBULANCE_REPORT = "home/lfpse/incident-1", "ambulance/lfpse/incident-1"
WHY = ("--rationale", "One scald, told twice")


def scald(home, source, number=1):
    return incident(home, number, source=source, occurredAt=now(2), themes=["THEME_NEGLECT"],
                    incidentReported={"physicalHarm": "HARM_LOW", "neverEvent": "NEVER_EVENT_TYPE_SCALDING"})


class DuplicatesTest(EndToEnd):
    def run_ok(self, *arguments, **more):
        result = self.server.run(*arguments, **more)
        self.assertEqual(0, result.code, result)
        return result

    def accept(self, event, token=None):
        outcome, result = self.server.submit(event, token)
        self.assertEqual("ACCEPTED", outcome, result)

    def pairs(self, home, token=None):
        return self.run_ok("--json", "duplicates", home, token=token).json()["pairs"]

    def listed(self, token=None):
        found = self.run_ok("--json", "providers", "--filter", "duplicates_open = true", token=token).json()["providers"]
        return [one["display_name"] for one in found]

    def summaries(self, home, kind, token=None):
        return [entry["summary"] for entry in self.run_ok("--json", "timeline", home, "--all", token=token).lines()
                if entry["kind"] == kind and not entry["superseded"]]

    def others(self, source):
        return self.run_ok("--json", "trace", source, "incident-1").json()["other_reports"]

    # Rule: domain 3.8 (3), (4)
    def test_a_pair_waits_until_a_person_confirms_or_splits_it(self):
        self.server = self.node()
        self.register(self.server, FIRST)
        self.register(self.server, SECOND)
        self.assertIn("No reports wait", self.run_ok("duplicates", FIRST).out)
        for source in ("home/lfpse", "ambulance/lfpse"):
            self.accept(scald(FIRST, source))
        pair, = self.pairs(FIRST)
        self.assertEqual({"home/lfpse", "ambulance/lfpse"}, {pair[one]["report"]["source"] for one in ("earlier", "later")})
        self.assertIn("same never event", pair["reasons"])
        self.assertGreaterEqual(pair["weight"], 1.5)
        self.assertEqual([f"House {FIRST}"], self.listed())
        self.assertIn("1 pair to confirm or split", self.run_ok("show", FIRST).out)
        words = self.run_ok("duplicates", FIRST).out
        for told in (HOME_REPORT, AMBULANCE_REPORT, "same never event", "twice for urgent measures"):
            self.assertIn(told, words)
        confirmed = ("duplicates", FIRST, "--confirm", HOME_REPORT, AMBULANCE_REPORT, *WHY, "--request-id", str(uuid.uuid4()))
        self.assertIn("of one incident", self.run_ok(*confirmed).out)
        self.run_ok(*confirmed)
        self.assertEqual(1, len(self.summaries(FIRST, "cluster_confirmed")), "repeated under its id it is said once")
        self.assertEqual(([], []), (self.pairs(FIRST), self.listed()))
        self.assertIn(f"Found to be of one incident: {HOME_REPORT}, {AMBULANCE_REPORT}",
                      self.summaries(FIRST, "cluster_confirmed"))
        self.assertEqual(1, self.others("home/lfpse"))
        # On second thoughts: the later finding holds, also after a restart and a rebuild.
        self.run_ok("duplicates", FIRST, "--split", HOME_REPORT, AMBULANCE_REPORT, "--rationale", "Two residents")
        self.assertEqual(0, self.others("home/lfpse"))
        self.assertEqual([], self.pairs(FIRST))
        self.server.stop()
        self.server.start()
        self.run_ok("rebuild")
        self.assertEqual(0, self.others("home/lfpse"))
        self.run_ok("verify")

    def test_what_cannot_be_found_is_said(self):
        self.server = self.node()
        self.register(self.server, FIRST)
        self.accept(scald(FIRST, "home/lfpse"))
        self.accept(scald(FIRST, "home/lfpse", 2))
        for arguments, code, reason in (
                (("--confirm", HOME_REPORT, "home/lfpse/incident-2", *WHY), 2, "SAME_SOURCE"),
                (("--confirm", HOME_REPORT, "home/lfpse/incident-9", *WHY), 4, "REPORT_NOT_FOUND"),
                (("--confirm", HOME_REPORT, HOME_REPORT, *WHY), 2, "REQUIRED"),
                (("--split", HOME_REPORT, "home/lfpse/incident-2", "--rationale", "9434765919 fell"), 2, "NHS_NUMBER_IN_TEXT"),
                (("--split", HOME_REPORT, "home/lfpse/incident-2"), 2, "--rationale"),
                (("--link", HOME_REPORT, HOME_REPORT, *WHY), 2, "--at"),
                (("--request-id", str(uuid.uuid4())), 2, "--request-id"),
                (("--link", HOME_REPORT, HOME_REPORT, "--at", FIRST, *WHY), 2, "SAME_SERVICE"),
                (("--confirm", HOME_REPORT, "x", "--split", HOME_REPORT, "x", *WHY), 2, "say one of")):
            result = self.server.run("--json", "duplicates", FIRST, *arguments)
            self.assertEqual(code, result.code, result)
            self.assertIn(reason, result.err)
        self.assertNotIn("9434765919", self.server.printed())
        # By its id alone, where only one report has it.
        self.run_ok("duplicates", FIRST, "--split", "incident-1", "incident-2", "--rationale", "Two residents")

    # Rule: domain 3.8 (4); design 6: cross-subject ones are linked, never merged
    def test_an_incident_that_two_services_are_told_of_is_linked_on_both_sides(self):
        file = principals(
            self.scratch / "principals.yaml", ("feed", "herefordshire-council", ["PARTNER"], ['"*"'], "C2"),
            ("both", "herefordshire-council", ["QUALITY_READER", "QUALITY_DECIDER"], [], "C3"),
            ("second", "second-council", ["QUALITY_READER", "QUALITY_DECIDER"], [], "C3"),
            ("low", "herefordshire-council", ["QUALITY_READER", "QUALITY_DECIDER"], [], "C2"),
            ("reader", "herefordshire-council", ["QUALITY_READER"], [], "C3"),
            ("operator", "herefordshire-council", ["OPERATOR"], [], "C1"))
        self.server = self.node("--principals", str(file))
        for home, commissioners in ((FIRST, ["herefordshire-council"]), (SECOND, ["herefordshire-council", "second-council"]),
                                    (THIRD, ["herefordshire-council"])):
            self.register(self.server, home, token="feed", organisation="1-77", commissioners=commissioners)
        self.accept(scald(FIRST, "home/lfpse"), "feed")
        self.accept(scald(SECOND, "ambulance/lfpse"), "feed")
        # With another the second home has two never events: the proof cites them.
        self.accept(dict(scald(SECOND, "ambulance/lfpse", 2), occurredAt=now(9)), "feed")

        def siblings():
            found = self.run_ok("--json", "siblings", THIRD, token="both").json()
            self.assertEqual([1, 2], sorted(one["incidents"] for one in found["siblings"]))
            self.assertEqual(["THEME_NEGLECT"] * 2, [one["themes"][0]["theme"] for one in found["siblings"]])
            return found["incidents"]

        def alerts():
            return [self.run_ok("--json", "show", home, token="both").json()["open_alerts"] for home in (FIRST, SECOND)]

        self.assertEqual(3, siblings())
        before = wait_until(lambda: (found := alerts())[1] and found, 30, "the second home is urgent")
        across = (FIRST, "--link", HOME_REPORT, AMBULANCE_REPORT, "--at", SECOND, *WHY)
        for token, code in (("second", 5), ("low", 5), ("reader", 5)):
            refused = self.server.run("--json", "duplicates", *across, token=token)
            self.assertEqual(code, refused.code, refused)
        self.assertEqual([], self.summaries(FIRST, "cluster_linked", "both"))
        self.run_ok("duplicates", *across, token="both")
        self.assertEqual([f"The same incident is known at cqc-location/{SECOND} ({AMBULANCE_REPORT}): {HOME_REPORT}"],
                         self.summaries(FIRST, "cluster_linked", "both"))
        self.assertEqual([f"The same incident is known at cqc-location/{FIRST} ({HOME_REPORT}): {AMBULANCE_REPORT}"],
                         self.summaries(SECOND, "cluster_linked", "both"))
        proof = self.run_ok("why", SECOND, token="both").out
        self.assertIn(f"the same incident is known at House {FIRST}", " ".join(proof.split()))
        self.assertEqual(2, siblings(), "over both the linked one counts once")
        # Whoever may read of the second service alone is not told where else, nor which report.
        for text in (self.run_ok("--json", "timeline", SECOND, "--all", token="second").out,
                     self.run_ok("why", SECOND, "--full", token="second").out):
            self.assertIn("another service", text)
            for secret in (FIRST, "home/lfpse"):
                self.assertNotIn(secret, text)
        self.assertEqual(before, alerts(), "each counts its own")
        self.run_ok("duplicates", FIRST, "--unlink", HOME_REPORT, AMBULANCE_REPORT, "--at", SECOND, "--rationale", "Not so",
                    token="both")
        self.assertEqual(3, siblings())
        self.assertEqual([], self.summaries(SECOND, "cluster_linked", "both"))
        again = self.server.run("--json", "duplicates", FIRST, "--unlink", HOME_REPORT, AMBULANCE_REPORT, "--at", SECOND,
                                *WHY, token="both")
        self.assertEqual(6, again.code, again)
        self.assertIn("NOT_LINKED", again.err)
        self.run_ok("verify", token="operator")

    def test_a_finding_goes_with_a_home_that_moves(self):
        self.server = self.node()
        self.register(self.server, FIRST)
        for source in ("home/lfpse", "ambulance/lfpse"):
            self.accept(scald(FIRST, source))
        self.register(self.server, SECOND)
        self.accept({"source": "cqc/api", "id": "moved", "subject": f"cqc-location/{SECOND}", "serviceLinked": {
            "link": "LINK_PREDECESSOR", "other": f"cqc-location/{FIRST}", "reason": "REASON_LOCATION_MOVE"}})
        wait_until(lambda: self.pairs(SECOND), 30, "the pair at the new registration")
        self.run_ok("duplicates", FIRST, "--confirm", HOME_REPORT, AMBULANCE_REPORT, *WHY)
        wait_until(lambda: not self.pairs(SECOND), 30, "confirmed there, too")


if __name__ == "__main__":
    unittest.main(verbosity=2)
