"""History: loaded between brackets, asked about on both axes of time; refused records, handed in again."""

import json
import signal
import subprocess
import unittest

from harness import BIN, EndToEnd, incident, now, wait_until

HOME = "cqc-location/1-900000001"


def registration(value, days_ago=500, **payload):
    return {"source": "cqc/directory", "id": f"registration-{value}", "subject": f"cqc-location/{value}",
            "occurred_at": now(days_ago), "received_at": now(days_ago),
            "service_registered": {"name": f"House {value}", "service_type": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30,
                                   "commissioners": ["herefordshire-council"], **payload}}


def immediate_risk(days_ago, number=1):
    return {"source": "council/safeguarding", "id": f"risk-{number}", "subject": HOME, "source_organisation": "council",
            "occurred_at": now(days_ago), "received_at": now(days_ago), "themes": ["THEME_NEGLECT"],
            "immediate_risk_asserted": {"grade": "GRADE_IMMEDIATE", "asserted_by_role": "safeguarding lead",
                                        "rapid_sharing_requested": True}}


class BackfillTest(EndToEnd):
    def write(self, name, *events):
        path = self.scratch / name
        path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        return path

    def test_files_are_one_history_in_the_order_of_receipt(self):
        node = self.node()
        later = self.write("a.jsonl", *[dict(incident("1-900000001", n, occurredAt=now(20 * n)), received_at=now(20 * n - 5))
                                        for n in range(10, 0, -1)])
        first = self.write("b.jsonl", registration("1-900000001"))
        loaded = node.run("--json", "import", "--backfill", later, first)
        self.assertEqual(0, loaded.code, loaded)
        self.assertEqual((11, {"services": 1, "unknown_services": 0}),
                         (loaded.json()["accepted"], loaded.json()["backfill"]), loaded)
        # As known 100 days ago: what had been received by then, and nothing else.
        then = node.run("--json", "timeline", HOME, "--as-of", now(100), "--all").lines()
        kinds = [entry["kind"] for entry in then]
        self.assertEqual(["incident_reported"] * 5, [kind for kind in kinds if kind == "incident_reported"], kinds)
        again = node.run("--json", "import", "--backfill", later, first)
        self.assertEqual((0, 11), (again.json()["accepted"], again.json()["duplicate"]), again)
        self.assertEqual(0, node.run("verify").code)

    def test_an_alert_of_the_past_stays_in_and_what_still_holds_is_raised_once(self):
        node = self.node()
        loaded = node.run("import", "--backfill", self.write("h.jsonl", registration("1-900000001"), immediate_risk(300)))
        self.assertEqual(0, loaded.code, loaded)
        self.assertEqual([], node.run("--json", "alerts").lines())
        recent = self.write("r.jsonl", immediate_risk(2, number=2))
        for _ in range(2):
            self.assertEqual(0, node.run("import", "--backfill", recent).code)
            raised = node.run("--json", "alerts").lines()
            self.assertEqual(1, len(raised), raised)
        self.assertEqual(0, node.run("verify").code)

    def test_news_waits_for_the_end_of_a_backfill_that_was_broken_off(self):
        node = self.node()
        self.register(node, "1-900000001")
        start = {"source": "council/history", "id": "b1/start", "subject": HOME, "received_at": now(300),
                 "backfill_started": {"batch": "b1"}}
        self.assert_refused(node, start, "ROLE_NOT_ACCEPTED")
        # A client that dies after its first bracket: the command, stopped before it is done.
        history = [dict(incident("1-900000001", n, occurredAt=now(300)), received_at=now(300)) for n in range(20000)]
        many = self.write("many.jsonl", *history)
        client = subprocess.Popen([str(BIN / "trigpoint"), "import", "--backfill", "--window", "1", str(many)],
                                  env=node.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: node.run("--json", "status").json().get("streams_in_backfill") == "1", 20, "the bracket")
        client.kill()
        client.wait()
        outcome, result = node.submit(incident("1-900000001", "news"))
        self.assertEqual("WAITING", outcome, result)
        node.process.send_signal(signal.SIGKILL)
        node.process.wait()
        node.start()
        self.assertEqual("1", node.run("--json", "status").json()["streams_in_backfill"])
        self.assertIn("backfill", node.run("doctor").out)
        again = node.run("import", "--backfill", self.write("small.jsonl", *history[:3]))
        self.assertEqual(0, again.code, again)
        wait_until(lambda: "incident-news" in node.run("timeline", HOME, "--all").out, 20, "the news is released")
        self.assertEqual("0", node.run("--json", "status").json().get("waiting", "0"))
        self.assertEqual(0, node.run("verify").code)

    def assert_refused(self, node, event, rule):
        outcome, result = node.submit(event)
        self.assertIn(outcome, (None, "REFUSED"), result)
        self.assertIn(rule, result.out + result.err)

    def test_only_a_backfill_says_when_something_was_received(self):
        node = self.node()
        self.register(node, "1-900000001")
        self.assert_refused(node, dict(incident("1-900000001", 1), received_at=now(10)), "STAMPED")
        unknown = node.run("--json", "import", "--backfill", self.write("u.jsonl", incident("1-911111111", 2)))
        self.assertEqual({"services": 0, "unknown_services": 1}, unknown.json()["backfill"], unknown)
        self.assertEqual(1, unknown.json()["waiting"], unknown)


class TwoAxesTest(EndToEnd):
    def test_late_corrected_and_retracted(self):
        node = self.node()
        history = self.scratch / "h.jsonl"
        late = dict(incident("1-900000001", 1, occurredAt=now(200)), received_at=now(50))
        history.write_text(json.dumps(registration("1-900000001")) + "\n" + json.dumps(late) + "\n", encoding="utf-8")
        self.assertEqual(0, node.run("import", "--backfill", history).code)

        def seen(*arguments):
            return "incident_reported" in node.run("timeline", HOME, "--all", *arguments).out

        past = now(100)
        self.assertFalse(seen("--as-of", past))
        self.assertTrue(seen("--valid-at", past))
        self.assertFalse(seen("--valid-at", past, "--as-of", now(60)))
        before = node.run("--json", "why", HOME, "--valid-at", past, "--as-of", now(40))
        self.assertEqual(0, before.code, before)
        # Corrected to a later day: by what is known now it had not happened yet.
        moved = incident("1-900000001", 1, occurredAt=now(30), sourceVersion=2)
        self.assertEqual("ACCEPTED", node.submit(moved)[0])
        self.assertFalse(seen("--valid-at", past))
        gone = {"source": "home/incidents", "id": "incident-1", "sourceVersion": 3, "eventRetracted": {"reason": "REASON_DUPLICATE"}}
        self.assertEqual("ACCEPTED", node.submit(gone)[0])
        after = node.run("--json", "why", HOME, "--valid-at", past, "--as-of", now(40))
        self.assertEqual(before.out.replace(past, ""), after.out.replace(past, ""), "a past answer never changes")
        wrong = node.run("why", HOME, "--valid-at", now(10), "--as-of", now(20))
        self.assertEqual(2, wrong.code, wrong)
        self.assertIn("valid_at", wrong.err)


class RedriveTest(EndToEnd):
    def test_corrected_and_handed_in_again_in_order(self):
        node = self.node()
        self.register(node, "1-900000001")
        wrong = incident("1-900000001", 7, sensitivity="SENSITIVITY_C0_PUBLIC")
        rows = self.scratch / "rows.jsonl"
        rows.write_text(json.dumps(wrong) + "\nnot an event\n" + json.dumps(incident("1-900000001", 8)) + "\n", encoding="utf-8")
        imported = node.run("--json", "import", "--format", "events", rows)
        self.assertEqual((1, 2, 1), (imported.json()["accepted"], imported.json()["refused"], imported.code), imported)
        listed = {entry["reason"]: entry for entry in node.run("--json", "refused").lines()}
        ids = {reason.removeprefix("REASON_"): entry["quarantine_id"] for reason, entry in listed.items()}
        shown = node.run("--json", "refused", ids["INVALID"]).json()
        self.assertEqual("incident-7", shown["event"]["id"], shown)
        # As it was it is refused again, and stays.
        again = node.run("redrive", ids["INVALID"])
        self.assertEqual(1, again.code, again)
        self.assertIn("SENSITIVITY_BELOW_FLOOR", again.err)
        self.assertEqual(2, len(node.run("--json", "refused").lines()))
        corrected = self.scratch / "corrected.json"
        corrected.write_text(json.dumps(incident("1-900000001", 7)), encoding="utf-8")
        self.assertEqual(0, node.run("redrive", ids["INVALID"], "--corrected", corrected, "--check").code)
        self.assertEqual(2, len(node.run("--json", "refused").lines()))
        fixed = node.run("redrive", ids["INVALID"], "--corrected", corrected)
        self.assertEqual(0, fixed.code, fixed)
        self.assertIn("incident-7", node.run("timeline", HOME, "--all").out)
        self.assertEqual(6, node.run("redrive", ids["INVALID"]).code, "it was resolved already")
        self.assertEqual(2, node.run("redrive", "--set-aside").code)
        self.assertEqual(1, node.run("redrive", ids["UNREADABLE"], "--set-aside").code, "without a reason")
        aside = node.run("redrive", ids["UNREADABLE"], "--set-aside", "--reason", "a header line")
        self.assertEqual(0, aside.code, aside)
        self.assertEqual([], node.run("--json", "refused").lines())
        resolved = {entry["resolved"] for entry in node.run("--json", "refused", "--all").lines()}
        self.assertEqual({"HOW_CORRECTED", "HOW_SET_ASIDE"}, resolved)
        self.assertEqual(4, node.run("refused", "q-unknown").code)
        self.assertEqual(0, node.run("verify").code)

    def test_what_the_node_has_learnt_since_is_used(self):
        node = self.node()
        self.register(node, "1-900000001")
        first = incident("1-900000001", 1)
        self.assertEqual("ACCEPTED", node.submit(first)[0])
        other = incident("1-900000001", 1, occurredAt=now(1))
        self.assertEqual("CONFLICT", node.submit(other)[0])
        again = node.run("redrive")
        self.assertEqual(1, again.code, again)
        self.assertIn("CONFLICT", again.err)
        one = node.run("--json", "refused").lines()[0]["quarantine_id"]
        self.assertIn("occurredAt", node.run("refused", one).out)

    def test_all_that_is_open_is_handed_in_again_in_the_order_in_which_it_came(self):
        node = self.node()
        self.register(node, "1-900000001")
        for number in range(6):
            self.assertEqual("ACCEPTED", node.submit(incident("1-900000001", number))[0])
        came = []
        for number in (4, 0, 5, 2, 1, 3):  # Ids are hashes: no list is in this order by itself.
            outcome, _ = node.submit(incident("1-900000001", number, occurredAt=now(1)))
            self.assertEqual("CONFLICT", outcome)
            known = {one["quarantine_id"] for one in node.run("--json", "refused").lines()}
            came += known - set(came)
        again = node.run("redrive").err
        self.assertEqual(came, sorted(came, key=again.index), again)


if __name__ == "__main__":
    unittest.main(verbosity=2)
