// What the projector keeps in memory, and how much it takes at once, never shows in any result.
#include "trigpoint/engine/projector.h"

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "owner.h"
#include "temp_dir.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {
namespace {

constexpr uint32_t kPartitions = 4;

v1::Event Incident(const std::string& stream_id, int number, v1::Harm harm = v1::HARM_LOW) {
  v1::Event event;
  event.set_source("home");
  event.set_id("incident-" + std::to_string(number));
  event.mutable_incident_reported()->set_physical_harm(harm);
  Stamp(kStart + number, &event);
  event.set_stream_id(stream_id);
  return event;
}

class ProjectorTest : public testing::Test {
 public:
  void Append(const v1::Event& event) {
    const uint32_t partition = PartitionOf(event.stream_id(), kPartitions);
    ASSERT_TRUE(AppendAndWait(*log_, partition, {event.SerializeAsString()}).ok());
  }

  /// Folds the log into an empty store; `use` sees it.
  template <typename Use>
  void Folded(const ProjectorOptions& options, const Use& use) {
    const TempDir directory;
    auto store = Store::Open({.directory = directory.path() + "/store"});
    ASSERT_TRUE(store.ok()) << store.status();
    auto projector = Projector::Open(log_.get(), store->get(), options);
    ASSERT_TRUE(projector.ok()) << projector.status();
    ASSERT_EQ((*projector)->CatchUp(), absl::OkStatus());
    use(**projector);
  }

  std::unique_ptr<EventLog> log_ = NewMemoryLog(kPartitions + 1);
};

TEST_F(ProjectorTest, KnowsARecordAgainHoweverManyCameBetweenAndSinceWhenItRuns) {
  constexpr int kMany = 5'000;  // More than it keeps in memory of one service.
  for (int i = 0; i < kMany; ++i) Append(Incident("prv-1", i));
  for (const int again : {0, 2'500, kMany - 1}) Append(Incident("prv-1", again));
  Append(Incident("prv-1", 7, v1::HARM_SEVERE));
  Append(Incident("prv-2", 7));  // Of another service: another record.
  Append(Incident("prv-2", 7));
  for (const size_t records : {size_t{100}, size_t{1'000}, size_t{100'000}}) {
    Folded({.batch_records_max = records, .catch_up_records_max = records},
           [&](const Projector& projector) {
             EXPECT_EQ(projector.counters().duplicates.load(), 4U) << records;
             EXPECT_EQ(projector.counters().conflicts.load(), 1U) << records;
           });
  }
}

TEST_F(ProjectorTest, KnowsARecordAgainAfterARestart) {
  Append(Incident("prv-1", 1));
  const TempDir directory;
  for (const uint64_t duplicates : {0U, 1U, 1U}) {  // Counted since its start.
    auto store = Store::Open({.directory = directory.path() + "/store"});
    ASSERT_TRUE(store.ok()) << store.status();
    auto projector = Projector::Open(log_.get(), store->get(), {});
    ASSERT_TRUE(projector.ok()) << projector.status();
    ASSERT_EQ((*projector)->CatchUp(), absl::OkStatus());
    EXPECT_EQ((*projector)->counters().duplicates.load(), duplicates);
    Append(Incident("prv-1", 1));
  }
}

/// A record of a partner that cannot be used never reaches the log; one that stands in it is not
/// skipped, for everything after it would rest on a gap.
TEST_F(ProjectorTest, StopsAtARecordThatIsNoEventOrOfAnUnknownKindAndSkipsNothing) {
  v1::Event unknown = Incident("prv-1", 2);
  unknown.clear_incident_reported();
  const std::pair<std::string, absl::StatusCode> kPoison[] = {
      {"\xff is no event", absl::StatusCode::kDataLoss},
      {unknown.SerializeAsString(), absl::StatusCode::kUnimplemented}};
  for (const auto& [poison, code] : kPoison) {
    // Given a log with such a record between two events
    log_ = NewMemoryLog(kPartitions + 1);
    const uint32_t p = PartitionOf("prv-1", kPartitions);
    Append(Incident("prv-1", 1));
    ASSERT_TRUE(AppendAndWait(*log_, p, {poison}).ok());
    Append(Incident("prv-1", 3));
    const TempDir directory;
    for (int start = 0; start < 2; ++start) {
      // When it is folded, and folded again after a restart
      auto store = Store::Open({.directory = directory.path() + "/store"});
      ASSERT_TRUE(store.ok()) << store.status();
      auto projector = Projector::Open(log_.get(), store->get(), {});
      ASSERT_TRUE(projector.ok()) << projector.status();
      const absl::Status stopped = (*projector)->CatchUp();
      // Then it stops there each time, says where, and shows nothing of what follows
      EXPECT_EQ(stopped.code(), code) << stopped;
      EXPECT_THAT(std::string(stopped.message()),
                  testing::HasSubstr("partition " + std::to_string(p) + " offset 1"));
      EXPECT_EQ((*projector)->Folded()[p], 0) << "its batch is folded as a whole or not at all";
    }
  }
}

using States = std::map<std::string, std::string>;

/// States as a projector reads them that has none in memory.
States StatesOf(EventLog* log, Store* store) {
  States states;
  const auto projector = Projector::Open(log, store, {});
  EXPECT_TRUE(projector.ok()) << projector.status();
  for (const auto& line : (*projector)->Summaries()) {
    const auto read = (*projector)->Read(line.stream_id());
    EXPECT_TRUE(read.ok()) << read.status();
    states[line.stream_id()] = read->state.SerializeAsString();
  }
  for (uint32_t p = 0; p < kPartitions; ++p)
    states["fingerprint " + std::to_string(p)] = (*projector)->Fingerprint(p);
  return states;
}

/// Reports of a few services over six years, in no order, some corrected or retracted since.
std::vector<v1::Event> Traffic(int count) {
  std::vector<v1::Event> events;
  uint32_t random = 1;
  const auto below = [&random](uint32_t limit) {
    random = random * 1'664'525U + 1'013'904'223U;
    return static_cast<int>((random >> 8) % limit);
  };
  for (int i = 0; i < count; ++i) {
    const int64_t known = kStart + i * 6 * 365 * kDay / count;
    v1::Event event;
    const int what = below(20);
    if (what < 3 && i > 0) {  // A new version of an earlier one, or its retraction.
      event = events[static_cast<size_t>(below(static_cast<uint32_t>(i)))];
      event.set_source_version(event.source_version() + 1);
      if (what == 0) event.mutable_event_retracted();
    } else {
      event = Incident("prv-" + std::to_string(below(3)), i);
      event.set_source_version(1);
    }
    SetMicros(known - below(400) * kDay, event.mutable_occurred_at());
    Stamp(known, &event);
    events.push_back(std::move(event));
  }
  return events;
}

TEST_F(ProjectorTest, HowMuchItTakesAtOnceNeverShows) {
  for (const auto& event : Traffic(600)) Append(event);
  States expected;
  for (const auto& [poll, commit] : {std::pair<size_t, size_t>{1, 1}, {3, 50}, {1'000, 100'000}}) {
    const TempDir directory;
    auto store = Store::Open({.directory = directory.path() + "/store"});
    ASSERT_TRUE(store.ok()) << store.status();
    {
      auto projector = Projector::Open(log_.get(), store->get(),
                                       {.batch_records_max = poll, .catch_up_records_max = commit});
      ASSERT_TRUE(projector.ok()) << projector.status();
      ASSERT_EQ((*projector)->CatchUp(), absl::OkStatus());
    }
    const States states = StatesOf(log_.get(), store->get());
    EXPECT_EQ(states.size(), 3U + kPartitions);
    if (expected.empty()) expected = states;
    EXPECT_EQ(states, expected) << poll << " and " << commit;
  }
}

TEST_F(ProjectorTest, WhatIsInMemoryAndWhatIsReadBackIsTheSame) {
  const TempDir directory;
  auto store = Store::Open({.directory = directory.path() + "/store"});
  ASSERT_TRUE(store.ok()) << store.status();
  int appended = 0;
  for (const auto& event : Traffic(600)) {
    Append(event);
    if (++appended % 37 != 0) continue;
    auto projector = Projector::Open(log_.get(), store->get(), {.catch_up_records_max = 5});
    ASSERT_TRUE(projector.ok()) << projector.status();
    ASSERT_EQ((*projector)->CatchUp(), absl::OkStatus());
    States in_memory;
    for (const auto& line : (*projector)->Summaries())
      in_memory[line.stream_id()] = (*projector)->Read(line.stream_id())->state.SerializeAsString();
    projector->reset();
    States read_back = StatesOf(log_.get(), store->get());
    std::erase_if(read_back, [](const auto& one) { return one.first.starts_with("finger"); });
    EXPECT_EQ(read_back, in_memory) << "after " << appended;
  }
}

}  // namespace
}  // namespace trigpoint
