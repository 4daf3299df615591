#include "trigpoint/intake/cloud_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trigpoint/events/json.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const MessageHeaders kStructured{{"content-type", "application/cloudevents+json; charset=UTF-8"}};

std::vector<std::string> Problems(const MessageHeaders& headers, std::string_view value,
                                  v1::Event* event) {
  std::vector<std::string> problems;
  for (const auto& violation : ReadCloudEvent(headers, value, event))
    problems.push_back(violation.field() + " " + violation.rule());
  return problems;
}

std::vector<std::string> Problems(const MessageHeaders& headers, std::string_view value) {
  v1::Event event;
  return Problems(headers, value, &event);
}

std::string Incident(const std::string& attributes, const std::string& data = "") {
  return R"({"specversion":"1.0","type":"trigpoint.v1.incident_reported",)" + attributes +
         R"(,"data":{)" + data + R"("incidentReported":{"physicalHarm":"HARM_LOW"}}})";
}

const char kAttributes[] =
    R"("id":"INC-1","source":"home/incidents","subject":"cqc-location/1-900000001","time":"2026-03-01T10:00:00Z")";

TEST(CloudEvent, StructuredFillsWhatTheEventDoesNotSay) {
  v1::Event event;
  EXPECT_THAT(Problems(kStructured, Incident(kAttributes), &event), IsEmpty());
  EXPECT_EQ(
      EventToJson(event),
      R"({"source":"home/incidents","id":"INC-1","subject":"cqc-location/1-900000001",)"
      R"("occurredAt":"2026-03-01T10:00:00Z","incidentReported":{"physicalHarm":"HARM_LOW"}})");
}

TEST(CloudEvent, BinaryProtobufGivesTheSameEvent) {
  v1::Event structured;
  ASSERT_THAT(Problems(kStructured, Incident(kAttributes), &structured), IsEmpty());
  v1::Event sent;
  sent.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  const MessageHeaders headers{{"content-type", "application/protobuf"},
                               {"ce_specversion", "1.0"},
                               {"ce_type", "trigpoint.v1.incident_reported"},
                               {"ce_id", "INC-1"},
                               {"ce_source", "home/incidents"},
                               {"ce_subject", "cqc-location/1-900000001"},
                               {"ce_time", "2026-03-01T10:00:00Z"},
                               {"ce_traceparent", "an extension"},
                               {"something", "else"}};
  v1::Event binary;
  EXPECT_THAT(Problems(headers, sent.SerializeAsString(), &binary), IsEmpty());
  EXPECT_EQ(EventToJson(binary), EventToJson(structured));
  // The same in JSON.
  MessageHeaders json = headers;
  json[0].second = "application/json";
  v1::Event read;
  EXPECT_THAT(Problems(json, R"({"incidentReported":{"physicalHarm":"HARM_LOW"}})", &read),
              IsEmpty());
  EXPECT_EQ(EventToJson(read), EventToJson(structured));
}

TEST(CloudEvent, WhatIsSaidTwiceMustBeTheSame) {
  EXPECT_THAT(
      Problems(kStructured,
               Incident(kAttributes, R"("id":"INC-2","source":"another","subject":"ods/RX1",)"
                                     R"("occurredAt":"2026-03-02T10:00:00Z",)")),
      ElementsAre("id ATTRIBUTE_DIFFERS", "source ATTRIBUTE_DIFFERS", "subject ATTRIBUTE_DIFFERS",
                  "time ATTRIBUTE_DIFFERS"));
  EXPECT_THAT(
      Problems(kStructured, Incident(kAttributes, R"("id":"INC-1","source":"home/incidents",)"
                                                  R"("occurredAt":"2026-03-01T11:00:00+01:00",)")),
      IsEmpty());
}

TEST(CloudEvent, RefusesWhatIsNoCloudEventOfOurs) {
  EXPECT_THAT(
      Problems(kStructured, R"({"data":{"complaintReceived":{}}})"),
      ElementsAre("specversion REQUIRED", "id REQUIRED", "source REQUIRED", "type REQUIRED"));
  EXPECT_THAT(Problems(kStructured, R"({"specversion":"0.3","id":"1","source":"s",)"
                                    R"("type":"trigpoint.v1.complaint_received",)"
                                    R"("data":{"incidentReported":{}}})"),
              ElementsAre("specversion SPEC_VERSION", "type TYPE_DIFFERS"));
  EXPECT_THAT(Problems(kStructured, R"({"specversion":1.0,"id":7})"),
              ElementsAre("id WRONG_TYPE", "specversion WRONG_TYPE", "data REQUIRED"));
  EXPECT_THAT(Problems(kStructured, R"({"datacontenttype":"text/xml","data":{}})"),
              ElementsAre("datacontenttype CONTENT_TYPE"));
  EXPECT_THAT(Problems(kStructured, R"({"data":{"noSuchField":1}})"),
              ElementsAre(" UNKNOWN_FIELD"));
}

TEST(CloudEvent, RefusesBrokenMessages) {
  EXPECT_THAT(Problems(kStructured, ""), ElementsAre(" JSON_SYNTAX"));
  EXPECT_THAT(Problems(kStructured, "[]"), ElementsAre(" JSON_SYNTAX"));
  EXPECT_THAT(Problems(kStructured, R"({"id":)"), ElementsAre(" JSON_SYNTAX"));
  EXPECT_THAT(Problems(kStructured, "{} {}"), ElementsAre(" JSON_SYNTAX"));
  EXPECT_THAT(Problems(kStructured, "{\"id\":\"\xFF\"}"), ElementsAre(" NOT_UTF8"));
  EXPECT_THAT(Problems(kStructured, R"({"id":"1","data":{"id":"1","id":"2"}})"),
              ElementsAre(" DUPLICATE_FIELD"));
  EXPECT_THAT(
      Problems(kStructured, R"({"data":)" + std::string(200, '[') + std::string(200, ']') + "}"),
      ElementsAre(" JSON_SYNTAX"));
  EXPECT_THAT(Problems(kStructured, std::string((1 << 20) + 1, ' ')),
              ElementsAre(" MESSAGE_TOO_LARGE"));
  EXPECT_THAT(Problems({{"content-type", "application/protobuf"}}, "\x0A\xFF"),
              ElementsAre(" NOT_PROTOBUF"));
  EXPECT_THAT(Problems({}, "{}"), ElementsAre("content-type CONTENT_TYPE"));
  EXPECT_THAT(Problems({{"ce_id", "1"}, {"CE_ID", "2"}}, ""), ElementsAre("ce_id HEADER_REPEATED"));
  EXPECT_THAT(Problems({{"ce_id", "\xFF"}}, ""), ElementsAre("ce_id NOT_UTF8"));
}

TEST(CloudEventTest, WhatCannotBeReadIsStillNamed) {
  const std::string attributes =
      R"("specversion":"1.0","id":"a-1","source":"home/incidents","type":"trigpoint.v1.x")";
  for (const std::string& data : {R"({"no_such_kind":{}})", "7"}) {
    v1::Event event;
    EXPECT_FALSE(
        ReadCloudEvent(kStructured, "{" + attributes + R"(,"data":)" + data + "}", &event).empty());
    EXPECT_EQ(event.id(), "a-1") << data;
    EXPECT_EQ(event.source(), "home/incidents") << data;
  }
  for (const std::string type : {"application/protobuf", "application/json", "text/plain"}) {
    v1::Event event;
    EXPECT_FALSE(ReadCloudEvent({{"content-type", type}, {"ce_id", "a-1"}, {"ce_source", "home"}},
                                "\x0A\xFF", &event)
                     .empty());
    EXPECT_EQ(event.id(), "a-1") << type;
    EXPECT_EQ(event.source(), "home") << type;
  }
}

}  // namespace
}  // namespace trigpoint
