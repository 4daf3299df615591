#pragma once

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "keys.h"
#include "rocks_options.h"
#include "trigpoint/store/store.h"

namespace trigpoint {

/// The open database. Handles are null after Close.
struct Store::Impl {
  explicit Impl(StoreOptions from);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Opens the database, checks its format and completes interrupted drops.
  absl::Status Open();
  absl::Status CheckFormat();
  absl::Status CompleteDrops();
  /// Deletes every key of a partition whose drop has been announced, then the announcement.
  absl::Status FinishDrop(uint32_t partition);
  /// Clears a background error, so that writes are possible again.
  absl::Status ResumeAfterFailure();
  /// Writes the batch, after clearing an earlier background error.
  absl::Status Write(rocksdb::WriteBatch& batch, bool sync, std::string_view doing);
  absl::Status Close();

  /// Keeps a memtable from being empty. Resume starts a new log only when there is something to
  /// flush, and on 7.8.3 a log that failed once never takes another write (rocksdb issue 11643).
  absl::Status Touch();
  absl::Status CheckOpen() const;
  rocksdb::ColumnFamilyHandle* Handle(store_internal::Family family) const {
    return families[static_cast<size_t>(family)];
  }
  /// Reads one key; nullopt when absent.
  absl::StatusOr<std::optional<std::string>> Get(store_internal::Family family,
                                                 std::string_view key) const;

  StoreOptions options;
  store_internal::RocksSettings settings;
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* default_family = nullptr;  // Owned by db; released by Close.
  std::array<rocksdb::ColumnFamilyHandle*, store_internal::kFamilies> families{};
  absl::Mutex resume_mutex;  // One resume at a time.
};

namespace store_internal {

/// Views the same bytes.
inline rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view FromSlice(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// An iterator over [from, to) of one family; a `to` of nullopt is the end of the family. It sees
/// the family as it was when the iterator was made. Not movable: RocksDB points into the bounds.
class RangeIterator {
 public:
  RangeIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string from,
                std::optional<std::string> to, bool fill_cache = true);
  RangeIterator(const RangeIterator&) = delete;
  RangeIterator& operator=(const RangeIterator&) = delete;

  void SeekToFirst() { iterator_->Seek(from_slice_); }
  void SeekToLast() { iterator_->SeekToLast(); }
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
