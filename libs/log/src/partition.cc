#include "trigpoint/log/partition.h"

#include <cstddef>

namespace trigpoint {
namespace {

uint32_t ByteAt(std::string_view key, size_t i) { return static_cast<uint8_t>(key[i]); }

}  // namespace

int32_t Murmur2(std::string_view key) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  uint32_t hash = 0x9747b28cU ^ static_cast<uint32_t>(key.size());
  const size_t whole = key.size() & ~size_t{3};
  for (size_t i = 0; i < whole; i += 4) {
    uint32_t word = ByteAt(key, i) | ByteAt(key, i + 1) << 8 | ByteAt(key, i + 2) << 16 |
                    ByteAt(key, i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash = (hash * kMultiplier) ^ word;
  }
  if (whole != key.size()) {
    for (size_t i = whole; i < key.size(); ++i) hash ^= ByteAt(key, i) << (8 * (i - whole));
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<int32_t>(hash);
}

uint32_t PartitionOf(std::string_view stream_id, uint32_t partitions) {
  if (partitions == 0) return 0;
  return (static_cast<uint32_t>(Murmur2(stream_id)) & 0x7fffffffU) % partitions;
}

}  // namespace trigpoint
