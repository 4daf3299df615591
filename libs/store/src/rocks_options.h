#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

#include <cstddef>
#include <memory>

#include "trigpoint/rocks/options.h"

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
  RanOutOfSpace ran_out;
};

/// Gives the settings for 7.8.3 that are known to be sound; the reason stands at each.
RocksSettings MakeSettings(rocksdb::Env* env, RocksMemory memory);

/// Gives the settings of a family over the shared cache.
rocksdb::ColumnFamilyOptions FamilySettings(const RocksSettings& settings, bool point_lookups);

}  // namespace trigpoint::store_internal
