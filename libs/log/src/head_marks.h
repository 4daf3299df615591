#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/log/event_log.h"

namespace rocksdb {
class Env;
class RandomRWFile;
}  // namespace rocksdb

namespace trigpoint {

/// How far one partition is acknowledged: the next offset, and the digest of the record before it
/// (zero at offset 0).
struct HeadMark {
  int64_t head = 0;
  Digest last{};
  friend bool operator==(const HeadMark&, const HeadMark&) = default;
};

enum class Durability { kSynced, kUnsynced };

/// The head marks file: two slots written in turn, so that a torn write leaves the other one. The
/// format is in README.md. Threading: thread-compatible.
class HeadMarks {
 public:
  HeadMarks(const HeadMarks&) = delete;
  HeadMarks& operator=(const HeadMarks&) = delete;
  ~HeadMarks();

  /// Creates the file, complete and synced, with every head at 0.
  static absl::Status Create(rocksdb::Env* env, const std::string& path, uint32_t partitions);
  /// Errors: DataLoss when neither slot is valid, or the file is for another number of partitions.
  static absl::StatusOr<std::unique_ptr<HeadMarks>> Open(rocksdb::Env* env, const std::string& path,
                                                         uint32_t partitions);

  const std::vector<HeadMark>& marks() const { return marks_; }
  /// False when one slot was damaged or unused at Open; the next Write mends it.
  bool both_slots_valid() const { return both_slots_valid_; }
  /// Replaces the older slot. After an error the file must not be written again until reopened.
  absl::Status Write(const std::vector<HeadMark>& marks, Durability durability);

 private:
  HeadMarks() = default;

  std::unique_ptr<rocksdb::RandomRWFile> file_;
  std::string path_;
  std::vector<HeadMark> marks_;
  uint64_t sequence_ = 0;
  size_t slot_bytes_ = 0;
  bool both_slots_valid_ = false;
};

}  // namespace trigpoint
