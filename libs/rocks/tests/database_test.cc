// A RocksDB whose disk is full: what was acknowledged stays, and it takes writes again.
#include "trigpoint/rocks/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "full_at.h"
#include "trigpoint/base/status.h"

#ifdef __SANITIZE_THREAD__
/// Debian's RocksDB is built without the thread sanitizer, which sees no order in its memtables.
extern "C" const char* __tsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:librocksdb.so\n";
}
#endif

namespace trigpoint {
namespace {

using testing::HasSubstr;
using Fault = FaultEnv::Fault;
using Files = FaultEnv::Files;

/// A database with two families in a directory of its own, and a disk that can be full.
class RocksDatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "trigpoint_rocks_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    database_.emplace(Place(), ran_out_, [this] { return OpenFiles(); });
    ASSERT_TRUE(database_->Open().ok());
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(root_);
  }

  RocksPlace Place() const {
    return {.name = "database x", .directory = root_ + "/db", .env = &env_};
  }

  absl::StatusOr<std::unique_ptr<OpenRocks>> OpenFiles() {
    ++opened_;
    rocksdb::DBOptions options = BaseOptions(&env_, root_ + "/warnings", ran_out_);
    options.create_missing_column_families = true;
    return OpenRocks::Open(Place(), options, {{"default", {}}, {"second", {}}});
  }

  absl::Status Put(const std::string& key) {
    TP_RETURN_IF_ERROR(database_->Heal());
    TP_ASSIGN_OR_RETURN(const RocksUse open, database_->Use());
    rocksdb::WriteBatch batch;
    batch.Put(open->families()[0], key, key);
    batch.Put(open->families()[1], key, key);
    return database_->Write(*open, batch, true, "put");
  }

  /// A key counts when both families hold it; one alone would be half a batch.
  bool Has(const std::string& key) const {
    const absl::StatusOr<RocksUse> open = database_->Use();
    EXPECT_TRUE(open.ok()) << open.status();
    if (!open.ok()) return false;
    std::string value;
    int found = 0;
    for (rocksdb::ColumnFamilyHandle* family : (*open)->families()) {
      found += (*open)->db().Get({}, family, key, &value).ok() ? 1 : 0;
    }
    EXPECT_NE(found, 1) << key;
    return found == 2;
  }

  absl::Status Flush() {
    TP_ASSIGN_OR_RETURN(const RocksUse open, database_->Use());
    const rocksdb::Status flushed = open->db().Flush({}, open->families());
    return flushed.ok() ? absl::OkStatus() : absl::AbortedError(flushed.ToString());
  }

  mutable FaultEnv env_;
  std::string root_;
  const RanOutOfSpace ran_out_ = std::make_shared<std::atomic<bool>>(false);
  int opened_ = 0;
  std::optional<RocksDatabase> database_;
};

TEST_F(RocksDatabaseTest, IsOpenedOnceWhileNothingFails) {
  ASSERT_TRUE(Put("a").ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(Put("b").ok());
  EXPECT_EQ(opened_, 1);
}

TEST_F(RocksDatabaseTest, RefusesUseAfterClose) {
  ASSERT_TRUE(database_->Close().ok());
  ASSERT_TRUE(database_->Close().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(database_->Use().status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Put("a")));
}

TEST_F(RocksDatabaseTest, RefusesADirectoryThatIsHeld) {
  const absl::Status refused = OpenFiles().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
}

TEST_F(RocksDatabaseTest, IsNotOpenedAnewForAnotherFailure) {
  ASSERT_TRUE(Put("a").ok());
  env_.SetDatabaseFault(Fault::kSyncFails);
  EXPECT_TRUE(absl::IsInternal(Put("b")));
  env_.SetDatabaseFault(Fault::kNone);
  EXPECT_TRUE(absl::IsInternal(Put("c")));
  EXPECT_EQ(opened_, 1);
}

TEST_F(RocksDatabaseTest, StaysOpenForReadsWhileThereIsNoRoom) {
  ASSERT_TRUE(Put("a").ok());
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNoSpace);
  env_.SetFreeSpace(uint64_t{1} << 20);
  for (int i = 0; i < 3; ++i) {
    const absl::Status refused = Put("b");
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_TRUE(Has("a"));
  }
  EXPECT_EQ(opened_, 1);
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNone);
  EXPECT_TRUE(absl::IsResourceExhausted(Put("b"))) << "a little room is not enough";
  EXPECT_EQ(opened_, 1);
  env_.SetFreeSpace(std::nullopt);
  EXPECT_TRUE(Put("b").ok());
  EXPECT_EQ(opened_, 2);
}

TEST_F(RocksDatabaseTest, IsOpenedAgainAfterAnOpeningFoundNoRoom) {
  ASSERT_TRUE(Put("a").ok());
  env_.SetDatabaseFault(Fault::kNoSpace);
  for (int i = 0; i < 3; ++i) {
    const absl::Status refused = Put("b");
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  }
  EXPECT_GT(opened_, 1);
  EXPECT_TRUE(absl::IsResourceExhausted(database_->Use().status()));
  env_.SetDatabaseFault(Fault::kNone);
  EXPECT_TRUE(Put("b").ok());
  EXPECT_TRUE(Has("a"));
}

TEST_F(RocksDatabaseTest, FlushesWhatItHoldsWhenClosedAfterThereIsRoomAgain) {
  ASSERT_TRUE(Put("a").ok());
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNoSpace);
  ASSERT_TRUE(absl::IsResourceExhausted(Put("b")));
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNone);
  EXPECT_TRUE(database_->Close().ok());
}

TEST_F(RocksDatabaseTest, SaysWhenItWasClosedWithoutRoomAndLosesNothing) {
  ASSERT_TRUE(Put("a").ok());
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNoSpace);
  env_.SetFreeSpace(0);
  ASSERT_TRUE(absl::IsResourceExhausted(Put("b")));
  EXPECT_TRUE(absl::IsResourceExhausted(database_->Close()));
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNone);
  database_.emplace(Place(), ran_out_, [this] { return OpenFiles(); });
  ASSERT_TRUE(database_->Open().ok());
  EXPECT_TRUE(Has("a"));
}

TEST_F(RocksDatabaseTest, LeavesOpeningAnewToALaterWriteWhileSomebodyReads) {
  ASSERT_TRUE(Put("a").ok());
  env_.SetFault(Files::kWriteAheadLogs, Fault::kNoSpace);
  {
    const absl::StatusOr<RocksUse> reading = database_->Use();
    ASSERT_TRUE(reading.ok());
    ASSERT_TRUE(absl::IsResourceExhausted(Put("b")));
    env_.SetFault(Files::kWriteAheadLogs, Fault::kNone);
    const absl::Status waits = Put("b");  // On the reader's own thread: it must come back.
    EXPECT_TRUE(absl::IsResourceExhausted(waits)) << waits;
    EXPECT_THAT(std::string(waits.message()), HasSubstr("reads are under way"));
    std::string value;
    EXPECT_TRUE((*reading)->db().Get({}, (*reading)->families()[0], "a", &value).ok());
    EXPECT_TRUE(Has("a")) << "others read on as well";
    EXPECT_EQ(opened_, 1);
  }
  EXPECT_TRUE(Put("b").ok());
  EXPECT_EQ(opened_, 2);
}

TEST_F(RocksDatabaseTest, IsOpenedAnewUnderReadersOfManyThreads) {
  ASSERT_TRUE(Put("a").ok());
  std::atomic<bool> stop = false;
  std::atomic<int> read = 0;
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        EXPECT_TRUE(Has("a"));
        ++read;
        read.notify_all();
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    const std::string key = "round" + std::to_string(round);
    env_.SetFault(Files::kWriteAheadLogs, Fault::kNoSpace);
    ASSERT_TRUE(absl::IsResourceExhausted(Put(key)));
    env_.SetFault(Files::kWriteAheadLogs, Fault::kNone);
    absl::Status put = Put(key);
    for (int i = 0; i < 100 && absl::IsResourceExhausted(put); ++i) put = Put(key);
    ASSERT_TRUE(put.ok()) << put;
    for (int before = read, now = before; now < before + 3; now = read) read.wait(now);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(opened_, 21);
}

class FullDiskAt : public RocksDatabaseTest, public testing::WithParamInterface<FullAt> {};

TEST_P(FullDiskAt, KeepsWhatWasAcknowledgedAndWritesAgain) {
  std::vector<std::string> acknowledged;
  for (int round = 0; round < 3; ++round) {
    const std::string name = std::to_string(round);
    acknowledged.push_back("before" + name);
    ASSERT_TRUE(Put(acknowledged.back()).ok());
    env_.SetFault(GetParam().files, GetParam().fault);
    // Either the write meets the full disk or the flush does, in the background or not.
    absl::Status refused = Put("refused" + name);
    if (refused.ok()) {
      acknowledged.push_back("refused" + name);
      EXPECT_FALSE(Flush().ok());
      refused = Put("late" + name);
    }
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    env_.SetFault(GetParam().files, Fault::kNone);
    acknowledged.push_back("after" + name);
    const absl::Status healed = Put(acknowledged.back());
    ASSERT_TRUE(healed.ok()) << healed;
    for (const std::string& key : acknowledged) EXPECT_TRUE(Has(key)) << key;
    EXPECT_TRUE(Flush().ok());
    // What a power cut leaves now holds all of it, too.
    acknowledged.push_back("synced" + name);
    ASSERT_TRUE(Put(acknowledged.back()).ok());
    const std::string cut = root_ + "/cut" + name;
    env_.PowerCut(root_ + "/db", cut);
    const RanOutOfSpace ran_out = std::make_shared<std::atomic<bool>>(false);
    RocksDatabase survivor(
        {.name = "survivor", .directory = cut, .env = rocksdb::Env::Default()}, ran_out, [&] {
          return OpenRocks::Open({"survivor", cut, nullptr}, BaseOptions(nullptr, "", ran_out),
                                 {{"default", {}}, {"second", {}}});
        });
    ASSERT_TRUE(survivor.Open().ok());
    const absl::StatusOr<RocksUse> open = survivor.Use();
    for (const std::string& key : acknowledged) {
      for (rocksdb::ColumnFamilyHandle* family : (*open)->families()) {
        std::string value;
        EXPECT_TRUE((*open)->db().Get({}, family, key, &value).ok()) << key;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, FullDiskAt, testing::ValuesIn(kFullAt), NameOf);

}  // namespace
}  // namespace trigpoint
