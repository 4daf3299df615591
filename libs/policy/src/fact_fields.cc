#include "fact_fields.h"

#include <algorithm>

#include "measure_support.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kOrganisationFields[] = {"organisation", "organisations"};

const FieldDescriptor* PayloadField(const v1::Event& fact, std::string_view field) {
  return FieldOfKind(static_cast<int>(fact.payload_case()), field);
}

/// Only of a fact with a payload.
const Message& PayloadOf(const v1::Event& fact) {
  return v1::Event::GetReflection()->GetMessage(
      fact, v1::Event::descriptor()->FindFieldByNumber(static_cast<int>(fact.payload_case())));
}

std::string ValueText(const Message& payload, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *payload.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return (many ? reflection.GetRepeatedEnum(payload, &field, index)
                   : reflection.GetEnum(payload, &field))
          ->name();
    case FieldDescriptor::CPPTYPE_BOOL:
      return (many ? reflection.GetRepeatedBool(payload, &field, index)
                   : reflection.GetBool(payload, &field))
                 ? "true"
                 : "false";
    default:
      return many ? reflection.GetRepeatedString(payload, &field, index)
                  : reflection.GetString(payload, &field);
  }
}

bool HasOneOf(const Message& payload, const FieldDescriptor& field,
              const google::protobuf::RepeatedPtrField<std::string>& values) {
  const int count = field.is_repeated() ? payload.GetReflection()->FieldSize(payload, &field) : 1;
  for (int i = 0; i < count; ++i) {
    if (std::find(values.begin(), values.end(), ValueText(payload, field, i)) != values.end())
      return true;
  }
  return false;
}

}  // namespace

const FieldDescriptor* FieldOfKind(int kind, std::string_view field) {
  const FieldDescriptor* payload = v1::Event::descriptor()->FindFieldByNumber(kind);
  if (payload == nullptr || payload->message_type() == nullptr) return nullptr;
  return payload->message_type()->FindFieldByName(std::string(field));
}

std::vector<EventKey> NamedBy(const v1::Event& fact) {
  std::vector<EventKey> named;
  if (fact.payload_case() == v1::Event::PAYLOAD_NOT_SET) return named;
  const Message& payload = PayloadOf(fact);
  const Reflection& reflection = *payload.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(payload, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->message_type() != v1::EventRef::descriptor()) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(payload, field) : 1;
    for (int i = 0; i < count; ++i) {
      const auto& ref = static_cast<const v1::EventRef&>(
          field->is_repeated() ? reflection.GetRepeatedMessage(payload, field, i)
                               : reflection.GetMessage(payload, field));
      if (!ref.id().empty()) named.push_back(Resolve(fact, ref));
    }
  }
  return named;
}

std::optional<int64_t> InstantOf(const v1::Event& fact, std::string_view field) {
  const FieldDescriptor* found = PayloadField(fact, field);
  if (found == nullptr) return std::nullopt;
  const Message& payload = PayloadOf(fact);
  if (!payload.GetReflection()->HasField(payload, found)) return std::nullopt;
  const Message& value = payload.GetReflection()->GetMessage(payload, found);
  if (found->message_type() == google::protobuf::Timestamp::descriptor())
    return ToMicros(static_cast<const google::protobuf::Timestamp&>(value));
  const CivilDate date = ToCivil(static_cast<const v1::Date&>(value));
  return IsValidDate(date) ? std::optional(LondonMidnight(date)) : std::nullopt;
}

bool Matches(const v1::Event& fact,
             const google::protobuf::RepeatedPtrField<v1::FieldMatch>& matches) {
  return std::all_of(matches.begin(), matches.end(), [&fact](const v1::FieldMatch& match) {
    const FieldDescriptor* field = PayloadField(fact, match.field());
    return field == nullptr || HasOneOf(PayloadOf(fact), *field, match.values());
  });
}

bool NamesOrganisations(int kind) {
  return std::any_of(std::begin(kOrganisationFields), std::end(kOrganisationFields),
                     [kind](std::string_view field) {
                       const FieldDescriptor* found = FieldOfKind(kind, field);
                       return found != nullptr &&
                              found->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
                     });
}

bool NamesOrganisation(const v1::Event& fact, const std::string& organisation) {
  google::protobuf::RepeatedPtrField<std::string> wanted;
  *wanted.Add() = organisation;
  return std::any_of(
      std::begin(kOrganisationFields), std::end(kOrganisationFields), [&](std::string_view field) {
        const FieldDescriptor* found = PayloadField(fact, field);
        return found != nullptr && found->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
               HasOneOf(PayloadOf(fact), *found, wanted);
      });
}

}  // namespace trigpoint
