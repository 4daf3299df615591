#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "trigpoint/v1/values.pb.h"

namespace trigpoint {

/// How generic code treats a message type.
enum class MessageShape {
  kPlain,
  kSealableText,
  kTimestamp,
  kDate,
  kMonth,
  kSubjectRef,
  kEventRef,
};

struct MessageRules;

/// The options of one field, read once.
struct FieldRules {
  const google::protobuf::FieldDescriptor* field = nullptr;
  const MessageRules* message = nullptr;  ///< Rules of the field's message type; null for scalars.
  bool required = false;
  bool stamped = false;
  bool no_personal_data = false;
  bool vault_only = false;
  std::string code_list;    ///< The list that a text must be of; empty: any text will do.
  bool identifier = false;  ///< A plain text of Event, SubjectRef or EventRef.
  double number_max = 1e9;  ///< Greatest plausible value, from the unit.
  bool has_unit = false;
};

/// The options of one message type, read once.
struct MessageRules {
  MessageShape shape = MessageShape::kPlain;
  bool may_seal = false;           ///< A SealableText lies somewhere below.
  std::vector<FieldRules> fields;  ///< In the order of the field numbers.
  /// Where the last fields are members of one oneof, that and how many fields stand before: an
  /// event has more than a hundred payloads and is asked for the one that it has.
  const google::protobuf::OneofDescriptor* choice = nullptr;
  size_t before_choice = 0;
};

/// Calls `visit` with the rules of every field of a message that may be set, in the order of the
/// field numbers: of `choice` only the member that is.
template <typename Visit>
void VisitFields(const MessageRules& rules, const google::protobuf::Message& message, Visit visit) {
  const size_t end = rules.choice == nullptr ? rules.fields.size() : rules.before_choice;
  for (size_t i = 0; i < end; ++i) visit(rules.fields[i]);
  if (rules.choice == nullptr) return;
  const auto* set = message.GetReflection()->GetOneofFieldDescriptor(message, rules.choice);
  if (set == nullptr) return;
  const auto after = rules.fields.begin() + static_cast<std::ptrdiff_t>(rules.before_choice);
  visit(*std::lower_bound(
      after, rules.fields.end(), set->number(),
      [](const FieldRules& a, int number) { return a.field->number() < number; }));
}

/// Gives the rules of a message type of the event schema. Lifetime: the process. Thread-safe.
/// Complexity: one map look-up.
const MessageRules& RulesOf(const google::protobuf::Descriptor* descriptor);

/// A SealableText at some place in an event, with the place as numbers ("141.3[0].15").
struct SealablePlace {
  google::protobuf::Message* text = nullptr;
  std::string place;
};

/// Gives every SealableText that is set, in the order of the field numbers.
std::vector<SealablePlace> SealablePlaces(google::protobuf::Message* message);

/// Tells whether any SealableText below a message holds a text in this form.
bool HasForm(const google::protobuf::Message& message, v1::SealableText::FormCase form);

/// Removes every SealableText below a message.
void ClearSealable(google::protobuf::Message* message);

}  // namespace trigpoint
