#include "services/ingest/intelligence_service.h"

#include <limits>

#include "services/common/page.h"
#include "services/common/rpc_status.h"
#include "services/ingest/submit_stream.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr char kSubmitEvent[] = "trigpoint.v1.IntelligenceService/SubmitEvent";
constexpr char kSubmitEvents[] = "trigpoint.v1.IntelligenceService/SubmitEvents";
constexpr char kListQuarantined[] = "trigpoint.v1.IntelligenceService/ListQuarantined";
constexpr char kGetQuarantined[] = "trigpoint.v1.IntelligenceService/GetQuarantined";
constexpr char kResolveQuarantined[] = "trigpoint.v1.IntelligenceService/ResolveQuarantined";
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

void Present(const v1::HeldSubmission& held, v1::QuarantinedSubmission* shown) {
  const auto& kept = held.event().submission_quarantined();
  shown->set_quarantine_id(kept.quarantine_id());
  shown->set_source(kept.submitted_source());
  shown->set_id(kept.submitted_id());
  shown->set_file(kept.file());
  shown->set_line(kept.line());
  shown->set_reason(kept.reason());
  *shown->mutable_violations() = kept.violations();
  SetMicros(held.received_us(), shown->mutable_received_at());
  if (!held.has_resolved()) return;
  shown->set_resolved(held.resolved().how());
  shown->set_resolved_by(held.resolved().actor().principal());
  SetMicros(held.resolved_us(), shown->mutable_resolved_at());
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
  target.backfill = !request->backfill().empty();
  const auto principal = deps_.auth->Admit(*context, kSubmitEvent, target);
  if (!principal.ok()) {
    finish(ToGrpc(principal.status()));
    return reactor;
  }
  deps_.pool->Run([this, request, response, finish] {
    deps_.intake->Submit(request->event(), {.backfill = request->backfill()},
                         request->validate_only(),
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

absl::StatusOr<v1::HeldSubmission> IntelligenceService::FindHeld(
    const grpc::CallbackServerContext& context, std::string_view method,
    const std::string& quarantine_id, Principal* principal) const {
  TP_ASSIGN_OR_RETURN(*principal, deps_.auth->Caller(context));
  auto held = deps_.projector->FindQuarantined(quarantine_id);
  Target target;
  if (held.has_value() && !held->event().submission_quarantined().submitted_source().empty()) {
    target.source = held->event().submission_quarantined().submitted_source();
  }
  const absl::Status allowed = deps_.auth->Check(*principal, method, target);
  if (!held.has_value()) {
    // Whoever may submit for nothing learns nothing, not even that there is none.
    if (!HasRole(*principal, roles::kPartner)) return allowed;
    return absl::NotFoundError("no refused submission has this id");
  }
  TP_RETURN_IF_ERROR(allowed);
  return *std::move(held);
}

grpc::Status IntelligenceService::Get(const Principal& principal, const v1::HeldSubmission& held,
                                      v1::GetQuarantinedResponse* response) const {
  std::string row;
  auto event = deps_.intake->OpenQuarantined(held, &row);
  if (!event.ok()) return ToGrpc(event.status());
  const absl::Status recorded = deps_.auth->Disclose(
      principal, kGetQuarantined, held.event().stream_id(), v1::SENSITIVITY_C3_PSEUDONYMISED);
  if (!recorded.ok()) return ToGrpc(recorded);
  Present(held, response->mutable_submission());
  if (event->has_value()) {
    *response->mutable_event() = **std::move(event);
  } else {
    response->set_row(std::move(row));
  }
  return grpc::Status::OK;
}

grpc::ServerUnaryReactor* IntelligenceService::GetQuarantined(
    grpc::CallbackServerContext* context, const v1::GetQuarantinedRequest* request,
    v1::GetQuarantinedResponse* response) {
  auto* reactor = context->DefaultReactor();
  const auto finish = [reactor, metrics = deps_.metrics](const grpc::Status& status) {
    CountCall(metrics, kGetQuarantined, status);
    reactor->Finish(status);
  };
  deps_.pool->Run([this, context, request, response, finish] {
    Principal principal;
    const auto held = FindHeld(*context, kGetQuarantined, request->quarantine_id(), &principal);
    finish(held.ok() ? Get(principal, *held, response) : ToGrpc(held.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* IntelligenceService::ResolveQuarantined(
    grpc::CallbackServerContext* context, const v1::ResolveQuarantinedRequest* request,
    v1::ResolveQuarantinedResponse* response) {
  auto* reactor = context->DefaultReactor();
  const auto finish = [reactor, metrics = deps_.metrics](const grpc::Status& status) {
    CountCall(metrics, kResolveQuarantined, status);
    reactor->Finish(status);
  };
  deps_.pool->Run([this, context, request, response, finish] {
    Principal principal;
    const auto held = FindHeld(*context, kResolveQuarantined, request->quarantine_id(), &principal);
    if (!held.ok()) {
      finish(ToGrpc(held.status()));
      return;
    }
    const auto& submitted = held->event().submission_quarantined();
    if (request->set_aside() && (request->has_corrected() || request->reason().empty())) {
      finish(InvalidArgument(request->has_corrected() ? "corrected" : "reason",
                             request->has_corrected() ? "CONTRADICTION" : "REQUIRED",
                             request->has_corrected() ? "what is set aside is not corrected"
                                                      : "say why it is not to be used"));
      return;
    }
    if (const auto found = FindPersonalData(request->reason()); found.has_value()) {
      finish(InvalidArgument("reason", PiiRuleName(found->rule),
                             "holds what looks like personal data"));
      return;
    }
    if (request->has_corrected() && request->corrected().source() != submitted.submitted_source()) {
      finish(InvalidArgument("corrected.source", "OTHER_SOURCE",
                             "a correction is of the source that submitted it"));
      return;
    }
    Intake::Resolution resolution{.set_aside = request->set_aside(),
                                  .reason = request->reason(),
                                  .validate_only = request->validate_only()};
    if (request->has_corrected()) resolution.corrected = request->corrected();
    resolution.actor.set_principal(principal.id);
    resolution.actor.set_organisation(principal.organisation);
    deps_.intake->Resolve(*held, std::move(resolution),
                          [response, finish](const absl::StatusOr<IntakeAnswer>& done) {
                            if (done.ok() && done->outcome == v1::SUBMISSION_OUTCOME_CONFLICT) {
                              finish(InvalidArgument(done->violations));
                              return;
                            }
                            v1::SubmitEventResponse answer;
                            const grpc::Status status = ToAnswer(done, &answer);
                            response->set_outcome(answer.outcome());
                            response->set_stream_id(answer.stream_id());
                            *response->mutable_position() = answer.position();
                            finish(status);
                          });
  });
  return reactor;
}

grpc::Status IntelligenceService::List(const v1::ListQuarantinedRequest& request,
                                       v1::ListQuarantinedResponse* response) const {
  const auto size = PageSize(request.page_size(), kPageDefault, kPageMax);
  if (!size.ok())
    return InvalidArgument("page_size", "NUMBER_OUT_OF_RANGE",
                           std::string(size.status().message()));
  const Projector::QuarantineQuery query{.source = request.source(),
                                         .resolved = request.include_resolved()};
  const std::string scope = std::string(kListQuarantined) + '\0' + request.source() + '\0' +
                            (request.include_resolved() ? "all" : "open");
  const auto after = ReadPageToken(deps_.page_secret, scope, request.page_token());
  if (!after.ok())
    return InvalidArgument("page_token", "PAGE_TOKEN_INVALID",
                           std::string(after.status().message()));
  const auto limit = static_cast<size_t>(*size);
  const auto held = deps_.projector->Quarantined(query, *after, limit + 1);
  for (size_t i = 0; i < held.size() && i < limit; ++i) {
    Present(held[i], response->add_submissions());
    if (i + 1 == limit && held.size() > limit) {
      response->set_next_page_token(MakePageToken(
          deps_.page_secret, scope, held[i].event().submission_quarantined().quarantine_id()));
    }
  }
  response->set_total_size(static_cast<int64_t>(deps_.projector->QuarantinedCount(query)));
  return grpc::Status::OK;
}

}  // namespace trigpoint
