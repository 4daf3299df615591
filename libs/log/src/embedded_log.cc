#include "trigpoint/log/embedded_log.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "embedded_store.h"
#include "poll_reader.h"
#include "tailed_log.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kGroupBytesMax = size_t{16} << 20;
constexpr size_t kRecordOverhead = 32;

class EmbeddedSource final : public RecordSource {
 public:
  EmbeddedSource(std::unique_ptr<EmbeddedStore> store, size_t tail_bytes)
      : store_(std::move(store)), tail_(store_->Heads(), tail_bytes) {}

  EmbeddedStore& store() { return *store_; }
  const EmbeddedStore& store() const { return *store_; }
  VisibleTail& tail() { return tail_; }
  const VisibleTail& tail() const override { return tail_; }

  absl::Status Read(Position from, size_t max_records, size_t max_bytes,
                    std::vector<Record>* out) const override {
    if (tail_.Read(from, max_records, max_bytes, out) == VisibleTail::TailRead::kRead)
      return absl::OkStatus();
    return store_->Read(from, tail_.Head(from.partition), max_records, max_bytes, out);
  }

 private:
  const std::unique_ptr<EmbeddedStore> store_;
  VisibleTail tail_;
};

struct PendingAppend {
  StagedBatch batch;
  size_t bytes = 0;
  AppendCallback done;
};

class EmbeddedLog final : public TailedLog {
 public:
  EmbeddedLog(std::shared_ptr<EmbeddedSource> source, const EmbeddedLogOptions& options)
      : TailedLog(source),
        max_queued_bytes_(options.max_queued_bytes),
        source_(std::move(source)),
        committer_([this] { CommitGroups(); }) {}
  EmbeddedLog(const EmbeddedLog&) = delete;
  EmbeddedLog& operator=(const EmbeddedLog&) = delete;
  ~EmbeddedLog() override { EmbeddedLog::Close().IgnoreError(); }

  void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done) override {
    PendingAppend pending;
    for (const std::string& value : values) pending.bytes += value.size() + kRecordOverhead;
    if (absl::Status admitted = Admit(partition, pending.bytes); !admitted.ok())
      return done(admitted);
    // Hashed here, on the appender's thread, and not on the one thread that commits.
    pending.batch.partition = partition;
    pending.batch.digests.reserve(values.size());
    for (const std::string& value : values) pending.batch.digests.push_back(DigestOf(value));
    pending.batch.values = std::move(values);
    pending.done = std::move(done);
    {
      const std::lock_guard lock(mutex_);
      --hashing_;
      queue_.push_back(std::move(pending));
    }
    work_.notify_one();
  }

  absl::StatusOr<Digest> DigestAt(Position position) const override {
    TP_RETURN_IF_ERROR(CheckVisible(position));
    return source_->store().DigestAt(position);
  }

  absl::Status CopyTo(const std::string& directory) const override {
    return source_->store().CopyTo(directory);
  }

  absl::Status Health() const override {
    return source_->tail().closed() ? ClosedError() : source_->store().Health();
  }

  absl::Status Close() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    work_.notify_one();
    const std::lock_guard lock(close_mutex_);
    if (committer_.joinable()) {
      committer_.join();
      source_->tail().Close();
      closed_ = source_->store().Close();
    }
    return closed_;
  }

 private:
  /// Reserves room in the queue for an append that is about to be hashed.
  absl::Status Admit(uint32_t partition, size_t bytes) {
    if (partition >= partitions()) return UnknownPartitionError(partition, partitions());
    if (bytes == 0) return absl::InvalidArgumentError("an append needs at least one record");
    if (bytes > max_queued_bytes_) {
      return absl::InvalidArgumentError(
          absl::StrCat("a batch of ", bytes, " bytes never fits a queue of ", max_queued_bytes_));
    }
    const std::lock_guard lock(mutex_);
    if (closing_) return ClosedError();
    if (queued_bytes_ + bytes > max_queued_bytes_) {
      return absl::ResourceExhaustedError(absl::StrCat("the append queue is full: ", queued_bytes_,
                                                       " of ", max_queued_bytes_, " bytes"));
    }
    queued_bytes_ += bytes;
    ++hashing_;
    return absl::OkStatus();
  }

  void CommitGroups() {
    while (true) {
      std::vector<PendingAppend> group = TakeGroup();
      if (group.empty()) return;
      Commit(std::move(group));
    }
  }

  /// Waits for appends; takes all there are, up to a bound on memory. Empty = closing and nothing
  /// is left.
  std::vector<PendingAppend> TakeGroup() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return !queue_.empty() || (closing_ && hashing_ == 0); });
    std::vector<PendingAppend> group;
    size_t bytes = 0;
    while (!queue_.empty() && bytes < kGroupBytesMax) {
      bytes += queue_.front().bytes;
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    return group;
  }

  // Order of effects: log synced, marks synced (both in the store), visible to readers,
  // acknowledged.
  void Commit(std::vector<PendingAppend> group) {
    std::vector<StagedBatch> batches;
    batches.reserve(group.size());
    for (PendingAppend& pending : group) batches.push_back(std::move(pending.batch));
    std::vector<int64_t> heads = source_->store().Heads();
    const absl::Status committed = source_->store().Commit(batches);

    std::vector<Appended> places;
    places.reserve(batches.size());
    std::vector<VisibleTail::Batch> visible;
    visible.reserve(batches.size());
    size_t bytes = 0;
    for (size_t i = 0; i < batches.size(); ++i) {
      StagedBatch& batch = batches[i];
      bytes += group[i].bytes;
      int64_t& head = heads[batch.partition];
      const Position first{batch.partition, head};
      head += static_cast<int64_t>(batch.values.size());
      places.push_back({first, {batch.partition, head - 1}});
      visible.push_back({batch.partition, std::move(batch.values)});
    }
    if (committed.ok()) source_->tail().Publish(std::move(visible));
    {
      const std::lock_guard lock(mutex_);
      queued_bytes_ -= bytes;
    }
    for (size_t i = 0; i < group.size(); ++i) {
      if (committed.ok()) {
        group[i].done(places[i]);
      } else {
        group[i].done(committed);
      }
    }
  }

  const size_t max_queued_bytes_;
  const std::shared_ptr<EmbeddedSource> source_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<PendingAppend> queue_;
  size_t queued_bytes_ = 0;
  size_t hashing_ = 0;  // admitted, not yet queued
  bool closing_ = false;

  std::mutex close_mutex_;
  absl::Status closed_;
  std::thread committer_;  // last: it uses the members above
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> OpenEmbeddedLog(const EmbeddedLogOptions& options) {
  absl::StatusOr<std::unique_ptr<EmbeddedStore>> store = EmbeddedStore::Open(options);
  if (!store.ok()) return store.status();
  return std::make_unique<EmbeddedLog>(
      std::make_shared<EmbeddedSource>(*std::move(store), options.tail_bytes), options);
}

}  // namespace trigpoint
