"""Silence: a feed that stops is a finding, an alarm and a line of the timeline; word that there is nothing ends it."""

import json
import re
import unittest
import urllib.request

from harness import EndToEnd, free_port, now, wait_until
from receiver import SECRET, Receiver

HOME = "cqc-location/1-900000001"
SOURCE = "council/returns"


def registration(days_ago=500, **payload):
    return {"source": "cqc/directory", "id": "registration", "subject": HOME, "occurred_at": now(days_ago),
            "received_at": now(days_ago),
            "service_registered": {"name": "Elm Court", "service_type": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30,
                                   "commissioners": ["herefordshire-council"], **payload}}


def capacity(days_ago, **more):
    event = {"source": "home/capacity", "id": f"capacity-{days_ago}", "subject": HOME, "occurred_at": now(days_ago),
             "received_at": now(days_ago), "capacity_reported": {"beds": 30, "vacant": 2}}
    event.update(more)
    return event


def monthly(days_ago):
    return {"source": SOURCE, "id": f"return-{days_ago}", "subject": HOME, "occurred_at": now(days_ago),
            "received_at": now(days_ago), "monitoring_return_received": {"period": {"year": 2026, "month": 1}}}


class SilenceTest(EndToEnd):
    def history(self, node, *events):
        path = self.scratch / "history.jsonl"
        path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        loaded = node.run("import", "--backfill", path)
        self.assertEqual(0, loaded.code, loaded)

    def feed(self, node, kind, *arguments):
        coverage = node.run("--json", "coverage", HOME, *arguments)
        self.assertEqual(0, coverage.code, coverage)
        return next(feed for feed in coverage.json()["feeds"] if feed["kind"] == kind)

    def silent(self, node):
        return node.run("--json", "show", HOME).json()["silent_feeds"]

    def test_a_feed_that_stopped_is_found_and_word_that_there_is_nothing_ends_it(self):
        port = free_port()
        node = self.node("--metrics-listen", f"127.0.0.1:{port}")
        # A weekly report until six weeks ago, and a monthly return until a week ago.
        weekly = [capacity(days) for days in range(42, 98, 7)]
        returns = [monthly(days) for days in (7, 37, 67)]
        visit = {"source": "council/visits", "id": "visit", "subject": HOME, "occurred_at": now(30), "received_at": now(30),
                 "commissioner_visit_conducted": {"visit_type": "VISIT_TYPE_ROUTINE"}}
        plan = {"source": "council/plans", "id": "plan", "subject": HOME, "occurred_at": now(60), "received_at": now(60),
                "service_plan_self_assessment_received": {"concern": False}}
        self.history(node, registration(), *weekly, *returns, visit, plan)
        stopped = self.feed(node, "capacity_reported")
        self.assertTrue(stopped["silent"], stopped)
        self.assertTrue(stopped["learned"], stopped)
        self.assertEqual((7, "home/capacity"), (stopped["expected_every_days"], stopped["source"]), stopped)
        going = self.feed(node, "monitoring_return_received")
        self.assertFalse(going["silent"], going)
        self.assertEqual("S2 3.3.2; S2 App 2 Level 1", going["clause"])
        wait_until(lambda: self.silent(node) == 1, 20, "the silence is found")
        # As it was known five weeks ago: one late file is noise.
        self.assertFalse(self.feed(node, "capacity_reported", "--as-of", now(35))["silent"])
        listed = node.run("--json", "providers", "--filter", "silent_feeds > 0", "--all").lines()
        self.assertEqual(["Elm Court"], [one["display_name"] for one in listed])
        self.assertEqual(1, len(node.run("--json", "providers", "--silent", "--all").lines()))
        timeline = node.run("timeline", HOME, "--all").out
        self.assertEqual(1, len(re.findall("Silent: capacity reported", timeline)), timeline)
        self.assertEqual([], node.run("--json", "alerts").lines(), "silence is no alert")

        def gauge():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                found = re.search(r'trigpoint_silent_feeds\{kind="capacity_reported"\} (\d+)', answer.read().decode())
            return found and found.group(1)

        wait_until(lambda: gauge() == "1", 20, "the gauge")
        wait_until(lambda: '"feeds_silent"' in node.printed(), 20, "the log says it")
        shown = node.run("coverage", HOME)
        self.assertIn("silent since", shown.out)
        self.assertIn("People's experience: nothing was ever heard".lower(), shown.out.lower())
        self.assertIn("would settle herefordshire/", shown.out)
        nothing = {"source": "home/capacity", "id": "nothing", "subject": HOME, "occurredAt": now(0),
                   "nilReturnReceived": {"expectedKind": "capacity_reported"}}
        self.assertEqual("ACCEPTED", node.submit(nothing)[0])
        self.assertEqual(0, self.silent(node))
        self.assertTrue(self.feed(node, "capacity_reported")["nil_return"])
        wait_until(lambda: gauge() == "0", 20, "the gauge")
        self.assertEqual(0, node.run("verify").code)

    def test_a_return_that_a_policy_expects_and_what_a_restart_and_a_rebuild_leave_of_it(self):
        node = self.node()
        self.history(node, registration(days_ago=300), monthly(200))
        feed = self.feed(node, "monitoring_return_received")
        self.assertTrue(feed["silent"], feed)
        self.assertEqual(("herefordshire", 31, 2), (feed["policy_id"], feed["expected_every_days"], feed["missed"]))
        # A plan and a visit are expected once a year.
        wait_until(lambda: self.silent(node) == 1, 20, "the silence is found")
        self.assertEqual(0, node.terminate()[0])
        # The digest of a new webhook comes at once, and names the service.
        desk = Receiver()
        self.addCleanup(desk.close)
        secret = self.scratch / "secret"
        secret.write_text(SECRET + "\n", encoding="utf-8")
        secret.chmod(0o600)
        config = self.scratch / "node.yaml"
        config.write_text(json.dumps({"webhooks": [{"name": "desk", "url": desk.url, "secret_file": str(secret)}]}),
                          encoding="utf-8")
        node.arguments = ("--config", str(config))
        node.start()
        self.assertEqual(1, self.silent(node))
        digest = desk.wait_for(lambda r: r.taken("digest"), 60, "the digest")[0]
        self.assertEqual("nothing to report; feeds silent: 1", digest.data["summary"])
        (told,) = digest.data["silent_services"]
        self.assertEqual(("Elm Court", "monitoring_return_received"), (told["display_name"], told["feeds"][0]["kind"]))
        self.assertEqual(0, node.run("rebuild").code)
        self.assertEqual(1, self.silent(node))
        gaps = node.run("--json", "why", HOME, "--policy", "herefordshire").json()[0]["gaps"]
        self.assertIn("(no feed)", next(gap for gap in gaps if gap.startswith("H-L1-1:")))
        # A service that closed owes nothing.
        closed = {"source": "cqc/directory", "id": "closed", "subject": HOME, "occurredAt": now(1),
                  "registrationChanged": {"status": "STATUS_DEREGISTERED"}}
        self.assertEqual("ACCEPTED", node.submit(closed)[0])
        self.assertEqual(0, self.silent(node))
        self.assertIn("deregistered", node.run("coverage", HOME).out)
        self.assertEqual(0, node.run("verify").code)

    def test_a_wrong_expectation_is_refused_with_where_and_what(self):
        policies = self.scratch / "policies"
        policies.mkdir()
        pack = """
id: p
version: 1
source_document: S
authority: {states: [LOW]}
expected:
  - {id: weekly, clause: "S 1", kinds: [gossip], every_days: "7", grace_days: "0", missed: "2"}
"""
        (policies / "p.yaml").write_text(pack, encoding="utf-8")
        refused = self.node(start=False, policies=policies).run_to_its_end()
        self.assertEqual(1, refused.code, refused)
        self.assertIn("expected weekly names an unknown kind: gossip", refused.err)
        # It did not reach the log: mended, the same data serve.
        (policies / "p.yaml").write_text(pack.replace("gossip", "capacity_reported"), encoding="utf-8")
        node = self.node(policies=policies)
        self.assertEqual(["p"], [one["policy_id"] for one in node.run("--json", "policies").lines()])


if __name__ == "__main__":
    unittest.main(verbosity=2)
