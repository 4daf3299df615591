#pragma once

#include "services/query/query_core.h"

namespace trigpoint {

/// PolicyService.ActivatePolicy: who approved a version of a policy, by which decision and why,
/// goes on record with the whole pack (S0 9.2; S3 3.0). INVALID_ARGUMENT names what is missing or
/// wrong, FAILED_PRECONDITION (POLICY_VERSION) a version that does not follow those on record.
grpc::Status ActivatePolicy(QueryCore& core, const Principal& who,
                            const v1::ActivatePolicyRequest& request,
                            v1::ActivatePolicyResponse* response);

/// PolicyService.RetirePolicy: who took a policy out of force, by which decision and why, goes on
/// record. INVALID_ARGUMENT names what is missing, NOT_FOUND a policy that never was in force,
/// FAILED_PRECONDITION (POLICY_VERSION) one that is taken out already or has a version to come.
grpc::Status RetirePolicy(QueryCore& core, const Principal& who,
                          const v1::RetirePolicyRequest& request,
                          v1::RetirePolicyResponse* response);

}  // namespace trigpoint
