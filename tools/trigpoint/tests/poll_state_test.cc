#include "poll_state.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kLocation = CqcDocumentKind::kLocation;
constexpr auto kProvider = CqcDocumentKind::kProvider;

class PollStateTest : public testing::Test {
 protected:
  PollStateTest() { std::filesystem::create_directory(folder_); }
  ~PollStateTest() override { std::filesystem::remove_all(folder_); }

  std::string ErrorOf(const std::string& content) {
    std::ofstream(path_) << content;
    const auto read = ReadPollState(path_);
    EXPECT_TRUE(absl::IsDataLoss(read.status())) << content;
    return std::string(read.status().message());
  }

  const std::string folder_ = testing::TempDir() + "poll-state-" + std::to_string(getpid());
  const std::string path_ = folder_ + "/cqc.json";
};

TEST_F(PollStateTest, IsNothingBeforeTheFirstPoll) {
  const auto read = ReadPollState(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->has_value());
}

TEST_F(PollStateTest, ReadsAllThatWasWritten) {
  PollState state;
  state.until = ParseInstant("2026-11-22T21:00:00.25Z").value();
  state.window = PollState::Window{.end = *state.until + kMicrosPerHour, .all = true};
  state.to_fetch = {{.kind = kLocation, .id = "1-2"}, {.kind = kProvider, .id = "1-1"}};
  state.again = {{.kind = kLocation, .id = "RM317"}};
  state.local_authorities = {"Oldham"};
  state.followed = {{.kind = kProvider, .id = "1-9"}};
  ASSERT_TRUE(WritePollState(path_, state).ok());
  const auto read = ReadPollState(path_);
  ASSERT_TRUE(read.ok() && read->has_value()) << read.status();
  EXPECT_EQ((*read)->until, state.until);
  EXPECT_EQ((*read)->window->end, state.window->end);
  EXPECT_TRUE((*read)->window->all);
  EXPECT_EQ((*read)->to_fetch, state.to_fetch);
  EXPECT_EQ((*read)->again, state.again);
  EXPECT_EQ((*read)->local_authorities, state.local_authorities);
  EXPECT_EQ((*read)->followed, state.followed);
}

TEST_F(PollStateTest, StaysAsItWasWhenAWriteWasCutShort) {
  PollState state;
  state.until = ParseInstant("2026-11-22T21:00:00Z").value();
  ASSERT_TRUE(WritePollState(path_, state).ok());
  std::ofstream(path_ + ".new") << "{\"version\":1,\"unt";
  EXPECT_EQ(ReadPollState(path_).value()->until, state.until);
  *state.until += kMicrosPerHour;
  ASSERT_TRUE(WritePollState(path_, state).ok());
  EXPECT_EQ(ReadPollState(path_).value()->until, state.until);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(PollStateTest, SaysWhereAFileIsWrong) {
  EXPECT_THAT(ErrorOf("{\"version\":1,"), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("version"));
  EXPECT_THAT(ErrorOf("{\"version\":2}"), HasSubstr("version"));
  EXPECT_THAT(ErrorOf("{\"version\":1,\"until\":\"yesterday\"}"), HasSubstr("until"));
  EXPECT_THAT(ErrorOf("{\"version\":1,\"to_fetch\":\"1-1\"}"),
              HasSubstr("to_fetch: must be a list"));
  EXPECT_THAT(ErrorOf("{\"version\":1,\"again\":[\"location/1-1\",\"house/2\"]}"),
              HasSubstr("again[1]"));
  // Ids without a window would never be fetched.
  EXPECT_THAT(ErrorOf("{\"version\":1,\"to_fetch\":[\"location/1-1\"]}"), HasSubstr("window"));
}

TEST_F(PollStateTest, CannotBeWrittenWhereThereIsNoFolder) {
  EXPECT_TRUE(absl::IsUnavailable(WritePollState(folder_ + "/no/cqc.json", {})));
}

TEST_F(PollStateTest, IsOfOnePollAtATime) {
  {
    const auto first = PollLock::Take(path_);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(absl::IsFailedPrecondition(PollLock::Take(path_).status()));
  }
  EXPECT_TRUE(PollLock::Take(path_).ok());
}

}  // namespace
}  // namespace trigpoint
