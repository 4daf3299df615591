// Measures over what the regulator published (S2 App 2; CL-04, CL-13).
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "measure_support.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

std::string Caveats(const CurrentRating& rating) {
  std::string text;
  const auto add = [&text](bool on, const char* caveat) {
    if (on) text += (text.empty() ? "" : "; ") + std::string(caveat);
  };
  add(rating.under_review, "a review of the rating was requested; it applies meanwhile");
  add(rating.reinstated,
      "a later report was withdrawn by the regulator; the earlier rating is reinstated");
  add(rating.inherited, "the rating was earned by a predecessor registration");
  return text;
}

MeasureResult OverallRatingIn(const MeasureArguments& arguments, const MeasureContext& context) {
  const CurrentRating& rating = context.Rating();
  MeasureResult result = Begin(context);
  if (rating.overall == v1::RATING_UNSPECIFIED) {
    result.value = Truth::kUnknown;
    if (!result.WantsProof()) return result;
    result.note =
        rating.last_unrated == v1::RATING_UNSPECIFIED
            ? "no published overall rating"
            : "no overall rating: the regulator says \"" + RatingText(rating.last_unrated) + "\"";
    if (rating.reinstated) result.note = "the report was withdrawn and no earlier rating stands";
    return result;
  }
  result.value = Is(IsOneOf(arguments.values, v1::Rating_Name(rating.overall)));
  if (!result.WantsProof()) return result;
  AddRef(rating.overall_evidence, &result);
  for (const auto& ref : rating.evidence) AddRef(ref, &result);
  result.note = Caveats(rating);
  return result;
}

std::string UnknownQuestions(const CurrentRating& rating) {
  static constexpr std::array<const char*, 5> kNames = {"Safe", "Effective", "Caring", "Responsive",
                                                        "Well-led"};
  std::string names;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (!IsRating(rating.key_questions[i]))
      names += (names.empty() ? "" : ", ") + std::string(kNames[i]);
  }
  return "no rating known for the key questions: " + names;
}

MeasureResult KeyQuestions(const MeasureArguments& arguments, const MeasureContext& context,
                           bool all) {
  const CurrentRating& rating = context.Rating();
  MeasureResult result = Begin(context);
  int in = 0;
  int unknown = 0;
  for (const v1::Rating question : rating.key_questions) {
    unknown += IsRating(question) ? 0 : 1;
    in += IsRating(question) && IsOneOf(arguments.values, v1::Rating_Name(question)) ? 1 : 0;
  }
  for (const auto& ref : rating.evidence) AddRef(ref, &result);
  AddFigure("key_questions", in, &result);
  const int known = 5 - unknown;
  if (all) {
    result.value = in < known ? Truth::kFalse : unknown == 0 ? Truth::kTrue : Truth::kUnknown;
  } else {
    result.value = in > 0 ? Truth::kTrue : unknown == 0 ? Truth::kFalse : Truth::kUnknown;
  }
  if (result.value == Truth::kUnknown && result.WantsProof()) {
    result.note = UnknownQuestions(rating);
  }
  return result;
}

MeasureResult KeyQuestionsAllIn(const MeasureArguments& arguments, const MeasureContext& context) {
  return KeyQuestions(arguments, context, true);
}
MeasureResult KeyQuestionsAnyIn(const MeasureArguments& arguments, const MeasureContext& context) {
  return KeyQuestions(arguments, context, false);
}

/// Since which day an action, by its source and id, is over.
using Ended = std::map<std::pair<std::string, std::string>, CivilDate>;

/// Whether an action puts a condition on a registration until it ends.
bool PutsCondition(const v1::Event& fact) {
  const auto& action = fact.cqc_enforcement_action_recorded();
  return (action.action() == v1::ENFORCEMENT_KIND_CONDITIONS_IMPOSED ||
          action.action() == v1::ENFORCEMENT_KIND_NOTICE_OF_DECISION_CONDITIONS) &&
         !LiftsConditions(fact);
}

CivilDate ServedOn(const v1::Event& fact) {
  const auto& action = fact.cqc_enforcement_action_recorded();
  return action.has_served_on() ? ToCivil(action.served_on()) : LondonDate(FactInstant(fact));
}

/// The day from which a removal holds; nothing where it is a proposal, or no day is known.
std::optional<CivilDate> RemovedOn(const v1::Event& fact) {
  const auto& action = fact.cqc_enforcement_action_recorded();
  if (!LiftsConditions(fact) || !action.has_effective_on() ||
      action.action() == v1::ENFORCEMENT_KIND_NOTICE_OF_PROPOSAL_CONDITIONS) {
    return std::nullopt;
  }
  return ToCivil(action.effective_on());
}

/// Ends the one condition that was open when a removal came to hold. One that was closed on that
/// day or later was open: its closing may be word of this removal.
void EndRemoved(const MeasureContext& context, CivilDate removed_on, Ended* ended) {
  const v1::Event* open = nullptr;
  for (const auto& fact : context.state.facts()) {
    if (!PutsCondition(fact) || ServedOn(fact) > removed_on) continue;
    const auto over = ended->find({fact.source(), fact.id()});
    if (over != ended->end() && over->second < removed_on) continue;
    if (open != nullptr) return;
    open = &fact;
  }
  if (open != nullptr) ended->emplace(std::pair(open->source(), open->id()), removed_on);
}

}  // namespace

bool LiftsConditions(const v1::Event& fact) {
  const auto& action = fact.cqc_enforcement_action_recorded();
  return action.conditions() == v1::CONDITIONS_CHANGE_REMOVE && !action.restricts_admissions() &&
         (action.action() == v1::ENFORCEMENT_KIND_NOTICE_OF_PROPOSAL_CONDITIONS ||
          action.action() == v1::ENFORCEMENT_KIND_NOTICE_OF_DECISION_CONDITIONS ||
          action.action() == v1::ENFORCEMENT_KIND_CONDITIONS_IMPOSED);
}

std::set<std::pair<std::string, std::string>> EndedEnforcement(const MeasureContext& context) {
  Ended ended;
  const CivilDate today = LondonDate(context.as_of_us);
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_cqc_enforcement_action_closed()) continue;
    const auto& closing = fact.cqc_enforcement_action_closed();
    const CivilDate on =
        closing.has_closed_on() ? ToCivil(closing.closed_on()) : LondonDate(FactInstant(fact));
    if (closing.has_closed_on() && on > today) continue;
    ended.emplace(Resolve(fact, closing.action()), on);
  }
  std::set<CivilDate> removals;
  for (const auto& fact : context.state.facts()) {
    const auto removed_on = RemovedOn(fact);
    if (removed_on.has_value() && *removed_on <= today &&
        ended.count({fact.source(), fact.id()}) == 0) {
      removals.insert(*removed_on);
    }
  }
  for (const CivilDate removed_on : removals) EndRemoved(context, removed_on, &ended);
  std::set<std::pair<std::string, std::string>> keys;
  for (const auto& [key, on] : ended) keys.insert(key);
  return keys;
}

namespace {

MeasureResult Enforcement(const MeasureArguments& arguments, const MeasureContext& context,
                          bool restricting_only) {
  MeasureResult result = Begin(context);
  const auto closed = EndedEnforcement(context);
  const CivilDate today = LondonDate(context.as_of_us);
  for (const auto& fact : context.state.facts()) {
    if (!fact.has_cqc_enforcement_action_recorded()) continue;
    const auto& action = fact.cqc_enforcement_action_recorded();
    if (!arguments.values.empty() &&
        !IsOneOf(arguments.values, v1::EnforcementKind_Name(action.action()))) {
      continue;
    }
    if (LiftsConditions(fact) || (restricting_only && !action.restricts_admissions())) continue;
    if (action.has_served_on() && ToCivil(action.served_on()) > today) continue;
    if (closed.count({fact.source(), fact.id()}) > 0) continue;
    Refer(fact, &result);
    if (action.representations_lodged()) result.note = "representations were lodged";
  }
  result.value = Is(result.cited > 0);
  AddFigure("active", static_cast<double>(result.cited), &result);
  return result;
}

// An enforcement action is served and published by the regulator: none recorded is taken as none,
// unlike a feed of reports that may never have been connected.
MeasureResult EnforcementActive(const MeasureArguments& arguments, const MeasureContext& context) {
  return Enforcement(arguments, context, false);
}
MeasureResult EnforcementRestrictingAdmissions(const MeasureArguments& arguments,
                                               const MeasureContext& context) {
  return Enforcement(arguments, context, true);
}

const std::vector<Measure> kRegulatorMeasures = {
    {.name = "overall_rating_in",
     .summary = "The overall rating in force is one of `values`; UNKNOWN without a rating.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kCqcRatingPublished})},
     .evaluate = OverallRatingIn},
    {.name = "key_questions_all_in",
     .summary =
         "All five key questions are rated one of `values`; UNKNOWN where unrated ones decide it.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kCqcRatingPublished})},
     .evaluate = KeyQuestionsAllIn},
    {.name = "key_questions_any_in",
     .summary = "Any key question is rated one of `values`; UNKNOWN where unrated ones decide it.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kCqcRatingPublished})},
     .evaluate = KeyQuestionsAnyIn},
    {.name = "enforcement_active",
     .summary =
         "An enforcement action of one of the kinds in `values` was served, does more than remove "
         "conditions, and is neither closed nor itself removed.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kCqcEnforcementActionRecorded})},
     .evaluate = EnforcementActive},
    {.name = "enforcement_restricting_admissions_active",
     .summary = "An open action of one of the kinds in `values` restricts admissions.",
     .numbers = {},
     .windows = {},
     .needs_values = true,
     .reads = {.facts = KindsOf({v1::Event::kCqcEnforcementActionRecorded})},
     .evaluate = EnforcementRestrictingAdmissions},
};

}  // namespace

std::span<const Measure> RegulatorMeasures() { return kRegulatorMeasures; }

}  // namespace trigpoint
