#include "services/ingest/intelligence_service.h"

#include <limits>

#include "services/common/page.h"
#include "services/common/rpc_status.h"
#include "services/ingest/submit_stream.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr char kSubmitEvent[] = "trigpoint.v1.IntelligenceService/SubmitEvent";
constexpr char kSubmitEvents[] = "trigpoint.v1.IntelligenceService/SubmitEvents";
constexpr char kListQuarantined[] = "trigpoint.v1.IntelligenceService/ListQuarantined";
constexpr int kPageDefault = 50;
constexpr int kPageMax = 1000;

std::string_view CodeName(grpc::StatusCode code) {
  static const auto* names = [] {
    auto* all = new std::vector<std::string>;  // Lives as long as the process.
    for (int i = 0; i <= 16; ++i)
      all->push_back(absl::StatusCodeToString(static_cast<absl::StatusCode>(i)));
    return all;
  }();
  const auto at = static_cast<size_t>(code);
  return at < names->size() ? (*names)[at] : std::string_view("UNKNOWN");
}

grpc::Status ToAnswer(const absl::StatusOr<IntakeAnswer>& answer,
                      v1::SubmitEventResponse* response) {
  if (!answer.ok()) return ToGrpc(answer.status());
  if (answer->outcome == v1::SUBMISSION_OUTCOME_REFUSED) return InvalidArgument(answer->violations);
  response->set_outcome(answer->outcome);
  response->set_stream_id(answer->stream_id);
  if (answer->position.has_value()) {
    response->mutable_position()->set_partition(answer->position->partition);
    response->mutable_position()->set_offset(answer->position->offset);
  }
  return grpc::Status::OK;
}

}  // namespace

void CountCall(Metrics* metrics, std::string_view method, const grpc::Status& status) {
  if (metrics != nullptr) metrics->GrpcRequests(method, CodeName(status.error_code())).Increment();
}

grpc::ServerUnaryReactor* IntelligenceService::SubmitEvent(grpc::CallbackServerContext* context,
                                                           const v1::SubmitEventRequest* request,
                                                           v1::SubmitEventResponse* response) {
  auto* reactor = context->DefaultReactor();
  const auto finish = [reactor, metrics = deps_.metrics](const grpc::Status& status) {
    CountCall(metrics, kSubmitEvent, status);
    reactor->Finish(status);
  };
  Target target;
  target.source = request->event().source();
  const auto principal = deps_.auth->Admit(*context, kSubmitEvent, target);
  if (!principal.ok()) {
    finish(ToGrpc(principal.status()));
    return reactor;
  }
  deps_.pool->Run([this, request, response, finish] {
    deps_.intake->Submit(request->event(), {}, request->validate_only(),
                         [response, finish](const absl::StatusOr<IntakeAnswer>& answer) {
                           finish(ToAnswer(answer, response));
                         });
  });
  return reactor;
}

grpc::ServerBidiReactor<v1::SubmitEventsRequest, v1::SubmitEventsResponse>*
IntelligenceService::SubmitEvents(grpc::CallbackServerContext* context) {
  SubmitStreamDeps deps{
      .intake = deps_.intake, .auth = deps_.auth, .pool = deps_.pool, .method = kSubmitEvents};
  deps.finished = [metrics = deps_.metrics](const grpc::Status& status) {
    CountCall(metrics, kSubmitEvents, status);
  };
  return StartSubmitStream(std::move(deps), deps_.auth->Admit(*context, kSubmitEvents, {}));
}

grpc::ServerUnaryReactor* IntelligenceService::ListQuarantined(
    grpc::CallbackServerContext* context, const v1::ListQuarantinedRequest* request,
    v1::ListQuarantinedResponse* response) {
  auto* reactor = context->DefaultReactor();
  const auto finish = [reactor, metrics = deps_.metrics](const grpc::Status& status) {
    CountCall(metrics, kListQuarantined, status);
    reactor->Finish(status);
  };
  Target target;
  if (!request->source().empty()) target.source = request->source();
  const auto principal = deps_.auth->Admit(*context, kListQuarantined, target);
  if (!principal.ok()) {
    finish(ToGrpc(principal.status()));
    return reactor;
  }
  deps_.pool->Run([this, request, response, finish] { finish(List(*request, response)); });
  return reactor;
}

grpc::Status IntelligenceService::List(const v1::ListQuarantinedRequest& request,
                                       v1::ListQuarantinedResponse* response) const {
  const auto size = PageSize(request.page_size(), kPageDefault, kPageMax);
  if (!size.ok())
    return InvalidArgument("page_size", "NUMBER_OUT_OF_RANGE",
                           std::string(size.status().message()));
  const std::string scope = std::string(kListQuarantined) + '\0' + request.source();
  const auto after = ReadPageToken(deps_.page_secret, scope, request.page_token());
  if (!after.ok())
    return InvalidArgument("page_token", "PAGE_TOKEN_INVALID",
                           std::string(after.status().message()));
  const auto limit = static_cast<size_t>(*size);
  const auto held = deps_.projector->Quarantined(request.source(), *after, limit + 1);
  for (size_t i = 0; i < held.size() && i < limit; ++i) {
    const auto& kept = held[i].event().submission_quarantined();
    auto* shown = response->add_submissions();
    shown->set_quarantine_id(kept.quarantine_id());
    shown->set_source(kept.submitted_source());
    shown->set_id(kept.submitted_id());
    shown->set_file(kept.file());
    shown->set_line(kept.line());
    shown->set_reason(kept.reason());
    *shown->mutable_violations() = kept.violations();
    SetMicros(held[i].received_us(), shown->mutable_received_at());
    if (i + 1 == limit && held.size() > limit) {
      response->set_next_page_token(MakePageToken(deps_.page_secret, scope, kept.quarantine_id()));
    }
  }
  response->set_total_size(
      static_cast<int64_t>(deps_.projector->QuarantinedCount(request.source())));
  return grpc::Status::OK;
}

}  // namespace trigpoint
