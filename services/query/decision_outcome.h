#pragma once

#include "grpcpp/support/status.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Turns what the fold said about a decision into the answer of the call: FAILED_PRECONDITION with
/// the clause where the authority is missing (AUTHORITY) or something that the decision needs
/// (REQUIREMENT_MISSING, with the field), or where there is nothing to decide (DECIDED_ALREADY,
/// NOTHING_TO_DECLINE, NOT_PENDING); ABORTED where the basis moved; INVALID_ARGUMENT where the
/// request makes no sense.
grpc::Status AnswerDecision(const v1::DecisionRecord& decision,
                            v1::ProposeDecisionResponse* response);

}  // namespace trigpoint
