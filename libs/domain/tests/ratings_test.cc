#include "trigpoint/domain/ratings.h"

#include <gtest/gtest.h>

#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

int64_t At(CivilDate date) { return LondonMidnight(date) + 12 * kMicrosPerHour; }

v1::Event* Add(const std::string& id, CivilDate on, v1::ProviderState* state) {
  v1::Event* event = state->add_facts();
  event->set_source("cqc");
  event->set_id(id);
  SetMicros(At(on), event->mutable_occurred_at());
  SetMicros(At(on), event->mutable_received_at());
  return event;
}

void Publish(const std::string& id, CivilDate on, v1::Rating overall, v1::Rating safe,
             v1::ProviderState* state) {
  auto* published = Add(id, on, state)->mutable_cqc_rating_published();
  published->mutable_report_date()->set_year(on.year);
  published->mutable_report_date()->set_month(on.month);
  published->mutable_report_date()->set_day(on.day);
  published->set_overall(overall);
  if (safe == v1::RATING_UNSPECIFIED) return;
  auto* question = published->add_key_questions();
  question->set_key_question(v1::KEY_QUESTION_SAFE);
  question->set_rating(safe);
}

const int64_t kNow = At({2026, 6, 1});  // NOLINT(cert-err58-cpp)

TEST(CurrentRating, IsUnknownWithoutAReport) {
  EXPECT_EQ(CurrentRatingOf(v1::ProviderState(), kNow).overall, v1::RATING_UNSPECIFIED);
}

TEST(CurrentRating, IsThatOfTheLatestReportByItsDate) {
  v1::ProviderState state;
  Publish("new", {2026, 2, 1}, v1::RATING_INADEQUATE, v1::RATING_INADEQUATE, &state);
  Publish("old", {2024, 2, 1}, v1::RATING_GOOD, v1::RATING_GOOD, &state);
  const CurrentRating rating = CurrentRatingOf(state, kNow);
  EXPECT_EQ(rating.overall, v1::RATING_INADEQUATE);
  EXPECT_EQ(rating.key_questions[0], v1::RATING_INADEQUATE);
  EXPECT_EQ(CurrentRatingOf(state, At({2025, 1, 1})).overall, v1::RATING_GOOD);
}

TEST(CurrentRating, IsNotOverwrittenByWhatIsNoRating) {
  v1::ProviderState state;
  Publish("old", {2024, 2, 1}, v1::RATING_GOOD, v1::RATING_GOOD, &state);
  Publish("unrated", {2026, 2, 1}, v1::RATING_INSPECTED_BUT_NOT_RATED,
          v1::RATING_INSUFFICIENT_EVIDENCE, &state);
  const CurrentRating rating = CurrentRatingOf(state, kNow);
  EXPECT_EQ(rating.overall, v1::RATING_GOOD);
  EXPECT_EQ(rating.key_questions[0], v1::RATING_GOOD);
  EXPECT_EQ(rating.last_unrated, v1::RATING_INSPECTED_BUT_NOT_RATED);
}

TEST(CurrentRating, TakesNoKeyQuestionFromAnOlderReport) {
  v1::ProviderState state;
  Publish("old", {2024, 2, 1}, v1::RATING_GOOD, v1::RATING_GOOD, &state);
  Publish("new", {2026, 2, 1}, v1::RATING_REQUIRES_IMPROVEMENT, v1::RATING_UNSPECIFIED, &state);
  EXPECT_EQ(CurrentRatingOf(state, kNow).key_questions[0], v1::RATING_UNSPECIFIED);
}

// A45
TEST(CurrentRating, IsReinstatedWhenAReportIsWithdrawn) {
  v1::ProviderState state;
  Publish("old", {2024, 2, 1}, v1::RATING_GOOD, v1::RATING_GOOD, &state);
  Publish("new", {2026, 2, 1}, v1::RATING_INADEQUATE, v1::RATING_INADEQUATE, &state);
  Add("gone", {2026, 3, 1}, &state)
      ->mutable_cqc_report_withdrawn()
      ->mutable_rating()
      ->set_id("new");
  const CurrentRating rating = CurrentRatingOf(state, kNow);
  EXPECT_EQ(rating.overall, v1::RATING_GOOD);
  EXPECT_TRUE(rating.reinstated);
}

// A44
TEST(CurrentRating, StandsUnderReviewAndIsReplacedByTheLatestAmendment) {
  v1::ProviderState state;
  Publish("r", {2026, 2, 1}, v1::RATING_INADEQUATE, v1::RATING_INADEQUATE, &state);
  Add("asked", {2026, 2, 10}, &state)
      ->mutable_cqc_rating_review_requested()
      ->mutable_rating()
      ->set_id("r");
  EXPECT_TRUE(CurrentRatingOf(state, kNow).under_review);
  EXPECT_EQ(CurrentRatingOf(state, kNow).overall, v1::RATING_INADEQUATE);
  for (const auto& [id, on, overall] :
       {std::tuple{"b", CivilDate{2026, 4, 1}, v1::RATING_GOOD},
        std::tuple{"a", CivilDate{2026, 3, 1}, v1::RATING_REQUIRES_IMPROVEMENT}}) {
    v1::Event* event = Add(id, on, &state);
    SetMicros(kNow, event->mutable_received_at());
    event->mutable_cqc_rating_amended()->mutable_rating()->set_id("r");
    event->mutable_cqc_rating_amended()->set_overall(overall);
  }
  const CurrentRating rating = CurrentRatingOf(state, kNow);
  EXPECT_EQ(rating.overall, v1::RATING_GOOD);
  EXPECT_FALSE(rating.under_review);
}

}  // namespace
}  // namespace trigpoint
