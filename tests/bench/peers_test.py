"""The comparison with Kafka Streams compares the same: both sides end in the same states and the same derived records, after a kill, too.

Against the broker that TRIGPOINT_KAFKA names; skipped where Java, its compiler, Maven or protoc is missing.
"""
import os
import pathlib
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/bench.d/peers"))
import sides  # pylint: disable=wrong-import-position

REPORTS = 30_000


class PeersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.environ.get("TRIGPOINT_KAFKA"):
            raise unittest.SkipTest("TRIGPOINT_KAFKA names no broker: tools/test --kafka starts one")
        if sides.java_missing():
            raise unittest.SkipTest(f"missing: {', '.join(sides.java_missing())}")
        sides.BUILD.mkdir(parents=True, exist_ok=True)
        sides.compile_java()

    def ends_with(self, make):
        """States and derived records of a fold that is killed half way, started again and ended."""
        with tempfile.TemporaryDirectory(prefix="trigpoint_peers_") as scratch:
            topic = sides.Topic(os.environ["TRIGPOINT_KAFKA"], f"peers.test.{uuid.uuid4().hex[:12]}", REPORTS)
            side = make(topic, pathlib.Path(scratch) / "side")
            try:
                side.start()
                side.first()
                side.kill()
                side.start()
                side.folded()
                states = side.states()
                side.settle()
                side.end()
            finally:
                side.kill()
            derived = topic.derived()
            self.assertGreater(derived["ids"], 0)
            return states, derived["ids"], derived["digest"]

    def test_kafka_streams_and_our_engine_end_in_the_same_states_and_derived_records(self):
        ours = self.ends_with(sides.Engine)
        for settings in ("default", "tuned"):
            with self.subTest(settings=settings):
                theirs = self.ends_with(lambda topic, directory, settings=settings: sides.Streams(topic, directory, settings, "exactly_once_v2"))
                self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main(verbosity=2)
