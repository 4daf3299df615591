#include "feed_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <vector>

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

TEST(DetectFormat, GoesByContentAndByNameWhereCompressed) {
  EXPECT_EQ(*DetectFormat("x", "{\"source\":"), "events");
  EXPECT_EQ(*DetectFormat("x", "\xef\xbb\xbf\n {"), "events");
  EXPECT_EQ(*DetectFormat("x", "\"Location ID\",\"Location ODS Code\"\n1-1"), "cqc-latest-ratings");
  EXPECT_EQ(*DetectFormat("a.csv", "Wrong,Header\n"), "cqc-latest-ratings");
  EXPECT_EQ(*DetectFormat("a.csv.gz", "\x1f\x8b"), "cqc-latest-ratings");
  EXPECT_EQ(*DetectFormat("a.jsonl.gz", "\x1f\x8b"), "events");
  EXPECT_FALSE(DetectFormat("a.gz", "\x1f\x8b").ok());
  EXPECT_FALSE(DetectFormat("a.xlsx", "PK").ok());
}

TEST(ReadFeed, GivesEventsAndUnreadableRowsWithFileAndLine) {
  const TemporaryFile file("{\"id\":\"a\"}\n{nonsense\n{\"source\":\"own\",\"id\":\"b\"}\n");
  std::vector<v1::SubmitEventsRequest> items;
  const auto status =
      ReadFeed({file.path(), "auto", "partner/feed", ""}, [&](v1::SubmitEventsRequest item) {
        items.push_back(std::move(item));
        return true;
      });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].event().source(), "partner/feed");
  EXPECT_EQ(items[0].file(), file.path().substr(file.path().rfind('/') + 1));
  EXPECT_EQ(items[1].unreadable().source(), "partner/feed");
  EXPECT_EQ(items[1].line(), 2U);
  EXPECT_GT(items[1].unreadable().violations_size(), 0);
  EXPECT_EQ(items[2].event().source(), "own");
}

TEST(ReadFeed, StopsWithoutAnErrorWhenAskedTo) {
  const TemporaryFile file("{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
  int given = 0;
  EXPECT_TRUE(ReadFeed({file.path(), "events", "s", ""}, [&](const v1::SubmitEventsRequest&) {
                return ++given < 1;
              }).ok());
  EXPECT_EQ(given, 1);
}

TEST(ReadFeed, NamesTheFileInItsErrors) {
  const TemporaryFile empty("");
  for (const std::string& path : {empty.path(), std::string("/nowhere/x.csv")}) {
    const auto status =
        ReadFeed({path, "auto", "", ""}, [](const v1::SubmitEventsRequest&) { return true; });
    ASSERT_FALSE(status.ok());
    EXPECT_NE(std::string(status.message()).find(path), std::string::npos);
  }
}

}  // namespace
}  // namespace trigpoint
