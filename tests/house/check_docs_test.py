"""check_docs.py refuses links to nowhere, missing titles and paths outside the checkout, and only those."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_docs  # noqa: E402


class CheckDocs(unittest.TestCase):
    def problems(self, text, **others):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            (root / "docs").mkdir()
            (root / "docs" / "page.md").write_text(text, encoding="utf-8")
            for name, content in others.items():
                (root / f"{name}.md").write_text(content, encoding="utf-8")
            return check_docs.check(root)

    def assert_refused(self, text, place, words, **others):
        problems = self.problems(text, **others)
        self.assertEqual(len(problems), 1, problems)
        self.assertTrue(problems[0].startswith(f"docs/page.md:{place}:"), problems[0])
        self.assertIn(words, problems[0])

    def assert_allowed(self, text, **others):
        self.assertEqual(self.problems(text, **others), [])

    def test_links_that_resolve_are_allowed(self):
        self.assert_allowed("# A\n[b](../b.md) [c](../b.md#second-part) [d](#a) [e](https://example.org/x) [f](.)\n",
                            b="# B\n## Second part\n")

    def test_a_link_to_nowhere_is_refused(self):
        self.assert_refused("# A\n\nSee [b](b.md).\n", 3, "no such file")
        self.assert_refused("# A\n\n![b](b.png)\n", 3, "no such file")
        self.assert_refused("# A\n\n[b]: b.md\n", 3, "no such file")

    def test_a_link_to_a_heading_that_is_not_there_is_refused(self):
        self.assert_refused("# A\n[b](../b.md#third)\n", 2, "no such heading", b="# B\n")

    def test_a_link_out_of_the_checkout_is_refused(self):
        self.assert_refused("# A\n[b](../../b.md)\n", 2, "leaves the checkout")
        self.assert_refused("# A\n[b](/etc/hosts)\n", 2, "relative")

    def test_code_is_not_read_for_links_and_titles(self):
        self.assert_allowed("# A\n`[b](b.md)`\n```sh\n# a comment\n[c](c.md)\n```\n\n    # indented\n")

    def test_a_document_has_one_title(self):
        self.assert_refused("## A\n", 1, "no title")
        self.assert_refused("# A\n# B\n", 2, "second title")

    def test_paths_outside_the_checkout_are_refused_also_in_code(self):
        self.assert_refused("# A\n`../shared/design.md`\n", 2, "reference folder")
        self.assert_refused("# A\n```\ncat /work/main/x\n```\n", 3, "reference folder")
        self.assert_refused("# A\nshared/reference/domain.md\n", 2, "reference folder")
        self.assert_allowed("# A\nthe reference folder beside the checkout, where present; shared state\n")


if __name__ == "__main__":
    unittest.main()
