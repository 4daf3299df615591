#include <algorithm>

#include "services/query/duplicates.h"
#include "services/query/inheritance.h"
#include "services/query/linked.h"
#include "services/query/list_obligations.h"
#include "services/query/outside.h"
#include "services/query/present.h"
#include "services/query/query_core.h"
#include "services/query/resolve.h"
#include "services/query/shown_assessment.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/coverage.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/engine/summary.h"
#include "trigpoint/events/times.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kGet[] = "trigpoint.v1.ProviderService/GetProvider";
constexpr char kList[] = "trigpoint.v1.ProviderService/ListProviders";
constexpr char kTimeline[] = "trigpoint.v1.ProviderService/ListTimeline";
constexpr char kAssess[] = "trigpoint.v1.ProviderService/AssessProvider";
constexpr char kDuplicates[] = "trigpoint.v1.ProviderService/ListDuplicates";
constexpr char kSiblings[] = "trigpoint.v1.ProviderService/ListSiblings";
constexpr char kCoverage[] = "trigpoint.v1.ProviderService/GetCoverage";
constexpr char kObligations[] = "trigpoint.v1.ProviderService/ListObligations";
constexpr char kRecommendations[] = "trigpoint.v1.ProviderService/ListRecommendations";

/// Whether commissioners may disagree about a level: who does stands in the record alone.
bool MayDisagree(const v1::ProviderSummary& summary) { return summary.commissioners_size() > 1; }

absl::StatusOr<v1::Provider> Get(QueryCore& core, const v1::GetProviderRequest& request) {
  const Projector& projector = core.projector();
  TP_ASSIGN_OR_RETURN(const std::string stream_id, ResolveProvider(projector, request.provider()));
  TP_ASSIGN_OR_RETURN(const Instants asked, InstantsOf(request, core.Now()));
  if (!asked.past) {
    TP_ASSIGN_OR_RETURN(const v1::ProviderSummary summary, projector.ReadSummary(stream_id));
    TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id, summary.revision()));
    v1::Provider provider =
        PresentProvider(summary, *core.InForceNow(), {.trace = *trace, .veil = core.veil});
    if (!projector.IsLinked(stream_id) && !MayDisagree(summary)) return provider;
    TP_ASSIGN_OR_RETURN(const StreamAsOf now, projector.Read(stream_id));
    AddHeritage(projector, now, true, &provider);
    return provider;
  }
  TP_ASSIGN_OR_RETURN(auto trace, core.traces.Of(stream_id));
  const Instants instants = SnapToDays(*trace, asked, core.Now());
  TP_ASSIGN_OR_RETURN(const StreamAsOf stream, ReadStreamAt(projector, stream_id, instants));
  TP_ASSIGN_OR_RETURN(trace, core.traces.Of(stream_id));
  const auto in_force = projector.ControlsFor(stream_id)->At(stream.state, stream.state.known_us());
  v1::Provider provider = PresentProviderThen(Summarise(stream.state, stream.record, *in_force),
                                              *in_force, {.trace = *trace, .veil = core.veil});
  AddHeritage(projector, stream, false, &provider);
  return provider;
}

/// Whether a read takes no more than what is in memory, mostly.
bool IsCheap(const QueryCore& core, const v1::GetProviderRequest& request) {
  if (request.has_as_of() || request.has_valid_at()) return false;
  const auto stream_id = ResolveProvider(core.projector(), request.provider());
  if (!stream_id.ok()) return true;
  if (!core.traces.Knows(*stream_id) || core.projector().IsLinked(*stream_id)) return false;
  const auto summary = core.projector().ReadSummary(*stream_id);
  return !summary.ok() || !MayDisagree(*summary);
}

/// The policy asked for, or the first that applies, or else the first that may apply; one with
/// levels before one without.
absl::StatusOr<std::shared_ptr<const CompiledPack>> ChoosePolicy(
    const InForce& in_force, const StreamAsOf& stream, const v1::AssessProviderRequest& request,
    int64_t as_of_us) {
  std::shared_ptr<const CompiledPack> best;
  int best_rank = 0;
  bool found = false;
  for (const auto& pack : in_force.policies) {
    if (!request.policy_id().empty() && pack->pack().id() != request.policy_id()) continue;
    found = true;
    if (request.assume_policy() && !request.policy_id().empty()) return pack;
    const Truth applies = Applies(
        *pack, ContextFor(stream.state, stream.record, *pack, in_force.baselines, as_of_us));
    if (applies != Truth::kTrue && applies != Truth::kUnknown && !request.assume_policy()) continue;
    const int rank = (applies == Truth::kTrue ? 3 : 1) + (pack->HasLevels() ? 1 : 0);
    if (rank <= best_rank) continue;
    best = pack;
    best_rank = rank;
  }
  if (best != nullptr) return best;
  const ErrorMetadata named = Naming("policy_id", request.policy_id());
  if (!found) {
    const std::string which = named.empty() ? "no policy" : "the policy " + named.begin()->second;
    return WithReason(
        absl::NotFoundError(which + (named.empty() ? " is" : " is not") + " in force then"),
        "POLICY_NOT_IN_FORCE", named);
  }
  return WithReason(
      absl::FailedPreconditionError(
          request.policy_id().empty()
              ? "no policy in force applies to the provider; name one with assume_policy"
              : "the policy does not apply to the provider; set assume_policy to see it"),
      "POLICY_DOES_NOT_APPLY", named);
}

absl::StatusOr<v1::Assessment> AssessOne(QueryCore& core, const Principal& principal,
                                         const v1::AssessProviderRequest& request) {
  const Projector& projector = core.projector();
  TP_ASSIGN_OR_RETURN(const std::string stream_id, ResolveProvider(projector, request.provider()));
  TP_ASSIGN_OR_RETURN(const Instants asked, InstantsOf(request, core.Now()));
  TP_ASSIGN_OR_RETURN(auto trace, core.traces.Of(stream_id));
  const Instants instants = SnapToDays(*trace, asked, core.Now());
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, ReadStreamAt(projector, stream_id, instants));
  // What came since the first look may be in what was read: it must be in the trace.
  TP_ASSIGN_OR_RETURN(trace, core.traces.Of(stream_id));
  // The present is never before what is known already, whatever the clocks say.
  const int64_t as_of_us =
      instants.past ? instants.assess_us : std::max(instants.assess_us, stream.state.known_us());
  const auto in_force = projector.ControlsFor(stream_id)->At(stream.state, as_of_us);
  TP_ASSIGN_OR_RETURN(const auto pack, ChoosePolicy(*in_force, stream, request, as_of_us));
  const Protection protection{.trace = *trace, .veil = core.veil};
  Links links = LinksIn(stream.state);
  v1::Assessment assessment =
      ShownAssessment(principal, protection, *in_force, *pack, as_of_us, std::move(stream));
  AddLinkedIncidents(core, principal, std::move(links), &assessment);
  if (instants.as_of.valid_us.has_value())
    SetMicros(*instants.as_of.valid_us, assessment.mutable_valid_at());
  const bool snapped =
      instants.assess_us != asked.assess_us || instants.as_of.known_us != asked.as_of.known_us;
  if (snapped) assessment.add_caveats(kSnapped);
  return assessment;
}

/// Errors: those of Projector::Read; nothing is shown then.
absl::Status CutForOutside(const QueryCore& core, const Principal& principal,
                           v1::ListRecommendationsResponse* response) {
  for (auto& open : *response->mutable_recommendations()) {
    const auto stream_id = ResolveProvider(core.projector(), open.provider());
    const auto stream = stream_id.ok() ? core.projector().Read(*stream_id)
                                       : absl::StatusOr<StreamAsOf>(stream_id.status());
    if (!stream.ok()) {
      response->Clear();
      return stream.status();
    }
    if (IsOutside(principal, stream->state))
      HideSmallNumbers(stream->state, open.mutable_recommendation());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Coverage> CoverageOf(const QueryCore& core, const Principal& principal,
                                        const v1::GetCoverageRequest& request) {
  const Projector& projector = core.projector();
  TP_ASSIGN_OR_RETURN(const std::string stream_id, ResolveProvider(projector, request.provider()));
  TP_ASSIGN_OR_RETURN(
      const Instants instants,
      InstantsOf(request.has_as_of() ? &request.as_of() : nullptr, nullptr, core.Now()));
  TP_ASSIGN_OR_RETURN(const StreamAsOf stream, ReadStreamAt(projector, stream_id, instants));
  const int64_t as_of_us =
      instants.past ? instants.assess_us : std::max(instants.assess_us, stream.state.known_us());
  const auto in_force = projector.ControlsFor(stream_id)->At(stream.state, as_of_us);
  std::vector<BlindSpotOf> spots;
  v1::Coverage coverage = BuildCoverage(stream.state, stream.record, *in_force, as_of_us, &spots);
  coverage.set_provider("providers/" + stream_id);
  if (IsOutside(principal, stream.state)) HideSmallNumbers(&spots, &coverage);
  return coverage;
}

class ProviderService final : public v1::ProviderService::CallbackService {
 public:
  explicit ProviderService(std::shared_ptr<QueryCore> core) : core_(std::move(core)) {}

  grpc::ServerUnaryReactor* GetProvider(grpc::CallbackServerContext* context,
                                        const v1::GetProviderRequest* request,
                                        v1::Provider* response) override {
    const Where where = IsCheap(*core_, *request) ? Where::kInline : Where::kPool;
    return Serve(*core_, context, kGet, {.sensitivity = kAnswerClass}, where,
                 [core = core_.get(), request, response](const Principal& principal) {
                   absl::StatusOr<v1::Provider> found = Get(*core, *request);
                   if (!found.ok()) return ToGrpc(found.status());
                   if (IsOutside(principal, *found)) HideSmallNumbers(&*found);
                   *response = *std::move(found);
                   return grpc::Status::OK;
                 });
  }

  grpc::ServerUnaryReactor* ListProviders(grpc::CallbackServerContext* context,
                                          const v1::ListProvidersRequest* request,
                                          v1::ListProvidersResponse* response) override {
    return Serve(*core_, context, kList, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& principal) {
                   grpc::Status listed =
                       trigpoint::ListProviders(*core, principal, *request, response);
                   for (auto& provider : *response->mutable_providers())
                     if (IsOutside(principal, provider)) HideSmallNumbers(&provider);
                   return listed;
                 });
  }

  grpc::ServerUnaryReactor* ListTimeline(grpc::CallbackServerContext* context,
                                         const v1::ListTimelineRequest* request,
                                         v1::ListTimelineResponse* response) override {
    // Redacted entry by entry: no class for the whole.
    return Serve(*core_, context, kTimeline, {}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& principal) {
                   return trigpoint::ListTimeline(*core, principal, *request, response);
                 });
  }

  grpc::ServerUnaryReactor* AssessProvider(grpc::CallbackServerContext* context,
                                           const v1::AssessProviderRequest* request,
                                           v1::Assessment* response) override {
    return Serve(*core_, context, kAssess, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& principal) {
                   absl::StatusOr<v1::Assessment> found = AssessOne(*core, principal, *request);
                   if (found.ok()) {
                     *response = *std::move(found);
                     return grpc::Status::OK;
                   }
                   return ToGrpc(found.status());
                 });
  }

  grpc::ServerUnaryReactor* GetCoverage(grpc::CallbackServerContext* context,
                                        const v1::GetCoverageRequest* request,
                                        v1::Coverage* response) override {
    return Serve(*core_, context, kCoverage, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& principal) {
                   absl::StatusOr<v1::Coverage> found = CoverageOf(*core, principal, *request);
                   if (!found.ok()) return ToGrpc(found.status());
                   *response = *std::move(found);
                   return grpc::Status::OK;
                 });
  }

  grpc::ServerUnaryReactor* ListRecommendations(
      grpc::CallbackServerContext* context, const v1::ListRecommendationsRequest* request,
      v1::ListRecommendationsResponse* response) override {
    return Serve(*core_, context, kRecommendations, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& principal) {
                   const grpc::Status listed =
                       trigpoint::ListRecommendations(*core, principal, *request, response);
                   return listed.ok() ? ToGrpc(CutForOutside(*core, principal, response)) : listed;
                 });
  }

  grpc::ServerUnaryReactor* ListObligations(grpc::CallbackServerContext* context,
                                            const v1::ListObligationsRequest* request,
                                            v1::ListObligationsResponse* response) override {
    return Serve(*core_, context, kObligations, {.sensitivity = kAnswerClass}, Where::kPool,
                 [this, request, response](const Principal& principal) {
                   return trigpoint::ListObligations(*core_, book_, principal, *request, response);
                 });
  }

  grpc::ServerUnaryReactor* ListDuplicates(grpc::CallbackServerContext* context,
                                           const v1::ListDuplicatesRequest* request,
                                           v1::ListDuplicatesResponse* response) override {
    return Serve(*core_, context, kDuplicates, {.sensitivity = v1::SENSITIVITY_C3_PSEUDONYMISED},
                 Where::kPool, [core = core_.get(), request, response](const Principal& principal) {
                   return trigpoint::ListDuplicates(*core, principal, *request, response);
                 });
  }

  grpc::ServerUnaryReactor* ListSiblings(grpc::CallbackServerContext* context,
                                         const v1::ListSiblingsRequest* request,
                                         v1::ListSiblingsResponse* response) override {
    return Serve(*core_, context, kSiblings, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& principal) {
                   grpc::Status listed =
                       trigpoint::ListSiblings(*core, principal, *request, response);
                   for (auto& sibling : *response->mutable_siblings()) {
                     v1::Provider* provider = sibling.mutable_provider();
                     if (IsOutside(principal, *provider)) HideSmallNumbers(provider);
                   }
                   return listed;
                 });
  }

 private:
  std::shared_ptr<QueryCore> core_;
  ObligationBook book_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeProviderService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<ProviderService>(std::move(core));
}

}  // namespace trigpoint
