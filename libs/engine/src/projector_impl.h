#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/engine/stored_state.h"

namespace trigpoint {

/// Events in one chunk of a stream; chunks are cut by revision, never by batch. The last one is
/// written again with each further event: few.
inline constexpr int kChunkEvents = 4;
/// Identities of one stream that are kept in memory.
inline constexpr size_t kIdentitiesKept = 4096;
/// Events that are kept of what a stream would be told by a process that does not speak for it.
/// More are worked out from the stream at a take-over: another engine may say what never comes.
inline constexpr size_t kWithheldMax = 256;
/// Outcomes kept for callers that ask after the fold.
inline constexpr size_t kOutcomesKept = 1U << 16;

// Names of the indexes in the store.
inline constexpr char kBindingIndex[] = "binding";  // scheme NUL value -> stream id
inline constexpr char kSummaryIndex[] = "summary";  // stream id -> v1::ProviderSummary
inline constexpr char kAlertIndex[] = "alert";      // offset -> stream id NUL alert id
inline constexpr char kWaitingIndex[] =
    "waiting";  // scheme NUL value NUL source NUL id NUL version -> HeldSubmission
inline constexpr char kChainIndex[] =
    "chain";  // stream id -> StreamChunk: derived events that have not come back; empty: too many
inline constexpr char kLateIndex[] =
    "late";  // stream id NUL control id -> ControlTookEffect that has not come back
inline constexpr char kReaderIndex[] = "reader";  // kReaderKey, where a reader has folded
inline constexpr char kReaderKey[] = "folded";
inline constexpr char kLinkIndex[] = "link";  // stream id -> StreamChunk: its ServiceLinked facts
inline constexpr char kOwedIndex[] =
    "owed";  // predecessor NUL successor: to be carried, or waiting
inline constexpr char kSilenceIndex[] =
    "silence";  // stream id -> ProviderRecord with the silences that are open, and nothing else
inline constexpr char kBackfillIndex[] = "backfill";      // stream id -> batch under way
inline constexpr char kQuarantineIndex[] = "quarantine";  // quarantine id -> HeldSubmission
inline constexpr char kResolvedIndex[] = "resolved";  // quarantine id -> QuarantineResolved event

/// The newest events of a stream, in the bytes in which they are stored (v1::StreamChunk).
class OpenChunk {
 public:
  OpenChunk() = default;
  explicit OpenChunk(const v1::StreamChunk& chunk);
  /// `event`: the bytes of the log.
  void Append(uint64_t revision, int64_t known_us, std::string_view event);
  /// Adds the events with revision in [from, to).
  absl::Status ReadInto(uint64_t from, uint64_t to, std::vector<v1::StoredEvent>* events) const;

  int events() const { return events_; }
  uint64_t first_revision() const { return first_revision_; }
  const std::string& encoded() const { return encoded_; }

 private:
  uint64_t first_revision_ = 0;
  int events_ = 0;
  std::string encoded_;
};

/// A stream in memory.
struct Projector::Entry {
  HotStream hot;
  StoredState stored;
  uint32_t partition = 0;
  int64_t stored_timer_us = 0;             ///< Timer as written; 0: none.
  v1::ProviderSummary* summary = nullptr;  ///< Its line in `summaries_`, once it has one.
  bool dirty = false;
  bool changed = false;
  bool record_dirty = false;
  /// Hashes of the identities (source and id) in this stream, while that is all of them and not too
  /// many: what is not among them is new, without a look into the store.
  std::optional<absl::flat_hash_set<size_t>> identities;
  /// Where an identity stands, while the store does not have it yet.
  struct Uncommitted {
    std::string source;
    std::string id;
    v1::EventIndexEntry index;
  };
  std::vector<Uncommitted> uncommitted;
  bool silences_dirty = false;  ///< Which feeds are silent may have changed.
  bool chain_stored = false;    ///< The store holds a chain of this stream.
  bool chain_dropped = false;   ///< Too much was withheld: nothing is derived until a take-over.
  OpenChunk tail;               ///< Written and unwritten events.
  std::vector<OpenChunk> full;  ///< Cut chunks that are not written yet.
  uint64_t used = 0;

  /// Whether something follows from it that is not in the log, as far as is known.
  bool HoldsChain() const { return !hot.chain.empty() || chain_dropped; }
};

/// Progress of a partition.
struct Projector::Partition {
  v1::Checkpoint checkpoint;  ///< As folded; committed with the batch.
  int64_t committed = 0;
  int64_t shown = 0;  ///< Up to here every read has what was folded, lists too.
  std::shared_ptr<const Controls> controls = std::make_shared<Controls>();
  uint64_t grant = 0;                 ///< Which one; 0: not owned.
  bool speaks = false;                ///< Owned, and what was withheld is in the log.
  std::vector<int64_t> take_over_at;  ///< Heads at the grant; empty: not looked up yet.
  int appending = 0;                  ///< Appends under way that it speaks in.
  bool by_reader = false;             ///< A reader has folded it.
  std::deque<std::pair<int64_t, FoldOutcome>> outcomes;
  std::map<int64_t, std::vector<std::function<void(absl::StatusOr<FoldOutcome>)>>> waiters;

  /// Whether it says what follows, or will as soon as it has folded to the heads.
  bool HasVoice() const { return speaks || !take_over_at.empty(); }
};

/// What polls change until the next commit.
struct Projector::Batch {
  /// What follows from an event, to be appended.
  struct Derived {
    uint32_t speaker;  ///< Partition whose owner says it.
    std::string event;
  };

  StoreBatch store;
  std::set<uint32_t> partitions;
  std::vector<Entry*> streams;                       ///< Touched: those that are dirty.
  std::vector<Entry*> changed;                       ///< Not in `summaries_` yet as they are.
  std::map<uint32_t, std::vector<Derived>> derived;  ///< By the partition it is appended to.
  std::vector<std::pair<Position, FoldOutcome>> outcomes;
  std::vector<v1::SubjectRef> bound;
  size_t records = 0;
  size_t bytes = 0;      ///< Of the records.
  absl::Time since;      ///< When the first of them was folded.
  bool at_once = false;  ///< Somebody looks for it in the store: it is not held back.
  bool alerts = false;
  bool backfills_ended = false;
};

/// As it is stored.
v1::StreamChunk ChunkOf(const std::deque<v1::Event>& chain);

std::string JoinKey(std::initializer_list<std::string_view> parts);

}  // namespace trigpoint
