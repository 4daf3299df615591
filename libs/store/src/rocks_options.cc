#include "rocks_options.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

namespace trigpoint::store_internal {
namespace {

constexpr int kBloomBits = 10;
constexpr double kMemtableBloomShare = 0.02;  // Of the write buffer.

}  // namespace

RocksSettings MakeSettings(rocksdb::Env* env, RocksMemory memory) {
  RocksSettings settings;
  settings.cache = rocksdb::NewLRUCache(memory.cache_bytes);
  settings.write_buffer_bytes = memory.write_buffer_bytes;
  settings.ran_out = std::make_shared<std::atomic<bool>>(false);
  settings.db = BaseOptions(env, /*warnings=*/"", settings.ran_out);
  rocksdb::DBOptions& db = settings.db;
  db.create_missing_column_families = true;
  // All families or none: where the end of the manifest is damaged, what is left is the store as it
  // was before, checkpoint and all, and the rest is folded from the log again.
  db.atomic_flush = true;
  // Idle families pin logs; this flushes them.
  db.max_total_wal_size = 2 * memory.write_buffer_bytes;
  db.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(memory.write_buffer_bytes, settings.cache);
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
