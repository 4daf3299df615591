// Log, store and projector in this process over a file system that forgets what was not synced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "fault_env.h"
#include "support.h"
#include "trigpoint/base/status.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {
namespace {

constexpr int kServices = 16;
constexpr int64_t kFirstReceivedUs = 1'775'000'000'000'000;  // 2026-03-31

/// What the log acknowledged: where each record stands, and its digest.
struct Acknowledged {
  std::string stream_id;
  Position position;
  Digest digest{};
};
using Ledger = std::map<RecordId, Acknowledged>;

/// Appends the load to a log and keeps the ledger. Threading: one thread appends, others may look.
class Appender {
 public:
  Appender(EventLog* log, EventLoad* load, int64_t* now_us, Ledger* ledger, absl::Mutex* mu)
      : log_(log), load_(load), now_us_(now_us), ledger_(ledger), mu_(mu) {}

  /// Appends one event; the answer comes later, from the log's thread.
  void Append(const v1::Event& submitted) {
    const v1::Event event = Stamped(submitted, *now_us_ += 1'000'000);
    const uint32_t partition = PartitionOf(event.stream_id(), kPartitions - 1);
    std::string bytes = event.SerializeAsString();
    const Digest digest = DigestOf(bytes);
    {
      const absl::MutexLock lock(mu_);
      mu_->Await(absl::Condition(
          +[](int* in_flight) { return *in_flight < 64; }, &in_flight_));
      ++in_flight_;
    }
    log_->Append(
        partition, {std::move(bytes)},
        [this, id = IdOf(event), stream = event.stream_id(), digest](absl::StatusOr<Position> at) {
          const absl::MutexLock lock(mu_);
          --in_flight_;
          // A redelivery is acknowledged as well; the first place counts.
          if (at.ok()) ledger_->try_emplace(id, Acknowledged{stream, *at, digest});
        });
  }
  void Next() { Append(load_->Next()); }
  void WaitForAnswers() {
    const absl::MutexLock lock(mu_);
    mu_->Await(absl::Condition(
        +[](int* in_flight) { return *in_flight == 0; }, &in_flight_));
  }

 private:
  EventLog* log_;
  EventLoad* load_;
  int64_t* now_us_;
  Ledger* ledger_;
  absl::Mutex* mu_;
  int in_flight_ = 0;
};

absl::Status Begin(Parts* parts, Appender* appender, const EventLoad& load) {
  for (const v1::Event& activation : PolicyActivations()) {
    for (uint32_t p = 0; p < kPartitions; ++p) {
      TP_RETURN_IF_ERROR(AppendAndWait(parts->log(), p, {activation.SerializeAsString()}).status());
    }
  }
  for (const v1::Event& registration : load.Registrations()) appender->Append(registration);
  appender->WaitForAnswers();
  return absl::OkStatus();
}

size_t Missing(const EventLog& log, const Ledger& ledger) {
  size_t missing = 0;
  for (const auto& [id, acknowledged] : ledger) {
    const auto digest = log.DigestAt(acknowledged.position);
    if (!digest.ok() || *digest != acknowledged.digest) ++missing;
  }
  return missing;
}

/// Every acknowledged record is once in its timeline; every alert is there once for its cluster.
void ExpectFoldedOnce(Projector& projector, const Ledger& ledger) {
  std::map<std::string, std::map<RecordId, int>> timelines;
  std::map<std::pair<std::string, std::string>, int> alerts;
  for (const auto& [id, acknowledged] : ledger) {
    auto [timeline, fresh] = timelines.try_emplace(acknowledged.stream_id);
    if (fresh) {
      const auto events = projector.ReadEvents(acknowledged.stream_id, 0, UINT64_MAX);
      ASSERT_TRUE(events.ok()) << events.status();
      for (const v1::StoredEvent& stored : *events) {
        ++timeline->second[IdOf(stored.event())];
        const auto& alert = stored.event().rapid_quality_review_alert();
        if (stored.event().has_rapid_quality_review_alert() &&
            alert.kind() != v1::RapidQualityReviewAlert::KIND_NEXT_TIER) {
          ++alerts[{acknowledged.stream_id, alert.cluster()}];
        }
      }
    }
    ASSERT_EQ(timeline->second[id], 1) << Text(id);
  }
  for (const auto& [cluster, count] : alerts)
    EXPECT_EQ(count, 1) << cluster.first << ' ' << cluster.second;
}

/// What was recorded follows from its causes, and the state is that of a fresh replay.
void ExpectEqualToFreshReplay(Parts& parts, const std::string& scratch) {
  const auto differences = VerifyAll(parts.projector());
  ASSERT_TRUE(differences.ok()) << differences.status();
  EXPECT_THAT(*differences, testing::IsEmpty());
  const auto folded = ReadFolded(parts.store(), kPartitions);
  const auto fresh = FreshReplay(&parts.log(), scratch);
  ASSERT_TRUE(folded.ok()) << folded.status();
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_EQ(Differences(*folded, *fresh), "");
}

class PowerCutTest : public testing::Test {
 protected:
  std::string Life(int n) const { return directory_ / ("life" + std::to_string(n)); }

  /// Runs under load until `records` more are acknowledged; then the power goes. Gives the ledger
  /// of that moment.
  Ledger RunAndCut(Parts* parts, EventLoad* load, uint64_t records, const std::string& to) {
    Appender appender(&parts->log(), load, &now_us_, &ledger_, &mu_);
    if (ledger_.empty()) {
      EXPECT_EQ(Begin(parts, &appender, *load), absl::OkStatus());
    }
    EXPECT_EQ(parts->projector().Start(), absl::OkStatus());
    std::atomic<bool> stop{false};
    std::thread thread([&] {
      while (!stop.load()) {
        appender.Next();
        if (Below(10, &random_) == 0) appender.Append(load->Redelivery(Below(2, &random_) == 0));
      }
      appender.WaitForAnswers();
    });
    Ledger before;
    {
      const absl::MutexLock lock(&mu_);
      target_ = ledger_.size() + records;
      mu_.Await(absl::Condition(this, &PowerCutTest::ReachedTarget));
      before = ledger_;  // All of it was acknowledged before the cut.
    }
    env_.PowerCut(parts_directory_, to);
    stop.store(true);
    thread.join();
    return before;
  }
  bool ReachedTarget() const { return ledger_.size() >= target_; }

  absl::Status Open(Parts* parts, const std::string& directory, bool log_sync, bool store_sync) {
    parts_directory_ = directory;
    return parts->Open({.directory = directory,
                        .env = &env_,
                        .log_sync = log_sync,
                        .store_sync = store_sync,
                        .batch_records_max = 1 + Below(40, &random_)});
  }

  const uint64_t seed_ = TestSeed();
  std::mt19937_64 random_{seed_};
  ScratchDirectory directory_;
  FaultEnv env_;
  absl::Mutex mu_;
  Ledger ledger_;
  size_t target_ = 0;
  int64_t now_us_ = kFirstReceivedUs;
  std::string parts_directory_;
};

TEST_F(PowerCutTest, NothingAcknowledgedIsLostAndNothingCountsTwice) {
  constexpr int kCuts = 8;
  EventLoad load("council/safeguarding", kServices, seed_);
  for (int cut = 0; cut <= kCuts; ++cut) {
    SCOPED_TRACE("after cut " + std::to_string(cut));
    Parts parts;
    ASSERT_EQ(Open(&parts, Life(cut), true, true), absl::OkStatus());
    ASSERT_EQ(Missing(parts.log(), ledger_), 0U);
    if (cut > 0) {
      ExpectFoldedOnce(parts.projector(), ledger_);
      // What CatchUp appended at its end is folded next.
      ASSERT_EQ(parts.projector().CatchUp(), absl::OkStatus());
      ExpectEqualToFreshReplay(parts, directory_ / ("replay" + std::to_string(cut)));
    }
    if (HasFailure() || cut == kCuts) break;
    ledger_ = RunAndCut(&parts, &load, 20 + Below(100, &random_), Life(cut + 1));
    parts.Close();
    std::filesystem::remove_all(Life(cut));
  }
  EXPECT_GT(ledger_.size(), 150U);
}

// Without syncs the same run must lose, or this file proves nothing.
TEST_F(PowerCutTest, WithoutSyncTheLossIsSeen) {
  EventLoad load("council/safeguarding", kServices, seed_);
  {
    Parts parts;
    ASSERT_EQ(Open(&parts, Life(0), false, false), absl::OkStatus());
    ledger_ = RunAndCut(&parts, &load, 200, Life(1));
  }
  Parts parts;
  const absl::Status opened = Open(&parts, Life(1), false, false);
  if (opened.ok()) {
    EXPECT_GT(Missing(parts.log(), ledger_), 0U);
  } else {
    EXPECT_THAT(std::string(opened.message()), testing::Not(testing::IsEmpty()));
  }
}

TEST_F(PowerCutTest, ALogThatLostWhatTheStoreHasFoldedIsRefused) {
  absl::Status opened;
  // On a busy machine the fold may have had no turn before the cut: such a try shows nothing.
  for (int life = 0; life < 40 && opened.ok(); life += 2) {
    EventLoad load("council/safeguarding", kServices, seed_ + static_cast<uint64_t>(life));
    ledger_.clear();
    {
      Parts parts;
      ASSERT_EQ(Open(&parts, Life(life), false, true), absl::OkStatus());
      ledger_ = RunAndCut(&parts, &load, 400, Life(life + 1));
    }
    Parts parts;
    opened = Open(&parts, Life(life + 1), false, true);
  }
  EXPECT_FALSE(opened.ok());
  EXPECT_THAT(std::string(opened.message()),
              testing::AnyOf(testing::HasSubstr("partition"), testing::HasSubstr("log")));
}

TEST_F(PowerCutTest, AStoreThatLostItsLastCommitsIsFoldedAgain) {
  EventLoad load("council/safeguarding", kServices, seed_);
  {
    Parts parts;
    ASSERT_EQ(Open(&parts, Life(0), true, false), absl::OkStatus());
    ledger_ = RunAndCut(&parts, &load, 150, Life(1));
  }
  Parts parts;
  ASSERT_EQ(Open(&parts, Life(1), true, false), absl::OkStatus());
  EXPECT_EQ(Missing(parts.log(), ledger_), 0U);
  ASSERT_EQ(parts.projector().CatchUp(), absl::OkStatus());
  ExpectFoldedOnce(parts.projector(), ledger_);
  ExpectEqualToFreshReplay(parts, directory_ / "replay");
}

// The window in which a recommendation stands in the log behind a later report, and only its cause
// is in the store.
TEST_F(PowerCutTest, ACutBetweenACauseAndItsRecommendationChangesNoProof) {
  EventLoad load("council/safeguarding", 1, seed_);
  const auto assert_risk = [](const std::string& id) {
    v1::Event event = EventLoad("", 1, 0).Registrations()[0];
    event.set_source("council/safeguarding");
    event.set_id(id);
    event.add_themes(v1::THEME_NEGLECT);
    event.mutable_immediate_risk_asserted()->set_grade(v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
    event.mutable_immediate_risk_asserted()->set_asserted_by_role("safeguarding-lead");
    event.mutable_immediate_risk_asserted()->set_rapid_sharing_requested(true);
    return event;
  };
  parts_directory_ = Life(0);
  {
    Parts parts;
    ASSERT_EQ(parts.Open({.directory = Life(0), .env = &env_, .batch_records_max = 1}),
              absl::OkStatus());
    Appender appender(&parts.log(), &load, &now_us_, &ledger_, &mu_);
    ASSERT_EQ(Begin(&parts, &appender, load), absl::OkStatus());
    for (const char* id : {"A", "B", "C"}) appender.Append(assert_risk(id));
    appender.WaitForAnswers();
    // One record at a time, and a copy of the disk after every commit.
    std::vector<int64_t> before = parts.projector().Committed();
    ASSERT_EQ(parts.projector().Start(), absl::OkStatus());
    for (int copy = 1; copy <= 40; ++copy) {
      const absl::Time deadline = absl::Now() + absl::Seconds(2);
      while (parts.projector().Committed() == before && absl::Now() < deadline)
        std::this_thread::yield();
      before = parts.projector().Committed();
      env_.PowerCut(Life(0), Life(copy));
      bool behind = false;
      for (uint32_t p = 0; p < kPartitions; ++p)
        behind = behind || before[p] < *parts.log().HeadOffset(p);
      if (!behind) break;
    }
  }
  for (int copy = 1; std::filesystem::exists(Life(copy)); ++copy) {
    SCOPED_TRACE("copy " + std::to_string(copy));
    Parts parts;
    ASSERT_EQ(parts.Open({.directory = Life(copy), .env = &env_, .batch_records_max = 1}),
              absl::OkStatus());
    ASSERT_EQ(parts.projector().CatchUp(), absl::OkStatus());
    ExpectFoldedOnce(parts.projector(), ledger_);
    ExpectEqualToFreshReplay(parts, directory_ / ("replay" + std::to_string(copy)));
  }
}

}  // namespace
}  // namespace trigpoint
