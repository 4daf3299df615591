#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Headers of a message of a queue, as they came; a name may stand more than once.
using MessageHeaders = std::vector<std::pair<std::string, std::string>>;

/// What the `type` of a CloudEvent of ours begins with; the name of its kind follows, e.g.
/// "trigpoint.v1.incident_reported".
inline constexpr std::string_view kCloudEventTypePrefix = "trigpoint.v1.";

/// Reads one event from a CloudEvent 1.0 as it comes through Kafka (CloudEvents, Kafka Protocol
/// Binding 1.0.2), and gives every problem; empty when it was read. On problems `event` is left in
/// part filled, with the id and the source where the CloudEvent has them. The event is not
/// validated yet.
///
///  - Structured: the header `content-type` is "application/cloudevents+json"; the value is the
///    CloudEvent in JSON, and `data` the event in the form of ReadEventJson.
///  - Binary: the attributes stand in headers that begin with "ce_"; the value is the event, as
///    Protobuf (`content-type` "application/protobuf") or JSON ("application/json").
///
/// `id`, `source`, `subject` and `time` of the CloudEvent fill `id`, `source`, `subject` and
/// `occurred_at` where the event has none, and must be the same where it has. Other attributes are
/// extensions and are not looked at.
///
/// Rules: CONTENT_TYPE, HEADER_REPEATED, SPEC_VERSION, REQUIRED, TYPE_DIFFERS, ATTRIBUTE_DIFFERS,
/// NOT_PROTOBUF, MESSAGE_TOO_LARGE (over 1 MiB), and those of ReadEventJson. No description repeats
/// a value.
std::vector<v1::FieldViolation> ReadCloudEvent(const MessageHeaders& headers,
                                               std::string_view value, v1::Event* event);

}  // namespace trigpoint
