#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// (source, id) of a record.
using RecordId = std::pair<std::string, std::string>;

/// The record that an event without a subject leans on: its own earlier version for a correction or
/// a retraction, else the first event that its payload cites.
RecordId AnchorOf(const v1::Event& event);

/// Knows in which streams a record stands: from the store, and from what was appended a moment ago
/// and is not in the store yet. Holds the events that wait for a record. Threading: thread-safe.
class Placements {
 public:
  explicit Placements(const Projector* projector) : projector_(projector) {}

  /// Streams in which the record stands.
  std::vector<std::string> StreamsOf(const RecordId& record) const;
  /// Notes that a record is being appended to a stream; gives the events that waited for it.
  std::vector<v1::Event> Place(const RecordId& record, const std::string& stream_id);
  /// The stream of the record an event leans on; where there is none the event is held for Place,
  /// as one step.
  std::optional<std::string> AnchorOrHold(const v1::Event& event, bool hold);

 private:
  static constexpr size_t kRecentMax = 1U << 16;

  std::vector<std::string> StreamsLocked(const RecordId& record) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Projector* projector_;
  mutable absl::Mutex mu_;
  std::map<RecordId, std::vector<std::string>> recent_ ABSL_GUARDED_BY(mu_);
  std::deque<RecordId> order_ ABSL_GUARDED_BY(mu_);
  std::map<RecordId, std::vector<v1::Event>> held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trigpoint
