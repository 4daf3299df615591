#include "services/query/resume_token.h"

#include <gmock/gmock.h>

namespace trigpoint {
namespace {

const std::vector<int64_t> kHeads = {100, 5'000'000'000, 0};

WatchPosition Somewhere() { return {.next = {7, 300, 0}, .open_until = {90, 4'000'000'000, 0}}; }

TEST(ResumeToken, GivesBackWhereItWasMade) {
  const ResumeTokens tokens("log-a");
  const auto read = tokens.Read(tokens.Make(Somewhere()), kHeads);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Somewhere());
}

TEST(ResumeToken, IsGoodInTheNextProcess) {
  EXPECT_TRUE(ResumeTokens("log-a").Read(ResumeTokens("log-a").Make(Somewhere()), kHeads).ok());
}

TEST(ResumeToken, ForgetsABoundThatItHasPassed) {
  const ResumeTokens tokens("log-a");
  const auto read =
      tokens.Read(tokens.Make({.next = {90, 1, 0}, .open_until = {90, 1, 0}}), kHeads);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->open_until, std::vector<int64_t>({0, 0, 0}));
}

TEST(ResumeToken, IsOutOfRangeInAnotherLogOrBeyondItsEnd) {
  const ResumeTokens tokens("log-a");
  const std::string token = tokens.Make(Somewhere());
  EXPECT_TRUE(absl::IsOutOfRange(ResumeTokens("log-b").Read(token, kHeads).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tokens.Read(token, {100, 5'000'000'000}).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tokens.Read(token, {6, 5'000'000'000, 0}).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tokens.Read(token, {89, 5'000'000'000, 0}).status()));
}

TEST(ResumeToken, IsOutOfRangeWhenItIsDamaged) {
  const ResumeTokens tokens("log-a");
  const std::string token = tokens.Make(Somewhere());
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("!!!"), token + "A", token.substr(4)}) {
    EXPECT_TRUE(absl::IsOutOfRange(tokens.Read(text, kHeads).status())) << text;
  }
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto read = tokens.Read(changed, kHeads);
    // A bit beyond the last byte may be without meaning.
    EXPECT_TRUE(absl::IsOutOfRange(read.status()) || *read == Somewhere()) << i;
  }
}

TEST(ResumeToken, HasAnEarliestOneThatLeadsToTheStart) {
  const ResumeTokens tokens("log-a");
  const auto read = tokens.Read(tokens.Earliest(3), {0, 0, 0});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->next, std::vector<int64_t>({0, 0, 0}));
}

}  // namespace
}  // namespace trigpoint
