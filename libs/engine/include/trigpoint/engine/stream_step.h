#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/policy/feeds.h"
#include "trigpoint/policy/recommend.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// One stream as the projector works on it: the folded state and record, and the owner's own
/// derived events that have not come back from the log yet.
struct HotStream {
  v1::ProviderState state;
  v1::ProviderRecord record;
  /// The record with the unreturned derived events applied; null while there are none.
  std::unique_ptr<v1::ProviderRecord> expected;
  std::deque<v1::Event> chain;  ///< Unreturned derived events, oldest first.

  /// What is in force at an instant; looked up anew only when it changes.
  const InForce& InForceAt(const Controls& controls, int64_t as_of_us);
  /// A control event came, or a late one took effect: forgets what followed from those before.
  void Changed() {
    in_force.reset();
    next_timer_us.reset();
  }

  /// What the service is, or whom it belongs to, changed with no fact: forgets what followed from
  /// it.
  void ServiceChanged() {
    cache.reset();
    next_timer_us.reset();
    feeds_last = false;
    feeds_revision.reset();
  }

  const v1::ProviderRecord& Expected() const { return expected == nullptr ? record : *expected; }
  /// Forgets what was derived and has not come back.
  void DropChain();

  /// What measures read of the state, to assess as of an instant.
  std::shared_ptr<MeasureCache> CacheFor(int64_t as_of_us);

  /// What became of the concerns since it was last emptied; only kept where it is there.
  std::optional<ConcernsChange> concerns_change;

  /// What is expected to come about the service, and what used to come, as of an instant.
  std::span<const Feed> FeedsAt(const Controls& controls, int64_t as_of_us);

  /// May be shared by streams that the same thread folds.
  std::shared_ptr<ValuesMemo> memo = std::make_shared<ValuesMemo>();
  std::shared_ptr<MeasureCache> cache;  ///< Kept while facts are only added at the end.
  int64_t cache_as_of_us = 0;
  std::shared_ptr<const InForce> in_force;        ///< As last looked up.
  std::optional<int64_t> next_timer_us;           ///< As last computed.
  int controls_seen = 0;                          ///< Control events known when these were.
  std::vector<Feed> feeds;                        ///< As last told by FeedsAt.
  bool feeds_last = false;                        ///< They hold until a fact changes them.
  std::shared_ptr<const InForce> feeds_in_force;  ///< What was in force for them.
  int64_t feeds_as_of_us = 0;                     ///< The instant they were told for.
  std::optional<uint64_t>
      feeds_revision;  ///< Of the state that they were told of; none: tell anew.
};

/// What applying one event did.
struct StepResult {
  IdentityOutcome identity = IdentityOutcome::kNew;
  RecordOutcome record = RecordOutcome::kUnchanged;
  bool silences_settled = false;  ///< A silence of the record ended, or is open again.
  bool applied = false;  ///< false: duplicate or conflict; nothing changed and nothing is stored.
  int64_t known_us = 0;
  std::vector<v1::Event>
      derived;  ///< To be appended, in order; empty for one who does not own the stream.
};

/// Loads every stored event of the stream, for a refold.
using LoadEvents = std::function<absl::StatusOr<std::vector<v1::StoredEvent>>()>;

/// Applies one event of a provider stream: timers due before it, then the fold, then the assessment
/// with as_of = its known_at. The same sequence of events gives the same states, records and
/// derived events, whatever the batches.
///
/// `assess` false: fold only (a reader that does not own the partition).
/// Errors: only those of `load`.
absl::StatusOr<StepResult> ApplyEvent(const v1::Event& event,
                                      const std::optional<v1::EventIndexEntry>& known,
                                      const Controls& controls, bool assess, const LoadEvents& load,
                                      HotStream* stream);

/// Takes derived events that were appended, or withheld, and had not come back when `record` was
/// stored, into the chain. Without them the next event would be assessed as if they had not been
/// said.
void RestoreChain(const Controls& controls, const v1::StreamChunk& chain, HotStream* stream);

/// Assesses the stream anew with a given cause, e.g. when a control event took effect. Returns
/// derived events.
std::vector<v1::Event> Reassess(const Controls& controls, int64_t as_of_us, const Cause& cause,
                                HotStream* stream);

/// Measure context of one policy for a stream.
MeasureContext ContextFor(
    const v1::ProviderState& state, const v1::ProviderRecord& record, const CompiledPack& pack,
    std::span<const std::shared_ptr<const v1::PeerBaselinePublished>> baselines, int64_t as_of_us,
    std::shared_ptr<MeasureCache> cache = nullptr);

/// What is expected to come about a service, and what used to come, as of an instant. `cache`: what
/// measures read of this state; null: read for this call alone.
std::vector<Feed> FeedsOfService(const v1::ProviderState& state, const v1::ProviderRecord& record,
                                 const InForce& in_force, int64_t as_of_us,
                                 const std::shared_ptr<MeasureCache>& cache = nullptr);

/// Next instant at which time alone matters for the stream, after everything that is known; kNever
/// when none.
int64_t NextTimer(const Controls& controls, HotStream* stream);

/// Key of the timer of a stream at an instant: "timer/<stream>/<instant>".
std::string TimerKey(const std::string& stream_id, int64_t due_us);

}  // namespace trigpoint
