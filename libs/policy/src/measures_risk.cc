// Measures over risks that were scored, plans that were closed and services that are to end (S3
// 5.2.1 (1)-(3); S4 3.67-3.68).
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "measure_support.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Key = std::pair<std::string, std::string>;

int ProductOf(const v1::RiskScore& score) {
  return static_cast<int>(score.likelihood()) * static_cast<int>(score.consequence());
}

/// risk_matrix: 1-3 low, 4-6 moderate, 8-12 high, 15-25 extreme (domain.md 3.1).
int BandOf(const v1::RiskScore& score) {
  const int product = ProductOf(score);
  if (product >= 15) return v1::RISK_BAND_EXTREME;
  if (product >= 8) return v1::RISK_BAND_HIGH;
  if (product >= 4) return v1::RISK_BAND_MODERATE;
  return v1::RISK_BAND_LOW;
}

/// Facts of one kind that occurred by now, oldest first.
template <typename Has>
std::vector<const v1::Event*> InOrder(const MeasureContext& context, Has has) {
  std::vector<const v1::Event*> facts;
  for (const auto& fact : context.state.facts()) {
    if (has(fact) && FactInstant(fact) <= context.as_of_us) facts.push_back(&fact);
  }
  std::stable_sort(facts.begin(), facts.end(), [](const v1::Event* a, const v1::Event* b) {
    return FactInstant(*a) < FactInstant(*b);
  });
  return facts;
}

std::vector<const v1::Event*> Profiles(const MeasureContext& context) {
  return InOrder(context, [](const v1::Event& fact) { return fact.has_risk_profile_scored(); });
}

MeasureResult NoProfile(MeasureResult result) {
  if (result.WantsProof()) result.note = "the risk of the service was never scored";
  return result;
}

/// The last score is the one that stands.
MeasureResult RiskScoreAtLeast(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const auto profiles = Profiles(context);
  if (profiles.empty()) return NoProfile(std::move(result));
  const int product = ProductOf(profiles.back()->risk_profile_scored().score());
  AddFigure("risk score", product, &result);
  result.value = Is(product >= arguments.Integer("score"));
  if (result.value == Truth::kTrue) Refer(*profiles.back(), &result);
  return result;
}

/// Against the lowest band that stood at any time of the window.
MeasureResult RiskScoreRising(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const auto profiles = Profiles(context);
  if (profiles.empty()) return NoProfile(std::move(result));
  const int64_t from = WindowStart(context, arguments.Integer("days"));
  const v1::Event* lowest = nullptr;
  for (const v1::Event* profile : profiles) {
    const bool before = FactInstant(*profile) <= from;
    if (before || lowest == nullptr ||
        BandOf(profile->risk_profile_scored().score()) <
            BandOf(lowest->risk_profile_scored().score())) {
      lowest = profile;
    }
  }
  const int rise = BandOf(profiles.back()->risk_profile_scored().score()) -
                   BandOf(lowest->risk_profile_scored().score());
  AddFigure("bands risen", rise, &result);
  result.value = Is(rise >= arguments.Integer("bands"));
  if (result.value == Truth::kTrue) {
    Refer(*lowest, &result);
    Refer(*profiles.back(), &result);
  }
  return result;
}

/// A risk on a register with its scores, oldest first.
struct RegisterEntry {
  std::vector<std::pair<const v1::Event*, const v1::RiskScore*>> scores;
};

/// Entries that nobody closed; nothing where no entry was ever recorded.
std::optional<std::vector<RegisterEntry>> OpenEntries(const MeasureContext& context) {
  const auto facts = InOrder(context, [](const v1::Event& fact) {
    return fact.has_risk_register_entry_recorded() || fact.has_risk_register_entry_rescored() ||
           fact.has_risk_register_entry_closed();
  });
  std::map<Key, RegisterEntry> entries;
  std::set<Key> closed;
  bool any = false;
  for (const v1::Event* fact : facts) {
    if (fact->has_risk_register_entry_recorded()) {
      any = true;
      auto& scores = entries[{fact->source(), fact->id()}].scores;
      scores.emplace_back(fact, &fact->risk_register_entry_recorded().score());
    } else if (fact->has_risk_register_entry_rescored()) {
      const auto& rescored = fact->risk_register_entry_rescored();
      entries[Resolve(*fact, rescored.entry())].scores.emplace_back(fact, &rescored.score());
    } else {
      closed.insert(Resolve(*fact, fact->risk_register_entry_closed().entry()));
    }
  }
  if (!any) return std::nullopt;
  std::vector<RegisterEntry> open;
  for (auto& [key, entry] : entries) {
    if (closed.count(key) == 0) open.push_back(std::move(entry));
  }
  return open;
}

MeasureResult NoRegister(MeasureResult result) {
  if (result.WantsProof()) result.note = "no entry of a risk register was ever received";
  return result;
}

MeasureResult RiskRegisterScore(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const auto entries = OpenEntries(context);
  if (!entries.has_value()) return NoRegister(std::move(result));
  for (const RegisterEntry& entry : *entries) {
    const auto& [fact, score] = entry.scores.back();
    if (ProductOf(*score) >= arguments.Integer("score")) Refer(*fact, &result);
  }
  AddFigure("open risks", static_cast<double>(entries->size()), &result);
  result.value = Is(result.cited > 0);
  return result;
}

/// How often in a row an entry was scored as deteriorating, or higher than before.
int64_t RisesOf(const RegisterEntry& entry) {
  int64_t rises = 0;
  for (size_t i = 0; i < entry.scores.size(); ++i) {
    const v1::RiskScore& score = *entry.scores[i].second;
    const bool higher = i > 0 && ProductOf(score) > ProductOf(*entry.scores[i - 1].second);
    const bool rising = score.trajectory() == v1::RiskScore::TRAJECTORY_DETERIORATING || higher;
    rises = rising ? rises + 1 : 0;
  }
  return rises;
}

MeasureResult RiskRegisterRising(const MeasureArguments& arguments, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  const auto entries = OpenEntries(context);
  if (!entries.has_value()) return NoRegister(std::move(result));
  for (const RegisterEntry& entry : *entries) {
    const bool high = ProductOf(*entry.scores.back().second) >= arguments.Integer("score");
    if (!high || RisesOf(entry) < arguments.Integer("times")) continue;
    for (const auto& [fact, score] : entry.scores) Refer(*fact, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

// A closure or termination is told by whom it concerns: none notified is taken as none.
MeasureResult ClosureNotified(const MeasureArguments&, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  for (const auto& fact : context.state.facts()) {
    if (fact.has_closure_or_termination_notified() && FactInstant(fact) <= context.as_of_us)
      Refer(fact, &result);
  }
  result.value = Is(result.cited > 0);
  return result;
}

/// A plan that was closed though a milestone of it had been missed, or that nobody signed off, has
/// not met its targets; a plan agreed since stands in its place.
MeasureResult PlanClosedUnmet(const MeasureArguments&, const MeasureContext& context) {
  MeasureResult result = Begin(context);
  std::map<Key, std::vector<const v1::Event*>> missed;
  int64_t agreed_us = 0;
  for (const auto& fact : context.state.facts()) {
    if (FactInstant(fact) > context.as_of_us) continue;
    if (fact.has_milestone_missed()) {
      missed[Resolve(fact, fact.milestone_missed().plan())].push_back(&fact);
    } else if (fact.has_improvement_plan_agreed()) {
      agreed_us = std::max(agreed_us, FactInstant(fact));
    }
  }
  bool closed = false;
  for (const v1::Event* fact : InOrder(
           context, [](const v1::Event& event) { return event.has_improvement_plan_closed(); })) {
    closed = true;
    if (FactInstant(*fact) < agreed_us) continue;
    const auto milestones = missed.find(Resolve(*fact, fact->improvement_plan_closed().plan()));
    const bool unmet = milestones != missed.end();
    if (!unmet && !fact->improvement_plan_closed().signed_off_by_role().empty()) continue;
    Refer(*fact, &result);
    if (!unmet) continue;
    for (const v1::Event* milestone : milestones->second) Refer(*milestone, &result);
  }
  result.value = closed ? Is(result.cited > 0) : Truth::kNotApplicable;
  if (!closed && result.WantsProof()) result.note = "no improvement plan was closed";
  return result;
}

const std::vector<Measure> kRiskMeasures = {
    {.name = "risk_score_at_least",
     .summary = "The risk score of the service that stands, likelihood times consequence, is at "
                "least `score`; UNKNOWN where it was never scored.",
     .numbers = {"score"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kRiskProfileScored})},
     .evaluate = RiskScoreAtLeast},
    {.name = "risk_score_rising",
     .summary = "The risk score rose by at least `bands` bands of the matrix within `days`; "
                "UNKNOWN where it was never scored.",
     .numbers = {"bands", "days"},
     .windows = {"days"},
     .reads = {.facts = KindsOf({v1::Event::kRiskProfileScored})},
     .evaluate = RiskScoreRising},
    {.name = "risk_register_score_at_least",
     .summary = "An open entry of a risk register scores at least `score`; UNKNOWN without a "
                "register.",
     .numbers = {"score"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kRiskRegisterEntryRecorded})},
     .evaluate = RiskRegisterScore},
    {.name = "risk_register_rising",
     .summary = "An open entry of a risk register scores at least `score` and was scored as "
                "deteriorating, or higher, `times` times in a row; UNKNOWN without a register.",
     .numbers = {"score", "times"},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kRiskRegisterEntryRecorded})},
     .evaluate = RiskRegisterRising},
    {.name = "closure_or_termination_notified",
     .summary = "It was notified that the service closes or a contract ends.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kClosureOrTerminationNotified})},
     .evaluate = ClosureNotified},
    {.name = "plan_closed_unmet",
     .summary = "The improvement plan was closed with a milestone missed or without sign-off, and "
                "none was agreed since; NOT_APPLICABLE where none was closed.",
     .numbers = {},
     .windows = {},
     .reads = {.facts = KindsOf({v1::Event::kImprovementPlanClosed})},
     .evaluate = PlanClosedUnmet},
};

}  // namespace

std::span<const Measure> RiskMeasures() { return kRiskMeasures; }

}  // namespace trigpoint
