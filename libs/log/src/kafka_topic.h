#pragma once

#include <string>

#include "absl/status/status.h"
#include "kafka_client.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {

/// Waits until brokers answer; creates the topic when that is wanted and there is none; then checks
/// that it keeps every event, for ever and in order. Errors: as OpenKafkaLog.
absl::Status PrepareTopic(rd_kafka_t* client, const KafkaLogOptions& options,
                          const BrokerWatch& watch);

/// Waits until brokers answer and the topic has leaders. Errors: FailedPrecondition = there is
/// none; Unavailable; PermissionDenied; InvalidArgument.
absl::Status FindTopic(const KafkaConnection& connection, const std::string& topic);

}  // namespace trigpoint
