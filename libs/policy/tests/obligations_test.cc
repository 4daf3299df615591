// What is owed, and by when (domain.md 1.3, 3.7; design 2).
#include "trigpoint/policy/obligations.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kPack[] = R"pb(
  id: "p"
  version: 3
  source_document: "S"
  authority {
    states: "LOW"
    states: "HIGH"
    transitions { from_state: "*" to_state: "HIGH" roles: "R" clause: "c" }
  }
  parameters { name: "return_days" value: 10 unit: "working days" reason: "why" }
  parameters { name: "draft_days" value: 10 reason: "why" }
  criteria {
    id: "NOTICE"
    clause: "c"
    when { measure: "enforcement_active" values: "ENFORCEMENT_KIND_WARNING_NOTICE" }
  }
)pb";

int64_t At(int year, unsigned month, unsigned day, int hour = 12) {
  return LondonMidnight({year, month, day}) + hour * kMicrosPerHour;
}

class ObligationsTest : public testing::Test {
 protected:
  void SetUp() override { state_.set_stream_id("s"); }

  void Rule(const std::string& text) { rules_ += "obligations { " + text + " }\n"; }
  /// A rule with what every rule has.
  void Owed(const std::string& id, const std::string& text) {
    Rule("id: \"" + id + "\" clause: \"c\" text: \"t\" owner: \"LEAD\" " + text);
  }
  absl::StatusOr<std::shared_ptr<const CompiledPack>> Compile() const {
    v1::PolicyPack pack;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPack + rules_, &pack)) << rules_;
    return CompiledPack::Compile(std::move(pack));
  }
  v1::Event& Fact(const std::string& id, int64_t occurred_us, const std::string& payload,
                  int64_t known_us = 0) {
    v1::Event& fact = *state_.add_facts();
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(payload, &fact)) << payload;
    fact.set_source("src");
    fact.set_id(id);
    SetMicros(occurred_us, fact.mutable_occurred_at());
    SetMicros(known_us == 0 ? occurred_us : known_us, fact.mutable_received_at());
    return fact;
  }
  void Register(int64_t known_us) {
    v1::Event event;
    event.set_source("directory");
    event.mutable_service_registered();
    NoteDelivery(event, known_us, &state_);
  }
  void Place(const std::string& id, const std::string& organisation) {
    Fact(id, At(2026, 1, 1),
         "placement_started { placing_organisation: \"" + organisation +
             "\" starts_on { year: 2026 month: 1 day: 1 } }");
  }
  std::vector<v1::Obligation> All(int64_t as_of_us) const {
    const auto pack = Compile();
    EXPECT_TRUE(pack.ok()) << pack.status().message();
    const MeasureContext context{.state = state_,
                                 .record = record_,
                                 .baselines = {},
                                 .policy_id = "p",
                                 .decided_state = decided_,
                                 .as_of_us = as_of_us};
    return ObligationsOf(**pack, context, calendar_at_);
  }
  /// "RULE recipient due status", in the order given.
  std::vector<std::string> Told(int64_t as_of_us) const {
    std::vector<std::string> told;
    for (const auto& o : All(as_of_us)) {
      std::string text = o.rule() + (o.recipient().empty() ? "" : " " + o.recipient());
      text += " " + (o.has_due_at() ? FormatDate(LondonDate(ToMicros(o.due_at()))) : "never");
      told.push_back(text + " " + v1::Obligation::Status_Name(o.status()).substr(7));
    }
    return told;
  }

  v1::ProviderState state_;
  v1::ProviderRecord record_;
  std::string decided_ = "LOW";
  std::string rules_;
  std::shared_ptr<const WorkingCalendar> calendar_ =
      std::make_shared<const WorkingCalendar>(EnglandAndWalesHolidays());
  CalendarAt calendar_at_ = [this](int64_t) { return calendar_; };
};

constexpr char kDraft[] =
    "start { kinds: \"commissioner_visit_conducted\" } due: \"WD(10)\" "
    "discharged_by: \"draft_report_sent\"";

std::string SentFor(const std::string& visit) {
  return "draft_report_sent { visit { id: \"" + visit + "\" } }";
}

// DL-01; 3.7
TEST_F(ObligationsTest, AFactStartsAClockThatSkipsDayZeroWeekendsAndBankHolidays) {
  Owed("DL-01", kDraft);
  Fact("visit", At(2025, 12, 12), "commissioner_visit_conducted {}");
  const auto all = All(At(2025, 12, 20));
  ASSERT_EQ(all.size(), 1U);
  const v1::Obligation& owed = all.front();
  EXPECT_EQ(FormatInstant(ToMicros(owed.due_at())), "2025-12-30T23:59:59Z");
  EXPECT_EQ(owed.status(), v1::Obligation::STATUS_OPEN);
  EXPECT_EQ(owed.started_by().id(), "visit");
  EXPECT_EQ(owed.started_why(), "commissioner_visit_conducted");
  EXPECT_EQ(ToMicros(owed.started_at()), At(2025, 12, 12));
  EXPECT_EQ(owed.clock(), "WD(10)");
  EXPECT_EQ(owed.clause(), "c");
  EXPECT_EQ(owed.text(), "t");
  EXPECT_EQ(owed.owner(), "LEAD");
  EXPECT_EQ(owed.stream_id(), "s");
  EXPECT_EQ(owed.policy_id(), "p");
  EXPECT_EQ(owed.policy_version(), 3U);
  EXPECT_EQ(owed.obligation_id().size(), 32U);
  EXPECT_FALSE(owed.provisional());
}

TEST_F(ObligationsTest, IsOverdueFromTheSecondAfterItsDueTime) {
  Owed("DL-01", kDraft);
  Fact("visit", At(2025, 12, 12), "commissioner_visit_conducted {}");
  const int64_t due_us = LondonEndOfDay({2025, 12, 30});
  EXPECT_THAT(Told(due_us), ElementsAre("DL-01 2025-12-30 OPEN"));
  EXPECT_THAT(Told(due_us + 1), ElementsAre("DL-01 2025-12-30 OVERDUE"));
}

// design 2: breached iff nothing with known_at <= due discharged it.
TEST_F(ObligationsTest, IsKeptIffWhatWasDoneWasKnownByTheDueTime) {
  Owed("DL-01", kDraft);
  Fact("visit", At(2025, 12, 12), "commissioner_visit_conducted {}");
  v1::Event& sent = Fact("sent", At(2025, 12, 29), SentFor("visit"));
  SetMicros(LondonEndOfDay({2025, 12, 30}), sent.mutable_received_at());
  EXPECT_THAT(Told(At(2026, 2, 1)), ElementsAre("DL-01 2025-12-30 DISCHARGED"));
  SetMicros(At(2025, 12, 31, 0), sent.mutable_received_at());
  EXPECT_THAT(Told(At(2026, 2, 1)), ElementsAre("DL-01 2025-12-30 DISCHARGED_LATE"));
  EXPECT_EQ(ToMicros(All(At(2026, 2, 1)).front().discharged_at()), At(2025, 12, 31, 0));
  EXPECT_EQ(All(At(2026, 2, 1)).front().discharged_by().id(), "sent");
}

TEST_F(ObligationsTest, AFactThatNamesTheStartEndsThatOneAlone) {
  Owed("DL-01", kDraft);
  Fact("v1", At(2026, 5, 1), "commissioner_visit_conducted {}");
  Fact("v2", At(2026, 5, 8), "commissioner_visit_conducted {}");
  Fact("sent", At(2026, 5, 12), SentFor("v1"));
  EXPECT_THAT(Told(At(2026, 5, 13)),
              ElementsAre("DL-01 2026-05-18 DISCHARGED", "DL-01 2026-05-22 OPEN"));
}

TEST_F(ObligationsTest, AFactThatNamesAVisitWhichStartedNothingEndsNothing) {
  Owed("DL-01",
       "start { kinds: \"commissioner_visit_conducted\" where { field: \"visit_type\" values: "
       "\"VISIT_TYPE_ROUTINE\" } } due: \"WD(10)\" discharged_by: \"draft_report_sent\"");
  Fact("contact", At(2026, 5, 1),
       "commissioner_visit_conducted { visit_type: VISIT_TYPE_CONTACT }");
  Fact("visit", At(2026, 5, 1), "commissioner_visit_conducted { visit_type: VISIT_TYPE_ROUTINE }");
  Fact("sent", At(2026, 5, 12), SentFor("contact"));
  EXPECT_THAT(Told(At(2026, 5, 13)), ElementsAre("DL-01 2026-05-18 OPEN"));
}

TEST_F(ObligationsTest, AFactThatNamesNoStartEndsTheLatestThatIsOpen) {
  Owed("DL-01", kDraft);
  Fact("v1", At(2026, 5, 1), "commissioner_visit_conducted {}");
  Fact("v2", At(2026, 5, 8), "commissioner_visit_conducted {}");
  Fact("v3", At(2026, 6, 1), "commissioner_visit_conducted {}");
  Fact("sent", At(2026, 5, 12), SentFor("planned-visit"));
  EXPECT_THAT(Told(At(2026, 5, 13)),
              ElementsAre("DL-01 2026-05-18 OPEN", "DL-01 2026-05-22 DISCHARGED"));
  Fact("again", At(2026, 5, 13), SentFor("planned-visit"));
  EXPECT_THAT(Told(At(2026, 5, 13)),
              ElementsAre("DL-01 2026-05-18 DISCHARGED", "DL-01 2026-05-22 DISCHARGED"));
}

// DL-02: the return of a draft names the visit, not the draft.
TEST_F(ObligationsTest, WhatNamesTheSameVisitBelongsTogether) {
  Owed("DL-02",
       "start { kinds: \"draft_report_sent\" } due: \"return_days\" "
       "discharged_by: \"draft_report_returned\"");
  Fact("sent-1", At(2026, 5, 1), SentFor("v1"));
  Fact("sent-2", At(2026, 5, 8), SentFor("v2"));
  Fact("back", At(2026, 5, 12), "draft_report_returned { visit { id: \"v1\" } }");
  EXPECT_THAT(Told(At(2026, 5, 13)),
              ElementsAre("DL-02 2026-05-18 DISCHARGED", "DL-02 2026-05-22 OPEN"));
}

TEST_F(ObligationsTest, AVisitThatIsCancelledTwiceIsToBeArrangedTwice) {
  Owed("DL-04",
       "start { kinds: \"visit_cancelled\" date_field: \"cancelled_on\" } due: \"WD(20)\" "
       "discharged_by: \"visit_rescheduled\"");
  const auto cancelled = [](int month, int day) {
    return "visit_cancelled { visit { id: \"v\" } cancelled_on { year: 2026 month: " +
           std::to_string(month) + " day: " + std::to_string(day) + " } }";
  };
  // Told later than it was: the date is that of the cancellation.
  Fact("off-1", At(2026, 5, 4), cancelled(5, 1));
  Fact("on-1", At(2026, 5, 6), "visit_rescheduled { visit { id: \"v\" } }");
  Fact("off-2", At(2026, 5, 8), cancelled(5, 8));
  EXPECT_THAT(Told(At(2026, 5, 9)),
              ElementsAre("DL-04 2026-06-02 DISCHARGED", "DL-04 2026-06-08 OPEN"));
}

TEST_F(ObligationsTest, WhatIsCalledOffLapsesUnlessItWasDoneBefore) {
  Owed("GO",
       "start { kinds: \"visit_scheduled\" } due_field: \"planned_for\" "
       "discharged_by: \"commissioner_visit_conducted\" lapsed_by: \"visit_cancelled\"");
  Fact("v", At(2026, 5, 1), "visit_scheduled { planned_for { year: 2026 month: 5 day: 20 } }");
  EXPECT_THAT(Told(At(2026, 5, 2)), ElementsAre("GO 2026-05-20 OPEN"));
  Fact("off", At(2026, 5, 10), "visit_cancelled { visit { id: \"v\" } }");
  EXPECT_THAT(Told(At(2026, 6, 1)), ElementsAre("GO 2026-05-20 LAPSED"));
  Fact("seen", At(2026, 5, 9), "commissioner_visit_conducted {}");
  EXPECT_THAT(Told(At(2026, 6, 1)), ElementsAre("GO 2026-05-20 DISCHARGED"));
}

TEST_F(ObligationsTest, WhereNoTimeIsStatedNothingIsLate) {
  Owed("TR-42",
       "start { kinds: \"immediate_concern_raised\" } "
       "discharged_by: \"mitigation_assured\"");
  Fact("concern", At(2026, 5, 1), "immediate_concern_raised {}");
  EXPECT_THAT(Told(At(2027, 5, 1)), ElementsAre("TR-42 never OPEN"));
  Fact("done", At(2027, 5, 2), "mitigation_assured { concern { id: \"concern\" } }");
  EXPECT_THAT(Told(At(2027, 5, 3)), ElementsAre("TR-42 never DISCHARGED"));
}

TEST_F(ObligationsTest, HoursAreExactAndMonthsAreClipped) {
  Owed("HOURS",
       "start { kinds: \"immediate_concern_raised\" } due: \"H(4)\" "
       "discharged_by: \"mitigation_assured\"");
  Owed("MONTHS",
       "start { kinds: \"immediate_concern_raised\" } due: \"CM(1)\" "
       "discharged_by: \"mitigation_assured\"");
  Owed("DAYS",
       "start { kinds: \"immediate_concern_raised\" } due: \"CD(14)\" guidance: true "
       "discharged_by: \"mitigation_assured\"");
  Fact("concern", At(2026, 1, 31, 23), "immediate_concern_raised {}");
  const auto all = All(At(2026, 2, 1));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(FormatInstant(ToMicros(all[0].due_at())), "2026-02-01T03:00:00Z");
  EXPECT_EQ(FormatInstant(ToMicros(all[1].due_at())), "2026-02-14T23:59:59Z");
  EXPECT_TRUE(all[1].guidance());
  EXPECT_EQ(FormatInstant(ToMicros(all[2].due_at())), "2026-02-28T23:59:59Z");
}

TEST_F(ObligationsTest, ACriterionOwesFromTheNewestEventThatItRestsOnWhileItHolds) {
  Owed("C-TELL", "start { criterion: \"NOTICE\" } due: \"CD(7)\" discharged_by: \"meeting_held\"");
  EXPECT_THAT(Told(At(2026, 3, 1)), IsEmpty());
  const std::string notice =
      "cqc_enforcement_action_recorded { action: ENFORCEMENT_KIND_WARNING_NOTICE }";
  Fact("n1", At(2026, 3, 1), notice);
  Fact("met", At(2026, 3, 3), "meeting_held {}");
  EXPECT_THAT(Told(At(2026, 3, 5)), ElementsAre("C-TELL 2026-03-08 DISCHARGED"));
  Fact("n2", At(2026, 3, 10), notice);
  const auto all = All(At(2026, 3, 20));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().started_by().id(), "n2");
  EXPECT_EQ(all.front().started_why(), "criterion NOTICE");
  EXPECT_EQ(all.front().status(), v1::Obligation::STATUS_OVERDUE);
  for (const char* id : {"n1", "n2"}) {
    Fact(std::string("closed-") + id, At(2026, 3, 21),
         std::string("cqc_enforcement_action_closed { action { id: \"") + id + "\" } }");
  }
  EXPECT_THAT(Told(At(2026, 3, 22)), IsEmpty());
}

TEST_F(ObligationsTest, AStateOwesFromItsDecisionForAsLongAsItIsDecided) {
  Owed("QRM", "start { state: \"HIGH\" } due: \"WD(10)\" discharged_by: \"meeting_held\"");
  EXPECT_THAT(Told(At(2026, 3, 5)), IsEmpty());
  decided_ = "HIGH";
  auto* policy = record_.add_policies();
  policy->set_policy_id("p");
  policy->set_decided_state("HIGH");
  policy->set_decided_us(At(2026, 3, 2));
  const auto all = All(At(2026, 3, 5));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().started_why(), "state HIGH");
  EXPECT_FALSE(all.front().has_started_by());
  EXPECT_THAT(Told(At(2026, 3, 5)), ElementsAre("QRM 2026-03-16 OPEN"));
  policy->set_entered_state_us(At(2026, 2, 27));
  EXPECT_THAT(Told(At(2026, 3, 5)), ElementsAre("QRM 2026-03-13 OPEN"));
}

TEST_F(ObligationsTest, ARecurringOneStartsAnewAtEachDischarge) {
  Owed("DL-24",
       "start { recurring: true } due: \"CM(12)\" discharged_by: \"meeting_held\" "
       "discharged_where { field: \"forum\" values: \"FORUM_CONTRACT_REVIEW\" }");
  Register(At(2024, 3, 1));
  EXPECT_THAT(Told(At(2025, 1, 1)), ElementsAre("DL-24 2025-03-01 OPEN"));
  Fact("other", At(2025, 1, 5), "meeting_held { forum: FORUM_MDT }");
  Fact("m1", At(2025, 1, 10), "meeting_held { forum: FORUM_CONTRACT_REVIEW }");
  Fact("m1-again", At(2025, 1, 10, 15), "meeting_held { forum: FORUM_CONTRACT_REVIEW }");
  Fact("m2", At(2026, 2, 1), "meeting_held { forum: FORUM_CONTRACT_REVIEW }");
  EXPECT_THAT(Told(At(2026, 3, 1)),
              ElementsAre("DL-24 2025-03-01 DISCHARGED", "DL-24 2026-01-10 DISCHARGED_LATE",
                          "DL-24 2027-02-01 OPEN"));
  EXPECT_EQ(All(At(2026, 3, 1)).front().started_why(), "recurring");
}

TEST_F(ObligationsTest, WhatWasDoneBeforeTheServiceWasKnownCounts) {
  Owed("DL-24", "start { recurring: true } due: \"CM(12)\" discharged_by: \"meeting_held\"");
  Register(At(2026, 3, 1));
  Fact("m1", At(2025, 6, 10), "meeting_held {}");
  Fact("m2", At(2025, 9, 10), "meeting_held {}");
  EXPECT_THAT(Told(At(2026, 3, 2)), ElementsAre("DL-24 2026-09-10 OPEN"));
}

TEST_F(ObligationsTest, ARecurringOneBesideAStateGoesOnWhileItIsDecided) {
  Owed("DL-33",
       "start { state: \"HIGH\" recurring: true } due: \"CM(1)\" "
       "discharged_by: \"quality_review_meeting_held\"");
  Register(At(2024, 3, 1));
  Fact("before", At(2026, 2, 10), "quality_review_meeting_held {}");
  EXPECT_THAT(Told(At(2026, 3, 5)), IsEmpty());
  decided_ = "HIGH";
  auto* policy = record_.add_policies();
  policy->set_policy_id("p");
  policy->set_decided_us(At(2026, 3, 2));
  Fact("m1", At(2026, 3, 20), "quality_review_meeting_held {}");
  EXPECT_THAT(Told(At(2026, 4, 1)),
              ElementsAre("DL-33 2026-04-02 DISCHARGED", "DL-33 2026-04-20 OPEN"));
}

// A33, S3 5.3.4: each placing commissioner is told, once, and nobody else.
TEST_F(ObligationsTest, OneForEachOrganisationWithSomebodyPlacedHereNow) {
  Owed("TELL",
       "start { kinds: \"cqc_rating_published\" } due: \"CD(7)\" "
       "discharged_by: \"notification_sent\" per: PER_RECIPIENT_PLACING_COMMISSIONER");
  Fact("rating", At(2026, 3, 1), "cqc_rating_published {}");
  EXPECT_THAT(Told(At(2026, 3, 2)), IsEmpty());
  Place("p1", "icb-a");
  Place("p2", "icb-a");
  Place("p3", "icb-b");
  Place("p4", "icb-c");
  Fact("left", At(2026, 2, 1), "placement_ended { placement { id: \"p4\" } }");
  Fact("told", At(2026, 3, 2), "notification_sent { organisation: \"icb-b\" }");
  EXPECT_THAT(Told(At(2026, 3, 3)),
              ElementsAre("TELL icb-a 2026-03-08 OPEN", "TELL icb-b 2026-03-08 DISCHARGED"));
}

TEST_F(ObligationsTest, OneForEachCommissioner) {
  Owed("TELL",
       "start { kinds: \"cqc_rating_published\" } due: \"CD(7)\" "
       "discharged_by: \"final_report_circulated\" per: PER_RECIPIENT_COMMISSIONER");
  Fact("rating", At(2026, 3, 1), "cqc_rating_published {}");
  state_.mutable_service()->add_commissioners("council");
  state_.mutable_service()->add_commissioners("an-icb");
  Fact("told", At(2026, 3, 2),
       "final_report_circulated { organisations: \"council\" organisations: \"cqc\" }");
  EXPECT_THAT(Told(At(2026, 3, 3)),
              ElementsAre("TELL an-icb 2026-03-08 OPEN", "TELL council 2026-03-08 DISCHARGED"));
}

TEST_F(ObligationsTest, APausedClockStandsStillAndGoesOn) {
  Owed("DL-01", std::string(kDraft) +
                    " paused_by: \"provider_failure_declared\" resumed_by: \"meeting_held\"");
  Fact("visit", At(2026, 5, 1), "commissioner_visit_conducted {}");
  Fact("stop", At(2026, 5, 6), "provider_failure_declared {}");
  EXPECT_THAT(Told(At(2026, 6, 1)), ElementsAre("DL-01 never PAUSED"));
  Fact("go", At(2026, 5, 11), "meeting_held {}");
  // Three working days later than 18 May.
  EXPECT_THAT(Told(At(2026, 5, 19)), ElementsAre("DL-01 2026-05-21 OPEN"));
}

TEST_F(ObligationsTest, APauseAfterTheDueTimeChangesNothing) {
  Owed("DL-01", std::string(kDraft) +
                    " paused_by: \"provider_failure_declared\" resumed_by: \"meeting_held\"");
  Fact("visit", At(2026, 5, 1), "commissioner_visit_conducted {}");
  Fact("stop", At(2026, 5, 20), "provider_failure_declared {}");
  EXPECT_THAT(Told(At(2026, 6, 1)), ElementsAre("DL-01 2026-05-18 OVERDUE"));
}

// 3.7: a retro-proclaimed holiday moves open deadlines, not closed ones.
TEST_F(ObligationsTest, AHolidayProclaimedLaterMovesOpenDeadlinesOnly) {
  Owed("DL-01", kDraft);
  Fact("v1", At(2026, 5, 1), "commissioner_visit_conducted {}");
  Fact("v2", At(2026, 5, 1), "commissioner_visit_conducted {}");
  Fact("sent", At(2026, 5, 12), SentFor("v1"));
  auto more = EnglandAndWalesHolidays();
  more.push_back({2026, 5, 15});
  const auto later = std::make_shared<const WorkingCalendar>(more);
  calendar_at_ = [this, later](int64_t at_us) {
    return at_us < At(2026, 5, 13) ? calendar_ : later;
  };
  EXPECT_THAT(Told(At(2026, 5, 14)),
              ElementsAre("DL-01 2026-05-18 DISCHARGED", "DL-01 2026-05-19 OPEN"));
}

TEST_F(ObligationsTest, IsProvisionalWhereTheBankHolidaysAreNotKnown) {
  Owed("DL-01", kDraft);
  Fact("visit", At(2028, 12, 27), "commissioner_visit_conducted {}");
  const auto all = All(At(2028, 12, 28));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all.front().provisional());
}

TEST_F(ObligationsTest, AppliesOnlyWhereItIsKnownTo) {
  Owed("DL-01", std::string(kDraft) +
                    " applies_to { measure: \"service_type_in\" values: "
                    "\"SERVICE_TYPE_HOME_CARE\" }");
  Fact("visit", At(2026, 5, 1), "commissioner_visit_conducted {}");
  EXPECT_THAT(Told(At(2026, 5, 2)), IsEmpty());
  state_.mutable_service()->set_service_type(v1::SERVICE_TYPE_HOME_CARE);
  EXPECT_THAT(Told(At(2026, 5, 2)), ElementsAre("DL-01 2026-05-18 OPEN"));
}

TEST_F(ObligationsTest, IdsAreTheSameWhateverComesAfterwards) {
  Owed("DL-01", kDraft);
  Fact("visit", At(2026, 5, 1), "commissioner_visit_conducted {}");
  const std::string id = All(At(2026, 5, 2)).front().obligation_id();
  Fact("sent", At(2026, 5, 12), SentFor("visit"));
  EXPECT_EQ(All(At(2026, 7, 1)).front().obligation_id(), id);
  Fact("visit-2", At(2026, 5, 1), "commissioner_visit_conducted {}");
  const auto all = All(At(2026, 7, 1));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NE(all[0].obligation_id(), all[1].obligation_id());
}

struct BadRule {
  std::string name;
  std::string rule;
  std::string says;
};

void PrintTo(const BadRule& rule, std::ostream* out) { *out << rule.name; }

class BadRuleTest : public ObligationsTest, public testing::WithParamInterface<BadRule> {};

TEST_P(BadRuleTest, IsRefusedWithItsIdAndTheReason) {
  Rule(GetParam().rule);
  const auto pack = Compile();
  ASSERT_FALSE(pack.ok());
  EXPECT_EQ(pack.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(pack.status().message()), HasSubstr("policy p: obligation"));
  EXPECT_THAT(std::string(pack.status().message()), HasSubstr(GetParam().says));
}

std::string Of(const std::string& text) {
  return "id: \"X\" clause: \"c\" text: \"t\" owner: \"LEAD\" " + text;
}
constexpr char kVisit[] = "start { kinds: \"commissioner_visit_conducted\" } ";
constexpr char kDone[] = "discharged_by: \"draft_report_sent\" ";

INSTANTIATE_TEST_SUITE_P(
    Of, BadRuleTest,
    testing::Values(
        BadRule{"Clause", std::string("id: \"X\" text: \"t\" owner: \"L\" ") + kVisit + kDone,
                "X has no clause"},
        BadRule{"Owner", std::string("id: \"X\" clause: \"c\" text: \"t\" ") + kVisit + kDone,
                "X has no owner"},
        BadRule{
            "Twice",
            Of(std::string(kVisit) + kDone) + " } obligations { " + Of(std::string(kVisit) + kDone),
            "X is there twice"},
        BadRule{"NoStart", Of(kDone), "not exactly one of"},
        BadRule{"TwoStarts",
                Of("start { criterion: \"NOTICE\" state: \"HIGH\" } " + std::string(kDone)),
                "not exactly one of"},
        BadRule{"Kind", Of("start { kinds: \"rumour\" } " + std::string(kDone)),
                "start.kinds names an unknown kind: rumour"},
        BadRule{"NoFact", Of("start { kinds: \"recommendation\" } " + std::string(kDone)),
                "unknown kind: recommendation"},
        BadRule{"NotKept", Of("start { kinds: \"compliment_received\" } " + std::string(kDone)),
                "does not stand in the state"},
        BadRule{"Criterion", Of("start { criterion: \"NO\" } " + std::string(kDone)),
                "names a criterion that is not there: NO"},
        BadRule{"State", Of("start { state: \"NO\" } " + std::string(kDone)),
                "names a state that is not there: NO"},
        BadRule{
            "Field",
            Of("start { kinds: \"visit_scheduled\" where { field: \"colour\" values: \"x\" } } " +
               std::string(kDone)),
            "start.where: colour is no field of its kinds"},
        BadRule{"Value",
                Of("start { kinds: \"commissioner_visit_conducted\" where { field: \"visit_type\" "
                   "values: \"VISIT_TYPE_SECRET\" } } " +
                   std::string(kDone)),
                "visit_type has no value VISIT_TYPE_SECRET"},
        BadRule{"NoValue",
                Of("start { kinds: \"visit_scheduled\" where { field: \"announced\" } } " +
                   std::string(kDone)),
                "announced names no value"},
        BadRule{"Bool",
                Of("start { kinds: \"visit_scheduled\" where { field: \"announced\" values: "
                   "\"yes\" } } " +
                   std::string(kDone)),
                "\"true\" or \"false\", not yes"},
        BadRule{"Date",
                Of("start { kinds: \"visit_scheduled\" date_field: \"announced\" } " +
                   std::string(kDone)),
                "visit_scheduled has no date announced"},
        BadRule{"Due", Of(kVisit + std::string(kDone) + "due: \"soon\""),
                "nor a parameter that is there: soon"},
        BadRule{"DueParameter", Of(kVisit + std::string(kDone) + "due: \"WD(no_such_days)\""),
                "nor a parameter that is there: WD(no_such_days)"},
        BadRule{"DueUnit", Of(kVisit + std::string(kDone) + "due: \"draft_days\""),
                "unit is none of working days"},
        BadRule{"TwoDues",
                Of("start { kinds: \"visit_scheduled\" } due: \"WD(1)\" due_field: "
                   "\"planned_for\" " +
                   std::string(kDone)),
                "has both due and due_field"},
        BadRule{"NoEnd", Of(kVisit), "discharged_by nothing"},
        BadRule{"DischargedBy", Of(kVisit + std::string("discharged_by: \"rumour\"")),
                "discharged_by names an unknown kind: rumour"},
        BadRule{"Pause", Of(kVisit + std::string(kDone) + "paused_by: \"meeting_held\""),
                "only one of paused_by and resumed_by"},
        BadRule{"Recipient", Of(kVisit + std::string(kDone) + "per: PER_RECIPIENT_COMMISSIONER"),
                "discharged_by draft_report_sent names none"}),
    [](const auto& rule) { return rule.param.name; });

TEST_F(ObligationsTest, ADueTimeMayNameAParameter) {
  Owed("A",
       "start { kinds: \"commissioner_visit_conducted\" } due: \"WD(draft_days)\" "
       "discharged_by: \"draft_report_sent\"");
  const auto pack = Compile();
  ASSERT_TRUE(pack.ok()) << pack.status().message();
  EXPECT_EQ((*pack)->obligations().front().due,
            (Duration{.unit = DurationUnit::kWorkingDays, .amount = 10}));
}

}  // namespace
}  // namespace trigpoint
