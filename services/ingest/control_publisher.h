#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/common/write_gate.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Publishes what is not about one provider: appended to the control partition, whose first
/// occurrence is the truth, then byte for byte to every provider partition. Whoever published it
/// copies it to all of them, and the owner of each what is missing there: a repeated copy changes
/// nothing. Blocks; one caller at a time is not required.
class ControlPublisher {
 public:
  /// Both must outlive it.
  ControlPublisher(Projector* projector, EventWriter* writer)
      : projector_(projector), writer_(writer) {}

  /// Appends and waits until every partition has folded it. After an error some partitions may lack
  /// it: EnsureCopies. Errors: Aborted when another process published something else under the same
  /// id before.
  absl::Status Publish(v1::Event control);
  /// Copies every control event that a partition lacks, of those that this process owns. When the
  /// projector runs.
  absl::Status EnsureCopies();
  /// The same for what was received at or before an instant: who published what is newer may be
  /// copying it now.
  absl::Status EnsureCopies(int64_t received_until_us);
  /// Activates every pack of a directory with a higher version than was ever activated: from the
  /// beginning of time when nothing was reported yet, else from a moment ahead, and not before a
  /// version that is still to come into force. An older file changes nothing: what people activated
  /// by a call stays. Errors: FailedPrecondition where the highest version has other content.
  absl::Status ActivatePolicies(const std::string& directory);

  /// Puts a version of a policy in force by a decision of people, from `effective_from` on, or,
  /// where that is absent, from a moment ahead; gives that instant. The same activation again
  /// changes nothing. `check_only`: everything but the append. Errors: InvalidArgument for a pack
  /// that does not compile or an instant that has passed; FailedPrecondition (POLICY_VERSION) for a
  /// version that is not above every one that was ever activated, and for an instant before that of
  /// one that is still to come.
  absl::StatusOr<int64_t> ActivatePolicy(v1::PolicyActivated activated, bool check_only);

  /// Takes a policy out of force by a decision of people, from `effective_from` on, or, where that
  /// is absent, from a moment ahead; gives that instant. A higher version may put it in force
  /// again. The same again changes nothing. Errors: NotFound for a policy that was never activated;
  /// InvalidArgument for an instant that has passed; FailedPrecondition (POLICY_VERSION) for one
  /// before a version that is still to come, and for a policy that is taken out of force already.
  absl::StatusOr<int64_t> RetirePolicy(v1::PolicyRetired retired, bool check_only);

  /// Publishes bank holidays of whole years, in force from a moment ahead; false where the same
  /// list was published last for these years already.
  absl::StatusOr<bool> PublishHolidays(v1::HolidaysPublished holidays);

 private:
  /// Copies to one partition what it lacks of the control events.
  absl::Status CopyTo(uint32_t partition, int64_t received_until_us);
  /// The same for every partition, whoever owns it: of what this process published.
  absl::Status CopyEverywhere();
  absl::Status Activate(const v1::PolicyPack& pack);
  absl::Status Append(v1::PolicyActivated activated);
  /// From when on a decision takes effect: never in the past.
  template <typename Decision>
  absl::StatusOr<int64_t> Ahead(const Decision& decision) const;

  Projector* projector_;
  EventWriter* writer_;
  absl::Mutex publishing_holidays_;  // Their ids are counted.
  absl::Mutex activating_;           // Versions only rise.
};

/// How far ahead of its append a control event takes effect, so that it reaches every stream in
/// time.
inline constexpr int64_t kControlAheadUs = 2'000'000;

}  // namespace trigpoint
