#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// Carries what log and projector count over to the metrics. Threading: one thread, but
/// ExportHeads: any, each time that HeadsDue said so.
class MetricsExport {
 public:
  /// Counts from the heads that the log has now. Both must outlive it.
  MetricsExport(Metrics* metrics, const EventLog* log);

  /// Sets the metrics to the present, but for those of heads; a few times a second. Does not block.
  void Run(const Projector& projector);
  /// Whether ExportHeads is to be called now: once a second, while no call is under way.
  bool HeadsDue();
  /// Sets the metrics of heads, which are asked of brokers where the log is on Kafka: blocks for as
  /// long as these do not answer.
  void ExportHeads(const Projector& projector);

 private:
  void ExportFolded(const ProjectorCounters& counters);
  void ExportSaid(const SaidCounts& said);
  void ExportSilence(const Projector& projector, uint64_t found);

  Metrics* metrics_;
  const EventLog* log_;
  std::vector<int64_t> heads_;
  absl::Time heads_asked_ = absl::InfinitePast();
  std::atomic<bool> asking_ = false;
  SaidCounts said_;
  std::set<std::string> silent_kinds_;  ///< Kinds that have a series.
  uint64_t folded_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t conflicts_ = 0;
  uint64_t ignored_ = 0;
  uint64_t ignored_links_ = 0;
  uint64_t commits_ = 0;
  uint64_t puts_ = 0;
  uint64_t put_bytes_ = 0;
};

}  // namespace trigpoint
