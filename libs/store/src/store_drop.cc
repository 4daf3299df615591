#include <utility>
#include <vector>

#include "store_impl.h"
#include "trigpoint/base/status.h"
#include "trigpoint/rocks/status.h"

/// Dropping a partition. DeleteRange and DeleteFilesInRange are left alone (wrong reads after it on
/// 7.8.3; files vanish under running scans), so keys go one by one, in many batches. The order
/// makes it safe: the announcement and the loss of the checkpoint are one synced batch, so that a
/// crash leaves either the whole partition or one that Open finishes dropping.
namespace trigpoint {

using store_internal::DropKey;
using store_internal::Family;
using store_internal::HandleOf;
using store_internal::kDropPrefix;
using store_internal::RangeIterator;
using store_internal::ToSlice;

namespace {
constexpr int kDeletesPerBatch = 10'000;
}

std::string store_internal::DropKey(uint32_t partition) {
  std::string key(kDropPrefix);
  AppendBigEndian32(partition, key);
  return key;
}

absl::Status Store::DropPartition(uint32_t partition) {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->UseToWrite());
  rocksdb::WriteBatch announce;
  announce.Put(open->default_family(), ToSlice(DropKey(partition)), {});
  announce.Delete(HandleOf(*open, Family::kCheckpoints),
                  ToSlice(store_internal::PartitionKey(partition)));
  TP_RETURN_IF_ERROR(
      impl->database.Write(*open, announce, true, "drop partition " + std::to_string(partition)));
  return impl->FinishDrop(*open, partition);
}

absl::Status Store::Impl::FinishDrop(const OpenRocks& open, uint32_t partition) {
  const std::string doing = "drop partition " + std::to_string(partition);
  for (size_t i = 0; i < store_internal::kFamilies; ++i) {
    rocksdb::ColumnFamilyHandle* family = HandleOf(open, static_cast<Family>(i));
    RangeIterator keys(open, family, store_internal::PartitionKey(partition),
                       store_internal::PartitionEnd(partition), false);
    keys.SeekToFirst();
    while (keys.Valid()) {
      rocksdb::WriteBatch deletes;
      for (int n = 0; n < kDeletesPerBatch && keys.Valid(); ++n, keys.Next()) {
        deletes.Delete(family, ToSlice(keys.Key()));
      }
      TP_RETURN_IF_ERROR(database.Write(open, deletes, false, doing));
    }
    TP_RETURN_IF_ERROR(FromRocks(keys.status(), doing));
  }
  rocksdb::WriteBatch done;
  done.Delete(open.default_family(), ToSlice(DropKey(partition)));
  return database.Write(open, done, true, doing);
}

absl::Status Store::Impl::CompleteDrops(const OpenRocks& open) {
  std::vector<uint32_t> partitions;
  {
    RangeIterator keys(open, open.default_family(), std::string(kDropPrefix),
                       store_internal::PrefixEnd(std::string(kDropPrefix)));
    for (keys.SeekToFirst(); keys.Valid(); keys.Next()) {
      const std::string_view rest = keys.Key().substr(kDropPrefix.size());
      if (rest.size() == store_internal::kPartitionBytes) {
        partitions.push_back(store_internal::GetBigEndian32(rest));
      }
    }
    TP_RETURN_IF_ERROR(FromRocks(keys.status(), "look for interrupted drops"));
  }
  for (const uint32_t partition : partitions) {
    TP_RETURN_IF_ERROR(FinishDrop(open, partition));
  }
  return absl::OkStatus();
}

}  // namespace trigpoint
