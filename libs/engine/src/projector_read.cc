// Reads of the projector: thread-safe beside the fold.
#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "projector_impl.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/events/times.h"

namespace trigpoint {

std::optional<std::string> Projector::StreamOf(const std::string& scheme,
                                               const std::string& value) const {
  const absl::MutexLock lock(&mu_);
  const auto it = bound_.find({scheme, value});
  return it == bound_.end() ? std::nullopt : std::optional(it->second);
}

bool Projector::HasStream(const std::string& stream_id) const {
  const absl::MutexLock lock(&mu_);
  return hot_.count(stream_id) > 0 || summaries_.count(stream_id) > 0;
}

absl::StatusOr<StreamAsOf> Projector::Read(const std::string& stream_id) const {
  {
    const absl::MutexLock lock(&mu_);
    const auto it = hot_.find(stream_id);
    if (it != hot_.end() && it->second->hot.state.revision() > 0) {
      return StreamAsOf{.state = it->second->hot.state, .record = it->second->hot.record};
    }
  }
  const uint32_t p = PartitionFor(stream_id);
  TP_ASSIGN_OR_RETURN(auto state, StoredState::Read(*store_, p, stream_id));
  if (!state.has_value()) return absl::NotFoundError("no provider " + stream_id);
  TP_ASSIGN_OR_RETURN(auto record, store_->ReadRecord(p, stream_id));
  StreamAsOf found{.state = *std::move(state), .record = {}};
  if (record.has_value() && !found.record.ParseFromString(*record)) {
    return absl::DataLossError("the record of stream " + stream_id + " is damaged");
  }
  return found;
}

absl::StatusOr<v1::ProviderSummary> Projector::ReadSummary(const std::string& stream_id) const {
  const absl::MutexLock lock(&mu_);
  const auto it = summaries_.find(stream_id);
  if (it == summaries_.end()) return absl::NotFoundError("no provider " + stream_id);
  return it->second;
}

absl::StatusOr<std::vector<v1::StoredEvent>> Projector::ReadEvents(const std::string& stream_id,
                                                                   uint64_t from,
                                                                   uint64_t to) const {
  const uint32_t p = PartitionFor(stream_id);
  {
    const absl::MutexLock lock(&mu_);
    const auto it = hot_.find(stream_id);
    if (it != hot_.end()) return EventsOf(*it->second, p, stream_id, from, to);
  }
  return store_->ReadStream(p, stream_id, from, to);
}

absl::StatusOr<StreamAsOf> Projector::ReadAsOf(const std::string& stream_id,
                                               const AsOf& as_of) const {
  TP_ASSIGN_OR_RETURN(const auto events, ReadEvents(stream_id, 0, UINT64_MAX));
  TP_ASSIGN_OR_RETURN(StreamAsOf found,
                      FoldAsOf(stream_id, events, *ControlsFor(stream_id), as_of));
  if (found.state.revision() == 0)
    return absl::NotFoundError("nothing was known of " + stream_id + " then");
  return found;
}

std::shared_ptr<const Controls> Projector::ControlsFor(const std::string& stream_id) const {
  const absl::MutexLock lock(&mu_);
  return partitions_[PartitionFor(stream_id)]->controls;
}

std::shared_ptr<const Controls> Projector::ControlsOfPartition(uint32_t partition) const {
  const absl::MutexLock lock(&mu_);
  return partitions_[partition]->controls;
}

std::string Projector::BackfillOf(const std::string& stream_id) const {
  const absl::MutexLock lock(&mu_);
  const auto it = backfills_.find(stream_id);
  return it == backfills_.end() ? std::string() : it->second;
}

SaidCounts Projector::Said() const {
  const absl::MutexLock lock(&mu_);
  return said_;
}

uint64_t Projector::BackfillCount() const {
  const absl::MutexLock lock(&mu_);
  return backfills_.size();
}

std::vector<Projector::SilentService> Projector::SilentServices() const {
  const absl::MutexLock lock(&mu_);
  std::vector<SilentService> all;
  all.reserve(silences_.size());
  for (const auto& [stream_id, feeds] : silences_)
    all.push_back({.stream_id = stream_id, .feeds = feeds});
  return all;
}

std::map<std::string, uint64_t> Projector::SilentFeeds() const {
  const absl::MutexLock lock(&mu_);
  return silent_;
}

std::vector<v1::ProviderSummary> Projector::Summaries() const {
  const absl::MutexLock lock(&mu_);
  std::vector<v1::ProviderSummary> all;
  all.reserve(summaries_.size());
  for (const auto& [stream_id, summary] : summaries_) all.push_back(summary);
  return all;
}

uint64_t Projector::ProviderCount() const {
  const absl::MutexLock lock(&mu_);
  return summaries_.size();
}

std::vector<v1::Event> Projector::WaitingFor(const std::string& scheme,
                                             const std::string& value) const {
  std::vector<v1::Event> events;
  const std::string prefix = JoinKey({scheme, value}) + '\0';
  for (uint32_t p = 0; p < provider_partitions(); ++p) {
    const auto status = store_->ScanIndex(
        kWaitingIndex, p, prefix, [&](std::string_view key, std::string_view bytes) {
          if (!key.starts_with(prefix)) return false;
          v1::HeldSubmission held;
          if (held.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
            events.push_back(held.event());
          return true;
        });
    if (!status.ok()) break;
  }
  return events;
}

std::vector<v1::Event> Projector::AllWaiting() const {
  std::vector<v1::Event> events;
  for (uint32_t p = 0; p < provider_partitions(); ++p) {
    const auto status =
        store_->ScanIndex(kWaitingIndex, p, "", [&](std::string_view, std::string_view bytes) {
          v1::HeldSubmission held;
          if (held.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
            events.push_back(held.event());
          return true;
        });
    if (!status.ok()) break;
  }
  return events;
}

bool Projector::HasQuarantined(const std::string& source_stream,
                               const std::string& quarantine_id) const {
  bool found = false;
  const auto status = store_->ScanIndex(kQuarantineIndex, PartitionFor(source_stream),
                                        quarantine_id, [&](std::string_view key, std::string_view) {
                                          found = key == quarantine_id;
                                          return false;
                                        });
  return status.ok() && found;
}

namespace {

/// Adds to a quarantined submission what became of it.
void Join(const Store& store, uint32_t partition, const std::string& quarantine_id,
          v1::HeldSubmission* held) {
  const auto status = store.ScanIndex(
      kResolvedIndex, partition, quarantine_id, [&](std::string_view key, std::string_view bytes) {
        v1::Event event;
        if (key == quarantine_id &&
            event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          *held->mutable_resolved() = event.quarantine_resolved();
          held->set_resolved_us(ToMicros(event.received_at()));
        }
        return false;
      });
  if (!status.ok()) held->clear_resolved();  // Open: it is looked at once more, not lost.
}

}  // namespace

std::vector<v1::HeldSubmission> Projector::Quarantined(const QuarantineQuery& query,
                                                       const std::string& after,
                                                       size_t limit) const {
  std::vector<v1::HeldSubmission> all;
  for (uint32_t p = 0; p < provider_partitions(); ++p) {
    size_t taken = 0;
    const auto status = store_->ScanIndex(
        kQuarantineIndex, p, after, [&](std::string_view key, std::string_view bytes) {
          v1::HeldSubmission held;
          if (key == after || !held.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
            return true;
          const auto& quarantined = held.event().submission_quarantined();
          if (!query.source.empty() && quarantined.submitted_source() != query.source) return true;
          Join(*store_, p, quarantined.quarantine_id(), &held);
          if (held.has_resolved() && !query.resolved) return true;
          all.push_back(std::move(held));
          return ++taken < limit;
        });
    if (!status.ok()) break;
  }
  std::sort(all.begin(), all.end(), [](const v1::HeldSubmission& a, const v1::HeldSubmission& b) {
    return a.event().submission_quarantined().quarantine_id() <
           b.event().submission_quarantined().quarantine_id();
  });
  if (all.size() > limit) all.resize(limit);
  return all;
}

uint64_t Projector::QuarantinedCount(const QuarantineQuery& query) const {
  return Quarantined(query, "", SIZE_MAX).size();
}

std::optional<v1::HeldSubmission> Projector::FindQuarantined(
    const std::string& quarantine_id) const {
  std::optional<v1::HeldSubmission> found;
  for (uint32_t p = 0; p < provider_partitions() && !found.has_value(); ++p) {
    const auto status = store_->ScanIndex(
        kQuarantineIndex, p, quarantine_id, [&](std::string_view key, std::string_view bytes) {
          v1::HeldSubmission held;
          if (key == quarantine_id &&
              held.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
            Join(*store_, p, quarantine_id, &held);
            found = std::move(held);
          }
          return false;
        });
    if (!status.ok()) break;
  }
  return found;
}

std::vector<std::string> Projector::StreamsWith(const std::string& source,
                                                const std::string& id) const {
  auto streams = store_->FindStreams(provider_partitions(), source, id);
  return streams.ok() ? *std::move(streams) : std::vector<std::string>();
}

absl::StatusOr<std::vector<Projector::AlertPosition>> Projector::AlertsFrom(Position from,
                                                                            size_t limit) const {
  char key[24];
  std::snprintf(key, sizeof key, "%020" PRId64, from.offset);
  std::vector<AlertPosition> alerts;
  TP_RETURN_IF_ERROR(store_->ScanIndex(
      kAlertIndex, from.partition, key, [&](std::string_view offset, std::string_view value) {
        const size_t split = value.find('\0');
        alerts.push_back({.position = {from.partition, std::stoll(std::string(offset))},
                          .stream_id = std::string(value.substr(0, split)),
                          .alert_id = std::string(value.substr(split + 1))});
        return alerts.size() < limit;
      }));
  return alerts;
}

std::vector<int64_t> Projector::Committed() const {
  const absl::MutexLock lock(&mu_);
  std::vector<int64_t> committed;
  for (const auto& partition : partitions_) committed.push_back(partition->committed);
  return committed;
}

std::vector<int64_t> Projector::Folded() const {
  const absl::MutexLock lock(&mu_);
  std::vector<int64_t> folded;
  for (const auto& partition : partitions_) folded.push_back(partition->shown);
  return folded;
}

void Projector::OnAlerts(std::function<void()> notify) {
  const absl::MutexLock lock(&mu_);
  on_alerts_ = std::move(notify);
}

void Projector::OnBindings(std::function<void(std::vector<v1::SubjectRef>)> notify) {
  const absl::MutexLock lock(&mu_);
  on_bindings_ = std::move(notify);
}

void Projector::OnBackfillsEnded(std::function<void()> notify) {
  const absl::MutexLock lock(&mu_);
  on_backfills_ended_ = std::move(notify);
}

std::vector<std::pair<int64_t, std::string>> Projector::DueTimers(int64_t due_us,
                                                                  size_t limit) const {
  std::vector<std::pair<int64_t, std::string>> due;
  for (uint32_t p = 0; p < provider_partitions(); ++p) {
    size_t taken = 0;
    const auto status = store_->ScanTimers(p, due_us, [&](int64_t at, std::string_view stream_id) {
      due.emplace_back(at, std::string(stream_id));
      return ++taken < limit;
    });
    if (!status.ok()) break;
  }
  std::sort(due.begin(), due.end());
  return due;
}

std::string Projector::Fingerprint(uint32_t partition) const {
  const absl::MutexLock lock(&mu_);
  return HexEncode(partitions_[partition]->checkpoint.rolling_hash());
}

}  // namespace trigpoint
