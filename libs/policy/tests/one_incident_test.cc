// Reports that are probably of one incident: one for rates, as many as there are where it is
// urgent.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/measure.h"

namespace trigpoint {
namespace {

const int64_t kNow = LondonMidnight({2026, 6, 1});  // NOLINT(cert-err58-cpp)

class OneIncidentTest : public testing::Test {
 protected:
  v1::Event Event(const std::string& source, const std::string& id, int64_t days_ago) {
    v1::Event event;
    event.set_source(source);
    event.set_id(id);
    event.set_source_version(1);
    SetMicros(kNow - days_ago * kMicrosPerDay, event.mutable_occurred_at());
    return event;
  }
  void Report(const std::string& source, const std::string& id, int64_t days_ago) {
    v1::Event event = Event(source, id, days_ago);
    event.add_themes(v1::THEME_ABUSE);
    event.add_themes(v1::THEME_CONSENT_RESTRAINT);
    event.mutable_incident_reported()->set_never_event(v1::NEVER_EVENT_TYPE_SCALDING);
    if (!key_.empty()) event.set_incident_key(key_);
    Fold(event);
  }
  void Fold(const v1::Event& event) { EvolveFacts(event, kNow - 1, &state_); }
  template <typename Finding>
  void Name(const std::vector<std::pair<std::string, std::string>>& reports, Finding* finding) {
    for (const auto& [source, id] : reports) {
      auto* ref = finding->add_reports();
      ref->set_source(source);
      ref->set_id(id);
    }
  }

  MeasureResult NeverEvents() const {
    return FindMeasure("never_events")
        ->evaluate({.values = {}, .families = {}, .numbers = {{"count", 2}, {"days", 30}}},
                   Context());
  }
  MeasureResult Repeated() const {
    return FindMeasure("repeated_concerns")
        ->evaluate({.values = {},
                    .families = {v1::SOURCE_FAMILY_INCIDENT},
                    .numbers = {{"count", 2}, {"days", 300}}},
                   Context());
  }
  MeasureContext Context() const {
    return {.state = state_,
            .record = record_,
            .baselines = {},
            .policy_id = "p",
            .decided_state = "LOW",
            .as_of_us = kNow};
  }

  std::string key_;
  v1::ProviderState state_;
  v1::ProviderRecord record_;
};

// 3.10 ruling 5
TEST_F(OneIncidentTest, TwoReportsOfANeverEventAreOneForRatesAndTwoWhereItIsUrgent) {
  Report("a", "1", 5);
  Report("b", "2", 5);
  EXPECT_EQ(Repeated().value, Truth::kFalse);
  EXPECT_EQ(NeverEvents().value, Truth::kTrue);
}

TEST_F(OneIncidentTest, APersonWhoConfirmsMakesThemOneEverywhere) {
  Report("a", "1", 5);
  Report("b", "2", 5);
  v1::Event finding = Event("people", "f", 1);
  Name({{"a", "1"}, {"b", "2"}}, finding.mutable_cluster_confirmed());
  Fold(finding);
  EXPECT_EQ(NeverEvents().value, Truth::kFalse);
  EXPECT_EQ(Repeated().note, "");
}

TEST_F(OneIncidentTest, APersonWhoSplitsMakesThemTwoEverywhereWhateverTheirKey) {
  key_ = "K";
  Report("a", "1", 5);
  Report("b", "2", 5);
  ASSERT_EQ(NeverEvents().value, Truth::kFalse);
  v1::Event finding = Event("people", "f", 1);
  Name({{"a", "1"}, {"b", "2"}}, finding.mutable_cluster_split());
  Fold(finding);
  EXPECT_EQ(NeverEvents().value, Truth::kTrue);
  EXPECT_EQ(Repeated().value, Truth::kTrue);
}

TEST_F(OneIncidentTest, ANoteNamesThreeAndSaysHowManyMore) {
  for (int i = 0; i < 5; ++i) {
    Report("a", "a" + std::to_string(i), 20 + 50 * i);
    Report("b", "b" + std::to_string(i), 20 + 50 * i);
  }
  const std::string note = Repeated().note;
  EXPECT_NE(note.find("a/a4 and b/b4 (same never event, same themes, same day); a/a3"),
            std::string::npos)
      << note;
  EXPECT_NE(note.find("; and 2 more"), std::string::npos) << note;
  EXPECT_EQ(note.find("a/a1"), std::string::npos) << note;
}

}  // namespace
}  // namespace trigpoint
