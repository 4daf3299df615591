#include "keys.h"

#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"

namespace trigpoint::store_internal {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

template <typename Value>
void AppendBigEndian(Value value, std::string& out) {
  for (int shift = static_cast<int>(sizeof(Value)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

template <typename Value>
Value GetBigEndian(std::string_view bytes) {
  TP_CHECK(bytes.size() >= sizeof(Value), "key too short");
  Value value = 0;
  for (size_t i = 0; i < sizeof(Value); ++i) {
    value = (value << 8) | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

}  // namespace

std::string_view FamilyName(Family family) { return kFamilyNames[static_cast<size_t>(family)]; }

void AppendBigEndian32(uint32_t value, std::string& out) { AppendBigEndian(value, out); }
void AppendBigEndian64(uint64_t value, std::string& out) { AppendBigEndian(value, out); }
uint32_t GetBigEndian32(std::string_view bytes) { return GetBigEndian<uint32_t>(bytes); }
uint64_t GetBigEndian64(std::string_view bytes) { return GetBigEndian<uint64_t>(bytes); }

std::string PartitionKey(uint32_t partition) {
  std::string key;
  AppendBigEndian32(partition, key);
  return key;
}

std::optional<std::string> PartitionEnd(uint32_t partition) {
  if (partition == UINT32_MAX) {
    return std::nullopt;
  }
  return PartitionKey(partition + 1);
}

std::string TailKey(uint32_t partition, std::string_view tail) {
  std::string key;
  key.reserve(kPartitionBytes + tail.size());
  AppendBigEndian32(partition, key);
  key.append(tail);
  return key;
}

std::string PartPrefix(uint32_t partition, std::string_view part) {
  std::string key;
  key.reserve(kPartitionBytes + part.size() + 64);
  AppendBigEndian32(partition, key);
  key.append(part);
  key.push_back('\0');
  return key;
}

std::string ChunkKey(uint32_t partition, std::string_view stream_id, uint64_t first_revision) {
  std::string key = PartPrefix(partition, stream_id);
  AppendBigEndian64(first_revision, key);
  return key;
}

std::string EventIdPrefix(uint32_t partition, std::string_view source, std::string_view id) {
  std::string key = PartPrefix(partition, source);
  key.append(id);
  key.push_back('\0');
  return key;
}

std::string EventIdKey(uint32_t partition, std::string_view stream_id, std::string_view source,
                       std::string_view id) {
  std::string key = EventIdPrefix(partition, source, id);
  key.append(stream_id);
  return key;
}

std::string TimerPrefix(uint32_t partition, int64_t due_us) {
  std::string key = PartitionKey(partition);
  AppendBigEndian64(static_cast<uint64_t>(due_us) ^ kSignBit, key);
  return key;
}

int64_t TimerDue(std::string_view key) {
  return static_cast<int64_t>(GetBigEndian64(key.substr(kPartitionBytes)) ^ kSignBit);
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xFF) {
    prefix.pop_back();
  }
  TP_CHECK(!prefix.empty(), "a prefix of 0xFF bytes has no end");
  prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

bool IsUsablePart(std::string_view part) { return part.find('\0') == std::string_view::npos; }

absl::Status CheckPart(std::string_view what, std::string_view part) {
  if (IsUsablePart(part)) {
    return absl::OkStatus();
  }
  return MakeStatus(absl::StatusCode::kInvalidArgument,
                    std::string(what) + " holds a NUL byte and cannot be part of a key");
}

}  // namespace trigpoint::store_internal
