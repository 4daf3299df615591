#include "trigpoint/engine/summary.h"

#include <algorithm>

#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/policy/alerts.h"
#include "trigpoint/policy/assess.h"

namespace trigpoint {
namespace {

/// A policy that applies, and under which nothing was ever recommended or decided: the lowest
/// state. The record starts at the first step above it (docs/adr/0006), the service does not.
void AddQuietPolicies(const v1::ProviderState& state, const v1::ProviderRecord& record,
                      const InForce& in_force, const std::shared_ptr<MeasureCache>& cache,
                      v1::ProviderSummary* summary) {
  for (const auto& pack : in_force.policies) {
    if (FindPolicyRecord(record, pack->pack().id()) != nullptr) continue;
    const MeasureContext context =
        ContextFor(state, record, *pack, in_force.baselines, state.known_us(), cache);
    if (Applies(*pack, context) != Truth::kTrue) continue;
    auto* level = summary->add_levels();
    level->set_policy_id(pack->pack().id());
    if (pack->HasLevels()) level->set_decided_state(DecidedState({}, pack->pack().authority()));
  }
}

uint32_t OpenDuplicates(const v1::ProviderState& state,
                        const std::shared_ptr<MeasureCache>& cache) {
  if (cache == nullptr) return static_cast<uint32_t>(ClusterView(state).open_pairs());
  if (!cache->clusters.has_value()) cache->clusters.emplace(state);
  return static_cast<uint32_t>(cache->clusters->open_pairs());
}

}  // namespace

void Summarise(const v1::ProviderState& state, const v1::ProviderRecord& record,
               const InForce& in_force, const std::shared_ptr<MeasureCache>& cache,
               v1::ProviderSummary* summary) {
  summary->Clear();
  summary->set_stream_id(state.stream_id());
  *summary->mutable_ids() = state.ids();
  summary->set_display_name(DisplayName(state));
  if (const v1::ServiceRegistered* service = ServiceOf(state); service != nullptr) {
    summary->set_service_type(service->service_type());
    summary->set_beds(service->beds());
    *summary->mutable_commissioners() = service->commissioners();
    summary->set_local_authority(service->local_authority());
    summary->set_organisation(service->organisation());
    summary->set_host(service->host());
    summary->set_brand(service->brand());
    *summary->mutable_affiliations() = service->affiliations();
  }
  const CurrentRating rating = cache != nullptr && cache->rating.has_value()
                                   ? *cache->rating
                                   : CurrentRatingOf(state, state.known_us());
  summary->set_overall_rating(rating.overall);
  if (rating.overall != v1::RATING_UNSPECIFIED) {
    summary->mutable_rated_on()->set_year(rating.report_date.year);
    summary->mutable_rated_on()->set_month(rating.report_date.month);
    summary->mutable_rated_on()->set_day(rating.report_date.day);
  }
  for (const auto& policy : record.policies()) {
    const auto pack = in_force.Policy(policy.policy_id());
    if (pack == nullptr) continue;  // Out of force: it asks for nothing.
    auto* level = summary->add_levels();
    level->set_policy_id(policy.policy_id());
    level->set_decided_state(DecidedState(policy, pack->pack().authority()));
    level->set_awaiting_decision(policy.awaiting_decision());
    if (policy.has_recommendation()) {
      level->set_recommended_state(policy.recommendation().target_state());
      level->set_recommendation_id(policy.recommendation().recommendation_id());
      level->set_urgent(policy.recommendation().urgent() && policy.awaiting_decision());
      level->set_recommended_us(policy.recommended_us());
    }
    level->set_rank(pack->Rank(policy.awaiting_decision() ? level->recommended_state()
                                                          : level->decided_state()));
  }
  AddQuietPolicies(state, record, in_force, cache, summary);
  std::sort(summary->mutable_levels()->begin(), summary->mutable_levels()->end(),
            [](const auto& a, const auto& b) { return a.policy_id() < b.policy_id(); });
  uint32_t open_alerts = 0;
  for (const auto& alert : record.alerts()) {
    const bool open = !IsAnswered(alert) && !alert.alert().historic() && IsOpen(alert, state) &&
                      !IsToldWithAnother(alert.alert(), record, state);
    open_alerts += open ? 1U : 0U;
  }
  summary->set_open_alerts(open_alerts);
  summary->set_inheritance_open(
      std::any_of(record.inheritances().begin(), record.inheritances().end(), AwaitsPerson));
  const auto& silences = record.silences();
  summary->set_silent_feeds(static_cast<uint32_t>(std::count_if(
      silences.begin(), silences.end(), [](const auto& s) { return s.ended_us() == 0; })));
  summary->set_legal_holds(static_cast<uint32_t>(record.holds_size()));
  summary->set_duplicates_open(OpenDuplicates(state, cache));
  summary->set_last_event_us(state.known_us());
  summary->set_revision(state.revision());
}

v1::ProviderSummary Summarise(const v1::ProviderState& state, const v1::ProviderRecord& record,
                              const InForce& in_force) {
  v1::ProviderSummary summary;
  Summarise(state, record, in_force, nullptr, &summary);
  return summary;
}

}  // namespace trigpoint
