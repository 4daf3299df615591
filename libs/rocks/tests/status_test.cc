#include "trigpoint/rocks/status.h"

#include <gtest/gtest.h>
#include <rocksdb/status.h>

#include <utility>

namespace trigpoint {
namespace {

TEST(FromRocks, GivesEachCodeItsOwn) {
  using rocksdb::Status;
  const std::pair<Status, absl::StatusCode> rows[] = {
      {Status::OK(), absl::StatusCode::kOk},
      {Status::NotFound(), absl::StatusCode::kNotFound},
      {Status::Corruption("x"), absl::StatusCode::kDataLoss},
      {Status::NoSpace(), absl::StatusCode::kResourceExhausted},
      {Status::SpaceLimit(), absl::StatusCode::kResourceExhausted},
      {Status::Busy(), absl::StatusCode::kUnavailable},
      {Status::TimedOut(), absl::StatusCode::kUnavailable},
      {Status::TryAgain(), absl::StatusCode::kUnavailable},
      {Status::ShutdownInProgress(), absl::StatusCode::kFailedPrecondition},
      {Status::ColumnFamilyDropped(), absl::StatusCode::kFailedPrecondition},
      {Status::IOError("x"), absl::StatusCode::kInternal},
      {Status::NotSupported("x"), absl::StatusCode::kInternal},
      {Status::InvalidArgument("x"), absl::StatusCode::kInternal},
      {Status::Incomplete(), absl::StatusCode::kInternal},
      {Status::Aborted(), absl::StatusCode::kInternal}};
  for (const auto& [status, code] : rows) {
    EXPECT_EQ(FromRocks(status, "do it").code(), code) << status.ToString();
  }
}

TEST(FromRocks, PutsWhatWasDoneInFront) {
  EXPECT_EQ(FromRocks(rocksdb::Status::Corruption("bad block"), "read x").message(),
            "read x: Corruption: bad block");
}

TEST(IsNoSpace, KnowsAFullDiskAndAQuota) {
  EXPECT_TRUE(IsNoSpace(rocksdb::Status::NoSpace("full")));
  EXPECT_TRUE(IsNoSpace(rocksdb::Status::SpaceLimit()));
  EXPECT_FALSE(IsNoSpace(rocksdb::Status::IOError("broken")));
  EXPECT_FALSE(IsNoSpace(rocksdb::Status::OK()));
}

}  // namespace
}  // namespace trigpoint
