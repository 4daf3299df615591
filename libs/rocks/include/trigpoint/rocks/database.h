#pragma once

#include <rocksdb/db.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/rocks/options.h"

namespace trigpoint {

/// Where the files of a database are, and what to call it in errors: "store /var/lib/x".
struct RocksPlace {
  std::string name;
  std::string directory;
  rocksdb::Env* env = nullptr;  ///< Borrowed; must outlive the database.
};

/// An open RocksDB and the handles of its column families, the default one first. Immutable.
class OpenRocks {
 public:
  /// Opens the files with these families, the default one first.
  /// Errors: FailedPrecondition when a process holds them; else as FromRocks.
  static absl::StatusOr<std::unique_ptr<OpenRocks>> Open(
      const RocksPlace& place, const rocksdb::DBOptions& options,
      const std::vector<rocksdb::ColumnFamilyDescriptor>& families);

  OpenRocks(const OpenRocks&) = delete;
  OpenRocks& operator=(const OpenRocks&) = delete;
  /// Closes it, without a report and without a flush.
  ~OpenRocks() { Close().IgnoreError(); }

  rocksdb::DB& db() const { return *db_; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }
  rocksdb::ColumnFamilyHandle* default_family() const { return families_.front(); }
  /// Copies it as of now into a directory that does not exist yet, with everything written so far;
  /// table files are linked where the file system allows it. Errors: as FromRocks.
  absl::Status CopyTo(const std::string& directory) const;
  /// Releases the directory; nothing else may be called afterwards.
  absl::Status Close();

 private:
  OpenRocks(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> families)
      : db_(std::move(db)), families_(std::move(families)) {}

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // Owned by db_.
};

class RocksDatabase;

/// The database in use: it stays open while this lives. Cheap; one for each call, not for each key.
class RocksUse {
 public:
  RocksUse(RocksUse&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), open_(other.open_) {}
  RocksUse& operator=(RocksUse&&) = delete;
  ~RocksUse();

  const OpenRocks& operator*() const { return *open_; }
  const OpenRocks* operator->() const { return open_; }

 private:
  friend class RocksDatabase;
  RocksUse(const RocksDatabase* owner, const OpenRocks* open) : owner_(owner), open_(open) {}

  const RocksDatabase* owner_;
  const OpenRocks* open_;
};

/// A RocksDB that takes writes again when a full disk has room.
///
/// After a write that found no space, 7.8.3 may refuse every later one, Resume or not (rocksdb
/// issue 11643: a log that failed once never takes another write). So the next writer closes the
/// database and opens it anew: what was acknowledged is in its write-ahead log, and the half record
/// behind it is dropped. A batch whose write failed may come back whole, as after a crash.
/// Threading: thread-safe; Close waits for those who use the database. A thread that uses the
/// database may use it again and may write: opening anew waits a moment for those who use it and
/// else is left to a later write, so that nobody waits for himself.
class RocksDatabase {
 public:
  using Opener = std::function<absl::StatusOr<std::unique_ptr<OpenRocks>>()>;

  /// `ran_out` is that of the options with which `open` opens the files. `open` also checks them;
  /// it is called again for each recovery, and of this object may call Write only.
  RocksDatabase(RocksPlace place, RanOutOfSpace ran_out, Opener open);
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;
  ~RocksDatabase() { Close().IgnoreError(); }

  absl::Status Open();
  const RocksPlace& place() const { return place_; }

  /// Takes the database into use; waits while it is being opened anew.
  /// Errors: FailedPrecondition after Close; ResourceExhausted when it could not be opened again.
  absl::StatusOr<RocksUse> Use() const;

  /// Opens the database anew when it ran out of space; does nothing, quickly, when it did not.
  /// Before every write, and not while the calling thread uses the database for that write.
  /// Errors: ResourceExhausted while there is no room, or while long reads hold the database;
  /// DataLoss when it is damaged; what the opener says.
  absl::Status Heal();

  /// Writes the batch or nothing. Errors: ResourceExhausted when the disk is full.
  absl::Status Write(const OpenRocks& open, rocksdb::WriteBatch& batch, bool sync,
                     std::string_view doing);

  /// Flushes, so that the next Open replays nothing, and releases the directory; idempotent.
  /// Errors: ResourceExhausted when there was no room to flush: nothing acknowledged is lost.
  absl::Status Close();

 private:
  friend class RocksUse;
  void Leave() const;
  absl::Status CheckRoom() const;
  absl::Status Full(std::string_view why) const;
  /// Keeps newcomers out and waits for those inside. False: they stay too long, all go on.
  bool Enclose();
  absl::Status OpenAnew();

  const RocksPlace place_;
  const RanOutOfSpace ran_out_;
  const Opener open_;

  // std::mutex as in libs/log: the thread sanitizer does not see what absl::Mutex orders.
  std::mutex heal_mutex_;     // One recovery at a time; taken before mutex_.
  mutable std::mutex mutex_;  // Guards what follows.
  mutable std::condition_variable changed_;
  mutable int users_ = 0;
  bool enclosed_ = false;  // Being opened anew: newcomers wait.
  bool closed_ = false;
  std::unique_ptr<OpenRocks> opened_;  // Null: closed, or awaits room.
};

}  // namespace trigpoint
