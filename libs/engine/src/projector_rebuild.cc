// A second store beside the first, what differs, and the switch from one to the other.
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "projector_impl.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

/// Events at which the rest is folded while the fold waits: some milliseconds of work.
constexpr uint64_t kNear = 2000;

/// What was still to be said there is that of an earlier moment: a reader goes on with it.
absl::Status LeaveToAReader(uint32_t partitions, Store* store) {
  StoreBatch batch;
  for (uint32_t p = 0; p < partitions; ++p) {
    TP_ASSIGN_OR_RETURN(const auto checkpoint, store->ReadCheckpoint(p));
    if (checkpoint.has_value() && checkpoint->fold_version() != kFoldVersion) {
      return absl::FailedPreconditionError("the other store was folded by version " +
                                           std::to_string(checkpoint->fold_version()) +
                                           ", this is " + std::to_string(kFoldVersion) +
                                           ": the program of that version takes it when it starts");
    }
    batch.PutIndex(kReaderIndex, p, kReaderKey, "");
    TP_RETURN_IF_ERROR(
        store->ScanIndex(kChainIndex, p, "", [&batch, p](std::string_view key, std::string_view) {
          batch.DeleteIndex(kChainIndex, p, key);
          return true;
        }));
  }
  return store->Commit(std::move(batch));
}

std::vector<uint32_t> AllOf(uint32_t partitions) {
  std::vector<uint32_t> all(partitions);
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

}  // namespace

/// What a rebuild asks of the thread that folds.
struct Projector::Switch {
  Projector* shadow;
  Store* next;
  RebuildEnd end;
  StoreComparison* comparison;
  RebuildReport report{};
  absl::Status status{};
  // Guarded by mu_ of the projector.
  bool taken = false;  // By the thread that folds, until done.
  bool done = false;
};

uint64_t Projector::Behind() const {
  uint64_t behind = 0;
  for (uint32_t p = 0; p < log_->partitions(); ++p) {
    const auto head = log_->HeadOffset(p);
    const absl::MutexLock lock(&mu_);
    if (head.ok()) {
      behind += static_cast<uint64_t>(
          std::max<int64_t>(0, *head - partitions_[p]->checkpoint.next_offset()));
    }
  }
  return behind;
}

absl::Status Projector::FoldByPartition() {
  std::vector<Position> next;
  for (uint32_t p = 0; p < log_->partitions(); ++p) {
    Partition& partition = *partitions_[p];
    const auto folded = [this, &partition] {
      const absl::MutexLock lock(&mu_);
      return partition.checkpoint.next_offset();
    };
    TP_ASSIGN_OR_RETURN(const int64_t head, log_->HeadOffset(p));
    TP_RETURN_IF_ERROR(reader_->Assign({{p, folded()}}));
    while (folded() < head) {
      if (ended_ && ended_()) return absl::CancelledError("the node stops");
      TP_RETURN_IF_ERROR(Cycle(0));
    }
    next.push_back({p, folded()});
    if (!ended_) continue;
    // Of a rebuild nobody reads, and none of these services comes again: their memory is free.
    TP_RETURN_IF_ERROR(CommitOpen());
    const absl::MutexLock lock(&mu_);
    hot_.clear();
  }
  return reader_->Assign(std::move(next));
}

absl::StatusOr<Projector::RebuildReport> Projector::Rebuild(Store* next, RebuildEnd end) {
  TP_RETURN_IF_ERROR(LeaveToAReader(log_->partitions(), next));
  ProjectorOptions options = options_;
  options.assess = false;  // What was recommended is in the log.
  TP_ASSIGN_OR_RETURN(const auto shadow, Open(log_, next, options));
  shadow->unhurried_ = true;
  shadow->ended_ = [this] { return cancel_rebuild_.load() || stop_.load(); };
  StoreComparison comparison(store_, next, AllOf(log_->partitions()),
                             StoreComparison::Facts::kCompared);
  // Before anybody waits; what comes meanwhile is little.
  while (shadow->Behind() > kNear) TP_RETURN_IF_ERROR(shadow->FoldByPartition());
  TP_RETURN_IF_ERROR(shadow->CommitOpen());
  TP_RETURN_IF_ERROR(comparison.LookAhead(shadow->ended_));
  while (shadow->Behind() > kNear) TP_RETURN_IF_ERROR(shadow->FoldByPartition());
  TP_RETURN_IF_ERROR(shadow->CommitOpen());
  Switch asked{.shadow = shadow.get(), .next = next, .end = end, .comparison = &comparison};
  absl::MutexLock lock(&mu_);
  if (switch_ != nullptr) return absl::AbortedError("another rebuild is under way");
  switch_ = &asked;
  const auto over = [this, &asked] {
    mu_.AssertHeld();
    return asked.done || (!asked.taken && (dead_ || stop_.load() || cancel_rebuild_.load()));
  };
  // A flag set without the lock is seen at the next look.
  while (!mu_.AwaitWithTimeout(absl::Condition(&over), absl::Milliseconds(200))) {
  }
  switch_ = nullptr;
  if (!asked.done) return absl::CancelledError("the node stops, or folds no more");
  TP_RETURN_IF_ERROR(asked.status);
  return asked.report;
}

absl::Status Projector::SwitchIfAsked() {
  Switch* asked = nullptr;
  {
    const absl::MutexLock lock(&mu_);
    if (switch_ == nullptr || switch_->done) return absl::OkStatus();
    asked = switch_;
    asked->taken = true;
  }
  // It belongs to the store that goes.
  absl::Status committed = CommitOpen();
  absl::Status status = committed;
  if (status.ok()) status = Meet(asked);
  if (status.ok() && asked->end == RebuildEnd::kSwitch) {
    status = SwitchTo(asked->shadow, asked->next);
    asked->report.switched = status.ok();
  }
  const absl::MutexLock lock(&mu_);
  asked->status = std::move(status);
  asked->done = true;
  return committed;
}

absl::Status Projector::Meet(Switch* asked) {
  Projector* shadow = asked->shadow;
  {
    const absl::MutexLock lock(&mu_);
    for (const auto& partition : partitions_)
      shadow->fold_until_.push_back(partition->checkpoint.next_offset());
  }
  const auto short_of_it = [shadow] {
    for (size_t p = 0; p < shadow->fold_until_.size(); ++p) {
      if (shadow->partitions_[p]->checkpoint.next_offset() < shadow->fold_until_[p]) return true;
    }
    return false;
  };
  while (short_of_it()) TP_RETURN_IF_ERROR(shadow->Cycle(10));
  TP_RETURN_IF_ERROR(shadow->CommitOpen());
  {
    const absl::MutexLock lock(&mu_);
    for (size_t p = 0; p < partitions_.size(); ++p) {
      const v1::Checkpoint& mine = partitions_[p]->checkpoint;
      const v1::Checkpoint& theirs = shadow->partitions_[p]->checkpoint;
      if (mine.next_offset() != theirs.next_offset() ||
          mine.rolling_hash() != theirs.rolling_hash()) {
        return absl::DataLossError("partition " + std::to_string(p) +
                                   " was folded from other records than the log holds now");
      }
      asked->report.events += theirs.events_folded();
    }
  }
  // The folding thread is here, so neither store is written; reads go on.
  TP_RETURN_IF_ERROR(asked->comparison->Compare());
  asked->report.changed = asked->comparison->differing();
  asked->report.differences = asked->comparison->differences();
  return absl::OkStatus();
}

absl::Status Projector::SwitchTo(Projector* shadow, Store* next) {
  const absl::MutexLock lock(&mu_);
  // What waits to come back from the log stays in memory; the rest is read anew when it is needed.
  StoreBatch chains;
  for (const auto& [stream_id, chain] : stored_chains_)
    chains.PutIndex(kChainIndex, PartitionFor(stream_id), stream_id, chain.SerializeAsString());
  for (auto it = hot_.begin(); it != hot_.end();) {
    if (it->second->HoldsChain()) {
      chains.PutIndex(kChainIndex, it->second->partition, it->first,
                      ChunkOf(it->second->hot.chain).SerializeAsString());
      ++it;
    } else {
      hot_.erase(it++);
    }
  }
  if (assessed_) {
    for (uint32_t p = 0; p < partitions_.size(); ++p)
      chains.DeleteIndex(kReaderIndex, p, kReaderKey);
  }
  // Before anything is exchanged: it may fail.
  TP_RETURN_IF_ERROR(next->Commit(std::move(chains)));
  for (const auto& [stream_id, entry] : hot_)
    TP_RETURN_IF_ERROR(shadow->LoadEntry(entry->partition, stream_id).status());
  for (auto& [stream_id, entry] : hot_) {
    entry->stored_timer_us = shadow->hot_.at(stream_id)->stored_timer_us;
    entry->chain_stored = entry->HoldsChain();
    entry->summary = nullptr;
    // The reports lie otherwise there.
    entry->stored = StoredState();
  }
  store_->Swap(*next);
  summaries_ = shadow->summaries_;
  silences_ = shadow->silences_;
  silent_ = shadow->silent_;
  bound_ = shadow->bound_;
  backfills_ = shadow->backfills_;
  return absl::OkStatus();
}

}  // namespace trigpoint
