"""Callers that are not ours do what partners and dashboards do, against a real node: grpcio, and @grpc/grpc-js.

Each class of tests is run by one of them; what they do is written once.
"""

import base64
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
from answers_test import principals  # noqa: E402
from caller import Caller, Ended, Missing, node_command, python_command  # noqa: E402
from harness import EndToEnd, free_port, now, wait_until  # noqa: E402

HOME = "1-900000001"
ACCEPTED, DUPLICATE, WAITING, REFUSED = (f"SUBMISSION_OUTCOME_{name}" for name in ("ACCEPTED", "DUPLICATE", "WAITING", "REFUSED"))


def about(value, source, number, **payload):
    return {"source": source, "id": number, "subject": {"scheme": "cqc-location", "value": value}, "occurred_at": now(3),
            **payload}


def registration(value):
    return about(value, "cqc/directory", f"registration-{value}", service_registered={
        "name": f"House {value}", "service_type": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30,
        "commissioners": ["herefordshire-council"], "local_authority": "Herefordshire"})


def incident(value, number, narrative="", **more):
    told = {"physical_harm": "HARM_LOW", **({"narrative": {"clear": narrative}} if narrative else {})}
    return about(value, "home/incidents", f"incident-{number}", incident_reported=told, **more)


def warning_notice(value):
    return about(value, "cqc/enforcement", f"warning-{value}",
                 cqc_enforcement_action_recorded={"action": "ENFORCEMENT_KIND_WARNING_NOTICE"})


def whistleblowing(value):
    return about(value, "council/speaking-up", f"concern-{value}", source_organisation="herefordshire-council",
                 whistleblowing_concern_received={"route": "ROUTE_LOCAL_AUTHORITY", "current_abuse_alleged": True, "anonymous": True})


def move(to_state="LEVEL_2", **more):
    return {"provider": HOME, "policy_id": "herefordshire", "kind": "KIND_MOVE", "to_state": to_state,
            "rationale": "Warning notice of this month", **more}


class Scenario:
    """What every caller does; a class of tests says which caller."""

    prepare = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory(prefix="trigpoint_clients_")
        cls.addClassCleanup(directory.cleanup)
        try:
            cls.command, cls.environment = cls.prepare(pathlib.Path(directory.name))
        except Missing as missing:
            raise unittest.SkipTest(str(missing)) from missing

    def caller(self, address, **environment):
        made = Caller(self.command, {"TRIGPOINT_SERVER": address, **self.environment, **environment})
        self.addCleanup(made.stop)
        return made

    def started(self, *arguments, **more):
        """A node and a caller of it."""
        node = self.node(*arguments, **more)
        return node, self.caller(node.address)

    def submit(self, caller, *events, token=None):
        more = {} if token is None else {"token": token}
        for event in events:
            answer = caller.call("IntelligenceService/SubmitEvent", {"event": event}, **more)
            self.assertNotIsInstance(answer, Ended, str(answer))
            self.assertEqual(ACCEPTED, answer["outcome"], answer)

    @staticmethod
    def decide(caller, request, token=None):
        """Again where what it rests on moved meanwhile: a recommendation follows its event a moment later."""
        for _ in range(100):
            answer = caller.call("DecisionService/ProposeDecision", request, **({"token": token} if token else {}))
            if not isinstance(answer, Ended) or answer.reason != "BASIS_MOVED":
                break
        return answer

    def assert_error(self, ended, code, reason):
        """The call failed so, and the error carries everything that an error of this API carries."""
        self.assertIsInstance(ended, Ended)
        self.assertEqual((code, reason, []), (ended.code, ended.reason, ended.flaws()), str(ended))

    # ---------------------------------------------------------------------------------------- submit

    def test_one_event_is_durable_when_it_is_answered(self):
        _, caller = self.started()
        self.submit(caller, registration(HOME))
        event = incident(HOME, 1)
        checked = caller.call("IntelligenceService/SubmitEvent", {"event": event, "validate_only": True})
        self.assertEqual((ACCEPTED, None), (checked["outcome"], checked.get("position")))
        first = caller.call("IntelligenceService/SubmitEvent", {"event": event})
        self.assertEqual(ACCEPTED, first["outcome"])
        self.assertEqual(checked["stream_id"], first["stream_id"])
        again = caller.call("IntelligenceService/SubmitEvent", {"event": event})
        self.assertEqual(DUPLICATE, again["outcome"])

    def test_a_stream_acknowledges_each_item_in_order(self):
        _, caller = self.started()
        stream = caller.begin("IntelligenceService/SubmitEvents")
        # One at a time: the answer comes while the stream is open.
        stream.send({"sequence": 1, "event": registration(HOME)})
        self.assertEqual(("1", ACCEPTED), self.outcome(stream.next()))
        # Many at once, good and bad, without a look between.
        sent = [incident(HOME, number) for number in range(200)]
        sent += [sent[0], incident("1-900000009", 1), dict(incident(HOME, 999), occurred_at="2999-01-01T00:00:00Z")]
        for number, event in enumerate(sent):
            stream.send({"sequence": 2 + number, "event": event, "file": "rows.jsonl", "line": number + 1})
        stream.close()
        answers, ended = stream.rest()
        self.assertEqual("OK", ended.code, str(ended))
        expected = [ACCEPTED] * 200 + [DUPLICATE, WAITING, REFUSED]
        self.assertEqual([(str(2 + number), outcome) for number, outcome in enumerate(expected)],
                         [self.outcome(answer) for answer in answers])
        self.assertEqual(["occurred_at"], [violation["field"] for violation in answers[-1]["violations"]])
        # The acknowledgement does not wait for this index.
        listed = wait_until(
            lambda: caller.call("IntelligenceService/ListQuarantined", {"source": "home/incidents"}).get("submissions"), 10,
            "the refused item is listed")
        self.assertEqual([(answers[-1]["quarantine_id"], "rows.jsonl", str(len(sent)))],
                         [(one["quarantine_id"], one["file"], one["line"]) for one in listed])

    @staticmethod
    def outcome(answer):
        return answer["sequence"], answer["outcome"]

    # ---------------------------------------------------------------------------------------- query

    def test_pages_hold_every_provider_once(self):
        node, caller = self.started(listen=f"127.0.0.1:{free_port()}")
        values = [f"1-90000000{number}" for number in range(5)]
        self.submit(caller, *map(registration, values))
        request = {"page_size": 2, "filter": 'local_authority = "Herefordshire" AND level = LEVEL_1 OR level = LEVEL_2'}
        names, sizes, token = [], [], None
        while token != "":
            page = caller.call("ProviderService/ListProviders", {**request, **({"page_token": token} if token else {})})
            self.assertEqual("5", page["total_size"])
            names += [one["display_name"] for one in page["providers"]]
            sizes.append(len(page["providers"]))
            token = page.get("next_page_token", "")
        self.assertEqual(([f"House {value}" for value in values], [2, 2, 1]), (names, sizes))
        # A page of before goes on after a restart, and shows nothing of where it stands.
        token = caller.call("ProviderService/ListProviders", request)["next_page_token"]
        self.assertNotIn(b"house", base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).lower())
        self.assertEqual(0o600, (node.data / "page.secret").stat().st_mode & 0o777)
        self.assertEqual(0, node.terminate()[0], node.printed())
        node.start()
        page = caller.call("ProviderService/ListProviders", {**request, "page_token": token})
        self.assertEqual(names[2:4], [one["display_name"] for one in page["providers"]], page)
        large = caller.call("ProviderService/ListProviders", {"page_size": 2_000_000_000})
        self.assertEqual(5, len(large["providers"]), "too large is cut, not refused")

    def test_a_provider_its_proof_and_its_timeline(self):
        _, caller = self.started()
        self.submit(caller, registration(HOME), warning_notice(HOME), *(incident(HOME, number) for number in range(3)))
        provider = caller.call("ProviderService/GetProvider", {"provider": HOME})
        self.assertEqual(provider, caller.call("ProviderService/GetProvider", {"provider": provider["name"]}))
        self.assertEqual(provider, caller.call("ProviderService/GetProvider", {"provider": f"cqc-location/{HOME}"}))
        self.assertRegex(provider["etag"], '^".+"$')
        level = provider["levels"][0]
        self.assertEqual(("herefordshire", "LEVEL_1", "LEVEL_2", True), (
            level["policy_id"], level["decided_state"], level["recommended_state"], level["awaiting_decision"]))
        proof = caller.call("ProviderService/AssessProvider", {"provider": HOME})
        self.assertEqual(("LEVEL_2", level["recommendation_id"]), (proof["target_state"], proof["recommendation_id"]))
        met = {one["id"]: one for one in proof["criteria"] if one.get("value") == "TRUTH_VALUE_TRUE"}
        self.assertEqual("S2 App 2 Level 2", met["H-L2-2"]["clause"])
        self.assertIn(f"warning-{HOME}", [one["id"] for one in met["H-L2-2"]["evidence"]])
        revisions, token, pages = [], "", 0
        while token or pages == 0:
            page = caller.call("ProviderService/ListTimeline", {"provider": HOME, "page_size": 3, "page_token": token})
            revisions += [int(one.get("revision", 0)) for one in page["entries"]]
            token = page.get("next_page_token", "")
            pages += 1
        self.assertEqual(list(range(int(provider["revision"]) - 1, -1, -1)), revisions, "newest first, each once")
        self.assertGreater(pages, 1)

    # ---------------------------------------------------------------------------------------- watch

    def test_a_watch_goes_on_after_a_restart_without_gap_or_repetition(self):
        node, caller = self.started(listen=f"127.0.0.1:{free_port()}")
        first, second, third = "1-900000001", "1-900000002", "1-900000003"
        self.submit(caller, *map(registration, (first, second, third)))
        watch = caller.begin("AlertService/WatchAlerts", {"from_start": True, "heartbeat_seconds": 1})
        self.submit(caller, whistleblowing(first))
        alert, token = self.alert_of(watch)
        self.assertEqual(first, alert["ids"][0]["value"])
        self.assertEqual(0, node.terminate()[0], node.printed())
        ended = watch.rest()[1]
        self.assert_error(ended, "UNAVAILABLE", "DRAINING")
        self.assertEqual("1s", ended.detail("RetryInfo")["retry_delay"], str(ended))
        resume = ended.detail("ErrorInfo")["metadata"]["resume_token"]
        node.start()
        # While nobody watches.
        self.submit(caller, whistleblowing(second))
        for held, what in ((token, "the last token that came with an alert"), (resume, "the token in the error")):
            watch = caller.begin("AlertService/WatchAlerts", {"resume_token": held, "heartbeat_seconds": 1})
            alert, _ = self.alert_of(watch)
            self.assertEqual(second, alert["ids"][0]["value"], what)
            self.assertIn("heartbeat", watch.next(), "nothing is sent twice")
        self.submit(caller, whistleblowing(third))
        self.assertEqual(third, self.alert_of(watch)[0]["ids"][0]["value"])
        watch.cancel()
        self.assertEqual("CANCELLED", watch.rest()[1].code)
        listed = caller.call("AlertService/ListAlerts", {})
        # Newest first; those of protected sources carry the day alone, and stand in no order within it.
        self.assertEqual({first, second, third}, {one["ids"][0]["value"] for one in listed["alerts"]})
        self.assertEqual(3, len(listed["alerts"]))
        acknowledged = caller.call("AlertService/AcknowledgeAlert", {"alert_id": listed["alerts"][0]["alert_id"]})
        self.assertIn("acknowledged_at", acknowledged)
        self.assertEqual("2", caller.call("AlertService/ListAlerts", {})["total_size"])

    def alert_of(self, watch):
        """The next alert of a watch, with its token; heartbeats are passed over."""
        while "alert" not in (message := self.still_open(watch.next())):
            pass
        return message["alert"], message["resume_token"]

    def still_open(self, message):
        self.assertNotIsInstance(message, Ended, str(message))
        return message

    # ---------------------------------------------------------------------------------------- errors

    def test_every_error_says_its_reason_and_its_fields(self):
        _, caller = self.started()
        self.submit(caller, registration(HOME), registration("1-900000002"), warning_notice(HOME))
        token = caller.call("ProviderService/ListProviders", {"page_size": 1})["next_page_token"]
        future = "2999-01-01T00:00:00Z"
        invalid, fields = "INVALID_ARGUMENT", "INVALID_FIELDS"
        # What is tried, method, request, code, reason, fields.
        P, D, A, I = (f"{name}Service/" for name in ("Provider", "Decision", "Alert", "Intelligence"))  # noqa: E741
        probes = [
            ("GetProvider of nobody", P + "GetProvider", {"provider": "nobody"}, "NOT_FOUND", "PROVIDER_NOT_FOUND", []),
            ("GetProvider before it was known", P + "GetProvider", {"provider": HOME, "as_of": "1999-01-01T00:00:00Z"},
             "NOT_FOUND", "PROVIDER_NOT_KNOWN_THEN", []),
            ("GetProvider without a name", P + "GetProvider", {}, invalid, fields, ["provider"]),
            ("GetProvider in the future", P + "GetProvider", {"provider": HOME, "as_of": future}, invalid, fields, ["as_of"]),
            ("AssessProvider of how it was after as_of", P + "AssessProvider",
             {"provider": HOME, "as_of": "2026-01-01T00:00:00Z", "valid_at": "2026-01-02T00:00:00Z"}, invalid, fields, ["valid_at"]),
            ("ListProviders of a negative size", P + "ListProviders", {"page_size": -1}, invalid, fields, ["page_size"]),
            ("ListProviders with another filter", P + "ListProviders", {"page_token": token, "filter": "level = LEVEL_1"},
             invalid, fields, ["page_token"]),
            ("ListProviders by a field that is not there", P + "ListProviders", {"filter": "postcode = HR1"},
             invalid, fields, ["filter"]),
            ("ListProviders by a rating that is not there", P + "ListProviders", {"filter": "rating = splendid"},
             invalid, fields, ["filter"]),
            ("ListProviders by half a filter", P + "ListProviders", {"filter": "name ="}, invalid, fields, ["filter"]),
            ("ListProviders in an order that is not there", P + "ListProviders", {"order_by": "colour"},
             invalid, fields, ["order_by"]),
            ("ListTimeline of nobody", P + "ListTimeline", {"provider": "nobody"}, "NOT_FOUND", "PROVIDER_NOT_FOUND", []),
            ("ListTimeline with a token of another list", P + "ListTimeline", {"provider": HOME, "page_token": token},
             invalid, fields, ["page_token"]),
            ("ListTimeline of a negative size", P + "ListTimeline", {"provider": HOME, "page_size": -1},
             invalid, fields, ["page_size"]),
            ("AssessProvider without a name", P + "AssessProvider", {}, invalid, fields, ["provider"]),
            ("AssessProvider of an unknown policy", P + "AssessProvider", {"provider": HOME, "policy_id": "nosuch"},
             "NOT_FOUND", "POLICY_NOT_IN_FORCE", []),
            ("ListRecommendations of a negative size", P + "ListRecommendations", {"page_size": -1},
             invalid, fields, ["page_size"]),
            ("SubmitEvent that says nothing", I + "SubmitEvent", {"event": {"source": "home/incidents"}},
             invalid, fields, ["payload", "id"]),
            ("SubmitEvent from the future", I + "SubmitEvent", {"event": dict(incident(HOME, 1), occurred_at=future)},
             invalid, fields, ["occurred_at"]),
            ("SubmitEvent that is too large", I + "SubmitEvent", {"event": incident(HOME, 1, narrative="x" * 300_000)},
             invalid, fields, ["event"]),
            ("ListQuarantined of a negative size", I + "ListQuarantined", {"page_size": -1},
             invalid, fields, ["page_size"]),
            ("ListAlerts with a token of nobody", A + "ListAlerts", {"page_token": "bm9ib2R5"}, invalid, fields, ["page_token"]),
            ("AcknowledgeAlert of none", A + "AcknowledgeAlert", {}, invalid, fields, ["alert_id"]),
            ("AcknowledgeAlert of one that is not there", A + "AcknowledgeAlert", {"alert_id": "nosuch"},
             "NOT_FOUND", "ALERT_NOT_FOUND", []),
            ("AcknowledgeAlert with a request_id that is no UUID", A + "AcknowledgeAlert",
             {"alert_id": "nosuch", "request_id": "mine"}, invalid, fields, ["request_id"]),
            ("DeclineAlert without a reason", A + "DeclineAlert", {"alert_id": "nosuch"}, invalid, fields, ["reason"]),
            ("DeclineAlert of one that is not there", A + "DeclineAlert", {"alert_id": "nosuch", "reason": "covered"},
             "NOT_FOUND", "ALERT_NOT_FOUND", []),
            ("WatchAlerts with a token of nobody", A + "WatchAlerts", {"resume_token": "bm9ib2R5"},
             "OUT_OF_RANGE", "RESUME_TOKEN_UNUSABLE", []),
            ("WatchAlerts with a negative heartbeat", A + "WatchAlerts", {"heartbeat_seconds": -1},
             invalid, fields, ["heartbeat_seconds"]),
            ("ListPolicies of a negative size", "PolicyService/ListPolicies", {"page_size": -1}, invalid, fields, ["page_size"]),
            ("Verify of nobody", "OperationService/Verify", {"provider": "nobody"}, "NOT_FOUND", "PROVIDER_NOT_FOUND", []),
            ("a decision without a policy", D + "ProposeDecision", {}, invalid, fields, ["policy_id"]),
            ("a move to a level that is not there", D + "ProposeDecision", move("LEVEL_9"), invalid, fields, ["to_state"]),
            ("a move to the level that it is at", D + "ProposeDecision", move("LEVEL_1"),
             "FAILED_PRECONDITION", "DECIDED_ALREADY", []),
            ("a move that no recommendation says", D + "ProposeDecision",
             {**move(), "provider": "1-900000002", "policy_id": "herefordshire"},
             "FAILED_PRECONDITION", "REQUIREMENT_MISSING", []),
            ("a decision on what has changed", D + "ProposeDecision", move(based_on="an-older-head"),
             "ABORTED", "BASIS_MOVED", []),
            ("a decision on an etag of before", D + "ProposeDecision", move(etag='"before"'), "ABORTED", "ETAG_MISMATCH", []),
            ("a policy retired on an etag of before", "PolicyService/RetirePolicy",
             {"policy_id": "herefordshire", "approved_by": "QC", "authority_ref": "QC-1", "reason": "a trial", "etag": '"before"'},
             "ABORTED", "ETAG_MISMATCH", []),
            ("ListAlerts by a field that is not there", A + "ListAlerts", {"filter": "postcode = HR1"}, invalid, fields, ["filter"]),
            ("a request_id that is too long", D + "ProposeDecision", move(request_id="r" * 200),
             invalid, fields, ["request_id"]),
            ("a concurrence with nothing", D + "ConcurDecision", {"provider": HOME, "proposal_id": "nosuch"},
             "NOT_FOUND", "PROPOSAL_NOT_FOUND", []),
            ("a look at no refused submission", I + "GetQuarantined", {}, invalid, fields, ["quarantine_id"]),
            ("a look at a refused submission that is not there", I + "GetQuarantined", {"quarantine_id": "q-0"},
             "NOT_FOUND", "SUBMISSION_NOT_FOUND", []),
        ]
        for what, method, request, code, reason, named in probes:
            with self.subTest(what):
                ended = caller.begin(method, request).rest()[1]
                self.assertEqual(code, ended.code, str(ended))
                self.assertEqual(reason, ended.reason, str(ended))
                self.assertEqual(([], named), (ended.flaws(), ended.fields), str(ended))

    def test_an_event_with_very_many_mistakes_is_still_refused_and_not_to_be_repeated(self):
        _, caller = self.started()
        self.submit(caller, registration(HOME))
        ended = caller.call("IntelligenceService/SubmitEvent", {"event": incident(HOME, 1, visibility=["NHS 9434765919"] * 200)})
        self.assert_error(ended, "INVALID_ARGUMENT", "INVALID_FIELDS")
        self.assertRegex(ended.message, r"^visibility\[0\]: .*; and \d+ more$")
        self.assertEqual(200, len(ended.fields) + int(ended.detail("ErrorInfo")["metadata"]["more_violations"]))

    def test_who_may_not_and_who_lacks_the_authority_are_told_apart(self):
        people = principals(
            self.scratch / "principals.yaml",
            ("feed", "cqc", ["PARTNER"], ["cqc"], "C2"), ("manager", "herefordshire-council", ["TEAM_MANAGER"], [], "C3"),
            ("icb", "hwicb", ["ICB_AUTHORISER"], [], "C3"))
        _, caller = self.started("--principals", str(people))
        self.submit(caller, registration(HOME), registration("1-900000002"), warning_notice(HOME), token="feed")
        read = ("ProviderService/GetProvider", {"provider": HOME})
        self.assert_error(caller.call(*read), "UNAUTHENTICATED", "CREDENTIALS_MISSING")
        self.assert_error(caller.call(*read, token="somebody-else"), "UNAUTHENTICATED", "CREDENTIALS_UNKNOWN")
        denied = caller.call(*read, token="feed")
        self.assert_error(denied, "PERMISSION_DENIED", "ROLE_MISSING")
        self.assertEqual({"method": "trigpoint.v1.ProviderService/GetProvider", "roles": "QUALITY_READER"},
                         denied.detail("ErrorInfo")["metadata"])
        self.assert_error(caller.call("IntelligenceService/SubmitEvent", {"event": incident(HOME, 1)}, token="feed"),
                          "PERMISSION_DENIED", "SOURCE_NOT_OWNED")
        self.assert_error(caller.begin("AlertService/WatchAlerts", {}).rest()[1], "UNAUTHENTICATED", "CREDENTIALS_MISSING")
        stream = caller.begin("IntelligenceService/SubmitEvents", token="manager")
        self.assert_error(stream.rest()[1], "PERMISSION_DENIED", "ROLE_MISSING")
        lacks = self.decide(caller, move(), "icb")
        self.assert_error(lacks, "FAILED_PRECONDITION", "AUTHORITY")
        self.assertEqual("S2 3.4.3", lacks.detail("ErrorInfo")["metadata"]["clause"], str(lacks))
        # The same request again gives the same answer, another decision under its name none.
        request_id = "5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8a"
        decided = self.decide(caller, move(request_id=request_id), "manager")
        self.assertEqual(("OUTCOME_RECORDED", "LEVEL_2"), (decided["outcome"], decided["decided_state"]))
        self.assertEqual(decided, self.decide(caller, move(request_id=request_id), "manager"))
        self.assertEqual(decided, self.decide(caller, move(request_id=request_id.upper()), "manager"))
        for what, request in (("another level", move("LEVEL_3")), ("another reason", move(rationale="A second thought")),
                              ("no reason", move(rationale="")), ("a meeting", move(meeting_id="QAF-2026-03")),
                              ("another basis", move(based_on="an-older-head")),
                              ("another provider", {**move(), "provider": "1-900000002"})):
            with self.subTest(what):
                reused = self.decide(caller, {**request, "request_id": request_id}, "manager")
                self.assert_error(reused, "INVALID_ARGUMENT", "INVALID_FIELDS")
                self.assertEqual(["request_id"], reused.fields)
                self.assertIn("[REQUEST_ID_REUSED]", reused.message)

    def test_what_a_decision_needs_is_not_told_as_who_may_decide(self):
        people = principals(self.scratch / "principals.yaml", ("feed", "cqc", ["PARTNER"], ["cqc"], "C2"),
                            ("manager", "herefordshire-council", ["TEAM_MANAGER", "MULTI_AGENCY_PANEL"], [], "C3"))
        _, caller = self.started("--principals", str(people))
        self.submit(caller, registration(HOME), warning_notice(HOME), token="feed")
        wait_until(lambda: caller.call("ProviderService/ListRecommendations", {}, token="manager").get("recommendations"), 10,
                   "the recommendation")
        self.assertEqual("OUTCOME_RECORDED", self.decide(caller, move(), "manager")["outcome"])
        again = self.decide(caller, move(), "manager")
        self.assert_error(again, "FAILED_PRECONDITION", "DECIDED_ALREADY")
        self.assertEqual("LEVEL_2", again.detail("ErrorInfo")["metadata"]["decided_state"])
        lacks = self.decide(caller, move("LEVEL_3", override=True), "manager")
        self.assert_error(lacks, "FAILED_PRECONDITION", "REQUIREMENT_MISSING")
        self.assertEqual({"clause": "S2 3.4.4", "field": "meeting_id"}, lacks.detail("ErrorInfo")["metadata"])

    def test_an_acknowledgement_is_of_one_alert(self):
        node, caller = self.started(listen=f"127.0.0.1:{free_port()}")
        homes = ("1-900000001", "1-900000002")
        self.submit(caller, *map(registration, homes), *map(whistleblowing, homes))
        acknowledge, request_id = "AlertService/AcknowledgeAlert", "0e984725-c51c-4bf4-9960-e1c80e27aba0"
        wait_until(lambda: caller.call("AlertService/ListAlerts", {}).get("total_size") == "2", 10, "two alerts")
        listed = caller.call("AlertService/ListAlerts", {"filter": f'name = "House {homes[1]}"'})
        self.assertEqual([f"House {homes[1]}"], [one["display_name"] for one in listed["alerts"]])
        first, second = [one["alert_id"] for one in caller.call("AlertService/ListAlerts", {})["alerts"]]
        checked = caller.call(acknowledge, {"alert_id": first, "request_id": request_id, "validate_only": True})
        self.assertNotIn("acknowledged_at", checked)
        done = caller.call(acknowledge, {"alert_id": first, "request_id": request_id})
        self.assertIn("acknowledged_at", done)
        self.assertEqual(done, caller.call(acknowledge, {"alert_id": first, "request_id": request_id}))
        self.assertEqual(done, caller.call(acknowledge, {"alert_id": first}), "without an id, too")
        for what in ("at once", "after a restart"):
            with self.subTest(what):
                reused = caller.call(acknowledge, {"alert_id": second, "request_id": request_id.upper()})
                self.assert_error(reused, "INVALID_ARGUMENT", "INVALID_FIELDS")
                self.assertEqual(["request_id"], reused.fields)
                self.assertEqual(0, node.terminate()[0], node.printed())
                node.start()
        self.assertEqual(done, caller.call(acknowledge, {"alert_id": first, "request_id": request_id}))
        wait_until(lambda: caller.call("AlertService/ListAlerts", {})["total_size"] == "1", 10, "the second is open")

    def test_a_refused_submission_is_resolved_once_under_its_id(self):
        _, caller = self.started()
        self.submit(caller, registration(HOME))
        refused = caller.call("IntelligenceService/SubmitEvent", {"event": incident(HOME, 1, visibility=["NHS 9434765919"])})
        self.assert_error(refused, "INVALID_ARGUMENT", "INVALID_FIELDS")
        held = wait_until(lambda: caller.call("IntelligenceService/ListQuarantined", {}).get("submissions"), 10, "what was refused")
        resolve, request = "IntelligenceService/ResolveQuarantined", {
            "quarantine_id": held[0]["quarantine_id"], "corrected": incident(HOME, 1),
            "request_id": "0e984725-c51c-4bf4-9960-e1c80e27aba0"}
        done = caller.call(resolve, request)
        self.assertEqual("SUBMISSION_OUTCOME_ACCEPTED", done.get("outcome"), done)
        self.assertEqual(done, caller.call(resolve, request))
        reused = caller.call(resolve, {**request, "corrected": incident(HOME, 2)})
        self.assert_error(reused, "INVALID_ARGUMENT", "INVALID_FIELDS")
        self.assertEqual(["request_id"], reused.fields)
        del request["request_id"]
        self.assert_error(caller.call(resolve, request), "FAILED_PRECONDITION", "RESOLVED_ALREADY")

    def test_a_concurrence_can_be_checked_only(self):
        people = principals(
            self.scratch / "principals.yaml", ("feed", "cqc", ["PARTNER"], ["cqc"], "C2"),
            ("council", "herefordshire-council", ["QUALITY_READER", "TEAM_MANAGER"], [], "C3"),
            ("icb", "hwicb", ["QUALITY_READER", "TEAM_MANAGER"], [], "C3"))
        _, caller = self.started("--principals", str(people))
        home = registration(HOME)
        home["service_registered"] |= {"commissioners": ["herefordshire-council", "hwicb"], "jointly_commissioned": True}
        self.submit(caller, home, warning_notice(HOME), token="feed")
        proposed = self.decide(caller, move(override=True), "council")
        self.assertEqual("OUTCOME_PENDING_CONCURRENCE", proposed["outcome"])
        concur, request = "DecisionService/ConcurDecision", {"provider": HOME, "proposal_id": proposed["decision_id"], "concurs": True}
        self.assert_error(caller.call(concur, {**request, "validate_only": True}, token="council"), "FAILED_PRECONDITION", "AUTHORITY")
        for _ in range(2):  # Nothing was recorded by the first.
            checked = caller.call(concur, {**request, "validate_only": True}, token="icb")
            self.assertEqual("OUTCOME_RECORDED", checked.get("outcome"), checked)
        self.assertEqual("OUTCOME_RECORDED", caller.call(concur, request, token="icb")["outcome"])
        self.assert_error(caller.call(concur, {**request, "validate_only": True}, token="icb"), "FAILED_PRECONDITION", "NOT_PENDING")

    def test_what_a_service_inherits_is_decided_once_under_its_id_and_on_its_etag(self):
        node, caller = self.started(listen=f"127.0.0.1:{free_port()}")
        old, new = HOME, "1-900000002"
        decide, provider = "DecisionService/DecideInheritance", {"provider": f"cqc-location/{new}"}
        request = {**provider, "accept": True, "rationale": "The same staff", "request_id": "0e984725-c51c-4bf4-9960-e1c80e27aba0"}

        def read():
            return caller.call("ProviderService/GetProvider", provider)

        # Given a home that was sold while people had it at a higher level
        self.submit(caller, registration(old), registration(new), incident(old, 1))
        self.decide(caller, move(override=True))
        self.submit(caller, about(new, "cqc/api", "linked", service_linked={
            "link": "LINK_PREDECESSOR", "other": {"scheme": "cqc-location", "value": old}, "reason": "REASON_CHANGE_OF_OWNERSHIP"}))
        wait_until(lambda: read().get("inheritance_open"), 10, "a person is to confirm")
        # When it is decided on an old etag, or only checked, nothing is
        self.assert_error(caller.call(decide, {**request, "etag": '"before"'}), "ABORTED", "ETAG_MISMATCH")
        checked = caller.call(decide, {**request, "etag": read()["etag"], "validate_only": True})
        self.assertTrue(checked["provider"]["inheritance_open"], checked)
        # When it is decided, then once, and after a restart still once
        decided = caller.call(decide, request)
        self.assertEqual("INHERITANCE_STANDING_CONFIRMED", decided["provider"]["links"][0]["standing"])
        for what in ("at once", "after a restart"):
            with self.subTest(what):
                before = read()["revision"]
                self.assertEqual(decided["provider"]["links"], caller.call(decide, request)["provider"]["links"])
                self.assertEqual(before, read()["revision"], "nothing was added to its record")
                reused = caller.call(decide, {**request, "accept": False})
                self.assert_error(reused, "INVALID_ARGUMENT", "INVALID_FIELDS")
                self.assertEqual(["request_id"], reused.fields)
                self.assertEqual(0, node.terminate()[0], node.printed())
                node.start()

    # ---------------------------------------------------------------------------------------- operation

    def test_health_is_told_of_each_service_by_name(self):
        _, caller = self.started()
        check = "grpc.health.v1.Health/Check"
        for name in ("", *(f"trigpoint.v1.{one}Service" for one in
                           ("Intelligence", "Provider", "Decision", "Alert", "Policy", "Operation"))):
            self.assertEqual({"status": "SERVING"}, caller.call(check, {"service": name}), name)
        self.assert_error(caller.call(check, {"service": "trigpoint.v1.NoService"}), "NOT_FOUND", "SERVICE_NOT_FOUND")

    # ---------------------------------------------------------------------------------------- TLS

    def test_a_token_over_tls(self):
        self.certificates()
        people = principals(self.scratch / "principals.yaml", ("reader", "herefordshire-council", ["QUALITY_READER"], [], "C2"))
        node = self.node("--principals", str(people), "--tls-cert", str(self.scratch / "node.pem"), "--tls-key",
                         str(self.scratch / "node.key"), listen="0.0.0.0:0")
        caller = self.caller("localhost:" + node.address.rsplit(":", 1)[1], TRIGPOINT_CA=str(self.scratch / "ca.pem"))
        listed = caller.call("ProviderService/ListProviders", {}, token="reader")
        self.assertEqual({}, listed)
        self.assert_error(caller.call("ProviderService/ListProviders", {}), "UNAUTHENTICATED", "CREDENTIALS_MISSING")
        self.assert_error(caller.call("ProviderService/ListProviders", {}, token="nobody"), "UNAUTHENTICATED",
                          "CREDENTIALS_UNKNOWN")
        self.assertEqual({"status": "SERVING"}, caller.call("grpc.health.v1.Health/Check", {}), "probes hold no token")


class PythonClientTest(Scenario, EndToEnd):
    prepare = staticmethod(python_command)


class NodeClientTest(Scenario, EndToEnd):
    prepare = staticmethod(node_command)


if __name__ == "__main__":
    unittest.main(verbosity=2)
