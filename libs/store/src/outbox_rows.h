#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trigpoint/store/outbox.h"

/// Keys and values of the outbox. Numbers are big-endian; a text is its length in 4 bytes, then its
/// bytes. Stored; never change: another layout is another format.
namespace trigpoint::store_internal {

/// What the first byte of a key says.
enum class OutboxRowKind : char {
  kEndpoint = 'e',    ///< e | endpoint: counters and progress.
  kMessage = 'm',     ///< m | endpoint | NUL | sequence: a message of the queue.
  kDeadLetter = 'd',  ///< d | endpoint | NUL | sequence: a message that was given up.
  kNote = 'n',        ///< n | endpoint | NUL | sequence: an alert for the next digest.
  kTold = 't',        ///< t | endpoint | NUL | recommendation: empty value.
};

/// The row of an endpoint.
struct OutboxEndpointRow {
  uint64_t last_sequence = 0;  ///< Of messages, dead letters and notes together; never reused.
  uint64_t delivered = 0;
  OutboxProgress progress;
};

std::string OutboxEndpointKey(std::string_view endpoint);
/// First bytes of every row of this kind of this endpoint.
std::string OutboxPrefix(OutboxRowKind kind, std::string_view endpoint);
std::string OutboxKey(OutboxRowKind kind, std::string_view endpoint, uint64_t sequence);
/// The sequence at the end of a key made by OutboxKey.
uint64_t OutboxSequence(std::string_view key);

std::string EncodeRow(const OutboxEndpointRow& row);
std::string EncodeRow(const OutboxMessage& message);
std::string EncodeRow(const OutboxDeadLetter& letter);
std::string EncodeRow(const OutboxNote& note);

/// Nullopt when the bytes are not such a row. The sequence stands in the key.
std::optional<OutboxEndpointRow> DecodeEndpointRow(std::string_view bytes);
std::optional<OutboxMessage> DecodeMessage(std::string_view bytes, uint64_t sequence);
std::optional<OutboxDeadLetter> DecodeDeadLetter(std::string_view bytes, uint64_t sequence);
std::optional<OutboxNote> DecodeNote(std::string_view bytes, uint64_t sequence);

}  // namespace trigpoint::store_internal
