#include "trigpoint/domain/duplicates.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"

namespace trigpoint {
namespace {

constexpr int64_t kNoon = kMicrosPerDay / 2;

v1::Concern Report(const std::string& source, int64_t day, const std::vector<v1::Theme>& themes) {
  v1::Concern report;
  report.set_source(source);
  report.set_id("1");
  report.set_occurred_us(day * kMicrosPerDay + kNoon);
  report.set_family(v1::SOURCE_FAMILY_INCIDENT);
  report.set_flags(kConcernNegative);
  for (const auto theme : themes) report.add_themes(theme);
  return report;
}

/// A service about which nothing is known but the two reports themselves.
Match Alone(const v1::Concern& a, const v1::Concern& b) {
  ValueCounts values;
  values.Add(a);
  return MatchReports(a, b, {.values = values, .days = 30, .nearby = 0});
}

/// One with a year of reports like `like` beside them.
Match Among(const v1::Concern& a, const v1::Concern& b, const v1::Concern& like, int times) {
  ValueCounts values;
  values.Add(a);
  for (int i = 0; i < times; ++i) values.Add(like);
  return MatchReports(a, b, {.values = values, .days = 365, .nearby = 0});
}

// 3.8 (3)
TEST(Duplicates, TwoSharedThemesOnOneDayAreProbablyOneIncident) {
  const auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  const auto b = Report("b", 10, {v1::THEME_FALLS, v1::THEME_ABUSE});
  const Match match = Alone(a, b);
  EXPECT_TRUE(match.probable);
  EXPECT_EQ(match.reasons, kMatchThemes | kMatchSameDay);
  EXPECT_EQ(ReasonsText(match.reasons), "same themes, same day");
}

// 3.8 (3): rarity
TEST(Duplicates, AFallOnTheSameDayAloneIsNeverOneIncident) {
  const auto a = Report("a", 10, {v1::THEME_FALLS});
  const auto b = Report("b", 10, {v1::THEME_FALLS});
  EXPECT_FALSE(Alone(a, b).probable);
  const auto rare = Report("c", 1, {v1::THEME_MEDICINES});
  EXPECT_FALSE(Among(a, b, rare, 1).probable);
}

// 3.8 (3): rarity
TEST(Duplicates, FallsInOneWardAreOneIncidentWhereFallsAreRareAndNotWhereTheyAreCommon) {
  auto a = Report("a", 10, {v1::THEME_FALLS});
  auto b = Report("b", 10, {v1::THEME_FALLS});
  a.set_ward("Oak");
  b.set_ward("Oak");
  EXPECT_TRUE(Alone(a, b).probable);
  EXPECT_TRUE(Among(a, b, Report("a", 1, {v1::THEME_MEDICINES}), 20).probable);
  EXPECT_FALSE(Among(a, b, a, 90).probable);
}

TEST(Duplicates, ANeverEventOfOneTypeOnOneDayIsOneIncidentEvenInABadHome) {
  auto a = Report("a", 10, {});
  auto b = Report("b", 10, {});
  a.set_never_event(v1::NEVER_EVENT_TYPE_SCALDING);
  b.set_never_event(v1::NEVER_EVENT_TYPE_SCALDING);
  EXPECT_TRUE(Alone(a, b).probable);
  EXPECT_TRUE(Among(a, b, Report("a", 1, {v1::THEME_FALLS}), 300).probable);
  EXPECT_EQ(Alone(a, b).reasons, kMatchNeverEvent | kMatchSameDay);
}

TEST(Duplicates, AnotherNeverEventRulesItOut) {
  auto a = Report("a", 10, {v1::THEME_FALLS, v1::THEME_NEGLECT});
  auto b = Report("b", 10, {v1::THEME_FALLS, v1::THEME_NEGLECT});
  a.set_never_event(v1::NEVER_EVENT_TYPE_SCALDING);
  EXPECT_TRUE(Alone(a, b).probable);
  b.set_never_event(v1::NEVER_EVENT_TYPE_FALL_FROM_WINDOW);
  EXPECT_FALSE(Alone(a, b).probable);
}

TEST(Duplicates, WhatIsKnownToHaveHappenedNearbySpeaksAgainst) {
  const auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  const auto b = Report("b", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  ValueCounts values;
  values.Add(a);
  const auto score = [&](int64_t nearby) {
    return MatchReports(a, b, {.values = values, .days = 30, .nearby = nearby}).score;
  };
  EXPECT_GT(score(0), score(1));
  EXPECT_GT(score(1), score(10));
}

TEST(Duplicates, OneSourceReportsAnIncidentOnce) {
  const auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  EXPECT_FALSE(Alone(a, a).probable);
}

TEST(Duplicates, MoreThanTwoDaysApartIsAnotherIncident) {
  const auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_CONSENT_RESTRAINT});
  auto b = Report("b", 12, {v1::THEME_ABUSE, v1::THEME_CONSENT_RESTRAINT});
  b.set_occurred_us(b.occurred_us() + kNoon - 1);  // The end of the second day after.
  EXPECT_TRUE(Alone(a, b).probable);
  EXPECT_FALSE(Alone(a, Report("b", 13, {v1::THEME_ABUSE, v1::THEME_CONSENT_RESTRAINT})).probable);
}

TEST(Duplicates, TheDayIsThatOfLondon) {
  const int64_t june = DaysFromCivil({2026, 6, 10});
  auto a = Report("a", june, {v1::THEME_ABUSE, v1::THEME_FALLS});
  auto b = Report("b", june, {v1::THEME_ABUSE, v1::THEME_FALLS});
  a.set_occurred_us(june * kMicrosPerDay - kMicrosPerHour);  // Midnight of 10 June, summer time.
  EXPECT_NE(Alone(a, b).reasons & kMatchSameDay, 0U);
}

// 3.8 (3): never across C4 and C5
TEST(Duplicates, AReportOfAProtectedSourceIsPutWithNoOther) {
  auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  auto b = Report("b", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  ASSERT_TRUE(Alone(a, b).probable);
  b.set_flags(b.flags() | kConcernApart);
  EXPECT_FALSE(Alone(a, b).probable);
  EXPECT_FALSE(Alone(b, a).probable);
}

TEST(Duplicates, NoticesAndFindingsOfVisitsAreNotIncidents) {
  const auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  auto b = Report("b", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  b.set_family(v1::SOURCE_FAMILY_STATUTORY_LEGAL);
  EXPECT_FALSE(Alone(a, b).probable);
  b.set_family(v1::SOURCE_FAMILY_COMMISSIONER_OBSERVATION);
  EXPECT_TRUE(Alone(a, b).probable);
  b.set_flags(b.flags() | kConcernVisitFinding);
  EXPECT_FALSE(Alone(a, b).probable);
}

TEST(Duplicates, EachDifferenceSpeaksAgainstAndEachAgreementFor) {
  const auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  const auto b = Report("b", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  const int64_t plain = Alone(a, b).score;
  const auto with = [&](auto set_a, auto set_b) {
    auto changed_a = a;
    auto changed_b = b;
    set_a(&changed_a);
    set_b(&changed_b);
    return Alone(changed_a, changed_b).score - plain;
  };
  const auto harm = [](v1::Harm h) { return [h](v1::Concern* c) { c->set_harm(h); }; };
  EXPECT_GT(with(harm(v1::HARM_LOW), harm(v1::HARM_LOW)), 0);
  EXPECT_EQ(with(harm(v1::HARM_LOW), harm(v1::HARM_MODERATE)), 0);
  EXPECT_LT(with(harm(v1::HARM_NONE), harm(v1::HARM_FATAL)),
            with(harm(v1::HARM_LOW), harm(v1::HARM_SEVERE)));
  const auto people = [](uint32_t n) { return [n](v1::Concern* c) { c->set_people(n); }; };
  EXPECT_GT(with(people(3), people(3)), with(people(1), people(1)));
  EXPECT_LT(with(people(1), people(2)), 0);
  EXPECT_EQ(with(people(1), people(0)), 0);
  const auto ward = [](const char* name) { return [name](v1::Concern* c) { c->set_ward(name); }; };
  EXPECT_GT(with(ward("Oak"), ward("Oak")), 0);
  EXPECT_LT(with(ward("Oak"), ward("Elm")), 0);
  const auto abuse = [](v1::AbuseType t) { return [t](v1::Concern* c) { c->add_abuse_types(t); }; };
  EXPECT_GT(with(abuse(v1::ABUSE_TYPE_NEGLECT), abuse(v1::ABUSE_TYPE_NEGLECT)), 0);
  EXPECT_LT(with(abuse(v1::ABUSE_TYPE_NEGLECT), abuse(v1::ABUSE_TYPE_FINANCIAL)), 0);
  const auto key = [](const char* k) { return [k](v1::Concern* c) { c->set_incident_key(k); }; };
  EXPECT_LT(with(key("K"), key("L")), 0);
}

TEST(Duplicates, WeighsTheSameFromEitherSideAndToTheSameNumberEverywhere) {
  auto a = Report("a", 10, {v1::THEME_ABUSE, v1::THEME_FALLS});
  auto b = Report("b", 11, {v1::THEME_ABUSE, v1::THEME_FALLS, v1::THEME_STAFFING});
  a.set_ward("Oak");
  b.set_ward("Oak");
  const auto like = Report("a", 1, {v1::THEME_FALLS, v1::THEME_STAFFING});
  EXPECT_EQ(Among(a, b, like, 30).score, Among(b, a, like, 30).score);
  EXPECT_EQ(Among(a, b, like, 30).score, 848);
}

}  // namespace
}  // namespace trigpoint
