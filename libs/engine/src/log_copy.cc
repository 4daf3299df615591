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
#include "read_through.h"
#include "stream_digests.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/log/partition.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {
namespace {

constexpr size_t kInFlightBytes = size_t{16} << 20;
constexpr size_t kAppendBytes = size_t{1} << 20;

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

/// Appends to several partitions at once, each of which nobody else may write.
/// Threading: thread-compatible.
class Appends {
 public:
  explicit Appends(EventLog* log) : log_(log) {}
  ~Appends() { Wait().IgnoreError(); }
  Appends(const Appends&) = delete;
  Appends& operator=(const Appends&) = delete;

  /// `at` is where the first one must come to stand. Waits first where too much is under way.
  absl::Status Add(Position at, std::vector<std::string> values) {
    std::vector<std::string> batch;
    size_t bytes = 0;
    for (std::string& value : values) {
      if (!batch.empty() && bytes + value.size() > kAppendBytes) {
        const auto records = static_cast<int64_t>(batch.size());
        TP_RETURN_IF_ERROR(Send(at, std::exchange(batch, {}), std::exchange(bytes, 0)));
        at.offset += records;
      }
      bytes += value.size();
      batch.push_back(std::move(value));
    }
    return batch.empty() ? absl::OkStatus() : Send(at, std::move(batch), bytes);
  }
  /// Until all are acknowledged. Errors: the first of the log; FailedPrecondition where records of
  /// somebody else stand among them.
  absl::Status Wait() {
    const absl::MutexLock lock(&mutex_);
    const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return open_ == 0; };
    mutex_.Await(absl::Condition(&none));
    in_flight_bytes_ = 0;
    return status_;
  }

 private:
  absl::Status Send(Position at, std::vector<std::string> values, size_t bytes) {
    if (in_flight_bytes_ > 0 && in_flight_bytes_ + bytes > kInFlightBytes)
      TP_RETURN_IF_ERROR(Wait());
    in_flight_bytes_ += bytes;
    {
      const absl::MutexLock lock(&mutex_);
      ++open_;
    }
    const Position last{at.partition, at.offset + static_cast<int64_t>(values.size()) - 1};
    log_->Append(at.partition, std::move(values),
                 [this, wanted = Appended{.first = at, .last = last}](const auto& appended) {
                   const absl::MutexLock lock(&mutex_);
                   --open_;
                   status_.Update(appended.status());
                   if (appended.ok() && *appended != wanted) status_.Update(NotAlone(wanted));
                 });
    return absl::OkStatus();
  }
  static absl::Status NotAlone(const Appended& wanted) {
    return absl::FailedPreconditionError(
        "partition " + std::to_string(wanted.first.partition) + " offset " +
        std::to_string(wanted.first.offset) +
        " of the destination holds what this copy did not write: a node, or another copy, writes "
        "there. Stop it, delete the destination and the file that says how far the copy is, and "
        "copy anew");
  }

  EventLog* log_;
  size_t in_flight_bytes_ = 0;
  absl::Mutex mutex_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

/// Whether a record is the one that a checkpoint saw before its `next`; if not, the log is another.
absl::Status IsTheOneBefore(const Record& record, const CopyCheckpoint::Mark& mark,
                            const char* whose) {
  if (DigestOf(record.value) == mark.last) return absl::OkStatus();
  return absl::DataLossError(Place(record) + " of the " + whose +
                             " is not the record that the copy saw there: it is another log, or "
                             "was replaced");
}

absl::Status IsShort(uint32_t partition, int64_t head, int64_t next, const char* whose) {
  return absl::DataLossError("partition " + std::to_string(partition) + " of the " + whose +
                             " ends at offset " + std::to_string(head) + ", and the copy was at " +
                             std::to_string(next) + ": it is another log, or was cut");
}

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
    CopyCheckpoint::Mark mark{};  // Its end, with what it holds beyond the checkpoint.
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
  absl::Status VerifySource();
  absl::Status BeginReading();
  absl::Status GoOnFrom(EventLog* log);
  absl::Status ReadDestination(const std::vector<CopyCheckpoint::Mark>& marks);
  absl::Status Hold(const Record& record);
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

  LogCopyOptions options;
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
  TP_RETURN_IF_ERROR(BeginReading());
  return ReadTruths();
}

absl::Status LogCopy::Impl::BeginReading() {
  for (uint32_t p = 0; p < from.size(); ++p) {
    from[p].read.clear();
    from[p].at_control.reset();
    from[p].reader = options.from->NewReader();
    TP_RETURN_IF_ERROR(from[p].reader->Assign({{p, from[p].mark.next}}));
  }
  return absl::OkStatus();
}

absl::Status LogCopy::Impl::GoOnFrom(EventLog* log) {
  if (log->partitions() != options.from->partitions()) {
    return absl::FailedPreconditionError("a log has as many partitions as its backup, not " +
                                         std::to_string(log->partitions() - 1));
  }
  options.from = log;
  from_digests.GoOnFrom(log);
  TP_RETURN_IF_ERROR(VerifySource());
  return BeginReading();
}

absl::Status LogCopy::Impl::Begin() {
  for (uint32_t q = 0; q < to.size(); ++q) {
    TP_ASSIGN_OR_RETURN(const int64_t head, options.to->HeadOffset(q));
    if (head == 0) continue;
    return absl::FailedPreconditionError(
        "the destination holds records already, and " + options.checkpoint_file +
        ", where a copy says how far it is, is not there: name that file, or an empty destination");
  }
  return SaveCheckpoint();  // From here on what it holds is of this copy.
}

absl::Status LogCopy::Impl::GoOn(const CopyCheckpoint& checkpoint) {
  if (checkpoint.from.size() != from.size() || checkpoint.to.size() != to.size()) {
    return absl::FailedPreconditionError(
        options.checkpoint_file + " is of a copy between logs with other numbers of partitions: " +
        std::to_string(checkpoint.from.size() - 1) + " to " +
        std::to_string(checkpoint.to.size() - 1));
  }
  for (uint32_t p = 0; p < from.size(); ++p) from[p].mark = checkpoint.from[p];
  TP_RETURN_IF_ERROR(VerifySource());
  TP_RETURN_IF_ERROR(ReadDestination(checkpoint.to));
  emitted = checkpoint.controls;
  is_emitted.insert(emitted.begin(), emitted.end());
  return absl::OkStatus();
}

absl::Status LogCopy::Impl::VerifySource() {
  std::vector<LogSpan> last;
  for (uint32_t p = 0; p < from.size(); ++p) {
    const int64_t next = from[p].mark.next;
    TP_ASSIGN_OR_RETURN(const int64_t head, options.from->HeadOffset(p));
    if (head < next) return IsShort(p, head, next, "source");
    if (next > 0) last.push_back({.partition = p, .from = next - 1, .until = next});
  }
  return ReadThrough(options.from, last, [this](const Record& record) {
    return IsTheOneBefore(record, from[record.position.partition].mark, "source");
  });
}

absl::Status LogCopy::Impl::ReadDestination(const std::vector<CopyCheckpoint::Mark>& marks) {
  std::vector<LogSpan> rest;
  for (uint32_t q = 0; q < to.size(); ++q) {
    TP_ASSIGN_OR_RETURN(const int64_t head, options.to->HeadOffset(q));
    if (head < marks[q].next) return IsShort(q, head, marks[q].next, "destination");
    to[q].mark = marks[q];
    rest.push_back(
        {.partition = q, .from = std::max<int64_t>(marks[q].next - 1, 0), .until = head});
  }
  return ReadThrough(options.to, rest, [&](const Record& record) {
    const auto& mark = marks[record.position.partition];
    if (record.position.offset < mark.next) return IsTheOneBefore(record, mark, "destination");
    return Hold(record);
  });
}

absl::Status LogCopy::Impl::Hold(const Record& record) {
  const uint32_t q = record.position.partition;
  const Digest digest = DigestOf(record.value);
  to[q].mark = {.next = record.position.offset + 1, .last = digest};
  if (q == to_control()) {
    to[q].held[from_control()].push_back(digest);
    return absl::OkStatus();
  }
  TP_ASSIGN_OR_RETURN(const v1::Event event, EventIn(record));
  if (IsControl(event)) {
    to[q].held_controls.emplace_back(event.id(), digest);
  } else {
    to[q].held[PartitionOf(event.stream_id(), from_control())].push_back(digest);
  }
  return absl::OkStatus();
}

// Those before the checkpoint; CopyControlPartition notes what comes.
absl::Status LogCopy::Impl::ReadTruths() {
  const uint32_t control = from_control();
  return ReadThrough(options.from, {{.partition = control, .until = from[control].mark.next}},
                     [this](const Record& record) { return NoteTruth(record); });
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
    TP_ASSIGN_OR_RETURN(auto records, PollKnown(source.reader.get(), options.batch_records));
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
    const Position at{q, to[q].mark.next};
    to[q].mark.last = DigestOf(to[q].values.back());
    to[q].mark.next += static_cast<int64_t>(to[q].values.size());
    TP_RETURN_IF_ERROR(appends.Add(at, std::exchange(to[q].values, {})));
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
  for (const To& destination : to) checkpoint.to.push_back(destination.mark);
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
    return absl::DataLossError(
        "the destination holds records that the source does not: a node has written there since, "
        "or it is the copy of another log");
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

absl::Status LogCopy::GoOnFrom(EventLog* from) { return impl_->GoOnFrom(from); }

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
