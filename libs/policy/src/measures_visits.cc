// Measures that ask for a visit, or stand against one (S0 6.1-6.3, App C; 3.10 ruling 12).
#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "measure_facts.h"
#include "measure_support.h"
#include "trigpoint/domain/decisions.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/themes.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Item = ClusterView::Item;

bool InFamilies(const std::vector<v1::SourceFamily>& families, v1::SourceFamily family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

/// V-ENH, first way: reports of independent families share a theme. One incident fills at most one
/// family, whoever reported it (3.8 (4)); two families are grade B (3.8 (6)).
MeasureResult ThemeSharedByFamilies(const MeasureArguments& arguments,
                                    const MeasureContext& context) {
  const auto items =
      context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us);
  const auto wanted = static_cast<int>(arguments.Integer("count"));
  MeasureResult result = Begin(context);
  int most = 0;
  for (int theme = v1::THEME_UNSPECIFIED + 1; theme <= v1::Theme_MAX; ++theme) {
    const auto of_theme = [&](const Item& item) {
      return (item.themes & ThemeBit(theme)) != 0 && InFamilies(arguments.families, item.family);
    };
    std::map<v1::SourceFamily, std::set<int>> incidents;
    for (const Item& item : items) {
      if (of_theme(item)) incidents[item.family].insert(item.cluster);
    }
    const int filled = ConfidenceOf(incidents).families;
    most = std::max(most, filled);
    if (filled < wanted) continue;
    for (const Item& item : items) {
      if (!of_theme(item)) continue;
      Refer(*item.report, &result);
      result.protected_source =
          result.protected_source || (item.report->flags() & kConcernProtectedSource) != 0;
    }
  }
  AddFigure("families that share a theme", most, &result);
  if (most >= wanted) {
    result.value = Truth::kTrue;
  } else {
    result.note = NotHeard(context, arguments.families);
    result.value = result.note.empty() ? Truth::kFalse : Truth::kUnknown;
  }
  TellProbable(items, arguments.families, &result);
  return result;
}

/// V-ENH, dashboard: a person who read a return says that it gives rise to concern.
MeasureResult ReturnConcern(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    const bool concern = fact.monitoring_return_received().concern() ||
                         fact.provider_performance_report_received().concern();
    if (concern && IsWithin(fact, context, arguments.Integer("days"))) Refer(fact, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

const google::protobuf::RepeatedPtrField<v1::Kpi>& KpisOf(const v1::Event& fact) {
  return fact.has_monitoring_return_received() ? fact.monitoring_return_received().kpis()
                                               : fact.provider_performance_report_received().kpis();
}

/// A routine indicator outside its tolerance (3.10 ruling 12).
template <typename Outside>
MeasureResult IndicatorOutside(const MeasureArguments& arguments, const MeasureContext& context,
                               Outside outside) {
  MeasureResult result = Begin(context);
  std::map<std::string, std::pair<const v1::Event*, double>> latest;  // By name of the indicator.
  for (const auto& fact : context.state.facts()) {
    if (!IsWithin(fact, context, arguments.Integer("days"))) continue;
    for (const auto& kpi : KpisOf(fact)) {
      if (!IsOneOf(arguments.values, kpi.name())) continue;
      auto& known = latest[kpi.name()];
      if (known.first == nullptr || FactInstant(*known.first) <= FactInstant(fact))
        known = {&fact, kpi.value()};
    }
  }
  if (latest.empty()) {
    if (result.WantsProof()) result.note = "no return says it";
    return result;
  }
  for (const auto& [name, said] : latest) {
    AddFigure(name, said.second, &result);
    if (outside(said.second, arguments.Number("limit"))) Refer(*said.first, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

MeasureResult IndicatorAbove(const MeasureArguments& arguments, const MeasureContext& context) {
  return IndicatorOutside(arguments, context, std::greater<>());
}
MeasureResult IndicatorBelow(const MeasureArguments& arguments, const MeasureContext& context) {
  return IndicatorOutside(arguments, context, std::less<>());
}

/// V-ENH, provider escalation: the provider itself says that there is a risk.
MeasureResult RiskAssertedBy(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (fact.has_immediate_risk_asserted() &&
        IsOneOf(arguments.values, fact.immediate_risk_asserted().asserted_by_role()) &&
        IsWithin(fact, context, arguments.Integer("days")))
      Refer(fact, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

/// The risk band of a score on the 5 by 5 matrix (risk_matrix, 3.1).
v1::RiskBand BandOf(const v1::RiskProfileScored& profile) {
  if (profile.rating() != v1::RISK_BAND_UNSPECIFIED) return profile.rating();
  constexpr uint32_t kModerate = 4;
  constexpr uint32_t kHigh = 8;
  constexpr uint32_t kExtreme = 15;
  const uint32_t score = profile.score().likelihood() * profile.score().consequence();
  return score >= kExtreme    ? v1::RISK_BAND_EXTREME
         : score >= kHigh     ? v1::RISK_BAND_HIGH
         : score >= kModerate ? v1::RISK_BAND_MODERATE
                              : v1::RISK_BAND_LOW;
}

/// V-INT, high-risk flag (3.10 ruling 12): the latest risk profile.
MeasureResult RiskRatingIn(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const v1::Event* latest = nullptr;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_risk_profile_scored() || FactInstant(fact) > context.as_of_us) continue;
    if (latest == nullptr || FactInstant(*latest) <= FactInstant(fact)) latest = &fact;
  }
  if (latest == nullptr) {
    if (result.WantsProof()) result.note = "no risk profile was scored";
    return result;
  }
  Refer(*latest, &result);
  result.value =
      Is(IsOneOf(arguments.values, v1::RiskBand_Name(BandOf(latest->risk_profile_scored()))));
  return result;
}

/// V-INT, high-risk flag (3.10 ruling 12): a level under another policy.
MeasureResult DecidedElsewhereIn(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const auto& policies = context.record.policies();
  result.value = Is(std::any_of(policies.begin(), policies.end(), [&](const auto& policy) {
    return policy.policy_id() != context.policy_id &&
           IsOneOf(arguments.values, DecidedState(policy, v1::AuthorityMatrix()));
  }));
  return result;
}

/// V-INT: so many concerns of the families, e.g. of regulators under the emerging concerns
/// protocol.
MeasureResult ConcernsOfFamilies(const MeasureArguments& arguments, const MeasureContext& context) {
  const auto items =
      context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us);
  MeasureResult result = Begin(context);
  std::set<int> clusters;
  for (const Item& item : items) {
    if (!InFamilies(arguments.families, item.family)) continue;
    clusters.insert(item.cluster);
    Refer(*item.report, &result);
    result.protected_source =
        result.protected_source || (item.report->flags() & kConcernProtectedSource) != 0;
  }
  AddFigure("concerns", static_cast<double>(clusters.size()), &result);
  result.value = Is(static_cast<int64_t>(clusters.size()) >= arguments.Integer("count"));
  if (result.value != Truth::kTrue) result.evidence.clear();
  TellProbable(items, arguments.families, &result);
  return result;
}

/// A visit that is planned: the last word on its day, and who said it.
struct PlannedVisit {
  const v1::Event* said = nullptr;
  CivilDate day;
  bool cancelled = false;
};

std::map<std::pair<std::string, std::string>, PlannedVisit> PlannedVisits(
    const MeasureContext& context) {
  std::vector<const v1::Event*> words;
  for (const auto& fact : context.state.facts()) {
    if ((fact.has_visit_scheduled() || fact.has_visit_rescheduled() ||
         fact.has_visit_cancelled()) &&
        FactInstant(fact) <= context.as_of_us)
      words.push_back(&fact);
  }
  std::stable_sort(words.begin(), words.end(),
                   [](const auto* a, const auto* b) { return FactInstant(*a) < FactInstant(*b); });
  std::map<std::pair<std::string, std::string>, PlannedVisit> visits;
  for (const v1::Event* fact : words) {
    if (fact->has_visit_scheduled()) {
      visits[{fact->source(), fact->id()}] = {
          .said = fact, .day = ToCivil(fact->visit_scheduled().planned_for())};
    } else if (fact->has_visit_rescheduled()) {
      visits[Resolve(*fact, fact->visit_rescheduled().visit())] = {
          .said = fact, .day = ToCivil(fact->visit_rescheduled().planned_for())};
    } else {
      visits[Resolve(*fact, fact->visit_cancelled().visit())].cancelled = true;
    }
  }
  return visits;
}

/// S0 App C: "In the event that our visit clashes with the CQC, we will not visit."
MeasureResult VisitClashesWithInspection(const MeasureArguments& /*arguments*/,
                                         const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const CivilDate today = LondonDate(context.as_of_us);
  const auto visits = PlannedVisits(context);
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_cqc_inspection_notified()) continue;
    const auto& inspection = fact.cqc_inspection_notified();
    // One that began without a date began when it was said to.
    const CivilDate from = inspection.has_on_site_from() ? ToCivil(inspection.on_site_from())
                                                         : LondonDate(FactInstant(fact));
    const CivilDate to = inspection.has_on_site_to() ? ToCivil(inspection.on_site_to()) : from;
    for (const auto& [key, visit] : visits) {
      if (visit.cancelled || visit.said == nullptr || visit.day < today) continue;
      if (visit.day < from || visit.day > to) continue;
      Refer(*visit.said, &result);
      Refer(fact, &result);
    }
  }
  result.value = Is(result.cited > 0);
  return result;
}

/// S0 App C: an intensive visit is cancelled by agreement between the ICB's director of nursing and
/// the organisation's executive lead (AU-16).
MeasureResult CancellationLacksAgreement(const MeasureArguments& arguments,
                                         const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_visit_cancelled() || !IsWithin(fact, context, arguments.Integer("days")))
      continue;
    const auto& agreed = fact.visit_cancelled().agreed_by_roles();
    const bool all = std::all_of(
        arguments.values.begin(), arguments.values.end(), [&agreed](const std::string& role) {
          return std::find(agreed.begin(), agreed.end(), role) != agreed.end();
        });
    if (!all) Refer(fact, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

const std::vector<Measure> kVisitMeasures = {
    {.name = "theme_shared_by_families",
     .summary = "Reports of at least `count` independent families of `families` share a theme "
                "within `days`; one incident fills one family, whoever reported it.",
     .numbers = {"count", "days"},
     .windows = {"days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = ThemeSharedByFamilies},
    {.name = "concerns_of_families",
     .summary = "At least `count` concerns (clusters) of `families` within `days`.",
     .numbers = {"count", "days"},
     .windows = {"days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = ConcernsOfFamilies},
    {.name = "return_concern",
     .summary = "A monitoring return or performance report within `days` gives rise to concern, "
                "says who read it.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kMonitoringReturnReceived,
                                 v1::Event::kProviderPerformanceReportReceived})},
     .evaluate = ReturnConcern},
    {.name = "indicator_above",
     .summary =
         "An indicator named in `values` is above `limit` in the latest monitoring return or "
         "performance report within `days` that has it; UNKNOWN without one.",
     .numbers = {"days", "limit"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kMonitoringReturnReceived,
                                 v1::Event::kProviderPerformanceReportReceived})},
     .evaluate = IndicatorAbove},
    {.name = "indicator_below",
     .summary =
         "An indicator named in `values` is below `limit` in the latest monitoring return or "
         "performance report within `days` that has it; UNKNOWN without one.",
     .numbers = {"days", "limit"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kMonitoringReturnReceived,
                                 v1::Event::kProviderPerformanceReportReceived})},
     .evaluate = IndicatorBelow},
    {.name = "risk_asserted_by",
     .summary = "Somebody in one of the roles in `values` asserted a risk within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kImmediateRiskAsserted})},
     .evaluate = RiskAssertedBy},
    {.name = "risk_rating_in",
     .summary = "The risk profile scored last is in one of the bands in `values`; UNKNOWN without "
                "one.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kRiskProfileScored})},
     .evaluate = RiskRatingIn},
    {.name = "decided_elsewhere_in",
     .summary = "The level decided under another policy is one of `values`.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.anything = true},
     .evaluate = DecidedElsewhereIn},
    {.name = "visit_clashes_with_inspection",
     .summary = "A visit is planned for a day on which the regulator is on site.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kCqcInspectionNotified})},
     .evaluate = VisitClashesWithInspection},
    {.name = "cancellation_lacks_agreement",
     .summary = "A visit was cancelled within `days` without the agreement of every role in "
                "`values`.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kVisitCancelled})},
     .evaluate = CancellationLacksAgreement},
};

}  // namespace

std::span<const Measure> VisitMeasures() { return kVisitMeasures; }

}  // namespace trigpoint
