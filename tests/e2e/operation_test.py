"""How a node starts, refuses to start, and ends."""

import shutil
import signal
import socket
import subprocess
import unittest
import urllib.request

from answers_test import principals
from harness import EndToEnd, HealthWatch, Lines, BIN, free_port, wait_until


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

    def test_a_server_that_is_not_there_is_unreachable(self):
        node = self.node(start=False)
        result = node.run("providers")
        self.assertEqual(3, result.code, result)
        self.assertIn("127.0.0.1:1", result.err)


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


class EndTest(EndToEnd):
    def test_sigterm_drains_and_ends_with_zero(self):
        node = self.node()
        self.register(node, "1-900000001")
        health = HealthWatch(node.address)
        self.addCleanup(health.close)
        self.assertEqual(1, health.next(), "SERVING")
        watching = Lines([str(BIN / "trigpoint"), "--json", "alerts", "--watch"], node.environment())
        watching.wait_for(lambda text: "resume_token" in text, 20, "the watch is open")
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(2, health.next(), "NOT_SERVING while it drains")
        code, seconds = node.terminate()
        print(f"drained in {seconds:.2f} s with a watch open")
        watching.stop()
        self.assertEqual(0, code, node.printed())
        self.assertLess(seconds, 10)
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
        self.register(node, "1-900000001")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        self.assertEqual(200, answer.status)
        self.assertIn("trigpoint_", text)
        self.assertNotIn("1-900000001", text)
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not on the PATH (tools/install_packages --tests fetches it to build/bin)")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (checked.returncode, checked.stdout + checked.stderr))


if __name__ == "__main__":
    unittest.main(verbosity=2)
