#include "expected_obligations.h"

#include <functional>
#include <map>
#include <string>

#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using nlohmann::json;

/// "discharged late" for STATUS_DISCHARGED_LATE.
std::string StatusText(v1::Obligation::Status status) {
  std::string text = v1::Obligation::Status_Name(status).substr(std::string("STATUS_").size());
  for (char& c : text) c = c == '_' ? ' ' : static_cast<char>(c - 'A' + 'a');
  return text;
}

/// A day, where it ends with it; else the time in London.
std::string DueText(const v1::Obligation& owed) {
  if (!owed.has_due_at()) return "none";
  const int64_t due_us = ToMicros(owed.due_at());
  const CivilDate day = LondonDate(due_us);
  if (due_us == LondonEndOfDay(day)) return FormatDate(day);
  return FormatInstant(due_us + LondonOffset(due_us)).substr(0, 16);
}

std::string DayText(bool there, const google::protobuf::Timestamp& instant) {
  return there ? FormatDate(LondonDate(ToMicros(instant))) : "none";
}

const std::map<std::string, std::function<std::string(const v1::Obligation&)>>& Fields() {
  static const std::map<std::string, std::function<std::string(const v1::Obligation&)>> kFields = {
      {"due", DueText},
      {"status", [](const auto& o) { return StatusText(o.status()); }},
      {"owner", [](const auto& o) { return o.owner(); }},
      {"recipient", [](const auto& o) { return o.recipient(); }},
      {"clause", [](const auto& o) { return o.clause(); }},
      {"started", [](const auto& o) { return DayText(o.has_started_at(), o.started_at()); }},
      {"started_by", [](const auto& o) { return o.started_by().id(); }},
      {"started_why", [](const auto& o) { return o.started_why(); }},
      {"discharged_by", [](const auto& o) { return o.discharged_by().id(); }},
      {"guidance", [](const auto& o) { return std::string(o.guidance() ? "true" : "false"); }},
      {"provisional",
       [](const auto& o) { return std::string(o.provisional() ? "true" : "false"); }},
  };
  return kFields;
}

absl::Status CheckOne(const std::string& what, const json& expected, const v1::Obligation* actual,
                      std::vector<Check>* checks) {
  if (!expected.is_object() || expected.empty())
    return absl::InvalidArgumentError("then: " + what + " says what is owed: due, status, ...");
  for (const auto& [key, value] : expected.items()) {
    const auto field = Fields().find(key);
    if (field == Fields().end())
      return absl::InvalidArgumentError("then: an obligation has no " + key);
    const std::string want = value.is_string() ? value.get<std::string>() : value.dump();
    const std::string is = actual == nullptr ? "not owed" : field->second(*actual);
    checks->push_back(
        {.what = what + " " + key, .expected = want, .actual = is, .holds = want == is});
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckObligations(const json& expected, const std::vector<v1::Obligation>& actual,
                              std::vector<Check>* checks) {
  if (!expected.is_object())
    return absl::InvalidArgumentError("then: obligations is a list of rules");
  for (const auto& [rule, value] : expected.items()) {
    std::vector<const v1::Obligation*> owed;
    for (const auto& one : actual) {
      if (one.rule() == rule) owed.push_back(&one);
    }
    const json wanted = value.is_array() ? value : json::array({value});
    checks->push_back({.what = rule + " is owed",
                       .expected = std::to_string(wanted.size()) + " times",
                       .actual = std::to_string(owed.size()) + " times",
                       .holds = owed.size() == wanted.size()});
    for (size_t i = 0; i < wanted.size(); ++i) {
      TP_RETURN_IF_ERROR(CheckOne(rule, wanted[i], i < owed.size() ? owed[i] : nullptr, checks));
    }
  }
  return absl::OkStatus();
}

}  // namespace trigpoint
