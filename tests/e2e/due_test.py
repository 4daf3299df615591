"""What is owed: a visit starts its deadlines, what is sent ends them, and a calendar takes them."""

import unittest

from harness import EndToEnd, now

HOME = "cqc-location/1-900000002"
SOURCE = "mse-icb/visits"


def registration():
    return {"source": "cqc/directory", "id": "registration", "subject": HOME, "occurredAt": now(400),
            "serviceRegistered": {"name": "Elm Court, Basildon", "serviceType": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30,
                                  "commissioners": ["mse-icb"]}}


def visit(name, days_ago):
    return {"source": SOURCE, "id": name, "subject": HOME, "occurredAt": now(days_ago),
            "commissionerVisitConducted": {"visitType": "VISIT_TYPE_ROUTINE"}}


def draft(name, of):
    day = dict(zip(("year", "month", "day"), map(int, now(0)[:10].split("-"))))
    return {"source": SOURCE, "id": name, "subject": HOME, "occurredAt": now(0),
            "draftReportSent": {"visit": {"id": of}, "sentOn": day}}


def unfolded(text):
    """The content lines of an iCalendar text; every line break is CRLF, no line is too long."""
    lines = []
    for line in text.split("\r\n")[:-1]:
        assert "\n" not in line and "\r" not in line, line
        assert len(line.encode("utf-8")) <= 75, line
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    assert text.endswith("\r\n")
    return lines


class DueTest(EndToEnd):
    def submitted(self, node, *events):
        for event in events:
            self.assertEqual("ACCEPTED", node.submit(event)[0], event)

    def owed(self, node, *arguments):
        listed = node.run("--json", "due", *arguments)
        self.assertEqual(0, listed.code, listed)
        return [one["obligation"] for one in listed.lines()]

    def of_rule(self, node, rule, *arguments):
        return {one["started_by"]["id"]: one for one in self.owed(node, *arguments) if one["rule"] == rule}

    def test_a_visit_owes_a_draft_until_it_was_sent_and_a_kill_forgets_nothing(self):
        node = self.node()
        self.submitted(node, registration(), visit("today", 0), visit("long-ago", 60))
        drafts = self.of_rule(node, "DL-01")
        self.assertEqual({"today": "STATUS_OPEN", "long-ago": "STATUS_OVERDUE"},
                         {name: one["status"] for name, one in drafts.items()})
        self.assertEqual(("mse-visits", "S0 App C After the visit", "VISIT_LEAD"),
                         tuple(drafts["today"][key] for key in ("policy_id", "clause", "owner")))
        shown = node.run("due")
        self.assertRegex(shown.out, r"(?m)^\d+ days overdue .*DL-01 A draft written report")
        self.assertRegex(shown.out, r"(?m)^in \d+ days .*DL-01 A draft written report.*Elm Court, Basildon")
        self.assertEqual(["long-ago"], list(self.of_rule(node, "DL-01", "--overdue")))
        self.assertEqual([], self.owed(node, "--owner", "NOBODY"))
        self.assertEqual(["long-ago"], list(self.of_rule(node, "DL-01", HOME, "--before", now(1))))
        self.assertRegex(node.run("show", HOME).out, r"Owed +\d+, of which \d+ overdue")

        self.submitted(node, draft("sent", "today"), draft("sent-late", "long-ago"))
        self.assertEqual({}, self.of_rule(node, "DL-01"), "what was done is owed no more")
        done = self.of_rule(node, "DL-01", HOME, "--closed")
        self.assertEqual({"today": "STATUS_DISCHARGED", "long-ago": "STATUS_DISCHARGED_LATE"},
                         {name: one["status"] for name, one in done.items()})
        self.assertEqual("sent", done["today"]["discharged_by"]["id"])
        self.assertEqual(drafts["today"]["obligation_id"], done["today"]["obligation_id"])

        before = self.owed(node, HOME, "--closed")
        node.stop()
        node.start()
        self.assertEqual(before, self.owed(node, HOME, "--closed"))
        # What recommends no level recommends nothing, and its criteria and clauses are told.
        self.assertEqual([], node.run("--json", "recommendations", "--policy", "mse-visits").lines())
        told = node.run("why", HOME, "--policy", "mse-visits", "--full")
        self.assertEqual(0, told.code, told)
        self.assertIn("V-ENH", told.out)
        self.assertNotIn("To record the decision", told.out)

    def test_a_calendar_takes_what_is_owed(self):
        node = self.node()
        self.submitted(node, registration(), visit("today", 0))
        path = self.scratch / "due.ics"
        written = node.run("due", HOME, "--ical", path)
        self.assertEqual(0, written.code, written)
        self.assertIn("2 tasks written", written.out)
        text = path.read_bytes().decode("utf-8")
        lines = unfolded(text)
        self.assertEqual("BEGIN:VCALENDAR", lines[0])
        self.assertEqual("END:VCALENDAR", lines[-1])
        self.assertEqual(2, lines.count("BEGIN:VTODO"))
        ids = {f"UID:{one['obligation_id']}@trigpoint" for one in self.owed(node, HOME)}
        self.assertEqual(ids, {line for line in lines if line.startswith("UID:")})
        self.assertTrue(any(line.startswith("SUMMARY:Elm Court\\, Basildon: A draft") for line in lines), lines)
        self.assertEqual(2, sum(line.startswith("DUE:") for line in lines))
        self.assertEqual(2, lines.count("STATUS:NEEDS-ACTION"))

    def test_what_cannot_be_asked_is_refused_with_the_reason(self):
        node = self.node()
        self.assertEqual("Nothing is owed.\n", node.run("due").out)
        self.assertNotEqual(0, node.run("due", "--closed").code)
        unknown = node.run("due", "cqc-location/1-1")
        self.assertNotEqual(0, unknown.code)
        self.assertIn("no provider is known", unknown.err)
        self.assertIn("2026-03-01", node.run("due", "--before", "soon").err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
