#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "message_rules.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::ordered_json;

ordered_json WriteMessage(const Message& message);

std::string Base64(const std::string& bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

ordered_json WriteEnum(const FieldDescriptor* field, int number) {
  const auto* value = field->enum_type()->FindValueByNumber(number);
  return value != nullptr ? ordered_json(value->name()) : ordered_json(number);
}

// index -1: the singular field.
ordered_json WriteValue(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* r = message.GetReflection();
  const bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return WriteMessage(one ? r->GetMessage(message, field)
                              : r->GetRepeatedMessage(message, field, index));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          one ? r->GetString(message, field) : r->GetRepeatedString(message, field, index);
      return field->type() == FieldDescriptor::TYPE_BYTES ? Base64(text) : text;
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return WriteEnum(field, one ? r->GetEnumValue(message, field)
                                  : r->GetRepeatedEnumValue(message, field, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      return one ? r->GetBool(message, field) : r->GetRepeatedBool(message, field, index);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return one ? r->GetDouble(message, field) : r->GetRepeatedDouble(message, field, index);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return one ? r->GetFloat(message, field) : r->GetRepeatedFloat(message, field, index);
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? r->GetInt32(message, field) : r->GetRepeatedInt32(message, field, index);
    case FieldDescriptor::CPPTYPE_UINT32:
      return one ? r->GetUInt32(message, field) : r->GetRepeatedUInt32(message, field, index);
    // As text: a JSON number of 64 bits does not survive most readers.
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(one ? r->GetInt64(message, field)
                                : r->GetRepeatedInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(one ? r->GetUInt64(message, field)
                                : r->GetRepeatedUInt64(message, field, index));
  }
  return {};
}

ordered_json WriteMap(const Message& message, const FieldDescriptor* field) {
  std::vector<std::pair<std::string, std::string>> entries;
  const Reflection* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(message, field, i);
    const auto* descriptor = entry.GetDescriptor();
    entries.emplace_back(entry.GetReflection()->GetString(entry, descriptor->map_key()),
                         entry.GetReflection()->GetString(entry, descriptor->map_value()));
  }
  std::sort(entries.begin(), entries.end());
  ordered_json out = ordered_json::object();
  for (auto& [key, value] : entries) {
    out[key] = std::move(value);
  }
  return out;
}

ordered_json WriteFields(const Message& message) {
  ordered_json out = ordered_json::object();
  const Reflection* reflection = message.GetReflection();
  for (const FieldRules& rules : RulesOf(message.GetDescriptor()).fields) {
    const FieldDescriptor* field = rules.field;
    if (!field->is_repeated()) {
      if (reflection->HasField(message, field)) {
        out[field->json_name()] = WriteValue(message, field, -1);
      }
      continue;
    }
    const int size = reflection->FieldSize(message, field);
    if (size == 0) {
      continue;
    }
    if (field->is_map()) {
      out[field->json_name()] = WriteMap(message, field);
      continue;
    }
    ordered_json list = ordered_json::array();
    for (int i = 0; i < size; ++i) {
      list.push_back(WriteValue(message, field, i));
    }
    out[field->json_name()] = std::move(list);
  }
  return out;
}

// A short form is used only where reading it back gives the same message.
ordered_json WriteMessage(const Message& message) {
  switch (RulesOf(message.GetDescriptor()).shape) {
    case MessageShape::kPlain:
      break;
    case MessageShape::kSealableText: {
      const auto& text = static_cast<const v1::SealableText&>(message);
      if (text.has_clear()) return text.clear();
      break;
    }
    case MessageShape::kTimestamp:
      return FormatInstant(ToMicros(static_cast<const google::protobuf::Timestamp&>(message)));
    case MessageShape::kDate: {
      const auto& date = static_cast<const v1::Date&>(message);
      const CivilDate civil{.year = date.year(), .month = date.month(), .day = date.day()};
      if (date.year() >= 1 && date.year() <= 9999 && IsValidDate(civil)) return FormatDate(civil);
      break;
    }
    case MessageShape::kMonth: {
      const auto& month = static_cast<const v1::Month&>(message);
      const CivilDate civil{.year = month.year(), .month = month.month(), .day = 1};
      if (month.year() >= 1 && month.year() <= 9999 && IsValidDate(civil)) {
        return FormatDate(civil).substr(0, 7);
      }
      break;
    }
    case MessageShape::kSubjectRef: {
      const auto& subject = static_cast<const v1::SubjectRef&>(message);
      if (!subject.scheme().empty() && !subject.value().empty() &&
          subject.scheme().find('/') == std::string::npos) {
        return subject.scheme() + "/" + subject.value();
      }
      break;
    }
    case MessageShape::kEventRef: {
      const auto& ref = static_cast<const v1::EventRef&>(message);
      if (ref.source().empty() && !ref.id().empty()) return ref.id();
      break;
    }
  }
  return WriteFields(message);
}

}  // namespace

std::string EventToJson(const v1::Event& event) {
  return WriteMessage(event).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace trigpoint
