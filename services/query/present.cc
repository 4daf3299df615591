#include "services/query/present.h"

#include <algorithm>
#include <string_view>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"
#include "trigpoint/policy/cross_walk.h"

namespace trigpoint {
namespace {

std::string WithoutPrefix(std::string name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  return name;
}

v1::Provider FromSummary(const v1::ProviderSummary& summary, const InForce& in_force) {
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
  provider.set_brand(summary.brand());
  *provider.mutable_affiliations() = summary.affiliations();
  provider.set_inheritance_open(summary.inheritance_open());
  provider.set_duplicates_open(summary.duplicates_open());
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
    const auto pack = in_force.Policy(from.policy_id());
    const auto* nqb = pack == nullptr ? nullptr : CrossWalkOf(pack->pack(), from.decided_state());
    if (nqb != nullptr) *level->mutable_nqb() = *nqb;
  }
  provider.set_open_alerts(summary.open_alerts());
  provider.set_silent_feeds(summary.silent_feeds());
  if (summary.last_event_us() != 0)
    SetMicros(summary.last_event_us(), provider.mutable_last_event_at());
  provider.set_revision(summary.revision());
  return provider;
}

void AddDeclines(const v1::RapidQualityReviewAlert& alert, const v1::ProviderRecord& record,
                 v1::Alert* out) {
  for (const auto& other : record.alerts()) {
    if (other.declined_us() == 0 || RootOf(other.alert()) != RootOf(alert)) continue;
    auto* decline = out->add_declines();
    decline->set_alert_id(other.alert().alert_id());
    decline->set_tier(other.alert().tier());
    SetMicros(other.declined_us(), decline->mutable_declined_at());
    decline->set_declined_by(other.declined().actor().principal());
    decline->set_organisation(other.declined().actor().organisation());
    decline->set_reason(other.declined().reason());
  }
  std::stable_sort(out->mutable_declines()->begin(), out->mutable_declines()->end(),
                   [](const auto& a, const auto& b) {
                     return ToMicros(a.declined_at()) < ToMicros(b.declined_at());
                   });
}

}  // namespace

v1::Provider PresentProvider(const v1::ProviderSummary& summary, const InForce& in_force,
                             const Protection& protection) {
  v1::Provider provider = FromSummary(summary, in_force);
  HideProtected(protection, true, &provider);
  return provider;
}

v1::Provider PresentProviderThen(const v1::ProviderSummary& summary, const InForce& in_force,
                                 const Protection& protection) {
  v1::Provider provider = FromSummary(summary, in_force);
  HideProtected(protection, false, &provider);
  return provider;
}

v1::Alert PresentAlert(const v1::AlertRecord& alert, const StreamAsOf& stream,
                       const Protection& protection, int64_t now_us) {
  const v1::ProviderState& state = stream.state;
  v1::Alert out;
  out.set_alert_id(alert.alert().alert_id());
  out.set_provider("providers/" + state.stream_id());
  out.set_display_name(DisplayName(state));
  *out.mutable_ids() = state.ids();
  *out.mutable_detail() = alert.alert();
  SetMicros(alert.raised_us(), out.mutable_raised_at());
  if (alert.acknowledged_us() != 0) {
    SetMicros(alert.acknowledged_us(), out.mutable_acknowledged_at());
    out.set_acknowledged_by(alert.acknowledged_by().principal());
  }
  AddDeclines(alert.alert(), stream.record, &out);
  HideProtected(protection, &out);
  // By the instant that is shown: the real one would show itself when this changes.
  if (!IsAnswered(alert) && out.detail().has_acknowledge_by())
    out.set_overdue(ToMicros(out.detail().acknowledge_by()) < now_us);
  return out;
}

v1::OpenRecommendation PresentRecommendation(const v1::ProviderSummary& summary,
                                             const v1::PolicyRecord& policy,
                                             const std::string& decided_state,
                                             const Protection& protection) {
  v1::OpenRecommendation out;
  out.set_provider("providers/" + summary.stream_id());
  out.set_display_name(summary.display_name());
  *out.mutable_ids() = summary.ids();
  *out.mutable_recommendation() = policy.recommendation();
  out.set_decided_state(decided_state);
  SetMicros(policy.recommended_us(), out.mutable_recommended_at());
  out.set_awaiting_decision(policy.awaiting_decision());
  HideProtected(protection, &out);
  return out;
}

std::string RatingName(v1::Rating rating) {
  return WithoutPrefix(v1::Rating_Name(rating), "RATING_");
}

std::string ServiceTypeName(v1::ServiceType type) {
  return WithoutPrefix(v1::ServiceType_Name(type), "SERVICE_TYPE_");
}

}  // namespace trigpoint
