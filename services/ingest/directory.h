#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "services/common/write_gate.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Source of control events: bindings, policies, baselines.
inline constexpr std::string_view kControlSource = "trigpoint/control";

/// Binds external ids to streams, once and for ever: a binding is proposed to the control partition
/// and used once it was read back. Threading: thread-safe. Both must outlive it.
class Directory {
 public:
  Directory(const Projector* projector, EventWriter* writer)
      : projector_(projector), writer_(writer) {}

  /// Stream of an external id, if it is bound.
  std::optional<std::string> StreamOf(const v1::SubjectRef& id) const {
    return projector_->StreamOf(id.scheme(), id.value());
  }

  /// Whether an event makes a service known: ServiceRegistered, or the start of a backfill that
  /// will register it.
  static bool Registers(const v1::Event& event);
  /// Binds what these registrations name and is not bound yet: one append for all of them, in their
  /// order. When it returns OK, every id is bound, and durably. Blocks for
  /// the disk and the fold. Errors: those of EventWriter::AppendAndFold; some may be bound
  /// nonetheless.
  absl::Status Bind(std::span<const v1::Event* const> registrations);

  /// How many of the events may be bound together before the first of them is placed: those before
  /// one that registers a service which an earlier one names and would not find yet. Null: nothing
  /// to place. At least 1, of no events 0.
  size_t RunOf(std::span<const v1::Event* const> events) const;

 private:
  const Projector* projector_;
  EventWriter* writer_;
};

}  // namespace trigpoint
