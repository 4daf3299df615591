"""Protected sources, disclosure and retention: the vault and who reads it, exports by profile, erasure by age."""

import json
import os
import unittest

from answers_test import principals
from harness import EndToEnd, incident, now, wait_until

HOME = "1-900000001"
NAME = "Nurse Threlkeld of the night shift"


def concern(number=1, identity=NAME, **payload):
    event = {"source": "council/concerns", "id": f"W-{number}", "subject": f"cqc-location/{HOME}", "occurredAt": now(2),
             "whistleblowingConcernReceived": {"currentAbuseAlleged": True, "narrative": "seen on the ward", **payload}}
    if identity is not None:
        event["whistleblowingConcernReceived"]["reporterIdentity"] = identity
    return event


class PrivacyEndToEnd(EndToEnd):
    def run_ok(self, node, *arguments, **more):
        result = node.run(*arguments, **more)
        self.assertEqual(0, result.code, result)
        return result

    def disclosures(self, node):
        path = node.data / "disclosures.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class VaultTest(PrivacyEndToEnd):
    IDENTITY = ("identity", HOME, "--record", "council/concerns", "W-1")

    def assert_hidden(self, node, *results):
        self.assert_nowhere("Threlkeld", node.directory)
        for result in results:
            self.assertNotIn("Threlkeld", result.out + result.err)

    def test_an_identity_is_in_the_vault_alone_and_the_intake_officer_alone_reads_it(self):
        file = principals(
            self.scratch / "principals.yaml", ("feed", "council", ["PARTNER"], ['"*"'], "C2"),
            ("intake", "council", ["INTAKE_OFFICER"], [], "C2"), ("operator", "icb", ["OPERATOR"], [], "C5"),
            ("reader", "icb", ["QUALITY_READER"], [], "C5"), ("ig", "icb", ["PRIVACY_OFFICER"], [], "C5"))
        node = self.node("--principals", str(file), "--log-level", "debug")
        self.register(node, HOME, token="feed")
        report = concern()
        outcome, result = node.submit(report, token="feed")
        self.assertEqual("ACCEPTED", outcome, result)
        self.assertEqual("DUPLICATE", node.submit(report, token="feed")[0])
        self.assertEqual("ACCEPTED", node.submit(dict(report, sourceVersion=2), token="feed")[0])
        for who in ("operator", "reader", "feed", "ig"):
            refused = node.run("--json", *self.IDENTITY, "--authority", "SAB-1", token=who)
            self.assertEqual(5, refused.code, who)
        shown = self.run_ok(node, "--json", "timeline", HOME, "--all", token="reader")
        read = self.run_ok(node, *self.IDENTITY, "--authority", "SAB-2026-004", token="intake")
        self.assertEqual(NAME, read.out.strip())
        line = self.disclosures(node)[-1]
        self.assertEqual(("intake", "SAB-2026-004", "C5"), (line["principal"], line["authority"], line["sensitivity"]))
        self.assertTrue(line["method"].endswith("ReadProtectedIdentity"), line)
        unnamed = node.run(*self.IDENTITY, "--authority", "", token="intake")
        self.assertIn("authority_ref", unnamed.err)
        backup = self.scratch / "backup"
        self.run_ok(node, "backup", backup, "--keys", self.scratch / "backup-keys", token="operator")
        self.assertEqual([], [path for path in backup.rglob("*") if "vault" in path.name])
        self.assert_hidden(node, shown, result)
        self.assert_nowhere("Threlkeld", backup)
        # Killed and started again, it is there; the same report is still the same.
        node.stop()
        node.start()
        self.assertEqual(NAME, self.run_ok(node, *self.IDENTITY, "--authority", "SAB-1", token="intake").out.strip())
        self.assertEqual("DUPLICATE", node.submit(dict(report, sourceVersion=2), token="feed")[0])

    def test_of_what_is_refused_the_identity_is_kept_nowhere(self):
        node = self.node()
        self.register(node, HOME)
        outcome, result = node.submit(dict(concern(), sensitivity="SENSITIVITY_C0_PUBLIC"))
        self.assertNotEqual("ACCEPTED", outcome, result)
        self.assertIn("IDENTITY_NOT_KEPT", result.out + result.err)
        broken = self.scratch / "rows.jsonl"
        broken.write_text(json.dumps(concern(2))[:-1] + ', "nonsense": 1}\n', encoding="utf-8")
        imported = node.run("--json", "import", "--source", "council/concerns", broken)
        broken.unlink()
        kept = self.run_ok(node, "--json", "refused").lines()
        self.assertEqual(2, len(kept), imported)
        shown = [node.run("--json", "refused", one["quarantine_id"]) for one in kept]
        self.assert_hidden(node, result, imported, *shown)

    def test_a_node_without_a_vault_refuses_it_and_keeps_the_rest(self):
        node = self.node("--vault-directory", "")
        self.register(node, HOME)
        outcome, result = node.submit(concern())
        self.assertNotEqual("ACCEPTED", outcome, result)
        self.assertIn("VAULT_NOT_AVAILABLE", result.out + result.err)
        self.assertEqual("ACCEPTED", node.submit(concern(identity=None))[0])
        self.assertFalse((node.data / "vault").exists())
        self.assert_hidden(node, result)

    def test_erasure_ends_it_for_ever_and_a_hold_keeps_it(self):
        node = self.node()
        self.register(node, HOME)
        self.assertEqual("ACCEPTED", node.submit(concern())[0])
        record = ("--record", "council/concerns", "W-1", "--authority")
        hold = self.run_ok(node, "--json", "hold", HOME, *record, "CORONER-7").json()["hold_id"]
        self.assertIn("legal hold", node.run("erase", HOME, *record, "IG-1").err)
        self.run_ok(node, "release-hold", HOME, hold, "--authority", "CORONER-8")
        erased = self.run_ok(node, "--json", "erase", HOME, *record, "IG-1").json()
        self.assertEqual(2, erased["keys"], "the text and the identity")
        gone = node.run(*self.IDENTITY, "--authority", "SAB-1")
        self.assertNotEqual(0, gone.code, gone)
        self.assertIn("ERASED", gone.out + gone.err)
        outcome, again = node.submit(dict(concern(), sourceVersion=2))
        self.assertNotEqual("ACCEPTED", outcome)
        self.assertIn("ERASED", again.out + again.err)
        # The proof stands in the timeline, which C2 readers see: it does not say which report it was.
        proof = [line for line in self.run_ok(node, "--json", "timeline", HOME, "--all").lines()
                 if line["kind"] == "personal_data_erased"]
        self.assertEqual(1, len(proof))
        self.assertNotIn("W-1", json.dumps(proof))
        self.assertEqual(erased["erasure_id"], self.run_ok(node, "--json", "erase", HOME, *record, "IG-1").json()["erasure_id"])
        self.assertEqual(0, node.run("verify").code)

    def test_offline_assessment_shows_nothing_of_it(self):
        node = self.node(start=False)
        events = self.scratch / "events.jsonl"
        events.write_text(json.dumps(concern()) + "\n", encoding="utf-8")
        assessed = node.run("--json", "assess", "--policy", "herefordshire", "--events", events)
        self.assertEqual(0, assessed.code, assessed)
        self.assertNotIn("Threlkeld", assessed.out + assessed.err)

    def test_doctor_says_that_no_backup_holds_the_vault(self):
        node = self.node()
        found = {one["check"]: one for one in node.run("--json", "doctor", "--data", node.data).json()}
        self.assertEqual("good", found["vault"]["finding"])
        self.assertIn("no backup", found["vault"]["found"])
        os.chmod(node.data / "vault.kek", 0o644)
        found = {one["check"]: one for one in node.run("--json", "doctor", "--data", node.data).json()}
        self.assertEqual("BAD", found["vault"]["finding"])


class DisclosureTest(PrivacyEndToEnd):
    AUTHORITY = ("--basis", "legal-obligation", "--authority", "FOI-2026-012")

    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.register(self.server, HOME)
        self.report = incident(HOME, 1)
        self.report["incidentReported"].update(narrative="Mrs Quillfeather fell", ward="Bluebell")
        self.assertEqual("ACCEPTED", self.server.submit(self.report)[0])

    def disclose(self, profile, *arguments, to="rose-house-ltd"):
        return self.server.run("--json", "disclose", HOME, "--profile", profile, "--to", to, *self.AUTHORITY, *arguments)

    def parts(self, profile, *arguments):
        result = self.disclose(profile, *arguments)
        self.assertEqual(0, result.code, result)
        lines = result.lines()
        self.assertIn("header", lines[0])
        self.assertIn("trailer", lines[-1])
        return lines[0]["header"], [line["entry"] for line in lines[1:-1]], lines[-1]["trailer"]

    # Rule: PR-31; S4 4.3-4.4
    def test_each_profile_gives_what_it_may_and_is_on_record_first(self):
        header, entries, trailer = self.parts("provider")
        self.assertIn("incident_reported", [entry["kind"] for entry in entries])
        self.assertEqual(len(entries), trailer["entries"])
        text = json.dumps(entries)
        for secret in ("Quillfeather", "Bluebell", "home/incidents", "incident-1"):
            self.assertNotIn(secret, text)
        line = self.disclosures(self.server)[-1]
        self.assertEqual(("FOI-2026-012", header["disclosure_id"], "rose-house-ltd", "C3"),
                         (line["authority"], line["reference"], line["requester"], line["sensitivity"]))
        said = [entry for entry in self.server.run("--json", "timeline", HOME, "--all").lines()
                if entry["kind"] == "disclosure_made"]
        self.assertEqual(1, len(said))
        self.assertIn("profile PROVIDER", json.dumps(said))
        self.assertNotIn("incident_reported", [entry["kind"] for entry in self.parts("public")[1]])
        partner = json.dumps(self.parts("partner")[1])
        self.assertIn("home/incidents", partner)
        self.assertNotIn("Quillfeather", partner)
        own = self.parts("subject-access", "--record", self.report["source"], self.report["id"])[1]
        self.assertIn("Quillfeather", json.dumps(own))
        self.assertEqual(4 + 1, len(self.disclosures(self.server)), "four exports, and one timeline")

    def test_whoever_blew_the_whistle_changes_no_export(self):
        profiles = ("public", "provider", "partner")
        before = {profile: self.parts(profile)[1:] for profile in profiles}
        for number in range(1, 4):
            self.assertEqual("ACCEPTED", self.server.submit(concern(number))[0])
        wait_until(lambda: self.server.run("--json", "alerts").lines(), 20, "the alert that it raises")
        for profile in profiles:
            self.assertEqual(before[profile], self.parts(profile)[1:], profile)
        named = self.disclose("subject-access", "--record", "council/concerns", "W-1")
        self.assertNotEqual(0, named.code, named)
        self.assertEqual("", named.out)

    def test_it_goes_into_a_file_that_is_there_whole_or_not_at_all(self):
        file = self.scratch / "rose.jsonl"
        result = self.server.run("disclose", HOME, "--profile", "partner", "--to", "icb", *self.AUTHORITY, "--output", file)
        self.assertEqual(0, result.code, result)
        self.assertIn("left out", result.out)
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        self.assertIn("trailer", lines[-1])
        self.assertEqual(0o600, file.stat().st_mode & 0o777)
        told = len(self.disclosures(self.server))
        again = self.server.run("disclose", HOME, "--profile", "partner", "--to", "icb", *self.AUTHORITY, "--output", file)
        self.assertNotEqual(0, again.code)
        self.assertEqual(told, len(self.disclosures(self.server)), "nothing was given")
        table = self.server.run("disclose", HOME, "--profile", "partner", "--to", "icb", *self.AUTHORITY)
        self.assertIn("incident_reported", table.out)

    def test_a_crash_in_the_middle_leaves_the_record_of_the_disclosure(self):
        header = self.parts("partner")[0]
        self.server.stop()
        self.server.start()
        self.assertIn(header["disclosure_id"], self.server.run("--json", "timeline", HOME, "--all").out)
        self.assertEqual(header["disclosure_id"], self.disclosures(self.server)[0]["reference"])

    def test_what_is_missing_or_personal_is_named(self):
        self.assertIn("requester", self.disclose("partner", to="").err)
        personal = self.disclose("partner", to="943 476 5919")
        self.assertIn("requester", personal.err)
        self.assertNotIn("5919", personal.err)
        self.assertIn("record", self.disclose("subject-access").err)
        self.assertNotEqual(0, self.disclose("everybody").code)
        self.assertEqual([], self.disclosures(self.server))


class RetentionTest(PrivacyEndToEnd):
    def configured(self, text, name="node"):
        file = self.scratch / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        return ("--config", str(file))

    def history(self):
        """A service and two incidents with texts, one of them ten years old."""
        path = self.scratch / "history.jsonl"
        events = [{"source": "cqc/directory", "id": "r", "subject": f"cqc-location/{HOME}", "occurred_at": now(4000),
                   "received_at": now(4000), "service_registered": {"name": "Rose House"}}]
        for number, days in ((1, 3650), (2, 100)):
            old = incident(HOME, number, occurredAt=now(days), received_at=now(days - 1))
            old["incidentReported"]["narrative"] = f"text of {number}"
            events.append(old)
        path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        return path

    def test_the_node_erases_by_itself_what_is_past_its_rule(self):
        node = self.node()
        self.run_ok(node, "import", "--backfill", self.history())
        nothing = node.run("erase", "--retention", "--check")
        self.assertNotEqual(0, nothing.code)
        self.assertIn("no rule of retention", nothing.err + nothing.out)
        self.assertIn("text of 1", node.run("--json", "timeline", HOME, "--all").out)
        node.terminate()
        node.arguments = self.configured("retention:\n  - {of: incident_reported, years: 8}\n")
        node.start()
        shown = wait_until(lambda: [line for line in node.run("--json", "timeline", HOME, "--all").lines()
                                    if line["kind"] == "personal_data_erased"], 20, "the proof")
        self.assertIn("retention:incident_reported", json.dumps(shown))
        text = node.run("--json", "timeline", HOME, "--all").out
        self.assertNotIn("text of 1", text)
        self.assertIn("text of 2", text)
        self.assertIn('"retention_ran"', node.printed())
        self.assertEqual(0, self.run_ok(node, "--json", "erase", "--retention", "--check").json()["keys"])
        self.assertEqual(0, node.run("verify").code)

    def test_asked_it_says_what_it_would_do_and_a_hold_stands_against_it(self):
        node = self.node(*self.configured("retention:\n  - {of: C3, years: 8}\n"))
        wait_until(lambda: '"retention_ran"' in node.printed(), 20, "the first run")
        self.run_ok(node, "import", "--backfill", self.history())
        asked = self.run_ok(node, "--json", "erase", "--retention", "--check").json()
        self.assertEqual((1, ["incident-1"]), (asked["keys"], [one["id"] for one in asked["records"]]))
        self.run_ok(node, "hold", HOME, "--record", "home/incidents", "incident-1", "--authority", "CORONER-7")
        spared = self.run_ok(node, "--json", "erase", "--retention").json()
        self.assertEqual((0, ["incident-1"]), (spared["keys"], [one["id"] for one in spared["held"]]))
        self.assertIn("text of 1", node.run("--json", "timeline", HOME, "--all").out)

    def test_rules_are_read_strictly(self):
        for text, said in (("retention:\n  - {of: C3}\n", "needs `of` and `years`"),
                           ("retention:\n  - {of: C9, years: 1}\n", "`of`"),
                           ("retention:\n  - {of: C3, years: 0}\n", "`years`"),
                           ("retention:\n  - {of: C3, years: 1}\n  - {of: C3, years: 2}\n", "two rules"),
                           ("retention:\n  - {of: C3, months: 1}\n", "unknown key `months`")):
            node = self.node("--check-config", *self.configured(text), start=False, name="checked")
            checked = node.run_to_its_end()
            self.assertNotEqual(0, checked.code, text)
            self.assertIn(said, checked.err)
            self.assertIn(":2:" if "two" not in said else ":3:", checked.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
