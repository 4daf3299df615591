#pragma once

#include <functional>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

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
};

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

/// Removes every SealableText below a message.
void ClearSealable(google::protobuf::Message* message);

}  // namespace trigpoint
