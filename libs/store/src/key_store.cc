#include "trigpoint/store/key_store.h"

#include <rocksdb/db.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "kek.h"
#include "key_cache.h"
#include "rocks_options.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/status.h"
#include "trigpoint/rocks/database.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint {

using store_internal::Kek;
using store_internal::KeyCache;

namespace {

namespace fs = std::filesystem;

// Stored; never change. A value is one of the two letters, then the wrapped key after kLive.
constexpr char kLive = 'K';
constexpr char kTombstone = 'T';
const char* const kFormatKey = "!format";
const char* const kFormat = "trigpoint-keys 1";
const char* const kProbeKey = "!kek";  // A wrapped constant: tells whether the key file is ours.
const char* const kProbe = "trigpoint key store";

constexpr size_t kCacheBytes = size_t{8} << 20;
constexpr size_t kWriteBufferBytes = size_t{4} << 20;

std::string RowOf(const std::string& key_id) { return "k" + key_id; }

absl::Status Refuse(const std::string& directory, std::string_view why) {
  return MakeStatus(absl::StatusCode::kFailedPrecondition,
                    "key store " + directory + " " + std::string(why));
}

absl::Status Erased(const std::string& key_id) {
  return MakeStatus(absl::StatusCode::kAborted, "ERASED key " + key_id);
}

bool LiesIn(const fs::path& path, const fs::path& directory) {
  const fs::path relative = path.lexically_relative(directory);
  return !relative.empty() && relative.begin()->string() != "..";
}

// A key store inside a log or store would travel with its backups.
absl::Status CheckPlaces(const KeyStoreOptions& options) {
  std::error_code error;
  const fs::path directory = fs::weakly_canonical(options.directory, error);
  if (error) {
    return Refuse(options.directory, "cannot be resolved: " + error.message());
  }
  for (fs::path above = directory.parent_path(); above != above.root_path();
       above = above.parent_path()) {
    if (fs::exists(above / "CURRENT", error)) {
      return Refuse(options.directory, "lies inside the database " + above.string());
    }
  }
  if (LiesIn(fs::weakly_canonical(options.kek_file, error), directory)) {
    return Refuse(options.directory, "must not hold its key file " + options.kek_file);
  }
  return absl::OkStatus();
}

absl::Status MakePrivateDirectory(const std::string& directory) {
  if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return Refuse(directory,
                  "cannot be made: " + std::error_code(errno, std::generic_category()).message());
  }
  if (::chmod(directory.c_str(), S_IRWXU) != 0) {
    return Refuse(directory, "cannot be made private: " +
                                 std::error_code(errno, std::generic_category()).message());
  }
  return absl::OkStatus();
}

}  // namespace

struct KeyStore::Impl {
  explicit Impl(const KeyStoreOptions& from)
      : options(from),
        settings(store_internal::MakeSettings(from.env, {kCacheBytes, kWriteBufferBytes})),
        database({.name = "key store " + options.directory,
                  .directory = options.directory,
                  .env = settings.db.env},
                 settings.ran_out, [this] { return OpenFiles(); }),
        cache(from.cached_keys) {}

  absl::Status Open();
  absl::StatusOr<std::unique_ptr<OpenRocks>> OpenFiles();
  absl::Status CheckFormat(const OpenRocks& open);
  absl::Status LoadKek();
  absl::Status Put(rocksdb::WriteBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  /// The key, nullopt when it never existed, or Aborted.
  absl::StatusOr<std::optional<std::string>> Find(const std::string& key_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  const KeyStoreOptions options;
  const store_internal::RocksSettings settings;
  RocksDatabase database;
  std::optional<Kek> kek;
  absl::Mutex mutex;  // Makes looking and creating one step.
  KeyCache cache ABSL_GUARDED_BY(mutex);
};

absl::Status KeyStore::Impl::Open() {
  TP_RETURN_IF_ERROR(CheckPlaces(options));
  TP_RETURN_IF_ERROR(MakePrivateDirectory(options.directory));
  TP_RETURN_IF_ERROR(database.Open());
  return LoadKek();
}

absl::StatusOr<std::unique_ptr<OpenRocks>> KeyStore::Impl::OpenFiles() {
  TP_ASSIGN_OR_RETURN(auto open,
                      OpenRocks::Open(database.place(), settings.db,
                                      {{rocksdb::kDefaultColumnFamilyName,
                                        store_internal::FamilySettings(settings, true)}}));
  TP_RETURN_IF_ERROR(CheckFormat(*open));
  return open;
}

absl::Status KeyStore::Impl::CheckFormat(const OpenRocks& open) {
  std::string format;
  const rocksdb::Status status = open.db().Get(rocksdb::ReadOptions(), kFormatKey, &format);
  if (status.ok()) {
    return format == kFormat ? absl::OkStatus()
                             : Refuse(options.directory, "has the unknown format '" + format + "'");
  }
  if (!status.IsNotFound()) {
    return FromRocks(status, "open key store " + options.directory);
  }
  std::unique_ptr<rocksdb::Iterator> any(open.db().NewIterator(rocksdb::ReadOptions()));
  any->SeekToFirst();
  if (any->Valid()) {
    return Refuse(options.directory, "has no format but holds keys: not a Trigpoint key store");
  }
  return FromRocks(any->status(), "open key store " + options.directory);
}

// The format is written together with the probe, so a key file is made only before both.
absl::Status KeyStore::Impl::LoadKek() {
  std::string probe;
  rocksdb::Status status;
  {
    TP_ASSIGN_OR_RETURN(const RocksUse open, database.Use());
    status = open->db().Get(rocksdb::ReadOptions(), kProbeKey, &probe);
  }
  if (!status.ok() && !status.IsNotFound()) {
    return FromRocks(status, "open key store " + options.directory);
  }
  TP_ASSIGN_OR_RETURN(kek, Kek::Load(options.kek_file, status.IsNotFound()));
  if (status.ok()) {
    const absl::StatusOr<std::string> opened = kek->Unwrap(kProbeKey, probe);
    return opened.ok() && *opened == kProbe
               ? absl::OkStatus()
               : Refuse(options.directory,
                        "was wrapped with another key file than " + options.kek_file);
  }
  TP_ASSIGN_OR_RETURN(probe, kek->Wrap(kProbeKey, kProbe));
  rocksdb::WriteBatch batch;
  batch.Put(kFormatKey, kFormat);
  batch.Put(kProbeKey, probe);
  absl::MutexLock lock(&mutex);
  return Put(batch);
}

absl::Status KeyStore::Impl::Put(rocksdb::WriteBatch& batch) {
  TP_RETURN_IF_ERROR(database.Heal());
  TP_ASSIGN_OR_RETURN(const RocksUse open, database.Use());
  return database.Write(*open, batch, true, "write to key store " + options.directory);
}

absl::StatusOr<std::optional<std::string>> KeyStore::Impl::Find(const std::string& key_id) {
  if (key_id.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, "the key id is empty");
  }
  std::optional<std::string> cached = cache.Find(key_id);
  if (cached.has_value()) {
    return cached;
  }
  std::string row;
  TP_ASSIGN_OR_RETURN(const RocksUse open, database.Use());
  const rocksdb::Status status = open->db().Get(rocksdb::ReadOptions(), RowOf(key_id), &row);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  TP_RETURN_IF_ERROR(FromRocks(status, "read key " + key_id));
  if (row.size() == 1 && row[0] == kTombstone) {
    return Erased(key_id);
  }
  if (row.empty() || row[0] != kLive) {
    return MakeStatus(absl::StatusCode::kDataLoss, "key " + key_id + " has an unknown form");
  }
  absl::StatusOr<std::string> key = kek->Unwrap(key_id, std::string_view(row).substr(1));
  if (!key.ok()) {
    return Annotate(key.status(), "read key " + key_id);
  }
  cache.Insert(key_id, *key);
  return std::optional<std::string>(*std::move(key));
}

absl::StatusOr<std::unique_ptr<KeyStore>> KeyStore::Open(const KeyStoreOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<KeyStore>(new KeyStore(std::move(impl)));
}

KeyStore::KeyStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyStore::~KeyStore() = default;

absl::StatusOr<std::string> KeyStore::GetOrCreateKey(const std::string& key_id) {
  TP_ASSIGN_OR_RETURN(std::vector<std::string> keys, GetOrCreateKeys({key_id}));
  return std::move(keys.front());
}

absl::StatusOr<std::string> KeyStore::GetKey(const std::string& key_id) {
  absl::MutexLock lock(&impl_->mutex);
  TP_ASSIGN_OR_RETURN(std::optional<std::string> key, impl_->Find(key_id));
  if (!key.has_value()) {
    return MakeStatus(absl::StatusCode::kNotFound, "no key " + key_id);
  }
  return *std::move(key);
}

absl::StatusOr<std::vector<std::string>> KeyStore::GetOrCreateKeys(
    const std::vector<std::string>& key_ids) {
  absl::MutexLock lock(&impl_->mutex);
  std::vector<std::string> keys;
  keys.reserve(key_ids.size());
  std::unordered_map<std::string, std::string> made;
  rocksdb::WriteBatch batch;
  for (const std::string& key_id : key_ids) {
    TP_ASSIGN_OR_RETURN(std::optional<std::string> key, impl_->Find(key_id));
    if (const auto twice = made.find(key_id); !key.has_value() && twice != made.end()) {
      key = twice->second;
    }
    if (!key.has_value()) {
      TP_ASSIGN_OR_RETURN(key, RandomBytes(store_internal::kKeyBytes));
      TP_ASSIGN_OR_RETURN(const std::string wrapped, impl_->kek->Wrap(key_id, *key));
      batch.Put(RowOf(key_id), kLive + wrapped);
      made.emplace(key_id, *key);
    }
    keys.push_back(*std::move(key));
  }
  if (!made.empty()) {
    TP_RETURN_IF_ERROR(impl_->Put(batch));
    for (auto& [key_id, key] : made) {
      impl_->cache.Insert(key_id, std::move(key));
    }
  }
  return keys;
}

absl::Status KeyStore::DestroyKey(const std::string& key_id) {
  if (key_id.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, "the key id is empty");
  }
  const std::string row = RowOf(key_id);
  {
    absl::MutexLock lock(&impl_->mutex);
    // First: a tombstone whose write failed may stand nonetheless.
    impl_->cache.Erase(key_id);
    rocksdb::WriteBatch batch;
    batch.Put(row, std::string(1, kTombstone));
    TP_RETURN_IF_ERROR(impl_->Put(batch));
  }
  // The tombstone only hides the wrapped key; this removes it from logs and table files.
  const std::string doing = "rewrite the files that held key " + key_id;
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  TP_RETURN_IF_ERROR(FromRocks(open->db().Flush(rocksdb::FlushOptions()), doing));
  rocksdb::CompactRangeOptions compact;
  compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  const rocksdb::Slice at(row);
  return FromRocks(open->db().CompactRange(compact, &at, &at), doing);
}

absl::Status KeyStore::CopyTo(const std::string& directory) const {
  std::error_code error;
  if (!std::filesystem::create_directory(directory, error)) {
    return error ? absl::UnavailableError("cannot make " + directory + ": " + error.message())
                 : absl::AlreadyExistsError(directory + " is there already");
  }
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (!error) {
    std::filesystem::copy_file(impl_->options.kek_file, directory + "/keys.kek", error);
  }
  if (error) return absl::UnavailableError("cannot copy to " + directory + ": " + error.message());
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  return open->CopyTo(directory + "/keys");
}

}  // namespace trigpoint
