#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "trigpoint/domain/decisions.h"

namespace trigpoint {

/// Why a move is refused though its role may make it.
struct Lack {
  std::string field;  ///< Of the proposal: what would do; empty: another role may decide it.
  std::string clause;
  std::string reason;
};

bool HasRationale(const v1::DecisionProposed& proposal);

/// Whether the urgent path of the policy held when it was last assessed (S3 App 2; S1 L173).
bool UrgentPathHolds(const v1::PolicyRecord& record);

/// The first thing that the move lacks, or nothing: references of the proposal; a quality review
/// meeting of this episode with the outcome that the move asks for (S3 App 1); the end of the hold
/// after a quality risk profile gained assurance (S3 App 1 QRP); urgency. `known_us` is when the
/// decision became known.
std::optional<Lack> LackOf(const v1::AuthorityMatrix::Transition& transition,
                           const v1::DecisionProposed& proposal, int64_t known_us,
                           const DecisionContext& context, const v1::PolicyRecord& record);

}  // namespace trigpoint
