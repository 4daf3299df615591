// What is read of gov.uk's list of bank holidays.
#include "trigpoint/intake/bank_holidays.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "trigpoint/base/working_days.h"

namespace trigpoint {
namespace {

std::string Year(int year) {
  std::string events;
  for (const char* day : {"01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"}) {
    events += (events.empty() ? "" : ",") + std::string(R"({"title":"x","date":")") +
              std::to_string(year) + "-" + day + R"(","notes":"Substitute day","bunting":true})";
  }
  return events;
}

std::string Document(const std::string& events) {
  return R"({"scotland":{"division":"scotland","events":[]},)"
         R"("england-and-wales":{"division":"england-and-wales","events":[)" +
         events + "]}}";
}

std::string MessageOf(const std::string& document) {
  return std::string(ReadBankHolidays(document, kEnglandAndWales).status().message());
}

TEST(BankHolidays, AreThoseOfTheDivisionInOrder) {
  const auto read = ReadBankHolidays(Document(Year(2028) + "," + Year(2027)), kEnglandAndWales);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->calendar(), "england-and-wales");
  EXPECT_EQ(read->first_year(), 2027);
  EXPECT_EQ(read->last_year(), 2028);
  ASSERT_EQ(read->holidays_size(), 16);
  EXPECT_EQ(read->holidays(0).year(), 2027);
  EXPECT_EQ(read->holidays(15).year(), 2028);
  EXPECT_EQ(read->holidays(15).month(), 12);
  EXPECT_EQ(read->holidays(15).day(), 28);
}

TEST(BankHolidays, SaysWhatIsWrong) {
  EXPECT_EQ(MessageOf("{"), "JSON_SYNTAX: it is not JSON, or ends early");
  EXPECT_EQ(MessageOf("[]"), "NOT_A_DOCUMENT: must be an object");
  EXPECT_TRUE(MessageOf(R"({"scotland":{}})").starts_with("england-and-wales: DIVISION_NOT_THERE"));
  EXPECT_TRUE(
      MessageOf(Document("")).starts_with("england-and-wales.events: REQUIRED: must have at"));
  EXPECT_TRUE(MessageOf(Document(Year(2027) + R"(,{"title":"x"})"))
                  .starts_with("england-and-wales.events[8].date: REQUIRED"));
  EXPECT_TRUE(MessageOf(Document(R"({"date":"2027-02-30"})"))
                  .starts_with("england-and-wales.events[0].date: DATE_NOT_READ"));
}

TEST(BankHolidays, AYearThatIsCutOrLeftOutIsRefused) {
  EXPECT_EQ(MessageOf(Document(Year(2027) + R"(,{"date":"2028-01-03"})")),
            "england-and-wales.events: YEAR_NOT_WHOLE: year 2028 has 1 days only");
  EXPECT_EQ(MessageOf(Document(Year(2026) + "," + Year(2028))),
            "england-and-wales.events: YEAR_NOT_WHOLE: year 2027 has 0 days only");
}

// The list that is compiled in is the one that gov.uk published.
TEST(BankHolidays, TheCompiledInListIsThePublishedOne) {
  const std::filesystem::path file = std::filesystem::path(TRIGPOINT_SOURCE_DIR) /
                                     "../shared/data/uk_bank_holidays/bank-holidays.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
  std::ifstream stream(file);
  const std::string document((std::istreambuf_iterator<char>(stream)), {});
  const auto read = ReadBankHolidays(document, kEnglandAndWales);
  ASSERT_TRUE(read.ok()) << read.status();
  std::vector<CivilDate> days;
  for (const auto& day : read->holidays()) days.push_back({day.year(), day.month(), day.day()});
  EXPECT_EQ(days, EnglandAndWalesHolidays());
}

}  // namespace
}  // namespace trigpoint
