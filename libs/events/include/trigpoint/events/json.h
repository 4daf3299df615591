#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Reads one event from JSON and gives every problem; empty when it was read. On problems `event`
/// is left in part filled.
///
/// The form is Protobuf JSON (names as in the schema or lowerCamelCase; enums by name or number;
/// 64-bit numbers also as strings; bytes in base64; instants in RFC 3339) with short forms:
///  - SealableText: a plain string stands for {"clear": ...};
///  - Date: "2026-03-01"; Month: "2026-03";
///  - SubjectRef: "cqc-location/1-545611283", cut at the first slash;
///  - EventRef: a plain string is the id of an event of the same source.
///
/// Rules: JSON_SYNTAX, DUPLICATE_FIELD, UNKNOWN_FIELD, WRONG_TYPE, NUMBER_OUT_OF_RANGE,
/// UNKNOWN_ENUM_VALUE, DATE_INVALID, MONTH_INVALID, TIMESTAMP_INVALID, SUBJECT_INVALID,
/// BASE64_INVALID, NOT_UTF8, TWO_KINDS, MESSAGE_TOO_LARGE (over 1 MiB). No description repeats a
/// value; the name of an unknown field is shown only when it looks like a name.
std::vector<v1::FieldViolation> ReadEventJson(std::string_view json, v1::Event* event);

/// Reads one event from JSON; the form is that of ReadEventJson.
/// Errors: InvalidArgument that lists every problem as "field: description [RULE]".
absl::StatusOr<v1::Event> EventFromJson(std::string_view line);

/// Writes an event as one line of JSON without a line end, always with the same bytes: fields in
/// the order of their numbers, lowerCamelCase names, the short forms of ReadEventJson, fields
/// without a value left out. Sealed text stays sealed; clear text is written as it is, so redact
/// first. ReadEventJson reads it back to the same event, save that instants are cut to
/// microseconds.
std::string EventToJson(const v1::Event& event);

/// Writes violations as one line: "field: description [RULE]; ...".
std::string ViolationsText(const std::vector<v1::FieldViolation>& violations);

}  // namespace trigpoint
