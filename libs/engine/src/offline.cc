#include "trigpoint/engine/offline.h"

#include <algorithm>

#include "trigpoint/base/status.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/engine/assessment.h"
#include "trigpoint/engine/controls.h"
#include "trigpoint/engine/obligations.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/engine/succession.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

struct OfflineStream {
  std::string provider;
  HotStream hot;
  std::map<std::pair<std::string, std::string>, v1::EventIndexEntry> index;
  std::vector<v1::StoredEvent> events;
  OfflineAssessment out;
};

/// Ids of alerts are not known to who writes the events: an answer without one is to the last.
void AnswerLastAlert(const v1::ProviderRecord& record, v1::Event* event) {
  if (record.alerts().empty()) return;
  const std::string& last = record.alerts().rbegin()->alert().alert_id();
  if (event->has_alert_acknowledged() && event->alert_acknowledged().alert_id().empty()) {
    event->mutable_alert_acknowledged()->set_alert_id(last);
  } else if (event->has_alert_declined() && event->alert_declined().alert_id().empty()) {
    event->mutable_alert_declined()->set_alert_id(last);
  }
}

class Offline {
 public:
  explicit Offline(Controls controls) : controls_(std::move(controls)) {}

  absl::Status Fold(int64_t line, v1::Event event) {
    TP_ASSIGN_OR_RETURN(OfflineStream * stream, StreamFor(line, event));
    event.set_stream_id(stream->provider);
    event.set_submission_digest(SubmissionDigest(event));
    if (event.has_decision_proposed() && event.decision_proposed().based_on().empty()) {
      const auto* policy =
          FindPolicyRecord(stream->hot.Expected(), event.decision_proposed().policy_id());
      if (policy != nullptr) event.mutable_decision_proposed()->set_based_on(policy->head());
    }
    AnswerLastAlert(stream->hot.Expected(), &event);
    latest_us_ = std::max(latest_us_, ToMicros(event.received_at()));
    TP_RETURN_IF_ERROR(Apply(event, stream));
    return CarryFrom(stream);
  }

  absl::StatusOr<std::vector<OfflineAssessment>> Finish(const std::string& policy_id,
                                                        std::optional<int64_t> as_of) {
    const int64_t as_of_us = as_of.value_or(latest_us_);
    std::vector<OfflineAssessment> all;
    for (auto& [provider, stream] : streams_) {
      // Time alone, up to the instant asked for.
      v1::Event tick;
      tick.set_source(kTimeSource);
      tick.set_id("as-of");
      tick.set_stream_id(provider);
      SetMicros(as_of_us, tick.mutable_received_at());
      tick.mutable_deadline_passed();
      TP_RETURN_IF_ERROR(Apply(tick, &stream));
      const auto& state = stream.hot.state;
      const auto in_force = controls_.At(state, as_of_us);
      const auto pack = in_force->Policy(policy_id);
      stream.out.provider = provider;
      stream.out.assessment =
          BuildAssessment(*pack, state, stream.hot.record, in_force->baselines, as_of_us);
      stream.out.assessment.set_provider(provider);
      stream.out.silences = {stream.hot.record.silences().begin(),
                             stream.hot.record.silences().end()};
      stream.out.obligations = ObligationsOfService(controls_, state, stream.hot.record, as_of_us);
      std::erase_if(stream.out.obligations,
                    [&policy_id](const auto& owed) { return owed.policy_id() != policy_id; });
      if (const auto* record = FindPolicyRecord(stream.hot.record, policy_id); record != nullptr) {
        stream.out.decisions = {record->decisions().begin(), record->decisions().end()};
        stream.out.basis_weakened = record->basis_weakened();
        stream.out.not_agreed_state = record->not_agreed_state();
      }
      all.push_back(std::move(stream.out));
    }
    return all;
  }

 private:
  absl::StatusOr<OfflineStream*> StreamFor(int64_t line, const v1::Event& event) {
    std::string provider;
    if (event.has_subject()) {
      provider = event.subject().scheme() + "/" + event.subject().value();
      const auto known = aliases_.find(provider);
      if (known != aliases_.end()) provider = known->second;
    } else {
      const auto known = identities_.find({event.source(), event.id()});
      if (known == identities_.end()) {
        return absl::InvalidArgumentError(
            "line " + std::to_string(line) +
            ": subject: an event that corrects nothing known needs a subject");
      }
      provider = known->second;
    }
    identities_[{event.source(), event.id()}] = provider;
    for (const auto& alias : event.service_registered().also_known_as()) {
      aliases_.emplace(alias.scheme() + "/" + alias.value(), provider);
    }
    OfflineStream& stream = streams_[provider];
    stream.provider = provider;
    return &stream;
  }

  absl::Status Apply(const v1::Event& event, OfflineStream* stream) {
    std::vector<v1::Event> queue = {event};
    for (size_t i = 0; i < queue.size(); ++i) {
      const v1::Event next = queue[i];
      const auto known = stream->index.find({next.source(), next.id()});
      const LoadEvents load = [stream]() -> absl::StatusOr<std::vector<v1::StoredEvent>> {
        return stream->events;
      };
      TP_ASSIGN_OR_RETURN(
          const StepResult step,
          ApplyEvent(next,
                     known == stream->index.end() ? std::nullopt : std::optional(known->second),
                     controls_, true, load, &stream->hot));
      if (!step.applied) continue;
      auto& stored = stream->events.emplace_back();
      stored.set_known_us(step.known_us);
      *stored.mutable_event() = next;
      if (step.identity != IdentityOutcome::kSuperseded) {
        auto& entry = stream->index[{next.source(), next.id()}];
        entry.set_version(VersionOf(next));
        entry.set_digest(next.submission_digest());
      }
      if (next.has_recommendation()) stream->out.recommendations.push_back(next.recommendation());
      if (next.has_rapid_quality_review_alert())
        stream->out.alerts.push_back(next.rapid_quality_review_alert());
      for (const auto& derived : step.derived) queue.push_back(derived);
    }
    return absl::OkStatus();
  }

  Successions::StreamOf Resolver() const {
    return [this](const v1::SubjectRef& id) -> std::optional<std::string> {
      const std::string provider = id.scheme() + "/" + id.value();
      const auto alias = aliases_.find(provider);
      if (alias != aliases_.end()) return alias->second;
      return streams_.count(provider) > 0 ? std::optional(provider) : std::nullopt;
    };
  }

  /// What a service's links and history mean for those that follow it, and they for others.
  // NOLINTNEXTLINE(misc-no-recursion): as deep as services follow one another.
  absl::Status CarryFrom(OfflineStream* stream) {
    std::vector<v1::Event> links;
    for (const auto& fact : stream->hot.state.facts()) {
      if (fact.has_service_linked()) links.push_back(fact);
    }
    const std::string& provider = stream->provider;
    std::vector<Heritage> pairs;
    if (!links.empty() || successions_.StatedBy(provider) != nullptr)
      pairs = successions_.Set(provider, std::move(links), Resolver());
    if (stream->events.size() == 1) {  // Heard of for the first time.
      v1::SubjectRef id;
      const size_t slash = provider.find('/');
      id.set_scheme(provider.substr(0, slash));
      id.set_value(slash == std::string::npos ? "" : provider.substr(slash + 1));
      for (auto& pair : successions_.Bound(id, Resolver())) pairs.push_back(std::move(pair));
    }
    for (auto& pair : successions_.PairsOf(provider)) pairs.push_back(std::move(pair));
    for (const auto& pair : pairs) TP_RETURN_IF_ERROR(CarryAlong(pair));
    return absl::OkStatus();
  }

  // NOLINTNEXTLINE(misc-no-recursion): as above.
  absl::Status CarryAlong(const Heritage& pair) {
    const auto from = streams_.find(pair.first);
    const auto to = streams_.find(pair.second);
    if (from == streams_.end() || to == streams_.end()) return absl::OkStatus();
    const auto link = successions_.Find(pair);
    CarriedSoFar so_far = ReadCarried(pair.first, to->second.events);
    const LinkedStream predecessor{.state = from->second.hot.state,
                                   .record = from->second.hot.record,
                                   .events = from->second.events};
    const Carriage carriage =
        Carry(link.has_value() ? &*link : nullptr, predecessor, to->second.hot.state, &so_far);
    for (const auto& event : carriage.events) TP_RETURN_IF_ERROR(Apply(event, &to->second));
    return carriage.events.empty() ? absl::OkStatus() : CarryFrom(&to->second);
  }

  Controls controls_;
  Successions successions_;
  std::map<std::string, OfflineStream> streams_;
  std::map<std::string, std::string> aliases_;
  std::map<std::pair<std::string, std::string>, std::string> identities_;
  int64_t latest_us_ = 0;
};

absl::Status Complete(int64_t line, v1::Event* event) {
  if (event->has_received_at()) return absl::OkStatus();
  if (event->has_reported_at()) {
    *event->mutable_received_at() = event->reported_at();
  } else if (event->has_occurred_at()) {
    *event->mutable_received_at() = event->occurred_at();
  } else {
    return absl::InvalidArgumentError("line " + std::to_string(line) +
                                      ": one of received_at, reported_at, occurred_at is needed");
  }
  return absl::OkStatus();
}

v1::Event Activation(const v1::PolicyPack& pack) {
  v1::Event event;
  event.set_source("trigpoint/control");
  event.set_id("policy/" + pack.id() + "/" + std::to_string(pack.version()));
  auto* activated = event.mutable_policy_activated();
  activated->set_policy_id(pack.id());
  activated->set_version(pack.version());
  SetMicros(0, activated->mutable_effective_from());
  *activated->mutable_pack() = pack;
  return event;
}

}  // namespace

absl::StatusOr<std::vector<OfflineAssessment>> AssessOffline(const OfflineRequest& request) {
  auto found = request.pack.has_value() ? absl::StatusOr<v1::PolicyPack>(*request.pack)
                                        : FindPack(request.policy, request.pack_directory);
  TP_ASSIGN_OR_RETURN(v1::PolicyPack pack, std::move(found));
  // Taken to apply unless facts in the file exclude the provider: only a registration can do that.
  Controls controls;
  std::vector<std::pair<int64_t, v1::Event>> events;
  const bool registered =
      std::any_of(request.events.begin(), request.events.end(), [](const auto& e) {
        return e.second.has_service_registered() &&
               Names(v1::Affiliation::RELATION_COMMISSIONER, e.second.service_registered());
      });
  if (!registered) pack.clear_applies_to();
  TP_RETURN_IF_ERROR(controls.Add(Activation(pack)));
  for (const auto& other : request.beside) TP_RETURN_IF_ERROR(controls.Add(Activation(other)));
  for (const auto& [line, given] : request.events) {
    v1::Event event = given;
    TakeIdentity(&event);  // No rule reads it, and nothing that was assessed may show it.
    if (IsControl(event)) {
      TP_RETURN_IF_ERROR(controls.Add(event));
      continue;
    }
    TP_RETURN_IF_ERROR(Complete(line, &event));
    if (request.as_of_us.has_value() && ToMicros(event.received_at()) > *request.as_of_us) continue;
    events.emplace_back(line, std::move(event));
  }
  std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return ToMicros(a.second.received_at()) < ToMicros(b.second.received_at());
  });
  Offline offline(std::move(controls));
  for (auto& [line, event] : events) TP_RETURN_IF_ERROR(offline.Fold(line, std::move(event)));
  return offline.Finish(pack.id(), request.as_of_us);
}

}  // namespace trigpoint
