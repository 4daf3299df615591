#include "services/keys/revocations.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "services/keys/leased_key_cache.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLease = absl::Milliseconds(400);
constexpr absl::Duration kAtOnce = absl::ZeroDuration();

/// Past the leases that an earlier run may have granted.
void AwaitOwnLeases(Revocations* revocations) { revocations->Revoke({}); }

TEST(Revocations, ReturnWhenTheFollowerHasForgotten) {
  Revocations revocations(kLease);
  AwaitOwnLeases(&revocations);
  auto first = *revocations.Follow("a", "", 0, kAtOnce);
  EXPECT_TRUE(first.forget_all);
  std::atomic<bool> forgot{false};
  std::thread follower([&] {
    auto news = *revocations.Follow("a", first.run, first.sequence, absl::Seconds(10));
    EXPECT_FALSE(news.forget_all);
    EXPECT_THAT(news.key_ids, ElementsAre("case-1", "case-2"));
    forgot = true;
    EXPECT_FALSE(revocations.Follow("a", news.run, news.sequence, absl::Seconds(30)).has_value());
  });
  revocations.Revoke({"case-1", "case-2"});
  EXPECT_TRUE(forgot);
  revocations.Stop();
  follower.join();
}

TEST(Revocations, WaitForTheLeaseOfAFollowerThatIsGone) {
  Revocations revocations(kLease);
  AwaitOwnLeases(&revocations);
  const absl::Duration heard = SinceBoot();
  ASSERT_TRUE(revocations.Follow("gone", "", 0, kAtOnce).has_value());
  revocations.Revoke({"case-1"});
  EXPECT_GE(SinceBoot() - heard, kLease);
  const absl::Duration before = SinceBoot();
  revocations.Revoke({"case-2"});
  EXPECT_LT(SinceBoot() - before, kLease) << "it is waited for once";
}

TEST(Revocations, WaitForLeasesThatAnEarlierRunMayHaveGranted) {
  const absl::Duration started = SinceBoot();
  Revocations revocations(kLease);
  revocations.Revoke({"case-1"});
  EXPECT_GE(SinceBoot() - started, kLease);
}

TEST(Revocations, TellAFollowerOfAnotherRunToForgetEverything) {
  Revocations revocations(kLease);
  Revocations another(kLease);
  const auto here = *revocations.Follow("a", "", 0, kAtOnce);
  const auto there = *another.Follow("a", here.run, here.sequence, absl::Seconds(30));
  EXPECT_TRUE(there.forget_all);
  EXPECT_NE(there.run, here.run);
}

TEST(Revocations, TellAFollowerThatIsFarBehindToForgetEverything) {
  Revocations revocations(kLease);
  const auto first = *revocations.Follow("a", "", 0, kAtOnce);
  const std::vector<std::string> many(11'000, "case");
  std::thread revoking([&] { revocations.Revoke(many); });
  const auto news = *revocations.Follow("a", first.run, first.sequence, absl::Seconds(30));
  EXPECT_TRUE(news.forget_all);
  EXPECT_THAT(news.key_ids, IsEmpty());
  revoking.join();
}

class LeasedKeys : public testing::Test {
 protected:
  absl::Duration now_ = absl::Seconds(100);
  LeasedKeyCache cache_{10, [this] { return now_; }};
};

TEST_F(LeasedKeys, AreRememberedUntilTheLeaseRunsOut) {
  EXPECT_FALSE(cache_.Begin().has_value()) << "nobody tells yet what is destroyed";
  cache_.Insert(cache_.Begin(), "case-1", "k");
  cache_.Extend(now_ + absl::Seconds(5));
  EXPECT_FALSE(cache_.Find("case-1").has_value());
  cache_.Insert(cache_.Begin(), "case-1", "k");
  EXPECT_EQ(cache_.Find("case-1"), "k");
  EXPECT_TRUE(cache_.Lasts());
  now_ += absl::Seconds(5);
  EXPECT_FALSE(cache_.Lasts());
  EXPECT_FALSE(cache_.Find("case-1").has_value());
  cache_.Extend(now_ + absl::Seconds(5));
  EXPECT_FALSE(cache_.Find("case-1").has_value()) << "what ran out does not come back";
}

TEST_F(LeasedKeys, AreForgottenWhenTheyAreDestroyed) {
  cache_.Extend(now_ + absl::Seconds(5));
  cache_.Insert(cache_.Begin(), "case-1", "k");
  cache_.Insert(cache_.Begin(), "case-2", "l");
  cache_.Forget({"case-1"});
  EXPECT_FALSE(cache_.Find("case-1").has_value());
  EXPECT_EQ(cache_.Find("case-2"), "l");
  cache_.ForgetAll();
  EXPECT_FALSE(cache_.Find("case-2").has_value());
}

TEST_F(LeasedKeys, AreNotRememberedWhenADestructionOvertookTheAnswer) {
  cache_.Extend(now_ + absl::Seconds(5));
  const auto asked = cache_.Begin();
  cache_.Forget({"case-1"});
  cache_.Insert(asked, "case-1", "k");
  EXPECT_FALSE(cache_.Find("case-1").has_value());
}

TEST_F(LeasedKeys, AreNotRememberedAcrossALapse) {
  cache_.Extend(now_ + absl::Seconds(5));
  const auto asked = cache_.Begin();
  now_ += absl::Seconds(6);
  EXPECT_FALSE(cache_.Begin().has_value());
  cache_.Extend(now_ + absl::Seconds(5));
  cache_.Insert(asked, "case-1", "k");
  EXPECT_FALSE(cache_.Find("case-1").has_value());
}

}  // namespace
}  // namespace trigpoint
