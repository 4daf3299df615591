"""Somebody who may read tries to learn who blew the whistle, how many did, and when, and fails."""

import datetime
import hashlib
import json
import re
import unittest
import urllib.request
import zoneinfo

from answers_test import principals
from harness import BIN, EndToEnd, Lines, free_port, incident, now, wait_until
from receiver import SECRET, Receiver

NONE, ONE, TWO = "1-900000001", "1-900000002", "1-900000003"
HOMES = (NONE, ONE, TWO)
LONDON = zoneinfo.ZoneInfo("Europe/London")
NOISE = 4
SECRETS = ("speaking-up", "WB-", "night-care-assistant", "Quillfeather", "whistle-council", "ROUTE_LOCAL_AUTHORITY",
           "THEME_NEGLECT")
# The reports that the attacker sends to know the time by: they are its own, and open.
TICK = "home/incidents"


def instants(found):
    """Every instant in an answer, at any depth."""
    texts = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", json.dumps(found))
    return {datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in texts}


def this_instant():
    return datetime.datetime.now(datetime.timezone.utc)


def day_start(instant):
    return instant.astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0)


class AttackerTest(EndToEnd):
    def setUp(self):
        super().setUp()
        if this_instant() + datetime.timedelta(minutes=5) >= day_start(this_instant()) + datetime.timedelta(days=1):
            self.skipTest("the day in London ends: what is told by the day would be told of two")
        file = principals(
            self.scratch / "principals.yaml",
            ("feed", "home", ["PARTNER"], ["cqc", "home"], "C2"),
            ("whistle-feed", "whistle-council", ["PARTNER"], ["council"], "C2"),
            ("c2", "herefordshire-council", ["QUALITY_READER"], [], "C2"),
            ("c3", "herefordshire-council", ["QUALITY_READER", "ALERT_RECEIVER"], [], "C3"),
            ("outside", "another-council", ["QUALITY_READER", "QUALITY_DECIDER", "ALERT_RECEIVER"], [], "C3"),
            ("decider", "herefordshire-council", ["QUALITY_READER", "QUALITY_DECIDER"], [], "C3"),
            ("ig", "herefordshire-council", ["PRIVACY_OFFICER"], [], "C3"),
            ("operator", "herefordshire-council", ["OPERATOR"], [], "C1"))
        self.desk, self.elsewhere = Receiver(), Receiver()
        self.addCleanup(self.desk.close)
        self.addCleanup(self.elsewhere.close)
        secret = self.scratch / "secret"
        secret.write_text(SECRET + "\n", encoding="utf-8")
        secret.chmod(0o600)
        webhook = {"secret_file": str(secret), "send": ["alerts"]}
        config = self.scratch / "node.yaml"
        config.write_text(json.dumps({"webhooks": [
            {"name": "desk", "url": self.desk.url, **webhook},
            {"name": "elsewhere", "url": self.elsewhere.url, "organisation": "another-council", **webhook}]}),
            encoding="utf-8")
        self.metrics = free_port()
        self.server = self.node("--principals", str(file), "--config", str(config),
                                "--metrics-listen", f"127.0.0.1:{self.metrics}")
        for home in HOMES:
            self.register(self.server, home, token="feed", organisation="1-77")
        self.spoken = []  # Between which two instants each report was submitted.
        self.happened = []  # And what it says happened.
        for number in range(NOISE):
            for home in HOMES:
                self.tick(home, number)
            if number == 1:
                self.whistle(ONE, 1)
                self.whistle(TWO, 2)
            if number == 2:
                self.whistle(TWO, 3)
        wait_until(lambda: len(self.ask("alerts").lines()) == 2, 30, "the alerts of both homes")

    def tick(self, home, number):
        event = incident(home, f"{home}-{number}", occurredAt=now(number + 1))
        outcome, result = self.server.submit(event, token="feed")
        self.assertEqual("ACCEPTED", outcome, result)

    def whistle(self, home, number):
        before = this_instant()
        occurred = now(1.37)
        self.happened.append(occurred)
        outcome, result = self.server.submit({
            "source": "council/speaking-up", "id": f"WB-{number}", "subject": f"cqc-location/{home}",
            "occurredAt": occurred, "sourceOrganisation": "whistle-council", "recordedBy": "night-care-assistant-4",
            "themes": ["THEME_NEGLECT"],
            "whistleblowingConcernReceived": {"route": "ROUTE_LOCAL_AUTHORITY", "currentAbuseAlleged": True,
                                              "anonymous": True, "narrative": "Told by Quillfeather"}}, token="whistle-feed")
        self.assertEqual("ACCEPTED", outcome, result)
        self.spoken.append((before, this_instant()))

    def ask(self, *arguments, token="c3"):
        result = self.server.run("--json", *arguments, token=token)
        self.assertEqual(0, result.code, result)
        return result

    def everything(self, home, token):
        """Whatever the API says of a home."""
        found = {
            "provider": self.ask("show", home, token=token).json(),
            "listed": self.ask("providers", "--all", "--filter", f'name = "House {home}"', token=token).lines(),
            "timeline": self.ask("timeline", home, "--all", token=token).lines(),
            "proof": self.ask("why", home, "--full", token=token).json(),
            "coverage": self.ask("coverage", home, token=token).json(),
            "duplicates": self.ask("duplicates", home, token=token).json() if token != "c2" else None,
            "recommendations": [one for one in self.ask("recommendations", "--all", token=token).lines()
                                if one["display_name"] == f"House {home}"],
            "alerts": [one for one in self.ask("alerts", token=token).lines() if one["display_name"] == f"House {home}"],
            "reports": [self.ask("report", kind, home, *redaction, token=token).json()
                        for kind in ("rapid-quality-review", "risk-summit", "pre-visit")
                        for redaction in ((), ("--redaction", "partner"), ("--redaction", "provider"))],
        }
        self.assertEqual(1, len(found["listed"]), found["listed"])
        return found

    def without_names(self, found, home):
        """The same for every home that is told the same: without its ids, and the hashes that follow from them, and
        without the instants of what the attacker itself has sent, and at which it asks."""
        text = json.dumps(found, sort_keys=True).replace(found["provider"]["stream_id"], "STREAM").replace(home, "HOME")
        kept = json.loads(text)
        for entry in kept["timeline"]:
            if entry["source"] in (TICK, "cqc/directory"):
                entry["known_at"] = entry["occurred_at"] = "its own"
                entry["event"] = {"id": entry["id"]}
        for proof in kept["proof"]:
            proof["as_of"] = "now"
        kept["coverage"]["as_of"] = "now"
        for heard in kept["coverage"]["categories"] + kept["coverage"]["feeds"]:
            heard.pop("last_at", None)
        for report in kept["reports"]:
            report["as_of"] = report["fingerprint"] = "now"
            self.assertTrue(report["caveats"][0].startswith("The period is"), report["caveats"])
            del report["caveats"][0]
        hashes = {}
        text = re.sub(r"\b[0-9a-f]{16,64}\b", lambda match: hashes.setdefault(match.group(), f"HASH-{len(hashes)}"),
                      json.dumps(kept, sort_keys=True))
        return json.loads(text)

    def assert_no_time(self, found, asked_at):
        """No instant is that of a report, nor that by which its alert is to be acknowledged."""
        for occurred in self.happened:
            self.assertNotIn(occurred, json.dumps(found))
        for instant in instants(found):
            if instant >= asked_at:
                continue
            for hours in (0, 4):
                shifted = instant - datetime.timedelta(hours=hours)
                for before, after in self.spoken:
                    self.assertFalse(before <= shifted <= after, f"{instant} tells when a report came: {json.dumps(found)}")

    def assert_no_names(self, text):
        for secret in SECRETS:
            self.assertNotIn(secret, text)

    def test_nothing_that_can_be_read_names_or_times_a_report(self):
        for token in ("c2", "c3"):
            for home in (ONE, TWO):
                asked_at = this_instant()
                found = self.everything(home, token)
                self.assert_no_names(json.dumps(found))
                self.assert_no_time(found, asked_at)
                self.assertEqual(1, len(found["alerts"]), "it came, at once")
                self.assertTrue(found["alerts"][0]["detail"]["protected_source"])
                raised = datetime.datetime.fromisoformat(found["alerts"][0]["raised_at"].replace("Z", "+00:00"))
                self.assertEqual(day_start(self.spoken[0][0]), raised)

    def test_one_report_cannot_be_told_from_two(self):
        """Two readings, one of a home of which one person spoke and one of which two did: no difference."""
        for token in ("c2", "c3"):
            one, two, none = (self.everything(home, token) for home in (ONE, TWO, NONE))
            self.assertEqual(self.without_names(one, ONE), self.without_names(two, TWO))
            self.assertEqual(none["provider"]["revision"], one["provider"]["revision"])

            def places(found, home):
                return [(entry["revision"], entry["id"].replace(home, "")) for entry in found["timeline"]
                        if entry["source"] == TICK]

            self.assertEqual(places(none, NONE), places(one, ONE), "no gap where it came")
        for text in ("open_alerts > 1", "open_alerts >= 2"):
            self.assertEqual([], self.ask("providers", "--all", "--filter", text).lines(), text)
        self.assertEqual(2, len(self.ask("providers", "--all", "--filter", "open_alerts = 1").lines()))

    def test_halving_the_day_finds_no_hour(self):
        first = self.spoken[0][0]
        midnight = day_start(first)
        steps = [midnight + (this_instant() - midnight) * part / 3 for part in range(3)]
        steps += [first, self.spoken[0][1], self.spoken[-1][1]]

        def answers(home):
            found = []
            for instant in steps:
                as_of = ("--as-of", instant.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
                result = self.server.run("--json", "show", home, *as_of, token="c3")
                timeline = self.server.run("--json", "timeline", home, "--all", *as_of, token="c3")
                proof = self.server.run("--json", "why", home, *as_of, token="c3")
                told = re.sub(r'"(as_of|next_page_token)": *"[^"]*"', "", proof.out)
                found.append((result.code, result.out, timeline.out, told))
            return found

        self.assertEqual(1, len(set(answers(ONE))), "every instant of the day is answered alike")
        self.assertGreater(len(set(answers(NONE))), 1, "of another home the past is exact")

    def test_what_two_readers_may_see_joins_to_no_more(self):
        low, high = (self.ask("timeline", TWO, "--all", token=token).lines() for token in ("c2", "c3"))
        self.assertEqual([(one["revision"], one["kind"], one["id"]) for one in low],
                         [(one["revision"], one["kind"], one["id"]) for one in high])
        others = [one for one in high if one["kind"] == "other_sources"]
        self.assertEqual(1, len(others), "one line, however many spoke that day")
        self.assertNotIn("occurred_at", {key for key, value in others[0].items() if value})

    def test_outside_nobody_counts_fewer_than_five_reports_about_people(self):
        def told(home):
            found = self.everything(home, "outside")
            return found, [entry["kind"] for entry in found["timeline"]]

        found, kinds = told(NONE)
        self.assertNotIn("incident_reported", kinds)
        self.assertEqual(1, kinds.count("few_reports"))
        self.assertNotIn(TICK, json.dumps(found))
        self.assertEqual("0", found["provider"]["revision"])
        self.tick(NONE, NOISE)
        found, kinds = told(NONE)
        self.assertEqual(NOISE + 1, kinds.count("incident_reported"), "five are no small number")
        self.assertTrue(all(entry["hidden"] for entry in found["timeline"] if entry["kind"] == "incident_reported"))
        self.assert_no_names(json.dumps(told(ONE)))

    def test_pages_of_one_entry_say_what_one_page_says(self):
        whole = self.ask("timeline", TWO, "--all").lines()
        paged = []
        token = ""
        while True:
            page = self.ask("timeline", TWO, "--page-size", "1", *(["--page-token", token] if token else [])).json()
            paged += page["entries"]
            token = page["next_page_token"]
            if not token:
                break
        self.assertEqual(whole, paged)

    def test_a_guess_is_not_confirmed_by_an_id(self):
        """The id of an alert is a hash of what it rests on: here it has another name."""
        stream = self.ask("show", ONE).json()["stream_id"]

        def guess(report, of=stream):
            return hashlib.sha256(f"{of}\nrapid-quality-review\ne:{report}".encode()).hexdigest()[:32]

        outcome, result = self.server.submit({
            "source": "home/risks", "id": "risk-1", "subject": f"cqc-location/{NONE}", "occurredAt": now(0.1),
            "immediateRiskAsserted": {"grade": "GRADE_IMMEDIATE", "assertedByRole": "manager"}}, token="feed")
        self.assertEqual("ACCEPTED", outcome, result)
        listed = wait_until(lambda: len(found := self.ask("alerts").lines()) == 3 and found, 30, "an open alert")
        known = {one["display_name"]: one["alert_id"] for one in listed}
        self.assertEqual(guess("home/risks/risk-1", self.ask("show", NONE).json()["stream_id"]), known[f"House {NONE}"],
                         "of an open report the guess is right")
        self.assertNotIn(guess("council/speaking-up/WB-1"), json.dumps(self.everything(ONE, "c3")))
        refused = self.server.run("ack", guess("council/speaking-up/WB-1"), token="c3")
        self.assertEqual(4, refused.code, refused)
        acknowledged = self.ask("ack", known[f"House {ONE}"])
        self.assertEqual(known[f"House {ONE}"], acknowledged.json()["alert_id"])
        self.assertEqual(known[f"House {ONE}"], self.ask("ack", known[f"House {ONE}"]).json()["alert_id"], "again")
        self.assert_no_names(self.ask("timeline", ONE, "--all").out)
        self.assertEqual(0, self.server.run("verify", token="operator").code, "the log is exact")

    def exports(self, home):
        """Whatever is given out about a home, to anybody."""
        return {profile: self.ask("disclose", home, "--profile", profile, "--to", "somebody", "--basis", "legal-obligation",
                                  "--authority", "FOI-1", token="ig").lines() for profile in ("public", "provider", "partner")}

    def test_exports_join_to_no_more(self):
        """Somebody who is given all three exports of a home and of another, and reads besides: no difference."""
        def told(home):
            asked_at = this_instant()
            found = self.exports(home)
            self.assert_no_names(json.dumps(found))
            self.assert_no_time(found, asked_at)
            for lines in found.values():
                lines[0]["header"]["made_at"] = "now"
            stream = found["public"][0]["header"]["provider"].removeprefix("providers/")
            hashes = {}
            text = json.dumps(found, sort_keys=True).replace(stream, "STREAM").replace(home, "HOME")
            return json.loads(re.sub(r"\b[0-9a-f]{16,64}\b",
                                     lambda match: hashes.setdefault(match.group(), f"HASH-{len(hashes)}"), text))

        none, one, two = (told(home) for home in HOMES)
        self.assertEqual(one, two)
        for profile in one:
            kinds = [[line["entry"]["kind"] for line in found[profile][1:-1]] for found in (none, one)]
            self.assertEqual(kinds[0], kinds[1], f"{profile}: that anybody spoke is given to nobody")
            self.assertEqual(none[profile][-1], one[profile][-1], "nor counted")
        # What an export leaves out is in no read with a name that the export has.
        read = {entry["id"] for entry in self.ask("timeline", TWO, "--all").lines() if entry["kind"] == "other_sources"}
        self.assertEqual({""}, read)

    def test_what_outside_is_told_by_messages_and_watches_joins_to_no_more(self):
        outcome, result = self.server.submit({
            "source": "home/risks", "id": "risk-1", "subject": f"cqc-location/{NONE}", "occurredAt": now(0.1),
            "immediateRiskAsserted": {"grade": "GRADE_IMMEDIATE", "assertedByRole": "manager"}}, token="feed")
        self.assertEqual("ACCEPTED", outcome, result)
        sent = self.elsewhere.wait_for(lambda r: len(r.taken()) >= 3 and r.taken(), 30, "all three alerts")
        watch = Lines([str(BIN / "trigpoint"), "--json", "alerts", "--watch", "--from-start"], self.server.environment("outside"))
        self.addCleanup(watch.process.kill)

        def watched():
            return [one["alert"] for _, line in list(watch.lines) if "alert" in (one := json.loads(line))]

        wait_until(lambda: len(watched()) >= 3, 30, "the same by watching")
        watch.stop()
        listed = self.ask("alerts", "--all", token="outside").lines()
        asked_at = this_instant()

        def told(alert):
            return {key: value for key, value in alert.items() if key not in ("provider", "display_name", "ids", "alert_id")}

        for alerts in ([message.data for message in sent], watched(), listed):
            self.assert_no_names(json.dumps(alerts))
            self.assertNotIn("home/risks", json.dumps(alerts), "one report is fewer than five")
            by_home = {alert["display_name"]: alert for alert in alerts}
            self.assertEqual({f"House {home}" for home in HOMES}, set(by_home))
            detail = [json.dumps(told(by_home[f"House {home}"]), sort_keys=True).replace(home, "HOME") for home in (ONE, TWO)]
            hashed = [re.sub(r"\b[0-9a-f]{16,64}\b", "HASH", text) for text in detail]
            self.assertEqual(hashed[0], hashed[1])
            self.assert_no_time([by_home[f"House {home}"] for home in (ONE, TWO)], asked_at)
        inside = self.desk.wait_for(lambda r: len(r.taken()) >= 3 and r.taken(), 30, "the same at the desk")
        self.assertEqual({one.id for one in inside}, {one.id for one in sent}, "no alert that only one of them is told of")

    def test_what_people_find_about_reports_names_none_of_them(self):
        """Whoever decides about duplicates tries the number of a report: it is as unknown as one that was made up."""
        def tried(guess, *more):
            result = self.server.run("--json", "duplicates", ONE, "--confirm", f"{TICK}/incident-{ONE}-1", guess,
                                     "--rationale", "trying", *more, token="decider")
            return result.code, result.err.replace(guess, "GUESS")

        self.assertEqual(4, tried("council/speaking-up/WB-1")[0])
        self.assertEqual(tried("council/speaking-up/WB-9"), tried("council/speaking-up/WB-1"))
        counts = [{one["provider"]["display_name"]: (one["incidents"], one["themes"])
                   for one in self.ask("siblings", home).json()["siblings"]} for home in HOMES]
        joined = {name: told for found in counts for name, told in found.items()}
        self.assertEqual(3, len(joined))
        self.assertEqual(1, len({json.dumps(told) for told in joined.values()}), "nobody who spoke is counted")
        # Outside: not even that there are duplicates, nor how many incidents.
        for source in ("home", "cqc"):
            report = incident(NONE, f"same-{source}", source=f"{source}/same", occurredAt=now(1),
                              themes=["THEME_ABUSE", "THEME_CONSENT_RESTRAINT"])
            self.assertEqual("ACCEPTED", self.server.submit(report, token="feed")[0])
        wait_until(lambda: self.ask("duplicates", NONE).json()["pairs"], 30, "a pair, inside")
        self.assertEqual([], self.ask("providers", "--all", "--filter", "duplicates_open = true", token="outside").lines())
        self.assertEqual(1, len(self.ask("providers", "--all", "--filter", "duplicates_open = true").lines()))
        told = self.everything(NONE, "outside")
        self.assertEqual((True, []), (told["duplicates"]["withheld"], told["duplicates"]["pairs"]))
        self.assertEqual(0, told["provider"]["duplicates_open"])
        siblings = self.ask("siblings", ONE, token="outside").json()
        self.assertTrue(all(one["incidents_withheld"] and not one["incidents"] for one in siblings["siblings"]))
        self.assertEqual(0, siblings["incidents"])
        pair = ("--confirm", "home/same/incident-same-home", "cqc/same/incident-same-cqc", "--rationale", "x")
        self.assertEqual(5, self.server.run("duplicates", NONE, *pair, token="outside").code)
        self.ask("duplicates", NONE, *pair, token="decider")
        found = [entry for entry in self.everything(NONE, "outside")["timeline"] if entry["kind"] == "cluster_confirmed"]
        self.assertEqual(1, len(found))

    def test_no_message_metric_or_trace_tells_more(self):
        messages = self.desk.wait_for(lambda r: len(r.taken()) >= 2 and r.taken(), 30, "both alerts")
        self.assertEqual(2, len(messages), "one for each home, however many spoke")
        for message in messages:
            body = json.loads(message.body)
            self.assert_no_names(message.body.decode())
            self.assert_no_time(body, this_instant())
            self.assertEqual(sorted(one["alert_id"] for one in self.ask("alerts").lines()), sorted(one.id for one in messages))
        traced = self.ask("trace", TICK, f"incident-{TWO}-1", token="feed").json()
        self.assert_no_names(json.dumps(traced))
        self.assertEqual(0, traced["other_reports"])
        self.assert_no_time(traced, this_instant())
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        seen = re.search(r'trigpoint_last_event_timestamp_seconds\{source="council/speaking-up"\} (\S+)', text)
        self.assertEqual(day_start(self.spoken[0][0]).timestamp(), float(seen.group(1)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
