#include "trigpoint/policy/assess.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"
#include "trigpoint/policy/instants.h"
#include "trigpoint/policy/recommend.h"

namespace trigpoint {
namespace {

const int64_t kNow = LondonMidnight({2026, 6, 1});  // NOLINT(cert-err58-cpp)

constexpr char kPack[] = R"pb(
  id: "p"
  version: 1
  source_document: "S"
  authority { states: "LOW" states: "MID" states: "HIGH" }
  criteria {
    id: "RI"
    clause: "c"
    when {
      all { measure: "overall_rating_in" values: "RATING_REQUIRES_IMPROVEMENT" }
      all { not { measure: "key_questions_all_in" values: "RATING_REQUIRES_IMPROVEMENT" } }
    }
  }
  criteria {
    id: "ALL_RI"
    clause: "c"
    when { measure: "key_questions_all_in" values: "RATING_REQUIRES_IMPROVEMENT" }
  }
  criteria {
    id: "PLAN"
    clause: "c"
    when {
      measure: "plan_reviews_without_progress"
      with { key: "count" value: "2" }
    }
  }
  criteria {
    id: "NOTICE"
    clause: "c"
    when {
      measure: "default_notices"
      with { key: "count" value: "1" }
    }
  }
  states {
    state: "HIGH"
    when { any { criterion: "ALL_RI" } }
  }
  states {
    state: "MID"
    when {
      any { criterion: "RI" }
      any { criterion: "NOTICE" }
      any {
        all { criterion: "NOTICE" }
        all { criterion: "PLAN" }
      }
    }
  }
  urgent_target: "NOW"
)pb";

class AssessTest : public testing::Test {
 protected:
  AssessTest() {
    v1::PolicyPack pack;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPack, &pack));
    auto compiled = CompiledPack::Compile(pack);
    EXPECT_TRUE(compiled.ok()) << compiled.status().message();
    pack_ = *compiled;
  }

  v1::Event* Add(const std::string& id, int64_t at) {
    v1::Event* event = state_.add_facts();
    event->set_source("s");
    event->set_id(id);
    SetMicros(at, event->mutable_occurred_at());
    SetMicros(at, event->mutable_received_at());
    return event;
  }

  void Rate(int questions) {
    auto* published = Add("rating", kNow - kMicrosPerDay)->mutable_cqc_rating_published();
    published->set_overall(v1::RATING_REQUIRES_IMPROVEMENT);
    published->mutable_report_date()->set_year(2026);
    published->mutable_report_date()->set_month(5);
    published->mutable_report_date()->set_day(1);
    for (int i = 1; i <= questions; ++i) {
      auto* rated = published->add_key_questions();
      rated->set_key_question(static_cast<v1::KeyQuestion>(i));
      rated->set_rating(v1::RATING_REQUIRES_IMPROVEMENT);
    }
  }

  MeasureContext Context() const {
    return {.state = state_,
            .record = record_,
            .baselines = {},
            .policy_id = "p",
            .decided_state = "LOW",
            .as_of_us = kNow};
  }

  v1::ProviderState state_;
  v1::ProviderRecord record_;
  std::shared_ptr<const CompiledPack> pack_;
};

TEST_F(AssessTest, FloorHoldsInEveryCompletionAndCeilingIsNotExcluded) {
  Rate(4);
  const AssessmentResult result = Assess(*pack_, Context());
  EXPECT_EQ(result.floor, "MID");
  EXPECT_EQ(result.ceiling, "HIGH");
  EXPECT_EQ(result.criteria[0].value(), v1::TRUTH_VALUE_UNKNOWN);
  EXPECT_EQ(result.criteria[1].value(), v1::TRUTH_VALUE_UNKNOWN);
  EXPECT_THAT(result.gaps, testing::SizeIs(2));
}

TEST_F(AssessTest, FloorMeetsCeilingWhenAllIsKnown) {
  Rate(5);
  const AssessmentResult result = Assess(*pack_, Context());
  EXPECT_EQ(result.floor, "HIGH");
  EXPECT_EQ(result.ceiling, "HIGH");
  EXPECT_THAT(result.gaps, testing::IsEmpty());
  EXPECT_EQ(result.criteria[1].evidence(0).id(), "rating");
}

// Rule: domain.md 3.8 (6)
TEST_F(AssessTest, SaysHowWellTheThemesOfWhatItCitesAreBorneOut) {
  // Given a rating that says what it is about, and a report of the same that no rule reads
  Rate(5);
  state_.mutable_facts(0)->add_themes(v1::THEME_STAFFING);
  v1::Concern* report = state_.add_concerns();
  report->set_source("s");
  report->set_id("report");
  report->set_occurred_us(kNow - 1);
  report->set_family(v1::SOURCE_FAMILY_INCIDENT);
  report->add_themes(v1::THEME_STAFFING);
  // When it is assessed, then only what is cited counts: one family, the regulator
  const AssessmentResult result = Assess(*pack_, Context());
  ASSERT_THAT(result.confidence, testing::SizeIs(1));
  EXPECT_EQ(result.confidence[0].theme(), v1::THEME_STAFFING);
  EXPECT_EQ(result.confidence[0].families(), 1U);
  EXPECT_TRUE(result.confidence[0].regulator());
  EXPECT_EQ(result.confidence[0].grade(), v1::ThemeConfidence::GRADE_B);
  // And the recommendation says the same.
  const Advice advice =
      Recommend(*pack_, Context(), {.id = "cause", .corrected = std::nullopt}, {});
  ASSERT_TRUE(advice.recommendation.has_value());
  ASSERT_EQ(advice.recommendation->confidence_size(), 1);
  EXPECT_EQ(advice.recommendation->confidence(0).SerializeAsString(),
            result.confidence[0].SerializeAsString());
}

TEST_F(AssessTest, WhatDoesNotApplyIsNeitherAGapNorAConcern) {
  const AssessmentResult result = Assess(*pack_, Context());
  EXPECT_EQ(result.criteria[2].value(), v1::TRUTH_VALUE_NOT_APPLICABLE);
  EXPECT_EQ(result.floor, "LOW");
}

TEST_F(AssessTest, IsPure) {
  Rate(4);
  for (int i = 0; i < 2; ++i) {
    const auto a = Assess(*pack_, Context());
    const auto b = Assess(*pack_, Context());
    ASSERT_EQ(a.criteria.size(), b.criteria.size());
    for (size_t c = 0; c < a.criteria.size(); ++c) {
      EXPECT_EQ(CanonicalBytes(a.criteria[c]), CanonicalBytes(b.criteria[c]));
    }
  }
}

TEST_F(AssessTest, AHeldCriterionStaysTrueAsAgeing) {
  HeldResults held;
  held.criteria.resize(4);
  held.urgent.resize(0);
  v1::CriterionResult basis;
  basis.set_id("NOTICE");
  basis.set_value(v1::TRUTH_VALUE_TRUE);
  held.criteria[3] = HeldResult{basis};
  const AssessmentResult result = Assess(*pack_, Context(), held);
  EXPECT_EQ(result.floor, "MID");
  EXPECT_TRUE(result.criteria[3].evidence_ageing());
}

TEST_F(AssessTest, ARecommendationIsAboutAChange) {
  const Cause cause{.id = "c", .corrected = std::nullopt};
  EXPECT_FALSE(Recommend(*pack_, Context(), cause, {}).recommendation.has_value());
  Add("notice", kNow - kMicrosPerDay)
      ->mutable_contract_notice_served()
      ->set_notice(v1::ContractNoticeServed::NOTICE_DEFAULT);
  const Advice issued = Recommend(*pack_, Context(), cause, {});
  ASSERT_TRUE(issued.recommendation.has_value());
  EXPECT_EQ(issued.recommendation->kind(), v1::Recommendation::KIND_ISSUED);
  EXPECT_EQ(issued.recommendation->target_state(), "MID");
  auto* record = MutablePolicyRecord(&record_, "p");
  *record->mutable_recommendation() = *issued.recommendation;
  record->set_head(issued.recommendation->recommendation_id());
  record->set_awaiting_decision(true);
  EXPECT_FALSE(
      Recommend(*pack_, Context(), cause, RawValues(*pack_, Context())).recommendation.has_value());
}

TEST(NextInstant, IsTheNextMomentAtWhichTimeAloneMatters) {
  v1::ProviderState state;
  const v1::ProviderRecord record;
  EXPECT_EQ(NextInstant(state, record, {90}, kNow), kNever);
  auto* concern = state.add_concerns();
  concern->set_occurred_us(kNow);
  EXPECT_EQ(NextInstant(state, record, {90, 365}, kNow), kNow + 90 * kMicrosPerDay);
  EXPECT_EQ(NextInstant(state, record, {90, 365}, kNow + 90 * kMicrosPerDay),
            kNow + 365 * kMicrosPerDay);
  auto* starts = state.add_facts()->mutable_suspension_imposed()->mutable_starts_on();
  starts->set_year(2026);
  starts->set_month(6);
  starts->set_day(20);
  EXPECT_EQ(NextInstant(state, record, {90}, kNow), LondonMidnight({2026, 6, 20}));
}

}  // namespace
}  // namespace trigpoint
