// Who speaks: every process folds all partitions, and appends what follows only where it owns them.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "projector_impl.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

/// What is appended at once of what was withheld.
constexpr size_t kSayBytes = size_t{4} << 20;

/// Appends that are answered one by one, and waited for together.
struct Answers {
  absl::Mutex mu;
  size_t left = 0;
  std::map<uint32_t, absl::Status> refused;

  /// Blocks until all are answered; gives the refused ones by partition.
  std::map<uint32_t, absl::Status> Wait() {
    const absl::MutexLock lock(&mu);
    mu.Await(absl::Condition(
        +[](size_t* open) { return *open == 0; }, &left));
    return std::move(refused);
  }
};

}  // namespace

void Projector::Own(const std::vector<uint32_t>& partitions) {
  const absl::MutexLock lock(&mu_);
  for (const uint32_t p : partitions) {
    TP_CHECK(p < partitions_.size(), "granted a partition that the log does not have");
    if (partitions_[p]->grant != 0) continue;
    partitions_[p]->grant = ++grants_;
    take_over_due_.store(options_.assess);
  }
}

void Projector::Disown(const std::vector<uint32_t>& partitions) {
  const absl::MutexLock lock(&mu_);
  for (const uint32_t p : partitions) {
    TP_CHECK(p < partitions_.size(), "revoked a partition that the log does not have");
    partitions_[p]->grant = 0;
    Withdraw(p);
  }
  const auto settled = [this, &partitions] {
    mu_.AssertHeld();
    return std::all_of(partitions.begin(), partitions.end(),
                       [this](uint32_t p) { return partitions_[p]->appending == 0; });
  };
  mu_.Await(absl::Condition(&settled));
}

bool Projector::Owns(uint32_t partition) const {
  {
    const absl::MutexLock lock(&mu_);
    if (partition >= partitions_.size() || !partitions_[partition]->speaks) return false;
  }
  return MayAppend(partition);
}

void Projector::OnOwned(std::function<void()> notify) {
  const absl::MutexLock lock(&mu_);
  on_owned_ = std::move(notify);
}

bool Projector::MayAppend(uint32_t partition) const {
  return !options_.may_append || options_.may_append(partition);
}

void Projector::Withdraw(uint32_t partition) {
  Partition& left = *partitions_[partition];
  left.speaks = false;
  left.take_over_at.clear();
  withdrawn_.insert(partition);
  if (left.grant != 0) take_over_due_.store(options_.assess);
}

absl::StatusOr<std::map<uint32_t, uint64_t>> Projector::DueToTakeOver() {
  std::map<uint32_t, uint64_t> due;
  if (!take_over_due_.load()) return due;
  {
    const absl::MutexLock lock(&mu_);
    for (uint32_t p = 0; p < partitions_.size(); ++p) {
      if (partitions_[p]->grant != 0 && !partitions_[p]->speaks) due[p] = partitions_[p]->grant;
    }
  }
  std::erase_if(due, [this](const auto& grant) { return !MayAppend(grant.first); });
  TP_RETURN_IF_ERROR(LookUpHeads(due));
  const absl::MutexLock lock(&mu_);
  std::erase_if(due, [this](const auto& grant) {
    mu_.AssertHeld();
    const Partition& granted = *partitions_[grant.first];
    if (granted.grant != grant.second || granted.take_over_at.empty()) return true;
    // Of all partitions: what is carried to a service lies in others than its predecessor's.
    for (uint32_t p = 0; p < partitions_.size(); ++p) {
      if (partitions_[p]->checkpoint.next_offset() < granted.take_over_at[p]) return true;
    }
    return false;
  });
  return due;
}

absl::Status Projector::LookUpHeads(const std::map<uint32_t, uint64_t>& granted) {
  const auto unknown = [&](const auto& grant) {
    mu_.AssertHeld();
    const Partition& partition = *partitions_[grant.first];
    return partition.grant == grant.second && partition.take_over_at.empty();
  };
  {
    const absl::MutexLock lock(&mu_);
    if (std::none_of(granted.begin(), granted.end(), unknown)) return absl::OkStatus();
  }
  // Asked after the grant: what its predecessor was told is in the log lies below.
  std::vector<int64_t> heads;
  for (uint32_t p = 0; p < log_->partitions(); ++p) {
    const auto head = log_->HeadOffset(p);
    if (absl::IsDataLoss(head.status())) return head.status();
    if (!head.ok()) return absl::OkStatus();  // Later.
    heads.push_back(*head);
  }
  const absl::MutexLock lock(&mu_);
  for (const auto& grant : granted) {
    if (unknown(grant)) partitions_[grant.first]->take_over_at = heads;
  }
  return absl::OkStatus();
}

absl::Status Projector::TakeOver() {
  if (!take_over_due_.load()) return absl::OkStatus();
  TP_ASSIGN_OR_RETURN(const auto due, DueToTakeOver());
  if (due.empty()) return absl::OkStatus();
  // Nothing is said about a log that is not the one that was folded.
  for (uint32_t p = 0; p < log_->partitions(); ++p) TP_RETURN_IF_ERROR(VerifyFolded(p));
  {
    const absl::MutexLock lock(&mu_);
    TakeBack(open_.get());
  }
  TP_RETURN_IF_ERROR(SayWithheld(due));
  std::function<void()> notify;
  {
    const absl::MutexLock lock(&mu_);
    for (const auto& [p, grant] : due) {
      if (partitions_[p]->grant != grant || withdrawn_.count(p) > 0) continue;
      partitions_[p]->speaks = true;
      notify = on_owned_;
    }
    for (auto it = owed_by_others_.begin(); it != owed_by_others_.end();) {
      const bool mine = partitions_[PartitionFor(it->first)]->speaks;
      if (mine) owed_.insert(*it);
      it = mine ? owed_by_others_.erase(it) : std::next(it);
    }
    take_over_due_.store(std::any_of(partitions_.begin(), partitions_.end(),
                                     [](const auto& p) { return p->grant != 0 && !p->speaks; }));
  }
  TP_RETURN_IF_ERROR(CarryAllOwed());
  if (notify) notify();
  return absl::OkStatus();
}

absl::Status Projector::SayWithheld(const std::map<uint32_t, uint64_t>& partitions) {
  Batch batch;
  size_t bytes = 0;
  const auto say = [&](uint32_t p, std::string event) -> absl::Status {
    bytes += event.size();
    batch.derived[p].push_back({.speaker = p, .event = std::move(event)});
    if (bytes < kSayBytes) return absl::OkStatus();
    bytes = 0;
    return AppendDerived(true, &batch);
  };
  for (const auto& [p, grant] : partitions) {
    // Only this thread changes what is late, or a stream.
    const auto late = late_.find(p);
    if (late == late_.end()) continue;
    for (const auto& [key, event] : late->second) TP_RETURN_IF_ERROR(say(p, event));
  }
  for (const auto& [stream_id, chain] : WithheldIn(partitions)) {
    const uint32_t p = PartitionFor(stream_id);
    for (const auto& stored : chain.events())
      TP_RETURN_IF_ERROR(say(p, stored.event().SerializeAsString()));
    if (!chain.events().empty()) continue;
    Entry* entry = nullptr;
    {
      const absl::MutexLock lock(&mu_);
      TP_ASSIGN_OR_RETURN(entry, LoadEntry(p, stream_id));
    }
    if (entry->chain_dropped) TP_RETURN_IF_ERROR(RecallChain(entry));
    for (const auto& event : entry->hot.chain)
      TP_RETURN_IF_ERROR(say(p, event.SerializeAsString()));
  }
  TP_RETURN_IF_ERROR(AppendDerived(true, &batch));
  RefreshSummaries(open_.get());
  return absl::OkStatus();
}

std::map<std::string, v1::StreamChunk> Projector::WithheldIn(
    const std::map<uint32_t, uint64_t>& partitions) const {
  const absl::MutexLock lock(&mu_);
  std::map<std::string, v1::StreamChunk> streams;
  for (const auto& [stream_id, entry] : hot_) {
    if (entry->HoldsChain() && partitions.count(entry->partition) > 0) streams[stream_id];
  }
  for (const auto& [stream_id, chain] : stored_chains_) {
    if (partitions.count(PartitionFor(stream_id)) > 0) streams[stream_id] = chain;
  }
  return streams;
}

absl::Status Projector::RecallChain(Entry* entry) {
  const std::string& stream_id = entry->hot.state.stream_id();
  TP_ASSIGN_OR_RETURN(const auto events, EventsOf(*entry, entry->partition, stream_id, 0,
                                                  entry->hot.state.revision()));
  TP_ASSIGN_OR_RETURN(HotStream owned, FoldAsOwner(entry->hot.state, events,
                                                   *partitions_[entry->partition]->controls));
  const absl::MutexLock lock(&mu_);
  entry->hot.chain = std::move(owned.chain);
  entry->hot.expected = std::move(owned.expected);
  entry->hot.next_timer_us.reset();
  entry->chain_dropped = false;
  Touch(entry, open_.get());
  return absl::OkStatus();
}

absl::Status Projector::VerifyFolded(uint32_t partition) {
  Position next{partition, 0};
  Digest last{};
  {
    const absl::MutexLock lock(&mu_);
    const v1::Checkpoint& folded = partitions_[partition]->checkpoint;
    next.offset = folded.next_offset();
    std::copy_n(folded.last_digest().begin(),
                std::min<size_t>(last.size(), folded.last_digest().size()), last.begin());
  }
  const absl::Status holds = VerifyCheckpoint(*log_, next, last);
  return absl::IsDataLoss(holds) ? holds : absl::OkStatus();  // Else it is asked again later.
}

absl::Status Projector::VerifyDue() {
  // One after the other: what has to be asked of brokers must not hold up the fold for long.
  const absl::Duration each = options_.verify_every / log_->partitions();
  const absl::Time now = absl::Now();
  for (uint32_t looked = 0; looked < log_->partitions() && now - verified_ >= each; ++looked) {
    verified_ = std::max(verified_ + each, now - options_.verify_every);
    TP_RETURN_IF_ERROR(VerifyFolded(verify_next_));
    verify_next_ = (verify_next_ + 1) % log_->partitions();
    if (each == absl::ZeroDuration()) continue;
    const absl::Time seen = absl::Now();
    // Where brokers are slow, at most a tenth of the fold's time goes into it.
    verified_ = std::max(verified_, seen + 9 * (seen - now) - each);
  }
  return absl::OkStatus();
}

std::set<uint32_t> Projector::BeginAppend(bool taking_over, Batch* batch) {
  std::set<uint32_t> speakers;
  for (const auto& [target, events] : batch->derived) {
    for (const auto& derived : events) speakers.insert(derived.speaker);
  }
  std::set<uint32_t> lapsed;
  for (const uint32_t p : speakers) {
    if (!MayAppend(p)) lapsed.insert(p);
  }
  {
    const absl::MutexLock lock(&mu_);
    for (const uint32_t p : lapsed) Withdraw(p);
    std::erase_if(speakers, [this, taking_over](uint32_t p) {
      mu_.AssertHeld();
      const Partition& speaker = *partitions_[p];
      if (!taking_over) return !speaker.speaks;
      return speaker.grant == 0 || withdrawn_.count(p) > 0;  // All that was withheld, or nothing.
    });
    for (const uint32_t p : speakers) ++partitions_[p]->appending;
  }
  for (auto& [target, events] : batch->derived) {
    std::erase_if(
        events, [&speakers](const auto& derived) { return speakers.count(derived.speaker) == 0; });
  }
  std::erase_if(batch->derived, [](const auto& target) { return target.second.empty(); });
  return speakers;
}

void Projector::EndAppend(const std::set<uint32_t>& speakers) {
  const absl::MutexLock lock(&mu_);
  for (const uint32_t p : speakers) --partitions_[p]->appending;
}

absl::Status Projector::AppendDerived(bool taking_over, Batch* batch) {
  while (!batch->derived.empty()) {
    const std::set<uint32_t> speakers = BeginAppend(taking_over, batch);
    auto answers = std::make_shared<Answers>();
    answers->left = batch->derived.size();
    for (const auto& [partition, events] : batch->derived) {
      std::vector<std::string> values;
      values.reserve(events.size());
      for (const auto& derived : events) values.push_back(derived.event);
      log_->Append(partition, std::move(values),
                   [answers, p = partition](const absl::StatusOr<Position>& first) {
                     const absl::MutexLock lock(&answers->mu);
                     if (!first.ok()) answers->refused[p] = first.status();
                     --answers->left;
                   });
    }
    const std::map<uint32_t, absl::Status> refused = answers->Wait();
    EndAppend(speakers);
    std::erase_if(batch->derived,
                  [&refused](const auto& target) { return refused.count(target.first) == 0; });
    for (const auto& [partition, status] : refused) {
      // A full disk or queue is waited for, and brokers that are away; what is appended twice is
      // dropped by its id.
      const bool heals = absl::IsResourceExhausted(status) ||
                         (options_.awaits_brokers && absl::IsUnavailable(status));
      if (!heals || stop_.load()) {
        return Annotate(status, "append recommendations and alerts");
      }
    }
    if (refused.empty()) break;
    // Behind a full queue callers wait; a full disk they are told of.
    if (absl::IsResourceExhausted(log_->Health())) Halt(refused.begin()->second);
    absl::SleepFor(options_.room_pause);
  }
  return absl::OkStatus();
}

}  // namespace trigpoint
