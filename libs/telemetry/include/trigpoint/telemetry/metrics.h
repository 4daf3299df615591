#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

/// The numbers that this service shows to Prometheus.
///
/// Each metric is a method, so names are fixed; label values are bounded: characters outside
/// [A-Za-z0-9._:/@+-] become "?", and what comes after the first 256 values of a metric, is longer
/// than 100 bytes or could be an NHS number is counted under "other". A provider, a person or an
/// event is never a label (product.md 3.3).
namespace trigpoint {

/// A number that only grows. Thread-safe, wait-free.
class Counter {
 public:
  /// Adds to it.
  void Increment(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  /// Gives the present value.
  uint64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// A number that goes up and down. Thread-safe, wait-free.
class Gauge {
 public:
  /// Replaces the value.
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  /// Raises the value to `value` when that is greater; for newest-timestamp gauges.
  void SetMax(double value);
  /// Gives the present value.
  double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// A distribution of seconds over fixed buckets. Thread-safe, lock-free.
class Histogram {
 public:
  /// Upper bounds of the buckets in seconds, inclusive; a last one without bound follows.
  static constexpr std::array<double, 16> kBounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

  /// Counts one duration. A negative one (clocks differ) counts as 0; one that is not a number is
  /// ignored.
  void Observe(double seconds);
  /// Gives the number of observations in one bucket; `bucket` is 0..kBounds.size().
  uint64_t BucketCount(size_t bucket) const;
  /// Gives the sum of all observations in seconds.
  double Sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<double> sum_{0};
};

/// All metrics of a process, and the endpoint "/metrics" that shows them. The library behind the
/// endpoint adds exposer_* about itself, which it cannot be told to leave out.
/// Threading: thread-safe. Looking a metric up takes a lock: do it once and keep the reference.
/// Lifetime: references stay valid as long as this object.
class Metrics {
 public:
  /// Starts; listens at "host:port" (port 0: any free one), or nowhere when `listen` is empty.
  /// Whether the address is allowed is the caller's matter (CheckListen in access).
  /// Errors: InvalidArgument when it is not an address; Unavailable when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<Metrics>> Start(std::string_view listen);

  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  /// trigpoint_events_appended_total: events made durable in the log since start, whoever made
  /// them.
  Counter& EventsAppended();
  /// trigpoint_events_folded_total{outcome}: e.g. "applied", "duplicate", "superseded".
  Counter& EventsFolded(std::string_view outcome);
  /// trigpoint_fold_lag_events{partition}: events in the log that are not folded yet.
  Gauge& FoldLag(uint32_t partition);
  /// trigpoint_partition_owned{partition}: 1 where this process speaks for the partition, else 0.
  Gauge& PartitionOwned(uint32_t partition);
  /// trigpoint_log_available: 1 while the log takes appends, else 0: its disk is full, or its
  /// brokers do not answer.
  Gauge& LogAvailable();
  /// trigpoint_keys_available: 1 while keys can be had and made, else 0.
  Gauge& KeysAvailable();
  /// trigpoint_recommendations_total{policy,kind}: kind "issued", "revised", "withdrawn". This and
  /// the next leave out what a start or a rebuild folds again.
  Counter& Recommendations(std::string_view policy, std::string_view kind);
  /// trigpoint_alerts_total{kind}: "raised", "cluster_attached", "next_tier".
  Counter& Alerts(std::string_view kind);
  /// trigpoint_silent_feeds{kind}: feeds that are silent now, of all services; kind as in
  /// "monitoring_return_received".
  Gauge& SilentFeeds(std::string_view kind);
  /// trigpoint_quarantined_total{reason}: "invalid", "conflict", "unreadable".
  Counter& Quarantined(std::string_view reason);
  /// trigpoint_grpc_requests_total{method,code}: code as in "PERMISSION_DENIED".
  Counter& GrpcRequests(std::string_view method, std::string_view code);
  /// trigpoint_commit_seconds: from append to durable, of what callers and the clock append.
  Histogram& CommitSeconds();
  /// trigpoint_report_to_visible_seconds: from receipt to visible in a read, of reports that were
  /// accepted at once; history and what waited for its subject are not in it.
  Histogram& ReportToVisibleSeconds();
  /// trigpoint_ignored_derived_total: derived events that a fold recomputed and left out.
  Counter& IgnoredDerived();
  /// trigpoint_ignored_links_total: links that would make a service its own predecessor.
  Counter& IgnoredLinks();
  /// trigpoint_store_commits_total: batches that the fold wrote into its store.
  Counter& StoreCommits();
  /// trigpoint_store_puts_total: puts and deletes in these batches.
  Counter& StorePuts();
  /// trigpoint_store_put_bytes_total: keys and values of these puts.
  Counter& StorePutBytes();
  /// trigpoint_last_event_timestamp_seconds{source}: receipt of the newest event (Unix seconds).
  Gauge& LastEventTimestamp(std::string_view source);
  /// trigpoint_webhook_delivered_total{endpoint}: messages that a webhook has taken.
  Counter& WebhookDelivered(std::string_view endpoint);
  /// trigpoint_webhook_failed_attempts_total{endpoint}: attempts that it has not.
  Counter& WebhookFailedAttempts(std::string_view endpoint);
  /// trigpoint_webhook_waiting_messages{endpoint}: not delivered yet, dead letters apart.
  Gauge& WebhookWaiting(std::string_view endpoint);
  /// trigpoint_webhook_dead_letters{endpoint}: given up, until they are sent again.
  Gauge& WebhookDeadLetters(std::string_view endpoint);
  /// trigpoint_partner_records_total{topic,outcome}: records of a partner's topic that were taken
  /// and answered; outcome as in "accepted".
  Counter& PartnerRecords(std::string_view topic, std::string_view outcome);
  /// trigpoint_partner_dead_letters_total{topic}: of these, told to the dead-letter topic.
  Counter& PartnerDeadLetters(std::string_view topic);
  /// trigpoint_partner_lost_records_total{topic}: records that the brokers no longer had when they
  /// were to be read.
  Counter& PartnerLostRecords(std::string_view topic);
  /// trigpoint_partner_lag_records{topic}: records that this process is still to read.
  Gauge& PartnerLag(std::string_view topic);
  /// trigpoint_retention_erased_keys_total: keys that rules of retention destroyed since start.
  Counter& RetentionErasedKeys();
  /// trigpoint_retention_last_run_timestamp_seconds: end of the last run without an error; 0: none.
  Gauge& RetentionLastRunTimestamp();

  /// Gives the Prometheus text exposition; trigpoint_build_info and process_start_time_seconds are
  /// part of it.
  std::string Text() const;

  /// Gives the port that is listened on; 0 when there is none.
  int port() const;

 private:
  class Impl;
  explicit Metrics(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trigpoint
