#include "services/query/policy_dry_run.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <utility>

#include "services/query/outside.h"
#include "services/query/protected.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/engine/assessment.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

using Response = v1::DryRunPolicyResponse;
using Criteria = std::map<std::string, const v1::CriterionResult*>;

constexpr char kDryRun[] = "trigpoint.v1.PolicyService/DryRunPolicy";
/// Work at a time; between, other reads have their turn.
constexpr std::chrono::milliseconds kTellSlice(200);

std::string Text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.10g", value);
  return text;
}

/// What would be recommended; empty where the policy says nothing of the service.
std::string TargetOf(const v1::Assessment& assessment) {
  const bool silent = assessment.applies() == v1::TRUTH_VALUE_FALSE && !assessment.urgent();
  return silent ? "" : assessment.target_state();
}

Criteria ById(const v1::Assessment* assessment) {
  Criteria criteria;
  if (assessment == nullptr) return criteria;
  for (const auto& criterion : assessment->criteria()) criteria[criterion.id()] = &criterion;
  return criteria;
}

void AddChange(const v1::CriterionResult* before, const v1::CriterionResult* after,
               Response::Change* change) {
  const v1::CriterionResult& shown = after == nullptr ? *before : *after;
  auto* criterion = change->add_criteria();
  criterion->set_id(shown.id());
  criterion->set_clause(shown.clause());
  if (before != nullptr) criterion->set_before(before->value());
  if (after != nullptr) criterion->set_after(after->value());
  const bool holds = after != nullptr && after->value() == v1::TRUTH_VALUE_TRUE;
  *criterion->mutable_evidence() =
      holds || before == nullptr ? shown.evidence() : before->evidence();
}

void AddCriteria(const v1::Assessment* before, const v1::Assessment& after,
                 Response::Change* change) {
  const Criteria known = ById(before);
  const Criteria now = ById(&after);
  for (const auto& criterion : after.criteria()) {
    const auto it = known.find(criterion.id());
    if (it == known.end()) {
      if (criterion.value() == v1::TRUTH_VALUE_TRUE) AddChange(nullptr, &criterion, change);
    } else if (it->second->value() != criterion.value()) {
      AddChange(it->second, &criterion, change);
    }
  }
  for (const auto& [id, criterion] : known) {
    if (now.count(id) == 0 && criterion->value() == v1::TRUTH_VALUE_TRUE)
      AddChange(criterion, nullptr, change);
  }
}

/// How far up what is recommended stands: nothing, the states of the ladder, the urgent path.
int HeightOf(const std::string& target, bool urgent, const CompiledPack& pack) {
  if (urgent) return pack.pack().authority().states_size();
  return target.empty() ? -1 : pack.Rank(target);
}

/// One write in flight; a slow client slows it down.
class DryRunStream final : public grpc::ServerWriteReactor<Response> {
 public:
  DryRunStream(std::shared_ptr<QueryCore> core, std::unique_ptr<Call> call, Principal who,
               std::shared_ptr<const CompiledPack> pack)
      : core_(std::move(core)),
        call_(std::move(call)),
        who_(std::move(who)),
        pack_(std::move(pack)) {
    for (const auto& summary : *core_->AllSummaries()) streams_.push_back(summary.stream_id());
    std::sort(streams_.begin(), streams_.end());
    Schedule();
  }

  void OnWriteDone(bool ok) override {
    ready_.pop_front();
    if (!ok || cancelled_.load()) {
      End(grpc::Status::CANCELLED);
    } else if (!ready_.empty()) {
      StartWrite(&ready_.front());
    } else if (done_) {
      End(grpc::Status::OK);
    } else {
      Schedule();
    }
  }
  /// Whoever is at work, slice or write, finishes.
  void OnCancel() override { cancelled_.store(true); }
  void OnDone() override { delete this; }

 private:
  void Schedule() {
    if (!core_->pool.Run([this] { Slice(); }))
      End(ToGrpc(absl::ResourceExhaustedError("too many reads at once; try again"), "BUSY"));
  }

  void End(const grpc::Status& status) {
    call_->Ended(status);
    Finish(status);
  }

  void Slice() {
    const auto until = std::chrono::steady_clock::now() + kTellSlice;
    while (next_ < streams_.size() && std::chrono::steady_clock::now() < until) {
      if (cancelled_.load()) {
        End(grpc::Status::CANCELLED);
        return;
      }
      const absl::Status looked = Look(streams_[next_++]);
      if (!looked.ok() && !absl::IsNotFound(looked)) {
        End(ToGrpc(looked));
        return;
      }
    }
    if (next_ == streams_.size()) {
      done_ = true;
      Summarise(ready_.emplace_back().mutable_summary());
    }
    if (ready_.empty()) {
      Schedule();
    } else {
      StartWrite(&ready_.front());
    }
  }

  absl::Status Look(const std::string& stream_id) {
    const Projector& projector = core_->projector();
    TP_ASSIGN_OR_RETURN(StreamAsOf stream, projector.Read(stream_id));
    if (IsOutside(who_, stream.state)) return absl::OkStatus();
    TP_ASSIGN_OR_RETURN(const auto trace, core_->traces.Of(stream_id, stream.state.revision()));
    LeaveOutProtected(*trace, &stream);
    const int64_t as_of_us = std::max(core_->Now(), stream.state.known_us());
    const auto in_force = projector.ControlsFor(stream_id)->At(stream.state, as_of_us);
    const auto version_before = in_force->Policy(pack_->pack().id());
    const Protection protection{.trace = *trace, .veil = core_->veil};
    const auto assess = [&](const CompiledPack& pack, const CompiledPack* follows) {
      v1::Assessment assessment = BuildAssessment(pack, stream.state, stream.record,
                                                  in_force->baselines, as_of_us, follows);
      HideReferences(protection, &assessment);
      return assessment;
    };
    std::optional<v1::Assessment> before;
    if (version_before != nullptr) before = assess(*version_before, nullptr);
    const v1::Assessment after = assess(*pack_, version_before.get());
    summary_.set_providers(summary_.providers() + 1);
    auto change = Difference(before.has_value() ? &*before : nullptr, after);
    if (!change.has_value()) return absl::OkStatus();
    const int height_before =
        version_before == nullptr
            ? -1
            : HeightOf(change->target_before(), change->urgent_before(), *version_before);
    Count(height_before, HeightOf(change->target_after(), change->urgent_after(), *pack_));
    change->set_provider("providers/" + stream_id);
    change->set_provider_name(DisplayName(stream.state));
    *change->mutable_provider_ids() = stream.state.ids();
    *ready_.emplace_back().mutable_change() = *std::move(change);
    return absl::OkStatus();
  }

  void Count(int before, int after) {
    summary_.set_changed(summary_.changed() + 1);
    if (after > before) summary_.set_higher(summary_.higher() + 1);
    if (after < before) summary_.set_lower(summary_.lower() + 1);
  }

  void Summarise(Response::Summary* summary) {
    *summary = summary_;
    const auto in_force = core_->projector().ControlsFor("")->At({}, core_->Now());
    const auto before = in_force->Policy(pack_->pack().id());
    if (before == nullptr) return;
    summary->set_version_before(before->pack().version());
    for (const std::string& text : ChangedParameters(before->pack(), pack_->pack()))
      summary->add_parameters(text);
  }

  std::shared_ptr<QueryCore> core_;
  std::unique_ptr<Call> call_;
  const Principal who_;
  const std::shared_ptr<const CompiledPack> pack_;
  std::vector<std::string> streams_;
  size_t next_ = 0;
  bool done_ = false;
  Response::Summary summary_;
  std::deque<Response> ready_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

grpc::Status RefusedPack(const v1::PolicyPack& pack) {
  std::vector<v1::FieldViolation> violations;
  for (const PackFinding& finding : LintPack(pack)) {
    if (finding.severity != PackFinding::Severity::kError) break;  // Errors come first.
    violations.push_back(Violation("pack", "POLICY_INVALID", finding.rule + ": " + finding.what));
  }
  return InvalidArgument(violations);
}

std::optional<Response::Change> Difference(const v1::Assessment* before,
                                           const v1::Assessment& after) {
  Response::Change change;
  if (before != nullptr) {
    change.set_applied_before(before->applies());
    change.set_target_before(TargetOf(*before));
    change.set_urgent_before(before->urgent());
  }
  change.set_applies_after(after.applies());
  change.set_target_after(TargetOf(after));
  change.set_urgent_after(after.urgent());
  const bool applied = before != nullptr && before->applies() != v1::TRUTH_VALUE_FALSE;
  const bool applies = after.applies() != v1::TRUTH_VALUE_FALSE;
  // Of a service that neither version covers, the urgent path alone matters.
  if (applied || applies) AddCriteria(before, after, &change);
  const bool same = applied == applies && change.target_before() == change.target_after() &&
                    change.urgent_before() == change.urgent_after() && change.criteria().empty();
  if (same) return std::nullopt;
  return change;
}

std::vector<std::string> ChangedParameters(const v1::PolicyPack& before,
                                           const v1::PolicyPack& after) {
  std::map<std::string, double> known;
  for (const auto& parameter : before.parameters()) known[parameter.name()] = parameter.value();
  std::vector<std::string> changed;
  for (const auto& parameter : after.parameters()) {
    const auto it = known.find(parameter.name());
    if (it == known.end()) {
      changed.push_back(parameter.name() + " " + Text(parameter.value()) + " (new)");
      continue;
    }
    if (it->second != parameter.value())
      changed.push_back(parameter.name() + " " + Text(it->second) + " -> " +
                        Text(parameter.value()));
    known.erase(it);
  }
  for (const auto& [name, value] : known) changed.push_back(name + " " + Text(value) + " (gone)");
  return changed;
}

grpc::ServerWriteReactor<Response>* StartDryRun(std::shared_ptr<QueryCore> core,
                                                grpc::CallbackServerContext* context,
                                                const v1::DryRunPolicyRequest& request) {
  auto call = std::make_unique<Call>(core->deps.metrics, context, kDryRun);
  absl::StatusOr<Principal> who = call->Admit(*core->deps.auth, {.sensitivity = kAnswerClass});
  if (!who.ok()) return new RefusedStream<Response>(*call, ToGrpc(who.status()));
  auto pack = CompiledPack::Compile(request.pack());
  if (!pack.ok()) return new RefusedStream<Response>(*call, RefusedPack(request.pack()));
  return new DryRunStream(std::move(core), std::move(call), *std::move(who), *std::move(pack));
}

}  // namespace trigpoint
