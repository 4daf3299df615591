#include "trigpoint/intake/cqc_changes.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace trigpoint {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kLocation = CqcDocumentKind::kLocation;
constexpr auto kProvider = CqcDocumentKind::kProvider;

Micros At(const char* text) { return ParseInstant(text).value(); }

json ChangesPage(const json& changes, int page = 1, int pages = 1) {
  return {{"total", 3},
          {"firstPageUri", "/changes/location?page=1&perPage=1000"},
          {"page", page},
          {"previousPageUri", nullptr},
          {"nextPageUri", nullptr},
          {"perPage", 1000},
          {"totalPages", pages},
          {"changes", changes}};
}

std::vector<std::string> NamesOf(const CqcPage& page) {
  std::vector<std::string> names;
  for (const CqcRecordId& record : page.records) names.push_back(CqcRecordName(record));
  return names;
}

std::vector<std::string> RefusedOf(const CqcPage& page) {
  std::vector<std::string> refused;
  for (const auto& one : page.refused) refused.push_back(one.field() + ' ' + one.rule());
  return refused;
}

std::string ErrorOf(const std::string& body, uint32_t page = 1) {
  const auto read = ReadCqcPage(body, CqcListing::kChanges, kLocation, page);
  EXPECT_TRUE(absl::IsInvalidArgument(read.status())) << body;
  return std::string(read.status().message());
}

TEST(CqcChanges, ReadsThePageOfChangesAndWhetherAnotherFollows) {
  const auto first = ReadCqcPage(ChangesPage({"1-108946357", "RM317"}, 1, 2).dump(),
                                 CqcListing::kChanges, kLocation, 1);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(NamesOf(*first), ElementsAre("location/1-108946357", "location/RM317"));
  EXPECT_FALSE(first->last);
  const auto last =
      ReadCqcPage(ChangesPage(json::array(), 2, 2).dump(), CqcListing::kChanges, kProvider, 2);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_THAT(last->records, IsEmpty());
  EXPECT_TRUE(last->last);
}

TEST(CqcChanges, TakesNoChangesAtAllForTheLastPage) {
  const auto page =
      ReadCqcPage(ChangesPage(json::array(), 1, 0).dump(), CqcListing::kChanges, kLocation, 1);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->last);
}

TEST(CqcChanges, TakesAnIdThatAPageRepeatsOnce) {
  const auto page = ReadCqcPage(ChangesPage({"1-2", "1-1", "1-2", " 1-1 "}).dump(),
                                CqcListing::kChanges, kLocation, 1);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(NamesOf(*page), ElementsAre("location/1-2", "location/1-1"));
}

TEST(CqcChanges, RefusesAnEntryByItsPathAndKeepsTheOthers) {
  const auto page = ReadCqcPage(ChangesPage({"1-1", 7, "1-2/../keys", "..", "", "1-3"}).dump(),
                                CqcListing::kChanges, kLocation, 1);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(NamesOf(*page), ElementsAre("location/1-1", "location/1-3"));
  EXPECT_THAT(RefusedOf(*page),
              ElementsAre("changes[1] WRONG_TYPE", "changes[2] ID_NOT_USABLE",
                          "changes[3] ID_NOT_USABLE", "changes[4] ID_NOT_USABLE"));
}

TEST(CqcChanges, ReadsThePageOfTheRegister) {
  const json page = {
      {"page", 1},
      {"totalPages", 1},
      {"locations",
       {{{"locationId", "1-1"}, {"locationName", "The Limes"}}, {{"locationName", "No id"}}, 3}}};
  const auto read = ReadCqcPage(page.dump(), CqcListing::kRegister, kLocation, 1);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(NamesOf(*read), ElementsAre("location/1-1"));
  EXPECT_THAT(RefusedOf(*read),
              ElementsAre("locations[1].locationId ID_NOT_USABLE", "locations[2] WRONG_TYPE"));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ReadCqcPage(page.dump(), CqcListing::kRegister, kProvider, 1).status()));
}

TEST(CqcChanges, SaysByPathWhyAPageCannotBeUsed) {
  const std::string whole = ChangesPage({"1-1"}).dump();
  EXPECT_THAT(ErrorOf(whole.substr(0, whole.size() - 4)), HasSubstr("JSON_SYNTAX"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("NOT_A_DOCUMENT"));
  EXPECT_THAT(ErrorOf("{\"message\":\"Resource not found\"}"), HasSubstr("changes: LIST_MISSING"));
  EXPECT_THAT(ErrorOf("{\"changes\":\"1-1\"}"), HasSubstr("changes: WRONG_TYPE"));
  EXPECT_THAT(ErrorOf("{\"changes\":[]}"), HasSubstr("totalPages: NUMBER_NOT_READ"));
  EXPECT_THAT(ErrorOf("{\"changes\":[],\"totalPages\":\"many\"}"),
              HasSubstr("totalPages: NUMBER_NOT_READ"));
  // The first page again, where the second was asked: the loop would never see the rest.
  EXPECT_THAT(ErrorOf(ChangesPage({"1-1"}, 1, 2).dump(), 2), HasSubstr("page: WRONG_PAGE"));
}

TEST(CqcChanges, AsksFromSomeMinutesBeforeTheLastWindowEndedUntilNow) {
  const auto window = NextCqcWindow(At("2026-11-22T20:00:00.5Z"), At("2026-11-22T20:15:00.9Z"));
  ASSERT_TRUE(window.ok()) << window.status();
  EXPECT_EQ(FormatInstant(window->start), "2026-11-22T19:50:00Z");
  EXPECT_EQ(FormatInstant(window->end), "2026-11-22T20:15:00Z");
  // Another clock may be some seconds ahead; hours are a mistake.
  EXPECT_TRUE(NextCqcWindow(At("2026-11-22T20:00:03Z"), At("2026-11-22T20:00:00Z")).ok());
  const auto wrong = NextCqcWindow(At("2026-11-22T20:00:00Z"), At("2026-11-22T17:00:00Z"));
  EXPECT_TRUE(absl::IsFailedPrecondition(wrong.status()));
}

TEST(CqcChanges, WritesThePathsOfRequests) {
  const CqcWindow window{.start = At("2026-11-22T19:50:00Z"), .end = At("2026-11-22T20:15:00Z")};
  EXPECT_EQ(CqcChangesPath(kProvider, window, 2),
            "/changes/provider?startTimestamp=2026-11-22T19%3A50%3A00Z"
            "&endTimestamp=2026-11-22T20%3A15%3A00Z&page=2&perPage=1000");
  EXPECT_EQ(CqcRegisterPath(kLocation, "Bath & North East Somerset", 1),
            "/locations?page=1&perPage=1000&localAuthority=Bath%20%26%20North%20East%20Somerset");
  EXPECT_EQ(CqcRegisterPath(kProvider, "", 3), "/providers?page=3&perPage=1000");
  EXPECT_EQ(CqcDocumentPath({.kind = kLocation, .id = "1-545611283"}), "/locations/1-545611283");
}

TEST(CqcChanges, ReadsTheNameOfARecordThatItWrote) {
  const auto record = ParseCqcRecordName("provider/RM3");
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(*record, (CqcRecordId{.kind = kProvider, .id = "RM3"}));
  for (const char* wrong : {"", "RM3", "provider/", "provider/..", "providers/RM3", "house/1-1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseCqcRecordName(wrong).status())) << wrong;
  }
}

TEST(CqcChanges, TakesOnlyTheDocumentThatWasAskedFor) {
  const std::string home = R"({"locationId":"1-1","providerId":"1-2","localAuthority":" Oldham "})";
  const auto head = ReadCqcDocumentHead(home, {.kind = kLocation, .id = "1-1"});
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->provider_id, "1-2");
  EXPECT_TRUE(IsSameAuthority(head->local_authority, "oldham"));
  EXPECT_FALSE(IsSameAuthority(head->local_authority, "Old"));
  const auto error = [](const std::string& body, const CqcRecordId& record) {
    return std::string(ReadCqcDocumentHead(body, record).status().message());
  };
  EXPECT_THAT(error(home, {.kind = kLocation, .id = "1-3"}), HasSubstr("OTHER_RECORD"));
  EXPECT_THAT(error(home, {.kind = kProvider, .id = "1-2"}), HasSubstr("OTHER_RECORD"));
  EXPECT_THAT(error(home.substr(0, 20), {.kind = kLocation, .id = "1-1"}),
              HasSubstr("JSON_SYNTAX"));
  EXPECT_THAT(error(R"({"statusCode":500})", {.kind = kLocation, .id = "1-1"}),
              HasSubstr("NOT_A_DOCUMENT"));
}

TEST(CqcChanges, KnowsEveryDocumentOfTheSamplesByItsId) {
  const std::filesystem::path folder =
      std::filesystem::path(TRIGPOINT_SOURCE_DIR) / "../shared/data/cqc_api_oldham_2025/samples";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "the samples of the API are not here";
  }
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().stem().string();
    std::ostringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    const CqcRecordId record{.kind = name.starts_with("provider") ? kProvider : kLocation,
                             .id = name.substr(name.find("__") + 2)};
    const auto head = ReadCqcDocumentHead(text.str(), record);
    ASSERT_TRUE(head.ok()) << name << head.status();
    EXPECT_EQ(head->local_authority, "Oldham") << name;
    EXPECT_EQ(head->provider_id.empty(), record.kind == kProvider) << name;
  }
}

}  // namespace
}  // namespace trigpoint
