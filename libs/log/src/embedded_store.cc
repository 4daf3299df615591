#include "embedded_store.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>
#include <rocksdb/transaction_log.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "trigpoint/base/status.h"
#include "trigpoint/rocks/options.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint {
namespace {

constexpr uint32_t kPartitionsMax = 65536;
constexpr size_t kDigestBytes = sizeof(Digest);

using Key = std::array<char, 12>;

/// Big-endian, so that RocksDB's byte order is the log's order.
Key KeyOf(Position position) {
  Key key{};
  for (size_t i = 0; i < 4; ++i)
    key[i] = static_cast<char>(position.partition >> (24 - 8 * i) & 0xff);
  const uint64_t offset = static_cast<uint64_t>(position.offset);
  for (size_t i = 0; i < 8; ++i) key[4 + i] = static_cast<char>(offset >> (56 - 8 * i) & 0xff);
  return key;
}

rocksdb::Slice SliceOf(const Key& key) { return {key.data(), key.size()}; }

std::string PlaceOf(Position position) {
  return absl::StrCat("partition ", position.partition, " offset ", position.offset);
}

absl::Status FileError(const char* doing, const std::string& path, const std::error_code& error) {
  const auto code = error == std::errc::no_space_on_device ? absl::StatusCode::kResourceExhausted
                                                           : absl::StatusCode::kUnavailable;
  return {code, absl::StrCat("cannot ", doing, " ", path, ": ", error.message())};
}

absl::Status SyncPath(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const std::error_code error(errno, std::generic_category());
  if (file >= 0) ::close(file);
  return synced ? absl::OkStatus() : FileError("sync", path, error);
}

constexpr absl::string_view kFormatHead = "trigpoint embedded log\nversion 1\npartitions ";

std::string FormatText(uint32_t partitions) { return absl::StrCat(kFormatHead, partitions, "\n"); }

rocksdb::Options DatabaseOptions(const EmbeddedLogOptions& log, RanOutOfSpace ran_out) {
  rocksdb::Options options(BaseOptions(log.env, log.directory + "/rocksdb.log", std::move(ran_out)),
                           rocksdb::ColumnFamilyOptions());
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = size_t{64} << 20;
  options.max_write_buffer_number = 2;
  options.max_total_wal_size = uint64_t{256} << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.max_open_files = 512;
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  table.block_size = size_t{16} << 10;  // Read in runs, hardly ever by single record.
  table.block_cache = rocksdb::NewLRUCache(size_t{32} << 20);
  table.cache_index_and_filter_blocks = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::Env* EnvOf(const EmbeddedLogOptions& options) {
  return options.env != nullptr ? options.env : rocksdb::Env::Default();
}

absl::Status SyncDirectory(rocksdb::Env* env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> directory;
  rocksdb::Status status = env->NewDirectory(path, &directory);
  if (status.ok()) status = directory->Fsync();
  return FromRocks(status, absl::StrCat("sync directory ", path));
}

}  // namespace

/// An exclusive lock on the directory; the kernel drops it when the process ends, however it ends.
class EmbeddedStore::DirectoryLock {
 public:
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock() { ::close(descriptor_); }

  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Take(const std::string& directory) {
    const std::string path = directory + "/LOCK";
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("open ", path));
    }
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      ::close(descriptor);
      if (error == EWOULDBLOCK) {
        return absl::FailedPreconditionError(
            absl::StrCat("the log directory ", directory, " is in use by another process or log"));
      }
      return absl::ErrnoToStatus(error, absl::StrCat("lock ", path));
    }
    return std::unique_ptr<DirectoryLock>(new DirectoryLock(descriptor));
  }

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

EmbeddedStore::EmbeddedStore() : ran_out_(std::make_shared<std::atomic<bool>>(false)) {}
EmbeddedStore::~EmbeddedStore() { Close().IgnoreError(); }

absl::StatusOr<std::unique_ptr<EmbeddedStore>> EmbeddedStore::Open(
    const EmbeddedLogOptions& options) {
  if (options.directory.empty()) return absl::InvalidArgumentError("the log needs a directory");
  if (options.partitions == 0 || options.partitions > kPartitionsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("partitions must be 1 to ", kPartitionsMax, ", not ", options.partitions));
  }
  std::unique_ptr<EmbeddedStore> store(new EmbeddedStore());
  store->options_ = options;
  store->marks_path_ = options.directory + "/marks";
  store->database_path_ = options.directory + "/log";
  if (absl::Status status = store->PrepareDirectory(); !status.ok()) return status;
  const bool marks_missing = EnvOf(options)->FileExists(store->marks_path_).IsNotFound();
  store->database_ = std::make_unique<RocksDatabase>(
      RocksPlace{.name = "log " + store->database_path_,
                 .directory = store->database_path_,
                 .env = EnvOf(options)},
      store->ran_out_, [it = store.get()] { return it->OpenFiles(); });
  TP_RETURN_IF_ERROR(store->database_->Open());
  TP_ASSIGN_OR_RETURN(const RocksUse open, store->database_->Use());
  TP_RETURN_IF_ERROR(store->OpenMarks(*open, marks_missing));
  return store;
}

absl::StatusOr<uint32_t> EmbeddedLogPartitions(const std::string& directory) {
  const std::string path = directory + "/FORMAT";
  std::string found;
  const rocksdb::Status read = rocksdb::ReadFileToString(rocksdb::Env::Default(), path, &found);
  if (read.IsNotFound() || read.IsPathNotFound())
    return absl::NotFoundError(absl::StrCat("there is no log in ", directory));
  if (!read.ok()) return FromRocks(read, absl::StrCat("read ", path));
  uint32_t partitions = 0;
  const absl::string_view number =
      absl::StripTrailingAsciiWhitespace(absl::StripPrefix(found, kFormatHead));
  if (!absl::SimpleAtoi(number, &partitions) || found != FormatText(partitions)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " says \"", found, "\", which this program does not know"));
  }
  return partitions;
}

// FORMAT is written before anything else, so a directory that holds data but no FORMAT was tampered
// with.
absl::Status EmbeddedStore::PrepareDirectory() {
  const std::string& directory = options_.directory;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("create log directory ", directory));
  }
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock = DirectoryLock::Take(directory);
  if (!lock.ok()) return lock.status();
  lock_ = *std::move(lock);

  rocksdb::Env* const env = EnvOf(options_);
  const std::string path = directory + "/FORMAT";
  const std::string wanted = FormatText(options_.partitions);
  const rocksdb::Status exists = env->FileExists(path);
  if (exists.IsNotFound()) {
    if (env->FileExists(marks_path_).ok() || env->FileExists(database_path_ + "/CURRENT").ok()) {
      return absl::FailedPreconditionError(absl::StrCat(path, " is missing, yet ", directory,
                                                        " holds a log: its format is unknown"));
    }
    rocksdb::Status written =
        rocksdb::WriteStringToFile(env, wanted, path + ".new", /*should_sync=*/true);
    if (written.ok()) written = env->RenameFile(path + ".new", path);
    if (!written.ok()) return FromRocks(written, absl::StrCat("write ", path));
    return SyncDirectory(env, directory);
  }
  std::string found;
  const rocksdb::Status read = rocksdb::ReadFileToString(env, path, &found);
  if (!read.ok()) return FromRocks(read, absl::StrCat("read ", path));
  if (found != wanted) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " says \"", found, "\" but this program and its configuration need \"",
                     wanted, "\""));
  }
  return absl::OkStatus();
}

// Also after a full disk: what was synced is kept, half a record behind it is dropped, and the
// marks tell whether that is all.
absl::StatusOr<std::unique_ptr<OpenRocks>> EmbeddedStore::OpenFiles() {
  const rocksdb::Options options = DatabaseOptions(options_, ran_out_);
  TP_ASSIGN_OR_RETURN(auto open, OpenRocks::Open(database_->place(), options,
                                                 {{rocksdb::kDefaultColumnFamilyName, options}}));
  if (marks_ == nullptr) return open;
  for (uint32_t partition = 0; partition < marks_->marks().size(); ++partition) {
    const HeadMark& mark = marks_->marks()[partition];
    TP_RETURN_IF_ERROR(CheckMark(*open, partition, mark));
    TP_RETURN_IF_ERROR(RemoveTail(*open, partition, mark.head));
  }
  return open;
}

// A batch that was refused may stand in the write-ahead log whole. Others will be acknowledged in
// its place: what is longer than they are must not show behind them after a crash.
absl::Status EmbeddedStore::RemoveTail(const OpenRocks& open, uint32_t partition, int64_t head) {
  const Key end = KeyOf({partition + 1, 0});
  const rocksdb::Slice bound = SliceOf(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &bound;
  rocksdb::WriteBatch refused;
  const std::unique_ptr<rocksdb::Iterator> records(open.db().NewIterator(read));
  for (records->Seek(SliceOf(KeyOf({partition, head}))); records->Valid(); records->Next()) {
    TP_RETURN_IF_ERROR(FromRocks(refused.Delete(records->key()), "stage removals"));
  }
  TP_RETURN_IF_ERROR(FromRocks(records->status(), absl::StrCat("read log ", database_path_)));
  if (refused.Count() == 0) return absl::OkStatus();
  return database_->Write(open, refused, options_.sync,
                          "remove refused records from log " + database_path_);
}

absl::Status EmbeddedStore::CreateMarks(const OpenRocks& open) const {
  const std::unique_ptr<rocksdb::Iterator> any(open.db().NewIterator(rocksdb::ReadOptions()));
  any->SeekToFirst();
  TP_RETURN_IF_ERROR(FromRocks(any->status(), absl::StrCat("read log ", database_path_)));
  if (any->Valid()) {
    return absl::DataLossError(
        absl::StrCat("head marks ", marks_path_, " are missing, yet the log ", database_path_,
                     " holds records: what was acknowledged cannot be checked"));
  }
  rocksdb::Env* const env = EnvOf(options_);
  TP_RETURN_IF_ERROR(HeadMarks::Create(env, marks_path_, options_.partitions));
  return SyncDirectory(env, options_.directory);
}

absl::Status EmbeddedStore::OpenMarks(const OpenRocks& open, bool created) {
  if (created) TP_RETURN_IF_ERROR(CreateMarks(open));
  absl::StatusOr<std::unique_ptr<HeadMarks>> opened =
      HeadMarks::Open(EnvOf(options_), marks_path_, options_.partitions);
  if (!opened.ok()) return opened.status();
  marks_ = *std::move(opened);

  std::vector<HeadMark> marks = marks_->marks();
  for (uint32_t partition = 0; partition < marks.size(); ++partition) {
    if (absl::Status status = CheckMark(open, partition, marks[partition]); !status.ok())
      return status;
    if (absl::Status status = AdoptTail(open, partition, &marks[partition]); !status.ok())
      return status;
  }
  if (marks == marks_->marks() && marks_->both_slots_valid()) return absl::OkStatus();
  // What was recovered from the write-ahead log may only be in the page cache: sync it before a
  // mark vouches for it.
  if (const rocksdb::Status flushed = open.db().Flush(rocksdb::FlushOptions()); !flushed.ok()) {
    return FromRocks(flushed, absl::StrCat("flush log ", database_path_));
  }
  return marks_->Write(marks, Durability::kSynced);
}

absl::Status EmbeddedStore::CheckMark(const OpenRocks& open, uint32_t partition,
                                      const HeadMark& mark) const {
  if (mark.head == 0) return absl::OkStatus();
  const Position last{partition, mark.head - 1};
  const absl::StatusOr<Digest> found = CheckedDigest(open, last);
  if (found.ok() && *found == mark.last) return absl::OkStatus();
  if (found.ok()) {
    return absl::DataLossError(absl::StrCat("the record at ", PlaceOf(last), " in ", database_path_,
                                            " is not the one acknowledged according to ",
                                            marks_path_));
  }
  if (found.status().code() != absl::StatusCode::kNotFound) return found.status();
  return absl::DataLossError(absl::StrCat(
      "the log ", database_path_, " has lost acknowledged records: ", marks_path_, " vouches for ",
      PlaceOf(last), ", which is missing; restore from a backup or a replica"));
}

// Records above the mark were written but never acknowledged. Each group is one atomic write and
// recovery keeps a prefix of them, so they follow the mark without a gap; they are kept, as a retry
// of them is dropped as a duplicate.
absl::Status EmbeddedStore::AdoptTail(const OpenRocks& open, uint32_t partition,
                                      HeadMark* mark) const {
  const Key end = KeyOf({partition + 1, 0});
  const rocksdb::Slice bound = SliceOf(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> records(open.db().NewIterator(read));
  for (records->Seek(SliceOf(KeyOf({partition, mark->head}))); records->Valid(); records->Next()) {
    const Position next{partition, mark->head};
    if (records->key() != SliceOf(KeyOf(next))) {
      return absl::DataLossError(
          absl::StrCat("the log ", database_path_, " has a hole at ", PlaceOf(next)));
    }
    const absl::StatusOr<Digest> digest = CheckedDigest(open, next);
    if (!digest.ok()) return digest.status();
    mark->last = *digest;
    ++mark->head;
  }
  return FromRocks(records->status(),
                   absl::StrCat("read log ", database_path_, " at partition ", partition));
}

std::vector<int64_t> EmbeddedStore::Heads() const {
  std::vector<int64_t> heads;
  for (const HeadMark& mark : marks_->marks()) heads.push_back(mark.head);
  return heads;
}

absl::Status EmbeddedStore::CopyTo(const std::string& directory) const {
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_->Use());
  std::error_code error;
  if (!std::filesystem::create_directory(directory, error)) {
    return error ? FileError("make", directory, error)
                 : absl::AlreadyExistsError(directory + " is there already");
  }
  // The marks before the records: what they vouch for must be in the copy. Records above them are
  // adopted when it is opened, as after a crash.
  const std::filesystem::path from(options_.directory);
  const std::filesystem::path to(directory);
  for (const char* name : {"FORMAT", "marks"}) {
    if (!std::filesystem::copy_file(from / name, to / name, error))
      return FileError("copy", (to / name).string(), error);
    if (absl::Status synced = SyncPath((to / name).string()); !synced.ok()) return synced;
  }
  TP_RETURN_IF_ERROR(open->CopyTo((to / "log").string()));
  return SyncPath(directory);
}

absl::Status EmbeddedStore::Commit(const std::vector<StagedBatch>& batches) {
  if (absl::Status health = Health(); absl::IsUnavailable(health)) return health;
  TP_RETURN_IF_ERROR(Judge(database_->Heal()));
  std::vector<HeadMark> marks = marks_->marks();
  TP_RETURN_IF_ERROR(Judge(WriteBatches(batches, &marks)));
  const Durability durability = options_.sync ? Durability::kSynced : Durability::kUnsynced;
  // A failed write or sync of the marks leaves unknown bytes on the disk, and the kernel reports
  // the failure only once: nothing may be acknowledged until the file has been read again.
  if (absl::Status status = marks_->Write(marks, durability); !status.ok()) return Fence(status);
  return absl::OkStatus();
}

// A full disk heals; any other failure leaves in doubt what the disk holds.
absl::Status EmbeddedStore::Judge(const absl::Status& status) {
  if (!status.ok() && !absl::IsResourceExhausted(status)) return Fence(status);
  SetHealth(status);
  return status;
}

absl::Status EmbeddedStore::WriteBatches(const std::vector<StagedBatch>& batches,
                                         std::vector<HeadMark>* marks) {
  rocksdb::WriteBatch group;
  for (const StagedBatch& batch : batches) {
    HeadMark& mark = (*marks)[batch.partition];
    for (size_t i = 0; i < batch.values.size(); ++i) {
      const Key key = KeyOf({batch.partition, mark.head});
      const rocksdb::Slice key_part = SliceOf(key);
      const std::array<rocksdb::Slice, 2> parts = {
          rocksdb::Slice(reinterpret_cast<const char*>(batch.digests[i].data()), kDigestBytes),
          rocksdb::Slice(batch.values[i])};
      const rocksdb::Status put =
          group.Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(parts.data(), 2));
      if (!put.ok()) return FromRocks(put, "stage records");
      ++mark.head;
      mark.last = batch.digests[i];
    }
  }
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_->Use());
  return database_->Write(*open, group, options_.sync, "write log " + database_path_);
}

absl::Status EmbeddedStore::Fence(const absl::Status& cause) {
  absl::Status fenced = absl::UnavailableError(
      absl::StrCat("the log is fenced until it is opened again: ", cause.message()));
  SetHealth(fenced);
  return fenced;
}

void EmbeddedStore::SetHealth(absl::Status health) {
  const std::lock_guard lock(health_mutex_);
  health_ = std::move(health);
}

absl::Status EmbeddedStore::Health() const {
  const std::lock_guard lock(health_mutex_);
  return health_;
}

absl::Status EmbeddedStore::Read(Position from, int64_t end, size_t max_records, size_t max_bytes,
                                 std::vector<Record>* out) const {
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_->Use());
  const Key end_key = KeyOf({from.partition, end});
  const rocksdb::Slice bound = SliceOf(end_key);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &bound;
  read.fill_cache = false;  // A catching-up reader passes once; the page cache serves the others.
  const std::unique_ptr<rocksdb::Iterator> records(open->db().NewIterator(read));
  size_t bytes = 0;
  Position next = from;
  records->Seek(SliceOf(KeyOf(from)));
  for (size_t n = 0; n < max_records && bytes < max_bytes && next.offset < end; ++n) {
    if (!records->Valid() || records->key() != SliceOf(KeyOf(next)) ||
        records->value().size() < kDigestBytes) {
      const std::string why = records->status().ok() ? "no record where one was acknowledged"
                                                     : records->status().ToString();
      const std::string place =
          absl::StrCat("read ", PlaceOf(next), " of log ", database_path_, ": ");
      if (!records->status().ok() && !records->status().IsCorruption())
        return FromRocks(records->status(), place);
      return absl::DataLossError(absl::StrCat(place, why));
    }
    const rocksdb::Slice stored = records->value();
    out->push_back({next, std::string(stored.data() + kDigestBytes, stored.size() - kDigestBytes)});
    bytes += stored.size();
    ++next.offset;
    records->Next();
  }
  return absl::OkStatus();
}

absl::StatusOr<Digest> EmbeddedStore::CheckedDigest(const OpenRocks& open,
                                                    Position position) const {
  rocksdb::PinnableSlice stored;
  const std::string place = absl::StrCat("read ", PlaceOf(position), " of log ", database_path_);
  const rocksdb::Status status = open.db().Get(rocksdb::ReadOptions(), open.default_family(),
                                               SliceOf(KeyOf(position)), &stored);
  if (!status.ok()) return FromRocks(status, place);
  Digest digest{};
  if (stored.size() < kDigestBytes)
    return absl::DataLossError(absl::StrCat(place, ": record too short"));
  std::copy_n(stored.data(), kDigestBytes, digest.begin());
  if (DigestOf({stored.data() + kDigestBytes, stored.size() - kDigestBytes}) != digest) {
    return absl::DataLossError(absl::StrCat(place, ": the record differs from its digest"));
  }
  return digest;
}

absl::StatusOr<Digest> EmbeddedStore::DigestAt(Position position) const {
  TP_ASSIGN_OR_RETURN(const RocksUse open, database_->Use());
  absl::StatusOr<Digest> digest = CheckedDigest(*open, position);
  if (digest.status().code() != absl::StatusCode::kNotFound) return digest;
  return absl::DataLossError(digest.status().message());
}

absl::Status EmbeddedStore::Close() {
  absl::Status closed = database_ == nullptr ? absl::OkStatus() : database_->Close();
  lock_.reset();
  // Without room for a flush the next open takes longer; everything acknowledged is in the synced
  // write-ahead log.
  return absl::IsResourceExhausted(closed) ? absl::OkStatus() : closed;
}

}  // namespace trigpoint
