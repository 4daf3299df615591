#include "services/notify/alerts_topic.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "ingest_fixture.h"
#include "services/ingest/control_publisher.h"
#include "services/notify/deliveries.h"
#include "topics_backend.h"

namespace trigpoint {
namespace {

using ::testing::SizeIs;
using Json = nlohmann::json;

/// A projector with the policies of the tree, one service, and deliveries to a topic.
class AlertsTopicTest : public IngestTest {
 protected:
  void SetUp() override {
    const TopicsBackendTraits traits = TopicsBackendUnderTest();
    if (!traits.missing.empty()) GTEST_SKIP() << traits.name << " " << traits.missing;
    backend_ = traits.make();
    topic_ = backend_->NewTopic(3);
    ControlPublisher controls(projector_.get(), writer_.get());
    ASSERT_TRUE(
        controls.ActivatePolicies(std::string(TRIGPOINT_SOURCE_DIR) + "/deploy/policies").ok());
    v1::Event home = Registration("1-1");
    home.mutable_service_registered()->add_commissioners("herefordshire-council");
    ASSERT_EQ(OutcomeOf(home), v1::SUBMISSION_OUTCOME_ACCEPTED);
  }
  void TearDown() override { deliveries_.reset(); }

  void Deliver() {
    auto opened = Deliveries::Open({.projector = projector_.get(),
                                    .metrics = metrics_.get(),
                                    .directory = directory_ / "outbox",
                                    .log_id = "log",
                                    .now_us = [this] { return now_us_.load(); },
                                    .alerts_topic = topic_,
                                    .kafka = backend_->connection()},
                                   {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    deliveries_ = *std::move(opened);
    deliveries_->Start();
  }

  /// A report that raises an alert of its own: a theme for each.
  void Urgent(const std::string& id, v1::Theme theme) {
    v1::Event event = EventOf("council/safeguarding", id, "1-1");
    event.set_source_organisation("council");
    event.add_themes(theme);
    auto* risk = event.mutable_immediate_risk_asserted();
    risk->set_grade(v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
    risk->set_asserted_by_role("safeguarding lead");
    risk->set_rapid_sharing_requested(true);
    ASSERT_EQ(OutcomeOf(event), v1::SUBMISSION_OUTCOME_ACCEPTED);
    if (deliveries_ != nullptr) deliveries_->Wake();
  }

  /// So many messages of the topic from its beginning.
  std::vector<TopicRecord> ReadAll(size_t count) {
    std::vector<TopicRecord> all;
    auto reader = TopicReader::Open({.connection = backend_->connection(),
                                     .group = absl::StrCat(topic_, "-", ++readers_),
                                     .topics = {topic_}});
    EXPECT_TRUE(reader.ok()) << reader.status();
    for (int turns = 0; all.size() < count && turns < 200; ++turns) {
      auto records = (*reader)->Poll(100, absl::Milliseconds(200));
      if (absl::IsNotFound(records.status())) continue;  // Brokers learn of a new topic one by one.
      EXPECT_TRUE(records.ok()) << records.status();
      if (!records.ok()) break;
      for (auto& record : *records) all.push_back(std::move(record));
    }
    EXPECT_EQ(all.size(), count);
    return all;
  }

  std::unique_ptr<TopicsBackend> backend_;
  std::string topic_;
  std::unique_ptr<Deliveries> deliveries_;
  int readers_ = 0;
};

TEST_F(AlertsTopicTest, AnAlertIsWrittenOnceKeyedByItsId) {
  Urgent("risk-1", v1::THEME_FALLS);
  Deliver();
  const auto first = ReadAll(1);
  ASSERT_THAT(first, SizeIs(1));
  const Json body = Json::parse(first[0].message.value);
  EXPECT_EQ(body["type"], "rapid_quality_review_alert.raised");
  EXPECT_TRUE(body.contains("timestamp"));
  EXPECT_EQ(first[0].message.key, body["data"]["alert_id"].get<std::string>());
  ASSERT_THAT(first[0].message.headers, SizeIs(2));
  EXPECT_EQ(first[0].message.headers[1].second, first[0].message.key);
  // From a checkpoint of its own: a restart writes what is new, and nothing again.
  deliveries_.reset();
  Urgent("risk-2", v1::THEME_MEDICINES);
  Deliver();
  const auto both = ReadAll(2);
  std::set<std::string> keys;
  for (const auto& record : both) keys.insert(record.message.key.value_or(""));
  EXPECT_THAT(keys, SizeIs(2));
}

TEST_F(AlertsTopicTest, ItIsAnEndpointThatOperatorsSee) {
  Deliver();
  const auto listed = deliveries_->List("");
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_THAT(listed->endpoints(), SizeIs(1));
  EXPECT_EQ(listed->endpoints(0).endpoint(), "kafka:" + topic_);
}

TEST_F(AlertsTopicTest, BrokersThatAreAwayAreWaitedFor) {
  Deliver();
  if (!backend_->SetDown(true)) GTEST_SKIP() << "these brokers cannot be taken away";
  Urgent("risk-1", v1::THEME_FALLS);
  deliveries_.reset();  // In the middle of the attempt: it is not lost, and this does not wait.
  backend_->SetDown(false);
  Deliver();
  EXPECT_THAT(ReadAll(1), SizeIs(1));
}

TEST_F(AlertsTopicTest, AMessageThatIsTooLargeBecomesADeadLetter) {
  auto topic = AlertsTopic::Open(backend_->connection(), topic_);
  ASSERT_TRUE(topic.ok()) << topic.status();
  OutboxMessage message;
  message.body.assign(kTopicValueBytesMax + 1, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument((*topic)->Write(message)));
  (*topic)->Abort();
  message.body = "x";
  EXPECT_TRUE(absl::IsCancelled((*topic)->Write(message)));
}

}  // namespace
}  // namespace trigpoint
