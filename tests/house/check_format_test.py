"""check_format refuses a file that clang-format would write differently."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@unittest.skipUnless(shutil.which("clang-format-14"), "clang-format-14 is not installed")
class CheckFormat(unittest.TestCase):
    def run_on(self, text, *options):
        with tempfile.TemporaryDirectory() as directory:
            shutil.copy(ROOT / ".clang-format", directory)
            file = pathlib.Path(directory) / "a.cc"
            file.write_text(text, encoding="utf-8")
            run = subprocess.run([ROOT / "tools" / "check_format", *options, str(file)], capture_output=True, text=True,
                                 check=False)
            return run, file.read_text(encoding="utf-8")

    def test_a_well_formatted_file_passes_in_silence(self):
        run, _ = self.run_on("int Add(int a, int b) { return a + b; }\n")
        self.assertEqual((run.returncode, run.stdout), (0, ""))

    def test_another_format_is_refused_with_the_file_named(self):
        run, _ = self.run_on("int Add( int a,int b ){return a+b;}\n")
        self.assertEqual(run.returncode, 1)
        self.assertIn("a.cc", run.stdout)
        self.assertIn("--fix", run.stdout)

    def test_fix_rewrites_the_file(self):
        run, text = self.run_on("int Add( int a,int b ){return a+b;}\n", "--fix")
        self.assertEqual((run.returncode, text), (0, "int Add(int a, int b) { return a + b; }\n"))


if __name__ == "__main__":
    unittest.main()
