#include "trigpoint/intake/feed_formats.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace trigpoint {
namespace {

std::string Detected(std::string_view bytes) {
  const auto format = DetectFeedFormat(bytes);
  return format.ok() ? std::string((*format)->name) : "none";
}

std::string DetectedFile(const std::string& name) {
  std::ifstream input(TRIGPOINT_SOURCE_DIR "/tests/data/" + name, std::ios::binary);
  return Detected(FirstBytes(input, size_t{256} << 10));
}

TEST(DetectFeedFormat, GoesByContent) {
  EXPECT_EQ(Detected("{\"source\":"), "events");
  EXPECT_EQ(Detected("\xef\xbb\xbf\n {"), "events");
  EXPECT_EQ(Detected("{\"service_registered\":{\"locationId\":1}}"), "events");
  EXPECT_EQ(Detected("\"Location ID\",\"Location ODS Code\"\n1-1"), "cqc-latest-ratings");
  EXPECT_EQ(Detected("[{\"a\":[{\"x\":1}],\"locationId\":\"1-1\"}]"), "cqc-location");
  EXPECT_EQ(Detected("{\"providerId\":\"1-1\",\"locationIds\":[]}"), "cqc-provider");
  EXPECT_EQ(Detected("{\"total\":2,\"locations\":[]}"), "cqc-location");
  EXPECT_EQ(Detected("CQC Locations data\n\nThis data was produced on 19 August 2026\n\nName,CQC "
                     "Location ID (for office use only)\n"),
            "cqc-directory");
  EXPECT_EQ(Detected("Wrong,Header\n1,2\n"), "none");
  EXPECT_EQ(Detected("[1]"), "none");
  EXPECT_EQ(Detected("PK"), "none");
  EXPECT_EQ(Detected(""), "none");
}

TEST(DetectFeedFormat, KnowsTheCommittedFiles) {
  EXPECT_EQ(DetectedFile("cqc_locations_excerpt.jsonl"), "cqc-location");
  EXPECT_EQ(DetectedFile("cqc_location_excerpt.json"), "cqc-location");
  EXPECT_EQ(DetectedFile("cqc_providers_excerpt.json"), "cqc-provider");
  EXPECT_EQ(DetectedFile("cqc_care_homes_excerpt.csv"), "cqc-directory");
  EXPECT_EQ(DetectedFile("cqc_directory_2016_excerpt.csv"), "cqc-directory");
  EXPECT_EQ(DetectedFile("cqc_header_hsca_active_locations_2026.csv"), "cqc-directory");
  EXPECT_EQ(DetectedFile("cqc_header_deactivated_locations_2026_partial.csv"), "cqc-directory");
  EXPECT_EQ(DetectedFile("cqc_header_directory_2026.csv"), "cqc-directory");
  EXPECT_EQ(DetectedFile("cqc_ratings_excerpt.csv"), "cqc-latest-ratings");
  EXPECT_EQ(DetectedFile("cqc_rating_history_excerpt.csv"), "cqc-rating-history");
  EXPECT_EQ(DetectedFile("lfpse_bundle.json"), "lfpse-fhir");
  EXPECT_EQ(DetectedFile("ko41a_organisations_excerpt.csv"), "nhs-written-complaints");
  EXPECT_EQ(DetectedFile("ko41a_sites_excerpt.csv"), "nhs-written-complaints");
  EXPECT_EQ(DetectedFile("ko41b_practices_excerpt.csv"), "nhs-written-complaints");
  EXPECT_EQ(DetectedFile("ko41b_sub_icbs_excerpt.csv"), "nhs-written-complaints");
  EXPECT_EQ(DetectedFile("nhs_never_events_excerpt.csv"), "nhs-never-events");
  EXPECT_EQ(DetectedFile("coroners_reports_excerpt.csv"), "coroners-reports");
  EXPECT_EQ(DetectedFile("ods_trusts_excerpt.csv"), "ods-organisations");
  EXPECT_EQ(DetectedFile("ods_trusts_2021_excerpt.csv"), "ods-organisations");
  EXPECT_EQ(DetectedFile("ods_commissioners_excerpt.csv"), "ods-organisations");
  EXPECT_EQ(DetectedFile("ods_practices_excerpt.csv"), "ods-organisations");
}

TEST(FeedFormats, EachHasAnAdapter) {
  for (const FeedFormat& format : FeedFormats()) {
    EXPECT_NE(MakeFeedAdapter(format.name, {}), nullptr);
    EXPECT_EQ(FindFeedFormat(format.name), &format);
  }
  EXPECT_EQ(FindFeedFormat("fax"), nullptr);
}

}  // namespace
}  // namespace trigpoint
