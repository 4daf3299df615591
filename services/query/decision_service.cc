#include <algorithm>
#include <optional>

#include "services/common/call.h"
#include "services/common/request_id.h"
#include "services/query/act_event.h"
#include "services/query/decision_outcome.h"
#include "services/query/duplicates.h"
#include "services/query/etag.h"
#include "services/query/inheritance.h"
#include "services/query/query_core.h"
#include "services/query/resolve.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/decisions.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kPropose[] = "trigpoint.v1.DecisionService/ProposeDecision";
constexpr char kDuplicates[] = "trigpoint.v1.DecisionService/DecideDuplicates";
constexpr char kInherit[] = "trigpoint.v1.DecisionService/DecideInheritance";
constexpr char kConcur[] = "trigpoint.v1.DecisionService/ConcurDecision";
constexpr size_t kRationaleMax = 20'000;

/// A call between its first look at the record and the answer of the fold. Shared by the threads it
/// passes through.
struct Pending {
  Pending(QueryCore* of, grpc::CallbackServerContext* context, std::string_view method)
      : core(of), rpc(of->deps.metrics, context, method) {}

  QueryCore* core;
  UnaryCall rpc;
  v1::ProposeDecisionResponse* response = nullptr;
  std::string stream_id{};
  std::string decision_id{};  ///< Of the proposal, also for a concurrence.
  v1::Event event{};
};

/// What the record says about a decision; the first word on a proposal, the last on a concurrence.
std::optional<v1::DecisionRecord> FindDecision(const v1::ProviderRecord& record,
                                               const std::string& id, bool first) {
  std::optional<v1::DecisionRecord> found;
  for (const auto& policy : record.policies()) {
    for (const auto& decision : policy.decisions()) {
      if (decision.decision_id() != id) continue;
      found = decision;
      if (first) return found;
    }
  }
  return found;
}

/// What was said with a proposal, or nothing where its key is gone.
std::string RationaleOf(const v1::DecisionRecord& kept, KeySource* keys) {
  if (!kept.decision().has_rationale() || keys == nullptr)
    return kept.decision().rationale().clear();
  v1::Event event;
  event.set_source(kDecisionSource);
  event.set_id(kept.decision_id());
  event.set_source_version(1);
  *event.mutable_decision_proposed() = kept.decision();
  const absl::Status opened = UnsealEvent(&event, *keys);
  return opened.ok() ? event.decision_proposed().rationale().clear() : std::string();
}

/// Whether the kept proposal was made by this very request. What the request left open, the basis,
/// was filled in then.
bool SameRequest(const v1::DecisionRecord& kept, const v1::ProposeDecisionRequest& request,
                 KeySource* keys) {
  const v1::DecisionProposed& proposal = kept.decision();
  if (proposal.kind() != request.kind() || proposal.policy_id() != request.policy_id() ||
      proposal.to_state() != request.to_state() || proposal.override() != request.override() ||
      proposal.meeting_id() != request.meeting_id() ||
      proposal.risk_profile_ref() != request.risk_profile_ref() ||
      proposal.sqg_ref() != request.sqg_ref() || proposal.urgency() != request.urgency() ||
      proposal.has_rationale() != !request.rationale().empty()) {
    return false;
  }
  if (!request.based_on().empty() && proposal.based_on() != request.based_on()) return false;
  const std::string rationale = RationaleOf(kept, keys);
  return rationale.empty() || rationale == request.rationale();
}

grpc::Status NoProposal(const std::string& proposal_id, std::string_view text) {
  return ToGrpc(absl::NotFoundError(ToAbsl(text)), "PROPOSAL_NOT_FOUND",
                Naming("proposal_id", proposal_id));
}

grpc::Status AnswerFromRecord(const Pending& call) {
  const absl::StatusOr<StreamAsOf> stream = call.core->projector().Read(call.stream_id);
  if (!stream.ok()) return ToGrpc(stream.status());
  const auto decision =
      FindDecision(stream->record, call.decision_id, call.event.has_decision_proposed());
  if (!decision.has_value())
    return NoProposal(call.decision_id, "there is no such proposal, or it is no longer kept");
  return AnswerDecision(*decision, call.response);
}

/// Appends and answers with the fold's outcome. No thread waits meanwhile.
void Append(const std::shared_ptr<Pending>& call) {
  const uint32_t partition = call->core->projector().PartitionFor(call->stream_id);
  call->event.set_submission_digest(SubmissionDigest(call->event));
  call->core->deps.writer->AppendAndFold(
      partition, call->event, [call](absl::StatusOr<Written> written) {
        if (!written.ok()) {
          call->rpc.Finish(ToGrpc(written.status()));
          return;
        }
        const FoldOutcome& outcome = written->second;
        if (outcome.decision.has_value()) {
          call->rpc.Finish(AnswerDecision(*outcome.decision, call->response));
          return;
        }
        // A repeated request, or a proposal that is gone: the record knows. Reading it may touch
        // the disk.
        const bool accepted =
            call->core->pool.Run([call] { call->rpc.Finish(AnswerFromRecord(*call)); });
        if (!accepted)
          call->rpc.Finish(
              ToGrpc(absl::UnavailableError("busy; ask again with the same request_id"), "BUSY"));
      });
}

grpc::Status CheckProposal(const v1::ProposeDecisionRequest& request) {
  if (request.policy_id().empty())
    return InvalidArgument("policy_id", "REQUIRED", "name the policy");
  if (request.kind() != v1::DecisionProposed::KIND_MOVE &&
      request.kind() != v1::DecisionProposed::KIND_DECLINE) {
    return InvalidArgument("kind", "REQUIRED", "a move or a decline");
  }
  if (request.kind() == v1::DecisionProposed::KIND_MOVE && request.to_state().empty()) {
    return InvalidArgument("to_state", "REQUIRED", "a move names where to");
  }
  if (request.rationale().size() > kRationaleMax) {
    return InvalidArgument("rationale", "TOO_LONG", "at most 20,000 bytes");
  }
  return grpc::Status::OK;
}

v1::DecisionProposed ProposalOf(const v1::ProposeDecisionRequest& request,
                                const Principal& principal, const v1::PolicyRecord& record,
                                const v1::AuthorityMatrix& authority) {
  v1::DecisionProposed proposal;
  proposal.set_kind(request.kind());
  proposal.set_policy_id(request.policy_id());
  proposal.set_from_state(DecidedState(record, authority));
  proposal.set_to_state(request.to_state());
  *proposal.mutable_actor() = ActorOf(principal);
  proposal.set_based_on(request.based_on().empty() ? record.head() : request.based_on());
  if (!request.rationale().empty()) proposal.mutable_rationale()->set_clear(request.rationale());
  proposal.set_override(request.override());
  proposal.set_meeting_id(request.meeting_id());
  proposal.set_risk_profile_ref(request.risk_profile_ref());
  proposal.set_sqg_ref(request.sqg_ref());
  proposal.set_urgency(request.urgency());
  return proposal;
}

/// Whether the request may use its id; asked just before it is carried out.
template <typename Request>
bool MayUse(QueryCore& core, const std::string& event_id, const Request& request,
            const std::string& stream_id) {
  if (request.request_id().empty()) return true;
  Request content = request;
  content.set_provider(stream_id);  // One provider has several names.
  content.clear_request_id();
  return core.requests.Take(event_id, content);
}

/// The request with the basis as the record names it, where it was shown under another name.
absl::StatusOr<v1::ProposeDecisionRequest> WithOwnBasis(QueryCore& core,
                                                        const std::string& stream_id,
                                                        const StreamAsOf& stream,
                                                        const v1::ProposeDecisionRequest& asked) {
  v1::ProposeDecisionRequest request = asked;
  if (asked.based_on().empty()) return request;
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id, stream.state.revision()));
  request.set_based_on(core.veil.Behind(*trace, asked.based_on()));
  return request;
}

/// Answers at once with a status, or appends and answers later (nullopt).
std::optional<grpc::Status> Propose(QueryCore& core, const Principal& principal,
                                    const v1::ProposeDecisionRequest& asked,
                                    const std::shared_ptr<Pending>& call) {
  if (grpc::Status checked = CheckProposal(asked); !checked.ok()) return checked;
  const auto stream_id = ResolveProvider(core.projector(), asked.provider());
  if (!stream_id.ok()) return ToGrpc(stream_id.status());
  const auto id = EventIdOf(principal, kPropose, asked.request_id());
  if (!id.ok()) return ToGrpc(id.status());
  const auto stream = core.projector().Read(*stream_id);
  if (!stream.ok()) return ToGrpc(stream.status());
  const auto request_or = WithOwnBasis(core, *stream_id, *stream, asked);
  if (!request_or.ok()) return ToGrpc(request_or.status());
  const v1::ProposeDecisionRequest& request = *request_or;
  if (const auto earlier = FindDecision(stream->record, *id, true); earlier.has_value()) {
    if (SameRequest(*earlier, request, core.deps.keys))
      return AnswerDecision(*earlier, call->response);
    return ToGrpc(RequestIdReused());
  }
  if (!request.request_id().empty()) {
    const auto elsewhere = EventOfRequest(core.projector(), kDecisionSource, *id);
    if (!elsewhere.ok()) return ToGrpc(elsewhere.status());
    if (elsewhere->has_value()) {
      return (*elsewhere)->stream_id() == *stream_id
                 ? NoProposal(*id, "the decision of this request is no longer kept")
                 : ToGrpc(RequestIdReused());
    }
  }
  const absl::Status fresh = CheckEtag(core, principal, *stream_id, request.etag());
  if (!fresh.ok()) return ToGrpc(fresh);
  const int64_t now_us = core.Now();
  const int64_t known_us = std::max(now_us, stream->state.known_us());
  const auto pack = core.projector()
                        .ControlsFor(*stream_id)
                        ->At(stream->state, known_us)
                        ->Policy(request.policy_id());
  if (pack == nullptr)
    return InvalidArgument("policy_id", "POLICY_NOT_IN_FORCE", "the policy is not in force");
  const v1::PolicyRecord* kept = FindPolicyRecord(stream->record, request.policy_id());
  v1::PolicyRecord record = kept == nullptr ? v1::PolicyRecord() : *kept;
  record.set_policy_id(request.policy_id());

  call->event = EventOfAct({.source = kDecisionSource, .id = *id, .stream_id = *stream_id}, now_us);
  *call->event.mutable_decision_proposed() =
      ProposalOf(request, principal, record, pack->pack().authority());
  if (request.validate_only()) {
    const DecisionContext context = DecisionContextOf(stream->state, &pack->pack().authority());
    return AnswerDecision(
        FoldProposal(call->event.decision_proposed(), *id, known_us, context, &record),
        call->response);
  }
  if (!MayUse(core, *id, request, *stream_id)) return ToGrpc(RequestIdReused());
  const absl::Status sealed = SealEvent(&call->event, *core.deps.keys);
  if (!sealed.ok()) return ToGrpc(sealed);
  call->stream_id = *stream_id;
  call->decision_id = *id;
  Append(call);
  return std::nullopt;
}

/// What the fold would say now of the concurrence that the call holds.
grpc::Status CheckConcurrence(QueryCore& core, const StreamAsOf& stream,
                              const std::shared_ptr<Pending>& call) {
  const v1::DecisionConcurrence& concurrence = call->event.decision_concurrence();
  const auto& policies = stream.record.policies();
  const auto found =
      std::find_if(policies.begin(), policies.end(), [&concurrence](const auto& policy) {
        return policy.pending().proposal_id() == concurrence.proposal_id();
      });
  v1::PolicyRecord record = found == policies.end() ? v1::PolicyRecord() : *found;
  const int64_t known_us = std::max(core.Now(), stream.state.known_us());
  const auto in_force = core.projector().ControlsFor(call->event.stream_id());
  const auto pack = in_force->At(stream.state, known_us)->Policy(record.policy_id());
  const DecisionContext context =
      DecisionContextOf(stream.state, pack == nullptr ? nullptr : &pack->pack().authority());
  return AnswerDecision(FoldConcurrence(concurrence, known_us, context, &record), call->response);
}

/// Nothing is refused here that the fold would decide: only that nobody ever proposed it.
std::optional<grpc::Status> Concur(QueryCore& core, const Principal& principal,
                                   const v1::ConcurDecisionRequest& request,
                                   const std::shared_ptr<Pending>& call) {
  if (request.proposal_id().empty())
    return InvalidArgument("proposal_id", "REQUIRED", "name the proposal");
  const auto stream_id = ResolveProvider(core.projector(), request.provider());
  if (!stream_id.ok()) return ToGrpc(stream_id.status());
  const auto id = EventIdOf(principal, kConcur, request.request_id());
  if (!id.ok()) return ToGrpc(id.status());
  const auto stream = core.projector().Read(*stream_id);
  if (!stream.ok()) return ToGrpc(stream.status());
  const auto proposed = FindDecision(stream->record, request.proposal_id(), false);
  if (!proposed.has_value())
    return NoProposal(request.proposal_id(), "the provider has no such proposal");
  if (!request.request_id().empty()) {
    const auto earlier = EventOfRequest(core.projector(), kDecisionSource, *id);
    if (!earlier.ok()) return ToGrpc(earlier.status());
    if (earlier->has_value()) {
      const auto& said = (*earlier)->decision_concurrence();
      const bool same = (*earlier)->stream_id() == *stream_id &&
                        said.proposal_id() == request.proposal_id() &&
                        said.concurs() == request.concurs();
      return same ? AnswerDecision(*proposed, call->response) : ToGrpc(RequestIdReused());
    }
  }
  const bool pending = std::any_of(stream->record.policies().begin(),
                                   stream->record.policies().end(), [&request](const auto& policy) {
                                     return policy.pending().proposal_id() == request.proposal_id();
                                   });
  if (!pending) {
    return ToGrpc(absl::FailedPreconditionError("the proposal no longer awaits concurrence"),
                  "NOT_PENDING", Naming("proposal_id", request.proposal_id()));
  }
  call->event =
      EventOfAct({.source = kDecisionSource, .id = *id, .stream_id = *stream_id}, core.Now());
  auto* concurrence = call->event.mutable_decision_concurrence();
  concurrence->set_proposal_id(request.proposal_id());
  concurrence->set_concurs(request.concurs());
  *concurrence->mutable_actor() = ActorOf(principal);
  if (request.validate_only()) return CheckConcurrence(core, *stream, call);
  if (!MayUse(core, *id, request, *stream_id)) return ToGrpc(RequestIdReused());
  call->stream_id = *stream_id;
  call->decision_id = request.proposal_id();
  Append(call);
  return std::nullopt;
}

class DecisionService final : public v1::DecisionService::CallbackService {
 public:
  explicit DecisionService(std::shared_ptr<QueryCore> core) : core_(std::move(core)) {}

  grpc::ServerUnaryReactor* ProposeDecision(grpc::CallbackServerContext* context,
                                            const v1::ProposeDecisionRequest* request,
                                            v1::ProposeDecisionResponse* response) override {
    return Start(context, kPropose, request, response, Propose);
  }

  grpc::ServerUnaryReactor* ConcurDecision(grpc::CallbackServerContext* context,
                                           const v1::ConcurDecisionRequest* request,
                                           v1::ProposeDecisionResponse* response) override {
    return Start(context, kConcur, request, response, Concur);
  }

  grpc::ServerUnaryReactor* DecideInheritance(grpc::CallbackServerContext* context,
                                              const v1::DecideInheritanceRequest* request,
                                              v1::DecideInheritanceResponse* response) override {
    return Serve(*core_, context, kInherit, {.sensitivity = kAnswerClass}, Where::kPool,
                 [core = core_.get(), request, response](const Principal& who) {
                   return trigpoint::DecideInheritance(*core, who, *request, response);
                 });
  }

  grpc::ServerUnaryReactor* DecideDuplicates(grpc::CallbackServerContext* context,
                                             const v1::DecideDuplicatesRequest* request,
                                             v1::DecideDuplicatesResponse* response) override {
    return Serve(*core_, context, kDuplicates, {.sensitivity = v1::SENSITIVITY_C3_PSEUDONYMISED},
                 Where::kPool, [core = core_.get(), request, response](const Principal& who) {
                   return Once(*core, who, kDuplicates, *request, response, [&] {
                     return trigpoint::DecideDuplicates(*core, who, *request, response);
                   });
                 });
  }

 private:
  template <typename Request, typename Work>
  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, std::string_view method,
                                  const Request* request, v1::ProposeDecisionResponse* response,
                                  Work work) {
    auto call = std::make_shared<Pending>(core_.get(), context, method);
    call->response = response;
    absl::StatusOr<Principal> principal =
        call->rpc.Admit(*core_->deps.auth, {.sensitivity = kAnswerClass});
    if (!principal.ok()) {
      call->rpc.Finish(ToGrpc(principal.status()));
      return call->rpc.reactor();
    }
    const bool accepted = core_->pool.Run([call, request, work, who = *std::move(principal)] {
      const std::optional<grpc::Status> at_once = work(*call->core, who, *request, call);
      if (at_once.has_value()) call->rpc.Finish(*at_once);
    });
    if (!accepted)
      call->rpc.Finish(
          ToGrpc(absl::ResourceExhaustedError("too many calls at once; try again"), "BUSY"));
    return call->rpc.reactor();
  }

  std::shared_ptr<QueryCore> core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeDecisionService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<DecisionService>(std::move(core));
}

}  // namespace trigpoint
