#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/telemetry/metrics.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Where an event was appended, and what the fold made of it.
using Written = std::pair<Position, FoldOutcome>;

/// Appends events and answers when they are durable and folded. Equal events are equal bytes in the
/// log, also where they hold a map (a policy does). Threading: thread-safe. Log and
/// projector must outlive it and every call under way.
class EventWriter {
 public:
  /// `metrics` may be null; it learns how long each append took to be durable, and must outlive it.
  EventWriter(EventLog* log, Projector* projector, std::function<int64_t()> now_us,
              Metrics* metrics = nullptr);

  /// Appends to the log and, once durable, waits for the fold. `done` is called exactly once, from
  /// a thread of the log or the projector, or before this returns: it must not block. After an
  /// error of the fold the event is durable nonetheless and is folded later. Errors: those of
  /// EventLog::Append and Projector::AwaitFold;
  /// ResourceExhausted, and nothing is appended, while the projector waits for room.
  void AppendAndFold(uint32_t partition, const v1::Event& event,
                     std::function<void(absl::StatusOr<Written>)> done);
  /// The same, blocking. Not from a thread of the log, the projector or gRPC.
  absl::StatusOr<Written> AppendAndFoldWait(uint32_t partition, const v1::Event& event);
  /// Appends events (at least one) together, in their order, and blocks until all are durable and
  /// folded. Not from a thread of the log, the projector or gRPC. Errors: as AppendAndFold.
  absl::Status AppendAndFoldAllWait(uint32_t partition, const std::vector<v1::Event>& events);

  /// The clock that stamps received_at, microseconds UTC.
  int64_t Now() const { return now_us_(); }

 private:
  void Append(uint32_t partition, std::vector<std::string> values,
              std::function<void(absl::StatusOr<Written>)> done);
  absl::StatusOr<Written> AppendWait(uint32_t partition, std::vector<std::string> values);

  EventLog* log_;
  Projector* projector_;
  std::function<int64_t()> now_us_;
  Histogram* commit_seconds_;  // Null: nobody asks.
};

}  // namespace trigpoint
