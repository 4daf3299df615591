// Invariant: a checkpoint is written only when the destination holds exactly what was read of the
// source up to it. So whatever the destination holds beyond it was read behind it.
#include "trigpoint/engine/log_copy.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "copy_checkpoint.h"
#include "stream_digests.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/log/partition.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {
namespace {

constexpr size_t kInFlightBytes = size_t{16} << 20;
constexpr absl::Duration kPollTimeout = absl::Seconds(1);

std::string Place(const Record& record) {
  return "partition " + std::to_string(record.position.partition) + " offset " +
         std::to_string(record.position.offset);
}

absl::StatusOr<v1::Event> EventIn(const Record& record) {
  v1::Event event;
  if (!event.ParseFromString(record.value))
    return absl::DataLossError(Place(record) + " holds no event");
  if (KindOf(event) == nullptr) {
    return absl::UnimplementedError(Place(record) +
                                    " holds an event of a kind that this version does not know");
  }
  return event;
}

/// Appends to several partitions at once. Threading: thread-compatible.
class Appends {
 public:
  explicit Appends(EventLog* log) : log_(log) {}
  ~Appends() { Wait().IgnoreError(); }
  Appends(const Appends&) = delete;
  Appends& operator=(const Appends&) = delete;

  /// Waits first where too much is under way.
  absl::Status Add(uint32_t partition, std::vector<std::string> values) {
    size_t bytes = 0;
    for (const std::string& value : values) bytes += value.size();
    if (in_flight_bytes_ > 0 && in_flight_bytes_ + bytes > kInFlightBytes)
      TP_RETURN_IF_ERROR(Wait());
    in_flight_bytes_ += bytes;
    {
      const absl::MutexLock lock(&mutex_);
      ++open_;
    }
    log_->Append(partition, std::move(values), [this](const auto& appended) {
      const absl::MutexLock lock(&mutex_);
      --open_;
      status_.Update(appended.status());
    });
    return absl::OkStatus();
  }
  /// Until all are acknowledged, or the first error.
  absl::Status Wait() {
    const absl::MutexLock lock(&mutex_);
    const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return open_ == 0; };
    mutex_.Await(absl::Condition(&none));
    in_flight_bytes_ = 0;
    return status_;
  }

 private:
  EventLog* log_;
  size_t in_flight_bytes_ = 0;
  absl::Mutex mutex_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

struct LogCopy::Impl {
  /// A partition of the source.
  struct From {
    CopyCheckpoint::Mark mark{};
    std::unique_ptr<LogReader> reader{};
    std::deque<Record> read{};                // From mark.next on.
    std::optional<std::string> at_control{};  // The id of a control event that is next.
  };
  /// A partition of the destination.
  struct To {
    CopyCheckpoint::Mark mark{};
    std::vector<std::string> values{};
    // What it holds beyond the checkpoint, after a crash: by partition of the source, and controls.
    std::map<uint32_t, std::deque<Digest>> held{};
    std::deque<std::pair<std::string, Digest>> held_controls{};
  };
  /// A control event as the control partition has it.
  struct Truth {
    size_t order = 0;
    std::string bytes{};
  };

  explicit Impl(const LogCopyOptions& given)
      : options(given), from_digests(given.from), to_digests(given.to) {}

  uint32_t from_control() const { return options.from->partitions() - 1; }
  uint32_t to_control() const { return options.to->partitions() - 1; }

  absl::Status Open();
  absl::Status Begin();
  absl::Status GoOn(const CopyCheckpoint& checkpoint);
  absl::Status ReadHeld(uint32_t partition);
  absl::Status ReadTruths();
  absl::Status NoteTruth(const Record& record);

  absl::StatusOr<uint64_t> Pass(Source source);
  absl::Status Fill(uint32_t partition, int64_t head);
  absl::StatusOr<uint64_t> CopyControlPartition(int64_t head);
  absl::StatusOr<uint64_t> CopyUntilControl(uint32_t partition, int64_t head);
  absl::Status Route(const Record& record, const v1::Event& event);
  absl::Status Put(uint32_t to_partition, std::deque<Digest>* held, const Record& record);
  void Step(From* source, const Record& record);
  absl::Status Emit(const std::string& control_id);
  absl::Status Flush();
  absl::Status SaveCheckpoint();
  bool HoldsBeyond() const;

  const LogCopyOptions options;
  std::vector<From> from;
  std::vector<To> to;
  std::map<std::string, Truth> truths;
  std::vector<std::string> emitted;  // Control events that every partition of `to` has.
  std::set<std::string> is_emitted;
  StreamDigests from_digests;
  StreamDigests to_digests;
};

absl::Status LogCopy::Impl::Open() {
  if (options.from->partitions() < 2 || options.to->partitions() < 2) {
    return absl::FailedPreconditionError(
        "a log has a control partition beside its provider partitions");
  }
  from.resize(options.from->partitions());
  to.resize(options.to->partitions());
  TP_ASSIGN_OR_RETURN(const auto checkpoint, ReadCopyCheckpoint(options.checkpoint_file));
  TP_RETURN_IF_ERROR(checkpoint.has_value() ? GoOn(*checkpoint) : Begin());
  for (uint32_t p = 0; p < from.size(); ++p) {
    from[p].reader = options.from->NewReader();
    TP_RETURN_IF_ERROR(from[p].reader->Assign({{p, from[p].mark.next}}));
  }
  return ReadTruths();
}

absl::Status LogCopy::Impl::Begin() {
  for (uint32_t q = 0; q < to.size(); ++q) {
    TP_ASSIGN_OR_RETURN(const int64_t head, options.to->HeadOffset(q));
    if (head == 0) continue;
    return absl::FailedPreconditionError("the destination holds records already, and " +
                                         options.checkpoint_file +
                                         ", where a copy says how far it is, is not there");
  }
  return SaveCheckpoint();  // From here on what it holds is of this copy.
}

absl::Status LogCopy::Impl::GoOn(const CopyCheckpoint& checkpoint) {
  if (checkpoint.from.size() != from.size() || checkpoint.to.size() != to.size()) {
    return absl::FailedPreconditionError(
        options.checkpoint_file + " is of a copy between logs with other numbers of partitions");
  }
  for (uint32_t p = 0; p < from.size(); ++p) {
    from[p].mark = checkpoint.from[p];
    TP_RETURN_IF_ERROR(VerifyCheckpoint(*options.from, {p, from[p].mark.next}, from[p].mark.last));
  }
  for (uint32_t q = 0; q < to.size(); ++q) {
    to[q].mark = checkpoint.to[q];
    TP_RETURN_IF_ERROR(VerifyCheckpoint(*options.to, {q, to[q].mark.next}, to[q].mark.last));
    TP_RETURN_IF_ERROR(ReadHeld(q));
  }
  emitted = checkpoint.controls;
  is_emitted.insert(emitted.begin(), emitted.end());
  return absl::OkStatus();
}

absl::Status LogCopy::Impl::ReadHeld(uint32_t partition) {
  TP_ASSIGN_OR_RETURN(const int64_t head, options.to->HeadOffset(partition));
  int64_t next = to[partition].mark.next;
  const auto reader = options.to->NewReader();
  TP_RETURN_IF_ERROR(reader->Assign({{partition, next}}));
  while (next < head) {
    TP_ASSIGN_OR_RETURN(const auto records, reader->Poll(options.batch_records, kPollTimeout));
    for (const Record& record : records) {
      next = record.position.offset + 1;
      const Digest digest = DigestOf(record.value);
      if (partition == to_control()) {
        to[partition].held[from_control()].push_back(digest);
        continue;
      }
      TP_ASSIGN_OR_RETURN(const v1::Event event, EventIn(record));
      if (IsControl(event)) {
        to[partition].held_controls.emplace_back(event.id(), digest);
      } else {
        to[partition].held[PartitionOf(event.stream_id(), from_control())].push_back(digest);
      }
    }
  }
  return absl::OkStatus();
}

// Those before the checkpoint; CopyControlPartition notes what comes.
absl::Status LogCopy::Impl::ReadTruths() {
  int64_t next = 0;
  const auto reader = options.from->NewReader();
  TP_RETURN_IF_ERROR(reader->Assign({{from_control(), 0}}));
  while (next < from[from_control()].mark.next) {
    TP_ASSIGN_OR_RETURN(const auto records, reader->Poll(options.batch_records, kPollTimeout));
    for (const Record& record : records) {
      next = record.position.offset + 1;
      TP_RETURN_IF_ERROR(NoteTruth(record));
    }
  }
  return absl::OkStatus();
}

absl::Status LogCopy::Impl::NoteTruth(const Record& record) {
  TP_ASSIGN_OR_RETURN(const v1::Event event, EventIn(record));
  if (IsControl(event))
    truths.try_emplace(event.id(), Truth{.order = truths.size(), .bytes = record.value});
  return absl::OkStatus();
}

absl::Status LogCopy::Impl::Fill(uint32_t partition, int64_t head) {
  From& source = from[partition];
  while (source.read.empty() && source.mark.next < head) {
    TP_ASSIGN_OR_RETURN(auto records, source.reader->Poll(options.batch_records, kPollTimeout));
    for (Record& record : records) source.read.push_back(std::move(record));
  }
  return absl::OkStatus();
}

void LogCopy::Impl::Step(From* source, const Record& record) {
  source->mark = {.next = record.position.offset + 1, .last = DigestOf(record.value)};
}

absl::Status LogCopy::Impl::Put(uint32_t to_partition, std::deque<Digest>* held,
                                const Record& record) {
  if (held->empty()) {
    to[to_partition].values.push_back(record.value);
    return absl::OkStatus();
  }
  if (held->front() != DigestOf(record.value)) {
    return absl::DataLossError(
        "where the copy was broken off, partition " + std::to_string(to_partition) +
        " of the destination holds something else than " + Place(record) + " of the source");
  }
  held->pop_front();
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LogCopy::Impl::CopyControlPartition(int64_t head) {
  From& source = from[from_control()];
  uint64_t copied = 0;
  while (source.mark.next < head) {
    TP_RETURN_IF_ERROR(Fill(from_control(), head));
    for (; !source.read.empty(); ++copied) {
      const Record record = std::move(source.read.front());
      source.read.pop_front();
      TP_RETURN_IF_ERROR(NoteTruth(record));
      TP_RETURN_IF_ERROR(Put(to_control(), &to[to_control()].held[from_control()], record));
      Step(&source, record);
    }
    TP_RETURN_IF_ERROR(Flush());
  }
  return copied;
}

absl::Status LogCopy::Impl::Route(const Record& record, const v1::Event& event) {
  const uint32_t p = record.position.partition;
  if (event.stream_id().empty() || PartitionOf(event.stream_id(), from_control()) != p)
    return absl::DataLossError(Place(record) + " holds an event that does not belong there");
  const uint32_t q = PartitionOf(event.stream_id(), to_control());
  return Put(q, &to[q].held[p], record);
}

absl::StatusOr<uint64_t> LogCopy::Impl::CopyUntilControl(uint32_t partition, int64_t head) {
  From& source = from[partition];
  uint64_t copied = 0;
  while (!source.read.empty() && !source.at_control.has_value()) {
    const Record& record = source.read.front();
    if (record.position.offset >= head) break;
    TP_ASSIGN_OR_RETURN(const v1::Event event, EventIn(record));
    if (!IsControl(event)) {
      TP_RETURN_IF_ERROR(Route(record, event));
    } else {
      const auto truth = truths.find(event.id());
      if (truth == truths.end() || truth->second.bytes != record.value) {
        return absl::DataLossError(Place(record) +
                                   " holds a control event that the control partition has not so");
      }
      if (!is_emitted.contains(event.id())) {
        source.at_control = event.id();
        break;
      }
    }
    Step(&source, record);
    source.read.pop_front();
    ++copied;
  }
  return copied;
}

absl::Status LogCopy::Impl::Emit(const std::string& control_id) {
  const std::string& bytes = truths.at(control_id).bytes;
  for (uint32_t q = 0; q < to_control(); ++q) {
    auto& held = to[q].held_controls;
    if (held.empty()) {
      to[q].values.push_back(bytes);
    } else if (held.front() == std::make_pair(control_id, DigestOf(bytes))) {
      held.pop_front();
    } else {
      return absl::DataLossError("where the copy was broken off, partition " + std::to_string(q) +
                                 " of the destination holds another control event than comes");
    }
  }
  emitted.push_back(control_id);
  is_emitted.insert(control_id);
  for (From& source : from) {
    if (source.at_control == control_id) source.at_control.reset();  // Passed over when read.
  }
  return Flush();
}

absl::Status LogCopy::Impl::Flush() {
  Appends appends(options.to);
  for (uint32_t q = 0; q < to.size(); ++q) {
    if (to[q].values.empty()) continue;
    TP_RETURN_IF_ERROR(appends.Add(q, std::exchange(to[q].values, {})));
  }
  TP_RETURN_IF_ERROR(appends.Wait());
  return HoldsBeyond() ? absl::OkStatus() : SaveCheckpoint();
}

bool LogCopy::Impl::HoldsBeyond() const {
  return std::any_of(to.begin(), to.end(), [](const To& partition) {
    return !partition.held_controls.empty() ||
           std::any_of(partition.held.begin(), partition.held.end(),
                       [](const auto& held) { return !held.second.empty(); });
  });
}

absl::Status LogCopy::Impl::SaveCheckpoint() {
  CopyCheckpoint checkpoint;
  for (const From& source : from) checkpoint.from.push_back(source.mark);
  for (uint32_t q = 0; q < to.size(); ++q) {
    TP_ASSIGN_OR_RETURN(const int64_t head, options.to->HeadOffset(q));
    if (head != to[q].mark.next) {
      TP_ASSIGN_OR_RETURN(to[q].mark.last, options.to->DigestAt({q, head - 1}));
      to[q].mark.next = head;
    }
    checkpoint.to.push_back(to[q].mark);
  }
  checkpoint.controls = emitted;
  return WriteCopyCheckpoint(options.checkpoint_file, checkpoint);
}

absl::StatusOr<uint64_t> LogCopy::Impl::Pass(Source source) {
  std::vector<int64_t> heads;
  for (uint32_t p = 0; p < from.size(); ++p) {
    TP_ASSIGN_OR_RETURN(heads.emplace_back(), options.from->HeadOffset(p));
  }
  // The control partition's last: of every copy below the others it has the original then.
  TP_ASSIGN_OR_RETURN(heads.back(), options.from->HeadOffset(from_control()));
  TP_ASSIGN_OR_RETURN(uint64_t copied, CopyControlPartition(heads.back()));
  while (true) {
    uint64_t now = 0;
    for (uint32_t p = 0; p < from_control(); ++p) {
      if (from[p].at_control.has_value()) continue;
      TP_RETURN_IF_ERROR(Fill(p, heads[p]));
      TP_ASSIGN_OR_RETURN(const uint64_t more, CopyUntilControl(p, heads[p]));
      now += more;
    }
    copied += now;
    if (now > 0) {
      TP_RETURN_IF_ERROR(Flush());
      continue;
    }
    const std::string* next = nullptr;
    bool all = true;
    for (uint32_t p = 0; p < from_control(); ++p) {
      const auto& control = from[p].at_control;
      all = all && control.has_value();
      if (!control.has_value()) continue;
      if (next == nullptr || truths.at(*control).order < truths.at(*next).order) next = &*control;
    }
    if (next == nullptr || (!all && source == Source::kGrows)) break;
    TP_RETURN_IF_ERROR(Emit(std::string(*next)));
  }
  if (source == Source::kEnded && HoldsBeyond())
    return absl::DataLossError("the destination holds records that the source does not");
  return copied;
}

absl::StatusOr<std::unique_ptr<LogCopy>> LogCopy::Open(const LogCopyOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<LogCopy>(new LogCopy(std::move(impl)));
}

LogCopy::LogCopy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogCopy::~LogCopy() = default;

absl::StatusOr<uint64_t> LogCopy::Pass(Source source) { return impl_->Pass(source); }

absl::Status LogCopy::ReadBack() {
  TP_RETURN_IF_ERROR(impl_->from_digests.Advance());
  return impl_->to_digests.Advance();
}

absl::StatusOr<LogCopyProof> LogCopy::Prove() {
  TP_RETURN_IF_ERROR(ReadBack());
  LogCopyProof proof;
  std::string all;
  for (const auto& [id, stream] : impl_->from_digests.streams()) {
    ++proof.streams;
    proof.records += stream.records;
    all += id + '\n' + std::string(stream.digest.begin(), stream.digest.end());
  }
  proof.controls = impl_->emitted.size();
  proof.digest = Sha256Hex(all);
  proof.differences = DifferencesOf(impl_->from_digests, impl_->to_digests);
  return proof;
}

std::vector<std::string> LogCopy::Streams() const {
  std::vector<std::string> ids;
  for (const auto& [id, stream] : impl_->from_digests.streams()) ids.push_back(id);
  return ids;
}

}  // namespace trigpoint
