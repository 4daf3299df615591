#include "services/query/verify.h"

#include <utility>

#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/events/digest.h"

namespace trigpoint {
namespace {

constexpr int kAttempts = 5;
constexpr size_t kRecordsAStep = 1024;

template <size_t N>
std::string Bytes(const std::array<uint8_t, N>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Verification::Verification(const Projector* projector, std::vector<std::string> streams,
                           bool everything)
    : projector_(projector),
      streams_(std::move(streams)),
      check_log_(everything),
      check_store_(everything) {}

absl::StatusOr<bool> Verification::Step(v1::VerifyResponse* report) {
  if (streams_checked_ < streams_.size()) {
    TP_RETURN_IF_ERROR(CheckOneStream(streams_[streams_checked_], report));
    ++streams_checked_;
    return true;
  }
  if (check_log_) {
    TP_ASSIGN_OR_RETURN(check_log_, StepLog(report));
    return true;
  }
  if (!check_store_) return false;
  check_store_ = false;
  // Its files are named to the operator; the first error is the last of the callback's.
  const absl::Status whole =
      projector_->store().CheckIntegrity([report](std::string_view file, const absl::Status& s) {
        if (!s.ok()) report->add_differences("store file " + std::string(file) + ": damaged");
        return true;
      });
  if (!whole.ok() && !absl::IsDataLoss(whole)) return whole;
  return true;
}

absl::Status Verification::CheckOneStream(const std::string& stream_id,
                                          v1::VerifyResponse* report) {
  StreamCheck check;
  bool same = false;
  // The stream goes on while it is checked: only a difference at one and the same revision, found
  // again, counts.
  for (int attempt = 0; attempt < kAttempts && !same; ++attempt) {
    TP_ASSIGN_OR_RETURN(const StreamAsOf present, projector_->Read(stream_id));
    TP_ASSIGN_OR_RETURN(const auto events,
                        projector_->ReadEvents(stream_id, 0, present.state.revision()));
    TP_ASSIGN_OR_RETURN(check, CheckStream(stream_id, events, *projector_->ControlsFor(stream_id)));
    const bool state = CanonicalBytes(check.state) == CanonicalBytes(present.state);
    const bool record = CanonicalBytes(check.record) == CanonicalBytes(present.record);
    same = state && record && check.differences.empty();
    if (!state)
      check.differences.push_back(stream_id + ": the state folded afresh has other bytes");
    if (!record)
      check.differences.push_back(stream_id + ": the record folded afresh has other bytes");
  }
  recommendations_checked_ += check.recommendations;
  of_other_engines_ += check.of_other_engines;
  for (auto& difference : check.differences) report->add_differences(std::move(difference));
  return absl::OkStatus();
}

absl::Status Verification::StartPartition() {
  TP_ASSIGN_OR_RETURN(auto checkpoint, projector_->store().ReadCheckpoint(partition_));
  expected_ = checkpoint.value_or(v1::Checkpoint());
  rolled_.clear();
  last_.clear();
  next_ = 0;
  reader_ = projector_->log().NewReader();
  return reader_->Assign({{.partition = partition_, .offset = 0}});
}

void Verification::EndPartition(v1::VerifyResponse* report) {
  if (rolled_ != expected_.rolling_hash() || last_ != expected_.last_digest()) {
    report->add_differences("log partition " + std::to_string(partition_) +
                            ": its records are not those that were folded");
  }
  reader_.reset();
  ++partition_;
}

absl::StatusOr<bool> Verification::StepLog(v1::VerifyResponse* report) {
  if (partition_ >= projector_->log().partitions()) return false;
  if (reader_ == nullptr) TP_RETURN_IF_ERROR(StartPartition());
  if (next_ >= expected_.next_offset()) {
    EndPartition(report);
    return true;
  }
  auto records = reader_->Poll(kRecordsAStep, absl::Seconds(1));
  if (absl::IsDataLoss(records.status()) || (records.ok() && records->empty())) {
    report->add_differences("log partition " + std::to_string(partition_) + ", offset " +
                            std::to_string(next_) + ": the record is damaged or missing");
    reader_.reset();
    ++partition_;
    return true;
  }
  TP_RETURN_IF_ERROR(records.status());
  for (const Record& record : *records) {
    if (next_ >= expected_.next_offset()) break;
    last_ = Bytes(DigestOf(record.value));
    rolled_ = Bytes(Sha256(rolled_ + last_));
    ++next_;
  }
  return true;
}

}  // namespace trigpoint
