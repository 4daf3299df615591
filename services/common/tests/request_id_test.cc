#include "services/common/request_id.h"

#include <gmock/gmock.h>

#include "services/common/field_error.h"
#include "trigpoint/base/reason.h"

namespace trigpoint {
namespace {

constexpr char kId[] = "5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8a";

std::string Of(const std::string& principal, const std::string& request_id,
               std::string_view method = "Decide") {
  const auto id = EventIdOf({.id = principal}, method, request_id);
  EXPECT_TRUE(id.ok()) << id.status();
  return id.value_or("");
}

TEST(EventIdOf, IsTheSameForTheSameCallerMethodAndRequest) {
  EXPECT_EQ(Of("a", kId), Of("a", kId));
  EXPECT_NE(Of("a", kId), Of("b", kId));
  EXPECT_NE(Of("a", kId), Of("a", kId, "Concur"));
  EXPECT_EQ(Of("a", kId).size(), 32U);
}

TEST(EventIdOf, TakesAUuidInLargeLettersAsTheSame) {
  EXPECT_EQ(Of("a", "5F0C9BE2-46AB-4F6D-9D3E-0A52CFCF4B8A"), Of("a", kId));
}

TEST(EventIdOf, IsFreshWithoutARequestId) { EXPECT_NE(Of("a", ""), Of("a", "")); }

TEST(EventIdOf, TakesNothingButAUuid) {
  for (const std::string wrong :
       {"1", "5f0c9be246ab4f6d9d3e0a52cfcf4b8a", "5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8",
        "{5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8a}", "5f0c9be2-46ab-4f6d-9d3e-0a52cfcf4b8g",
        "5f0c9be2_46ab_4f6d_9d3e_0a52cfcf4b8a", "the move of Mrs Quillfeather"}) {
    const auto violation = FieldErrorOf(EventIdOf({.id = "a"}, "Decide", wrong).status());
    ASSERT_TRUE(violation.has_value()) << wrong;
    EXPECT_EQ(violation->field(), "request_id");
    EXPECT_EQ(violation->description().find("Quillfeather"), std::string::npos);
  }
}

MATCHER_P(IsOkAndHolds, value, "") { return arg.ok() && *arg == value; }

v1::EventRef Content(const std::string& id) {
  v1::EventRef content;
  content.set_id(id);
  return content;
}

TEST(RecentRequests, TellsARepetitionFromAnotherRequestUnderTheSameId) {
  RecentRequests requests;
  EXPECT_TRUE(requests.Take("a", Content("1")));
  EXPECT_TRUE(requests.Take("a", Content("1")));
  EXPECT_FALSE(requests.Take("a", Content("2")));
  EXPECT_TRUE(requests.Take("b", Content("2")));
}

TEST(RecentRequests, ForgetsTheOldest) {
  RecentRequests requests;
  for (int i = 0; i < 5'000; ++i) EXPECT_TRUE(requests.Take(std::to_string(i), Content("1")));
  EXPECT_FALSE(requests.Take("4999", Content("2")));
  EXPECT_TRUE(requests.Take("0", Content("2"))) << "the index of the store knows it by now";
}

TEST(RecentRequests, AnswersARequestAgainAsItWasAnsweredThen) {
  // Given a request that was carried out
  RecentRequests requests;
  v1::EventRef answer;
  EXPECT_THAT(requests.Begin("a", Content("1"), &answer), IsOkAndHolds(false));
  requests.End("a", true, Content("answered"));
  // When it comes again, and another under its id
  EXPECT_THAT(requests.Begin("a", Content("1"), &answer), IsOkAndHolds(true));
  const auto other = requests.Begin("a", Content("2"), &answer);
  // Then the one has its answer and the other none
  EXPECT_EQ(answer.id(), "answered");
  ASSERT_TRUE(FieldErrorOf(other.status()).has_value());
  EXPECT_EQ(FieldErrorOf(other.status())->rule(), "REQUEST_ID_REUSED");
}

TEST(RecentRequests, CarriesNoRequestOutTwiceAtOnce) {
  RecentRequests requests;
  v1::EventRef answer;
  EXPECT_THAT(requests.Begin("a", Content("1"), &answer), IsOkAndHolds(false));
  EXPECT_EQ(ReasonOf(requests.Begin("a", Content("1"), &answer).status()), "REQUEST_RUNNING");
}

TEST(RecentRequests, TakesARequestThatFailedAsAnotherTry) {
  RecentRequests requests;
  v1::EventRef answer;
  EXPECT_THAT(requests.Begin("a", Content("1"), &answer), IsOkAndHolds(false));
  requests.End("a", false, answer);
  EXPECT_THAT(requests.Begin("a", Content("1"), &answer), IsOkAndHolds(false));
}

TEST(RecentRequests, KeepsNothingOfARequestWithoutAnId) {
  RecentRequests requests;
  v1::EventRef answer;
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(requests.Begin("", Content("1"), &answer), IsOkAndHolds(false));
    requests.End("", true, Content("answered"));
  }
}

}  // namespace
}  // namespace trigpoint
