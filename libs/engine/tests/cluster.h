#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "owner.h"
#include "temp_dir.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/log/fault_log.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {

/// One process of a cluster: a projector over the shared log, with a store of its own, stepped by
/// hand unless it is started.
class Process {
 public:
  /// `log` is shared and must outlive it.
  explicit Process(EventLog* log, ProjectorOptions options = {})
      : log_(NewFaultLog(log, &faults_)), options_(std::move(options)) {
    options_.sole = false;
    Restart();
  }

  /// What kill -9 leaves: nothing is committed, nothing is given back.
  void Kill() {
    projector_.reset();
    store_.reset();
  }
  void Restart() { ASSERT_EQ(TryRestart(), absl::OkStatus()); }
  absl::Status TryRestart() {
    Kill();
    TP_ASSIGN_OR_RETURN(store_, Store::Open({.directory = directory_ / "store", .sync = false}));
    options_.room_pause = absl::ZeroDuration();  // A full queue is of the script, and over.
    TP_ASSIGN_OR_RETURN(projector_, Projector::Open(log_.get(), store_.get(), options_));
    return absl::OkStatus();
  }
  /// As after the loss of its disk.
  void RestartFromNothing() {
    Kill();
    std::filesystem::remove_all(directory_ / "store");
    Restart();
  }
  bool alive() const { return projector_ != nullptr; }

  /// Until it has folded what was there and taken over what it was granted.
  void StepToHead() {
    for (int quiet = 0; quiet < 2;) {
      const std::vector<int64_t> before = projector_->Folded();
      ASSERT_EQ(projector_->Step(), absl::OkStatus());
      quiet = projector_->Folded() == before ? quiet + 1 : 0;
    }
  }

  Projector* operator->() const { return projector_.get(); }
  Projector& projector() const { return *projector_; }
  Store& store() const { return *store_; }
  FaultPlan& faults() { return faults_; }
  ProjectorOptions& options() { return options_; }

  /// Streams of which something is kept that is not in the log, with the number of events.
  std::map<std::string, int> Withheld() const {
    std::map<std::string, int> withheld;
    for (uint32_t p = 0; p < projector_->provider_partitions(); ++p) {
      const auto scanned = store_->ScanIndex(
          "chain", p, "", [&withheld](std::string_view key, std::string_view value) {
            v1::StreamChunk chain;
            EXPECT_TRUE(chain.ParseFromArray(value.data(), static_cast<int>(value.size())));
            withheld[std::string(key)] = chain.events_size();
            return true;
          });
      EXPECT_EQ(scanned, absl::OkStatus());
    }
    return withheld;
  }

 private:
  TempDir directory_;
  FaultPlan faults_;
  std::unique_ptr<EventLog> log_;
  ProjectorOptions options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
};

/// What a projector answers, by name.
using Answers = std::map<std::string, std::string>;

inline Answers AnswersOf(const Projector& projector) {
  Answers answers;
  for (const auto& line : projector.Summaries()) {
    const std::string& id = line.stream_id();
    const auto read = projector.Read(id);
    EXPECT_TRUE(read.ok()) << read.status();
    if (!read.ok()) continue;
    answers["state of " + id] = CanonicalBytes(read->state);
    answers["record of " + id] = CanonicalBytes(read->record);
    answers["line of " + id] = CanonicalBytes(line);
  }
  for (uint32_t p = 0; p <= projector.control_partition(); ++p) {
    answers["fingerprint of " + std::to_string(p)] = projector.Fingerprint(p);
    const auto alerts = projector.AlertsFrom({p, 0}, SIZE_MAX);
    EXPECT_TRUE(alerts.ok()) << alerts.status();
    for (const auto& alert : *alerts) {
      std::string& at = answers["alert " + alert.alert_id];
      EXPECT_TRUE(at.empty()) << "an alert is told twice";
      at = alert.stream_id + " at " + std::to_string(alert.position.offset);
    }
  }
  for (const auto& silent : projector.SilentServices())
    answers["silences of " + silent.stream_id] = std::to_string(silent.feeds.size());
  return answers;
}

/// What stands about the services, without how it came about: the same whoever said it first.
inline Answers EffectsOf(const Projector& projector) {
  Answers effects;
  for (const auto& line : projector.Summaries()) {
    const std::string& id = line.stream_id();
    const auto read = projector.Read(id);
    EXPECT_TRUE(read.ok()) << read.status();
    if (!read.ok()) continue;
    std::set<std::string> concerns;
    for (const auto& concern : read->state.concerns()) concerns.insert(concern.id());
    effects["concerns of " + id] = testing::PrintToString(concerns);
    for (const auto& policy : read->record.policies()) {
      std::string& effect = effects[policy.policy_id() + " of " + id];
      effect = policy.decided_state() + " " + policy.inherited_state();
      if (!policy.has_recommendation()) continue;
      const auto& said = policy.recommendation();
      effect += " to " + said.target_state() + (said.urgent() ? " urgent" : "") +
                (policy.awaiting_decision() ? " open" : "");
    }
    for (const auto& alert : read->record.alerts())
      effects["alert " + alert.alert().alert_id()] = id;
    for (const auto& silence : read->record.silences()) {
      effects["silence of " + id + " " + silence.silent().kind()] =
          silence.ended_us() == 0 ? "open" : "ended";
    }
  }
  return effects;
}

/// Several processes over one log in memory.
class ClusterTest : public testing::Test {
 protected:
  static constexpr uint32_t kPartitions = 3;
  static constexpr uint32_t kControl = kPartitions;

  void SetUp() override {
    const Controls controls = BothPacks();
    for (const auto& control : controls.state().controls()) Publish(control);
  }

  static std::vector<uint32_t> All() { return {0, 1, 2, kControl}; }

  void AppendTo(uint32_t partition, const v1::Event& event) {
    ASSERT_TRUE(AppendAndWait(*log_, partition, {event.SerializeAsString()}).ok());
  }
  /// To the control partition and, as copies, to the others.
  void Publish(const v1::Event& control) {
    AppendTo(kControl, control);
    for (uint32_t p = 0; p < kPartitions; ++p) AppendTo(p, control);
  }
  void Tell(v1::Event event) {
    event.set_submission_digest(SubmissionDigest(event));
    AppendTo(PartitionOf(event.stream_id(), kPartitions), event);
  }
  void Bind(const std::string& stream_id) {
    v1::Event event;
    event.set_source("trigpoint/control");
    event.set_id("binding/" + stream_id);
    auto* binding = event.mutable_binding_proposed();
    binding->set_proposed_stream_id(stream_id);
    auto* id = binding->add_ids();
    id->set_scheme("cqc-location");
    id->set_value(stream_id);
    AppendTo(kControl, event);
  }

  static v1::Event Of(const std::string& stream_id, const std::string& id, int day) {
    v1::Event event;
    event.set_source("home");
    event.set_id(stream_id + "/" + id);
    event.set_source_version(1);
    event.set_stream_id(stream_id);
    event.mutable_subject()->set_scheme("cqc-location");
    event.mutable_subject()->set_value(stream_id);
    SetMicros(kStart + day * kDay, event.mutable_occurred_at());
    SetMicros(kStart + day * kDay, event.mutable_received_at());
    return event;
  }
  static v1::Event Registered(const std::string& stream_id) {
    v1::Event event = Of(stream_id, "registration", 0);
    *event.mutable_service_registered() = Registration().service_registered();
    return event;
  }
  /// Two in a short time are urgent.
  static v1::Event NeverEvent(const std::string& stream_id, int number, int day) {
    v1::Event event = Of(stream_id, "never-event-" + std::to_string(number), day);
    event.mutable_incident_reported()->set_never_event(v1::NEVER_EVENT_TYPE_SCALDING);
    return event;
  }
  static v1::Event Incident(const std::string& stream_id, int number, int day) {
    v1::Event event = Of(stream_id, "incident-" + std::to_string(number), day);
    event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
    return event;
  }
  /// An alert of its own, or one that is attached.
  static v1::Event Risk(const std::string& stream_id, int number, int day) {
    v1::Event event = Of(stream_id, "risk-" + std::to_string(number), day);
    event.set_source("council/safeguarding");
    event.set_source_organisation("council");
    event.add_themes(number % 2 == 0 ? v1::THEME_NEGLECT : v1::THEME_MEDICINES);
    auto* risk = event.mutable_immediate_risk_asserted();
    risk->set_grade(v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
    risk->set_asserted_by_role("safeguarding lead");
    risk->set_rapid_sharing_requested(true);
    return event;
  }
  static v1::Event Passed(const std::string& stream_id, int day) {
    v1::Event event = Of(stream_id, "passed-" + std::to_string(day), day);
    event.set_source(kTimeSource);
    event.mutable_deadline_passed();
    return event;
  }
  static v1::Event ToLevel2(const std::string& stream_id, int day) {
    v1::Event event = Of(stream_id, "decision-" + std::to_string(day), day);
    event.set_source(kDecisionSource);
    auto* decision = event.mutable_decision_proposed();
    decision->set_kind(v1::DecisionProposed::KIND_MOVE);
    decision->set_policy_id("herefordshire");
    decision->set_from_state("LEVEL_1");
    decision->set_to_state("LEVEL_2");
    decision->set_override(true);
    decision->set_rationale_code("SEEN");
    decision->set_meeting_id("m-1");
    decision->mutable_actor()->add_roles("TEAM_MANAGER");
    return event;
  }

  int64_t Records() const {
    int64_t records = 0;
    for (uint32_t p = 0; p <= kControl; ++p) records += *log_->HeadOffset(p);
    return records;
  }
  /// Every record of a provider partition that the engine derived.
  std::vector<v1::Event> Derived() const {
    std::vector<v1::Event> derived;
    for (uint32_t p = 0; p < kPartitions; ++p) {
      auto reader = log_->NewReader();
      EXPECT_EQ(reader->Assign({{p, 0}}), absl::OkStatus());
      while (true) {
        const auto records = reader->Poll(10'000, absl::ZeroDuration());
        EXPECT_TRUE(records.ok()) << records.status();
        if (!records.ok() || records->empty()) break;
        for (const auto& record : *records) {
          v1::Event event;
          EXPECT_TRUE(event.ParseFromString(record.value));
          if (event.source() == kEngineSource) derived.push_back(std::move(event));
        }
      }
    }
    return derived;
  }

  /// Steps processes in turn until nothing more follows from anything.
  void Settle(const std::vector<Process*>& processes) {
    int64_t before = -1;
    while (Records() != before) {
      before = Records();
      for (Process* process : processes) {
        if (!process->alive()) continue;
        ASSERT_NO_FATAL_FAILURE(process->StepToHead());
      }
    }
  }

  /// One process that owns everything, over the same reports: what would have come about.
  Answers EffectsOfOneProcess(const std::vector<v1::Event>& told) {
    std::unique_ptr<EventLog> shared = std::exchange(log_, NewMemoryLog(kPartitions + 1));
    Answers effects;
    {
      ClusterTest::SetUp();
      Process sole(log_.get());
      sole->Own(All());
      for (const auto& event : told) {
        Tell(event);
        sole.StepToHead();
      }
      Settle({&sole});
      effects = EffectsOf(sole.projector());
    }
    log_ = std::move(shared);
    return effects;
  }

  /// Every process answers as one that comes late and folds the whole log into an empty store, and
  /// what the engine said follows from its cause.
  void ExpectOneAnswer(const std::vector<Process*>& processes) {
    Process late(log_.get(), {.assess = false});
    late.StepToHead();
    const Answers expected = AnswersOf(late.projector());
    for (Process* process : processes) {
      if (!process->alive()) continue;
      EXPECT_EQ(AnswersOf(process->projector()), expected);
    }
  }
  void ExpectVerified(const Projector& projector) {
    for (const auto& line : projector.Summaries()) {
      const std::string& id = line.stream_id();
      const auto events = projector.ReadEvents(id, 0, UINT64_MAX);
      ASSERT_TRUE(events.ok()) << events.status();
      const auto check = CheckStream(id, *events, *projector.ControlsFor(id));
      ASSERT_TRUE(check.ok()) << check.status();
      EXPECT_THAT(check->differences, testing::IsEmpty());
    }
  }

  std::unique_ptr<EventLog> log_ = NewMemoryLog(kPartitions + 1);
};

}  // namespace trigpoint
