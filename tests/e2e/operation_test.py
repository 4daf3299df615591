"""How a node starts, refuses to start, and ends."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

from answers_test import principals, warning_notice
from harness import BIN, POLICIES, ROOT, EndToEnd, HealthWatch, Lines, free_port, now, wait_until


def whistleblowing():
    return {"source": "council/speaking-up", "id": "WB-1", "subject": "cqc-location/1-900000001", "occurredAt": now(1),
            "sourceOrganisation": "herefordshire-council",
            "whistleblowingConcernReceived": {"route": "ROUTE_LOCAL_AUTHORITY", "currentAbuseAlleged": True, "anonymous": True}}


class StartTest(EndToEnd):
    def test_a_second_node_on_the_same_directory_is_refused(self):
        node = self.node()
        second = self.node(start=False)
        refused = second.run_to_its_end()
        self.assertEqual(1, refused.code, refused)
        self.assertIn(str(node.data), refused.err)
        self.assertIn("another node", refused.err)
        self.register(node, "1-900000001")

    def test_a_port_in_use_is_told_in_plain_words(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            refused = self.node(start=False, listen=address).run_to_its_end()
        self.assertEqual(1, refused.code, refused)
        self.assertIn(address, refused.err)
        self.assertIn("in use", refused.err)

    def test_beyond_loopback_needs_tls_and_principals(self):
        refused = self.node(start=False, listen=f"0.0.0.0:{free_port()}").run_to_its_end()
        self.assertEqual(1, refused.code, refused)
        self.assertIn("TLS", refused.err)

    def test_metrics_leave_this_machine_only_when_asked_to(self):
        exposed = f"0.0.0.0:{free_port()}"
        refused = self.node("--metrics-listen", exposed, start=False).run_to_its_end()
        self.assertEqual(1, refused.code, refused)
        self.assertIn("--metrics-listen", refused.err)
        self.node("--metrics-listen", exposed, "--metrics-exposed", "true")
        with urllib.request.urlopen(f"http://127.0.0.1:{exposed.rsplit(':', 1)[1]}/metrics", timeout=10) as answer:
            self.assertIn("trigpoint_build_info", answer.read().decode())

    def test_health_is_told_to_probes_without_a_credential(self):
        file = principals(self.scratch / "principals.yaml", ("reader", "herefordshire-council", ["QUALITY_READER"], [], "C2"))
        node = self.node("--principals", str(file))
        self.assertEqual(5, node.run("providers").code)
        self.assertEqual((0, "SERVING\n"), ((asked := node.run("health")).code, asked.out))
        self.assertEqual({"status": "SERVING"}, node.run("--json", "health").json())
        node.stop()
        self.assertEqual(3, node.run("--timeout", "3", "health").code)

    def test_a_server_that_is_not_there_is_unreachable(self):
        node = self.node(start=False)
        result = node.run("providers")
        self.assertEqual(3, result.code, result)
        self.assertIn("127.0.0.1:1", result.err)


class HolidaysTest(EndToEnd):
    """The bank holidays that working days are counted by are data, as gov.uk publishes them."""

    def bank_holidays(self, *years):
        days = ("01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28")
        events = [{"title": "made up", "date": f"{year}-{day}", "notes": "", "bunting": True} for year in years for day in days]
        path = self.scratch / "bank-holidays.json"
        path.write_text(json.dumps({"england-and-wales": {"division": "england-and-wales", "events": events}}), encoding="utf-8")
        return path

    def test_a_list_is_published_once_and_survives_a_restart(self):
        node = self.node()
        published = node.run("holidays", self.bank_holidays(2029, 2030))
        self.assertEqual(0, published.code, published)
        self.assertIn("2029 to 2030: 16 days", published.out)
        node.stop()
        node.start()
        again = node.run("--json", "holidays", self.bank_holidays(2029, 2030))
        self.assertTrue(again.json()["unchanged"], again)

    def test_a_list_that_was_cut_is_refused(self):
        node = self.node()
        file = self.bank_holidays(2029)
        file.write_text(file.read_text(encoding="utf-8").replace("2029-08-30", "2030-01-01"), encoding="utf-8")
        refused = node.run("holidays", file)
        self.assertEqual(7, refused.code, refused)
        self.assertIn("YEAR_NOT_WHOLE", refused.err)
        self.assertEqual(7, node.run("holidays", self.scratch / "nothing.json").code)


class TlsTest(EndToEnd):
    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_a_token_is_needed_and_the_authority_is_checked(self):
        self.certificates()
        file = principals(self.scratch / "principals.yaml",
                          ("reader", "herefordshire-council", ["QUALITY_READER"], [], "C2"))
        node = self.node("--principals", str(file), "--tls-cert", str(self.scratch / "node.pem"), "--tls-key",
                         str(self.scratch / "node.key"), listen="0.0.0.0:0")
        ca = self.scratch / "ca.pem"
        right = node.run("--ca", ca, "providers", token="reader")
        self.assertEqual(0, right.code, right)
        nobody = node.run("--json", "--ca", ca, "providers")
        self.assertEqual(5, nobody.code, nobody)
        self.assertIn("UNAUTHENTICATED", nobody.err)
        wrong = node.run("--json", "--ca", ca, "providers", token="somebody-else")
        self.assertEqual(5, wrong.code, wrong)
        self.assertNotIn("somebody-else", wrong.err + node.printed())
        # An authority that did not sign it, and no TLS at all.
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=Another authority")
        self.assertEqual(3, node.run("--timeout", 3, "--ca", self.scratch / "other.pem", "providers", token="reader").code)
        self.assertEqual(3, node.run("--timeout", 3, "providers", token="reader").code)


class ServiceManagerTest(EndToEnd):
    def test_it_is_told_that_calls_are_served_that_the_node_works_and_that_it_ends(self):
        for name in (str(self.scratch / "notify"), "@" + self.scratch.name):  # The second is in no directory.
            with self.subTest(name), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(name.replace("@", "\0"))
                manager.settimeout(30)
                node = self.node(name=name.strip("/@").replace("/", "-"), start=False,
                                 within=["env", f"NOTIFY_SOCKET={name}", "WATCHDOG_USEC=1000000"]).start()
                self.assertEqual(b"READY=1", manager.recv(100))
                self.assertEqual(0, node.run("health").code, "calls are served")
                self.assertEqual([b"WATCHDOG=1"] * 3, [manager.recv(100) for _ in range(3)])
                self.assertEqual(0, node.terminate()[0], node.printed())
                said = []
                while (word := manager.recv(100)) != b"STOPPING=1":
                    said.append(word)
                self.assertLessEqual(set(said), {b"WATCHDOG=1"})

    def test_nothing_is_lost_without_one(self):
        gone = self.node(start=False, within=["env", f"NOTIFY_SOCKET={self.scratch}/nobody", "WATCHDOG_USEC=1000000"]).start()
        self.assertEqual(0, gone.run("health").code)
        self.assertEqual(0, gone.terminate()[0], gone.printed())


class EndTest(EndToEnd):
    def test_sigterm_drains_and_ends_with_zero(self):
        node = self.node()
        self.register(node, "1-900000001")
        health = HealthWatch(node.address)
        self.addCleanup(health.close)
        self.assertEqual(1, health.next(), "SERVING")
        watching = Lines([str(BIN / "trigpoint"), "--json", "alerts", "--watch"], node.environment())
        watching.wait_for(lambda text: "resume_token" in text, 20, "the watch is open")
        begun = time.monotonic()
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(2, health.next(), "NOT_SERVING while it drains")
        with self.assertRaises((EOFError, ConnectionError)):  # It answers the server's last ping meanwhile.
            health.next()
        self.assertEqual(0, node.process.wait(timeout=30), node.printed())
        seconds = time.monotonic() - begun
        print(f"drained in {seconds:.2f} s with both watches open")
        watching.stop()
        self.assertLess(seconds, 4, "calls in flight have 5 s; neither watch needs any of them")
        node.start()
        self.assertEqual(0, node.run("show", "1-900000001").code)
        self.assertEqual(0, node.run("verify").code)

    def test_an_open_watch_does_not_delay_the_end_and_goes_on_with_the_next_node(self):
        port = free_port()
        node = self.node(listen=f"127.0.0.1:{port}")
        watching = Lines([str(BIN / "trigpoint"), "--json", "alerts", "--watch"], node.environment())
        watching.wait_for(lambda text: "resume_token" in text, 20, "the watch is open")
        code, seconds = node.terminate()
        self.assertEqual(0, code, node.printed())
        self.assertLess(seconds, 4, "calls in flight have 5 s; a watch needs none of them")
        before = len(watching.lines)
        node.start()
        wait_until(lambda: len(watching.lines) > before, 20, "the watch goes on")
        code, said = watching.stop()
        self.assertEqual(0, code, said)
        self.assertIn("trying again", said)

    def test_metrics_answer(self):
        port = free_port()
        node = self.node("--metrics-listen", f"127.0.0.1:{port}")

        def metrics():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                self.assertEqual(200, answer.status)
                return answer.read().decode()

        def value(text, series):
            found = re.search("^" + re.escape(series) + r" (\S+)$", text, re.MULTILINE)
            return float(found.group(1)) if found else 0

        self.register(node, "1-900000001")
        self.assertEqual("ACCEPTED", node.submit(warning_notice())[0])
        self.assertEqual("ACCEPTED", node.submit(whistleblowing())[0])
        self.assertEqual(0, node.run("providers").code)
        self.assertEqual(4, node.run("show", "1-900000009").code)
        # The node carries its counts over a few times a second.
        text = wait_until(lambda: value(shown := metrics(), 'trigpoint_alerts_total{kind="raised"}') > 0 and shown, 10, "the alert")
        for series, least in (
                ('trigpoint_recommendations_total{policy="herefordshire",kind="issued"}', 1),
                ("trigpoint_commit_seconds_count", 3), ("trigpoint_report_to_visible_seconds_count", 3),
                # Registration, binding, notice, concern, and what the engine said.
                ("trigpoint_events_appended_total", 6),
                ('trigpoint_grpc_requests_total{method="trigpoint.v1.IntelligenceService/SubmitEvent",code="OK"}', 3),
                ('trigpoint_grpc_requests_total{method="trigpoint.v1.ProviderService/ListProviders",code="OK"}', 1),
                ('trigpoint_grpc_requests_total{method="trigpoint.v1.ProviderService/GetProvider",code="NOT_FOUND"}', 1)):
            self.assertGreaterEqual(value(text, series), least, f"{series}\n{text}")
        self.assertNotIn("1-900000001", text)
        # A start is no news.
        self.assertEqual(0, node.terminate()[0])
        node.start()
        self.assertEqual(0, value(metrics(), 'trigpoint_alerts_total{kind="raised"}'))
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not on the PATH (tools/install_packages --tests fetches it to build/bin)")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (checked.returncode, checked.stdout + checked.stderr))

    def test_a_client_whose_machine_vanished_is_let_go(self):
        node = self.node("--keepalive-seconds", "1")
        silent, there = HealthWatch(node.address, answers=False), HealthWatch(node.address)
        self.addCleanup(silent.close)
        self.addCleanup(there.close)
        self.assertEqual((1, 1), (silent.next(), there.next()), "SERVING")
        with self.assertRaises((EOFError, ConnectionError)):  # Its socket waits 30 s.
            silent.next()
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(2, there.next(), "who answers is kept")


class ReloadTest(EndToEnd):
    def test_sighup_activates_what_was_added_and_a_mistake_does_not_end_the_node(self):
        policies = self.scratch / "policies"
        policies.mkdir()
        shutil.copy(POLICIES / "herefordshire.yaml", policies)
        node = self.node(policies=policies)

        def active():
            return {one["policy_id"] for one in node.run("--json", "policies").lines()}

        self.assertEqual({"herefordshire"}, active())
        shutil.copy(POLICIES / "nqb.yaml", policies)
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: active() == {"herefordshire", "nqb"}, 20, "the added policy is active")
        # The same version with other content.
        changed = (policies / "nqb.yaml").read_text(encoding="utf-8")
        (policies / "nqb.yaml").write_text(re.sub("(?m)^title: .*$", "title: Another", changed), encoding="utf-8")
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: '"code":"FAILED_PRECONDITION"' in node.printed(), 20, "the mistake is logged by its kind")
        self.assertIn("raise `version`", node.printed())
        (policies / "nqb.yaml").write_text("title: [", encoding="utf-8")
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: node.printed().count("policies_reloaded") == 3, 20, "the third reload")
        self.assertEqual({"herefordshire", "nqb"}, active(), "the node goes on with what it has")
        self.assertEqual(0, node.terminate()[0], node.printed())


class ConfigurationTest(EndToEnd):
    def printed(self, *arguments, **environment):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRIGPOINT_NODE_")}
        return subprocess.run([str(BIN / "trigpoint-node"), *map(str, arguments)], env={**kept, **environment},
                              capture_output=True, text=True, timeout=30, check=False)

    def test_a_flag_wins_over_the_environment_and_that_over_the_file(self):
        file = self.scratch / "node.yaml"
        file.write_text("data: from-the-file\nlisten: 127.0.0.1:1\npartitions: 3\n", encoding="utf-8")
        shown = self.printed("--config", file, "--print-config", "--data", "from a flag", TRIGPOINT_NODE_DATA="from-nowhere",
                             TRIGPOINT_NODE_LISTEN="127.0.0.1:2", TRIGPOINT_NODE_METRICS_LISTEN="")
        self.assertEqual((0, ""), (shown.returncode, shown.stderr))
        lines = shown.stdout.splitlines()
        for line in ('data: "from a flag"  # flag', "listen: 127.0.0.1:2  # environment", 'metrics_listen: ""  # environment',
                     "partitions: 3  # file", "log_level: info  # default"):
            self.assertIn(line, lines)
        # What is printed is a configuration, also named by the environment.
        file.write_text(shown.stdout, encoding="utf-8")
        again = self.printed("--print-config", TRIGPOINT_NODE_CONFIG=str(file))
        self.assertEqual([line.split("  #")[0] for line in lines], [line.split("  #")[0] for line in again.stdout.splitlines()])

    def test_a_mistake_names_the_variable(self):
        wrong = self.printed("--print-config", TRIGPOINT_NODE_PARTITIONS="many")
        self.assertEqual(1, wrong.returncode, wrong)
        self.assertIn("TRIGPOINT_NODE_PARTITIONS", wrong.stderr)
        unknown = self.printed("--print-config", TRIGPOINT_NODE_LISTNE="127.0.0.1:1")
        self.assertEqual(0, unknown.returncode, "an orchestrator sets some of its own")
        self.assertIn("TRIGPOINT_NODE_LISTNE", unknown.stderr)

    def test_help_and_defaults_name_every_variable(self):
        keys = [line.split(":")[0] for line in self.printed("--print-config").stdout.splitlines()]
        self.assertGreater(len(keys), 10)
        for how in ("--help", "--print-default-config"):
            text = self.printed(how).stdout
            for key in keys:
                self.assertIn("TRIGPOINT_NODE_" + key.upper(), text, how)
        self.assertRegex(self.printed("--version").stdout, r"^trigpoint-node \d+\.\d+")

    def test_the_man_pages_name_every_command_and_key_and_are_well_formed(self):
        keys = [line.split(":")[0] for line in self.printed("--print-config").stdout.splitlines()]
        told = self.node(start=False).run("--help").out.split("Subcommands:")[1].split("Exit codes:")[0]
        commands = re.findall(r"^  ([a-z-]+) {2,}", told, re.MULTILINE)
        self.assertGreater(len(commands), 30)
        linter = shutil.which("mandoc", path=f"{ROOT}/build/bin") or shutil.which("mandoc")
        for program, section, heads in (("trigpoint", 1, commands), ("trigpoint-node", 8, ())):
            page = subprocess.run([sys.executable, "-B", ROOT / "tools/man_page.py", BIN / program, str(section)],
                                  capture_output=True, text=True, check=True).stdout
            for command in heads:
                self.assertIn(command, re.findall(r"^\.SS (.*)$", page.replace("\\-", "-"), re.MULTILINE))
            for key in keys if section == 8 else ():
                self.assertIn("TRIGPOINT_NODE_" + key.upper(), re.findall(r"TRIGPOINT_NODE_\w+", page))
            if linter:
                # It has no date: the same program gives the same page.
                linted = subprocess.run([linter, "-Tlint", "-W", "warning"], input=page, capture_output=True, text=True, check=False)
                said = [line for line in linted.stdout.splitlines() if "missing date" not in line]
                self.assertEqual([], said, program)

    def test_completion_knows_every_command(self):
        node = self.node(start=False)
        scripts = {shell: node.run("completion", shell).out for shell in ("bash", "zsh", "fish")}
        for shell, script in scripts.items():
            for word in ("providers", "decide", "request-id", "fish"):
                self.assertIn(word, script, shell)
            if shutil.which(shell):
                checked = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
                self.assertEqual((0, ""), (checked.returncode, checked.stderr), shell)


class ReflectionTest(EndToEnd):
    def test_tools_without_files_see_every_service(self):
        found = sorted((ROOT / "build/npm/buf/node_modules/@bufbuild").glob("buf-linux-*/bin/buf"))
        if not found:
            self.skipTest("buf is not there (tools/check_proto fetches it)")
        node = self.node()
        listed = subprocess.run([str(found[0]), "curl", "--http2-prior-knowledge", "--protocol", "grpc", "--list-methods",
                                 f"http://{node.address}"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(0, listed.returncode, listed)
        methods = listed.stdout.split()
        for method in ("trigpoint.v1.ProviderService/GetProvider", "grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"):
            self.assertIn(method, methods)


if __name__ == "__main__":
    unittest.main(verbosity=2)
