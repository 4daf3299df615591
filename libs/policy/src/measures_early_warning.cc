// Early warnings that a council sees: occupancy, early indicators of concern, what a visit found,
// the score of a risk profile (S4 3.66-3.68, 3.100, 4.14; domain 3.1).
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "measure_facts.h"
#include "measure_support.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Share of beds in use; nothing where the report does not say.
std::optional<double> Occupancy(const v1::Event& fact, const v1::ServiceRegistered* service) {
  const auto& report = fact.capacity_reported();
  uint32_t beds = report.beds();
  if (beds == 0 && service != nullptr) beds = service->beds();
  if (beds == 0 || !report.has_vacant()) return std::nullopt;
  return 1.0 - static_cast<double>(std::min(report.vacant(), beds)) / beds;
}

/// occupancy_red / occupancy_amber (3.1): the latest report is below `red`, or `fall` below the
/// highest earlier one of the window.
MeasureResult OccupancyLow(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const v1::Event* last = nullptr;
  const v1::Event* highest = nullptr;
  double now = 0;
  double high = 0;
  for (const v1::Event* fact :
       FactsInOrder(context, [](const v1::Event& one) { return one.has_capacity_reported(); })) {
    if (!IsWithin(*fact, context, arguments.Integer("days"))) continue;
    const auto share = Occupancy(*fact, ServiceOf(context.state));
    if (!share.has_value()) continue;
    now = *share;
    last = fact;
    if (highest == nullptr || *share > high) {
      highest = fact;
      high = *share;
    }
  }
  if (last == nullptr) {
    result.note = "no beds and vacancies reported in the window";
    return result;
  }
  // Shares are ratios of small whole numbers: a fall of exactly 10 points is one.
  constexpr double kRounding = 1e-9;
  const bool fell = high - now >= arguments.Number("fall") - kRounding;
  AddFigure("occupancy", now, &result);
  AddFigure("highest occupancy in the window", high, &result);
  result.value = Is(now < arguments.Number("red") - kRounding || fell);
  if (result.value == Truth::kTrue) {
    if (fell) Refer(*highest, &result);
    Refer(*last, &result);
  } else if (now <= arguments.Number("amber") + kRounding) {
    result.near_miss = "occupancy is falling towards the level of an early warning";
  }
  return result;
}

/// early_indicator_rule (3.1; S4 3.66): an indicator is soft, so several themes and several
/// observers are needed.
MeasureResult EarlyIndicators(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::set<int> themes;
  std::set<EventKey> observers;
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_early_indicator_observed() ||
        !IsWithin(fact, context, arguments.Integer("days"))) {
      continue;
    }
    const auto& observed = fact.early_indicator_observed();
    themes.insert(observed.indicator());
    const std::string& organisation = fact.source_organisation();
    observers.emplace(organisation.empty() ? fact.source() : organisation,
                      observed.observer_role());
    Refer(fact, &result);
    result.protected_source = result.protected_source || IsOfProtectedSource(fact);
  }
  AddFigure("themes", static_cast<double>(themes.size()), &result);
  AddFigure("observers", static_cast<double>(observers.size()), &result);
  const auto enough = [&arguments](size_t is, const char* least) {
    return static_cast<int64_t>(is) >= arguments.Integer(least);
  };
  result.value = Is(enough(themes.size(), "themes") && enough(observers.size(), "observers"));
  if (result.value == Truth::kFalse) {
    if (result.cited > 0) result.near_miss = "early indicators were seen; one is not sufficient";
    result.evidence.clear();
    result.protected_source = false;
  }
  return result;
}

MeasureResult SeriousVisitFinding(const MeasureArguments& arguments,
                                  const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const int64_t reviewed = ReviewedUntil(context.state);
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_commissioner_visit_conducted() ||
        !IsWithin(fact, context, arguments.Integer("days")) ||
        ToMicros(fact.received_at()) <= reviewed) {
      continue;
    }
    const auto& findings = fact.commissioner_visit_conducted().findings();
    if (std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
          return finding.grade() == v1::VisitFinding::GRADE_SERIOUS_CONCERN;
        })) {
      Refer(fact, &result);
    }
  }
  return TrueIfCited(std::move(result));
}

/// What prejudices the viability of a service: whoever knows says that it is likely to end.
MeasureResult ViabilityThreatened(const MeasureArguments& arguments,
                                  const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    const bool threatens = fact.has_provider_failure_declared() ||
                           fact.financial_concern_raised().likely_cessation() ||
                           fact.market_oversight_notice_received().likely_cessation();
    if (threatens && IsWithin(fact, context, arguments.Integer("days"))) Refer(fact, &result);
  }
  return TrueIfCited(std::move(result));
}

/// The latest score; FALSE where nobody scored the risk (S4 3.67: "it may be necessary").
MeasureResult RiskProfileAtLeast(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const auto scored =
      FactsInOrder(context, [](const v1::Event& fact) { return fact.has_risk_profile_scored(); });
  if (scored.empty()) {
    result.value = Truth::kFalse;
    result.note = "no risk profile";
    return result;
  }
  const auto& score = scored.back()->risk_profile_scored().score();
  const int64_t product = int64_t{score.likelihood()} * score.consequence();
  AddFigure("risk score", static_cast<double>(product), &result);
  Refer(*scored.back(), &result);
  result.value = Is(product >= arguments.Integer("score"));
  return result;
}

const std::vector<Measure> kEarlyWarningMeasures = {
    {.name = "occupancy_low",
     .summary = "Of the reports of the last `days` the latest shows less than the share `red` of "
                "beds in use, or the share `fall` less than the highest one before; from `amber` "
                "down a near miss; UNKNOWN without a report.",
     .numbers = {"red", "amber", "fall", "days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kCapacityReported})},
     .evaluate = OccupancyLow},
    {.name = "early_indicators",
     .summary = "Within `days` early indicators of at least `themes` themes (CL-10) were seen by "
                "at least `observers` observers.",
     .numbers = {"themes", "observers", "days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kEarlyIndicatorObserved})},
     .evaluate = EarlyIndicators},
    {.name = "serious_visit_finding",
     .summary = "A visit within `days` found something of serious concern.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kCommissionerVisitConducted})},
     .evaluate = SeriousVisitFinding},
    {.name = "viability_threatened",
     .summary = "The provider failed within `days`, or somebody says that the service is likely to "
                "end for want of money.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.facts =
                   KindsOf({v1::Event::kProviderFailureDeclared, v1::Event::kFinancialConcernRaised,
                            v1::Event::kMarketOversightNoticeReceived})},
     .evaluate = ViabilityThreatened},
    {.name = "risk_profile_at_least",
     .summary = "The latest risk profile scores at least `score` (likelihood times consequence, of "
                "25); FALSE where nobody scored one.",
     .numbers = {"score"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kRiskProfileScored})},
     .evaluate = RiskProfileAtLeast},
};

}  // namespace

std::span<const Measure> EarlyWarningMeasures() { return kEarlyWarningMeasures; }

}  // namespace trigpoint
