#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/common/write_gate.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Publishes what is not about one provider: appended to the control partition, whose first
/// occurrence is the truth, then byte for byte to every provider partition. Blocks; one caller at a
/// time is not required.
class ControlPublisher {
 public:
  /// Both must outlive it.
  ControlPublisher(Projector* projector, EventWriter* writer)
      : projector_(projector), writer_(writer) {}

  /// Appends and waits until every partition has folded it. After an error some partitions may lack
  /// it: EnsureCopies.
  absl::Status Publish(v1::Event control);
  /// Copies every control event that a partition lacks. At start, when the projector runs.
  absl::Status EnsureCopies();
  /// Activates every pack of a directory whose version is not active yet: from the beginning of
  /// time when nothing was reported yet, else from a moment ahead. Errors: FailedPrecondition where
  /// an active version has other content.
  absl::Status ActivatePolicies(const std::string& directory);

  /// Publishes bank holidays of whole years, in force from a moment ahead; false where the same
  /// list was published last for these years already.
  absl::StatusOr<bool> PublishHolidays(v1::HolidaysPublished holidays);

 private:
  absl::Status Activate(const v1::PolicyPack& pack);

  Projector* projector_;
  EventWriter* writer_;
  absl::Mutex publishing_holidays_;  // Their ids are counted.
};

/// How far ahead of its append a control event takes effect, so that it reaches every stream in
/// time.
inline constexpr int64_t kControlAheadUs = 2'000'000;

}  // namespace trigpoint
