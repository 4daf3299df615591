// What is heard of a service, and from whom (domain.md 1.10; S1 L26-33).
#include "trigpoint/domain/feeds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr int64_t kDay = kMicrosPerDay;
const int64_t kStart = DaysFromCivil({2026, 1, 1}) * kDay;  // NOLINT(cert-err58-cpp)

v1::Event Capacity(const std::string& id, int64_t received_us) {
  v1::Event event;
  event.set_source("home/capacity");
  event.set_id(id);
  event.set_source_version(1);
  event.mutable_capacity_reported()->set_beds(30);
  SetMicros(received_us, event.mutable_received_at());
  return event;
}

v1::Event Nothing(const std::string& kind, const std::string& id, int64_t received_us) {
  v1::Event event = Capacity(id, received_us);
  event.mutable_nil_return_received()->set_expected_kind(kind);
  return event;
}

v1::FeedDelivery Delivered(v1::Event::PayloadCase kind, const std::vector<int>& days,
                           const std::vector<int>& nil = {}) {
  v1::ProviderState state;
  int id = 0;
  for (const int day : days) {
    v1::Event event = Capacity(std::to_string(++id), kStart + day * kDay);
    if (kind == v1::Event::kSafeguardingConcernRaised) event.mutable_safeguarding_concern_raised();
    if (kind == v1::Event::kIncidentReported) event.mutable_incident_reported();
    NoteDelivery(event, kStart + day * kDay, &state);
  }
  const std::string name(KindOfNumber(kind)->name);
  for (const int day : nil) {
    NoteDelivery(Nothing(name, std::to_string(++id), kStart), kStart + day * kDay, &state);
  }
  EXPECT_EQ(state.deliveries_size(), 1);
  return state.deliveries(0);
}

// 1.10: a kind that states no origin would be heard by nobody.
TEST(Origin, IsStatedByEveryKindOfFactAndNoOther) {
  for (const KindInfo& kind : AllKinds()) {
    EXPECT_EQ(kind.origin != v1::ORIGIN_UNSPECIFIED, kind.role == v1::EVENT_ROLE_FACT) << kind.name;
    // What counts as a concern was told by somebody, and so was what comes period by period.
    EXPECT_FALSE((kind.periodic || RaisesConcern(kind)) && !TellsOfCare(kind)) << kind.name;
    // What no state holds leaves no window.
    EXPECT_FALSE(kind.windowed && !StandsInState(kind)) << kind.name;
  }
}

TEST(TellsOfCare, TellsWhatTheProviderSaysOfItselfFromWhatOthersSay) {
  const auto origin = [](v1::Event::PayloadCase kind) { return KindOfNumber(kind)->origin; };
  EXPECT_EQ(origin(v1::Event::kIncidentReported), v1::ORIGIN_INSIDE);
  EXPECT_EQ(origin(v1::Event::kMonitoringReturnReceived), v1::ORIGIN_INSIDE);
  EXPECT_EQ(origin(v1::Event::kSafeguardingConcernRaised), v1::ORIGIN_OUTSIDE);
  EXPECT_TRUE(TellsOfCare(*KindOfNumber(v1::Event::kSafeguardingConcernRaised)));
  EXPECT_FALSE(TellsOfCare(*KindOfNumber(v1::Event::kMonitoringReturnMissed)));
  EXPECT_FALSE(TellsOfCare(*KindOfNumber(v1::Event::kRecommendation)));
}

TEST(NoteDelivery, CountsADayOnceInWhicheverOrder) {
  v1::ProviderState state;
  EXPECT_TRUE(NoteDelivery(Capacity("b", 0), kStart + 9 * kDay + 5, &state));
  EXPECT_FALSE(NoteDelivery(Capacity("c", 0), kStart + 9 * kDay + 7, &state));
  EXPECT_TRUE(NoteDelivery(Capacity("a", 0), kStart + 2 * kDay, &state));
  ASSERT_EQ(state.deliveries_size(), 1);
  EXPECT_EQ(state.deliveries(0).source(), "home/capacity");
  EXPECT_THAT(state.deliveries(0).received_us(),
              testing::ElementsAre(kStart + 2 * kDay, kStart + 9 * kDay));
}

TEST(NoteDelivery, KeepsTheLatestEight) {
  v1::ProviderState state;
  for (int i = 11; i >= 0; --i) {
    NoteDelivery(Capacity(std::to_string(i), 0), kStart + i * 7 * kDay, &state);
  }
  const auto& days = state.deliveries(0).received_us();
  ASSERT_EQ(days.size(), kDeliveriesKept);
  EXPECT_EQ(days.Get(0), kStart + 4 * 7 * kDay);
  EXPECT_EQ(days.Get(kDeliveriesKept - 1), kStart + 11 * 7 * kDay);
}

// "nothing happened" is not "nothing received".
TEST(NoteDelivery, TakesANilReturnForADeliveryOfTheKindAndKnowsThatItWasNil) {
  const v1::FeedDelivery both = Delivered(v1::Event::kSafeguardingConcernRaised, {0, 7}, {7, 14});
  ASSERT_EQ(both.received_us_size(), 3);
  EXPECT_FALSE(IsNil(both.received_us(1))) << "a report came on that day, too";
  EXPECT_TRUE(IsNil(both.received_us(2)));
  EXPECT_EQ(DeliveryDay(both.received_us(2)), kStart + 14 * kDay);
}

TEST(NoteDelivery, LeavesNoDayOfAProtectedSource) {
  v1::ProviderState state;
  v1::Event event = Capacity("w", kStart);
  event.mutable_whistleblowing_concern_received();
  EXPECT_FALSE(NoteDelivery(event, kStart, &state));
  EXPECT_EQ(state.heard_size(), 0);
  v1::Event special = Capacity("s", kStart);
  special.mutable_safeguarding_concern_raised();
  special.set_sensitivity(v1::SENSITIVITY_C4_SPECIAL_CATEGORY);
  NoteDelivery(special, kStart, &state);
  EXPECT_EQ(state.heard_size(), 0);
}

// An ordinary report whose sender says that it comes from a protected source.
TEST(NoteDelivery, LeavesNoDayOfAReportThatItsSenderProtects) {
  v1::ProviderState state;
  v1::Event event = Capacity("raised", kStart);
  event.set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  EXPECT_FALSE(NoteDelivery(event, kStart, &state));
  EXPECT_EQ(state.deliveries_size(), 0);
  EXPECT_EQ(state.heard_size(), 0);
}

// S1 L26-33.
TEST(NoteDelivery, TellsCategoriesFromInsideAndOutside) {
  v1::ProviderState state;
  v1::Event visit = Capacity("v", 0);
  visit.mutable_commissioner_visit_conducted();
  visit.set_source("council/visits");
  NoteDelivery(Capacity("a", 0), kStart, &state);
  NoteDelivery(Capacity("b", 0), kStart + kDay, &state);
  NoteDelivery(visit, kStart + 2 * kDay, &state);
  ASSERT_EQ(state.heard_size(), 2);
  EXPECT_EQ(state.heard(0).category(), v1::EVIDENCE_CATEGORY_OBSERVATION);
  EXPECT_TRUE(state.heard(0).external());
  EXPECT_EQ(state.heard(1).category(), v1::EVIDENCE_CATEGORY_PROCESSES);
  EXPECT_FALSE(state.heard(1).external());
  EXPECT_EQ(state.heard(1).reports(), 2U);
  EXPECT_EQ(state.heard(1).last_us(), kStart + kDay);
}

TEST(RhythmOf, IsTheMiddleIntervalOfSixRegularDeliveries) {
  const auto kind = v1::Event::kCapacityReported;
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 7, 14, 21, 28, 35})), 7);
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 31, 59, 90, 120, 151, 181})), 31);
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 7, 14, 21, 28})), 0) << "five are too few";
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 1, 2, 3, 4, 5, 6})), 0) << "daily";
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 7, 14, 21, 28, 63, 70, 77})), 7) << "one break";
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 3, 20, 24, 60, 62, 90})), 0) << "as it happens";
}

TEST(RhythmOf, IncidentsOweNobodyAnotherUnlessTheirSourceSaysWhenThereAreNone) {
  const auto kind = v1::Event::kIncidentReported;
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 7, 14, 21, 28, 35})), 0);
  EXPECT_EQ(RhythmOf(Delivered(kind, {0, 7, 14, 28}, {21, 35})), 7);
}

TEST(StandingOf, ADeregisteredServiceIsClosedUntilItIsActiveAgain) {
  v1::ProviderState state;
  const auto change = [&state](v1::RegistrationChanged::Status status, int month) {
    v1::Event& fact = *state.add_facts();
    fact.mutable_registration_changed()->set_status(status);
    auto* day = fact.mutable_registration_changed()->mutable_effective_on();
    day->set_year(2026);
    day->set_month(static_cast<uint32_t>(month));
    day->set_day(1);
  };
  change(v1::RegistrationChanged::STATUS_DORMANT, 3);
  change(v1::RegistrationChanged::STATUS_MANAGER_ABSENT, 4);
  change(v1::RegistrationChanged::STATUS_ACTIVE_AGAIN, 6);
  EXPECT_FALSE(StandingOf(state, LondonMidnight({2026, 2, 28})).closed);
  EXPECT_FALSE(StandingOf(state, LondonMidnight({2026, 2, 28})).lasting);
  EXPECT_TRUE(StandingOf(state, LondonMidnight({2026, 5, 1})).closed);
  const Standing again = StandingOf(state, LondonMidnight({2026, 7, 1}));
  EXPECT_FALSE(again.closed);
  EXPECT_TRUE(again.lasting);
  EXPECT_EQ(again.open_since_us, LondonMidnight({2026, 6, 1}));
}

/// Folds as a stream is folded: new, corrected or taken back.
class Fold {
 public:
  void Deliver(v1::Event event) {
    event.set_submission_digest(SubmissionDigest(event));
    const int64_t known_us = ToMicros(event.received_at());
    auto& stored = events_.emplace_back();
    stored.set_known_us(known_us);
    *stored.mutable_event() = event;
    if (VersionOf(event) == 1) NoteDelivery(event, known_us, &state);
    if (!EvolveFacts(event, known_us, &state)) RefoldFacts(events_, &state);
  }
  v1::ProviderState state;

 private:
  std::vector<v1::StoredEvent> events_;
};

TEST(RefoldFacts, WhatWasTakenBackWasNeverDelivered) {
  Fold fold;
  fold.Deliver(Capacity("a", kStart));
  fold.Deliver(Capacity("b", kStart + 7 * kDay));
  v1::Event back = Capacity("b", kStart + 9 * kDay);
  back.set_source_version(2);
  back.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_WRONG_ORG);
  fold.Deliver(back);
  ASSERT_EQ(fold.state.deliveries_size(), 1);
  EXPECT_THAT(fold.state.deliveries(0).received_us(), testing::ElementsAre(kStart));
  EXPECT_EQ(fold.state.heard(0).reports(), 1U);
}

TEST(RefoldFacts, ACorrectionIsNoDelivery) {
  Fold fold;
  fold.Deliver(Capacity("a", kStart));
  v1::Event corrected = Capacity("a", kStart + 60 * kDay);
  corrected.set_source_version(2);
  fold.Deliver(corrected);
  // A refold for another reason sees both versions and says the same.
  v1::Event other = Capacity("b", kStart + 70 * kDay);
  fold.Deliver(other);
  other.set_source_version(2);
  other.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_DUPLICATE);
  fold.Deliver(other);
  ASSERT_EQ(fold.state.deliveries_size(), 1);
  EXPECT_THAT(fold.state.deliveries(0).received_us(), testing::ElementsAre(kStart));
}

}  // namespace
}  // namespace trigpoint
