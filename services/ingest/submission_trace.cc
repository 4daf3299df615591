#include "services/ingest/submission_trace.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "services/common/protected_trace.h"
#include "services/ingest/intake.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Response = v1::TraceSubmissionResponse;

template <typename Refs>
bool Cites(const Refs& refs, const TraceQuery& query) {
  return std::any_of(refs.begin(), refs.end(), [&query](const v1::EventRef& ref) {
    return ref.source() == query.source && ref.id() == query.id;
  });
}

/// Criteria that rest on a protected source say nothing of what else they rest on.
bool IsEvidence(const v1::Recommendation& recommendation, const TraceQuery& query) {
  return std::any_of(recommendation.criteria().begin(), recommendation.criteria().end(),
                     [&query](const v1::CriterionResult& criterion) {
                       return criterion.value() == v1::TRUTH_VALUE_TRUE &&
                              !criterion.protected_source() && Cites(criterion.evidence(), query);
                     });
}

uint32_t OthersOfTheIncident(const v1::ProviderState& state, const TraceQuery& query) {
  constexpr int64_t kEver = std::numeric_limits<int64_t>::max();
  const ClusterView view(state);
  const auto reports = view.In(-kEver, kEver);
  std::optional<int> cluster;
  for (const auto& item : reports) {
    if (item.report->source() == query.source && item.report->id() == query.id) {
      cluster = item.cluster;
    }
  }
  return static_cast<uint32_t>(std::count_if(
      reports.begin(), reports.end(), [&cluster, &query](const ClusterView::Item& item) {
        const bool protected_one = (item.report->flags() & kConcernProtectedSource) != 0;
        return cluster == item.cluster && item.report->source() != query.source && !protected_one;
      }));
}

using Parts = google::protobuf::RepeatedPtrField<Response::Part>;

void AddPart(Response::Part::What what, const std::string& policy_id, int64_t since_us,
             Parts* parts) {
  auto* part = parts->Add();
  part->set_what(what);
  part->set_policy_id(policy_id);
  SetMicros(since_us, part->mutable_since());
}

void AddParts(const v1::ProviderRecord& record, const TraceQuery& query,
              const ProtectedTrace& trace, Parts* parts) {
  for (const auto& policy : record.policies()) {
    if (!IsEvidence(policy.recommendation(), query)) continue;
    if (policy.awaiting_decision()) {
      const bool rests = trace.RestsOnProtected(policy.recommendation().recommendation_id());
      const int64_t since_us = policy.recommended_us();
      AddPart(Response::Part::WHAT_RECOMMENDATION, policy.policy_id(),
              rests ? DayStart(since_us) : since_us, parts);
    } else if (policy.declined() || policy.decided_us() >= policy.recommended_us()) {
      AddPart(Response::Part::WHAT_DECISION, policy.policy_id(), policy.decided_us(), parts);
    }
  }
  for (const auto& raised : record.alerts()) {
    if (raised.alert().protected_source() || !Cites(raised.alert().evidence(), query)) continue;
    AddPart(Response::Part::WHAT_ALERT, "", raised.raised_us(), parts);
    parts->rbegin()->set_acknowledged(IsAnswered(raised));
  }
}

void Describe(const v1::Event& event, Response* response) {
  response->set_source_version(VersionOf(event));
  *response->mutable_received_at() =
      event.has_first_received_at() ? event.first_received_at() : event.received_at();
  if (event.has_subject()) *response->mutable_subject() = event.subject();
}

bool StandsIn(const v1::ProviderState& state, const TraceQuery& query) {
  const auto is_it = [&query](const auto& one) {
    return one.source() == query.source && one.id() == query.id;
  };
  return std::any_of(state.concerns().begin(), state.concerns().end(), is_it) ||
         std::any_of(state.facts().begin(), state.facts().end(), is_it);
}

absl::Status AddSuccessor(const Projector& projector, const StreamAsOf& stream,
                          const TraceQuery& query, Response* response) {
  const std::string& stream_id = stream.state.stream_id();
  auto* successor = response->add_successors();
  if (stream.state.ids_size() > 0) *successor->mutable_id() = stream.state.ids(0);
  successor->set_name(DisplayName(stream.state));
  successor->set_counts(StandsIn(stream.state, query));
  TP_ASSIGN_OR_RETURN(const auto all, projector.ReadEvents(stream_id, 0, UINT64_MAX));
  AddParts(stream.record, query, ProtectedTrace::Of(all), successor->mutable_parts());
  return absl::OkStatus();
}

/// The services that follow one and have what it knew, the nearest first. Where a person refused
/// what is inherited, or a link was taken back, nothing follows.
absl::Status AddSuccessors(const Projector& projector, const std::string& stream_id,
                           const TraceQuery& query, Response* response) {
  std::vector<std::string> reached = {stream_id};
  for (size_t next = 0; next < reached.size(); ++next) {
    for (const auto& link : projector.LinksOf(reached[next])) {
      const auto& [predecessor, follower] = link.pair;
      if (predecessor != reached[next] || link.ignored) continue;
      if (std::find(reached.begin(), reached.end(), follower) != reached.end()) continue;
      TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(follower));
      const v1::Inheritance* kept = FindInheritance(stream.record, predecessor);
      if (kept == nullptr || (!Counts(kept->standing()) && !IsOpen(kept->standing()))) continue;
      reached.push_back(follower);
      TP_RETURN_IF_ERROR(AddSuccessor(projector, stream, query, response));
    }
  }
  return absl::OkStatus();
}

/// Nothing: it stands in no stream of a service.
absl::StatusOr<std::optional<Response>> InService(const Projector& projector,
                                                  const TraceQuery& query) {
  std::optional<Response> found;
  for (const std::string& stream_id : projector.StreamsWith(query.source, query.id)) {
    TP_ASSIGN_OR_RETURN(const auto entry,
                        projector.store().ReadEventIndex(projector.PartitionFor(stream_id),
                                                         stream_id, query.source, query.id));
    if (!entry.has_value() || stream_id.starts_with(kSourceStreamPrefix)) continue;
    if (found.has_value() && found->source_version() > entry->version()) continue;
    TP_ASSIGN_OR_RETURN(const auto events,
                        projector.ReadEvents(stream_id, entry->revision(), entry->revision() + 1));
    if (events.empty()) continue;
    const v1::Event& event = events.front().event();
    Response response;
    Describe(event, &response);
    const bool taken_back = event.has_event_retracted();
    response.set_standing(taken_back ? Response::STANDING_TAKEN_BACK : Response::STANDING_RECEIVED);
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(stream_id));
    TP_ASSIGN_OR_RETURN(const auto all, projector.ReadEvents(stream_id, 0, UINT64_MAX));
    const ProtectedTrace trace = ProtectedTrace::Of(all);
    const bool withheld = query.clearance < v1::SENSITIVITY_C2_IN_CONFIDENCE ||
                          trace.IsProtected(query.source, query.id);
    response.set_parts_withheld(withheld);
    if (!withheld) {
      response.set_other_reports(OthersOfTheIncident(stream.state, query));
      AddParts(stream.record, query, trace, response.mutable_parts());
      if (!taken_back) TP_RETURN_IF_ERROR(AddSuccessors(projector, stream_id, query, &response));
    }
    found = std::move(response);
  }
  return found;
}

std::optional<Response> Waiting(const Projector& projector, const TraceQuery& query) {
  for (const v1::Event& event : projector.AllWaiting()) {
    if (event.source() != query.source || event.id() != query.id) continue;
    Response response;
    Describe(event, &response);
    response.set_standing(Response::STANDING_WAITING);
    return response;
  }
  return std::nullopt;
}

std::optional<Response> Refused(const Projector& projector, const TraceQuery& query) {
  const auto held = projector.Quarantined({.source = query.source}, "", SIZE_MAX);
  const auto last =
      std::find_if(held.rbegin(), held.rend(), [&query](const v1::HeldSubmission& one) {
        return one.event().submission_quarantined().submitted_id() == query.id;
      });
  if (last == held.rend()) return std::nullopt;
  const auto& quarantined = last->event().submission_quarantined();
  Response response;
  response.set_standing(Response::STANDING_REFUSED);
  SetMicros(last->received_us(), response.mutable_received_at());
  response.set_quarantine_id(quarantined.quarantine_id());
  *response.mutable_violations() = quarantined.violations();
  return response;
}

}  // namespace

absl::StatusOr<v1::TraceSubmissionResponse> TraceSubmission(const Projector& projector,
                                                            const TraceQuery& query) {
  TP_ASSIGN_OR_RETURN(std::optional<Response> response, InService(projector, query));
  if (!response.has_value()) response = Waiting(projector, query);
  const auto refused = Refused(projector, query);
  if (!response.has_value()) {
    response = refused;
  } else if (refused.has_value()) {
    // A correction that was refused leaves what it corrects standing.
    response->set_quarantine_id(refused->quarantine_id());
    *response->mutable_violations() = refused->violations();
  }
  if (!response.has_value()) {
    return WithReason(absl::NotFoundError("nothing with this id came from this source"),
                      "SUBMISSION_NOT_FOUND");
  }
  response->set_source(query.source);
  response->set_id(query.id);
  return *std::move(response);
}

}  // namespace trigpoint
