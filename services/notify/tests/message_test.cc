#include "services/notify/message.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "services/notify/digest.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using ::testing::Not;

constexpr Micros kNow = 1'767'225'600'000'000;  // 2026-01-01

v1::Alert AlertOf(v1::RapidQualityReviewAlert::Kind kind) {
  v1::Alert alert;
  alert.set_alert_id("5f2c");
  alert.set_provider("providers/p");
  alert.set_display_name("House");
  alert.mutable_detail()->set_kind(kind);
  alert.mutable_detail()->set_tier(2);
  SetMicros(kNow - 1, alert.mutable_raised_at());
  return alert;
}

TEST(AlertMessage, IsTheAlertAsTheApiShowsItUnderItsOwnId) {
  const OutboxMessage message =
      AlertMessage(AlertOf(v1::RapidQualityReviewAlert::KIND_RAISED), kNow);
  EXPECT_EQ(message.id, "5f2c");
  EXPECT_EQ(message.provider, "providers/p");
  const auto body = nlohmann::json::parse(message.body);
  EXPECT_EQ(body["type"], "rapid_quality_review_alert.raised");
  EXPECT_EQ(body["timestamp"], "2025-12-31T23:59:59.999999Z");
  EXPECT_EQ(body["data"]["alert_id"], "5f2c");
  EXPECT_EQ(body["data"]["detail"]["tier"], 2);
  EXPECT_EQ(body["data"]["detail"]["protected_source"], false) << "fields without a value, too";
  EXPECT_THAT(message.body, Not(testing::HasSubstr("\n")));
}

TEST(AlertMessage, HasTheSameBytesWheneverItIsMade) {
  const v1::Alert alert = AlertOf(v1::RapidQualityReviewAlert::KIND_NEXT_TIER);
  EXPECT_EQ(AlertMessage(alert, kNow).body, AlertMessage(alert, kNow + 99).body);
  EXPECT_EQ(MessageType(alert.detail().kind()), "rapid_quality_review_alert.next_tier");
  EXPECT_EQ(MessageType(v1::RapidQualityReviewAlert::KIND_CLUSTER_ATTACHED),
            "rapid_quality_review_alert.cluster_attached");
}

DigestContent Quiet() {
  DigestContent content;
  content.due_us = kNow;
  content.told_from = "log\ndesk";
  content.awaiting_decision = 3;
  content.endpoints.push_back({.name = "desk", .counts = {.delivered = 9}, .dead = {}});
  return content;
}

TEST(DigestMessage, SaysSoWhenThereIsNothingToReport) {
  const auto body = nlohmann::json::parse(DigestMessage(Quiet(), kNow).body);
  EXPECT_EQ(body["type"], "digest");
  EXPECT_EQ(body["data"]["date"], "2026-01-01");
  EXPECT_EQ(body["data"]["nothing_to_report"], true);
  EXPECT_EQ(body["data"]["summary"], "nothing to report");
  EXPECT_EQ(body["data"]["awaiting_decision"], 3);
  EXPECT_EQ(body["data"]["endpoints"][0]["delivered"], 9);
}

// Silence is never "nothing to report" without a word of it.
TEST(DigestMessage, TellsWhichServicesAreSilent) {
  DigestContent content = Quiet();
  content.feeds_silent = 3;
  DigestSilence& silence = content.silent_services.emplace_back();
  silence.provider = "providers/p";
  silence.display_name = "Elm Court";
  silence.ids.emplace_back().set_scheme("cqc-location");
  silence.ids.back().set_value("1-1");
  v1::FeedSilent& feed = silence.feeds.emplace_back();
  feed.set_kind("monitoring_return_received");
  feed.set_expected_every_days(31);
  feed.set_clause("S2 3.3.2");
  SetMicros(kNow - kMicrosPerDay, feed.mutable_since());
  const auto data = nlohmann::json::parse(DigestMessage(content, kNow).body)["data"];
  EXPECT_EQ(data["nothing_to_report"], true);
  EXPECT_EQ(data["summary"], "nothing to report; feeds silent: 3");
  EXPECT_EQ(data["feeds_silent"], 3);
  const auto& told = data["silent_services"][0];
  EXPECT_EQ(told["ids"][0], "cqc-location/1-1");
  EXPECT_EQ(told["feeds"][0]["kind"], "monitoring_return_received");
  EXPECT_EQ(told["feeds"][0]["silent_since"], "2025-12-31T00:00:00Z");
  EXPECT_FALSE(told["feeds"][0].contains("last_on")) << "it never came";
}

TEST(DigestMessage, TellsWhatFellOverdueWithRuleClauseAndOwner) {
  DigestContent content = Quiet();
  content.overdue = 7;
  DigestOverdue& item = content.fell_overdue.emplace_back();
  item.provider = "providers/p";
  item.owed.set_policy_id("herefordshire");
  item.owed.set_rule("DL-33");
  item.owed.set_clause("S2 App 2 Levels 1 and 2");
  item.owed.set_owner("TEAM_MANAGER");
  SetMicros(kNow - kMicrosPerDay, item.owed.mutable_due_at());
  const auto data = nlohmann::json::parse(DigestMessage(content, kNow).body)["data"];
  EXPECT_EQ(data["nothing_to_report"], false);
  EXPECT_EQ(data["overdue"], 7);
  const auto& told = data["fell_overdue"][0];
  EXPECT_EQ(told["rule"], "DL-33");
  EXPECT_EQ(told["clause"], "S2 App 2 Levels 1 and 2");
  EXPECT_EQ(told["owner"], "TEAM_MANAGER");
  EXPECT_EQ(told["due_at"], "2025-12-31T00:00:00Z");
}

TEST(DigestMessage, HasAnIdOfItsOwnForEachLogEndpointAndDay) {
  DigestContent other = Quiet();
  EXPECT_EQ(DigestMessage(other, kNow).id, DigestMessage(Quiet(), kNow + 5).id);
  other.due_us += kMicrosPerDay;
  EXPECT_NE(DigestMessage(other, kNow).id, DigestMessage(Quiet(), kNow).id);
  other = Quiet();
  other.told_from = "log\nother";
  EXPECT_NE(DigestMessage(other, kNow).id, DigestMessage(Quiet(), kNow).id);
}

TEST(DigestMessage, NamesRuleAndClauseOfWhatHolds) {
  DigestContent content = Quiet();
  v1::OpenRecommendation& open = content.recommendations.emplace_back();
  open.set_provider("providers/p");
  auto* id = open.add_ids();
  id->set_scheme("cqc-location");
  id->set_value("1-1");
  v1::Recommendation* recommendation = open.mutable_recommendation();
  recommendation->set_kind(v1::Recommendation::KIND_REVISED);
  recommendation->set_target_state("LEVEL_3");
  recommendation->set_urgent(true);
  recommendation->set_urgent_target("RAPID_REVIEW");
  for (const auto value : {v1::TRUTH_VALUE_TRUE, v1::TRUTH_VALUE_FALSE, v1::TRUTH_VALUE_UNKNOWN}) {
    auto* criterion = recommendation->add_criteria();
    criterion->set_id("H-L3-" + std::to_string(value));
    criterion->set_clause("S2 App 2");
    criterion->set_value(value);
    criterion->set_decisive(true);
  }
  OutboxDeadLetter& letter = content.endpoints[0].dead.emplace_back();
  letter.message.id = "m";
  letter.failure = {.reason = "HTTP 410", .attempts = 1};
  const auto data = nlohmann::json::parse(DigestMessage(content, kNow).body)["data"];
  EXPECT_EQ(data["nothing_to_report"], false);
  const auto& told = data["recommendations"][0];
  EXPECT_EQ(told["ids"][0], "cqc-location/1-1");
  EXPECT_EQ(told["target_state"], "RAPID_REVIEW");
  EXPECT_EQ(told["kind"], "KIND_REVISED");
  ASSERT_EQ(told["criteria"].size(), 1U);
  EXPECT_EQ(told["criteria"][0]["clause"], "S2 App 2");
  EXPECT_EQ(data["dead_letters"][0]["endpoint"], "desk");
  EXPECT_EQ(data["dead_letters"][0]["error"], "HTTP 410");
}

}  // namespace
}  // namespace trigpoint
