#include "services/query/policy_activation.h"

#include "services/common/request_id.h"
#include "services/query/disclosure_stream.h"
#include "services/query/etag.h"
#include "services/query/policy_dry_run.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr size_t kReasonBytesMax = 2'000;

template <typename Request>
absl::Status CheckWords(const Request& request) {
  TP_RETURN_IF_ERROR(CheckPlainRef("approved_by", request.approved_by(),
                                   "name the body that approved it, e.g. a committee (S0 9.2)"));
  TP_RETURN_IF_ERROR(CheckPlainRef("authority_ref", request.authority_ref(),
                                   "name its decision, e.g. a minute (S0 9.2)"));
  return CheckPlainRef("reason", request.reason(), "say what changes and why (S3 3.0)",
                       kReasonBytesMax);
}

}  // namespace

grpc::Status ActivatePolicy(QueryCore& core, const Principal& who,
                            const v1::ActivatePolicyRequest& request,
                            v1::ActivatePolicyResponse* response) {
  if (!core.deps.activate_policy)
    return ToGrpc(absl::UnimplementedError("this process activates no policies"));
  if (const absl::Status words = CheckWords(request); !words.ok()) return ToGrpc(words);
  if (!CompiledPack::Compile(request.pack()).ok()) return RefusedPack(request.pack());
  v1::PolicyActivated activated;
  *activated.mutable_pack() = request.pack();
  activated.set_policy_id(request.pack().id());
  activated.set_version(request.pack().version());
  if (request.has_effective_from()) *activated.mutable_effective_from() = request.effective_from();
  activated.set_approved_by(request.approved_by());
  activated.set_authority_ref(request.authority_ref());
  activated.set_reason(request.reason());
  *activated.mutable_actor() = ActorOf(who);
  const auto from_us = core.deps.activate_policy(activated, request.validate_only());
  if (!from_us.ok()) return ToGrpc(from_us.status());
  response->set_policy_id(activated.policy_id());
  response->set_version(activated.version());
  SetMicros(*from_us, response->mutable_effective_from());
  return grpc::Status::OK;
}

grpc::Status RetirePolicy(QueryCore& core, const Principal& who,
                          const v1::RetirePolicyRequest& request,
                          v1::RetirePolicyResponse* response) {
  if (!core.deps.retire_policy)
    return ToGrpc(absl::UnimplementedError("this process takes no policies out of force"));
  if (const absl::Status words = CheckWords(request); !words.ok()) return ToGrpc(words);
  v1::PolicyRetired retired;
  retired.set_policy_id(request.policy_id());
  if (request.has_effective_from()) *retired.mutable_effective_from() = request.effective_from();
  retired.set_approved_by(request.approved_by());
  retired.set_authority_ref(request.authority_ref());
  retired.set_reason(request.reason());
  *retired.mutable_actor() = ActorOf(who);
  // Policies are the same in every partition; any stream id leads to one.
  const absl::Status fresh =
      CheckEtag(*core.projector().ControlsFor(""), request.policy_id(), request.etag());
  if (!fresh.ok()) return ToGrpc(fresh);
  const auto from_us = core.deps.retire_policy(retired, request.validate_only());
  if (!from_us.ok()) return ToGrpc(from_us.status());
  response->set_policy_id(retired.policy_id());
  SetMicros(*from_us, response->mutable_effective_from());
  return grpc::Status::OK;
}

}  // namespace trigpoint
