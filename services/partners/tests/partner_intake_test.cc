#include "services/partners/partner_intake.h"

#include <gmock/gmock.h>

#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "ingest_fixture.h"
#include "topics_backend.h"
#include "trigpoint/access/principals.h"
#include "trigpoint/events/json.h"

namespace trigpoint {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr char kPrincipals[] = R"(
principals:
  - id: home-feed
    organisation: homes
    roles: [PARTNER]
    sources: [home]
    clearance: C2
    certificate_cn: home-feed
)";

/// A partner, a topic of its own, and the real intake behind it.
class PartnerIntakeTest : public IngestTest {
 protected:
  void SetUp() override {
    const TopicsBackendTraits traits = TopicsBackendUnderTest();
    if (!traits.missing.empty()) GTEST_SKIP() << traits.name << " " << traits.missing;
    backend_ = traits.make();
    topic_.topic = backend_->NewTopic(1);
    topic_.partner = "home-feed";
    topic_.outcomes = backend_->NewTopic(1);
    topic_.dead_letters = backend_->NewTopic(1);
    auto principals = Principals::FromYaml(kPrincipals);
    ASSERT_TRUE(principals.ok()) << principals.status();
    auth_ = std::make_unique<CallerAuth>(*std::move(principals), nullptr);
    auto writer = TopicWriter::Open({.connection = backend_->connection()});
    ASSERT_TRUE(writer.ok()) << writer.status();
    writer_ = *std::move(writer);
    ASSERT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  }
  void TearDown() override { partners_.reset(); }

  absl::Status StartIntake() {
    auto started =
        StartPartnerIntake({.intake = intake_.get(),
                            .auth = auth_.get(),
                            .metrics = metrics_.get(),
                            .connection = backend_->connection(),
                            .now_us = [this] { return now_us_.load(); },
                            .back_off = {.min = kMicrosPerMilli, .max = 20 * kMicrosPerMilli}},
                           {topic_});
    if (started.ok()) partners_ = *std::move(started);
    return started.status();
  }

  void Send(std::string value, std::vector<std::pair<std::string, std::string>> headers = {},
            std::optional<std::string> key = std::nullopt) {
    TopicMessage message;
    message.topic = topic_.topic;
    message.key = std::move(key);
    message.value = std::move(value);
    message.headers = std::move(headers);
    std::promise<absl::Status> answered;
    writer_->Write(std::move(message),
                   [&](absl::Status status) { answered.set_value(std::move(status)); });
    const absl::Status sent = answered.get_future().get();
    ASSERT_TRUE(sent.ok()) << sent;
  }
  /// The two forms of a CloudEvent.
  void SendStructured(const v1::Event& event, const std::string& kind) {
    const Json body{{"specversion", "1.0"},
                    {"id", event.id()},
                    {"source", event.source()},
                    {"type", "trigpoint.v1." + kind},
                    {"datacontenttype", "application/json"},
                    {"data", Json::parse(EventToJson(event))}};
    Send(body.dump(), {{"content-type", "application/cloudevents+json"}}, event.subject().value());
  }
  void SendBinary(const v1::Event& event, const std::string& kind) {
    Send(event.SerializeAsString(), {{"content-type", "application/protobuf"},
                                     {"ce_specversion", "1.0"},
                                     {"ce_id", event.id()},
                                     {"ce_source", event.source()},
                                     {"ce_type", "trigpoint.v1." + kind}});
  }
  void SendIncident(int number) { SendStructured(Incident("1-1", number), "incident_reported"); }

  /// So many messages of a topic from its beginning, with their keys under "key".
  std::vector<Json> ReadAll(const std::string& topic, size_t count) {
    std::vector<Json> all;
    auto reader = TopicReader::Open({.connection = backend_->connection(),
                                     .group = absl::StrCat(topic, "-", ++readers_),
                                     .topics = {topic}});
    EXPECT_TRUE(reader.ok()) << reader.status();
    for (int turns = 0; all.size() < count && turns < 200; ++turns) {
      const auto records = (*reader)->Poll(100, absl::Milliseconds(200));
      if (absl::IsNotFound(records.status())) continue;  // Brokers learn of a new topic one by one.
      EXPECT_TRUE(records.ok()) << records.status();
      if (!records.ok()) break;
      for (const auto& record : *records) {
        Json one = Json::parse(record.message.value);
        one["key"] = record.message.key.value_or("");
        all.push_back(std::move(one));
      }
    }
    EXPECT_EQ(all.size(), count) << topic;
    return all;
  }
  std::vector<Json> Outcomes(size_t count) { return ReadAll(topic_.outcomes, count); }
  static std::vector<std::string> Told(const std::vector<Json>& outcomes) {
    std::vector<std::string> told;
    for (const auto& one : outcomes) {
      told.push_back(absl::StrCat(one["record"]["offset"].get<int>(), " ",
                                  one["outcome"].get<std::string>().substr(19)));
    }
    return told;
  }
  std::vector<v1::HeldSubmission> Quarantined() { return projector_->Quarantined({}, "", 100); }

  std::unique_ptr<TopicsBackend> backend_;
  PartnerTopic topic_;
  std::unique_ptr<CallerAuth> auth_;
  std::unique_ptr<TopicWriter> writer_;
  std::unique_ptr<PartnerIntake> partners_;
  int readers_ = 0;
};

TEST_F(PartnerIntakeTest, BothFormsOfACloudEventAreTakenInOrderAndAnswered) {
  SendIncident(1);
  SendBinary(Incident("1-1", 2), "incident_reported");
  SendBinary(Incident("1-1", 2), "incident_reported");
  SendStructured(Incident("1-9", 3), "incident_reported");  // Nobody registered it.
  ASSERT_TRUE(StartIntake().ok());
  const auto outcomes = Outcomes(4);
  EXPECT_THAT(Told(outcomes), ElementsAre("0 ACCEPTED", "1 ACCEPTED", "2 DUPLICATE", "3 WAITING"));
  EXPECT_EQ(outcomes[0]["key"], "incident-1");
  EXPECT_EQ(outcomes[0]["id"], "incident-1");
  EXPECT_EQ(outcomes[0]["source"], "home/incidents");
  EXPECT_EQ(outcomes[0]["source_version"], 1);
  EXPECT_THAT(outcomes[0]["violations"], IsEmpty());
  EXPECT_EQ(outcomes[0]["record"]["topic"], topic_.topic);
  EXPECT_EQ(outcomes[0]["record"]["partition"], 0);
  // Durable at the position that is told.
  const auto reader = log_.NewReader();
  ASSERT_TRUE(reader
                  ->Assign({{outcomes[0]["position"]["partition"].get<uint32_t>(),
                             outcomes[0]["position"]["offset"].get<int64_t>()}})
                  .ok());
  const auto stored = reader->Poll(1, absl::Seconds(1));
  ASSERT_TRUE(stored.ok() && !stored->empty());
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(stored->front().value));
  EXPECT_EQ(event.id(), "incident-1");
  EXPECT_EQ(event.stream_id(), outcomes[0]["stream_id"]);
  partners_.reset();  // It counts what it has told.
  EXPECT_EQ(metrics_->PartnerRecords(topic_.topic, "accepted").Value(), 2);
}

TEST_F(PartnerIntakeTest, WhatWasAnsweredIsNotTakenAgainAfterARestart) {
  SendIncident(1);
  ASSERT_TRUE(StartIntake().ok());
  Outcomes(1);
  partners_.reset();
  SendIncident(2);
  ASSERT_TRUE(StartIntake().ok());
  EXPECT_THAT(Told(Outcomes(2)), ElementsAre("0 ACCEPTED", "1 ACCEPTED"));
}

TEST_F(PartnerIntakeTest, APoisonousRecordIsKeptToldOfAndPassed) {
  const std::string secret = "Mrs Example of Room 4";
  Send("{" + secret, {{"content-type", "application/cloudevents+json"}});
  Send(secret);
  Send("{", {{"content-type", "application/protobuf"}, {"ce_id", "SG-1"}});
  Send(std::string(900'000, '{'), {{"content-type", "application/cloudevents+json"}});
  SendIncident(1);
  ASSERT_TRUE(StartIntake().ok());
  const auto outcomes = Outcomes(5);
  EXPECT_THAT(Told(outcomes),
              ElementsAre("0 REFUSED", "1 REFUSED", "2 REFUSED", "3 REFUSED", "4 ACCEPTED"));
  EXPECT_EQ(outcomes[0]["violations"][0]["rule"], "JSON_SYNTAX");
  EXPECT_EQ(outcomes[1]["violations"][0]["rule"], "CONTENT_TYPE");
  EXPECT_FALSE(outcomes[0].contains("id"));
  EXPECT_EQ(outcomes[2]["key"], "SG-1") << "the partner must know which it was";
  EXPECT_EQ(outcomes[3]["violations"].back()["rule"], "NOT_KEPT");
  const auto dead = ReadAll(topic_.dead_letters, 4);
  const auto held = Quarantined();
  ASSERT_THAT(held, SizeIs(4));
  std::map<std::string, const v1::HeldSubmission*> by_id;
  for (const auto& one : held) by_id[one.event().submission_quarantined().quarantine_id()] = &one;
  for (size_t i = 0; i < dead.size(); ++i) {
    EXPECT_EQ(dead[i]["key"], topic_.topic);
    EXPECT_EQ(dead[i]["partner"], "home-feed");
    EXPECT_EQ(dead[i]["record"], outcomes[i]["record"]);
    EXPECT_EQ(dead[i]["violations"], outcomes[i]["violations"]);
    EXPECT_THAT(dead[i].dump(), Not(HasSubstr("Mrs Example")));
    ASSERT_THAT(by_id, Contains(testing::Key(dead[i]["quarantine_id"].get<std::string>())));
  }
  // Kept sealed, under a source of the partner's, and opened with its line by whoever mends it.
  const v1::HeldSubmission& first = *by_id[dead[0]["quarantine_id"].get<std::string>()];
  EXPECT_EQ(first.event().submission_quarantined().submitted_source(), "home");
  EXPECT_EQ(first.event().submission_quarantined().file(), topic_.topic + "/0");
  EXPECT_EQ(first.event().submission_quarantined().line(), 0);
  std::string row;
  ASSERT_TRUE(intake_->OpenQuarantined(first, &row).ok());
  EXPECT_EQ(row, "{" + secret);
  partners_.reset();
  EXPECT_EQ(metrics_->PartnerDeadLetters(topic_.topic).Value(), 4);
}

TEST_F(PartnerIntakeTest, WhatIsRefusedIsRefusedAsOverGrpc) {
  v1::Event wrong = Incident("1-1", 1);
  wrong.clear_occurred_at();
  wrong.mutable_incident_reported()->mutable_narrative()->set_clear("fell");
  wrong.add_visibility("NHS 9434765919");
  const auto direct = Submit(wrong);
  ASSERT_TRUE(direct.ok());
  ASSERT_EQ(direct->outcome, v1::SUBMISSION_OUTCOME_REFUSED);
  SendStructured(wrong, "incident_reported");
  ASSERT_TRUE(StartIntake().ok());
  const Json outcome = Outcomes(1)[0];
  EXPECT_EQ(outcome["quarantine_id"], direct->quarantine_id);
  ASSERT_EQ(outcome["violations"].size(), direct->violations.size());
  for (size_t i = 0; i < direct->violations.size(); ++i) {
    EXPECT_EQ(outcome["violations"][i]["field"], direct->violations[i].field());
    EXPECT_EQ(outcome["violations"][i]["rule"], direct->violations[i].rule());
  }
  EXPECT_EQ(ReadAll(topic_.dead_letters, 1)[0]["quarantine_id"], direct->quarantine_id);
}

TEST_F(PartnerIntakeTest, TheTopicSpeaksForItsPartnerAlone) {
  v1::Event other = Incident("1-1", 1);
  other.set_source("council/safeguarding");
  SendBinary(other, "incident_reported");
  v1::Event similar = Incident("1-1", 2);
  similar.set_source("home-2/incidents");
  SendBinary(similar, "incident_reported");
  v1::Event bracket = EventOf("home/incidents", "backfill-1", "1-1");
  bracket.mutable_backfill_started()->set_batch("b1");
  SendBinary(bracket, "backfill_started");
  SendIncident(3);
  ASSERT_TRUE(StartIntake().ok());
  const auto outcomes = Outcomes(4);
  EXPECT_THAT(Told(outcomes), ElementsAre("0 REFUSED", "1 REFUSED", "2 REFUSED", "3 ACCEPTED"));
  EXPECT_EQ(outcomes[0]["violations"][0]["rule"], "SOURCE_NOT_OWNED");
  EXPECT_EQ(outcomes[1]["violations"][0]["rule"], "SOURCE_NOT_OWNED");
  EXPECT_FALSE(outcomes[0].contains("quarantine_id")) << "nothing is kept in another's name";
  EXPECT_THAT(Quarantined(), SizeIs(1)) << "the bracket";
  EXPECT_THAT(ReadAll(topic_.dead_letters, 3), SizeIs(3));
}

TEST_F(PartnerIntakeTest, AnIdThatMayBePersonalIsNotSaidAgain) {
  v1::Event event = Incident("1-1", 1);
  event.set_id("9434765919");
  SendBinary(event, "incident_reported");
  ASSERT_TRUE(StartIntake().ok());
  const Json outcome = Outcomes(1)[0];
  EXPECT_EQ(outcome["outcome"], "SUBMISSION_OUTCOME_REFUSED");
  EXPECT_EQ(outcome["key"], "");
  EXPECT_THAT(outcome.dump(), Not(HasSubstr("9434765919")));
  EXPECT_THAT(ReadAll(topic_.dead_letters, 1)[0].dump(), Not(HasSubstr("9434765919")));
}

TEST_F(PartnerIntakeTest, AFullDiskIsWaitedForAndNothingIsSkipped) {
  for (int i = 0; i < 20; ++i) SendIncident(i);
  log_.Refuse(absl::ResourceExhaustedError("no space"));
  ASSERT_TRUE(StartIntake().ok());
  log_.AwaitRefused(3);
  EXPECT_EQ(metrics_->PartnerRecords(topic_.topic, "accepted").Value(), 0);
  log_.Refuse(absl::OkStatus());
  const auto outcomes = Outcomes(20);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i]["record"]["offset"], i);
    EXPECT_EQ(outcomes[i]["outcome"], "SUBMISSION_OUTCOME_ACCEPTED");
  }
}

TEST_F(PartnerIntakeTest, ARecordThatCanNeverBeStoredIsRefusedAndPassed) {
  SendIncident(1);
  log_.Refuse(absl::InvalidArgumentError("a record is larger than this log takes"));
  ASSERT_TRUE(StartIntake().ok());
  const auto refused = Outcomes(1);
  EXPECT_EQ(refused[0]["violations"][0]["rule"], "NOT_STORABLE");
  log_.Refuse(absl::OkStatus());
  SendIncident(2);
  EXPECT_THAT(Told(Outcomes(2)), ElementsAre("0 REFUSED", "1 ACCEPTED"));
}

TEST_F(PartnerIntakeTest, AStopWhileItWaitsLosesNothing) {
  SendIncident(1);
  log_.Refuse(absl::UnavailableError("the log is away"));
  ASSERT_TRUE(StartIntake().ok());
  log_.AwaitRefused(2);
  partners_.reset();
  log_.Refuse(absl::OkStatus());
  ASSERT_TRUE(StartIntake().ok());
  EXPECT_THAT(Told(Outcomes(1)), ElementsAre("0 ACCEPTED"));
}

TEST_F(PartnerIntakeTest, ACrashBetweenTheLogAndTheOutcomeIsToldAsADuplicate) {
  SendIncident(1);
  log_.Refuse(absl::UnavailableError("the log is away"));
  ASSERT_TRUE(StartIntake().ok());
  log_.AwaitRefused(1);
  if (!backend_->SetDown(true)) {
    log_.Refuse(absl::OkStatus());
    GTEST_SKIP() << "these brokers cannot be taken away";
  }
  const size_t before = log_.appends();
  log_.Refuse(absl::OkStatus());
  log_.AwaitAppends(before + 1);  // It is in the log; nobody can be told, and nothing committed.
  partners_.reset();
  backend_->SetDown(false);
  ASSERT_TRUE(StartIntake().ok());
  EXPECT_THAT(Told(Outcomes(1)), ElementsAre("0 DUPLICATE"));
}

TEST_F(PartnerIntakeTest, TwoProcessesShareATopicAndTellEachRecord) {
  topic_.topic = backend_->NewTopic(4);
  ASSERT_TRUE(StartIntake().ok());
  const auto first = std::move(partners_);
  ASSERT_TRUE(StartIntake().ok());
  for (int i = 0; i < 60; ++i) SendBinary(Incident("1-1", i), "incident_reported");
  // Each once, or twice while partitions change hands.
  auto reader = TopicReader::Open({.connection = backend_->connection(),
                                   .group = topic_.outcomes + "-all",
                                   .topics = {topic_.outcomes}});
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::set<std::string> told;
  for (int turns = 0; told.size() < 60 && turns < 300; ++turns) {
    const auto records = (*reader)->Poll(100, absl::Milliseconds(200));
    if (!records.ok()) continue;
    for (const auto& record : *records)
      told.insert(Json::parse(record.message.value)["id"].get<std::string>());
  }
  EXPECT_THAT(told, SizeIs(60));
}

TEST_F(PartnerIntakeTest, APartnerThatNobodyKnowsIsAMistake) {
  topic_.partner = "nobody";
  const absl::Status started = StartIntake();
  EXPECT_TRUE(absl::IsFailedPrecondition(started)) << started;
  EXPECT_THAT(std::string(started.message()), HasSubstr("nobody"));
}

}  // namespace
}  // namespace trigpoint
