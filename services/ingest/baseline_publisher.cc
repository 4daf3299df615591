#include "services/ingest/baseline_publisher.h"

#include <string>

#include "services/ingest/directory.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/events/times.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

constexpr int kWindowDays = 365;

struct Tally {
  uint32_t providers = 0;
  double bed_days = 0;
  std::map<v1::SourceFamily, uint64_t> clusters;
};

/// A cluster counts once in each family that reported it.
void AddClusters(const v1::ProviderState& state, int64_t now_us, Tally* tally) {
  const ClusterView clusters(state);
  for (int number = 1; number < v1::SourceFamily_ARRAYSIZE; ++number) {
    if (!v1::SourceFamily_IsValid(number)) continue;
    const auto family = static_cast<v1::SourceFamily>(number);
    tally->clusters[family] +=
        clusters.Count(now_us - kWindowDays * kMicrosPerDay, now_us, {&family, 1});
  }
}

/// Whether what is known of the service counts for one that followed it: a house under two
/// registrations is one peer, and the later one stands for it.
bool GoesOnElsewhere(const Projector& projector, const std::string& stream_id) {
  for (const Succession& link : projector.LinksOf(stream_id)) {
    if (link.ignored || link.pair.first != stream_id) continue;
    const auto successor = projector.Read(link.pair.second);
    if (!successor.ok()) continue;
    const v1::Inheritance* inherited = FindInheritance(successor->record, stream_id);
    if (inherited != nullptr && Counts(inherited->standing())) return true;
  }
  return false;
}

v1::PeerBaselinePublished ToBaseline(v1::ServiceType type, const Tally& tally, int64_t now_us) {
  v1::PeerBaselinePublished baseline;
  baseline.set_service_type(type);
  SetMicros(now_us, baseline.mutable_window_end());
  baseline.set_window_days(kWindowDays);
  SetMicros(now_us + kControlAheadUs, baseline.mutable_effective_from());
  for (int number = 1; number < v1::SourceFamily_ARRAYSIZE; ++number) {
    if (!v1::SourceFamily_IsValid(number)) continue;
    // Also of a family that nobody reported: none in so many bed days is an answer.
    const auto family = static_cast<v1::SourceFamily>(number);
    const auto it = tally.clusters.find(family);
    auto* rate = baseline.add_rates();
    rate->set_family(family);
    rate->set_events(it == tally.clusters.end() ? 0 : it->second);
    rate->set_exposure(tally.bed_days);
    rate->set_providers(tally.providers);
  }
  return baseline;
}

}  // namespace

absl::StatusOr<BaselinePublisher::Baselines> BaselinePublisher::Count(int64_t now_us) const {
  std::map<v1::ServiceType, Tally> tallies;
  for (const auto& summary : projector_->Summaries()) {
    if (summary.beds() == 0 || GoesOnElsewhere(*projector_, summary.stream_id())) continue;
    TP_ASSIGN_OR_RETURN(const StreamAsOf service, projector_->Read(summary.stream_id()));
    Tally& tally = tallies[summary.service_type()];
    ++tally.providers;
    tally.bed_days += static_cast<double>(summary.beds()) * kWindowDays;
    AddClusters(service.state, now_us, &tally);
  }
  Baselines baselines;
  for (const auto& [type, tally] : tallies) baselines[type] = ToBaseline(type, tally, now_us);
  return baselines;
}

absl::StatusOr<int> BaselinePublisher::Publish() {
  const absl::MutexLock lock(&one_at_a_time_);
  TP_ASSIGN_OR_RETURN(const Baselines counted, Count(writer_->Now()));
  int published = 0;
  for (const auto& [type, baseline] : counted) {
    // The count may have taken long: it takes effect ahead of this append.
    const int64_t now_us = writer_->Now();
    v1::Event event;
    event.set_source(std::string(kControlSource));
    event.set_id("baseline/" + v1::ServiceType_Name(type) + "/" + FormatInstant(now_us));
    event.set_source_version(1);
    *event.mutable_peer_baseline_published() = baseline;
    SetMicros(now_us + kControlAheadUs,
              event.mutable_peer_baseline_published()->mutable_effective_from());
    TP_RETURN_IF_ERROR(controls_->Publish(std::move(event)));
    ++published;
  }
  Log(LogLevel::kInfo, "baselines_published", {{"baselines", published}});
  return published;
}

}  // namespace trigpoint
