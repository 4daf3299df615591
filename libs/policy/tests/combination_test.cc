#include "trigpoint/policy/combination.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace trigpoint {
namespace {

constexpr auto kSafeguarding = v1::SOURCE_FAMILY_SAFEGUARDING;
constexpr auto kIncident = v1::SOURCE_FAMILY_INCIDENT;
constexpr auto kRegulator = v1::SOURCE_FAMILY_REGULATOR;

/// A trigger that holds by reports of these incidents, all of one family.
CombinedTrigger By(const std::vector<int>& incidents, v1::SourceFamily family) {
  CombinedTrigger trigger{.reports = {}, .fills = {family}};
  for (const int incident : incidents) {
    trigger.reports.push_back({.incident = incident, .families = {family}});
  }
  return trigger;
}

CombinedTrigger Unknown(const std::vector<v1::SourceFamily>& fills) {
  return {.reports = {}, .fills = fills, .open = true};
}

Truth Value(const std::vector<CombinedTrigger>& triggers, int least_triggers = 2,
            int least_families = 2) {
  return Combine(triggers, least_triggers, least_families).value;
}

// COMB
TEST(Combine, TwoTriggersOfTwoFamiliesAreACombination) {
  const CombinationResult result =
      Combine(std::vector<CombinedTrigger>{By({1}, kSafeguarding), By({2}, kRegulator)}, 2, 2);
  EXPECT_EQ(result.value, Truth::kTrue);
  ASSERT_EQ(result.triggers.size(), 2U);
  EXPECT_EQ(result.triggers[0].incident, 1);
  EXPECT_EQ(result.triggers[1].incident, 2);
  ASSERT_EQ(result.families.size(), 2U);
}

TEST(Combine, OneTriggerIsNone) {
  EXPECT_EQ(Value({By({1, 2, 3}, kSafeguarding)}), Truth::kFalse);
  EXPECT_EQ(Value({}), Truth::kFalse);
}

// 3.8 (4): two partners who report one incident cannot by themselves satisfy "combination".
TEST(Combine, OneIncidentThatTwoPartnersReportIsNone) {
  EXPECT_EQ(Value({By({1}, kSafeguarding), By({1}, kIncident)}), Truth::kFalse);
  EXPECT_EQ(Value({By({1, 2}, kSafeguarding), By({1}, kIncident)}), Truth::kTrue);
}

TEST(Combine, TwoTriggersOfOneFamilyAreNone) {
  EXPECT_EQ(Value({By({1}, kRegulator), By({2}, kRegulator)}), Truth::kFalse);
  EXPECT_EQ(Value({By({1}, kRegulator), By({2}, kRegulator)}, 2, 1), Truth::kTrue);
}

// P-T13 counts as a trigger and fills no family.
TEST(Combine, ATriggerWithoutFamilyCountsAsATriggerAlone) {
  CombinedTrigger escalated{.reports = {{.incident = 9, .families = {}}}, .fills = {}};
  EXPECT_EQ(Value({escalated, By({1, 2}, kSafeguarding)}), Truth::kFalse);
  CombinedTrigger both{.reports = {{.incident = 1, .families = {kSafeguarding}},
                                   {.incident = 2, .families = {kIncident}}},
                       .fills = {kSafeguarding, kIncident}};
  EXPECT_EQ(Value({both}), Truth::kFalse);
  EXPECT_EQ(Value({escalated, both}), Truth::kTrue);
}

TEST(Combine, WhatIsUnknownMayCompleteIt) {
  EXPECT_EQ(Value({By({1}, kSafeguarding), Unknown({kRegulator})}), Truth::kUnknown);
  EXPECT_EQ(Value({By({1}, kSafeguarding), Unknown({kSafeguarding})}), Truth::kFalse);
  EXPECT_EQ(Value({By({1}, kSafeguarding), Unknown({})}), Truth::kFalse);
  EXPECT_EQ(Value({Unknown({kRegulator}), Unknown({kIncident})}), Truth::kUnknown);
  EXPECT_EQ(Value({Unknown({kRegulator, kIncident})}), Truth::kFalse);
}

TEST(Combine, ATriggerThatHoldsMayBringMoreWhereSomethingOfItIsUnknown) {
  CombinedTrigger open = By({1}, kSafeguarding);
  open.fills = {kSafeguarding, kIncident};
  EXPECT_EQ(Value({open, By({2}, kSafeguarding)}), Truth::kFalse);
  open.open = true;
  EXPECT_EQ(Value({open, By({2}, kSafeguarding)}), Truth::kUnknown);
}

/// Tries every assignment: how many of `places` can have an incident of their own.
int Most(const std::vector<std::set<int>>& places) {
  std::set<int> taken;
  // NOLINTNEXTLINE(misc-no-recursion)
  const std::function<int(size_t)> from = [&](size_t place) -> int {
    if (place == places.size()) return 0;
    int most = from(place + 1);
    for (const int incident : places[place]) {
      if (!taken.insert(incident).second) continue;
      most = std::max(most, 1 + from(place + 1));
      taken.erase(incident);
      if (most == static_cast<int>(places.size() - place)) break;
    }
    return most;
  };
  return from(0);
}

int MostTriggers(const std::vector<CombinedTrigger>& triggers) {
  std::vector<std::set<int>> places;
  for (const auto& trigger : triggers) {
    auto& place = places.emplace_back();
    for (const auto& report : trigger.reports) place.insert(report.incident);
  }
  return Most(places);
}

int MostFamilies(const std::vector<CombinedTrigger>& triggers) {
  std::map<v1::SourceFamily, std::set<int>> of;
  for (const auto& trigger : triggers) {
    for (const auto& report : trigger.reports) {
      for (const auto family : report.families) of[family].insert(report.incident);
    }
  }
  std::vector<std::set<int>> places;
  for (const auto& [family, incidents] : of) places.push_back(incidents);
  return Most(places);
}

class Story {
 public:
  explicit Story(unsigned seed) : random_(seed) {}

  int Upto(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most + 1)); }

  std::vector<CombinedTrigger> Triggers() {
    std::vector<CombinedTrigger> triggers;
    const int count = 1 + Upto(4);
    for (int i = 0; i < count; ++i) {
      CombinedTrigger trigger;
      for (int family = 1; family <= 4; ++family) {
        if (Upto(2) == 0) trigger.fills.push_back(static_cast<v1::SourceFamily>(family));
      }
      const int reports = Upto(3);
      for (int r = 0; r < reports; ++r) {
        TriggerReport report{.incident = Upto(4), .families = {}};
        for (const auto family : trigger.fills) {
          if (Upto(1) == 0) report.families.push_back(family);
        }
        trigger.reports.push_back(report);
      }
      trigger.open = Upto(3) == 0;
      triggers.push_back(trigger);
    }
    return triggers;
  }

 private:
  std::mt19937 random_;
};

TEST(Combine, AgreesWithTryingEveryAssignment) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Story story(seed);
    const auto triggers = story.Triggers();
    const int least_triggers = 1 + story.Upto(2);
    const int least_families = story.Upto(3);
    const CombinationResult result = Combine(triggers, least_triggers, least_families);
    const int most_triggers = MostTriggers(triggers);
    const int most_families = MostFamilies(triggers);
    ASSERT_EQ(result.triggers.size(), static_cast<size_t>(most_triggers)) << "seed " << seed;
    ASSERT_EQ(result.families.size(), static_cast<size_t>(most_families)) << "seed " << seed;
    const bool holds = most_triggers >= least_triggers && most_families >= least_families;
    ASSERT_EQ(result.value == Truth::kTrue, holds) << "seed " << seed;
    // What may come is as good as one further incident for each family, or one without.
    std::vector<CombinedTrigger> completed = triggers;
    int next = 100;
    for (auto& trigger : completed) {
      if (!trigger.open) continue;
      trigger.reports.push_back({.incident = next++, .families = {}});
      for (const auto family : trigger.fills)
        trigger.reports.push_back({.incident = next++, .families = {family}});
    }
    const bool possible =
        MostTriggers(completed) >= least_triggers && MostFamilies(completed) >= least_families;
    ASSERT_EQ(result.value == Truth::kFalse, !possible) << "seed " << seed;
  }
}

TEST(Combine, NamesEachIncidentAtMostOnceForTriggersAndOnceForFamilies) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    Story story(seed);
    const auto triggers = story.Triggers();
    const CombinationResult result = Combine(triggers, 2, 2);
    std::set<int> by_trigger;
    for (const auto& filled : result.triggers) {
      const auto& reports = triggers[filled.trigger].reports;
      EXPECT_TRUE(by_trigger.insert(filled.incident).second) << "seed " << seed;
      EXPECT_TRUE(std::any_of(reports.begin(), reports.end(), [&filled](const auto& report) {
        return report.incident == filled.incident;
      }));
    }
    std::set<int> by_family;
    for (const auto& filled : result.families)
      EXPECT_TRUE(by_family.insert(filled.incident).second) << "seed " << seed;
  }
}

}  // namespace
}  // namespace trigpoint
