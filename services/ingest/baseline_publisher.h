#pragma once

#include <map>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/ingest/control_publisher.h"

namespace trigpoint {

/// Publishes what services of each type see in a year: distinct clusters of concerns by family over
/// bed days (S2 App 2, "expected of a service of its size and nature"). Threading: thread-safe;
/// blocks. The arguments must outlive it.
class BaselinePublisher {
 public:
  BaselinePublisher(Projector* projector, EventWriter* writer, ControlPublisher* controls)
      : projector_(projector), writer_(writer), controls_(controls) {}

  /// Publishes one baseline for each service type that has a provider with beds; gives how many.
  absl::StatusOr<int> Publish();

 private:
  using Baselines = std::map<v1::ServiceType, v1::PeerBaselinePublished>;
  absl::StatusOr<Baselines> Count(int64_t now_us) const;

  Projector* projector_;
  EventWriter* writer_;
  ControlPublisher* controls_;
  absl::Mutex one_at_a_time_;
};

}  // namespace trigpoint
