#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// What the fold needs to know to record or refuse a decision.
struct DecisionContext {
  const v1::AuthorityMatrix* authority =
      nullptr;  ///< Of the policy version in force; null: policy not in force.
  bool jointly_commissioned = false;  ///< S2 3.1.4: every stage decision is joint.
  std::vector<std::string>
      commissioners;  ///< Organisations whose concurrence a joint decision needs.
  /// Facts of the service: meetings and quality risk profiles. Null: none are known.
  const v1::ProviderState* state = nullptr;
};

/// The context of a service under a policy; points into both.
DecisionContext DecisionContextOf(const v1::ProviderState& state,
                                  const v1::AuthorityMatrix* authority);

/// The lowest state of a policy where nobody has decided yet, else the decided one: here, or of a
/// predecessor where it is inherited (SettleInherited).
std::string DecidedState(const v1::PolicyRecord& record, const v1::AuthorityMatrix& authority);

/// The moves that lead from one state to another, as few as the policy allows, the first one first.
/// Empty: it is there already, or there is no such way. Rule: 3.5 rule f (one step at a time where
/// the policy has no other move). Point into `authority`.
std::vector<const v1::AuthorityMatrix::Transition*> MovesTo(const v1::AuthorityMatrix& authority,
                                                            const std::string& from,
                                                            const std::string& to);

/// A hold of the decided level after a quality risk profile of this episode (S3 App 1; S3
/// 5.2.3(a)).
struct AssuranceHold {
  const v1::AuthorityMatrix::Transition* transition =
      nullptr;                     ///< The move that it stands against.
  std::optional<CivilDate> since;  ///< When assurance was gained; nothing: it was not.
  std::optional<CivilDate> until;  ///< The first day on which the level may fall.
};

/// The hold that stands on a day against a move that `transition` describes, or nothing: no profile
/// was run, or the hold is over. It follows from the profiles and the day.
std::optional<AssuranceHold> HoldOn(const v1::AuthorityMatrix::Transition& transition,
                                    CivilDate today, const DecisionContext& context,
                                    const v1::PolicyRecord& record);
/// The first hold that stands against a move from the decided level, or nothing.
std::optional<AssuranceHold> HoldAgainstFall(const DecisionContext& context, CivilDate today,
                                             const v1::PolicyRecord& record);

/// Records or refuses a proposal; identical in every process that folds it. Refused attempts stay
/// in `record`, too.
///
/// Order of checks: policy in force, basis (the head did not move), authority with its clause, a
/// hold after assurance was gained, what the move requires (meeting id, risk profile, SQG
/// reference, the outcome of a quality review meeting, urgency), override with rationale where
/// neither a recommendation nor such a meeting says so (3.5 rule a). A move below what was
/// recommended declines what it rested on. While the urgent path holds, one of the joint
/// commissioners may move up with `urgency`; concurrence is asked for afterwards. Rules:
/// S2 3.4.3-3.4.5 (AU-01..04), S1 L169-172 (AU-05..07), S3 App 1 (AU-10, DL-08), S3 3.0 (PR-51).
v1::DecisionRecord FoldProposal(const v1::DecisionProposed& proposal,
                                const std::string& decision_id, int64_t known_us,
                                const DecisionContext& context, v1::PolicyRecord* record);

/// A joint commissioner concurs or refuses. The basis is checked again at the last concurrence.
/// After a refusal the higher of the two states is `not_agreed_state` until a decision is recorded.
/// Rule: S2 3.1.4, 3.4.3-3.4.4; 3.6.
v1::DecisionRecord FoldConcurrence(const v1::DecisionConcurrence& concurrence, int64_t known_us,
                                   const DecisionContext& context, v1::PolicyRecord* record);

}  // namespace trigpoint
