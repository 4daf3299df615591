// Measures that count reports: repeated, more than expected, accumulated, widespread, serious (S2
// App 2; 3.1, 3.2).
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <set>

#include "rates.h"

namespace trigpoint {
namespace {

using Item = ClusterView::Item;

bool About(const v1::Concern& concern, v1::Theme theme) {
  return std::find(concern.themes().begin(), concern.themes().end(), static_cast<int>(theme)) !=
         concern.themes().end();
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
    const RateInput input = InputFor(context, family, {.end_us = context.as_of_us, .days = days});
    const RateResult rate = Elevated(input, ParametersOf(arguments, 0));
    if (result.WantsProof()) TellRate(RateName(family, days), input, rate, &result);
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
    const int64_t at = FactInstant(fact);
    if (at <= from || at > context.as_of_us) continue;
    if (fact.safeguarding_enquiry_opened().organisational_abuse() ||
        SubstantiatesOrganisationalAbuse(fact)) {
      Refer(fact, &result);
    }
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

const std::vector<Measure> kRateMeasures = {
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
     .summary = "A safeguarding enquiry into organisational abuse was opened, or an enquiry "
                "substantiated it, within `days`.",
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

std::span<const Measure> RateMeasures() { return kRateMeasures; }

}  // namespace trigpoint
