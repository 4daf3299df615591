#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/query/query_core.h"
#include "trigpoint/policy/lint.h"
#include "trigpoint/policy/pack.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// The answer to a pack that does not compile: what lint finds wrong, each as a violation of
/// `pack`.
grpc::Status RefusedPack(const v1::PolicyPack& pack);

/// What differs between the assessments of one service under two versions of a policy; nullopt
/// where nothing does. `before` null: no version was in force. Criteria of one version alone count
/// where they hold.
std::optional<v1::DryRunPolicyResponse::Change> Difference(const v1::Assessment* before,
                                                           const v1::Assessment& after);

/// Parameters that differ, e.g. "never_events_multiple 2 -> 3", in the order of the new version.
std::vector<std::string> ChangedParameters(const v1::PolicyPack& before,
                                           const v1::PolicyPack& after);

/// PolicyService.DryRunPolicy: assesses every service now under the version in force and under
/// `pack`, as if it came into force at this instant. Nothing is stored.
///
/// A pack of the caller's own making can ask anything, and count what it may not see. So reports of
/// protected sources are left out on both sides, and services that the caller's organisation
/// neither commissions nor hosts are not looked at.
grpc::ServerWriteReactor<v1::DryRunPolicyResponse>* StartDryRun(
    std::shared_ptr<QueryCore> core, grpc::CallbackServerContext* context,
    const v1::DryRunPolicyRequest& request);

}  // namespace trigpoint
