#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <fstream>
#include <random>
#include <system_error>

#include "open_store.h"
#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;

// Bytes that do not compress, so that a store of them has the size one expects.
std::string Noise(size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string noise(bytes, '\0');
  for (char& byte : noise) {
    byte = static_cast<char>(random());
  }
  return noise;
}

// Flips a bit in the middle of a file.
void Damage(const std::string& path) {
  std::string bytes = ReadAll(path);
  ASSERT_GT(bytes.size(), 1000U);
  const size_t at = bytes.size() / 3;
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string FileName(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

class DamagedTable : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      const auto store = OpenStore(dir_ / "s");
      StoreBatch batch;
      for (unsigned i = 0; i < 50; ++i) {
        batch.PutState(7, "stream" + std::to_string(i), Noise(1000, i));
      }
      ASSERT_TRUE(store->Commit(std::move(batch)).ok());
    }
    // The states are by far the largest file.
    for (const std::string& file : TableFiles(dir_ / "s")) {
      if (table_.empty() || std::filesystem::file_size(file) > std::filesystem::file_size(table_)) {
        table_ = file;
      }
    }
    Damage(table_);
  }

  TempDir dir_;
  std::string table_;
};

TEST_F(DamagedTable, IsNamedWithFamilyPartitionAndFileByReads) {
  const auto store = OpenStore(dir_ / "s");
  absl::Status damaged;
  for (int i = 0; i < 50; ++i) {
    damaged.Update(store->ReadState(7, "stream" + std::to_string(i)).status());
  }
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss) << damaged;
  EXPECT_THAT(std::string(damaged.message()), HasSubstr("states of partition 7"));
  EXPECT_THAT(std::string(damaged.message()), HasSubstr(FileName(table_)));
}

TEST_F(DamagedTable, IsNamedByScans) {
  const auto store = OpenStore(dir_ / "s");
  const absl::Status damaged = store->ScanStates(
      std::nullopt, [](uint32_t, std::string_view, std::string_view) { return true; });
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss) << damaged;
  EXPECT_THAT(std::string(damaged.message()), HasSubstr("states of partition"));
  EXPECT_THAT(std::string(damaged.message()), HasSubstr(FileName(table_)));
}

TEST_F(DamagedTable, IsTheOnlyOneThatCheckIntegrityReports) {
  const auto store = OpenStore(dir_ / "s");
  std::vector<std::string> damaged;
  int sound = 0;
  const absl::Status first =
      store->CheckIntegrity([&](std::string_view file, const absl::Status& status) {
        if (status.ok()) {
          ++sound;
        } else {
          EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
          damaged.push_back(FileName(std::string(file)));
        }
        return true;
      });
  EXPECT_EQ(first.code(), absl::StatusCode::kDataLoss) << first;
  EXPECT_THAT(std::string(first.message()), HasSubstr(FileName(table_)));
  EXPECT_THAT(damaged, ::testing::ElementsAre(FileName(table_)));
  EXPECT_GT(sound, 0);
}

TEST(CheckIntegrity, PassesASoundStore) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  batch.PutState(1, "stream", Noise(1000, 1));
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  ASSERT_TRUE(store->Flush().ok());
  int files = 0;
  const auto count = [&files](std::string_view, const absl::Status&) { return ++files > 0; };
  const absl::Status checked = store->CheckIntegrity(count);
  EXPECT_TRUE(checked.ok()) << checked;
  EXPECT_GT(files, 0);
}

// A small file system of its own.
class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
      GTEST_SKIP() << "cannot mount a small tmpfs: " << std::generic_category().message(errno);
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) {
      EXPECT_EQ(::umount(dir_.path().c_str()), 0) << std::generic_category().message(errno);
    }
  }

  void FillDisk() const {
    std::ofstream ballast(dir_ / "ballast", std::ios::binary);
    const std::string block(4096, 'x');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void FreeDisk() const { std::filesystem::remove(dir_ / "ballast"); }

  TempDir dir_;
  bool mounted_ = false;
};

StoreBatch LargeBatch(int64_t offset) {
  StoreBatch batch;
  v1::Checkpoint checkpoint;
  checkpoint.set_next_offset(offset);
  batch.PutCheckpoint(1, checkpoint);
  batch.PutState(1, "stream" + std::to_string(offset),
                 Noise(700'000, static_cast<unsigned>(offset)));
  return batch;
}

TEST_F(FullDisk, AnswersResourceExhaustedAndWorksAgainOnceThereIsSpace) {
  auto store = OpenStore(dir_ / "s");
  ASSERT_TRUE(store->Commit(LargeBatch(1)).ok());
  FillDisk();
  // Preallocated space takes some commits; then one must fail.
  int64_t offset = 2;
  absl::Status failed;
  StoreBatch batch;
  for (; failed.ok() && offset < 100; ++offset) {
    batch = LargeBatch(offset);
    failed = store->Commit(std::move(batch));
  }
  --offset;
  ASSERT_EQ(failed.code(), absl::StatusCode::kResourceExhausted) << failed;
  // NOLINTBEGIN(bugprone-use-after-move): Commit says what it leaves.
  EXPECT_FALSE(batch.empty());
  // Nothing of it can be seen, what came before can, and it fails again while there is no space.
  EXPECT_EQ((*store->ReadCheckpoint(1))->next_offset(), offset - 1);
  EXPECT_FALSE(store->ReadState(1, "stream" + std::to_string(offset))->has_value());
  EXPECT_TRUE(store->ReadState(1, "stream1")->has_value());
  const absl::Status again = store->Commit(std::move(batch));
  EXPECT_EQ(again.code(), absl::StatusCode::kResourceExhausted) << again;
  EXPECT_EQ((*store->ReadCheckpoint(1))->next_offset(), offset - 1);

  FreeDisk();
  const absl::Status retried = store->Commit(std::move(batch));
  // NOLINTEND(bugprone-use-after-move)
  ASSERT_TRUE(retried.ok()) << retried;
  EXPECT_EQ((*store->ReadCheckpoint(1))->next_offset(), offset);
  ASSERT_TRUE(store->Commit(LargeBatch(offset + 1)).ok());
  ASSERT_TRUE(store->Close().ok());
  store = OpenStore(dir_ / "s");
  EXPECT_EQ((*store->ReadCheckpoint(1))->next_offset(), offset + 1);
  for (int64_t i = 1; i <= offset + 1; ++i) {
    EXPECT_TRUE(store->ReadState(1, "stream" + std::to_string(i))->has_value()) << i;
  }
  ASSERT_TRUE(store->Close().ok());
}

TEST_F(FullDisk, KeepsEarlierCommitsWhenTheProcessEndsWhileFull) {
  int64_t offset = 1;
  {
    const auto store = OpenStore(dir_ / "s");
    ASSERT_TRUE(store->Commit(LargeBatch(offset)).ok());
    FillDisk();
    while (store->Commit(LargeBatch(offset + 1)).ok() && offset < 100) {
      ++offset;
    }
    EXPECT_EQ(store->Close().code(), absl::StatusCode::kResourceExhausted);
  }
  FreeDisk();
  const auto store = OpenStore(dir_ / "s");
  ASSERT_NE(store, nullptr);
  // The failed batch may have reached the log whole; half of it never has.
  const int64_t reached = (*store->ReadCheckpoint(1))->next_offset();
  EXPECT_TRUE(reached == offset || reached == offset + 1) << reached;
  for (int64_t i = 1; i <= offset + 1; ++i) {
    EXPECT_EQ(store->ReadState(1, "stream" + std::to_string(i))->has_value(), i <= reached) << i;
  }
  ASSERT_TRUE(store->Close().ok());
}

}  // namespace
}  // namespace trigpoint
