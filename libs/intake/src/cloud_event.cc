#include "trigpoint/intake/cloud_event.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "json_documents.h"
#include "trigpoint/base/utf8.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

constexpr size_t kBytesMax = size_t{1} << 20;
constexpr size_t kDepthMax = 100;
constexpr std::string_view kAttributePrefix = "ce_";
constexpr std::string_view kStructured = "application/cloudevents+json";

using Violations = std::vector<v1::FieldViolation>;
using Attributes = std::map<std::string, std::string>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

/// "Application/JSON; charset=utf-8" -> "application/json".
std::string MediaType(std::string_view content_type) {
  std::string type = Lower(content_type.substr(0, content_type.find(';')));
  type.erase(type.find_last_not_of(' ') + 1);
  return type;
}

/// Members of an object; one that stands twice is no CloudEvent.
Violations Parse(std::string_view value, nlohmann::json* cloud_event) {
  if (!IsUtf8(value)) return {Violation("", "NOT_UTF8", "the message is not UTF-8")};
  // Brackets within brackets are counted before anything recurses over them.
  size_t documents = 0;
  size_t depth = 0;
  const absl::Status cut = ForEachJsonDocument(value, [&](const JsonDocument& document) {
    ++documents;
    depth = std::max(depth, document.depth);
    return absl::OkStatus();
  });
  if (!cut.ok() || documents != 1 || depth > kDepthMax)
    return {Violation("", "JSON_SYNTAX", "the message is not one JSON object")};
  std::vector<std::set<std::string>> members;
  bool twice = false;
  const auto note = [&](int, nlohmann::json::parse_event_t what, nlohmann::json& parsed) {
    if (what == nlohmann::json::parse_event_t::object_start) members.emplace_back();
    if (what == nlohmann::json::parse_event_t::object_end) members.pop_back();
    if (what == nlohmann::json::parse_event_t::key)
      twice = !members.back().insert(parsed.get<std::string>()).second || twice;
    return true;
  };
  *cloud_event = nlohmann::json::parse(value, note, /*allow_exceptions=*/false);
  if (cloud_event->is_discarded() || !cloud_event->is_object())
    return {Violation("", "JSON_SYNTAX", "the message is not one JSON object")};
  if (twice) return {Violation("", "DUPLICATE_FIELD", "a member of an object stands twice")};
  return {};
}

void Add(Violations more, Violations* all) {
  for (auto& violation : more) all->push_back(std::move(violation));
}

/// Takes over what the event does not say itself.
void FillText(const std::string& attribute, const Attributes& attributes, const std::string& said,
              const std::function<void(const std::string&)>& fill, Violations* violations) {
  const auto it = attributes.find(attribute);
  if (it == attributes.end()) return;
  if (said.empty()) {
    fill(it->second);
  } else if (said != it->second) {
    violations->push_back(
        Violation(attribute, "ATTRIBUTE_DIFFERS", "is not what the event itself says"));
  }
}

/// A member of the event as JSON reads it, so that both have one form.
void FillMember(const std::string& attribute, const Attributes& attributes,
                const std::string& member, const std::function<bool(const v1::Event&)>& has,
                const std::function<bool(const v1::Event&, const v1::Event&)>& same,
                const std::function<void(const v1::Event&, v1::Event*)>& copy, v1::Event* event,
                Violations* violations) {
  const auto it = attributes.find(attribute);
  if (it == attributes.end()) return;
  v1::Event read;
  Violations wrong = ReadEventJson(nlohmann::json{{member, it->second}}.dump(), &read);
  for (auto& violation : wrong) violation.set_field(attribute);
  if (!wrong.empty()) return Add(std::move(wrong), violations);
  if (!has(*event)) return copy(read, event);
  if (!same(read, *event)) {
    violations->push_back(
        Violation(attribute, "ATTRIBUTE_DIFFERS", "is not what the event itself says"));
  }
}

void Join(const Attributes& attributes, v1::Event* event, Violations* violations) {
  for (const char* required : {"specversion", "id", "source", "type"}) {
    const auto it = attributes.find(required);
    if (it == attributes.end() || it->second.empty())
      violations->push_back(Violation(required, "REQUIRED", "a CloudEvent must have it"));
  }
  const auto version = attributes.find("specversion");
  if (version != attributes.end() && version->second != "1.0")
    violations->push_back(Violation("specversion", "SPEC_VERSION", "must be 1.0"));
  const auto type = attributes.find("type");
  const KindInfo* kind = KindOf(*event);
  if (type != attributes.end() &&
      (kind == nullptr ||
       type->second != std::string(kCloudEventTypePrefix) + std::string(kind->name))) {
    violations->push_back(Violation("type", "TYPE_DIFFERS",
                                    "must be \"trigpoint.v1.\" and the name of the event's kind"));
  }
  FillText(
      "id", attributes, event->id(), [event](const auto& id) { event->set_id(id); }, violations);
  FillText(
      "source", attributes, event->source(),
      [event](const auto& source) { event->set_source(source); }, violations);
  FillMember(
      "subject", attributes, "subject", [](const auto& e) { return e.has_subject(); },
      [](const auto& a, const auto& b) {
        return a.subject().scheme() == b.subject().scheme() &&
               a.subject().value() == b.subject().value();
      },
      [](const auto& from, auto* to) { *to->mutable_subject() = from.subject(); }, event,
      violations);
  FillMember(
      "time", attributes, "occurredAt", [](const auto& e) { return e.has_occurred_at(); },
      [](const auto& a, const auto& b) {
        return a.occurred_at().seconds() == b.occurred_at().seconds() &&
               a.occurred_at().nanos() / 1000 == b.occurred_at().nanos() / 1000;
      },
      [](const auto& from, auto* to) { *to->mutable_occurred_at() = from.occurred_at(); }, event,
      violations);
}

/// Of an event that could not be read: whoever sent it must be told which it was.
void Name(const Attributes& attributes, v1::Event* event) {
  const auto id = attributes.find("id");
  const auto source = attributes.find("source");
  if (event->id().empty() && id != attributes.end()) event->set_id(id->second);
  if (event->source().empty() && source != attributes.end()) event->set_source(source->second);
}

Violations ReadStructured(std::string_view value, v1::Event* event) {
  nlohmann::json cloud_event;
  Violations violations = Parse(value, &cloud_event);
  if (!violations.empty()) return violations;
  Attributes attributes;
  for (const auto& [name, member] : cloud_event.items()) {
    if (name == "data") continue;
    if (member.is_string()) {
      attributes[name] = member.get<std::string>();
    } else if (name == "id" || name == "source" || name == "type" || name == "specversion" ||
               name == "subject" || name == "time") {
      violations.push_back(Violation(name, "WRONG_TYPE", "must be text"));
    }
  }
  const auto data_type = attributes.find("datacontenttype");
  if (data_type != attributes.end() && MediaType(data_type->second) != "application/json")
    violations.push_back(Violation("datacontenttype", "CONTENT_TYPE", "must be application/json"));
  const auto data = cloud_event.find("data");
  if (data == cloud_event.end() || !data->is_object()) {
    violations.push_back(Violation("data", "REQUIRED", "must be the event as an object"));
    Name(attributes, event);
    return violations;
  }
  Add(ReadEventJson(data->dump(), event), &violations);
  if (violations.empty()) Join(attributes, event, &violations);
  if (!violations.empty()) Name(attributes, event);
  return violations;
}

Violations ReadBinary(const std::string& media_type, const Attributes& attributes,
                      std::string_view value, v1::Event* event) {
  Violations violations;
  if (media_type == "application/protobuf" || media_type == "application/x-protobuf") {
    if (!event->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      event->Clear();
      violations.push_back(Violation("", "NOT_PROTOBUF", "the value is no trigpoint.v1.Event"));
    }
  } else if (media_type == "application/json") {
    Add(ReadEventJson(value, event), &violations);
  } else {
    violations.push_back(
        Violation("content-type", "CONTENT_TYPE",
                  "must be application/cloudevents+json, or application/protobuf "
                  "or application/json with the attributes in headers (ce_id ...)"));
  }
  if (violations.empty()) Join(attributes, event, &violations);
  if (!violations.empty()) Name(attributes, event);
  return violations;
}

}  // namespace

std::vector<v1::FieldViolation> ReadCloudEvent(const MessageHeaders& headers,
                                               std::string_view value, v1::Event* event) {
  if (value.size() > kBytesMax)
    return {Violation("", "MESSAGE_TOO_LARGE", "the message is longer than 1 MiB")};
  Attributes attributes;
  std::string content_type;
  std::set<std::string> seen;
  for (const auto& [name, text] : headers) {
    const std::string lower = Lower(name);
    const bool attribute = lower.starts_with(kAttributePrefix);
    if (lower != "content-type" && !attribute) continue;
    if (!seen.insert(lower).second)
      return {Violation(lower, "HEADER_REPEATED", "the header stands twice")};
    if (!IsUtf8(text)) return {Violation(lower, "NOT_UTF8", "the header is not UTF-8")};
    if (attribute) {
      attributes[lower.substr(kAttributePrefix.size())] = text;
    } else {
      content_type = MediaType(text);
    }
  }
  return content_type == kStructured ? ReadStructured(value, event)
                                     : ReadBinary(content_type, attributes, value, event);
}

}  // namespace trigpoint
