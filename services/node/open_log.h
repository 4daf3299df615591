#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "services/node/node_config.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/log/kafka_connection.h"

namespace trigpoint {

/// Opens the log of a configuration: embedded in the data directory, or a topic of Kafka. Errors:
/// those of OpenEmbeddedLog and OpenKafkaLog, and what to do about them.
absl::StatusOr<std::unique_ptr<EventLog>> OpenNodeLog(const NodeConfig& config);

/// How Kafka is reached; for a log on Kafka.
KafkaConnection KafkaOf(const NodeConfig& config);

}  // namespace trigpoint
