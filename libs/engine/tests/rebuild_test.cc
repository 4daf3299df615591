// A second store beside the first: what it says of the first, the switch, and the way back.
#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster.h"
#include "temp_dir.h"
#include "trigpoint/engine/compare_stores.h"
#include "trigpoint/engine/projector.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kCompareOnly = Projector::RebuildEnd::kCompareOnly;

/// As "b: facts", "waiting of partition 1".
std::vector<std::string> Told(const Projector::RebuildReport& report) {
  std::vector<std::string> told;
  for (const auto& difference : report.differences) {
    for (const auto& what : difference.what)
      told.push_back(difference.stream_id + (difference.stream_id.empty() ? "" : ": ") + what);
  }
  return told;
}

class RebuildTest : public ClusterTest {
 protected:
  static std::unique_ptr<Store> OpenStore(const std::string& directory) {
    auto store = Store::Open({.directory = directory, .sync = false});
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  /// Reports of a few services, folded and settled by one process that owns all.
  void Begin() {
    owner_->Own(All());
    for (const std::string stream : {"a", "b", "c"}) {
      TellKept(Registered(stream));
      for (int i = 0; i < 4; ++i) TellKept(NeverEvent(stream, i, i));
      TellKept(Risk(stream, 1, 5));
    }
    Settle({&owner_});
  }

  void TellKept(const v1::Event& event) {
    told_.push_back(event);
    Tell(event);
  }

  /// Somebody decided otherwise, as the store has it from now on.
  void Falsify(const std::string& stream_id) {
    const uint32_t p = PartitionOf(stream_id, kPartitions);
    v1::ProviderRecord record;
    ASSERT_TRUE(record.ParseFromString(**owner_.store().ReadRecord(p, stream_id)));
    record.mutable_policies(0)->set_decided_state("LEVEL_9");
    falsified_ = record.policies(0).policy_id();
    StoreBatch batch;
    batch.PutRecord(p, stream_id, record.SerializeAsString());
    ASSERT_EQ(owner_.store().Commit(std::move(batch)), absl::OkStatus());
    owner_.Restart();
    owner_->Own(All());
  }

  std::string LevelOf(const std::string& stream_id) const {
    const auto read = owner_->Read(stream_id);
    EXPECT_TRUE(read.ok()) << read.status();
    return read->record.policies(0).decided_state();
  }

  TempDir directory_;
  Process owner_{log_.get()};
  std::vector<v1::Event> told_;
  std::string falsified_;
};

TEST_F(RebuildTest, SaysWhichServicesDifferInWhatAndSwitchesOnlyIfAsked) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(Falsify("b"));
  ASSERT_EQ(owner_->Start(), absl::OkStatus());
  auto next = OpenStore(directory_ / "next");
  for (const auto end : {kCompareOnly, Projector::RebuildEnd::kSwitch}) {
    const auto report = owner_->Rebuild(next.get(), end);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->changed, 1U);
    EXPECT_THAT(Told(*report), ElementsAre("b: " + falsified_ + ": level"));
    EXPECT_EQ(report->switched, end != kCompareOnly);
    EXPECT_EQ(LevelOf("b"), end == kCompareOnly ? "LEVEL_9" : "");
  }
  owner_->Stop();
  ExpectOneAnswer({&owner_});
}

// What came since the switch is folded into the store of before when it is switched back to.
TEST_F(RebuildTest, ReturnsToTheStoreOfBeforeWithWhatCameSince) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(Falsify("b"));
  ASSERT_EQ(owner_->Start(), absl::OkStatus());
  auto other = OpenStore(directory_ / "next");
  ASSERT_TRUE(owner_->Rebuild(other.get()).ok());
  EXPECT_EQ(LevelOf("b"), "");
  TellKept(Risk("a", 2, 9));
  TellKept(Registered("d"));
  ASSERT_TRUE(owner_->WaitUntilCaughtUp(60'000));
  const auto back = owner_->Rebuild(other.get());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(back->switched);
  EXPECT_EQ(back->changed, 1U);
  EXPECT_EQ(LevelOf("b"), "LEVEL_9");
  EXPECT_TRUE(owner_->HasStream("d"));
  // And forward again, to the right one.
  ASSERT_TRUE(owner_->Rebuild(other.get()).ok());
  EXPECT_EQ(LevelOf("b"), "");
  ASSERT_TRUE(owner_->WaitUntilCaughtUp(60'000));
  owner_->Stop();
  ExpectOneAnswer({&owner_});
}

TEST_F(RebuildTest, FoldsOnePartitionAnewAndTakesTheOthersOver) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_EQ(owner_->Start(), absl::OkStatus());
  std::vector<std::unique_ptr<Store>> kept;
  for (const uint32_t partition : All()) {
    const std::string place = directory_ / std::to_string(partition);
    ASSERT_EQ(owner_.store().CopyTo(place), absl::OkStatus());
    auto next = OpenStore(place);
    ASSERT_EQ(next->DropPartition(partition), absl::OkStatus());
    const auto report = owner_->Rebuild(next.get());
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->changed, 0U) << partition;
    EXPECT_THAT(Told(*report), IsEmpty()) << partition;
    kept.push_back(std::move(next));
  }
  owner_->Stop();
  ExpectOneAnswer({&owner_});
}

TEST_F(RebuildTest, TellsALostServiceAndWhatBelongsToNone) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const uint32_t p = PartitionOf("c", kPartitions);
  StoreBatch batch;
  batch.DeleteIndex("summary", p, "c");
  batch.PutIndex("waiting", p, "key", "value");
  ASSERT_EQ(owner_.store().Commit(std::move(batch)), absl::OkStatus());
  owner_.Restart();
  ASSERT_EQ(owner_->Start(), absl::OkStatus());
  auto next = OpenStore(directory_ / "next");
  const auto report = owner_->Rebuild(next.get(), kCompareOnly);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Told(*report),
              ElementsAre("c: only after", "waiting of partition " + std::to_string(p)));
  EXPECT_EQ(report->changed, 1U);
}

TEST_F(RebuildTest, LeavesAStoreOfAnotherVersionAsItIs) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_EQ(owner_->Start(), absl::OkStatus());
  auto next = OpenStore(directory_ / "next");
  v1::Checkpoint checkpoint;
  checkpoint.set_fold_version(kFoldVersion - 1);
  checkpoint.set_next_offset(1);
  StoreBatch batch;
  batch.PutCheckpoint(kControl, checkpoint);
  batch.PutIndex("chain", 0, "a", "withheld");
  ASSERT_EQ(next->Commit(std::move(batch)), absl::OkStatus());
  const auto report = owner_->Rebuild(next.get());
  EXPECT_TRUE(absl::IsFailedPrecondition(report.status())) << report.status();
  EXPECT_TRUE(next->ReadIndex("chain", 0, "a")->has_value());
}

// There and back while it is written to: nothing is said twice, nothing is lost.
TEST_F(RebuildTest, GoesThereAndBackUnderLoad) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  std::vector<v1::Event> more;
  for (int i = 0; i < 400; ++i) {
    const std::string stream(1, static_cast<char>('a' + i % 3));
    more.push_back(i % 7 == 0 ? Risk(stream, 100 + i, 6 + i / 10)
                              : Incident(stream, 100 + i, 6 + i / 10));
  }
  ASSERT_EQ(owner_->Start(), absl::OkStatus());
  std::thread writer([this, &more] {
    for (const auto& event : more) Tell(event);
  });
  auto other = OpenStore(directory_ / "next");
  for (int turn = 0; turn < 6; ++turn) {
    const auto report = owner_->Rebuild(other.get());
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) break;
    EXPECT_EQ(report->changed, 0U);
    EXPECT_THAT(Told(*report), IsEmpty());
  }
  writer.join();
  told_.insert(told_.end(), more.begin(), more.end());
  ASSERT_TRUE(owner_->WaitUntilCaughtUp(60'000));
  owner_->Stop();
  Settle({&owner_});
  ExpectOneAnswer({&owner_});
  ExpectVerified(owner_.projector());
  EXPECT_EQ(EffectsOf(owner_.projector()), EffectsOfOneProcess(told_));
}

}  // namespace
}  // namespace trigpoint
