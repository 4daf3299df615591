"""check_tidy judges what changed, names what it leaves out, and fails on a finding."""
import importlib.machinery
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("check_tidy", str(ROOT / "tools" / "check_tidy"))
spec = importlib.util.spec_from_loader("check_tidy", loader)
check_tidy = importlib.util.module_from_spec(spec)
loader.exec_module(check_tidy)


class Plan(unittest.TestCase):
    SOURCES = {
        "libs/a/src/one.cc": '#include "trigpoint/a/one.h"\n',
        "libs/a/src/two.cc": '#include "trigpoint/a/only_header.h"\n',
        "libs/b/src/one.cc": "",
    }

    def plan(self, *files):
        return check_tidy.plan(list(files), set(self.SOURCES), self.SOURCES.get)

    def test_a_changed_source_is_run_once(self):
        self.assertEqual(self.plan("libs/a/src/one.cc", "libs/a/include/trigpoint/a/one.h"), (["libs/a/src/one.cc"], []))

    def test_a_header_is_judged_through_the_source_of_its_library(self):
        self.assertEqual(self.plan("libs/b/include/trigpoint/b/one.h"), (["libs/b/src/one.cc"], []))

    def test_a_header_without_a_source_is_judged_through_one_that_includes_it(self):
        self.assertEqual(self.plan("libs/a/include/trigpoint/a/only_header.h"), (["libs/a/src/two.cc"], []))

    def test_what_nothing_compiles_is_named(self):
        self.assertEqual(self.plan("tests/x.cc", "libs/a/src/lost.h"), ([], ["tests/x.cc", "libs/a/src/lost.h"]))


class Together(unittest.TestCase):
    def test_sources_compiled_as_one_are_taken_apart(self):
        with tempfile.TemporaryDirectory() as directory:
            build = pathlib.Path(directory)
            together = build / "Unity" / "unity_0_cxx.cxx"
            together.parent.mkdir()
            together.write_text('/* generated */\n#include "/src/a.cc"\n\n#include "/src/b.cc"\n', encoding="utf-8")
            (build / "compile_commands.json").write_text(json.dumps([
                {"directory": directory, "file": str(together), "command": f"c++ -DX -c {together}"},
                {"directory": directory, "file": "/src/c.cc", "command": "c++ -c /src/c.cc"}]), encoding="utf-8")
            self.assertEqual([(entry["file"], entry["command"]) for entry in check_tidy.commands_by_source(build)],
                             [("/src/a.cc", "c++ -DX -c /src/a.cc"), ("/src/b.cc", "c++ -DX -c /src/b.cc"),
                              ("/src/c.cc", "c++ -c /src/c.cc")])


@unittest.skipUnless(shutil.which("clang-tidy-14"), "clang-tidy-14 is not installed")
class Run(unittest.TestCase):
    def run_on(self, text, *options):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            (root / "tools").mkdir()
            shutil.copy(ROOT / "tools" / "check_tidy", root / "tools")
            (root / ".clang-tidy").write_text("Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\n", encoding="utf-8")
            (root / "a.cc").write_text(text, encoding="utf-8")
            build = root / "build" / "release"
            build.mkdir(parents=True)
            (build / "compile_commands.json").write_text(json.dumps(
                [{"directory": str(root), "file": "a.cc", "command": "c++ -std=c++20 -c a.cc"}]), encoding="utf-8")
            return subprocess.run([sys.executable, str(root / "tools" / "check_tidy"), *options], capture_output=True, text=True,
                                  check=False)

    def test_a_finding_fails(self):
        run = self.run_on("int* a = 0;\n", "a.cc")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("modernize-use-nullptr", run.stdout)

    def test_a_clean_file_passes(self):
        run = self.run_on("int* a = nullptr;\n", "a.cc")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_what_the_time_did_not_suffice_for_is_named(self):
        run = self.run_on("int* a = 0;\n", "--budget", "0", "a.cc")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("NOT CHECKED", run.stdout)
        self.assertIn("a.cc", run.stdout)

    def test_without_a_base_commit_it_is_skipped_by_name(self):
        run = self.run_on("int* a = 0;\n")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn(check_tidy.FIRST_COMMIT, run.stdout)


if __name__ == "__main__":
    unittest.main()
