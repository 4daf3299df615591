"""check_deploy refuses what the linters of each part of deploy/ do not allow, and the alarms ring when they must."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMTOOL = shutil.which("promtool", path=f"{ROOT}/build/bin") or shutil.which("promtool")


class CheckDeploy(unittest.TestCase):
    def run_on(self, file=None, old="", new="", needs=None):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            shutil.copytree(ROOT / "deploy", root / "deploy", ignore=shutil.ignore_patterns("secrets"))
            metrics = root / "libs/telemetry/src/metrics.cc"
            metrics.parent.mkdir(parents=True)
            shutil.copy(ROOT / "libs/telemetry/src/metrics.cc", metrics)
            if file is not None:
                text = (root / file).read_text(encoding="utf-8")
                self.assertIn(old, text)
                (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")
            run = subprocess.run([ROOT / "tools/check_deploy", "--root", directory], capture_output=True, text=True, check=False)
        for line in run.stdout.splitlines():
            if "not checked" in line and (needs is None or needs in line):
                self.skipTest(line)
        return run

    def assert_refused(self, run, *words):
        self.assertEqual(1, run.returncode, run.stdout + run.stderr)
        for word in words:
            self.assertIn(word, run.stdout)

    def test_the_files_as_they_are_pass_in_silence(self):
        run = self.run_on()
        self.assertEqual((0, "", ""), (run.returncode, run.stdout, run.stderr))

    def test_an_image_that_runs_as_root_is_refused(self):
        run = self.run_on("deploy/container/Containerfile", "USER 10001:10001", "USER root", needs="container")
        self.assert_refused(run, "DL3002")

    def test_a_key_that_compose_does_not_know_is_refused(self):
        run = self.run_on("deploy/compose/compose.yaml", "read_only: true", "readonly: true", needs="compose")
        self.assert_refused(run, "readonly")

    def test_a_field_that_kubernetes_does_not_know_is_refused(self):
        run = self.run_on("deploy/kubernetes/projector.yaml", "readOnlyRootFilesystem", "readOnlyRootFileSystem", needs="kubernetes")
        self.assert_refused(run, "readOnlyRootFileSystem")

    def test_a_policy_that_is_gone_is_missed(self):
        run = self.run_on("deploy/kustomization.yaml", "policies/nqb.yaml", "policies/nqb-v2.yaml", needs="kubernetes")
        self.assert_refused(run, "nqb-v2.yaml")

    def test_a_metric_that_no_process_shows_is_refused(self):
        run = self.run_on("deploy/grafana/trigpoint.json", "trigpoint_alerts_total", "trigpoint_alarms_total", needs="dashboard")
        self.assert_refused(run, "trigpoint_alarms_total")
        run = self.run_on("deploy/prometheus/cluster.rules.yaml", "trigpoint_commit_seconds_bucket", "trigpoint_commit_secs_bucket")
        self.assert_refused(run, "trigpoint_commit_secs_bucket")

    def test_a_label_that_no_metric_has_is_refused(self):
        run = self.run_on("deploy/grafana/trigpoint.json", "by (endpoint)", "by (webhook)", needs="dashboard")
        self.assert_refused(run, "no metric has a label webhook")

    def test_a_field_that_grafana_does_not_know_is_refused(self):
        run = self.run_on("deploy/grafana/trigpoint.json", '"legendFormat"', '"legendFormats"', needs="fields of the dashboard")
        self.assert_refused(run, "Grafana knows no legendFormats")

    def test_a_key_that_systemd_does_not_know_is_refused(self):
        run = self.run_on("deploy/systemd/trigpoint-node.service", "WatchdogSec=", "WatchDogSec=", needs="systemd")
        self.assert_refused(run, "WatchDogSec")

    def test_an_expression_that_prometheus_cannot_read_is_refused(self):
        run = self.run_on("deploy/grafana/trigpoint.json", "max by (outcome) (rate(", "max by (outcome) (rate((", needs="dashboard")
        self.assert_refused(run, "expression")

    @unittest.skipUnless(PROMTOOL, "promtool is not there (tools/install_packages --tests fetches it to build/bin)")
    def test_the_alarms_ring_when_they_must_and_not_before(self):
        run = subprocess.run([PROMTOOL, "test", "rules", "alarms_test.yaml"], cwd=ROOT / "tests/house", capture_output=True,
                             text=True, check=False)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
