#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trigpoint/policy/assess.h"

namespace trigpoint {

/// Version of the rules engine; part of every recommendation id. Raised when the same input may
/// give other bytes.
inline constexpr char kEngineVersion[] = "6";

/// Why a stream is being assessed.
struct Cause {
  std::string id;                         ///< "source/id/version", or the key of a timer.
  std::optional<v1::EventRef> corrected;  ///< The record that a correction or retraction is about.
};

/// What is to be appended after an assessment.
struct Advice {
  std::optional<v1::Recommendation> recommendation;
  std::optional<v1::DecisionBasisWeakened> weakened;
  Truth applies = Truth::kUnknown;    ///< Whether the policy applies to the service.
  std::vector<UrgentGround> grounds;  ///< Urgent rules that hold by present evidence.
};

/// Values of every criterion, then of every urgent rule, without holding: what Recommend compares
/// with to tell a fact that ended something from time that passed.
std::vector<Truth> RawValues(const CompiledPack& pack, const MeasureContext& context);

/// What the version before says of the rules of a policy version, one for each rule of `now`; FALSE
/// for those that it does not have. What is TRUE there and falls with the new version falls by a
/// decision of people, not by age.
std::vector<Truth> RawValuesUnder(const CompiledPack& before, const CompiledPack& now,
                                  const MeasureContext& context);

/// Decides whether a recommendation is issued, revised or withdrawn.
///
/// - Issued when the assessment asks for another state than the decided one, or the urgent path
/// holds.
/// - Revised only when target, urgency or a criterion's value changes.
/// - Withdrawn only when a correction or retraction leaves nothing true (3.10 ruling 7).
/// - A criterion falls only by a fact, or by a new version of the policy; when its window merely
/// empties it is held TRUE as ageing (3.2).
/// - A declined recommendation is not issued again until there is evidence beyond what was declined
/// (3.5 rule b).
///
/// `raw_before`: the raw values just before the event that causes this, or under the version before
/// (RawValuesUnder); empty: only time has passed.
Advice Recommend(const CompiledPack& pack, const MeasureContext& context, const Cause& cause,
                 const std::vector<Truth>& raw_before);

/// Assessment as people read it: with criteria held as the last recorded recommendation says.
/// `version_before`: a version of the policy that the pack is about to follow, or null.
AssessmentResult AssessAsRecorded(const CompiledPack& pack, const MeasureContext& context,
                                  const CompiledPack* version_before = nullptr);

}  // namespace trigpoint
