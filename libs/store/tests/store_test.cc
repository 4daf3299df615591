#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "open_store.h"
#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;

v1::Checkpoint CheckpointAt(int64_t offset) {
  v1::Checkpoint checkpoint;
  checkpoint.set_next_offset(offset);
  checkpoint.set_last_digest("digest");
  checkpoint.set_fold_version(3);
  return checkpoint;
}

StoreBatch FullBatch(uint32_t partition) {
  StoreBatch batch;
  batch.PutCheckpoint(partition, CheckpointAt(42));
  batch.PutState(partition, "stream", "state");
  batch.PutRecord(partition, "stream", "record");
  batch.PutControl(partition, "control");
  v1::EventIndexEntry entry;
  entry.set_revision(7);
  batch.PutEventIndex(partition, "stream", "source", "id", entry);
  batch.PutTimer(partition, 100, "stream");
  batch.PutIndex("by_level", partition, "key", "value");
  v1::StreamChunk chunk;
  chunk.add_events()->set_revision(1);
  batch.PutChunk(partition, "stream", 1, chunk.SerializeAsString());
  return batch;
}

void ExpectFull(const Store& store, uint32_t partition, bool full) {
  EXPECT_EQ(store.ReadCheckpoint(partition)->has_value(), full);
  EXPECT_EQ(store.ReadState(partition, "stream")->has_value(), full);
  EXPECT_EQ(store.ReadRecord(partition, "stream")->has_value(), full);
  EXPECT_EQ(store.ReadControl(partition)->has_value(), full);
  EXPECT_EQ(store.ReadEventIndex(partition, "stream", "source", "id")->has_value(), full);
  EXPECT_EQ(store.ReadLastChunk(partition, "stream")->has_value(), full);
  int rows = 0;
  const auto count = [&rows](auto, auto) { return ++rows > 0; };
  EXPECT_TRUE(store.ScanTimers(partition, INT64_MAX, count).ok());
  EXPECT_TRUE(store.ScanIndex("by_level", partition, "", count).ok());
  EXPECT_EQ(rows, full ? 2 : 0);
}

TEST(StoreBatch, CountsItsPutsAndCanBeCleared) {
  StoreBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.PutState(1, "stream", "state");
  batch.DeleteTimer(1, 5, "stream");
  EXPECT_EQ(batch.puts(), 2U);
  EXPECT_GT(batch.bytes(), 0U);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0U);
}

TEST(Store, FindsTheStreamsOfARecordInEveryPartitionThatIsAskedAbout) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  for (const auto& [partition, stream, id] :
       std::vector<std::tuple<uint32_t, std::string, std::string>>{{0, "b", "id"},
                                                                   {0, "a", "id"},
                                                                   {0, "c", "id2"},
                                                                   {2, "d", "id"},
                                                                   {2, "e", "ie"},
                                                                   {3, "f", "id"}}) {
    batch.PutEventIndex(partition, stream, "source", id, {});
  }
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  EXPECT_EQ(*store->FindStreams(3, "source", "id"), (std::vector<std::string>{"a", "b", "d"}));
  EXPECT_EQ(store->FindStreams(4, "source", "id")->back(), "f");
  EXPECT_TRUE(store->FindStreams(4, "source", "i")->empty());
  EXPECT_TRUE(store->FindStreams(4, "sourc", "id")->empty());
}

TEST(Commit, MakesEveryPartReadableAndEmptiesTheBatch) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch = FullBatch(1);
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  EXPECT_TRUE(batch.empty());  // NOLINT(bugprone-use-after-move): Commit says what it leaves.
  ExpectFull(*store, 1, true);
  EXPECT_EQ((*store->ReadCheckpoint(1))->next_offset(), 42);
  EXPECT_EQ((*store->ReadCheckpoint(1))->fold_version(), 3U);
  EXPECT_EQ(**store->ReadState(1, "stream"), "state");
  EXPECT_EQ((*store->ReadEventIndex(1, "stream", "source", "id"))->revision(), 7U);
  ExpectFull(*store, 2, false);
}

TEST(Commit, RefusesTheWholeBatchWhenAKeyPartHoldsANulByte) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch = FullBatch(1);
  batch.PutState(1, std::string_view("a\0b", 3), "state");
  const absl::Status refused = store->Commit(std::move(batch));
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  ExpectFull(*store, 1, false);
  EXPECT_EQ(store->ReadState(1, std::string_view("a\0b", 3)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Store, KeepsEverythingAcrossReopening) {
  const TempDir dir;
  ASSERT_TRUE(OpenStore(dir / "s")->Commit(FullBatch(9)).ok());
  const auto store = OpenStore(dir / "s");
  ExpectFull(*store, 9, true);
  EXPECT_GT(store->ApproximateBytes(), 0U);
}

TEST(Store, KeepsWhatWasSyncedWhenItsFilesAreCopiedUnderIt) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  ASSERT_TRUE(store->Commit(FullBatch(9)).ok());
  // As after a crash: nothing was flushed or closed.
  std::filesystem::copy(dir / "s", dir / "crashed", std::filesystem::copy_options::recursive);
  ExpectFull(*OpenStore(dir / "crashed"), 9, true);
}

TEST(Store, LosesAWholeBatchWhenItsTailIsTorn) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  ASSERT_TRUE(store->Commit(FullBatch(1)).ok());
  ASSERT_TRUE(store->Commit(FullBatch(2)).ok());
  std::filesystem::copy(dir / "s", dir / "torn", std::filesystem::copy_options::recursive);
  for (const auto& entry : std::filesystem::directory_iterator(dir / "torn")) {
    if (entry.path().extension() != ".log" || entry.file_size() == 0) {
      continue;
    }
    // The log may be preallocated: cut into the last bytes that are not zero.
    const size_t end = ReadAll(entry.path()).find_last_not_of('\0');
    if (end != std::string::npos) {
      std::filesystem::resize_file(entry.path(), end - 2);
    }
  }
  const auto torn = OpenStore(dir / "torn");
  ExpectFull(*torn, 1, true);
  ExpectFull(*torn, 2, false);
}

TEST(Store, RefusesADirectoryThatIsHeld) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  const absl::Status refused = Store::Open(SmallStore(dir / "s")).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr(dir / "s"));
}

TEST(Store, RefusesAnotherFormatAndADatabaseOfAnotherProgram) {
  const TempDir dir;
  rocksdb::Options options;
  options.create_if_missing = true;
  const std::pair<const char*, const char*> rows[] = {{"format", "trigpoint-store 2"},
                                                      {"anything", "else"}};
  for (const auto& [key, value] : rows) {
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, dir / key, &db).ok());
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), key, value).ok());
    delete db;
    const absl::Status refused = Store::Open(SmallStore(dir / key)).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  }
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, dir / "families", &db).ok());
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  ASSERT_TRUE(db->CreateColumnFamily(rocksdb::ColumnFamilyOptions(), "foreign", &handle).ok());
  db->DestroyColumnFamilyHandle(handle);
  delete db;
  const absl::Status refused = Store::Open(SmallStore(dir / "families")).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("foreign"));
}

TEST(Store, AnswersFailedPreconditionAfterClose) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  ASSERT_TRUE(store->Close().ok());
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(store->Commit(FullBatch(1)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->ReadState(1, "s").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->Flush().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->ApproximateBytes(), 0U);
  ASSERT_NE(OpenStore(dir / "s"), nullptr);
}

TEST(DropPartition, RemovesThatPartitionAndNoOther) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  for (const uint32_t partition : {0U, 1U, 2U, UINT32_MAX}) {
    ASSERT_TRUE(store->Commit(FullBatch(partition)).ok());
  }
  ASSERT_TRUE(store->DropPartition(1).ok());
  ASSERT_TRUE(store->DropPartition(UINT32_MAX).ok());
  ExpectFull(*store, 0, true);
  ExpectFull(*store, 1, false);
  ExpectFull(*store, 2, true);
  ExpectFull(*store, UINT32_MAX, false);
  ASSERT_TRUE(store->Commit(FullBatch(1)).ok());
  ExpectFull(*store, 1, true);
}

TEST(DropPartition, IsCompletedByTheNextOpenAfterACrash) {
  const TempDir dir;
  { ASSERT_TRUE(OpenStore(dir / "s")->Commit(FullBatch(1)).ok()); }
  {
    // The announcement as DropPartition writes it, and nothing after it.
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), dir / "s", &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.reserve(names.size());
    for (const std::string& name : names) {
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), dir / "s", families, &handles, &db).ok());
    const std::string announcement = std::string("drop|") + std::string("\0\0\0\1", 4);
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), announcement, "").ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      db->DestroyColumnFamilyHandle(handle);
    }
    delete db;
  }
  ExpectFull(*OpenStore(dir / "s"), 1, false);
}

}  // namespace
}  // namespace trigpoint
