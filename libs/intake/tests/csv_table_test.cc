#include "csv_table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace trigpoint {
namespace {

absl::StatusOr<CsvTable> Read(const std::string& text) {
  std::istringstream input(text);
  return ReadCsvTable(input, {"Care Home?", "Id"});
}

std::string Message(const std::string& text) { return std::string(Read(text).status().message()); }

TEST(CsvTable, KnowsTheLinesAndBytesOfItsRows) {
  const auto table = Read("\xEF\xBB\xBFId,Care Home?\r\n1,\"a\nb\"\r\n\r\n2,\"x \"\"y\"\"\"\r\n");
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->rows.size(), 2U);
  EXPECT_EQ(table->rows[0].cells, (std::vector<std::string>{"a\nb", "1"}));
  EXPECT_EQ(table->rows[1].cells[0], "x \"y\"");
  EXPECT_EQ(table->rows[1].line, 5U);
  EXPECT_EQ(table->Original(table->rows[1]), "2,\"x \"\"y\"\"\"\r\n");
}

TEST(CsvTable, NamesTheMissingColumnAndTheNearest) {
  EXPECT_EQ(Message("Id,Care home?\n"),
            "line 1: the column \"Care Home?\" is missing; the file has \"Care home?\"");
  EXPECT_EQ(Message("Id,Care Home?,Id\n"), "line 1: the column \"Id\" is there twice");
  EXPECT_EQ(Message(""), "the file is empty");
}

TEST(CsvTable, SaysWhereATruncatedFileEnds) {
  EXPECT_EQ(Message("Id,Care Home?\n1,Y\n2"),
            "line 3: the last row has 1 of 2 columns and no line end: the file is truncated");
  EXPECT_NE(Message("Id,Care Home?\n1,Y\n2,\"abc").find("line 3: the file ends inside a quoted"),
            std::string::npos);
}

TEST(CsvTable, MarksRowsThatCannotBeRead) {
  const auto table = Read("Id,Care Home?\n1,\"a\"b\"\n2,\xE9\n3,a,b\n4,Y\n");
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->rows.size(), 4U);
  EXPECT_EQ(table->rows[0].problem, CsvProblem::kQuotesBroken);
  EXPECT_EQ(table->rows[1].problem, CsvProblem::kNotUtf8);
  EXPECT_EQ(table->rows[2].problem, CsvProblem::kWrongColumnCount);
  EXPECT_EQ(table->rows[3].problem, CsvProblem::kNone);
}

}  // namespace
}  // namespace trigpoint
