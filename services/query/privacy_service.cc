// Erasure of personal data and legal holds.
#include <algorithm>
#include <utility>

#include "services/common/field_error.h"
#include "services/query/act_event.h"
#include "services/query/erasure.h"
#include "services/query/query_core.h"
#include "services/query/request_id.h"
#include "services/query/resolve.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/times.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kPlace[] = "trigpoint.v1.PrivacyService/PlaceLegalHold";
constexpr char kLift[] = "trigpoint.v1.PrivacyService/LiftLegalHold";
constexpr char kList[] = "trigpoint.v1.PrivacyService/ListLegalHolds";
constexpr char kErase[] = "trigpoint.v1.PrivacyService/ErasePersonalData";
/// Source of what is said here.
constexpr char kPrivacySource[] = "trigpoint/privacy";

/// Whoever erases, or forbids it, says on whose decision.
absl::Status CheckAuthorityRef(const std::string& authority_ref) {
  if (authority_ref.empty())
    return FieldError("authority_ref", "REQUIRED", "name the decision that this rests on");
  if (const auto found = FindPersonalData(authority_ref); found.has_value())
    return FieldError("authority_ref", PiiRuleName(found->rule), "holds personal data");
  return absl::OkStatus();
}

absl::Status Append(QueryCore& core, const v1::Event& event) {
  const uint32_t partition = core.projector().PartitionFor(event.stream_id());
  return core.deps.writer->AppendAndFoldWait(partition, event).status();
}

std::vector<const v1::LegalHoldPlaced*> PointersTo(const v1::ProviderRecord& record) {
  std::vector<const v1::LegalHoldPlaced*> holds;
  for (const auto& hold : record.holds()) holds.push_back(&hold);
  return holds;
}

/// Keys that some hold keeps, of whichever service: one incident at two services has one key.
absl::StatusOr<std::set<std::string>> AllKeysUnderHold(QueryCore& core) {
  std::set<std::string> keys;
  for (const auto& summary : *core.AllSummaries()) {
    if (summary.legal_holds() == 0) continue;
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, core.projector().Read(summary.stream_id()));
    TP_ASSIGN_OR_RETURN(const auto events,
                        core.projector().ReadEvents(summary.stream_id(), 0, UINT64_MAX));
    keys.merge(KeysUnderHold(events, PointersTo(stream.record)));
  }
  return keys;
}

absl::StatusOr<ErasureScope> ScopeOf(const v1::ErasePersonalDataRequest& request, int64_t now_us) {
  if (request.has_record() == request.has_received_before())
    return FieldError("record", "CONTRADICTION", "name a record, or an instant: one of the two");
  ErasureScope scope;
  if (request.has_record()) {
    if (request.record().source().empty() || request.record().id().empty())
      return FieldError("record", "REQUIRED", "name its source and its id");
    scope.record = request.record();
    return scope;
  }
  scope.before_us = ToMicros(request.received_before());
  if (*scope.before_us > now_us)
    return FieldError("received_before", "IN_FUTURE", "only what was received can be erased");
  return scope;
}

/// Whether a hold names the record, or everything: also where none of its texts stands in the
/// stream, because it was only refused so far.
bool IsHeld(const v1::ProviderRecord& record, const ErasureScope& scope) {
  return scope.record.has_value() &&
         std::any_of(record.holds().begin(), record.holds().end(), [&scope](const auto& hold) {
           return !hold.has_record() || (hold.record().source() == scope.record->source() &&
                                         hold.record().id() == scope.record->id());
         });
}

/// What was refused of a record lies sealed, too.
void AddRefused(const QueryCore& core, const ErasureScope& scope, const std::set<std::string>& held,
                ErasurePlan* plan) {
  if (!scope.record.has_value()) return;
  const auto refused = core.projector().Quarantined(
      {.source = scope.record->source(), .resolved = true}, "", SIZE_MAX);
  for (const auto& one : refused) {
    const auto& kept = one.event().submission_quarantined();
    const std::string& key = kept.original().key_id();
    // An earlier release sealed everything refused of a source under one key: that one stays.
    if (!key.starts_with("case:")) continue;
    if (kept.submitted_id() != scope.record->id() || held.contains(key)) continue;
    plan->key_ids.insert(key);
  }
}

/// The same erasure again is the same proof.
std::string ErasureId(const std::string& stream_id, const std::set<std::string>& key_ids) {
  std::string text = stream_id;
  for (const std::string& key : key_ids) text += '\n' + key;
  return Sha256Hex(text).substr(0, 32);
}

class PrivacyService final : public v1::PrivacyService::CallbackService {
 public:
  explicit PrivacyService(std::shared_ptr<QueryCore> core) : core_(std::move(core)) {}

  grpc::ServerUnaryReactor* PlaceLegalHold(grpc::CallbackServerContext* context,
                                           const v1::PlaceLegalHoldRequest* request,
                                           v1::PlaceLegalHoldResponse* response) override {
    return Serve(*core_, context, kPlace, {}, Where::kPool, [=, this](const Principal& who) {
      return ToGrpc(Place(who, *request, response));
    });
  }

  grpc::ServerUnaryReactor* LiftLegalHold(grpc::CallbackServerContext* context,
                                          const v1::LiftLegalHoldRequest* request,
                                          v1::LiftLegalHoldResponse* /*response*/) override {
    return Serve(*core_, context, kLift, {}, Where::kPool,
                 [=, this](const Principal& who) { return ToGrpc(Lift(who, *request)); });
  }

  grpc::ServerUnaryReactor* ListLegalHolds(grpc::CallbackServerContext* context,
                                           const v1::ListLegalHoldsRequest* request,
                                           v1::ListLegalHoldsResponse* response) override {
    return Serve(*core_, context, kList, {}, Where::kPool,
                 [=, this](const Principal&) { return ToGrpc(List(*request, response)); });
  }

  grpc::ServerUnaryReactor* ErasePersonalData(grpc::CallbackServerContext* context,
                                              const v1::ErasePersonalDataRequest* request,
                                              v1::ErasePersonalDataResponse* response) override {
    return Serve(*core_, context, kErase, {}, Where::kPool, [=, this](const Principal& who) {
      return ToGrpc(Erase(who, *request, response));
    });
  }

 private:
  absl::StatusOr<StreamAsOf> StreamOf(const std::string& provider) {
    TP_ASSIGN_OR_RETURN(const std::string stream_id, ResolveProvider(core_->projector(), provider));
    return core_->projector().Read(stream_id);
  }

  absl::Status Place(const Principal& who, const v1::PlaceLegalHoldRequest& request,
                     v1::PlaceLegalHoldResponse* response) {
    TP_RETURN_IF_ERROR(CheckAuthorityRef(request.authority_ref()));
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, StreamOf(request.provider()));
    if (request.has_record() &&
        (request.record().source().empty() || request.record().id().empty()))
      return FieldError("record", "REQUIRED", "name its source and its id");
    const std::string& stream_id = stream.state.stream_id();
    const std::string hold_id =
        "hold-" + Sha256Hex(stream_id + '\n' + request.record().source() + '\n' +
                            request.record().id() + '\n' + request.authority_ref())
                      .substr(0, 16);
    response->set_hold_id(hold_id);
    for (const auto& hold : stream.record.holds()) {
      if (hold.hold_id() == hold_id) return absl::OkStatus();  // It is in force already.
    }
    const int64_t now_us = core_->Now();
    v1::Event event =
        EventOfAct(kPrivacySource, stream_id, hold_id + '/' + std::to_string(now_us), now_us);
    auto* placed = event.mutable_legal_hold_placed();
    placed->set_hold_id(hold_id);
    if (request.has_record()) *placed->mutable_record() = request.record();
    placed->set_authority_ref(request.authority_ref());
    *placed->mutable_actor() = ActorOf(who);
    return Append(*core_, event);
  }

  absl::Status Lift(const Principal& who, const v1::LiftLegalHoldRequest& request) {
    TP_RETURN_IF_ERROR(CheckAuthorityRef(request.authority_ref()));
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, StreamOf(request.provider()));
    const auto& holds = stream.record.holds();
    const bool there = std::any_of(holds.begin(), holds.end(), [&request](const auto& hold) {
      return hold.hold_id() == request.hold_id();
    });
    if (!there) {
      return WithReason(absl::NotFoundError("no such legal hold is in force"), "HOLD_NOT_FOUND",
                        Naming("hold_id", request.hold_id()));
    }
    const int64_t now_us = core_->Now();
    v1::Event event = EventOfAct(kPrivacySource, stream.state.stream_id(),
                                 request.hold_id() + "/lifted/" + std::to_string(now_us), now_us);
    auto* lifted = event.mutable_legal_hold_lifted();
    lifted->set_hold_id(request.hold_id());
    lifted->set_authority_ref(request.authority_ref());
    *lifted->mutable_actor() = ActorOf(who);
    return Append(*core_, event);
  }

  absl::Status List(const v1::ListLegalHoldsRequest& request,
                    v1::ListLegalHoldsResponse* response) {
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, StreamOf(request.provider()));
    *response->mutable_holds() = stream.record.holds();
    return absl::OkStatus();
  }

  absl::Status Erase(const Principal& who, const v1::ErasePersonalDataRequest& request,
                     v1::ErasePersonalDataResponse* response) {
    TP_RETURN_IF_ERROR(CheckAuthorityRef(request.authority_ref()));
    TP_ASSIGN_OR_RETURN(const ErasureScope scope, ScopeOf(request, core_->Now()));
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, StreamOf(request.provider()));
    const std::string& stream_id = stream.state.stream_id();
    TP_ASSIGN_OR_RETURN(const auto events, core_->projector().ReadEvents(stream_id, 0, UINT64_MAX));
    TP_ASSIGN_OR_RETURN(const std::set<std::string> held, AllKeysUnderHold(*core_));
    ErasurePlan plan = PlanErasure(events, scope, held);
    if (IsHeld(stream.record, scope) || (scope.record.has_value() && !plan.held.empty())) {
      return WithReason(absl::FailedPreconditionError("a legal hold is in force: trigpoint holds"),
                        "LEGAL_HOLD");
    }
    AddRefused(*core_, scope, held, &plan);
    for (const auto& ref : plan.records) *response->add_records() = ref;
    for (const auto& ref : plan.held) *response->add_held() = ref;
    response->set_keys(static_cast<uint32_t>(plan.key_ids.size()));
    if (plan.key_ids.empty() || request.validate_only()) return absl::OkStatus();
    return Destroy(who, request, plan, stream_id, response);
  }

  /// Keys first: a proof without an erasure would be a lie, an erasure without its proof is
  /// finished by the same request again.
  absl::Status Destroy(const Principal& who, const v1::ErasePersonalDataRequest& request,
                       const ErasurePlan& plan, const std::string& stream_id,
                       v1::ErasePersonalDataResponse* response) {
    for (const std::string& key : plan.key_ids) {
      TP_RETURN_IF_ERROR(core_->deps.destroy_key(key));
    }
    const std::string id = ErasureId(stream_id, plan.key_ids);
    v1::Event event = EventOfAct(kPrivacySource, stream_id, "erasure/" + id, core_->Now());
    auto* erased = event.mutable_personal_data_erased();
    erased->set_erasure_id(id);
    for (const std::string& key : plan.key_ids) erased->add_key_ids(key);
    for (const auto& ref : plan.records) *erased->add_records() = ref;
    erased->set_authority_ref(request.authority_ref());
    if (request.has_received_before())
      *erased->mutable_received_before() = request.received_before();
    *erased->mutable_actor() = ActorOf(who);
    response->set_erasure_id(id);
    return Append(*core_, event);
  }

  std::shared_ptr<QueryCore> core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePrivacyService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<PrivacyService>(std::move(core));
}

}  // namespace trigpoint
