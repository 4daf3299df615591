#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "trigpoint/log/kafka_connection.h"
#include "trigpoint/log/ownership.h"

namespace trigpoint {

struct KafkaOwnershipOptions {
  KafkaConnection connection = {};
  /// The topic of the log, whose partitions are shared out.
  std::string topic = {};
  /// The consumer group: all processes that share with each other name the same.
  std::string group = {};
  /// A name of this process that outlives its restarts: killed and started again within the session
  /// timeout it has its partitions back, and nobody else's move. Two processes must not share one:
  /// the older is put out at its next heartbeat. Stop gives the partitions to others at once, with
  /// a name or without.
  std::string instance_id = {};
  /// A process that was not heard for so long loses its partitions. At least the brokers'
  /// group.min.session.timeout.ms.
  absl::Duration session_timeout = absl::Seconds(15);
  /// How long `revoked` may take, twice over, before others are given the partitions all the same.
  absl::Duration rebalance_timeout = absl::Minutes(5);
};

/// Shares the partitions of a log out by membership of a consumer group, which neither reads
/// records nor keeps offsets. Held is a lease: it lasts as long as the group cannot have put this
/// process out, counted from before the last heartbeat that is known to have been answered
/// (docs/adr). Callbacks come from a thread of its own. Start errors: InvalidArgument.
std::unique_ptr<Ownership> NewKafkaOwnership(const KafkaOwnershipOptions& options);

}  // namespace trigpoint
