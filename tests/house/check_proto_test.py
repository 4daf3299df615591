"""check_proto refuses what lint does not allow and what no longer reads the last release."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
API = "proto/trigpoint/v1/api.proto"


class CheckProto(unittest.TestCase):
    def run_on(self, old="", new=""):
        with tempfile.TemporaryDirectory() as directory:
            shutil.copy(ROOT / "buf.yaml", directory)
            shutil.copytree(ROOT / "proto", pathlib.Path(directory) / "proto")
            file = pathlib.Path(directory) / API
            text = file.read_text(encoding="utf-8")
            self.assertIn(old, text)
            file.write_text(text.replace(old, new, 1), encoding="utf-8")
            run = subprocess.run([ROOT / "tools" / "check_proto", "--root", directory], capture_output=True, text=True,
                                 check=False)
        if "not checked" in run.stdout:
            self.skipTest(run.stdout.strip())
        return run

    def assert_refused(self, run, *words):
        self.assertEqual(1, run.returncode, run.stdout + run.stderr)
        for word in words:
            self.assertIn(word, run.stdout)

    def test_the_files_as_they_are_pass_in_silence(self):
        run = self.run_on()
        self.assertEqual((0, "", ""), (run.returncode, run.stdout, run.stderr))

    def test_a_method_without_a_comment_is_refused(self):
        self.assert_refused(self.run_on("  // Alerts that nobody has acknowledged, or all, newest first.\n"),
                            API, "ListAlerts", "comment")

    def test_an_enum_whose_zero_is_a_value_is_refused(self):
        self.assert_refused(self.run_on("  SUBMISSION_OUTCOME_UNSPECIFIED = 0;", "  SUBMISSION_OUTCOME_NONE = 0;"),
                            API, "_UNSPECIFIED")

    def test_another_type_of_a_released_field_is_refused(self):
        self.assert_refused(self.run_on("  int64 offset = 2;", "  string offset = 2;"), API, "offset", "type")

    def test_a_number_reused_under_another_name_is_refused(self):
        self.assert_refused(self.run_on("  string etag = 15;", "  string tag = 15;"), API, "etag")

    def test_a_released_method_that_is_gone_is_refused(self):
        run = self.run_on("  rpc ListAlerts(ListAlertsRequest) returns (ListAlertsResponse);\n")
        self.assert_refused(run, API, "ListAlerts")


if __name__ == "__main__":
    unittest.main()
