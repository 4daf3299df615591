#include "trigpoint/intake/cqc_directory_adapter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "recording_sink.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

std::string FileText(const std::string& name) {
  std::ifstream input(TRIGPOINT_SOURCE_DIR "/tests/data/" + name, std::ios::binary);
  EXPECT_TRUE(input.good()) << name;
  std::stringstream text;
  text << input.rdbuf();
  return text.str();
}

struct Reading {
  absl::Status status;
  RecordingSink sink;
  CqcDirectoryCounts counts;

  std::string Error() const { return std::string(status.message()); }
  const v1::Event* Find(const std::string& id) const {
    for (const v1::Event& event : sink.events) {
      if (event.id() == id) return &event;
    }
    return nullptr;
  }
  const v1::ServiceRegistered& Service(const std::string& id) const {
    const v1::Event* event = Find(id);
    EXPECT_NE(event, nullptr) << id;
    return (event == nullptr ? v1::Event::default_instance() : *event).service_registered();
  }
  std::vector<std::string> Problems() const {
    std::vector<std::string> problems;
    for (const RefusedRow& row : sink.refused) {
      for (const auto& violation : row.violations) {
        problems.push_back(std::to_string(row.line) + " " + violation.field() + " " +
                           violation.rule());
      }
    }
    return problems;
  }
};

Reading Read(const std::string& text, CqcDirectoryOptions options = {}) {
  std::istringstream input(text);
  CqcDirectoryAdapter adapter(options);
  Reading reading;
  reading.status = adapter.Read(input, reading.sink);
  reading.counts = adapter.counts();
  return reading;
}

void ExpectValid(const RecordingSink& sink) {
  std::set<std::string> ids;
  for (const v1::Event& event : sink.events) {
    EXPECT_TRUE(Validate(event, {}).empty()) << event.id();
    EXPECT_TRUE(ids.insert(event.id()).second) << event.id();
  }
}

// A row of an edition from some of its cells, by the names of their columns.
std::string Row(const std::string& header, const std::map<std::string, std::string>& cells) {
  std::string row;
  size_t used = 0;
  std::string name;
  bool quoted = false;
  const auto end_cell = [&] {
    const auto cell = cells.find(name);
    if (cell != cells.end()) {
      row += '"' + cell->second + '"';
      ++used;
    }
    name.clear();
  };
  for (const char c : header.substr(0, header.find_first_of("\r\n"))) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      end_cell();
      row += ',';
    } else {
      name += c;
    }
  }
  end_cell();
  EXPECT_EQ(used, cells.size());
  return row + "\n";
}

std::string Filters() {
  const std::string header = FileText("cqc_header_hsca_active_locations_2026.csv");
  return header.ends_with('\n') ? header : header + "\n";
}

TEST(CqcDirectory, ReadsTheCareHomesOf2021) {
  const Reading reading = Read(FileText("cqc_care_homes_excerpt.csv"));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectValid(reading.sink);
  EXPECT_EQ(reading.counts.rows, 15U);
  EXPECT_EQ(reading.counts.locations, 15U);
  EXPECT_EQ(reading.counts.with_beds, 9U);
  EXPECT_EQ(reading.counts.care_homes_without_beds, 6U);
  EXPECT_EQ(reading.counts.nursing_and_residential, 1U);
  EXPECT_EQ(reading.counts.unknown_service_types, 0U);
  EXPECT_TRUE(reading.sink.refused.empty());
  const v1::ServiceRegistered& home = reading.Service("1-10000812939/filters");
  EXPECT_EQ(home.beds(), 103U);
  EXPECT_EQ(home.service_type(), v1::SERVICE_TYPE_CARE_HOME_NURSING);
  EXPECT_EQ(home.local_authority(), "Wirral");
  EXPECT_EQ(home.registered_on().year(), 2020);
  EXPECT_EQ(reading.Service("RY8AN/filters").service_type(),
            v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
  EXPECT_EQ(reading.Find("1-10000812939/filters/registration")->registration_changed().status(),
            v1::RegistrationChanged::STATUS_REGISTERED);
}

TEST(CqcDirectory, ReadsTheFileOf2016ThatHasNoNamesOfColumns) {
  const Reading reading = Read(FileText("cqc_directory_2016_excerpt.csv"));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectValid(reading.sink);
  EXPECT_EQ(reading.counts.locations, 10U);
  EXPECT_EQ(reading.counts.unknown_service_types, 0U);
  const v1::ServiceRegistered& first = reading.Service("1-1000210669/web");
  EXPECT_EQ(first.name(), "Kingswood House Nursing Home");
  EXPECT_EQ(first.service_type(), v1::SERVICE_TYPE_CARE_HOME_NURSING);
  EXPECT_EQ(first.organisation(), "1-877912132");
  EXPECT_EQ(reading.Service("1-1058388579/web").service_type(), v1::SERVICE_TYPE_CARE_HOME_NURSING);
  EXPECT_EQ(reading.Service("1-1000270393/web").service_type(), v1::SERVICE_TYPE_HOME_CARE);
  EXPECT_EQ(FormatInstant(ToMicros(reading.Find("1-1000210669/web")->reported_at())),
            "2016-02-10T00:00:00Z");
  // The file stops in the middle of the register: nobody is closed by that.
  for (const v1::Event& event : reading.sink.events) {
    EXPECT_FALSE(event.has_registration_changed());
  }
}

TEST(CqcDirectory, ReadsTheDirectoryOnTheWebWithLinesBeforeItsNames) {
  std::string rows = FileText("cqc_directory_2016_excerpt.csv");
  const std::string names = FileText("cqc_header_directory_2026.csv");
  const Reading reading =
      Read("CQC Locations data\r\n\r\nThis data was produced on 19 August 2026\r\n\r\n" + names +
           (names.ends_with('\n') ? "" : "\n") + rows);
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_EQ(reading.counts.locations, 10U);
  EXPECT_EQ(FormatInstant(ToMicros(reading.Find("1-1000210669/web")->reported_at())),
            "2026-08-18T23:00:00Z");
}

TEST(CqcDirectory, ReadsTheDirectoryWithFiltersOf2026) {
  const std::string names = Filters();
  const Reading reading =
      Read(names +
           Row(names, {{"Location ID", "1-1"},
                       {"Location HSCA start date", "01/10/2010"},
                       {"Dormant (Y/N)", "N"},
                       {"Care home?", "Y"},
                       {"Location Name", "The Limes"},
                       {"Registered manager", "Thistlewood, Aurelia"},
                       {"Care homes beds", "45.0"},
                       {"Location Latest Overall Rating", "Good"},
                       {"Publication Date", "23/04/2024"},
                       {"Inherited Rating (Y/N)", "Y"},
                       {"Provider ID", "1-2"},
                       {"Provider Name", "Mrs Thistlewood"},
                       {"Brand ID", "-"},
                       {"Service type - Care home service with nursing", "Y"}}) +
           Row(names, {{"Location ID", "1-3"},
                       {"Dormant (Y/N)", "Y"},
                       {"Care home?", "N"},
                       {"Location Primary Inspection Category", "Dentists"},
                       {"Service type - Acute services with overnight beds", "Y"}}));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectValid(reading.sink);
  EXPECT_TRUE(reading.sink.refused.empty());
  const v1::ServiceRegistered& home = reading.Service("1-1/filters");
  EXPECT_EQ(home.beds(), 45U);
  EXPECT_EQ(home.service_type(), v1::SERVICE_TYPE_CARE_HOME_NURSING);
  EXPECT_EQ(home.brand(), "");
  const v1::Event* rating = reading.Find("1-1/filters/rating/2024-04-23");
  ASSERT_NE(rating, nullptr);
  EXPECT_TRUE(rating->cqc_rating_published().inherited());
  EXPECT_EQ(reading.Find("1-3/filters/registration")->registration_changed().status(),
            v1::RegistrationChanged::STATUS_DORMANT);
  EXPECT_EQ(reading.Service("1-3/filters").service_type(), v1::SERVICE_TYPE_DENTIST);
  for (const v1::Event& event : reading.sink.events) {
    EXPECT_EQ(event.DebugString().find("Thistlewood"), std::string::npos);
  }
}

TEST(CqcDirectory, ReadsDeactivatedLocationsAndColumnsBehindTheKnownOnes) {
  std::string names = FileText("cqc_header_deactivated_locations_2026_partial.csv");
  names = names.substr(0, names.find_first_of("\r\n")) + ",Something Later\n";
  const Reading reading = Read(names + Row(names, {{"Location ID", "1-1"},
                                                   {"Location HSCA start date", "2010-10-01"},
                                                   {"Location HSCA End Date", "2019-03-31"},
                                                   {"Location Name", "The Limes"}}));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_EQ(reading.counts.columns_not_known, 1U);
  const v1::Event* ended = reading.Find("1-1/deactivated/registration");
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->registration_changed().status(), v1::RegistrationChanged::STATUS_DEREGISTERED);
  EXPECT_EQ(ended->registration_changed().effective_on().year(), 2019);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(CqcDirectory, NamesAColumnThatItDoesNotKnowAndWhatWasExpected) {
  const std::string homes = FileText("cqc_care_homes_excerpt.csv");
  EXPECT_EQ(Read(Replaced(homes, "Care homes beds", "Care home beds")).Error(),
            "line 1: the column \"Care home beds\" is not known; expected \"Care homes beds\" "
            "(edition: care directory with filters, care homes, 2021)");
  EXPECT_EQ(Read(Replaced(Filters(), "Service user band - Dementia", "Shoe size")).Error(),
            "line 1: the column \"Shoe size\" is not known; expected one of \"Location "
            "Commissioning CCG Name\", \"Location Post Code\", \"Service user band - Dementia\" "
            "(edition: care directory with filters, 2026)");
  EXPECT_EQ(Read(Replaced(homes, "Location Name,", "Location ID,")).Error(),
            "line 1: the column \"Location ID\" is there twice (edition: care directory with "
            "filters, care homes, 2021)");
  EXPECT_EQ(Read(Replaced(Filters(), "Care homes beds,", "")).Error(),
            "line 1: the column \"Care homes beds\" is missing (edition: care directory with "
            "filters, 2026)");
  EXPECT_NE(Read("a,b\n1,2\n").Error().find("before the names"), std::string::npos);
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "x,y\n";
  EXPECT_NE(Read(lines).Error().find("lines 1 to 20 hold no names"), std::string::npos);
}

TEST(CqcDirectory, TakesOtherKnownSpellings) {
  const std::string names = Replaced(Replaced(Filters(), "Care home?", "Care Home?"),
                                     "Location Postal Code", "Location Post Code");
  const Reading reading = Read(names + Row(names, {{"Location ID", "1-1"}, {"Care Home?", "Y"}}));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_EQ(reading.Service("1-1/filters").service_type(), v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
}

TEST(CqcDirectory, RefusesCellsAndRowsByLineColumnAndRule) {
  const std::string names = Filters();
  const auto row = [&names](std::map<std::string, std::string> cells) {
    cells.try_emplace("Location ID", "1-9");
    return Row(names, cells);
  };
  const Reading reading =
      Read(names + row({{"Location ID", "1-1"}, {"Care homes beds", "many"}}) +
           row({{"Location ID", "1-2"}, {"Care homes beds", "-4"}}) +
           row({{"Location ID", "1-3"}, {"Care home?", "perhaps"}}) +
           row({{"Location ID", "1-4"}, {"Service type - Shared Lives", "X"}}) +
           row({{"Location ID", "1-5"}, {"Location HSCA start date", "soon"}}) +
           row({{"Location ID", "1-6"}, {"Location Latest Overall Rating", "Cosy"}}) +
           row({{"Location ID", "1-7"}, {"Location Latest Overall Rating", "Good"}}) +
           row({{"Location ID", "1 8"}}) + row({{"Location Name", "=cmd()"}}) +
           row({{"Location Name", "Caf\xE9"}}) + row({{"Location Name", "The Limes"}}) +
           row({{"Location Name", "The Limes"}}) + row({{"Location Name", "The Elms"}}) +
           "1-10,too,short\n" + row({{"Location ID", "1-11"}, {"Care homes beds", "NA"}}));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_EQ(reading.Problems(),
            (std::vector<std::string>{
                "2 Care homes beds BEDS_NOT_READ", "3 Care homes beds BEDS_NOT_READ",
                "4 Care home? FLAG_NOT_KNOWN", "5 Service type - Shared Lives FLAG_NOT_KNOWN",
                "6 Location HSCA start date DATE_NOT_READ",
                "7 Location Latest Overall Rating RATING_NOT_KNOWN",
                "8 Publication Date REPORT_DATE_MISSING", "9 Location ID ID_NOT_USABLE",
                "10 Location Name FORMULA_IN_CELL", "11  NOT_UTF8",
                "14 Location ID REPEATED_LOCATION", "15  WRONG_COLUMN_COUNT"}));
  EXPECT_EQ(reading.counts.repeated, 1U);
  // A cell that cannot be read leaves the row its other cells; a row that cannot, nothing.
  EXPECT_EQ(reading.counts.locations, 9U);
  EXPECT_NE(reading.Find("1-1/filters"), nullptr);
  EXPECT_EQ(reading.Service("1-9/filters").name(), "The Limes");
}

TEST(CqcDirectory, DecidesTheOrderOfDatesOnceForTheFile) {
  const std::string names = Filters();
  const std::string ambiguous =
      names + Row(names, {{"Location ID", "1-1"}, {"Location HSCA start date", "02/03/2019"}});
  EXPECT_NE(Read(ambiguous).Error().find("say which"), std::string::npos);
  const Reading told = Read(ambiguous, {.date_order = DateOrder::kMonthFirst, .edition = {}});
  EXPECT_EQ(told.Service("1-1/filters").registered_on().month(), 2U);
  EXPECT_NE(
      Read(ambiguous + Row(names, {{"Location ID", "1-2"}, {"Publication Date", "01/25/2019"}}) +
           Row(names, {{"Location ID", "1-3"}, {"Publication Date", "25/01/2019"}}))
          .Error()
          .find("contradict each other"),
      std::string::npos);
}

TEST(CqcDirectory, SaysWhereATruncatedFileEnds) {
  const std::string homes = FileText("cqc_care_homes_excerpt.csv");
  const Reading cut = Read(homes.substr(0, homes.size() - 60));
  EXPECT_NE(cut.Error().find("line 16: the last row has"), std::string::npos) << cut.Error();
  EXPECT_TRUE(cut.sink.events.empty());
}

Reading ReadWhole(const std::string& name) {
  std::ifstream input(std::filesystem::path(TRIGPOINT_SOURCE_DIR) / "../shared/data" / name,
                      std::ios::binary);
  CqcDirectoryAdapter adapter;
  Reading reading;
  if (!input.good()) {
    reading.status = absl::NotFoundError("not here");
    return reading;
  }
  reading.status = adapter.Read(input, reading.sink);
  reading.counts = adapter.counts();
  return reading;
}

TEST(CqcDirectory, ReadsAllCareHomesOf2021) {
  const Reading reading =
      ReadWhole("cqc_care_homes_england_2021-03/care_homes_england_2021-03.csv.gz");
  if (absl::IsNotFound(reading.status)) GTEST_SKIP() << "the whole file is not here";
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectValid(reading.sink);
  EXPECT_EQ(reading.counts.rows, 15'403U);
  EXPECT_EQ(reading.counts.locations, 15'403U);
  EXPECT_EQ(reading.counts.nursing_and_residential, 216U);
  EXPECT_EQ(reading.counts.care_homes_without_beds, 6U);
  EXPECT_EQ(reading.counts.refused, 0U);
}

TEST(CqcDirectory, ReadsTheWholeFileOf2016) {
  const Reading reading =
      ReadWhole("cqc_directory_partial_2016-02/cqc_directory_partial_noheader.csv.gz");
  if (absl::IsNotFound(reading.status)) GTEST_SKIP() << "the whole file is not here";
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  ExpectValid(reading.sink);
  EXPECT_EQ(reading.counts.locations, 7'000U);
  EXPECT_EQ(reading.counts.unknown_service_types, 0U);
  EXPECT_EQ(reading.counts.refused, 0U);
}

}  // namespace
}  // namespace trigpoint
