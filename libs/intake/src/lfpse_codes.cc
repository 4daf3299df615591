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

}  // namespace

std::optional<LfpseKind> LfpseKindOf(std::string_view words) {
  static constexpr std::pair<std::string_view, LfpseKind> kWords[] = {
      {"PATIENT SAFETY INCIDENT", LfpseKind::kIncident},
      {"INCIDENT", LfpseKind::kIncident},
      {"OUTCOME", LfpseKind::kOutcome},
      {"PATIENT SAFETY OUTCOME", LfpseKind::kOutcome},
      {"RISK", LfpseKind::kRisk},
      {"PATIENT SAFETY RISK", LfpseKind::kRisk},
      {"GOOD CARE", LfpseKind::kGoodCare}};
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
  const auto number = CodeUpTo(code, v1::NeverEventType_MAX);
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

}  // namespace trigpoint
