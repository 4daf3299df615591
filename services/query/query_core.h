#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "services/common/call.h"
#include "services/common/protected_trace.h"
#include "services/common/request_id.h"
#include "services/common/rpc_status.h"
#include "services/query/query_services.h"
#include "services/query/read_pool.h"
#include "services/query/resolve.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// What the services of one process share. Threading: thread-safe.
class QueryCore {
 public:
  using Summaries = std::shared_ptr<const std::vector<v1::ProviderSummary>>;

  explicit QueryCore(QueryDeps given);

  const QueryDeps deps;
  RecentRequests requests;
  ProtectedTraces traces;  ///< What protected sources left, of every service.
  const Veil veil;         ///< Other names of ids that rest on them.
  /// Ends the streams that do not end by themselves. Set before the first call.
  std::function<void()> drain = [] {};

  Projector& projector() const { return *deps.projector; }
  int64_t Now() const { return deps.now_us(); }
  /// What is in force now for a service to which no control event came late.
  std::shared_ptr<const InForce> InForceNow() const {
    return projector().ControlsFor("")->At(v1::ProviderState(), Now());
  }
  /// Every provider's line; copied from the projector only when something was folded since.
  Summaries AllSummaries();

 private:
  absl::Mutex mu_;
  std::vector<int64_t> folded_ ABSL_GUARDED_BY(mu_);
  Summaries summaries_ ABSL_GUARDED_BY(mu_);

 public:
  ReadPool pool;  ///< Last: joined before anything that its work uses goes.
};

/// Class of what the read methods show: levels, recommendations and alerts are in confidence.
inline constexpr Sensitivity kAnswerClass = v1::SENSITIVITY_C2_IN_CONFIDENCE;

/// Where a call is answered: at once on gRPC's thread, or by the pool.
enum class Where : uint8_t { kInline, kPool };

/// Admits the caller and answers with `work(principal)`, a grpc::Status; every unary read goes
/// through here.
template <typename Work>
grpc::ServerUnaryReactor* Serve(QueryCore& core, grpc::CallbackServerContext* context,
                                std::string_view method, const Target& target, Where where,
                                Work work) {
  const auto call = std::make_shared<UnaryCall>(core.deps.metrics, context, method);
  absl::StatusOr<Principal> principal = call->Admit(*core.deps.auth, target);
  if (!principal.ok()) {
    call->Finish(ToGrpc(principal.status()));
    return call->reactor();
  }
  if (where == Where::kInline) {
    call->Finish(work(*principal));
    return call->reactor();
  }
  const bool accepted =
      core.pool.Run([call, context, who = *std::move(principal), work = std::move(work)]() {
        call->Finish(context->IsCancelled() ? grpc::Status::CANCELLED : work(who));
      });
  if (!accepted)
    call->Finish(ToGrpc(absl::ResourceExhaustedError("too many reads at once; try again"), "BUSY"));
  return call->reactor();
}

/// Carries a request out once under its id (AIP-155): the same again is answered as it was then, as
/// long as this process remembers. Without an id, and where it only checks, `work()`, which gives a
/// grpc::Status, runs each time.
template <typename Request, typename Response, typename Work>
grpc::Status Once(QueryCore& core, const Principal& principal, std::string_view method,
                  const Request& request, Response* response, Work work) {
  if constexpr (requires { request.validate_only(); }) {
    if (request.validate_only()) return work();
  }
  if (request.request_id().empty()) return work();
  const auto id = EventIdOf(principal, method, request.request_id());
  if (!id.ok()) return ToGrpc(id.status());
  Request content = request;
  content.clear_request_id();
  const absl::StatusOr<bool> answered = core.requests.Begin(*id, content, response);
  if (!answered.ok()) return ToGrpc(answered.status());
  if (*answered) return grpc::Status::OK;
  grpc::Status status = work();
  core.requests.End(*id, status.ok(), *response);
  return status;
}

// One factory for each service.
std::unique_ptr<grpc::Service> MakeProviderService(std::shared_ptr<QueryCore> core);
std::unique_ptr<grpc::Service> MakeDecisionService(std::shared_ptr<QueryCore> core);
std::unique_ptr<grpc::Service> MakeAlertService(std::shared_ptr<QueryCore> core);
std::unique_ptr<grpc::Service> MakePolicyService(std::shared_ptr<QueryCore> core);
std::unique_ptr<grpc::Service> MakeReportService(std::shared_ptr<QueryCore> core);
std::unique_ptr<grpc::Service> MakePrivacyService(std::shared_ptr<QueryCore> core);
std::unique_ptr<grpc::Service> MakeOperationService(std::shared_ptr<QueryCore> core);

// The larger reads of ProviderService.
grpc::Status ListProviders(QueryCore& core, const Principal& principal,
                           const v1::ListProvidersRequest& request,
                           v1::ListProvidersResponse* response);
grpc::Status ListTimeline(QueryCore& core, const Principal& principal,
                          const v1::ListTimelineRequest& request,
                          v1::ListTimelineResponse* response);
/// Every entry that ListTimeline gives at these instants, newest first, its texts left sealed, and
/// the class of the content that they show. The caller records the disclosure.
absl::StatusOr<Sensitivity> WholeTimeline(QueryCore& core, const Principal& principal,
                                          const std::string& stream_id, const Instants& asked,
                                          v1::ListTimelineResponse* response);
grpc::Status ListRecommendations(QueryCore& core, const Principal& principal,
                                 const v1::ListRecommendationsRequest& request,
                                 v1::ListRecommendationsResponse* response);

}  // namespace trigpoint
