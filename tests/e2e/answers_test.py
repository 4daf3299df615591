"""What people ask and decide: why, decide, alerts, assess, verify."""

import hashlib
import json
import subprocess
import time
import unittest

from harness import BIN, EndToEnd, Lines, incident, now

HOME = "1-900000001"


def principals(path, *people):
    """Writes a principals file; a person is (id, organisation, roles, sources, clearance), the token is the id."""
    text = "principals:\n"
    for name, organisation, roles, sources, clearance in people:
        text += (f"  - id: {name}\n    organisation: {organisation}\n    roles: [{', '.join(roles)}]\n"
                 f"    sources: [{', '.join(sources)}]\n    clearance: {clearance}\n"
                 f"    token_sha256: {hashlib.sha256(name.encode()).hexdigest()}\n")
    path.write_text(text, encoding="utf-8")
    return path


def warning_notice(number=1):
    return {"source": "cqc/enforcement", "id": f"W-{number}", "subject": f"cqc-location/{HOME}", "occurredAt": now(20),
            "cqcEnforcementActionRecorded": {"action": "ENFORCEMENT_KIND_WARNING_NOTICE"}}


class WhyTest(EndToEnd):
    def test_the_proof_names_the_clause(self):
        node = self.node()
        self.register(node, HOME)
        self.assertEqual("ACCEPTED", node.submit(warning_notice())[0])
        words = node.run("why", HOME)
        self.assertEqual(0, words.code, words)
        self.assertIn("S2 App 2 Level 2", words.out)
        self.assertIn("W-1", words.out)
        proof = node.run("--json", "why", HOME, "--policy", "herefordshire").json()[0]
        met = {one["id"]: one for one in proof["criteria"] if one["value"] == "TRUTH_VALUE_TRUE"}
        self.assertIn("H-L2-2", met)
        self.assertEqual("LEVEL_2", proof["target_state"])

    def test_offline_and_server_say_the_same(self):
        node = self.node()
        events = [self.register(node, HOME), warning_notice(), incident(HOME, 1), incident(HOME, 2)]
        for event in events[1:]:
            self.assertEqual("ACCEPTED", node.submit(event)[0])
        rows = self.scratch / "events.jsonl"
        rows.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        server = node.run("--json", "why", HOME, "--policy", "herefordshire", "--full").json()[0]
        offline = node.run("--json", "assess", "--policy", "herefordshire", "--events", rows, "--as-of", server["as_of"])
        self.assertEqual(0, offline.code, offline)
        file = offline.json()[0]
        self.assertEqual(f"cqc-location/{HOME}", file["provider"])
        for key in ("target_state", "level", "urgent", "floor", "ceiling"):
            self.assertEqual(server[key], file["recommendation"][key], key)
        for key in ("gaps", "near_misses", "measures", "caveats"):
            self.assertEqual(server[key], file[key], key)

        def name(ref):
            return f"{ref['source']}/{ref['id']}"

        expected = [(one["id"], one["value"].removeprefix("TRUTH_VALUE_"), one["clause"], [name(ref) for ref in one["evidence"]],
                     {figure["name"]: figure["value"] for figure in one["figures"]}) for one in server["criteria"]]
        found = [(one["id"], one["value"].upper().replace(" ", "_"), one["clause"], one["evidence"], one["figures"])
                 for one in file["criteria"]]
        self.assertEqual(expected, found)

    def test_verify_folds_everything_afresh(self):
        node = self.node()
        self.register(node, HOME)
        self.assertEqual("ACCEPTED", node.submit(warning_notice())[0])
        result = node.run("verify")
        self.assertEqual(0, result.code, result)
        self.assertIn("every byte is the same", result.out)
        answer = node.run("--json", "verify").lines()[-1]
        self.assertTrue(answer["done"])
        self.assertGreater(int(answer["recommendations_checked"]), 0, answer)


class DecisionTest(EndToEnd):
    def test_only_the_role_that_the_clause_names_may_decide(self):
        file = principals(
            self.scratch / "principals.yaml",
            ("feed", "cqc", ["PARTNER"], ["cqc"], "C2"),
            ("manager", "herefordshire-council", ["TEAM_MANAGER"], [], "C3"),
            ("icb", "hwicb", ["ICB_AUTHORISER"], [], "C3"),
            ("operator", "herefordshire-council", ["OPERATOR"], [], "C1"))
        node = self.node("--principals", str(file))
        self.register(node, HOME, token="feed")
        self.assertEqual("ACCEPTED", node.submit(warning_notice(), token="feed")[0])
        decide = ["decide", HOME, "--policy", "herefordshire", "--to", "LEVEL_2", "--rationale", "Warning notice of this month"]
        wrong = node.run("--json", *decide, token="icb")
        self.assertEqual(6, wrong.code, wrong)
        error = json.loads(wrong.err)["error"]
        self.assertEqual("FAILED_PRECONDITION", error["code"])
        self.assertIn("S2 3.4.3", error["message"] + json.dumps(error["metadata"]))
        nobody = node.run("--json", *decide, token="feed")
        self.assertEqual(5, nobody.code, nobody)
        right = node.run("--json", *decide, token="manager")
        self.assertEqual(0, right.code, right)
        self.assertEqual("LEVEL_2", right.json()["decided_state"])
        self.assertEqual("S2 3.4.3", right.json()["clause"])
        said = [one["summary"] for one in node.run("--json", "timeline", HOME, token="manager").json()["entries"]
                if one["kind"] == "decision_proposed"]
        self.assertTrue(said[0].startswith("Recorded [S2 3.4.3]: herefordshire: "), said)
        self.assertTrue(said[1].startswith("REFUSED [S2 3.4.3]: herefordshire: move proposed from LEVEL_1 to LEVEL_2: "), said)
        self.assertIn(": the move from LEVEL_1 to LEVEL_2 is authorised by TEAM_MANAGER", said[1])
        # A table is cut at its end: the refusal and its clause are there.
        self.assertIn("REFUSED [S2 3.4.3]: herefordshire", node.run("timeline", HOME, token="manager").out)
        levels = node.run("--json", "show", HOME, token="manager").json()["levels"]
        self.assertEqual("LEVEL_2", [level for level in levels if level["policy_id"] == "herefordshire"][0]["decided_state"])
        self.assertEqual(0, node.run("verify", token="operator").code)
        self.assertEqual(5, node.run("verify", token="feed").code)
        self.assertEqual(5, node.run("providers").code, "without a token")
        # A partner reports for its own sources only.
        outcome, result = node.submit(incident(HOME, 1), token="feed")
        self.assertEqual((None, 5), (outcome, result.code), result)

    def test_whom_a_service_belongs_to_is_shown_with_its_days(self):
        node = self.node()
        relation = {"relation": "RELATION_COMMISSIONER", "organisation": "before-council"}
        day = {"year": 2024, "month": 6, "day": 30}
        past = {**relation, "ends_on": day}
        present = {**relation, "organisation": "after-council", "starts_on": {"year": 2024, "month": 7, "day": 1}}
        self.register(node, HOME, commissioners=[], affiliations=[past, present])
        shown = node.run("show", HOME).out
        self.assertRegex(shown, r"Commissioners +after-council\n")
        self.assertRegex(shown, r"Belongs to +Commissioner before-council, to 2024-06-30\n")
        self.assertRegex(shown, r"Belongs to +Commissioner after-council, from 2024-07-01\n")
        listed = node.run("--json", "providers", "--filter", 'commissioner = "after-council"').json()
        self.assertEqual(1, len(listed["providers"]))

    def test_joint_commissioners_who_disagree_are_shown_and_urgency_lets_one_act(self):
        file = principals(
            self.scratch / "principals.yaml",
            ("feed", "cqc", ["PARTNER"], ["cqc"], "C2"),
            ("council", "herefordshire-council", ["TEAM_MANAGER"], [], "C3"),
            ("icb", "hwicb", ["ICB_AUTHORISER"], [], "C3"),
            ("operator", "herefordshire-council", ["OPERATOR"], [], "C1"))
        node = self.node("--principals", str(file))
        self.register(node, HOME, token="feed", commissioners=["herefordshire-council", "hwicb"], jointlyCommissioned=True)
        self.assertEqual("ACCEPTED", node.submit(warning_notice(), token="feed")[0])
        decide = ["--json", "decide", HOME, "--policy", "herefordshire", "--to", "LEVEL_2", "--rationale", "People are at risk"]

        def level():
            levels = node.run("--json", "show", HOME, token="council").json()["levels"]
            return [one for one in levels if one["policy_id"] == "herefordshire"][0]

        def concur(proposal, *more):
            return node.run("--json", "concur", HOME, "--proposal", proposal, *more, token="icb")

        proposed = node.run(*decide, token="council").json()
        self.assertEqual("OUTCOME_PENDING_CONCURRENCE", proposed["outcome"])
        refused = concur(proposed["decision_id"], "--refuse").json()
        self.assertEqual("OUTCOME_BLOCKED", refused["outcome"])
        self.assertIn("Chief Nursing Officer", refused["explanation"])
        self.assertEqual(("LEVEL_1", "LEVEL_2"), (level()["decided_state"], level()["not_agreed_state"]))
        self.assertIn("not agreed: LEVEL_2", node.run("show", HOME, token="council").out)
        urgent = {"source": "cqc/enforcement", "id": "U-1", "subject": f"cqc-location/{HOME}", "occurredAt": now(1),
                  "cqcEnforcementActionRecorded": {"action": "ENFORCEMENT_KIND_URGENT_NOTICE_OF_DECISION"}}
        self.assertEqual("ACCEPTED", node.submit(urgent, token="feed")[0])
        waits = node.run(*decide, token="council").json()
        self.assertEqual("OUTCOME_PENDING_CONCURRENCE", waits["outcome"], "nobody said that it cannot wait")
        alone = node.run(*decide, "--urgency", token="council").json()
        self.assertEqual(("OUTCOME_RECORDED", "LEVEL_2"), (alone["outcome"], alone["decided_state"]))
        self.assertFalse(level().get("not_agreed_state"))
        self.assertEqual("OUTCOME_RECORDED", concur(alone["decision_id"]).json()["outcome"], "asked for afterwards")
        self.assertEqual("LEVEL_2", level()["decided_state"])
        self.assertEqual(0, node.run("verify", token="operator").code)


    def test_a_refused_concurrence_is_on_record_and_leaves_the_proposal_as_it_was(self):
        file = principals(
            self.scratch / "principals.yaml",
            ("feed", "cqc", ["PARTNER"], ["cqc"], "C2"),
            ("manager", "herefordshire-council", ["TEAM_MANAGER"], [], "C3"),
            ("partner", "hwicb", ["TEAM_MANAGER"], [], "C3"),
            ("stranger", "another-council", ["TEAM_MANAGER"], [], "C3"))
        node = self.node("--principals", str(file))
        self.register(node, HOME, token="feed", commissioners=["herefordshire-council", "hwicb"], jointlyCommissioned=True)
        self.assertEqual("ACCEPTED", node.submit(warning_notice(), token="feed")[0])
        proposed = node.run("--json", "decide", HOME, "--policy", "herefordshire", "--to", "LEVEL_2", "--rationale", "Warning notice",
                            token="manager")
        self.assertEqual(0, proposed.code, proposed)

        def said(kind):
            entries = node.run("--json", "timeline", HOME, token="manager").json()["entries"]
            return [one["summary"] for one in entries if one["kind"] == kind]

        concur = ["concur", HOME, "--proposal", proposed.json()["decision_id"]]
        self.assertEqual(6, node.run(*concur, token="stranger").code)
        self.assertTrue(said("decision_proposed")[0].startswith("Waits for the other commissioners [S2 3.4.3]: "), said("decision_proposed"))
        (refused,) = said("decision_concurrence")
        self.assertEqual("REFUSED [S2 3.1.4]: Concurred with a proposed decision: only another of the joint commissioners may concur",
                         refused)
        self.assertEqual(0, node.run(*concur, token="partner").code)
        self.assertTrue(said("decision_proposed")[0].startswith("Recorded [S2 3.1.4]: "), said("decision_proposed"))
        self.assertTrue(said("decision_concurrence")[0].startswith("Recorded [S2 3.1.4]: "), said("decision_concurrence"))


class AlertTest(EndToEnd):
    def whistleblow(self, number=1):
        return {"source": "council/speaking-up", "id": f"WB-{number}", "subject": f"cqc-location/{HOME}",
                "occurredAt": now(1.37), "sourceOrganisation": "herefordshire-council",
                "recordedBy": "night-care-assistant-4",
                "whistleblowingConcernReceived": {"route": "ROUTE_LOCAL_AUTHORITY", "currentAbuseAlleged": True,
                                                  "anonymous": True, "narrative": "Told by Quillfeather on the late shift"}}

    def watch(self, node, *more):
        watching = Lines([str(BIN / "trigpoint"), "--json", "alerts", "--watch", *more], node.environment())
        self.addCleanup(lambda: watching.process.poll() is None and watching.stop())
        return watching

    def test_a_whistleblowing_alert_comes_at_once_and_protects_its_source(self):
        node = self.node()
        self.register(node, HOME)
        watching = self.watch(node, "--from-start")
        event = self.whistleblow()
        submitted = time.monotonic()
        self.assertEqual("ACCEPTED", node.submit(event)[0])
        seen, line = watching.wait_for(lambda text: '"alert_id"' in text, 10, "the alert")
        print(f"alert {seen - submitted:.3f} s after the submit began")
        alert = json.loads(line)["alert"]
        self.assertTrue(alert["detail"]["protected_source"], line)
        self.assertIn("R-URG", [ground["rule"] for ground in alert["detail"]["grounds"]])
        for hidden in ("Quillfeather", "night-care-assistant", event["occurredAt"][11:19]):
            self.assertNotIn(hidden, line)
        code, said = watching.stop()
        self.assertEqual(0, code, said)
        self.assertIn("--resume", said)
        listed = node.run("alerts")
        self.assertEqual(0, listed.code, listed)
        self.assertIn(alert["alert_id"], listed.out)
        acknowledged = node.run("ack", alert["alert_id"])
        self.assertEqual(0, acknowledged.code, acknowledged)
        self.assertIn("No alert is open", node.run("alerts").out)
        self.assertEqual(0, node.run("verify").code)

    def test_a_declined_alert_goes_to_the_next_tier_with_who_and_why(self):
        node = self.node()
        self.register(node, HOME)
        self.assertEqual("ACCEPTED", node.submit(self.whistleblow())[0])
        first = json.loads(node.run("--json", "alerts").out.splitlines()[0])
        personal = node.run("decline", first["alert_id"], "--reason", "she is 943 476 5919")
        self.assertNotEqual(0, personal.code, personal)
        self.assertNotIn("943 476 5919", personal.err)
        declined = node.run("decline", first["alert_id"], "--reason", "the risk summit of 2 March covers it")
        self.assertEqual(0, declined.code, declined)
        lines = node.run("--json", "alerts").out.splitlines()
        self.assertEqual(1, len(lines), "the first tier is answered, the second is open")
        second = json.loads(lines[0])
        self.assertEqual(2, second["detail"]["tier"])
        self.assertEqual([(first["alert_id"], 1, "the risk summit of 2 March covers it")],
                         [(one["alert_id"], one["tier"], one["reason"]) for one in second["declines"]])
        self.assertTrue(second["declines"][0]["declined_by"])
        self.assertIn("the risk summit of 2 March covers it", " ".join(node.run("alerts").out.split()))
        late = node.run("--json", "ack", first["alert_id"])
        self.assertIn("ALERT_DECLINED", late.err)
        self.assertEqual(0, node.run("ack", second["alert_id"]).code)
        self.assertIn("No alert is open", node.run("alerts").out)
        self.assertIn("Declined the review that an alert asks for", node.run("timeline", HOME).out)
        self.assertEqual(0, node.run("verify").code)

    def test_a_resume_token_of_another_node_is_out_of_range(self):
        first = self.node(name="first")
        watching = self.watch(first, "--from-start")
        self.register(first, HOME)
        self.assertEqual("ACCEPTED", first.submit(self.whistleblow())[0])
        _, line = watching.wait_for(lambda text: '"alert_id"' in text, 10, "the alert")
        watching.stop()
        token = json.loads(line)["resume_token"]
        second = self.node(name="second")
        refused = subprocess.run([str(BIN / "trigpoint"), "--json", "alerts", "--watch", "--resume", token],
                                 env=second.environment(), capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(7, refused.returncode, refused)
        self.assertEqual("OUT_OF_RANGE", json.loads(refused.stderr)["error"]["code"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
