#include "trigpoint/log/fault_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trigpoint {

void FaultPlan::Script(const std::vector<AppendFault>& faults) {
  const std::lock_guard lock(mutex_);
  script_.insert(script_.end(), faults.begin(), faults.end());
}

void FaultPlan::SetRates(const FaultRates& rates) {
  const std::lock_guard lock(mutex_);
  rates_ = rates;
}

void FaultPlan::SetStatus(absl::Status status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

void FaultPlan::FailPolls(int count, absl::Status status) {
  const std::lock_guard lock(mutex_);
  polls_.insert(polls_.end(), static_cast<size_t>(std::max(count, 0)), status);
}

void FaultPlan::TruncateView(Position head) {
  const std::lock_guard lock(mutex_);
  views_[head.partition] = head.offset;
}

void FaultPlan::RestoreViews() {
  const std::lock_guard lock(mutex_);
  views_.clear();
}

void FaultPlan::ReleaseHeld() {
  std::deque<Held> held;
  {
    const std::lock_guard lock(mutex_);
    held.swap(held_);
  }
  for (Held& append : held) {
    if (!append.done) append.done = [](const absl::StatusOr<Appended>&) {};
    append.log->Append(append.partition, std::move(append.values), std::move(append.done));
  }
}

void FaultPlan::LoseHeld() {
  std::deque<Held> held;
  absl::Status status;
  {
    const std::lock_guard lock(mutex_);
    held.swap(held_);
    status = status_;
  }
  for (const Held& append : held) {
    if (append.done) append.done(status);
  }
}

size_t FaultPlan::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

size_t FaultPlan::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

AppendFault FaultPlan::Next() {
  AppendFault fault = AppendFault::kNone;
  if (!script_.empty()) {
    fault = script_.front();
    script_.pop_front();
  } else if (rates_.fail + rates_.lose_ack + rates_.duplicate > 0) {
    // Not std::uniform_real_distribution, whose numbers differ between libraries.
    double draw = static_cast<double>(random_() >> 11) * 0x1.0p-53;
    if (draw < rates_.fail) {
      fault = AppendFault::kFail;
    } else if (draw -= rates_.fail; draw < rates_.lose_ack) {
      fault = AppendFault::kLoseAck;
    } else if (draw -= rates_.lose_ack; draw < rates_.duplicate) {
      fault = AppendFault::kDuplicate;
    }
  }
  if (fault != AppendFault::kNone) ++faults_;
  return fault;
}

int64_t FaultPlan::HeldRecords(uint32_t partition) const {
  int64_t records = 0;
  for (const Held& append : held_) {
    if (append.partition == partition) records += static_cast<int64_t>(append.values.size());
  }
  return records;
}

/// A base reader that fails, or does not see beyond a truncated view, as the plan says.
class FaultReader final : public LogReader {
 public:
  FaultReader(std::unique_ptr<LogReader> base, FaultPlan* plan)
      : base_(std::move(base)), plan_(plan) {}

  absl::Status Assign(std::vector<Position> next) override {
    {
      const std::lock_guard lock(plan_->mutex_);
      for (const Position& position : next) {
        const auto view = plan_->views_.find(position.partition);
        if (view == plan_->views_.end() || position.offset <= view->second) continue;
        return absl::OutOfRangeError(absl::StrCat("offset ", position.offset, " of partition ",
                                                  position.partition, " is not in [0, ",
                                                  view->second, "]"));
      }
    }
    if (absl::Status assigned = base_->Assign(next); !assigned.ok()) return assigned;
    next_ = std::move(next);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Record>> Poll(size_t max_records, absl::Duration timeout) override {
    {
      const std::lock_guard lock(plan_->mutex_);
      if (!plan_->polls_.empty()) {
        const absl::Status status = plan_->polls_.front();
        plan_->polls_.pop_front();
        if (status.ok()) return std::vector<Record>();
        return status;
      }
    }
    absl::StatusOr<std::vector<Record>> records = base_->Poll(max_records, timeout);
    if (!records.ok()) return records;
    const size_t polled = records->size();
    {
      const std::lock_guard lock(plan_->mutex_);
      std::erase_if(*records, [this](const Record& record) {
        const auto view = plan_->views_.find(record.position.partition);
        return view != plan_->views_.end() && record.position.offset >= view->second;
      });
    }
    for (const Record& record : *records) {
      for (Position& next : next_) {
        if (next.partition == record.position.partition) next.offset = record.position.offset + 1;
      }
    }
    // Hidden records must come again once the view is restored.
    if (records->size() != polled) {
      if (absl::Status back = base_->Assign(next_); !back.ok()) return back;
    }
    return records;
  }

 private:
  const std::unique_ptr<LogReader> base_;
  FaultPlan* const plan_;
  std::vector<Position> next_;
};

class FaultLog final : public EventLog {
 public:
  FaultLog(EventLog* base, FaultPlan* plan) : base_(base), plan_(plan) {}

  uint32_t partitions() const override { return base_->partitions(); }

  void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done) override {
    AppendFault fault = AppendFault::kNone;
    absl::Status status;
    Appended early{{partition, 0}, {partition, 0}};
    {
      const std::lock_guard lock(plan_->mutex_);
      fault = plan_->Next();
      status = plan_->status_;
      if (plan_->views_.contains(partition)) {
        fault = AppendFault::kFail;
        status = absl::UnavailableError("fault log: the view of this partition is truncated");
      }
      const bool early_ack = fault == AppendFault::kAckEarly;
      const bool holds = early_ack || fault == AppendFault::kHold || !plan_->held_.empty();
      if (holds && fault != AppendFault::kFail) {
        early.first.offset =
            base_->HeadOffset(partition).value_or(0) + plan_->HeldRecords(partition);
        early.last.offset = early.first.offset + static_cast<int64_t>(values.size()) - 1;
        plan_->held_.push_back(
            {base_, partition, std::move(values), early_ack ? nullptr : std::move(done)});
        if (!early_ack) return;
      }
    }
    switch (fault) {
      case AppendFault::kAckEarly:
        return done(early);
      case AppendFault::kFail:
        return done(status);
      case AppendFault::kLoseAck:
        return base_->Append(partition, std::move(values),
                             [status, answer = std::move(done)](const absl::StatusOr<Appended>&) {
                               answer(status);
                             });
      case AppendFault::kDuplicate:
        base_->Append(partition, values, std::move(done));
        return base_->Append(partition, std::move(values), [](const absl::StatusOr<Appended>&) {});
      case AppendFault::kHold:
      case AppendFault::kNone:
        break;
    }
    base_->Append(partition, std::move(values), std::move(done));
  }

  absl::StatusOr<int64_t> FirstOffset(uint32_t partition) const override {
    return base_->FirstOffset(partition);
  }

  absl::StatusOr<int64_t> HeadOffset(uint32_t partition) const override {
    absl::StatusOr<int64_t> head = base_->HeadOffset(partition);
    const std::lock_guard lock(plan_->mutex_);
    const auto view = plan_->views_.find(partition);
    if (head.ok() && view != plan_->views_.end()) return std::min(*head, view->second);
    return head;
  }

  absl::StatusOr<Digest> DigestAt(Position position) const override {
    const absl::StatusOr<int64_t> head = HeadOffset(position.partition);
    if (!head.ok()) return head.status();
    if (position.offset >= *head) {
      return absl::OutOfRangeError(
          absl::StrCat("no record at partition ", position.partition, " offset ", position.offset));
    }
    return base_->DigestAt(position);
  }

  std::unique_ptr<LogReader> NewReader() override {
    return std::make_unique<FaultReader>(base_->NewReader(), plan_);
  }
  absl::Status Health() const override { return base_->Health(); }
  absl::Status Close() override {
    plan_->LoseHeld();
    return base_->Close();
  }

 private:
  EventLog* const base_;
  FaultPlan* const plan_;
};

std::unique_ptr<EventLog> NewFaultLog(EventLog* base, FaultPlan* plan) {
  return std::make_unique<FaultLog>(base, plan);
}

}  // namespace trigpoint
