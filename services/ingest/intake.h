#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/common/write_gate.h"
#include "services/ingest/directory.h"
#include "services/ingest/placements.h"
#include "services/ingest/worker_pool.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/store/identity_vault.h"
#include "trigpoint/store/key_store.h"
#include "trigpoint/telemetry/metrics.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// Source of what intake itself appends: quarantined and released submissions.
inline constexpr std::string_view kIntakeSource = "trigpoint/intake";

/// Where a submission comes from.
struct Origin {
  std::string file{};
  uint64_t line = 0;
  std::string backfill{};  ///< Batch of the backfill it belongs to; empty: it is news.
};

/// What became of a submission.
struct IntakeAnswer {
  v1::SubmissionOutcome outcome = v1::SUBMISSION_OUTCOME_UNSPECIFIED;
  std::vector<v1::FieldViolation> violations;
  std::string quarantine_id;
  std::string stream_id;
  std::optional<Position> position;
};

/// Called exactly once, from any thread; must not block. An error: nothing is promised, the sender
/// sends again.
using IntakeDone = std::function<void(absl::StatusOr<IntakeAnswer>)>;

/// A source, id or file that a sender named, as it may stand clear beside a refused submission:
/// nothing of what is longer than 200 bytes or holds control characters or personal data.
std::string Showable(std::string_view text);

/// The stream in which a source's quarantined and waiting submissions are kept.
std::string SourceStream(const std::string& source);

/// What intake works with. All must outlive it and every call under way; `vault` and `metrics` may
/// be null. Without a vault identities of protected sources are refused.
struct IntakeDeps {
  Projector* projector = nullptr;
  EventWriter* writer = nullptr;
  KeyStore* keys = nullptr;
  IdentityVault* vault = nullptr;
  WorkerPool* pool = nullptr;
  Metrics* metrics = nullptr;
};

/// Turns submissions into durable events: validates, finds the stream, seals, stamps, appends.
/// Nothing is judged. Threading: thread-safe.
class Intake {
 public:
  explicit Intake(const IntakeDeps& deps);

  /// Hands in one event of a partner who may submit for its source, and, with `origin.backfill`,
  /// load history. Returns once the stream is known and the append is under way, so that what is
  /// submitted next sees it; may wait for the disk and for the fold of a binding.
  ///
  /// The identity of a protected source is taken out before anything else looks at the event: it
  /// goes into the vault, durable before the event is appended, or nowhere. Of what is refused it
  /// is kept nowhere, and the answer says so (IDENTITY_NOT_KEPT).
  ///
  /// Between the brackets of a backfill (BackfillStarted, BackfillEnded) only events of a backfill
  /// reach the stream; news about the service waits for the end.
  void Submit(v1::Event event, const Origin& origin, bool validate_only, IntakeDone done);
  /// Hands in a row that could not be read: it is kept, sealed, and shown with its line; a row that
  /// may name a protected source without its content.
  void SubmitUnreadable(const v1::UnreadableRow& row, const Origin& origin, IntakeDone done);
  /// How a quarantined submission is to be resolved.
  struct Resolution {
    std::optional<v1::Event> corrected{};  ///< Instead of what was submitted.
    bool set_aside = false;                ///< Not to be used; with `reason`.
    std::string reason{};
    bool validate_only = false;
    v1::Actor actor{};
  };
  /// Opens what was submitted: an event without what intake stamps, or none for a row that never
  /// was one; `row` then has its bytes. Errors: those of the keys.
  absl::StatusOr<std::optional<v1::Event>> OpenQuarantined(const v1::HeldSubmission& held,
                                                           std::string* row) const;
  /// Hands a quarantined submission in again, or sets it aside, and says so in its source's stream.
  /// What is refused again answers so and changes nothing. May wait for the disk.
  /// Errors: FailedPrecondition when it is resolved already, or is a row and is not corrected.
  void Resolve(const v1::HeldSubmission& held, Resolution resolution, IntakeDone done);
  /// Makes the sealing keys of many events with one sync. Errors turn up when the event is
  /// submitted.
  void PrepareKeys(std::span<const v1::Event* const> events);
  /// Binds the services that the next events, or brackets of a backfill, register with one append,
  /// for as many of them as may find these bindings, and returns how many those are: an event about
  /// a service waits if it comes before the registration. At least 1, of no events 0; null: an
  /// event that is not submitted. Blocks for the disk and the fold. Errors turn up when the event
  /// is submitted.
  size_t PrepareBindings(std::span<const v1::Event* const> events);

  /// Whether what is known of the service is being loaded: news about it waits.
  bool InBackfill(const std::string& stream_id) const;
  /// Appends a waiting event to its stream, then says so in its source's stream. Blocks.
  absl::Status Release(const v1::Event& waiting, const std::string& stream_id);
  /// The stream a waiting event belongs to, if it is known by now; without a subject it is held
  /// until it is.
  std::optional<std::string> StreamOfWaiting(const v1::Event& waiting);
  /// Called with a waiting event and its stream when that becomes known on the way; must not block.
  /// Set before use.
  void OnReleasable(std::function<void(v1::Event, std::string)> notify) {
    releasable_ = std::move(notify);
  }

 private:
  struct Held;
  /// The problem of an event at this point of a backfill, if there is one.
  std::optional<v1::FieldViolation> OutOfPlace(const v1::Event& event, const Origin& origin,
                                               const std::optional<std::string>& stream);
  /// The problem of a link that would make a service its own predecessor, by what is known now.
  std::optional<v1::FieldViolation> LinkProblem(const v1::Event& event,
                                                const std::optional<std::string>& stream) const;
  /// What is wrong with the identity that came with an event, or with its reference.
  absl::StatusOr<std::vector<v1::FieldViolation>> CheckIdentity(
      const v1::Event& event, const std::optional<TakenIdentity>& identity) const;
  /// Keeps the identity and seals the texts: what is stored of the event holds neither.
  absl::Status Conceal(const std::optional<TakenIdentity>& identity, v1::Event* event);
  absl::StatusOr<std::optional<std::string>> StreamOf(const v1::Event& event, bool validate_only);
  void NoteResolved(const v1::HeldSubmission& held, const Resolution& resolution,
                    IntakeAnswer answer, IntakeDone done);
  void Refuse(const v1::Event& event, const Origin& origin,
              std::vector<v1::FieldViolation> violations, bool validate_only, IntakeDone done);
  void Quarantine(const Held& held, const Origin& origin, IntakeAnswer answer, IntakeDone done);
  void Wait(v1::Event event, IntakeDone done);
  void Place(v1::Event event, const std::string& stream_id, const Origin& origin, IntakeDone done);
  void Answer(const v1::Event& event, const Origin& origin, absl::StatusOr<Written> written,
              IntakeDone done);
  bool OvertakenElsewhere(const v1::Event& waiting, const std::string& stream_id) const;
  absl::Status NoteReleased(const v1::Event& waiting);
  void AppendMoves(const v1::Event& event, const std::string& stream_id,
                   const std::vector<std::string>& others,
                   std::function<void(absl::StatusOr<Written>)> done);

  IntakeDeps deps_;
  Directory directory_;
  Placements placements_;
  std::function<void(v1::Event, std::string)> releasable_;
  mutable absl::Mutex backfills_mu_;
  /// Backfills that are starting: appended, and perhaps not folded yet.
  std::set<std::string> starting_ ABSL_GUARDED_BY(backfills_mu_);
};

}  // namespace trigpoint
