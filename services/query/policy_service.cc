#include <algorithm>
#include <map>

#include "absl/synchronization/mutex.h"
#include "google/protobuf/util/json_util.h"
#include "services/query/etag.h"
#include "services/query/paging.h"
#include "services/query/policy_activation.h"
#include "services/query/policy_dry_run.h"
#include "services/query/query_core.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/assess.h"
#include "trigpoint/policy/instants.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kList[] = "trigpoint.v1.PolicyService/ListPolicies";
constexpr char kActivate[] = "trigpoint.v1.PolicyService/ActivatePolicy";
constexpr char kRetire[] = "trigpoint.v1.PolicyService/RetirePolicy";

using Coverage = std::map<std::string, int64_t>;

/// How many providers each policy applies to. Every state is looked at, so the answer is kept while
/// nothing is folded.
class CoverageCache {
 public:
  std::shared_ptr<const Coverage> Get(QueryCore& core) {
    const absl::MutexLock lock(&mu_);  // One counts; the others wait for its result.
    std::vector<int64_t> folded = core.projector().Folded();
    if (kept_ != nullptr && folded == folded_) return kept_;
    kept_ = Count(core);
    folded_ = std::move(folded);
    return kept_;
  }

 private:
  static std::shared_ptr<const Coverage> Count(QueryCore& core) {
    auto counts = std::make_shared<Coverage>();
    std::map<uint32_t, std::shared_ptr<const Controls>> controls;  // By partition.
    for (const auto& summary : *core.AllSummaries()) {
      const absl::StatusOr<StreamAsOf> stream = core.projector().Read(summary.stream_id());
      if (!stream.ok()) continue;
      const uint32_t p = core.projector().PartitionFor(summary.stream_id());
      const auto found =
          controls.try_emplace(p, core.projector().ControlsFor(summary.stream_id())).first;
      const int64_t as_of_us = std::max(core.Now(), stream->state.known_us());
      const auto in_force = found->second->At(stream->state, as_of_us);
      for (const auto& pack : in_force->policies) {
        const MeasureContext context =
            ContextFor(stream->state, stream->record, *pack, {}, as_of_us);
        if (Applies(*pack, context) == Truth::kTrue) ++(*counts)[pack->pack().id()];
      }
    }
    return counts;
  }

  absl::Mutex mu_;
  std::shared_ptr<const Coverage> kept_;
  std::vector<int64_t> folded_;
};

/// Of every policy the version in force, or the next one where none is yet; sorted by policy id.
std::vector<Controls::Activation> Present(const Controls& controls, int64_t now_us) {
  std::map<std::string, Controls::Activation> by_id;
  for (const auto& activation : controls.activations()) {
    const auto [it, added] = by_id.emplace(activation.pack->pack().id(), activation);
    if (added) continue;
    const bool in_force = activation.effective_us <= now_us;
    const bool kept_in_force = it->second.effective_us <= now_us;
    const bool later = activation.effective_us >= it->second.effective_us;
    if (in_force ? (!kept_in_force || later) : (!kept_in_force && !later)) it->second = activation;
  }
  std::vector<Controls::Activation> all;
  all.reserve(by_id.size());
  for (auto& [id, activation] : by_id) all.push_back(std::move(activation));
  return all;
}

/// A version that is to follow the one in force is told with it.
void FillNext(const Controls& controls, int64_t now_us, v1::Policy* policy) {
  for (const auto& next : controls.activations()) {
    if (next.pack->pack().id() != policy->policy_id() || next.effective_us <= now_us ||
        next.pack->pack().version() <= policy->version()) {
      continue;
    }
    policy->set_status("version " + std::to_string(next.pack->pack().version()) + " follows on " +
                       FormatDate(LondonDate(next.effective_us)) +
                       (policy->status().empty() ? "" : "; " + policy->status()));
  }
}

/// That it is, or will be, out of force.
void FillRetirement(const Controls& controls, int64_t now_us, v1::Policy* policy) {
  const int64_t retired_us = controls.RetiredFrom(policy->policy_id());
  if (retired_us == kNever) return;
  SetMicros(retired_us, policy->mutable_retired_from());
  policy->set_status((retired_us <= now_us ? "not in force since " : "in force until ") +
                     FormatInstant(retired_us) +
                     (policy->status().empty() ? "" : "; " + policy->status()));
}

/// Who put it in force.
void FillApproval(const Controls& controls, const std::string& control_id, v1::Policy* policy) {
  for (const auto& control : controls.state().controls()) {
    if (control.id() != control_id) continue;
    policy->set_approved_by(control.policy_activated().approved_by());
    policy->set_authority_ref(control.policy_activated().authority_ref());
  }
}

grpc::Status Fill(const Controls::Activation& activation, const Coverage& coverage, int64_t now_us,
                  v1::Policy* policy) {
  const v1::PolicyPack& pack = activation.pack->pack();
  policy->set_policy_id(pack.id());
  policy->set_version(pack.version());
  policy->set_title(pack.title());
  policy->set_source_document(pack.source_document());
  policy->set_status(pack.caveat());
  policy->set_review_due(pack.review_due());
  *policy->mutable_cross_walk() = pack.cross_walk();
  if (activation.effective_us > now_us) {
    policy->set_status("in force from " + FormatInstant(activation.effective_us) +
                       (policy->status().empty() ? "" : "; " + policy->status()));
  }
  if (const auto due = ParseDate(pack.review_due()); due.ok() && *due < LondonDate(now_us)) {
    policy->set_status((policy->status().empty() ? "" : policy->status() + "; ") +
                       "was to be reviewed by " + pack.review_due());
  }
  SetMicros(activation.effective_us, policy->mutable_effective_from());
  // One state is no level.
  if (activation.pack->HasLevels()) *policy->mutable_states() = pack.authority().states();
  for (const auto& criterion : pack.criteria()) policy->add_criteria(criterion.id());
  for (const auto& urgent : pack.urgent()) policy->add_criteria(urgent.id());
  const auto covered = coverage.find(pack.id());
  policy->set_providers_covered(covered == coverage.end() ? 0 : covered->second);
  google::protobuf::util::JsonPrintOptions options;  // JSON is YAML, too.
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(pack, policy->mutable_pack_yaml(), options)
           .ok()) {
    return ToGrpc(absl::InternalError("a pack cannot be written as JSON"));
  }
  return grpc::Status::OK;
}

class PolicyService final : public v1::PolicyService::CallbackService {
 public:
  explicit PolicyService(std::shared_ptr<QueryCore> core) : core_(std::move(core)) {}

  grpc::ServerUnaryReactor* ListPolicies(grpc::CallbackServerContext* context,
                                         const v1::ListPoliciesRequest* request,
                                         v1::ListPoliciesResponse* response) override {
    return Serve(*core_, context, kList, {}, Where::kPool,
                 [this, request, response](const Principal&) { return List(*request, response); });
  }

  grpc::ServerWriteReactor<v1::DryRunPolicyResponse>* DryRunPolicy(
      grpc::CallbackServerContext* context, const v1::DryRunPolicyRequest* request) override {
    return StartDryRun(core_, context, *request);
  }

  grpc::ServerUnaryReactor* ActivatePolicy(grpc::CallbackServerContext* context,
                                           const v1::ActivatePolicyRequest* request,
                                           v1::ActivatePolicyResponse* response) override {
    return Serve(*core_, context, kActivate, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   return Once(*core, who, kActivate, *request, response, [&] {
                     return trigpoint::ActivatePolicy(*core, who, *request, response);
                   });
                 });
  }

  grpc::ServerUnaryReactor* RetirePolicy(grpc::CallbackServerContext* context,
                                         const v1::RetirePolicyRequest* request,
                                         v1::RetirePolicyResponse* response) override {
    return Serve(*core_, context, kRetire, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   return Once(*core, who, kRetire, *request, response, [&] {
                     return trigpoint::RetirePolicy(*core, who, *request, response);
                   });
                 });
  }

 private:
  grpc::Status List(const v1::ListPoliciesRequest& request, v1::ListPoliciesResponse* response) {
    const int64_t now_us = core_->Now();
    // Policies are the same in every partition; any stream id leads to one.
    const auto controls = core_->projector().ControlsFor("");
    const std::vector<Controls::Activation> all = Present(*controls, now_us);
    const auto page = PageOf(
        all,
        [](const Controls::Activation& a) -> const std::string& { return a.pack->pack().id(); },
        core_->deps.page_secret, "ListPolicies", request.page_size(), request.page_token());
    if (!page.ok()) return ToGrpc(page.status());
    const std::shared_ptr<const Coverage> coverage = coverage_.Get(*core_);
    for (size_t i = page->from; i < page->to; ++i) {
      grpc::Status filled = Fill(all[i], *coverage, now_us, response->add_policies());
      if (!filled.ok()) return filled;
      v1::Policy* policy = response->mutable_policies(response->policies_size() - 1);
      FillApproval(*controls, all[i].control_id, policy);
      FillNext(*controls, now_us, policy);
      FillRetirement(*controls, now_us, policy);
      policy->set_etag(EtagOf(*controls, policy->policy_id()));
    }
    response->set_next_page_token(page->next_token);
    response->set_total_size(static_cast<int64_t>(all.size()));
    return grpc::Status::OK;
  }

  std::shared_ptr<QueryCore> core_;
  CoverageCache coverage_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePolicyService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<PolicyService>(std::move(core));
}

}  // namespace trigpoint
