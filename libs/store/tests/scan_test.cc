#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "open_store.h"
#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Timers = std::vector<std::pair<int64_t, std::string>>;
using Rows = std::vector<std::string>;

Timers TimersUntil(const Store& store, uint32_t partition, int64_t until) {
  Timers timers;
  EXPECT_TRUE(store
                  .ScanTimers(partition, until,
                              [&timers](int64_t due, std::string_view stream) {
                                timers.emplace_back(due, stream);
                                return true;
                              })
                  .ok());
  return timers;
}

Rows IndexFrom(const Store& store, std::string_view index, uint32_t partition,
               std::string_view from, size_t limit = 100) {
  Rows rows;
  EXPECT_TRUE(store
                  .ScanIndex(index, partition, from,
                             [&rows, limit](std::string_view key, std::string_view value) {
                               rows.push_back(std::string(key) + "=" + std::string(value));
                               return rows.size() < limit;
                             })
                  .ok());
  return rows;
}

TEST(ScanTimers, GoesInOrderOfDueTimeUpToAndIncludingTheBound) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  for (const int64_t due : {int64_t{300}, int64_t{-5}, int64_t{20}, INT64_MAX, INT64_MIN}) {
    batch.PutTimer(1, due, "b");
  }
  batch.PutTimer(1, 20, "a");
  batch.PutTimer(2, 1, "other");
  batch.PutTimer(0, 1, "other");
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  EXPECT_THAT(TimersUntil(*store, 1, 20),
              ElementsAre(Pair(INT64_MIN, "b"), Pair(-5, "b"), Pair(20, "a"), Pair(20, "b")));
  EXPECT_THAT(TimersUntil(*store, 1, 19), ElementsAre(Pair(INT64_MIN, "b"), Pair(-5, "b")));
  EXPECT_EQ(TimersUntil(*store, 1, INT64_MAX).size(), 6U);
}

TEST(ScanTimers, ReachesTheLastTimerOfTheLastPartition) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  batch.PutTimer(UINT32_MAX, INT64_MAX, "a");
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  EXPECT_EQ(TimersUntil(*store, UINT32_MAX, INT64_MAX).size(), 1U);
  EXPECT_THAT(TimersUntil(*store, UINT32_MAX, INT64_MAX - 1), IsEmpty());
}

TEST(ScanTimers, LeavesOutWhatWasDeleted) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  batch.PutTimer(1, 10, "a");
  batch.PutTimer(1, 10, "b");
  batch.DeleteTimer(1, 10, "a");
  batch.DeleteTimer(1, 99, "never there");
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  EXPECT_THAT(TimersUntil(*store, 1, 10), ElementsAre(Pair(10, "b")));
}

TEST(ScanIndex, StaysInItsIndexAndPartitionAndStartsAtTheKey) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  batch.PutIndex("by_level", 1, "b", "2");
  batch.PutIndex("by_level", 1, "a", "1");
  batch.PutIndex("by_level", 1, std::string_view("a\0\xFF", 3), "nul is fine here");
  batch.PutIndex("by_level", 1, "c", "3");
  batch.PutIndex("by_level", 2, "a", "other partition");
  batch.PutIndex("by_level_x", 1, "a", "other index");
  batch.DeleteIndex("by_level", 1, "c");
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  EXPECT_EQ(IndexFrom(*store, "by_level", 1, "").size(), 3U);
  EXPECT_THAT(IndexFrom(*store, "by_level", 1, "aa"), ElementsAre("b=2"));
  EXPECT_THAT(IndexFrom(*store, "by_level", 1, "", 1), ElementsAre("a=1"));
  EXPECT_THAT(IndexFrom(*store, "by_level", 1, "c"), IsEmpty());
  EXPECT_THAT(IndexFrom(*store, "by_level", 2, ""), ElementsAre("a=other partition"));
}

TEST(ScanStates, VisitsOneOrAllPartitionsAsOfOneMoment) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  batch.PutState(2, "b", "4");
  batch.PutState(1, "c", "2");
  batch.PutState(1, "a", "1");
  batch.PutState(2, "a", "3");
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  Rows rows;
  const auto visit = [&](uint32_t partition, std::string_view stream, std::string_view state) {
    if (rows.empty()) {  // A commit in the middle of the scan is not seen by it.
      StoreBatch late;
      late.PutState(1, "b", "late");
      late.PutState(2, "b", "changed");
      EXPECT_TRUE(store->Commit(std::move(late)).ok());
    }
    rows.push_back(std::to_string(partition) + std::string(stream) + std::string(state));
    return true;
  };
  ASSERT_TRUE(store->ScanStates(std::nullopt, visit).ok());
  EXPECT_THAT(rows, ElementsAre("1a1", "1c2", "2a3", "2b4"));
  rows = {"mark"};
  ASSERT_TRUE(store->ScanStates(1, visit).ok());
  EXPECT_THAT(rows, ElementsAre("mark", "1a1", "1blate", "1c2"));
}

TEST(ScanRecords, StopsWhenTheCallbackSaysSo) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  StoreBatch batch;
  batch.PutRecord(1, "a", "1");
  batch.PutRecord(1, "b", "2");
  batch.PutState(1, "c", "a state");
  ASSERT_TRUE(store->Commit(std::move(batch)).ok());
  int rows = 0;
  const auto stop = [&rows](uint32_t, std::string_view, std::string_view) {
    ++rows;
    return false;
  };
  ASSERT_TRUE(store->ScanRecords(1, stop).ok());
  EXPECT_EQ(rows, 1);
}

}  // namespace
}  // namespace trigpoint
