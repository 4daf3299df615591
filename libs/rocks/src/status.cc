#include "trigpoint/rocks/status.h"

#include <rocksdb/status.h>

#include <string>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

absl::StatusCode CodeOf(const rocksdb::Status& status) {
  using Code = rocksdb::Status::Code;
  if (IsNoSpace(status)) {
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

bool IsNoSpace(const rocksdb::Status& status) {
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kSpaceLimit;
}

bool IsLockHeld(const rocksdb::Status& status) {
  return status.IsIOError() && !IsNoSpace(status) &&
         status.ToString().find("lock") != std::string::npos;
}

absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  return MakeStatus(CodeOf(status), std::string(doing) + ": " + status.ToString());
}

}  // namespace trigpoint
