#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "trigpoint/log/kafka_connection.h"

namespace trigpoint {

struct KafkaDestroyer {
  // Whoever must leave a group has closed before; nothing else of a close is worth waiting for.
  void operator()(rd_kafka_t* handle) const {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(const rd_kafka_group_list* groups) const { rd_kafka_group_list_destroy(groups); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* config) const {
    rd_kafka_ConfigResource_destroy(config);
  }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
/// Owner of one object of librdkafka.
template <typename T>
using KafkaOwned = std::unique_ptr<T, KafkaDestroyer>;

/// What an error of librdkafka or of a broker means to a caller; `doing` goes before its text.
absl::Status FromKafka(rd_kafka_resp_err_t error, absl::string_view doing);

/// What a client has heard of its brokers lately. Threading: thread-safe.
class BrokerWatch {
 public:
  BrokerWatch();
  void NoteError(std::string text);
  void NoteUp();
  /// Text of the last error since a broker was reached; empty = none.
  std::string last_error() const;
  /// OK, or Unavailable when no broker was reached for `unreachable_after`.
  absl::Status Health(absl::Duration unreachable_after) const;

 private:
  mutable std::mutex mutex_;
  std::string last_error_;
  int64_t up_ns_;  // on the steady clock
};

/// Settings of a client. The first wrong one is remembered and answered by New.
class KafkaSettings {
 public:
  using Setting = std::pair<const char*, std::string>;
  /// What every client of ours has in common. `watch` must outlive the client, and is the opaque
  /// value of its callbacks.
  KafkaSettings(const KafkaConnection& connection, BrokerWatch* watch);
  /// Adds settings by librdkafka's names.
  KafkaSettings& Set(std::initializer_list<Setting> settings);
  rd_kafka_conf_t* conf() { return conf_.get(); }
  /// Makes the client; to be called once. Errors: InvalidArgument.
  absl::StatusOr<KafkaOwned<rd_kafka_t>> New(rd_kafka_type_t type);

 private:
  KafkaOwned<rd_kafka_conf_t> conf_;
  std::string error_;
};

/// Sends a request to the broker that leads the partition and waits for no answer, so that the
/// client's thread for that broker looks at once what there is to do.
void WakeLeader(rd_kafka_t* client, const std::string& topic, uint32_t partition);

/// Asks a broker anew about a topic and who leads its partitions, and tells the client. Whether
/// that broker knows it.
bool LearnOfTopic(rd_kafka_t* client, const std::string& topic, absl::Duration patience);

/// First offset and head of a partition. While a partition has no leader, as just after its
/// creation or when its leader died, it is asked again until `patience` is over.
rd_kafka_resp_err_t QueryWatermarks(rd_kafka_t* client, const std::string& topic,
                                    uint32_t partition, absl::Duration patience, int64_t* first,
                                    int64_t* head);

/// The clock of waits, in nanoseconds: steady, and not stopped while the process is.
int64_t SteadyNanos();
/// For librdkafka's timeouts.
int ToMillis(absl::Duration duration);

}  // namespace trigpoint
