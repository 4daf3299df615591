#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json_fields.h"
#include "trigpoint/base/time.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// The extensions of an element whose address ends with a name, whatever the version behind it:
/// "adverse-event-governance" finds ".../StructureDefinition/adverse-event-governance-5".
std::vector<JsonFields> FhirExtensions(const JsonFields& element, std::string_view name);

/// The resources of a type that a resource contains.
std::vector<JsonFields> FhirContained(const JsonFields& resource, std::string_view type);

/// The answers to one question of an extension: its parts of this name.
std::vector<JsonFields> FhirAnswers(const JsonFields& extension, std::string_view question);

/// A value of an answer, under a key such as "valueCode"; notes VALUE_MISSING where it is empty.
std::string FhirValue(const JsonFields& answer, std::string_view key);

/// An instant of FHIR with what is known of it.
struct FhirTime {
  Micros at = 0;
  v1::TimePrecision precision = v1::TIME_PRECISION_UNSPECIFIED;
};

/// Reads a FHIR date or dateTime. A day is precise to the day; a month or a year alone gives its
/// first day, approximate. More than six decimals of a second are cut off.
std::optional<FhirTime> ReadFhirTime(std::string_view text);

}  // namespace trigpoint
