#include "stream_digests.h"

#include <set>

#include "read_through.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {
namespace {

void TakeInto(const std::string& bytes, StreamDigests::Stream* stream) {
  std::string both(stream->digest.begin(), stream->digest.end());
  both += bytes;
  stream->digest = Sha256(both);
  ++stream->records;
}

/// Every control event of any provider partition, by id.
std::set<std::string> AllControls(const StreamDigests& log) {
  std::set<std::string> ids;
  for (const auto& partition : log.controls()) {
    for (const auto& [id, copies] : partition) ids.insert(id);
  }
  return ids;
}

}  // namespace

StreamDigests::StreamDigests(EventLog* log)
    : log_(log), next_(log->partitions()), controls_(log->partitions() - 1) {}

absl::Status StreamDigests::Advance() {
  std::vector<LogSpan> spans;
  for (uint32_t p = 0; p < next_.size(); ++p) {
    TP_ASSIGN_OR_RETURN(const int64_t head, log_->HeadOffset(p));
    spans.push_back({.partition = p, .from = next_[p], .until = head});
  }
  return ReadThrough(log_, spans, [this](const Record& record) { return Take(record); });
}

absl::Status StreamDigests::Take(const Record& record) {
  const uint32_t p = record.position.partition;
  next_[p] = record.position.offset + 1;
  if (p + 1 == next_.size()) {
    TakeInto(record.value, &control_partition_);
    return absl::OkStatus();
  }
  v1::Event event;
  if (!event.ParseFromString(record.value)) {
    return absl::DataLossError("partition " + std::to_string(p) + " offset " +
                               std::to_string(record.position.offset) + " holds no event");
  }
  if (IsControl(event)) {
    ++controls_[p][event.id()][Sha256(record.value)];
  } else {
    TakeInto(record.value, &streams_[event.stream_id()]);
  }
  return absl::OkStatus();
}

std::vector<std::string> DifferencesOf(const StreamDigests& from, const StreamDigests& to) {
  std::vector<std::string> found;
  const auto say = [&found](std::string difference) {
    if (found.size() < kDifferencesMax) found.push_back(std::move(difference));
  };
  if (from.control_partition() != to.control_partition()) {
    say("the control partition: " + std::to_string(from.control_partition().records) +
        " records and " + std::to_string(to.control_partition().records) +
        ", or others, or in another order");
  }
  for (const auto& [id, stream] : from.streams()) {
    const auto other = to.streams().find(id);
    const uint64_t records = other == to.streams().end() ? 0 : other->second.records;
    if (other != to.streams().end() && other->second == stream) continue;
    say("stream " + id + ": " + std::to_string(stream.records) + " records and " +
        std::to_string(records) + ", or others, or in another order");
  }
  for (const auto& [id, stream] : to.streams()) {
    if (!from.streams().contains(id)) say("stream " + id + " is in the destination only");
  }
  const std::set<std::string> controls = AllControls(from);
  std::map<std::string, Sha256Digest> bytes;
  for (const auto& partition : from.controls()) {
    for (const auto& [id, copies] : partition) bytes.emplace(id, copies.begin()->first);
  }
  for (uint32_t p = 0; p < to.controls().size(); ++p) {
    const auto& partition = to.controls()[p];
    for (const std::string& id : controls) {
      const auto there = partition.find(id);
      const std::map<Sha256Digest, uint64_t> once{{bytes.at(id), 1}};
      if (there == partition.end() || there->second != once)
        say("partition " + std::to_string(p) + " has the control event " + id +
            " not exactly once");
    }
    for (const auto& [id, copies] : partition) {
      if (!controls.contains(id))
        say("partition " + std::to_string(p) + " has a control event " + id + " of its own");
    }
  }
  return found;
}

}  // namespace trigpoint
