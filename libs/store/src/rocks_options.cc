#include "rocks_options.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

namespace trigpoint::store_internal {
namespace {

constexpr int kBloomBits = 10;
constexpr double kMemtableBloomShare = 0.02;  // Of the write buffer.
constexpr uint64_t kSyncChunkBytes = uint64_t{1} << 20;

// RocksDB's own log goes nowhere: on 7.8.3 its writer aborts the process (an assertion that Debian
// leaves on) at the second line it cannot write on a full disk. Errors reach callers as statuses.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

// Notes failures and keeps RocksDB from recovering by itself: the next commit resumes, at once and
// in its own thread, instead of a poller that wakes every few seconds.
class FailureListener : public rocksdb::EventListener {
 public:
  explicit FailureListener(std::shared_ptr<std::atomic<bool>> failed)
      : failed_(std::move(failed)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                         rocksdb::Status* /*error*/) override {
    failed_->store(true);
  }

  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  std::shared_ptr<std::atomic<bool>> failed_;
};

}  // namespace

RocksSettings MakeSettings(rocksdb::Env* env, RocksMemory memory) {
  RocksSettings settings;
  settings.cache = rocksdb::NewLRUCache(memory.cache_bytes);
  settings.write_buffer_bytes = memory.write_buffer_bytes;
  settings.failed = std::make_shared<std::atomic<bool>>(false);
  rocksdb::DBOptions& db = settings.db;
  if (env != nullptr) {
    db.env = env;
  }
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // A torn tail of the log is dropped as a whole batch; with several families RocksDB refuses to
  // open when a file is ahead of what is left.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.max_background_jobs = 2;
  db.max_subcompactions = 1;
  // Idle families pin logs; this flushes them.
  db.max_total_wal_size = 2 * memory.write_buffer_bytes;
  db.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(memory.write_buffer_bytes, settings.cache);
  db.bytes_per_sync = kSyncChunkBytes;
  db.wal_bytes_per_sync = kSyncChunkBytes;
  // We flush before closing and report what went wrong; destruction then has nothing to do.
  db.avoid_flush_during_shutdown = true;
  db.info_log = std::make_shared<SilentLogger>();
  db.max_bgerror_resume_count = 0;
  db.listeners.push_back(std::make_shared<FailureListener>(settings.failed));
  // Left at their defaults for bugs in 7.8.3: wal_compression, atomic_flush, row_cache,
  // track_and_verify_wals_in_manifest, enable_pipelined_write, rate_limiter, async_io.
  return settings;
}

rocksdb::ColumnFamilyOptions FamilySettings(const RocksSettings& settings, bool point_lookups) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = settings.cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  if (point_lookups) {
    // Most lookups are of ids that are not there: a filter says so for tables and memtables.
    family.memtable_prefix_bloom_size_ratio = kMemtableBloomShare;
    family.memtable_whole_key_filtering = true;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits));
    table.whole_key_filtering = true;
  }
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.level_compaction_dynamic_level_bytes = true;
  family.write_buffer_size = settings.write_buffer_bytes;
  family.force_consistency_checks = true;
  // No prefix extractor: bounds on the iterator do the same without its undefined corners.
  return family;
}

}  // namespace trigpoint::store_internal
