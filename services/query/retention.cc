#include "services/query/retention.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/time/time.h"
#include "services/query/erasure.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/events/times.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kBetweenRuns = absl::Hours(24);
constexpr absl::Duration kAfterAnError = absl::Hours(1);
constexpr absl::Duration kBetweenLooks = absl::Minutes(1);  // Whether it is this process's to run.

using ByKey = std::map<std::string, std::vector<const v1::Event*>>;
using Visit = std::function<absl::Status(const std::string& stream_id,
                                         const std::vector<v1::StoredEvent>& events)>;

}  // namespace

/// One run. Keys are looked for first and struck out then, because one key may seal records of
/// several services; only those that may be due are kept in memory.
class Retention::Sweep {
 public:
  Sweep(const RetentionDeps& deps, const RetentionRules& rules)
      : deps_(deps), rules_(rules), now_us_(deps.now_us()) {}

  absl::StatusOr<RetentionReport> Run(bool check_only) {
    TP_ASSIGN_OR_RETURN(holds_, HoldsOf(*deps_.projector));
    const std::vector<v1::HeldSubmission> refused =
        rules_.ForRefused() == nullptr
            ? std::vector<v1::HeldSubmission>()
            : deps_.projector->Quarantined({.resolved = true}, "", SIZE_MAX);
    TP_RETURN_IF_ERROR(
        ForEachStream([this](const auto& id, const auto& events) { return Collect(id, events); }));
    TP_RETURN_IF_ERROR(CollectRefused(refused));
    if (due_.empty() && refused_.empty()) return report_;
    TP_RETURN_IF_ERROR(
        ForEachStream([this](const auto&, const auto& events) { return Strike(events); }));
    TP_RETURN_IF_ERROR(ForEachStream([this, check_only](const auto& id, const auto& events) {
      return EraseIn(id, events, check_only);
    }));
    TP_RETURN_IF_ERROR(EraseRefused(check_only));
    return report_;
  }

 private:
  /// A refused submission, or several under one key.
  struct Refused {
    std::string stream_id;
    std::set<std::pair<std::string, std::string>> records;
    bool due = true;
  };

  /// Streams of services, then what waits, by the stream of its source.
  absl::Status ForEachStream(const Visit& visit) {
    for (const auto& summary : deps_.projector->Summaries()) {
      TP_ASSIGN_OR_RETURN(const auto events,
                          deps_.projector->ReadEvents(summary.stream_id(), 0, UINT64_MAX));
      TP_RETURN_IF_ERROR(visit(summary.stream_id(), events));
    }
    std::map<std::string, std::vector<v1::StoredEvent>> waiting;
    for (auto& event : deps_.projector->AllWaiting()) {
      const std::string stream_id = event.stream_id();
      *waiting[stream_id].emplace_back().mutable_event() = std::move(event);
    }
    for (const auto& [stream_id, events] : waiting) TP_RETURN_IF_ERROR(visit(stream_id, events));
    return absl::OkStatus();
  }

  bool IsPastItsRule(const v1::Event& event) const {
    return IsPast(rules_.For(event), ToMicros(event.received_at()), now_us_);
  }

  bool IsDestroyed(const std::string& key) const {
    if (!key.starts_with(kVaultPrefix)) return absl::IsAborted(deps_.keys->GetKey(key).status());
    return deps_.vault == nullptr || absl::IsAborted(deps_.vault->Get(key).status());
  }

  /// Keys that the stream's own proofs name. What waits has no proof that could be read again:
  /// there the key itself tells.
  std::set<std::string> DoneIn(const std::string& stream_id,
                               const std::vector<v1::StoredEvent>& events,
                               const ByKey& by_key) const {
    std::set<std::string> done;
    if (stream_id.starts_with(kSourceStreamPrefix)) {
      for (const auto& [key, sealed] : by_key) {
        if (IsDestroyed(key)) done.insert(key);
      }
      return done;
    }
    for (const auto& stored : events) {
      const auto& proven = stored.event().personal_data_erased().key_ids();
      done.insert(proven.begin(), proven.end());
    }
    return done;
  }

  absl::Status Collect(const std::string& stream_id, const std::vector<v1::StoredEvent>& events) {
    const ByKey by_key = SealedByKey(events);
    const std::set<std::string> done = DoneIn(stream_id, events, by_key);
    for (const auto& [key, sealed] : by_key) {
      if (done.contains(key)) continue;
      if (key.starts_with(kVaultPrefix) && deps_.vault == nullptr) continue;
      if (std::all_of(sealed.begin(), sealed.end(),
                      [this](const v1::Event* event) { return IsPastItsRule(*event); }))
        due_.insert(key);
    }
    return absl::OkStatus();
  }

  absl::Status CollectRefused(const std::vector<v1::HeldSubmission>& refused) {
    for (const auto& held : refused) {
      const auto& kept = held.event().submission_quarantined();
      const std::string& key = kept.original().key_id();
      // An earlier release sealed everything refused of a source under one key: that one stays.
      if (!key.starts_with("case:") && !key.starts_with("quarantine:")) continue;
      const bool past = IsPast(rules_.ForRefused(), held.received_us(), now_us_);
      NoteRefused(key, past, held);
      if (deps_.vault == nullptr || kept.submitted_id().empty()) continue;
      const VaultRecord record{kept.submitted_source(), kept.submitted_id()};
      TP_ASSIGN_OR_RETURN(const bool known, deps_.vault->Knows(record));
      if (!known) continue;
      TP_ASSIGN_OR_RETURN(const std::string of_record, deps_.vault->KeyOf(record));
      NoteRefused(of_record, past, held);
    }
    std::erase_if(refused_,
                  [this](const auto& one) { return !one.second.due || IsDestroyed(one.first); });
    return absl::OkStatus();
  }

  void NoteRefused(const std::string& key, bool past, const v1::HeldSubmission& held) {
    const auto& kept = held.event().submission_quarantined();
    Refused& refused = refused_[key];
    refused.stream_id = held.event().stream_id();
    refused.due = refused.due && past;
    if (!kept.submitted_id().empty())
      refused.records.emplace(kept.submitted_source(), kept.submitted_id());
  }

  /// What also seals something that is not past its rule stays; what seals a record that came
  /// through goes with that record.
  absl::Status Strike(const std::vector<v1::StoredEvent>& events) {
    for (const auto& [key, sealed] : SealedByKey(events)) {
      refused_.erase(key);
      if (due_.contains(key) &&
          !std::all_of(sealed.begin(), sealed.end(),
                       [this](const v1::Event* event) { return IsPastItsRule(*event); }))
        due_.erase(key);
    }
    return absl::OkStatus();
  }

  /// Each rule has a proof of its own; the newest record under a key says by which rule it goes.
  absl::Status EraseIn(const std::string& stream_id, const std::vector<v1::StoredEvent>& events,
                       bool check_only) {
    const ByKey by_key = SealedByKey(events);
    const std::set<std::string> done = DoneIn(stream_id, events, by_key);
    std::map<std::string, ByKey> by_rule;
    for (const auto& [key, sealed] : by_key) {
      if (!due_.contains(key) || done.contains(key)) continue;
      const auto newest = std::max_element(
          sealed.begin(), sealed.end(), [](const v1::Event* a, const v1::Event* b) {
            return ToMicros(a->received_at()) < ToMicros(b->received_at());
          });
      by_rule[rules_.For(**newest)->of].emplace(key, sealed);
    }
    for (const auto& [rule, keys] : by_rule) {
      const ErasurePlan plan = PlanErasure(
          keys, [this](const auto& sealed) { return !IsNamedByHold(sealed); }, holds_.keys);
      AddHeld(keys);
      report_.held.insert(report_.held.end(), plan.held.begin(), plan.held.end());
      TP_RETURN_IF_ERROR(
          Erase({.stream_id = stream_id, .key_ids = plan.key_ids, .records = plan.records}, rule,
                check_only));
    }
    return absl::OkStatus();
  }

  /// A hold may name a record that only waits.
  bool IsNamedByHold(const std::vector<const v1::Event*>& sealed) const {
    return std::any_of(sealed.begin(), sealed.end(), [this](const v1::Event* event) {
      return holds_.records.contains({event->source(), event->id()});
    });
  }

  void AddHeld(const ByKey& keys) {
    std::set<std::pair<std::string, std::string>> records;
    for (const auto& [key, sealed] : keys) {
      if (!IsNamedByHold(sealed)) continue;
      for (const v1::Event* event : sealed) {
        if (SensitivityOf(*event) < v1::SENSITIVITY_C5_PROTECTED_SOURCE)
          records.emplace(event->source(), event->id());
      }
    }
    AddRefs(records, &report_.held);
  }

  static void AddRefs(const std::set<std::pair<std::string, std::string>>& records,
                      std::vector<v1::EventRef>* refs) {
    for (const auto& [source, id] : records) {
      v1::EventRef& ref = refs->emplace_back();
      ref.set_source(source);
      ref.set_id(id);
    }
  }

  absl::Status EraseRefused(bool check_only) {
    std::map<std::string, Erasure> by_stream;
    for (const auto& [key, refused] : refused_) {
      const bool held =
          std::any_of(refused.records.begin(), refused.records.end(),
                      [this](const auto& record) { return holds_.records.contains(record); });
      if (held || holds_.keys.contains(key)) {
        AddRefs(refused.records, &report_.held);
        continue;
      }
      Erasure& erasure = by_stream[refused.stream_id];
      erasure.stream_id = refused.stream_id;
      erasure.key_ids.insert(key);
      // Of which class it is stands in what is sealed: its number may be one that is hidden.
    }
    for (auto& [stream_id, erasure] : by_stream) {
      TP_RETURN_IF_ERROR(Erase(std::move(erasure), std::string(kRetentionOfRefused), check_only));
    }
    return absl::OkStatus();
  }

  absl::Status Erase(Erasure erasure, const std::string& rule, bool check_only) {
    if (erasure.key_ids.empty()) return absl::OkStatus();
    report_.keys += static_cast<uint32_t>(erasure.key_ids.size());
    report_.records.insert(report_.records.end(), erasure.records.begin(), erasure.records.end());
    if (check_only) return absl::OkStatus();
    erasure.authority_ref = std::string(kRetentionAuthority) + rule;
    erasure.actor.set_principal("trigpoint-retention");
    TP_ASSIGN_OR_RETURN(std::string id, deps_.eraser->Erase(erasure));
    report_.erasure_ids.push_back(std::move(id));
    if (deps_.metrics != nullptr)
      deps_.metrics->RetentionErasedKeys().Increment(erasure.key_ids.size());
    return absl::OkStatus();
  }

  const RetentionDeps& deps_;
  const RetentionRules& rules_;
  const int64_t now_us_;
  HoldsInForce holds_;
  std::set<std::string> due_;
  std::map<std::string, Refused> refused_;  // By key.
  RetentionReport report_;
};

Retention::Retention(const RetentionDeps& deps, RetentionRules rules)
    : deps_(deps), rules_(std::move(rules)) {}

Retention::~Retention() { Stop(); }

void Retention::Start() {
  if (!rules_.empty()) thread_ = std::thread([this] { Loop(); });
}

void Retention::Stop() {
  {
    const absl::MutexLock lock(&mu_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<RetentionReport> Retention::Run(bool check_only) {
  const absl::MutexLock lock(&running_);
  return Sweep(deps_, rules_).Run(check_only);
}

void Retention::Loop() {
  while (true) {
    if (!deps_.projector->Owns(deps_.projector->control_partition())) {
      const absl::MutexLock lock(&mu_);
      if (mu_.AwaitWithTimeout(absl::Condition(&stop_), kBetweenLooks)) return;
      continue;
    }
    const absl::StatusOr<RetentionReport> report = Run(false);
    if (report.ok()) {
      Log(LogLevel::kInfo, "retention_ran",
          {{"keys", report->keys},
           {"records", report->records.size()},
           {"held", report->held.size()}});
      if (deps_.metrics != nullptr) {
        deps_.metrics->RetentionLastRunTimestamp().Set(static_cast<double>(deps_.now_us()) / 1e6);
      }
    } else {
      Log(LogLevel::kWarning, "retention_failed",
          {{"code", LogId{absl::StatusCodeToString(report.status().code())}}});
    }
    const absl::MutexLock lock(&mu_);
    if (mu_.AwaitWithTimeout(absl::Condition(&stop_), report.ok() ? kBetweenRuns : kAfterAnError))
      return;
  }
}

}  // namespace trigpoint
