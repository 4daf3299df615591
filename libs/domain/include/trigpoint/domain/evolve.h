#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Version of the fold: a state written by another version is rebuilt from the log.
inline constexpr uint32_t kFoldVersion = 11;

/// Days that a concern is kept as itself; older ones are summed by day. Longer than every window
/// and its baseline (rate window 90 + baseline 365 days).
inline constexpr int64_t kConcernHorizonDays = 800;

/// What a fact is to the version that is already there.
enum class IdentityOutcome : uint8_t {
  kNew,
  kDuplicate,   ///< Same version, same digest: nothing changes.
  kConflict,    ///< Same version, another digest: quarantined.
  kSuperseded,  ///< Lower than the version that is there: kept in the history, no effect.
  kCorrection,  ///< Higher version.
};

/// Identity is (source, id, source_version); `known` is the latest version of (source, id) in the
/// stream, if any. Rule: 3.10 ruling 4; design 2 "Identity".
IdentityOutcome Classify(const std::optional<v1::EventIndexEntry>& known, const v1::Event& event);

/// Version of an event; 0 is read as 1.
inline uint32_t VersionOf(const v1::Event& event) {
  return event.source_version() == 0 ? 1 : event.source_version();
}

/// known_at of an event in a stream: max(received_at, known_at of the stream), microseconds UTC.
int64_t KnownAt(const v1::ProviderState& state, const v1::Event& event);

/// What facts did to the concerns of a state, for who keeps them elsewhere: those that are summed
/// by day apart (they are the oldest).
struct ConcernsChange {
  struct Added {
    int64_t occurred_us = 0;
    std::string encoded;  ///< v1::Concern.
  };
  std::vector<Added> added;
  bool replaced = false;  ///< Some that were there are gone.
};

/// Folds one fact (new or correcting) into the state. Total: never fails. Facts are a keyed set, so
/// the order of delivery, duplication and lateness never show in the result.
///
/// Returns false when the state alone cannot tell what the version that is replaced left behind (it
/// was summed by day, or its record is retracted): the caller refolds the stream (RefoldFacts) from
/// its events.
/// `change`, if given, learns what became of the concerns; also of a refold that is asked for.
/// That a record is new (Classify) the caller says with NoteDelivery, before or after.
bool EvolveFacts(const v1::Event& event, int64_t known_us, v1::ProviderState* state,
                 ConcernsChange* change = nullptr);

/// Takes note of a version lower than the one that is there: its subject and its time, nothing
/// else.
void EvolveSuperseded(const v1::Event& event, int64_t known_us, v1::ProviderState* state);

/// Folds the effective facts of a stream afresh: of every (source, id) the highest version, in any
/// order. Superseded versions must be among `events`. `state` keeps its stream id, revision and
/// late controls.
void RefoldFacts(std::span<const v1::StoredEvent> events, v1::ProviderState* state);

/// Whether the fact (source, id) stands in the state (not retracted, not replaced).
bool HasFact(const v1::ProviderState& state, const std::string& source, const std::string& id);

/// "source/id/version": how a cause is written.
std::string CauseOf(const v1::Event& event);

}  // namespace trigpoint
