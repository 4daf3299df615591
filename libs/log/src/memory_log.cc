#include "trigpoint/log/memory_log.h"

#include <limits>
#include <mutex>
#include <utility>

#include "tailed_log.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

class MemorySource final : public RecordSource {
 public:
  explicit MemorySource(uint32_t partitions)
      : tail_(std::vector<int64_t>(partitions, 0), std::numeric_limits<size_t>::max()) {}

  VisibleTail& tail() { return tail_; }
  const VisibleTail& tail() const override { return tail_; }
  absl::Status Read(Position from, size_t max_records, size_t max_bytes,
                    std::vector<Record>* out) const override {
    tail_.Read(from, max_records, max_bytes, out);
    return absl::OkStatus();
  }

 private:
  VisibleTail tail_;
};

class MemoryLog final : public TailedLog {
 public:
  explicit MemoryLog(std::shared_ptr<MemorySource> source)
      : TailedLog(source), source_(std::move(source)) {}
  MemoryLog(const MemoryLog&) = delete;
  MemoryLog& operator=(const MemoryLog&) = delete;
  ~MemoryLog() override { source_->tail().Close(); }

  void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done) override {
    if (partition >= partitions()) return done(UnknownPartitionError(partition, partitions()));
    if (values.empty())
      return done(absl::InvalidArgumentError("an append needs at least one record"));
    Appended at{{partition, 0}, {partition, 0}};
    bool closed = false;
    {
      // Orders appenders: the head read here must still be the head when the batch is published.
      const std::lock_guard lock(append_mutex_);
      closed = source_->tail().closed();
      if (!closed) {
        at.first.offset = source_->tail().Head(partition);
        at.last.offset = at.first.offset + static_cast<int64_t>(values.size()) - 1;
        std::vector<VisibleTail::Batch> batch(1);
        batch[0] = {partition, std::move(values)};
        source_->tail().Publish(std::move(batch));
      }
    }
    if (closed) return done(ClosedError());
    done(at);
  }

  absl::StatusOr<Digest> DigestAt(Position position) const override {
    TP_RETURN_IF_ERROR(CheckVisible(position));
    std::vector<Record> found;
    source_->tail().Read(position, 1, 1, &found);
    return DigestOf(found.front().value);
  }

  absl::Status Health() const override {
    return source_->tail().closed() ? ClosedError() : absl::OkStatus();
  }
  absl::Status Close() override {
    const std::lock_guard lock(append_mutex_);
    source_->tail().Close();
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<MemorySource> source_;
  std::mutex append_mutex_;
};

}  // namespace

std::unique_ptr<EventLog> NewMemoryLog(uint32_t partitions) {
  return std::make_unique<MemoryLog>(std::make_shared<MemorySource>(partitions));
}

}  // namespace trigpoint
