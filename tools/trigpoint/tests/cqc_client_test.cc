#include "cqc_client.h"

#include <gmock/gmock.h>

#include <deque>
#include <numeric>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

constexpr const char* kKey = "sesame-0123456789";

// An API that answers as told and a clock that moves by waiting alone.
class CqcClientTest : public testing::Test {
 protected:
  CqcClient NewClient(int per_minute = 60'000) {
    return CqcClient({.base_url = "https://api.example/public/v1",
                      .key = kKey,
                      .ca_file = {},
                      .per_minute = per_minute,
                      .wait =
                          [this](Micros span) {
                            now_ += span;
                            if (span > kMicrosPerMinute / per_minute_) waits_.push_back(span);
                            return !stopped_;
                          },
                      .now_us = [this] { return now_; },
                      .send =
                          [this](const HttpRequest& request) {
                            requests_.push_back(request);
                            now_ += took_;
                            if (answers_.empty()) return Ok();
                            auto answer = std::move(answers_.front());
                            answers_.pop_front();
                            return answer;
                          }});
  }

  static absl::StatusOr<HttpAnswer> Ok(std::string content = "{}") {
    return HttpAnswer{.status = 200, .content = std::move(content)};
  }
  void Answer(long status, Micros retry_after = 0) {
    answers_.emplace_back(HttpAnswer{.status = status, .retry_after = retry_after});
  }
  static absl::Status TakeAnything(const std::string&) { return absl::OkStatus(); }

  std::deque<absl::StatusOr<HttpAnswer>> answers_;
  std::vector<HttpRequest> requests_;
  std::vector<Micros> waits_;  // Longer than the pace asks for.
  Micros now_ = ParseInstant("2026-11-22T21:00:00Z").value();
  Micros took_ = 0;
  int per_minute_ = 60'000;
  bool stopped_ = false;
};

TEST_F(CqcClientTest, AsksWithTheKeyInItsHeaderAndNowhereElse) {
  CqcClient client = NewClient();
  answers_.push_back(Ok("{\"a\":1}"));
  std::string read;
  ASSERT_TRUE(client
                  .Get("/locations/1-1",
                       [&read](const std::string& content) {
                         read = content;
                         return absl::OkStatus();
                       })
                  .ok());
  EXPECT_EQ(read, "{\"a\":1}");
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].url, "https://api.example/public/v1/locations/1-1");
  EXPECT_EQ(requests_[0].method, HttpMethod::kGet);
  EXPECT_THAT(requests_[0].headers, Contains(std::string("Ocp-Apim-Subscription-Key: ") + kKey));
}

TEST_F(CqcClientTest, WaitsAsLongAsItIsAskedToAndAsksAgain) {
  CqcClient client = NewClient();
  Answer(429, 17 * kMicrosPerSecond);
  ASSERT_TRUE(client.Get("/x", &TakeAnything).ok());
  EXPECT_EQ(requests_.size(), 2U);
  EXPECT_THAT(waits_, testing::ElementsAre(17 * kMicrosPerSecond));
}

TEST_F(CqcClientTest, WaitsLongerAfterEachFailureAndGivesUpAfterTheFifth) {
  CqcClient client = NewClient();
  for (int i = 0; i < 9; ++i) Answer(503);
  const absl::Status status = client.Get("/x", &TakeAnything);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("/x"), HasSubstr("503")));
  EXPECT_EQ(requests_.size(), 5U);
  ASSERT_EQ(waits_.size(), 4U);
  EXPECT_THAT(waits_, Each(AllOf(Ge(kMicrosPerSecond / 2), Le(8 * kMicrosPerSecond))));
  EXPECT_GT(waits_[3], waits_[0]);
}

TEST_F(CqcClientTest, AsksAgainForContentThatIsCut) {
  CqcClient client = NewClient();
  answers_.emplace_back(absl::DataLossError("Transferred a partial file"));
  answers_.push_back(Ok("{\"a\""));
  const absl::Status status = client.Get("/x", [](const std::string& content) {
    return content == "{}" ? absl::OkStatus() : absl::InvalidArgumentError("JSON_SYNTAX");
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(requests_.size(), 3U);
}

TEST_F(CqcClientTest, SaysThatContentCannotBeUsedWhenItNeverCould) {
  CqcClient client = NewClient();
  const absl::Status status = client.Get(
      "/x", [](const std::string&) { return absl::InvalidArgumentError("changes: LIST_MISSING"); });
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("changes: LIST_MISSING"));
}

TEST_F(CqcClientTest, DoesNotAskAgainWhereThatHelpsNobody) {
  CqcClient client = NewClient();
  const auto code_of = [&](long status) {
    Answer(status);
    return client.Get("/x", &TakeAnything).code();
  };
  EXPECT_EQ(code_of(404), absl::StatusCode::kNotFound);
  EXPECT_EQ(code_of(401), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code_of(403), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code_of(400), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code_of(302), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(requests_.size(), 5U);
  answers_.emplace_back(absl::UnauthenticatedError("SSL peer certificate was not OK"));
  EXPECT_TRUE(absl::IsUnauthenticated(client.Get("/x", &TakeAnything)));
  answers_.emplace_back(absl::OutOfRangeError("the answer is larger"));
  EXPECT_TRUE(absl::IsDataLoss(client.Get("/x", &TakeAnything)));
  EXPECT_EQ(requests_.size(), 7U);
}

TEST_F(CqcClientTest, DoesNotSitOutAQuotaThatIsOverForHours) {
  CqcClient client = NewClient();
  Answer(403, kMicrosPerHour);
  const absl::Status status = client.Get("/x", &TakeAnything);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("3600 s"));
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(CqcClientTest, HasTheKeyInNoError) {
  CqcClient client = NewClient();
  for (const long http : {400L, 401L, 404L, 307L}) {
    Answer(http);
    EXPECT_THAT(StatusText(client.Get("/x", &TakeAnything)), Not(HasSubstr("sesame"))) << http;
  }
}

TEST_F(CqcClientTest, EndsWhenItIsStoppedWhileItWaits) {
  CqcClient client = NewClient();
  stopped_ = true;
  EXPECT_TRUE(absl::IsCancelled(client.Get("/x", &TakeAnything)));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(CqcClientTest, KeepsItsPaceWithoutWaitingLongerThanNeeded) {
  per_minute_ = 600;
  CqcClient client = NewClient(per_minute_);
  const Micros started = now_;
  for (int i = 0; i < 61; ++i) ASSERT_TRUE(client.Get("/x", &TakeAnything).ok());
  EXPECT_EQ(now_ - started, 60 * kMicrosPerMinute / 600);
  // Requests that take longer than their place need no wait.
  took_ = kMicrosPerSecond;
  const Micros slow = now_;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.Get("/x", &TakeAnything).ok());
  EXPECT_LE(now_ - slow, 10 * kMicrosPerSecond + kMicrosPerMinute / 600);
}

TEST(Pace, WaitsNoLongerWhenTheClockIsSetBack) {
  Pace pace(60);
  EXPECT_EQ(pace.Reserve(kMicrosPerDay), 0);
  EXPECT_EQ(pace.Reserve(kMicrosPerHour), kMicrosPerSecond);
}

}  // namespace
}  // namespace trigpoint
