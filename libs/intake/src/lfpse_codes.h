#pragma once

#include <optional>
#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Reads the words for a kind of event ("Patient safety incident", "Good care"), either case.
/// CL-02.
std::optional<v1::LfpseEvent> LfpseEventOf(std::string_view words);

/// Rule: CL-01. The codes run backwards: 1 fatal, 2 severe, 3 moderate, 4 low, 5 none.
std::optional<v1::Harm> PhysicalHarmOfLfpse(std::string_view code);

/// Rule: CL-01. Backwards and offset by one: 1 severe, 2 moderate, 3 low, 4 none; never fatal.
std::optional<v1::Harm> PsychologicalHarmOfLfpse(std::string_view code);

/// Rule: CL-02, 1 to 15.
std::optional<v1::NeverEventType> NeverEventOfLfpse(std::string_view code);

/// Rule: CL-02, 1 to 4.
std::optional<v1::CqcCriterion> CqcCriterionOfLfpse(std::string_view code);

/// The theme of a safety challenge; THEME_UNSPECIFIED for "none of the above". CL-02.
std::optional<v1::Theme> ThemeOfLfpse(std::string_view challenge);

/// Whether a reason for reporting anonymously is the fear of consequences: 4 to 7 of 1 to 8. CL-02.
std::optional<bool> IsFearOfConsequences(std::string_view reason);

/// Rule: CL-02; 2 and 5 are no codes.
std::optional<v1::LfpseService> ServiceOfLfpse(std::string_view code);

/// Rule: CL-02, 1 to 12.
std::optional<v1::IncidentLocation> LocationOfLfpse(std::string_view code);

/// Rule: CL-02; 6 and 8 are no codes.
std::optional<v1::LfpseOutcome> OutcomeOfLfpse(std::string_view code);

/// Rule: CL-02, 2 to 6.
std::optional<v1::Association> AssociationOfLfpse(std::string_view code);

/// Rule: CL-02; there is no code 2.
std::optional<v1::LevelOfConcern> LevelOfConcernOfLfpse(std::string_view code);

/// Rule: CL-02, 1 to 5.
std::optional<v1::IncidentReporter> ReporterOfLfpse(std::string_view code);

}  // namespace trigpoint
