#include "wrapped_rows.h"

#include <rocksdb/db.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "trigpoint/base/status.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint::store_internal {
namespace {

namespace fs = std::filesystem;

// Stored; never change. A value is one of the two letters, then the wrapped secret after kLive.
constexpr char kLive = 'K';
constexpr char kTombstone = 'T';
constexpr char kRowPrefix = 'k';
const char* const kFormatKey = "!format";
const char* const kProbeKey = "!kek";

constexpr size_t kCacheBytes = size_t{8} << 20;
constexpr size_t kWriteBufferBytes = size_t{4} << 20;

std::string RowOf(const std::string& id) { return kRowPrefix + id; }

std::string ErrnoText() { return std::error_code(errno, std::generic_category()).message(); }

bool LiesIn(const fs::path& path, const fs::path& directory) {
  const fs::path relative = path.lexically_relative(directory);
  return !relative.empty() && relative.begin()->string() != "..";
}

}  // namespace

WrappedRows::WrappedRows(const WrappedRowsOptions& options)
    : options_(options),
      settings_(MakeSettings(options.env, {kCacheBytes, kWriteBufferBytes})),
      database_({.name = options.what + " " + options.directory,
                 .directory = options.directory,
                 .env = settings_.db.env},
                settings_.ran_out, [this] { return OpenFiles(); }) {}

absl::Status WrappedRows::Refuse(const std::string& why) const {
  return MakeStatus(absl::StatusCode::kFailedPrecondition,
                    options_.what + " " + options_.directory + " " + why);
}

// Inside a log or store it would travel with its backups.
absl::Status WrappedRows::CheckPlaces() const {
  std::error_code error;
  const fs::path directory = fs::weakly_canonical(options_.directory, error);
  if (error) return Refuse("cannot be resolved: " + error.message());
  for (fs::path above = directory.parent_path(); above != above.root_path();
       above = above.parent_path()) {
    if (fs::exists(above / "CURRENT", error))
      return Refuse("lies inside the database " + above.string());
  }
  if (LiesIn(fs::weakly_canonical(options_.kek_file, error), directory))
    return Refuse("must not hold its key file " + options_.kek_file);
  return absl::OkStatus();
}

absl::Status WrappedRows::MakePrivateDirectory() const {
  const std::string& directory = options_.directory;
  if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return Refuse("cannot be made: " + ErrnoText());
  if (::chmod(directory.c_str(), S_IRWXU) != 0)
    return Refuse("cannot be made private: " + ErrnoText());
  return absl::OkStatus();
}

absl::Status WrappedRows::Open() {
  TP_RETURN_IF_ERROR(CheckPlaces());
  TP_RETURN_IF_ERROR(MakePrivateDirectory());
  TP_RETURN_IF_ERROR(database_.Open());
  return LoadKek();
}

absl::StatusOr<std::unique_ptr<OpenRocks>> WrappedRows::OpenFiles() {
  TP_ASSIGN_OR_RETURN(
      auto open,
      OpenRocks::Open(database_.place(), settings_.db,
                      {{rocksdb::kDefaultColumnFamilyName, FamilySettings(settings_, true)}}));
  TP_RETURN_IF_ERROR(CheckFormat(*open));
  return open;
}

absl::Status WrappedRows::CheckFormat(const OpenRocks& open) const {
  const std::string opening = "open " + options_.what + " " + options_.directory;
  std::string format;
  const rocksdb::Status status = open.db().Get(rocksdb::ReadOptions(), kFormatKey, &format);
  if (status.ok()) {
    return format == options_.format ? absl::OkStatus()
                                     : Refuse("has the unknown format '" + format + "'");
  }
  if (!status.IsNotFound()) return FromRocks(status, opening);
  std::unique_ptr<rocksdb::Iterator> any(open.db().NewIterator(rocksdb::ReadOptions()));
  any->SeekToFirst();
  if (any->Valid()) {
    return Refuse("has no format but holds " + options_.item + "s: not a Trigpoint " +
                  options_.what);
  }
  return FromRocks(any->status(), opening);
}

// The format is written together with the probe, so a key file is made only before both.
absl::Status WrappedRows::LoadKek() {
  std::string probe;
  rocksdb::Status status;
  {
    TP_ASSIGN_OR_RETURN(const RocksUse open, database_.Use());
    status = open->db().Get(rocksdb::ReadOptions(), kProbeKey, &probe);
  }
  if (!status.ok() && !status.IsNotFound())
    return FromRocks(status, "open " + options_.what + " " + options_.directory);
  TP_ASSIGN_OR_RETURN(kek_, Kek::Load(options_.kek_file, status.IsNotFound()));
  if (status.ok()) {
    const absl::StatusOr<std::string> opened = kek_->Unwrap(kProbeKey, probe);
    return opened.ok() && *opened == options_.probe
               ? absl::OkStatus()
               : Refuse("was wrapped with another key file than " + options_.kek_file);
  }
  TP_ASSIGN_OR_RETURN(probe, kek_->Wrap(kProbeKey, options_.probe));
  rocksdb::WriteBatch batch;
  batch.Put(kFormatKey, options_.format);
  batch.Put(kProbeKey, probe);
  return Write(batch);
}

absl::Status WrappedRows::Write(rocksdb::WriteBatch& batch) {
  TP_RETURN_IF_ERROR(database_.Heal());
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_.Use());
  return database_.Write(*open, batch, true,
                         "write to " + options_.what + " " + options_.directory);
}

absl::StatusOr<std::optional<std::string>> WrappedRows::Find(const std::string& id) const {
  const std::string& item = options_.item;
  if (id.empty())
    return MakeStatus(absl::StatusCode::kInvalidArgument, "the " + item + " id is empty");
  std::string row;
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_.Use());
  const rocksdb::Status status = open->db().Get(rocksdb::ReadOptions(), RowOf(id), &row);
  if (status.IsNotFound()) return std::optional<std::string>();
  TP_RETURN_IF_ERROR(FromRocks(status, "read " + item + " " + id));
  if (row.size() == 1 && row[0] == kTombstone)
    return MakeStatus(absl::StatusCode::kAborted, "ERASED " + item + " " + id);
  if (row.empty() || row[0] != kLive)
    return MakeStatus(absl::StatusCode::kDataLoss, item + " " + id + " has an unknown form");
  absl::StatusOr<std::string> secret = kek_->Unwrap(id, std::string_view(row).substr(1));
  if (!secret.ok()) return Annotate(secret.status(), "read " + item + " " + id);
  return std::optional<std::string>(*std::move(secret));
}

absl::StatusOr<std::vector<std::string>> WrappedRows::IdsFrom(const std::string& prefix) const {
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_.Use());
  rocksdb::ReadOptions whole;
  whole.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> rows(open->db().NewIterator(whole));
  const std::string from = RowOf(prefix);
  std::vector<std::string> ids;
  for (rows->Seek(from); rows->Valid() && rows->key().starts_with(from); rows->Next())
    ids.push_back(rows->key().ToString().substr(1));
  TP_RETURN_IF_ERROR(FromRocks(rows->status(), "read " + options_.what + " " + options_.directory));
  return ids;
}

absl::Status WrappedRows::Put(const std::vector<std::pair<std::string, std::string>>& secrets) {
  rocksdb::WriteBatch batch;
  for (const auto& [id, secret] : secrets) {
    TP_ASSIGN_OR_RETURN(const std::string wrapped, kek_->Wrap(id, secret));
    batch.Put(RowOf(id), kLive + wrapped);
  }
  return Write(batch);
}

absl::Status WrappedRows::Bury(const std::vector<std::string>& ids) {
  rocksdb::WriteBatch batch;
  for (const std::string& id : ids) {
    if (id.empty()) {
      return MakeStatus(absl::StatusCode::kInvalidArgument,
                        "the " + options_.item + " id is empty");
    }
    batch.Put(RowOf(id), std::string(1, kTombstone));
  }
  return Write(batch);
}

absl::Status WrappedRows::Rewrite(const std::vector<std::string>& ids) {
  if (ids.empty()) return absl::OkStatus();
  const auto [first, last] = std::minmax_element(ids.begin(), ids.end());
  const std::string doing = "rewrite the files that held " + options_.item + " " + *first;
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_.Use());
  TP_RETURN_IF_ERROR(FromRocks(open->db().Flush(rocksdb::FlushOptions()), doing));
  rocksdb::CompactRangeOptions compact;
  compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  const std::string from = RowOf(*first);
  const std::string to = RowOf(*last);
  const rocksdb::Slice begin(from);
  const rocksdb::Slice end(to);
  return FromRocks(open->db().CompactRange(compact, &begin, &end), doing);
}

absl::Status WrappedRows::CopyTo(const std::string& directory, const std::string& name) const {
  std::error_code error;
  if (!fs::create_directory(directory, error)) {
    return error ? absl::UnavailableError("cannot make " + directory + ": " + error.message())
                 : absl::AlreadyExistsError(directory + " is there already");
  }
  fs::permissions(directory, fs::perms::owner_all, error);
  if (!error) fs::copy_file(options_.kek_file, directory + "/" + name + ".kek", error);
  if (error) return absl::UnavailableError("cannot copy to " + directory + ": " + error.message());
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_.Use());
  return open->CopyTo(directory + "/" + name);
}

}  // namespace trigpoint::store_internal
