#include "outbox_rows.h"

#include "keys.h"

namespace trigpoint::store_internal {
namespace {

constexpr size_t kSequenceBytes = 8;

void AppendText(std::string_view text, std::string& out) {
  AppendBigEndian32(static_cast<uint32_t>(text.size()), out);
  out += text;
}

void AppendInstant(int64_t micros, std::string& out) {
  AppendBigEndian64(static_cast<uint64_t>(micros), out);
}

/// Reads what the functions above wrote; once something is missing, all that follows is, too.
class RowReader {
 public:
  explicit RowReader(std::string_view bytes) : left_(bytes) {}

  uint64_t Number64() { return Has(8) ? GetBigEndian64(Cut(8)) : 0; }
  uint32_t Number32() { return Has(4) ? GetBigEndian32(Cut(4)) : 0; }
  int64_t Instant() { return static_cast<int64_t>(Number64()); }
  std::string Text() {
    const uint32_t size = Number32();
    return Has(size) ? std::string(Cut(size)) : std::string();
  }
  /// Whether everything was there and nothing is left.
  bool Complete() const { return good_ && left_.empty(); }
  /// Whether so many items of at least this size can follow.
  bool Fits(uint64_t items, size_t bytes_each) {
    good_ = good_ && items <= left_.size() / bytes_each;
    return good_;
  }

 private:
  bool Has(size_t bytes) {
    good_ = good_ && left_.size() >= bytes;
    return good_;
  }
  std::string_view Cut(size_t bytes) {
    const std::string_view cut = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return cut;
  }

  std::string_view left_;
  bool good_ = true;
};

void AppendMessage(const OutboxMessage& message, std::string& out) {
  AppendText(message.id, out);
  AppendText(message.alert_id, out);
  AppendText(message.provider, out);
  AppendInstant(message.queued_us, out);
  AppendText(message.body, out);
}

OutboxMessage ReadMessage(RowReader& reader, uint64_t sequence) {
  OutboxMessage message;
  message.sequence = sequence;
  message.id = reader.Text();
  message.alert_id = reader.Text();
  message.provider = reader.Text();
  message.queued_us = reader.Instant();
  message.body = reader.Text();
  return message;
}

}  // namespace

std::string OutboxEndpointKey(std::string_view endpoint) {
  return static_cast<char>(OutboxRowKind::kEndpoint) + std::string(endpoint);
}

std::string OutboxPrefix(OutboxRowKind kind, std::string_view endpoint) {
  return static_cast<char>(kind) + std::string(endpoint) + '\0';
}

std::string OutboxKey(OutboxRowKind kind, std::string_view endpoint, uint64_t sequence) {
  std::string key = OutboxPrefix(kind, endpoint);
  AppendBigEndian64(sequence, key);
  return key;
}

uint64_t OutboxSequence(std::string_view key) {
  return GetBigEndian64(key.substr(key.size() - kSequenceBytes));
}

std::string EncodeRow(const OutboxEndpointRow& row) {
  std::string out;
  AppendBigEndian64(row.last_sequence, out);
  AppendBigEndian64(row.delivered, out);
  AppendText(row.progress.log_id, out);
  AppendInstant(row.progress.last_digest_us, out);
  AppendBigEndian32(row.progress.away ? 1 : 0, out);
  AppendBigEndian32(static_cast<uint32_t>(row.progress.next.size()), out);
  for (size_t p = 0; p < row.progress.next.size(); ++p) {
    AppendInstant(row.progress.next[p], out);
    AppendInstant(p < row.progress.open_until.size() ? row.progress.open_until[p] : 0, out);
  }
  return out;
}

std::string EncodeRow(const OutboxMessage& message) {
  std::string out;
  AppendMessage(message, out);
  return out;
}

std::string EncodeRow(const OutboxDeadLetter& letter) {
  std::string out;
  AppendMessage(letter.message, out);
  AppendText(letter.failure.reason, out);
  AppendBigEndian32(letter.failure.attempts, out);
  AppendInstant(letter.failure.failed_us, out);
  return out;
}

std::string EncodeRow(const OutboxNote& note) {
  std::string out;
  AppendText(note.stream_id, out);
  AppendText(note.alert_id, out);
  return out;
}

std::optional<OutboxEndpointRow> DecodeEndpointRow(std::string_view bytes) {
  RowReader reader(bytes);
  OutboxEndpointRow row;
  row.last_sequence = reader.Number64();
  row.delivered = reader.Number64();
  row.progress.log_id = reader.Text();
  row.progress.last_digest_us = reader.Instant();
  row.progress.away = reader.Number32() != 0;
  const uint32_t partitions = reader.Number32();
  if (!reader.Fits(partitions, 2 * sizeof(int64_t))) return std::nullopt;
  for (uint32_t p = 0; p < partitions; ++p) {
    row.progress.next.push_back(reader.Instant());
    row.progress.open_until.push_back(reader.Instant());
  }
  return reader.Complete() ? std::optional(std::move(row)) : std::nullopt;
}

std::optional<OutboxMessage> DecodeMessage(std::string_view bytes, uint64_t sequence) {
  RowReader reader(bytes);
  OutboxMessage message = ReadMessage(reader, sequence);
  return reader.Complete() ? std::optional(std::move(message)) : std::nullopt;
}

std::optional<OutboxDeadLetter> DecodeDeadLetter(std::string_view bytes, uint64_t sequence) {
  RowReader reader(bytes);
  OutboxDeadLetter letter;
  letter.message = ReadMessage(reader, sequence);
  letter.failure.reason = reader.Text();
  letter.failure.attempts = reader.Number32();
  letter.failure.failed_us = reader.Instant();
  return reader.Complete() ? std::optional(std::move(letter)) : std::nullopt;
}

std::optional<OutboxNote> DecodeNote(std::string_view bytes, uint64_t sequence) {
  RowReader reader(bytes);
  OutboxNote note;
  note.sequence = sequence;
  note.stream_id = reader.Text();
  note.alert_id = reader.Text();
  return reader.Complete() ? std::optional(std::move(note)) : std::nullopt;
}

}  // namespace trigpoint::store_internal
