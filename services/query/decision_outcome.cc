#include "services/query/decision_outcome.h"

#include "services/common/rpc_status.h"

namespace trigpoint {
namespace {

std::string Explain(const v1::DecisionRecord& decision,
                    v1::ProposeDecisionResponse::Outcome outcome) {
  if (!decision.reason().empty()) return decision.reason();
  const auto& proposal = decision.decision();
  if (outcome == v1::ProposeDecisionResponse::OUTCOME_PENDING_CONCURRENCE) {
    return "the service is jointly commissioned: the other commissioners must concur";
  }
  if (proposal.kind() == v1::DecisionProposed::KIND_DECLINE)
    return "the recommendation is declined";
  return "moved from " + proposal.from_state() + " to " + proposal.to_state();
}

grpc::Status Precondition(const v1::DecisionRecord& decision, std::string_view reason,
                          const ErrorMetadata& metadata = {}) {
  ErrorMetadata all = metadata;
  if (!decision.clause().empty()) all["clause"] = decision.clause();
  return ToGrpc(absl::FailedPreconditionError(decision.reason()), reason, all);
}

grpc::Status Refused(const v1::DecisionRecord& decision) {
  const auto& proposal = decision.decision();
  switch (decision.refusal()) {
    case v1::DecisionRecord::REFUSAL_AUTHORITY: {
      ErrorMetadata states;
      if (!proposal.to_state().empty()) {
        states = {{"from_state", proposal.from_state()}, {"to_state", proposal.to_state()}};
      }
      const std::string clause = decision.clause().empty() ? "" : " (" + decision.clause() + ")";
      return FailedPrecondition(decision.clause(), decision.reason() + clause, states);
    }
    case v1::DecisionRecord::REFUSAL_REQUIREMENT:
      return Precondition(decision, "REQUIREMENT_MISSING", {{"field", decision.missing()}});
    case v1::DecisionRecord::REFUSAL_BASIS_MOVED:
      return Aborted(decision.reason());
    case v1::DecisionRecord::REFUSAL_POLICY_NOT_IN_FORCE:
      return InvalidArgument("policy_id", "POLICY_NOT_IN_FORCE", decision.reason());
    case v1::DecisionRecord::REFUSAL_UNKNOWN_STATE:
      return InvalidArgument("to_state", "UNKNOWN_STATE", decision.reason());
    case v1::DecisionRecord::REFUSAL_DECIDED_ALREADY:
      return Precondition(decision, "DECIDED_ALREADY", {{"decided_state", proposal.to_state()}});
    case v1::DecisionRecord::REFUSAL_NOTHING_TO_DECLINE:
      return Precondition(decision, "NOTHING_TO_DECLINE", {{"policy_id", proposal.policy_id()}});
    case v1::DecisionRecord::REFUSAL_NOT_PENDING:
      return Precondition(decision, "NOT_PENDING", {{"proposal_id", decision.decision_id()}});
    default:
      break;
  }
  // A reason that a later version gave.
  return decision.clause().empty()
             ? InvalidArgument("to_state", "DECISION_INVALID", decision.reason())
             : FailedPrecondition(decision.clause(), decision.reason());
}

}  // namespace

grpc::Status AnswerDecision(const v1::DecisionRecord& decision,
                            v1::ProposeDecisionResponse* response) {
  auto outcome = v1::ProposeDecisionResponse::OUTCOME_UNSPECIFIED;
  switch (decision.outcome()) {
    case v1::DecisionRecord::OUTCOME_RECORDED:
      outcome = v1::ProposeDecisionResponse::OUTCOME_RECORDED;
      break;
    case v1::DecisionRecord::OUTCOME_PENDING_CONCURRENCE:
      outcome = v1::ProposeDecisionResponse::OUTCOME_PENDING_CONCURRENCE;
      break;
    case v1::DecisionRecord::OUTCOME_BLOCKED:
      outcome = v1::ProposeDecisionResponse::OUTCOME_BLOCKED;
      break;
    default:
      return Refused(decision);
  }
  const auto& proposal = decision.decision();
  const bool moved = outcome == v1::ProposeDecisionResponse::OUTCOME_RECORDED &&
                     proposal.kind() == v1::DecisionProposed::KIND_MOVE;
  response->set_decision_id(decision.decision_id());
  response->set_outcome(outcome);
  response->set_decided_state(moved ? proposal.to_state() : proposal.from_state());
  response->set_clause(decision.clause());
  response->set_explanation(Explain(decision, outcome));
  return grpc::Status::OK;
}

}  // namespace trigpoint
