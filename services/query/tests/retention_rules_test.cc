#include "services/query/retention_rules.h"

#include <gmock/gmock.h>

#include "trigpoint/base/time.h"

namespace trigpoint {
namespace {

int64_t At(const char* instant) { return *ParseInstant(instant); }

v1::Event Incident() {
  v1::Event event;
  event.mutable_incident_reported();
  return event;
}

TEST(RetentionRules, TheRuleOfAKindGoesBeforeThatOfItsClass) {
  const RetentionRules rules({{.of = "C3", .years = 8}, {.of = "complaint_received", .years = 10}});
  v1::Event complaint;
  complaint.mutable_complaint_received();
  ASSERT_NE(rules.For(complaint), nullptr);
  EXPECT_EQ(rules.For(complaint)->years, 10);
  ASSERT_NE(rules.For(Incident()), nullptr);
  EXPECT_EQ(rules.For(Incident())->years, 8);
}

TEST(RetentionRules, KeepForEverWhatNoRuleNames) {
  EXPECT_EQ(RetentionRules().For(Incident()), nullptr);
  const RetentionRules rules({{.of = "C4", .years = 8}});
  EXPECT_EQ(rules.For(Incident()), nullptr);
  EXPECT_EQ(rules.ForRefused(), nullptr);
  EXPECT_FALSE(IsPast(nullptr, 0, At("2026-01-01T00:00:00Z")));
}

TEST(RetentionRules, FollowTheClassThatTheSenderRaised) {
  v1::Event raised = Incident();
  raised.set_sensitivity(v1::SENSITIVITY_C4_SPECIAL_CATEGORY);
  const RetentionRules rules({{.of = "C3", .years = 1}, {.of = "C4", .years = 20}});
  EXPECT_EQ(rules.For(raised)->years, 20);
}

TEST(RetentionRules, CountWholeYearsOfTheCalendarInLondon) {
  const RetentionRule eight{.of = "C3", .years = 8};
  // The day of receipt is kept to its end, in summer time as well.
  const int64_t last = At("2018-06-30T22:59:59Z");
  EXPECT_FALSE(IsPast(&eight, last, At("2026-06-30T22:59:59Z")));
  EXPECT_TRUE(IsPast(&eight, last, At("2026-06-30T23:00:00Z")));
  // 29 February ends with the day before 1 March.
  EXPECT_FALSE(IsPast(&eight, At("2016-02-29T12:00:00Z"), At("2024-02-29T12:00:00Z")));
  EXPECT_TRUE(IsPast(&eight, At("2016-02-28T12:00:00Z"), At("2024-02-29T12:00:00Z")));
}

TEST(RetentionRules, AreAboutKindsThatPartnersReportClassesAndWhatWasRefused) {
  for (const char* of : {"incident_reported", "C0", "C5", "refused"})
    EXPECT_TRUE(IsRetentionSubject(of)) << of;
  for (const char* of : {"", "C6", "c3", "C33", "decision_proposed", "day_started", "incidents"})
    EXPECT_FALSE(IsRetentionSubject(of)) << of;
}

}  // namespace
}  // namespace trigpoint
