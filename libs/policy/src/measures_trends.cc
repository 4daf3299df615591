// Measures that compare a count with what is to be expected: above it, in one window or in several
// (S2 App 2; S3 5.2.1, App 1; 3.1).
#include <algorithm>
#include <optional>
#include <set>

#include "rates.h"
#include "trigpoint/domain/evolve.h"

namespace trigpoint {
namespace {

/// Is any of the families above what is expected for a service of this size and nature (S2 App 2)
/// in each of `windows` disjoint windows, the last of which ends now?
MeasureResult ElevatedInWindows(const MeasureArguments& arguments, const MeasureContext& context,
                                int64_t windows) {
  const int64_t days = arguments.Integer("window_days");
  const int64_t baseline_days = arguments.Integer("baseline_days");
  const RateParameters parameters = ParametersOf(arguments, static_cast<double>(baseline_days));
  const int64_t from = WindowStart(context, days * windows);
  Unknowns unknowns;
  MeasureResult result = Begin(context);
  result.value = Truth::kFalse;
  for (const auto family : arguments.families) {
    if (result.value == Truth::kTrue && !result.WantsProof()) break;
    Truth all = Truth::kTrue;
    std::optional<RateInput> unknown;  // Of the earliest window that cannot be told.
    for (int64_t i = 0; i < windows; ++i) {
      const RateWindow window{
          .end_us = WindowStart(context, days * i), .days = days, .baseline_days = baseline_days};
      const RateInput input = InputFor(context, family, window);
      const RateResult rate = Elevated(input, parameters);
      if (result.WantsProof()) {
        TellRate(RateName(family, days) + (i == 0 ? "" : ", window " + std::to_string(i + 1)),
                 input, rate, &result);
      }
      all = And(all, rate.elevated);
      if (rate.elevated == Truth::kUnknown) unknown = input;
    }
    if (unknown.has_value() && result.WantsProof()) unknowns.Add(family, *unknown, context);
    result.value = Or(result.value, all);
    if (all == Truth::kTrue)
      Cite(context.Clusters().In(from, context.as_of_us), OfFamilies({&family, 1}), &result);
  }
  if (result.value == Truth::kUnknown) result.note = unknowns.Text();
  TellProbable(context.Clusters().In(from, context.as_of_us), arguments.families, &result);
  return result;
}

MeasureResult ElevatedMeasure(const MeasureArguments& arguments, const MeasureContext& context) {
  return ElevatedInWindows(arguments, context, 1);
}

/// "Persistent" concerns (S3 App 1): one family, in consecutive windows.
MeasureResult PersistentlyElevated(const MeasureArguments& arguments,
                                   const MeasureContext& context) {
  return ElevatedInWindows(arguments, context, 2);
}

bool IsHarmful(const v1::Concern& concern, int64_t harm) {
  return static_cast<int64_t>(concern.harm()) - 1 >= harm ||
         (concern.flags() & kConcernNeverEvent) != 0;
}

int64_t HarmfulIn(const MeasureContext& context, const RateWindow& window, int64_t harm) {
  std::set<int> incidents;
  for (const auto& item : context.Clusters().In(window.start_us(), window.end_us)) {
    if (IsHarmful(*item.report, harm)) incidents.insert(item.cluster);
  }
  return static_cast<int64_t>(incidents.size());
}

/// "Serious incidents" today: harm of at least moderate, or a never event (domain.md 4.3). Peers
/// report no harm, so only the service's own past says how many to expect.
MeasureResult HarmElevated(const MeasureArguments& arguments, const MeasureContext& context) {
  constexpr v1::SourceFamily kIncident = v1::SOURCE_FAMILY_INCIDENT;
  const int64_t harm = arguments.Integer("harm");
  const int64_t baseline_days = arguments.Integer("baseline_days");
  const RateWindow window{.end_us = context.as_of_us,
                          .days = arguments.Integer("window_days"),
                          .baseline_days = baseline_days};
  RateInput input = InputFor(context, kIncident, window);
  input.peer.reset();
  input.observed = HarmfulIn(context, window, harm);
  if (input.own.has_value()) {
    input.own->events =
        HarmfulIn(context, {.end_us = window.start_us(), .days = baseline_days}, harm);
  }
  const RateResult rate =
      Elevated(input, ParametersOf(arguments, static_cast<double>(baseline_days)));
  MeasureResult result = Begin(context);
  result.value = rate.elevated;
  if (result.WantsProof()) {
    TellRate("serious incidents in " + std::to_string(window.days) + " days", input, rate, &result);
  }
  const auto items = context.Clusters().In(window.start_us(), window.end_us);
  if (result.value == Truth::kTrue) {
    Cite(
        items, [harm](const v1::Concern& concern) { return IsHarmful(concern, harm); }, &result);
  } else if (result.value == Truth::kUnknown && result.WantsProof()) {
    Unknowns unknowns;
    unknowns.Add(kIncident, input, context);
    result.note = unknowns.Text();
  }
  TellProbable(items, {&kIncident, 1}, &result);
  return result;
}

const std::vector<Measure> kTrendMeasures = {
    {.name = "elevated",
     .summary = "More reports of one of `families` in the window than expected for a service of "
                "this size and nature "
                "(one-sided Poisson; peers, else own baseline, else UNKNOWN).",
     .numbers = {"window_days", "baseline_days", "alpha", "min_count", "peer_min_n"},
     .windows = {"window_days", "baseline_days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = ElevatedMeasure},
    {.name = "elevated_harm",
     .summary = "More incidents with harm of at least the ordinal `harm`, or never events, in the "
                "window than the service's own past lets expect; UNKNOWN without that past.",
     .numbers = {"window_days", "baseline_days", "alpha", "min_count", "peer_min_n", "harm"},
     .windows = {"window_days", "baseline_days"},
     .reads = {.anything = true},
     .evaluate = HarmElevated},
    {.name = "persistently_elevated",
     .summary = "As elevated, for one of `families` in two consecutive, disjoint windows.",
     .numbers = {"window_days", "baseline_days", "alpha", "min_count", "peer_min_n"},
     .windows = {"window_days", "window_days", "baseline_days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = PersistentlyElevated},
};

}  // namespace

std::span<const Measure> TrendMeasures() { return kTrendMeasures; }

}  // namespace trigpoint
