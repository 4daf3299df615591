#include "services/notify/message.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "services/query/outside.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {

std::string MessageType(v1::RapidQualityReviewAlert::Kind kind) {
  const std::string what = "rapid_quality_review_alert.";
  switch (kind) {
    case v1::RapidQualityReviewAlert::KIND_CLUSTER_ATTACHED:
      return what + "cluster_attached";
    case v1::RapidQualityReviewAlert::KIND_NEXT_TIER:
      return what + "next_tier";
    default:
      return what + "raised";
  }
}

bool ReceiverIsOutside(const std::string& organisation, const v1::ProviderState& state) {
  return !organisation.empty() && IsOutside(Principal{.organisation = organisation}, state);
}

nlohmann::ordered_json ToJsonData(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  TP_CHECK(status.ok(), "a message of ours has a JSON form");
  return nlohmann::ordered_json::parse(text);
}

std::string MessageBody(const std::string& type, int64_t at_us, nlohmann::ordered_json data) {
  nlohmann::ordered_json body;
  body["type"] = type;
  body["timestamp"] = FormatInstant(at_us);
  body["data"] = std::move(data);
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

OutboxMessage AlertMessage(const v1::Alert& alert, int64_t now_us) {
  OutboxMessage message;
  message.id = alert.alert_id();
  message.alert_id = alert.alert_id();
  message.provider = alert.provider();
  message.queued_us = now_us;
  message.body = MessageBody(MessageType(alert.detail().kind()), ToMicros(alert.raised_at()),
                             ToJsonData(alert));
  return message;
}

}  // namespace trigpoint
