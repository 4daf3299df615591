#include "lfpse_codes.h"

#include <charconv>
#include <string>
#include <utility>

#include "names.h"

namespace trigpoint {
namespace {

// Codes are numbers in text, padded in some exports.
std::optional<int> CodeUpTo(std::string_view text, int max) {
  int code = 0;
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc() || end != text.data() + text.size() || code < 1 || code > max) {
    return std::nullopt;
  }
  return code;
}

// The value at the place of a code, from 1; nothing where the list has no such code.
template <typename Value, size_t n>
std::optional<Value> OneOf(std::string_view code, const Value (&values)[n]) {
  const auto number = CodeUpTo(code, static_cast<int>(n));
  if (!number || values[*number - 1] == Value{}) return std::nullopt;
  return values[*number - 1];
}

}  // namespace

std::optional<v1::LfpseEvent> LfpseEventOf(std::string_view words) {
  static constexpr std::pair<std::string_view, v1::LfpseEvent> kWords[] = {
      {"PATIENT SAFETY INCIDENT", v1::LFPSE_EVENT_INCIDENT},
      {"INCIDENT", v1::LFPSE_EVENT_INCIDENT},
      {"OUTCOME", v1::LFPSE_EVENT_OUTCOME},
      {"PATIENT SAFETY OUTCOME", v1::LFPSE_EVENT_OUTCOME},
      {"RISK", v1::LFPSE_EVENT_RISK},
      {"PATIENT SAFETY RISK", v1::LFPSE_EVENT_RISK},
      {"GOOD CARE", v1::LFPSE_EVENT_GOOD_CARE}};
  const std::string normal = NormalName(words);
  for (const auto& [known, kind] : kWords) {
    if (normal == known) return kind;
  }
  return std::nullopt;
}

std::optional<v1::Harm> PhysicalHarmOfLfpse(std::string_view code) {
  static constexpr v1::Harm kHarms[] = {v1::HARM_FATAL, v1::HARM_SEVERE, v1::HARM_MODERATE,
                                        v1::HARM_LOW, v1::HARM_NONE};
  const auto number = CodeUpTo(code, std::size(kHarms));
  return number ? std::optional(kHarms[*number - 1]) : std::nullopt;
}

std::optional<v1::Harm> PsychologicalHarmOfLfpse(std::string_view code) {
  static constexpr v1::Harm kHarms[] = {v1::HARM_SEVERE, v1::HARM_MODERATE, v1::HARM_LOW,
                                        v1::HARM_NONE};
  const auto number = CodeUpTo(code, std::size(kHarms));
  return number ? std::optional(kHarms[*number - 1]) : std::nullopt;
}

std::optional<v1::NeverEventType> NeverEventOfLfpse(std::string_view code) {
  const auto number = CodeUpTo(code, v1::NEVER_EVENT_TYPE_AIR_FLOWMETER);
  return number ? std::optional(static_cast<v1::NeverEventType>(*number)) : std::nullopt;
}

std::optional<v1::CqcCriterion> CqcCriterionOfLfpse(std::string_view code) {
  const auto number = CodeUpTo(code, v1::CqcCriterion_MAX);
  return number ? std::optional(static_cast<v1::CqcCriterion>(*number)) : std::nullopt;
}

std::optional<v1::Theme> ThemeOfLfpse(std::string_view challenge) {
  static constexpr v1::Theme kThemes[] = {
      v1::THEME_PRESSURE_CARE,            // Pressure ulcers
      v1::THEME_FALLS,                    // Falls
      v1::THEME_MENTAL_HEALTH_SELF_HARM,  // Self harm
      v1::THEME_CLINICAL_CARE,            // Radiotherapy
      v1::THEME_INFECTION_CONTROL,        // Healthcare associated infection
      v1::THEME_UNSPECIFIED,              // None of the above
      v1::THEME_CLINICAL_CARE,            // Screening services
  };
  const auto number = CodeUpTo(challenge, std::size(kThemes));
  return number ? std::optional(kThemes[*number - 1]) : std::nullopt;
}

std::optional<bool> IsFearOfConsequences(std::string_view reason) {
  constexpr int kReasons = 8;
  constexpr int kFirst = 4;
  constexpr int kLast = 7;
  const auto number = CodeUpTo(reason, kReasons);
  return number ? std::optional(*number >= kFirst && *number <= kLast) : std::nullopt;
}

std::optional<v1::LfpseService> ServiceOfLfpse(std::string_view code) {
  static constexpr v1::LfpseService kServices[] = {v1::LFPSE_SERVICE_ACUTE,
                                                   v1::LFPSE_SERVICE_UNSPECIFIED,
                                                   v1::LFPSE_SERVICE_AMBULANCE,
                                                   v1::LFPSE_SERVICE_MENTAL_HEALTH,
                                                   v1::LFPSE_SERVICE_UNSPECIFIED,
                                                   v1::LFPSE_SERVICE_COMMUNITY_THERAPY,
                                                   v1::LFPSE_SERVICE_COMMUNITY_NURSING,
                                                   v1::LFPSE_SERVICE_PRISON,
                                                   v1::LFPSE_SERVICE_PHARMACY,
                                                   v1::LFPSE_SERVICE_OPTOMETRY,
                                                   v1::LFPSE_SERVICE_DENTISTRY,
                                                   v1::LFPSE_SERVICE_CARE_HOME,
                                                   v1::LFPSE_SERVICE_SOCIAL_CARE,
                                                   v1::LFPSE_SERVICE_LEARNING_DISABILITY_AND_AUTISM,
                                                   v1::LFPSE_SERVICE_NOT_KNOWN,
                                                   v1::LFPSE_SERVICE_INTERMEDIATE_CARE,
                                                   v1::LFPSE_SERVICE_GENERAL_PRACTICE,
                                                   v1::LFPSE_SERVICE_NHS_111,
                                                   v1::LFPSE_SERVICE_MATERNITY};
  return OneOf(code, kServices);
}

std::optional<v1::IncidentLocation> LocationOfLfpse(std::string_view code) {
  static constexpr v1::IncidentLocation kLocations[] = {
      v1::INCIDENT_LOCATION_PUBLIC_PLACE,     v1::INCIDENT_LOCATION_PRIVATE_HOME,
      v1::INCIDENT_LOCATION_CARE_HOME,        v1::INCIDENT_LOCATION_HOSPITAL,
      v1::INCIDENT_LOCATION_OTHER_HEALTHCARE, v1::INCIDENT_LOCATION_AMBULANCE,
      v1::INCIDENT_LOCATION_PRISON,           v1::INCIDENT_LOCATION_NONE_OF_THESE,
      v1::INCIDENT_LOCATION_NOT_KNOWN,        v1::INCIDENT_LOCATION_MENTAL_HEALTH_UNIT,
      v1::INCIDENT_LOCATION_GENERAL_PRACTICE, v1::INCIDENT_LOCATION_PHARMACY};
  return OneOf(code, kLocations);
}

std::optional<v1::LfpseOutcome> OutcomeOfLfpse(std::string_view code) {
  static constexpr v1::LfpseOutcome kOutcomes[] = {v1::LFPSE_OUTCOME_DEATH_TO_LOOK_INTO,
                                                   v1::LFPSE_OUTCOME_READMISSION,
                                                   v1::LFPSE_OUTCOME_INTENSIVE_CARE,
                                                   v1::LFPSE_OUTCOME_SAFEGUARDING_WITHOUT_STAFF,
                                                   v1::LFPSE_OUTCOME_RETURN_TO_THEATRE,
                                                   v1::LFPSE_OUTCOME_UNSPECIFIED,
                                                   v1::LFPSE_OUTCOME_CRASH_CALL,
                                                   v1::LFPSE_OUTCOME_UNSPECIFIED,
                                                   v1::LFPSE_OUTCOME_POSTPARTUM_HAEMORRHAGE,
                                                   v1::LFPSE_OUTCOME_EMERGENCY_CAESAREAN};
  return OneOf(code, kOutcomes);
}

std::optional<v1::Association> AssociationOfLfpse(std::string_view code) {
  static constexpr v1::Association kAssociations[] = {
      v1::ASSOCIATION_UNSPECIFIED, v1::ASSOCIATION_NOT_KNOWN, v1::ASSOCIATION_NOT_RELATED,
      v1::ASSOCIATION_POSSIBLY,    v1::ASSOCIATION_PROBABLY,  v1::ASSOCIATION_CAUSED};
  return OneOf(code, kAssociations);
}

std::optional<v1::LevelOfConcern> LevelOfConcernOfLfpse(std::string_view code) {
  static constexpr v1::LevelOfConcern kLevels[] = {
      v1::LEVEL_OF_CONCERN_NOT_AT_ALL, v1::LEVEL_OF_CONCERN_UNSPECIFIED,
      v1::LEVEL_OF_CONCERN_NOT_VERY, v1::LEVEL_OF_CONCERN_FAIRLY, v1::LEVEL_OF_CONCERN_VERY};
  return OneOf(code, kLevels);
}

std::optional<v1::IncidentReporter> ReporterOfLfpse(std::string_view code) {
  static constexpr v1::IncidentReporter kReporters[] = {
      v1::INCIDENT_REPORTER_PATIENT, v1::INCIDENT_REPORTER_FRIEND_OR_RELATIVE,
      v1::INCIDENT_REPORTER_STAFF, v1::INCIDENT_REPORTER_NONE_OF_THESE,
      v1::INCIDENT_REPORTER_OTHER};
  return OneOf(code, kReporters);
}

}  // namespace trigpoint
