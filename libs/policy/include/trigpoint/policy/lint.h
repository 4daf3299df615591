#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// Something in a pack that is wrong, or that whoever approves it should know.
struct PackFinding {
  enum class Severity : uint8_t {
    kError,    ///< It is wrong, whatever was meant.
    kWarning,  ///< It is probably not meant.
    kNote,     ///< It may be meant; people should know.
  };
  Severity severity = Severity::kError;
  std::string rule;  ///< Id of the rule or state, "parameter x", "move A -> B", or "policy".
  std::string what;
  std::string mend;  ///< What to do about it.
};

/// Gives "error", "warning" or "note".
std::string_view SeverityName(PackFinding::Severity severity);

/// Looks for what is wrong in a pack beyond what CompiledPack refuses, which comes first and as an
/// error: clauses and texts that are missing, citations that name no document of S0 to S4 or no
/// paragraph, parameters that nothing uses, states that cannot be reached, left or recommended,
/// conditions that never or always hold, criteria with the same condition or without a part in any
/// rule, measures of unknown states, cross-walks without a note, and, as of a day, a review date
/// that has passed (S0 9.1; X-20).
///
/// Conditions are tried over all truth values of their measures. Measures count as independent,
/// but for those that ask which one value something has; so a condition may be impossible without
/// being found, and never the other way round. What would take too long is told as undecided.
/// Pure: same input, same findings. Errors first, then in the order of the pack.
std::vector<PackFinding> LintPack(const v1::PolicyPack& pack,
                                  std::optional<CivilDate> as_of = std::nullopt);

/// Whether an error is among them.
bool HasErrors(const std::vector<PackFinding>& findings);

}  // namespace trigpoint
