"""Reports for meetings: each kind in each form, the same for a past date for ever, and nothing of a protected source."""

import html.parser
import json
import re
import unittest

from answers_test import principals, warning_notice
from harness import EndToEnd, incident, now, wait_until

HOME = "1-900000001"
OTHER = "1-900000002"
ALL = ("triple-a", "panel-list", "dashboard", "tracker")
ONE = ("rapid-quality-review", "risk-summit", "pre-visit")
SOURCES = "Sources to be reviewed before the visit"


class Page(html.parser.HTMLParser):
    """Checks that every element is closed where it has to be, and that every link on the page leads somewhere."""

    VOID = {"meta"}

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.wrong, self.attributes = [], set(), set(), [], {}
        self.feed(text)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.attributes.setdefault(tag, attrs)
        self.ids |= {attrs["id"]} if "id" in attrs else set()
        self.links |= {attrs["href"]} if "href" in attrs else set()
        if tag == "th" and attrs.get("scope") not in ("col", "row"):
            self.wrong.append("th without scope")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def feedback(number, **more):
    return {"source": "council/feedback", "id": f"F-{number}", "subject": f"cqc-location/{HOME}", "occurredAt": now(2),
            "providerFeedbackReceived": {"tone": "TONE_NEGATIVE"}, **more}


def whistleblowing(number=1):
    return {"source": "council/concerns", "id": f"W-{number}", "subject": f"cqc-location/{HOME}", "occurredAt": now(1),
            "whistleblowingConcernReceived": {"currentAbuseAlleged": True}}


class ReportTest(EndToEnd):
    def report(self, node, *arguments, **more):
        result = node.run("report", *arguments, **more)
        self.assertEqual(0, result.code, result)
        return result.out

    def tree(self, node, *arguments, **more):
        return json.loads(self.report(node, *arguments, "--format", "json", **more))

    def row(self, tree, heading, name):
        section = next(one for one in tree["sections"] if one["heading"] == heading)
        return next(row["cells"] for table in section["tables"] for row in table["rows"] if row["cells"][0] == name)

    def sentences(self, tree, heading):
        return [one["text"] for section in tree["sections"] if section["heading"] == heading
                for one in section["sentences"]]

    def county(self, *arguments):
        node = self.node(*arguments)
        self.register(node, HOME, name="Oak <House> & Co")
        self.register(node, OTHER, name="Elm Court")
        for event in (warning_notice(), incident(HOME, 1), incident(HOME, 2), feedback(1)):
            self.assertEqual("ACCEPTED", node.submit(event)[0])
        wait_until(lambda: node.run("--json", "recommendations").lines(), 20, "the recommendation")
        return node

    def test_each_kind_in_each_form(self):
        node = self.county()
        for kind in ALL + ONE:
            about = (HOME,) if kind in ONE else ()
            words = self.report(node, kind, *about)
            self.assertTrue(words.startswith("# "), words[:80])
            self.assertIn("## References", words)
            self.assertRegex(words, r"Fingerprint \(SHA-256\): `[0-9a-f]{64}`")
            page = Page(self.report(node, kind, *about, "--format", "html"))
            self.assertEqual([], page.wrong, kind)
            self.assertEqual("en-GB", page.attributes["html"]["lang"])
            self.assertEqual(set(), {link for link in page.links if link.lstrip("#") not in page.ids})
            tree = self.tree(node, kind, *about)
            for section in tree["sections"]:
                self.assertTrue(section["sentences"] or section["tables"], section)
                rows = [row for table in section["tables"] for row in table["rows"]]
                for one in section["sentences"] + rows:
                    self.assertTrue(one["citations"], one)
        self.assertIn("Oak \\<House\\> \\& Co", self.report(node, "panel-list"))
        self.assertNotIn("Elm Court", self.report(node, "panel-list"), "it is at the lowest level")
        panel = self.tree(node, "panel-list", "--policy", "herefordshire")
        text = json.dumps(panel)
        self.assertIn("H-L2-2", text)
        self.assertIn("S2 App 2 Level 2", text)
        self.assertIn('"id": "W-1"', text)
        self.assertIn("not about health services", text, "the cross-walk says what it is not")
        triple = self.tree(node, "triple-a")
        self.assertEqual(["none"], self.sentences(triple, "Alert"))
        self.assertIn("Level 2 is recommended", " ".join(self.sentences(triple, "Advise")))
        brief = self.tree(node, "pre-visit", HOME)
        self.assertEqual("1 report received", self.row(brief, SOURCES, "Provider feedback process")[1])
        self.assertEqual("no feed", self.row(brief, SOURCES, "Complaints")[1])

    def test_a_past_date_gives_the_same_bytes_whatever_came_later(self):
        node = self.county()
        then = self.tree(node, "triple-a")["as_of"]
        kinds = [(kind, *((HOME,) if kind in ONE else ())) for kind in ALL + ONE]
        before = {kind: self.report(node, *kind, "--as-of", then, "--format", form)
                  for kind in kinds for form in ("json",)}
        for event in (warning_notice(2), feedback(2), incident(HOME, 1, sourceVersion=2),
                      {"source": "council/safeguarding", "id": "S-1", "subject": f"cqc-location/{HOME}",
                       "occurredAt": now(20), "safeguardingConcernRaised": {}}):
            self.assertEqual("ACCEPTED", node.submit(event)[0])
        decided = node.run("decide", HOME, "--policy", "herefordshire", "--to", "LEVEL_2", "--rationale", "panel")
        self.assertEqual(0, decided.code, decided)
        self.register(node, "1-900000003", name="New Place")
        for kind in kinds:
            self.assertEqual(before[kind], self.report(node, *kind, "--as-of", then, "--format", "json"), kind)
        self.assertNotEqual(before[("panel-list",)], self.report(node, "panel-list", "--format", "json"))
        self.assertIn("decided Level 2", self.report(node, "panel-list"))
        self.assertEqual(0, node.run("rebuild").code)
        for kind in kinds:
            self.assertEqual(before[kind], self.report(node, *kind, "--as-of", then, "--format", "json"), kind)
        # Before anybody knew the service there is nothing to report.
        self.assertEqual(["none"], self.sentences(self.tree(node, "triple-a", "--as-of", now(700)), "Alert"))
        unknown = node.run("report", "pre-visit", HOME, "--as-of", now(700))
        self.assertNotEqual(0, unknown.code, unknown)

    def test_a_protected_source_does_not_show(self):
        node = self.county()
        other = self.county_under_profiles(node)
        for number in (1, 2):
            self.assertEqual("ACCEPTED", node.submit(whistleblowing(number))[0])
        raised = dict(feedback(7), sensitivity="SENSITIVITY_C5_PROTECTED_SOURCE", source="council/quiet")
        self.assertEqual("ACCEPTED", node.submit(raised)[0])
        wait_until(lambda: node.run("--json", "alerts").lines(), 20, "the alert")
        for kind in ALL + ONE:
            about = (HOME,) if kind in ONE else ()
            for form in ("json", "html", "markdown"):
                text = self.report(node, kind, *about, "--format", form)
                for hidden in ("council/concerns", "council/quiet", "F-7", "whistleblowing_concern"):
                    self.assertNotIn(hidden, text, kind)
        brief = self.tree(node, "pre-visit", HOME)
        told = self.row(brief, SOURCES, "Whistleblowing concerns")
        self.assertIn("protected source", told[1])
        self.assertEqual("not told", told[2])
        self.assertIn("protected source", " ".join(self.sentences(self.tree(node, "triple-a"), "Alert")))
        # Under a profile the report is the same whether or not somebody spoke, but for its instant.
        self.assertEqual(other, self.county_under_profiles(node))

    def county_under_profiles(self, node):
        told = {}
        for kind in ALL + ONE:
            about = (HOME,) if kind in ONE else ()
            for profile in ("public", "provider", "partner"):
                tree = self.tree(node, kind, *about, "--redaction", profile)
                self.assertEqual(profile.upper(), tree["redaction"])
                told[kind, profile] = json.dumps(tree["sections"])
        return told

    def test_a_profile_leaves_out_what_an_export_leaves_out(self):
        node = self.county()
        public = self.report(node, "rapid-quality-review", HOME, "--redaction", "public")
        self.assertIn("not told under this profile", public)
        self.assertNotIn("Level 2", public)
        self.assertNotIn("council/feedback", public)
        provider = self.report(node, "rapid-quality-review", HOME, "--redaction", "provider")
        self.assertIn("Level 2 is recommended", provider)
        self.assertNotIn("council/feedback", provider, "who reported")
        self.assertIn("who reported", provider, "that it is left out is said")
        self.assertIn("council/feedback", self.report(node, "rapid-quality-review", HOME, "--redaction", "partner"))

    def test_who_reads_it_sees_what_the_other_reads_show_and_it_is_on_record(self):
        file = principals(
            self.scratch / "principals.yaml", ("feed", "council", ["PARTNER"], ['"*"'], "C2"),
            ("reader", "herefordshire-council", ["QUALITY_READER"], [], "C3"),
            ("low", "herefordshire-council", ["QUALITY_READER"], [], "C2"),
            ("public", "herefordshire-council", ["QUALITY_READER"], [], "C1"),
            ("outside", "elsewhere-council", ["QUALITY_READER"], [], "C3"))
        node = self.node("--principals", str(file))
        self.register(node, HOME, token="feed")
        self.assertEqual("ACCEPTED", node.submit(feedback(1), token="feed")[0])
        brief = self.tree(node, "pre-visit", HOME, token="reader")
        self.assertEqual("1 report received", self.row(brief, SOURCES, "Provider feedback process")[1])
        line = json.loads((node.data / "disclosures.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        self.assertEqual("trigpoint.v1.ReportService/ProduceReport", line["method"])
        self.assertEqual(("reader", "C3"), (line["principal"], line["sensitivity"]))
        low = self.report(node, "pre-visit", HOME, token="low")
        self.assertIn("above the reader's clearance", low)
        for profile in ((), ("--redaction", "partner"), ("--redaction", "provider")):
            outside = self.report(node, "pre-visit", HOME, *profile, token="outside")
            self.assertNotIn("F-1", outside)
            self.assertNotIn("1 report received", outside)
        self.assertEqual(5, node.run("report", "triple-a", token="feed").code)
        self.assertEqual(5, node.run("report", "triple-a", token="public").code, "levels are C2")

    def test_wrong_input_gives_a_clear_error(self):
        node = self.node()
        self.register(node, HOME)
        for arguments, words in (
                (("pre-visit",), "about one provider: trigpoint report pre-visit PROVIDER"),
                (("triple-a", HOME), "about every provider"),
                (("minutes",), "minutes"),
                (("pre-visit", "1-999"), "1-999"),
                (("triple-a", "--policy", "nowhere"), "nowhere"),
                (("triple-a", "--as-of", "yesterday"), "is not a point in time"),
                (("triple-a", "--as-of", "2999-01-01"), "future"),
                (("triple-a", "--as-of", now(5), "--from", now(4)), "before `as_of`"),
                (("triple-a", "--redaction", "subject-access"), "subject-access"),
                (("triple-a", "--format", "pdf"), "pdf")):
            refused = node.run("report", *arguments)
            self.assertNotEqual(0, refused.code, arguments)
            self.assertIn(words, refused.err + refused.out, arguments)
        help_text = node.run("report", "--help").out
        for kind in ALL + ONE:
            self.assertIn(kind, help_text)

    def test_a_file_is_there_whole_and_for_its_owner_alone(self):
        node = self.node()
        self.register(node, HOME)
        path = self.scratch / "brief.html"
        said = self.report(node, "pre-visit", HOME, "--format", "html", "--output", path)
        self.assertRegex(said, r"fingerprint [0-9a-f]{64}")
        self.assertEqual([], Page(path.read_text(encoding="utf-8")).wrong)
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        again = node.run("report", "pre-visit", HOME, "--output", path)
        self.assertIn("is there already", again.err)

    def test_where_a_state_stands_beside_the_ladder_is_told_as_no_level(self):
        node = self.county()
        shown = node.run("show", HOME).out
        self.assertIn("beside the NQB ladder (for display only): Routine.", re.sub(r"\s+", " ", shown))
        why = re.sub(r"\s+", " ", node.run("why", HOME, "--policy", "herefordshire").out)
        self.assertIn("Level 2 beside the NQB ladder (for display only): Enhanced.", why)
        self.assertIn("One does not imply the other.", why)
        listed = re.sub(r"\s+", " ", node.run("policies", "--ladder").out)
        self.assertIn("Level 3 does not imply intensive.", listed)
        levels = node.run("--json", "show", HOME).json()["levels"]
        self.assertEqual(["herefordshire"], [level["policy_id"] for level in levels], "no level of the other ladder")
        self.assertEqual("ROUTINE", levels[0]["nqb"]["nqb_state"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
