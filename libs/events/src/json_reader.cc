#include <openssl/evp.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "field_path.h"
#include "message_rules.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::json;

constexpr size_t kJsonBytesMax = size_t{1} << 20;
constexpr int kDepthMax = 100;

// The name of an unknown field helps the sender, but a name may also be anything: show it only when
// it looks like one and holds no personal data.
std::string NameForPeople(const std::string& name) {
  constexpr size_t kNameBytesMax = 64;
  bool plain = !name.empty() && name.size() <= kNameBytesMax;
  for (const char c : name) {
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_');
  }
  return plain && !FindPersonalData(name) ? "\"" + name + "\"" : "with a name that is not shown";
}

const FieldRules* FindField(const MessageRules& rules, const std::string& name) {
  for (const FieldRules& field : rules.fields) {
    if (field.field->name() == name || field.field->json_name() == name) {
      return &field;
    }
  }
  return nullptr;
}

bool DecodeBase64(const std::string& text, std::string* out) {
  std::string standard;
  for (const char c : text) {
    if (c != '=') {
      standard.push_back(c == '-' ? '+' : c == '_' ? '/' : c);
    }
  }
  if (standard.size() % 4 == 1) {
    return false;
  }
  const size_t padding = (4 - standard.size() % 4) % 4;
  standard.append(padding, '=');
  out->assign(standard.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out->data()),
                                   reinterpret_cast<const unsigned char*>(standard.data()),
                                   static_cast<int>(standard.size()));
  if (size < 0) {
    return false;
  }
  out->resize(static_cast<size_t>(size) - padding);
  return true;
}

// A whole number in an integer, in a double without a fraction, or in a string.
template <typename Number>
bool ToNumber(const json& value, Number* out) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    *out = static_cast<Number>(number);
    return number <= static_cast<uint64_t>(std::numeric_limits<Number>::max());
  }
  if (value.is_number_integer()) {
    const auto number = value.get<int64_t>();
    if (number < 0 && std::numeric_limits<Number>::min() == 0) {
      return false;
    }
    *out = static_cast<Number>(number);
    return static_cast<int64_t>(*out) == number;
  }
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    constexpr double kExactMax = 9007199254740992.0;  // 2^53
    if (!(number >= -kExactMax && number <= kExactMax)) {
      return false;
    }
    const auto whole = static_cast<int64_t>(number);
    return static_cast<double>(whole) == number && ToNumber(json(whole), out);
  }
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    return error == std::errc() && end == text.data() + text.size();
  }
  return false;
}

class Reader {
 public:
  explicit Reader(std::vector<v1::FieldViolation>* violations) : violations_(violations) {}

  void ReadMessage(const json& value, Message* message, const FieldPath* path) {
    const MessageRules& rules = RulesOf(message->GetDescriptor());
    if (ReadShortForm(value, rules.shape, message, path)) {
      return;
    }
    if (!value.is_object()) {
      Add(path, "WRONG_TYPE", "must be an object");
      return;
    }
    if (++depth_ > kDepthMax) {
      Add(path, "JSON_SYNTAX", "nested too deeply");
    } else {
      for (const auto& [name, element] : value.items()) {
        ReadMember(name, element, rules, message, path);
      }
    }
    --depth_;
  }

 private:
  void Add(const FieldPath* path, std::string_view rule, std::string_view description) {
    violations_->push_back(Violation(PathText(path), rule, description));
  }

  void ReadMember(const std::string& name, const json& value, const MessageRules& rules,
                  Message* message, const FieldPath* above) {
    const FieldRules* field = FindField(rules, name);
    if (field == nullptr) {
      Add(above, "UNKNOWN_FIELD", "there is no field " + NameForPeople(name));
      return;
    }
    const FieldPath path{.above = above, .field = field->field, .index = -1};
    if (value.is_null()) {
      return;
    }
    const Reflection* reflection = message->GetReflection();
    const auto* oneof = field->field->real_containing_oneof();
    if (oneof != nullptr && reflection->HasOneof(*message, oneof)) {
      Add(&path, "TWO_KINDS", "only one of these may be given");
      return;
    }
    if (!field->field->is_repeated()) {
      ReadValue(value, *field, message, &path);
    } else if (field->field->is_map()) {
      ReadMap(value, *field, message, &path);
    } else if (!value.is_array()) {
      Add(&path, "WRONG_TYPE", "must be a list");
    } else {
      for (size_t i = 0; i < value.size(); ++i) {
        const FieldPath element{
            .above = above, .field = field->field, .index = static_cast<int>(i)};
        ReadValue(value[i], *field, message, &element);
      }
    }
  }

  // Maps of the schema have text as keys and values.
  void ReadMap(const json& value, const FieldRules& field, Message* message,
               const FieldPath* path) {
    if (!value.is_object()) {
      Add(path, "WRONG_TYPE", "must be an object");
      return;
    }
    for (const auto& [name, element] : value.items()) {
      if (!element.is_string()) {
        Add(path, "WRONG_TYPE", "every value must be a text");
        continue;
      }
      Message* entry = message->GetReflection()->AddMessage(message, field.field);
      const Descriptor* descriptor = entry->GetDescriptor();
      entry->GetReflection()->SetString(entry, descriptor->map_key(), name);
      entry->GetReflection()->SetString(entry, descriptor->map_value(), element.get<std::string>());
    }
  }

  void ReadValue(const json& value, const FieldRules& rules, Message* message,
                 const FieldPath* path) {
    const FieldDescriptor* field = rules.field;
    const Reflection* reflection = message->GetReflection();
    const bool repeated = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        ReadMessage(value,
                    repeated ? reflection->AddMessage(message, field)
                             : reflection->MutableMessage(message, field),
                    path);
        return;
      case FieldDescriptor::CPPTYPE_STRING:
        ReadText(value, field, message, path);
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        ReadEnum(value, field, message, path);
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!value.is_boolean()) {
          Add(path, "WRONG_TYPE", "must be true or false");
        } else if (repeated) {
          reflection->AddBool(message, field, value.get<bool>());
        } else {
          reflection->SetBool(message, field, value.get<bool>());
        }
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (!value.is_number()) {
          Add(path, "WRONG_TYPE", "must be a number");
        } else if (repeated) {
          reflection->AddDouble(message, field, value.get<double>());
        } else {
          reflection->SetDouble(message, field, value.get<double>());
        }
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        ReadNumber<int32_t>(value, field, message, path, &Reflection::SetInt32,
                            &Reflection::AddInt32);
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        ReadNumber<int64_t>(value, field, message, path, &Reflection::SetInt64,
                            &Reflection::AddInt64);
        return;
      case FieldDescriptor::CPPTYPE_UINT32:
        ReadNumber<uint32_t>(value, field, message, path, &Reflection::SetUInt32,
                             &Reflection::AddUInt32);
        return;
      case FieldDescriptor::CPPTYPE_UINT64:
        ReadNumber<uint64_t>(value, field, message, path, &Reflection::SetUInt64,
                             &Reflection::AddUInt64);
        return;
      case FieldDescriptor::CPPTYPE_FLOAT:
        Add(path, "WRONG_TYPE", "the schema has no such numbers");
        return;
    }
  }

  template <typename Number, typename Set, typename Append>
  void ReadNumber(const json& value, const FieldDescriptor* field, Message* message,
                  const FieldPath* path, Set set, Append append) {
    if (!value.is_number() && !value.is_string()) {
      Add(path, "WRONG_TYPE", "must be a whole number");
      return;
    }
    Number number = 0;
    if (!ToNumber(value, &number)) {
      Add(path, "NUMBER_OUT_OF_RANGE", "must be a whole number that fits the field");
    } else if (field->is_repeated()) {
      (message->GetReflection()->*append)(message, field, number);
    } else {
      (message->GetReflection()->*set)(message, field, number);
    }
  }

  void ReadText(const json& value, const FieldDescriptor* field, Message* message,
                const FieldPath* path) {
    if (!value.is_string()) {
      Add(path, "WRONG_TYPE", "must be a text");
      return;
    }
    auto text = value.get<std::string>();
    if (field->type() == FieldDescriptor::TYPE_BYTES) {
      std::string bytes;
      if (!DecodeBase64(text, &bytes)) {
        Add(path, "BASE64_INVALID", "must be base64");
        return;
      }
      text = std::move(bytes);
    }
    if (field->is_repeated()) {
      message->GetReflection()->AddString(message, field, std::move(text));
    } else {
      message->GetReflection()->SetString(message, field, std::move(text));
    }
  }

  void ReadEnum(const json& value, const FieldDescriptor* field, Message* message,
                const FieldPath* path) {
    const EnumValueDescriptor* found = nullptr;
    if (value.is_string()) {
      found = field->enum_type()->FindValueByName(value.get_ref<const std::string&>());
    } else if (int32_t number = 0; value.is_number_integer() && ToNumber(value, &number)) {
      found = field->enum_type()->FindValueByNumber(number);
    }
    if (found == nullptr) {
      Add(path, "UNKNOWN_ENUM_VALUE", "not a value of " + field->enum_type()->name());
    } else if (field->is_repeated()) {
      message->GetReflection()->AddEnum(message, field, found);
    } else {
      message->GetReflection()->SetEnum(message, field, found);
    }
  }

  // Gives true when the value was a short form, well or badly written.
  bool ReadShortForm(const json& value, MessageShape shape, Message* message,
                     const FieldPath* path) {
    if (!value.is_string()) {
      if (shape == MessageShape::kTimestamp) {
        Add(path, "WRONG_TYPE", "must be a text such as 2026-03-01T09:30:00Z");
        return true;
      }
      return false;
    }
    const auto& text = value.get_ref<const std::string&>();
    switch (shape) {
      case MessageShape::kPlain:
        return false;
      case MessageShape::kSealableText:
        static_cast<v1::SealableText*>(message)->set_clear(text);
        return true;
      case MessageShape::kTimestamp:
        if (const absl::StatusOr<Micros> instant = ParseInstant(text); instant.ok()) {
          SetMicros(*instant, static_cast<google::protobuf::Timestamp*>(message));
        } else {
          Add(path, "TIMESTAMP_INVALID", "must be RFC 3339 with a zone: 2026-03-01T09:30:00Z");
        }
        return true;
      case MessageShape::kDate:
        ReadDate(text, static_cast<v1::Date*>(message), path);
        return true;
      case MessageShape::kMonth:
        ReadMonth(text, static_cast<v1::Month*>(message), path);
        return true;
      case MessageShape::kSubjectRef:
        ReadSubject(text, static_cast<v1::SubjectRef*>(message), path);
        return true;
      case MessageShape::kEventRef:
        static_cast<v1::EventRef*>(message)->set_id(text);
        return true;
    }
    return false;
  }

  void ReadDate(const std::string& text, v1::Date* date, const FieldPath* path) {
    const absl::StatusOr<CivilDate> civil = ParseDate(text);
    if (!civil.ok()) {
      Add(path, "DATE_INVALID", "must be a day of the calendar: 2026-03-01");
      return;
    }
    date->set_year(civil->year);
    date->set_month(civil->month);
    date->set_day(civil->day);
  }

  void ReadMonth(const std::string& text, v1::Month* month, const FieldPath* path) {
    const absl::StatusOr<CivilDate> civil = ParseDate(text + "-01");
    if (!civil.ok()) {
      Add(path, "MONTH_INVALID", "must be a month: 2026-03");
      return;
    }
    month->set_year(civil->year);
    month->set_month(civil->month);
  }

  void ReadSubject(const std::string& text, v1::SubjectRef* subject, const FieldPath* path) {
    const size_t slash = text.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
      Add(path, "SUBJECT_INVALID", "must be scheme/value: cqc-location/1-545611283");
      return;
    }
    subject->set_scheme(text.substr(0, slash));
    subject->set_value(text.substr(slash + 1));
  }

  std::vector<v1::FieldViolation>* violations_;
  int depth_ = 0;
};

void AddPlain(std::string_view rule, std::string_view description,
              std::vector<v1::FieldViolation>* violations) {
  violations->push_back(Violation("", rule, description));
}

// Parses without exceptions; the parser's own messages quote the text, so only the place is told.
json Parse(std::string_view text, std::vector<v1::FieldViolation>* violations) {
  std::vector<std::set<std::string>> names;
  bool duplicate = false;
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) {
      names.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      names.pop_back();
    } else if (event == json::parse_event_t::key) {
      duplicate = duplicate || !names.back().insert(parsed.get<std::string>()).second;
    }
    return depth <= kDepthMax;
  };
  try {
    json value = json::parse(text, watch);
    if (duplicate) {
      AddPlain("DUPLICATE_FIELD", "a field is given twice", violations);
    } else if (!value.is_object()) {
      AddPlain("WRONG_TYPE", "an event must be an object", violations);
    }
    return value;
  } catch (const json::parse_error& error) {
    AddPlain("JSON_SYNTAX", "not JSON, or not UTF-8, at byte " + std::to_string(error.byte),
             violations);
  } catch (const json::exception&) {
    AddPlain("JSON_SYNTAX", "a number is too large", violations);
  }
  return {};
}

}  // namespace

std::vector<v1::FieldViolation> ReadEventJson(std::string_view text, v1::Event* event) {
  std::vector<v1::FieldViolation> violations;
  event->Clear();
  if (text.size() > kJsonBytesMax) {
    AddPlain("MESSAGE_TOO_LARGE", "longer than 1 MiB", &violations);
    return violations;
  }
  const json value = Parse(text, &violations);
  if (violations.empty()) {
    Reader(&violations).ReadMessage(value, event, nullptr);
  }
  return violations;
}

absl::StatusOr<v1::Event> EventFromJson(std::string_view line) {
  v1::Event event;
  const std::vector<v1::FieldViolation> violations = ReadEventJson(line, &event);
  if (!violations.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, ViolationsText(violations));
  }
  return event;
}

std::string ViolationsText(const std::vector<v1::FieldViolation>& violations) {
  std::string text;
  for (const v1::FieldViolation& violation : violations) {
    text += text.empty() ? "" : "; ";
    text += violation.field().empty() ? "" : violation.field() + ": ";
    text += violation.description() + " [" + violation.rule() + "]";
  }
  return text;
}

}  // namespace trigpoint
