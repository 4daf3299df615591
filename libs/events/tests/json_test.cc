#include "trigpoint/events/json.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

std::string Problems(std::string_view json) {
  v1::Event event;
  return ViolationsText(ReadEventJson(json, &event));
}

TEST(EventJson, ReadsTheShortForms) {
  const auto event = EventFromJson(
      R"({"source":"c/s","id":"1","subject":"cqc-location/1-2","occurredAt":"2026-03-01T10:00:00Z",)"
      R"("source_version":"3","themes":["THEME_FALLS",2],)"
      R"("planActionAgreed":{"dueOn":"2026-03-01","critical":true,"description":"text"}})");
  ASSERT_TRUE(event.ok()) << event.status().ToString();
  EXPECT_EQ(event->subject().value(), "1-2");
  EXPECT_EQ(event->source_version(), 3U);
  EXPECT_EQ(event->themes(1), v1::THEME_NEGLECT);
  EXPECT_EQ(event->plan_action_agreed().due_on().day(), 1U);
  EXPECT_EQ(event->plan_action_agreed().description().clear(), "text");
  EXPECT_EQ(EventToJson(*event),
            R"({"source":"c/s","id":"1","sourceVersion":3,"subject":"cqc-location/1-2",)"
            R"("occurredAt":"2026-03-01T10:00:00Z","themes":["THEME_FALLS","THEME_NEGLECT"],)"
            R"("planActionAgreed":{"dueOn":"2026-03-01","critical":true,"description":"text"}})");
  EXPECT_EQ(EventFromJson(R"({"suspensionLifted":{"suspension":"S-1"}})")
                ->suspension_lifted()
                .suspension()
                .id(),
            "S-1");
}

TEST(EventJson, NamesTheFieldAndNeverTheValue) {
  EXPECT_EQ(Problems(R"({"incidentReported":{"wrad":"x"}})"),
            "incident_reported: there is no field \"wrad\" [UNKNOWN_FIELD]");
  EXPECT_EQ(Problems(R"({"9434765919":1})"),
            "there is no field with a name that is not shown [UNKNOWN_FIELD]");
  EXPECT_EQ(Problems(R"({"incidentReported":{"physicalHarm":"Jane Doe"}})"),
            "incident_reported.physical_harm: not a value of Harm [UNKNOWN_ENUM_VALUE]");
  EXPECT_EQ(Problems(R"({"id":"Jane Doe)"), "not JSON, or not UTF-8, at byte 16 [JSON_SYNTAX]");
  EXPECT_EQ(Problems(R"({"id":"a","id":"b"})"), "a field is given twice [DUPLICATE_FIELD]");
  EXPECT_EQ(Problems("[]"), "an event must be an object [WRONG_TYPE]");
  EXPECT_EQ(Problems(R"({"sourceVersion":-1})"),
            "source_version: must be a whole number that fits the field [NUMBER_OUT_OF_RANGE]");
  EXPECT_EQ(Problems(R"({"planReviewed":{"reviewedOn":"2026-02-30"}})"),
            "plan_reviewed.reviewed_on: must be a day of the calendar: 2026-03-01 [DATE_INVALID]");
  EXPECT_EQ(Problems(R"({"planReviewed":{},"alertAcknowledged":{}})"),
            "plan_reviewed: only one of these may be given [TWO_KINDS]");
}

TEST(EventJson, IsNotBrokenByDeepNesting) {
  EXPECT_NE(Problems(std::string(100'000, '[')), "");
  EXPECT_NE(Problems("{\"subject\":" + std::string(100'000, '[')), "");
}

}  // namespace
}  // namespace trigpoint
