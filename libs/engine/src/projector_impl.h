#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/engine/projector.h"

namespace trigpoint {

/// Events in one chunk of a stream; chunks are cut by revision, never by batch.
inline constexpr int kChunkEvents = 16;
/// Outcomes kept for callers that ask after the fold.
inline constexpr size_t kOutcomesKept = 1U << 16;

// Names of the indexes in the store.
inline constexpr char kBindingIndex[] = "binding";  // scheme NUL value -> stream id
inline constexpr char kSummaryIndex[] = "summary";  // stream id -> v1::ProviderSummary
inline constexpr char kAlertIndex[] = "alert";      // offset -> stream id NUL alert id
inline constexpr char kWaitingIndex[] =
    "waiting";  // scheme NUL value NUL source NUL id NUL version -> HeldSubmission
inline constexpr char kChainIndex[] =
    "chain";  // stream id -> StreamChunk: derived events that have not come back
inline constexpr char kQuarantineIndex[] = "quarantine";  // quarantine id -> HeldSubmission

/// A stream in memory.
struct Projector::Entry {
  HotStream hot;
  uint32_t partition = 0;
  int64_t stored_timer_us = 0;  ///< Timer as written; 0: none.
  bool dirty = false;
  bool record_dirty = false;
  bool chain_stored = false;          ///< The store holds a chain of this stream.
  std::vector<v1::StreamChunk> full;  ///< Cut chunks that are not written yet.
  uint64_t used = 0;
};

/// Progress of a partition.
struct Projector::Partition {
  v1::Checkpoint checkpoint;  ///< As folded; committed with the batch.
  int64_t committed = 0;
  std::shared_ptr<const Controls> controls = std::make_shared<Controls>();
  std::deque<std::pair<int64_t, FoldOutcome>> outcomes;
  std::map<int64_t, std::vector<std::function<void(absl::StatusOr<FoldOutcome>)>>> waiters;
};

/// What one poll changes.
struct Projector::Batch {
  StoreBatch store;
  std::set<uint32_t> partitions;
  std::set<std::string> streams;                         ///< Touched, in memory.
  std::map<uint32_t, std::vector<std::string>> derived;  ///< To append, by partition.
  std::map<std::pair<std::string, std::pair<std::string, std::string>>, v1::EventIndexEntry>
      index;  ///< Not committed yet.
  std::vector<std::pair<Position, FoldOutcome>> outcomes;
  std::vector<v1::SubjectRef> bound;
  bool alerts = false;
};

std::string JoinKey(std::initializer_list<std::string_view> parts);

}  // namespace trigpoint
