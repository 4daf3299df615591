#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/log/event_log.h"

namespace trigpoint {

/// Appends single values, each only once, and keeps what was answered. Threading: thread-safe.
class Answers {
 public:
  explicit Answers(EventLog* log) : log_(log) {}
  void Append(uint32_t partition, std::string value) {
    {
      const std::lock_guard lock(mutex_);
      ++open_;
    }
    log_->Append(partition, {value}, [this, value](const absl::StatusOr<Position>& at) {
      const std::lock_guard lock(mutex_);
      --open_;
      if (at.ok()) {
        acknowledged_[value] = *at;
      } else {
        failed_.push_back(at.status());
      }
      answered_.notify_all();
    });
  }
  void AwaitAtMostOpen(int open) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(answered_.wait_for(lock, std::chrono::seconds(150), [&] { return open_ <= open; }));
  }
  std::map<std::string, Position> acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  std::deque<absl::Status> failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  EventLog* const log_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  int open_ = 0;
  std::map<std::string, Position> acknowledged_;
  std::deque<absl::Status> failed_;
};

/// All values of a partition, up to its head.
inline std::vector<std::string> ReadAll(EventLog& log, uint32_t partition) {
  std::vector<std::string> values;
  const int64_t head = log.HeadOffset(partition).value_or(-1);
  const std::unique_ptr<LogReader> reader = log.NewReader();
  EXPECT_TRUE(reader->Assign({{partition, 0}}).ok());
  while (static_cast<int64_t>(values.size()) < head) {
    absl::StatusOr<std::vector<Record>> records = reader->Poll(1000, absl::Seconds(30));
    if (!records.ok() || records->empty()) {
      ADD_FAILURE() << values.size() << " of " << head << ": " << records.status();
      break;
    }
    for (Record& record : *records) {
      EXPECT_EQ(record.position.offset, static_cast<int64_t>(values.size()));
      values.push_back(std::move(record.value));
    }
  }
  return values;
}

}  // namespace trigpoint
