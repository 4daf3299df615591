"""One service of many processes on Apache Kafka: what each does, what they agree on, what a failure leaves."""

import random
import time
import unittest

from cluster import PARTITIONS, ClusterCase, Load, Questions
from harness import incident
from webhook_test import urgent

HOME = "1-900000001"


class ClusterTest(ClusterCase):
    def test_each_does_its_part_and_all_tell_the_same(self):
        projectors = [self.member(f"projector-{n}", "projector") for n in (1, 2)]
        doors = [self.member(f"ingest-{n}", "ingest") for n in (1, 2)]
        desks = [self.member(f"query-{n}", "query") for n in (1, 2)]
        everyone = projectors + doors + desks
        self.owned(*projectors)
        self.policies_active(desks[0])
        self.register(doors[0], HOME)
        self.settled(*everyone)  # A door that does not know the home yet would let its reports wait.
        # Told at one door, with the same id at the other: one report.
        same = incident(HOME, 1)
        self.assertEqual("ACCEPTED", doors[1].submit(same)[0])
        self.assertEqual("DUPLICATE", doors[0].submit(same)[0])
        told = incident(HOME, 2)
        told["incidentReported"]["narrative"] = "a fall on the stairs"
        self.assertEqual("ACCEPTED", doors[0].submit(told)[0])
        for number in range(3):
            self.assertEqual("ACCEPTED", doors[number % 2].submit(urgent(number))[0])

        # A text sealed at one door is read at another desk; the recommendation was made by whoever owns the stream.
        self.settled(*everyone)
        for desk in desks:
            self.assertIn("a fall on the stairs", desk.run("--json", "timeline", f"cqc-location/{HOME}", "--all").out)
            why = desk.run("--json", "why", HOME, "--policy", "herefordshire")
            self.assertEqual(0, why.code, why)
        alert = desks[0].run("--json", "alerts").lines()[0]

        # What is decided at one desk is seen at the other.
        acknowledged = desks[0].run("ack", alert["alert_id"] if "alert_id" in alert else alert["id"])
        self.assertEqual(0, acknowledged.code, acknowledged)
        self.settled(*everyone)
        self.assertEqual(desks[0].run("--json", "alerts", "--all").out, desks[1].run("--json", "alerts", "--all").out)

        # No process does what its roles do not say.
        self.assertNotEqual(0, desks[0].submit(incident(HOME, 3))[1].code)
        self.assertNotEqual(0, doors[0].run("providers").code)
        shares = [sum(name in part["owners"] for part in self.cluster(*everyone)["partitions"]) for name in ("projector-1", "projector-2")]
        self.assertEqual(PARTITIONS + 1, sum(shares), shares)
        self.assertTrue(all(shares), f"both have a share: {shares}")
        shown = desks[0].run("cluster", *[member.address for member in everyone])
        self.assertEqual(0, shown.code, shown)
        self.assertIn("projector-1", shown.out)
        placed = desks[0].run("cluster", "--positions", *[member.address for member in everyone])
        self.assertEqual(0, placed.code, placed)
        for name in ("projector-2", "ingest-1", "query-2"):
            rows = [line.split() for line in placed.out.splitlines() if line.startswith(name)]
            self.assertEqual([str(part) for part in range(PARTITIONS + 1)], [row[1] for row in rows[1:]], "a row for each partition")
        self.assert_one_story(*desks)

    def test_a_desk_that_comes_late_folds_the_same(self):
        both = self.member("both", "projector,ingest,query")
        self.owned(both)
        self.policies_active(both)
        load = Load([both], homes=3)
        load.register(self)
        load.start()
        load.wait_for(100)
        load.stop()
        # One that comes late, with an empty disk, tells the same.
        self.assert_history(load, both)


class ClusterKillTest(ClusterCase):
    """Nothing acknowledged is lost, nothing counted twice, each alert once, every process tells the story of a fresh fold."""

    def test_kill_9_of_any_process_under_load(self):
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        print(f"seed {seed}")
        projectors = [self.member(f"projector-{n}", "projector") for n in (1, 2)]
        doors = [self.member(f"ingest-{n}", "ingest") for n in (1, 2)]
        desk = self.member("query", "query")
        alerts_topic = self.new_topic()
        bell = self.member("notify", "notify", "--alerts-topic", alerts_topic)
        self.owned(*projectors)
        self.policies_active(desk)
        load = Load(doors, homes=5, urgent_every=13)
        load.register(self)
        load.start()
        victims = projectors + doors + [desk, bell, self.keys]
        chance.shuffle(victims)
        recovered = []
        for victim in victims:
            load.wait_for(load.count() + 60)
            print("kill", victim.directory.name, flush=True)
            started = time.monotonic()
            victim.stop()
            victim.start()
            recovered.append((victim.directory.name, time.monotonic() - started))
        load.stop()
        self.owned(*projectors)
        print("ready again after a kill:", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in recovered))
        fresh = self.assert_history(load, desk, bell, *projectors, *doors)
        print("alerts told again, recognisably:", self.assert_alerts_told(alerts_topic, fresh))


class RollForwardTest(ClusterCase):
    def test_each_rebuilds_its_own_and_a_new_one_begins_with_a_seed(self):
        first = self.member("first", "projector,ingest,query")
        second = self.member("second", "projector,query")
        self.owned(first, second)
        self.policies_active(second)
        load = Load([first], homes=4)
        load.register(self)
        load.start()
        load.wait_for(100)
        # There and back on one member after the other, while reports come in and questions are asked.
        asked = Questions(first, second).start()
        self.addCleanup(asked.stop)
        for member in (first, second):
            for way in ("rebuild", "rebuild --partition 1", "rebuild --back"):
                done = member.run("--json", *way.split())
                self.assertEqual(0, done.code, done)
                self.assertTrue(done.json()["switched"], done)
                self.assertEqual([], done.json().get("differences", []), done)
        asked.stop()
        self.assertGreater(asked.answered, 20)
        self.assertEqual([], asked.failed)
        seed = self.scratch / "seed"
        made = second.run("--json", "seed", seed)
        self.assertEqual(0, made.code, made)
        load.wait_for(load.count() + 60)
        third = self.member("third", "projector,query", "--seed", str(seed))
        self.assertIn("store_seeded", third.printed())
        load.stop()
        self.assertEqual([], load.problems)
        self.owned(first, second, third)
        self.assert_one_story(first, second, third)
        compared = third.run("--json", "rebuild", "--compare")
        self.assertEqual(0, compared.code, compared)
        # What a process that only reads has folded is none for one that speaks, but for another reader.
        desk = self.member("desk", "query", "--seed", str(seed))
        self.settled(first, desk)
        self.assertEqual(0, desk.run("seed", self.scratch / "of-a-reader").code)
        refused = self.member("fourth", "projector", "--seed", str(self.scratch / "of-a-reader"), start=False).run_to_its_end(60)
        self.assertIn("without the role projector", refused.err)

    def test_who_finds_its_store_unusable_takes_back_the_one_that_is_kept(self):
        first = self.member("first", "projector,ingest,query")
        self.owned(first)
        self.policies_active(first)
        self.register(first, HOME)
        self.assertEqual("ACCEPTED", first.submit(incident(HOME, 1))[0])
        self.assertEqual(0, first.run("rebuild").code)
        self.assertEqual("ACCEPTED", first.submit(incident(HOME, 2))[0])
        # As a reader it folds on in a store that no projector takes, as it would in one of another version.
        roles = first.arguments.index("projector,ingest,query")
        speaker = first.arguments
        reader = (*speaker[:roles], "ingest,query", *speaker[roles + 1:])
        for arguments in (reader, speaker):
            self.assertEqual(0, first.terminate()[0])
            first.arguments = arguments
            first.start()
            self.assertEqual("ACCEPTED", first.submit(incident(HOME, 3 + (arguments is speaker)))[0])
        self.assertIn("store_taken_back", first.printed())
        self.owned(first)
        self.assert_one_story(first)


if __name__ == "__main__":
    unittest.main()
