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

TEST_F(ProjectorTest, SizeAndOrderOfItsBatchesNeverShow) {
  for (int i = 0; i < 300; ++i) Append(Incident("prv-" + std::to_string(i % 7), i));
  using States = std::map<std::string, std::string>;
  const auto states_with = [this](size_t poll, size_t commit) {
    States states;
    Folded({.batch_records_max = poll, .catch_up_records_max = commit},
           [&states](const Projector& projector) {
             EXPECT_EQ(projector.store().ScanStates(
                           std::nullopt,
                           [&states](uint32_t, std::string_view stream_id, auto state) {
                             states[std::string(stream_id)] = std::string(state);
                             return true;
                           }),
                       absl::OkStatus());
             for (uint32_t p = 0; p < kPartitions; ++p)
               states["fingerprint " + std::to_string(p)] = projector.Fingerprint(p);
           });
    return states;
  };
  const States one_by_one = states_with(1, 1);
  EXPECT_EQ(one_by_one.size(), 7U + kPartitions);
  EXPECT_EQ(states_with(3, 50), one_by_one);
  EXPECT_EQ(states_with(1'000, 100'000), one_by_one);
}

}  // namespace
}  // namespace trigpoint
