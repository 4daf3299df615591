"""Personal data and its end: erasure of a record, by age, legal holds, and what stays the same."""

import datetime
import unittest

from harness import EndToEnd, incident

HOME = "1-900000001"


def this_instant():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class ErasureTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.register(self.server, HOME)
        self.report = incident(HOME, 1)
        self.report["incidentReported"]["narrative"] = "Mrs Quillfeather fell beside the blue armchair"
        self.assertEqual("ACCEPTED", self.server.submit(self.report)[0])

    def run_ok(self, *arguments):
        result = self.server.run(*arguments)
        self.assertEqual(0, result.code, result)
        return result

    def erase(self, *arguments):
        record = ("--record", self.report["source"], self.report["id"])
        return self.server.run("--json", "erase", HOME, *record, "--authority", "IG-2026-031", *arguments)

    def assessed(self):
        """What every policy says, without the instant at which it was asked."""
        said = self.run_ok("--json", "why", HOME, "--full").json()
        return [{key: value for key, value in one.items() if key != "as_of"} for one in said]

    def shown(self):
        return self.run_ok("--json", "timeline", HOME, "--all").out

    def test_an_erased_text_is_gone_for_ever_and_what_was_counted_stays(self):
        self.assertIn("Quillfeather", self.shown())
        before = self.assessed()
        checked = self.erase("--check").json()
        self.assertEqual((1, ""), (checked["keys"], checked.get("erasure_id", "")))
        self.assertIn("Quillfeather", self.shown())
        erased = self.erase().json()
        self.assertEqual([self.report["id"]], [record["id"] for record in erased["records"]])
        self.assertNotIn("Quillfeather", self.shown())
        self.assertIn(erased["erasure_id"], self.shown(), "the proof stands in the timeline")
        self.assertIn("IG-2026-031", self.shown())
        self.assertEqual(before, self.assessed())
        self.assertEqual(0, self.server.run("verify").code)
        # The same again finishes what a crash may have left, and is the same proof.
        self.assertEqual(erased["erasure_id"], self.erase().json()["erasure_id"])
        corrected = dict(self.report, sourceVersion=2)
        outcome, result = self.server.submit(corrected)
        self.assertNotEqual("ACCEPTED", outcome, result)
        self.assertIn("ERASED", result.out + result.err)
        # Killed and started again, it stays erased; so it does with a store that is built anew.
        self.server.stop()
        self.server.start()
        self.assertNotIn("Quillfeather", self.shown())
        self.run_ok("rebuild")
        self.assertNotIn("Quillfeather", self.shown())

    def test_a_legal_hold_stands_against_erasure_until_it_is_lifted(self):
        self.run_ok("hold", HOME, "--record", self.report["source"], self.report["id"], "--authority", "CORONER-7")
        refused = self.erase()
        self.assertNotEqual(0, refused.code, refused)
        self.assertIn("legal hold", refused.err)
        spared = self.run_ok("--json", "erase", HOME, "--before", this_instant(), "--authority", "RETENTION-1").json()
        self.assertEqual([self.report["id"]], [record["id"] for record in spared["held"]])
        self.assertIn("Quillfeather", self.shown())
        holds = self.run_ok("--json", "holds", HOME).json()["holds"]
        self.assertEqual(["CORONER-7"], [hold["authority_ref"] for hold in holds])
        self.run_ok("release-hold", HOME, holds[0]["hold_id"], "--authority", "CORONER-8")
        self.assertEqual(1, self.erase().json()["keys"])
        self.assertNotIn("Quillfeather", self.shown())
        self.assertEqual(0, self.server.run("verify").code)

    def test_what_was_refused_of_a_record_is_erased_with_it(self):
        second = incident(HOME, 1)
        second["incidentReported"]["ward"] = "bed of 943 476 5919"
        second["sourceVersion"] = 2
        self.assertNotEqual("ACCEPTED", self.server.submit(second)[0])
        refused = self.run_ok("--json", "refused").lines()
        self.assertEqual(1, len(refused))
        self.assertEqual(0, self.server.run("refused", refused[0]["quarantine_id"]).code)
        self.assertEqual(0, self.erase().code)
        gone = self.server.run("refused", refused[0]["quarantine_id"])
        self.assertNotEqual(0, gone.code, gone)
        self.assertIn("ERASED", gone.out + gone.err)

    def test_a_hold_keeps_a_record_that_was_only_refused(self):
        only = incident(HOME, 2)
        only["incidentReported"]["ward"] = "bed of 943 476 5919"
        self.assertNotEqual("ACCEPTED", self.server.submit(only)[0])
        self.run_ok("hold", HOME, "--record", only["source"], only["id"], "--authority", "CORONER-9")
        refused = self.server.run("erase", HOME, "--record", only["source"], only["id"], "--authority", "IG-1")
        self.assertNotEqual(0, refused.code, refused)
        self.assertIn("legal hold", refused.err)
        kept = self.run_ok("--json", "refused").lines()
        self.assertEqual(0, self.server.run("refused", kept[0]["quarantine_id"]).code)

    def test_nobody_erases_without_naming_the_decision(self):
        result = self.server.run("erase", HOME, "--record", self.report["source"], self.report["id"], "--authority", "")
        self.assertNotEqual(0, result.code, result)
        self.assertIn("authority_ref", result.err)
        both = self.erase("--before", "2026-01-01")
        self.assertIn("one of the two", both.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
