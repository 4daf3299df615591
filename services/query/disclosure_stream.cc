#include "services/query/disclosure_stream.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "services/common/call.h"
#include "services/common/field_error.h"
#include "services/common/request_id.h"
#include "services/query/act_event.h"
#include "services/query/disclosure_export.h"
#include "services/query/resolve.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Response = v1::ExportDisclosureResponse;

constexpr char kExport[] = "trigpoint.v1.PrivacyService/ExportDisclosure";

absl::Status CheckRequest(const v1::ExportDisclosureRequest& request) {
  if (request.profile() == v1::REDACTION_PROFILE_UNSPECIFIED ||
      !v1::RedactionProfile_IsValid(request.profile()))
    return FieldError("profile", "REQUIRED", "say to whom it is given");
  TP_RETURN_IF_ERROR(
      CheckPlainRef("requester", request.requester(), "name the organisation, or a pseudonym"));
  if (request.lawful_basis() == v1::LAWFUL_BASIS_UNSPECIFIED ||
      !v1::LawfulBasis_IsValid(request.lawful_basis()))
    return FieldError("lawful_basis", "REQUIRED", "say on what basis it is given");
  TP_RETURN_IF_ERROR(CheckPlainRef("authority_ref", request.authority_ref(),
                                   "name the decision that this rests on"));
  const bool own = request.profile() == v1::REDACTION_PROFILE_SUBJECT_ACCESS;
  const bool named = !request.record().source().empty() && !request.record().id().empty();
  if ((own || request.has_record()) && !named)
    return FieldError("record", "REQUIRED", "name its source and its id");
  if (request.has_from() && request.has_until() &&
      ToMicros(request.from()) >= ToMicros(request.until()))
    return FieldError("until", "CONTRADICTION", "lies after `from`");
  return absl::OkStatus();
}

ExportScope ScopeOf(const v1::ExportDisclosureRequest& request) {
  ExportScope scope{.profile = request.profile()};
  if (request.has_from()) scope.from_us = ToMicros(request.from());
  if (request.has_until()) scope.until_us = ToMicros(request.until());
  if (request.has_record()) scope.record = request.record();
  return scope;
}

/// What was asked for and how much of it was given: never how much was not.
v1::Event DisclosureEvent(const Principal& who, const v1::ExportDisclosureRequest& request,
                          const DisclosureExport& made, v1::Event event) {
  event.set_recorded_by(who.id);
  auto* disclosure = event.mutable_disclosure_made();
  disclosure->set_requester(request.requester());
  disclosure->set_lawful_basis(request.lawful_basis());
  disclosure->set_sensitivity_max(made.highest);
  disclosure->add_fields("profile " + ProfileName(request.profile()));
  disclosure->add_fields("authority " + request.authority_ref());
  if (request.has_from()) disclosure->add_fields("from " + FormatInstant(ToMicros(request.from())));
  if (request.has_until())
    disclosure->add_fields("until " + FormatInstant(ToMicros(request.until())));
  if (request.has_record()) disclosure->add_fields("one record");
  disclosure->add_fields(std::to_string(made.entries.size()) + " entries");
  event.set_sensitivity(v1::SENSITIVITY_C3_PSEUDONYMISED);
  event.set_lawful_basis(request.lawful_basis());
  event.set_submission_digest(SubmissionDigest(event));
  return event;
}

/// Everything that is sent, once the disclosure is on record.
absl::StatusOr<std::vector<Response>> Prepare(QueryCore& core, const Principal& who,
                                              const v1::ExportDisclosureRequest& request) {
  TP_RETURN_IF_ERROR(CheckRequest(request));
  const Projector& projector = core.projector();
  TP_ASSIGN_OR_RETURN(const std::string stream_id, ResolveProvider(projector, request.provider()));
  TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(stream_id));
  TP_ASSIGN_OR_RETURN(const auto events, projector.ReadEvents(stream_id, 0, UINT64_MAX));
  DisclosureExport made = MakeExport(events, ScopeOf(request), core.deps.keys);
  if (request.has_record() && made.entries.empty()) {
    return WithReason(absl::NotFoundError("there is no such record that this profile gives out"),
                      "RECORD_NOT_FOUND");
  }
  TP_ASSIGN_OR_RETURN(const std::string id, EventIdOf(who, kExport, ""));
  TP_RETURN_IF_ERROR(core.deps.auth->Disclose(who, kExport,
                                              {.provider = stream_id,
                                               .authority_ref = request.authority_ref(),
                                               .reference = id,
                                               .requester = request.requester(),
                                               .sensitivity = made.highest}));
  const int64_t now_us = core.Now();
  const v1::Event event = DisclosureEvent(
      who, request, made,
      EventOfAct({.source = kPrivacySource, .id = "disclosure/" + id, .stream_id = stream_id},
                 now_us));
  TP_RETURN_IF_ERROR(
      core.deps.writer->AppendAndFoldWait(projector.PartitionFor(stream_id), event).status());
  std::vector<Response> parts;
  auto* header = parts.emplace_back().mutable_header();
  header->set_disclosure_id(id);
  header->set_profile(request.profile());
  header->set_requester(request.requester());
  header->set_provider("providers/" + stream_id);
  header->set_display_name(DisplayName(stream.state));
  SetMicros(now_us, header->mutable_made_at());
  for (const std::string& words : LeftOutOf(request.profile())) header->add_left_out(words);
  for (auto& entry : made.entries) *parts.emplace_back().mutable_entry() = std::move(entry);
  auto* trailer = parts.emplace_back().mutable_trailer();
  trailer->set_entries(static_cast<uint32_t>(made.entries.size()));
  trailer->set_withheld(made.withheld);
  trailer->set_withheld_suppressed(made.withheld_suppressed);
  return parts;
}

/// One write in flight; a slow client holds up nobody else.
class DisclosureStream final : public grpc::ServerWriteReactor<Response> {
 public:
  DisclosureStream(std::shared_ptr<QueryCore> core, std::unique_ptr<Call> call, Principal who,
                   v1::ExportDisclosureRequest request)
      : core_(std::move(core)),
        call_(std::move(call)),
        who_(std::move(who)),
        request_(std::move(request)) {
    if (!core_->pool.Run([this] { Begin(); }))
      End(ToGrpc(absl::ResourceExhaustedError("too many reads at once; try again"), "BUSY"));
  }

  void OnWriteDone(bool ok) override {
    ++next_;
    if (!ok || cancelled_.load()) {
      End(grpc::Status::CANCELLED);
    } else if (next_ == parts_.size()) {
      End(grpc::Status::OK);
    } else {
      StartWrite(&parts_[next_]);
    }
  }
  /// Whoever is at work finishes.
  void OnCancel() override { cancelled_.store(true); }
  void OnDone() override { delete this; }

 private:
  void Begin() {
    if (cancelled_.load()) {
      End(grpc::Status::CANCELLED);
      return;
    }
    auto parts = Prepare(*core_, who_, request_);
    if (!parts.ok()) {
      End(ToGrpc(parts.status()));
      return;
    }
    parts_ = *std::move(parts);
    StartWrite(&parts_.front());
  }

  void End(const grpc::Status& status) {
    call_->Ended(status);
    Finish(status);
  }

  std::shared_ptr<QueryCore> core_;
  std::unique_ptr<Call> call_;
  const Principal who_;
  const v1::ExportDisclosureRequest request_;
  std::vector<Response> parts_;
  size_t next_ = 0;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

absl::Status CheckPlainRef(std::string_view field, const std::string& text, std::string_view why,
                           size_t bytes_max) {
  if (text.empty()) return FieldError(field, "REQUIRED", why);
  if (text.size() > bytes_max)
    return FieldError(field, "TOO_LONG", "at most " + std::to_string(bytes_max) + " bytes");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return FieldError(field, "CONTROL_CHARACTER", "holds a control character");
  if (const auto found = FindPersonalData(text); found.has_value())
    return FieldError(field, PiiRuleName(found->rule), "holds personal data");
  return absl::OkStatus();
}

grpc::ServerWriteReactor<Response>* StartDisclosure(std::shared_ptr<QueryCore> core,
                                                    grpc::CallbackServerContext* context,
                                                    const v1::ExportDisclosureRequest& request) {
  auto call = std::make_unique<Call>(core->deps.metrics, context, kExport);
  absl::StatusOr<Principal> who = call->Admit(*core->deps.auth, {});
  if (!who.ok()) return new RefusedStream<Response>(*call, ToGrpc(who.status()));
  return new DisclosureStream(std::move(core), std::move(call), *std::move(who), request);
}

}  // namespace trigpoint
