// Erasure of personal data, legal holds, protected sources and disclosures.
#include <algorithm>
#include <utility>

#include "services/common/field_error.h"
#include "services/common/request_id.h"
#include "services/query/act_event.h"
#include "services/query/disclosure_stream.h"
#include "services/query/erasure.h"
#include "services/query/paging.h"
#include "services/query/query_core.h"
#include "services/query/resolve.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/events/times.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kPlace[] = "trigpoint.v1.PrivacyService/PlaceLegalHold";
constexpr char kLift[] = "trigpoint.v1.PrivacyService/LiftLegalHold";
constexpr char kList[] = "trigpoint.v1.PrivacyService/ListLegalHolds";
constexpr char kErase[] = "trigpoint.v1.PrivacyService/ErasePersonalData";
constexpr char kReadIdentity[] = "trigpoint.v1.PrivacyService/ReadProtectedIdentity";

/// Says of an erasure that the rules of the configuration decide, in place of a decision.
constexpr char kRetention[] = "retention";

/// Whoever erases, or forbids it, says on whose decision.
absl::Status CheckAuthorityRef(const std::string& authority_ref) {
  TP_RETURN_IF_ERROR(
      CheckPlainRef("authority_ref", authority_ref, "name the decision that this rests on"));
  if (authority_ref.starts_with(kRetentionAuthority))
    return FieldError("authority_ref", "RESERVED", "only a rule of retention says this of itself");
  return absl::OkStatus();
}

absl::Status Append(QueryCore& core, const v1::Event& event) {
  const uint32_t partition = core.projector().PartitionFor(event.stream_id());
  return core.deps.writer->AppendAndFoldWait(partition, event).status();
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

/// What of a record lies in the vault goes with it, also where it came with a version that was
/// refused.
absl::Status AddVaulted(const QueryCore& core, const ErasureScope& scope,
                        const std::set<std::string>& held, ErasurePlan* plan) {
  if (!scope.record.has_value() || core.deps.vault == nullptr) return absl::OkStatus();
  const VaultRecord record{scope.record->source(), scope.record->id()};
  TP_ASSIGN_OR_RETURN(const bool known, core.deps.vault->Knows(record));
  TP_ASSIGN_OR_RETURN(const std::string key, core.deps.vault->KeyOf(record));
  if (known && !held.contains(key)) plan->key_ids.insert(key);
  return absl::OkStatus();
}

bool Names(const std::vector<v1::EventRef>& refs, const v1::EventRef& record) {
  return std::any_of(refs.begin(), refs.end(), [&record](const v1::EventRef& ref) {
    return ref.source() == record.source() && ref.id() == record.id();
  });
}

/// The reference into the vault that the record had last.
absl::StatusOr<std::string> VaultRefIn(const Projector& projector, const std::string& stream_id,
                                       const v1::EventRef& record) {
  TP_ASSIGN_OR_RETURN(const auto events, projector.ReadEvents(stream_id, 0, UINT64_MAX));
  std::string ref;
  uint32_t version = 0;
  for (const auto& stored : events) {
    const v1::Event& event = stored.event();
    if (event.source() != record.source() || event.id() != record.id()) continue;
    if (VaultKeyOf(event).empty() || VersionOf(event) < version) continue;
    ref = VaultRefOf(event);
    version = VersionOf(event);
  }
  return ref;
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

  grpc::ServerUnaryReactor* ReadProtectedIdentity(
      grpc::CallbackServerContext* context, const v1::ReadProtectedIdentityRequest* request,
      v1::ReadProtectedIdentityResponse* response) override {
    return Serve(*core_, context, kReadIdentity, {}, Where::kPool, [=, this](const Principal& who) {
      return ToGrpc(ReadIdentity(who, *request, response));
    });
  }

  grpc::ServerWriteReactor<v1::ExportDisclosureResponse>* ExportDisclosure(
      grpc::CallbackServerContext* context, const v1::ExportDisclosureRequest* request) override {
    return StartDisclosure(core_, context, *request);
  }

  grpc::ServerUnaryReactor* ErasePersonalData(grpc::CallbackServerContext* context,
                                              const v1::ErasePersonalDataRequest* request,
                                              v1::ErasePersonalDataResponse* response) override {
    return Serve(*core_, context, kErase, {}, Where::kPool, [=, this](const Principal& who) {
      return Once(*core_, who, kErase, *request, response,
                  [&] { return ToGrpc(Erase(who, *request, response)); });
    });
  }

 private:
  /// The id of the event that a request makes, and what an earlier one made under it.
  struct UnderId {
    std::string event_id{};
    std::optional<v1::Event> earlier{};
  };

  absl::StatusOr<UnderId> Look(const Principal& who, std::string_view method,
                               const std::string& request_id) {
    TP_ASSIGN_OR_RETURN(std::string id, EventIdOf(who, method, request_id));
    TP_ASSIGN_OR_RETURN(auto earlier, EventOfRequest(core_->projector(), kPrivacySource, id));
    return UnderId{.event_id = std::move(id), .earlier = std::move(earlier)};
  }

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
    TP_ASSIGN_OR_RETURN(const UnderId under, Look(who, kPlace, request.request_id()));
    const std::string hold_id =
        "hold-" + Sha256Hex(stream_id + '\n' + request.record().source() + '\n' +
                            request.record().id() + '\n' + request.authority_ref())
                      .substr(0, 16);
    response->set_hold_id(hold_id);
    if (under.earlier.has_value()) {
      return under.earlier->legal_hold_placed().hold_id() == hold_id ? absl::OkStatus()
                                                                     : RequestIdReused();
    }
    for (const auto& hold : stream.record.holds()) {
      if (hold.hold_id() == hold_id) return absl::OkStatus();  // It is in force already.
    }
    if (request.validate_only()) return absl::OkStatus();
    v1::Event event = EventOfAct(
        {.source = kPrivacySource, .id = under.event_id, .stream_id = stream_id}, core_->Now());
    auto* placed = event.mutable_legal_hold_placed();
    placed->set_hold_id(hold_id);
    if (request.has_record()) *placed->mutable_record() = request.record();
    placed->set_authority_ref(request.authority_ref());
    if (!request.request_id().empty() && !core_->requests.Take(under.event_id, *placed))
      return RequestIdReused();
    *placed->mutable_actor() = ActorOf(who);
    return Append(*core_, event);
  }

  absl::Status Lift(const Principal& who, const v1::LiftLegalHoldRequest& request) {
    TP_RETURN_IF_ERROR(CheckAuthorityRef(request.authority_ref()));
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, StreamOf(request.provider()));
    const std::string& stream_id = stream.state.stream_id();
    TP_ASSIGN_OR_RETURN(const UnderId under, Look(who, kLift, request.request_id()));
    if (under.earlier.has_value()) {
      const bool same = under.earlier->stream_id() == stream_id &&
                        under.earlier->legal_hold_lifted().hold_id() == request.hold_id();
      return same ? absl::OkStatus() : RequestIdReused();
    }
    const auto& holds = stream.record.holds();
    const bool there = std::any_of(holds.begin(), holds.end(), [&request](const auto& hold) {
      return hold.hold_id() == request.hold_id();
    });
    if (!there) {
      return WithReason(absl::NotFoundError("no such legal hold is in force"), "HOLD_NOT_FOUND",
                        Naming("hold_id", request.hold_id()));
    }
    if (request.validate_only()) return absl::OkStatus();
    v1::Event event = EventOfAct(
        {.source = kPrivacySource, .id = under.event_id, .stream_id = stream_id}, core_->Now());
    auto* lifted = event.mutable_legal_hold_lifted();
    lifted->set_hold_id(request.hold_id());
    lifted->set_authority_ref(request.authority_ref());
    if (!request.request_id().empty() && !core_->requests.Take(under.event_id, *lifted))
      return RequestIdReused();
    *lifted->mutable_actor() = ActorOf(who);
    return Append(*core_, event);
  }

  absl::Status List(const v1::ListLegalHoldsRequest& request,
                    v1::ListLegalHoldsResponse* response) {
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, StreamOf(request.provider()));
    std::vector<v1::LegalHoldPlaced> rows(stream.record.holds().begin(),
                                          stream.record.holds().end());
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.hold_id() < b.hold_id(); });
    TP_ASSIGN_OR_RETURN(
        const Page page,
        PageOf(
            rows, [](const auto& row) -> const std::string& { return row.hold_id(); },
            core_->deps.page_secret, "ListLegalHolds\n" + stream.state.stream_id(),
            request.page_size(), request.page_token()));
    for (size_t i = page.from; i < page.to; ++i) *response->add_holds() = std::move(rows[i]);
    response->set_next_page_token(page.next_token);
    response->set_total_size(static_cast<int64_t>(rows.size()));
    return absl::OkStatus();
  }

  absl::Status Erase(const Principal& who, const v1::ErasePersonalDataRequest& request,
                     v1::ErasePersonalDataResponse* response) {
    if (request.authority_ref() == kRetention && request.provider().empty())
      return EraseByRule(request, response);
    TP_RETURN_IF_ERROR(CheckAuthorityRef(request.authority_ref()));
    TP_ASSIGN_OR_RETURN(const ErasureScope scope, ScopeOf(request, core_->Now()));
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, StreamOf(request.provider()));
    const std::string& stream_id = stream.state.stream_id();
    TP_ASSIGN_OR_RETURN(const auto events, core_->projector().ReadEvents(stream_id, 0, UINT64_MAX));
    TP_ASSIGN_OR_RETURN(const HoldsInForce holds, HoldsOf(core_->projector()));
    ErasurePlan plan = PlanErasure(events, scope, holds.keys);
    if (IsHeld(stream.record, scope) || (scope.record.has_value() && plan.held_keys > 0)) {
      return WithReason(absl::FailedPreconditionError("a legal hold is in force: trigpoint holds"),
                        "LEGAL_HOLD");
    }
    AddRefused(*core_, scope, holds.keys, &plan);
    TP_RETURN_IF_ERROR(AddVaulted(*core_, scope, holds.keys, &plan));
    for (const auto& ref : plan.records) *response->add_records() = ref;
    // The proof does not name a protected source; whoever asked for the record has named it.
    if (scope.record.has_value() && !plan.key_ids.empty() && !Names(plan.records, *scope.record))
      *response->add_records() = *scope.record;
    for (const auto& ref : plan.held) *response->add_held() = ref;
    response->set_keys(static_cast<uint32_t>(plan.key_ids.size()));
    if (plan.key_ids.empty() || request.validate_only()) return absl::OkStatus();
    TP_ASSIGN_OR_RETURN(const std::string id,
                        core_->deps.eraser->Erase({.stream_id = stream_id,
                                                   .key_ids = plan.key_ids,
                                                   .records = plan.records,
                                                   .authority_ref = request.authority_ref(),
                                                   .before_us = scope.before_us,
                                                   .actor = ActorOf(who)}));
    response->set_erasure_id(id);
    return absl::OkStatus();
  }

  absl::Status EraseByRule(const v1::ErasePersonalDataRequest& request,
                           v1::ErasePersonalDataResponse* response) {
    if (request.has_record() || request.has_received_before())
      return FieldError("record", "CONTRADICTION", "the rules of retention say what is erased");
    Retention* retention = core_->deps.retention;
    if (retention == nullptr || retention->rules().empty()) {
      return WithReason(absl::FailedPreconditionError("no rule of retention is configured"),
                        "NO_RETENTION");
    }
    TP_ASSIGN_OR_RETURN(const RetentionReport report, retention->Run(request.validate_only()));
    response->set_keys(report.keys);
    for (const auto& ref : report.records) *response->add_records() = ref;
    for (const auto& ref : report.held) *response->add_held() = ref;
    if (!report.erasure_ids.empty()) response->set_erasure_id(report.erasure_ids.front());
    return absl::OkStatus();
  }

  absl::Status ReadIdentity(const Principal& who, const v1::ReadProtectedIdentityRequest& request,
                            v1::ReadProtectedIdentityResponse* response) {
    TP_RETURN_IF_ERROR(CheckAuthorityRef(request.authority_ref()));
    if (request.record().source().empty() || request.record().id().empty())
      return FieldError("record", "REQUIRED", "name its source and its id");
    TP_ASSIGN_OR_RETURN(const std::string stream_id,
                        ResolveProvider(core_->projector(), request.provider()));
    TP_ASSIGN_OR_RETURN(const std::string ref,
                        VaultRefIn(core_->projector(), stream_id, request.record()));
    const IdentityVault* vault = core_->deps.vault;
    auto identity = vault == nullptr || ref.empty() ? absl::NotFoundError("") : vault->Get(ref);
    if (absl::IsAborted(identity.status()))
      return WithReason(absl::FailedPreconditionError("the identity was erased"), "ERASED");
    if (absl::IsNotFound(identity.status())) {
      return WithReason(absl::NotFoundError("the vault holds no identity of this record"),
                        "IDENTITY_NOT_FOUND");
    }
    TP_RETURN_IF_ERROR(identity.status());
    const VaultRecord record{request.record().source(), request.record().id()};
    TP_ASSIGN_OR_RETURN(const std::string key, vault->KeyOf(record));
    TP_RETURN_IF_ERROR(
        core_->deps.auth->Disclose(who, kReadIdentity,
                                   {.provider = stream_id,
                                    .authority_ref = request.authority_ref(),
                                    .reference = key,
                                    .sensitivity = v1::SENSITIVITY_C5_PROTECTED_SOURCE}));
    response->set_identity(*std::move(identity));
    return absl::OkStatus();
  }

  std::shared_ptr<QueryCore> core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePrivacyService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<PrivacyService>(std::move(core));
}

}  // namespace trigpoint
