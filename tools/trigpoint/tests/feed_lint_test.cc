#include "feed_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMapping[] =
    "name: log\nsource: council/complaints\ntable: {format: csv}\n"
    "subject: {scheme: cqc-location, column: CQC}\nevents:\n"
    "  - kind: complaint_received\n    id: Ref\n"
    "    reported_at: {column: Received, date: dd/mm/yyyy}\n"
    "    fields: {service_area: Team, narrative: Story}\n";

constexpr char kFile[] =
    "Ref,CQC,Received,Team,Story\n"
    "C-1,1-4,01/03/2026,North,Her name is Ann\n"
    "C-2,1-4,soon,North,\n"
    "C-3,1-4,01/03/2026,943 476 5919,\n"
    "C-4,1-4,01/03/2031,North,\n";

LintReport Lint(size_t items_max = SIZE_MAX) {
  const auto mapping = FeedMappingFromYaml(kMapping, "log.yaml");
  EXPECT_TRUE(mapping.ok()) << mapping.status();
  std::istringstream input(kFile);
  LintReport report;
  constexpr int64_t kOctober2026 = 1'790'812'800'000'000;
  EXPECT_TRUE(
      LintFeed(*mapping, input, {.received_us = kOctober2026, .items_max = items_max}, &report)
          .ok());
  return report;
}

TEST(FeedLint, ShowsWhatARowGivesAndNoPersonalText) {
  const LintReport report = Lint();
  ASSERT_EQ(report.items.size(), 4U);
  EXPECT_EQ(LintText(report.items[0]),
            "line 2  complaint_received  C-1  cqc-location/1-4  2026-03-01 00:00  "
            "service_area=North  narrative=(personal)\n");
}

TEST(FeedLint, JudgesAsTheAdapterAndAsIngestDoes) {
  const LintReport report = Lint();
  EXPECT_THAT(LintText(report.items[1]), HasSubstr("(DATE_NOT_READ)"));
  EXPECT_THAT(LintText(report.items[2]), HasSubstr("(NHS_NUMBER_IN_TEXT)"));
  EXPECT_THAT(LintText(report.items[2]), Not(HasSubstr("5919")));
  EXPECT_FALSE(report.items[3].problems.empty()) << "reported in a year that has not come";
  EXPECT_EQ(report.rows, 4U);
  EXPECT_EQ(report.usable_events, 1U);
  EXPECT_EQ(report.refused_rows, 3U);
}

TEST(FeedLint, CountsEverythingWhenOnlySomeIsShown) {
  const LintReport report = Lint(1);
  EXPECT_EQ(report.items.size(), 1U);
  EXPECT_EQ(report.refused_rows, 3U);
}

TEST(FeedLint, GivesOneJsonDocument) {
  const auto json = nlohmann::json::parse(LintJson(Lint()));
  EXPECT_EQ(json["items"][0]["fields"]["narrative"], "(personal)");
  EXPECT_EQ(json["items"][1]["problems"][0]["rule"], "DATE_NOT_READ");
  EXPECT_EQ(json["items"][1]["problems"][0]["field"], "Received");
  EXPECT_EQ(json["refused_rows"], 3);
}

}  // namespace
}  // namespace trigpoint
