#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keys.h"

namespace trigpoint::store_internal {

/// Memory that one RocksDB may use.
struct RocksMemory {
  size_t cache_bytes = 0;
  size_t write_buffer_bytes = 0;
};

/// Settings for the whole database, and the cache that its families share.
struct RocksSettings {
  rocksdb::DBOptions db;
  std::shared_ptr<rocksdb::Cache> cache;
  size_t write_buffer_bytes = 0;
  /// Set by RocksDB when a write, flush or compaction failed; then Resume is due.
  std::shared_ptr<std::atomic<bool>> failed;
};

/// Gives the settings for 7.8.3 that are known to be sound; the reason stands at each.
RocksSettings MakeSettings(rocksdb::Env* env, RocksMemory memory);

/// Gives the settings of a family over the shared cache.
rocksdb::ColumnFamilyOptions FamilySettings(const RocksSettings& settings, bool point_lookups);

}  // namespace trigpoint::store_internal
