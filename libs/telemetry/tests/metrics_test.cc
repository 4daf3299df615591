#include "trigpoint/telemetry/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<Metrics> Quiet() {
  auto metrics = Metrics::Start("");
  EXPECT_TRUE(metrics.ok());
  return std::move(metrics).value();
}

void TouchAll(Metrics& metrics) {
  metrics.EventsAppended().Increment(3);
  metrics.EventsFolded("applied").Increment();
  metrics.FoldLag(2).Set(5);
  metrics.LogAvailable().Set(1);
  metrics.KeysAvailable().Set(0);
  metrics.Recommendations("herefordshire", "issued").Increment();
  metrics.Alerts("raised").Increment();
  metrics.SilentFeeds("capacity_reported").Set(2);
  metrics.Quarantined("invalid").Increment();
  metrics.GrpcRequests("trigpoint.v1.ProviderService/GetProvider", "OK").Increment();
  metrics.CommitSeconds().Observe(0.001);
  metrics.ReportToVisibleSeconds().Observe(2);
  metrics.IgnoredDerived().Increment();
  metrics.IgnoredLinks().Increment(3);
  metrics.StoreCommits().Increment(2);
  metrics.StorePuts().Increment(8);
  metrics.StorePutBytes().Increment(1024);
  metrics.LastEventTimestamp("hfd/safeguarding").SetMax(1e9);
  metrics.WebhookDelivered("duty-desk").Increment(2);
  metrics.WebhookFailedAttempts("duty-desk").Increment();
  metrics.WebhookWaiting("duty-desk").Set(4);
  metrics.WebhookDeadLetters("duty-desk").Set(1);
}

TEST(Metrics, HaveTheirFixedNamesTypesAndLabels) {
  const auto metrics = Quiet();
  TouchAll(*metrics);
  const std::string text = metrics->Text();
  for (const std::string_view line :
       {"trigpoint_events_appended_total 3\n",
        "trigpoint_events_folded_total{outcome=\"applied\"} 1\n",
        "trigpoint_fold_lag_events{partition=\"2\"} 5\n",
        "trigpoint_log_available 1\n",
        "trigpoint_keys_available 0\n",
        "trigpoint_store_commits_total 2\n",
        "trigpoint_store_puts_total 8\n",
        "trigpoint_store_put_bytes_total 1024\n",
        "trigpoint_recommendations_total{policy=\"herefordshire\",kind=\"issued\"} 1\n",
        "trigpoint_alerts_total{kind=\"raised\"} 1\n",
        "trigpoint_silent_feeds{kind=\"capacity_reported\"} 2\n",
        "trigpoint_quarantined_total{reason=\"invalid\"} 1\n",
        "trigpoint_grpc_requests_total{method=\"trigpoint.v1.ProviderService/GetProvider\","
        "code=\"OK\"} 1\n",
        "# TYPE trigpoint_commit_seconds histogram\n",
        "trigpoint_commit_seconds_bucket{le=\"0.0005\"} 0\n",
        "trigpoint_commit_seconds_bucket{le=\"0.001\"} 1\n",
        "trigpoint_commit_seconds_bucket{le=\"+Inf\"} 1\n",
        "trigpoint_commit_seconds_count 1\n",
        "# TYPE trigpoint_report_to_visible_seconds histogram\n",
        "trigpoint_ignored_derived_total 1\n",
        "trigpoint_ignored_links_total 3\n",
        "trigpoint_last_event_timestamp_seconds{source=\"hfd/safeguarding\"} 1000000000\n",
        "trigpoint_webhook_delivered_total{endpoint=\"duty-desk\"} 2\n",
        "trigpoint_webhook_failed_attempts_total{endpoint=\"duty-desk\"} 1\n",
        "trigpoint_webhook_waiting_messages{endpoint=\"duty-desk\"} 4\n",
        "trigpoint_webhook_dead_letters{endpoint=\"duty-desk\"} 1\n",
        "trigpoint_build_info{version=\"",
        "# TYPE process_start_time_seconds gauge\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, AreThereBeforeAnythingHappened) {
  const std::string text = Quiet()->Text();
  EXPECT_THAT(text, HasSubstr("\ntrigpoint_events_appended_total 0\n"));
  EXPECT_THAT(text, HasSubstr("trigpoint_commit_seconds_count 0\n"));
}

TEST(Metrics, GiveTheSameSeriesForTheSameLabels) {
  const auto metrics = Quiet();
  EXPECT_EQ(&metrics->Alerts("raised"), &metrics->Alerts("raised"));
  EXPECT_NE(&metrics->Alerts("raised"), &metrics->Alerts("next_tier"));
}

TEST(Metrics, BoundTheValuesOfALabel) {
  const auto metrics = Quiet();
  Counter& first = metrics->EventsFolded("outcome-0");
  for (int i = 0; i < 10000; ++i) {
    metrics->EventsFolded("outcome-" + std::to_string(i)).Increment();
  }
  EXPECT_EQ(first.Value(), 1U);
  EXPECT_EQ(metrics->EventsFolded("outcome-0").Value(), 1U);
  EXPECT_EQ(metrics->EventsFolded("other").Value(), 10000U - 256U);
}

TEST(Metrics, TakeNoPersonalOrForgedLabel) {
  const auto metrics = Quiet();
  metrics->LastEventTimestamp("patient/943 476 5919").Set(1);
  metrics->LastEventTimestamp("a\"} 9\nforged_total 1").Set(2);
  metrics->LastEventTimestamp(std::string(101, 'a')).Set(3);
  const std::string text = metrics->Text();
  EXPECT_THAT(text, Not(HasSubstr("5919")));
  EXPECT_THAT(text, Not(HasSubstr("\nforged_total")));
  EXPECT_THAT(text, HasSubstr("{source=\"a???9?forged_total?1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{source=\"other\"} 3\n"));
}

TEST(Histogram, PutsEachDurationIntoItsBucket) {
  Histogram histogram;
  histogram.Observe(0.0005);
  histogram.Observe(-1);
  histogram.Observe(61);
  histogram.Observe(std::nan(""));
  EXPECT_EQ(histogram.BucketCount(0), 2U);
  EXPECT_EQ(histogram.BucketCount(Histogram::kBounds.size()), 1U);
  EXPECT_DOUBLE_EQ(histogram.Sum(), 61.0005);
}

TEST(Metrics, CountFromManyThreadsWhileTheyAreRead) {
  const auto metrics = Quiet();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&metrics, t] {
        Counter& counter = metrics->EventsAppended();
        for (int i = 0; i < 1000; ++i) {
          counter.Increment();
          metrics->CommitSeconds().Observe(0.01);
          metrics->FoldLag(static_cast<uint32_t>(t)).SetMax(i);
        }
      });
    }
    for (int i = 0; i < 20; ++i) {
      EXPECT_FALSE(metrics->Text().empty());
    }
  }
  EXPECT_THAT(metrics->Text(), HasSubstr("\ntrigpoint_events_appended_total 4000\n"));
  EXPECT_THAT(metrics->Text(), HasSubstr("trigpoint_commit_seconds_count 4000\n"));
  EXPECT_THAT(metrics->Text(), HasSubstr("trigpoint_fold_lag_events{partition=\"3\"} 999\n"));
}

std::string Get(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

TEST(Metrics, AreServedOverHttp) {
  const auto metrics = Metrics::Start("127.0.0.1:0");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  ASSERT_NE((*metrics)->port(), 0);
  (*metrics)->EventsAppended().Increment(42);
  const std::string answer = Get((*metrics)->port());
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr("\ntrigpoint_events_appended_total 42\n"));
  // The port is taken now.
  EXPECT_EQ(Metrics::Start("127.0.0.1:" + std::to_string((*metrics)->port())).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(Metrics, RefuseWhatIsNotAnAddress) {
  for (const std::string_view listen :
       {"9464", ":9464", "127.0.0.1:", "127.0.0.1:9464s", "127.0.0.1:1,0.0.0.0:2", "a b:1", "+1"}) {
    EXPECT_EQ(Metrics::Start(listen).status().code(), absl::StatusCode::kInvalidArgument) << listen;
  }
  EXPECT_EQ(Quiet()->port(), 0);
}

TEST(Metrics, PassPromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP()
        << "promtool is not on the PATH (tools/install_packages --tests fetches it to build/bin)";
  }
  const auto metrics = Quiet();
  TouchAll(*metrics);
  FILE* promtool = popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = metrics->Text();
  EXPECT_EQ(fwrite(text.data(), 1, text.size(), promtool), text.size());
  EXPECT_EQ(pclose(promtool), 0);
}

}  // namespace
}  // namespace trigpoint
