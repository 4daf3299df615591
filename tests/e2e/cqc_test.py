"""The regulator's files: documents of its API, directories, ratings, and eleven years of them as history."""

import collections
import csv
import datetime
import gzip
import json
import shutil
import unittest

from harness import ROOT, EndToEnd, incident, now

DATA = ROOT / "tests/data"
WHOLE = ROOT.parent / "shared/data"
LOCATIONS = DATA / "cqc_locations_excerpt.jsonl"
LOCATION = DATA / "cqc_location_excerpt.json"
HOME = "cqc-location/1-117886088"


class Cqc(EndToEnd):
    def imported(self, node, *arguments, code=0):
        result = node.run("--json", "import", *arguments)
        self.assertEqual(code, result.code, result)
        return result.json()

    def shown(self, node, provider):
        return node.run("--json", "show", provider).json()

    def events(self, node, provider, kind):
        entries = node.run("--json", "timeline", provider, "--all").lines()
        return [entry for entry in entries if entry["kind"] == kind]


class DocumentOfTheApiTest(Cqc):
    def test_again_is_a_duplicate_and_a_change_is_a_correction(self):
        node = self.node()
        first = self.imported(node, LOCATIONS, LOCATION, DATA / "cqc_providers_excerpt.json")
        self.assertEqual((first["read"], 19), (first["accepted"], first["providers"]), first)
        copies = [shutil.copy(file, self.scratch) for file in (LOCATIONS, LOCATION)]
        again = self.imported(node, *copies)
        self.assertEqual((again["read"], 0), (again["duplicate"], again["accepted"]), again)

        # Nothing in the document says that it is a later one: more beds, and a manager is in post again.
        changed = json.loads(LOCATION.read_text(encoding="utf-8"))
        changed["numberOfBeds"] = 34
        del changed["registeredManagerAbsentDate"]
        changed["regulatedActivities"][0]["contacts"] = [{"personFamilyName": "Thistlewood", "personRoles": ["Registered Manager"]}]
        later = self.scratch / "later.json"
        later.write_text(json.dumps(changed), encoding="utf-8")
        counts = self.imported(node, later)
        self.assertEqual((2, counts["read"] - 2, 0), (counts["accepted"], counts["duplicate"], counts["conflict"]), counts)
        self.assertEqual(34, self.shown(node, HOME)["beds"])
        statuses = [entry["event"]["registration_changed"]["status"] for entry in self.events(node, HOME, "registration_changed")
                    if entry["id"].endswith("/manager") and not entry["superseded"]]
        self.assertEqual(["STATUS_MANAGER_IN_POST"], statuses)
        self.assertEqual(counts["read"], self.imported(node, later)["duplicate"])
        # An older state stays below, and says so.
        older = self.imported(node, LOCATION, "--edition", "2020-01-01")
        self.assertEqual((0, 2), (older["accepted"], older["superseded"]), older)
        self.assertEqual(34, self.shown(node, HOME)["beds"])
        self.assertEqual(0, node.run("verify").code)
        everything = b"".join(file.read_bytes() for file in node.data.rglob("*") if file.is_file())
        self.assertNotIn(b"Thistlewood", everything + node.log.read_bytes())

    def test_a_location_is_found_by_its_ods_code_and_has_its_rating(self):
        node = self.node()
        self.imported(node, LOCATION, LOCATIONS)
        home = self.shown(node, "ods/VLD2P")
        self.assertEqual(("Elizabeth House", 30, "RATING_REQUIRES_IMPROVEMENT"),
                         (home["display_name"], home["beds"], home["overall_rating"]), home)
        trust = self.shown(node, "cqc-location/RM317")
        # "Inspected but not rated" of 2022 has not overwritten the rating of 2021.
        self.assertEqual(("RATING_REQUIRES_IMPROVEMENT", "SERVICE_TYPE_ACUTE"), (trust["overall_rating"], trust["service_type"]))
        self.assertEqual(1, len(self.events(node, "cqc-location/RM317", "service_linked")))

    def test_what_cannot_be_read_is_told_by_file_line_field_and_rule(self):
        node = self.node()
        broken = self.scratch / "broken.jsonl"
        document = json.loads(LOCATION.read_text(encoding="utf-8"))
        document["historicRatings"][1]["reportDate"] = "last May"
        broken.write_text(LOCATIONS.read_text(encoding="utf-8").splitlines()[0] + "\n" + json.dumps(document) + "\n",
                          encoding="utf-8")
        counts = self.imported(node, broken, code=1)
        self.assertEqual((1, 1), (counts["refused"], counts["unreadable"]), counts)
        refused = node.run("refused").out
        for part in ("broken.jsonl", "2", "historicRatings[1].reportDate", "DATE_NOT_READ", "cqc/api"):
            self.assertIn(part, refused)
        cut = self.scratch / "cut.json"
        cut.write_bytes(LOCATION.read_bytes()[:-40])
        result = node.run("import", cut)
        self.assertEqual(7, result.code, result)
        self.assertIn("line 1: the file ends inside the document", result.err)


class DirectoryTest(Cqc):
    def test_beds_join_the_ratings_so_that_there_is_exposure(self):
        node = self.node()
        self.imported(node, DATA / "cqc_ratings_excerpt.csv")
        home = "cqc-location/1-10000812939"
        self.assertEqual(0, self.shown(node, home).get("beds", 0))
        self.imported(node, DATA / "cqc_care_homes_excerpt.csv")
        joined = self.shown(node, home)
        self.assertEqual((103, "SERVICE_TYPE_CARE_HOME_NURSING", "1-101658918", "RATING_GOOD"),
                         (joined["beds"], joined["service_type"], joined["organisation"], joined["overall_rating"]), joined)
        # With beds there is something to expect incidents of: 103 beds over the window.
        for number in range(1, 8):
            outcome, result = node.submit(incident("1-10000812939", number, occurredAt=now(3 * number)))
            self.assertEqual("ACCEPTED", outcome, result)
        published = node.run("baselines")
        self.assertEqual(0, published.code, published)
        again = self.imported(node, DATA / "cqc_care_homes_excerpt.csv")
        self.assertEqual(again["read"], again["duplicate"])

    def test_an_unknown_column_is_named_with_what_was_expected(self):
        node = self.node()
        changed = self.scratch / "homes.csv"
        changed.write_bytes((DATA / "cqc_care_homes_excerpt.csv").read_bytes().replace(b"Care homes beds", b"Care home beds", 1))
        result = node.run("import", changed)
        self.assertEqual(7, result.code, result)
        self.assertIn('homes.csv: line 1: the column "Care home beds" is not known; expected "Care homes beds"', result.err)


class RatingHistoryTest(Cqc):
    def test_it_replays_in_the_order_of_its_events(self):
        node = self.node()
        file = DATA / "cqc_rating_history_excerpt.csv"
        loaded = self.imported(node, "--backfill", file)
        self.assertEqual(({"services": 12, "unknown_services": 0}, loaded["read"]), (loaded["backfill"], loaded["accepted"]), loaded)
        closed = "cqc-location/1-119514078"  # Rated before its end and after it.
        timeline = list(reversed(node.run("--json", "timeline", closed, "--all").lines()))
        known = [entry["known_at"] for entry in timeline]
        self.assertEqual(sorted(known), known)
        kinds = [entry["kind"] for entry in timeline if not entry["kind"].startswith("backfill")]
        self.assertEqual("service_registered", kinds[0])
        self.assertIn("registration_changed", kinds)
        moved = "cqc-location/1-13885484745"  # Registered in 2022; rated since 2014.
        then = node.run("--json", "show", moved, "--as-of", "2016-01-01T00:00:00Z").json()
        self.assertEqual("RATING_REQUIRES_IMPROVEMENT", then["overall_rating"], then)
        self.assertEqual("RATING_GOOD", self.shown(node, moved)["overall_rating"])
        inherited = [entry["event"]["cqc_rating_published"].get("inherited", False)
                     for entry in self.events(node, moved, "cqc_rating_published")]
        self.assertEqual([True] * 5, inherited)
        again = self.imported(node, "--backfill", file)
        self.assertEqual((0, again["read"]), (again["accepted"], again["duplicate"]), again)
        self.assertEqual(0, node.run("verify").code)


@unittest.skipUnless(WHOLE.exists(), "the whole files are not here")
class WholeFilesTest(Cqc):
    def test_ratings_and_beds_of_england_2021(self):
        node = self.node()
        self.imported(node, WHOLE / "cqc_ratings_national_2021-02/cqc_latest_ratings_overall_2021-02.csv.gz")
        homes = self.imported(node, WHOLE / "cqc_care_homes_england_2021-03/care_homes_england_2021-03.csv.gz")
        self.assertEqual((30806, 0), (homes["accepted"], homes["refused"]), homes)
        providers = node.run("--json", "providers", "--all").lines()
        with_beds = [provider for provider in providers if provider.get("beds", 0) > 0]
        print(f"providers: {len(providers)}, with beds: {len(with_beds)}")
        self.assertEqual((32685, 15397), (len(providers), len(with_beds)))

    def test_eleven_years_of_ratings_replay_in_their_order(self):
        file = WHOLE / "cqc_rating_events_noncarehome_2014_2025/rating_events.csv.gz"
        rows, rated, registered, ended = 0, collections.defaultdict(set), {}, {}
        with gzip.open(file, "rt", encoding="utf-8") as text:
            for row in csv.DictReader(text):
                rows += 1
                service = "cqc-location/" + row["locationid"]
                rated[service].add(row["reportdate"])
                registered[service] = self.day(row["location_start_2025"])
                ended[service] = self.day(row["location_end_2025"])
        self.assertEqual((29459, 29454), (rows, sum(map(len, rated.values()))))
        before = [service for service, days in rated.items() if min(days) < registered[service]]
        after = [service for service, days in rated.items() if max(days) > ended[service]]
        node = self.node()
        loaded = self.imported(node, "--backfill", file)
        self.assertEqual((51048, 51048, 0, len(rated)),
                         (loaded["read"], loaded["accepted"], loaded["refused"], loaded["backfill"]["services"]), loaded)
        for service in before[::40] + after[::10]:
            with self.subTest(service=service):
                timeline = list(reversed(node.run("--json", "timeline", service, "--all").lines()))
                known = [entry["known_at"] for entry in timeline]
                self.assertEqual(sorted(known), known)
                ratings = [entry["event"]["cqc_rating_published"] for entry in timeline if entry["kind"] == "cqc_rating_published"]
                self.assertEqual(sum(day < registered[service] for day in rated[service]),
                                 sum(rating.get("inherited", False) for rating in ratings), "a predecessor's")
                self.assertEqual(len(rated[service]), len(ratings), "late ones count, too")
        print(f"rows: {rows}, services: {len(rated)}, rated before their registration: {len(before)}, after their end: {len(after)}")
        node.stop()
        node.start()
        again = self.imported(node, "--backfill", file)
        self.assertEqual((0, 51048), (again["accepted"], again["duplicate"]), again)
        self.assertEqual(0, node.run("verify").code)

    @staticmethod
    def day(days_from_1960):
        if days_from_1960 == "NA":
            return "9999"
        return (datetime.date(1960, 1, 1) + datetime.timedelta(days=int(days_from_1960))).isoformat()


if __name__ == "__main__":
    unittest.main()
