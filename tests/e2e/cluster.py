"""Processes that share one log on Apache Kafka, as child processes, and the history that they must keep."""

import collections
import contextlib
import json
import os
import subprocess
import threading
import time
import unittest
import uuid

from harness import ROOT, EndToEnd, Node, free_port, incident, now, wait_until

BROKERS = os.environ.get("TRIGPOINT_KAFKA", "")
PARTITIONS = 4


@unittest.skipUnless(BROKERS, "TRIGPOINT_KAFKA names no broker: tools/test --kafka starts one")
class ClusterCase(EndToEnd):
    """A test with a topic of its own, and one process that keeps the keys."""

    brokers = BROKERS
    single_broker = "true"

    def setUp(self):
        super().setUp()
        self.topic = f"trigpoint.test.{uuid.uuid4().hex[:12]}"
        self.secret = self.scratch / "keys.secret"
        self.keys_address = self.where_keys_listen()
        self.keys = self.member("keys", "keys", "--keys-listen", self.keys_address)

    def where_keys_listen(self):
        return f"127.0.0.1:{free_port()}"

    def member(self, name, roles, *arguments, start=True, listen="", within=()):
        """A process with these roles; its data directory bears its name and is kept when it is started again."""
        line = ["--log", "kafka", "--kafka-brokers", self.brokers, "--kafka-topic", self.topic, "--kafka-single-broker", self.single_broker,
                "--kafka-create-topic", "true", "--partitions", str(PARTITIONS), "--member", name, "--roles", roles,
                "--keys-secret-file", str(self.secret)]
        if "keys" not in roles.split(","):
            line += ["--keys-server", self.keys_address]
        # The same port after a restart: who asks it finds it again.
        made = Node(self.scratch / name, *line, *arguments, listen=listen or f"127.0.0.1:{free_port()}", within=within)
        made.answers = "query" in roles.split(",")
        self.addCleanup(made.stop)
        return made.start() if start else made

    def cluster(self, *members):
        result = members[0].run("--json", "cluster", *[member.address for member in members])
        return result.json()

    def kafka_tool(self, *arguments):
        """Runs one of Kafka's own tools; gives what it printed."""
        done = subprocess.run([ROOT / "tools/kafka", "run", *arguments], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def new_topic(self):
        """A topic with one partition that nobody of ours makes."""
        topic = f"trigpoint.test.{uuid.uuid4().hex[:12]}"
        self.kafka_tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.brokers, "--create", "--topic", topic, "--partitions", "1",
                        "--replication-factor", "1")
        return topic

    def written_to(self, topic):
        """What stands in a topic: key and text of each record, in order."""
        told = self.kafka_tool("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", self.brokers, "--topic", topic,
                               "--from-beginning", "--timeout-ms", "5000", "--property", "print.key=true")
        return [tuple(line.split("\t", 1)) for line in told.splitlines() if "\t" in line]

    def settled(self, *members, seconds=60):
        """Waits until each has folded all there is and they agree on what that is; gives the last look."""
        def look():
            seen = self.cluster(*members)
            sound = all("problem" not in member and member["behind"] == 0 for member in seen["members"])
            same = all(len(part["fingerprints"]) == 1 and part["leastFolded"] == part["head"] for part in seen["partitions"])
            return seen if sound and same else None
        try:
            return wait_until(look, seconds, "all members have folded the same")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.cluster(*members)}") from late

    def owned(self, *members, seconds=90, by=()):
        """Waits until every partition has one owner, and each of `by` has a share."""
        def look():
            seen = self.cluster(*members)
            owners = [part["owners"] for part in seen["partitions"]]
            shared = {name for names in owners for name in names} >= set(by)
            return seen if owners and shared and all(len(names) == 1 for names in owners) else None
        try:
            return wait_until(look, seconds, "every partition has one owner")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.cluster(*members)}") from late

    def policies_active(self, member):
        wait_until(lambda: "herefordshire" in member.run("policies").out, 60, "policies are active")

    def views(self, *members):
        """What each of them answers, to be compared: lines of providers, recommendations and alerts."""
        def view(member):
            rows = {}
            for command in (("providers",), ("alerts",)):
                result = member.run("--json", *command)
                self.assertEqual(0, result.code, result)
                rows[command[0]] = result.out
            return rows
        return [view(member) for member in members]

    def assert_one_story(self, *members):
        """All have folded the same log, to the same states, and each of these is what a fresh fold gives."""
        self.settled(*members, seconds=120)
        desks = [member for member in members if member.answers]
        first, *others = self.views(*desks)
        for other in others:
            self.assertEqual(first, other)
        for member in members:
            verified = member.run("verify")
            self.assertEqual(0, verified.code, verified)

    def alerts_once_all_are_said(self, member, load, seconds=60):
        """The alerts of each home, when each assertion of immediate risk that was acknowledged has one; after `seconds` as they are."""
        alerts = collections.defaultdict(list)

        def look():
            alerts.clear()
            for alert in member.run("--json", "alerts", "--all").lines():
                alerts[alert["ids"][0]["value"]].append(alert["detail"])
            said = {ref["id"] for told in alerts.values() for alert in told for ref in alert["evidence"]}
            return set().union(*load.acknowledged.values()) & load.urgent <= said
        with contextlib.suppress(AssertionError):
            wait_until(look, seconds, "an alert for each risk")
        return alerts

    def assert_history(self, load, *members):
        """The history that a cluster must keep through every fault, against what was tried and acknowledged.

        Nothing acknowledged is lost, nothing stands twice, each assertion of immediate risk has one alert, and every member has folded
        what a new one does that begins with nothing, which is given back.
        """
        self.assertEqual([], load.problems)
        fresh = self.member("fresh", "query")
        # What follows from an event waits while its partition changes hands.
        self.owned(*members)
        alerts = self.alerts_once_all_are_said(fresh, load)
        self.assert_one_story(*members, fresh)
        for home in load.homes:
            entries = fresh.run("--json", "timeline", f"cqc-location/{home}", "--all").lines()
            told = [entry["id"] for entry in entries if entry["id"].startswith("load-")]
            self.assertEqual(sorted(set(told)), sorted(told), "nothing stands twice")
            self.assertEqual(set(), load.acknowledged[home] - set(told), "nothing acknowledged is lost")
            self.assertLessEqual(set(told), load.tried[home])
            evidence = [ref["id"] for alert in alerts[home] for ref in alert["evidence"]]
            self.assertEqual(sorted(load.urgent & set(told)), sorted(evidence), "each risk has one alert")
            said = [entry["id"] for entry in entries if entry["kind"] == "rapid_quality_review_alert"]
            self.assertEqual(sorted(alert["alert_id"] for alert in alerts[home]), sorted(said), "each alert stands once")
            raised = [alert for alert in alerts[home] if alert["kind"] == "KIND_RAISED"]
            self.assertEqual(min(1, len(evidence)), len(raised), "the first is raised, the others are attached")
        return fresh

    def assert_alerts_told(self, topic, fresh):
        """Each alert has left over its topic, as often as it may be, but always as the same bytes under the same key."""
        alerts = {alert["alert_id"] for alert in fresh.run("--json", "alerts", "--all").lines()}
        written = wait_until(lambda: (told := self.written_to(topic)) and {key for key, _ in told} >= alerts and told, 120,
                             "every alert is in the topic")
        texts = collections.defaultdict(set)
        for key, text in written:
            texts[key].add(text)
        self.assertEqual(alerts, set(texts), "no other alerts")
        self.assertEqual({}, {key: told for key, told in texts.items() if len(told) > 1}, "an alert told twice is recognisably the same")
        return len(written) - len(alerts)


class Load:
    """Reports of made-up homes through several doors at once; knows which were acknowledged."""

    def __init__(self, doors, homes=6, urgent_every=25, batch=20):
        self.doors = doors
        self.batch = batch
        self.homes = [f"1-9000000{n:02d}" for n in range(homes)]
        self.urgent_every = urgent_every
        self.acknowledged = collections.defaultdict(set)  # Home -> ids.
        self.tried = collections.defaultdict(set)
        self.urgent = set()  # Ids of assertions of immediate risk.
        self.over = threading.Event()
        self.last = {}  # Door -> what it answered last.
        self.problems = []
        self.threads = [threading.Thread(target=self._run, args=(door, n), daemon=True) for n, door in enumerate(doors)]

    def register(self, test):
        test.addCleanup(self.over.set)
        for home in self.homes:
            test.register(self.doors[0], home)

    def _event(self, home, identity, number):
        if number % self.urgent_every == self.urgent_every - 1:
            self.urgent.add(identity)
            return {"source": "council/safeguarding", "id": identity, "subject": f"cqc-location/{home}", "occurredAt": now(0.1),
                    "sourceOrganisation": "herefordshire-council", "themes": ["THEME_NEGLECT"],
                    "immediateRiskAsserted": {"grade": "GRADE_IMMEDIATE", "assertedByRole": "safeguarding lead",
                                              "rapidSharingRequested": True, "basis": "made up"}}
        return incident(home, 0, id=identity, occurredAt=now(number % 300 + 1))

    def _run(self, door, thread):
        number = 0
        while not self.over.is_set():
            batch = []
            for _ in range(self.batch):
                home = self.homes[number % len(self.homes)]
                identity = f"load-{thread}-{number}"
                self.tried[home].add(identity)
                batch.append((home, identity, self._event(home, identity, number)))
                number += 1
            file = door.directory / f"batch-{thread}.jsonl"
            file.write_text("".join(json.dumps(event) + "\n" for _, _, event in batch), encoding="utf-8")
            # The same again until all of it is acknowledged, as every sender does.
            sent = self._send(door, file)
            while not sent and not self.over.is_set():
                time.sleep(0.05)
                sent = self._send(door, file)
            if sent:
                for home, identity, _ in batch:
                    self.acknowledged[home].add(identity)

    def _send(self, door, file):
        """Whether all of a file is acknowledged."""
        try:
            result = door.run("import", file)
        except Exception as problem:  # pylint: disable=broad-except
            self.problems.append(str(problem))
            return False
        self.last[door.directory.name] = str(result)
        if result.code == 1:
            self.problems.append(str(result))
        return result.code == 0

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, count, seconds=120):
        """Waits until so many are acknowledged."""
        try:
            wait_until(lambda: self.count() >= count, seconds, "load goes on")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.last}\n{self.problems}") from late

    def count(self):
        return sum(len(ids) for ids in list(self.acknowledged.values()))


class Questions:
    """Asks each of some members again and again; none may fail."""

    def __init__(self, *members):
        self.answered = 0
        self.failed = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(member,), daemon=True) for member in members]

    def _run(self, member):
        while not self.over.is_set():
            for command in (("providers",), ("alerts", "--all")):
                result = member.run("--json", *command)
                if result.code == 0:
                    self.answered += 1
                else:
                    self.failed.append(str(result))

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
