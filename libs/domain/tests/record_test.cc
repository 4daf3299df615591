// What people answer to an alert, in the record of a service.
#include "trigpoint/domain/record.h"

#include <gtest/gtest.h>

#include <string>

namespace trigpoint {
namespace {

v1::Event Acknowledged(const std::string& by) {
  v1::Event event;
  event.mutable_alert_acknowledged()->set_alert_id("alert");
  event.mutable_alert_acknowledged()->mutable_actor()->set_principal(by);
  return event;
}

v1::Event Declined(const std::string& by, const std::string& reason) {
  v1::Event event;
  event.mutable_alert_declined()->set_alert_id("alert");
  event.mutable_alert_declined()->set_reason(reason);
  event.mutable_alert_declined()->mutable_actor()->set_principal(by);
  return event;
}

/// A record in which an alert was raised.
class AlertAnswers : public testing::Test {
 protected:
  AlertAnswers() {
    v1::Event raised;
    raised.mutable_rapid_quality_review_alert()->set_alert_id("alert");
    Fold(raised, 1);
  }
  RecordOutcome Fold(const v1::Event& event, int64_t known_us) {
    return EvolveRecord(
        event, known_us, [](const std::string&) { return DecisionContext(); }, &record_);
  }
  const v1::AlertRecord& Alert() const { return record_.alerts(0); }

  v1::ProviderRecord record_;
};

// domain.md 2.5; 3.5 rule b
TEST_F(AlertAnswers, ADeclineStandsWithWhoAndWhyAndIsNoAcknowledgement) {
  EXPECT_FALSE(IsAnswered(Alert()));
  EXPECT_EQ(Fold(Declined("a.jones", "the risk summit covers it"), 2), RecordOutcome::kRecorded);
  EXPECT_TRUE(IsAnswered(Alert()));
  EXPECT_EQ(Alert().declined_us(), 2);
  EXPECT_EQ(Alert().declined().actor().principal(), "a.jones");
  EXPECT_EQ(Alert().declined().reason(), "the risk summit covers it");
  EXPECT_EQ(Alert().acknowledged_us(), 0);
}

// domain.md 2.5
TEST_F(AlertAnswers, TheFirstDeclineStandsAndNobodyTakesADeclinedAlertInHand) {
  Fold(Declined("a.jones", "first"), 2);
  EXPECT_EQ(Fold(Declined("b.smith", "second"), 3), RecordOutcome::kUnchanged);
  EXPECT_EQ(Fold(Acknowledged("b.smith"), 4), RecordOutcome::kUnchanged);
  EXPECT_EQ(Alert().declined().reason(), "first");
  EXPECT_EQ(Alert().acknowledged_us(), 0);
}

// domain.md 2.5
TEST_F(AlertAnswers, WhoHasItInHandMayFindThatNoReviewIsWarranted) {
  Fold(Acknowledged("a.jones"), 2);
  EXPECT_EQ(Fold(Declined("a.jones", "looked into"), 3), RecordOutcome::kRecorded);
  EXPECT_EQ(Alert().acknowledged_us(), 2);
  EXPECT_EQ(Alert().declined_us(), 3);
}

TEST_F(AlertAnswers, NothingIsSaidOfAnAlertThatWasNeverRaised) {
  v1::Event other = Declined("a.jones", "why");
  other.mutable_alert_declined()->set_alert_id("another");
  EXPECT_EQ(Fold(other, 2), RecordOutcome::kUnchanged);
  EXPECT_FALSE(IsAnswered(Alert()));
}

}  // namespace
}  // namespace trigpoint
