#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rocksdb {
class Env;
}

namespace trigpoint {

/// How an outbox is opened.
struct OutboxOptions {
  std::string directory;        ///< Created when absent; its parent must exist.
  rocksdb::Env* env = nullptr;  ///< Null: the real file system. Borrowed; must outlive the outbox.
};

/// One message for one endpoint. Its bytes never change: every attempt sends the same.
struct OutboxMessage {
  uint64_t sequence = 0;  ///< Place in the order of its endpoint, from 1; given by the outbox.
  std::string id;         ///< Idempotency key.
  std::string alert_id;   ///< Empty where it is not about one alert.
  std::string provider;   ///< Empty where it is not about one provider.
  int64_t queued_us = 0;  ///< When it was queued, or queued again; microseconds UTC.
  std::string body;
};

/// Why and when a message was given up.
struct OutboxFailure {
  std::string reason;  ///< In stable words; never what the receiver answered.
  uint32_t attempts = 0;
  int64_t failed_us = 0;
};

/// A message that its endpoint would not take.
struct OutboxDeadLetter {
  OutboxMessage message;
  OutboxFailure failure;
};

/// How far an endpoint has read the log, and what it was told of time.
struct OutboxProgress {
  std::string log_id;         ///< Name of the log that the offsets belong to.
  std::vector<int64_t> next;  ///< Next offset to look at, by partition.
  /// Below this offset only what is still open is sent: it was there before the endpoint was.
  std::vector<int64_t> open_until;
  int64_t last_digest_us = 0;  ///< Instant for which the last digest was due; 0: none yet.
  bool away = false;           ///< Not in the configuration of the last start.

  friend bool operator==(const OutboxProgress&, const OutboxProgress&) = default;
};

/// An alert that waits for the next digest.
struct OutboxNote {
  uint64_t sequence = 0;  ///< Given by the outbox.
  std::string stream_id;
  std::string alert_id;
};

/// How many messages of an endpoint there are.
struct OutboxCounts {
  uint64_t delivered = 0;  ///< Since the outbox was made.
  uint64_t waiting = 0;    ///< Dead letters apart.
  uint64_t dead = 0;
};

/// What one step of an endpoint changes; written with one sync, or not at all.
struct OutboxChange {
  std::optional<OutboxProgress> progress{};
  std::vector<OutboxMessage> messages{};  ///< Queued behind the others, in this order.
  std::vector<OutboxNote> notes{};        ///< Added behind the others.
  std::vector<uint64_t> notes_told{};     ///< Sequences of notes that are removed.
  std::vector<std::string> told{};        ///< Recommendations that were told from now on.
  std::vector<std::string> told_no_more{};
};

/// What is to be sent to the endpoints outside, in a RocksDB of its own: for each endpoint how far
/// it has read the log, its queue, and its dead letters. A message leaves the queue only when it
/// was delivered or became a dead letter, so what a crash interrupts is sent again with the same
/// bytes. The layout stands in docs/adr/0011.
///
/// Errors, for every method: InvalidArgument when an endpoint's name is empty or holds a NUL byte;
/// ResourceExhausted when the disk is full: nothing was changed that anyone can see, and it works
/// again when there is room. A change that was refused may be there then, as after a crash: read
/// the progress again before making it again; DataLoss when a row is damaged; FailedPrecondition
/// after Close. Threading: thread-safe.
class Outbox {
 public:
  /// Opens or creates it. Errors: FailedPrecondition when another process holds the directory, or
  /// when it was written in another format or by another program.
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(const OutboxOptions& options);

  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Names of every endpoint that was ever changed, sorted.
  absl::StatusOr<std::vector<std::string>> Endpoints() const;
  /// Nullopt for an endpoint that was never changed.
  absl::StatusOr<std::optional<OutboxProgress>> Progress(const std::string& endpoint);
  absl::StatusOr<OutboxCounts> Counts(const std::string& endpoint);

  /// Makes the change.
  absl::Status Apply(const std::string& endpoint, const OutboxChange& change);

  /// The message that is to be sent next; nullopt when none waits.
  absl::StatusOr<std::optional<OutboxMessage>> Front(const std::string& endpoint) const;
  /// Removes a message that was taken, and counts it; without effect when it is not there.
  absl::Status Delivered(const std::string& endpoint, uint64_t sequence);
  /// Turns a message into a dead letter; without effect when it is not there.
  absl::Status Bury(const std::string& endpoint, uint64_t sequence, const OutboxFailure& failure);
  /// Queues dead letters again behind everything, in their order; with an `id` only that message.
  /// Gives how many.
  absl::StatusOr<int> Revive(const std::string& endpoint, std::string_view id, int64_t now_us);

  /// The dead letters in their order, at most `limit`.
  absl::StatusOr<std::vector<OutboxDeadLetter>> DeadLetters(const std::string& endpoint,
                                                            size_t limit) const;
  /// The notes in their order, at most `limit`.
  absl::StatusOr<std::vector<OutboxNote>> Notes(const std::string& endpoint, size_t limit) const;
  /// The recommendations that were told and not taken back, sorted.
  absl::StatusOr<std::vector<std::string>> Told(const std::string& endpoint) const;

  /// Flushes and releases the directory; idempotent. The destructor does it too, without a report.
  absl::Status Close();

 private:
  struct Impl;
  explicit Outbox(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace trigpoint
