#include "trigpoint/store/store_batch.h"

#include "batch_reader.h"
#include "keys.h"
#include "trigpoint/base/check.h"

namespace trigpoint {

using store_internal::Family;

namespace {

// Family, deletion flag, length of the key, length of the value.
constexpr size_t kHeaderBytes = 1 + 1 + 4 + 4;

constexpr uint8_t Code(Family family) { return static_cast<uint8_t>(family); }

}  // namespace

void StoreBatch::Append(uint8_t family, bool deletion, std::string_view key,
                        std::string_view value) {
  TP_CHECK(key.size() <= UINT32_MAX && value.size() <= UINT32_MAX, "a value of 4 GiB or more");
  data_.push_back(static_cast<char>(family));
  data_.push_back(deletion ? '\1' : '\0');
  store_internal::AppendBigEndian32(static_cast<uint32_t>(key.size()), data_);
  store_internal::AppendBigEndian32(static_cast<uint32_t>(value.size()), data_);
  data_.append(key);
  data_.append(value);
  ++puts_;
}

bool StoreBatch::Usable(std::string_view what, std::string_view part) {
  absl::Status status = store_internal::CheckPart(what, part);
  if (status.ok()) {
    return true;
  }
  status_.Update(status);
  return false;
}

void StoreBatch::PutCheckpoint(uint32_t partition, const v1::Checkpoint& checkpoint) {
  Append(Code(Family::kCheckpoints), false, store_internal::PartitionKey(partition),
         checkpoint.SerializeAsString());
}

void StoreBatch::PutState(uint32_t partition, std::string_view stream_id,
                          std::string_view encoded_state) {
  if (Usable("stream id", stream_id)) {
    Append(Code(Family::kStates), false, store_internal::TailKey(partition, stream_id),
           encoded_state);
  }
}

void StoreBatch::PutRecord(uint32_t partition, std::string_view stream_id,
                           std::string_view encoded_record) {
  if (Usable("stream id", stream_id)) {
    Append(Code(Family::kRecords), false, store_internal::TailKey(partition, stream_id),
           encoded_record);
  }
}

void StoreBatch::PutChunk(uint32_t partition, std::string_view stream_id, uint64_t first_revision,
                          std::string_view encoded_chunk) {
  if (Usable("stream id", stream_id)) {
    Append(Code(Family::kStreams), false,
           store_internal::ChunkKey(partition, stream_id, first_revision), encoded_chunk);
  }
}

void StoreBatch::PutEventIndex(uint32_t partition, std::string_view stream_id,
                               std::string_view source, std::string_view id,
                               const v1::EventIndexEntry& entry) {
  if (Usable("stream id", stream_id) && Usable("source", source)) {
    Append(Code(Family::kEventIds), false,
           store_internal::EventIdKey(partition, stream_id, source, id), entry.SerializeAsString());
  }
}

void StoreBatch::PutTimer(uint32_t partition, int64_t due_us, std::string_view stream_id) {
  if (Usable("stream id", stream_id)) {
    Append(Code(Family::kTimers), false,
           store_internal::TimerPrefix(partition, due_us).append(stream_id), {});
  }
}

void StoreBatch::DeleteTimer(uint32_t partition, int64_t due_us, std::string_view stream_id) {
  if (Usable("stream id", stream_id)) {
    Append(Code(Family::kTimers), true,
           store_internal::TimerPrefix(partition, due_us).append(stream_id), {});
  }
}

void StoreBatch::PutIndex(std::string_view index, uint32_t partition, std::string_view key,
                          std::string_view value) {
  if (Usable("index name", index)) {
    Append(Code(Family::kIndexes), false, store_internal::PartPrefix(partition, index).append(key),
           value);
  }
}

void StoreBatch::DeleteIndex(std::string_view index, uint32_t partition, std::string_view key) {
  if (Usable("index name", index)) {
    Append(Code(Family::kIndexes), true, store_internal::PartPrefix(partition, index).append(key),
           {});
  }
}

void StoreBatch::PutControl(uint32_t partition, std::string_view encoded_control_state) {
  Append(Code(Family::kControl), false, store_internal::PartitionKey(partition),
         encoded_control_state);
}

void StoreBatch::Clear() {
  data_.clear();
  puts_ = 0;
  status_ = absl::OkStatus();
}

namespace store_internal {

std::optional<BatchOp> BatchReader::Next() {
  if (rest_.empty()) {
    return std::nullopt;
  }
  BatchOp op;
  op.family = static_cast<Family>(rest_[0]);
  op.deletion = rest_[1] != '\0';
  const size_t key_bytes = GetBigEndian32(rest_.substr(2));
  const size_t value_bytes = GetBigEndian32(rest_.substr(6));
  op.key = rest_.substr(kHeaderBytes, key_bytes);
  op.value = rest_.substr(kHeaderBytes + key_bytes, value_bytes);
  rest_.remove_prefix(kHeaderBytes + key_bytes + value_bytes);
  return op;
}

}  // namespace store_internal
}  // namespace trigpoint
