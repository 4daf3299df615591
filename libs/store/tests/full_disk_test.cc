// A store whose disk is full: nothing committed is lost, and commits go on when there is room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "full_at.h"
#include "open_store.h"
#include "temp_dir.h"

namespace trigpoint {
namespace {

using Fault = FaultEnv::Fault;
using Files = FaultEnv::Files;

StoreBatch BatchAt(int64_t offset) {
  StoreBatch batch;
  v1::Checkpoint checkpoint;
  checkpoint.set_next_offset(offset);
  batch.PutCheckpoint(1, checkpoint);
  batch.PutState(1, "stream" + std::to_string(offset), "state");
  return batch;
}

/// A store on a disk that can be full. Each commit sets the checkpoint of partition 1 to the next
/// offset and adds a state.
class StoreOnFullDisk : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    store_.reset();
    StoreOptions options = SmallStore(dir_ / "s");
    options.env = &env_;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  absl::Status CommitNext() {
    absl::Status committed = store_->Commit(BatchAt(offset_ + 1));
    offset_ += committed.ok() ? 1 : 0;
    return committed;
  }

  void ExpectAll() const {
    const auto checkpoint = store_->ReadCheckpoint(1);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    EXPECT_EQ((*checkpoint)->next_offset(), offset_);
    int states = 0;
    EXPECT_TRUE(store_
                    ->ScanStates(1, [&states](uint32_t, std::string_view,
                                              std::string_view) { return ++states > 0; })
                    .ok());
    EXPECT_EQ(states, offset_);
  }

  /// Fills the disk and makes the store notice.
  void Fill(Files files, Fault fault) {
    env_.SetFault(files, fault);
    env_.SetFreeSpace(0);
    if (CommitNext().ok()) {
      EXPECT_FALSE(store_->Flush().ok());
    }
    const absl::Status refused = CommitNext();
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  }
  void Free() {
    for (const FullAt& at : kFullAt) env_.SetFault(at.files, Fault::kNone);
    env_.SetFreeSpace(std::nullopt);
  }

  const TempDir dir_;
  FaultEnv env_;
  std::unique_ptr<Store> store_;
  int64_t offset_ = 0;
};

class StoreFullAt : public StoreOnFullDisk, public ::testing::WithParamInterface<FullAt> {};

TEST_P(StoreFullAt, KeepsWhatWasCommittedAndGoesOnWhenThereIsRoom) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(CommitNext().ok());
    Fill(GetParam().files, GetParam().fault);
    ExpectAll();
    Free();
    const absl::Status committed = CommitNext();
    ASSERT_TRUE(committed.ok()) << committed;
    ExpectAll();
    EXPECT_TRUE(store_->Flush().ok());
  }
  Open();
  ExpectAll();
}

TEST_P(StoreFullAt, LeavesTheBatchSoThatItCanBeCommittedAgain) {
  Fill(GetParam().files, GetParam().fault);
  StoreBatch batch = BatchAt(offset_ + 1);
  const size_t puts = batch.puts();
  ASSERT_EQ(store_->Commit(std::move(batch)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(batch.puts(), puts);  // NOLINT(bugprone-use-after-move): Commit says what it leaves.
  Free();
  ASSERT_TRUE(store_->Commit(std::move(batch)).ok());
  ++offset_;
  ExpectAll();
}

INSTANTIATE_TEST_SUITE_P(, StoreFullAt, ::testing::ValuesIn(kFullAt), NameOf);

TEST_F(StoreOnFullDisk, RefusesACommitFromInsideAScanInsteadOfWaitingForIt) {
  ASSERT_TRUE(CommitNext().ok());
  ASSERT_TRUE(CommitNext().ok());
  Fill(Files::kWriteAheadLogs, Fault::kNoSpace);
  Free();
  int visited = 0;
  const absl::Status scanned =
      store_->ScanStates(1, [&](uint32_t, std::string_view, std::string_view) {
        const absl::Status refused = store_->Commit(BatchAt(100));
        EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
        EXPECT_TRUE(store_->ReadState(1, "stream1")->has_value()) << "reading goes on";
        ++visited;
        return true;
      });
  EXPECT_TRUE(scanned.ok()) << scanned;
  EXPECT_EQ(visited, 2);
  ASSERT_TRUE(CommitNext().ok());
  ExpectAll();
}

TEST_F(StoreOnFullDisk, CommitsAgainWhenTheScanOfAnotherThreadEnds) {
  ASSERT_TRUE(CommitNext().ok());
  Fill(Files::kWriteAheadLogs, Fault::kNoSpace);
  Free();
  std::atomic<bool> scanning = false;
  std::atomic<bool> refused = false;
  std::thread scan([&] {
    EXPECT_TRUE(store_
                    ->ScanStates(1,
                                 [&](uint32_t, std::string_view, std::string_view) {
                                   scanning = true;
                                   scanning.notify_all();
                                   refused.wait(false);
                                   return true;
                                 })
                    .ok());
  });
  scanning.wait(false);
  EXPECT_EQ(CommitNext().code(), absl::StatusCode::kResourceExhausted);
  refused = true;
  refused.notify_all();
  absl::Status committed = CommitNext();
  while (absl::IsResourceExhausted(committed)) committed = CommitNext();
  EXPECT_TRUE(committed.ok()) << committed;
  scan.join();
  ExpectAll();
}

TEST_F(StoreOnFullDisk, IsReadByManyWhileItIsOpenedAnew) {
  ASSERT_TRUE(CommitNext().ok());
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto state = store_->ReadState(1, "stream1");
        EXPECT_TRUE(state.ok()) << state.status();
        int rows = 0;
        const absl::Status scanned = store_->ScanStates(
            std::nullopt,
            [&rows](uint32_t, std::string_view, std::string_view) { return ++rows > 0; });
        EXPECT_TRUE(scanned.ok()) << scanned;
        EXPECT_GT(rows, 0);
        ++reads;
        reads.notify_all();
      }
    });
  }
  for (int round = 0; round < 10; ++round) {
    Fill(Files::kWriteAheadLogs, Fault::kNoSpace);
    Free();
    absl::Status committed = CommitNext();
    while (absl::IsResourceExhausted(committed)) committed = CommitNext();
    ASSERT_TRUE(committed.ok()) << committed;
    const int before = reads;
    for (int now = before; now < before + 3; now = reads) reads.wait(now);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  ExpectAll();
}

TEST_F(StoreOnFullDisk, CompletesADropThatTheFullDiskCutShort) {
  ASSERT_TRUE(CommitNext().ok());
  StoreBatch other;
  other.PutState(2, "stream", "state");
  ASSERT_TRUE(store_->Commit(std::move(other)).ok());
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNoSpaceAtSync);
  EXPECT_EQ(store_->DropPartition(2).code(), absl::StatusCode::kResourceExhausted);
  Free();
  ASSERT_TRUE(store_->DropPartition(2).ok());
  EXPECT_FALSE(store_->ReadState(2, "stream")->has_value());
  ExpectAll();
}

}  // namespace
}  // namespace trigpoint
