#include "expectations.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "expected_obligations.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using nlohmann::json;

/// What one key of `then` is compared with.
struct Look {
  const json& expected;
  const Scenario& scenario;
  const OfflineAssessment& actual;
  std::vector<Check>* checks;

  void Same(const std::string& what, const std::string& want, const std::string& is) const {
    checks->push_back({.what = what, .expected = want, .actual = is, .holds = want == is});
  }
};

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError("then: " + what); }

std::string Text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string YesNo(bool value) { return value ? "true" : "false"; }

std::string TruthText(v1::TruthValue value) {
  return v1::TruthValue_Name(value).substr(std::string("TRUTH_VALUE_").size());
}

std::string Joined(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  std::string text;
  for (const auto& one : list) text += (text.empty() ? "" : ", ") + one;
  return "[" + text + "]";
}

std::string JoinedExpected(const json& list) {
  std::vector<std::string> all;
  for (const auto& one : list) all.push_back(Text(one));
  return Joined(std::move(all));
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

template <typename Refs>
std::string Ids(const Refs& refs) {
  std::vector<std::string> ids;
  for (const auto& ref : refs) ids.push_back(ref.id());
  return Joined(std::move(ids));
}

const v1::CriterionResult* Find(const OfflineAssessment& actual, const std::string& id) {
  for (const auto& criterion : actual.assessment.criteria()) {
    if (criterion.id() == id) return &criterion;
  }
  return nullptr;
}

/// `{H-L2-1: x, ...}`: one check per criterion.
absl::Status PerCriterion(const Look& look, const std::string& what,
                          const std::function<std::string(const v1::CriterionResult&)>& is,
                          const std::function<std::string(const json&)>& want) {
  if (!look.expected.is_object()) return Wrong(what + " is a list of criteria");
  for (const auto& [id, value] : look.expected.items()) {
    const v1::CriterionResult* criterion = Find(look.actual, id);
    look.Same(absl::StrCat(id, " ", what), want(value),
              criterion == nullptr ? "not in the policy" : is(*criterion));
  }
  return absl::OkStatus();
}

/// Criteria with a property: the list is exact.
std::string IdsWhere(const OfflineAssessment& actual, bool (*holds)(const v1::CriterionResult&)) {
  std::vector<std::string> ids;
  for (const auto& criterion : actual.assessment.criteria()) {
    if (holds(criterion)) ids.push_back(criterion.id());
  }
  return Joined(std::move(ids));
}

/// Rule ids before the colon of "H-L1-1: no published overall rating".
template <typename Texts>
std::string RulesOf(const Texts& texts) {
  std::vector<std::string> ids;
  for (const auto& text : texts) ids.push_back(text.substr(0, text.find(':')));
  return Joined(std::move(ids));
}

template <typename Texts>
void Contains(const Look& look, const std::string& what, const Texts& texts) {
  const json wanted = look.expected.is_array() ? look.expected : json::array({look.expected});
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : "; ") + text;
  for (const auto& one : wanted) {
    const bool found = Lower(all).find(Lower(Text(one))) != std::string::npos;
    look.checks->push_back(
        {.what = what, .expected = "says \"" + Text(one) + "\"", .actual = all, .holds = found});
  }
}

std::string KindText(v1::Recommendation::Kind kind) {
  return Lower(v1::Recommendation::Kind_Name(kind).substr(std::string("KIND_").size()));
}

template <typename Alerts>
int Count(const Alerts& alerts, v1::RapidQualityReviewAlert::Kind kind) {
  return static_cast<int>(std::count_if(alerts.begin(), alerts.end(),
                                        [kind](const auto& a) { return a.kind() == kind; }));
}

std::optional<int64_t> WhenKnown(const Scenario& scenario, const std::string& cause) {
  for (const auto& given : scenario.given) {
    if (CauseOf(given.event) == cause) return ToMicros(given.event.received_at());
  }
  return std::nullopt;
}

/// The alert that was raised last.
absl::Status CheckAlert(const Look& look) {
  const v1::RapidQualityReviewAlert* alert = nullptr;
  for (const auto& one : look.actual.alerts) {
    if (one.kind() == v1::RapidQualityReviewAlert::KIND_RAISED) alert = &one;
  }
  if (alert == nullptr) {
    look.Same("alert", "raised", "none");
    return absl::OkStatus();
  }
  std::vector<std::string> rules;
  for (const auto& ground : alert->grounds()) rules.push_back(ground.rule());
  const auto known = WhenKnown(look.scenario, alert->cause());
  const int64_t within = known ? (ToMicros(alert->acknowledge_by()) - *known) / kMicrosPerHour : -1;
  const std::map<std::string, std::string> is = {
      {"rules", Joined(std::move(rules))},
      {"evidence", Ids(alert->evidence())},
      {"risk_significant_or_immediate", TruthText(alert->risk_significant_or_immediate())},
      {"not_addressed_elsewhere", TruthText(alert->not_addressed_elsewhere())},
      {"rapid_sharing_needed", TruthText(alert->rapid_sharing_needed())},
      {"immediate", YesNo(alert->immediate())},
      {"protected_source", YesNo(alert->protected_source())},
      {"lead", alert->lead()},
      {"acknowledge_within_hours", std::to_string(within)}};
  for (const auto& [key, value] : look.expected.items()) {
    const auto found = is.find(key);
    if (found == is.end()) return Wrong("an alert has no " + key);
    look.Same("alert " + key, value.is_array() ? JoinedExpected(value) : Text(value),
              found->second);
  }
  return absl::OkStatus();
}

/// "monitoring_return_received of council/returns": what never came is of nobody, unless the policy
/// says of whom.
std::string SilentSources(const OfflineAssessment& actual) {
  std::vector<std::string> feeds;
  for (const auto& silence : actual.silences) {
    if (silence.ended_us() != 0) continue;
    const std::string& source = silence.silent().feed_source();
    feeds.push_back(silence.silent().kind() + (source.empty() ? "" : " of " + source));
  }
  return Joined(std::move(feeds));
}

/// Kinds whose feeds are silent, or were once and are not any more.
std::string SilentKinds(const OfflineAssessment& actual, bool ended) {
  std::vector<std::string> kinds;
  for (const auto& silence : actual.silences) {
    if ((silence.ended_us() != 0) == ended) kinds.push_back(silence.silent().kind());
  }
  return Joined(std::move(kinds));
}

std::string OutcomeText(v1::DecisionRecord::Outcome outcome) {
  switch (outcome) {
    case v1::DecisionRecord::OUTCOME_RECORDED:
      return "recorded";
    case v1::DecisionRecord::OUTCOME_REFUSED_AUTHORITY:
      return "refused";
    case v1::DecisionRecord::OUTCOME_REFUSED_BASIS_MOVED:
      return "basis moved";
    case v1::DecisionRecord::OUTCOME_PENDING_CONCURRENCE:
      return "pending concurrence";
    case v1::DecisionRecord::OUTCOME_BLOCKED:
      return "blocked";
    case v1::DecisionRecord::OUTCOME_REFUSED_INVALID:
      return "invalid";
    default:
      return "none";
  }
}

absl::Status CheckDecision(const Look& look, const json& expected,
                           const v1::DecisionRecord* decision) {
  const v1::DecisionRecord none;
  const v1::DecisionRecord& is = decision == nullptr ? none : *decision;
  for (const auto& [key, value] : expected.items()) {
    if (key == "outcome") {
      look.Same("decision outcome", Text(value), OutcomeText(is.outcome()));
    } else if (key == "clause") {
      look.Same("decision clause", Text(value), is.clause());
    } else if (key == "id") {
      look.Same("decision id", Text(value), is.decision_id());
    } else if (key == "override") {
      look.Same("decision override", Text(value), YesNo(is.decision().override()));
    } else if (key == "reason") {
      look.checks->push_back({.what = "decision reason",
                              .expected = "says \"" + Text(value) + "\"",
                              .actual = is.reason(),
                              .holds = is.reason().find(Text(value)) != std::string::npos});
    } else {
      return Wrong("a decision has no " + key);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDecisions(const Look& look) {
  const auto& decisions = look.actual.decisions;
  look.Same("decisions", std::to_string(look.expected.size()), std::to_string(decisions.size()));
  for (size_t i = 0; i < look.expected.size(); ++i) {
    TP_RETURN_IF_ERROR(
        CheckDecision(look, look.expected[i], i < decisions.size() ? &decisions[i] : nullptr));
  }
  return absl::OkStatus();
}

absl::Status CheckRecommendation(const Look& look) {
  const auto& all = look.actual.recommendations;
  look.Same("last recommendation", Text(look.expected),
            all.empty() ? "none" : KindText(all.back().kind()));
  return absl::OkStatus();
}

absl::Status CheckRecommendations(const Look& look) {
  std::string is;
  for (const auto& one : look.actual.recommendations) {
    is += (is.empty() ? "" : ", ") + KindText(one.kind()) + " " + one.target_state();
  }
  std::string want;
  for (const auto& one : look.expected) want += (want.empty() ? "" : ", ") + Text(one);
  look.Same("recommendations", "[" + want + "]", "[" + is + "]");
  return absl::OkStatus();
}

absl::Status CheckFollows(const Look& look) {
  const auto& all = look.actual.recommendations;
  const bool follows =
      all.size() > 1 && all.back().previous() == all[all.size() - 2].recommendation_id();
  look.Same("the last recommendation follows the one before", Text(look.expected), YesNo(follows));
  return absl::OkStatus();
}

/// Nothing that people or programs read says any of it.
absl::Status CheckHides(const Look& look) {
  std::string all = look.actual.assessment.DebugString();
  for (const auto& one : look.actual.recommendations) all += one.DebugString();
  for (const auto& one : look.actual.alerts) all += one.DebugString();
  for (const auto& one : look.actual.obligations) all += one.DebugString();
  for (const auto& text : look.expected) {
    look.Same("\"" + Text(text) + "\" appears", "false",
              YesNo(all.find(Text(text)) != std::string::npos));
  }
  return absl::OkStatus();
}

absl::Status CheckFigures(const Look& look) {
  for (const auto& [id, figures] : look.expected.items()) {
    const v1::CriterionResult* criterion = Find(look.actual, id);
    for (const auto& [name, value] : figures.items()) {
      std::string is = "not told";
      for (int i = 0; criterion != nullptr && i < criterion->figures_size(); ++i) {
        if (criterion->figures(i).name() == name) is = json(criterion->figures(i).value()).dump();
      }
      look.Same(absl::StrCat(id, " figure ", name), json(std::stod(Text(value))).dump(), is);
    }
  }
  return absl::OkStatus();
}

using Compare = std::function<absl::Status(const Look&)>;

Compare Field(const std::string& what,
              const std::function<std::string(const OfflineAssessment&)>& is) {
  return [what, is](const Look& look) {
    look.Same(what, Text(look.expected), is(look.actual));
    return absl::OkStatus();
  };
}

Compare List(const std::string& what,
             const std::function<std::string(const OfflineAssessment&)>& is) {
  return [what, is](const Look& look) {
    look.Same(what, JoinedExpected(look.expected), is(look.actual));
    return absl::OkStatus();
  };
}

Compare AlertCount(const std::string& what, v1::RapidQualityReviewAlert::Kind kind) {
  return Field(
      what, [kind](const OfflineAssessment& a) { return std::to_string(Count(a.alerts, kind)); });
}

Compare Says(const std::string& what,
             const std::function<std::vector<std::string>(const v1::Assessment&)>& texts) {
  return [what, texts](const Look& look) {
    Contains(look, what, texts(look.actual.assessment));
    return absl::OkStatus();
  };
}

std::map<std::string, Compare> CriteriaKeys() {
  const auto text = [](const json& value) { return Text(value); };
  return {
      {"criteria",
       [text](const Look& look) {
         return PerCriterion(
             look, "is", [](const auto& c) { return TruthText(c.value()); }, text);
       }},
      {"clauses",
       [text](const Look& look) {
         return PerCriterion(
             look, "cites", [](const auto& c) { return c.clause(); }, text);
       }},
      {"evidence",
       [](const Look& look) {
         return PerCriterion(
             look, "rests on", [](const auto& c) { return Ids(c.evidence()); }, JoinedExpected);
       }},
      {"protected_source",
       [text](const Look& look) {
         return PerCriterion(
             look, "has a protected source",
             [](const auto& c) { return YesNo(c.protected_source()); }, text);
       }},
      {"notes",
       [](const Look& look) {
         for (const auto& [id, value] : look.expected.items()) {
           const auto* criterion = Find(look.actual, id);
           const std::string is = criterion == nullptr ? "" : criterion->note();
           look.checks->push_back({.what = id + " note",
                                   .expected = "says \"" + Text(value) + "\"",
                                   .actual = is,
                                   .holds = is.find(Text(value)) != std::string::npos});
         }
         return absl::OkStatus();
       }},
      {"figures", CheckFigures},
      {"ageing", List("evidence ageing of",
                      [](const auto& a) {
                        return IdsWhere(a, [](const auto& c) { return c.evidence_ageing(); });
                      })},
      {"decisive",
       List("decisive",
            [](const auto& a) { return IdsWhere(a, [](const auto& c) { return c.decisive(); }); })},
      {"true", List("TRUE",
                    [](const auto& a) {
                      return IdsWhere(
                          a, [](const auto& c) { return c.value() == v1::TRUTH_VALUE_TRUE; });
                    })},
      {"gaps", List("gaps", [](const auto& a) { return RulesOf(a.assessment.gaps()); })},
      {"near_misses",
       List("near misses", [](const auto& a) { return RulesOf(a.assessment.near_misses()); })},
  };
}

const std::map<std::string, Compare>& Keys() {
  static const std::map<std::string, Compare> kKeys = [] {
    using Alert = v1::RapidQualityReviewAlert;
    std::map<std::string, Compare> keys = CriteriaKeys();
    keys["applies"] = Field("the policy applies",
                            [](const auto& a) { return TruthText(a.assessment.applies()); });
    keys["target"] = Field("target", [](const auto& a) { return a.assessment.target_state(); });
    keys["level"] = Field("level", [](const auto& a) { return a.assessment.level(); });
    keys["urgent"] = Field("urgent", [](const auto& a) { return YesNo(a.assessment.urgent()); });
    keys["floor"] = Field("floor", [](const auto& a) { return a.assessment.floor(); });
    keys["ceiling"] = Field("ceiling", [](const auto& a) { return a.assessment.ceiling(); });
    keys["decided"] =
        Field("decided level", [](const auto& a) { return a.assessment.decided_state(); });
    keys["basis_weakened"] =
        Field("basis weakened", [](const auto& a) { return YesNo(a.basis_weakened); });
    keys["not_agreed"] = Field("not agreed", [](const auto& a) { return a.not_agreed_state; });
    keys["alerts"] = AlertCount("alerts raised", Alert::KIND_RAISED);
    keys["attached"] = AlertCount("clusters attached to an alert", Alert::KIND_CLUSTER_ATTACHED);
    keys["next_tier"] = AlertCount("alerts to the next tier", Alert::KIND_NEXT_TIER);
    keys["measures_contain"] = Says("measures", [](const auto& a) {
      return std::vector<std::string>(a.measures().begin(), a.measures().end());
    });
    keys["caveats_contain"] = Says("caveats", [](const auto& a) {
      return std::vector<std::string>(a.caveats().begin(), a.caveats().end());
    });
    keys["silent"] =
        List("feeds silent", [](const auto& a) { return SilentKinds(a, /*ended=*/false); });
    keys["silent_sources"] = List("feeds silent, and of whom", SilentSources);
    keys["ended"] =
        List("silences that ended", [](const auto& a) { return SilentKinds(a, /*ended=*/true); });
    keys["alert"] = CheckAlert;
    keys["decision"] = [](const Look& look) {
      const auto& all = look.actual.decisions;
      return CheckDecision(look, look.expected, all.empty() ? nullptr : &all.back());
    };
    keys["decisions"] = CheckDecisions;
    keys["recommendation"] = CheckRecommendation;
    keys["recommendations"] = CheckRecommendations;
    keys["follows_the_one_before"] = CheckFollows;
    keys["hides"] = CheckHides;
    keys["obligations"] = [](const Look& look) {
      return CheckObligations(look.expected, look.actual.obligations, look.checks);
    };
    return keys;
  }();
  return kKeys;
}

}  // namespace

bool IsThenKey(const std::string& key) { return Keys().count(key) > 0; }

absl::StatusOr<std::vector<Check>> CheckAll(const ScenarioThen& then, const Scenario& scenario,
                                            const OfflineAssessment& actual) {
  std::vector<Check> checks;
  for (const auto& [key, expected] : then.expect.items()) {
    const auto compare = Keys().find(key);
    if (compare == Keys().end()) return Wrong("there is no " + key);
    TP_RETURN_IF_ERROR(compare->second(Look{expected, scenario, actual, &checks}));
  }
  return checks;
}

}  // namespace trigpoint
