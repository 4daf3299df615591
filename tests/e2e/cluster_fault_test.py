"""What a cluster on Apache Kafka bears: a projector that hangs and comes back, a broker that dies, a log that is not the same."""

import os
import pathlib
import signal
import subprocess
import time
import unittest

import cluster
from cluster import ClusterCase, Load
from cluster_test import ClusterKillTest
from harness import ROOT, free_port, incident
from webhook_test import urgent

HOME = "1-900000001"
SESSION_SECONDS = 60  # Longer than any session of a projector with the broker.


class ZombieTest(ClusterCase):
    def test_a_projector_that_hangs_past_its_session_says_nothing_when_it_comes_back(self):
        first = self.member("first", "projector,ingest,query")
        self.owned(first)
        self.policies_active(first)
        self.register(first, HOME)
        second = self.member("second", "projector,ingest,query")
        self.owned(first, second)
        first.process.send_signal(signal.SIGSTOP)
        self.addCleanup(first.process.send_signal, signal.SIGCONT)
        stopped = time.monotonic()
        self.owned(second, seconds=SESSION_SECONDS)
        print(f"taken over {time.monotonic() - stopped:.1f} s after the first one hung")
        for number in range(3):
            self.assertEqual("ACCEPTED", second.submit(urgent(number))[0])
        self.settled(second)
        said = second.run("--json", "alerts", "--all").out
        first.process.send_signal(signal.SIGCONT)
        # It may share again later; what matters is that nothing was said twice.
        self.settled(first, second, seconds=SESSION_SECONDS)
        self.owned(first, second)
        self.assert_one_story(first, second)
        self.assertEqual(said, first.run("--json", "alerts", "--all").out)


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
        self.kafka_tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.brokers, "--delete", "--topic", self.topic)
        refused = both.run_to_its_end(seconds=90)
        self.assertNotEqual(0, refused.code, refused)
        self.assertIn("partition", refused.err)

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

    def kafka_tool(self, *arguments):
        done = subprocess.run([ROOT / "tools/kafka", "run", *arguments], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class OwnKafka:
    """A Kafka of the test's own, which it may harm."""

    def __init__(self, directory, nodes):
        self.environment = {**os.environ, "TRIGPOINT_KAFKA_DIR": str(directory), "TRIGPOINT_KAFKA_PORT": str(self.port_block())}
        self.run("up", "--nodes", str(nodes))
        self.brokers = self.run("brokers").strip()

    @staticmethod
    def port_block():
        # Nodes take ports up to 30 above the first.
        return min(free_port(), 65000)

    def run(self, *arguments):
        done = subprocess.run([ROOT / "tools/kafka", *arguments], env=self.environment, capture_output=True, text=True, timeout=300,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout

    def close(self):
        self.run("down", "--purge")


class BrokerKillTest(ClusterKillTest):
    """The same history through the death of the broker."""

    NODES = 1

    @classmethod
    def setUpClass(cls):
        if not cluster.BROKERS:
            raise unittest.SkipTest("TRIGPOINT_KAFKA names no broker: tools/test --kafka starts one")
        cls.kafka = OwnKafka(pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"trigpoint-kafka-{os.getpid()}", cls.NODES)
        cls.addClassCleanup(cls.kafka.close)
        cls.brokers = cls.kafka.brokers

    def test_kill_9_of_any_process_under_load(self):
        self.skipTest("of the processes: ClusterKillTest")

    def test_kill_9_of_a_broker_under_load(self):
        first = self.member("first", "projector,ingest,query")
        second = self.member("second", "projector,ingest,query")
        self.owned(first, second)
        self.policies_active(first)
        load = Load([first, second], homes=4, urgent_every=13)
        load.register(self)
        load.start()
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
        self.assertEqual([], load.problems)
        print("acknowledging again after a broker died:", ", ".join(f"{one:.1f} s" for one in seconds))
        self.settled(first, second, seconds=120)
        self.check(load, first, second)


class ThreeBrokersTest(BrokerKillTest):
    NODES = 3
    single_broker = "false"


if __name__ == "__main__":
    unittest.main()
