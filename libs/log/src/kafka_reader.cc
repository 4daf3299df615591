#include "kafka_reader.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "trigpoint/base/status.h"
#include "visible_tail.h"

namespace trigpoint {
namespace {

constexpr size_t kServedBytesMax = size_t{8} << 20;
// Records taken over from librdkafka before they are asked for, so that partitions get their turns.
constexpr size_t kReadyBytesMax = size_t{16} << 20;
constexpr size_t kReadyRecordsMax = 20'000;
constexpr absl::Duration kSlice =
    absl::Milliseconds(50);  // between looks whether the log is closed
constexpr absl::Duration kAskPatience = absl::Seconds(10);
constexpr int kPrefetchedRecordsMin = 5'000;
constexpr absl::Duration kFillPatience = absl::Milliseconds(10);
// Without a record although more are there, until librdkafka is woken.
constexpr absl::Duration kStarved = absl::Milliseconds(3);
// For records that are known to be there; and, once after an assignment, for those of all
// partitions.
constexpr absl::Duration kFetchPatience = absl::Seconds(10);
constexpr absl::Duration kGatherPatience = absl::Seconds(1);

class KafkaReader final : public LogReader {
 public:
  KafkaReader(std::shared_ptr<KafkaTopicState> state, KafkaPrefetch prefetch)
      : state_(std::move(state)), prefetch_(prefetch) {}
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;
  ~KafkaReader() override { StopFetching(); }

  absl::Status Assign(std::vector<Position> next) override;
  absl::StatusOr<std::vector<Record>> Poll(size_t max_records, absl::Duration timeout) override;

 private:
  struct Part {
    uint32_t partition;
    int64_t next;              // to come from librdkafka
    std::deque<Record> ready;  // before it
    int64_t gap_before = -1;   // offset of a record that came too early once; -1 = none did
    int64_t woken_next = -1;   // `next` when its broker was woken last, and when that was
    int64_t woken_ns = 0;
  };

  absl::Status Open();
  absl::Status Check(const std::vector<Position>& next);
  absl::Status Fetch();
  void StopFetching();
  /// Takes what there is; waits for the first of it.
  void Take(absl::Duration wait);
  KafkaOwned<rd_kafka_message_t> TakeFirst(absl::Duration wait);
  void WakeFetching();
  /// Takes more, where there is so much more that it is there soon.
  void Fill(size_t max_records);
  /// Records that are known to be there and have not come yet.
  int64_t Left() const;
  bool FarBehind() const { return Left() >= int64_t{kPrefetchedRecordsMin}; }
  bool Full() const { return ready_bytes_ >= kReadyBytesMax || ready_records_ >= kReadyRecordsMax; }
  void Accept(const rd_kafka_message_t& message);
  void AcceptError(const rd_kafka_message_t& message);
  Part* Find(int32_t partition);
  bool Behind(const Part& part) const {
    return part.ready.empty() && part.next < state_->KnownHead(part.partition);
  }
  bool AnyBehind() const {
    return std::any_of(parts_.begin(), parts_.end(), [this](const Part& p) { return Behind(p); });
  }
  std::vector<Record> Serve(size_t max_records);

  const std::shared_ptr<KafkaTopicState> state_;
  const KafkaPrefetch prefetch_;
  BrokerWatch watch_;
  KafkaOwned<rd_kafka_t> client_;
  KafkaOwned<rd_kafka_topic_t> topic_;
  KafkaOwned<rd_kafka_queue_t> queue_;
  std::vector<Part> parts_;
  std::vector<uint32_t> fetching_;  // partitions that librdkafka fetches
  size_t ready_records_ = 0;
  size_t ready_bytes_ = 0;
  size_t turn_ = 0;
  size_t woken_ = 0;
  int64_t woken_ns_ = 0;
  int64_t gather_until_ns_ = 0;
  bool refetch_ = false;
  absl::Status broken_;  // since the assignment; told once what was read before it is handed out
};

absl::Status KafkaReader::Open() {
  if (client_ != nullptr) return absl::OkStatus();
  TP_ASSIGN_OR_RETURN(client_, ReaderSettings(*state_, &watch_, prefetch_).New(RD_KAFKA_CONSUMER));
  topic_.reset(rd_kafka_topic_new(client_.get(), state_->topic.c_str(), nullptr));
  queue_.reset(rd_kafka_queue_new(client_.get()));
  if (topic_ != nullptr && queue_ != nullptr) return absl::OkStatus();
  client_.reset();
  return absl::InvalidArgumentError(absl::StrCat("Kafka: no topic can be named ", state_->topic));
}

absl::Status KafkaReader::Check(const std::vector<Position>& next) {
  std::set<uint32_t> seen;
  for (const Position& position : next) {
    if (position.partition >= state_->partitions())
      return UnknownPartitionError(position.partition, state_->partitions());
    if (!seen.insert(position.partition).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("partition ", position.partition, " is assigned twice"));
    }
  }
  for (const Position& position : next) {
    TP_ASSIGN_OR_RETURN(const Watermarks marks,
                        AskWatermarks(client_.get(), state_.get(), position.partition));
    if (position.offset < marks.first || position.offset > marks.head) {
      return absl::OutOfRangeError(absl::StrCat("offset ", position.offset, " of partition ",
                                                position.partition, " is not in [", marks.first,
                                                ", ", marks.head, "]"));
    }
  }
  return absl::OkStatus();
}

absl::Status KafkaReader::Assign(std::vector<Position> next) {
  if (state_->closed()) return ClosedError();
  TP_RETURN_IF_ERROR(Open());
  TP_RETURN_IF_ERROR(Check(next));
  std::vector<Part> former = std::exchange(parts_, {});
  for (const Position& position : next) parts_.push_back({position.partition, position.offset, {}});
  if (absl::Status fetching = Fetch(); !fetching.ok()) {
    parts_ = std::move(former);
    Fetch().IgnoreError();
    return fetching;
  }
  ready_records_ = ready_bytes_ = turn_ = 0;
  broken_ = absl::OkStatus();
  gather_until_ns_ = SteadyNanos() + absl::ToInt64Nanoseconds(kGatherPatience);
  return absl::OkStatus();
}

void KafkaReader::StopFetching() {
  for (const uint32_t partition : fetching_)
    rd_kafka_consume_stop(topic_.get(), static_cast<int32_t>(partition));  // waits for it
  fetching_.clear();
}

// Never a seek or a pause: librdkafka 2.0.2 loses or misattributes records around them. Nor
// rd_kafka_assign, which stops a partition twice, and so aborts the process, where one assignment
// follows another, or the end, before the brokers' thread has stopped the first (its issue 5573).
// What was fetched for a former assignment is dropped.
absl::Status KafkaReader::Fetch() {
  StopFetching();
  for (const Part& part : parts_) {
    if (rd_kafka_consume_start_queue(topic_.get(), static_cast<int32_t>(part.partition), part.next,
                                     queue_.get()) != 0)
      return FromKafka(rd_kafka_last_error(), "fetch a partition for a reader");
    fetching_.push_back(part.partition);
  }
  return absl::OkStatus();
}

KafkaReader::Part* KafkaReader::Find(int32_t partition) {
  const auto found = std::find_if(parts_.begin(), parts_.end(), [partition](const Part& part) {
    return static_cast<int32_t>(part.partition) == partition;
  });
  return found == parts_.end() ? nullptr : &*found;
}

void KafkaReader::AcceptError(const rd_kafka_message_t& message) {
  const absl::Status status = FromKafka(message.err, "read");
  const Part* part = Find(message.partition);
  if (part == nullptr || !broken_.ok()) return;
  // Told once by librdkafka; who may not read would wait for ever.
  if (absl::IsPermissionDenied(status)) broken_ = status;
  // All else heals: brokers come back, leaders are found, topics become known.
  if (!absl::IsDataLoss(status)) return;
  broken_ = absl::DataLossError(absl::StrCat(
      "topic ", state_->topic, " partition ", part->partition, " offset ", part->next, ": ",
      rd_kafka_err2str(message.err), ": the log was truncated or damaged, or its topic replaced"));
}

void KafkaReader::Accept(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return AcceptError(message);
  Part* part = Find(message.partition);
  // Below: what a fetch of an earlier assignment brought.
  if (part == nullptr || message.offset < part->next || !broken_.ok() || refetch_) return;
  if (message.offset > part->next) {
    // Once it may be a late answer; fetched again, it is a gap.
    if (part->gap_before == message.offset) {
      broken_ = absl::DataLossError(
          absl::StrCat("topic ", state_->topic, " partition ", part->partition, ": offset ",
                       part->next, " is followed by ", message.offset,
                       ": records are gone, or were written in a transaction, which no log of ours "
                       "is"));
    }
    part->gap_before = message.offset;
    refetch_ = true;
    return;
  }
  part->gap_before = -1;
  part->ready.push_back({{part->partition, message.offset},
                         std::string(static_cast<const char*>(message.payload), message.len)});
  ++part->next;
  ++ready_records_;
  ready_bytes_ += message.len;
  state_->NoteHead(part->partition, part->next);
}

int64_t KafkaReader::Left() const {
  int64_t left = 0;
  for (const Part& part : parts_)
    left += std::max<int64_t>(state_->KnownHead(part.partition) - part.next, 0);
  return left;
}

// librdkafka 2.0.2 stops fetching when queued.min.messages lie ready, and looks again only after a
// second, however soon they are taken; a request makes it look at once.
void KafkaReader::WakeFetching() {
  const int64_t now = SteadyNanos();
  if (now - woken_ns_ < absl::ToInt64Nanoseconds(kStarved)) return;
  if (rd_kafka_queue_length(queue_.get()) >= size_t{kPrefetchedRecordsMin}) return;
  const size_t first = woken_++;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[(first + i) % parts_.size()];
    if (part.next >= state_->KnownHead(part.partition)) continue;
    // What came of it last time? One whose leader is gone is not asked for at every turn.
    if (part.next == part.woken_next && now - part.woken_ns < absl::ToInt64Nanoseconds(kSlice))
      continue;
    part.woken_next = part.next;
    part.woken_ns = woken_ns_ = now;
    return WakeLeader(client_.get(), state_->topic, part.partition);
  }
}

// A turn that is not full costs whoever folds it as many commits more.
void KafkaReader::Fill(size_t max_records) {
  if (prefetch_ != KafkaPrefetch::kStream) return;
  const int64_t begun = SteadyNanos();
  int64_t now = begun;
  int64_t got = begun;
  while (ready_records_ < max_records && ready_bytes_ < kServedBytesMax && FarBehind() &&
         broken_.ok() && now - begun < absl::ToInt64Nanoseconds(kFillPatience) &&
         now - got < absl::ToInt64Nanoseconds(kStarved)) {
    WakeFetching();
    const size_t before = ready_records_;
    Take(absl::Milliseconds(1));
    now = SteadyNanos();
    if (ready_records_ > before) got = now;
  }
  if (FarBehind()) WakeFetching();  // for the next turn, while the caller is at work on this one
}

KafkaOwned<rd_kafka_message_t> KafkaReader::TakeFirst(absl::Duration wait) {
  const auto take = [this](absl::Duration patience) {
    return KafkaOwned<rd_kafka_message_t>(rd_kafka_consume_queue(queue_.get(), ToMillis(patience)));
  };
  if (wait <= kStarved || !AnyBehind()) return take(wait);
  KafkaOwned<rd_kafka_message_t> first = take(kStarved);
  if (first != nullptr) return first;
  WakeFetching();
  return take(wait - kStarved);
}

void KafkaReader::Take(absl::Duration wait) {
  rd_kafka_poll(client_.get(), 0);  // what went wrong with the connections
  const KafkaOwned<rd_kafka_message_t> first = TakeFirst(wait);
  if (first != nullptr) Accept(*first);
  std::array<rd_kafka_message_t*, 500> more{};
  ssize_t count = 0;
  do {
    count = rd_kafka_consume_batch_queue(queue_.get(), 0, more.data(), more.size());
    for (ssize_t i = 0; i < count; ++i) {
      const KafkaOwned<rd_kafka_message_t> message(more[static_cast<size_t>(i)]);
      Accept(*message);
    }
  } while (count == static_cast<ssize_t>(more.size()) && !Full());
  if (refetch_ && broken_.ok()) {
    if (absl::Status fetching = Fetch(); !fetching.ok()) broken_ = fetching;
  }
  refetch_ = false;
}

std::vector<Record> KafkaReader::Serve(size_t max_records) {
  std::vector<Record> records;
  size_t bytes = 0;
  const size_t first = turn_++;
  for (size_t i = 0; i < parts_.size(); ++i) {
    std::deque<Record>& ready = parts_[(first + i) % parts_.size()].ready;
    while (!ready.empty() && records.size() < max_records && bytes < kServedBytesMax) {
      bytes += ready.front().value.size();
      records.push_back(std::move(ready.front()));
      ready.pop_front();
    }
  }
  ready_records_ -= records.size();
  ready_bytes_ -= bytes;
  return records;
}

absl::StatusOr<std::vector<Record>> KafkaReader::Poll(size_t max_records, absl::Duration timeout) {
  if (max_records == 0) return std::vector<Record>();
  const int64_t begun = SteadyNanos();
  const int64_t until =
      begun + absl::ToInt64Nanoseconds(std::clamp(timeout, absl::ZeroDuration(), absl::Hours(24)));
  const int64_t patience = std::max(until, begun + absl::ToInt64Nanoseconds(kFetchPatience));
  TP_RETURN_IF_ERROR(Open());
  while (true) {
    if (state_->closed()) return ClosedError();
    const int64_t now = SteadyNanos();
    const bool behind = AnyBehind();
    const bool gathering = behind && now < gather_until_ns_ && !Full();
    if (ready_records_ > 0 && !gathering) break;
    if (!broken_.ok() && ready_records_ == 0) return broken_;
    const int64_t end = behind ? patience : until;
    if (now >= end && now > begun) return std::vector<Record>();
    Take(std::min(kSlice, absl::Nanoseconds(std::max<int64_t>(end - now, 0))));
  }
  if (ready_records_ < max_records) Take(absl::ZeroDuration());
  Fill(max_records);
  return Serve(max_records);
}

}  // namespace

std::unique_ptr<LogReader> NewKafkaReader(std::shared_ptr<KafkaTopicState> state,
                                          KafkaPrefetch prefetch) {
  return std::make_unique<KafkaReader>(std::move(state), prefetch);
}

absl::StatusOr<Watermarks> AskWatermarks(rd_kafka_t* client, KafkaTopicState* state,
                                         uint32_t partition) {
  Watermarks marks;
  const auto error =
      QueryWatermarks(client, state->topic, partition, kAskPatience, &marks.first, &marks.head);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return FromKafka(error, absl::StrCat("ask for the offsets of topic ", state->topic,
                                         " partition ", partition));
  }
  state->NoteHead(partition, marks.head);
  return marks;
}

KafkaSettings ReaderSettings(const KafkaTopicState& state, BrokerWatch* watch,
                             KafkaPrefetch prefetch) {
  KafkaSettings settings(state.connection, watch);
  settings.Set({{"enable.auto.commit", "false"},
                {"enable.auto.offset.store", "false"},
                {"auto.offset.reset", "error"},
                {"isolation.level", "read_committed"},
                {"check.crcs", "true"},
                {"allow.auto.create.topics", "false"},
                // Each would lie in memory until the client is polled; not all are, and nobody
                // asks for the health of a reader.
                {"statistics.interval.ms", "0"},
                {"fetch.wait.max.ms", "50"},
                {"fetch.error.backoff.ms", "100"}});
  if (prefetch == KafkaPrefetch::kStream) {
    settings.Set({{"queued.min.messages", absl::StrCat(kPrefetchedRecordsMin)},
                  {"queued.max.messages.kbytes", "32768"},
                  {"fetch.message.max.bytes", "262144"}});
  } else {
    settings.Set({{"queued.min.messages", "1"}, {"fetch.message.max.bytes", "4096"}});
  }
  return settings;
}

}  // namespace trigpoint
