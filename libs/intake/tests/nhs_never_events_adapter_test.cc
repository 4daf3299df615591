#include "trigpoint/intake/nhs_never_events_adapter.h"

#include <sstream>

#include "excerpts.h"

namespace trigpoint {
namespace {

constexpr char kHeader[] = "year,organisation_name,never_events,status\n";

absl::Status Read(const std::string& rows, RecordingSink* sink) {
  std::istringstream input(kHeader + rows);
  return NhsNeverEventsAdapter(std::nullopt).Read(input, *sink);
}

TEST(NhsNeverEvents, GivesTheFigureOfANameAndAYear) {
  RecordingSink sink;
  NhsNeverEventsAdapter adapter(std::nullopt);
  ASSERT_TRUE(ReadExcerpt("nhs_never_events_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  ASSERT_EQ(sink.events.size(), 6U);
  const v1::Event& event = sink.events[1];
  EXPECT_EQ(event.subject().scheme(), "nhs-trust-name");
  EXPECT_EQ(event.subject().value(),
            "BARKING, HAVERING AND REDBRIDGE UNIVERSITY HOSPITALS NHS TRUST");
  EXPECT_EQ(event.source_version(), 2U);
  EXPECT_EQ(event.indicator_observed().indicator(), "never-events/total");
  EXPECT_EQ(event.indicator_observed().value(), 7);
  EXPECT_EQ(event.indicator_observed().period_start().year(), 2022);
  EXPECT_EQ(event.indicator_observed().period_end().year(), 2023);
  EXPECT_EQ(sink.events[2].source_version(), 1U) << "provisional";
}

TEST(NhsNeverEvents, TakesASuppressedFigureForUnknownAndNotForZero) {
  RecordingSink sink;
  ASSERT_TRUE(Read("2022-23,A Trust,*,final\n2022-23,B Trust,0,final\n", &sink).ok());
  ASSERT_EQ(sink.events.size(), 2U);
  EXPECT_FALSE(sink.events[0].indicator_observed().has_value());
  EXPECT_TRUE(sink.events[1].indicator_observed().has_value());
}

TEST(NhsNeverEvents, RefusesRowsByLineFieldAndRule) {
  RecordingSink sink;
  ASSERT_TRUE(Read("2022-24,A Trust,1,final\n"
                   "2022-23, ,1,final\n"
                   "2022-23,A Trust,one,final\n"
                   "2022-23,A Trust,1,guessed\n"
                   "2022-23,A Trust,1\n"
                   "2022-23,=A,1,final\n"
                   "2022-23,B Trust,1,final\n"
                   "2022-23,b  trust,2,final\n"
                   "2022-23,C Trust,3,final\n"
                   "2022-23,C TRUST,3,final\n",
                   &sink)
                  .ok());
  EXPECT_EQ(Refusals(sink),
            (std::vector<std::string>{"2 year YEAR_NOT_READ", "3 organisation_name NAME_MISSING",
                                      "4 never_events NUMBER_NOT_READ", "5 status STATUS_NOT_KNOWN",
                                      "6  WRONG_COLUMN_COUNT", "7  FORMULA_IN_CELL",
                                      "8 never_events CONFLICTING_ROWS",
                                      "9 never_events CONFLICTING_ROWS"}));
  EXPECT_EQ(sink.events.size(), 1U);
}

TEST(NhsNeverEvents, ReadsTheWholeFile) {
  const auto path = WholeFile("nhs_never_events_2022-26/never_events_by_trust.csv");
  if (path.empty()) GTEST_SKIP() << "the data sets are not here";
  RecordingSink sink;
  NhsNeverEventsAdapter adapter(std::nullopt);
  ASSERT_TRUE(ReadWhole(path, &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, 478U);
  EXPECT_EQ(adapter.counts().figures, 478U);
  EXPECT_EQ(adapter.counts().names, 162U);
  EXPECT_EQ(adapter.counts().provisional, 361U);
  EXPECT_EQ(adapter.counts().refused, 0U);
  double total = 0;
  for (const v1::Event& event : sink.events) total += event.indicator_observed().value();
  EXPECT_EQ(total, 378 + 344 + 379 + 383);
}

}  // namespace
}  // namespace trigpoint
