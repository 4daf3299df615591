#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keys.h"
#include "rocks_options.h"
#include "trigpoint/rocks/database.h"
#include "trigpoint/store/store.h"

namespace trigpoint {

/// The database and how it is opened; each call takes it into use once.
struct Store::Impl {
  explicit Impl(StoreOptions from);

  /// Opens the files, checks their format and completes interrupted drops.
  absl::StatusOr<std::unique_ptr<OpenRocks>> OpenFiles();
  absl::Status CheckFormat(const OpenRocks& open);
  absl::Status CompleteDrops(const OpenRocks& open);
  /// Deletes every key of a partition whose drop has been announced, then the announcement.
  absl::Status FinishDrop(const OpenRocks& open, uint32_t partition);
  /// Takes the database into use for a write, after opening it anew when it needs that.
  absl::StatusOr<RocksUse> UseToWrite();
  /// Reads one key; nullopt when absent.
  absl::StatusOr<std::optional<std::string>> Get(store_internal::Family family,
                                                 std::string_view key) const;

  const StoreOptions options;
  const store_internal::RocksSettings settings;
  RocksDatabase database;
};

namespace store_internal {

inline rocksdb::ColumnFamilyHandle* HandleOf(const OpenRocks& open, Family family) {
  return open.families()[1 + static_cast<size_t>(family)];
}

/// Views the same bytes.
inline rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view FromSlice(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// An iterator over [from, to) of one family; a `to` of nullopt is the end of the family. It sees
/// the family as it was when the iterator was made. Not movable: RocksDB points into the bounds.
class RangeIterator {
 public:
  RangeIterator(const OpenRocks& open, rocksdb::ColumnFamilyHandle* family, std::string from,
                std::optional<std::string> to, bool fill_cache = true);
  RangeIterator(const RangeIterator&) = delete;
  RangeIterator& operator=(const RangeIterator&) = delete;

  void SeekToFirst() { iterator_->Seek(from_slice_); }
  void SeekToLast() { iterator_->SeekToLast(); }
  /// Goes to the first key >= `key`, which must be in the range.
  void Seek(std::string_view key) { iterator_->Seek(ToSlice(key)); }
  /// Goes to the last key <= `key`.
  void SeekForPrev(std::string_view key) { iterator_->SeekForPrev(ToSlice(key)); }
  bool Valid() const { return iterator_->Valid(); }
  void Next() { iterator_->Next(); }
  std::string_view Key() const { return FromSlice(iterator_->key()); }
  std::string_view Value() const { return FromSlice(iterator_->value()); }
  /// Why the iterator stopped being valid: OK at the end of the range.
  rocksdb::Status status() const { return iterator_->status(); }

 private:
  std::string from_;
  std::string to_;
  rocksdb::Slice from_slice_;
  rocksdb::Slice to_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

/// Key in the default family that says "this partition is being dropped".
std::string DropKey(uint32_t partition);
inline constexpr std::string_view kDropPrefix = "drop|";

}  // namespace store_internal
}  // namespace trigpoint
