#pragma once

#include <rocksdb/env.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace trigpoint {

/// A file system that can refuse writes and syncs, and can show what a power cut would leave: of
/// every file the bytes that were synced. Threading: thread-safe.
class FaultEnv final : public rocksdb::EnvWrapper {
 public:
  FaultEnv() : EnvWrapper(rocksdb::Env::Default()) {}
  const char* Name() const override { return "FaultEnv"; }

  /// kNoSpace: half of what is written still fits. kNoSpaceAtSync: all of it does, until it is
  /// synced, as on disks that allocate late.
  enum class Fault { kNone, kNoSpace, kNoSpaceAtSync, kSyncFails };
  enum class Files { kWriteAheadLogs, kTables, kManifests, kMarks };
  void SetFault(Files files, Fault fault) {
    const std::lock_guard lock(mutex_);
    faults_[files] = fault;
  }
  /// Of write-ahead logs and tables.
  void SetDatabaseFault(Fault fault) {
    SetFault(Files::kWriteAheadLogs, fault);
    SetFault(Files::kTables, fault);
  }
  void SetMarksFault(Fault fault) { SetFault(Files::kMarks, fault); }
  /// Bytes that the disk says it has left; nullopt: what it really has.
  void SetFreeSpace(std::optional<uint64_t> bytes) {
    const std::lock_guard lock(mutex_);
    free_space_ = bytes;
  }

  /// Copies `from` to `to` as a power cut at this moment would leave it.
  void PowerCut(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    for (const auto& [path, synced] : synced_) {
      const std::filesystem::path copied = to + path.substr(std::min(path.size(), from.size()));
      if (path.starts_with(from + "/") && std::filesystem::exists(copied)) {
        std::filesystem::resize_file(copied, std::min(synced, std::filesystem::file_size(copied)));
      }
    }
  }

  rocksdb::Status NewWritableFile(const std::string& path,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<rocksdb::WritableFile> base;
    rocksdb::Status status = target()->NewWritableFile(path, &base, options);
    if (!status.ok()) return status;
    synced_[path] = 0;
    *file = std::make_unique<Writable>(this, path, std::move(base));
    return status;
  }

  rocksdb::Status NewRandomRWFile(const std::string& path,
                                  std::unique_ptr<rocksdb::RandomRWFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    std::unique_ptr<rocksdb::RandomRWFile> base;
    rocksdb::Status status = target()->NewRandomRWFile(path, &base, options);
    if (status.ok()) *file = std::make_unique<RandomRW>(this, std::move(base));
    return status;
  }

  rocksdb::Status GetFreeSpace(const std::string& path, uint64_t* bytes) override {
    const std::lock_guard lock(mutex_);
    if (!free_space_.has_value()) return target()->GetFreeSpace(path, bytes);
    *bytes = *free_space_;
    return rocksdb::Status::OK();
  }

  /// RocksDB rests a second after a flush that failed; a test need not.
  void SleepForMicroseconds(int micros) override {
    target()->SleepForMicroseconds(std::min(micros, 1000));
  }

  rocksdb::Status RenameFile(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    rocksdb::Status status = target()->RenameFile(from, to);
    if (auto moved = synced_.extract(from); status.ok() && !moved.empty()) {
      synced_.erase(to);
      moved.key() = to;
      synced_.insert(std::move(moved));
    }
    return status;
  }

  rocksdb::Status DeleteFile(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    synced_.erase(path);
    return target()->DeleteFile(path);
  }

 private:
  class Writable final : public rocksdb::WritableFileWrapper {
   public:
    Writable(FaultEnv* env, std::string path, std::unique_ptr<rocksdb::WritableFile> base)
        : WritableFileWrapper(base.get()),
          env_(env),
          path_(std::move(path)),
          files_(FilesOf(path_)),
          base_(std::move(base)) {}

    rocksdb::Status Append(const rocksdb::Slice& bytes) override {
      const std::lock_guard lock(env_->mutex_);
      if (env_->FaultOf(files_) == Fault::kNoSpace) {
        // As a real disk does: half of it still fitted.
        static_cast<void>(base_->Append(rocksdb::Slice(bytes.data(), bytes.size() / 2)));
        static_cast<void>(base_->Flush());
        return rocksdb::Status::NoSpace("injected");
      }
      return base_->Append(bytes);
    }
    rocksdb::Status Append(const rocksdb::Slice& bytes,
                           const rocksdb::DataVerificationInfo&) override {
      return Append(bytes);
    }
    rocksdb::Status Sync() override { return Synced(); }
    rocksdb::Status Fsync() override { return Synced(); }

   private:
    rocksdb::Status Synced() {
      const std::lock_guard lock(env_->mutex_);
      const Fault fault = env_->FaultOf(files_);
      if (fault == Fault::kSyncFails) return rocksdb::Status::IOError("injected sync failure");
      rocksdb::Status status = base_->Flush();
      if (fault == Fault::kNoSpaceAtSync) return rocksdb::Status::NoSpace("injected at sync");
      if (status.ok()) env_->synced_[path_] = base_->GetFileSize();
      return status;
    }

    FaultEnv* const env_;
    const std::string path_;
    const std::optional<Files> files_;
    const std::unique_ptr<rocksdb::WritableFile> base_;
  };

  /// Writes reach the file only when synced.
  class RandomRW final : public rocksdb::RandomRWFileWrapper {
   public:
    RandomRW(FaultEnv* env, std::unique_ptr<rocksdb::RandomRWFile> base)
        : RandomRWFileWrapper(base.get()), env_(env), base_(std::move(base)) {}
    rocksdb::Status Write(uint64_t offset, const rocksdb::Slice& bytes) override {
      const std::lock_guard lock(env_->mutex_);
      if (env_->FaultOf(Files::kMarks) == Fault::kNoSpace)
        return rocksdb::Status::NoSpace("injected");
      unsynced_[offset] = bytes.ToString();
      return rocksdb::Status::OK();
    }
    rocksdb::Status Sync() override {
      const std::lock_guard lock(env_->mutex_);
      if (env_->FaultOf(Files::kMarks) == Fault::kSyncFails) {
        return rocksdb::Status::IOError("injected sync failure");
      }
      rocksdb::Status status;
      for (const auto& [offset, bytes] : unsynced_) {
        if (status.ok()) status = base_->Write(offset, bytes);
      }
      unsynced_.clear();
      return status;
    }

   private:
    FaultEnv* const env_;
    const std::unique_ptr<rocksdb::RandomRWFile> base_;
    std::map<uint64_t, std::string> unsynced_;
  };

  static std::optional<Files> FilesOf(const std::string& path) {
    if (path.ends_with(".log")) return Files::kWriteAheadLogs;
    if (path.ends_with(".sst")) return Files::kTables;
    if (path.find("/MANIFEST-") != std::string::npos) return Files::kManifests;
    return std::nullopt;
  }
  Fault FaultOf(std::optional<Files> files) const {  // mutex_ held
    const auto found = files.has_value() ? faults_.find(*files) : faults_.end();
    return found == faults_.end() ? Fault::kNone : found->second;
  }

  std::mutex mutex_;
  std::map<std::string, uintmax_t> synced_;
  std::map<Files, Fault> faults_;
  std::optional<uint64_t> free_space_;
};

}  // namespace trigpoint
