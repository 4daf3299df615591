// What the embedded log does about damage, power cuts, full disks and second openers.
#include "trigpoint/log/embedded_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fault_env.h"
#include "log_backend.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

using OpenedLog = absl::StatusOr<std::unique_ptr<EventLog>>;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

void FlipBit(const std::string& path, size_t at) {
  std::string content = ReadFile(path);
  ASSERT_LT(at, content.size()) << path;
  content[at] = static_cast<char>(content[at] ^ 0x10);
  WriteFile(path, content);
}

std::string Noise(uint32_t seed, size_t bytes) {
  std::mt19937 random(seed);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(random() & 0xff);
  return noise;
}

class EmbeddedLogTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return root_.path() + "/" + name; }

  OpenedLog Open(const std::string& name, rocksdb::Env* env = nullptr) const {
    return OpenEmbeddedLog({.directory = Path(name), .partitions = 2, .env = env});
  }
  std::string OpenError(const std::string& name, absl::StatusCode code) const {
    const OpenedLog log = Open(name);
    EXPECT_EQ(log.status().code(), code) << log.status();
    return std::string(log.status().message());
  }
  /// What a killed process leaves behind: a copy of the directory of an open log.
  void Kill(const std::string& from, const std::string& to) const {
    fs::copy(Path(from), Path(to), fs::copy_options::recursive);
  }
  /// A log of `count` records "0", "1", .. in partition 1, each its own group, and the process
  /// killed.
  void MakeKilled(const std::string& name, int count) const {
    OpenedLog log = Open(name + ".made");
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < count; ++i) ASSERT_TRUE(AppendAndWait(**log, 1, {absl::StrCat(i)}).ok());
    Kill(name + ".made", name);
  }
  /// As MakeKilled, then closed in good order: everything is in table files.
  void MakeClosed(const std::string& name, int count, size_t padding = 0) const {
    OpenedLog log = Open(name);
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < count; ++i) {
      const std::string value = absl::StrCat(i) + Noise(static_cast<uint32_t>(i), padding);
      ASSERT_TRUE(AppendAndWait(**log, 1, {value}).ok());
    }
    ASSERT_TRUE((*log)->Close().ok());
  }
  std::vector<std::string> FilesEnding(const std::string& name, const std::string& end) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(Path(name) + "/log")) {
      if (entry.path().string().ends_with(end) && entry.file_size() > 0)
        found.push_back(entry.path());
    }
    return found;
  }
  static absl::StatusOr<std::vector<std::string>> ReadAll(EventLog& log, uint32_t partition) {
    std::unique_ptr<LogReader> reader = log.NewReader();
    if (absl::Status assigned = reader->Assign({{partition, 0}}); !assigned.ok()) return assigned;
    std::vector<std::string> values;
    while (true) {
      absl::StatusOr<std::vector<Record>> records = reader->Poll(100, absl::ZeroDuration());
      if (!records.ok()) return records.status();
      if (records->empty()) return values;
      for (Record& record : *records) values.push_back(std::move(record.value));
    }
  }

  TempDirectory root_;
};

TEST_F(EmbeddedLogTest, FindsEverythingAfterAKill) {
  MakeKilled("log", 10);
  const OpenedLog log = Open("log");
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(*(*log)->HeadOffset(1), 10);
  EXPECT_EQ(ReadAll(**log, 1)->back(), "9");
}

TEST_F(EmbeddedLogTest, RefusesASecondOpener) {
  OpenedLog first = Open("log");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(OpenError("log", absl::StatusCode::kFailedPrecondition), HasSubstr(Path("log")));
  ASSERT_TRUE((*first)->Close().ok());
  EXPECT_TRUE(Open("log").ok());
}

TEST_F(EmbeddedLogTest, RefusesAnotherFormatOrNumberOfPartitions) {
  MakeClosed("log", 1);
  const OpenedLog three = OpenEmbeddedLog({.directory = Path("log"), .partitions = 3});
  EXPECT_EQ(three.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(three.status().message()), HasSubstr("partitions 2"));

  WriteFile(Path("log/FORMAT"), "trigpoint embedded log\nversion 2\npartitions 2\n");
  EXPECT_THAT(OpenError("log", absl::StatusCode::kFailedPrecondition),
              AllOf(HasSubstr("version 2"), HasSubstr("FORMAT")));
  fs::remove(Path("log/FORMAT"));
  OpenError("log", absl::StatusCode::kFailedPrecondition);
}

TEST_F(EmbeddedLogTest, RefusesOptionsThatCannotBe) {
  EXPECT_EQ(OpenEmbeddedLog({.directory = ""}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenEmbeddedLog({.directory = Path("log"), .partitions = 0}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EmbeddedLogTest, StartsWithOneDamagedSlotAndMendsIt) {
  MakeClosed("log", 3);
  for (const size_t slot : {size_t{0}, size_t{1}, size_t{0}}) {
    FlipBit(Path("log/marks"), slot * 4096 + 30);
    const OpenedLog log = Open("log");
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ(*(*log)->HeadOffset(1), 3);
  }
}

TEST_F(EmbeddedLogTest, RefusesTwoDamagedSlots) {
  MakeClosed("log", 3);
  FlipBit(Path("log/marks"), 30);
  FlipBit(Path("log/marks"), 4096 + 30);
  EXPECT_THAT(OpenError("log", absl::StatusCode::kDataLoss), HasSubstr(Path("log/marks")));
}

TEST_F(EmbeddedLogTest, RefusesATornMarksFile) {
  MakeClosed("log", 3);
  fs::resize_file(Path("log/marks"), 10);
  EXPECT_THAT(OpenError("log", absl::StatusCode::kDataLoss), HasSubstr(Path("log/marks")));
}

TEST_F(EmbeddedLogTest, RefusesRecordsWithoutMarks) {
  MakeClosed("log", 3);
  fs::remove(Path("log/marks"));
  EXPECT_THAT(OpenError("log", absl::StatusCode::kDataLoss), HasSubstr(Path("log/marks")));
}

TEST_F(EmbeddedLogTest, RefusesTheMarksOfAnotherLog) {
  MakeClosed("log", 3);
  MakeClosed("other", 3, /*padding=*/5);
  fs::copy_file(Path("other/marks"), Path("log/marks"), fs::copy_options::overwrite_existing);
  EXPECT_THAT(OpenError("log", absl::StatusCode::kDataLoss), HasSubstr("partition 1 offset 2"));
}

TEST_F(EmbeddedLogTest, RefusesALogCutBelowItsMark) {
  MakeKilled("log", 10);
  for (const std::string& wal : FilesEnding("log", ".log")) fs::remove(wal);
  EXPECT_THAT(OpenError("log", absl::StatusCode::kDataLoss),
              AllOf(HasSubstr("partition 1 offset 9"), HasSubstr(Path("log/log"))));
}

TEST_F(EmbeddedLogTest, RefusesALogThatLostItsDatabase) {
  MakeClosed("log", 10);
  fs::remove_all(Path("log/log"));
  EXPECT_THAT(OpenError("log", absl::StatusCode::kDataLoss), HasSubstr("partition 1 offset 9"));
}

TEST_F(EmbeddedLogTest, NoticesAFlippedBitAnywhereInTheWriteAheadLog) {
  MakeKilled("log", 20);
  const std::vector<std::string> wals = FilesEnding("log", ".log");
  ASSERT_EQ(wals.size(), 1U);
  const size_t size = fs::file_size(wals.front());
  for (size_t at = 3; at < size; at += size / 23) {
    const std::string name = absl::StrCat("flipped", at);
    fs::copy(Path("log"), Path(name), fs::copy_options::recursive);
    FlipBit(Path(name) + wals.front().substr(Path("log").size()), at);
    EXPECT_THAT(OpenError(name, absl::StatusCode::kDataLoss), HasSubstr("log")) << "bit at " << at;
    fs::remove_all(Path(name));
  }
}

TEST_F(EmbeddedLogTest, NamesPlaceAndFileOfAFlippedBitInATable) {
  MakeClosed("log", 60, /*padding=*/4000);
  const std::vector<std::string> tables = FilesEnding("log", ".sst");
  ASSERT_EQ(tables.size(), 1U);
  FlipBit(tables.front(), fs::file_size(tables.front()) / 2);
  const OpenedLog log = Open("log");
  ASSERT_TRUE(log.ok()) << log.status();
  const absl::Status read = ReadAll(**log, 1).status();
  EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss) << read;
  EXPECT_THAT(std::string(read.message()),
              AllOf(HasSubstr("partition 1 offset "), HasSubstr(".sst")));
}

TEST_F(EmbeddedLogTest, KeepsRecordsThatWereWrittenButNeverAcknowledged) {
  OpenedLog log = Open("log");
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE(AppendAndWait(**log, 1, {"acknowledged"}).ok());
  const std::string marks = ReadFile(Path("log/marks"));
  ASSERT_TRUE(AppendAndWait(**log, 1, {"a", "b"}).ok());
  ASSERT_TRUE(AppendAndWait(**log, 0, {"c"}).ok());
  Kill("log", "killed");
  WriteFile(Path("killed/marks"), marks);
  for (int times = 0; times < 2; ++times) {
    OpenedLog killed = Open("killed");
    ASSERT_TRUE(killed.ok()) << killed.status();
    EXPECT_EQ(*ReadAll(**killed, 1), (std::vector<std::string>{"acknowledged", "a", "b"}));
    EXPECT_EQ(*ReadAll(**killed, 0), std::vector<std::string>{"c"});
  }
  // The marks now vouch for the tail: losing it is noticed.
  for (const std::string& table : FilesEnding("killed", ".sst")) fs::remove(table);
  EXPECT_FALSE(Open("killed").ok());
}

TEST_F(EmbeddedLogTest, HasSyncedWhatItAcknowledges) {
  FaultEnv env;
  OpenedLog log = Open("log", &env);
  ASSERT_TRUE(log.ok()) << log.status();
  std::atomic<bool> stop = false;
  std::atomic<int64_t> acknowledged = 0;
  std::thread appender([&] {
    for (int i = 0; !stop; ++i) {
      const absl::StatusOr<Position> first =
          AppendAndWait(**log, 1, {absl::StrCat(2 * i), absl::StrCat(2 * i + 1)});
      ASSERT_TRUE(first.ok()) << first.status();
      acknowledged = first->offset + 2;
      acknowledged.notify_all();
    }
  });
  for (int cut = 0; cut < 5; ++cut) {
    const int64_t before = acknowledged;
    for (int64_t now = before; now < before + 6; now = acknowledged) acknowledged.wait(now);
    const int64_t least = acknowledged;
    const std::string name = absl::StrCat("cut", cut);
    env.PowerCut(Path("log"), Path(name));
    const OpenedLog survivor = Open(name);
    EXPECT_TRUE(survivor.ok()) << survivor.status();
    if (!survivor.ok()) break;
    EXPECT_GE(*(*survivor)->HeadOffset(1), least);
    const absl::StatusOr<std::vector<std::string>> values = ReadAll(**survivor, 1);
    ASSERT_TRUE(values.ok());
    for (size_t i = 0; i < values->size(); ++i) EXPECT_EQ((*values)[i], absl::StrCat(i));
    EXPECT_EQ(values->size() % 2, 0U) << "half a batch";
  }
  stop = true;
  appender.join();
}

// The test above must be able to fail: without syncs a power cut takes acknowledged records.
TEST_F(EmbeddedLogTest, LosesAcknowledgedRecordsOnlyWithoutSync) {
  FaultEnv env;
  OpenedLog log =
      OpenEmbeddedLog({.directory = Path("log"), .partitions = 2, .sync = false, .env = &env});
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE(AppendAndWait(**log, 1, {"acknowledged"}).ok());
  env.PowerCut(Path("log"), Path("cut"));
  const OpenedLog survivor = Open("cut");
  ASSERT_TRUE(survivor.ok()) << survivor.status();
  EXPECT_EQ(*(*survivor)->HeadOffset(1), 0);
  EXPECT_EQ(VerifyCheckpoint(**survivor, {1, 1}, DigestOf("acknowledged")).code(),
            absl::StatusCode::kDataLoss);
}

/// Appends until acknowledged; only a full disk may be the reason that it takes several tries.
void AppendUntilThereIsRoom(EventLog& log, const std::string& value) {
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  absl::StatusOr<Position> first = AppendAndWait(log, 1, {value});
  while (!first.ok() && absl::Now() < deadline) {
    ASSERT_EQ(first.status().code(), absl::StatusCode::kResourceExhausted) << first.status();
    first = AppendAndWait(log, 1, {value});
  }
  ASSERT_TRUE(first.ok()) << first.status();
}

TEST_F(EmbeddedLogTest, RecoversFromAFullDisk) {
  FaultEnv env;
  std::vector<std::string> acknowledged;
  OpenedLog log = Open("log", &env);
  ASSERT_TRUE(log.ok()) << log.status();
  for (int round = 0; round < 3; ++round) {
    env.SetDatabaseFault(FaultEnv::Fault::kNoSpace);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(AppendAndWait(**log, 1, {"refused"}).status().code(),
                absl::StatusCode::kResourceExhausted);
    }
    EXPECT_EQ((*log)->Health().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(*ReadAll(**log, 1), acknowledged) << "reading goes on";
    env.SetDatabaseFault(FaultEnv::Fault::kNone);
    for (int i = 0; i < 3; ++i) {
      acknowledged.push_back(absl::StrCat(round, "/", i));
      AppendUntilThereIsRoom(**log, acknowledged.back());
    }
    EXPECT_TRUE((*log)->Health().ok());
    const std::string name = absl::StrCat("cut", round);
    env.PowerCut(Path("log"), Path(name));
    const OpenedLog survivor = Open(name);
    ASSERT_TRUE(survivor.ok()) << survivor.status();
    EXPECT_EQ(*ReadAll(**survivor, 1), acknowledged);
  }
}

// What was refused may have reached the write-ahead log whole. It must not come back behind what
// was acknowledged in its place.
TEST_F(EmbeddedLogTest, LeavesNothingOfARefusedBatchBehindWhatTookItsPlace) {
  FaultEnv env;
  OpenedLog log = Open("log", &env);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE(AppendAndWait(**log, 1, {"first"}).ok());
  env.SetFault(FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNoSpaceAtSync);
  EXPECT_EQ(AppendAndWait(**log, 1, {"refused", "too", "as well"}).status().code(),
            absl::StatusCode::kResourceExhausted);
  env.SetFault(FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNone);
  AppendUntilThereIsRoom(**log, "second");
  EXPECT_EQ(*ReadAll(**log, 1), (std::vector<std::string>{"first", "second"}));
  Kill("log", "killed");
  const OpenedLog killed = Open("killed");
  ASSERT_TRUE(killed.ok()) << killed.status();
  EXPECT_EQ(*ReadAll(**killed, 1), (std::vector<std::string>{"first", "second"}));
}

TEST_F(EmbeddedLogTest, FencesItselfWhenTheLogCannotBeSynced) {
  FaultEnv env;
  OpenedLog log = Open("log", &env);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE(AppendAndWait(**log, 1, {"acknowledged"}).ok());
  env.SetDatabaseFault(FaultEnv::Fault::kSyncFails);
  EXPECT_EQ(AppendAndWait(**log, 1, {"lost"}).status().code(), absl::StatusCode::kUnavailable);
  env.SetDatabaseFault(FaultEnv::Fault::kNone);
  EXPECT_EQ(AppendAndWait(**log, 1, {"refused"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ((*log)->Health().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*ReadAll(**log, 1), std::vector<std::string>{"acknowledged"});
}

TEST_F(EmbeddedLogTest, FencesItselfWhenTheMarksCannotBeSynced) {
  FaultEnv env;
  OpenedLog log = Open("log", &env);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE(AppendAndWait(**log, 1, {"acknowledged"}).ok());
  env.SetMarksFault(FaultEnv::Fault::kSyncFails);
  const absl::Status refused = AppendAndWait(**log, 1, {"unknown"}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("marks"));
  env.SetMarksFault(FaultEnv::Fault::kNone);
  EXPECT_EQ(AppendAndWait(**log, 1, {"refused"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*(*log)->HeadOffset(1), 1) << "what is not acknowledged is not shown";

  ASSERT_TRUE((*log)->Close().ok());
  log = Open("log", &env);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(*ReadAll(**log, 1), (std::vector<std::string>{"acknowledged", "unknown"}));
  EXPECT_TRUE(AppendAndWait(**log, 1, {"again"}).ok());
}

TEST_F(EmbeddedLogTest, RecoversWhenARealFullDiskHasRoomAgain) {
  const std::string disk = Path("disk");
  fs::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64m") != 0) {
    GTEST_SKIP() << "cannot mount a small tmpfs here (needs: root)";
  }
  struct Unmount {
    ~Unmount() { umount(path.c_str()); }
    const std::string path;
  } const unmount{disk};

  WriteFile(disk + "/ballast", Noise(1, size_t{48} << 20));
  std::vector<std::string> acknowledged;
  {
    OpenedLog log = Open("disk/log");
    ASSERT_TRUE(log.ok()) << log.status();
    absl::Status status;
    for (uint32_t i = 0; i < 400 && status.ok(); ++i) {
      const std::string value = Noise(i, size_t{64} << 10);
      status = AppendAndWait(**log, 1, {value}).status();
      if (status.ok()) acknowledged.push_back(value);
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_EQ(AppendAndWait(**log, 1, {std::string(1 << 20, 'x')}).status().code(),
              absl::StatusCode::kResourceExhausted);
    fs::remove(disk + "/ballast");
    acknowledged.push_back("room again");
    AppendUntilThereIsRoom(**log, acknowledged.back());
    EXPECT_TRUE(*ReadAll(**log, 1) == acknowledged);
    ASSERT_TRUE((*log)->Close().ok());
  }
  const OpenedLog log = Open("disk/log");
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_TRUE(*ReadAll(**log, 1) == acknowledged);
}

}  // namespace
}  // namespace trigpoint
