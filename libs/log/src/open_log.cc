#include "trigpoint/log/open_log.h"

#include <string_view>

#include "trigpoint/base/status.h"
#include "trigpoint/log/embedded_log.h"

namespace trigpoint {

absl::StatusOr<std::optional<KafkaLogOptions>> ParseKafkaLog(const std::string& text) {
  constexpr std::string_view kPrefix = "kafka:";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const size_t slash = text.find('/', kPrefix.size());
  if (slash == std::string::npos || slash == kPrefix.size() || slash + 1 == text.size())
    return absl::InvalidArgumentError("a log on Kafka is named kafka:HOST:PORT,HOST:PORT/TOPIC");
  KafkaLogOptions options;
  options.connection.brokers = text.substr(kPrefix.size(), slash - kPrefix.size());
  options.topic = text.substr(slash + 1);
  return options;
}

absl::StatusOr<std::unique_ptr<EventLog>> OpenLog(const LogSpec& spec) {
  if (spec.kafka.has_value()) {
    KafkaLogOptions options = *spec.kafka;
    options.partitions = spec.partitions;
    return OpenKafkaLog(options);
  }
  EmbeddedLogOptions options{.directory = spec.directory, .partitions = spec.partitions};
  if (options.partitions == 0) {
    TP_ASSIGN_OR_RETURN(options.partitions, EmbeddedLogPartitions(spec.directory));
  }
  return OpenEmbeddedLog(options);
}

}  // namespace trigpoint
