#include "trigpoint/intake/coroners_reports_adapter.h"

#include <sstream>

#include "excerpts.h"

namespace trigpoint {
namespace {

absl::Status Read(const std::string& text, RecordingSink* sink) {
  std::istringstream input(text);
  return CoronersReportsAdapter().Read(input, *sink);
}

TEST(CoronersReports, GivesANoticeToEachOrganisation) {
  RecordingSink sink;
  CoronersReportsAdapter adapter;
  ASSERT_TRUE(ReadExcerpt("coroners_reports_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, 8U);
  EXPECT_EQ(adapter.counts().notices, 1U + 3U + 9U + 2U);
  EXPECT_EQ(adapter.counts().without_recipients, 3U);
  EXPECT_EQ(adapter.counts().repeated_recipients, 1U);
  EXPECT_EQ(adapter.counts().persons, 1U);
  EXPECT_EQ(Refusals(sink), std::vector<std::string>{"5 date_of_report DATE_MISSING"});
  EXPECT_EQ(sink.refused[0].original.find("Homerton"), std::string::npos);
}

// Regulation 29(4): the answer within 56 days.
TEST(CoronersReports, IsDueAnAnswerAfter56Days) {
  RecordingSink sink;
  CoronersReportsAdapter adapter;
  ASSERT_TRUE(ReadExcerpt("coroners_reports_excerpt.csv", &adapter, &sink).ok());
  const v1::Event& event = sink.events[0];
  EXPECT_EQ(event.id(), "2024-04-02/YORKSHIRE SOUTH EAST/DONCASTER ROYAL INFIRMARY");
  EXPECT_EQ(event.subject().scheme(), "organisation-name");
  EXPECT_EQ(event.subject().value(), "DONCASTER ROYAL INFIRMARY");
  const v1::StatutoryNoticeReceived& notice = event.statutory_notice_received();
  EXPECT_EQ(notice.notice(), v1::StatutoryNoticeReceived::NOTICE_PREVENTION_OF_FUTURE_DEATHS);
  EXPECT_EQ(notice.issued_by(), "Yorkshire South East");
  EXPECT_EQ(notice.served_on().day(), 2U);
  EXPECT_EQ(notice.response_due_on().month(), 5U);
  EXPECT_EQ(notice.response_due_on().day(), 28U);
}

TEST(CoronersReports, KeepsIdsWhenRowsMoveAndTellsTwoReportsOfADayApart) {
  const std::string names = "row,date_of_report,coroner_area,sent_to\n";
  RecordingSink before;
  RecordingSink after;
  ASSERT_TRUE(Read(names + "1,27/03/2024,Avon,Care UK\n2,27/03/2024,Avon,care uk\n", &before).ok());
  ASSERT_TRUE(Read(names + "1,28/03/2024,Avon,Care UK\n2,27/03/2024,Avon,Care UK\n"
                           "3,27/03/2024,Avon,Care UK\n",
                   &after)
                  .ok());
  ASSERT_EQ(before.events.size(), 2U);
  EXPECT_EQ(before.events[1].id(), "2024-03-27/AVON/CARE UK/2");
  ASSERT_EQ(after.events.size(), 3U);
  EXPECT_EQ(after.events[1].SerializeAsString(), before.events[0].SerializeAsString());
}

TEST(CoronersReports, TakesTheReferenceWhereTheFileHasIt) {
  RecordingSink sink;
  ASSERT_TRUE(Read("ref,date_of_report,deceased_name,coroner_area,sent_to\n"
                   "2024-0178,27/03/2024,Nobody Atall,Avon,Care UK\n"
                   "not one,27/03/2024,Nobody Atall,Avon,Care UK\n",
                   &sink)
                  .ok());
  ASSERT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(sink.events[0].id(), "2024-0178/CARE UK");
  EXPECT_EQ(sink.events[0].statutory_notice_received().reference(), "2024-0178");
  EXPECT_EQ(sink.events[0].DebugString().find("Atall"), std::string::npos);
  EXPECT_EQ(Refusals(sink), std::vector<std::string>{"3 ref ID_NOT_USABLE"});
  EXPECT_EQ(sink.refused[0].original.find("Atall"), std::string::npos);
}

TEST(CoronersReports, RefusesDatesThatThereAreNot) {
  RecordingSink sink;
  ASSERT_TRUE(Read("date_of_report,coroner_area,sent_to\n31/02/2024,Avon,Care UK\n", &sink).ok());
  EXPECT_EQ(Refusals(sink), std::vector<std::string>{"2 date_of_report DATE_NOT_READ"});
  EXPECT_EQ(Read("date_of_report,sent_to\n", &sink).message(),
            "line 1: the column \"coroner_area\" is missing");
}

TEST(CoronersReports, ReadsTheWholeFile) {
  const auto path = WholeFile("pfd_reports_sanitised_2013-2024/pfd_report_events.csv.gz");
  if (path.empty()) GTEST_SKIP() << "the data sets are not here";
  RecordingSink sink;
  CoronersReportsAdapter adapter;
  ASSERT_TRUE(ReadWhole(path, &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, 4'974U);
  EXPECT_EQ(adapter.counts().without_recipients, 1'785U);
  EXPECT_EQ(adapter.counts().notices, 4'685U);
  EXPECT_EQ(adapter.counts().persons, 1U);
  EXPECT_EQ(adapter.counts().repeated_recipients, 1U);
  EXPECT_EQ(adapter.counts().refused, 3U);
}

}  // namespace
}  // namespace trigpoint
