#include "trigpoint/intake/cqc_rating_history_adapter.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "recording_sink.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

constexpr char kHeader[] = "reportdate,overall,locationid,location_start_2025,location_end_2025\n";

absl::Status Read(const std::string& text, RecordingSink* sink) {
  std::istringstream input(text);
  return CqcRatingHistoryAdapter().Read(input, *sink);
}

std::string DayOf(const v1::Event& event) {
  return FormatDate(LondonDate(ToMicros(event.occurred_at())));
}

void ExpectValid(const RecordingSink& sink) {
  std::set<std::string> ids;
  for (const v1::Event& event : sink.events) {
    EXPECT_TRUE(Validate(event, {}).empty()) << event.id();
    EXPECT_TRUE(event.has_occurred_at()) << event.id();
    EXPECT_TRUE(ids.insert(event.id()).second) << event.id();
  }
}

TEST(CqcRatingHistory, ReadsTheCommittedExcerpt) {
  std::ifstream input(TRIGPOINT_SOURCE_DIR "/tests/data/cqc_rating_history_excerpt.csv");
  RecordingSink sink;
  CqcRatingHistoryAdapter adapter;
  ASSERT_TRUE(adapter.Read(input, sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, 37U);
  EXPECT_EQ(adapter.counts().locations, 12U);
  EXPECT_EQ(adapter.counts().deregistered, 5U);
  EXPECT_EQ(adapter.counts().ratings, 34U);
  EXPECT_EQ(adapter.counts().before_registration, 10U);
  EXPECT_EQ(adapter.counts().after_deregistration, 5U);
  EXPECT_EQ(adapter.counts().duplicates, 3U);
  EXPECT_EQ(adapter.counts().refused, 0U);
}

TEST(CqcRatingHistory, CountsDaysFrom1960AndMarksWhatWasInherited) {
  RecordingSink sink;
  ASSERT_TRUE(
      Read(std::string(kHeader) + "2014-10-10,Requires Improvement,1-4,21899,22272\n", &sink).ok());
  ASSERT_EQ(sink.events.size(), 3U);
  EXPECT_EQ(DayOf(sink.events[0]), "2019-12-16");
  EXPECT_EQ(sink.events[1].registration_changed().status(),
            v1::RegistrationChanged::STATUS_DEREGISTERED);
  EXPECT_EQ(DayOf(sink.events[1]), "2020-12-23");
  EXPECT_EQ(sink.events[2].cqc_rating_published().overall(), v1::RATING_REQUIRES_IMPROVEMENT);
  EXPECT_TRUE(sink.events[2].cqc_rating_published().inherited());
}

TEST(CqcRatingHistory, RefusesRowsByLineFieldAndRule) {
  RecordingSink sink;
  ASSERT_TRUE(Read(std::string(kHeader) + "2014-10-10,Good,1-1,19176,NA\n"
                                          "10/10/2014,Good,1-1,19176,NA\n"
                                          "2014-10-11,Cosy,1-1,19176,NA\n"
                                          "2014-10-12,Good,1 1,19176,NA\n"
                                          "2014-10-13,Good,1-1,soon,NA\n"
                                          "2014-10-14,Good,1-1,19177,NA\n"
                                          "2014-10-15,Good,1-1,19176,20000\n"
                                          "2014-10-16,Good,1-1,19176,NA\n"
                                          "2014-10-16,Inadequate,1-1,19176,NA\n"
                                          "=1,Good,1-1,19176,NA\n"
                                          "2014-10-17,Good,1-1,19176\n"
                                          "2014-10-18,Good,1-1,19176,NA\n",
                   &sink)
                  .ok());
  std::vector<std::string> problems;
  for (const RefusedRow& row : sink.refused) {
    problems.push_back(std::to_string(row.line) + " " + row.violations[0].field() + " " +
                       row.violations[0].rule());
  }
  EXPECT_EQ(problems, (std::vector<std::string>{
                          "3 reportdate DATE_NOT_READ", "4 overall RATING_NOT_KNOWN",
                          "5 locationid ID_NOT_USABLE", "6 location_start DATE_NOT_READ",
                          "7 location_start CONFLICTING_ROWS", "8 location_end CONFLICTING_ROWS",
                          "9 overall CONFLICTING_ROWS", "10 overall CONFLICTING_ROWS",
                          "11  FORMULA_IN_CELL", "12  WRONG_COLUMN_COUNT"}));
  EXPECT_EQ(sink.events.size(), 3U);
}

TEST(CqcRatingHistory, NamesTheColumnThatIsMissing) {
  RecordingSink sink;
  EXPECT_EQ(
      Read("reportdate,overal,locationid,location_start_2025,location_end_2025\n", &sink).message(),
      "line 1: the column \"overall\" is missing; the file has \"overal\"");
  EXPECT_TRUE(
      Read("overall,reportdate,location_end_2026,locationid,location_start_2026\n", &sink).ok());
}

TEST(CqcRatingHistory, ReadsTheWholeHistory) {
  const std::filesystem::path path =
      std::filesystem::path(TRIGPOINT_SOURCE_DIR) /
      "../shared/data/cqc_rating_events_noncarehome_2014_2025/rating_events.csv.gz";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the whole history is not here";
  }
  std::ifstream input(path, std::ios::binary);
  RecordingSink sink;
  CqcRatingHistoryAdapter adapter;
  ASSERT_TRUE(adapter.Read(input, sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, 29'459U);
  EXPECT_EQ(adapter.counts().locations, 15'648U);
  EXPECT_EQ(adapter.counts().deregistered, 5'946U);
  EXPECT_EQ(adapter.counts().ratings, 29'454U);
  EXPECT_EQ(adapter.counts().duplicates, 5U);
  EXPECT_EQ(adapter.counts().before_registration, 2'281U);
  EXPECT_EQ(adapter.counts().refused, 0U);
}

}  // namespace
}  // namespace trigpoint
