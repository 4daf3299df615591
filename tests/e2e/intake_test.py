"""What partners send: files, single events, mistakes, personal data, corrections."""

import json
import unittest

from harness import ROOT, EndToEnd, incident, now, wait_until

EXCERPT = ROOT / "tests/data/cqc_ratings_excerpt.csv"


class ImportTest(EndToEnd):
    def test_counts_say_what_became_of_every_row(self):
        node = self.node()
        first = node.run("--json", "import", EXCERPT)
        counts = first.json()
        print(f"import: {counts}")
        outcomes = ["accepted", "duplicate", "superseded", "waiting", "conflict", "refused"]
        self.assertEqual(counts["read"], sum(counts[name] for name in outcomes), first)
        self.assertEqual(24, counts["accepted"], first)
        self.assertEqual(0, counts["duplicate"] + counts["superseded"] + counts["waiting"] + counts["conflict"], first)
        self.assertEqual(1 if counts["refused"] else 0, first.code, first)
        self.assertEqual(12, counts["providers"], first)
        again = node.run("--json", "import", EXCERPT)
        self.assertEqual(counts["accepted"], again.json()["duplicate"], again)
        self.assertEqual(0, again.json()["accepted"], again)
        self.assertEqual(0, node.run("verify").code)

    def test_a_header_spelt_differently_is_named(self):
        node = self.node()
        changed = self.scratch / "changed.csv"
        changed.write_bytes(EXCERPT.read_bytes().replace(b'"Latest Rating"', b'"Latest Ratings"', 1))
        result = node.run("import", "--format", "cqc-latest-ratings", changed)
        self.assertEqual(7, result.code, result)
        self.assertIn("Latest Rating", result.err)
        self.assertIn("Latest Ratings", result.err)

    def test_a_truncated_file_gives_nothing(self):
        node = self.node()
        cut = self.scratch / "cut.csv"
        whole = EXCERPT.read_bytes()
        cut.write_bytes(whole[:whole.rindex(b'"', 0, len(whole) - 40)])
        result = node.run("--json", "import", cut)
        self.assertEqual(7, result.code, result)
        self.assertRegex(result.err, "end|middle|truncat|incomplete")
        self.assertEqual(0, result.json()["accepted"], result)


class MappingTest(EndToEnd):
    def test_a_councils_spreadsheet_is_taken_through_its_mapping_and_again_is_nothing(self):
        node = self.node()
        for home in ("1-545611283", "1-2000000004"):
            self.register(node, home)
        mapping = ROOT / "deploy/feeds/council-safeguarding.yaml"
        sample = ROOT / "libs/intake/tests/data/council_safeguarding.csv"
        linted = node.run("--json", "feed", "lint", mapping, sample)
        self.assertEqual(7, linted.code, linted)
        first = node.run("--json", "import", "--mapping", mapping, sample)
        counts = first.json()
        self.assertEqual((1, 5, 6), (first.code, counts["accepted"], counts["refused"]), first)
        lines = {one["line"] for one in node.run("--json", "refused").lines()}
        self.assertEqual({"6", "7", "8", "9", "11", "13"}, {str(line) for line in lines})
        node.stop()
        node.start()
        again = node.run("--json", "import", "--mapping", mapping, sample).json()
        self.assertEqual((0, 5), (again["accepted"], again["duplicate"]), again)
        self.assertIn("Received", node.run("trace", "example-council/safeguarding", "SG-1001").out)
        self.assertEqual(0, node.run("verify").code)


class PersonalDataTest(EndToEnd):
    NHS_NUMBER = "9434765919"

    def refused(self, node, event, rule, secret):
        outcome, result = node.submit(event)
        self.assertIn(outcome, (None, "REFUSED"), result)
        self.assertEqual(1, result.code, result)
        self.assertIn(rule, result.out + result.err)
        self.assertNotIn(secret, result.out + result.err)
        return result

    def test_what_may_not_be_there_is_refused_by_name_and_stored_nowhere(self):
        node = self.node("--log-level", "debug")
        self.register(node, "1-900000001")
        complaint = {"source": "council/complaints", "id": "C-1", "subject": "cqc-location/1-900000001",
                     "occurredAt": now(2), "complaintReceived": {"subject": f"about {self.NHS_NUMBER}"}}
        result = self.refused(node, complaint, "NHS_NUMBER_IN_TEXT", self.NHS_NUMBER)
        self.assertIn("complaint_received.subject", result.out + result.err)
        spaced = incident("1-900000001", 2)
        spaced["incidentReported"]["ward"] = "bed of 943 476 5919"
        self.refused(node, spaced, "NHS_NUMBER_IN_TEXT", "943 476 5919")
        born = incident("1-900000001", 3)
        born["incidentReported"]["ward"] = "DOB 17/03/1931"
        self.refused(node, born, "DATE_OF_BIRTH_IN_TEXT", "17/03/1931")
        # Also over the stream, with file and line.
        rows = self.scratch / "rows.jsonl"
        rows.write_text(json.dumps(dict(complaint, id="C-2")) + "\n", encoding="utf-8")
        imported = node.run("--json", "import", "--format", "events", rows)
        self.assertEqual(1, imported.code, imported)
        self.assertEqual(1, imported.json()["refused"], imported)
        rows.unlink()
        listed = node.run("--json", "refused")
        self.assertEqual(0, listed.code, listed)
        by_id = {one["id"]: one for one in listed.lines()}
        self.assertIn("C-2", by_id, listed)
        self.assertEqual("complaint_received.subject", by_id["C-2"]["violations"][0]["field"])
        self.assertEqual("NHS_NUMBER_IN_TEXT", by_id["C-2"]["violations"][0]["rule"])
        self.assertTrue(by_id["C-2"]["file"].endswith("rows.jsonl"), listed)
        self.assertEqual(1, int(by_id["C-2"]["line"]), listed)
        self.assertIn("NHS_NUMBER_IN_TEXT", node.run("refused").out)
        for secret in (self.NHS_NUMBER, "943 476 5919", "17/03/1931"):
            self.assertNotIn(secret, listed.out)
            self.assert_nowhere(secret, self.scratch)
        self.assertEqual(0, node.terminate()[0])
        for secret in (self.NHS_NUMBER, "943 476 5919", "17/03/1931"):
            self.assert_nowhere(secret, self.scratch)

    def test_narratives_are_sealed_on_disk(self):
        node = self.node("--log-level", "debug")
        self.register(node, "1-900000001")
        secret = "Mrs Quillfeather fell beside the blue armchair"
        event = incident("1-900000001", 1)
        event["incidentReported"]["narrative"] = secret
        outcome, result = node.submit(event)
        self.assertEqual("ACCEPTED", outcome, result)
        self.assert_nowhere("Quillfeather", self.scratch)
        self.assertEqual(0, node.terminate()[0])
        self.assert_nowhere("Quillfeather", self.scratch)


class TraceTest(EndToEnd):
    """S1 L86-122 gives intelligence back to nobody who sent it; who reports should learn that it counted."""

    def test_a_sender_learns_what_became_of_what_it_sent(self):
        node = self.node()
        self.register(node, "1-900000001", commissioners=["herefordshire-council"])
        risk = {"source": "icb/quality", "id": "R-1", "subject": "cqc-location/1-900000001", "occurredAt": now(0.01),
                "immediateRiskAsserted": {"grade": "GRADE_IMMEDIATE", "assertedByRole": "safeguarding lead",
                                          "rapidSharingRequested": True}}
        self.assertEqual("ACCEPTED", node.submit(risk)[0])

        def traced():
            result = node.run("--json", "trace", "icb/quality", "R-1")
            self.assertEqual(0, result.code, result)
            return result.json()

        def kinds():
            return {part["what"] for part in traced().get("parts", [])}

        wait_until(lambda: {"WHAT_ALERT", "WHAT_RECOMMENDATION"} <= kinds(), 10, "the alert and the recommendation")
        self.assertEqual("STANDING_RECEIVED", traced()["standing"])
        words = node.run("trace", "icb/quality", "R-1").out
        self.assertIn("awaits a decision", words)
        self.assertIn("rapid quality review alert", words)
        self.assertNotIn("LEVEL_", words)
        self.assertEqual("WAITING", node.submit(dict(risk, id="R-2", subject="cqc-location/1-900000002"))[0])
        self.assertIn("Waiting", node.run("trace", "icb/quality", "R-2").out)
        unknown = node.run("trace", "icb/quality", "R-3")
        self.assertEqual(4, unknown.code, unknown)
        self.assertIn("nothing with this id", unknown.err)


class IdentityTest(EndToEnd):
    def timeline(self, node, value):
        result = node.run("--json", "timeline", value, "--all")
        self.assertEqual(0, result.code, result)
        return result.lines()

    def of(self, node, value, event_id):
        return [entry for entry in self.timeline(node, value) if entry["id"] == event_id]

    def test_an_unknown_subject_waits_and_is_released(self):
        node = self.node()
        outcome, result = node.submit(incident("1-900000007", 1))
        self.assertEqual(("WAITING", 0), (outcome, result.code), result)
        self.assertEqual(4, node.run("show", "1-900000007").code)
        self.register(node, "1-900000007")
        released = wait_until(lambda: self.of(node, "1-900000007", "incident-1"), 10, "the waiting event is released")
        self.assertEqual(1, len(released))
        self.assertTrue(released[0]["event"]["first_received_at"], released)
        outcome, result = node.submit(incident("1-900000007", 1, occurredAt=released[0]["occurred_at"]))
        self.assertEqual("DUPLICATE", outcome, result)
        self.assertEqual(1, len(self.of(node, "1-900000007", "incident-1")))

    def test_duplicate_conflict_correction_and_retraction(self):
        node = self.node()
        self.register(node, "1-900000001")
        event = incident("1-900000001", 1, sourceVersion=1)
        self.assertEqual("ACCEPTED", node.submit(event)[0])
        outcome, result = node.submit(event)
        self.assertEqual(("DUPLICATE", 0), (outcome, result.code), result)
        other = dict(event, incidentReported={"physicalHarm": "HARM_SEVERE"})
        outcome, result = node.submit(other)
        self.assertEqual(1, result.code, result)
        self.assertIn("CONFLICT", result.out + result.err)
        self.assertEqual(1, len(self.of(node, "1-900000001", "incident-1")))
        self.assertEqual("ACCEPTED", node.submit(dict(other, sourceVersion=2))[0])
        versions = {entry["source_version"]: entry["superseded"] for entry in self.of(node, "1-900000001", "incident-1")}
        self.assertEqual({1: True, 2: False}, versions)
        # The first version once more, after its correction: nothing new.
        outcome, result = node.submit(event)
        self.assertIn(outcome, ("DUPLICATE", "SUPERSEDED"), result)
        self.assertEqual(2, len(self.of(node, "1-900000001", "incident-1")), "an old version came twice into the history")
        retraction = {"source": event["source"], "id": event["id"], "sourceVersion": 3,
                      "eventRetracted": {"reason": "REASON_ENTERED_IN_ERROR"}}
        outcome, result = node.submit(retraction)
        self.assertEqual("ACCEPTED", outcome, result)
        superseded = {entry["source_version"]: entry["superseded"] for entry in self.of(node, "1-900000001", "incident-1")}
        self.assertEqual({1: True, 2: True}, {key: superseded[key] for key in (1, 2)})
        self.assertEqual(0, node.run("verify").code)

    def test_a_report_that_was_corrected_to_another_home_is_not_released_to_the_wrong_one(self):
        node = self.node()
        self.register(node, "1-900000001")
        self.assertEqual("WAITING", node.submit(incident("1-988888888", 1))[0])
        self.assertEqual("ACCEPTED", node.submit(incident("1-900000001", 1, sourceVersion=2))[0])
        self.register(node, "1-988888888")
        wait_until(lambda: node.run("--json", "status").json().get("waiting", "0") == "0", 20, "nothing waits any more")
        self.assertNotIn("incident_reported", node.run("timeline", "cqc-location/1-988888888", "--all").out)
        self.assertIn("incident_reported", node.run("timeline", "cqc-location/1-900000001", "--all").out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
