#include "trigpoint/intake/nhs_written_complaints_adapter.h"

#include <sstream>

#include "excerpts.h"

namespace trigpoint {
namespace {

constexpr char kPractices[] =
    "Year,Return,Organisation Code,Contract Number,1.3 Total Brought Forward,1.4 Total New,"
    "1.5 Total Resolved,1.6 Number Upheld,1.7 Number Partially Upheld,1.8 Number Not Upheld,"
    "1.9 Total Carried Forward\n";

double ValueOf(const RecordingSink& sink, const std::string& id) {
  const v1::Event event = EventWithId(sink, id);
  return event.indicator_observed().has_value() ? event.indicator_observed().value() : -1;
}

absl::Status ReadPractices(const std::string& rows, RecordingSink* sink) {
  std::istringstream input(kPractices + rows);
  return NhsWrittenComplaintsAdapter(std::nullopt).Read(input, *sink);
}

TEST(NhsWrittenComplaints, GivesTotalsAndSubjectAreasOfAnOrganisation) {
  RecordingSink sink;
  NhsWrittenComplaintsAdapter adapter(CivilDate{.year = 2025, .month = 10, .day = 9});
  ASSERT_TRUE(ReadExcerpt("ko41a_organisations_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(sink.events.size(), 2U * 27U);
  const v1::Event event = EventWithId(sink, "2024-25/ko41a/RJ1/upheld");
  EXPECT_EQ(event.subject().scheme() + "/" + event.subject().value(), "ods/RJ1");
  EXPECT_EQ(event.indicator_observed().indicator(), "ko41a/upheld");
  EXPECT_EQ(event.indicator_observed().value(), 292);
  EXPECT_EQ(event.indicator_observed().period_end().year(), 2025);
  EXPECT_EQ(event.source_version(), 20'370U);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41a/NQV/subject/access-to-treatment-or-drugs"), 17);
}

TEST(NhsWrittenComplaints, SumsUpTheNamesOfASiteAndReadsWindows1252) {
  RecordingSink sink;
  NhsWrittenComplaintsAdapter adapter(std::nullopt);
  ASSERT_TRUE(ReadExcerpt("ko41a_sites_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, 8U);
  EXPECT_EQ(adapter.counts().organisations, 5U);
  EXPECT_EQ(adapter.counts().parts, 2U);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41a-site/RWF/RWFHQ/new"), 3 + 4 + 262);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41a-site/RV3/RV3JK/new"), 0);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41a-site/RA9/RWV40/new"), 1) << "one site of two trusts";
  EXPECT_EQ(Refusals(sink), std::vector<std::string>{"9 Site_Code ID_NOT_USABLE"});
}

TEST(NhsWrittenComplaints, SumsUpTheContractsOfAPractice) {
  RecordingSink sink;
  NhsWrittenComplaintsAdapter adapter(std::nullopt);
  ASSERT_TRUE(ReadExcerpt("ko41b_practices_excerpt.csv", &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41b-dental/V00500/new"), 2 + 18 + 1);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41b-gp/G83001/not-upheld"), 4);
  EXPECT_EQ(sink.events.size(), 3U * 7U);
}

TEST(NhsWrittenComplaints, SaysTheSameOfAnIcbInBothFilesOfKo41b) {
  RecordingSink practices;
  RecordingSink areas;
  NhsWrittenComplaintsAdapter adapter(std::nullopt);
  ASSERT_TRUE(ReadExcerpt("ko41b_practices_excerpt.csv", &adapter, &practices).ok());
  ASSERT_TRUE(ReadExcerpt("ko41b_sub_icbs_excerpt.csv", &adapter, &areas).ok());
  ExpectValid(areas);
  EXPECT_EQ(ValueOf(areas, "2024-25/ko41b-gp/72Q/new"), 4'500);
  EXPECT_EQ(ValueOf(areas, "2024-25/ko41b-dental/72Q/new"), 570);
  const std::string id = "2024-25/ko41b-icb/QF7/new";
  EXPECT_EQ(ValueOf(areas, id), 12);
  EXPECT_EQ(EventWithId(areas, id).SerializeAsString(),
            EventWithId(practices, id).SerializeAsString());
}

TEST(NhsWrittenComplaints, MakesNoZeroOfASuppressedPart) {
  RecordingSink sink;
  ASSERT_TRUE(ReadPractices("2024-25,Dental,V1,1,0,*,1,1,0,0,\n"
                            "2024-25,Dental,V1,2,0,5,1,1,0,0,2\n",
                            &sink)
                  .ok());
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41b-dental/V1/new"), -1);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41b-dental/V1/carried-forward"), -1);
  EXPECT_EQ(ValueOf(sink, "2024-25/ko41b-dental/V1/resolved"), 2);
}

TEST(NhsWrittenComplaints, RefusesRowsByLineColumnAndRule) {
  RecordingSink sink;
  ASSERT_TRUE(ReadPractices("2024,GP,G1,N/A,0,0,0,0,0,0,0\n"
                            "2024-25,Vet,G1,N/A,0,0,0,0,0,0,0\n"
                            "2024-25,GP,G 1,N/A,0,0,0,0,0,0,0\n"
                            "2024-25,GP,G2,N/A,0,0,0,0,0,0,0\n"
                            "2024-25,GP,G2,N/A,0,1,0,0,0,0,0\n"
                            "2024-25,Dental,V1,1,0,0,0,0,0,0,0\n"
                            "2024-25,Dental,V1,2,0,few,0,0,0,0,0\n"
                            "2024-25,GP,G3,N/A,0,0,0,0,0,0,0\n"
                            "2024-25,GP,G3,N/A,0,0,0,0,0,0,0\n",
                            &sink)
                  .ok());
  EXPECT_EQ(
      Refusals(sink),
      (std::vector<std::string>{
          "2 Year YEAR_NOT_READ", "3 Return RETURN_NOT_KNOWN", "4 Organisation Code ID_NOT_USABLE",
          "5 Organisation Code ANOTHER_PART_REFUSED", "6 Organisation Code CONFLICTING_ROWS",
          "7 Organisation Code ANOTHER_PART_REFUSED", "8 1.4 Total New NUMBER_NOT_READ"}));
  EXPECT_EQ(sink.events.size(), 7U);
}

TEST(NhsWrittenComplaints, SaysThatAFileIsNoneOfTheFour) {
  RecordingSink sink;
  std::istringstream input("Year,Code\n2024-25,RJ1\n");
  const absl::Status status = NhsWrittenComplaintsAdapter(std::nullopt).Read(input, sink);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::string(status.message()).starts_with("line 1: none of the columns")) << status;
}

struct Whole {
  std::string file;
  uint64_t rows;
  uint64_t organisations;
  uint64_t figures;
  uint64_t parts;
  uint64_t refused;
};

// Names the file where a case fails.
void PrintTo(const Whole& whole, std::ostream* out) { *out << whole.file; }

class WholeComplaints : public ::testing::TestWithParam<Whole> {};

TEST_P(WholeComplaints, AreRead) {
  const auto path = WholeFile("nhs_written_complaints_2024-25/" + GetParam().file);
  if (path.empty()) GTEST_SKIP() << "the data sets are not here";
  RecordingSink sink;
  NhsWrittenComplaintsAdapter adapter(std::nullopt);
  ASSERT_TRUE(ReadWhole(path, &adapter, &sink).ok());
  ExpectValid(sink);
  EXPECT_EQ(adapter.counts().rows, GetParam().rows);
  EXPECT_EQ(adapter.counts().organisations, GetParam().organisations);
  EXPECT_EQ(adapter.counts().figures, GetParam().figures);
  EXPECT_EQ(adapter.counts().parts, GetParam().parts);
  EXPECT_EQ(adapter.counts().refused, GetParam().refused);
  EXPECT_EQ(adapter.counts().suppressed, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Files, WholeComplaints,
    ::testing::Values(Whole{"ko41a_org_level_2024-25.csv", 279, 279, 7'533, 0, 0},
                      Whole{"ko41a_site_level_2024-25.csv.gz", 2'869, 2'862, 20'034, 6, 1},
                      Whole{"ko41b_gp_dental_practice_level_2024-25.csv.gz", 12'757, 11'496, 80'472,
                            1'261, 0},
                      Whole{"ko41b_sub_icb_level_2024-25.csv", 254, 254, 1'778, 0, 0}));

}  // namespace
}  // namespace trigpoint
