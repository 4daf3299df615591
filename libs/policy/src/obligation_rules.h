#pragma once

#include "absl/status/statusor.h"
#include "trigpoint/policy/pack.h"
#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// Checks a rule of `pack` and resolves what it names, but for `applies_to`. INVALID_ARGUMENT says
/// what is wrong with it, as the rest of a sentence that begins with the rule.
absl::StatusOr<ObligationTerms> TermsOf(const v1::ObligationRule& rule, const v1::PolicyPack& pack);

}  // namespace trigpoint
