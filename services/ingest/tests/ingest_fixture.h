#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/common/write_gate.h"
#include "services/ingest/intake.h"
#include "services/ingest/worker_pool.h"
#include "temp_dir.h"
#include "test_keys.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/events/times.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/store/store.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// A log that counts how many records each append had, by partition, and refuses when told to.
class CountingLog final : public EventLog {
 public:
  explicit CountingLog(std::unique_ptr<EventLog> log) : log_(std::move(log)) {}

  /// Sizes of the appends to a partition so far, oldest first.
  std::vector<size_t> AppendsTo(uint32_t partition) const {
    const absl::MutexLock lock(&mu_);
    std::vector<size_t> sizes;
    for (const auto& [to, size] : appends_) {
      if (to == partition) sizes.push_back(size);
    }
    return sizes;
  }

  /// What appends are answered with from now on; OK: they are made.
  void Refuse(absl::Status status) {
    const absl::MutexLock lock(&mu_);
    refusal_ = std::move(status);
    refused_ = 0;
  }
  /// Waits until so many appends were refused, or made, since the last Refuse or since the start.
  void AwaitRefused(int count) const {
    const absl::MutexLock lock(&mu_);
    const auto enough = [&] {
      mu_.AssertHeld();
      return refused_ >= count;
    };
    mu_.Await(absl::Condition(&enough));
  }
  void AwaitAppends(size_t count) const {
    const absl::MutexLock lock(&mu_);
    const auto enough = [&] {
      mu_.AssertHeld();
      return appends_.size() >= count;
    };
    mu_.Await(absl::Condition(&enough));
  }
  size_t appends() const {
    const absl::MutexLock lock(&mu_);
    return appends_.size();
  }

  uint32_t partitions() const override { return log_->partitions(); }
  void Append(uint32_t partition, std::vector<std::string> values, AppendCallback done) override {
    {
      absl::ReleasableMutexLock lock(&mu_);
      if (!refusal_.ok()) {
        const absl::Status refusal = refusal_;
        ++refused_;
        lock.Release();
        done(refusal);
        return;
      }
      appends_.emplace_back(partition, values.size());
    }
    log_->Append(partition, std::move(values), std::move(done));
  }
  absl::StatusOr<int64_t> FirstOffset(uint32_t partition) const override {
    return log_->FirstOffset(partition);
  }
  absl::StatusOr<int64_t> HeadOffset(uint32_t partition) const override {
    return log_->HeadOffset(partition);
  }
  absl::StatusOr<Digest> DigestAt(Position position) const override {
    return log_->DigestAt(position);
  }
  std::unique_ptr<LogReader> NewReader() override { return log_->NewReader(); }
  absl::Status Health() const override { return log_->Health(); }
  absl::Status Close() override { return log_->Close(); }

 private:
  std::unique_ptr<EventLog> log_;
  mutable absl::Mutex mu_;
  std::vector<std::pair<uint32_t, size_t>> appends_ ABSL_GUARDED_BY(mu_);
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
  int refused_ ABSL_GUARDED_BY(mu_) = 0;
};

/// Intake over a log in memory, with a clock that the test moves. One partition for providers, one
/// for controls.
class IngestTest : public testing::Test {
 public:
  IngestTest() { Open(); }
  ~IngestTest() override { Stop(); }

 protected:
  static constexpr uint32_t kControl = 1;

  void Open() {
    auto opened_store = Store::Open({.directory = directory_ / "store"});
    ASSERT_TRUE(opened_store.ok()) << opened_store.status();
    store_ = *std::move(opened_store);
    TestKeys opened_keys = TestKeys::Open(directory_.path());
    key_server_ = std::move(opened_keys.server);
    keys_ = std::move(opened_keys.keys);
    vault_ = std::move(opened_keys.vault);
    ASSERT_TRUE(keys_ != nullptr && vault_ != nullptr);
    auto opened = Projector::Open(&log_, store_.get(), {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    projector_ = *std::move(opened);
    ASSERT_TRUE(projector_->CatchUp().ok());
    ASSERT_TRUE(projector_->Start().ok());
    auto opened_metrics = Metrics::Start("");
    ASSERT_TRUE(opened_metrics.ok());
    metrics_ = *std::move(opened_metrics);
    writer_ = std::make_unique<EventWriter>(
        &log_, projector_.get(), [this] { return now_us_.load(); }, metrics_.get());
    pool_ = std::make_unique<WorkerPool>(1);
    MakeIntake(vault_.get());
  }

  /// `vault` null: the node has none.
  void MakeIntake(IdentityVault* vault) {
    intake_ = std::make_unique<Intake>(IntakeDeps{.projector = projector_.get(),
                                                  .writer = writer_.get(),
                                                  .keys = keys_.get(),
                                                  .vault = vault,
                                                  .pool = pool_.get(),
                                                  .metrics = metrics_.get()});
  }

  /// What a process leaves when it ends; Open starts the next one on the same log and store.
  void Stop() {
    if (pool_ != nullptr) pool_->Stop();
    if (projector_ != nullptr) projector_->Stop();
    intake_.reset();
    pool_.reset();
    writer_.reset();
    projector_.reset();
    metrics_.reset();
    vault_.reset();
    keys_.reset();
    key_server_.reset();
    store_.reset();
  }

  /// Until the projector speaks again for partitions that it was disowned of.
  void Own(const std::vector<uint32_t>& partitions) {
    absl::Mutex mu;
    bool owned = false;
    projector_->OnOwned([&mu, &owned] {
      const absl::MutexLock lock(&mu);
      owned = true;
    });
    projector_->Own(partitions);
    {
      const absl::MutexLock lock(&mu);
      mu.Await(absl::Condition(&owned));
    }
    projector_->OnOwned(nullptr);
  }

  absl::StatusOr<IntakeAnswer> Submit(const v1::Event& event) {
    absl::Mutex mu;
    bool answered = false;
    absl::StatusOr<IntakeAnswer> answer = absl::UnknownError("not answered");
    intake_->Submit(event, {}, false, [&](absl::StatusOr<IntakeAnswer> given) {
      const absl::MutexLock lock(&mu);
      answer = std::move(given);
      answered = true;
    });
    absl::MutexLock lock(&mu);
    mu.Await(absl::Condition(&answered));
    return answer;
  }

  v1::SubmissionOutcome OutcomeOf(const v1::Event& event) {
    const auto answer = Submit(event);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->outcome : v1::SUBMISSION_OUTCOME_UNSPECIFIED;
  }

  /// Digests of the records of a partition, oldest first; the bytes would fill the screen.
  std::vector<std::string> RecordsOf(uint32_t partition) {
    std::vector<std::string> values;
    const auto reader = log_.NewReader();
    EXPECT_TRUE(reader->Assign({{partition, 0}}).ok());
    while (true) {
      const auto records = reader->Poll(1000, absl::ZeroDuration());
      EXPECT_TRUE(records.ok()) << records.status();
      if (!records.ok() || records->empty()) return values;
      for (const auto& record : *records) values.push_back(Sha256Hex(record.value));
    }
  }

  v1::Event EventOf(const std::string& source, const std::string& id,
                    const std::string& location) const {
    v1::Event event;
    event.set_source(source);
    event.set_id(id);
    event.set_source_version(1);
    event.mutable_subject()->set_scheme("cqc-location");
    event.mutable_subject()->set_value(location);
    SetMicros(now_us_.load() - 86'400'000'000, event.mutable_occurred_at());
    return event;
  }

  v1::Event Registration(const std::string& location) const {
    v1::Event event = EventOf("cqc/directory", "registration-" + location, location);
    auto* service = event.mutable_service_registered();
    service->set_name("House " + location);
    service->set_service_type(v1::SERVICE_TYPE_CARE_HOME_NURSING);
    return event;
  }

  v1::Event Incident(const std::string& location, int number) const {
    v1::Event event = EventOf("home/incidents", "incident-" + std::to_string(number), location);
    event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
    return event;
  }

  TempDir directory_;
  std::atomic<int64_t> now_us_{1'767'225'600'000'000};  // 2026-01-01
  CountingLog log_{NewMemoryLog(2)};
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyServer> key_server_;  // Null: the keys are local.
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<IdentityVault> vault_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<EventWriter> writer_;
  std::unique_ptr<WorkerPool> pool_;
  std::unique_ptr<Intake> intake_;
};

}  // namespace trigpoint
