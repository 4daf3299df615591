"""coverage_rules.py tells what is covered, implemented, recorded and not done from what is there, and its data are whole."""
import pathlib
import sys
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import coverage_rules  # noqa: E402


def pack(name="p", rules=(), states=(), moves=(), keys=()):
    return types.SimpleNamespace(name=name, rules=dict.fromkeys(rules, "S2 1"), states=set(states), moves=set(moves),
                                 measures=set(), expected=set(), keys=set(keys))


def story(given="", then="", policies=("p",)):
    return types.SimpleNamespace(name="A", policies=set(policies), given=coverage_rules.words(given), then=coverage_rules.words(then))


def catalogue(packs=(), stories=(), kinds=(), tests=()):
    made = coverage_rules.Catalogue.__new__(coverage_rules.Catalogue)
    made.packs, made.stories, made.kinds, made.reports = list(packs), list(stories), set(kinds), ""
    made.tests = dict(tests)
    return made


def row(where="", name="X-1"):
    return {"id": name, "where": where}


class Standing(unittest.TestCase):
    def test_a_rule_of_a_pack_is_implemented_and_covered_once_a_story_of_that_pack_names_it(self):
        held = pack(rules=["X-1"])
        self.assertEqual(("not done", ""), catalogue().standing(row()))
        self.assertEqual(("implemented", ""), catalogue([held]).standing(row()))
        said = "criteria: {X-1: TRUE}"
        self.assertEqual(("covered", "1"), catalogue([held], [story(then=said)]).standing(row()))
        self.assertEqual(("implemented", ""), catalogue([held], [story(then=said, policies=["q"])]).standing(row()))
        self.assertEqual(("implemented", ""), catalogue([held], [story(given=said)]).standing(row()))
        self.assertEqual(("implemented", ""), catalogue([held], [story(then="criteria: {X-10: TRUE}  # X-1")]).standing(row()))

    def test_where_no_story_names_it_a_test_may(self):
        held = pack(rules=["X-1"])
        tested = catalogue([held], tests={"X-1": ["a_test.cc"]})
        self.assertEqual(("covered", "`a_test.cc`"), tested.standing(row()))
        self.assertEqual(("not done", ""), catalogue(tests={"X-1": ["a_test.cc"]}).standing(row()), "a test of what is not there")

    def test_a_kind_alone_records(self):
        self.assertEqual(("recorded", ""), catalogue(kinds=["noted"]).standing(row("kind:noted")))
        self.assertEqual(("covered", "1"), catalogue(kinds=["noted"], stories=[story(given="event: noted")]).standing(row("kind:noted")))
        self.assertEqual(("not done", ""), catalogue().standing(row("kind:noted")))

    def test_all_of_it_must_be_there(self):
        held = pack(states=["HIGH"])
        self.assertEqual(("not done", ""), catalogue([held]).standing(row("state:HIGH kind:noted")))
        self.assertEqual(("implemented", ""), catalogue([held], kinds=["noted"]).standing(row("state:HIGH kind:noted")))

    def test_a_move_is_told_by_a_decision_to_it(self):
        held = pack(moves=[("LOW", "HIGH")])
        told = story(given="event: decision_proposed, to_state: HIGH")
        self.assertEqual(("covered", "1"), catalogue([held], [told]).standing(row("move:LOW:HIGH")))
        self.assertEqual(("not done", ""), catalogue([held], [told]).standing(row("move:HIGH:LOW")))

    def test_one_rule_or_the_other_and_a_key(self):
        self.assertEqual("implemented", catalogue([pack(rules=["B"])]).standing(row("rule:A|B"))[0])
        self.assertEqual("implemented", catalogue([pack(keys=["combination"])]).standing(row("form:combination"))[0])


class Data(unittest.TestCase):
    def test_every_row_is_whole(self):
        rows = coverage_rules.Catalogue().rows
        self.assertEqual(len(rows), len({one["id"] for one in rows}))
        for one in rows:
            with self.subTest(one["id"]):
                self.assertIn(one["class"], ("C", "S", "O"))
                self.assertTrue(one["name"])
                self.assertLessEqual({*one["documents"].split()}, {*coverage_rules.DOCUMENTS})
                self.assertTrue(one["documents"])
                self.assertEqual(one["class"] == "O", bool(one["reason"]), "what is out of scope says why")
                for place in one["where"].split():
                    self.assertRegex(place, r"^(rule|kind|state|measures|move|needs|form|expected|report|code):\S+$")

    def test_every_kind_that_is_named_is_a_kind(self):
        known = coverage_rules.Catalogue()
        for one in known.rows:
            for place in one["where"].split():
                if place.startswith(("kind:", "code:")):
                    self.assertTrue(known.is_there(place), f"{one['id']}: {place}")


if __name__ == "__main__":
    unittest.main()
