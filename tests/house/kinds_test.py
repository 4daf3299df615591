"""A kind of event is a message with its options: beside these and its effect nothing names it.

What the options say, generic code reads. So no source lists the kinds, and a plain one, that no rule, report or adapter
has anything of its own to do with, stands in no source at all: what every kind can do, it does by its options alone
(every_kind_test of libs/events and libs/domain).
"""
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ("libs/*/src/**/*", "libs/*/include/**/*", "services/**/*", "tools/trigpoint/**/*")
# Of each effect on the state, reported by the provider or others, by the period or as things happen.
PLAIN = ("hcai_case_reported", "lessons_learned_recorded", "continuity_scenario_tested", "workforce_indicator_reported",
         "safety_alert_issued", "learning_response_started")


def sources(root):
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            if path.suffix in (".cc", ".h") and "tests" not in path.relative_to(root).parts:
                yield path


def kinds_named(text, kinds):
    """The kinds that a source names: by field, accessor, case or text."""
    words = set(re.findall(r"\w+", text))
    return {kind for kind in kinds
            if words & {kind, f"has_{kind}", f"mutable_{kind}", f"k{''.join(part.capitalize() for part in kind.split('_'))}"}}


def problems(root, kinds, plain):
    for path in sources(root):
        named = kinds_named(path.read_text(encoding="utf-8"), kinds)
        if 3 * len(named) > len(kinds):
            yield f"{path.relative_to(root)}: names {len(named)} kinds: what it says of each is an option"
        for kind in sorted(named & set(plain)):
            yield f"{path.relative_to(root)}: names {kind}, which only its message and options should need"


class Kinds(unittest.TestCase):
    KINDS = re.findall(r"^    \w+ (\w+) = \d+ \[\(kind\)", (ROOT / "proto/trigpoint/v1/events.proto").read_text(encoding="utf-8"),
                       re.MULTILINE)

    def test_every_plain_kind_is_one_of_the_catalogue_with_a_golden_event(self):
        for kind in PLAIN:
            self.assertIn(kind, self.KINDS)
            self.assertTrue((ROOT / "libs/events/tests/golden" / f"{kind}.v1.bin").is_file(), kind)
            self.assertIn(f"## {kind}\n", (ROOT / "docs/reference/events.md").read_text(encoding="utf-8"))

    def test_no_source_lists_the_kinds_and_none_names_a_plain_one(self):
        self.assertEqual([], list(problems(ROOT, self.KINDS, PLAIN)))

    def found(self, text):
        with tempfile.TemporaryDirectory() as directory:
            source = pathlib.Path(directory) / "libs" / "domain" / "src" / "a.cc"
            source.parent.mkdir(parents=True)
            source.write_text(text, encoding="utf-8")
            return list(problems(pathlib.Path(directory), self.KINDS, PLAIN))

    def test_a_table_with_a_row_for_each_kind_is_found(self):
        rows = "".join(f"E::k{''.join(part.capitalize() for part in kind.split('_'))},\n" for kind in self.KINDS)
        self.assertIn("kinds: what it says of each is an option", self.found(rows)[0])

    def test_a_plain_kind_is_found_by_whatever_it_is_named(self):
        for text in ("case E::kHcaiCaseReported:", "event.has_hcai_case_reported()", 'kind == "hcai_case_reported"'):
            self.assertEqual(1, len(self.found(text)), text)
        self.assertEqual([], self.found("// a case of an infection"))


if __name__ == "__main__":
    unittest.main()
