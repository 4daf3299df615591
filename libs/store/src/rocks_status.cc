#include "rocks_status.h"

#include <rocksdb/status.h>

#include "trigpoint/base/status.h"

namespace trigpoint::store_internal {
namespace {

absl::StatusCode CodeOf(const rocksdb::Status& status) {
  using Code = rocksdb::Status::Code;
  if (status.IsNoSpace()) {
    return absl::StatusCode::kResourceExhausted;
  }
  switch (status.code()) {
    case Code::kOk:
      return absl::StatusCode::kOk;
    case Code::kNotFound:
      return absl::StatusCode::kNotFound;
    case Code::kCorruption:
      return absl::StatusCode::kDataLoss;
    case Code::kBusy:
    case Code::kTimedOut:
    case Code::kTryAgain:
      return absl::StatusCode::kUnavailable;
    case Code::kShutdownInProgress:
    case Code::kColumnFamilyDropped:
      return absl::StatusCode::kFailedPrecondition;
    case Code::kNotSupported:
    case Code::kInvalidArgument:
    case Code::kIOError:
    case Code::kMergeInProgress:
    case Code::kIncomplete:
    case Code::kAborted:
    case Code::kExpired:
    case Code::kCompactionTooLarge:
    case Code::kMaxCode:
      return absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace

absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  return MakeStatus(CodeOf(status), std::string(doing) + ": " + status.ToString());
}

std::string Reading(std::string_view family, uint32_t partition) {
  return "read " + std::string(family) + " of partition " + std::to_string(partition);
}

}  // namespace trigpoint::store_internal
