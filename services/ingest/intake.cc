#include "services/ingest/intake.h"

#include <algorithm>
#include <memory>

#include "absl/synchronization/mutex.h"
#include "services/common/protected_trace.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"
#include "trigpoint/events/violation.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

constexpr size_t kSourceBytesMax = 200;

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const auto part : parts) {
    joined.append(part);
    joined.push_back('\0');
  }
  return joined;
}

bool IsPlain(std::string_view text) {
  return !text.empty() && text.size() <= kSourceBytesMax &&
         std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7F; }) &&
         !FindPersonalData(text).has_value();
}

/// Whether a row that nobody could read may name a protected source: it names the field.
bool MayHoldIdentity(std::string_view row) {
  std::string letters;
  for (const char c : row) {
    if (c >= 'a' && c <= 'z') letters.push_back(c);
    if (c >= 'A' && c <= 'Z') letters.push_back(static_cast<char>(c - 'A' + 'a'));
  }
  return letters.find("reporteridentity") != std::string::npos;
}

v1::Event OwnEvent(std::string_view source, std::string id, int64_t now_us) {
  v1::Event event;
  event.set_source(std::string(source));
  event.set_id(std::move(id));
  event.set_source_version(1);
  SetMicros(now_us, event.mutable_received_at());
  return event;
}

std::string_view ReasonLabel(v1::SubmissionQuarantined::Reason reason) {
  switch (reason) {
    case v1::SubmissionQuarantined::REASON_CONFLICT:
      return "conflict";
    case v1::SubmissionQuarantined::REASON_UNREADABLE:
      return "unreadable";
    default:
      return "invalid";
  }
}

/// When a record of the past was received: as stated, else as reported, else as it occurred.
int64_t ReceivedThen(const v1::Event& event, int64_t now_us) {
  if (event.has_received_at()) return ToMicros(event.received_at());
  if (event.has_reported_at()) return std::min(now_us, ToMicros(event.reported_at()));
  return event.has_occurred_at() ? std::min(now_us, ToMicros(event.occurred_at())) : now_us;
}

v1::SubmissionOutcome OutcomeOf(FoldOutcome::Kind kind) {
  switch (kind) {
    case FoldOutcome::Kind::kDuplicate:
      return v1::SUBMISSION_OUTCOME_DUPLICATE;
    case FoldOutcome::Kind::kConflict:
      return v1::SUBMISSION_OUTCOME_CONFLICT;
    case FoldOutcome::Kind::kSuperseded:
      return v1::SUBMISSION_OUTCOME_SUPERSEDED;
    case FoldOutcome::Kind::kWaiting:
      return v1::SUBMISSION_OUTCOME_WAITING;
    default:
      return v1::SUBMISSION_OUTCOME_ACCEPTED;
  }
}

}  // namespace

/// A submission on its way into quarantine.
struct Intake::Held {
  std::string source;
  std::string id;
  uint32_t version = 1;
  std::string bytes;
  std::string digest;
  std::string key_id{};  ///< That seals it; empty: one of its own.
  v1::SubmissionQuarantined::Reason reason = v1::SubmissionQuarantined::REASON_INVALID;
};

std::string Showable(std::string_view text) {
  return IsPlain(text) ? std::string(text) : std::string();
}

std::string SourceStream(const std::string& source) {
  return std::string(kSourceStreamPrefix) + (IsPlain(source) ? source : std::string("unnamed"));
}

Intake::Intake(const IntakeDeps& deps)
    : deps_(deps), directory_(deps.projector, deps.writer), placements_(deps.projector) {}

void Intake::Submit(v1::Event event, const Origin& origin, bool validate_only, IntakeDone done) {
  const int64_t now_us = deps_.writer->Now();
  const Submitter submitter = origin.backfill.empty() ? Submitter::kPartner : Submitter::kBackfill;
  const std::optional<TakenIdentity> identity = TakeIdentity(&event);
  auto violations = Validate(event, {.submitter = submitter, .received_us = now_us});
  auto of_identity = CheckIdentity(event, identity);
  if (!of_identity.ok()) {
    done(of_identity.status());
    return;
  }
  violations.insert(violations.end(), of_identity->begin(), of_identity->end());
  if (!violations.empty()) {
    if (identity.has_value()) {
      violations.push_back(
          Violation(identity->field, "IDENTITY_NOT_KEPT",
                    "nothing is kept of it: send it again with the mended record"));
    }
    Refuse(event, origin, std::move(violations), validate_only, std::move(done));
    return;
  }
  auto stream = StreamOf(event, validate_only);
  if (!stream.ok()) {
    done(stream.status());
    return;
  }
  if (auto problem = OutOfPlace(event, origin, *stream); problem.has_value()) {
    IntakeAnswer answer;  // Nothing is wrong with the record: it is not kept, the sender has it.
    answer.outcome = v1::SUBMISSION_OUTCOME_REFUSED;
    answer.violations = {*std::move(problem)};
    done(std::move(answer));
    return;
  }
  if (auto problem = LinkProblem(event, *stream); problem.has_value()) {
    Refuse(event, origin, {*std::move(problem)}, validate_only, std::move(done));
    return;
  }
  if (validate_only) {
    IntakeAnswer answer;
    const bool known = stream->has_value() || Directory::Registers(event);
    answer.outcome = known ? v1::SUBMISSION_OUTCOME_ACCEPTED : v1::SUBMISSION_OUTCOME_WAITING;
    answer.stream_id = stream->value_or("");
    done(std::move(answer));
    return;
  }
  if (const absl::Status sealed = Conceal(identity, &event); !sealed.ok()) {
    if (!absl::IsAborted(sealed)) {
      done(sealed);
      return;
    }
    IntakeAnswer answer;  // Nothing is kept of it: its erasure was ordered.
    answer.outcome = v1::SUBMISSION_OUTCOME_REFUSED;
    answer.violations = {
        Violation("id", "ERASED", "the record was erased and cannot be reported again")};
    done(std::move(answer));
    return;
  }
  event.set_source_version(VersionOf(event));
  event.set_submission_digest(SubmissionDigest(event));
  ApplyDefaults(&event);
  const bool news = origin.backfill.empty();
  const int64_t received_us =
      news || event.has_backfill_ended() ? now_us : ReceivedThen(event, now_us);
  SetMicros(received_us, event.mutable_received_at());
  if (stream->has_value() && !(news && InBackfill(**stream))) {
    Place(std::move(event), **stream, origin, std::move(done));
  } else {
    Wait(std::move(event), std::move(done));
  }
}

bool Intake::InBackfill(const std::string& stream_id) const {
  {
    const absl::MutexLock lock(&backfills_mu_);
    if (starting_.count(stream_id) > 0) return true;
  }
  return !deps_.projector->BackfillOf(stream_id).empty();
}

std::optional<v1::FieldViolation> Intake::OutOfPlace(const v1::Event& event, const Origin& origin,
                                                     const std::optional<std::string>& stream) {
  if (origin.backfill.empty()) return std::nullopt;
  if (event.has_backfill_started() || event.has_backfill_ended()) {
    const std::string& batch = event.has_backfill_started() ? event.backfill_started().batch()
                                                            : event.backfill_ended().batch();
    if (batch != origin.backfill) {
      return Violation("batch", "OTHER_BATCH", "the bracket names another batch than the request");
    }
    if (stream.has_value() || Directory::Registers(event)) return std::nullopt;
    return Violation("subject", "UNKNOWN_SUBJECT",
                     "nobody registered the service: its history cannot be loaded yet");
  }
  if (!stream.has_value() || InBackfill(*stream)) return std::nullopt;
  return Violation("backfill", "NOT_IN_BACKFILL",
                   "no backfill was started for the service: submit BackfillStarted first");
}

std::optional<v1::FieldViolation> Intake::LinkProblem(
    const v1::Event& event, const std::optional<std::string>& stream) const {
  const v1::ServiceLinked& link = event.service_linked();
  const bool succession = link.link() == v1::ServiceLinked::LINK_PREDECESSOR ||
                          link.link() == v1::ServiceLinked::LINK_SUCCESSOR ||
                          link.link() == v1::ServiceLinked::LINK_SAME_SERVICE;
  if (!succession) return std::nullopt;
  const bool itself = event.subject().scheme() == link.other().scheme() &&
                      event.subject().value() == link.other().value();
  const auto other = directory_.StreamOf(link.other());
  bool circle = itself && event.has_subject();
  if (!circle && stream.has_value() && other.has_value()) {
    const bool onward = link.link() == v1::ServiceLinked::LINK_SUCCESSOR;
    circle = deps_.projector->WouldCircle(onward ? *stream : *other, onward ? *other : *stream);
  }
  if (!circle) return std::nullopt;
  return Violation("other", "LINK_CYCLE", "the link would make the service its own predecessor");
}

void Intake::SubmitUnreadable(const v1::UnreadableRow& row, const Origin& origin, IntakeDone done) {
  const bool may_identify = MayHoldIdentity(row.original());
  Held held;
  held.source = row.source();
  if (!may_identify) held.bytes = row.original();
  held.digest = Joined({origin.file, std::to_string(origin.line)}) + held.bytes;
  held.reason = v1::SubmissionQuarantined::REASON_UNREADABLE;
  IntakeAnswer answer;
  answer.outcome = v1::SUBMISSION_OUTCOME_REFUSED;
  answer.violations.assign(row.violations().begin(), row.violations().end());
  if (may_identify) {
    answer.violations.push_back(
        Violation("reporter_identity", "IDENTITY_NOT_KEPT",
                  "nothing is kept of the row: send it again when it is mended"));
  }
  Quarantine(held, origin, std::move(answer), std::move(done));
}

absl::StatusOr<std::vector<v1::FieldViolation>> Intake::CheckIdentity(
    const v1::Event& event, const std::optional<TakenIdentity>& identity) const {
  constexpr size_t kIdentityBytesMax = 4'000;
  std::vector<v1::FieldViolation> wrong;
  const auto add = [&wrong](std::string_view field, std::string_view rule, std::string_view why) {
    wrong.push_back(Violation(field, rule, why));
  };
  const std::string ref = VaultRefOf(event);
  if (!identity.has_value()) {
    if (!ref.starts_with(kVaultPrefix)) return wrong;  // None, or one of the partner's own.
    bool owned = false;
    if (deps_.vault != nullptr) {
      TP_ASSIGN_OR_RETURN(owned, deps_.vault->Owns({event.source(), event.id()}, ref));
    }
    if (!owned) add(VaultRefField(event), "VAULT_REF_UNKNOWN", "is no reference of this record");
    return wrong;
  }
  const std::string& field = identity->field;
  if (deps_.vault == nullptr)
    add(field, "VAULT_NOT_AVAILABLE", "identities of protected sources are taken by no vault here");
  if (identity->sealed) {
    add(field, "SEALED_NOT_ACCEPTED", "send the text clear; the vault seals it");
  } else if (identity->text.empty()) {
    add(field, "REQUIRED", "leave the field out where nobody is named");
  } else if (identity->text.size() > kIdentityBytesMax) {
    add(field, "TOO_LONG", "at most 4000 bytes");
  }
  if (!ref.empty()) add(VaultRefField(event), "STAMPED", "set by the service; leave it out");
  if (event.whistleblowing_concern_received().anonymous())
    add(field, "CONTRADICTION", "the report says that its source is anonymous");
  return wrong;
}

absl::Status Intake::Conceal(const std::optional<TakenIdentity>& identity, v1::Event* event) {
  const VaultRecord record{event->source(), event->id()};
  if (identity.has_value()) {
    TP_ASSIGN_OR_RETURN(const std::string ref, deps_.vault->RefOf(record, identity->text));
    SetVaultRef(ref, event);
  }
  // The keys first: of an erased record nothing may come into the vault.
  TP_RETURN_IF_ERROR(SealEvent(event, *deps_.keys));
  if (!identity.has_value()) return absl::OkStatus();
  return deps_.vault->Put(record, identity->text).status();
}

absl::StatusOr<std::optional<std::string>> Intake::StreamOf(const v1::Event& event,
                                                            bool validate_only) {
  if (!event.has_subject()) return placements_.AnchorOrHold(event, false);
  if (Directory::Registers(event) && !validate_only) {
    const v1::Event* const registration = &event;
    TP_RETURN_IF_ERROR(directory_.Bind({&registration, 1}));
  }
  return directory_.StreamOf(event.subject());
}

void Intake::Refuse(const v1::Event& event, const Origin& origin,
                    std::vector<v1::FieldViolation> violations, bool validate_only,
                    IntakeDone done) {
  IntakeAnswer answer;
  answer.outcome = v1::SUBMISSION_OUTCOME_REFUSED;
  answer.violations = std::move(violations);
  if (validate_only) {
    done(std::move(answer));
    return;
  }
  Held held;
  held.source = event.source();
  held.id = event.id();
  held.version = std::max(1U, event.source_version());
  held.bytes = event.SerializeAsString();
  held.digest = SubmissionDigest(event);
  held.key_id = SealingKeyId(event);  // Erasing the record erases what was refused of it.
  Quarantine(held, origin, std::move(answer), std::move(done));
}

void Intake::Quarantine(const Held& held, const Origin& origin, IntakeAnswer answer,
                        IntakeDone done) {
  const std::string stream_id = SourceStream(held.source);
  const std::string identity =
      Joined({held.source, held.id, std::to_string(held.version)}) + held.digest;
  answer.quarantine_id = "q-" + Sha256Hex(identity).substr(0, 24);
  if (deps_.projector->HasQuarantined(stream_id, answer.quarantine_id)) {
    done(std::move(answer));
    return;
  }
  const std::string key_id =
      held.key_id.empty() ? "quarantine:" + answer.quarantine_id : held.key_id;
  auto sealed = SealBytes(key_id, answer.quarantine_id, held.bytes, *deps_.keys);
  if (!sealed.ok()) {
    done(sealed.status());
    return;
  }
  v1::Event event =
      OwnEvent(kIntakeSource, "quarantine/" + answer.quarantine_id, deps_.writer->Now());
  event.set_stream_id(stream_id);
  auto* kept = event.mutable_submission_quarantined();
  kept->set_quarantine_id(answer.quarantine_id);
  kept->set_submitted_source(Showable(held.source));
  kept->set_submitted_id(Showable(held.id));
  for (const auto& violation : answer.violations) *kept->add_violations() = violation;
  kept->set_file(Showable(origin.file));
  kept->set_line(origin.line);
  *kept->mutable_original() = *std::move(sealed);
  kept->set_reason(held.reason);
  if (deps_.metrics != nullptr) deps_.metrics->Quarantined(ReasonLabel(held.reason)).Increment();
  deps_.writer->AppendAndFold(
      deps_.projector->PartitionFor(stream_id), event,
      [answer = std::move(answer), done = std::move(done)](absl::StatusOr<Written> written) {
        if (!written.ok()) {
          done(written.status());
        } else {
          IntakeAnswer kept_answer = answer;
          kept_answer.position = written->first;
          done(std::move(kept_answer));
        }
      });
}

void Intake::Wait(v1::Event event, IntakeDone done) {
  if (!event.has_subject()) {
    // Held in the same step as the last look: what it leans on may be arriving now.
    const auto stream = placements_.AnchorOrHold(event, true);
    if (stream.has_value() && !InBackfill(*stream)) {
      Place(std::move(event), *stream, {}, std::move(done));
      return;
    }
  }
  const std::string stream_id = SourceStream(event.source());
  event.set_stream_id(stream_id);
  auto kept = std::make_shared<v1::Event>(event);
  deps_.writer->AppendAndFold(
      deps_.projector->PartitionFor(stream_id), event,
      [this, kept, done = std::move(done)](absl::StatusOr<Written> written) {
        if (!written.ok()) {
          done(written.status());
          return;
        }
        IntakeAnswer answer;
        answer.outcome = v1::SUBMISSION_OUTCOME_WAITING;
        answer.position = written->first;
        done(std::move(answer));
        // Bound, or a backfill ended, between the look and the append: nobody else would release
        // it.
        if (!releasable_) return;
        const auto stream = kept->has_subject() ? directory_.StreamOf(kept->subject())
                                                : placements_.AnchorOrHold(*kept, false);
        if (stream.has_value() && !InBackfill(*stream)) releasable_(*kept, *stream);
      });
}

void Intake::Place(v1::Event event, const std::string& stream_id, const Origin& origin,
                   IntakeDone done) {
  const RecordId record{event.source(), event.id()};
  std::vector<std::string> others;
  if (event.source_version() > 1) {
    others = placements_.StreamsOf(record);
    others.erase(std::remove(others.begin(), others.end(), stream_id), others.end());
  }
  event.set_stream_id(stream_id);
  std::vector<v1::Event> waited = placements_.Place(record, stream_id);
  if (event.has_backfill_started()) {
    const absl::MutexLock lock(&backfills_mu_);
    starting_.insert(stream_id);
  }
  const auto kept = std::make_shared<const v1::Event>(std::move(event));
  AppendMoves(
      *kept, stream_id, others,
      [this, kept, origin, done = std::move(done)](absl::StatusOr<Written> written) mutable {
        if (kept->has_backfill_started()) {  // The projector knows it by now, or never will.
          const absl::MutexLock lock(&backfills_mu_);
          starting_.erase(kept->stream_id());
        }
        Answer(*kept, origin, std::move(written), std::move(done));
      });
  if (!releasable_) return;
  for (auto& waiting : waited) releasable_(std::move(waiting), stream_id);
}

void Intake::AppendMoves(const v1::Event& event, const std::string& stream_id,
                         const std::vector<std::string>& others,
                         std::function<void(absl::StatusOr<Written>)> done) {
  struct Join {
    absl::Mutex mu;
    size_t left = 0;
    absl::Status failed;
    absl::StatusOr<Written> written = absl::UnknownError("not answered");
    std::function<void(absl::StatusOr<Written>)> done;
  };
  auto join = std::make_shared<Join>();
  join->left = others.size() + 1;
  join->done = std::move(done);
  const auto answered = [](const std::shared_ptr<Join>& all, bool main,
                           absl::StatusOr<Written> written) {
    {
      const absl::MutexLock lock(&all->mu);
      if (!written.ok()) all->failed = written.status();
      if (main) all->written = std::move(written);
      if (--all->left > 0) return;
    }
    all->done(all->failed.ok() ? std::move(all->written) : all->failed);
  };
  for (const auto& other : others) {
    v1::Event retraction = event;
    retraction.clear_first_received_at();
    retraction.clear_subject();  // It is about the stream it stands in, not about the new one.
    retraction.set_stream_id(other);
    retraction.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_WRONG_ORG);
    retraction.set_submission_digest(SubmissionDigest(retraction));
    deps_.writer->AppendAndFold(
        deps_.projector->PartitionFor(other), retraction,
        [join, answered](absl::StatusOr<Written> w) { answered(join, false, std::move(w)); });
  }
  deps_.writer->AppendAndFold(
      deps_.projector->PartitionFor(stream_id), event,
      [join, answered](absl::StatusOr<Written> w) { answered(join, true, std::move(w)); });
}

void Intake::Answer(const v1::Event& event, const Origin& origin, absl::StatusOr<Written> written,
                    IntakeDone done) {
  if (!written.ok()) {
    done(written.status());
    return;
  }
  IntakeAnswer answer;
  answer.outcome = OutcomeOf(written->second.kind);
  answer.position = written->first;
  answer.stream_id = event.stream_id();
  if (deps_.metrics != nullptr) {
    const int64_t received_us = ToMicros(event.received_at());
    // Of a protected source the day: who reads metrics is not the intake officer.
    const int64_t shown_us = IsOfProtectedSource(event) ? DayStart(received_us) : received_us;
    deps_.metrics->LastEventTimestamp(event.source()).SetMax(static_cast<double>(shown_us) / 1e6);
    // Folded is visible. What was received long before it could be folded, history and what waited,
    // would only tell when somebody loaded or registered it.
    const bool at_once = origin.backfill.empty() && !event.has_first_received_at();
    if (at_once && answer.outcome == v1::SUBMISSION_OUTCOME_ACCEPTED) {
      deps_.metrics->ReportToVisibleSeconds().Observe(
          static_cast<double>(deps_.writer->Now() - received_us) / 1e6);
    }
  }
  if (answer.outcome != v1::SUBMISSION_OUTCOME_CONFLICT) {
    done(std::move(answer));
    return;
  }
  Held held;
  held.source = event.source();
  held.id = event.id();
  held.version = event.source_version();
  held.bytes = event.SerializeAsString();
  held.digest = event.submission_digest();
  held.key_id = SealingKeyId(event);
  held.reason = v1::SubmissionQuarantined::REASON_CONFLICT;
  answer.violations = {
      Violation("source_version", "CONFLICT",
                "this version was reported before with other content; raise source_version")};
  // Sealing may wait for the disk; this is a thread of the log or the projector.
  deps_.pool->Run([this, held = std::move(held), origin, answer = std::move(answer),
                   done = std::move(done)]() mutable {
    const auto position = answer.position;
    Quarantine(held, origin, std::move(answer),
               [done = std::move(done), position](absl::StatusOr<IntakeAnswer> kept) {
                 if (kept.ok()) kept->position = position;
                 done(std::move(kept));
               });
  });
}

absl::StatusOr<std::optional<v1::Event>> Intake::OpenQuarantined(const v1::HeldSubmission& held,
                                                                 std::string* row) const {
  const auto& kept = held.event().submission_quarantined();
  TP_ASSIGN_OR_RETURN(std::string bytes,
                      UnsealBytes(kept.original(), kept.quarantine_id(), *deps_.keys));
  v1::Event event;
  if (kept.reason() == v1::SubmissionQuarantined::REASON_UNREADABLE ||
      !event.ParseFromString(bytes)) {
    if (row != nullptr) *row = std::move(bytes);
    return std::optional<v1::Event>();
  }
  // A conflict was kept as it would have been stored.
  if (kept.reason() == v1::SubmissionQuarantined::REASON_CONFLICT) {
    TP_RETURN_IF_ERROR(UnsealEvent(&event, *deps_.keys));
    event.clear_stream_id();
    event.clear_received_at();
    event.clear_first_received_at();
    event.clear_submission_digest();
  }
  return std::optional<v1::Event>(std::move(event));
}

void Intake::Resolve(const v1::HeldSubmission& held, Resolution resolution, IntakeDone done) {
  const auto& kept = held.event().submission_quarantined();
  if (held.has_resolved()) {
    done(WithReason(absl::FailedPreconditionError("the submission was resolved already"),
                    "RESOLVED_ALREADY"));
    return;
  }
  if (resolution.set_aside) {
    if (resolution.validate_only) {
      done(IntakeAnswer{});
    } else {
      NoteResolved(held, resolution, {}, std::move(done));
    }
    return;
  }
  auto original = OpenQuarantined(held, nullptr);
  if (!original.ok()) {
    done(original.status());
    return;
  }
  if (!resolution.corrected.has_value() && !original->has_value()) {
    done(WithReason(absl::FailedPreconditionError(
                        "the row could not be read as an event: hand it in corrected"),
                    "CORRECTION_NEEDED"));
    return;
  }
  v1::Event event = resolution.corrected.has_value() ? *resolution.corrected : **original;
  const Origin origin{.file = kept.file(), .line = kept.line()};
  // Looked at first: what is refused again would be quarantined beside itself.
  auto shared = std::make_shared<Resolution>(std::move(resolution));
  auto submission = std::make_shared<v1::Event>(std::move(event));
  Submit(*submission, origin, true,
         [this, held, origin, shared, submission,
          done = std::move(done)](absl::StatusOr<IntakeAnswer> checked) mutable {
           if (!checked.ok() || checked->outcome == v1::SUBMISSION_OUTCOME_REFUSED ||
               shared->validate_only) {
             done(std::move(checked));
             return;
           }
           Submit(std::move(*submission), origin, false,
                  [this, held, shared,
                   done = std::move(done)](absl::StatusOr<IntakeAnswer> answer) mutable {
                    const bool used = answer.ok() &&
                                      answer->outcome != v1::SUBMISSION_OUTCOME_REFUSED &&
                                      answer->outcome != v1::SUBMISSION_OUTCOME_CONFLICT;
                    if (!used) {
                      done(std::move(answer));
                      return;
                    }
                    NoteResolved(held, *shared, *std::move(answer), std::move(done));
                  });
         });
}

void Intake::NoteResolved(const v1::HeldSubmission& held, const Resolution& resolution,
                          IntakeAnswer answer, IntakeDone done) {
  const auto& kept = held.event().submission_quarantined();
  v1::Event event =
      OwnEvent(kIntakeSource, "resolved/" + kept.quarantine_id(), deps_.writer->Now());
  event.set_stream_id(held.event().stream_id());
  auto* resolved = event.mutable_quarantine_resolved();
  resolved->set_quarantine_id(kept.quarantine_id());
  resolved->set_how(resolution.set_aside               ? v1::QuarantineResolved::HOW_SET_ASIDE
                    : resolution.corrected.has_value() ? v1::QuarantineResolved::HOW_CORRECTED
                                                       : v1::QuarantineResolved::HOW_REDRIVEN);
  *resolved->mutable_actor() = resolution.actor;
  resolved->set_stream_id(answer.stream_id);
  resolved->set_reason(resolution.reason);
  deps_.writer->AppendAndFold(
      deps_.projector->PartitionFor(event.stream_id()), event,
      [answer = std::move(answer), done = std::move(done)](const absl::StatusOr<Written>& written) {
        if (!written.ok()) {
          done(written.status());
        } else {
          done(answer);
        }
      });
}

std::optional<std::string> Intake::StreamOfWaiting(const v1::Event& waiting) {
  if (!waiting.has_subject()) return placements_.AnchorOrHold(waiting, true);
  return directory_.StreamOf(waiting.subject());
}

absl::Status Intake::Release(const v1::Event& waiting, const std::string& stream_id) {
  if (OvertakenElsewhere(waiting, stream_id)) return NoteReleased(waiting);
  v1::Event event = waiting;
  const int64_t now_us = deps_.writer->Now();
  *event.mutable_first_received_at() = waiting.received_at();
  SetMicros(now_us, event.mutable_received_at());
  struct Wait {
    absl::Mutex mu;
    bool over = false;
    absl::Status status;
  };
  auto wait = std::make_shared<Wait>();
  Place(std::move(event), stream_id, {}, [wait](const absl::StatusOr<IntakeAnswer>& answer) {
    const absl::MutexLock lock(&wait->mu);
    wait->status = answer.status();
    wait->over = true;
  });
  {
    absl::MutexLock lock(&wait->mu);
    wait->mu.Await(absl::Condition(&wait->over));
    TP_RETURN_IF_ERROR(wait->status);
  }
  return NoteReleased(waiting);
}

bool Intake::OvertakenElsewhere(const v1::Event& waiting, const std::string& stream_id) const {
  // Its sender has corrected since whom it is about: there it stands, and nowhere else.
  for (const auto& other : placements_.StreamsOf({waiting.source(), waiting.id()})) {
    if (other == stream_id) continue;
    const auto entry = deps_.projector->store().ReadEventIndex(
        deps_.projector->PartitionFor(other), other, waiting.source(), waiting.id());
    if (entry.ok() && entry->has_value() &&
        (*entry)->version() > std::max(1U, waiting.source_version()))
      return true;
  }
  return false;
}

absl::Status Intake::NoteReleased(const v1::Event& waiting) {
  const std::string identity =
      Joined({waiting.source(), waiting.id(), std::to_string(waiting.source_version())});
  v1::Event released =
      OwnEvent(kIntakeSource, "released/" + Sha256Hex(identity).substr(0, 32), deps_.writer->Now());
  released.set_stream_id(SourceStream(waiting.source()));
  if (waiting.has_subject()) *released.mutable_subject() = waiting.subject();
  auto* payload = released.mutable_waiting_released();
  payload->set_waiting_source(waiting.source());
  payload->set_waiting_id(waiting.id());
  payload->set_waiting_version(waiting.source_version());
  const uint32_t partition = deps_.projector->PartitionFor(released.stream_id());
  return deps_.writer->AppendAndFoldWait(partition, released).status();
}

}  // namespace trigpoint
