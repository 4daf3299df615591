#include "services/node/open_log.h"

#include "trigpoint/base/status.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {

KafkaConnection KafkaOf(const NodeConfig& config) {
  KafkaConnection connection{.brokers = config.kafka_brokers};
  if (!config.member.empty()) connection.client_id = "trigpoint-" + config.member;
  if (!config.kafka_tls_ca.empty()) {
    connection.tls = KafkaTls{.ca_file = config.kafka_tls_ca,
                              .certificate_file = config.kafka_tls_cert,
                              .key_file = config.kafka_tls_key};
  }
  return connection;
}

absl::StatusOr<std::unique_ptr<EventLog>> OpenNodeLog(const NodeConfig& config) {
  if (config.log == "kafka") {
    auto opened = OpenKafkaLog({.connection = KafkaOf(config),
                                .topic = config.kafka_topic,
                                .partitions = config.partitions + 1,
                                .single_broker = config.kafka_single_broker,
                                .create_topic = config.kafka_create_topic});
    if (!opened.ok()) return Annotate(opened.status(), "the log on " + config.kafka_brokers);
    return opened;
  }
  auto opened =
      OpenEmbeddedLog({.directory = config.data + "/log", .partitions = config.partitions + 1});
  if (!opened.ok()) {
    return Annotate(opened.status(),
                    "open the log in " + config.data +
                        " (is another node using it? stop that one, or use another --data)");
  }
  return opened;
}

}  // namespace trigpoint
