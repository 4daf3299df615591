#include "field_text.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "cells.h"
#include "google/protobuf/timestamp.pb.h"
#include "trigpoint/events/times.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string_view View(const std::string& text) { return text; }

// "OUTCOME_" of "OUTCOME_UNSPECIFIED".
std::string_view PrefixOf(const EnumDescriptor& type) {
  constexpr std::string_view kUnspecified = "UNSPECIFIED";
  const std::string_view zero = View(type.value(0)->name());
  return zero.ends_with(kUnspecified) ? zero.substr(0, zero.size() - kUnspecified.size())
                                      : std::string_view();
}

Message* Element(const FieldDescriptor& field, Message* message) {
  const Reflection* reflection = message->GetReflection();
  return field.is_repeated() ? reflection->AddMessage(message, &field)
                             : reflection->MutableMessage(message, &field);
}

bool PutEnum(const FieldDescriptor& field, std::string_view text, Message* message) {
  const EnumValueDescriptor* value = FindEnumValue(*field.enum_type(), text);
  if (value == nullptr) return false;
  if (field.is_repeated()) {
    message->GetReflection()->AddEnum(message, &field, value);
  } else {
    message->GetReflection()->SetEnum(message, &field, value);
  }
  return true;
}

bool PutTruth(const FieldDescriptor& field, std::string_view text, Message* message) {
  if (field.is_repeated() || (text != "true" && text != "false")) return false;
  message->GetReflection()->SetBool(message, &field, text == "true");
  return true;
}

void PutString(const FieldDescriptor& field, std::string_view text, Message* message) {
  if (field.is_repeated()) {
    message->GetReflection()->AddString(message, &field, std::string(text));
  } else {
    message->GetReflection()->SetString(message, &field, std::string(text));
  }
}

}  // namespace

LeafKind LeafKindOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? LeafKind::kNone : LeafKind::kText;
    case FieldDescriptor::CPPTYPE_ENUM:
      return LeafKind::kEnum;
    case FieldDescriptor::CPPTYPE_BOOL:
      return LeafKind::kTruth;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
    default:
      return LeafKind::kNumber;
  }
  const auto* type = field.message_type();
  if (type == v1::SealableText::descriptor()) return LeafKind::kSealable;
  if (type == v1::Date::descriptor()) return LeafKind::kDate;
  if (type == v1::Month::descriptor()) return LeafKind::kMonth;
  if (type == v1::EventRef::descriptor()) return LeafKind::kEventRef;
  if (type == google::protobuf::Timestamp::descriptor()) return LeafKind::kInstant;
  return LeafKind::kNone;
}

std::string LeafInWords(const FieldDescriptor& field) {
  switch (LeafKindOf(field)) {
    case LeafKind::kText:
    case LeafKind::kSealable:
      return "a text";
    case LeafKind::kTruth:
      return "true or false";
    case LeafKind::kNumber:
      return field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ? "a number" : "a whole number";
    case LeafKind::kDate:
      return "a date";
    case LeafKind::kMonth:
      return "a month";
    case LeafKind::kInstant:
      return "a time";
    case LeafKind::kEventRef:
      return "the id of an event";
    case LeafKind::kNone:
      return "its fields, one by one";
    case LeafKind::kEnum:
      break;
  }
  std::string words;
  for (const std::string& name : EnumNames(*field.enum_type())) {
    words += (words.empty() ? "one of " : ", ") + name;
  }
  return words;
}

std::vector<std::string> EnumNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) {
    names.emplace_back(View(type.value(i)->name()).substr(PrefixOf(type).size()));
  }
  return names;
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, std::string_view name) {
  const EnumValueDescriptor* value = type.FindValueByName(std::string(name));
  if (value == nullptr) {
    value = type.FindValueByName(std::string(PrefixOf(type)) + std::string(name));
  }
  return value == nullptr || value->number() == 0 ? nullptr : value;
}

std::optional<double> ReadNumberText(std::string_view text) {
  text = Trim(text);
  if (text.ends_with('%')) text = Trim(text.substr(0, text.size() - 1));
  std::string figures;
  size_t since = 0;     // Figures since the last comma.
  bool commas = false;  // As in 1,234,567.
  bool fraction = false;
  for (const char c : text) {
    const bool end_of_group = c == '.' && !fraction;
    fraction = fraction || c == '.';
    if ((c == ',' && (fraction || since == 0 || since > 3 || (commas && since != 3))) ||
        (end_of_group && commas && since != 3)) {
      return std::nullopt;
    }
    commas = commas || c == ',';
    since = c == ',' ? 0 : since + (c >= '0' && c <= '9' && !fraction ? 1 : 0);
    if (c != ',') figures.push_back(c);
  }
  if (commas && since != 3) return std::nullopt;
  double number = 0;
  const char* last = figures.data() + figures.size();
  const auto [end, error] = std::from_chars(figures.data(), last, number);
  if (error != std::errc() || end != last || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool PutNumber(const FieldDescriptor& field, double number, Message* message) {
  const Reflection* reflection = message->GetReflection();
  if (field.is_repeated() || !std::isfinite(number)) return false;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    reflection->SetDouble(message, &field, number);
    return true;
  }
  constexpr double kNearly = 1e-9;
  const double whole = std::round(number);
  if (std::fabs(whole - number) > kNearly) return false;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    if (whole < 0 || whole > std::numeric_limits<uint32_t>::max()) return false;
    reflection->SetUInt32(message, &field, static_cast<uint32_t>(whole));
    return true;
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
    if (std::fabs(whole) > std::numeric_limits<int32_t>::max()) return false;
    reflection->SetInt32(message, &field, static_cast<int32_t>(whole));
    return true;
  }
  return false;
}

bool PutText(const FieldDescriptor& field, std::string_view text, Message* message) {
  switch (LeafKindOf(field)) {
    case LeafKind::kText:
      PutString(field, text, message);
      return true;
    case LeafKind::kSealable:
      static_cast<v1::SealableText*>(Element(field, message))->set_clear(std::string(text));
      return true;
    case LeafKind::kEventRef:
      static_cast<v1::EventRef*>(Element(field, message))->set_id(std::string(text));
      return true;
    case LeafKind::kEnum:
      return PutEnum(field, text, message);
    case LeafKind::kTruth:
      return PutTruth(field, text, message);
    case LeafKind::kNumber:
      if (const std::optional<double> number = ReadNumberText(text); number) {
        return PutNumber(field, *number, message);
      }
      return false;
    default:
      // A constant date is written as in JSON.
      if (const auto when = ReadWhen(DateForm(), {.text = std::string(text)}); when) {
        return PutWhen(field, *when, false, message);
      }
      return false;
  }
}

std::optional<Micros> InstantOf(const When& when, bool utc) {
  if (when.instant) return when.instant;
  if (!when.date) return std::nullopt;
  const Micros time = when.time_of_day.value_or(0);
  return utc ? DaysFromCivil(*when.date) * kMicrosPerDay + time : LondonInstant(*when.date, time);
}

bool PutWhen(const FieldDescriptor& field, const When& when, bool utc, Message* message) {
  const LeafKind kind = LeafKindOf(field);
  if (kind == LeafKind::kInstant) {
    const std::optional<Micros> instant = InstantOf(when, utc);
    if (!instant) return false;
    SetMicros(*instant, static_cast<google::protobuf::Timestamp*>(Element(field, message)));
    return true;
  }
  if (!when.date || (kind == LeafKind::kDate && !when.has_day)) return false;
  if (kind == LeafKind::kDate) {
    auto* date = static_cast<v1::Date*>(Element(field, message));
    date->set_year(when.date->year);
    date->set_month(when.date->month);
    date->set_day(when.date->day);
    return true;
  }
  if (kind != LeafKind::kMonth) return false;
  auto* month = static_cast<v1::Month*>(Element(field, message));
  month->set_year(when.date->year);
  month->set_month(when.date->month);
  return true;
}

}  // namespace trigpoint
