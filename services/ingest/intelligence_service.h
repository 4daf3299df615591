#pragma once

#include <memory>
#include <string>

#include "services/common/call.h"
#include "services/common/caller.h"
#include "services/common/request_id.h"
#include "services/ingest/intake.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {

/// What the service works with. All must outlive it; `metrics` may be null.
struct IntelligenceDeps {
  Intake* intake = nullptr;
  const Projector* projector = nullptr;
  const CallerAuth* auth = nullptr;
  WorkerPool* pool = nullptr;
  Metrics* metrics = nullptr;
  std::string page_secret{};
};

/// IntelligenceService of the API. No thread of gRPC waits for the disk: the pool does.
class IntelligenceService final : public v1::IntelligenceService::CallbackService {
 public:
  explicit IntelligenceService(IntelligenceDeps deps) : deps_(std::move(deps)) {}

  grpc::ServerUnaryReactor* SubmitEvent(grpc::CallbackServerContext* context,
                                        const v1::SubmitEventRequest* request,
                                        v1::SubmitEventResponse* response) override;
  grpc::ServerBidiReactor<v1::SubmitEventsRequest, v1::SubmitEventsResponse>* SubmitEvents(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListQuarantined(grpc::CallbackServerContext* context,
                                            const v1::ListQuarantinedRequest* request,
                                            v1::ListQuarantinedResponse* response) override;
  grpc::ServerUnaryReactor* GetQuarantined(grpc::CallbackServerContext* context,
                                           const v1::GetQuarantinedRequest* request,
                                           v1::GetQuarantinedResponse* response) override;
  grpc::ServerUnaryReactor* ResolveQuarantined(grpc::CallbackServerContext* context,
                                               const v1::ResolveQuarantinedRequest* request,
                                               v1::ResolveQuarantinedResponse* response) override;
  grpc::ServerUnaryReactor* TraceSubmission(grpc::CallbackServerContext* context,
                                            const v1::TraceSubmissionRequest* request,
                                            v1::TraceSubmissionResponse* response) override;

 private:
  /// The submission, for a caller who may submit for its source. Errors: NotFound, also where the
  /// caller may not know of it.
  absl::StatusOr<v1::HeldSubmission> FindHeld(Call& call, const std::string& quarantine_id,
                                              Principal* principal) const;
  /// A request to resolve under its id; without one, or only to check, it has none.
  struct Begun {
    std::string id{};
    bool answered = false;  ///< As the first time.
  };
  absl::StatusOr<Begun> BeginOf(const Principal& principal,
                                const v1::ResolveQuarantinedRequest& request,
                                v1::ResolveQuarantinedResponse* response);
  void Resolve(const std::shared_ptr<UnaryCall>& call, const v1::ResolveQuarantinedRequest& request,
               v1::ResolveQuarantinedResponse* response);
  grpc::Status Get(const Principal& principal, const v1::HeldSubmission& held,
                   v1::GetQuarantinedResponse* response) const;
  grpc::Status List(const v1::ListQuarantinedRequest& request,
                    v1::ListQuarantinedResponse* response) const;

  IntelligenceDeps deps_;
  RecentRequests requests_;
};

}  // namespace trigpoint
