"""Partners' clients that are not ours send events over Kafka and read what became of them, over TLS and under the broker's ACLs.

Against a real broker that tools/kafka starts here, with a CA and certificates of its own, and a node whose log is on it, too. Each
class of tests is one client; what they do is written once. Needs TRIGPOINT_KAFKA, as everything that is labelled kafka.
"""
import base64
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BIN = pathlib.Path(os.environ.get("TRIGPOINT_BIN_DIR", ROOT / "build/release/bin"))
def free_ports(count):
    """The first of `count` ports in a row that are free, below those that the system hands out by itself."""
    while True:
        first = random.randrange(20000, 30000)
        with contextlib.ExitStack() as probes:
            try:
                for port in range(first, first + count):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return first


# A broker of these tests alone: its ACLs would shut others out.
PORT = free_ports(3)  # Of the plain listener, the controller and the TLS listener.
BROKER = {**os.environ, "TRIGPOINT_KAFKA_DIR": str(ROOT / "build/kafka-partners"), "TRIGPOINT_KAFKA_PORT": str(PORT)}
# The release that tools/test says, as tools/kafka takes it.
VERSION = os.environ.get("TRIGPOINT_KAFKA_VERSION", "3.9")
BROKERS = f"127.0.0.1:{PORT + 2}"
TLS = ROOT / "build/kafka-partners/tls"
ACCEPTED, DUPLICATE, WAITING, REFUSED = (f"SUBMISSION_OUTCOME_{name}" for name in ("ACCEPTED", "DUPLICATE", "WAITING", "REFUSED"))
SECONDS = 120


def kafka(*arguments):
    """tools/kafka, and what it said."""
    done = subprocess.run([str(ROOT / "tools/kafka"), *arguments], env=BROKER, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise AssertionError(f"tools/kafka {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def admin(tool, *arguments):
    kafka("run", "kafka.admin.AclCommand" if tool == "AclCommand" and VERSION.startswith("3.") else f"org.apache.kafka.tools.{tool}", "--bootstrap-server",
          f"127.0.0.1:{PORT}", *arguments)


def libraries():
    return f"{next((ROOT / 'build').glob(f'kafka*/lib/{VERSION}'))}/*"


def python_client():
    """kafka-python, in build/pip; a Python without it is skipped."""
    python = ROOT / "build/pip/kafka/bin/python"
    if not python.exists():
        if subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], capture_output=True, check=False).returncode != 0 or \
           subprocess.run([str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(HERE / "python/requirements.txt")],
                          capture_output=True, check=False).returncode != 0:
            shutil.rmtree(python.parents[1], ignore_errors=True)
            return None
    return [str(python), str(HERE / "python/client.py")], {}


def node_client():
    """kafkajs, in build/npm, as package-lock.json pins it."""
    if shutil.which("node") is None or subprocess.run(
            ["bash", "-c", f". {ROOT}/tools/lib.sh && npm_packages kafka-client {HERE}/node"], cwd=ROOT, capture_output=True,
            check=False).returncode != 0:
        return None
    return ["node", str(HERE / "node/client.js")], {"NODE_PATH": str(ROOT / "build/npm/kafka-client/node_modules")}


def java_client():
    """Apache Kafka's own, as tools/kafka brings it."""
    if shutil.which("javac") is None:
        return None
    return ["java", "-Xmx128m", f"-Dlog4j.configuration=file:{ROOT}/tools/kafka.d/tool-log4j.properties", "-cp", libraries(),
            str(HERE / "java/Client.java")], {}


def kcat_client():
    return ([sys.executable, "-B", str(HERE / "kcat_client.py")], {}) if shutil.which("kcat") else None


def binary_message(event, kind, number):
    """A binary CloudEvent: the event as Protobuf, its attributes in headers."""
    text = "\n".join(f"{key}: {value}" for key, value in event.items())
    encoded = subprocess.run(["protoc", "-I", str(ROOT / "proto"), "--encode=trigpoint.v1.Event", "trigpoint/v1/events.proto"],
                             input=text.encode(), capture_output=True, check=True, cwd=ROOT / "proto").stdout
    return {"key": number, "value": base64.b64encode(encoded).decode(),
            "headers": {"content-type": "application/protobuf", "ce_specversion": "1.0", "ce_id": number,
                        "ce_source": "home/incidents", "ce_type": f"trigpoint.v1.{kind}"}}


def structured_message(number, data, kind, source="home/incidents"):
    """A structured CloudEvent: everything in one JSON object."""
    event = {"specversion": "1.0", "id": number, "source": source, "type": f"trigpoint.v1.{kind}",
             "datacontenttype": "application/json", "data": data}
    return {"key": number, "value": base64.b64encode(json.dumps(event).encode()).decode(),
            "headers": {"content-type": "application/cloudevents+json; charset=UTF-8"}}


def incident(number, **more):
    return structured_message(number, {"subject": "cqc-location/1-900000001", "occurred_at": "2026-11-01T08:00:00Z",
                                       "incident_reported": {"physical_harm": "HARM_LOW"}, **more}, "incident_reported")


def risk(number):
    return structured_message(number, {
        "subject": "cqc-location/1-900000001", "occurred_at": "2026-11-01T08:00:00Z", "themes": ["THEME_NEGLECT"],
        "immediate_risk_asserted": {"grade": "GRADE_IMMEDIATE", "asserted_by_role": "manager", "rapid_sharing_requested": True,
                                    "basis": "made up"}}, "immediate_risk_asserted")


def registration():
    return structured_message("registration-1", {
        "subject": "cqc-location/1-900000001", "occurred_at": "2026-01-01T00:00:00Z",
        "service_registered": {"name": "Example House", "service_type": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30}},
        "service_registered", source="home/directory")


class Broker:
    """One broker for all classes of a run."""

    def __enter__(self):
        kafka("down", "--purge")
        kafka("up", "--tls", str(TLS), "--acl")
        return self

    def __exit__(self, *_):
        kafka("down", "--purge")


class Scenario:
    """What every client does; a class of tests says which client."""

    prepare = None

    @classmethod
    def setUpClass(cls):
        if not os.environ.get("TRIGPOINT_KAFKA"):
            raise unittest.SkipTest("needs a Kafka broker: tools/test --kafka")
        made = cls.prepare()
        if made is None:
            raise unittest.SkipTest("the client could not be fetched, or what runs it is missing")
        cls.command, cls.environment = made
        cls.enterClassContext(Broker())
        scratch = tempfile.TemporaryDirectory(prefix="trigpoint_partners_")
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        for name in ("home-feed", "other-feed"):
            kafka("certificate", name)
            for topic in (f"{name}.in", f"{name}.in.outcomes"):
                admin("TopicCommand", "--create", "--topic", topic, "--partitions", "2", "--replication-factor", "1")
            # What docs/kafka.md tells operators to set.
            admin("AclCommand", "--add", "--allow-principal", f"User:CN={name}", "--producer", "--topic", f"{name}.in")
            admin("AclCommand", "--add", "--allow-principal", f"User:CN={name}", "--consumer", "--topic", f"{name}.in.outcomes",
                  "--group", name, "--resource-pattern-type", "prefixed")
        kafka("certificate", "duty-desk")
        for topic in ("trigpoint.dead-letters", "trigpoint.alerts"):
            admin("TopicCommand", "--create", "--topic", topic, "--partitions", "1", "--replication-factor", "1")
            admin("AclCommand", "--add", "--allow-principal", "User:CN=duty-desk", "--consumer", "--topic", topic, "--group", "duty-desk",
                  "--resource-pattern-type", "prefixed")
        (cls.scratch / "principals.yaml").write_text("principals:\n" + "".join(
            f"  - {{id: {name}, organisation: homes, roles: [PARTNER], sources: [{source}], clearance: C2, certificate_cn: {name}}}\n"
            for name, source in (("home-feed", "home"), ("other-feed", "other"))))
        (cls.scratch / "node.yaml").write_text("partner_topics:\n" + "".join(
            f"- {{topic: {name}.in, partner: {name}}}\n" for name in ("home-feed", "other-feed")))
        cls.node = subprocess.Popen(  # pylint: disable=consider-using-with
            [str(BIN / "trigpoint-node"), "--config", str(cls.scratch / "node.yaml"), "--data", str(cls.scratch / "data"), "--listen",
             "127.0.0.1:0", "--metrics-listen", "", "--principals", str(cls.scratch / "principals.yaml"), "--log", "kafka", "--member", "node", "--kafka-topic",
             "trigpoint.events", "--kafka-create-topic", "true", "--kafka-single-broker", "true", "--partitions", "4", "--alerts-topic",
             "trigpoint.alerts", "--kafka-brokers", BROKERS,
             "--kafka-tls-ca", str(TLS / "ca.pem"), "--kafka-tls-cert", str(TLS / "client.pem"), "--kafka-tls-key",
             str(TLS / "client.key"), "--policies", str(ROOT / "deploy/policies")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        cls.addClassCleanup(cls.end_node)
        said = []
        for line in cls.node.stdout:
            said.append(line)
            if "policies_reloaded" in line:  # Then it is ready; what comes before is assessed a minute later.
                break
        else:
            raise AssertionError("".join(said))
        # Nobody reads on: what it prints must not stop it.
        threading.Thread(target=cls.node.stdout.read, daemon=True).start()

    @classmethod
    def end_node(cls):
        cls.node.terminate()
        assert cls.node.wait(60) == 0

    def run_client(self, name, topic, messages, count, read=None):
        """The client sends as NAME to a topic, and gives so many records of one that it reads, as a rule the outcomes of NAME's."""
        done = subprocess.run([*self.command, BROKERS, str(TLS), name, topic, read or f"{name}.in.outcomes", str(count)],
                              input="".join(json.dumps(message) + "\n" for message in messages), capture_output=True, text=True,
                              timeout=SECONDS, env={**os.environ, **self.environment}, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def test_events_are_answered_and_a_stranger_is_shut_out(self):
        told = self.run_client("home-feed", "home-feed.in", [
            registration(), incident("structured-1"),
            binary_message({"id": '"binary-1"', "source": '"home/incidents"',
                            "subject": '{scheme: "cqc-location" value: "1-900000001"}', "occurred_at": "{seconds: 1793520000}",
                            "incident_reported": "{physical_harm: HARM_LOW}"}, "incident_reported", "binary-1"),
            risk("risk-1"), incident("wrong-1", incident_reported={"physical_harm": "HARM_OF_NO_KIND"})], 5)
        outcomes = {one.get("key"): one for one in told}
        self.assertEqual({"registration-1", "structured-1", "binary-1", "risk-1", "wrong-1"}, set(outcomes), told)
        # Two partitions: the registration may come after what waits for it.
        self.assertEqual(ACCEPTED, outcomes["registration-1"]["outcome"], told)
        for number in ("structured-1", "binary-1", "risk-1"):
            self.assertIn(outcomes[number]["outcome"], (ACCEPTED, WAITING), told)
            self.assertIn("position", outcomes[number])
        self.assertEqual(REFUSED, outcomes["wrong-1"]["outcome"])
        self.assertTrue(outcomes["wrong-1"]["violations"] and outcomes["wrong-1"]["quarantine_id"])
        # The broker knows who it is by the certificate, and lets it write nowhere else.
        refused = self.run_client("other-feed", "home-feed.in", [incident("forged-1")], 1)
        self.assertEqual(1, len(refused), refused)
        self.assertIn("AUTHORIZATION", refused[0].get("refused", "").upper(), refused)
        # What was refused is a dead letter; who may read these is no partner.
        letter, = self.run_client("duty-desk", "none", [], 1, read="trigpoint.dead-letters")
        self.assertEqual(("home-feed.in", outcomes["wrong-1"]["quarantine_id"]), (letter["key"], letter["quarantine_id"]), letter)
        # The assertion of immediate risk comes out as an alert.
        alert, = self.run_client("duty-desk", "none", [], 1, read="trigpoint.alerts")
        self.assertIn("risk-1", json.dumps(alert), alert)


class JavaClientTest(Scenario, unittest.TestCase):
    prepare = staticmethod(java_client)


class PythonClientTest(Scenario, unittest.TestCase):
    prepare = staticmethod(python_client)


class NodeClientTest(Scenario, unittest.TestCase):
    prepare = staticmethod(node_client)


class KcatTest(Scenario, unittest.TestCase):
    prepare = staticmethod(kcat_client)


if __name__ == "__main__":
    unittest.main(verbosity=2)
