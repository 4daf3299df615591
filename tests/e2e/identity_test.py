"""A home that moves and is sold: its level, its clocks and its history go on, and a link may be taken back."""

import unittest

from harness import EndToEnd, incident, wait_until

FIRST, SECOND, THIRD = "1-900000001", "1-900000002", "1-900000003"
POLICY = "herefordshire"


def follows(new, old, reason, version=1, **more):
    link = {"source": "cqc/api", "id": f"{new}/linked/{old}", "sourceVersion": version, "subject": f"cqc-location/{new}",
            "serviceLinked": {"link": "LINK_PREDECESSOR", "other": f"cqc-location/{old}", "reason": reason}}
    link.update(more)
    return link


class SuccessionTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.server = self.node()

    def accept(self, event):
        outcome, result = self.server.submit(event)
        self.assertEqual("ACCEPTED", outcome, result)

    def run_ok(self, *arguments):
        result = self.server.run(*arguments)
        self.assertEqual(0, result.code, result)
        return result

    def shown(self, home):
        return self.run_ok("--json", "show", home).json()

    def level(self, home):
        return next((one for one in self.shown(home)["levels"] if one["policy_id"] == POLICY), {})

    def wait_for_level(self, home, state):
        return wait_until(lambda: self.level(home).get("decided_state") == state, 30, f"{home} at {state}")

    def wait_for_standing(self, home, standing):
        def stands():
            return [link for link in self.shown(home).get("links", [])
                    if link["standing"] == f"INHERITANCE_STANDING_{standing}"]
        return wait_until(stands, 30, f"{home} {standing}")

    def carried(self, home):
        """Ids of the records that were carried into the stream of a home, and not taken away again."""
        known = {}
        for entry in reversed(self.run_ok("--json", "timeline", home, "--all").lines()):
            for fact in entry["event"].get("memory_carried", {}).get("facts", []):
                known[fact["id"]] = "event_retracted" not in fact
        return {identity for identity, stands in known.items() if stands}

    def wait_for_carried(self, home, identity, there=True):
        wait_until(lambda: (identity in self.carried(home)) == there, 30, f"{identity} at {home}: {there}")

    def at_level_2(self, home):
        self.register(self.server, home)
        self.accept(incident(home, 1))
        self.run_ok("decide", home, "--policy", POLICY, "--to", "LEVEL_2", "--override", "--rationale", "Seen by the panel")

    def test_a_home_moves_and_is_sold_under_new_names_and_a_late_report_follows_it(self):
        self.at_level_2(FIRST)
        self.register(self.server, SECOND)
        self.accept(follows(SECOND, FIRST, "REASON_LOCATION_MOVE"))
        self.wait_for_level(SECOND, "LEVEL_2")
        moved = self.shown(SECOND)
        self.assertFalse(moved["inheritance_open"], moved)
        self.assertEqual(["INHERITANCE_STANDING_CONTINUES"], [link["standing"] for link in moved["links"]])
        self.assertIn("inherited from House " + FIRST, self.run_ok("show", SECOND).out)
        self.assertIn("was followed by House " + SECOND, self.run_ok("show", FIRST).out)
        # Killed in between, with what is on its way.
        self.register(self.server, THIRD)
        self.accept(follows(THIRD, SECOND, "REASON_CHANGE_OF_OWNERSHIP"))
        self.server.stop()
        self.server.start()
        self.wait_for_level(THIRD, "LEVEL_2")
        sold = self.shown(THIRD)
        self.assertTrue(sold["inheritance_open"])
        self.assertTrue(self.level(THIRD)["to_be_confirmed"])
        self.assertIn("to be confirmed", self.run_ok("why", THIRD, "--policy", POLICY).out)
        waiting = self.run_ok("--json", "providers", "--filter", "inheritance_open = true").json()["providers"]
        self.assertEqual([sold["stream_id"]], [one["stream_id"] for one in waiting])
        # A report about the first name, after all that.
        self.accept(incident(FIRST, 2))
        self.wait_for_carried(THIRD, "incident-2")
        late = incident(FIRST, 2, sourceVersion=2)
        del late["incidentReported"]
        late["eventRetracted"] = {"reason": "REASON_ENTERED_IN_ERROR"}
        self.accept(late)
        self.wait_for_carried(THIRD, "incident-2", there=False)
        self.assertEqual({"incident-1"}, {one for one in self.carried(THIRD) if one.startswith("incident")})
        # A person confirms, and the level is not to be confirmed any more.
        said = self.run_ok("inherit", THIRD, "--accept", "--rationale", "Same staff and residents").out
        self.assertIn("confirmed", said)
        self.assertFalse(self.level(THIRD)["to_be_confirmed"])
        self.assertEqual(0, self.server.run("verify").code)
        before = [self.shown(home) for home in (FIRST, SECOND, THIRD)]
        self.run_ok("rebuild")
        self.assertEqual(before, [self.shown(home) for home in (FIRST, SECOND, THIRD)])
        # Started again it carries nothing twice.
        self.server.stop()
        self.server.start()
        self.assertEqual(before, [self.shown(home) for home in (FIRST, SECOND, THIRD)])

    def test_a_trace_tells_where_a_record_counts_after_a_move_and_a_sale(self):
        self.register(self.server, FIRST)
        self.accept({"source": "cqc/enforcement", "id": "W-1", "subject": f"cqc-location/{FIRST}",
                     "cqcEnforcementActionRecorded": {"action": "ENFORCEMENT_KIND_WARNING_NOTICE"}})

        def successors():
            return self.run_ok("--json", "trace", "cqc/enforcement", "W-1").json()["successors"]

        self.assertEqual([], successors())
        self.register(self.server, SECOND)
        self.accept(follows(SECOND, FIRST, "REASON_LOCATION_MOVE"))
        moved, = wait_until(successors, 30, "the new registration")
        self.assertEqual((SECOND, True), (moved["id"]["value"], moved["counts"]))
        there = wait_until(lambda: (one := successors()[0])["parts"] and one, 30, "the recommendation there")
        self.assertIn(POLICY, [part["policy_id"] for part in there["parts"]])
        self.register(self.server, THIRD)
        self.accept(follows(THIRD, SECOND, "REASON_NHS_TRANSFER"))
        last = wait_until(lambda: len(found := successors()) == 2 and found[1], 30, "the one after it")
        self.assertEqual((THIRD, False, []), (last["id"]["value"], last["counts"], last["parts"]))
        words = " ".join(self.run_ok("trace", "cqc/enforcement", "W-1").out.split())
        self.assertIn(f"House {SECOND} (cqc-location/{SECOND}) follows: it counts there.", words)
        self.assertIn("it is seen there, not counted", words)
        self.run_ok("inherit", THIRD, "--refuse", "--rationale", "Another building")
        self.assertEqual([SECOND], [one["id"]["value"] for one in successors()])

    def test_what_awaits_a_person_is_seen_under_the_third_name_and_decided_where_it_arose(self):
        self.at_level_2(FIRST)
        for home, before, reason in ((SECOND, FIRST, "REASON_CHANGE_OF_OWNERSHIP"), (THIRD, SECOND, "REASON_LOCATION_MOVE")):
            self.register(self.server, home)
            self.accept(follows(home, before, reason))
        self.wait_for_level(THIRD, "LEVEL_2")
        wait_until(lambda: self.shown(THIRD)["inheritance_open"], 30, "the third name awaits a person")
        self.assertTrue(self.level(THIRD)["to_be_confirmed"])
        why = self.run_ok("why", THIRD, "--policy", POLICY).out
        self.assertIn(f"trigpoint inherit cqc-location/{SECOND}", " ".join(why.split()))
        elsewhere = self.server.run("--json", "inherit", THIRD, "--accept", "--rationale", "x")
        self.assertEqual(6, elsewhere.code, elsewhere)
        self.assertIn(f"cqc-location/{SECOND}", elsewhere.err)
        self.run_ok("inherit", SECOND, "--accept", "--rationale", "Same staff and residents")
        wait_until(lambda: not self.shown(THIRD)["inheritance_open"], 30, "confirmed")
        self.assertFalse(self.level(THIRD)["to_be_confirmed"])
        self.run_ok("inherit", SECOND, "--refuse", "--rationale", "On second thoughts")
        self.wait_for_level(THIRD, "LEVEL_1")
        self.assertEqual(0, self.server.run("verify").code)

    def test_a_link_that_is_taken_back_takes_away_what_it_brought(self):
        self.at_level_2(FIRST)
        self.register(self.server, SECOND)
        link = follows(SECOND, FIRST, "REASON_NEW_PROVIDER")
        self.accept(link)
        self.wait_for_level(SECOND, "LEVEL_2")
        self.accept({"source": link["source"], "id": link["id"], "sourceVersion": 2, "subject": link["subject"],
                     "eventRetracted": {"reason": "REASON_ENTERED_IN_ERROR"}})
        self.wait_for_level(SECOND, "LEVEL_1")
        self.assertEqual(0, self.server.run("verify").code)

    def test_of_a_transfer_nothing_stands_until_a_person_accepts_and_a_refusal_says_why_not(self):
        self.at_level_2(FIRST)
        self.register(self.server, SECOND)
        self.accept(follows(SECOND, FIRST, "REASON_NHS_TRANSFER"))
        self.wait_for_standing(SECOND, "ASKED")
        self.assertEqual("LEVEL_1", self.level(SECOND)["decided_state"])
        neither = self.server.run("inherit", SECOND, "--rationale", "x")
        self.assertEqual(2, neither.code, neither)
        self.run_ok("inherit", SECOND, "--accept", "--rationale", "The ward moved as it stood")
        self.assertEqual("LEVEL_2", self.level(SECOND)["decided_state"])
        self.run_ok("inherit", SECOND, "--refuse", "--rationale", "Another building and other staff")
        self.assertEqual("LEVEL_1", self.level(SECOND)["decided_state"])
        self.assertNotIn("Another building", self.server.printed())
        nothing = self.server.run("--json", "inherit", FIRST, "--accept", "--rationale", "x")
        self.assertEqual(6, nothing.code, nothing)
        self.assertIn("NOTHING_TO_DECIDE", nothing.err)

    def test_a_circle_is_refused_at_the_door(self):
        self.register(self.server, FIRST)
        self.register(self.server, SECOND)
        self.accept(follows(SECOND, FIRST, "REASON_LOCATION_MOVE"))
        for link in (follows(FIRST, SECOND, "REASON_LOCATION_MOVE"), follows(FIRST, FIRST, "REASON_LOCATION_MOVE")):
            outcome, result = self.server.submit(link)
            self.assertNotEqual("ACCEPTED", outcome, result)
            self.assertIn("LINK_CYCLE", result.err)

    def test_siblings_show_the_highest_level_first_and_nothing_is_copied(self):
        self.at_level_2(SECOND)
        self.register(self.server, FIRST, organisation="1-77", brand="BD1")
        for home, own in ((SECOND, {"organisation": "1-77"}), (THIRD, {"brand": "BD1"})):
            event = {"source": "council/register", "id": f"own-{home}", "subject": f"cqc-location/{home}",
                     "serviceRegistered": own}
            self.accept(event)
        found = wait_until(lambda: (all_ := self.run_ok("--json", "siblings", FIRST).json().get("siblings", [])) and
                           len(all_) == 2 and all_, 30, "two siblings")
        self.assertEqual([True, False], [one["same_organisation"] for one in found])
        self.assertEqual([False, True], [one["same_brand"] for one in found])
        self.assertEqual("LEVEL_1", self.level(FIRST)["decided_state"])
        self.assertIn("House " + SECOND, self.run_ok("siblings", FIRST).out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
