#include "sheet_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "workbook_builder.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<SheetTable> Read(const std::string& bytes, const SheetLayout& layout,
                                const std::vector<std::string>& wanted) {
  std::istringstream input(bytes);
  return ReadSheetTable(input, layout, wanted);
}

// "kind:text" of every cell, rows one after the other with their lines.
std::vector<std::string> Cells(const SheetTable& table) {
  constexpr const char* kKinds[] = {"text", "number", "date", "truth", "error", "formula"};
  std::vector<std::string> cells;
  for (const SheetRow& row : table.rows) {
    for (const SheetCell& cell : row.cells) {
      cells.push_back(std::to_string(row.line) + " " + kKinds[static_cast<size_t>(cell.kind)] +
                      ":" + cell.text);
    }
  }
  return cells;
}

const SheetLayout kXlsx = {.format = SheetFormat::kXlsx};
constexpr char kHeader[] = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>A</t></is></c></row>";

// The cells of column A of one XLSX row.
std::vector<std::string> XlsxCell(const std::string& cell, const std::string& workbook = "") {
  const auto table =
      Read(Xlsx(kHeader + ("<row r=\"2\">" + cell) + "</row>", workbook), kXlsx, {"A"});
  EXPECT_TRUE(table.ok()) << table.status();
  return table.ok() ? Cells(*table) : std::vector<std::string>();
}

TEST(SheetTable, ReadsEveryKindOfXlsxCell) {
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"<c r=\"A2\" t=\"s\"><v>1</v></c>", "2 text:shared 1"},
      {"<c r=\"A2\" t=\"inlineStr\"><is><r><t>in</t></r><r><t>line</t></r></is></c>",
       "2 text:inline"},
      {"<c r=\"A2\"><v>1.0E2</v></c>", "2 number:100"},
      {"<c r=\"A2\"><v>0.10000000000000001</v></c>", "2 number:0.1"},
      {"<c r=\"A2\" s=\"1\"><v>46113</v></c>", "2 date:2026-04-01"},
      {"<c r=\"A2\" s=\"2\"><v>46113.40625</v></c>", "2 date:2026-04-01T09:45:00"},
      {"<c r=\"A2\" s=\"3\"><v>0.5</v></c>", "2 number:0.5"},
      {"<c r=\"A2\" t=\"d\"><v>2026-04-01</v></c>", "2 date:2026-04-01"},
      {"<c r=\"A2\" t=\"b\"><v>1</v></c>", "2 truth:true"},
      {"<c r=\"A2\" t=\"e\"><v>#N/A</v></c>", "2 error:#N/A"},
      {"<c r=\"A2\"><f>1+1</f><v>2</v></c>", "2 number:2"},
      {"<c r=\"A2\" t=\"str\"><f>B1&amp;C1</f><v>ab</v></c>", "2 text:ab"},
      {"<c r=\"A2\"><f>1+1</f></c>", "2 formula:"},
      {"<c><v>7</v></c>", "2 number:7"},
  };
  for (const auto& [cell, expected] : kinds) {
    EXPECT_THAT(XlsxCell(cell), ::testing::ElementsAre(expected)) << cell;
  }
}

TEST(SheetTable, CountsExcelsDaysFrom1904WhereTheWorkbookSaysSo) {
  EXPECT_THAT(XlsxCell("<c r=\"A2\" s=\"1\"><v>44651</v></c>", "<workbookPr date1904=\"1\"/>"),
              ::testing::ElementsAre("2 date:2026-04-01"));
}

TEST(SheetTable, LeavesANumberThatIsNoDayOfExcelANumber) {
  EXPECT_THAT(XlsxCell("<c r=\"A2\" s=\"1\"><v>60</v></c>"), ::testing::ElementsAre("2 number:60"));
}

TEST(SheetTable, ReadsOdsCellsButNoCommentsAndNoRowsThatAreEmpty) {
  const auto text = [](const std::string& content) {
    return "<table:table-cell office:value-type=\"string\">" + content + "</table:table-cell>";
  };
  const std::string bytes = Ods(
      "<table:table-row>" + text("<text:p>A</text:p>") + "</table:table-row>" +
      "<table:table-row table:number-rows-repeated=\"3\"><table:table-cell/></table:table-row>" +
      "<table:table-row>" +
      text("<office:annotation><text:p>a comment</text:p></office:annotation><text:p>a<text:s/>b"
           "</text:p><text:p>c</text:p>") +
      "</table:table-row><table:table-row table:number-rows-repeated=\"2\"><table:table-cell "
      "office:value-type=\"float\" office:value=\"3\" calcext:value-type=\"string\"><text:p>3.0"
      "</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell "
      "office:value-type=\"date\" office:date-value=\"2026-04-01\"/></table:table-row>"
      "<table:table-row><table:table-cell table:formula=\"of:=1\"/></table:table-row>"
      "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell/>"
      "</table:table-row>");
  const auto table = Read(bytes, {.format = SheetFormat::kOds, .sheet = "Log"}, {"a"});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(Cells(*table), ::testing::ElementsAre("5 text:a b\nc", "6 number:3", "7 number:3",
                                                    "8 date:2026-04-01", "9 formula:"));
}

TEST(SheetTable, NamesTheSheetOrColumnThatIsMissingWithTheNearest) {
  const auto sheet = Read(Xlsx(kHeader), {.format = SheetFormat::kXlsx, .sheet = "Sheet 1"}, {"A"});
  EXPECT_EQ(sheet.status().message(), "the workbook has no sheet \"Sheet 1\"; it has \"Sheet1\"");
  EXPECT_EQ(Read("one,too\n1,2\n", {}, {"two"}).status().message(),
            "line 1: the column \"two\" is missing; the file has \"too\"");
  EXPECT_EQ(Read("one,ONE\n1,2\n", {}, {"one"}).status().message(),
            "line 1: the column \"one\" is there twice");
  EXPECT_EQ(Read(Xlsx(kHeader), {.format = SheetFormat::kXlsx, .sheet = {}, .header_row = 3}, {"A"})
                .status()
                .message(),
            "line 3: holds no names of columns; see header_row in the mapping");
}

TEST(SheetTable, ReadsCsvInTheEncodingOfItsMappingAndRefusesOnlyTheRowThatIsNot) {
  const auto table =
      Read("Title\nName;Town\nCaf\xE9;Ham\nBad \x81;Ham\n;\n\"a\nb\";Ham\n",
           {.header_row = 2, .delimiter = ';', .encoding = "windows-1252"}, {"town", "name"});
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->rows.size(), 3U);
  EXPECT_EQ(table->rows[0].cells[1].text, "Caf\xC3\xA9");
  EXPECT_EQ(table->rows[1].line, 4U);
  ASSERT_TRUE(table->rows[1].problem.has_value());
  EXPECT_EQ(table->rows[1].problem->rule(), "NOT_IN_ENCODING");
  EXPECT_EQ(table->rows[2].cells[1].text, "a\nb");
  EXPECT_EQ(table->empty_rows, 1U);
}

TEST(SheetTable, RefusesTablesThatAreTooLarge) {
  const auto wide = Read(
      Xlsx(kHeader + std::string("<row r=\"2\"><c r=\"SG2\"><v>1</v></c></row>")), kXlsx, {"A"});
  EXPECT_EQ(wide.status().message(), "line 2: the table has more than 500 columns");
  const std::string header =
      "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>A</text:p>"
      "</table:table-cell></table:table-row>";
  const std::string cell =
      "<table:table-cell office:value-type=\"float\" office:value=\"1\"/></table:table-row>";
  const SheetLayout ods = {.format = SheetFormat::kOds};
  EXPECT_EQ(Read(Ods(header + "<table:table-row table:number-rows-repeated=\"1000001\">" + cell),
                 ods, {"A"})
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(
      Read(Ods(header + "<table:table-row table:number-rows-repeated=\"1000\">" + cell), ods, {"A"})
          .ok());
  EXPECT_EQ(Read(std::string((size_t{64} << 20) + 1, 'P'), kXlsx, {"A"}).status().message(),
            "the workbook is larger than 64 MiB");
}

TEST(SheetTable, RefusesFilesThatAreNotWhatTheyAreSaidToBe) {
  EXPECT_THAT(std::string(Read("A\n1\n", kXlsx, {"A"}).status().message()),
              HasSubstr("is no workbook"));
  EXPECT_THAT(std::string(Read(Xlsx(kHeader), {}, {"A"}).status().message()),
              HasSubstr("the mapping says csv"));
  EXPECT_THAT(std::string(Read(Ods(""), kXlsx, {"A"}).status().message()),
              HasSubstr("_rels/.rels is missing"));
  const std::string bytes = Zipped({{"content.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"}});
  EXPECT_THAT(std::string(Read(bytes, {.format = SheetFormat::kOds}, {"A"}).status().message()),
              HasSubstr("DOCTYPE"));
}

TEST(SheetTable, ReadsARealWorkbookOfTheDepartmentOfHealth) {
  const std::filesystem::path path = std::filesystem::path(TRIGPOINT_SOURCE_DIR) /
                                     "../shared/data/ascof_2024-25/ascof_2024_25.ods";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the workbook is not here";
  }
  std::ifstream input(path, std::ios::binary);
  const auto table =
      ReadSheetTable(input, {.format = SheetFormat::kOds, .sheet = "Table_4b", .header_row = 7},
                     {"Local authority code", "2024 to 2025 - numerator"});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->rows.size(), 170U);
  EXPECT_THAT(Cells(*table), ::testing::IsSupersetOf({"84 number:70"}));
}

}  // namespace
}  // namespace trigpoint
