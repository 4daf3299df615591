"""tools/reference writes what the schema and the packs say, and refuses a pack that it would read otherwise."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "reference"))
import events  # noqa: E402
import packs  # noqa: E402
import policies  # noqa: E402
import schema as schemas  # noqa: E402

try:
    import yaml
except ImportError:
    yaml = None


def read(source):
    return packs.Reader(source, "pack.yaml").read()


class Packs(unittest.TestCase):
    def assert_refused(self, source, place, why):
        with self.assertRaises(packs.Wrong) as refused:
            read(source)
        self.assertIn(f"pack.yaml:{place}:", str(refused.exception))
        self.assertIn(why, str(refused.exception))

    def test_maps_lists_and_scalars_are_read_as_text(self):
        self.assertEqual(
            read('a: 1  # one\nb:\n  - {c: [x, "y, #z"], d: "say \\"so\\""}\n  - e: f\n    g:\n    - h\n'),
            {"a": "1", "b": [{"c": ["x", "y, #z"], "d": 'say "so"'}, {"e": "f", "g": ["h"]}]})

    def test_an_alias_stands_for_what_was_anchored(self):
        self.assertEqual(read("a: &x [1, 2]\nb: *x\nc:\n  - &y\n    d: e\n  - *y\nf: {g: *x}\n"),
                         {"a": ["1", "2"], "b": ["1", "2"], "c": [{"d": "e"}, {"d": "e"}], "f": {"g": ["1", "2"]}})

    def test_a_key_twice_is_refused(self):
        self.assert_refused("a: 1\na: 2\n", 2, "twice")
        self.assert_refused("a: {b: 1, b: 2}\n", 1, "twice")

    def test_other_yaml_is_refused_rather_than_misread(self):
        for source in ("a: |\n  b\n", "a: >\n  b\n", "a: 'b'\n", "a: b: c\n", "a: !!int 1\n", "a: {<<: *b}\n",
                       "a: ? b\n", "a: [1, 2\n", 'a: "b\n', "a: *b\n", "a: 1 # one\n b: 2\n", "a:\n",
                       "a:\n\tb: 1\n", "- a\nb: 1\n", 'a: "b" c\n', "a: [b c: d]\n"):
            with self.subTest(source), self.assertRaises(packs.Wrong):
                read(source)

    @unittest.skipIf(yaml is None, "python3-yaml is not installed")
    def test_the_packs_are_read_as_a_whole_reader_of_yaml_reads_them(self):
        def as_text(value):
            if isinstance(value, dict):
                return {key: as_text(inner) for key, inner in value.items()}
            if isinstance(value, list):
                return [as_text(inner) for inner in value]
            return str(value).lower() if isinstance(value, bool) else str(value)

        for path in sorted((ROOT / "deploy" / "policies").glob("*.yaml")):
            source = path.read_text(encoding="utf-8")
            self.assertEqual(packs.Reader(source, path.name).read(), as_text(yaml.safe_load(source)))


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = schemas.Schema.load(ROOT, ("trigpoint/v1/events.proto", "trigpoint/v1/policy.proto"))

    def test_every_kind_has_its_section_with_the_rules_of_its_fields(self):
        page = events.page(self.schema)
        kinds = [field.name for field in self.schema.messages["Event"].fields if "kind" in field.options]
        self.assertGreater(len(kinds), 50)
        for kind in kinds:
            self.assertIn(f"\n### {kind}\n", page)
        self.assertIn("| `narrative` | [SealableText](#sealabletext) | sealed |", page)
        self.assertIn("| `reporter_identity` | [SealableText](#sealabletext) | into the vault, sealed |", page)
        self.assertIn("| `period` | [Month](#month) | needed |", page)
        self.assertIn("| `people_affected` | whole number | people |", page)
        self.assertIn("| `stream_id` | text | stamped, no personal data |", page)

    def test_a_key_that_the_schema_does_not_know_is_refused(self):
        for place, pack in (("pack.yaml", {"idd": "x"}), ("pack.yaml.criteria", {"criteria": [{"idd": "x"}]})):
            with self.assertRaises(packs.Wrong) as refused:
                packs.check_keys(pack, "PolicyPack", self.schema, "pack.yaml")
            self.assertIn(f"{place}: there is no `idd`", str(refused.exception))

    def test_a_measure_that_the_service_does_not_have_is_refused(self):
        pack = policies.Pack({"id": "p"}, {"known": "Is it known?"}, set())
        self.assertEqual(pack.condition({"measure": "known"}), ["- `known`"])
        with self.assertRaises(packs.Wrong):
            pack.condition({"measure": "other"})
        with self.assertRaises(packs.Wrong):
            pack.condition({"measure": "known", "criterion": "H-L1-1"})

    def test_a_condition_shows_parameters_with_their_values(self):
        pack = policies.Pack({"id": "p", "parameters": [{"name": "few", "value": "3"}]}, {"m": "?"}, set())
        self.assertEqual(
            pack.condition({"all": [{"not": {"measure": "m", "values": ["RATING_GOOD"], "with": {"count": "few"}}},
                                    {"at_least": {"count": "2", "of": ["A", "B"]}}]}),
            ["- all of:", "  - not: `m` good: count `few` (3)", "  - at least 2 of A, B"])


if __name__ == "__main__":
    unittest.main()
