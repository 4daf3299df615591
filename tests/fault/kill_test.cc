// kill -9 at random moments under load: nothing acknowledged is lost, nothing counts twice, and the
// state is that of a fresh replay. TRIGPOINT_SEED repeats a run; TRIGPOINT_KILLS sets the number of
// kills.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "absl/time/clock.h"
#include "node_client.h"
#include "node_process.h"
#include "support.h"

namespace trigpoint {
namespace {

constexpr int kServices = 24;
constexpr int kPartners = 3;

int KillsWanted() {
  const char* given = std::getenv("TRIGPOINT_KILLS");
  return given != nullptr && *given != '\0' ? std::atoi(given) : 20;
}

class KillTest : public testing::Test {
 protected:
  void SetUp() override {
    const int64_t first_us = absl::ToUnixMicros(absl::Now() - absl::Hours(24 * 86));
    for (int i = 0; i < kPartners; ++i) {
      const auto n = static_cast<uint64_t>(i);
      EventLoad load("council-" + std::to_string(i) + "/reports", kServices, seed_ + n, first_us);
      if (i == 0) registrations_ = load.Registrations();
      partners_.emplace_back(std::move(load), &oracle_, seed_ + 100 + n);
    }
  }

  /// The services are known before anybody reports about them.
  void Register() {
    ASSERT_TRUE(node_.Start()) << node_.Printed();
    const auto channel = Connect(node_.address());
    partners_[0].Queue(registrations_);
    const grpc::Status status = partners_[0].SubmitRest(*channel);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  /// All partners submit until the node is killed, somewhere in their load.
  void RunAndKill() {
    std::vector<std::thread> threads;
    for (Partner& partner : partners_) {
      threads.emplace_back([&partner, address = node_.address()] {
        const auto channel = Connect(address);
        static_cast<void>(partner.SubmitUntilBroken(*channel));
      });
    }
    EXPECT_TRUE(oracle_.AwaitAnswers(1 + Below(60, &random_), absl::Now() + absl::Seconds(60)))
        << "no progress";
    // Not to wait for anything: to hit another moment than that of an answer.
    absl::SleepFor(absl::Microseconds(Below(20'000, &random_)));
    node_.Kill();
    for (std::thread& thread : threads) thread.join();
  }

  void SubmitRest() {
    const auto channel = Connect(node_.address());
    for (Partner& partner : partners_) {
      const grpc::Status status = partner.SubmitRest(*channel);
      ASSERT_TRUE(status.ok()) << status.error_message();
    }
  }

  void ExpectEverythingOnce() {
    const auto channel = Connect(node_.address());
    std::map<std::string, std::map<RecordId, const Oracle::Entry*>> expected;
    const auto entries = oracle_.entries();
    for (const auto& [id, entry] : entries) {
      for (const v1::SubmissionOutcome outcome : entry.outcomes) {
        EXPECT_THAT(outcome, testing::AnyOf(v1::SUBMISSION_OUTCOME_ACCEPTED,
                                            v1::SUBMISSION_OUTCOME_DUPLICATE,
                                            v1::SUBMISSION_OUTCOME_SUPERSEDED))
            << Text(id);
      }
      expected[entry.stream_id][id] = &entry;
    }
    std::set<RecordId> submitted;
    for (const Partner& partner : partners_)
      submitted.insert(partner.submitted().begin(), partner.submitted().end());
    EXPECT_EQ(entries.size(), submitted.size()) << "something submitted was never answered";
    std::set<std::string> alert_ids;
    for (const auto& [stream_id, records] : expected) {
      SCOPED_TRACE(stream_id);
      std::map<RecordId, int> seen;
      std::map<std::pair<std::string, std::string>, uint32_t> highest;
      for (const auto& [id, entry] : records) {
        uint32_t& version = highest[{id.source, id.id}];
        version = std::max(version, id.version);
      }
      std::set<std::string> clusters;
      for (const v1::TimelineEntry& entry : ReadTimeline(*channel, stream_id)) {
        const RecordId id{.source = entry.source(),
                          .id = entry.id(),
                          .version = std::max(1U, entry.source_version())};
        if (records.count(id) > 0) {
          ++seen[id];
          EXPECT_EQ(entry.superseded(), id.version < highest.at({id.source, id.id})) << Text(id);
        } else {
          EXPECT_THAT(entry.source(), testing::StartsWith("trigpoint/"))
              << "nobody submitted " << Text(id);
        }
        const auto& alert = entry.event().rapid_quality_review_alert();
        if (entry.event().has_rapid_quality_review_alert()) {
          EXPECT_TRUE(alert_ids.insert(alert.alert_id()).second)
              << "alert twice: " << alert.alert_id();
          if (alert.kind() != v1::RapidQualityReviewAlert::KIND_NEXT_TIER) {
            EXPECT_TRUE(clusters.insert(alert.cluster()).second)
                << "cluster twice: " << alert.cluster();
          }
        }
      }
      for (const auto& [id, entry] : records) EXPECT_EQ(seen[id], 1) << Text(id);
      streams_.insert(stream_id);
    }
    std::set<std::string> listed;
    for (const v1::Alert& alert : ReadAlerts(*channel))
      EXPECT_TRUE(listed.insert(alert.alert_id()).second);
    EXPECT_EQ(listed, alert_ids);
    EXPECT_THAT(ReadVerify(*channel), testing::IsEmpty());
    std::cout << entries.size() << " records of " << streams_.size() << " providers, "
              << listed.size() << " alerts\n";
  }

  /// The store is thrown away and folded again from the log: a node must answer the same.
  void ExpectEqualToFreshReplay() {
    const Folded before = ReadAnswers(*Connect(node_.address()), streams_);
    ASSERT_EQ(node_.Terminate(20), 0) << node_.Printed();
    std::filesystem::remove_all(data_ + "/store");
    ASSERT_TRUE(node_.Start()) << node_.Printed();
    EXPECT_EQ(Differences(before, ReadAnswers(*Connect(node_.address()), streams_)), "");
  }

  void Run(int kills) {
    ASSERT_NO_FATAL_FAILURE(Register());
    for (int kill = 0; kill < kills; ++kill) {
      if (!node_.running()) {
        ASSERT_TRUE(node_.Start()) << "after kill " << kill << ": " << node_.Printed();
      }
      RunAndKill();
      ASSERT_FALSE(HasFailure()) << "kill " << kill;
    }
    ASSERT_TRUE(node_.Start()) << node_.Printed();
    ASSERT_NO_FATAL_FAILURE(SubmitRest());
    ASSERT_NO_FATAL_FAILURE(ExpectEverythingOnce());
    ASSERT_NO_FATAL_FAILURE(ExpectEqualToFreshReplay());
  }

  const uint64_t seed_ = TestSeed();
  std::mt19937_64 random_{seed_};
  ScratchDirectory directory_;
  const std::string data_ = directory_ / "data";
  NodeProcess node_{data_, directory_ / "node.log"};
  Oracle oracle_;
  std::vector<v1::Event> registrations_;
  std::vector<Partner> partners_;
  std::set<std::string> streams_;
};

TEST_F(KillTest, NothingIsLostAndNothingCountsTwice) { Run(KillsWanted()); }

}  // namespace
}  // namespace trigpoint
