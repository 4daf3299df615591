// Measures that count reports: repeated, more than expected, accumulated, widespread, serious (S2
// App 2; 3.1, 3.2).
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <set>

#include "measure_support.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/signals/elevated.h"

namespace trigpoint {
namespace {

bool InFamilies(std::span<const v1::SourceFamily> families, v1::SourceFamily family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

using Item = ClusterView::Item;

/// A proof cites at most this many reports of one finding, the latest.
constexpr size_t kCitedMax = 200;

/// Cites the reports of every cluster that has a report for which `wanted` holds, the latest
/// kCitedMax.
template <typename Wanted>
void Cite(std::span<const Item> items, const Wanted& wanted, MeasureResult* result) {
  if (!result->WantsProof()) return;
  std::set<int> clusters;
  for (const Item& item : items) {
    if (wanted(*item.report)) clusters.insert(item.cluster);
  }
  std::vector<const v1::Concern*> cited;
  for (const Item& item : items) {
    if (clusters.count(item.cluster) > 0) cited.push_back(item.report);
  }
  for (size_t i = cited.size() > kCitedMax ? cited.size() - kCitedMax : 0; i < cited.size(); ++i) {
    Refer(*cited[i], result);
    if ((cited[i]->flags() & kConcernProtectedSource) != 0) result->protected_source = true;
  }
}

auto OfFamilies(std::span<const v1::SourceFamily> families) {
  return [families](const v1::Concern& concern) { return InFamilies(families, concern.family()); };
}

bool About(const v1::Concern& concern, v1::Theme theme) {
  return std::find(concern.themes().begin(), concern.themes().end(), static_cast<int>(theme)) !=
         concern.themes().end();
}

const v1::PeerBaselinePublished::Rate* PeerRateOf(const MeasureContext& context,
                                                  v1::SourceFamily family) {
  const v1::ServiceRegistered* service = ServiceOf(context.state);
  if (service == nullptr) return nullptr;
  const v1::PeerBaselinePublished::Rate* found = nullptr;
  for (const auto& baseline :
       context.baselines) {  // In order of arrival: the last in force stands.
    if (baseline->service_type() != service->service_type()) continue;
    for (const auto& rate : baseline->rates()) {
      if (rate.family() == family) found = &rate;
    }
  }
  return found;
}

/// Earliest instant at which anything about the service is known: before it there is no baseline of
/// its own.
int64_t HistoryStart(const v1::ProviderState& state) {
  int64_t start = state.known_us();
  if (state.concerns_size() > 0) start = std::min(start, state.concerns(0).occurred_us());
  if (state.summed_size() > 0) start = std::min(start, state.summed(0).day() * kMicrosPerDay);
  return start;
}

RateInput InputFor(const MeasureContext& context, v1::SourceFamily family, int64_t window_days,
                   int64_t baseline_days) {
  const int64_t window_start = WindowStart(context, window_days);
  const int64_t baseline_start = window_start - baseline_days * kMicrosPerDay;
  const v1::ServiceRegistered* service = ServiceOf(context.state);
  const double beds = service == nullptr ? 0 : service->beds();
  RateInput input;
  input.window_days = static_cast<double>(window_days);
  input.exposure_days_in_window = beds * static_cast<double>(window_days);
  input.observed =
      static_cast<int64_t>(context.Clusters().Count(window_start, context.as_of_us, {&family, 1}));
  input.covered = Heard(context, family);
  const auto* peer = PeerRateOf(context, family);
  if (peer != nullptr && peer->exposure() > 0) {
    input.peer =
        PeerRate{.events_per_exposure_day = static_cast<double>(peer->events()) / peer->exposure(),
                 .providers = static_cast<int>(peer->providers())};
  }
  const int64_t history = std::max(HistoryStart(context.state), baseline_start);
  if (baseline_days > 0 && history < window_start) {
    const double days =
        static_cast<double>(window_start - history) / static_cast<double>(kMicrosPerDay);
    input.own = OwnBaseline{.events = static_cast<int64_t>(context.Clusters().Count(
                                baseline_start, window_start, {&family, 1})),
                            .exposure_days = beds * days,
                            .calendar_days = days};
  }
  return input;
}

RateParameters ParametersOf(const MeasureArguments& arguments, double baseline_days) {
  return {.alpha = arguments.Number("alpha"),
          .min_count = arguments.Integer("min_count"),
          .peer_min_n = static_cast<int>(arguments.Integer("peer_min_n")),
          .baseline_days_min = baseline_days};
}

void TellRate(v1::SourceFamily family, const RateInput& input, const RateResult& rate,
              MeasureResult* result) {
  if (!result->WantsProof()) return;
  const std::string name = FamilyText(family) + " in " +
                           std::to_string(static_cast<int64_t>(input.window_days)) + " days";
  AddFigure(name + ": observed", static_cast<double>(input.observed), result);
  if (rate.basis == "none") return;
  AddFigure(name + ": expected", rate.expected, result);
  AddFigure(name + ": p", rate.p_value, result);
}

/// What keeps a rate from being told, gathered over families.
struct Unknowns {
  std::string unheard;
  std::string silent;
  std::string without_expectation;

  void Add(v1::SourceFamily family, const RateInput& input, const MeasureContext& context) {
    std::string& list = input.covered               ? without_expectation
                        : IsSilent(context, family) ? silent
                                                    : unheard;
    list += (list.empty() ? "" : ", ") + FamilyText(family);
  }
  std::string Text() const {
    std::string text;
    if (!unheard.empty()) text = "nothing was ever received from: " + unheard;
    if (!silent.empty()) text += (text.empty() ? "" : "; ") + std::string("silent: ") + silent;
    if (!without_expectation.empty()) {
      text += (text.empty() ? "" : "; ") +
              std::string("no peers and no own baseline to say how many to expect of: ") +
              without_expectation;
    }
    return text;
  }
};

/// Is any of the families above what is expected for a service of this size and nature (S2 App 2)?
MeasureResult ElevatedMeasure(const MeasureArguments& arguments, const MeasureContext& context) {
  const int64_t window_days = arguments.Integer("window_days");
  const int64_t baseline_days = arguments.Integer("baseline_days");
  const RateParameters parameters = ParametersOf(arguments, static_cast<double>(baseline_days));
  Unknowns unknowns;
  MeasureResult result = Begin(context);
  result.value = Truth::kFalse;
  for (const auto family : arguments.families) {
    if (result.value == Truth::kTrue && !result.WantsProof()) break;
    const RateInput input = InputFor(context, family, window_days, baseline_days);
    const RateResult rate = Elevated(input, parameters);
    TellRate(family, input, rate, &result);
    result.value = Or(result.value, rate.elevated);
    if (rate.elevated == Truth::kTrue) {
      Cite(context.Clusters().In(WindowStart(context, window_days), context.as_of_us),
           OfFamilies({&family, 1}), &result);
    } else if (rate.elevated == Truth::kUnknown && result.WantsProof()) {
      unknowns.Add(family, input, context);
    }
  }
  if (result.value == Truth::kUnknown) result.note = unknowns.Text();
  TellProbable(context.Clusters().In(WindowStart(context, window_days), context.as_of_us),
               arguments.families, &result);
  return result;
}

/// Counts that need no expectation: below the threshold is FALSE only where the families were
/// heard.
Truth Reached(bool reached, const MeasureContext& context,
              const std::vector<v1::SourceFamily>& families, MeasureResult* result) {
  if (reached) return Truth::kTrue;
  if (std::all_of(families.begin(), families.end(),
                  [&context](const auto family) { return Heard(context, family); })) {
    return Truth::kFalse;
  }
  if (result->WantsProof()) {
    result->note = NotHeard(context, families);
  }
  return Truth::kUnknown;
}

std::string ThemeText(v1::Theme theme) {
  std::string text = v1::Theme_Name(theme).substr(std::string("THEME_").size());
  for (char& c : text)
    c = c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

/// Clusters by theme.
using ThemeCounts = std::array<size_t, 64>;

void CountThemes(uint64_t themes, ThemeCounts* counts) {
  for (; themes != 0; themes &= themes - 1) {
    ++(*counts)[static_cast<size_t>(std::countr_zero(themes))];
  }
}

/// Distinct clusters per theme among the items of the families. A cluster has the themes of all its
/// reports.
ThemeCounts CountByTheme(std::span<const Item> items,
                         const std::vector<v1::SourceFamily>& families) {
  std::map<int, uint64_t> shared;  // Clusters of more than one report: their themes.
  for (const Item& item : items) {
    if (!item.alone && InFamilies(families, item.family)) shared[item.cluster] = 0;
  }
  ThemeCounts counts{};
  for (const Item& item : items) {
    if (item.alone) {
      if (InFamilies(families, item.family)) CountThemes(item.themes, &counts);
    } else if (const auto it = shared.find(item.cluster); it != shared.end()) {
      it->second |= item.themes;
    }
  }
  for (const auto& [cluster, themes] : shared) CountThemes(themes, &counts);
  return counts;
}

MeasureResult RepeatedConcerns(const MeasureArguments& arguments, const MeasureContext& context) {
  const auto count = static_cast<size_t>(arguments.Integer("count"));
  const auto items =
      context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us);
  MeasureResult result = Begin(context);
  const ThemeCounts counts = CountByTheme(items, arguments.families);
  const size_t most = *std::max_element(counts.begin(), counts.end());
  for (size_t i = 0; i < counts.size() && result.WantsProof(); ++i) {
    const size_t clusters = counts[i];
    if (clusters == 0) continue;
    const auto theme = static_cast<v1::Theme>(i);
    if (clusters >= count) {
      const auto of_theme = [theme, &arguments](const v1::Concern& concern) {
        return About(concern, theme) && InFamilies(arguments.families, concern.family());
      };
      Cite(items, of_theme, &result);
    }
    if (clusters + 1 == count && count > 1) {
      result.near_miss = std::to_string(clusters) + " concerns about " + ThemeText(theme) +
                         " within " + std::to_string(arguments.Integer("days")) +
                         " days; one more makes it repeated";
    }
  }
  AddFigure("same theme", static_cast<double>(most), &result);
  result.value = Reached(most >= count, context, arguments.families, &result);
  if (result.value == Truth::kTrue) result.near_miss.clear();
  TellProbable(items, arguments.families, &result);
  return result;
}

/// A concern on a theme after the plan action for that theme was signed off (repeat_n_l3).
MeasureResult RepeatedAfterSignOff(const MeasureArguments& arguments,
                                   const MeasureContext& context) {
  std::map<std::pair<std::string, std::string>, v1::Theme> themes;
  for (const auto& fact : context.state.facts()) {
    if (fact.has_plan_action_agreed() &&
        fact.plan_action_agreed().theme() != v1::THEME_UNSPECIFIED) {
      themes[{fact.source(), fact.id()}] = fact.plan_action_agreed().theme();
    }
  }
  MeasureResult result = Begin(context);
  const auto items =
      context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us);
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_plan_action_completed() ||
        fact.plan_action_completed().signed_off_by_role().empty()) {
      continue;
    }
    const auto it = themes.find(Resolve(fact, fact.plan_action_completed().action()));
    if (it == themes.end()) continue;
    for (const Item& item : items) {
      const v1::Concern& report = *item.report;
      if (!InFamilies(arguments.families, report.family()) ||
          report.occurred_us() <= FactInstant(fact) || !About(report, it->second)) {
        continue;
      }
      Refer(report, &result);
      Refer(fact, &result);
    }
  }
  result.value = Is(result.cited > 0);
  return result;
}

/// Many small items of one family over a year that exceed what is expected: a body of concern
/// (R-01; Winterbourne View).
MeasureResult Accumulation(const MeasureArguments& arguments, const MeasureContext& context) {
  const int64_t days = arguments.Integer("days");
  const auto count = static_cast<size_t>(arguments.Integer("count"));
  Unknowns unknowns;
  MeasureResult result = Begin(context);
  result.value = Truth::kFalse;
  for (const auto family : arguments.families) {
    const std::span<const v1::SourceFamily> only(&family, 1);
    const int64_t from = WindowStart(context, days);
    const size_t clusters = context.Clusters().Count(from, context.as_of_us, only);
    if (clusters < count) {
      if (clusters + 1 == count && result.WantsProof()) {
        result.near_miss = std::to_string(clusters) + " " + FamilyText(family) +
                           " reports in a year, each small; one more may be a body of concern";
      }
      if (!Heard(context, family)) {
        result.value = Or(result.value, Truth::kUnknown);
        if (result.WantsProof()) unknowns.Add(family, RateInput{}, context);
      }
      continue;
    }
    const RateInput input = InputFor(context, family, days, 0);
    const RateResult rate = Elevated(input, ParametersOf(arguments, 0));
    TellRate(family, input, rate, &result);
    if (rate.elevated == Truth::kTrue) {
      Cite(context.Clusters().In(from, context.as_of_us), OfFamilies(only), &result);
    }
    if (rate.elevated == Truth::kUnknown && result.WantsProof())
      unknowns.Add(family, input, context);
    result.value = Or(result.value, rate.elevated);
  }
  if (result.value == Truth::kUnknown) result.note = unknowns.Text();
  if (result.value == Truth::kTrue) result.near_miss.clear();
  TellProbable(context.Clusters().In(WindowStart(context, days), context.as_of_us),
               arguments.families, &result);
  return result;
}

MeasureResult Widespread(const MeasureArguments& arguments, const MeasureContext& context) {
  const auto items =
      context.Clusters().In(WindowStart(context, arguments.Integer("days")), context.as_of_us);
  std::set<std::string> wards;
  for (const Item& item : items) {
    if (!item.report->ward().empty() && InFamilies(arguments.families, item.family)) {
      wards.insert(item.report->ward());
    }
  }
  MeasureResult result = Begin(context);
  const size_t clusters = context.Clusters().Count(WindowStart(context, arguments.Integer("days")),
                                                   context.as_of_us, arguments.families);
  const ThemeCounts counts = CountByTheme(items, arguments.families);
  const auto themes = static_cast<size_t>(
      std::count_if(counts.begin(), counts.end(), [](size_t count) { return count > 0; }));
  const bool by_theme = themes >= static_cast<size_t>(arguments.Integer("themes")) &&
                        clusters >= static_cast<size_t>(arguments.Integer("clusters"));
  const bool by_ward = wards.size() >= static_cast<size_t>(arguments.Integer("wards"));
  AddFigure("distinct themes", static_cast<double>(themes), &result);
  AddFigure("concerns", static_cast<double>(clusters), &result);
  if (by_theme || by_ward) Cite(items, OfFamilies(arguments.families), &result);
  result.value = Reached(by_theme || by_ward, context, arguments.families, &result);
  TellProbable(items, arguments.families, &result);
  return result;
}

MeasureResult SeriousHarm(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const int64_t from = WindowStart(context, arguments.Integer("days"));
  const auto least = arguments.Integer("harm");
  const bool any = static_cast<int64_t>(context.Clusters().worst_harm()) - 1 >= least;
  for (const auto& concern : context.state.concerns()) {
    if (!any) break;
    if (concern.occurred_us() <= from || concern.occurred_us() > context.as_of_us) continue;
    // Stored enum HARM_NONE = 1; the ordinal of CL-01 starts at 0.
    if (static_cast<int64_t>(concern.harm()) - 1 >= least) Refer(concern, &result);
  }
  result.value = Is(result.cited > 0);
  if (result.value == Truth::kFalse && !Heard(context, v1::SOURCE_FAMILY_INCIDENT)) {
    result.value = Truth::kUnknown;
    if (result.WantsProof()) result.note = NotHeard(context, {v1::SOURCE_FAMILY_INCIDENT});
  }
  return result;
}

MeasureResult OrganisationalAbuseEnquiry(const MeasureArguments& arguments,
                                         const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const int64_t from = WindowStart(context, arguments.Integer("days"));
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_safeguarding_enquiry_opened()) continue;
    const auto& enquiry = fact.safeguarding_enquiry_opened();
    const int64_t at = FactInstant(fact);
    if (at <= from || at > context.as_of_us) continue;
    if (enquiry.organisational_abuse()) Refer(fact, &result);
  }
  result.value = Reached(result.cited > 0, context, {v1::SOURCE_FAMILY_SAFEGUARDING}, &result);
  return result;
}

/// Positive items never cancel: once TRUE it stays TRUE until the negative items leave the window.
MeasureResult FeedbackConcerning(const MeasureArguments& arguments, const MeasureContext& context) {
  const int64_t from = WindowStart(context, arguments.Integer("days"));
  const int64_t min_items = arguments.Integer("min_items");
  const auto theme_items = static_cast<size_t>(arguments.Integer("theme_items"));
  const double ratio = arguments.Number("ratio");
  MeasureResult result = Begin(context);
  int64_t items = 0;
  int64_t negative = 0;
  bool officer = false;
  bool ratio_ever = false;
  ThemeCounts themes{};
  std::vector<const v1::Concern*> negatives;
  for (const Item& item : context.Clusters().Feedback(from, context.as_of_us)) {
    const v1::Concern& concern = *item.report;
    ++items;
    if ((concern.flags() & kConcernNegative) != 0) {
      ++negative;
      negatives.push_back(&concern);
      CountThemes(item.themes, &themes);
    }
    officer = officer || (concern.flags() & kConcernOfficerFlag) != 0;
    // Reached at any point of the window with the items up to then: later compliments do not cancel
    // it.
    ratio_ever = ratio_ever || (items >= min_items && static_cast<double>(negative) >=
                                                          ratio * static_cast<double>(items));
  }
  const bool pair = std::any_of(themes.begin(), themes.end(),
                                [theme_items](size_t count) { return count >= theme_items; });
  AddFigure("feedback items", static_cast<double>(items), &result);
  AddFigure("negative", static_cast<double>(negative), &result);
  if (ratio_ever || pair || officer) {
    result.value = Truth::kTrue;
    for (const auto* negative_item : negatives) Refer(*negative_item, &result);
  } else if (items < min_items) {
    result.value = Truth::kUnknown;
    if (!result.WantsProof()) return result;
    result.note = "fewer than " + std::to_string(min_items) + " items of feedback in " +
                  std::to_string(arguments.Integer("days")) + " days";
  } else {
    result.value = Truth::kFalse;
  }
  return result;
}

const std::vector<Measure> kMeasures = {
    {.name = "elevated",
     .summary = "More reports of one of `families` in the window than expected for a service of "
                "this size and nature "
                "(one-sided Poisson; peers, else own baseline, else UNKNOWN).",
     .numbers = {"window_days", "baseline_days", "alpha", "min_count", "peer_min_n"},
     .windows = {"window_days", "baseline_days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = ElevatedMeasure},
    {.name = "repeated_concerns",
     .summary = "At least `count` concerns (clusters) of `families` about one theme within `days`.",
     .numbers = {"count", "days"},
     .windows = {"days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = RepeatedConcerns},
    {.name = "repeated_after_sign_off",
     .summary = "A concern within `days` about a theme whose plan action had been signed off.",
     .numbers = {"days"},
     .windows = {"days"},
     .needs_families = true,
     .reads = {.facts = KindsOf({v1::Event::kPlanActionCompleted})},
     .evaluate = RepeatedAfterSignOff},
    {.name = "accumulation",
     .summary = "At least `count` concerns of one family within `days` that exceed what is "
                "expected over that time.",
     .numbers = {"count", "days", "alpha", "min_count", "peer_min_n"},
     .windows = {"days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = Accumulation},
    {.name = "widespread",
     .summary = "Concerns about at least `themes` themes in `clusters` incidents, or in `wards` "
                "units, within `days`.",
     .numbers = {"days", "themes", "clusters", "wards"},
     .windows = {"days"},
     .needs_families = true,
     .reads = {.anything = true},
     .evaluate = Widespread},
    {.name = "serious_harm",
     .summary = "Harm of at least the ordinal `harm` (0 none .. 4 fatal) within `days`.",
     .numbers = {"days", "harm"},
     .windows = {"days"},
     .reads = {.anything = true},
     .evaluate = SeriousHarm},
    {.name = "organisational_abuse_enquiry",
     .summary = "A safeguarding enquiry into organisational abuse was opened within `days`.",
     .numbers = {"days"},
     .windows = {"days"},
     .reads = {.anything = true},
     .evaluate = OrganisationalAbuseEnquiry},
    {.name = "feedback_concerning",
     .summary = "At least `ratio` of `min_items` feedback items negative, or `theme_items` "
                "negative ones about one "
                "theme, or an officer's flag, within `days`; UNKNOWN below `min_items`.",
     .numbers = {"days", "ratio", "min_items", "theme_items"},
     .windows = {"days"},
     .reads = {.flags = kConcernFeedback},
     .evaluate = FeedbackConcerning},
};

}  // namespace

std::span<const Measure> RateMeasures() { return kMeasures; }

}  // namespace trigpoint
