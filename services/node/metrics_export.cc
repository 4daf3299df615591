#include "services/node/metrics_export.h"

#include <map>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

/// The heads of a log on Kafka are asked of brokers.
constexpr absl::Duration kHeadsEvery = absl::Seconds(1);

void Raise(uint64_t now, uint64_t* seen, Counter& counter) {
  if (now > *seen) counter.Increment(now - *seen);
  *seen = now;
}

/// "KIND_NEXT_TIER" -> "next_tier".
std::string KindLabel(std::string name) {
  constexpr std::string_view kPrefix = "KIND_";
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  return absl::AsciiStrToLower(name);
}

}  // namespace

MetricsExport::MetricsExport(Metrics* metrics, const EventLog* log) : metrics_(metrics), log_(log) {
  for (uint32_t p = 0; p < log->partitions(); ++p) heads_.push_back(log->HeadOffset(p).value_or(0));
}

void MetricsExport::Run(const Projector& projector) {
  ExportFolded(projector.counters());
  for (uint32_t p = 0; p < log_->partitions(); ++p)
    metrics_->PartitionOwned(p).Set(projector.Owns(p) ? 1 : 0);
  const SaidCounts said = projector.Said();
  ExportSaid(said);
  ExportSilence(projector, said.silences);
}

void MetricsExport::ExportFolded(const ProjectorCounters& counters) {
  Raise(counters.duplicates.load(), &duplicates_, metrics_->EventsFolded("duplicate"));
  Raise(counters.conflicts.load(), &conflicts_, metrics_->EventsFolded("conflict"));
  Raise(counters.folded.load() - duplicates_ - conflicts_, &folded_,
        metrics_->EventsFolded("applied"));
  Raise(counters.ignored_derived.load(), &ignored_, metrics_->IgnoredDerived());
  Raise(counters.ignored_links.load(), &ignored_links_, metrics_->IgnoredLinks());
  Raise(counters.commits.load(), &commits_, metrics_->StoreCommits());
  Raise(counters.puts.load(), &puts_, metrics_->StorePuts());
  Raise(counters.put_bytes.load(), &put_bytes_, metrics_->StorePutBytes());
}

bool MetricsExport::HeadsDue() {
  const absl::Time now = absl::Now();
  if (now - heads_asked_ < kHeadsEvery || asking_.exchange(true)) return false;
  heads_asked_ = now;
  return true;
}

void MetricsExport::ExportHeads(const Projector& projector) {
  const std::vector<int64_t> committed = projector.Committed();
  for (uint32_t p = 0; p < log_->partitions(); ++p) {
    const auto head = log_->HeadOffset(p);
    if (!head.ok()) break;
    metrics_->FoldLag(p).Set(static_cast<double>(*head - committed[p]));
    if (*head <= heads_[p]) continue;
    metrics_->EventsAppended().Increment(static_cast<uint64_t>(*head - heads_[p]));
    heads_[p] = *head;
  }
  asking_.store(false);
}

void MetricsExport::ExportSaid(const SaidCounts& said) {
  for (const auto& [key, count] : said.recommendations) {
    const auto& [policy, kind] = key;
    Raise(count, &said_.recommendations[key],
          metrics_->Recommendations(policy, KindLabel(v1::Recommendation::Kind_Name(kind))));
  }
  for (const auto& [kind, count] : said.alerts) {
    Raise(count, &said_.alerts[kind],
          metrics_->Alerts(KindLabel(v1::RapidQualityReviewAlert::Kind_Name(kind))));
  }
}

void MetricsExport::ExportSilence(const Projector& projector, uint64_t found) {
  const std::map<std::string, uint64_t> silent = projector.SilentFeeds();
  uint64_t all = 0;
  for (const auto& [kind, feeds] : silent) {
    silent_kinds_.insert(kind);
    all += feeds;
  }
  for (const auto& kind : silent_kinds_) {
    const auto it = silent.find(kind);
    metrics_->SilentFeeds(kind).Set(it == silent.end() ? 0 : static_cast<double>(it->second));
  }
  if (found <= said_.silences) return;
  Log(LogLevel::kWarning, "feeds_silent", {{"found", found - said_.silences}, {"silent", all}});
  said_.silences = found;
}

}  // namespace trigpoint
