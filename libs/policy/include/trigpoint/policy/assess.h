#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "trigpoint/policy/measure.h"
#include "trigpoint/policy/pack.h"

namespace trigpoint {

/// A criterion or urgent rule that stays TRUE though its window has emptied ("evidence ageing"): it
/// was TRUE in the last recorded recommendation, and no fact ended it (3.2 "Never down by
/// silence"; 3.5 rule c).
struct HeldResult {
  v1::CriterionResult basis;  ///< As last recorded.
};

/// Held criteria (pack order), then held urgent rules (pack order).
struct HeldResults {
  std::vector<std::optional<HeldResult>> criteria;
  std::vector<std::optional<HeldResult>> urgent;
};

/// An urgent rule that holds, with the evidence that may start an alert.
struct UrgentGround {
  std::string rule;
  std::string clause;
  std::string lead;
  std::vector<v1::EventRef> evidence;
  bool protected_source = false;
};

/// The assessment of one service under one policy.
struct AssessmentResult {
  Truth applies = Truth::kUnknown;  ///< 3.10 ruling 1.
  std::string floor;                ///< State true in every completion of what is unknown.
  std::string ceiling;              ///< Highest state not excluded.
  bool urgent = false;
  bool fell = false;  ///< A criterion that supported a level fell with a new version of the policy.
  std::vector<v1::CriterionResult> criteria;  ///< In the order of the pack, then the urgent rules.
  std::vector<UrgentGround>
      grounds;  ///< Urgent rules that hold by present evidence (not held ones).
  std::vector<std::string> near_misses;
  std::vector<std::string> gaps;
  /// Of the reports that what is TRUE cites, the best grade first (domain.md 3.8 (6)). Shown only.
  std::vector<v1::ThemeConfidence> confidence;
};

/// The values of an assessment without their proof: enough to see whether anything is to be said.
struct AssessmentValues {
  struct Rule {
    Truth value = Truth::kUnknown;
    bool decisive = false;
  };
  Truth applies = Truth::kUnknown;
  bool urgent = false;
  int floor = 0;  ///< Ranks of states.
  int ceiling = 0;
  std::vector<Rule> rules;  ///< Criteria in the order of the pack, then the urgent rules.
};

/// Values of assessments that were computed before, by what they follow from: the pack and the
/// values of its measures. Packs must outlive it. Confined to one thread.
struct ValuesMemo {
  /// More combinations than these are forgotten and computed anew.
  static constexpr size_t kEntriesMax = 4096;

  std::unordered_map<std::string, std::shared_ptr<const AssessmentValues>> known;
};

/// How much of a pack is assessed.
enum class AssessScope : uint8_t {
  kWhole,
  kUrgentOnly,  ///< Only the urgent path: all that matters of a policy that does not apply.
};

/// Assesses: every criterion TRUE / FALSE / UNKNOWN / NOT_APPLICABLE with clause and evidence,
/// floor and ceiling, urgent path first (R-URG S3 App 2, R-RQR S1 L173). Pure: same input, same
/// bytes.
AssessmentResult Assess(const CompiledPack& pack, const MeasureContext& context,
                        const HeldResults& held = {}, AssessScope scope = AssessScope::kWhole);

/// Whether the pack applies to the service (its `applies_to`).
Truth Applies(const CompiledPack& pack, const MeasureContext& context);

/// TRUE -> TRUTH_VALUE_TRUE and so on.
v1::TruthValue ToProto(Truth value);

}  // namespace trigpoint
