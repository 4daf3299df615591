// What was known when, and how things were when: late, corrected and retracted events on both axes
// of time.
#include <random>
#include <string>
#include <vector>

#include "owner.h"
#include "trigpoint/engine/replay.h"

namespace trigpoint {
namespace {

v1::Event Incident(const std::string& id, int64_t occurred, int64_t received,
                   uint32_t version = 1) {
  v1::Event event;
  event.set_source("trust/incidents");
  event.set_id(id);
  event.set_source_version(version);
  event.mutable_incident_reported()->set_physical_harm(v1::HARM_MODERATE);
  SetMicros(occurred, event.mutable_occurred_at());
  Stamp(received, &event);
  return event;
}

v1::Event Retraction(const std::string& id, int64_t received, uint32_t version) {
  v1::Event event;
  event.set_source("trust/incidents");
  event.set_id(id);
  event.set_source_version(version);
  event.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_NOT_AN_INCIDENT);
  Stamp(received, &event);
  return event;
}

/// Ids of the incidents that count, as known by `known`, of what had happened by `valid`.
std::vector<std::string> Counted(const Owner& owner, int64_t known, std::optional<int64_t> valid) {
  const auto found =
      FoldAsOf("s", owner.log(), owner.controls(), {.known_us = known, .valid_us = valid});
  EXPECT_TRUE(found.ok());
  std::vector<std::string> ids;
  for (const auto& concern : found->state.concerns()) ids.push_back(concern.id());
  return ids;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TwoAxes, ALateReportBelongsToTheDayItHappenedAndWasUnknownThen) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Incident("late", kStart + 10 * kDay, kStart + 60 * kDay));
  const int64_t then = kStart + 30 * kDay;
  EXPECT_THAT(Counted(owner, then, std::nullopt), IsEmpty());
  EXPECT_THAT(Counted(owner, then, then), IsEmpty());
  EXPECT_THAT(Counted(owner, kNever, then), ElementsAre("late"));
  EXPECT_THAT(Counted(owner, kNever, kStart + 5 * kDay), IsEmpty());
}

TEST(TwoAxes, ACorrectionOfTheDateMovesIt) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Incident("i", kStart + 10 * kDay, kStart + 11 * kDay));
  owner.Fold(Incident("i", kStart + 40 * kDay, kStart + 41 * kDay, 2));
  const int64_t then = kStart + 30 * kDay;
  EXPECT_THAT(Counted(owner, then, then), ElementsAre("i")) << "as it was believed then";
  EXPECT_THAT(Counted(owner, kNever, then), IsEmpty()) << "as is known now";
  EXPECT_THAT(Counted(owner, kNever, kStart + 50 * kDay), ElementsAre("i"));
}

TEST(TwoAxes, WhatWasTakenBackNeverHappened) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Incident("i", kStart + 10 * kDay, kStart + 11 * kDay));
  owner.Fold(Retraction("i", kStart + 50 * kDay, 2));
  const int64_t then = kStart + 30 * kDay;
  EXPECT_THAT(Counted(owner, kStart + 49 * kDay, then), ElementsAre("i"));
  EXPECT_THAT(Counted(owner, kNever, then), IsEmpty());
}

TEST(TwoAxes, WindowsEndAtTheInstantAskedAbout) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Incident("old", kStart + kDay, kStart + kDay));
  owner.Fold(Incident("new", kStart + 1200 * kDay, kStart + 1200 * kDay));
  // Today the old one is only a number in a day; then it was a report like any other.
  EXPECT_THAT(Counted(owner, kNever, kStart + 10 * kDay), ElementsAre("old"));
  EXPECT_THAT(Counted(owner, kNever, std::nullopt), ElementsAre("new"));
}

TEST(TwoAxes, APastAnswerNeverChanges) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    Owner owner;
    owner.Fold(Registration());
    struct Answer {
      int64_t known;
      int64_t valid;
      std::string bytes;
    };
    std::vector<Answer> answers;
    const auto bytes = [&owner](int64_t known, int64_t valid) {
      const auto found =
          FoldAsOf("s", owner.log(), owner.controls(), {.known_us = known, .valid_us = valid});
      EXPECT_TRUE(found.ok());
      return found->state.SerializeAsString() + found->record.SerializeAsString();
    };
    int64_t at = kStart;
    for (int i = 0; i < 40; ++i) {
      at += static_cast<int64_t>(random() % 20) * kDay + 1;
      const std::string id = "i" + std::to_string(random() % 12);
      const auto version = static_cast<uint32_t>(1 + random() % 3);
      if (random() % 5 == 0) {
        owner.Fold(Retraction(id, at, version + 1));
      } else {
        owner.Fold(Incident(id, at - static_cast<int64_t>(random() % 90) * kDay, at, version));
      }
      const int64_t valid = at - static_cast<int64_t>(random() % 200) * kDay;
      answers.push_back({at, valid, bytes(at, valid)});
      for (const auto& answer : answers) {
        ASSERT_EQ(bytes(answer.known, answer.valid), answer.bytes) << "seed " << seed << ", " << i;
      }
    }
  }
}

}  // namespace
}  // namespace trigpoint
