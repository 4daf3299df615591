// The contract suite over what every machine has.
#include <gtest/gtest.h>

#include <utility>

#include "kafka_backend.h"
#include "log_backend.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/log/fault_log.h"
#include "trigpoint/log/memory_log.h"

namespace trigpoint {
namespace {

class MemoryBackend final : public LogBackend {
 public:
  explicit MemoryBackend(uint32_t partitions) : log_(NewMemoryLog(partitions)) {}
  EventLog& log() override { return *log_; }
  void Reopen() override { FAIL() << "a memory log cannot be reopened"; }

 private:
  std::unique_ptr<EventLog> log_;
};

class EmbeddedBackend : public LogBackend {
 public:
  explicit EmbeddedBackend(uint32_t partitions) : partitions_(partitions) { Open(); }
  EventLog& log() override { return *log_; }
  void Reopen() override {
    ASSERT_TRUE(log_->Close().ok());
    log_.reset();
    Open();
  }

 protected:
  void Open() {
    absl::StatusOr<std::unique_ptr<EventLog>> log =
        OpenEmbeddedLog({.directory = directory_.path() + "/events",
                         .partitions = partitions_,
                         .max_queued_bytes = kQueueBytes,
                         .tail_bytes = 4096});  // small, so that the cases read from tables too
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  std::unique_ptr<EventLog> log_;

 private:
  TempDirectory directory_;
  uint32_t partitions_;
};

class FaultFreeBackend final : public EmbeddedBackend {
 public:
  explicit FaultFreeBackend(uint32_t partitions)
      : EmbeddedBackend(partitions), fault_log_(NewFaultLog(log_.get(), &plan_)) {}
  EventLog& log() override { return *fault_log_; }
  void Reopen() override {
    ASSERT_TRUE(fault_log_->Close().ok());
    EmbeddedBackend::Reopen();
    fault_log_ = NewFaultLog(log_.get(), &plan_);
  }

 private:
  FaultPlan plan_;
  std::unique_ptr<EventLog> fault_log_;
};

template <typename Backend>
std::unique_ptr<LogBackend> Make(uint32_t partitions) {
  return std::make_unique<Backend>(partitions);
}

}  // namespace

std::vector<LogBackendTraits> AllLogBackends() {
  return {
      {.name = "Memory", .make = Make<MemoryBackend>},
      {.name = "Embedded", .durable = true, .bounded_queue = true, .make = Make<EmbeddedBackend>},
      {.name = "FaultFree", .durable = true, .bounded_queue = true, .make = Make<FaultFreeBackend>},
      KafkaMockBackend()};
}

}  // namespace trigpoint
