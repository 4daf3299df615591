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
    case v1::DecisionRecord::OUTCOME_REFUSED_AUTHORITY:
      return FailedPrecondition(
          decision.clause(),
          decision.reason() + (decision.clause().empty() ? "" : " (" + decision.clause() + ")"));
    case v1::DecisionRecord::OUTCOME_REFUSED_BASIS_MOVED:
      return Aborted(decision.reason());
    default:
      if (!decision.clause().empty())
        return FailedPrecondition(decision.clause(), decision.reason());
      return InvalidArgument("decision", "DECISION_INVALID", decision.reason());
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
