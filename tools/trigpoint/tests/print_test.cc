#include "print.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "arguments.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {
namespace {

TEST(Table, MakesColumnsAsWideAsTheirWidestCell) {
  Table table({"NAME", ">BEDS"});
  table.AddRow({"Oak House", "42"});
  table.AddRow({"Tŷ Hafan", "7"});
  EXPECT_EQ(table.Text(),
            "NAME       BEDS\n"
            "Oak House    42\n"
            "Tŷ Hafan      7\n");
}

TEST(Table, LeavesNoSpacesAtTheEndsOfLines) {
  Table table({"A", "LONG HEADING"});
  table.AddRow({"x"});
  EXPECT_EQ(table.Text(), "A  LONG HEADING\nx\n");
}

TEST(Table, IsEmptyWithoutRows) {
  const Table table({"A"});
  EXPECT_TRUE(table.empty());
}

TEST(Clean, TakesTerminalControlOut) {
  EXPECT_EQ(Clean("a\x1b[31mb\r\n\x7f"), "a [31mb   ");
  EXPECT_EQ(Clean("a\xc2\x9b"
                  "31m"),
            "a 31m");
  EXPECT_EQ(Clean("Tŷ £é"), "Tŷ £é");
}

TEST(Clip, CutsAtCharactersNotBytes) {
  EXPECT_EQ(Clip("Tŷ Hafan", 8), "Tŷ Hafan");
  EXPECT_EQ(Clip("Tŷ Hafan", 4), "Tŷ …");
  EXPECT_EQ(Clip("Tŷ Hafan", 1), "…");
}

TEST(Wrap, BreaksAtAHundredColumnsUnderItsLead) {
  std::string text;
  for (int i = 0; i < 30; ++i) {
    text += "safeguarding ";
  }
  const std::string wrapped = Wrap(text, "  - ");
  EXPECT_EQ(wrapped.substr(0, 16), "  - safeguarding");
  size_t start = 0;
  int lines = 0;
  while (start < wrapped.size()) {
    const size_t end = wrapped.find('\n', start);
    ASSERT_NE(end, std::string::npos);
    const std::string line = wrapped.substr(start, end - start);
    EXPECT_LE(Columns(line), kTextColumns);
    EXPECT_EQ(line.substr(0, 4), lines == 0 ? "  - " : "    ");
    EXPECT_NE(line.back(), ' ');
    start = end + 1;
    ++lines;
  }
  EXPECT_EQ(lines, 5);
}

TEST(Wrap, KeepsALongWordWhole) {
  const std::string word(140, 'x');
  EXPECT_EQ(Wrap("a " + word + " b", ""), "a\n" + word + "\nb\n");
}

TEST(Wrap, GivesOneLineForNothing) { EXPECT_EQ(Wrap("", ""), "\n"); }

TEST(InWords, ReadsStatesAsPeopleDo) {
  EXPECT_EQ(InWords("LEVEL_2"), "Level 2");
  EXPECT_EQ(InWords("RAPID_REVIEW"), "Rapid review");
  EXPECT_EQ(InWords(""), "");
}

TEST(WithoutPrefix, ShowsADashForUnspecified) {
  EXPECT_EQ(WithoutPrefix("RATING_GOOD", "RATING_"), "GOOD");
  EXPECT_EQ(WithoutPrefix("RATING_UNSPECIFIED", "RATING_"), "-");
  EXPECT_EQ(WithoutPrefix("17", "RATING_"), "17");
}

TEST(Number, IsShort) {
  EXPECT_EQ(Number(7), "7");
  EXPECT_EQ(Number(1.9), "1.9");
  EXPECT_EQ(Number(0.004), "0.004");
  EXPECT_EQ(Number(0.000123), "0.00012");
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(1234.5678), "1234.568");
}

TEST(When, IsLondonTime) {
  EXPECT_EQ(When(ToTimestamp(*ParseAsOf("2026-07-01T10:00:30Z"))), "2026-07-01 11:00");
  EXPECT_EQ(Day(ToTimestamp(*ParseAsOf("2026-07-01"))), "2026-07-01");
  EXPECT_EQ(When({}), "-");
}

TEST(Count, KnowsOneFromMany) {
  EXPECT_EQ(Count(1, "provider"), "1 provider");
  EXPECT_EQ(Count(0, "provider"), "0 providers");
  EXPECT_EQ(Count(2, "policy", "policies"), "2 policies");
}

TEST(ToJson, KeepsTheNamesOfTheSchemaAndShowsDefaults) {
  v1::ProviderLevel level;
  level.set_policy_id("herefordshire");
  const std::string line = ToJson(level, JsonForm::kLine);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["policy_id"], "herefordshire");
  EXPECT_EQ(json["awaiting_decision"], false);
  EXPECT_EQ(nlohmann::json::parse(ToJson(level, JsonForm::kDocument)), json);
}

TEST(Ink, WritesNothingWhenOff) {
  EXPECT_EQ(Ink(false).Red("x"), "x");
  EXPECT_EQ(Ink(true).Bold("x"), "\033[1mx\033[0m");
}

}  // namespace
}  // namespace trigpoint
