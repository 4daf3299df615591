#include "trigpoint/access/disclosure.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace trigpoint {
namespace {

class DisclosureFile : public testing::Test {
 protected:
  DisclosureFile() {
    std::string pattern = testing::TempDir() + "disclosure-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/disclosure.jsonl";
  }
  ~DisclosureFile() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<DisclosureLog> Open() const {
    auto log = OpenFileDisclosureLog(path_, [] { return Micros{0}; });
    EXPECT_TRUE(log.ok());
    return std::move(log).value();
  }

  std::string Content() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string directory_;
  std::string path_;
  const Principal reader_{.id = "reader", .organisation = "QGH"};
};

TEST_F(DisclosureFile, RecordsReadsOfC3AndAboveAndNoOthers) {
  const auto log = Open();
  for (int s = v1::Sensitivity_MIN; s <= v1::Sensitivity_MAX; ++s) {
    EXPECT_TRUE(log->Record(reader_, "a.B/C", "p-1", static_cast<Sensitivity>(s)).ok());
  }
  const std::string begin =
      R"({"at":"1970-01-01T00:00:00Z","principal":"reader","organisation":"QGH",)"
      R"("method":"a.B/C","provider":"p-1","sensitivity":)";
  EXPECT_EQ(Content(), begin + "\"C3\"}\n" + begin + "\"C4\"}\n" + begin + "\"C5\"}\n");
}

TEST_F(DisclosureFile, RecordsANamedDisclosureOfWhateverClass) {
  const auto log = Open();
  EXPECT_TRUE(log->RecordNamed(reader_, "a.B/C",
                               {.provider = "p-1",
                                .authority_ref = "IG-7",
                                .reference = "d-1",
                                .requester = "home \"1\"",
                                .sensitivity = v1::SENSITIVITY_C1_ORGANISATIONAL})
                  .ok());
  EXPECT_EQ(Content(), R"({"at":"1970-01-01T00:00:00Z","principal":"reader","organisation":"QGH",)"
                       R"("method":"a.B/C","provider":"p-1","sensitivity":"C1","authority":"IG-7",)"
                       R"("reference":"d-1","requester":"home ?1?"})"
                       "\n");
}

TEST_F(DisclosureFile, AppendsToWhatIsThereAndIsPrivate) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Open()->Record(reader_, "m", "p", v1::SENSITIVITY_C3_PSEUDONYMISED).ok());
  }
  const std::string content = Content();
  EXPECT_EQ(std::count(content.begin(), content.end(), '\n'), 2);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(DisclosureFile, LetsNobodyForgeALine) {
  const Principal forger{.id = "x\"}\n{\"principal\":\"other", .organisation = "a\\b\x01\xff"};
  EXPECT_TRUE(Open()->Record(forger, "m", "p\r\n", v1::SENSITIVITY_C3_PSEUDONYMISED).ok());
  const std::string content = Content();
  EXPECT_EQ(std::count(content.begin(), content.end(), '\n'), 1);
  EXPECT_THAT(content, testing::HasSubstr(R"("principal":"x?}?{?principal?:?other")"));
  EXPECT_THAT(content, testing::HasSubstr(R"("organisation":"a?b??","method")"));
}

TEST_F(DisclosureFile, KeepsLinesWholeWhenManyWrite) {
  const auto log = Open();
  constexpr int kThreads = 4;
  constexpr int kEach = 100;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          EXPECT_TRUE(log->Record(reader_, "m", "p", v1::SENSITIVITY_C3_PSEUDONYMISED).ok());
        }
      });
    }
  }
  std::ifstream file(path_);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    EXPECT_TRUE(line.starts_with("{\"at\"") && line.ends_with("\"C3\"}")) << line;
  }
  EXPECT_EQ(lines, kThreads * kEach);
}

TEST_F(DisclosureFile, ReportsWhatCannotBeOpenedOrWritten) {
  EXPECT_EQ(OpenFileDisclosureLog(directory_ + "/no/such").status().code(),
            absl::StatusCode::kUnavailable);
  const auto full = OpenFileDisclosureLog("/dev/full");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ((*full)->Record(reader_, "m", "p", v1::SENSITIVITY_C3_PSEUDONYMISED).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trigpoint
