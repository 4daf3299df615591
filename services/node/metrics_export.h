#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/event_log.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// Carries what log and projector count over to the metrics. Threading: one thread.
class MetricsExport {
 public:
  /// Counts from the heads that the log has now. Both must outlive it.
  MetricsExport(Metrics* metrics, const EventLog* log);

  /// Sets the metrics to the present; a few times a second.
  void Run(const Projector& projector);

 private:
  void ExportFolded(const ProjectorCounters& counters);
  void ExportHeads(const std::vector<int64_t>& committed);
  void ExportSaid(const SaidCounts& said);
  void ExportSilence(const Projector& projector, uint64_t found);

  Metrics* metrics_;
  const EventLog* log_;
  std::vector<int64_t> heads_;
  absl::Time heads_exported_ = absl::InfinitePast();
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
