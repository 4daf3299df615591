#pragma once

#include <cstdint>
#include <string_view>

namespace trigpoint {

/// Murmur2 as Kafka's Java client computes it (seed 0x9747b28c), over the bytes of `key`.
int32_t Murmur2(std::string_view key);

/// Returns the partition of a stream, in [0, partitions): the choice Kafka's Java client makes for
/// the same key. Stored data depends on it; it never changes. `partitions` must be at least 1 (0
/// answers 0).
uint32_t PartitionOf(std::string_view stream_id, uint32_t partitions);

}  // namespace trigpoint
