#include "log_backend.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <utility>

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
  return {{"Memory", false, false, Make<MemoryBackend>},
          {"Embedded", true, true, Make<EmbeddedBackend>},
          {"FaultFree", true, true, Make<FaultFreeBackend>}};
}

std::ostream& operator<<(std::ostream& out, const LogBackendTraits& traits) {
  return out << traits.name;
}

TempDirectory::TempDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "trigpoint_log_XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace trigpoint
