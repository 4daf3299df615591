#include "feed_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <vector>

#include "trigpoint/intake/feed_mapping.h"

namespace trigpoint {
namespace {

// A file that is gone with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(testing::TempDir() + "feed-" + std::to_string(getpid()) + ".txt") {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ReadFeed, GivesEventsAndUnreadableRowsWithFileAndLine) {
  const TemporaryFile file("{\"id\":\"a\"}\n{nonsense\n{\"source\":\"own\",\"id\":\"b\"}\n");
  std::vector<v1::SubmitEventsRequest> items;
  const auto status = ReadFeed({.path = file.path(), .source = "partner/feed"},
                               {.take = [&](v1::SubmitEventsRequest item) {
                                 items.push_back(std::move(item));
                                 return true;
                               }});
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].event().source(), "partner/feed");
  EXPECT_EQ(items[0].file(), file.path().substr(file.path().rfind('/') + 1));
  EXPECT_EQ(items[1].unreadable().source(), "partner/feed");
  EXPECT_EQ(items[1].line(), 2U);
  EXPECT_GT(items[1].unreadable().violations_size(), 0);
  EXPECT_EQ(items[2].event().source(), "own");
}

TEST(ReadFeed, ReadsATableAsAMappingSaysWhateverTheSourceOfTheCommand) {
  const auto mapping = FeedMappingFromYaml(
      "name: log\nsource: council/log\ntable: {format: csv}\n"
      "subject: {scheme: ods, column: Home}\nevents:\n  - kind: complaint_received\n"
      "    id: Ref\n    reported_at: Day\n",
      "log.yaml");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  const TemporaryFile file("Ref,Home,Day\nC-1,RX601,2026-03-01\nC-2,RX601,soon\n");
  std::vector<v1::SubmitEventsRequest> items;
  const auto status =
      ReadFeed({.path = file.path(), .source = "other/source", .mapping = &*mapping},
               {.take = [&](v1::SubmitEventsRequest item) {
                 items.push_back(std::move(item));
                 return true;
               }});
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].event().source(), "council/log");
  EXPECT_EQ(items[0].line(), 2U);
  EXPECT_EQ(items[1].unreadable().source(), "council/log");
  EXPECT_EQ(items[1].unreadable().violations(0).rule(), "DATE_NOT_READ");
}

TEST(ReadFeed, StopsWithoutAnErrorWhenAskedTo) {
  const TemporaryFile file("{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
  int given = 0;
  EXPECT_TRUE(ReadFeed({.path = file.path(), .format = "events", .source = "s"},
                       {.take = [&](const v1::SubmitEventsRequest&) { return ++given < 1; }})
                  .ok());
  EXPECT_EQ(given, 1);
}

TEST(ReadFeed, NamesTheFileInItsErrors) {
  const TemporaryFile empty("");
  for (const std::string& path : {empty.path(), std::string("/nowhere/x.csv")}) {
    const auto status =
        ReadFeed({.path = path}, {.take = [](const v1::SubmitEventsRequest&) { return true; }});
    ASSERT_FALSE(status.ok());
    EXPECT_NE(std::string(status.message()).find(path), std::string::npos);
  }
}

TEST(ReadFeed, RefusesAnEditionThatIsNoDay) {
  const TemporaryFile file("{\"locationId\":\"1-1\"}");
  const auto status = ReadFeed({.path = file.path(), .edition = "May"},
                               {.take = [](const v1::SubmitEventsRequest&) { return true; }});
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
}

// A backfill loads what a service was under as if it had been known from its registration on.
TEST(ReadFeed, KnowsAServiceFromItsRegistrationOnInHistory) {
  const TemporaryFile file(
      R"({"locationId":"1-1","registrationStatus":"Registered","registrationDate":"2012-05-01"})");
  for (const bool history : {false, true}) {
    std::vector<v1::Event> settled;
    std::vector<v1::SubmitEventsRequest> items;
    const auto status = ReadFeed({.path = file.path(), .history = history},
                                 {.take =
                                      [&](v1::SubmitEventsRequest item) {
                                        items.push_back(std::move(item));
                                        return true;
                                      },
                                  .settle = [&](v1::Event* event) { settled.push_back(*event); }});
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(settled.size(), 2U);
    EXPECT_EQ(items[0].event().has_received_at(), history);
    EXPECT_FALSE(items[1].event().has_received_at());
  }
}

}  // namespace
}  // namespace trigpoint
