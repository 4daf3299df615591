// Our side of the comparison with Kafka Streams: log, store and derived records are those of the
// engine, what is folded is the small fold.
#include <poll.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "peer_fold.h"
#include "peer_support.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/log/partition.h"
#include "trigpoint/store/store.h"

namespace trigpoint::bench {
namespace {

// As the projector has them (ProjectorOptions).
constexpr size_t kRecordsMax = 4'096;
constexpr size_t kCatchUpRecordsMax = 16'384;
constexpr size_t kHotStreamsMax = 100'000;
constexpr absl::Duration kIdle = absl::Milliseconds(50);

class PeerFold {
 public:
  explicit PeerFold(const PeerPlace& place);
  /// Folds what one poll brings, and commits it.
  void Step();
  bool CaughtUp() const { return folded_ >= to_fold_; }
  int64_t folded() const { return folded_; }
  std::string Digest() const;
  void Close();

 private:
  struct Hot {
    uint32_t partition = 0;
    bool changed = false;
    PeerState state;
  };

  Hot* Find(uint32_t partition, const std::string& stream_id);
  void Fold(const Record& record);
  void AppendDerived();
  void Commit(const std::vector<Record>& records);

  std::unique_ptr<EventLog> log_;
  std::unique_ptr<EventLog> output_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<LogReader> reader_;
  std::unordered_map<std::string, Hot> hot_;
  std::vector<std::pair<const std::string*, Hot*>> changed_;
  std::map<uint32_t, std::vector<std::string>> derived_;
  v1::Event event_;
  int64_t folded_ = 0;
  int64_t to_fold_ = 0;
};

PeerFold::PeerFold(const PeerPlace& place)
    : log_(OpenPeerLog(place.brokers, place.topic)),
      output_(OpenPeerLog(place.brokers, place.output)),
      store_(Must(Store::Open({.directory = place.directory}))),
      reader_(log_->NewReader()) {
  std::vector<Position> next;
  for (uint32_t p = 0; p < log_->partitions(); ++p) {
    const auto checkpoint = Must(store_->ReadCheckpoint(p));
    next.push_back({p, checkpoint.has_value() ? checkpoint->next_offset() : 0});
    if (checkpoint.has_value()) {
      trigpoint::Digest last{};
      checkpoint->last_digest().copy(reinterpret_cast<char*>(last.data()), last.size());
      Must(VerifyCheckpoint(*log_, next.back(), last));
    }
    to_fold_ += Must(log_->HeadOffset(p)) - next.back().offset;
  }
  Must(reader_->Assign(std::move(next)));
}

PeerFold::Hot* PeerFold::Find(uint32_t partition, const std::string& stream_id) {
  const auto [found, added] = hot_.try_emplace(stream_id);
  if (added) {
    found->second.partition = partition;
    const auto stored = Must(store_->ReadState(partition, stream_id));
    if (stored.has_value()) found->second.state = PeerState::Decode(*stored);
  }
  if (!found->second.changed) {
    found->second.changed = true;
    changed_.emplace_back(&found->first, &found->second);
  }
  return &found->second;
}

void PeerFold::Fold(const Record& record) {
  if (!event_.ParseFromString(record.value)) Die("a record is no event");
  if (event_.stream_id().empty()) return;
  Hot* hot = Find(record.position.partition, event_.stream_id());
  if (auto derived = FoldPeerEvent(event_, &hot->state); derived.has_value())
    derived_[record.position.partition].push_back(*std::move(derived));
}

void PeerFold::AppendDerived() {
  absl::BlockingCounter waiting(static_cast<int>(derived_.size()));
  for (auto& [partition, values] : derived_) {
    output_->Append(partition, std::move(values), [&waiting](const auto& at) {
      Must(at.status());
      waiting.DecrementCount();
    });
  }
  waiting.Wait();
  derived_.clear();
}

void PeerFold::Commit(const std::vector<Record>& records) {
  StoreBatch batch;
  for (const auto& [stream_id, hot] : changed_) {
    batch.PutState(hot->partition, *stream_id, hot->state.Encode());
    hot->changed = false;
  }
  changed_.clear();
  std::map<uint32_t, const Record*> last;
  for (const Record& record : records) last[record.position.partition] = &record;
  for (const auto& [partition, record] : last) {
    v1::Checkpoint checkpoint;
    checkpoint.set_next_offset(record->position.offset + 1);
    const trigpoint::Digest digest = DigestOf(record->value);
    checkpoint.set_last_digest(digest.data(), digest.size());
    batch.PutCheckpoint(partition, checkpoint);
  }
  Must(store_->Commit(std::move(batch)));
  if (hot_.size() > kHotStreamsMax) hot_.clear();
}

void PeerFold::Step() {
  const auto records = Must(reader_->Poll(CaughtUp() ? kRecordsMax : kCatchUpRecordsMax, kIdle));
  if (records.empty()) return;
  if (folded_ == 0) Tell("first");
  const bool had_half = 2 * folded_ >= to_fold_;
  for (const Record& record : records) Fold(record);
  // What follows from an event is there before the checkpoint says that the event is folded.
  AppendDerived();
  Commit(records);
  folded_ += static_cast<int64_t>(records.size());
  if (!had_half && 2 * folded_ >= to_fold_) Tell("half");
}

std::string PeerFold::Digest() const {
  std::map<std::string, std::string> states;
  Must(store_->ScanStates(std::nullopt, [&states](uint32_t, auto stream_id, auto state) {
    states.emplace(stream_id, state);
    return true;
  }));
  std::string text;
  for (const auto& [stream_id, state] : states) AddPeerState(stream_id, state, &text);
  return ", \"streams\": " + std::to_string(states.size()) + ", \"states\": \"" + Sha256Hex(text) +
         '"';
}

void PeerFold::Close() {
  Must(log_->Close());
  Must(output_->Close());
  Must(store_->Close());
}

/// A line of standard input, when there is one; false at its end.
bool Command(std::string* line) {
  line->clear();
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (poll(&input, 1, 0) <= 0) return true;
  return static_cast<bool>(std::getline(std::cin, *line));
}

}  // namespace

void RunPeerFold(const PeerPlace& place) {
  PeerFold fold(place);
  bool told = false;
  std::string command;
  while (Command(&command)) {
    if (command == "digest") Tell("digest", fold.Digest());
    if (command == "close") {
      fold.Close();
      Tell("closed");
      std::getline(std::cin, command);
      return;
    }
    fold.Step();
    if (told || !fold.CaughtUp()) continue;
    told = true;
    Tell("folded", ", \"records\": " + std::to_string(fold.folded()));
  }
}

}  // namespace trigpoint::bench
