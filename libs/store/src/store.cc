#include "trigpoint/store/store.h"

#include <rocksdb/convenience.h>

#include <algorithm>
#include <utility>

#include "batch_reader.h"
#include "store_impl.h"
#include "trigpoint/base/status.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint {

using store_internal::Family;
using store_internal::HandleOf;
using store_internal::ToSlice;

namespace {

// Stored; a change of the keys or families gets the next number.
constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kFormat = "trigpoint-store 1";

absl::Status Refuse(std::string_view directory, std::string_view why) {
  return MakeStatus(absl::StatusCode::kFailedPrecondition,
                    "store " + std::string(directory) + ": " + std::string(why));
}

bool IsOurs(const std::string& family) {
  return family == rocksdb::kDefaultColumnFamilyName ||
         std::find(std::begin(store_internal::kFamilyNames), std::end(store_internal::kFamilyNames),
                   family) != std::end(store_internal::kFamilyNames);
}

// Looks without writing at a database that has no family of ours: a log, a key store, or a first
// start of ours that was cut short before anything was written.
absl::Status CheckUntouched(const rocksdb::DBOptions& options, const std::string& directory) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      rocksdb::Options(options, rocksdb::ColumnFamilyOptions()), directory, &opened);
  TP_RETURN_IF_ERROR(FromRocks(status, "open store " + directory));
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::unique_ptr<rocksdb::Iterator> any(db->NewIterator(rocksdb::ReadOptions()));
  any->SeekToFirst();
  if (any->Valid()) {
    return Refuse(directory, "was written by another program: it has none of our families");
  }
  return FromRocks(any->status(), "open store " + directory);
}

// Creating families would change a database of somebody else, so this comes before opening it.
absl::Status CheckFamilies(const rocksdb::DBOptions& options, const std::string& directory) {
  if (!options.env->FileExists(directory + "/CURRENT").ok()) {
    return absl::OkStatus();
  }
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!listed.ok()) {
    return FromRocks(listed, "open store " + directory);
  }
  for (const std::string& name : names) {
    if (!IsOurs(name)) {
      return Refuse(directory, "holds the family '" + name +
                                   "': written by a newer version or another program");
    }
  }
  return names.size() == 1 ? CheckUntouched(options, directory) : absl::OkStatus();
}

}  // namespace

Store::Impl::Impl(StoreOptions from)
    : options(std::move(from)),
      settings(store_internal::MakeSettings(
          options.env, {options.block_cache_bytes, options.write_buffer_bytes})),
      database({.name = "store " + options.directory,
                .directory = options.directory,
                .env = settings.db.env},
               settings.ran_out, [this] { return OpenFiles(); }) {}

absl::StatusOr<std::unique_ptr<OpenRocks>> Store::Impl::OpenFiles() {
  TP_RETURN_IF_ERROR(CheckFamilies(settings.db, options.directory));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName,
                           store_internal::FamilySettings(settings, false));
  for (size_t i = 0; i < store_internal::kFamilies; ++i) {
    const bool point_lookups = static_cast<Family>(i) == Family::kEventIds;
    descriptors.emplace_back(std::string(store_internal::kFamilyNames[i]),
                             store_internal::FamilySettings(settings, point_lookups));
  }
  TP_ASSIGN_OR_RETURN(auto open, OpenRocks::Open(database.place(), settings.db, descriptors));
  TP_RETURN_IF_ERROR(CheckFormat(*open));
  TP_RETURN_IF_ERROR(CompleteDrops(*open));
  return open;
}

absl::Status Store::Impl::CheckFormat(const OpenRocks& open) {
  std::string format;
  const rocksdb::Status status =
      open.db().Get(rocksdb::ReadOptions(), open.default_family(), ToSlice(kFormatKey), &format);
  if (status.ok()) {
    return format == kFormat
               ? absl::OkStatus()
               : Refuse(options.directory, "has the format '" + format + "', this version reads '" +
                                               std::string(kFormat) + "'");
  }
  if (!status.IsNotFound()) {
    return FromRocks(status, "read the format of store " + options.directory);
  }
  // Without a format only an empty database is ours: a first start that was cut short.
  for (rocksdb::ColumnFamilyHandle* family : open.families()) {
    std::unique_ptr<rocksdb::Iterator> any(open.db().NewIterator(rocksdb::ReadOptions(), family));
    any->SeekToFirst();
    if (any->Valid()) {
      return Refuse(options.directory, "has no format but holds keys: not a Trigpoint store");
    }
    TP_RETURN_IF_ERROR(FromRocks(any->status(), "open store " + options.directory));
  }
  rocksdb::WriteBatch batch;
  batch.Put(open.default_family(), ToSlice(kFormatKey), ToSlice(kFormat));
  return database.Write(open, batch, true, "create store " + options.directory);
}

absl::StatusOr<RocksUse> Store::Impl::UseToWrite() {
  TP_RETURN_IF_ERROR(database.Heal());
  return database.Use();
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->database.Open());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::shared_ptr<Store::Impl> Store::Current() const {
  const absl::MutexLock lock(&mutex_);
  return impl_;
}

void Store::Swap(Store& other) {
  const std::shared_ptr<Impl> mine = Current();
  const std::shared_ptr<Impl> theirs = other.Current();
  {
    const absl::MutexLock lock(&mutex_);
    impl_ = theirs;
  }
  const absl::MutexLock lock(&other.mutex_);
  other.impl_ = mine;
}

absl::Status Store::Commit(StoreBatch&& batch) {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->UseToWrite());
  TP_RETURN_IF_ERROR(batch.status());
  rocksdb::WriteBatch writes(batch.bytes());
  store_internal::BatchReader reader(batch);
  while (const auto op = reader.Next()) {
    rocksdb::ColumnFamilyHandle* family = HandleOf(*open, op->family);
    const rocksdb::Status added = op->deletion
                                      ? writes.Delete(family, ToSlice(op->key))
                                      : writes.Put(family, ToSlice(op->key), ToSlice(op->value));
    TP_RETURN_IF_ERROR(FromRocks(added, "build the batch"));
  }
  TP_RETURN_IF_ERROR(impl->database.Write(*open, writes, impl->options.sync,
                                          "commit to store " + impl->options.directory));
  batch.Clear();
  return absl::OkStatus();
}

absl::Status Store::Flush() {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->UseToWrite());
  return FromRocks(open->db().Flush(rocksdb::FlushOptions(), open->families()),
                   "flush store " + impl->options.directory);
}

absl::Status Store::CopyTo(const std::string& directory) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->UseToWrite());
  return open->CopyTo(directory);
}

absl::Status Store::Close() {
  const std::shared_ptr<Impl> impl = Current();
  return impl->database.Close();
}

uint64_t Store::ApproximateBytes() const {
  const std::shared_ptr<Impl> impl = Current();
  const absl::StatusOr<RocksUse> open = impl->database.Use();
  if (!open.ok()) {
    return 0;
  }
  uint64_t files = 0;
  uint64_t memtables = 0;
  rocksdb::DB& db = (*open)->db();
  db.GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &files);
  db.GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memtables);
  return files + memtables;
}

absl::Status Store::CheckIntegrity(FileCallback visit) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  std::vector<rocksdb::LiveFileMetaData> files;
  open->db().GetLiveFilesMetaData(&files);
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  absl::Status first;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const std::string path = file.db_path + file.name;
    const rocksdb::Options options(impl->settings.db,
                                   store_internal::FamilySettings(impl->settings, false));
    const absl::Status checked =
        FromRocks(rocksdb::VerifySstFileChecksum(options, rocksdb::EnvOptions(), read, path),
                  "check " + path + " of family " + file.column_family_name);
    first.Update(checked);
    if (!visit(path, checked)) {
      break;
    }
  }
  return first;
}

}  // namespace trigpoint
