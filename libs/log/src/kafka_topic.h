#pragma once

#include "absl/status/status.h"
#include "kafka_client.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {

/// Waits until brokers answer; creates the topic when that is wanted and there is none; then checks
/// that it keeps every event, for ever and in order. Errors: as OpenKafkaLog.
absl::Status PrepareTopic(rd_kafka_t* client, const KafkaLogOptions& options,
                          const BrokerWatch& watch);

}  // namespace trigpoint
