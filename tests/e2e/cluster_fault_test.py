"""What a cluster on Apache Kafka bears: a projector that hangs and comes back, a broker that dies, a log that is not the same."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import unittest

import cluster
from cluster import ClusterCase, Load
from harness import POLICIES, ROOT, free_port, incident, wait_until

HOME = "1-900000001"
SESSION_SECONDS = 60  # Longer than any session of a projector with the broker.
LEASE_SECONDS = 13.5  # Shorter than every such session.


class ZombieTest(ClusterCase):
    GRACE = ("--deadline-grace-seconds", "0")

    def next_version(self):
        """Another version of a pack that all members have in their folder."""
        pack = (POLICIES / "herefordshire.yaml").read_text(encoding="utf-8")
        version = int(re.search(r"^version: (\d+)$", pack, re.MULTILINE).group(1))
        path = self.scratch / "next.yaml"
        path.write_text(pack.replace(f"version: {version}\n", f"version: {version + 1}\n", 1), encoding="utf-8")
        return path, version

    def versions_said(self, member, home):
        """Of the alerts of a home, oldest first, by which version each was said."""
        entries = member.run("--json", "timeline", f"cqc-location/{home}", "--all").lines()
        alerts = [entry["event"]["rapid_quality_review_alert"] for entry in reversed(entries)
                  if entry["kind"] == "rapid_quality_review_alert"]
        return [ground["policy_version"] for alert in alerts for ground in alert["grounds"] if ground["policy_id"] == "herefordshire"]

    def test_a_projector_that_hangs_past_its_session_says_nothing_by_an_older_policy_when_it_comes_back(self):
        first = self.member("first", "projector,ingest,query", *self.GRACE)
        self.owned(first)
        self.policies_active(first)
        second = self.member("second", "projector,ingest,query", *self.GRACE)
        self.owned(first, second, by=("first", "second"))
        load = Load([second], homes=6, urgent_every=7)
        load.register(self)
        load.start()
        load.wait_for(60)
        first.process.send_signal(signal.SIGSTOP)
        self.addCleanup(first.process.send_signal, signal.SIGCONT)
        stopped = time.monotonic()
        self.owned(second, seconds=SESSION_SECONDS)
        print(f"taken over {time.monotonic() - stopped:.1f} s after the first one hung")
        path, version = self.next_version()
        decided = second.run("policy", "activate", path, "--approved-by", "Quality Committee", "--authority", "QC-2026-11/7",
                             "--reason", "made up")
        self.assertEqual(0, decided.code, decided)
        wait_until(lambda: all((self.versions_said(second, home) or [0])[-1] == version + 1 for home in load.homes), 60,
                   "alerts by the new version at every home")
        first.process.send_signal(signal.SIGCONT)
        woken = time.monotonic()
        self.owned(first, second, seconds=SESSION_SECONDS, by=("first", "second"))
        print(f"shares again {time.monotonic() - woken:.1f} s after it went on")
        load.wait_for(load.count() + 60)
        load.stop()
        self.assert_history(load, first, second)
        for home in load.homes:
            said = self.versions_said(first, home)
            self.assertEqual(sorted(said), said, "nothing by the older version after the newer one")
            self.assertEqual({version, version + 1}, set(said))


class JoinLeaveTest(ClusterCase):
    def test_projectors_that_join_and_leave_share_the_partitions_anew(self):
        first = self.member("first", "projector,ingest,query")
        self.owned(first)
        self.policies_active(first)
        load = Load([first], homes=6, urgent_every=7)
        load.register(self)
        load.start()
        load.wait_for(60)
        others, joined, left = [], [], []
        for name in ("second", "third"):
            started = time.monotonic()
            others.append(self.member(name, "projector,query"))
            ready = time.monotonic()
            self.owned(first, *others, by=("first", *(other.directory.name for other in others)))
            joined.append((ready - started, time.monotonic() - ready))
            load.wait_for(load.count() + 40)
        while others:
            leaving = others.pop()
            asked = time.monotonic()
            self.assertEqual(0, leaving.terminate()[0])
            ended = time.monotonic()
            self.owned(first, *others, by=("first", *(other.directory.name for other in others)))
            left.append((ended - asked, time.monotonic() - ended))
            # Not the session of one that was not heard.
            self.assertLess(time.monotonic() - asked, LEASE_SECONDS)
            load.wait_for(load.count() + 40)
        print("shared out after a join:", ", ".join(f"ready {start:.1f} s, {share:.1f} s more" for start, share in joined))
        print("shared out after a leave:", ", ".join(f"ended {end:.1f} s, {share:.1f} s more" for end, share in left))
        load.stop()
        self.assert_history(load, first)


class SlowTest(ClusterCase):
    """One process gets a small part of the time that it needs."""

    STOPPED_SECONDS = 2.0
    RUNNING_SECONDS = 0.05

    def slowed(self, member, over):
        while not over.wait(self.RUNNING_SECONDS):
            member.process.send_signal(signal.SIGSTOP)
            over.wait(self.STOPPED_SECONDS)
            member.process.send_signal(signal.SIGCONT)

    def behind(self, seen, member):
        return next((one.get("behind") for one in seen["members"] if one["address"] == member.address), None)

    def test_a_desk_that_is_slow_lags_and_holds_nobody_up(self):
        both = self.member("both", "projector,ingest,query")
        slow = self.member("slow", "query")
        self.owned(both)
        self.policies_active(both)
        load = Load([both], homes=40, urgent_every=101, batch=100)
        load.register(self)
        load.start()

        def rate():
            count, began = load.count(), time.monotonic()
            load.wait_for(count + 1000)
            return (load.count() - count) / (time.monotonic() - began)

        before = rate()
        over = threading.Event()
        slicing = threading.Thread(target=self.slowed, args=(slow, over))
        slicing.start()
        try:
            lag = wait_until(lambda: self.behind(self.cluster(both, slow), slow), 60, "the slow one is behind")
            during = rate()
            # Who is not slow answers as of now while the other is behind.
            wait_until(lambda: self.behind(self.cluster(both), both) == 0, 60, "the other has folded all there is")
        finally:
            over.set()
            slicing.join()
        again = time.monotonic()
        wait_until(lambda: self.behind(self.cluster(slow), slow) == 0, 60, "the slow one has caught up")
        caught_up = time.monotonic() - again
        after = rate()
        load.stop()
        print(f"behind by {lag}; caught up {caught_up:.1f} s after it ran again; acknowledged a second: {before:.0f} before, {during:.0f} "
              f"while one was slow, {after:.0f} after")
        self.assertGreater(during, min(before, after) / 2)
        self.assert_history(load, both, slow)


class OtherLogTest(ClusterCase):
    def test_a_log_that_was_replaced_is_not_served(self):
        both = self.member("both", "projector,ingest,query")
        self.owned(both)
        self.policies_active(both)
        self.register(both, HOME)
        for number in range(20):
            self.assertEqual("ACCEPTED", both.submit(incident(HOME, number))[0])
        self.settled(both)
        self.assertEqual(0, both.terminate()[0])
        self.delete_topic()
        refused = both.run_to_its_end(seconds=90)
        self.assertNotEqual(0, refused.code, refused)
        self.assertIn("partition", refused.err)

    def test_a_log_that_is_replaced_while_it_is_folded_stops_the_fold(self):
        both = self.member("both", "projector,ingest,query")
        self.owned(both)
        self.policies_active(both)
        self.register(both, HOME)
        for number in range(20):
            self.assertEqual("ACCEPTED", both.submit(incident(HOME, number))[0])
        self.settled(both)
        self.delete_topic()
        deleted = time.monotonic()
        other = self.member("other", "projector,ingest,query", start=False)
        # It makes the topic again, once every broker has heard that there is none.
        wait_until(lambda: self.started(other), 120, "another process has made the topic again")
        both.process.wait(timeout=60)
        print(f"the fold stopped at most {time.monotonic() - deleted:.1f} s after another topic stood in the place of the log")
        self.assertEqual(1, both.process.returncode)
        self.assertIn('"node_failed"', both.printed())
        # By what it reads next, or by its checkpoint, whichever it comes to first.
        self.assertRegex(both.printed(), "the log was truncated or damaged, or its topic replaced|or is another log")

    def started(self, member):
        with contextlib.suppress(AssertionError):
            return member.start()
        return None

    def delete_topic(self):
        self.kafka_tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.brokers, "--delete", "--topic", self.topic)

    def test_records_that_were_deleted_are_noticed(self):
        both = self.member("both", "projector,ingest,query")
        self.owned(both)
        self.register(both, HOME)
        self.settled(both)
        self.assertEqual(0, both.terminate()[0])
        offsets = self.scratch / "delete.json"
        offsets.write_text('{"version":1,"partitions":[' + ",".join(
            f'{{"topic":"{self.topic}","partition":{part},"offset":1}}' for part in (cluster.PARTITIONS,)) + "]}", encoding="utf-8")
        self.kafka_tool("org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", self.brokers,
                        "--offset-json-file", str(offsets))
        refused = both.run_to_its_end(seconds=90)
        self.assertNotEqual(0, refused.code, refused)
        self.assertIn("its first events were deleted", refused.err)


class OwnKafka:
    """A Kafka of the test's own, which it may harm."""

    def __init__(self, directory, nodes=1, host="127.0.0.1"):
        # Nodes take ports up to 30 above the first.
        port = min(free_port(), 65000)
        self.environment = {**os.environ, "TRIGPOINT_KAFKA_DIR": str(directory), "TRIGPOINT_KAFKA_PORT": str(port),
                            "TRIGPOINT_KAFKA_HOST": host}
        self.run("up", "--nodes", str(nodes))
        self.brokers = self.run("brokers").strip()

    def run(self, *arguments):
        done = subprocess.run([ROOT / "tools/kafka", *arguments], env=self.environment, capture_output=True, text=True, timeout=300,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout

    def close(self):
        self.run("down", "--purge")


class OwnKafkaCase(ClusterCase):
    """A test on a Kafka of its own."""

    NODES = 1

    @classmethod
    def setUpClass(cls):
        if not cluster.BROKERS:
            raise unittest.SkipTest("TRIGPOINT_KAFKA names no broker: tools/test --kafka starts one")
        cls.kafka = OwnKafka(pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"trigpoint-kafka-{os.getpid()}", cls.NODES, cls.host())
        cls.addClassCleanup(cls.kafka.close)
        cls.brokers = cls.kafka.brokers

    @classmethod
    def host(cls):
        return "127.0.0.1"


class BrokerKillTest(OwnKafkaCase):
    """The same history through the death of the broker."""

    def pair_under_load(self):
        first = self.member("first", "projector,ingest,query")
        second = self.member("second", "projector,ingest,query")
        self.owned(first, second)
        self.policies_active(first)
        load = Load([first, second], homes=4, urgent_every=13)
        load.register(self)
        load.start()
        return first, second, load

    def test_kill_9_of_a_broker_under_load(self):
        first, second, load = self.pair_under_load()
        seconds = []
        for turn in range(2):
            load.wait_for(load.count() + 60, 180)
            broker = str(turn % self.NODES + 1)
            self.kafka.run("kill", broker)
            died = time.monotonic()
            if self.NODES == 1:
                # Reads go on while no broker answers.
                self.assertEqual(0, first.run("providers").code)
                self.kafka.run("start", broker)
            load.wait_for(load.count() + 20, 180)
            seconds.append(time.monotonic() - died)
            if self.NODES > 1:
                self.kafka.run("start", broker)
        load.stop()
        if self.NODES == 1:
            self.kafka.run("kill", "1")
            wait_until(lambda: "no broker is reached" in first.run("status").err, 60, "the status says why there is none")
            self.kafka.run("start", "1")
        print("acknowledging again after a broker died:", ", ".join(f"{one:.1f} s" for one in seconds))
        self.assert_history(load, first, second)


class ThreeBrokersTest(BrokerKillTest):
    NODES = 3
    single_broker = "false"

    def leaders(self):
        """Partition -> the node that leads it and those that hold it, the preferred one first."""
        told = self.kafka.run("run", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.brokers, "--describe", "--topic",
                              self.topic)
        found = re.findall(r"Partition: (\d+)\s+Leader: (\d+)\s+Replicas: ([\d,]+)", told)
        return {int(part): (int(leader), [int(node) for node in replicas.split(",")]) for part, leader, replicas in found}

    def test_leaders_that_move_under_load(self):
        first, second, load = self.pair_under_load()
        seconds = []
        for _ in range(2):
            load.wait_for(load.count() + 60, 180)
            wanted = {part: replicas[1:] + replicas[:1] for part, (_, replicas) in self.leaders().items()}
            plan = self.scratch / "plan.json"
            plan.write_text(json.dumps({"version": 1, "partitions": [
                {"topic": self.topic, "partition": part, "replicas": replicas} for part, replicas in wanted.items()]}), encoding="utf-8")
            self.kafka.run("run", "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--bootstrap-server", self.brokers,
                           "--reassignment-json-file", str(plan), "--execute")
            self.kafka.run("run", "org.apache.kafka.tools.LeaderElectionCommand", "--bootstrap-server", self.brokers, "--election-type",
                           "preferred", "--all-topic-partitions")
            moved = time.monotonic()
            load.wait_for(load.count() + 20, 180)
            seconds.append(time.monotonic() - moved)
            self.assertEqual({part: replicas[0] for part, replicas in wanted.items()},
                             {part: leader for part, (leader, _) in self.leaders().items()}, "every leader moved")
        load.stop()
        print("20 more acknowledged after every leader moved:", ", ".join(f"{one:.1f} s" for one in seconds))
        self.assert_history(load, first, second)


class OwnNetwork:
    """A network of its own on this machine, joined to it by one link that can be cut; `name` is that of the namespace."""

    def __init__(self):
        self.name = f"trigpoint-{os.getpid()}"
        self.link = f"tp{os.getpid()}"
        net = f"198.18.{os.getpid() % 250}"  # Of the range for tests of networks.
        self.outside = f"{net}.1"
        self.within = ("ip", "netns", "exec", self.name)
        try:
            self.ip("netns", "add", self.name)
            self.ip("link", "add", self.link, "type", "veth", "peer", "name", "joined", "netns", self.name)
        except (AssertionError, FileNotFoundError) as refused:
            self.close()
            raise unittest.SkipTest(f"no network of its own can be made here: {refused}") from refused
        self.ip("address", "add", f"{self.outside}/30", "dev", self.link)
        self.ip("link", "set", self.link, "up")
        self.ip("-n", self.name, "address", "add", f"{net}.2/30", "dev", "joined")
        self.ip("-n", self.name, "link", "set", "lo", "up")
        self.join()

    @staticmethod
    def ip(*arguments):
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")

    def cut(self):
        self.ip("-n", self.name, "link", "set", "joined", "down")

    def join(self):
        self.ip("-n", self.name, "link", "set", "joined", "up")

    def close(self):
        # The link goes with the namespace.
        with contextlib.suppress(AssertionError, FileNotFoundError):
            self.ip("netns", "delete", self.name)


class NetworkCutTest(OwnKafkaCase):
    """A projector that hears no broker for longer than its session, while everything else goes on.

    It is asked over a socket in the file system, which no cut of a network touches; so are the keys.
    """

    @classmethod
    def host(cls):
        cls.network = OwnNetwork()
        cls.addClassCleanup(cls.network.close)
        return cls.network.outside

    def where_keys_listen(self):
        return f"unix:{self.scratch}/keys.sock"

    def test_a_projector_that_is_cut_off_says_nothing_and_shares_again_after_the_heal(self):
        first = self.member("first", "projector,ingest,query")
        metrics = f"127.0.0.1:{free_port()}"
        apart = self.member("apart", "projector,ingest,query", "--metrics-listen", metrics, listen=f"unix:{self.scratch}/apart.sock",
                            within=self.network.within)
        self.owned(first, apart, by=("first", "apart"))
        wait_until(lambda: self.speaks_for(metrics), 30, "its metrics tell what it speaks for")
        self.policies_active(first)
        load = Load([first], homes=6, urgent_every=7)
        load.register(self)
        load.start()
        load.wait_for(60)
        self.network.cut()
        cut = time.monotonic()
        self.owned(first, seconds=SESSION_SECONDS)
        taken = time.monotonic() - cut
        self.assertEqual([], self.speaks_for(metrics), "who was cut off has fallen silent")
        asked = time.monotonic()
        told = self.cluster(apart)["members"][0].get("problem")
        self.assertIn("no broker is reached", told)
        answered = time.monotonic() - asked
        # Reads go on; a write is not acknowledged.
        self.assertEqual(0, apart.run("providers").code)
        self.assertNotEqual("ACCEPTED", apart.submit(incident(HOME, 1))[0])
        load.wait_for(load.count() + 60)
        self.network.join()
        healed = time.monotonic()
        # What it asked before the cut can put out what it asks now: then it shares without its name, and nobody started it again.
        self.owned(first, apart, seconds=4 * SESSION_SECONDS, by=("first", "apart"))
        print(f"taken over {taken:.1f} s after the cut; its status refused after {answered:.1f} s; shares again "
              f"{time.monotonic() - healed:.1f} s after the heal")
        load.wait_for(load.count() + 60)
        load.stop()
        self.assert_history(load, first, apart)

    def speaks_for(self, metrics):
        """Partitions of the member that is cut off, by its own metrics."""
        text = subprocess.run([*self.network.within, "curl", "-sS", f"http://{metrics}/metrics"], capture_output=True, text=True,
                              timeout=30, check=True).stdout
        return re.findall(r'^trigpoint_partition_owned{partition="(\d+)"} 1$', text, re.MULTILINE)


if __name__ == "__main__":
    unittest.main()
