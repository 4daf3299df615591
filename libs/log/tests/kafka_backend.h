#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kafka_client.h"
#include "log_backend.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/log/kafka_log.h"

namespace trigpoint {

/// Brokers in this process, as librdkafka brings them: they speak the protocol and keep records, up
/// to 5 MiB a partition, in memory; they know no settings of topics and make none.
class MockKafka {
 public:
  explicit MockKafka(int brokers = 1);
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;
  ~MockKafka();
  void CreateTopic(const std::string& topic, uint32_t partitions);
  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  rd_kafka_mock_cluster_t* cluster() { return cluster_; }

 private:
  BrokerWatch watch_;
  KafkaOwned<rd_kafka_t> host_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

/// Looks until it is so, or a minute has passed.
bool Eventually(const std::function<bool()>& so);
/// Brokers of a real Kafka, from TRIGPOINT_KAFKA; empty = there is none.
std::string KafkaBrokers();
/// Why a test of a real Kafka is skipped; empty = it is not.
std::string KafkaMissing();
/// A name that no other test uses.
std::string NewTopicName();
/// Removes a topic of the real Kafka, and waits until no broker tells of it.
void DeleteTopic(const std::string& topic);
/// Sets one setting of a topic.
void AlterTopic(const std::string& topic, const std::string& name, const std::string& value);
/// Removes the records of one partition below an offset.
void DeleteRecords(const std::string& topic, Position below);
/// Appends one record as no log of ours does.
void AppendInATransaction(const std::string& topic, uint32_t partition, const std::string& value);
/// Options for a log of its own on the real Kafka, created when opened: three replicas where
/// TRIGPOINT_KAFKA names three brokers.
KafkaLogOptions RealLogOptions(uint32_t partitions);

LogBackendTraits KafkaMockBackend();
LogBackendTraits KafkaBrokerBackend();

}  // namespace trigpoint
