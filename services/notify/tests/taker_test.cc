#include "services/notify/taker.h"

#include <nlohmann/json.hpp>
#include <set>

#include "ingest_fixture.h"
#include "services/ingest/clock.h"
#include "services/ingest/control_publisher.h"
#include "services/query/list_obligations.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr char kDesk[] = "duty-desk";

WebhookConfig Desk(const std::string& name = kDesk) {
  WebhookConfig webhook;
  webhook.name = name;
  return webhook;
}

/// A projector with the policies of the tree, one service, and a clock that the test moves.
class TakerTest : public IngestTest {
 public:
  ~TakerTest() override { outbox_.reset(); }

 protected:
  TakerTest() {
    ControlPublisher controls(projector_.get(), writer_.get());
    EXPECT_TRUE(
        controls.ActivatePolicies(std::string(TRIGPOINT_SOURCE_DIR) + "/deploy/policies").ok());
    v1::Event home = Registration("1-1");
    home.mutable_service_registered()->add_commissioners("herefordshire-council");
    EXPECT_EQ(OutcomeOf(home), v1::SUBMISSION_OUTCOME_ACCEPTED);
    OpenOutbox();
  }
  void OpenOutbox() {
    outbox_.reset();
    auto opened = Outbox::Open({.directory = directory_ / "outbox"});
    ASSERT_TRUE(opened.ok()) << opened.status();
    outbox_ = *std::move(opened);
  }

  Taker NewTaker(const std::vector<WebhookConfig>& webhooks = {Desk()},
                 const std::string& log_id = "log") {
    return Taker({.projector = projector_.get(),
                  .outbox = outbox_.get(),
                  .log_id = log_id,
                  .now_us = [this] { return now_us_.load(); }},
                 webhooks);
  }

  bool Look(Taker&& taker, const WebhookConfig& webhook = Desk()) {
    const auto taken = taker.Take(webhook);
    EXPECT_TRUE(taken.ok()) << taken.status();
    return taken.ok() && taken->queued;
  }

  /// A report that raises an alert of its own: a theme for each.
  void Urgent(const std::string& id, v1::Theme theme) {
    v1::Event event = EventOf("council/safeguarding", id, "1-1");
    event.set_source_organisation("council");
    event.add_themes(theme);
    auto* risk = event.mutable_immediate_risk_asserted();
    risk->set_grade(v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
    risk->set_asserted_by_role("safeguarding lead");
    risk->set_rapid_sharing_requested(true);
    EXPECT_EQ(OutcomeOf(event), v1::SUBMISSION_OUTCOME_ACCEPTED);
    AwaitDerived();
  }

  /// Urgent, but nobody asserts immediate risk.
  void Whistleblowing(const std::string& id, v1::Theme theme) {
    v1::Event event = EventOf("council/speaking-up", id, "1-1");
    event.set_source_organisation("council");
    event.add_themes(theme);
    event.mutable_whistleblowing_concern_received()->set_route(
        v1::WhistleblowingConcernReceived::ROUTE_LOCAL_AUTHORITY);
    event.mutable_whistleblowing_concern_received()->set_current_abuse_alleged(true);
    EXPECT_EQ(OutcomeOf(event), v1::SUBMISSION_OUTCOME_ACCEPTED);
    AwaitDerived();
  }

  /// A clear step up, of which people decide.
  void WarningNotice(const std::string& id) {
    v1::Event event = EventOf("cqc/enforcement", id, "1-1");
    event.mutable_cqc_enforcement_action_recorded()->set_action(
        v1::ENFORCEMENT_KIND_WARNING_NOTICE);
    EXPECT_EQ(OutcomeOf(event), v1::SUBMISSION_OUTCOME_ACCEPTED);
    AwaitDerived();
  }

  /// What follows from an event is in the log when that is committed, and is folded after it.
  void AwaitDerived() {
    for (int64_t head = -1; head != *log_.HeadOffset(0);) {
      head = *log_.HeadOffset(0);
      ASSERT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    }
  }

  void Acknowledge(const std::string& alert_id) {
    const std::string stream = *projector_->StreamOf("cqc-location", "1-1");
    v1::Event event;
    event.set_source("trigpoint/decisions");
    event.set_id("acknowledged-" + alert_id);
    event.set_source_version(1);
    event.set_stream_id(stream);
    SetMicros(now_us_, event.mutable_received_at());
    event.mutable_alert_acknowledged()->set_alert_id(alert_id);
    event.mutable_alert_acknowledged()->mutable_actor()->set_principal("nurse");
    ASSERT_TRUE(writer_->AppendAndFoldWait(projector_->PartitionFor(stream), event).ok());
  }

  /// Moves the clock and carries the service past every instant on the way.
  void Pass(Micros time) {
    now_us_ += time;
    while (true) {
      const auto due = projector_->DueTimers(now_us_, 100);
      if (due.empty()) break;
      for (const auto& [at, stream] : due) {
        ASSERT_TRUE(
            writer_->AppendAndFoldWait(projector_->PartitionFor(stream), TimeEventOf(at, stream))
                .ok());
      }
    }
    AwaitDerived();
  }

  /// Takes the whole queue, as bodies.
  std::vector<Json> Delivered(const std::string& endpoint = kDesk) {
    std::vector<Json> bodies;
    while (true) {
      const auto front = outbox_->Front(endpoint);
      EXPECT_TRUE(front.ok()) << front.status();
      if (!front.ok() || !front->has_value()) return bodies;
      bodies.push_back(Json::parse((*front)->body));
      EXPECT_TRUE(outbox_->Delivered(endpoint, (*front)->sequence).ok());
    }
  }

  std::unique_ptr<Outbox> outbox_;
};

std::vector<std::string> Types(const std::vector<Json>& bodies) {
  std::vector<std::string> types;
  types.reserve(bodies.size());
  for (const auto& body : bodies) types.push_back(body["type"]);
  return types;
}

constexpr char kRaised[] = "rapid_quality_review_alert.raised";
constexpr char kAttached[] = "rapid_quality_review_alert.cluster_attached";
constexpr char kNextTier[] = "rapid_quality_review_alert.next_tier";

TEST_F(TakerTest, TellsANewEndpointWhatIsOpenAndNotThePast) {
  Urgent("r1", v1::THEME_NEGLECT);
  Urgent("r2", v1::THEME_FALLS);
  ASSERT_TRUE(Look(NewTaker()));
  const auto first = Delivered();
  ASSERT_THAT(Types(first), ElementsAre(kRaised, kRaised, "digest"));
  EXPECT_FALSE(Look(NewTaker())) << "each alert once";
  Acknowledge(first[0]["data"]["alert_id"]);
  ASSERT_TRUE(Look(NewTaker({Desk("late")}), Desk("late")));
  const auto late = Delivered("late");
  ASSERT_THAT(Types(late), ElementsAre(kRaised, "digest"));
  EXPECT_EQ(late[0], first[1]) << "the same bytes, whoever gets them and when";
}

TEST_F(TakerTest, TellsNoSmallNumbersToWhoNeitherCommissionsNorHostsTheService) {
  WebhookConfig ours = Desk("ours");
  ours.organisation = "herefordshire-council";
  WebhookConfig theirs = Desk("theirs");
  theirs.organisation = "powys-council";
  Urgent("r1", v1::THEME_NEGLECT);
  Urgent("r2", v1::THEME_FALLS);
  for (const WebhookConfig& webhook : {Desk(), ours, theirs})
    ASSERT_TRUE(Look(NewTaker({Desk(), ours, theirs}), webhook));
  const auto told = Delivered();
  ASSERT_THAT(Types(told), ElementsAre(kRaised, kRaised, "digest"));
  const auto commissioner = Delivered("ours");
  const auto outside = Delivered("theirs");
  ASSERT_EQ(Types(outside), Types(told));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(commissioner[i], told[i]) << "a commissioner is told what the operator is";
    EXPECT_THAT(told[i]["data"]["detail"]["evidence"], SizeIs(1));
    EXPECT_THAT(outside[i]["data"]["detail"]["evidence"], IsEmpty());
    EXPECT_EQ(outside[i]["data"]["alert_id"], told[i]["data"]["alert_id"]);
  }
  EXPECT_THAT(outside[2]["data"].dump(), Not(HasSubstr("\"r1\""))) << "nor in the digest";
}

TEST_F(TakerTest, TellsAnAlertAsItWasRaisedThoughItIsAcknowledgedBeforeItIsQueued) {
  Taker taker = NewTaker({Desk(), Desk("second")});
  ASSERT_TRUE(taker.Take(Desk()).ok());
  ASSERT_TRUE(taker.Take(Desk("second")).ok());
  Delivered();
  Delivered("second");
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(taker.Take(Desk()).ok());
  const auto first = Delivered();
  ASSERT_THAT(Types(first), ElementsAre(kRaised));
  Acknowledge(first[0]["data"]["alert_id"]);
  ASSERT_TRUE(taker.Take(Desk("second")).ok());
  EXPECT_EQ(Delivered("second"), first);
}

TEST_F(TakerTest, GoesOnFromItsCheckpointAfterACrash) {
  ASSERT_TRUE(Look(NewTaker()));
  EXPECT_THAT(Types(Delivered()), ElementsAre("digest"));
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  OpenOutbox();
  EXPECT_FALSE(Look(NewTaker()));
  EXPECT_EQ(outbox_->Counts(kDesk)->waiting, 1U);
  EXPECT_THAT(Types(Delivered()), ElementsAre(kRaised));
}

TEST_F(TakerTest, DispatchesAnAttachedClusterOnlyWhenItAssertsImmediateRisk) {
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  EXPECT_THAT(Types(Delivered()), ElementsAre(kRaised, "digest"));
  Urgent("r2", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  EXPECT_THAT(Types(Delivered()), ElementsAre(kAttached));
}

TEST_F(TakerTest, TellsAnAttachedClusterThatIsNotDispatchedInOneDigest) {
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  Delivered();
  Whistleblowing("wb", v1::THEME_NEGLECT);
  EXPECT_FALSE(Look(NewTaker()));
  EXPECT_THAT(Delivered(), IsEmpty());
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  const auto told = Delivered();
  ASSERT_THAT(Types(told), ElementsAre("digest"));
  ASSERT_THAT(told[0]["data"]["clusters_attached"], SizeIs(1));
  EXPECT_EQ(told[0]["data"]["clusters_attached"][0]["detail"]["kind"], "KIND_CLUSTER_ATTACHED");
  EXPECT_EQ(told[0]["data"]["nothing_to_report"], false);
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  EXPECT_THAT(Delivered()[0]["data"]["clusters_attached"], IsEmpty());
}

// 2.2: a second line would tell how many protected sources spoke.
TEST_F(TakerTest, TellsOfOneAlertHoweverManyProtectedSourcesSpeak) {
  Whistleblowing("wb-1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  const auto first = Delivered();
  ASSERT_THAT(first, SizeIs(2)) << "the alert and the first digest";
  Whistleblowing("wb-2", v1::THEME_NEGLECT);
  EXPECT_FALSE(Look(NewTaker()));
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  const auto told = Delivered();
  ASSERT_THAT(Types(told), ElementsAre("digest"));
  EXPECT_THAT(told[0]["data"]["clusters_attached"], IsEmpty());
  EXPECT_EQ(told[0]["data"]["open_alerts"], 1);
}

// 2.2: who guesses source and number cannot check the guess against the id of the message.
TEST_F(TakerTest, NamesAnAlertOfAProtectedSourceByAnotherId) {
  Whistleblowing("wb-1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  const std::string stream = *projector_->StreamOf("cqc-location", "1-1");
  const auto read = projector_->Read(stream);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->record.alerts_size(), 1);
  for (const auto& message : Delivered()) {
    EXPECT_THAT(message.dump(),
                testing::Not(testing::HasSubstr(read->record.alerts(0).alert().alert_id())));
  }
}

TEST_F(TakerTest, SendsTheDigestThoughANotedAlertIsGone) {
  ASSERT_TRUE(Look(NewTaker()));
  Delivered();
  OutboxChange change;
  change.notes = {{.sequence = 0, .stream_id = "prv-gone", .alert_id = "gone"}};
  ASSERT_TRUE(outbox_->Apply(kDesk, change).ok());
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  EXPECT_EQ(Delivered()[0]["data"]["nothing_to_report"], true);
  EXPECT_THAT(*outbox_->Notes(kDesk, 10), IsEmpty());
}

TEST_F(TakerTest, SendsTheNextTierToThoseWhoTakeIt) {
  WebhookConfig chiefs = Desk("chiefs");
  chiefs.tiers = {2, 3};
  chiefs.sends_digest = false;
  Taker taker = NewTaker({Desk(), chiefs});
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(taker.Take(Desk()).ok());
  ASSERT_TRUE(taker.Take(chiefs).ok());
  EXPECT_THAT(Types(Delivered()), ElementsAre(kRaised, "digest"));
  EXPECT_THAT(Delivered("chiefs"), IsEmpty());
  Pass(5 * kMicrosPerHour);  // Four are given to answer.
  ASSERT_TRUE(taker.Take(Desk()).ok());
  ASSERT_TRUE(taker.Take(chiefs).ok());
  EXPECT_THAT(Types(Delivered()), ElementsAre(kNextTier));
  const auto told = Delivered("chiefs");
  ASSERT_THAT(Types(told), ElementsAre(kNextTier));
  EXPECT_EQ(told[0]["data"]["detail"]["tier"], 2);
}

TEST_F(TakerTest, TellsARecommendationInOneDigestAndNothingToReportInTheNext) {
  WarningNotice("w1");
  ASSERT_TRUE(Look(NewTaker()));
  auto told = Delivered();
  ASSERT_THAT(Types(told), ElementsAre("digest"));
  const Json data = told[0]["data"];
  EXPECT_EQ(data["nothing_to_report"], false);
  ASSERT_FALSE(data["recommendations"].empty());
  EXPECT_EQ(data["recommendations"][0]["ids"][0], "cqc-location/1-1");
  EXPECT_FALSE(data["recommendations"][0]["criteria"].empty());
  EXPECT_EQ(data["awaiting_decision"], data["recommendations"].size());

  now_us_ += kMicrosPerHour;
  EXPECT_FALSE(Look(NewTaker())) << "one a day";
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  told = Delivered();
  ASSERT_THAT(Types(told), ElementsAre("digest"));
  EXPECT_EQ(told[0]["data"]["nothing_to_report"], true);
  EXPECT_EQ(told[0]["data"]["awaiting_decision"], data["awaiting_decision"]);
}

TEST_F(TakerTest, TellsOnceWhatFellOverdue) {
  ASSERT_TRUE(Look(NewTaker()));
  EXPECT_TRUE(Delivered()[0]["data"]["fell_overdue"].empty());
  const auto rules = [this](Micros time) {
    now_us_ += time;
    EXPECT_TRUE(Look(NewTaker()));
    const Json data = Delivered()[0]["data"];
    std::multiset<std::string> told;
    for (const auto& item : data["fell_overdue"]) told.insert(item["rule"]);
    EXPECT_GE(data["overdue"].get<size_t>(), told.size());
    EXPECT_EQ(data["nothing_to_report"], told.empty());
    return told;
  };
  EXPECT_EQ(rules(40 * kMicrosPerDay).count("DL-33"), 1U) << "a monthly meeting";
  EXPECT_EQ(rules(kMicrosPerDay).count("DL-33"), 0U) << "told";
}

// domain.md 2.2: what is owed to one organisation is outside nobody else's business.
TEST_F(TakerTest, TellsNobodyOutsideWhatIsOwedToAnother) {
  WebhookConfig outside = Desk();
  outside.organisation = "another-council";
  v1::Obligation owed;
  EXPECT_TRUE(IsToldTo(outside.organisation, /*outside=*/true, owed)) << "it is owed to nobody";
  owed.set_recipient("powys-council");
  EXPECT_FALSE(IsToldTo(outside.organisation, /*outside=*/true, owed));
  EXPECT_TRUE(IsToldTo(outside.organisation, /*outside=*/false, owed));
  owed.set_recipient(outside.organisation);
  EXPECT_TRUE(IsToldTo(outside.organisation, /*outside=*/true, owed));
}

TEST_F(TakerTest, TellsOnceOfAReportThatNothingFollowsFrom) {
  ASSERT_TRUE(Look(NewTaker()));
  Delivered();
  now_us_ += kMicrosPerHour;
  EXPECT_EQ(OutcomeOf(Incident("1-1", 1)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  v1::Event raised = Incident("1-1", 2);
  raised.set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  EXPECT_EQ(OutcomeOf(raised), v1::SUBMISSION_OUTCOME_ACCEPTED);
  AwaitDerived();
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  Json data = Delivered()[0]["data"];
  EXPECT_EQ(data["nothing_to_report"], false);
  ASSERT_THAT(data["uncorroborated"], SizeIs(1));
  EXPECT_EQ(data["uncorroborated"][0]["ids"][0], "cqc-location/1-1");
  EXPECT_EQ(data["uncorroborated"][0]["reports"], 1) << "of a protected source nothing";
  EXPECT_THAT(data["uncorroborated"][0]["families"], ElementsAre(Json("SOURCE_FAMILY_INCIDENT")));

  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  data = Delivered()[0]["data"];
  EXPECT_THAT(data["uncorroborated"], IsEmpty()) << "told";
  EXPECT_EQ(data["nothing_to_report"], true);
}

TEST_F(TakerTest, TellsNobodyOutsideOfALoneReport) {
  WebhookConfig outside = Desk();
  outside.organisation = "another-council";
  ASSERT_TRUE(Look(NewTaker({outside}), outside));
  Delivered();
  now_us_ += kMicrosPerHour;
  EXPECT_EQ(OutcomeOf(Incident("1-1", 1)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  AwaitDerived();
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker({outside}), outside));
  EXPECT_THAT(Delivered()[0]["data"]["uncorroborated"], IsEmpty());
}

TEST_F(TakerTest, SaysOfAServiceBeforePeopleOnlyWhatAwaitsThem) {
  ASSERT_TRUE(Look(NewTaker()));
  Delivered();
  now_us_ += kMicrosPerHour;
  WarningNotice("w1");
  EXPECT_EQ(OutcomeOf(Incident("1-1", 1)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  AwaitDerived();
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  const Json data = Delivered()[0]["data"];
  EXPECT_FALSE(data["recommendations"].empty());
  EXPECT_THAT(data["uncorroborated"], IsEmpty());
}

TEST_F(TakerTest, TellsDeadLettersUntilTheyAreSentAgain) {
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  ASSERT_TRUE(
      outbox_->Bury(kDesk, (*outbox_->Front(kDesk))->sequence, {.reason = "HTTP 410"}).ok());
  Delivered();
  now_us_ += kMicrosPerDay;
  ASSERT_TRUE(Look(NewTaker()));
  const auto told = Delivered();
  EXPECT_EQ(told[0]["data"]["dead_letters"][0]["error"], "HTTP 410");
  EXPECT_EQ(told[0]["data"]["nothing_to_report"], false);
}

TEST_F(TakerTest, BeginsWithWhatIsOpenWhenItsCheckpointIsOfAnotherLog) {
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  const auto before = Delivered();
  ASSERT_TRUE(Look(NewTaker({Desk()}, "restored")));
  const auto after = Delivered();
  ASSERT_THAT(Types(after), ElementsAre(kRaised)) << "and no second digest";
  EXPECT_EQ(after[0], before[0]) << "recognisably the same";
}

TEST_F(TakerTest, TellsAnEndpointThatComesBackWhatIsOpenThenBehindItsOldQueue) {
  Urgent("r1", v1::THEME_NEGLECT);
  ASSERT_TRUE(Look(NewTaker()));
  Taker without = NewTaker({Desk("other")});
  ASSERT_TRUE(without.NoteAbsent().ok());
  EXPECT_TRUE(outbox_->Progress(kDesk)->value().away);
  Urgent("r2", v1::THEME_FALLS);
  Urgent("r3", v1::THEME_MEDICINES);
  const auto stream = projector_->Read(*projector_->StreamOf("cqc-location", "1-1"));
  ASSERT_TRUE(stream.ok());
  ASSERT_THAT(stream->record.alerts(), SizeIs(3));
  Acknowledge(stream->record.alerts(1).alert().alert_id());

  Taker again = NewTaker();
  ASSERT_TRUE(again.NoteAbsent().ok());
  ASSERT_TRUE(again.Take(Desk()).ok());
  const auto told = Delivered();
  ASSERT_THAT(Types(told), ElementsAre(kRaised, "digest", kRaised));
  EXPECT_EQ(told[2]["data"]["alert_id"], stream->record.alerts(2).alert().alert_id());
  EXPECT_FALSE(outbox_->Progress(kDesk)->value().away);
}

}  // namespace
}  // namespace trigpoint
