#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

namespace store_internal {
class BatchReader;
}

/// Everything that one polled batch changes; Store::Commit writes all of it or nothing.
/// Units and shape: the encoded_* arguments are serialized messages of state.proto and are stored
/// byte for byte. A later call for the same key wins.
/// Errors: a stream id, source or index name that holds a NUL byte cannot be a key. The batch
/// remembers the first such argument, and Commit refuses the whole batch with InvalidArgument.
/// Threading: thread-compatible. A value: copies are independent.
class StoreBatch {
 public:
  /// Sets the progress of the partition.
  void PutCheckpoint(uint32_t partition, const v1::Checkpoint& checkpoint);

  /// Sets the folded state of a stream (ProviderState).
  void PutState(uint32_t partition, std::string_view stream_id, std::string_view encoded_state);

  /// Sets what the system and people said about a stream (ProviderRecord).
  void PutRecord(uint32_t partition, std::string_view stream_id, std::string_view encoded_record);

  /// Sets one chunk of a stream's events (StreamChunk); `first_revision` is that of its first
  /// event. Writing a chunk again with more events replaces it.
  void PutChunk(uint32_t partition, std::string_view stream_id, uint64_t first_revision,
                std::string_view encoded_chunk);

  /// Sets where the latest version of the identity (source, id) stands in its stream.
  void PutEventIndex(uint32_t partition, std::string_view stream_id, std::string_view source,
                     std::string_view id, const v1::EventIndexEntry& entry);

  /// Notes that a stream has something due at `due_us` (microseconds since 1970, may be negative).
  void PutTimer(uint32_t partition, int64_t due_us, std::string_view stream_id);
  /// Removes that note; removing what is not there does no harm.
  void DeleteTimer(uint32_t partition, int64_t due_us, std::string_view stream_id);

  /// Sets one entry of a sorted list; entries order by the bytes of `key`.
  void PutIndex(std::string_view index, uint32_t partition, std::string_view key,
                std::string_view value);
  /// Removes an entry; removing what is not there does no harm.
  void DeleteIndex(std::string_view index, uint32_t partition, std::string_view key);

  /// Sets the control events in force in a partition (ControlState).
  void PutControl(uint32_t partition, std::string_view encoded_control_state);

  /// Counts puts and deletions, each call once.
  size_t puts() const { return puts_; }
  /// Bytes of keys and values held, with about 10 bytes for each put.
  size_t bytes() const { return data_.size(); }
  /// Tells whether there is nothing to write.
  bool empty() const { return puts_ == 0; }
  /// OK, or InvalidArgument naming the first argument that cannot be a key.
  const absl::Status& status() const { return status_; }
  /// Forgets everything and keeps the memory for the next batch.
  void Clear();

 private:
  friend class store_internal::BatchReader;
  void Append(uint8_t family, bool deletion, std::string_view key, std::string_view value);
  bool Usable(std::string_view what, std::string_view part);

  std::string data_;  // Records: family, deletion flag, length of key, of value, key, value.
  size_t puts_ = 0;
  absl::Status status_;
};

}  // namespace trigpoint
