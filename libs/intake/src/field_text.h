#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "date_form.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace trigpoint {

/// What a field takes from a table.
enum class LeafKind {
  kText,
  kSealable,  ///< SealableText.
  kEnum,
  kTruth,
  kNumber,
  kDate,      ///< Date.
  kMonth,     ///< Month.
  kInstant,   ///< google.protobuf.Timestamp.
  kEventRef,  ///< The id of an event of the same source.
  kNone,      ///< A message whose fields are named one by one.
};

LeafKind LeafKindOf(const google::protobuf::FieldDescriptor& field);

/// Says what a field takes, for people: "one of OUTCOME_UPHELD, ...", "a number".
std::string LeafInWords(const google::protobuf::FieldDescriptor& field);

/// The names of an enum's values without what all begin with, and without the unspecified one.
std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor& type);

/// Finds a value by its name, or by its name without what all names of the enum begin with; never
/// the unspecified one.
const google::protobuf::EnumValueDescriptor* FindEnumValue(
    const google::protobuf::EnumDescriptor& type, std::string_view name);

/// Reads "1234", "1,234.5", "12.5%".
std::optional<double> ReadNumberText(std::string_view text);

/// Sets a field, or adds to a list, from a text: the name of an enum's value, "true" or "false", a
/// number, plain text. Gives false when the text does not fit the field.
bool PutText(const google::protobuf::FieldDescriptor& field, std::string_view text,
             google::protobuf::Message* message);

/// The same from a number.
bool PutNumber(const google::protobuf::FieldDescriptor& field, double number,
               google::protobuf::Message* message);

/// The same of a field with a date, a month or an instant; `utc` says of which clock a time is.
bool PutWhen(const google::protobuf::FieldDescriptor& field, const When& when, bool utc,
             google::protobuf::Message* message);

/// Gives the instant of what a cell says: its own, or of the clock in London, or of UTC. Nothing
/// for a time that the clocks leave out.
std::optional<Micros> InstantOf(const When& when, bool utc);

}  // namespace trigpoint
