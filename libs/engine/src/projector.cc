#include "trigpoint/engine/projector.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/time/clock.h"
#include "projector_impl.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/engine/summary.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/log/partition.h"
#include "trigpoint/policy/instants.h"
#include "wire.h"

namespace trigpoint {
namespace {

std::string OffsetKey(int64_t offset) {
  char text[24];
  std::snprintf(text, sizeof text, "%020" PRId64, offset);
  return text;
}

/// Records, or streams, that are worked on under the lock before readers get in between.
constexpr size_t kSlice = 32;
/// How long what is folded may wait for its commit under load: a busy service is then written once
/// and not with each of its events. A crash folds it again from the log.
constexpr absl::Duration kCommitAfter = absl::Milliseconds(50);
/// What is folded is held in memory until then.
constexpr size_t kCommitBytes = size_t{32} << 20;
/// How long it waits when nothing more comes.
constexpr absl::Duration kCommitIdle = absl::Milliseconds(2);

void Roll(const Record& record, v1::Checkpoint* checkpoint) {
  const Digest digest = DigestOf(record.value);
  checkpoint->mutable_last_digest()->assign(digest.begin(), digest.end());
  const Sha256Digest rolled = Sha256(checkpoint->rolling_hash() + checkpoint->last_digest());
  checkpoint->mutable_rolling_hash()->assign(rolled.begin(), rolled.end());
  checkpoint->set_next_offset(record.position.offset + 1);
}

}  // namespace

void OpenChunk::Append(uint64_t revision, int64_t known_us, std::string_view event) {
  if (events_ == 0) first_revision_ = revision;
  ++events_;
  v1::StoredEvent stored;
  stored.set_revision(revision);
  stored.set_known_us(known_us);
  std::string body = stored.SerializeAsString();
  AppendHead(v1::StoredEvent::kEventFieldNumber, event.size(), &body);
  AppendHead(v1::StreamChunk::kEventsFieldNumber, body.size() + event.size(), &encoded_);
  encoded_.append(body).append(event);
}

absl::Status OpenChunk::ReadInto(uint64_t from, uint64_t to,
                                 std::vector<v1::StoredEvent>* events) const {
  v1::StreamChunk chunk;
  if (!chunk.ParseFromString(encoded_)) return absl::DataLossError("an open chunk is damaged");
  for (auto& stored : *chunk.mutable_events()) {
    if (stored.revision() >= from && stored.revision() < to) events->push_back(std::move(stored));
  }
  return absl::OkStatus();
}

OpenChunk::OpenChunk(const v1::StreamChunk& chunk)
    : first_revision_(chunk.events_size() == 0 ? 0 : chunk.events(0).revision()),
      events_(chunk.events_size()),
      encoded_(chunk.SerializeAsString()) {}

v1::StreamChunk ChunkOf(const std::deque<v1::Event>& chain) {
  v1::StreamChunk chunk;
  for (const auto& event : chain) *chunk.add_events()->mutable_event() = event;
  return chunk;
}

std::string JoinKey(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const auto* part = parts.begin(); part != parts.end(); ++part) {
    if (part != parts.begin())
      key.push_back('\0');  // Also after an empty part: an id may have no subject.
    key.append(*part);
  }
  return key;
}

Projector::Projector(EventLog* log, Store* store, const ProjectorOptions& options)
    : log_(log), store_(store), options_(options), open_(std::make_unique<Batch>()) {}

Projector::~Projector() { Stop(); }

absl::StatusOr<std::unique_ptr<Projector>> Projector::Open(EventLog* log, Store* store,
                                                           const ProjectorOptions& options) {
  if (log->partitions() < 2) {
    return absl::InvalidArgumentError(
        "the log needs a control partition beside its provider partitions");
  }
  std::unique_ptr<Projector> projector(new Projector(log, store, options));
  TP_RETURN_IF_ERROR(projector->Load());
  return projector;
}

absl::Status Projector::Load() {
  const absl::MutexLock lock(&mu_);
  assessed_ = options_.assess;
  take_over_due_.store(options_.sole && options_.assess);
  std::vector<Position> next;
  for (uint32_t p = 0; p < log_->partitions(); ++p) {
    auto& partition = *partitions_.emplace_back(std::make_unique<Partition>());
    if (options_.sole) partition.grant = ++grants_;
    TP_ASSIGN_OR_RETURN(auto checkpoint, store_->ReadCheckpoint(p));
    if (checkpoint.has_value()) {
      partition.checkpoint = *checkpoint;
      if (checkpoint->fold_version() != kFoldVersion) {
        return absl::UnimplementedError("the store was folded by version " +
                                        std::to_string(checkpoint->fold_version()) + ", this is " +
                                        std::to_string(kFoldVersion));
      }
      if (checkpoint->next_offset() > 0) {
        Digest last{};
        std::copy_n(checkpoint->last_digest().begin(),
                    std::min<size_t>(last.size(), checkpoint->last_digest().size()), last.begin());
        TP_RETURN_IF_ERROR(VerifyCheckpoint(*log_, {p, checkpoint->next_offset()}, last));
      }
    }
    TP_ASSIGN_OR_RETURN(const auto by_reader, store_->ReadIndex(kReaderIndex, p, kReaderKey));
    partition.by_reader = by_reader.has_value();
    if (partition.by_reader && options_.assess) {
      return absl::UnimplementedError(
          "the store was folded by a reader, which does not keep what is still to be recommended");
    }
    partition.checkpoint.set_fold_version(kFoldVersion);
    partition.committed = partition.checkpoint.next_offset();
    partition.shown = partition.committed;
    next.push_back({p, partition.committed});
    TP_ASSIGN_OR_RETURN(auto control, store_->ReadControl(p));
    if (control.has_value()) {
      v1::ControlState state;
      Controls controls;
      if (!state.ParseFromString(*control))
        return absl::DataLossError("control state of a partition is damaged");
      for (const auto& event : state.controls()) TP_RETURN_IF_ERROR(controls.Add(event));
      partition.controls = std::make_shared<const Controls>(std::move(controls));
    }
    TP_RETURN_IF_ERROR(
        store_->ScanIndex(kSummaryIndex, p, "", [this](std::string_view, std::string_view value) {
          v1::ProviderSummary summary;
          if (summary.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
            summaries_[summary.stream_id()] = std::move(summary);
          }
          return true;
        }));
    TP_RETURN_IF_ERROR(store_->ScanIndex(kBackfillIndex, p, "",
                                         [this](std::string_view key, std::string_view value) {
                                           backfills_[std::string(key)] = std::string(value);
                                           return true;
                                         }));
    TP_RETURN_IF_ERROR(store_->ScanIndex(
        kSilenceIndex, p, "", [this](std::string_view key, std::string_view value) {
          v1::ProviderRecord silent;
          if (silent.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
            NoteSilences(std::string(key), silent);
          }
          return true;
        }));
    TP_RETURN_IF_ERROR(store_->ScanIndex(kLateIndex, p, "",
                                         [this, p](std::string_view key, std::string_view value) {
                                           late_[p].emplace(key, value);
                                           return true;
                                         }));
    bool readable = true;
    TP_RETURN_IF_ERROR(
        store_->ScanIndex(kChainIndex, p, "", [&](std::string_view key, std::string_view value) {
          v1::StreamChunk& chain = stored_chains_[std::string(key)];
          return readable = chain.ParseFromArray(value.data(), static_cast<int>(value.size()));
        }));
    if (!readable)
      return absl::DataLossError("derived events of partition " + std::to_string(p) +
                                 " are damaged");
  }
  TP_RETURN_IF_ERROR(store_->ScanIndex(
      kBindingIndex, control_partition(), "", [this](std::string_view key, std::string_view value) {
        const size_t split = key.find('\0');
        bound_[{std::string(key.substr(0, split)), std::string(key.substr(split + 1))}] =
            std::string(value);
        return true;
      }));
  TP_RETURN_IF_ERROR(LoadLinks());
  reader_ = log_->NewReader();
  return reader_->Assign(std::move(next));
}

uint32_t Projector::PartitionFor(std::string_view stream_id) const {
  return PartitionOf(stream_id, provider_partitions());
}

absl::Status Projector::CatchUp() {
  {
    const absl::MutexLock lock(&mu_);
    for (uint32_t p = 0; p < partitions_.size(); ++p) Withdraw(p);
    TakeBack(open_.get());
  }
  TP_RETURN_IF_ERROR(DueToTakeOver().status());  // Looks up the heads.
  unhurried_ = true;
  // Where others append, too, there is always more: what comes now is folded after the start.
  do {
    if (Behind() == 0) break;
    TP_RETURN_IF_ERROR(FoldByPartition());
  } while (options_.sole);
  TP_RETURN_IF_ERROR(CommitOpen());
  unhurried_ = false;
  return TakeOver();
}

absl::Status Projector::Start() {
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void Projector::Stop() {
  stop_.store(true);
  if (thread_.joinable()) thread_.join();
}

absl::Status Projector::Health() const {
  const absl::MutexLock lock(&mu_);
  return health_;
}

void Projector::Run() {
  while (!stop_.load()) {
    const absl::Status status = Round(50);
    if (status.ok()) continue;
    {
      const absl::MutexLock lock(&mu_);
      dead_ = true;
    }
    Halt(status);
    return;
  }
  CommitOpen().IgnoreError();  // What is not written is folded again at the next start.
}

absl::Status Projector::Step() { return Round(0); }

absl::Status Projector::Round(int64_t timeout_ms) {
  TP_RETURN_IF_ERROR(VerifyDue());
  TP_RETURN_IF_ERROR(TakeOver());
  TP_RETURN_IF_ERROR(Cycle(timeout_ms));
  return SwitchIfAsked();
}

void Projector::Halt(const absl::Status& why) {
  std::vector<std::function<void(absl::StatusOr<FoldOutcome>)>>
      waiters;  // Called without the lock: they may read.
  {
    const absl::MutexLock lock(&mu_);
    health_ = why;
    stalled_.store(!dead_);
    for (auto& partition : partitions_) {
      for (auto& [offset, waiting] : partition->waiters) {
        for (auto& done : waiting) waiters.push_back(std::move(done));
      }
      partition->waiters.clear();
    }
  }
  for (auto& done : waiters) done(why);
}

absl::Status Projector::Cycle(int64_t timeout_ms) {
  // What is folded waits for its commit only while there is more to fold soon.
  const absl::Duration timeout =
      open_->partitions.empty() ? absl::Milliseconds(timeout_ms) : kCommitIdle;
  auto polled = reader_->Poll(options_.batch_records_max, timeout);
  while (absl::IsResourceExhausted(polled.status()) && !stop_.load()) {
    Halt(polled.status());
    absl::SleepFor(options_.room_pause);
    polled = reader_->Poll(options_.batch_records_max, timeout);
  }
  TP_ASSIGN_OR_RETURN(const std::vector<Record> records, std::move(polled));
  if (records.empty()) {
    TP_RETURN_IF_ERROR(CommitOpen());
    if (Stalled()) GoOn();
    return absl::OkStatus();
  }
  Batch& batch = *open_;
  if (batch.records == 0) batch.since = absl::Now();
  batch.records += records.size();
  for (const Record& record : records) batch.bytes += record.value.size();
  for (size_t start = 0; start < records.size(); start += kSlice) {
    const size_t end = std::min(records.size(), start + kSlice);
    const absl::MutexLock lock(&mu_);
    for (size_t i = start; i < end; ++i) TP_RETURN_IF_ERROR(FoldNext(records[i], &batch));
  }
  {
    const absl::MutexLock lock(&mu_);
    TakeBack(&batch);
    TP_RETURN_IF_ERROR(CarryOwed(owed_.size(), &batch));
  }
  RefreshSummaries(&batch);
  // The log is durable and the fold has one result: callers may know it before the store has
  // written it.
  Resolve(&batch);
  TP_RETURN_IF_ERROR(AppendDerived(false, &batch));
  {
    const absl::MutexLock lock(&mu_);
    TakeBack(&batch);
  }
  const bool full =
      batch.bytes >= kCommitBytes ||
      batch.records >= (unhurried_ ? options_.catch_up_records_max : options_.batch_records_max);
  const bool awaited = !unhurried_ && (batch.at_once || absl::Now() - batch.since >= kCommitAfter);
  return full || awaited ? CommitOpen() : absl::OkStatus();
}

void Projector::RefreshSummaries(Batch* batch) {
  for (size_t start = 0; start < batch->changed.size(); start += kSlice) {
    const size_t end = std::min(batch->changed.size(), start + kSlice);
    const absl::MutexLock lock(&mu_);
    for (size_t i = start; i < end; ++i) {
      Entry& entry = *batch->changed[i];
      HotStream& stream = entry.hot;
      if (entry.summary == nullptr) entry.summary = &summaries_[stream.state.stream_id()];
      const int64_t known_us = stream.state.known_us();
      Summarise(stream.state, stream.record,
                stream.InForceAt(*partitions_[entry.partition]->controls, known_us),
                stream.CacheFor(known_us), entry.summary);
      entry.changed = false;
    }
  }
  batch->changed.clear();
  const absl::MutexLock lock(&mu_);
  for (const uint32_t p : batch->partitions)
    partitions_[p]->shown = partitions_[p]->checkpoint.next_offset();
}

absl::Status Projector::CommitOpen() {
  // A chain that was worked out anew changes a stream without an event.
  if (open_->partitions.empty() && open_->streams.empty()) return absl::OkStatus();
  TP_RETURN_IF_ERROR(Commit(open_.get()));
  Settle(open_.get());
  Batch next;
  next.store = std::move(open_->store);  // Its memory is used again.
  *open_ = std::move(next);
  return absl::OkStatus();
}

absl::Status Projector::FoldNext(const Record& record, Batch* batch) {
  auto& partition = *partitions_[record.position.partition];
  if (record.position.offset < partition.checkpoint.next_offset()) return absl::OkStatus();
  if (!fold_until_.empty() && record.position.offset >= fold_until_[record.position.partition])
    return absl::OkStatus();
  if (record.position.offset > partition.checkpoint.next_offset()) {
    return absl::DataLossError("the log skipped from offset " +
                               std::to_string(partition.checkpoint.next_offset()) + " to " +
                               std::to_string(record.position.offset) + " in partition " +
                               std::to_string(record.position.partition));
  }
  TP_RETURN_IF_ERROR(FoldRecord(record, batch));
  Roll(record, &partition.checkpoint);
  partition.checkpoint.set_events_folded(partition.checkpoint.events_folded() + 1);
  batch->partitions.insert(record.position.partition);
  counters_.folded.fetch_add(1, std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status Projector::FoldRecord(const Record& record, Batch* batch) {
  v1::Event& event = event_;  // Its strings keep their room from record to record.
  if (!event.ParseFromString(record.value)) {
    return absl::DataLossError("partition " + std::to_string(record.position.partition) +
                               " offset " + std::to_string(record.position.offset) +
                               " holds no event");
  }
  if (KindOf(event) == nullptr) {
    return absl::UnimplementedError(
        "partition " + std::to_string(record.position.partition) + " offset " +
        std::to_string(record.position.offset) +
        " holds an event of a kind that this version does not know; the partition stops");
  }
  // What others look up in the store, and not in memory.
  const bool control =
      record.position.partition == control_partition() && !event.has_binding_proposed();
  batch->at_once = batch->at_once || control || event.has_deadline_passed() ||
                   event.has_day_started() || event.stream_id().starts_with(kSourceStreamPrefix);
  if (record.position.partition == control_partition())
    return FoldControlPartition(event, record, batch);
  if (IsControl(event)) {
    return FoldControlCopy(event, record, batch);
  }
  if (event.stream_id().starts_with(kSourceStreamPrefix)) return FoldSource(event, record, batch);
  return FoldProvider(event, record, batch);
}

absl::Status Projector::FoldControlPartition(const v1::Event& event, const Record& record,
                                             Batch* batch) {
  const uint32_t p = record.position.partition;
  FoldOutcome outcome{
      .kind = FoldOutcome::Kind::kAccepted, .stream_id = "", .decision = std::nullopt};
  if (event.has_binding_proposed()) {
    // An id that is bound keeps its stream for ever; a proposal naming one takes that stream for
    // its unbound ids.
    std::string stream_id = event.binding_proposed().proposed_stream_id();
    for (const auto& id : event.binding_proposed().ids()) {
      const auto it = bound_.find({id.scheme(), id.value()});
      if (it != bound_.end()) {
        stream_id = it->second;
        break;
      }
    }
    for (const auto& id : event.binding_proposed().ids()) {
      if (!bound_.emplace(std::make_pair(id.scheme(), id.value()), stream_id).second) continue;
      batch->store.PutIndex(kBindingIndex, p, JoinKey({id.scheme(), id.value()}), stream_id);
      batch->bound.push_back(id);
      Owe(successions_.Bound(id, Resolver()), true, batch);
    }
    outcome.stream_id = stream_id;
  } else {
    TP_RETURN_IF_ERROR(AddControl(event, p, batch));
  }
  batch->outcomes.emplace_back(record.position, std::move(outcome));
  return absl::OkStatus();
}

absl::Status Projector::AddControl(const v1::Event& event, uint32_t partition, Batch* batch) {
  // Readers may hold the controls as they were.
  auto controls = std::make_shared<Controls>(*partitions_[partition]->controls);
  TP_RETURN_IF_ERROR(controls->Add(event));
  batch->store.PutControl(partition, controls->state().SerializeAsString());
  partitions_[partition]->controls = std::move(controls);
  return absl::OkStatus();
}

absl::Status Projector::FoldControlCopy(const v1::Event& event, const Record& record,
                                        Batch* batch) {
  const uint32_t p = record.position.partition;
  Partition& partition = *partitions_[p];
  batch->outcomes.emplace_back(
      record.position,
      FoldOutcome{.kind = FoldOutcome::Kind::kAccepted, .stream_id = "", .decision = std::nullopt});
  if (partition.controls->Has(event.id())) return absl::OkStatus();
  std::vector<std::string> streams;
  for (const auto& [stream_id, summary] : summaries_) {
    if (PartitionFor(stream_id) == p) streams.push_back(stream_id);
  }
  for (const auto& [stream_id, entry] : hot_) {
    if (entry->partition == p && summaries_.count(stream_id) == 0) streams.push_back(stream_id);
  }
  std::sort(streams.begin(), streams.end());
  // Before the event counts: the timer that an entry was stored with follows from what held then.
  for (const auto& stream_id : streams) TP_RETURN_IF_ERROR(LoadEntry(p, stream_id).status());
  TP_RETURN_IF_ERROR(AddControl(event, p, batch));
  const int64_t effective_us = EffectiveMicros(event);
  for (const auto& stream_id : streams) {
    TP_ASSIGN_OR_RETURN(Entry * entry, LoadEntry(p, stream_id));
    v1::ProviderState& state = entry->hot.state;
    if (state.known_us() < effective_us) {
      // The stream has one timer, its next: what else falls due is seen when that one has fired.
      const bool next = entry->stored_timer_us == 0 || effective_us < entry->stored_timer_us;
      if (state.backfill().empty() && next) {
        if (entry->stored_timer_us != 0)
          batch->store.DeleteTimer(p, entry->stored_timer_us, stream_id);
        batch->store.PutTimer(p, effective_us, stream_id);
        entry->stored_timer_us = effective_us;
      }
      continue;
    }
    // Late for this stream: in force only from its ControlTookEffect.
    auto* late = state.add_late_controls();
    late->set_control_id(event.id());
    late->set_known_us(kNever);
    entry->hot.Changed();
    Touch(entry, batch);
    counters_.late_controls.fetch_add(1, std::memory_order_relaxed);
    v1::Event took;
    took.set_source(kTimeSource);
    took.set_id("control/" + event.id() + "/" + stream_id);
    took.set_source_version(1);
    took.set_stream_id(stream_id);
    SetMicros(state.known_us(), took.mutable_received_at());
    took.mutable_control_took_effect()->set_control_id(event.id());
    std::string bytes = took.SerializeAsString();
    const std::string key = JoinKey({stream_id, event.id()});
    batch->store.PutIndex(kLateIndex, p, key, bytes);
    if (partition.speaks) batch->derived[p].push_back({.speaker = p, .event = bytes});
    late_[p][key] = std::move(bytes);
  }
  return absl::OkStatus();
}

absl::Status Projector::FoldSource(const v1::Event& event, const Record& record, Batch* batch) {
  const uint32_t p = record.position.partition;
  FoldOutcome outcome{
      .kind = FoldOutcome::Kind::kOther, .stream_id = event.stream_id(), .decision = std::nullopt};
  v1::HeldSubmission held;
  *held.mutable_event() = event;
  held.set_received_us(ToMicros(event.received_at()));
  if (event.has_submission_quarantined()) {
    batch->store.PutIndex(kQuarantineIndex, p, event.submission_quarantined().quarantine_id(),
                          held.SerializeAsString());
  } else if (event.has_quarantine_resolved()) {
    batch->store.PutIndex(kResolvedIndex, p, event.quarantine_resolved().quarantine_id(),
                          event.SerializeAsString());
  } else if (event.has_personal_data_erased()) {
    // The proof of an erasure of what only waited or was refused: it stands in the log.
  } else if (event.has_waiting_released()) {
    const auto& released = event.waiting_released();
    batch->store.DeleteIndex(
        kWaitingIndex, p,
        JoinKey({event.subject().scheme(), event.subject().value(), released.waiting_source(),
                 released.waiting_id(), std::to_string(released.waiting_version())}));
  } else {
    outcome.kind = FoldOutcome::Kind::kWaiting;
    batch->store.PutIndex(kWaitingIndex, p,
                          JoinKey({event.subject().scheme(), event.subject().value(),
                                   event.source(), event.id(), std::to_string(VersionOf(event))}),
                          held.SerializeAsString());
  }
  batch->outcomes.emplace_back(record.position, std::move(outcome));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::EventIndexEntry>> Projector::Known(const Entry& entry,
                                                                    const v1::Event& event) const {
  for (auto it = entry.uncommitted.rbegin(); it != entry.uncommitted.rend(); ++it) {
    if (it->id == event.id() && it->source == event.source()) return std::optional(it->index);
  }
  return store_->ReadEventIndex(entry.partition, event.stream_id(), event.source(), event.id());
}

absl::StatusOr<Projector::Entry*> Projector::LoadEntry(uint32_t partition,
                                                       const std::string& stream_id) {
  const auto known = hot_.find(stream_id);
  Entry* entry = known == hot_.end() ? nullptr : known->second.get();
  if (entry == nullptr) {
    TP_ASSIGN_OR_RETURN(auto read, ReadEntry(partition, stream_id));
    entry = hot_.emplace(stream_id, std::move(read)).first->second.get();
  }
  entry->used = ++use_clock_;
  return entry;
}

absl::StatusOr<std::unique_ptr<Projector::Entry>> Projector::ReadEntry(
    uint32_t partition, const std::string& stream_id) {
  auto entry = std::make_unique<Entry>();
  entry->partition = partition;
  entry->hot.state.set_stream_id(stream_id);
  entry->hot.memo = memo_;
  entry->hot.concerns_change.emplace();
  TP_ASSIGN_OR_RETURN(auto state, StoredState::Read(*store_, partition, stream_id, &entry->stored));
  if (!state.has_value()) {
    entry->identities.emplace();  // The store has none.
    return entry;
  }
  entry->hot.state = *std::move(state);
  TP_ASSIGN_OR_RETURN(const auto record, store_->ReadRecord(partition, stream_id));
  if (record.has_value() && !entry->hot.record.ParseFromString(*record)) {
    return absl::DataLossError("the record of stream " + stream_id + " is damaged");
  }
  TP_ASSIGN_OR_RETURN(const auto chunk, store_->ReadLastChunk(partition, stream_id));
  if (chunk.has_value()) entry->tail = OpenChunk(*chunk);
  if (const auto chain = stored_chains_.find(stream_id); chain != stored_chains_.end()) {
    RestoreChain(*partitions_[partition]->controls, chain->second, &entry->hot);
    entry->chain_stored = true;
    entry->chain_dropped = chain->second.events().empty();
    stored_chains_.erase(chain);
  }
  const int64_t timer = NextTimer(*partitions_[partition]->controls, &entry->hot);
  entry->stored_timer_us = timer == kNever || !entry->hot.state.backfill().empty() ? 0 : timer;
  return entry;
}

void Projector::NoteSilences(const std::string& stream_id, const v1::ProviderRecord& record) {
  const auto forget = [this](const v1::FeedSilent& feed) {
    const auto it = silent_.find(feed.kind());
    if (it != silent_.end() && --it->second == 0) silent_.erase(it);
  };
  auto& known = silences_[stream_id];
  for (const auto& feed : known) forget(feed);
  known.clear();
  for (const auto& silence : record.silences()) {
    if (silence.ended_us() != 0) continue;
    known.push_back(silence.silent());
    ++silent_[silence.silent().kind()];
  }
  if (known.empty()) silences_.erase(stream_id);
}

void Projector::Touch(Entry* entry, Batch* batch) {
  if (!entry->changed) batch->changed.push_back(entry);
  entry->changed = true;
  if (!entry->dirty) batch->streams.push_back(entry);
  entry->dirty = true;
}

absl::StatusOr<std::vector<v1::StoredEvent>> Projector::EventsOf(const Entry& entry,
                                                                 uint32_t partition,
                                                                 const std::string& stream_id,
                                                                 uint64_t from, uint64_t to) const {
  // In memory: chunks that are not written yet and the open one. Everything before them is in the
  // store.
  std::vector<const OpenChunk*> chunks;
  for (const auto& chunk : entry.full) chunks.push_back(&chunk);
  if (entry.tail.events() > 0) chunks.push_back(&entry.tail);
  const uint64_t in_memory_from =
      chunks.empty() ? entry.hot.state.revision() : chunks.front()->first_revision();
  std::vector<v1::StoredEvent> events;
  if (from < in_memory_from) {
    TP_ASSIGN_OR_RETURN(
        events, store_->ReadStream(partition, stream_id, from, std::min(to, in_memory_from)));
  }
  for (const auto* chunk : chunks) TP_RETURN_IF_ERROR(chunk->ReadInto(from, to, &events));
  return events;
}

absl::Status Projector::FoldProvider(const v1::Event& event, const Record& record, Batch* batch) {
  const uint32_t p = record.position.partition;
  const std::string& stream_id = event.stream_id();
  TP_ASSIGN_OR_RETURN(Entry * entry, LoadEntry(p, stream_id));
  const size_t identity = absl::HashOf(event.source(), event.id());
  std::optional<v1::EventIndexEntry> known;
  if (!entry->identities.has_value() || entry->identities->contains(identity)) {
    TP_ASSIGN_OR_RETURN(known, Known(*entry, event));
  }
  const LoadEvents load = [this, entry, p, &stream_id]() {
    return EventsOf(*entry, p, stream_id, 0, entry->hot.state.revision());
  };
  const Partition& partition = *partitions_[p];
  const bool assess = options_.assess && !entry->chain_dropped;
  TP_ASSIGN_OR_RETURN(const StepResult step,
                      ApplyEvent(event, known, *partition.controls, assess, load, &entry->hot));
  FoldOutcome outcome{
      .kind = FoldOutcome::Kind::kAccepted, .stream_id = stream_id, .decision = std::nullopt};
  if (!step.applied) {
    const bool conflict = step.identity == IdentityOutcome::kConflict;
    outcome.kind = conflict ? FoldOutcome::Kind::kConflict : FoldOutcome::Kind::kDuplicate;
    auto& checkpoint = partitions_[p]->checkpoint;
    if (conflict) {
      checkpoint.set_conflicts(checkpoint.conflicts() + 1);
      counters_.conflicts.fetch_add(1, std::memory_order_relaxed);
    } else {
      checkpoint.set_duplicates(checkpoint.duplicates() + 1);
      counters_.duplicates.fetch_add(1, std::memory_order_relaxed);
    }
    batch->outcomes.emplace_back(record.position, std::move(outcome));
    return absl::OkStatus();
  }
  if (step.identity == IdentityOutcome::kSuperseded) outcome.kind = FoldOutcome::Kind::kSuperseded;
  if (entry->tail.events() >= kChunkEvents) {
    entry->full.push_back(std::exchange(entry->tail, OpenChunk()));
  }
  entry->tail.Append(entry->hot.state.revision() - 1, step.known_us, record.value);
  Touch(entry, batch);
  if (!partition.HasVoice() && entry->hot.chain.size() > kWithheldMax) {
    entry->hot.DropChain();
    entry->chain_dropped = true;
  }
  if (step.identity != IdentityOutcome::kSuperseded) {
    v1::EventIndexEntry index;
    index.set_revision(entry->hot.state.revision() - 1);
    index.set_version(VersionOf(event));
    index.set_digest(event.submission_digest());
    batch->store.PutEventIndex(p, stream_id, event.source(), event.id(), index);
    entry->uncommitted.push_back(
        {.source = event.source(), .id = event.id(), .index = std::move(index)});
    if (entry->identities.has_value()) entry->identities->insert(identity);
    if (entry->identities.has_value() && entry->identities->size() > kIdentitiesKept)
      entry->identities.reset();
  }
  const KindInfo* kind = KindOf(event);
  if (kind->role != v1::EVENT_ROLE_FACT || step.silences_settled) entry->record_dirty = true;
  if (step.silences_settled || event.has_feed_silent()) {
    entry->silences_dirty = true;
    NoteSilences(stream_id, entry->hot.record);
    const bool news = event.has_feed_silent() && step.record == RecordOutcome::kRecorded &&
                      entry->hot.state.backfill().empty();
    if (news && partition.speaks) ++said_.silences;
  }
  if (step.record == RecordOutcome::kIgnored)
    counters_.ignored_derived.fetch_add(1, std::memory_order_relaxed);
  if (event.has_recommendation() && step.record == RecordOutcome::kRecorded) {
    counters_.recommendations.fetch_add(1, std::memory_order_relaxed);
    const auto& said = event.recommendation();
    if (partition.speaks) ++said_.recommendations[{said.policy_id(), said.kind()}];
  }
  if (event.has_backfill_ended() && entry->hot.state.backfill().empty() && partition.speaks) {
    // What fell silent inside the bracket, and is so still, is told now.
    const auto silent = silences_.find(stream_id);
    if (silent != silences_.end()) said_.silences += silent->second.size();
  }
  if (event.has_backfill_started() || event.has_backfill_ended()) {
    const std::string& open = entry->hot.state.backfill();
    if (open.empty()) {
      batch->store.DeleteIndex(kBackfillIndex, p, stream_id);
      backfills_.erase(stream_id);
      batch->backfills_ended = true;
    } else {
      batch->store.PutIndex(kBackfillIndex, p, stream_id, open);
      backfills_[stream_id] = open;
    }
  }
  if (event.has_rapid_quality_review_alert() && step.record == RecordOutcome::kRecorded &&
      !event.rapid_quality_review_alert().historic()) {
    counters_.alerts.fetch_add(1, std::memory_order_relaxed);
    if (partition.speaks) ++said_.alerts[event.rapid_quality_review_alert().kind()];
    batch->store.PutIndex(kAlertIndex, p, OffsetKey(record.position.offset),
                          JoinKey({stream_id, event.rapid_quality_review_alert().alert_id()}));
    batch->alerts = true;
    batch->at_once = true;
  }
  if (event.has_deadline_passed()) {
    batch->store.DeleteTimer(p, ToMicros(event.deadline_passed().due_at()), stream_id);
  } else if (event.has_day_started()) {
    batch->store.DeleteTimer(p, LondonMidnight(ToCivil(event.day_started().day())), stream_id);
  }
  if (event.has_decision_proposed() || event.has_decision_concurrence()) {
    const std::string& id =
        event.has_decision_proposed() ? event.id() : event.decision_concurrence().proposal_id();
    for (const auto& policy : entry->hot.record.policies()) {
      for (const auto& decision : policy.decisions()) {
        if (decision.decision_id() == id) outcome.decision = decision;  // The last one said stands.
      }
    }
  }
  if (event.has_control_took_effect()) {
    const std::string key = JoinKey({stream_id, event.control_took_effect().control_id()});
    if (late_[p].erase(key) > 0) batch->store.DeleteIndex(kLateIndex, p, key);
  }
  NoteLinks(event, *entry, batch);
  if (partition.speaks) {
    for (const auto& derived : step.derived)
      batch->derived[p].push_back({.speaker = p, .event = derived.SerializeAsString()});
  }
  batch->outcomes.emplace_back(record.position, std::move(outcome));
  return absl::OkStatus();
}

absl::Status Projector::Commit(Batch* batch) {
  std::string encoded;  // Its memory is used again.
  for (size_t start = 0; start < batch->streams.size(); start += kSlice) {
    const size_t end = std::min(batch->streams.size(), start + kSlice);
    const absl::MutexLock lock(&mu_);
    for (size_t i = start; i < end; ++i) {
      Entry& entry = *batch->streams[i];
      const uint32_t p = entry.partition;
      const std::string& stream_id = entry.hot.state.stream_id();
      entry.stored.Put(p, &entry.hot.state, &*entry.hot.concerns_change, &batch->store);
      if (entry.silences_dirty) {
        v1::ProviderRecord silent;
        for (const auto& silence : entry.hot.record.silences()) {
          if (silence.ended_us() == 0) *silent.add_silences() = silence;
        }
        if (silent.silences_size() > 0) {
          batch->store.PutIndex(kSilenceIndex, p, stream_id, silent.SerializeAsString());
        } else {
          batch->store.DeleteIndex(kSilenceIndex, p, stream_id);
        }
        entry.silences_dirty = false;
      }
      if (entry.record_dirty) {
        entry.hot.record.SerializeToString(&encoded);
        batch->store.PutRecord(p, stream_id, encoded);
      }
      for (const auto& chunk : entry.full) {
        batch->store.PutChunk(p, stream_id, chunk.first_revision(), chunk.encoded());
      }
      if (entry.tail.events() > 0) {
        batch->store.PutChunk(p, stream_id, entry.tail.first_revision(), entry.tail.encoded());
      }
      const bool withheld = entry.HoldsChain();
      if (withheld) {
        batch->store.PutIndex(kChainIndex, p, stream_id,
                              ChunkOf(entry.hot.chain).SerializeAsString());
      } else if (entry.chain_stored) {
        batch->store.DeleteIndex(kChainIndex, p, stream_id);
      }
      entry.chain_stored = withheld;
      const int64_t next = NextTimer(*partitions_[p]->controls, &entry.hot);
      // In a backfill the history carries time, never the clock.
      const bool kept = next != kNever && entry.hot.state.backfill().empty();
      const int64_t timer = kept ? next : 0;
      if (timer != entry.stored_timer_us) {
        if (entry.stored_timer_us != 0)
          batch->store.DeleteTimer(p, entry.stored_timer_us, stream_id);
        if (timer != 0) batch->store.PutTimer(p, timer, stream_id);
        entry.stored_timer_us = timer;
      }
      entry.summary->SerializeToString(&encoded);
      batch->store.PutIndex(kSummaryIndex, p, stream_id, encoded);
    }
  }
  {
    const absl::MutexLock lock(&mu_);
    for (const uint32_t p : batch->partitions) {
      batch->store.PutCheckpoint(p, partitions_[p]->checkpoint);
      if (!assessed_ && !std::exchange(partitions_[p]->by_reader, true))
        batch->store.PutIndex(kReaderIndex, p, kReaderKey, "");
    }
  }
  counters_.puts.fetch_add(batch->store.puts(), std::memory_order_relaxed);
  counters_.put_bytes.fetch_add(batch->store.bytes(), std::memory_order_relaxed);
  const int64_t started = absl::GetCurrentTimeNanos();
  absl::Status status = store_->Commit(std::move(batch->store));
  // A full disk stops the fold, not the process: it goes on when there is space again.
  while (absl::IsResourceExhausted(status) && !stop_.load()) {
    Halt(status);
    absl::SleepFor(options_.room_pause);
    status = store_->Commit(std::move(batch->store));
  }
  counters_.commits.fetch_add(1, std::memory_order_relaxed);
  counters_.commit_micros.fetch_add((absl::GetCurrentTimeNanos() - started) / 1000,
                                    std::memory_order_relaxed);
  return status;
}

void Projector::GoOn() {
  const absl::MutexLock lock(&mu_);
  health_ = absl::OkStatus();
  stalled_.store(false);
}

void Projector::Settle(Batch* batch) {
  GoOn();
  std::function<void()> alerts;
  std::function<void(std::vector<v1::SubjectRef>)> bindings;
  std::function<void()> backfills;
  {
    const absl::MutexLock lock(&mu_);
    for (Entry* touched : batch->streams) {
      Entry& entry = *touched;
      entry.dirty = false;
      entry.record_dirty = false;
      entry.full.clear();
      entry.uncommitted = {};  // With its memory: most services rest for long.
    }
    for (const uint32_t p : batch->partitions)
      partitions_[p]->committed = partitions_[p]->checkpoint.next_offset();
    Evict();
    if (batch->alerts) alerts = on_alerts_;
    if (!batch->bound.empty()) bindings = on_bindings_;
    if (batch->backfills_ended) backfills = on_backfills_ended_;
  }
  if (alerts) alerts();
  if (backfills) backfills();
  if (bindings) bindings(std::move(batch->bound));
}

void Projector::Evict() {
  if (hot_.size() <= options_.hot_streams_max + options_.hot_streams_max / 8) return;
  std::vector<std::pair<uint64_t, std::string>> by_use;
  for (const auto& [stream_id, entry] : hot_) {
    // What it said itself comes back soon.
    const bool awaited = entry->HoldsChain() && partitions_[entry->partition]->HasVoice();
    if (!entry->dirty && !awaited) by_use.emplace_back(entry->used, stream_id);
  }
  const size_t surplus = std::min(by_use.size(), hot_.size() - options_.hot_streams_max);
  std::nth_element(by_use.begin(), by_use.begin() + static_cast<std::ptrdiff_t>(surplus),
                   by_use.end());
  for (size_t i = 0; i < surplus; ++i) {
    const auto entry = hot_.find(by_use[i].second);
    if (entry->second->HoldsChain())
      stored_chains_[entry->first] = ChunkOf(entry->second->hot.chain);
    hot_.erase(entry);
  }
}

void Projector::Resolve(Batch* batch) {
  std::vector<std::pair<std::function<void(absl::StatusOr<FoldOutcome>)>, FoldOutcome>> waiters;
  {
    const absl::MutexLock lock(&mu_);
    for (auto& [position, outcome] : batch->outcomes) {
      Partition& partition = *partitions_[position.partition];
      const auto it = partition.waiters.find(position.offset);
      if (it != partition.waiters.end()) {
        for (auto& done : it->second) waiters.emplace_back(std::move(done), outcome);
        partition.waiters.erase(it);
      }
      partition.outcomes.emplace_back(position.offset, std::move(outcome));
      if (partition.outcomes.size() > kOutcomesKept) partition.outcomes.pop_front();
    }
    batch->outcomes.clear();
  }
  // Without the lock: they may read.
  for (auto& [done, outcome] : waiters) done(std::move(outcome));
}

void Projector::AwaitFold(Position position,
                          std::function<void(absl::StatusOr<FoldOutcome>)> done) {
  absl::StatusOr<FoldOutcome> known =
      absl::OutOfRangeError("the outcome at this position is no longer kept");
  {
    const absl::MutexLock lock(&mu_);
    Partition& partition = *partitions_[position.partition];
    const auto it =
        std::lower_bound(partition.outcomes.begin(), partition.outcomes.end(), position.offset,
                         [](const auto& entry, int64_t offset) { return entry.first < offset; });
    if (it != partition.outcomes.end() && it->first == position.offset) {
      known = it->second;
    } else if (dead_ || stalled_.load()) {
      known = health_;
    } else if (partition.outcomes.empty() || partition.outcomes.back().first < position.offset) {
      partition.waiters[position.offset].push_back(std::move(done));
      return;
    }
  }
  done(std::move(known));
}

bool Projector::WaitUntilCaughtUp(int64_t timeout_ms) {
  const absl::Time deadline = absl::Now() + absl::Milliseconds(timeout_ms);
  std::vector<int64_t> heads;
  for (uint32_t p = 0; p < log_->partitions(); ++p) {
    const auto head = log_->HeadOffset(p);
    heads.push_back(head.ok() ? *head : 0);
  }
  absl::MutexLock lock(&mu_);
  const auto caught_up = [this, &heads] {
    mu_.AssertHeld();
    for (size_t p = 0; p < heads.size(); ++p) {
      if (partitions_[p]->committed < heads[p]) return false;
    }
    return true;
  };
  return mu_.AwaitWithDeadline(absl::Condition(&caught_up), deadline);
}

}  // namespace trigpoint
