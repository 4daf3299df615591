#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench_support.h"
#include "trigpoint/log/kafka_log.h"

/// What trigpoint-peer-bench does beside the fold; each ends the program when it cannot.
namespace trigpoint::bench {

/// Of the topics of the comparison, the control partition counted.
inline constexpr uint32_t kPeerPartitions = 9;

/// Value or the end of the program.
template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}
inline void Must(const absl::Status& status) {
  if (!status.ok()) Die(std::string(status.message()));
}

/// A topic as a log; made when there is none.
std::unique_ptr<EventLog> OpenPeerLog(const std::string& brokers, const std::string& topic);

/// What a topic is filled with. The traffic stretches over 360 days of 2025 and 2026, and a number
/// at or beyond `reports` goes on behind it at the same pace.
struct PeerTraffic {
  int services = 0;
  uint64_t reports = 0;
};
/// Appends what a log begins with: a policy in every partition, and the services.
void FillPeerServices(EventLog* log, const PeerTraffic& traffic);
/// Appends the reports [from, to).
void FillPeerReports(EventLog* log, const PeerTraffic& traffic, uint64_t from, uint64_t to);

/// A line of the protocol between a bench and its driver: {"at": AT MORE}.
void Tell(const std::string& at, const std::string& more = "");

/// Folds `topic` into a store in `directory`, as libs/engine does: tells "first", "half",
/// "folded", and what standard input asks for: "digest", "close".
struct PeerPlace {
  std::string brokers;
  std::string topic;
  std::string output;
  std::string directory;
};
void RunPeerFold(const PeerPlace& place);

/// Reads a topic to its end with librdkafka and nothing else; tells records and bytes.
void ReadRaw(const std::string& brokers, const std::string& topic);
/// Reads what was derived, as a reader of committed records that drops repeated ids; tells how many
/// there are, how many were repeated, and their digest.
void ReadDerived(const std::string& brokers, const std::string& output);

/// A load at a steady pace, and how long after its event each derived record was there.
struct PeerPace {
  double per_second = 0;
  double seconds = 0;
};
void MeasureLatency(const PeerPlace& place, const PeerTraffic& traffic, const PeerPace& pace);

}  // namespace trigpoint::bench
