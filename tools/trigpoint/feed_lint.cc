#include "feed_lint.h"

#include <nlohmann/json.hpp>
#include <set>

#include "errors.h"
#include "google/protobuf/timestamp.pb.h"
#include "print.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Fields = std::vector<std::pair<std::string, std::string>>;

std::string TwoFigures(uint32_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

// A message that people know as one value; empty: it has fields to show.
std::string OneValue(const Message& message) {
  const auto* type = message.GetDescriptor();
  if (type == v1::SealableText::descriptor()) return "(personal)";
  if (type == v1::Date::descriptor()) {
    const auto& date = static_cast<const v1::Date&>(message);
    return FormatDate({.year = date.year(), .month = date.month(), .day = date.day()});
  }
  if (type == v1::Month::descriptor()) {
    const auto& month = static_cast<const v1::Month&>(message);
    return std::to_string(month.year()) + "-" + TwoFigures(month.month());
  }
  if (type == v1::EventRef::descriptor()) return static_cast<const v1::EventRef&>(message).id();
  if (type == google::protobuf::Timestamp::descriptor()) {
    return FormatInstant(ToMicros(static_cast<const google::protobuf::Timestamp&>(message)));
  }
  return {};
}

// One value that is no message; `index` is -1 outside lists.
std::string Plain(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection* at = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return index < 0 ? at->GetEnum(message, &field)->name()
                       : at->GetRepeatedEnum(message, &field, index)->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return index < 0 ? at->GetString(message, &field)
                       : at->GetRepeatedString(message, &field, index);
    case FieldDescriptor::CPPTYPE_BOOL:
      return at->GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Number(at->GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(at->GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(at->GetInt32(message, &field));
    default:
      return "?";
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the schema.
void AddMessage(const Message& message, const std::string& path, Fields* fields);

// NOLINTNEXTLINE(misc-no-recursion)
void AddField(const Message& message, const FieldDescriptor& field, const std::string& path,
              Fields* fields) {
  const Reflection* at = message.GetReflection();
  const int size = field.is_repeated() ? at->FieldSize(message, &field) : 1;
  for (int i = 0; i < size; ++i) {
    const std::string name =
        path + field.name() + (field.is_repeated() ? "[" + std::to_string(i) + "]" : "");
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      fields->emplace_back(name, Plain(message, field, field.is_repeated() ? i : -1));
      continue;
    }
    const Message& part = field.is_repeated() ? at->GetRepeatedMessage(message, &field, i)
                                              : at->GetMessage(message, &field);
    if (std::string value = OneValue(part); !value.empty()) {
      fields->emplace_back(name, std::move(value));
    } else {
      AddMessage(part, name + ".", fields);
    }
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
void AddMessage(const Message& message, const std::string& path, Fields* fields) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) AddField(message, *field, path, fields);
}

class LintSink : public RowSink {
 public:
  LintSink(const LintOptions& options, LintReport* report) : options_(options), report_(report) {}

  absl::Status OnEvent(v1::Event event, uint64_t line) override {
    TakeIdentity(&event);  // The node puts it into its vault; here it is looked at by nobody.
    LintedItem item;
    item.line = line;
    item.problems =
        Validate(event, {.submitter = Submitter::kPartner, .received_us = options_.received_us});
    const KindInfo* kind = KindOf(event);
    item.kind = kind == nullptr ? "" : std::string(kind->name);
    item.id = event.id();
    if (event.source_version() > 1) item.id += " v" + std::to_string(event.source_version());
    if (event.has_subject()) {
      item.subject = event.subject().scheme() + "/" + event.subject().value();
    }
    if (event.has_occurred_at()) *item.times.mutable_occurred_at() = event.occurred_at();
    if (event.has_reported_at()) *item.times.mutable_reported_at() = event.reported_at();
    // A value that was refused may be what it was refused for.
    if (item.problems.empty()) {
      AddShown(event, kind, &item.fields);
      ++report_->usable_events;
    } else {
      item.id.clear();
      item.subject.clear();
    }
    return Take(std::move(item));
  }

  absl::Status OnRefused(RefusedRow row) override {
    LintedItem item;
    item.line = row.line;
    item.problems = std::move(row.violations);
    return Take(std::move(item));
  }

 private:
  static void AddShown(const v1::Event& event, const KindInfo* kind, Fields* fields) {
    static const std::set<std::string> kShownApart = {
        "source",     "id", "source_version", "subject", "occurred_at", "occurred_precision",
        "reported_at"};
    std::vector<const FieldDescriptor*> set;
    event.GetReflection()->ListFields(event, &set);
    for (const FieldDescriptor* field : set) {
      if (kind != nullptr && field->number() == kind->number) {
        AddMessage(event.GetReflection()->GetMessage(event, field), "", fields);
      } else if (!kShownApart.contains(field->name())) {
        AddField(event, *field, "", fields);
      }
    }
  }

  absl::Status Take(LintedItem item) {
    if (!item.problems.empty() && (refused_line_ != item.line)) {
      refused_line_ = item.line;
      ++report_->refused_rows;
    }
    if (report_->items.size() < options_.items_max) report_->items.push_back(std::move(item));
    return absl::OkStatus();
  }

  const LintOptions& options_;
  LintReport* report_;
  uint64_t refused_line_ = 0;
};

}  // namespace

absl::Status LintFeed(const FeedMapping& mapping, std::istream& input, const LintOptions& options,
                      LintReport* report) {
  LintSink sink(options, report);
  MappedAdapter adapter(mapping);
  const absl::Status status = adapter.Read(input, sink);
  report->rows = adapter.counts().rows;
  report->found = adapter.Found();
  return status;
}

std::string LintText(const LintedItem& item) {
  std::string text = "line " + std::to_string(item.line) + "  ";
  if (!item.problems.empty()) {
    text += "refused" + (item.kind.empty() ? "" : "  " + item.kind) + "\n";
    for (const v1::FieldViolation& problem : item.problems) text += FieldLine(problem);
    return text;
  }
  text += item.kind + "  " + Clean(item.id) + "  " + Clean(item.subject) + "  " +
          When(item.times.has_occurred_at() ? item.times.occurred_at() : item.times.reported_at());
  for (const auto& [name, value] : item.fields) text += "  " + name + "=" + Clean(value);
  return text + "\n";
}

std::string LintJson(const LintReport& report) {
  nlohmann::ordered_json json = {{"items", nlohmann::ordered_json::array()}};
  for (const LintedItem& item : report.items) {
    nlohmann::ordered_json one = {{"line", item.line}};
    if (!item.kind.empty()) one["kind"] = item.kind;
    if (item.problems.empty()) {
      one["id"] = item.id;
      one["subject"] = item.subject;
      if (item.times.has_occurred_at()) {
        one["occurred_at"] = FormatInstant(ToMicros(item.times.occurred_at()));
      }
      if (item.times.has_reported_at()) {
        one["reported_at"] = FormatInstant(ToMicros(item.times.reported_at()));
      }
      one["fields"] = nlohmann::ordered_json::object();
      for (const auto& [name, value] : item.fields) one["fields"][name] = value;
    }
    for (const v1::FieldViolation& problem : item.problems) {
      one["problems"].push_back({{"field", problem.field()},
                                 {"rule", problem.rule()},
                                 {"description", problem.description()}});
    }
    json["items"].push_back(std::move(one));
  }
  json["rows"] = report.rows;
  json["usable_events"] = report.usable_events;
  json["refused_rows"] = report.refused_rows;
  for (const auto& [what, count] : report.found) json["found"][what] = count;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace trigpoint
