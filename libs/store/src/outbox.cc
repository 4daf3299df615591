#include "trigpoint/store/outbox.h"

#include <rocksdb/db.h>

#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "keys.h"
#include "outbox_rows.h"
#include "rocks_options.h"
#include "store_impl.h"
#include "trigpoint/base/status.h"
#include "trigpoint/rocks/database.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint {

using store_internal::OutboxKey;
using store_internal::OutboxPrefix;
using store_internal::OutboxRowKind;
using store_internal::PrefixEnd;
using store_internal::RangeIterator;
using store_internal::ToSlice;

namespace {

// Stored; a change of the rows gets the next number.
constexpr std::string_view kFormatKey = "!format";
constexpr std::string_view kFormat = "trigpoint-outbox 1";

constexpr size_t kCacheBytes = size_t{4} << 20;
constexpr size_t kWriteBufferBytes = size_t{4} << 20;

absl::Status CheckName(std::string_view endpoint) {
  if (endpoint.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, "the name of an endpoint is empty");
  }
  return store_internal::CheckPart("name of an endpoint", endpoint);
}

absl::Status Damaged(std::string_view endpoint, std::string_view what) {
  return MakeStatus(absl::StatusCode::kDataLoss,
                    "outbox: " + std::string(what) + " of endpoint " + std::string(endpoint) +
                        " cannot be read: stop the node and move the outbox away; "
                        "its endpoints then begin with what is open");
}

/// What is known of an endpoint without reading its queue.
struct Slot {
  bool exists = false;
  store_internal::OutboxEndpointRow row;
  uint64_t waiting = 0;
  uint64_t dead = 0;
};

}  // namespace

struct Outbox::Impl {
  explicit Impl(const OutboxOptions& from)
      : directory(from.directory),
        settings(store_internal::MakeSettings(from.env, {kCacheBytes, kWriteBufferBytes})),
        database({.name = "outbox " + directory, .directory = directory, .env = settings.db.env},
                 settings.ran_out, [this] { return OpenFiles(); }) {}

  absl::StatusOr<std::unique_ptr<OpenRocks>> OpenFiles();
  absl::Status CheckFormat(const OpenRocks& open);

  using Row = absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)>;
  /// Visits rows of one kind in order, at most `limit`.
  absl::Status Scan(const OpenRocks& open, const std::string& prefix, size_t limit,
                    Row visit) const;
  absl::StatusOr<uint64_t> Count(const OpenRocks& open, const std::string& prefix) const;
  absl::StatusOr<Slot> Load(const OpenRocks& open, const std::string& endpoint) const;
  /// What is known of an endpoint, read when it is not known yet.
  absl::StatusOr<Slot> Fresh(const OpenRocks& open, const std::string& endpoint)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  /// Opens the database anew where it must be; what was refused may stand there afterwards.
  absl::Status Heal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  /// Fills the batch and the slot; false when there is nothing to write.
  using Build =
      absl::FunctionRef<absl::StatusOr<bool>(const OpenRocks&, Slot&, rocksdb::WriteBatch&)>;
  absl::Status Write(const std::string& endpoint, Build build);
  /// Takes a message out of the queue; nullopt when it is not there.
  absl::StatusOr<std::optional<OutboxMessage>> TakeOut(const OpenRocks& open,
                                                       const std::string& endpoint,
                                                       uint64_t sequence, Slot& slot,
                                                       rocksdb::WriteBatch& batch) const;

  const std::string directory;
  const store_internal::RocksSettings settings;
  RocksDatabase database;
  absl::Mutex mutex;  // Makes reading a slot and writing it one step.
  std::map<std::string, Slot> slots ABSL_GUARDED_BY(mutex);
  bool refused ABSL_GUARDED_BY(mutex) = false;  // A write failed, and none went through since.
};

absl::StatusOr<std::unique_ptr<OpenRocks>> Outbox::Impl::OpenFiles() {
  TP_ASSIGN_OR_RETURN(auto open,
                      OpenRocks::Open(database.place(), settings.db,
                                      {{rocksdb::kDefaultColumnFamilyName,
                                        store_internal::FamilySettings(settings, false)}}));
  TP_RETURN_IF_ERROR(CheckFormat(*open));
  return open;
}

absl::Status Outbox::Impl::CheckFormat(const OpenRocks& open) {
  const auto refuse = [this](const std::string& why) {
    return MakeStatus(absl::StatusCode::kFailedPrecondition, "outbox " + directory + " " + why);
  };
  std::string format;
  const rocksdb::Status status =
      open.db().Get(rocksdb::ReadOptions(), ToSlice(kFormatKey), &format);
  if (status.ok()) {
    return format == kFormat ? absl::OkStatus() : refuse("has the unknown format '" + format + "'");
  }
  if (!status.IsNotFound()) return FromRocks(status, "open outbox " + directory);
  const std::unique_ptr<rocksdb::Iterator> any(open.db().NewIterator(rocksdb::ReadOptions()));
  any->SeekToFirst();
  if (any->Valid()) return refuse("has no format but holds keys: not a Trigpoint outbox");
  TP_RETURN_IF_ERROR(FromRocks(any->status(), "open outbox " + directory));
  rocksdb::WriteBatch batch;
  batch.Put(ToSlice(kFormatKey), ToSlice(kFormat));
  return database.Write(open, batch, true, "create outbox " + directory);
}

absl::Status Outbox::Impl::Scan(const OpenRocks& open, const std::string& prefix, size_t limit,
                                Row visit) const {
  RangeIterator rows(open, open.default_family(), prefix, PrefixEnd(prefix));
  size_t seen = 0;
  for (rows.SeekToFirst(); rows.Valid() && seen < limit; rows.Next(), ++seen) {
    TP_RETURN_IF_ERROR(visit(rows.Key(), rows.Value()));
  }
  return FromRocks(rows.status(), "read outbox " + directory);
}

absl::StatusOr<uint64_t> Outbox::Impl::Count(const OpenRocks& open,
                                             const std::string& prefix) const {
  uint64_t count = 0;
  TP_RETURN_IF_ERROR(Scan(open, prefix, SIZE_MAX, [&count](std::string_view, std::string_view) {
    ++count;
    return absl::OkStatus();
  }));
  return count;
}

absl::StatusOr<Slot> Outbox::Impl::Load(const OpenRocks& open, const std::string& endpoint) const {
  Slot slot;
  std::string bytes;
  const rocksdb::Status status =
      open.db().Get(rocksdb::ReadOptions(), store_internal::OutboxEndpointKey(endpoint), &bytes);
  if (status.IsNotFound()) return slot;
  TP_RETURN_IF_ERROR(FromRocks(status, "read outbox " + directory));
  auto row = store_internal::DecodeEndpointRow(bytes);
  if (!row.has_value()) return Damaged(endpoint, "the progress");
  slot.exists = true;
  slot.row = *std::move(row);
  TP_ASSIGN_OR_RETURN(slot.waiting, Count(open, OutboxPrefix(OutboxRowKind::kMessage, endpoint)));
  TP_ASSIGN_OR_RETURN(slot.dead, Count(open, OutboxPrefix(OutboxRowKind::kDeadLetter, endpoint)));
  return slot;
}

absl::StatusOr<Slot> Outbox::Impl::Fresh(const OpenRocks& open, const std::string& endpoint) {
  TP_RETURN_IF_ERROR(CheckName(endpoint));
  const auto known = slots.find(endpoint);
  if (known != slots.end()) return known->second;
  TP_ASSIGN_OR_RETURN(Slot slot, Load(open, endpoint));
  slots[endpoint] = slot;
  return slot;
}

absl::Status Outbox::Impl::Heal() {
  TP_RETURN_IF_ERROR(database.Heal());
  if (refused) slots.clear();
  refused = false;
  return absl::OkStatus();
}

absl::Status Outbox::Impl::Write(const std::string& endpoint, Build build) {
  const absl::MutexLock lock(&mutex);
  TP_RETURN_IF_ERROR(Heal());
  TP_ASSIGN_OR_RETURN(const RocksUse open, database.Use());
  TP_ASSIGN_OR_RETURN(Slot slot, Fresh(*open, endpoint));
  rocksdb::WriteBatch batch;
  TP_ASSIGN_OR_RETURN(const bool changed, build(*open, slot, batch));
  if (!changed) return absl::OkStatus();
  batch.Put(store_internal::OutboxEndpointKey(endpoint), store_internal::EncodeRow(slot.row));
  slot.exists = true;
  absl::Status written = database.Write(*open, batch, true, "write to outbox " + directory);
  refused = !written.ok();
  if (written.ok()) slots[endpoint] = std::move(slot);
  return written;
}

absl::StatusOr<std::optional<OutboxMessage>> Outbox::Impl::TakeOut(
    const OpenRocks& open, const std::string& endpoint, uint64_t sequence, Slot& slot,
    rocksdb::WriteBatch& batch) const {
  const std::string key = OutboxKey(OutboxRowKind::kMessage, endpoint, sequence);
  std::string bytes;
  const rocksdb::Status status = open.db().Get(rocksdb::ReadOptions(), key, &bytes);
  if (status.IsNotFound()) return std::optional<OutboxMessage>();
  TP_RETURN_IF_ERROR(FromRocks(status, "read outbox " + directory));
  auto message = store_internal::DecodeMessage(bytes, sequence);
  if (!message.has_value()) return Damaged(endpoint, "a message");
  batch.Delete(key);
  slot.waiting -= slot.waiting > 0 ? 1U : 0U;
  return message;
}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(const OutboxOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->database.Open());
  return std::unique_ptr<Outbox>(new Outbox(std::move(impl)));
}

Outbox::Outbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Outbox::~Outbox() = default;

absl::StatusOr<std::vector<std::string>> Outbox::Endpoints() const {
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  std::vector<std::string> names;
  const std::string prefix(1, static_cast<char>(OutboxRowKind::kEndpoint));
  TP_RETURN_IF_ERROR(
      impl_->Scan(*open, prefix, SIZE_MAX, [&names](std::string_view key, std::string_view) {
        names.emplace_back(key.substr(1));
        return absl::OkStatus();
      }));
  return names;
}

absl::StatusOr<std::optional<OutboxProgress>> Outbox::Progress(const std::string& endpoint) {
  const absl::MutexLock lock(&impl_->mutex);
  // What follows from the progress is written next: it must be that of the healed database.
  TP_RETURN_IF_ERROR(impl_->Heal());
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  TP_ASSIGN_OR_RETURN(Slot slot, impl_->Fresh(*open, endpoint));
  return slot.exists ? std::optional(std::move(slot.row.progress)) : std::nullopt;
}

absl::StatusOr<OutboxCounts> Outbox::Counts(const std::string& endpoint) {
  const absl::MutexLock lock(&impl_->mutex);
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  TP_ASSIGN_OR_RETURN(const Slot slot, impl_->Fresh(*open, endpoint));
  return OutboxCounts{.delivered = slot.row.delivered, .waiting = slot.waiting, .dead = slot.dead};
}

absl::Status Outbox::Apply(const std::string& endpoint, const OutboxChange& change) {
  return impl_->Write(endpoint, [&](const OpenRocks&, Slot& slot, rocksdb::WriteBatch& batch) {
    if (change.progress.has_value()) slot.row.progress = *change.progress;
    for (const OutboxMessage& message : change.messages) {
      batch.Put(OutboxKey(OutboxRowKind::kMessage, endpoint, ++slot.row.last_sequence),
                store_internal::EncodeRow(message));
      ++slot.waiting;
    }
    for (const OutboxNote& note : change.notes) {
      batch.Put(OutboxKey(OutboxRowKind::kNote, endpoint, ++slot.row.last_sequence),
                store_internal::EncodeRow(note));
    }
    for (const uint64_t sequence : change.notes_told) {
      batch.Delete(OutboxKey(OutboxRowKind::kNote, endpoint, sequence));
    }
    const std::string told = OutboxPrefix(OutboxRowKind::kTold, endpoint);
    for (const std::string& id : change.told_no_more) batch.Delete(told + id);
    for (const std::string& id : change.told) batch.Put(told + id, "");
    return absl::StatusOr<bool>(true);
  });
}

absl::StatusOr<std::optional<OutboxMessage>> Outbox::Front(const std::string& endpoint) const {
  TP_RETURN_IF_ERROR(CheckName(endpoint));
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  std::optional<OutboxMessage> front;
  TP_RETURN_IF_ERROR(impl_->Scan(
      *open, OutboxPrefix(OutboxRowKind::kMessage, endpoint), 1,
      [&](std::string_view key, std::string_view value) {
        front = store_internal::DecodeMessage(value, store_internal::OutboxSequence(key));
        return front.has_value() ? absl::OkStatus() : Damaged(endpoint, "a message");
      }));
  return front;
}

absl::Status Outbox::Delivered(const std::string& endpoint, uint64_t sequence) {
  return impl_->Write(
      endpoint,
      [&](const OpenRocks& open, Slot& slot, rocksdb::WriteBatch& batch) -> absl::StatusOr<bool> {
        TP_ASSIGN_OR_RETURN(const auto message,
                            impl_->TakeOut(open, endpoint, sequence, slot, batch));
        slot.row.delivered += message.has_value() ? 1U : 0U;
        return message.has_value();
      });
}

absl::Status Outbox::Bury(const std::string& endpoint, uint64_t sequence,
                          const OutboxFailure& failure) {
  return impl_->Write(
      endpoint,
      [&](const OpenRocks& open, Slot& slot, rocksdb::WriteBatch& batch) -> absl::StatusOr<bool> {
        TP_ASSIGN_OR_RETURN(auto message, impl_->TakeOut(open, endpoint, sequence, slot, batch));
        if (!message.has_value()) return false;
        batch.Put(OutboxKey(OutboxRowKind::kDeadLetter, endpoint, sequence),
                  store_internal::EncodeRow(OutboxDeadLetter{*std::move(message), failure}));
        ++slot.dead;
        return true;
      });
}

absl::StatusOr<int> Outbox::Revive(const std::string& endpoint, std::string_view id,
                                   int64_t now_us) {
  int revived = 0;
  const auto build = [&](const OpenRocks& open, Slot& slot,
                         rocksdb::WriteBatch& batch) -> absl::StatusOr<bool> {
    const auto visit = [&](std::string_view key, std::string_view value) {
      auto letter = store_internal::DecodeDeadLetter(value, store_internal::OutboxSequence(key));
      if (!letter.has_value()) return Damaged(endpoint, "a dead letter");
      if (!id.empty() && letter->message.id != id) return absl::OkStatus();
      letter->message.queued_us = now_us;
      batch.Delete(ToSlice(key));
      batch.Put(OutboxKey(OutboxRowKind::kMessage, endpoint, ++slot.row.last_sequence),
                store_internal::EncodeRow(letter->message));
      ++revived;
      return absl::OkStatus();
    };
    TP_RETURN_IF_ERROR(
        impl_->Scan(open, OutboxPrefix(OutboxRowKind::kDeadLetter, endpoint), SIZE_MAX, visit));
    slot.waiting += static_cast<uint64_t>(revived);
    slot.dead -= static_cast<uint64_t>(revived);
    return revived > 0;
  };
  TP_RETURN_IF_ERROR(impl_->Write(endpoint, build));
  return revived;
}

absl::StatusOr<std::vector<OutboxDeadLetter>> Outbox::DeadLetters(const std::string& endpoint,
                                                                  size_t limit) const {
  TP_RETURN_IF_ERROR(CheckName(endpoint));
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  std::vector<OutboxDeadLetter> letters;
  const auto visit = [&](std::string_view key, std::string_view value) {
    auto letter = store_internal::DecodeDeadLetter(value, store_internal::OutboxSequence(key));
    if (!letter.has_value()) return Damaged(endpoint, "a dead letter");
    letters.push_back(*std::move(letter));
    return absl::OkStatus();
  };
  TP_RETURN_IF_ERROR(
      impl_->Scan(*open, OutboxPrefix(OutboxRowKind::kDeadLetter, endpoint), limit, visit));
  return letters;
}

absl::StatusOr<std::vector<OutboxNote>> Outbox::Notes(const std::string& endpoint,
                                                      size_t limit) const {
  TP_RETURN_IF_ERROR(CheckName(endpoint));
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  std::vector<OutboxNote> notes;
  const auto visit = [&](std::string_view key, std::string_view value) {
    auto note = store_internal::DecodeNote(value, store_internal::OutboxSequence(key));
    if (!note.has_value()) return Damaged(endpoint, "a note");
    notes.push_back(*std::move(note));
    return absl::OkStatus();
  };
  TP_RETURN_IF_ERROR(
      impl_->Scan(*open, OutboxPrefix(OutboxRowKind::kNote, endpoint), limit, visit));
  return notes;
}

absl::StatusOr<std::vector<std::string>> Outbox::Told(const std::string& endpoint) const {
  TP_RETURN_IF_ERROR(CheckName(endpoint));
  TP_ASSIGN_OR_RETURN(const RocksUse open, impl_->database.Use());
  const std::string prefix = OutboxPrefix(OutboxRowKind::kTold, endpoint);
  std::vector<std::string> told;
  TP_RETURN_IF_ERROR(
      impl_->Scan(*open, prefix, SIZE_MAX, [&](std::string_view key, std::string_view) {
        told.emplace_back(key.substr(prefix.size()));
        return absl::OkStatus();
      }));
  return told;
}

absl::Status Outbox::Close() { return impl_->database.Close(); }

}  // namespace trigpoint
