#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

/// Keys of the store. Big-endian numbers, so that bytes order as values do; a part that another
/// part follows ends with a NUL byte and must not hold one.
namespace trigpoint::store_internal {

/// Column families. The order is that of kFamilyNames; stored by name, so it may change.
enum class Family : uint8_t {
  kCheckpoints,
  kStates,
  kRecords,
  kStreams,
  kEventIds,
  kTimers,
  kIndexes,
  kControl,
};

inline constexpr size_t kFamilies = 8;

/// Stored; never rename.
inline constexpr std::string_view kFamilyNames[kFamilies] = {
    "checkpoints", "states", "records", "streams", "event_ids", "timers", "indexes", "control"};

/// Gives the name of a family.
std::string_view FamilyName(Family family);

/// Number of bytes of the partition at the start of every key.
inline constexpr size_t kPartitionBytes = 4;

/// Writes or reads numbers, high byte first. Get needs a view of exactly that many bytes or more.
void AppendBigEndian32(uint32_t value, std::string& out);
void AppendBigEndian64(uint64_t value, std::string& out);
uint32_t GetBigEndian32(std::string_view bytes);
uint64_t GetBigEndian64(std::string_view bytes);

/// Key of the partition alone: checkpoints and control; also the prefix of every other key.
std::string PartitionKey(uint32_t partition);
/// First key after those of the partition; nullopt after the last partition.
std::optional<std::string> PartitionEnd(uint32_t partition);
/// partition | tail: states, records.
std::string TailKey(uint32_t partition, std::string_view tail);
/// partition | part | NUL: prefix of streams, event_ids and indexes.
std::string PartPrefix(uint32_t partition, std::string_view part);
/// partition | stream | NUL | first revision.
std::string ChunkKey(uint32_t partition, std::string_view stream_id, uint64_t first_revision);
/// partition | source | NUL | id | NUL: every stream of an identity stands under it.
std::string EventIdPrefix(uint32_t partition, std::string_view source, std::string_view id);
/// partition | source | NUL | id | NUL | stream.
std::string EventIdKey(uint32_t partition, std::string_view stream_id, std::string_view source,
                       std::string_view id);
/// partition | due with its sign bit flipped.
std::string TimerPrefix(uint32_t partition, int64_t due_us);
/// Reads the due time of a key or prefix made by TimerPrefix.
int64_t TimerDue(std::string_view key);
/// First key after all keys with this prefix; the prefix must not be all 0xFF.
std::string PrefixEnd(std::string prefix);

/// Tells whether the part can stand before another part: it holds no NUL byte.
bool IsUsablePart(std::string_view part);
/// OK, or InvalidArgument saying what cannot be a key.
absl::Status CheckPart(std::string_view what, std::string_view part);

}  // namespace trigpoint::store_internal
