#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {

/// A log as a user names it.
struct LogSpec {
  std::string directory;    ///< Of an embedded log.
  uint32_t partitions = 0;  ///< All of them; 0: as many as the embedded log that is there has.
  std::optional<KafkaLogOptions> kafka = std::nullopt;  ///< Instead of a directory.
};

/// "kafka:host:port,host:port/topic": brokers and topic of a log on Kafka; nothing for any other
/// text, which is a directory. Errors: InvalidArgument where one of them is missing.
absl::StatusOr<std::optional<KafkaLogOptions>> ParseKafkaLog(const std::string& text);

/// Opens a log, whichever it is; makes an embedded one that is not there where `partitions` says
/// how large. Errors: NotFound where there is none and `partitions` is 0; those of the backend.
absl::StatusOr<std::unique_ptr<EventLog>> OpenLog(const LogSpec& spec);

}  // namespace trigpoint
