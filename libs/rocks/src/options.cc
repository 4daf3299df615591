#include "trigpoint/rocks/options.h"

#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include <cstdarg>
#include <cstdio>
#include <utility>

#include "trigpoint/rocks/status.h"

namespace trigpoint {
namespace {

constexpr uint64_t kSyncChunkBytes = uint64_t{1} << 20;

/// Writes RocksDB's warnings and errors to a file, and shrugs when that fails. RocksDB's own logger
/// is not used: after one failed write, as on a full disk, its next line ends the process in an
/// assertion (the distribution's 7.8.3).
class WarningsFile final : public rocksdb::Logger {
 public:
  explicit WarningsFile(const std::string& path)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL),
        file_(path.empty() ? nullptr : std::fopen(path.c_str(), "ae")) {}
  WarningsFile(const WarningsFile&) = delete;
  WarningsFile& operator=(const WarningsFile&) = delete;
  ~WarningsFile() override {
    if (file_ != nullptr) {
      std::fclose(file_);
    }
  }

  using Logger::Logv;
  __attribute__((format(printf, 2, 0))) void Logv(const char* format, va_list arguments) override {
    if (file_ == nullptr) {
      return;
    }
    char line[2048];
    const int length = std::vsnprintf(line, sizeof(line), format, arguments);
    if (length > 0 && std::fprintf(file_, "%s\n", line) > 0) {
      std::fflush(file_);
    }
  }
  __attribute__((format(printf, 2, 0))) void LogHeader(const char*, va_list) override {}

 private:
  std::FILE* const file_;
};

/// Notes a full disk and keeps RocksDB from recovering by itself: the next write opens the database
/// anew, at once and in its own thread, instead of a poller that wakes every few seconds.
class FullDiskListener final : public rocksdb::EventListener {
 public:
  explicit FullDiskListener(RanOutOfSpace ran_out) : ran_out_(std::move(ran_out)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                         rocksdb::Status* error) override {
    if (IsNoSpace(*error)) {
      ran_out_->store(true);
    }
  }

  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  const RanOutOfSpace ran_out_;
};

}  // namespace

rocksdb::DBOptions BaseOptions(rocksdb::Env* env, const std::string& warnings,
                               RanOutOfSpace ran_out) {
  rocksdb::DBOptions options;
  if (env != nullptr) {
    options.env = env;
  }
  options.create_if_missing = true;
  options.paranoid_checks = true;
  // A torn tail of the log is dropped as a whole batch; with several families RocksDB refuses to
  // open when a file is ahead of what is left.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_background_jobs = 2;
  options.max_subcompactions = 1;
  options.bytes_per_sync = kSyncChunkBytes;
  options.wal_bytes_per_sync = kSyncChunkBytes;
  // We flush before closing and report what went wrong; destruction then has nothing to do.
  options.avoid_flush_during_shutdown = true;
  options.info_log = std::make_shared<WarningsFile>(warnings);
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<FullDiskListener>(std::move(ran_out)));
  // Left at their defaults for bugs in 7.8.3: wal_compression, atomic_flush, row_cache,
  // track_and_verify_wals_in_manifest, enable_pipelined_write, rate_limiter, async_io.
  return options;
}

}  // namespace trigpoint
