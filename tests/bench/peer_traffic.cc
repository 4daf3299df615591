// The traffic of the comparison with Kafka Streams: the same bytes for every side.
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "peer_support.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/log/partition.h"

namespace trigpoint::bench {
namespace {

constexpr int64_t kPeerStart = 1'761'955'200'000'000;  // 1 November 2025.
constexpr int64_t kPeerSpan = int64_t{360} * 86'400'000'000;
constexpr size_t kValuesMax = 512;
constexpr int kUnderWayMax = 64;

/// Appends to a log in batches, several under way.
class Filler {
 public:
  explicit Filler(EventLog* log) : log_(log) {}
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;
  ~Filler() {
    for (auto& [partition, values] : pending_) Send(partition, &values);
    const absl::MutexLock lock(&mutex_);
    const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return under_way_ == 0; };
    mutex_.Await(absl::Condition(&none));
  }

  void Add(uint32_t partition, std::string value) {
    auto& values = pending_[partition];
    values.push_back(std::move(value));
    if (values.size() >= kValuesMax) Send(partition, &values);
  }

 private:
  void Send(uint32_t partition, std::vector<std::string>* values) {
    if (values->empty()) return;
    {
      const absl::MutexLock lock(&mutex_);
      const auto room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return under_way_ < kUnderWayMax;
      };
      mutex_.Await(absl::Condition(&room));
      ++under_way_;
    }
    log_->Append(partition, std::move(*values), [this](const auto& at) {
      Must(at.status());
      const absl::MutexLock lock(&mutex_);
      --under_way_;
    });
    values->clear();
  }

  EventLog* const log_;
  std::map<uint32_t, std::vector<std::string>> pending_;
  absl::Mutex mutex_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

std::string Stored(v1::Event event, int64_t occurred_us) {
  event.set_stream_id(StreamId(std::atoi(event.subject().value().c_str())));
  SetMicros(occurred_us, event.mutable_occurred_at());
  event.set_submission_digest(SubmissionDigest(event));
  SetMicros(occurred_us + 3'600'000'000, event.mutable_received_at());
  return event.SerializeAsString();
}

std::string HerefordshireActivation() {
  const v1::PolicyPack pack =
      Must(FindPack("herefordshire", std::string(TRIGPOINT_SOURCE_DIR) + "/deploy/policies"));
  return Activation(pack).SerializeAsString();
}

}  // namespace

std::unique_ptr<EventLog> OpenPeerLog(const std::string& brokers, const std::string& topic) {
  return Must(OpenKafkaLog({.connection = {.brokers = brokers},
                            .topic = topic,
                            .partitions = kPeerPartitions,
                            .single_broker = true,
                            .create_topic = true}));
}

void FillPeerServices(EventLog* log, const PeerTraffic& traffic) {
  Filler filler(log);
  for (uint32_t p = 0; p < kPeerPartitions; ++p) filler.Add(p, HerefordshireActivation());
  for (int i = 0; i < traffic.services; ++i)
    filler.Add(PartitionOf(StreamId(i), kPeerPartitions - 1), Stored(Registration(i), kPeerStart));
}

void FillPeerReports(EventLog* log, const PeerTraffic& traffic, uint64_t from, uint64_t to) {
  Filler filler(log);
  const int64_t step = kPeerSpan / static_cast<int64_t>(traffic.reports);
  for (uint64_t n = from; n < to; ++n) {
    const v1::Event report = Report(n, traffic.services);
    const int service = std::atoi(report.subject().value().c_str());
    filler.Add(PartitionOf(StreamId(service), kPeerPartitions - 1),
               Stored(report, kPeerStart + static_cast<int64_t>(n) * step));
  }
}

}  // namespace trigpoint::bench
