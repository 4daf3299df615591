#include "services/query/answer_alert.h"

#include <functional>
#include <memory>
#include <utility>

#include "services/common/call.h"
#include "services/common/field_error.h"
#include "services/common/request_id.h"
#include "services/query/act_event.h"
#include "services/query/disclosure_stream.h"
#include "services/query/outside.h"
#include "services/query/present.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

constexpr char kAcknowledge[] = "trigpoint.v1.AlertService/AcknowledgeAlert";
constexpr char kDecline[] = "trigpoint.v1.AlertService/DeclineAlert";
constexpr size_t kReasonBytesMax = 2000;

absl::Status NoAlert(const std::string& alert_id) {
  return WithReason(absl::NotFoundError("there is no such alert"), "ALERT_NOT_FOUND",
                    Naming("alert_id", alert_id));
}

/// An alert as it is shown, as it is recorded, and what it is about.
struct FoundAlert {
  v1::Alert shown;
  v1::AlertRecord record;
  v1::ProviderState state;

  const std::string& id() const { return record.alert().alert_id(); }
};

/// The alert with this id, as it is shown. Errors: NotFound.
absl::StatusOr<FoundAlert> ReadAlert(QueryCore& core, const std::string& stream_id,
                                     const std::string& alert_id) {
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, core.projector().Read(stream_id));
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id, stream.state.revision()));
  const v1::AlertRecord* alert = FindAlert(&stream.record, core.veil.Behind(*trace, alert_id));
  if (alert == nullptr) return NoAlert(alert_id);
  const Protection protection{.trace = *trace, .veil = core.veil};
  v1::Alert shown = PresentAlert(*alert, stream, protection, core.Now());
  return FoundAlert{.shown = std::move(shown), .record = *alert, .state = std::move(stream.state)};
}

/// What somebody says of an alert.
struct Said {
  const char* method;     ///< By which.
  std::string_view word;  ///< Begins the id where the request has none.
  std::string alert_id;   ///< As it was shown.
  std::string request_id;
  bool validate_only = false;
};

/// The id of the event: of the request, or, where it has none, of the alert, whoever says it. A
/// repetition changes nothing either way: what was said first stands.
absl::StatusOr<std::string> IdOf(const Principal& principal, const Said& said) {
  if (said.request_id.empty())
    return Sha256Hex(std::string(said.word) + '\n' + said.alert_id).substr(0, 32);
  return EventIdOf(principal, said.method, said.request_id);
}

/// Where the alert stands: by the index of identities, or, in the moment before it is written,
/// among what is open. What rests on a protected source has another id there: it is looked for.
absl::StatusOr<std::string> StreamOfAlert(QueryCore& core, const std::string& alert_id) {
  for (const auto& stream_id : core.projector().StreamsWith(kEngineSource, alert_id)) {
    if (ReadAlert(core, stream_id, alert_id).ok()) return stream_id;
  }
  for (const bool acknowledged : {false, true}) {
    TP_ASSIGN_OR_RETURN(const auto streams, StreamsWithAlerts(core, acknowledged));
    for (const auto& stream_id : streams) {
      if (ReadAlert(core, stream_id, alert_id).ok()) return stream_id;
    }
  }
  return NoAlert(alert_id);
}

/// One answer to an alert, shared by the threads it passes through.
struct Answering {
  Answering(QueryCore* of, grpc::CallbackServerContext* context, Said what, v1::Alert* answer)
      : core(of),
        rpc(of->deps.metrics, context, what.method),
        said(std::move(what)),
        response(answer) {}

  QueryCore* core;
  UnaryCall rpc;
  Said said;
  v1::Alert* response;
  Principal principal;
  absl::Status checked;  ///< What of the request is wrong, beside the alert.
  /// Puts what is said into the event, about the alert as it is recorded.
  std::function<void(const std::string& alert_id, v1::Event* event)> fill;
  /// Whether what stands in the record leaves nothing to say, or why it may not be said.
  std::function<absl::StatusOr<bool>(const v1::AlertRecord& alert)> is_said;
};

/// Answers with the alert as it stands now.
void AnswerAlert(Answering& call, const std::string& stream_id) {
  absl::StatusOr<FoundAlert> alert = ReadAlert(*call.core, stream_id, call.said.alert_id);
  const grpc::Status status = ToGrpc(alert.status());
  if (alert.ok()) {
    *call.response = std::move(alert->shown);
    if (IsOutside(call.principal, alert->state)) HideSmallNumbers(alert->state, call.response);
  }
  call.rpc.Finish(status);
}

/// Answers once what was said is folded: somebody may have declined it in the same moment, and then
/// nobody has it in hand.
void AnswerFolded(Answering& call, const std::string& stream_id) {
  const absl::StatusOr<FoundAlert> alert = ReadAlert(*call.core, stream_id, call.said.alert_id);
  const absl::Status stands = alert.ok() ? call.is_said(alert->record).status() : alert.status();
  if (stands.ok()) {
    AnswerAlert(call, stream_id);
  } else {
    call.rpc.Finish(ToGrpc(stands));
  }
}

/// Whether an event says the same of an alert, whoever says it.
bool SaysSame(const v1::Event& a, const v1::Event& b) {
  return a.payload_case() == b.payload_case() &&
         a.alert_acknowledged().alert_id() == b.alert_acknowledged().alert_id() &&
         a.alert_declined().alert_id() == b.alert_declined().alert_id() &&
         a.alert_declined().reason() == b.alert_declined().reason();
}

/// Appends and answers once it is folded. No thread waits meanwhile.
void Append(const std::shared_ptr<Answering>& call, const std::string& stream_id, v1::Event event) {
  event.set_submission_digest(SubmissionDigest(event));
  call->core->deps.writer->AppendAndFold(
      call->core->projector().PartitionFor(stream_id), event,
      [call, stream_id](const absl::StatusOr<Written>& written) {
        if (!written.ok()) {
          call->rpc.Finish(ToGrpc(written.status()));
        } else if (!call->core->pool.Run([call, stream_id] { AnswerFolded(*call, stream_id); })) {
          call->rpc.Finish(ToGrpc(absl::UnavailableError("busy; it is recorded"), "BUSY"));
        }
      });
}

/// OK: it answers by itself, now or later. Otherwise why not.
absl::Status Say(const std::shared_ptr<Answering>& call) {
  QueryCore& core = *call->core;
  const std::string& alert_id = call->said.alert_id;
  if (alert_id.empty()) return FieldError("alert_id", "REQUIRED", "name the alert");
  TP_RETURN_IF_ERROR(call->checked);
  TP_ASSIGN_OR_RETURN(const std::string id, IdOf(call->principal, call->said));
  TP_ASSIGN_OR_RETURN(const std::string stream_id, StreamOfAlert(core, alert_id));
  TP_ASSIGN_OR_RETURN(const FoundAlert present, ReadAlert(core, stream_id, alert_id));
  v1::Event event =
      EventOfAct({.source = kDecisionSource, .id = id, .stream_id = stream_id}, core.Now());
  call->fill(present.id(), &event);
  if (!call->said.request_id.empty()) {
    TP_ASSIGN_OR_RETURN(const auto earlier, EventOfRequest(core.projector(), kDecisionSource, id));
    if (earlier.has_value() && !SaysSame(*earlier, event)) return RequestIdReused();
    if (earlier.has_value()) {
      AnswerAlert(*call, stream_id);
      return absl::OkStatus();
    }
  }
  TP_ASSIGN_OR_RETURN(const bool is_said, call->is_said(present.record));
  if (is_said || call->said.validate_only) {
    AnswerAlert(*call, stream_id);
    return absl::OkStatus();
  }
  v1::Event content;  // Not who says it.
  call->fill(present.id(), &content);
  if (!call->said.request_id.empty() && !core.requests.Take(id, content)) return RequestIdReused();
  const v1::Actor actor = ActorOf(call->principal);
  *(event.has_alert_declined() ? event.mutable_alert_declined()->mutable_actor()
                               : event.mutable_alert_acknowledged()->mutable_actor()) = actor;
  Append(call, stream_id, std::move(event));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* StartAnswering(const std::shared_ptr<Answering>& call) {
  absl::StatusOr<Principal> principal =
      call->rpc.Admit(*call->core->deps.auth, {.sensitivity = kAnswerClass});
  if (!principal.ok()) {
    call->rpc.Finish(ToGrpc(principal.status()));
    return call->rpc.reactor();
  }
  call->principal = *std::move(principal);
  const bool accepted = call->core->pool.Run([call] {
    const absl::Status refused = Say(call);
    if (!refused.ok()) call->rpc.Finish(ToGrpc(refused));
  });
  if (!accepted)
    call->rpc.Finish(
        ToGrpc(absl::ResourceExhaustedError("too many calls at once; try again"), "BUSY"));
  return call->rpc.reactor();
}

/// An alert that was declined is with the next tier.
absl::StatusOr<bool> IsAcknowledged(const v1::AlertRecord& alert) {
  if (alert.declined_us() != 0)
    return WithReason(absl::FailedPreconditionError("the alert was declined: answer the next tier"),
                      "ALERT_DECLINED", {});
  return alert.acknowledged_us() != 0;
}

/// One that was sent to nobody has no next tier: it goes with the alert that it is attached to.
absl::StatusOr<bool> IsDeclined(const v1::AlertRecord& alert) {
  if (!alert.alert().dispatch())
    return WithReason(absl::FailedPreconditionError(
                          "the alert is attached to another and was not sent: decline that one"),
                      "ALERT_ATTACHED", {});
  return alert.declined_us() != 0;
}

}  // namespace

absl::StatusOr<std::set<std::string>> StreamsWithAlerts(QueryCore& core, bool include_answered) {
  std::set<std::string> streams;
  if (include_answered) {
    for (uint32_t p = 0; p < core.projector().provider_partitions(); ++p) {
      TP_ASSIGN_OR_RETURN(const auto alerts, core.projector().AlertsFrom({p, 0}, SIZE_MAX));
      for (const auto& at : alerts) streams.insert(at.stream_id);
    }
    return streams;
  }
  for (const auto& summary : *core.AllSummaries()) {
    if (summary.open_alerts() > 0) streams.insert(summary.stream_id());
  }
  return streams;
}

grpc::ServerUnaryReactor* AcknowledgeAlert(QueryCore* core, grpc::CallbackServerContext* context,
                                           const v1::AcknowledgeAlertRequest& request,
                                           v1::Alert* response) {
  auto call = std::make_shared<Answering>(core, context,
                                          Said{.method = kAcknowledge,
                                               .word = "acknowledged",
                                               .alert_id = request.alert_id(),
                                               .request_id = request.request_id(),
                                               .validate_only = request.validate_only()},
                                          response);
  call->fill = [](const std::string& alert_id, v1::Event* event) {
    event->mutable_alert_acknowledged()->set_alert_id(alert_id);
  };
  call->is_said = IsAcknowledged;
  return StartAnswering(call);
}

grpc::ServerUnaryReactor* DeclineAlert(QueryCore* core, grpc::CallbackServerContext* context,
                                       const v1::DeclineAlertRequest& request,
                                       v1::Alert* response) {
  auto call = std::make_shared<Answering>(core, context,
                                          Said{.method = kDecline,
                                               .word = "declined",
                                               .alert_id = request.alert_id(),
                                               .request_id = request.request_id(),
                                               .validate_only = request.validate_only()},
                                          response);
  call->fill = [reason = request.reason()](const std::string& alert_id, v1::Event* event) {
    event->mutable_alert_declined()->set_alert_id(alert_id);
    event->mutable_alert_declined()->set_reason(reason);
  };
  call->checked =
      CheckPlainRef("reason", request.reason(), "say why no review is warranted", kReasonBytesMax);
  call->is_said = IsDeclined;
  return StartAnswering(call);
}

}  // namespace trigpoint
