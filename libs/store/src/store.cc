#include "trigpoint/store/store.h"

#include <rocksdb/convenience.h>

#include <algorithm>
#include <utility>

#include "batch_reader.h"
#include "rocks_status.h"
#include "store_impl.h"
#include "trigpoint/base/status.h"

namespace trigpoint {

using store_internal::Family;
using store_internal::FromRocks;
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

bool IsLockHeld(const rocksdb::Status& status) {
  return status.IsIOError() && status.ToString().find("lock") != std::string::npos;
}

}  // namespace

Store::Impl::Impl(StoreOptions from)
    : options(std::move(from)),
      settings(store_internal::MakeSettings(
          options.env, {options.block_cache_bytes, options.write_buffer_bytes})) {}

Store::Impl::~Impl() { Close().IgnoreError(); }

absl::Status Store::Impl::Open() {
  TP_RETURN_IF_ERROR(CheckFamilies(settings.db, options.directory));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName,
                           store_internal::FamilySettings(settings, false));
  for (size_t i = 0; i < store_internal::kFamilies; ++i) {
    const bool point_lookups = static_cast<Family>(i) == Family::kEventIds;
    descriptors.emplace_back(std::string(store_internal::kFamilyNames[i]),
                             store_internal::FamilySettings(settings, point_lookups));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(settings.db, options.directory, descriptors, &handles, &opened);
  if (IsLockHeld(status)) {
    return Refuse(options.directory, "another process holds it: " + status.ToString());
  }
  if (!status.ok()) {
    return FromRocks(status, "open store " + options.directory);
  }
  db.reset(opened);
  default_family = handles[0];
  std::copy(handles.begin() + 1, handles.end(), families.begin());
  TP_RETURN_IF_ERROR(CheckFormat());
  TP_RETURN_IF_ERROR(CompleteDrops());
  return Touch();
}

absl::Status Store::Impl::CheckFormat() {
  std::string format;
  const rocksdb::Status status =
      db->Get(rocksdb::ReadOptions(), default_family, ToSlice(kFormatKey), &format);
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
  std::vector<rocksdb::ColumnFamilyHandle*> all(families.begin(), families.end());
  all.push_back(default_family);
  for (rocksdb::ColumnFamilyHandle* family : all) {
    std::unique_ptr<rocksdb::Iterator> any(db->NewIterator(rocksdb::ReadOptions(), family));
    any->SeekToFirst();
    if (any->Valid()) {
      return Refuse(options.directory, "has no format but holds keys: not a Trigpoint store");
    }
    TP_RETURN_IF_ERROR(FromRocks(any->status(), "open store " + options.directory));
  }
  rocksdb::WriteBatch batch;
  batch.Put(default_family, ToSlice(kFormatKey), ToSlice(kFormat));
  return Write(batch, true, "create store " + options.directory);
}

absl::Status Store::Impl::Touch() {
  rocksdb::WriteBatch batch;
  batch.Put(default_family, ToSlice(kFormatKey), ToSlice(kFormat));
  return Write(batch, options.sync, "touch store " + options.directory);
}

absl::Status Store::Impl::CheckOpen() const {
  if (db != nullptr) {
    return absl::OkStatus();
  }
  return Refuse(options.directory, "is closed");
}

absl::Status Store::Impl::ResumeAfterFailure() {
  absl::MutexLock lock(&resume_mutex);
  if (!settings.failed->exchange(false)) {
    return absl::OkStatus();
  }
  const rocksdb::Status resumed = db->Resume();
  if (!resumed.ok()) {
    settings.failed->store(true);
    return FromRocks(resumed, "resume writing to store " + options.directory);
  }
  return absl::OkStatus();
}

absl::Status Store::Impl::Write(rocksdb::WriteBatch& batch, bool sync, std::string_view doing) {
  TP_RETURN_IF_ERROR(ResumeAfterFailure());
  rocksdb::WriteOptions write;
  write.sync = sync;
  const rocksdb::Status status = db->Write(write, &batch);
  if (status.IsNoSpace()) {
    settings.failed->store(true);
  }
  return FromRocks(status, doing);
}

absl::Status Store::Impl::Close() {
  if (db == nullptr) {
    return absl::OkStatus();
  }
  std::vector<rocksdb::ColumnFamilyHandle*> all(families.begin(), families.end());
  all.push_back(default_family);
  absl::Status result = ResumeAfterFailure();
  result.Update(
      FromRocks(db->Flush(rocksdb::FlushOptions(), all), "flush store " + options.directory));
  for (rocksdb::ColumnFamilyHandle* family : all) {
    db->DestroyColumnFamilyHandle(family);
  }
  families.fill(nullptr);
  default_family = nullptr;
  result.Update(FromRocks(db->Close(), "close store " + options.directory));
  db.reset();
  return result;
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

absl::Status Store::Commit(StoreBatch&& batch) {
  TP_RETURN_IF_ERROR(impl_->CheckOpen());
  TP_RETURN_IF_ERROR(batch.status());
  rocksdb::WriteBatch writes(batch.bytes());
  store_internal::BatchReader reader(batch);
  while (const auto op = reader.Next()) {
    rocksdb::ColumnFamilyHandle* family = impl_->Handle(op->family);
    const rocksdb::Status added = op->deletion
                                      ? writes.Delete(family, ToSlice(op->key))
                                      : writes.Put(family, ToSlice(op->key), ToSlice(op->value));
    TP_RETURN_IF_ERROR(FromRocks(added, "build the batch"));
  }
  TP_RETURN_IF_ERROR(
      impl_->Write(writes, impl_->options.sync, "commit to store " + impl_->options.directory));
  batch.Clear();
  return absl::OkStatus();
}

absl::Status Store::Flush() {
  TP_RETURN_IF_ERROR(impl_->CheckOpen());
  TP_RETURN_IF_ERROR(impl_->ResumeAfterFailure());
  std::vector<rocksdb::ColumnFamilyHandle*> all(impl_->families.begin(), impl_->families.end());
  all.push_back(impl_->default_family);
  TP_RETURN_IF_ERROR(FromRocks(impl_->db->Flush(rocksdb::FlushOptions(), all),
                               "flush store " + impl_->options.directory));
  return impl_->Touch();
}

absl::Status Store::Close() { return impl_->Close(); }

uint64_t Store::ApproximateBytes() const {
  if (impl_->db == nullptr) {
    return 0;
  }
  uint64_t files = 0;
  uint64_t memtables = 0;
  impl_->db->GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &files);
  impl_->db->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memtables);
  return files + memtables;
}

absl::Status Store::CheckIntegrity(FileCallback visit) const {
  TP_RETURN_IF_ERROR(impl_->CheckOpen());
  std::vector<rocksdb::LiveFileMetaData> files;
  impl_->db->GetLiveFilesMetaData(&files);
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  absl::Status first;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const std::string path = file.db_path + file.name;
    const rocksdb::Options options(impl_->settings.db,
                                   store_internal::FamilySettings(impl_->settings, false));
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
