#include "trigpoint/intake/cqc_latest_ratings_adapter.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "recording_sink.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

constexpr std::string_view kHeader =
    "Location ID,Location Name,Care Home?,Location Primary Inspection Category,"
    "Location Local Authority,Service / Population Group,Domain,Latest Rating,Publication Date,"
    "Inherited Rating (Y/N),Provider ID,Brand ID\n";

std::string Row(const std::string& id, const std::string& domain, const std::string& rating,
                const std::string& date) {
  return id + ",Home,Y,Residential social care,Devon,Overall," + domain + "," + rating + "," +
         date + ",N,1-9,-\n";
}

absl::Status Read(CqcLatestRatingsAdapter* adapter, const std::string& rows, RecordingSink* sink) {
  std::istringstream input(std::string(kHeader) + rows);
  return adapter->Read(input, *sink);
}

TEST(CqcLatestRatings, MergesTheDomainsOfOneDate) {
  CqcLatestRatingsAdapter adapter;
  RecordingSink sink;
  ASSERT_TRUE(Read(&adapter,
                   Row("RX601", "Overall", "Good", "20/11/2019") +
                       Row("RX601", "Well-led", "Requires improvement", "20/11/2019") +
                       Row("RX601", "Overall", "Insufficient evidence to rate", "20/11/2019") +
                       Row("RX601", "Overall", "Good", "20/11/2019"),
                   &sink)
                  .ok());
  ASSERT_EQ(sink.events.size(), 2U);
  EXPECT_TRUE(sink.events[0].has_service_registered());
  EXPECT_EQ(sink.events[1].id(), "RX601/2019-11-20");
  EXPECT_EQ(sink.events[1].cqc_rating_published().overall(), v1::RATING_GOOD);
  ASSERT_EQ(sink.events[1].cqc_rating_published().key_questions_size(), 1);
  EXPECT_EQ(adapter.counts().duplicates, 1U);
  EXPECT_EQ(adapter.counts().not_a_rating, 1U);
}

TEST(CqcLatestRatings, RefusesBothOfTwoConflictingRows) {
  CqcLatestRatingsAdapter adapter;
  RecordingSink sink;
  ASSERT_TRUE(Read(&adapter,
                   Row("1-1", "Overall", "Good", "20/11/2019") +
                       Row("1-1", "Overall", "Inadequate", "20/11/2019") +
                       Row("1-1", "Safe", "Splendid", "20/11/2019"),
                   &sink)
                  .ok());
  EXPECT_EQ(sink.events.size(), 1U);
  ASSERT_EQ(sink.refused.size(), 3U);
  EXPECT_EQ(sink.refused[0].violations[0].rule(), "CONFLICTING_ROWS");
  EXPECT_NE(sink.refused[0].violations[0].description().find("line 3"), std::string::npos);
  EXPECT_EQ(sink.refused[2].violations[0].description(), "\"Splendid\" is not known");
}

TEST(CqcLatestRatings, DecidesTheOrderOfDatesOnceForTheFile) {
  CqcLatestRatingsAdapter adapter;
  RecordingSink sink;
  ASSERT_TRUE(Read(&adapter,
                   Row("1-1", "Overall", "Good", "02/03/2019") +
                       Row("1-2", "Overall", "Good", "03/25/2019"),
                   &sink)
                  .ok());
  EXPECT_EQ(sink.events[1].id(), "1-1/2019-02-03");
  EXPECT_NE(Read(&adapter,
                 Row("1-1", "Overall", "Good", "25/03/2019") +
                     Row("1-2", "Overall", "Good", "03/25/2019"),
                 &sink)
                .message()
                .find("line 2 has the day first, line 3"),
            absl::string_view::npos);
  const std::string ambiguous = Row("1-1", "Overall", "Good", "02/03/2019");
  EXPECT_FALSE(Read(&adapter, ambiguous, &sink).ok());
  CqcLatestRatingsAdapter told({.date_order = DateOrder::kDayFirst, .edition = {}});
  EXPECT_TRUE(Read(&told, ambiguous, &sink).ok());
}

TEST(CqcLatestRatings, RefusesFormulasAndUnusableIds) {
  CqcLatestRatingsAdapter adapter;
  RecordingSink sink;
  ASSERT_TRUE(Read(&adapter,
                   Row("=1+1", "Overall", "Good", "2019-11-20") +
                       Row("a b", "Overall", "Good", "2019-11-20"),
                   &sink)
                  .ok());
  EXPECT_TRUE(sink.events.empty());
  EXPECT_EQ(sink.refused[0].violations[0].rule(), "FORMULA_IN_CELL");
  EXPECT_EQ(sink.refused[1].violations[0].rule(), "ID_NOT_USABLE");
}

void ExpectValid(const RecordingSink& sink) {
  std::set<std::string> ids;
  for (const v1::Event& event : sink.events) {
    EXPECT_TRUE(Validate(event, {}).empty()) << event.source() << " " << event.id();
    EXPECT_TRUE(ids.insert(event.source() + "|" + event.id()).second) << event.id();
  }
}

void Print(const CqcLatestRatingsCounts& c) {
  std::cout << "rows=" << c.rows << " locations=" << c.locations << " ratings=" << c.ratings
            << " inherited=" << c.inherited << " group_rows=" << c.not_the_location_rating
            << " group_conflicts=" << c.service_group_conflicts
            << " not_a_rating=" << c.not_a_rating << " duplicates=" << c.duplicates
            << " conflicts=" << c.conflicts << " refused=" << c.refused
            << " without_overall=" << c.locations_without_overall
            << " unknown_categories=" << c.unknown_categories << "\n";
}

TEST(CqcLatestRatings, ReadsTheCommittedExcerpt) {
  std::ifstream input(TRIGPOINT_SOURCE_DIR "/tests/data/cqc_ratings_excerpt.csv", std::ios::binary);
  ASSERT_TRUE(input.good());
  CqcLatestRatingsAdapter adapter;
  RecordingSink sink;
  ASSERT_TRUE(adapter.Read(input, sink).ok());
  ExpectValid(sink);
  Print(adapter.counts());
  EXPECT_EQ(adapter.counts().refused, 0U);
  EXPECT_GE(adapter.counts().service_group_conflicts, 1U);
  EXPECT_GE(adapter.counts().locations_without_overall, 1U);
  EXPECT_GE(adapter.counts().not_a_rating, 1U);
  EXPECT_GE(adapter.counts().inherited, 1U);
  EXPECT_GT(adapter.counts().ratings,
            adapter.counts().locations - adapter.counts().locations_without_overall);
}

TEST(CqcLatestRatings, ReadsTheNationalFile) {
  const std::filesystem::path path =
      std::filesystem::path(TRIGPOINT_SOURCE_DIR) /
      "../shared/data/cqc_ratings_national_2021-02/cqc_latest_ratings_overall_2021-02.csv.gz";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the national file is not here";
  }
  std::ifstream input(path, std::ios::binary);
  CqcLatestRatingsAdapter adapter;
  RecordingSink sink;
  const absl::Status status = adapter.Read(input, sink);
  ASSERT_TRUE(status.ok()) << status;
  Print(adapter.counts());
  EXPECT_EQ(adapter.counts().rows, 74'184U);
  EXPECT_EQ(adapter.counts().locations, 31'966U);
  EXPECT_EQ(adapter.counts().ratings, 31'961U);
  EXPECT_EQ(adapter.counts().not_the_location_rating, 42'223U);
  EXPECT_EQ(adapter.counts().locations_without_overall, 7U);
  EXPECT_EQ(adapter.counts().refused, 0U);
  ExpectValid(sink);
}

TEST(CqcLatestRatings, SaysThatCompressedDataEndsEarly) {
  std::istringstream input(std::string("\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03\x01", 11));
  CqcLatestRatingsAdapter adapter;
  RecordingSink sink;
  EXPECT_TRUE(absl::IsDataLoss(adapter.Read(input, sink)));
}

}  // namespace
}  // namespace trigpoint
