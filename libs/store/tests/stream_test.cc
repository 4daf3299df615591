#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "open_store.h"
#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Chunk(uint64_t first, uint64_t end) {
  v1::StreamChunk chunk;
  for (uint64_t revision = first; revision < end; ++revision) {
    v1::StoredEvent* event = chunk.add_events();
    event->set_revision(revision);
    event->mutable_event()->set_id("e" + std::to_string(revision));
  }
  return chunk.SerializeAsString();
}

std::vector<uint64_t> Revisions(const Store& store, std::string_view stream, uint64_t from,
                                uint64_t to) {
  const auto events = store.ReadStream(1, stream, from, to);
  EXPECT_TRUE(events.ok()) << events.status();
  std::vector<uint64_t> revisions;
  if (events.ok()) {
    for (const v1::StoredEvent& event : *events) {
      revisions.push_back(event.revision());
    }
  }
  return revisions;
}

class ReadStream : public ::testing::Test {
 protected:
  // Chunks [1,4) [4,6) [6,7); neighbours whose ids have the stream's as a prefix.
  void SetUp() override {
    StoreBatch batch;
    batch.PutChunk(1, "a", 1, Chunk(1, 4));
    batch.PutChunk(1, "a", 4, Chunk(4, 6));
    batch.PutChunk(1, "a", 6, Chunk(6, 7));
    batch.PutChunk(1, "ab", 1, Chunk(1, 3));
    batch.PutChunk(2, "a", 1, Chunk(1, 3));
    batch.PutChunk(0, "a", 1, Chunk(1, 3));
    ASSERT_TRUE(store_->Commit(std::move(batch)).ok());
  }

  TempDir dir_;
  std::unique_ptr<Store> store_ = OpenStore(dir_ / "s");
};

TEST_F(ReadStream, CutsRangesAcrossChunkBorders) {
  EXPECT_THAT(Revisions(*store_, "a", 0, UINT64_MAX), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Revisions(*store_, "a", 1, 7), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Revisions(*store_, "a", 3, 5), ElementsAre(3, 4));
  EXPECT_THAT(Revisions(*store_, "a", 4, 6), ElementsAre(4, 5));
  EXPECT_THAT(Revisions(*store_, "a", 2, 3), ElementsAre(2));
  EXPECT_THAT(Revisions(*store_, "a", 5, 100), ElementsAre(5, 6));
  EXPECT_THAT(Revisions(*store_, "a", 7, 100), IsEmpty());
  EXPECT_THAT(Revisions(*store_, "a", 5, 5), IsEmpty());
  EXPECT_THAT(Revisions(*store_, "a", 5, 4), IsEmpty());
  EXPECT_THAT(Revisions(*store_, "ab", 0, 100), ElementsAre(1, 2));
  EXPECT_THAT(Revisions(*store_, "none", 0, 100), IsEmpty());
}

TEST_F(ReadStream, GivesTheSameFromTableFiles) {
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_THAT(Revisions(*store_, "a", 3, 5), ElementsAre(3, 4));
  EXPECT_THAT(Revisions(*store_, "a", 0, 2), ElementsAre(1));
}

TEST_F(ReadStream, SeesAChunkThatGrew) {
  StoreBatch batch;
  batch.PutChunk(1, "a", 6, Chunk(6, 9));
  ASSERT_TRUE(store_->Commit(std::move(batch)).ok());
  EXPECT_THAT(Revisions(*store_, "a", 5, 100), ElementsAre(5, 6, 7, 8));
}

TEST_F(ReadStream, AnswersDataLossWhenRevisionsAreMissing) {
  StoreBatch batch;
  batch.PutChunk(1, "a", 4, Chunk(4, 5));
  ASSERT_TRUE(store_->Commit(std::move(batch)).ok());
  EXPECT_EQ(store_->ReadStream(1, "a", 0, 100).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ReadStream, AnswersDataLossForAValueThatIsNoChunk) {
  StoreBatch batch;
  batch.PutChunk(1, "a", 4, "\xFF\xFF\xFF");
  ASSERT_TRUE(store_->Commit(std::move(batch)).ok());
  const absl::Status damaged = store_->ReadStream(1, "a", 0, 100).status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(damaged.message()), ::testing::HasSubstr("streams of partition 1"));
}

TEST_F(ReadStream, FindsTheLastChunkOfExactlyThatStream) {
  const auto last = store_->ReadLastChunk(1, "a");
  ASSERT_TRUE(last.ok() && last->has_value());
  ASSERT_EQ((*last)->events_size(), 1);
  EXPECT_EQ((*last)->events(0).revision(), 6U);
  EXPECT_FALSE(store_->ReadLastChunk(1, "none")->has_value());
}

}  // namespace
}  // namespace trigpoint
