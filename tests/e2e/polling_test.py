"""Polling the regulator's public API: only what changed becomes news, whatever is killed and whatever it answers."""

import copy
import json
import re
import subprocess
import unittest

from answers_test import principals
from cqc_api import KEY, CqcApi
from harness import BIN, ROOT, EndToEnd, Lines, Result, wait_until

DATA = ROOT / "tests/data"
SAMPLES = ROOT.parent / "shared/data/cqc_api_oldham_2025/samples"
HOME = "1-117886088"  # Elizabeth House: requires improvement.
CLOSING = "1-1998181488"
QUIET = "1-545872379"


def committed():
    """18 locations and one provider."""
    documents = [json.loads(line) for line in (DATA / "cqc_locations_excerpt.jsonl").read_text(encoding="utf-8").splitlines()]
    documents.append(json.loads((DATA / "cqc_location_excerpt.json").read_text(encoding="utf-8")))
    return documents + json.loads((DATA / "cqc_providers_excerpt.json").read_text(encoding="utf-8"))


def rated_inadequate(document):
    """The document after a new report; the old one is history."""
    changed = copy.deepcopy(document)
    overall = changed["currentRatings"]["overall"]
    anew = [{"name": one["name"], "rating": one["rating"]} for one in overall["keyQuestionRatings"]
            if one["reportDate"] == overall["reportDate"]]
    changed["historicRatings"].insert(0, {
        "reportDate": overall["reportDate"], "reportLinkId": overall["reportLinkId"],
        "overall": {"rating": overall["rating"], "keyQuestionRatings": anew}})
    report = {"reportDate": "2025-02-20", "reportLinkId": "11111111-2222-3333-4444-555555555555"}
    overall.update(report, rating="Inadequate")
    overall["keyQuestionRatings"][0].update(report, rating="Inadequate")
    changed["currentRatings"]["reportDate"] = report["reportDate"]
    return changed


class Polling(EndToEnd):
    """A test with an API that serves the committed documents."""

    def setUp(self):
        super().setUp()
        self.key_file = self.scratch / "cqc.key"
        self.key_file.write_text(KEY + "\n", encoding="utf-8")
        self.state = self.scratch / "cqc.json"

    def api(self, documents=None):
        made = CqcApi(committed() if documents is None else documents)
        self.addCleanup(made.close)
        return made

    def arguments(self, api, *more, state=None):
        return ["--json", "feed", "poll", "cqc", "--state", str(state or self.state), "--base-url", api.url,
                "--subscription-key-file", str(self.key_file), *more]

    def poll(self, node, api, *more, code=0, state=None):
        api.asked.clear()
        result = node.run(*self.arguments(api, *more, state=state))
        self.assertEqual(code, result.code, result)
        return result.json()

    def events(self, node, location):
        return node.run("--json", "timeline", f"cqc-location/{location}", "--all").lines()

    def every_event(self, node, api):
        """Source, id and version of everything that is known of the locations."""
        return sorted((entry["event"]["source"], entry["event"]["id"], entry["event"].get("source_version", 1))
                      for location in api.ids("locations") for entry in self.events(node, location))


class PollTest(Polling):
    def test_after_the_first_load_only_what_changed_becomes_news(self):
        node, api = self.node(), self.api()
        first = self.poll(node, api, "--all")
        self.assertEqual((19, 19, 0, 0, 0, 0), tuple(first[name] for name in (
            "listed", "fetched", "unchanged", "refused", "gone", "failed")), first)
        self.assertGreater(first["new_events"], 60)
        self.assertEqual("RATING_REQUIRES_IMPROVEMENT",
                         node.run("--json", "show", f"cqc-location/{HOME}").json()["overall_rating"])

        api.put(rated_inadequate(api.documents[f"/locations/{HOME}"]),
                {**api.documents[f"/locations/{CLOSING}"], "registrationStatus": "Deregistered",
                 "deregistrationDate": "2025-03-31"},
                {**api.documents[f"/locations/{QUIET}"], "dormancy": "Y", "dormancyStartDate": "2025-03-01"})
        # One that only was touched, and pages that repeat ids.
        touched = "1-10431632309"
        api.changes["location"] = [HOME, CLOSING, touched, HOME, QUIET, CLOSING, touched]
        second = self.poll(node, api)
        self.assertEqual((4, 4, 0, 0), tuple(second[name] for name in ("listed", "fetched", "refused", "failed")), second)
        self.assertEqual({f"/locations/{one}" for one in (HOME, CLOSING, touched, QUIET)}, set(api.fetched()))
        # The report, the end of a registration, the dormancy.
        self.assertEqual(3, second["new_events"], second)
        self.assertEqual("RATING_INADEQUATE", node.run("--json", "show", f"cqc-location/{HOME}").json()["overall_rating"])
        statuses = {location: [entry["event"]["registration_changed"]["status"] for entry in self.events(node, location)
                               if entry["kind"] == "registration_changed" and not entry["superseded"]]
                    for location in (CLOSING, QUIET)}
        self.assertIn("STATUS_DEREGISTERED", statuses[CLOSING])
        self.assertNotIn("STATUS_REGISTERED", statuses[CLOSING])
        self.assertIn("STATUS_DORMANT", statuses[QUIET])

        # The windows overlap, so the same ids come again: nothing is new.
        third = self.poll(node, api)
        self.assertEqual((4, 0), (third["fetched"], third["new_events"]), third)
        (start, _), (_, last_end) = api.windows[-1], api.windows[0]
        self.assertLess(start, last_end)
        api.changes["location"] = []
        fourth = self.poll(node, api)
        self.assertEqual((0, 0, []), (fourth["listed"], fourth["new_events"], api.fetched()), fourth)
        self.assertEqual(0, node.run("verify").code)

    def test_one_council_has_its_locations_and_their_providers(self):
        node = self.node()
        elsewhere = {**committed()[0], "locationId": "1-7", "localAuthority": "Rochdale", "providerId": "1-8"}
        api = self.api([*committed(), elsewhere, {"providerId": "1-8", "name": "Else Ltd"}])
        first = self.poll(node, api, "--all", "--local-authority", "Oldham")
        self.assertNotIn("/locations/1-7", api.asked)
        self.assertEqual(19, first["fetched"], first)
        # Of the providers that are named only one is there; the others are said to be gone, by id.
        self.assertEqual(len(first["gone_records"]), first["gone"])
        self.assertIn("provider/RM3", first["gone_records"])
        api.changes = {"location": ["1-7", HOME], "provider": ["1-8", "1-1004515435"]}
        second = self.poll(node, api)  # Of the same council.
        self.assertEqual((4, 2, 2, 0), tuple(second[name] for name in ("listed", "fetched", "elsewhere", "new_events")), second)
        self.assertEqual(4, node.run("show", "cqc-location/1-7").code)
        other = node.run(*self.arguments(api, "--local-authority", "Rochdale"))
        self.assertEqual(2, other.code, other)
        self.assertIn("other local authorities", other.err)

    def test_what_is_gone_stays_known_and_is_said(self):
        node, api = self.node(), self.api()
        self.poll(node, api, "--all")
        del api.documents[f"/locations/{HOME}"]
        api.changes["location"] = [HOME]
        counts = self.poll(node, api)
        self.assertEqual((1, 0, [f"location/{HOME}"]), (counts["gone"], counts["new_events"], counts["gone_records"]))
        self.assertEqual("Elizabeth House", node.run("--json", "show", f"cqc-location/{HOME}").json()["display_name"])
        text = node.run(*self.arguments(api)[1:])
        self.assertEqual(0, text.code, text)
        self.assertIn(f"location/{HOME} is no longer in the register", text.out)

    def test_a_first_poll_has_to_be_told_where_to_begin(self):
        node, api = self.node(), self.api()
        result = node.run(*self.arguments(api))
        self.assertEqual((2, []), (result.code, api.asked), result)
        self.assertIn("--from", result.err)
        api.changes["location"] = [HOME]
        self.assertEqual(1, self.poll(node, api, "--from", "2025-01-01")["fetched"])
        self.assertEqual("2024-12-31T23:50:00+00:00", api.windows[0][0].isoformat())

    def test_it_repeats_until_it_is_told_to_end(self):
        node, api = self.node(), self.api()
        lines = Lines([str(BIN / "trigpoint"), *self.arguments(api, "--all", "--every", "1s")], node.environment())
        self.addCleanup(lines.process.kill)
        wait_until(lambda: len(lines.lines) >= 2, 30, "two polls")
        code, said = lines.stop()
        self.assertEqual(0, code, said)
        counts = [json.loads(line) for _, line in lines.lines]
        self.assertEqual([19, 0], [one["fetched"] for one in counts[:2]])

    def test_an_account_needs_to_submit_for_the_source_and_to_read(self):
        file = principals(self.scratch / "principals.yaml",
                          ("poller", "council", ["PARTNER", "QUALITY_READER"], ["cqc/api"], "C2"),
                          ("mute", "council", ["PARTNER"], ["cqc/api"], "C2"),
                          ("stranger", "council", ["PARTNER"], ["council/safeguarding"], "C2"))
        node, api = self.node("--principals", str(file)), self.api()
        polls = {name: node.run(*self.arguments(api, "--all", state=self.scratch / name), token=name)
                 for name in ("poller", "mute", "stranger")}
        self.assertEqual([0, 0], [polls[name].code for name in ("poller", "mute")], polls["mute"])
        self.assertNotIn("versions_unsettled", polls["poller"].json())
        self.assertTrue(polls["mute"].json()["versions_unsettled"])
        # What is refused for that is kept nowhere, so it counts as not fetched.
        self.assertEqual(5, polls["stranger"].code, polls["stranger"])
        self.assertIn("may not submit for the source cqc/api", polls["stranger"].err)
        self.assertEqual(19, len(json.loads((self.scratch / "stranger").read_text(encoding="utf-8"))["to_fetch"]))

    @unittest.skipUnless(SAMPLES.exists(), "the samples of the API are not here")
    def test_it_takes_every_sample_of_the_api(self):
        documents = {}
        for file in sorted(SAMPLES.glob("*.json")):
            document = json.loads(file.read_text(encoding="utf-8"))
            documents[document.get("locationId", document["providerId"])] = document
        node, api = self.node(), self.api(documents.values())
        first = self.poll(node, api, "--all")
        print(f"samples: {first}")
        self.assertEqual((len(documents), 0, 0), (first["fetched"], first["refused"], first["failed"]), first)
        again = self.poll(node, api, "--all")
        self.assertEqual((0, first["new_events"]), (again["new_events"], again["unchanged"]), again)


class PollTroubleTest(Polling):
    def test_it_waits_when_the_api_says_so_and_asks_again_for_what_was_cut(self):
        node, api = self.node(), self.api()
        api.then("/locations", 429, Retry_After=1)
        api.then(f"/locations/{HOME}", 503)
        whole = json.dumps(api.documents[f"/locations/{QUIET}"]).encode()
        api.then(f"/locations/{QUIET}", 200, whole[:500], Content_Length=len(whole))
        api.then(f"/locations/{QUIET}", 200, whole[:500])
        counts = self.poll(node, api, "--all")
        self.assertEqual((19, 0), (counts["fetched"], counts["failed"]), counts)
        self.assertEqual((2, 3), (api.asked.count(f"/locations/{HOME}"), api.asked.count(f"/locations/{QUIET}")))

    def test_a_document_that_cannot_be_had_does_not_hold_up_the_others(self):
        node, api = self.node(), self.api()
        for _ in range(5):
            api.then(f"/locations/{HOME}", 200, b'{"locationId": "1-')
        counts = self.poll(node, api, "--all", code=3)
        self.assertEqual((18, 1), (counts["fetched"], counts["failed"]), counts)
        self.assertIn("JSON_SYNTAX", counts["failed_records"][0]["reason"])
        counts = self.poll(node, api)
        self.assertEqual((0, 1, [f"/locations/{HOME}"]), (counts["listed"], counts["fetched"], api.fetched()), counts)

    def test_killed_in_the_middle_it_loses_nothing_and_takes_nothing_twice(self):
        reference, api = self.node(name="reference"), self.api()
        whole = self.poll(reference, api, "--all", state=self.scratch / "reference.json")

        node = self.node()
        api.asked.clear()
        api.hold_at = 9
        process = subprocess.Popen([str(BIN / "trigpoint"), *self.arguments(api, "--all")], env=node.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertTrue(api.held.wait(30), "the tenth document")
        process.kill()
        process.communicate()
        api.hold_at = None
        api.released.set()
        self.assertEqual(19, len(json.loads(self.state.read_text(encoding="utf-8"))["to_fetch"]))

        rest = self.poll(node, api, "--all")
        self.assertEqual((19, 0, 0), (rest["fetched"], rest["refused"], rest["failed"]), rest)
        self.assertGreater(rest["unchanged"], 0, "nothing was taken before the kill")
        self.assertEqual(whole["new_events"], rest["new_events"] + rest["unchanged"], rest)
        self.assertEqual(self.every_event(reference, api), self.every_event(node, api))
        self.assertEqual(0, self.poll(node, api)["new_events"])

    def test_without_a_node_the_poll_is_where_it_was(self):
        node, api = self.node(), self.api()
        self.poll(node, api, "--all")
        before = json.loads(self.state.read_text(encoding="utf-8"))["until"]
        node.stop()
        api.put(rated_inadequate(api.documents[f"/locations/{HOME}"]))
        api.changes["location"] = [HOME]
        result = node.run(*self.arguments(api))
        self.assertEqual(3, result.code, result)
        state = json.loads(self.state.read_text(encoding="utf-8"))
        self.assertEqual((before, [f"location/{HOME}"]), (state["until"], state["to_fetch"]))
        node.start()
        api.changes["location"] = []
        self.assertEqual(1, self.poll(node, api)["new_events"])

    def test_a_wrong_key_is_said_clearly_and_no_key_stands_anywhere(self):
        node, api = self.node(), self.api()
        wrong = "open-barley-0123456789"
        self.key_file.write_text(wrong, encoding="utf-8")
        for more in ([], ["--json"]):
            result = node.run(*more, *self.arguments(api, "--all")[1:])
            self.assertEqual(5, result.code, result)
            self.assertIn("does not take the subscription key", result.err)
            self.assertNotIn(wrong, result.out + result.err)
        self.key_file.unlink()
        missing = node.run(*self.arguments(api, "--all"))
        self.assertEqual(2, missing.code, missing)
        # From the environment, as a unit hands it over.
        line = [argument for argument in self.arguments(api, "--all") if argument not in ("--subscription-key-file", str(self.key_file))]
        result = Result(subprocess.run([str(BIN / "trigpoint"), *line], env={**node.environment(), "TRIGPOINT_CQC_KEY": KEY},
                                       capture_output=True, text=True, timeout=60, check=False))
        self.assertEqual(0, result.code, result)
        self.assertNotIn(KEY, result.out + result.err)
        self.assert_nowhere(KEY, self.scratch)
        self.assert_nowhere(wrong, self.scratch)

    def test_the_key_goes_to_one_host_alone(self):
        node, api, other = self.node(), self.api(), self.api()
        api.then("/locations", 302, Location=other.url + "/locations")
        result = node.run(*self.arguments(api, "--all"))
        self.assertEqual((7, []), (result.code, other.asked), result)
        self.assertIn("redirects are not followed", result.err)
        clear = node.run("feed", "poll", "cqc", "--state", self.state, "--all", "--subscription-key-file", self.key_file,
                         "--base-url", "http://api.service.cqc.example/public/v1")
        self.assertEqual(2, clear.code, clear)
        self.assertIn("https", clear.err)

    def test_a_state_file_that_is_no_state_is_left_alone(self):
        node, api = self.node(), self.api()
        self.state.write_text('{"version": 1, "to_fetch": [7]}', encoding="utf-8")
        result = node.run(*self.arguments(api))
        self.assertEqual((7, []), (result.code, api.asked), result)
        self.assertTrue(re.search(r"cqc\.json: to_fetch\[0\]", result.err), result)
        self.assertEqual('{"version": 1, "to_fetch": [7]}', self.state.read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
