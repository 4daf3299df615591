#include "rocks_status.h"

#include <rocksdb/status.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace trigpoint {
namespace {

absl::StatusCode CodeOf(const rocksdb::Status& status) {
  if (IsNoSpace(status)) return absl::StatusCode::kResourceExhausted;
  using Code = rocksdb::Status::Code;
  switch (status.code()) {
    case Code::kOk:
      return absl::StatusCode::kOk;
    case Code::kNotFound:
      return absl::StatusCode::kNotFound;
    case Code::kCorruption:
      return absl::StatusCode::kDataLoss;
    case Code::kNotSupported:
      return absl::StatusCode::kUnimplemented;
    case Code::kInvalidArgument:
      return absl::StatusCode::kInvalidArgument;
    case Code::kTimedOut:
      return absl::StatusCode::kDeadlineExceeded;
    case Code::kAborted:
      return absl::StatusCode::kAborted;
    case Code::kIOError:
    case Code::kIncomplete:
    case Code::kShutdownInProgress:
    case Code::kBusy:
    case Code::kTryAgain:
      return absl::StatusCode::kUnavailable;
    case Code::kMergeInProgress:
    case Code::kExpired:
    case Code::kCompactionTooLarge:
    case Code::kColumnFamilyDropped:
    case Code::kMaxCode:
      return absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace

bool IsNoSpace(const rocksdb::Status& status) {
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kSpaceLimit;
}

absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(CodeOf(status), absl::StrCat(std::string(doing), ": ", status.ToString()));
}

}  // namespace trigpoint
