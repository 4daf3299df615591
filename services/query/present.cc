#include "services/query/present.h"

#include <algorithm>
#include <string_view>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

std::string WithoutPrefix(std::string name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  return name;
}

/// Whether a reference is known not to point to a protected source.
bool IsOpenEvidence(const v1::ProviderState& state, const v1::EventRef& ref) {
  const auto is_ref = [&ref](const auto& e) {
    return e.source() == ref.source() && e.id() == ref.id();
  };
  const auto concern = std::find_if(state.concerns().begin(), state.concerns().end(), is_ref);
  if (concern != state.concerns().end()) return (concern->flags() & kConcernProtectedSource) == 0;
  const auto fact = std::find_if(state.facts().begin(), state.facts().end(), is_ref);
  return fact != state.facts().end() && !fact->has_whistleblowing_concern_received() &&
         fact->sensitivity() < v1::SENSITIVITY_C5_PROTECTED_SOURCE;
}

void KeepOpenEvidence(const v1::ProviderState& state,
                      google::protobuf::RepeatedPtrField<v1::EventRef>* refs) {
  refs->erase(
      std::remove_if(refs->begin(), refs->end(),
                     [&state](const v1::EventRef& ref) { return !IsOpenEvidence(state, ref); }),
      refs->end());
}

}  // namespace

v1::Provider PresentProvider(const v1::ProviderSummary& summary) {
  v1::Provider provider;
  provider.set_name("providers/" + summary.stream_id());
  provider.set_stream_id(summary.stream_id());
  *provider.mutable_ids() = summary.ids();
  provider.set_display_name(summary.display_name());
  provider.set_service_type(summary.service_type());
  provider.set_beds(summary.beds());
  *provider.mutable_commissioners() = summary.commissioners();
  provider.set_local_authority(summary.local_authority());
  provider.set_organisation(summary.organisation());
  provider.set_host(summary.host());
  provider.set_overall_rating(summary.overall_rating());
  if (summary.has_rated_on()) {
    SetMicros(LondonMidnight(ToCivil(summary.rated_on())), provider.mutable_rated_on());
  }
  for (const auto& from : summary.levels()) {
    auto* level = provider.add_levels();
    level->set_policy_id(from.policy_id());
    level->set_decided_state(from.decided_state());
    if (from.awaiting_decision()) level->set_recommended_state(from.recommended_state());
    level->set_awaiting_decision(from.awaiting_decision());
    level->set_urgent(from.urgent());
    level->set_recommendation_id(from.recommendation_id());
    if (from.recommended_us() != 0)
      SetMicros(from.recommended_us(), level->mutable_recommended_at());
  }
  provider.set_open_alerts(summary.open_alerts());
  provider.set_silent_feeds(summary.silent_feeds());
  if (summary.last_event_us() != 0)
    SetMicros(summary.last_event_us(), provider.mutable_last_event_at());
  provider.set_revision(summary.revision());
  provider.set_etag('"' + std::to_string(summary.revision()) + '"');
  return provider;
}

v1::Alert PresentAlert(const v1::AlertRecord& alert, const v1::ProviderState& state,
                       int64_t now_us) {
  v1::Alert out;
  out.set_alert_id(alert.alert().alert_id());
  out.set_provider("providers/" + state.stream_id());
  out.set_display_name(DisplayName(state));
  *out.mutable_ids() = state.ids();
  *out.mutable_detail() = alert.alert();
  HideProtected(state, out.mutable_detail());
  SetMicros(alert.raised_us(), out.mutable_raised_at());
  if (alert.acknowledged_us() != 0) {
    SetMicros(alert.acknowledged_us(), out.mutable_acknowledged_at());
    out.set_acknowledged_by(alert.acknowledged_by().principal());
  } else if (alert.alert().has_acknowledge_by()) {
    out.set_overdue(ToMicros(alert.alert().acknowledge_by()) < now_us);
  }
  return out;
}

void HideProtected(const v1::ProviderState& state,
                   google::protobuf::RepeatedPtrField<v1::CriterionResult>* criteria) {
  for (auto& criterion : *criteria) {
    if (!criterion.protected_source()) continue;
    KeepOpenEvidence(state, criterion.mutable_evidence());
    criterion.clear_figures();
    criterion.clear_note();
  }
}

void HideProtected(const v1::ProviderState& state, v1::Recommendation* recommendation) {
  const auto& criteria = recommendation->criteria();
  if (std::any_of(criteria.begin(), criteria.end(),
                  [](const auto& c) { return c.protected_source(); })) {
    recommendation->clear_cause();
  }
  HideProtected(state, recommendation->mutable_criteria());
}

void HideProtected(const v1::ProviderState& state, v1::RapidQualityReviewAlert* alert) {
  if (!alert->protected_source()) return;
  KeepOpenEvidence(state, alert->mutable_evidence());
  alert->clear_cause();
  alert->clear_cluster();
}

void HideProtected(const v1::ProviderState& state, v1::Event* event) {
  if (event->has_recommendation()) {
    HideProtected(state, event->mutable_recommendation());
  } else if (event->has_rapid_quality_review_alert()) {
    HideProtected(state, event->mutable_rapid_quality_review_alert());
  } else if (event->has_decision_basis_weakened()) {
    KeepOpenEvidence(state, event->mutable_decision_basis_weakened()->mutable_evidence());
  }
}

std::string RatingName(v1::Rating rating) {
  return WithoutPrefix(v1::Rating_Name(rating), "RATING_");
}

std::string ServiceTypeName(v1::ServiceType type) {
  return WithoutPrefix(v1::ServiceType_Name(type), "SERVICE_TYPE_");
}

}  // namespace trigpoint
