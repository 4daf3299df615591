#include <google/protobuf/message_lite.h>

#include <utility>

#include "store_impl.h"
#include "trigpoint/base/status.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint {

using store_internal::CheckPart;
using store_internal::Family;
using store_internal::FamilyName;
using store_internal::HandleOf;
using store_internal::kPartitionBytes;
using store_internal::RangeIterator;
using store_internal::ToSlice;

namespace {

// Says where something was read: "read states of partition 3".
std::string Reading(std::string_view family, uint32_t partition) {
  return "read " + std::string(family) + " of partition " + std::to_string(partition);
}

absl::Status Damaged(Family family, uint32_t partition, std::string_view what) {
  return MakeStatus(absl::StatusCode::kDataLoss,
                    Reading(FamilyName(family), partition) + ": " + std::string(what));
}

absl::Status Decode(Family family, uint32_t partition, std::string_view bytes,
                    google::protobuf::MessageLite& message) {
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return Damaged(family, partition, "the value is not a " + message.GetTypeName());
}

template <typename Message>
absl::StatusOr<std::optional<Message>> DecodeFound(
    Family family, uint32_t partition, absl::StatusOr<std::optional<std::string>> found) {
  TP_RETURN_IF_ERROR(found.status());
  if (!found->has_value()) {
    return std::optional<Message>();
  }
  Message message;
  TP_RETURN_IF_ERROR(Decode(family, partition, **found, message));
  return std::optional<Message>(std::move(message));
}

// Adds the events of a chunk that lie in [from, to).
absl::Status TakeEvents(uint32_t partition, v1::StreamChunk chunk, uint64_t from, uint64_t to,
                        std::vector<v1::StoredEvent>& events) {
  for (v1::StoredEvent& event : *chunk.mutable_events()) {
    if (event.revision() < from || event.revision() >= to) {
      continue;
    }
    if (!events.empty() && event.revision() != events.back().revision() + 1) {
      return Damaged(Family::kStreams, partition,
                     "revision " + std::to_string(event.revision()) + " follows " +
                         std::to_string(events.back().revision()));
    }
    events.push_back(std::move(event));
  }
  return absl::OkStatus();
}

absl::Status ScanByStream(const OpenRocks& open, Family family, std::optional<uint32_t> partition,
                          Store::StreamCallback visit) {
  RangeIterator rows(
      open, HandleOf(open, family),
      partition.has_value() ? store_internal::PartitionKey(*partition) : std::string(),
      partition.has_value() ? store_internal::PartitionEnd(*partition) : std::nullopt, false);
  uint32_t reached = partition.value_or(0);
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    if (rows.Key().size() < kPartitionBytes) {
      return Damaged(family, reached, "a key is shorter than a partition");
    }
    reached = store_internal::GetBigEndian32(rows.Key());
    if (!visit(reached, rows.Key().substr(kPartitionBytes), rows.Value())) {
      return absl::OkStatus();
    }
  }
  return FromRocks(rows.status(), Reading(FamilyName(family), reached));
}

}  // namespace

store_internal::RangeIterator::RangeIterator(const OpenRocks& open,
                                             rocksdb::ColumnFamilyHandle* family, std::string from,
                                             std::optional<std::string> to, bool fill_cache)
    : from_(std::move(from)), to_(std::move(to).value_or("")), from_slice_(from_), to_slice_(to_) {
  rocksdb::ReadOptions read;
  read.fill_cache = fill_cache;
  read.iterate_lower_bound = from_.empty() ? nullptr : &from_slice_;
  read.iterate_upper_bound = to_.empty() ? nullptr : &to_slice_;
  iterator_.reset(open.db().NewIterator(read, family));
}

absl::StatusOr<std::optional<std::string>> Store::Impl::Get(Family family,
                                                            std::string_view key) const {
  TP_ASSIGN_OR_RETURN(const RocksUse open, database.Use());
  std::string value;
  const rocksdb::Status status =
      open->db().Get(rocksdb::ReadOptions(), HandleOf(*open, family), ToSlice(key), &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  TP_RETURN_IF_ERROR(
      FromRocks(status, Reading(FamilyName(family), store_internal::GetBigEndian32(key))));
  return std::optional<std::string>(std::move(value));
}

absl::StatusOr<std::optional<v1::Checkpoint>> Store::ReadCheckpoint(uint32_t partition) const {
  const std::shared_ptr<Impl> impl = Current();
  return DecodeFound<v1::Checkpoint>(
      Family::kCheckpoints, partition,
      impl->Get(Family::kCheckpoints, store_internal::PartitionKey(partition)));
}

absl::StatusOr<std::optional<std::string>> Store::ReadState(uint32_t partition,
                                                            std::string_view stream_id) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_RETURN_IF_ERROR(CheckPart("stream id", stream_id));
  return impl->Get(Family::kStates, store_internal::TailKey(partition, stream_id));
}

absl::StatusOr<std::optional<std::string>> Store::ReadRecord(uint32_t partition,
                                                             std::string_view stream_id) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_RETURN_IF_ERROR(CheckPart("stream id", stream_id));
  return impl->Get(Family::kRecords, store_internal::TailKey(partition, stream_id));
}

absl::StatusOr<std::optional<std::string>> Store::ReadControl(uint32_t partition) const {
  const std::shared_ptr<Impl> impl = Current();
  return impl->Get(Family::kControl, store_internal::PartitionKey(partition));
}

absl::StatusOr<std::optional<std::string>> Store::ReadIndex(std::string_view index,
                                                            uint32_t partition,
                                                            std::string_view key) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_RETURN_IF_ERROR(CheckPart("index name", index));
  return impl->Get(Family::kIndexes, store_internal::PartPrefix(partition, index).append(key));
}

absl::StatusOr<std::optional<v1::EventIndexEntry>> Store::ReadEventIndex(
    uint32_t partition, std::string_view stream_id, std::string_view source,
    std::string_view id) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_RETURN_IF_ERROR(CheckPart("stream id", stream_id));
  TP_RETURN_IF_ERROR(CheckPart("source", source));
  return DecodeFound<v1::EventIndexEntry>(
      Family::kEventIds, partition,
      impl->Get(Family::kEventIds, store_internal::EventIdKey(partition, stream_id, source, id)));
}

absl::StatusOr<std::vector<v1::StoredEvent>> Store::ReadStream(uint32_t partition,
                                                               std::string_view stream_id,
                                                               uint64_t from, uint64_t to) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  TP_RETURN_IF_ERROR(CheckPart("stream id", stream_id));
  std::vector<v1::StoredEvent> events;
  if (from >= to) {
    return events;
  }
  RangeIterator chunks(*open, HandleOf(*open, Family::kStreams),
                       store_internal::PartPrefix(partition, stream_id),
                       store_internal::ChunkKey(partition, stream_id, to));
  // The chunk that holds `from` may begin before it.
  chunks.SeekForPrev(store_internal::ChunkKey(partition, stream_id, from));
  if (!chunks.Valid()) {
    TP_RETURN_IF_ERROR(FromRocks(chunks.status(), Reading("streams", partition)));
    chunks.SeekToFirst();
  }
  for (; chunks.Valid(); chunks.Next()) {
    v1::StreamChunk chunk;
    TP_RETURN_IF_ERROR(Decode(Family::kStreams, partition, chunks.Value(), chunk));
    TP_RETURN_IF_ERROR(TakeEvents(partition, std::move(chunk), from, to, events));
  }
  TP_RETURN_IF_ERROR(FromRocks(chunks.status(), Reading("streams", partition)));
  return events;
}

absl::StatusOr<std::optional<v1::StreamChunk>> Store::ReadLastChunk(
    uint32_t partition, std::string_view stream_id) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  TP_RETURN_IF_ERROR(CheckPart("stream id", stream_id));
  const std::string prefix = store_internal::PartPrefix(partition, stream_id);
  RangeIterator chunks(*open, HandleOf(*open, Family::kStreams), prefix,
                       store_internal::PrefixEnd(prefix));
  chunks.SeekToLast();
  TP_RETURN_IF_ERROR(FromRocks(chunks.status(), Reading("streams", partition)));
  if (!chunks.Valid()) {
    return std::optional<v1::StreamChunk>();
  }
  v1::StreamChunk chunk;
  TP_RETURN_IF_ERROR(Decode(Family::kStreams, partition, chunks.Value(), chunk));
  return std::optional<v1::StreamChunk>(std::move(chunk));
}

absl::Status Store::ScanStates(std::optional<uint32_t> partition, StreamCallback visit) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  return ScanByStream(*open, Family::kStates, partition, visit);
}

absl::Status Store::ScanRecords(std::optional<uint32_t> partition, StreamCallback visit) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  return ScanByStream(*open, Family::kRecords, partition, visit);
}

absl::Status Store::ScanTimers(uint32_t partition, int64_t due_until_us,
                               TimerCallback visit) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  const std::string last = store_internal::TimerPrefix(partition, due_until_us);
  // After the very last timer of the very last partition there is no end to name.
  const bool has_end = partition != UINT32_MAX || due_until_us != INT64_MAX;
  RangeIterator timers(*open, HandleOf(*open, Family::kTimers),
                       store_internal::PartitionKey(partition),
                       has_end ? std::optional(store_internal::PrefixEnd(last)) : std::nullopt);
  constexpr size_t kPrefixBytes = kPartitionBytes + sizeof(int64_t);
  for (timers.SeekToFirst(); timers.Valid(); timers.Next()) {
    if (timers.Key().size() < kPrefixBytes) {
      return Damaged(Family::kTimers, partition, "a key is shorter than a due time");
    }
    if (!visit(store_internal::TimerDue(timers.Key()), timers.Key().substr(kPrefixBytes))) {
      return absl::OkStatus();
    }
  }
  return FromRocks(timers.status(), Reading("timers", partition));
}

absl::StatusOr<std::vector<std::string>> Store::FindStreams(uint32_t partitions,
                                                            std::string_view source,
                                                            std::string_view id) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  TP_RETURN_IF_ERROR(CheckPart("source", source));
  TP_RETURN_IF_ERROR(CheckPart("id", id));
  // Making an iterator costs more than moving it: one goes through all partitions.
  RangeIterator rows(*open, HandleOf(*open, Family::kEventIds),
                     store_internal::EventIdPrefix(0, source, id), std::nullopt);
  std::vector<std::string> streams;
  for (uint32_t partition = 0; partition < partitions; ++partition) {
    const std::string prefix = store_internal::EventIdPrefix(partition, source, id);
    for (rows.Seek(prefix); rows.Valid() && rows.Key().starts_with(prefix); rows.Next()) {
      streams.emplace_back(rows.Key().substr(prefix.size()));
    }
    TP_RETURN_IF_ERROR(FromRocks(rows.status(), Reading("event_ids", partition)));
  }
  return streams;
}

absl::Status Store::ScanIndex(std::string_view index, uint32_t partition, std::string_view from_key,
                              IndexCallback visit) const {
  const std::shared_ptr<Impl> impl = Current();
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl->database.Use());
  TP_RETURN_IF_ERROR(CheckPart("index name", index));
  const std::string prefix = store_internal::PartPrefix(partition, index);
  std::string from = prefix;
  from.append(from_key);
  RangeIterator rows(*open, HandleOf(*open, Family::kIndexes), std::move(from),
                     store_internal::PrefixEnd(prefix));
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    if (!visit(rows.Key().substr(prefix.size()), rows.Value())) {
      return absl::OkStatus();
    }
  }
  return FromRocks(rows.status(), Reading("indexes", partition));
}

}  // namespace trigpoint
