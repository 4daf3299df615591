#include "trigpoint/rocks/database.h"

#include <rocksdb/utilities/checkpoint.h>

#include <rocksdb/env.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "trigpoint/base/status.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint {
namespace {

/// Room wanted beyond the write-ahead logs: a new log, a new manifest, a little to go on with.
constexpr uint64_t kSpareBytes = uint64_t{4} << 20;
/// How long a recovery waits for those who use the database. Longer, and one who writes from inside
/// a scan would wait for himself as long; newcomers wait no longer either.
constexpr std::chrono::milliseconds kLeaveWithin{100};

uint64_t WriteAheadBytes(rocksdb::Env& env, const std::string& directory) {
  uint64_t bytes = 0;
  std::vector<rocksdb::Env::FileAttributes> files;
  env.GetChildrenFileAttributes(directory, &files).PermitUncheckedError();
  for (const rocksdb::Env::FileAttributes& file : files) {
    bytes += file.name.ends_with(".log") ? file.size_bytes : 0;
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<OpenRocks>> OpenRocks::Open(
    const RocksPlace& place, const rocksdb::DBOptions& options,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, place.directory, families, &handles, &opened);
  if (IsLockHeld(status)) {
    return absl::FailedPreconditionError(
        absl::StrCat(place.name, ": another process holds it: ", status.ToString()));
  }
  TP_RETURN_IF_ERROR(FromRocks(status, "open " + place.name));
  return std::unique_ptr<OpenRocks>(
      new OpenRocks(std::unique_ptr<rocksdb::DB>(opened), std::move(handles)));
}

absl::Status OpenRocks::CopyTo(const std::string& directory) const {
  const std::string doing = "copy to " + directory;
  rocksdb::Checkpoint* made = nullptr;
  TP_RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(db_.get(), &made), doing));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // 0: what is in memory is flushed first, so that no write-ahead log has to be copied.
  return FromRocks(checkpoint->CreateCheckpoint(directory, 0), doing);
}

absl::Status OpenRocks::Close() {
  if (db_ == nullptr) {
    return absl::OkStatus();
  }
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  families_.clear();
  absl::Status closed = FromRocks(db_->Close(), "close");
  db_.reset();
  return closed;
}

RocksUse::~RocksUse() {
  if (owner_ != nullptr) {
    owner_->Leave();
  }
}

RocksDatabase::RocksDatabase(RocksPlace place, RanOutOfSpace ran_out, Opener open)
    : place_(std::move(place)), ran_out_(std::move(ran_out)), open_(std::move(open)) {}

absl::Status RocksDatabase::Open() {
  TP_ASSIGN_OR_RETURN(std::unique_ptr<OpenRocks> opened, open_());
  const std::lock_guard lock(mutex_);
  opened_ = std::move(opened);
  return absl::OkStatus();
}

absl::StatusOr<RocksUse> RocksDatabase::Use() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !enclosed_; });
  if (closed_) {
    return absl::FailedPreconditionError("the database is closed");
  }
  if (opened_ == nullptr) {
    return Full("it waits for room");
  }
  ++users_;
  return RocksUse(this, opened_.get());
}

void RocksDatabase::Leave() const {
  const std::lock_guard lock(mutex_);
  if (--users_ == 0 && (enclosed_ || closed_)) {
    changed_.notify_all();
  }
}

absl::Status RocksDatabase::Full(std::string_view why) const {
  return absl::ResourceExhaustedError(
      absl::StrCat("the disk of ", place_.name, " was full: ", ToAbsl(why)));
}

absl::Status RocksDatabase::CheckRoom() const {
  // Opening writes what is in the write-ahead logs into tables.
  const uint64_t needed = kSpareBytes + WriteAheadBytes(*place_.env, place_.directory);
  uint64_t free = 0;
  if (!place_.env->GetFreeSpace(place_.directory, &free).ok() || free >= needed) {
    return absl::OkStatus();
  }
  return Full(absl::StrCat(free, " bytes are free, ", needed, " are needed"));
}

bool RocksDatabase::Enclose() {
  std::unique_lock lock(mutex_);
  enclosed_ = true;
  enclosed_ = changed_.wait_for(lock, kLeaveWithin, [this] { return users_ == 0; });
  if (!enclosed_) {
    changed_.notify_all();
  }
  return enclosed_;
}

absl::Status RocksDatabase::Heal() {
  if (!ran_out_->load()) {
    return absl::OkStatus();
  }
  const std::lock_guard one(heal_mutex_);
  if (!ran_out_->load()) {
    return absl::OkStatus();
  }
  // Before anything is closed, so that reads go on while there is no room.
  TP_RETURN_IF_ERROR(CheckRoom());
  if (!Enclose()) {
    return Full("reads are under way; it is opened anew when they end");
  }
  absl::Status opened = OpenAnew();
  const std::lock_guard lock(mutex_);
  enclosed_ = false;
  changed_.notify_all();
  return opened;
}

absl::Status RocksDatabase::OpenAnew() {
  std::unique_ptr<OpenRocks> old;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return absl::FailedPreconditionError("the database is closed");
    }
    old = std::move(opened_);
  }
  // Its log refuses to be closed in good order; what it holds was synced before.
  old.reset();
  ran_out_->store(false);
  absl::StatusOr<std::unique_ptr<OpenRocks>> opened = open_();
  if (!opened.ok()) {
    ran_out_->store(true);
    // After one write without space RocksDB gives later failures other names.
    const absl::Status room = CheckRoom();
    return absl::IsDataLoss(opened.status()) || room.ok() ? opened.status() : room;
  }
  const std::lock_guard lock(mutex_);
  opened_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status RocksDatabase::Write(const OpenRocks& open, rocksdb::WriteBatch& batch, bool sync,
                                  std::string_view doing) {
  rocksdb::WriteOptions write;
  write.sync = sync;
  const rocksdb::Status status = open.db().Write(write, &batch);
  if (IsNoSpace(status)) {
    ran_out_->store(true);
  }
  return FromRocks(status, doing);
}

absl::Status RocksDatabase::Close() {
  absl::Status result = Heal();
  const std::lock_guard one(heal_mutex_);
  std::unique_ptr<OpenRocks> open;
  {
    std::unique_lock lock(mutex_);
    closed_ = true;  // Nobody new comes in.
    changed_.wait(lock, [this] { return users_ == 0; });
    open = std::move(opened_);
  }
  if (open == nullptr) {
    return absl::IsFailedPrecondition(result) ? absl::OkStatus() : result;
  }
  if (!result.ok()) {
    return result;  // A flush is in vain; what was acknowledged is in the write-ahead log.
  }
  result = FromRocks(open->db().Flush(rocksdb::FlushOptions(), open->families()),
                     "flush " + place_.name);
  result.Update(Annotate(open->Close(), place_.name));
  return result;
}

}  // namespace trigpoint
