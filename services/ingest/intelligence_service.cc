#include "services/ingest/intelligence_service.h"

#include <utility>

#include "services/common/field_error.h"
#include "services/common/page.h"
#include "services/common/rpc_status.h"
#include "services/ingest/submission_trace.h"
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
constexpr char kTraceSubmission[] = "trigpoint.v1.IntelligenceService/TraceSubmission";
constexpr int kPageDefault = 50;
constexpr int kPageMax = 1000;

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

/// Whether a request to resolve says one thing, and nothing personal.
absl::Status CheckResolution(const v1::ResolveQuarantinedRequest& request,
                             const std::string& submitted_source) {
  if (request.set_aside() && request.has_corrected())
    return FieldError("corrected", "CONTRADICTION", "what is set aside is not corrected");
  if (request.set_aside() && request.reason().empty())
    return FieldError("reason", "REQUIRED", "say why it is not to be used");
  if (const auto found = FindPersonalData(request.reason()); found.has_value())
    return FieldError("reason", PiiRuleName(found->rule), "holds what looks like personal data");
  if (request.has_corrected() && request.corrected().source() != submitted_source) {
    return FieldError("corrected.source", "OTHER_SOURCE",
                      "a correction is of the source that submitted it");
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* IntelligenceService::SubmitEvent(grpc::CallbackServerContext* context,
                                                           const v1::SubmitEventRequest* request,
                                                           v1::SubmitEventResponse* response) {
  const auto call = std::make_shared<UnaryCall>(deps_.metrics, context, kSubmitEvent);
  Target target;
  target.source = request->event().source();
  target.backfill = !request->backfill().empty();
  const auto principal = call->Admit(*deps_.auth, target);
  if (!principal.ok()) {
    call->Finish(ToGrpc(principal.status()));
    return call->reactor();
  }
  deps_.pool->Run([this, request, response, call] {
    deps_.intake->Submit(request->event(), {.backfill = request->backfill()},
                         request->validate_only(),
                         [response, call](const absl::StatusOr<IntakeAnswer>& answer) {
                           call->Finish(ToAnswer(answer, response));
                         });
  });
  return call->reactor();
}

grpc::ServerBidiReactor<v1::SubmitEventsRequest, v1::SubmitEventsResponse>*
IntelligenceService::SubmitEvents(grpc::CallbackServerContext* context) {
  auto call = std::make_unique<Call>(deps_.metrics, context, kSubmitEvents);
  absl::StatusOr<Principal> principal = call->Admit(*deps_.auth, {});
  return StartSubmitStream(
      {.intake = deps_.intake, .auth = deps_.auth, .pool = deps_.pool, .call = std::move(call)},
      std::move(principal));
}

grpc::ServerUnaryReactor* IntelligenceService::ListQuarantined(
    grpc::CallbackServerContext* context, const v1::ListQuarantinedRequest* request,
    v1::ListQuarantinedResponse* response) {
  const auto call = std::make_shared<UnaryCall>(deps_.metrics, context, kListQuarantined);
  Target target;
  if (!request->source().empty()) target.source = request->source();
  const auto principal = call->Admit(*deps_.auth, target);
  if (!principal.ok()) {
    call->Finish(ToGrpc(principal.status()));
    return call->reactor();
  }
  deps_.pool->Run([this, request, response, call] { call->Finish(List(*request, response)); });
  return call->reactor();
}

absl::StatusOr<v1::HeldSubmission> IntelligenceService::FindHeld(Call& call,
                                                                 const std::string& quarantine_id,
                                                                 Principal* principal) const {
  TP_ASSIGN_OR_RETURN(*principal, call.Caller(*deps_.auth));
  auto held = deps_.projector->FindQuarantined(quarantine_id);
  Target target;
  if (held.has_value() && !held->event().submission_quarantined().submitted_source().empty()) {
    target.source = held->event().submission_quarantined().submitted_source();
  }
  const absl::Status allowed = deps_.auth->Check(*principal, call.method(), target);
  if (!held.has_value()) {
    // Whoever may submit for nothing learns nothing, not even that there is none.
    if (!HasRole(*principal, roles::kPartner)) return allowed;
    if (quarantine_id.empty())
      return FieldError("quarantine_id", "REQUIRED", "name the refused submission");
    return WithReason(absl::NotFoundError("no refused submission has this id"),
                      "SUBMISSION_NOT_FOUND", Naming("quarantine_id", quarantine_id));
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
  const auto call = std::make_shared<UnaryCall>(deps_.metrics, context, kGetQuarantined);
  deps_.pool->Run([this, request, response, call] {
    Principal principal;
    const auto held = FindHeld(*call, request->quarantine_id(), &principal);
    call->Finish(held.ok() ? Get(principal, *held, response) : ToGrpc(held.status()));
  });
  return call->reactor();
}

grpc::ServerUnaryReactor* IntelligenceService::ResolveQuarantined(
    grpc::CallbackServerContext* context, const v1::ResolveQuarantinedRequest* request,
    v1::ResolveQuarantinedResponse* response) {
  const auto call = std::make_shared<UnaryCall>(deps_.metrics, context, kResolveQuarantined);
  deps_.pool->Run([this, request, response, call] { Resolve(call, *request, response); });
  return call->reactor();
}

grpc::ServerUnaryReactor* IntelligenceService::TraceSubmission(
    grpc::CallbackServerContext* context, const v1::TraceSubmissionRequest* request,
    v1::TraceSubmissionResponse* response) {
  const auto call = std::make_shared<UnaryCall>(deps_.metrics, context, kTraceSubmission);
  Target target;
  target.source = request->source();
  const auto principal = call->Admit(*deps_.auth, target);
  if (!principal.ok()) {
    call->Finish(ToGrpc(principal.status()));
    return call->reactor();
  }
  if (request->source().empty() || request->id().empty()) {
    call->Finish(ToGrpc(FieldError(request->source().empty() ? "source" : "id", "REQUIRED",
                                   "name the source and the id of what was sent")));
    return call->reactor();
  }
  deps_.pool->Run([this, request, response, call, clearance = ReadClearance(*principal)] {
    auto traced = trigpoint::TraceSubmission(
        *deps_.projector,
        {.source = request->source(), .id = request->id(), .clearance = clearance});
    if (traced.ok()) *response = *std::move(traced);
    call->Finish(traced.ok() ? grpc::Status::OK : ToGrpc(traced.status()));
  });
  return call->reactor();
}

absl::StatusOr<IntelligenceService::Begun> IntelligenceService::BeginOf(
    const Principal& principal, const v1::ResolveQuarantinedRequest& request,
    v1::ResolveQuarantinedResponse* response) {
  if (request.request_id().empty() || request.validate_only()) return Begun{};
  TP_ASSIGN_OR_RETURN(std::string id,
                      EventIdOf(principal, kResolveQuarantined, request.request_id()));
  v1::ResolveQuarantinedRequest content = request;
  content.clear_request_id();
  TP_ASSIGN_OR_RETURN(const bool answered, requests_.Begin(id, content, response));
  return Begun{.id = std::move(id), .answered = answered};
}

void IntelligenceService::Resolve(const std::shared_ptr<UnaryCall>& call,
                                  const v1::ResolveQuarantinedRequest& request,
                                  v1::ResolveQuarantinedResponse* response) {
  Principal principal;
  const auto held = FindHeld(*call, request.quarantine_id(), &principal);
  if (!held.ok()) {
    call->Finish(ToGrpc(held.status()));
    return;
  }
  const absl::Status good =
      CheckResolution(request, held->event().submission_quarantined().submitted_source());
  if (!good.ok()) {
    call->Finish(ToGrpc(good));
    return;
  }
  const auto begun = BeginOf(principal, request, response);
  if (!begun.ok() || begun->answered) {
    call->Finish(ToGrpc(begun.status()));
    return;
  }
  Intake::Resolution resolution{.set_aside = request.set_aside(),
                                .reason = request.reason(),
                                .validate_only = request.validate_only()};
  if (request.has_corrected()) resolution.corrected = request.corrected();
  resolution.actor.set_principal(principal.id);
  resolution.actor.set_organisation(principal.organisation);
  deps_.intake->Resolve(
      *held, std::move(resolution),
      [this, response, call, id = begun->id](const absl::StatusOr<IntakeAnswer>& done) {
        if (done.ok() && done->outcome == v1::SUBMISSION_OUTCOME_CONFLICT) {
          requests_.End(id, false, *response);
          call->Finish(InvalidArgument(done->violations));
          return;
        }
        v1::SubmitEventResponse answer;
        const grpc::Status status = ToAnswer(done, &answer);
        response->set_outcome(answer.outcome());
        response->set_stream_id(answer.stream_id());
        *response->mutable_position() = answer.position();
        requests_.End(id, status.ok(), *response);
        call->Finish(status);
      });
}

grpc::Status IntelligenceService::List(const v1::ListQuarantinedRequest& request,
                                       v1::ListQuarantinedResponse* response) const {
  const auto size = PageSize(request.page_size(), kPageDefault, kPageMax);
  if (!size.ok()) return ToGrpc(size.status());
  const Projector::QuarantineQuery query{.source = request.source(),
                                         .resolved = request.include_resolved()};
  const std::string scope = std::string(kListQuarantined) + '\0' + request.source() + '\0' +
                            (request.include_resolved() ? "all" : "open");
  const auto after = ReadPageToken(deps_.page_secret, scope, request.page_token());
  if (!after.ok()) return ToGrpc(after.status());
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
