// What reads topics of the comparison with librdkafka alone: the raw limit, what was derived, and
// when it was there.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "peer_support.h"
#include "trigpoint/base/digest.h"

namespace trigpoint::bench {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr size_t kBatch = 10'000;

/// Reads all partitions of a topic outside any group.
class RawReader {
 public:
  /// From the beginning, or only what comes from now on.
  RawReader(const std::string& brokers, const std::string& topic, bool from_now);
  RawReader(const RawReader&) = delete;
  RawReader& operator=(const RawReader&) = delete;
  ~RawReader();

  /// Calls `visit` with each value of one batch; false where nothing came in time.
  template <typename Visit>
  bool Next(int timeout_ms, Visit visit);
  /// Whether everything was read that was there at the start.
  bool Done() const;

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  std::vector<int64_t> next_ = std::vector<int64_t>(kPeerPartitions);
  std::vector<int64_t> ends_ = std::vector<int64_t>(kPeerPartitions);
  std::vector<rd_kafka_message_t*> batch_ = std::vector<rd_kafka_message_t*>(kBatch);
};

RawReader::RawReader(const std::string& brokers, const std::string& topic, bool from_now) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char why[512];
  const std::map<std::string, std::string> settings = {{"bootstrap.servers", brokers},
                                                       {"isolation.level", "read_committed"},
                                                       {"enable.partition.eof", "true"},
                                                       {"fetch.wait.max.ms", "10"},
                                                       {"queued.max.messages.kbytes", "262144"},
                                                       {"queued.min.messages", "1000000"},
                                                       {"log_level", "3"}};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK)
      Die(why);
  }
  client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
  if (client_ == nullptr) Die(why);
  topic_ = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
  queue_ = rd_kafka_queue_new(client_);
  for (uint32_t p = 0; p < kPeerPartitions; ++p) {
    const auto partition = static_cast<int32_t>(p);
    if (rd_kafka_query_watermark_offsets(client_, topic.c_str(), partition, &next_[p], &ends_[p],
                                         kPatienceMs) != RD_KAFKA_RESP_ERR_NO_ERROR)
      Die("no answer about topic " + topic);
    if (from_now) next_[p] = ends_[p];
    rd_kafka_consume_start_queue(topic_, partition, next_[p], queue_);
  }
}

RawReader::~RawReader() {
  for (uint32_t p = 0; p < kPeerPartitions; ++p)
    rd_kafka_consume_stop(topic_, static_cast<int32_t>(p));
  rd_kafka_queue_destroy(queue_);
  rd_kafka_topic_destroy(topic_);
  rd_kafka_destroy(client_);
}

template <typename Visit>
bool RawReader::Next(int timeout_ms, Visit visit) {
  const ssize_t count = rd_kafka_consume_batch_queue(queue_, timeout_ms, batch_.data(), kBatch);
  for (ssize_t i = 0; i < count; ++i) {
    rd_kafka_message_t* message = batch_[static_cast<size_t>(i)];
    const auto partition = static_cast<size_t>(message->partition);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      next_[partition] = message->offset + 1;
      visit(std::string_view(static_cast<const char*>(message->payload), message->len));
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // Marks of transactions are offsets without a record.
      next_[partition] = std::max(next_[partition], message->offset);
    }
    rd_kafka_message_destroy(message);
  }
  return count > 0;
}

bool RawReader::Done() const {
  for (uint32_t p = 0; p < kPeerPartitions; ++p) {
    if (next_[p] < ends_[p]) return false;
  }
  return true;
}

/// Lines of a derived record (FOLD.md).
struct DerivedRecord {
  std::string id;
  std::string event_id;
};
DerivedRecord Parse(std::string_view value) {
  const std::vector<std::string> lines =
      absl::StrSplit(absl::string_view(value.data(), value.size()), '\n');
  if (lines.size() != 5) Die("what was derived has other lines than FOLD.md says");
  return {.id = lines[0], .event_id = lines[3]};
}

void TellLatency(const std::vector<double>& millis, uint64_t sent, const PeerPace& pace) {
  Tell("latency", absl::StrCat(", \"sent\": ", sent, ", \"per_second\": ", pace.per_second,
                               ", \"seconds\": ", pace.seconds, ", \"derived\": ", millis.size(),
                               ", \"p50_ms\": ", Percentile(millis, 50), ", \"p99_ms\": ",
                               Percentile(millis, 99), ", \"max_ms\": ", Percentile(millis, 100)));
}

}  // namespace

void ReadRaw(const std::string& brokers, const std::string& topic) {
  RawReader reader(brokers, topic, /*from_now=*/false);
  uint64_t records = 0;
  uint64_t bytes = 0;
  Tell("first");
  while (!reader.Done()) {
    reader.Next(100, [&](std::string_view value) {
      ++records;
      bytes += value.size();
    });
  }
  Tell("folded", absl::StrCat(", \"records\": ", records, ", \"bytes\": ", bytes));
  // Its driver looks at what it used.
  std::string line;
  std::getline(std::cin, line);
}

void ReadDerived(const std::string& brokers, const std::string& output) {
  RawReader reader(brokers, output, /*from_now=*/false);
  std::map<std::string, std::string> derived;
  uint64_t records = 0;
  while (!reader.Done()) {
    reader.Next(100, [&](std::string_view value) {
      ++records;
      derived.emplace(Parse(value).id, value);
    });
  }
  std::string text;
  for (const auto& [id, value] : derived) absl::StrAppend(&text, value, "\n");
  Tell("derived", absl::StrCat(", \"records\": ", records, ", \"ids\": ", derived.size(),
                               ", \"digest\": \"", Sha256Hex(text), "\""));
}

void MeasureLatency(const PeerPlace& place, const PeerTraffic& traffic, const PeerPace& pace) {
  constexpr double kTick = 0.01;
  const auto log = OpenPeerLog(place.brokers, place.topic);
  RawReader reader(place.brokers, place.output, /*from_now=*/true);
  const uint64_t from = traffic.reports;
  const auto total = static_cast<uint64_t>(pace.per_second * pace.seconds);
  std::vector<double> due(total);
  std::vector<double> millis;
  const double start = Now() + kTick;
  for (uint64_t n = 0; n < total; ++n) due[n] = start + static_cast<double>(n) / pace.per_second;
  const auto take = [&](std::string_view value) {
    uint64_t n = 0;
    const std::string id = Parse(value).event_id;
    if (!absl::SimpleAtoi(id.substr(id.rfind('-') + 1), &n) || n < from || n >= from + total)
      return;
    millis.push_back((Now() - due[n - from]) * 1e3);
  };
  uint64_t sent = 0;
  double until = 0;
  // An event counts from when it was due, not from when a slow turn sent it.
  for (double now = Now(); sent < total || now < until; now = Now()) {
    uint64_t to = sent;
    while (to < total && due[to] <= now) ++to;
    if (to > sent) FillPeerReports(log.get(), traffic, from + sent, from + to);
    sent = to;
    if (sent == total && until == 0) until = now + 10;
    while (reader.Next(1, take)) {
    }
  }
  TellLatency(millis, sent, pace);
}

}  // namespace trigpoint::bench
