#include <algorithm>
#include <optional>

#include "services/common/field_error.h"
#include "services/common/request_id.h"
#include "services/query/act_event.h"
#include "services/query/etag.h"
#include "services/query/inheritance.h"
#include "services/query/outside.h"
#include "services/query/present.h"
#include "services/query/resolve.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr char kMethod[] = "trigpoint.v1.DecisionService/DecideInheritance";
constexpr size_t kRationaleMax = 20'000;

absl::Status Check(const v1::DecideInheritanceRequest& request) {
  if (request.rationale().empty() && request.rationale_code().empty())
    return FieldError("rationale", "REQUIRED", "say why");
  if (request.rationale().size() > kRationaleMax)
    return FieldError("rationale", "TOO_LONG", "at most 20,000 bytes");
  return absl::OkStatus();
}

absl::Status Precondition(std::string_view reason, std::string_view text) {
  return WithReason(MakeStatus(absl::StatusCode::kFailedPrecondition, std::string(text)), reason);
}

/// Where nothing is to be decided here: whether something is further back, and where.
absl::Status NothingHere(const Projector& projector, const v1::ProviderRecord& record,
                         const std::string& stream_id) {
  const auto open = OpenInheritances(record, stream_id);
  if (open.empty()) {
    return Precondition("NOTHING_TO_DECIDE",
                        "the service inherits nothing that a person has to decide about");
  }
  const std::string& at = open.front().at_stream();
  const auto summary = projector.ReadSummary(at);
  const bool named = summary.ok() && summary->ids_size() > 0;
  return Precondition("NOTHING_TO_DECIDE",
                      "a person decides about it further back: at " +
                          (named ? summary->ids(0).scheme() + '/' + summary->ids(0).value() : at));
}

/// The predecessor that is meant: as named, or the only one that something can be decided about.
absl::StatusOr<std::string> PredecessorOf(const Projector& projector,
                                          const v1::ProviderRecord& record,
                                          const std::string& stream_id, const std::string& named) {
  if (!named.empty()) return ResolveProvider(projector, named);
  std::vector<std::string> open;
  std::vector<std::string> decided;
  for (const auto& kept : record.inheritances()) {
    if (IsOpen(kept.standing())) open.push_back(kept.memory().from_stream());
    if (kept.standing() == v1::INHERITANCE_STANDING_CONFIRMED ||
        kept.standing() == v1::INHERITANCE_STANDING_REFUSED) {
      decided.push_back(kept.memory().from_stream());
    }
  }
  if (open.empty()) open = decided;  // People may decide again.
  if (open.empty()) return NothingHere(projector, record, stream_id);
  if (open.size() > 1)
    return FieldError("predecessor", "REQUIRED", "there are several: name one of them");
  return open.front();
}

absl::Status AnswerTo(InheritanceVerdict verdict) {
  switch (verdict) {
    case InheritanceVerdict::kRecorded:
      return absl::OkStatus();
    case InheritanceVerdict::kNoPredecessor:
      return Precondition("NOT_A_PREDECESSOR", "the service inherits nothing of that one");
    case InheritanceVerdict::kNothingToDecide:
      return Precondition("NOTHING_TO_DECIDE",
                          "the service moved and is the same: correct the link if it is wrong");
    case InheritanceVerdict::kNoAuthority:
      return WithReason(absl::FailedPreconditionError(
                            "none of the actor's roles may decide a move into or out of the level "
                            "that is inherited (3.9)"),
                        "AUTHORITY", {{"clause", "3.9"}});
    case InheritanceVerdict::kRationaleMissing:
      return FieldError("rationale", "REQUIRED", "say why");
  }
  return absl::InternalError("no verdict");
}

std::vector<PolicyAuthority> AuthoritiesIn(const InForce& in_force) {
  std::vector<PolicyAuthority> authorities;
  for (const auto& pack : in_force.policies)
    authorities.push_back({.policy_id = pack->pack().id(), .authority = &pack->pack().authority()});
  return authorities;
}

v1::Event EventOf(const v1::DecideInheritanceRequest& request, const Principal& principal,
                  const std::string& stream_id, const std::string& from_stream, int64_t now_us) {
  v1::Event event = EventOfAct({.source = kDecisionSource, .stream_id = stream_id}, now_us);
  auto* decided = event.mutable_inheritance_decided();
  decided->set_from_stream(from_stream);
  decided->set_accepted(request.accept());
  *decided->mutable_actor() = ActorOf(principal);
  decided->set_rationale_code(request.rationale_code());
  if (!request.rationale().empty()) decided->mutable_rationale()->set_clear(request.rationale());
  decided->set_meeting_id(request.meeting_id());
  return event;
}

/// The service as it is shown to the caller now.
absl::Status Show(QueryCore& core, const Principal& principal, const StreamAsOf& stream,
                  v1::DecideInheritanceResponse* response) {
  const std::string& stream_id = stream.state.stream_id();
  TP_ASSIGN_OR_RETURN(const v1::ProviderSummary summary, core.projector().ReadSummary(stream_id));
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id, summary.revision()));
  *response->mutable_provider() =
      PresentProvider(summary, *core.InForceNow(), {.trace = *trace, .veil = core.veil});
  AddHeritage(core.projector(), stream, true, response->mutable_provider());
  if (IsOutside(principal, stream.state)) HideSmallNumbers(response->mutable_provider());
  return absl::OkStatus();
}

/// Whether the service follows the one that was decided about, as the request says.
bool Stands(const v1::DecideInheritanceRequest& request, const v1::ProviderRecord& record,
            const std::string& from_stream) {
  const v1::Inheritance* kept = FindInheritance(record, from_stream);
  const auto wanted =
      request.accept() ? v1::INHERITANCE_STANDING_CONFIRMED : v1::INHERITANCE_STANDING_REFUSED;
  return kept != nullptr && kept->standing() == wanted;
}

/// Whether an earlier request under the same id was this one. What was said with it is sealed, and
/// the predecessor may have been left open.
bool SameRequest(const Projector& projector, const v1::Event& earlier,
                 const v1::DecideInheritanceRequest& request, const std::string& stream_id) {
  const v1::InheritanceDecided& decided = earlier.inheritance_decided();
  if (!request.predecessor().empty()) {
    const auto named = ResolveProvider(projector, request.predecessor());
    if (!named.ok() || *named != decided.from_stream()) return false;
  }
  return earlier.stream_id() == stream_id && decided.accepted() == request.accept() &&
         decided.rationale_code() == request.rationale_code() &&
         decided.meeting_id() == request.meeting_id();
}

absl::Status Decide(QueryCore& core, const Principal& principal,
                    const v1::DecideInheritanceRequest& request,
                    v1::DecideInheritanceResponse* response) {
  TP_RETURN_IF_ERROR(Check(request));
  Projector& projector = core.projector();
  TP_ASSIGN_OR_RETURN(const std::string stream_id, ResolveProvider(projector, request.provider()));
  TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(stream_id));
  TP_ASSIGN_OR_RETURN(const std::string id, EventIdOf(principal, kMethod, request.request_id()));
  TP_ASSIGN_OR_RETURN(const auto earlier, EventOfRequest(projector, kDecisionSource, id));
  if (earlier.has_value()) {
    if (!SameRequest(projector, *earlier, request, stream_id)) return RequestIdReused();
    return Show(core, principal, stream, response);
  }
  TP_RETURN_IF_ERROR(CheckEtag(core, principal, stream_id, request.etag()));
  TP_ASSIGN_OR_RETURN(const std::string from_stream,
                      PredecessorOf(projector, stream.record, stream_id, request.predecessor()));
  const int64_t now_us = core.Now();
  v1::Event event = EventOf(request, principal, stream_id, from_stream, now_us);
  event.set_id(id);
  // A courtesy: the fold decides.
  const auto in_force =
      projector.ControlsFor(stream_id)->At(stream.state, std::max(now_us, stream.state.known_us()));
  const std::vector<PolicyAuthority> who = AuthoritiesIn(*in_force);
  TP_RETURN_IF_ERROR(AnswerTo(JudgeInheritance(event.inheritance_decided(), who, stream.record)));
  if (request.validate_only()) return Show(core, principal, stream, response);
  if (!request.request_id().empty() && !core.requests.Take(id, event.inheritance_decided()))
    return RequestIdReused();
  TP_RETURN_IF_ERROR(SealEvent(&event, *core.deps.keys));
  event.set_submission_digest(SubmissionDigest(event));
  TP_RETURN_IF_ERROR(
      core.deps.writer->AppendAndFoldWait(projector.PartitionFor(stream_id), event).status());
  TP_ASSIGN_OR_RETURN(const StreamAsOf folded, projector.Read(stream_id));
  if (!Stands(request, folded.record, from_stream)) {
    return WithReason(absl::AbortedError("what was decided about has changed; read it again"),
                      "BASIS_MOVED");
  }
  return Show(core, principal, folded, response);
}

}  // namespace

grpc::Status DecideInheritance(QueryCore& core, const Principal& principal,
                               const v1::DecideInheritanceRequest& request,
                               v1::DecideInheritanceResponse* response) {
  return ToGrpc(Decide(core, principal, request, response));
}

}  // namespace trigpoint
