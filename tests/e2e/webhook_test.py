"""Alerts that reach people: signed webhooks over real connections, whatever dies and whenever."""

import datetime
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import unittest
import urllib.request
import zoneinfo

from harness import BIN, POLICIES, ROOT, EndToEnd, Lines, free_port, now, wait_until
from receiver import SECRET, Receiver

HOME = "1-900000001"
SECONDS = 60


def urgent(number, home=HOME, theme="THEME_NEGLECT", **more):
    """An assertion of immediate risk: an alert of its own for each service and theme, else attached and dispatched."""
    event = {"source": "council/safeguarding", "id": f"risk-{number}", "subject": f"cqc-location/{home}",
             "occurredAt": now(0.1), "sourceOrganisation": "herefordshire-council", "themes": [theme],
             "immediateRiskAsserted": {"grade": "GRADE_IMMEDIATE", "assertedByRole": "safeguarding lead",
                                       "rapidSharingRequested": True, "basis": "Told by Quillfeather on the late shift"}}
    event.update(more)
    return event


class Webhooks(EndToEnd):
    """A test with receivers and nodes that send to them."""

    def setUp(self):
        super().setUp()
        self.secret = self.scratch / "secret"
        self.secret.write_text(SECRET + "\n", encoding="utf-8")
        self.secret.chmod(0o600)

    def receiver(self, **more):
        made = Receiver(**more)
        self.addCleanup(made.close)
        return made

    def entry(self, name, receiver, **more):
        return {"name": name, "url": receiver.url, "secret_file": str(self.secret), **more}

    def configure(self, *entries):
        """Writes the configuration; JSON is YAML."""
        path = self.scratch / "node.yaml"
        path.write_text(json.dumps({"webhooks": list(entries)}), encoding="utf-8")
        return path

    def sending_node(self, *entries, arguments=(), **more):
        return self.node("--config", str(self.configure(*entries)), "--log-level", "debug", *arguments, **more)

    def raise_alert(self, node, number, **more):
        outcome, result = node.submit(urgent(number, **more))
        self.assertIn(outcome, ("ACCEPTED", "DUPLICATE"), result)

    def delivery(self, node, endpoint):
        return {one["endpoint"]: one for one in node.run("--json", "deliveries").lines()}[endpoint]

    def assert_same_bytes_for_each_id(self, receiver):
        bodies = {}
        for one in receiver.all():
            self.assertEqual(bodies.setdefault(one.id, one.body), one.body, one.id)
        self.assertEqual([], receiver.errors)
        return bodies


class WebhookTest(Webhooks):
    def test_an_alert_arrives_signed_and_says_what_the_api_shows(self):
        desk = self.receiver()
        node = self.sending_node(self.entry("duty-desk", desk))
        first = desk.wait_for(lambda r: r.taken(), SECONDS, "the first digest")[0]
        self.assertEqual(("digest", True), (first.type, first.data["nothing_to_report"]), "it proves the channel")
        self.register(node, HOME)
        self.raise_alert(node, 1)
        alert = desk.wait_for(lambda r: r.taken("raised"), SECONDS, "the alert")[0]
        shown = node.run("--json", "alerts").lines()[0]
        self.assertEqual(shown, alert.data)
        self.assertEqual(shown["alert_id"], alert.id)
        self.assertNotIn(b"Quillfeather", alert.body)
        wait_until(lambda: self.delivery(node, "duty-desk")["delivered"] == "2", SECONDS, "both are counted")
        self.assertIn("duty-desk", node.run("deliveries").out)
        for secret in ("sesame", SECRET, SECRET[6:], "Quillfeather", "R-URG"):
            self.assertNotIn(secret, node.printed())
        self.assert_nowhere(SECRET, node.data)
        self.assert_nowhere("Quillfeather", node.data)
        code, _ = node.terminate()
        self.assertEqual(0, code, node.printed())

    def test_the_receiver_of_the_documents_takes_it(self):
        text = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
        program = self.scratch / "receiver.py"
        program.write_text(re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1), encoding="utf-8")
        port = free_port()
        receiving = Lines([sys.executable, "-B", str(program), str(self.secret), str(port)], dict(os.environ))
        self.addCleanup(lambda: receiving.process.poll() is None and receiving.stop())
        node = self.sending_node({"name": "desk", "url": f"http://127.0.0.1:{port}/", "secret_file": str(self.secret)})
        receiving.wait_for(lambda line: line == "digest nothing to report\n", SECONDS, "the digest")
        self.register(node, HOME)
        self.raise_alert(node, 1)
        receiving.wait_for(lambda line: line == f"rapid_quality_review_alert.raised House {HOME}\n", SECONDS, "the alert")

    def test_a_protected_source_stays_protected(self):
        desk = self.receiver()
        node = self.sending_node(self.entry("duty-desk", desk, send=["alerts"]))
        self.register(node, HOME)
        occurred = now(1.37)
        self.assertEqual("ACCEPTED", node.submit({
            "source": "council/speaking-up", "id": "WB-1", "subject": f"cqc-location/{HOME}", "occurredAt": occurred,
            "sourceOrganisation": "herefordshire-council", "recordedBy": "night-care-assistant-4",
            "whistleblowingConcernReceived": {"route": "ROUTE_LOCAL_AUTHORITY", "currentAbuseAlleged": True,
                                              "anonymous": True, "narrative": "Told by Quillfeather"}})[0])
        alert = desk.wait_for(lambda r: r.taken("raised"), SECONDS, "the alert")[0]
        self.assertTrue(alert.data["detail"]["protected_source"])
        for hidden in ("Quillfeather", "night-care-assistant", "WB-1", "speaking-up", occurred[11:19]):
            self.assertNotIn(hidden.encode(), alert.body)

    def test_errors_of_the_receiver_change_neither_order_nor_bytes(self):
        desk = self.receiver()
        other = self.receiver()
        node = self.sending_node(self.entry("duty-desk", desk, send=["alerts"]), self.entry("other", other, send=["alerts"]))
        self.register(node, HOME)
        desk.answer(500, times=2)
        desk.answer(503, Retry_After="1")
        desk.answer(302, Location="http://127.0.0.1:1/")
        themes = ["THEME_NEGLECT", "THEME_FALLS", "THEME_MEDICINES", "THEME_STAFFING"]
        for number, theme in enumerate(themes):
            self.raise_alert(node, number, theme=theme)
        other.wait_for(lambda r: len(r.taken()) == 4, SECONDS, "nobody waits for another's receiver")
        self.assertLess(len(desk.taken()), 4)
        desk.wait_for(lambda r: len(r.taken()) == 4, SECONDS, "all alerts")
        self.assertEqual([one.id for one in other.taken()], [one.id for one in desk.taken()])
        self.assertEqual([[theme] for theme in themes], [one.data["detail"]["themes"] for one in desk.taken()])
        self.assertEqual([500, 500, 503, 302], [one.status for one in desk.all()[:4]])
        self.assertEqual(1, len({one.id for one in desk.all()[:5]}), "nothing overtakes the one in front")
        bodies = self.assert_same_bytes_for_each_id(desk)
        self.assertEqual(bodies, self.assert_same_bytes_for_each_id(other), "nor does the endpoint")

    def test_a_refused_alert_is_a_dead_letter_and_can_be_sent_again(self):
        desk = self.receiver()
        port = free_port()
        node = self.sending_node(self.entry("duty-desk", desk, send=["alerts"]),
                                 arguments=("--metrics-listen", f"127.0.0.1:{port}"))
        self.register(node, HOME)
        desk.answer(410)
        self.raise_alert(node, 1)
        self.raise_alert(node, 2, theme="THEME_FALLS")
        desk.wait_for(lambda r: len(r.taken()) == 1, SECONDS, "the one behind it")
        refused, taken = desk.all()
        letter = self.delivery(node, "duty-desk")["dead_letters"][0]
        self.assertEqual((refused.id, refused.id, "HTTP 410"), (letter["message_id"], letter["alert_id"], letter["error"]))
        self.assertIn("HTTP 410", node.run("deliveries").out)
        wait_until(lambda: self.delivery(node, "duty-desk")["waiting"] == "0", SECONDS, "the queue is empty")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        for line in ('trigpoint_webhook_delivered_total{endpoint="duty-desk"} 1\n',
                     'trigpoint_webhook_failed_attempts_total{endpoint="duty-desk"} 1\n',
                     'trigpoint_webhook_dead_letters{endpoint="duty-desk"} 1\n'):
            self.assertIn(line, metrics)
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True, check=False)
            self.assertEqual((0, ""), (checked.returncode, checked.stdout + checked.stderr))
        # It survives the node, and comes with the same id and bytes when it is sent again.
        node.stop()
        node.start()
        again = node.run("--json", "deliveries", "--retry", "duty-desk")
        self.assertEqual(1, again.json()["queued"], again)
        desk.wait_for(lambda r: len(r.taken()) == 2, SECONDS, "the dead letter")
        self.assertEqual([refused.id, taken.id, refused.id], [one.id for one in desk.all()])
        self.assert_same_bytes_for_each_id(desk)
        wait_until(lambda: not self.delivery(node, "duty-desk")["dead_letters"], SECONDS, "no dead letter is left")
        unknown = node.run("--json", "deliveries", "--retry", "nobody")
        self.assertEqual("NOT_FOUND", json.loads(unknown.err)["error"]["code"], unknown)
        unknown = node.run("--json", "deliveries", "--retry", "duty-desk", "--message", "nothing")
        self.assertEqual("NOT_FOUND", json.loads(unknown.err)["error"]["code"], unknown)

    def test_what_was_not_taken_comes_again_after_a_kill(self):
        desk = self.receiver()
        node = self.sending_node(self.entry("duty-desk", desk, send=["alerts"]))
        self.register(node, HOME)
        desk.answer(500, times=1000)
        self.raise_alert(node, 1)
        desk.wait_for(lambda r: len(r.all()) >= 2, SECONDS, "attempts")
        node.stop()
        desk.answers.clear()
        node.start()
        desk.wait_for(lambda r: r.taken(), SECONDS, "the alert")
        self.assertEqual(1, len(self.assert_same_bytes_for_each_id(desk)))
        code, seconds = node.terminate()
        self.assertEqual(0, code, node.printed())
        self.assertLess(seconds, 8)

    def test_a_receiver_that_hangs_does_not_hold_up_the_end_of_the_node(self):
        desk = self.receiver()
        held = threading.Event()
        self.addCleanup(held.set)
        take = desk.take

        def hang(headers, body):
            answer = take(headers, body)
            held.wait(SECONDS)
            return answer

        desk.take = hang
        node = self.sending_node(self.entry("duty-desk", desk, timeout_seconds=60))
        desk.wait_for(lambda r: r.all(), SECONDS, "the attempt")
        code, seconds = node.terminate()
        self.assertEqual(0, code, node.printed())
        self.assertLess(seconds, 8)

    def test_an_alert_nobody_answers_goes_to_the_next_tier(self):
        policies = self.scratch / "policies"
        shutil.copytree(POLICIES, policies)
        for pack in policies.glob("*.yaml"):
            text = pack.read_text(encoding="utf-8")
            pack.write_text(text.replace("{name: rqr_ack_hours, value: 4", "{name: rqr_ack_hours, value: 0"), encoding="utf-8")
        desk, chiefs = self.receiver(), self.receiver()
        node = self.sending_node(self.entry("duty-desk", desk, send=["alerts"], tiers=[1]),
                                 self.entry("chiefs", chiefs, send=["alerts"], tiers=[2, 3]),
                                 arguments=("--deadline-grace-seconds", "0"), policies=policies)
        self.register(node, HOME)
        self.raise_alert(node, 1)
        chiefs.wait_for(lambda r: len(r.taken()) == 2, SECONDS, "both next tiers")
        self.assertEqual([("rapid_quality_review_alert.next_tier", 2), ("rapid_quality_review_alert.next_tier", 3)],
                         [(one.type, one.data["detail"]["tier"]) for one in chiefs.taken()])
        self.assertEqual([1], [one.data["detail"]["tier"] for one in desk.taken()])
        self.assertEqual(desk.taken()[0].id, chiefs.taken()[0].data["detail"]["attached_to"])


class WebhookTlsTest(Webhooks):
    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=self.scratch, check=True, capture_output=True)

    def certificate(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", "/CN=localhost",
                     "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        return self.scratch / f"{name}.pem", self.scratch / f"{name}.key"

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_only_a_trusted_receiver_gets_anything(self):
        desk = self.receiver(certificate=self.certificate("desk"))
        stranger, _ = self.certificate("stranger")
        node = self.sending_node(self.entry("duty-desk", desk, ca_file=str(stranger)))

        def told():
            return self.delivery(node, "duty-desk")["last_error"]

        error = wait_until(told, SECONDS, "the error")
        self.assertIn("certificate", error)
        self.assertEqual([], desk.all())
        node.stop()
        # The certificate does not name the address either way it is not trusted: by the system's authorities.
        self.configure(self.entry("duty-desk", desk))
        node.start()
        wait_until(told, SECONDS, "the error")
        self.assertEqual([], desk.all())
        node.stop()
        self.configure(self.entry("duty-desk", desk, ca_file=str(self.scratch / "desk.pem")))
        node.start()
        desk.wait_for(lambda r: r.taken("digest"), SECONDS, "the digest")
        self.assertEqual([], desk.errors)


class WebhookDigestTest(Webhooks):
    def test_the_heartbeat_comes_at_its_time_and_what_waits_is_told_once(self):
        desk = self.receiver()
        # The first minute that begins in half a minute or later: the node starts before it.
        london = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/London")) + datetime.timedelta(seconds=90)
        node = self.sending_node(self.entry("duty-desk", desk, digest_at=london.strftime("%H:%M")))
        desk.wait_for(lambda r: r.taken("digest"), SECONDS, "the first digest, at once")
        self.register(node, HOME)
        self.assertEqual("ACCEPTED", node.submit({
            "source": "cqc/enforcement", "id": "W-1", "subject": f"cqc-location/{HOME}", "occurredAt": now(20),
            "cqcEnforcementActionRecorded": {"action": "ENFORCEMENT_KIND_WARNING_NOTICE"}})[0])
        desk.wait_for(lambda r: len(r.taken("digest")) == 2, 150, "the digest of the minute")
        first, second = desk.taken("digest")
        self.assertTrue(first.data["nothing_to_report"])
        self.assertEqual("nothing to report", first.data["summary"])
        self.assertFalse(second.data["nothing_to_report"])
        told = second.data["recommendations"]
        self.assertEqual([f"cqc-location/{HOME}"], told[0]["ids"])
        self.assertIn("H-L2-2", [criterion["id"] for one in told for criterion in one["criteria"]])
        self.assertNotEqual(first.id, second.id)
        self.assertEqual([], desk.errors)


class WebhookKillTest(Webhooks):
    SERVICES = 200

    def test_every_alert_arrives_and_is_recognisably_the_same(self):
        seed = int(os.environ.get("TRIGPOINT_SEED", random.SystemRandom().randrange(2**32)))
        print(f"TRIGPOINT_SEED={seed}")
        chance = random.Random(seed)
        desk = self.receiver()
        node = self.sending_node(self.entry("duty-desk", desk))
        homes = [f"1-9{number:08d}" for number in range(self.SERVICES)]
        directory = self.write("homes.jsonl", [
            {"source": "cqc/directory", "id": f"registration-{home}", "subject": f"cqc-location/{home}", "occurredAt": now(400),
             "serviceRegistered": {"name": f"House {home}", "serviceType": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30,
                                   "commissioners": ["herefordshire-council"]}} for home in homes])
        risks = self.write("risks.jsonl", [urgent(number, home) for number, home in enumerate(homes)])
        imported = node.run("--json", "import", directory)
        self.assertEqual(0, imported.code, imported)
        kills = 20
        for kill in range(kills):
            # Somewhere between nothing more and everything more that is still to come.
            left = self.SERVICES - len(desk.taken("raised"))
            at = len(desk.all()) + chance.randrange(1, max(2, left // 2))
            if kill % 3 == 1:
                desk.answer(500, times=chance.randrange(1, 3))
            importing = subprocess.Popen([str(BIN / "trigpoint"), "--json", "import", str(risks)], env=node.environment(),
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: len(desk.all()) >= at or importing.poll() is not None, SECONDS, "attempts")
            node.stop()
            importing.wait(SECONDS)
            node.start()
        imported = node.run("--json", "import", risks)
        self.assertEqual(0, imported.code, imported)
        raised = {one["alert_id"] for one in node.run("--json", "alerts").lines()}
        self.assertEqual(self.SERVICES, len(raised))
        desk.wait_for(lambda r: raised <= {one.id for one in r.taken()}, SECONDS, "every alert")
        self.assert_same_bytes_for_each_id(desk)
        taken = desk.taken("raised")
        print(f"{kills} kills, {len(taken)} alerts taken, {len(taken) - len(raised)} of them again")
        self.assertEqual(raised, {one.id for one in taken}, "and nothing else")
        wait_until(lambda: self.delivery(node, "duty-desk")["waiting"] == "0", SECONDS, "the queue is empty")
        self.assertEqual([], self.delivery(node, "duty-desk")["dead_letters"])

    def write(self, name, events):
        path = self.scratch / name
        path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        return path


class WebhookConfigTest(Webhooks):
    def check(self, *entries):
        node = self.sending_node(*entries, arguments=("--check-config",), start=False)
        return node.run_to_its_end()

    def test_check_config_names_key_and_rule(self):
        desk = self.receiver()
        right = self.check(self.entry("duty-desk", desk))
        self.assertEqual(0, right.code, right)
        for changed, words in (({"url": "http://desk.example/?key=sesame"}, ["`url`", "https"]),
                               ({"secret_file": "/nowhere"}, ["`secret_file`", "/nowhere"]),
                               ({"tiers": [4]}, ["`tiers`"]), ({"colour": "red"}, ["`colour`", "unknown"])):
            wrong = self.check({**self.entry("duty-desk", desk), **changed})
            self.assertEqual(1, wrong.code, wrong)
            for word in ["webhooks", *words]:
                self.assertIn(word, wrong.err)
            self.assertNotIn("sesame", wrong.err)
        self.secret.chmod(0o644)
        wrong = self.check(self.entry("duty-desk", desk))
        self.assertEqual(1, wrong.code, wrong)
        self.assertIn("0600", wrong.err)

    def test_the_default_configuration_explains_them_and_can_be_read(self):
        printed = subprocess.run([str(BIN / "trigpoint-node"), "--print-default-config"], capture_output=True, text=True,
                                 check=True).stdout
        self.assertIn("webhooks:", printed)
        path = self.scratch / "default.yaml"
        path.write_text(printed, encoding="utf-8")
        checked = subprocess.run([str(BIN / "trigpoint-node"), "--config", str(path), "--check-config"], capture_output=True,
                                 text=True, check=False)
        self.assertEqual(0, checked.returncode, checked)

    def test_an_endpoint_that_leaves_the_configuration_keeps_its_queue(self):
        desk = self.receiver()
        node = self.sending_node(self.entry("duty-desk", desk, send=["alerts"]))
        self.register(node, HOME)
        desk.answer(500, times=1000)
        self.raise_alert(node, 1)
        desk.wait_for(lambda r: r.all(), SECONDS, "an attempt")
        node.stop()
        self.configure()
        node.start()
        self.assertEqual("1", self.delivery(node, "duty-desk")["waiting"])
        self.assertIn("not in the configuration", self.delivery(node, "duty-desk")["last_error"])
        self.raise_alert(node, 2, theme="THEME_FALLS")
        node.stop()
        desk.answers.clear()
        self.configure(self.entry("duty-desk", desk, send=["alerts"]))
        node.start()
        desk.wait_for(lambda r: len(r.taken()) == 2, SECONDS, "what waited, then what is open")
        self.assertEqual([["THEME_NEGLECT"], ["THEME_FALLS"]], [one.data["detail"]["themes"] for one in desk.taken()])
        self.assert_same_bytes_for_each_id(desk)


if __name__ == "__main__":
    unittest.main(verbosity=2)
