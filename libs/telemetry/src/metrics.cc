#include "trigpoint/telemetry/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "identifier_text.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr size_t kMaxSeries = 256;
constexpr size_t kMaxLabelBytes = 100;
constexpr std::string_view kOther = "other";

std::string LabelText(std::string_view value) {
  if (value.empty() || value.size() > kMaxLabelBytes) {
    return std::string(kOther);
  }
  std::string text = IdentifierText(value);
  return text == kRemoved ? std::string(kOther) : text;
}

void Fill(const Counter& from, ClientMetric& to) {
  to.counter.value = static_cast<double>(from.Value());
}

void Fill(const Gauge& from, ClientMetric& to) { to.gauge.value = from.Value(); }

// The count is the sum of the buckets that were read, so that a scrape agrees with itself.
void Fill(const Histogram& from, ClientMetric& to) {
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= Histogram::kBounds.size(); ++i) {
    cumulative += from.BucketCount(i);
    const double bound = i < Histogram::kBounds.size() ? Histogram::kBounds[i]
                                                       : std::numeric_limits<double>::infinity();
    to.histogram.bucket.push_back({.cumulative_count = cumulative, .upper_bound = bound});
  }
  to.histogram.sample_count = cumulative;
  to.histogram.sample_sum = from.Sum();
}

/// The series of one metric, by label values. References stay valid: nothing is ever removed.
template <typename T>
class Family {
 public:
  Family(MetricType type, const char* name, const char* help, std::vector<std::string> labels = {})
      : type_(type), name_(name), help_(help), labels_(std::move(labels)) {}

  T& Get(std::vector<std::string> values) {
    const absl::MutexLock lock(&mutex_);
    if (!series_.contains(values) && series_.size() >= kMaxSeries) {
      std::fill(values.begin(), values.end(), kOther);
    }
    return series_[std::move(values)];
  }

  MetricFamily Collect() const {
    MetricFamily family{.name = name_, .help = help_, .type = type_, .metric = {}};
    const absl::MutexLock lock(&mutex_);
    for (const auto& [values, value] : series_) {
      ClientMetric metric;
      for (size_t i = 0; i < labels_.size(); ++i) {
        metric.label.push_back({labels_[i], values[i]});
      }
      Fill(value, metric);
      family.metric.push_back(std::move(metric));
    }
    return family;
  }

 private:
  const MetricType type_;
  const std::string name_;
  const std::string help_;
  const std::vector<std::string> labels_;
  mutable absl::Mutex mutex_;
  std::map<std::vector<std::string>, T> series_ ABSL_GUARDED_BY(mutex_);
};

/// The kernel's start time of this process, else the present.
double ProcessStartSeconds() {
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  constexpr int kFieldsAfterName = 19;  // starttime is field 22; the name, field 2, ends with ")".
  std::string stat;
  std::getline(std::ifstream("/proc/self/stat") >> std::ws, stat);
  std::istringstream rest(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
  std::string field;
  for (int i = 0; i < kFieldsAfterName; ++i) {
    rest >> field;
  }
  double ticks = 0;
  double uptime = 0;
  std::ifstream("/proc/uptime") >> uptime;
  const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (!(rest >> ticks) || uptime <= 0 || per_second <= 0) {
    return now;
  }
  return now - (uptime - ticks / per_second);
}

bool IsListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
         text.find_first_not_of("0123456789", colon + 1) == std::string_view::npos &&
         std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(colon), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  std::string_view(".:[]-").find(c) != std::string_view::npos;
         });
}

/// Everything that is shown, read at the moment of a scrape.
class AllFamilies final : public prometheus::Collectable {
 public:
  AllFamilies() {
    build_info.Get({TRIGPOINT_VERSION}).Set(1);
    start_time.Get({}).Set(ProcessStartSeconds());
    // Those without labels are there from the start, as 0.
    appended.Get({});
    ignored_derived.Get({});
    ignored_links.Get({});
    store_commits.Get({});
    store_puts.Get({});
    store_bytes.Get({});
    commit.Get({});
    report_to_visible.Get({});
    retention_keys.Get({});
    retention_run.Get({});
  }

  std::vector<MetricFamily> Collect() const override {
    return {appended.Collect(),          folded.Collect(),          fold_lag.Collect(),
            partition_owned.Collect(),   recommendations.Collect(), alerts.Collect(),
            quarantined.Collect(),       grpc_requests.Collect(),   commit.Collect(),
            report_to_visible.Collect(), ignored_derived.Collect(), last_event.Collect(),
            webhook_delivered.Collect(), webhook_failed.Collect(),  webhook_waiting.Collect(),
            webhook_dead.Collect(),      store_commits.Collect(),   store_puts.Collect(),
            store_bytes.Collect(),       silent_feeds.Collect(),    ignored_links.Collect(),
            retention_keys.Collect(),    partner_records.Collect(), partner_dead.Collect(),
            partner_lost.Collect(),      partner_lag.Collect(),     retention_run.Collect(),
            log_available.Collect(),     keys_available.Collect(),  build_info.Collect(),
            start_time.Collect()};
  }

  Family<Counter> appended{MetricType::Counter, "trigpoint_events_appended_total",
                           "Events made durable in the log."};
  Family<Counter> folded{MetricType::Counter,
                         "trigpoint_events_folded_total",
                         "Events folded into provider states, by outcome.",
                         {"outcome"}};
  Family<Gauge> fold_lag{MetricType::Gauge,
                         "trigpoint_fold_lag_events",
                         "Events in the log that are not folded yet.",
                         {"partition"}};
  Family<Gauge> partition_owned{MetricType::Gauge,
                                "trigpoint_partition_owned",
                                "Whether this process speaks for the partition.",
                                {"partition"}};
  Family<Gauge> log_available{MetricType::Gauge, "trigpoint_log_available",
                              "Whether the log takes appends."};
  Family<Gauge> keys_available{MetricType::Gauge, "trigpoint_keys_available",
                               "Whether keys can be had and made."};
  Family<Counter> recommendations{MetricType::Counter,
                                  "trigpoint_recommendations_total",
                                  "Recommendations issued, revised and withdrawn.",
                                  {"policy", "kind"}};
  Family<Counter> alerts{MetricType::Counter,
                         "trigpoint_alerts_total",
                         "Rapid quality review alerts, by kind.",
                         {"kind"}};
  Family<Gauge> silent_feeds{MetricType::Gauge,
                             "trigpoint_silent_feeds",
                             "Feeds of services that are silent now, by kind.",
                             {"kind"}};
  Family<Counter> quarantined{MetricType::Counter,
                              "trigpoint_quarantined_total",
                              "Submissions put into quarantine, by reason.",
                              {"reason"}};
  Family<Counter> grpc_requests{MetricType::Counter,
                                "trigpoint_grpc_requests_total",
                                "gRPC calls answered, by method and status code.",
                                {"method", "code"}};
  Family<Histogram> commit{MetricType::Histogram, "trigpoint_commit_seconds",
                           "Time from append to durable, of what callers and the clock append."};
  Family<Histogram> report_to_visible{
      MetricType::Histogram, "trigpoint_report_to_visible_seconds",
      "Time from receipt of a report to its effect in reads, of those "
      "that were accepted at once."};
  Family<Counter> ignored_derived{MetricType::Counter, "trigpoint_ignored_derived_total",
                                  "Derived events that a fold left out."};
  Family<Counter> ignored_links{MetricType::Counter, "trigpoint_ignored_links_total",
                                "Links that would make a service its own predecessor."};
  Family<Counter> store_commits{MetricType::Counter, "trigpoint_store_commits_total",
                                "Batches that the fold wrote into its store."};
  Family<Counter> store_puts{MetricType::Counter, "trigpoint_store_puts_total",
                             "Puts and deletes in these batches."};
  Family<Counter> store_bytes{MetricType::Counter, "trigpoint_store_put_bytes_total",
                              "Keys and values of these puts."};
  Family<Gauge> last_event{MetricType::Gauge,
                           "trigpoint_last_event_timestamp_seconds",
                           "Receipt of the newest event of a source, Unix time.",
                           {"source"}};
  Family<Counter> webhook_delivered{MetricType::Counter,
                                    "trigpoint_webhook_delivered_total",
                                    "Messages that a webhook has taken.",
                                    {"endpoint"}};
  Family<Counter> webhook_failed{MetricType::Counter,
                                 "trigpoint_webhook_failed_attempts_total",
                                 "Attempts that a webhook has not taken.",
                                 {"endpoint"}};
  Family<Gauge> webhook_waiting{MetricType::Gauge,
                                "trigpoint_webhook_waiting_messages",
                                "Messages not delivered yet, dead letters apart.",
                                {"endpoint"}};
  Family<Gauge> webhook_dead{MetricType::Gauge,
                             "trigpoint_webhook_dead_letters",
                             "Messages that were given up and not sent again.",
                             {"endpoint"}};
  Family<Counter> partner_records{MetricType::Counter,
                                  "trigpoint_partner_records_total",
                                  "Records of a partner's topic that were taken and answered.",
                                  {"topic", "outcome"}};
  Family<Counter> partner_dead{MetricType::Counter,
                               "trigpoint_partner_dead_letters_total",
                               "Records that the dead-letter topic was told of.",
                               {"topic"}};
  Family<Counter> partner_lost{MetricType::Counter,
                               "trigpoint_partner_lost_records_total",
                               "Records that were gone before they were read.",
                               {"topic"}};
  Family<Gauge> partner_lag{MetricType::Gauge,
                            "trigpoint_partner_lag_records",
                            "Records that are still to be read.",
                            {"topic"}};
  Family<Counter> retention_keys{MetricType::Counter, "trigpoint_retention_erased_keys_total",
                                 "Keys that rules of retention destroyed."};
  Family<Gauge> retention_run{MetricType::Gauge, "trigpoint_retention_last_run_timestamp_seconds",
                              "End of the last run of retention without an error, Unix time."};
  Family<Gauge> build_info{MetricType::Gauge,
                           "trigpoint_build_info",
                           "Always 1; the version stands in the label.",
                           {"version"}};
  Family<Gauge> start_time{MetricType::Gauge, "process_start_time_seconds",
                           "Start of the process, Unix time."};
};

}  // namespace

void Gauge::SetMax(double value) {
  double seen = value_.load(std::memory_order_relaxed);
  while (seen < value && !value_.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

void Histogram::Observe(double seconds) {
  if (std::isnan(seconds)) {
    return;
  }
  seconds = std::max(seconds, 0.0);
  const auto bucket = static_cast<size_t>(
      std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin());
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(seconds, std::memory_order_relaxed);
}

uint64_t Histogram::BucketCount(size_t bucket) const {
  return buckets_[bucket].load(std::memory_order_relaxed);
}

class Metrics::Impl {
 public:
  std::shared_ptr<AllFamilies> families = std::make_shared<AllFamilies>();
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Metrics::~Metrics() = default;

absl::StatusOr<std::unique_ptr<Metrics>> Metrics::Start(std::string_view listen) {
  auto impl = std::make_unique<Impl>();
  if (!listen.empty()) {
    if (!IsListenAddress(listen)) {
      return MakeStatus(absl::StatusCode::kInvalidArgument,
                        "the metrics address must be host:port, e.g. 127.0.0.1:9464");
    }
    // The server throws when it cannot listen; nothing of it passes this function.
    try {
      impl->exposer = std::make_unique<prometheus::Exposer>(std::string(listen));
      impl->exposer->RegisterCollectable(impl->families);
    } catch (const std::exception&) {
      return MakeStatus(absl::StatusCode::kUnavailable,
                        "metrics cannot listen on " + std::string(listen) +
                            ": is the address of this host, and is the port free?");
    }
  }
  return std::unique_ptr<Metrics>(new Metrics(std::move(impl)));
}

Counter& Metrics::EventsAppended() { return impl_->families->appended.Get({}); }
Counter& Metrics::EventsFolded(std::string_view outcome) {
  return impl_->families->folded.Get({LabelText(outcome)});
}
Gauge& Metrics::FoldLag(uint32_t partition) {
  return impl_->families->fold_lag.Get({std::to_string(partition)});
}
Gauge& Metrics::PartitionOwned(uint32_t partition) {
  return impl_->families->partition_owned.Get({std::to_string(partition)});
}
Gauge& Metrics::LogAvailable() { return impl_->families->log_available.Get({}); }
Gauge& Metrics::KeysAvailable() { return impl_->families->keys_available.Get({}); }
Counter& Metrics::Recommendations(std::string_view policy, std::string_view kind) {
  return impl_->families->recommendations.Get({LabelText(policy), LabelText(kind)});
}
Counter& Metrics::Alerts(std::string_view kind) {
  return impl_->families->alerts.Get({LabelText(kind)});
}
Gauge& Metrics::SilentFeeds(std::string_view kind) {
  return impl_->families->silent_feeds.Get({LabelText(kind)});
}
Counter& Metrics::Quarantined(std::string_view reason) {
  return impl_->families->quarantined.Get({LabelText(reason)});
}
Counter& Metrics::GrpcRequests(std::string_view method, std::string_view code) {
  return impl_->families->grpc_requests.Get({LabelText(method), LabelText(code)});
}
Histogram& Metrics::CommitSeconds() { return impl_->families->commit.Get({}); }
Histogram& Metrics::ReportToVisibleSeconds() { return impl_->families->report_to_visible.Get({}); }
Counter& Metrics::IgnoredDerived() { return impl_->families->ignored_derived.Get({}); }
Counter& Metrics::IgnoredLinks() { return impl_->families->ignored_links.Get({}); }
Counter& Metrics::StoreCommits() { return impl_->families->store_commits.Get({}); }
Counter& Metrics::StorePuts() { return impl_->families->store_puts.Get({}); }
Counter& Metrics::StorePutBytes() { return impl_->families->store_bytes.Get({}); }
Gauge& Metrics::LastEventTimestamp(std::string_view source) {
  return impl_->families->last_event.Get({LabelText(source)});
}

Counter& Metrics::WebhookDelivered(std::string_view endpoint) {
  return impl_->families->webhook_delivered.Get({LabelText(endpoint)});
}
Counter& Metrics::WebhookFailedAttempts(std::string_view endpoint) {
  return impl_->families->webhook_failed.Get({LabelText(endpoint)});
}
Gauge& Metrics::WebhookWaiting(std::string_view endpoint) {
  return impl_->families->webhook_waiting.Get({LabelText(endpoint)});
}
Counter& Metrics::PartnerRecords(std::string_view topic, std::string_view outcome) {
  return impl_->families->partner_records.Get({LabelText(topic), LabelText(outcome)});
}

Counter& Metrics::PartnerDeadLetters(std::string_view topic) {
  return impl_->families->partner_dead.Get({LabelText(topic)});
}

Counter& Metrics::PartnerLostRecords(std::string_view topic) {
  return impl_->families->partner_lost.Get({LabelText(topic)});
}

Gauge& Metrics::PartnerLag(std::string_view topic) {
  return impl_->families->partner_lag.Get({LabelText(topic)});
}

Gauge& Metrics::WebhookDeadLetters(std::string_view endpoint) {
  return impl_->families->webhook_dead.Get({LabelText(endpoint)});
}

Counter& Metrics::RetentionErasedKeys() { return impl_->families->retention_keys.Get({}); }
Gauge& Metrics::RetentionLastRunTimestamp() { return impl_->families->retention_run.Get({}); }

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(impl_->families->Collect());
}

int Metrics::port() const {
  if (impl_->exposer == nullptr) {
    return 0;
  }
  const std::vector<int> ports = impl_->exposer->GetListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

}  // namespace trigpoint
