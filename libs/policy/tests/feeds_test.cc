// Expected cadence and silence (domain.md 3.1 feed_silence_tolerance, 3.11).
#include "trigpoint/policy/feeds.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/assess.h"

namespace trigpoint {
namespace {

constexpr int64_t kDay = kMicrosPerDay;

constexpr char kPack[] = R"pb(
  id: "p"
  version: 1
  source_document: "S"
  authority { states: "LOW" states: "HIGH" }
  parameters { name: "month" value: 31 reason: "why" }
  criteria {
    id: "SILENT"
    clause: "c"
    when { measure: "feed_silent" values: "monitoring_return_received" }
  }
  criteria {
    id: "PLAN"
    clause: "c"
    when { measure: "self_assessment_concern" }
  }
  criteria {
    id: "RATES"
    clause: "c"
    when {
      measure: "repeated_concerns"
      families: SOURCE_FAMILY_SAFEGUARDING
      with { key: "count" value: "3" }
      with { key: "days" value: "90" }
    }
  }
  states {
    state: "HIGH"
    when { criterion: "SILENT" }
  }
  expected {
    id: "return"
    clause: "S 3.3.2"
    kinds: "monitoring_return_received"
    kinds: "provider_performance_report_received"
    every_days: "month"
    grace_days: "7"
    missed: "2"
    applies_to { measure: "service_type_in" values: "SERVICE_TYPE_CARE_HOME_NURSING" }
  }
)pb";

int64_t On(int month, int day) {
  return DaysFromCivil({2026, static_cast<unsigned>(month), static_cast<unsigned>(day)}) * kDay;
}

std::shared_ptr<const CompiledPack> Pack() {
  v1::PolicyPack pack;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPack, &pack));
  auto compiled = CompiledPack::Compile(std::move(pack));
  EXPECT_TRUE(compiled.ok()) << compiled.status().message();
  return *compiled;
}

class FeedsTest : public testing::Test {
 protected:
  void Deliver(const std::string& source, int64_t known_us, const std::string& nil_of = "") {
    v1::Event event;
    event.set_source(source);
    if (nil_of.empty()) {
      event.mutable_monitoring_return_received();
    } else {
      event.mutable_nil_return_received()->set_expected_kind(nil_of);
    }
    NoteDelivery(event, known_us, &state_);
  }
  void Register(int64_t known_us) {
    v1::Event event;
    event.set_source("directory");
    event.mutable_service_registered()->set_service_type(v1::SERVICE_TYPE_CARE_HOME_NURSING);
    NoteDelivery(event, known_us, &state_);
    *state_.mutable_service() = event.service_registered();
  }
  Feed Return(int64_t as_of_us, int64_t from_us = 0) const {
    const Expectation expected{.pack = pack_, .index = 0, .from_us = from_us};
    const auto feeds = FeedsOf(state_, {&expected, 1}, as_of_us);
    EXPECT_FALSE(feeds.empty());
    return feeds.empty() ? Feed() : feeds.front();
  }
  /// As if the policy named two sources: their feeds, then those that are learned.
  std::vector<Feed> Named(int64_t as_of_us) const {
    std::vector<Expectation> expected;
    for (const char* source : {"council/returns", "home/portal"})
      expected.push_back({.pack = pack_, .index = 0, .from_us = 0, .source = source});
    auto feeds = FeedsOf(state_, expected, as_of_us);
    feeds.erase(std::remove_if(feeds.begin(), feeds.end(),
                               [](const Feed& feed) { return feed.every_days == 0; }),
                feeds.end());
    return feeds;
  }
  MeasureContext Context(int64_t as_of_us) const {
    return {.state = state_,
            .record = record_,
            .baselines = {},
            .policy_id = "p",
            .decided_state = "LOW",
            .as_of_us = as_of_us};
  }
  Truth Criterion(size_t index) const {
    const auto result = Assess(*pack_, Context(On(12, 1)));
    switch (result.criteria[index].value()) {
      case v1::TRUTH_VALUE_TRUE:
        return Truth::kTrue;
      case v1::TRUTH_VALUE_FALSE:
        return Truth::kFalse;
      default:
        return Truth::kUnknown;
    }
  }
  /// What the engine does when a feed falls silent.
  void Find(const Feed& feed) {
    auto* silence = record_.add_silences();
    *silence->mutable_silent() = SilenceOf(feed);
    silence->set_since_us(feed.silent_us);
  }

  std::shared_ptr<const CompiledPack> pack_ = Pack();
  v1::ProviderState state_;
  v1::ProviderRecord record_;
};

TEST_F(FeedsTest, IsSilentAfterTheGraceOfTheSecondMissedDelivery) {
  Register(On(1, 1));
  Deliver("council/returns", On(1, 10));
  const Feed feed = Return(On(2, 1));
  EXPECT_EQ(feed.source, "council/returns");
  EXPECT_EQ(feed.due_us, LondonMidnight(AddDays({2026, 1, 10}, 31 + 7 + 1)));
  EXPECT_EQ(feed.silent_us, LondonMidnight(AddDays({2026, 1, 10}, 2 * 31 + 7 + 1)));
  EXPECT_EQ(NextSilence({&feed, 1}, feed.silent_us - 1), feed.silent_us);
  EXPECT_EQ(NextSilence({&feed, 1}, feed.silent_us), kNever);
}

TEST_F(FeedsTest, AnyOfItsKindsFromAnySourceIsADelivery) {
  Register(On(1, 1));
  Deliver("council/returns", On(1, 10));
  Deliver("home/portal", On(2, 10));
  const Feed feed = Return(On(2, 11));
  EXPECT_EQ(feed.source, "home/portal");
  EXPECT_EQ(feed.last_us, On(2, 10));
  EXPECT_FALSE(feed.nil);
  Deliver("home/portal", On(3, 10), "provider_performance_report_received");
  EXPECT_TRUE(Return(On(3, 11)).nil);
}

// A source that the policy names owes its own: that another goes on must not hide its silence.
TEST_F(FeedsTest, OfTwoNamedSourcesTheSilenceOfOneIsFoundThoughTheOtherDelivers) {
  Register(On(1, 1));
  for (const int month : {1, 2, 3}) Deliver("home/portal", On(month, 10));
  Deliver("council/returns", On(1, 10));
  Deliver("someone/else", On(3, 12));
  const auto feeds = Named(On(3, 13));
  ASSERT_EQ(feeds.size(), 2U)
      << "what nobody named has no rhythm yet, and is no feed of the policy";
  EXPECT_EQ(feeds[0].source, "council/returns");
  EXPECT_EQ(feeds[0].silent_us, LondonMidnight(AddDays({2026, 1, 10}, 2 * 31 + 7 + 1)));
  EXPECT_EQ(feeds[1].source, "home/portal");
  EXPECT_EQ(feeds[1].silent_us, LondonMidnight(AddDays({2026, 3, 10}, 2 * 31 + 7 + 1)));
  EXPECT_EQ(SilenceOf(feeds[0]).feed_source(), "council/returns");
  EXPECT_NE(FeedSilentId("s", SilenceOf(feeds[0])), FeedSilentId("s", SilenceOf(feeds[1])));
}

TEST_F(FeedsTest, ANamedSourceThatNeverCameIsNamed) {
  Register(On(1, 1));
  Deliver("home/portal", On(1, 10));
  const auto feeds = Named(On(2, 1));
  ASSERT_EQ(feeds.size(), 2U);
  EXPECT_EQ(SilenceOf(feeds[0]).feed_source(), "council/returns");
  EXPECT_FALSE(SilenceOf(feeds[0]).has_last_at());
  EXPECT_EQ(feeds[0].silent_us, LondonMidnight(AddDays({2026, 1, 1}, 2 * 31 + 7 + 1)));
}

TEST_F(FeedsTest, OnlyItsOwnDeliveryEndsTheSilenceOfANamedSource) {
  Register(On(1, 1));
  Deliver("council/returns", On(1, 10));
  Deliver("home/portal", On(1, 10));
  for (const Feed& feed : Named(On(4, 1))) Find(feed);
  ASSERT_EQ(record_.silences_size(), 2);
  Deliver("council/returns", On(4, 5));
  EXPECT_TRUE(SettleSilences(Named(On(4, 5)), On(4, 5), &record_));
  EXPECT_EQ(record_.silences(0).silent().feed_source(), "council/returns");
  EXPECT_EQ(record_.silences(0).ended_us(), On(4, 5));
  EXPECT_EQ(record_.silences(1).ended_us(), 0);
}

TEST_F(FeedsTest, ARhythmOfASourceThatThePolicyDoesNotNameIsStillLearned) {
  Register(On(1, 1));
  for (int week = 0; week < 6; ++week) {
    Deliver("someone/else", On(1, 5) + int64_t{7} * week * kDay);
    Deliver("home/portal", On(1, 5) + int64_t{7} * week * kDay);
  }
  const auto feeds = Named(On(3, 1));
  ASSERT_EQ(feeds.size(), 3U) << "the named one only as the policy says";
  EXPECT_EQ(feeds[2].source, "someone/else");
  EXPECT_TRUE(feeds[2].learned);
}

// A new node, service or policy cries no wolf.
TEST_F(FeedsTest, WhatNeverCameCountsFromTheRegistrationOrThePolicyWhicheverIsLater) {
  EXPECT_EQ(Return(On(9, 1)).silent_us, kNever) << "nobody said what it is";
  Register(On(3, 1));
  EXPECT_EQ(Return(On(9, 1)).silent_us, LondonMidnight(AddDays({2026, 3, 1}, 2 * 31 + 7 + 1)));
  EXPECT_EQ(Return(On(9, 1), On(4, 1)).silent_us,
            LondonMidnight(AddDays({2026, 4, 1}, 2 * 31 + 7 + 1)));
  EXPECT_EQ(SilenceOf(Return(On(9, 1))).feed_source(), "");
}

TEST_F(FeedsTest, AClosedServiceOwesNothing) {
  Register(On(1, 1));
  Deliver("council/returns", On(1, 10));
  v1::Event& fact = *state_.add_facts();
  fact.mutable_registration_changed()->set_status(v1::RegistrationChanged::STATUS_DEREGISTERED);
  SetMicros(On(2, 1), fact.mutable_occurred_at());
  const Expectation expected{.pack = pack_, .index = 0, .from_us = 0};
  EXPECT_THAT(FeedsOf(state_, {&expected, 1}, On(9, 1)), testing::IsEmpty());
}

TEST_F(FeedsTest, IsExpectedOnlyWhereItIsKnownToApply) {
  EXPECT_THAT(ExpectedOf(*pack_, Context(On(2, 1))), testing::IsEmpty())
      << "UNKNOWN is not enough to chase anybody";
  Register(On(1, 1));
  EXPECT_THAT(ExpectedOf(*pack_, Context(On(2, 1))), testing::ElementsAre(0));
  state_.mutable_service()->set_service_type(v1::SERVICE_TYPE_ACUTE);
  EXPECT_THAT(ExpectedOf(*pack_, Context(On(2, 1))), testing::IsEmpty());
  EXPECT_TRUE(pack_->ScopeFollowsService());
}

TEST_F(FeedsTest, WhatUsedToComeIsExpectedWithoutAPolicyButNotTwice) {
  Register(On(1, 1));
  for (int week = 0; week < 6; ++week)
    Deliver("council/returns", On(1, 5) + int64_t{7} * week * kDay);
  const auto learned = FeedsOf(state_, {}, On(3, 1));
  ASSERT_EQ(learned.size(), 2U);
  EXPECT_TRUE(learned[0].learned);
  EXPECT_EQ(learned[0].every_days, 7);
  // Two deliveries missed and seven days of grace: three weeks after the last one.
  EXPECT_EQ(learned[0].silent_us, LondonMidnight(AddDays({2026, 2, 9}, 21 + 1)));
  EXPECT_EQ(learned[1].every_days, 0) << "the registration";
  const Expectation expected{.pack = pack_, .index = 0, .from_us = 0};
  const auto by_policy = FeedsOf(state_, {&expected, 1}, On(3, 1));
  ASSERT_EQ(by_policy.size(), 2U);
  EXPECT_FALSE(by_policy[0].learned);
  EXPECT_EQ(by_policy[0].every_days, 31);
}

TEST_F(FeedsTest, ASilenceEndsWithADeliveryOrANilReturnAndIsOpenAgainWhenThatIsTakenBack) {
  Register(On(1, 1));
  Deliver("council/returns", On(1, 10));
  const v1::ProviderState before = state_;
  Feed feed = Return(On(4, 1));
  Find(feed);
  EXPECT_FALSE(SettleSilences({&feed, 1}, On(4, 1), &record_)) << "nothing came";
  EXPECT_EQ(record_.silences(0).ended_us(), 0);
  Deliver("council/returns", On(4, 5), "monitoring_return_received");
  feed = Return(On(4, 5));
  EXPECT_TRUE(SettleSilences({&feed, 1}, On(4, 5), &record_));
  EXPECT_EQ(record_.silences(0).ended_us(), On(4, 5));
  state_ = before;
  feed = Return(On(4, 6));
  EXPECT_TRUE(SettleSilences({&feed, 1}, On(4, 6), &record_));
  EXPECT_EQ(record_.silences(0).ended_us(), 0);
}

TEST_F(FeedsTest, OfSilencesThatEndedTheLastFewAreKept) {
  Register(On(1, 1));
  Feed feed;
  for (int year = 0; year < 12; ++year) {
    Deliver("council/returns", On(1, 10) + int64_t{365} * year * kDay);
    feed = Return(On(1, 11) + int64_t{365} * year * kDay);
    SettleSilences({&feed, 1}, On(1, 11) + int64_t{365} * year * kDay, &record_);
    Find(feed);
  }
  EXPECT_LE(record_.silences_size(), 9);
  EXPECT_EQ(record_.silences(record_.silences_size() - 1).ended_us(), 0);
  EXPECT_GT(ToMicros(record_.silences(0).silent().last_at()), On(1, 10));
}

TEST_F(FeedsTest, TheMeasureIsTrueFalseOrUnknown) {
  EXPECT_EQ(Criterion(0), Truth::kUnknown);
  Register(On(1, 1));
  EXPECT_EQ(Criterion(0), Truth::kUnknown);
  Deliver("council/returns", On(1, 10));
  EXPECT_EQ(Criterion(0), Truth::kFalse);
  Find(Return(On(4, 1)));
  EXPECT_EQ(Criterion(0), Truth::kTrue);
  const auto result = Assess(*pack_, Context(On(12, 1)));
  ASSERT_EQ(result.criteria[0].evidence_size(), 1);
  EXPECT_EQ(result.criteria[0].evidence(0).source(), "trigpoint/engine");
  EXPECT_EQ(result.floor, "HIGH") << "because this pack says so";
  record_.mutable_silences(0)->set_ended_us(On(5, 1));
  EXPECT_EQ(Criterion(0), Truth::kFalse);
}

// A02: UNKNOWN by silence, never "no concern".
TEST_F(FeedsTest, AFamilyWhoseFeedIsSilentIsNotHeard) {
  state_.add_families_heard(v1::SOURCE_FAMILY_SAFEGUARDING);
  EXPECT_EQ(Criterion(2), Truth::kFalse);
  auto* silence = record_.add_silences();
  silence->mutable_silent()->set_kind("safeguarding_concern_raised");
  EXPECT_EQ(Criterion(2), Truth::kUnknown);
  EXPECT_THAT(Assess(*pack_, Context(On(12, 1))).gaps,
              testing::Contains(testing::HasSubstr("silent: safeguarding")));
  silence->set_ended_us(1);
  EXPECT_EQ(Criterion(2), Truth::kFalse);
}

TEST_F(FeedsTest, TellsWhatWouldSettleWhatIsUnknown) {
  const auto unsettled = UnsettledOf(*pack_, Context(On(12, 1)));
  std::vector<std::string> criteria;
  criteria.reserve(unsettled.size());
  for (const auto& one : unsettled) criteria.push_back(one.criterion);
  EXPECT_THAT(criteria, testing::ElementsAre("SILENT", "PLAN", "RATES"));
  EXPECT_THAT(unsettled[1].kinds,
              testing::ElementsAre(v1::Event::kServicePlanSelfAssessmentReceived));
  EXPECT_THAT(unsettled[2].kinds, testing::Contains(v1::Event::kSafeguardingConcernRaised));
  EXPECT_EQ(FeedGap(state_, record_, unsettled[1].kinds), "no feed");
  auto* silent = record_.add_silences()->mutable_silent();
  silent->set_kind("service_plan_self_assessment_received");
  SetMicros(On(3, 1), silent->mutable_since());
  EXPECT_EQ(FeedGap(state_, record_, unsettled[1].kinds),
            "feed silent: service plan self assessment received since 2026-03-01");
}

}  // namespace
}  // namespace trigpoint
