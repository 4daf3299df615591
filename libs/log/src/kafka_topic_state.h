#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kafka_client.h"
#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// What the parts of one Kafka log share, and its readers beyond its end. Threading: thread-safe.
class KafkaTopicState {
 public:
  KafkaTopicState(KafkaConnection of_brokers, std::string name, uint32_t count)
      : connection(std::move(of_brokers)), topic(std::move(name)), heads_(count) {}

  const KafkaConnection connection;
  const std::string topic;

  uint32_t partitions() const { return static_cast<uint32_t>(heads_.size()); }
  /// Head of a partition as far as this process has heard: what lies below is there to be read.
  int64_t KnownHead(uint32_t partition) const { return heads_[partition].load(); }
  void NoteHead(uint32_t partition, int64_t head) {
    int64_t known = heads_[partition].load();
    while (known < head && !heads_[partition].compare_exchange_weak(known, head)) {
    }
  }
  void Close() { closed_.store(true); }
  bool closed() const { return closed_.load(); }

 private:
  std::vector<std::atomic<int64_t>> heads_;
  std::atomic<bool> closed_ = false;
};

}  // namespace trigpoint
