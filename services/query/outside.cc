#include "services/query/outside.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "services/query/protected.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/policy/feeds.h"

namespace trigpoint {
namespace {

/// Of the built-in principal of a node without principals.
constexpr char kLocalOrganisation[] = "local";

constexpr char kFewer[] = "fewer than five: not told outside the service's commissioners and host";

template <typename Service>
bool IsOutsideOf(const Principal& principal, const Service& service) {
  const bool known = !service.commissioners().empty() || !service.host().empty();
  return known && principal.organisation != kLocalOrganisation &&
         principal.organisation != service.host() &&
         std::none_of(service.commissioners().begin(), service.commissioners().end(),
                      [&principal](const auto& one) { return one == principal.organisation; });
}

bool IsSmall(const v1::Figure& figure) {
  return figure.value() > 0 && figure.value() < static_cast<double>(kSmallNumber);
}

/// Whether a reference is known not to be to a report about people.
bool IsPublic(const v1::ProviderState& state, const v1::EventRef& ref) {
  return std::any_of(state.facts().begin(), state.facts().end(), [&ref](const v1::Event& fact) {
    return fact.source() == ref.source() && fact.id() == ref.id() &&
           SensitivityOf(fact) < v1::SENSITIVITY_C3_PSEUDONYMISED;
  });
}

/// Gives whether there were some, and fewer than five.
bool RemoveFew(const v1::ProviderState& state,
               google::protobuf::RepeatedPtrField<v1::EventRef>* refs) {
  const auto first = std::stable_partition(
      refs->begin(), refs->end(), [&state](const auto& ref) { return IsPublic(state, ref); });
  const auto reports = static_cast<size_t>(refs->end() - first);
  if (reports == 0 || reports >= kSmallNumber) return false;
  refs->erase(first, refs->end());
  return true;
}

void HideIn(const v1::ProviderState& state,
            google::protobuf::RepeatedPtrField<v1::CriterionResult>* criteria) {
  for (auto& criterion : *criteria) {
    const bool few = RemoveFew(state, criterion.mutable_evidence());
    auto* figures = criterion.mutable_figures();
    const int before = figures->size();
    figures->erase(std::remove_if(figures->begin(), figures->end(),
                                  [few](const auto& figure) { return few || IsSmall(figure); }),
                   figures->end());
    if (few || figures->size() < before) criterion.set_note(kFewer);
  }
}

/// Whether reports of a kind are about people.
bool IsAboutPeople(const std::string& kind_name) {
  const KindInfo* kind = KindOfName(kind_name);
  return kind != nullptr && kind->sensitivity >= v1::SENSITIVITY_C3_PSEUDONYMISED;
}

/// Leaves out since when a feed is silent: it tells when the last report came.
void HideSince(std::string* gap) {
  constexpr size_t kDate = std::string_view("2026-03-01").size();
  for (size_t at = gap->find(kSilentSince); at != std::string::npos; at = gap->find(kSilentSince))
    gap->erase(at, std::string_view(kSilentSince).size() + kDate);
}

}  // namespace

bool IsOutside(const Principal& principal, const v1::Provider& provider) {
  return IsOutsideOf(principal, provider);
}

bool IsOutside(const Principal& principal, const v1::ProviderSummary& summary) {
  return IsOutsideOf(principal, summary);
}

bool IsOutside(const Principal& principal, const v1::ProviderState& state) {
  const v1::ServiceRegistered* service = ServiceOf(state);
  return service != nullptr && IsOutsideOf(principal, *service);
}

void HideSmallNumbers(const v1::ProviderState& state, v1::Assessment* assessment) {
  HideIn(state, assessment->mutable_criteria());
  assessment->clear_confidence();
  assessment->clear_near_misses();
  for (auto& gap : *assessment->mutable_gaps()) HideSince(&gap);
}

void HideSmallNumbers(const v1::ProviderState& state, v1::Recommendation* recommendation) {
  HideIn(state, recommendation->mutable_criteria());
  recommendation->clear_confidence();
}

void HideSmallNumbers(const v1::ProviderState& state, v1::RapidQualityReviewAlert* alert) {
  if (!RemoveFew(state, alert->mutable_evidence())) return;
  // The cause and the cluster are references, too.
  alert->clear_cause();
  alert->clear_cluster();
}

void HideSmallNumbers(const v1::ProviderState& state, v1::Alert* alert) {
  HideSmallNumbers(state, alert->mutable_detail());
  for (auto& decline : *alert->mutable_declines()) decline.clear_reason();
}

bool TellsOfReportsAboutPeople(const v1::FeedSilent& silence) {
  return IsAboutPeople(silence.kind());
}

// NOLINTNEXTLINE(misc-no-recursion): what is carried holds facts, and these nothing that is
// carried.
void HideSmallNumbers(const v1::ProviderState& state, v1::Event* event) {
  if (event->has_recommendation()) {
    HideSmallNumbers(state, event->mutable_recommendation());
  } else if (event->has_rapid_quality_review_alert()) {
    HideSmallNumbers(state, event->mutable_rapid_quality_review_alert());
  } else if (event->has_decision_basis_weakened()) {
    RemoveFew(state, event->mutable_decision_basis_weakened()->mutable_evidence());
  } else if (event->has_cluster_confirmed()) {
    RemoveFew(state, event->mutable_cluster_confirmed()->mutable_reports());
    event->mutable_cluster_confirmed()->clear_reason();
  } else if (event->has_cluster_split()) {
    RemoveFew(state, event->mutable_cluster_split()->mutable_reports());
    event->mutable_cluster_split()->clear_reason();
  } else if (event->has_cluster_linked()) {
    RemoveFew(state, event->mutable_cluster_linked()->mutable_reports());
    event->mutable_cluster_linked()->clear_reason();
  } else if (event->has_alert_declined()) {
    event->mutable_alert_declined()->clear_reason();
  } else if (event->has_memory_carried()) {
    for (auto& fact : *event->mutable_memory_carried()->mutable_facts())
      HideSmallNumbers(state, &fact);
  }
}

void RemoveSpots(const std::function<bool(const BlindSpotOf&)>& tells,
                 std::vector<BlindSpotOf>* spots, v1::Coverage* coverage) {
  auto* words = coverage->mutable_blind_spots();
  int kept = 0;
  for (int i = 0; i < words->size(); ++i) {
    if (tells((*spots)[static_cast<size_t>(i)])) continue;
    words->SwapElements(kept, i);
    (*spots)[static_cast<size_t>(kept++)] = (*spots)[static_cast<size_t>(i)];
  }
  words->DeleteSubrange(kept, words->size() - kept);
  spots->resize(static_cast<size_t>(kept));
}

void HideSmallNumbers(std::vector<BlindSpotOf>* spots, v1::Coverage* coverage) {
  RemoveSpots(
      [coverage](const BlindSpotOf& of) {
        // When something last came, and of a feed from whom.
        if (of.category >= 0) {
          const auto& row = coverage->categories(of.category);
          return row.blind() && row.has_last_at();
        }
        return of.feed >= 0 && IsAboutPeople(coverage->feeds(of.feed).kind()) &&
               !coverage->feeds(of.feed).source().empty();
      },
      spots, coverage);
  for (auto& feed : *coverage->mutable_feeds()) {
    if (!IsAboutPeople(feed.kind())) continue;
    feed.clear_source();
    feed.clear_last_at();
    feed.clear_due_at();
    feed.clear_silent_since();
    feed.clear_missed();
  }
  for (auto& gap : *coverage->mutable_seek_next()) HideSince(gap.mutable_text());
  for (auto& category : *coverage->mutable_categories()) {
    if (category.internal_reports() + category.external_reports() >= kSmallNumber) continue;
    category.clear_internal_reports();
    category.clear_external_reports();
    category.clear_sources();
    category.clear_last_at();
  }
}

void HideSmallNumbers(v1::Provider* provider) {
  provider->clear_revision();
  provider->clear_duplicates_open();
  if (provider->has_last_event_at()) ShowDay(provider->mutable_last_event_at());
  provider->clear_etag();
}

}  // namespace trigpoint
