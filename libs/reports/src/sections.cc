#include "sections.h"

#include <algorithm>

#include "facts.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "words.h"

namespace trigpoint {
namespace {

/// Which lines of a timeline a meeting reads: what was reported, recommended, raised and decided.
bool IsForMeetings(const ReportedFact& fact) {
  if (fact.kind == "other_sources" || fact.kind == "few_reports") return true;
  const KindInfo* kind = KindOfName(fact.kind);
  if (kind == nullptr || kind->bookkeeping) return false;
  if (kind->role == v1::EVENT_ROLE_FACT || kind->role == v1::EVENT_ROLE_DECISION) return true;
  for (const char* shown :
       {"recommendation", "rapid_quality_review_alert", "decision_basis_weakened", "feed_silent"}) {
    if (fact.kind == shown) return true;
  }
  return false;
}

bool Holds(const v1::CriterionResult& criterion) {
  return criterion.value() == v1::TRUTH_VALUE_TRUE;
}

std::string CriterionWords(const ReportedPolicy& policy, const v1::CriterionResult& criterion) {
  std::string text = policy.policy_id + ' ' + criterion.id();
  const auto words = policy.texts.find(criterion.id());
  if (words != policy.texts.end() && !words->second.empty()) text += ": \"" + words->second + '"';
  if (criterion.decisive()) text += "; decides the level";
  if (!criterion.note().empty()) text += "; " + criterion.note();
  if (criterion.protected_source()) text += "; protected source";
  return text + '.';
}

/// "A-B" of a gap that begins with its rule, "A-B: ...".
Citations CiteRuleOf(const ReportedPolicy& policy, const std::string& text) {
  for (const auto& criterion : policy.criteria) {
    if (text.starts_with(criterion.id() + ":"))
      return {Rule(policy.policy_id, criterion.id(), criterion.clause())};
  }
  return {};
}

}  // namespace

std::string NameWords(const ReportedService& service) {
  if (service.ids.empty()) return service.name;
  return service.name + " (" + service.ids.front().scheme() + '/' + service.ids.front().value() +
         ')';
}

std::string RatingWords(const ReportedService& service) {
  if (service.rating == v1::RATING_UNSPECIFIED) return "no published rating is known";
  return RatingText(service.rating) +
         (service.rated_us == 0 ? "" : ", published on " + DateWords(service.rated_us));
}

std::string LevelWords(const ReportedPolicy& policy) {
  if (policy.decided_state.empty()) return policy.policy_id + ": a framework without levels.";
  std::string text = policy.policy_id + ": decided " + StateWords(policy.decided_state);
  if (policy.decided_us != 0) text += " since " + DateWords(policy.decided_us);
  if (!policy.recommended_state.empty()) {
    text += "; " + StateWords(policy.recommended_state) + " is recommended and awaits a decision";
    if (policy.recommended_us != 0) text += " since " + DateWords(policy.recommended_us);
  }
  if (!policy.not_agreed_state.empty())
    text += "; not agreed between the commissioners: " + StateWords(policy.not_agreed_state);
  return text + '.';
}

bool HoldsForLevel(const ReportedPolicy& policy, const v1::CriterionResult& criterion) {
  return Holds(criterion) && policy.bearing.contains(criterion.id());
}

Citations CiteWhatHolds(const ReportedPolicy& policy) {
  Citations citations;
  for (const auto& criterion : policy.criteria) {
    if (!HoldsForLevel(policy, criterion)) continue;
    for (auto& citation : Cite(policy, criterion)) citations.push_back(std::move(citation));
  }
  return citations;
}

void SayAlert(const ReportedAlert& alert, std::string_view lead, SectionWriter* section) {
  std::string text =
      std::string(lead) + "rapid quality review alert of " + DateWords(alert.raised_us);
  if (alert.detail.immediate()) text += ", immediate risk asserted";
  if (!alert.detail.lead().empty()) text += "; leads: " + alert.detail.lead();
  for (const auto& decline : alert.declines) {
    text += "; declined on " + DateWords(decline.declined_us) + " by " + decline.declined_by +
            ": " + decline.reason;
  }
  if (alert.acknowledged_us != 0) {
    text += "; acknowledged on " + DateWords(alert.acknowledged_us) + ", no review closed it";
  } else if (!alert.declined) {
    text += "; not acknowledged";
    if (alert.detail.has_acknowledge_by())
      text += ", due by " + InstantWords(ToMicros(alert.detail.acknowledge_by()));
    if (alert.overdue) text += ", overdue";
  }
  if (alert.detail.protected_source()) text += "; protected source";
  Citations citations;
  for (const auto& ground : alert.detail.grounds())
    citations.push_back(Rule(ground.policy_id(), ground.rule(), ground.clause()));
  for (const auto& ref : alert.detail.evidence()) *citations.emplace_back().mutable_event() = ref;
  section->Say(Capital(text) + '.', citations);
}

void SayUrgent(const ReportedPolicy& policy, std::string_view lead, SectionWriter* section) {
  std::string rules;
  Citations citations;
  for (const auto& criterion : policy.criteria) {
    if (!criterion.id().starts_with("R-") || !Holds(criterion)) continue;
    rules += (rules.empty() ? "" : ", ") + criterion.id();
    for (auto& citation : Cite(policy, criterion)) citations.push_back(std::move(citation));
  }
  section->Say(Capital(std::string(lead) + "the urgent path of " + policy.policy_id + " holds" +
                       (rules.empty() ? "" : " by " + rules) +
                       (policy.urgent_target.empty()
                            ? ""
                            : "; " + StateWords(policy.urgent_target) + " is recommended")) +
                   '.',
               citations);
}

void SayCriteria(const ReportedPolicy& policy, SectionWriter* section) {
  for (const auto& criterion : policy.criteria) {
    if (Holds(criterion)) section->Say(CriterionWords(policy, criterion), Cite(policy, criterion));
  }
}

void SayNotKnown(const ReportedPolicy& policy, SectionWriter* section) {
  for (const auto& text : policy.near_misses)
    section->Say("Nearly met: " + policy.policy_id + ' ' + text, CiteRuleOf(policy, text));
  for (const auto& text : policy.gaps)
    section->Say("Not known: " + policy.policy_id + ' ' + text, CiteRuleOf(policy, text));
}

void SaySilence(const ReportedService& service, const std::string& lead, SectionWriter* section) {
  for (const auto& feed : service.feeds) {
    if (!feed.silent) continue;
    section->Say(
        Capital(lead + KindInWords(feed.kind)) + (feed.source.empty() ? "" : " of " + feed.source) +
            ": silent since " + DateWords(feed.silent_since_us) + '.',
        feed.clause.empty() ? Citations() : Citations{Rule(feed.policy_id, "", feed.clause)});
  }
}

void AddService(const ReportedService& service, std::string_view basis, v1::Report* report) {
  SectionWriter section(report, "The service", basis);
  const Citations registered =
      Cite(FactsOf(service, {"service_registered", "registration_changed"}));
  std::string text =
      NameWords(service) + ": " + CodeWords(v1::ServiceType_Name(service.type), "SERVICE_TYPE_");
  if (service.beds != 0) text += ", " + CountWords(service.beds, "bed", "beds");
  if (!service.organisation.empty()) text += ", run by " + service.organisation;
  section.Say(text + '.', registered);
  section.Say(service.commissioners.empty()
                  ? "No commissioner is known."
                  : "Commissioned by " + ListWords(service.commissioners) +
                        (service.host.empty() ? "." : "; host: " + service.host + '.'),
              registered);
  const auto* rated = Latest(service, {"cqc_rating_published", "cqc_rating_amended"});
  section.Say("CQC rating: " + RatingWords(service) + '.',
              rated == nullptr ? Citations() : Cite(*rated));
}

void AddLevels(const ReportInput& input, const ReportedService& service, std::string_view basis,
               v1::Report* report) {
  SectionWriter section(report, "Levels", basis);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& policy : service.policies) {
    section.Say(LevelWords(policy), CiteWhatHolds(policy));
    if (policy.nqb.state().empty()) continue;
    section.Say(StateWords(policy.nqb.state()) + " of " + policy.policy_id +
                    " beside the NQB ladder, for display only: " +
                    (policy.nqb.nqb_state().empty() ? "nowhere on it"
                                                    : StateWords(policy.nqb.nqb_state())) +
                    ". " + policy.nqb.note(),
                {Rule(policy.policy_id, "", policy.nqb.clause())});
  }
  section.OrElse("No policy applies to the service.");
}

void AddUrgency(const ReportInput& input, const ReportedService& service, std::string_view heading,
                std::string_view basis, v1::Report* report) {
  SectionWriter section(report, heading, basis);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& alert : service.alerts) {
    SayAlert(alert, "", &section);
    const auto conjunct = [&](std::string_view words, v1::TruthValue value) {
      section.Say(
          std::string(words) + ": " + CodeWords(v1::TruthValue_Name(value), "TRUTH_VALUE_") + '.',
          {Rule("", "R-RQR", "S1 L173")});
    };
    conjunct("A significant or immediate risk to quality",
             alert.detail.risk_significant_or_immediate());
    conjunct("Not addressed in wider discussions", alert.detail.not_addressed_elsewhere());
    conjunct("A need to share intelligence rapidly", alert.detail.rapid_sharing_needed());
  }
  for (const auto& policy : service.policies) {
    if (policy.urgent) SayUrgent(policy, "", &section);
  }
  section.OrElse(kNone);
}

void AddCriteria(const ReportInput& input, const ReportedService& service, std::string_view basis,
                 v1::Report* report) {
  SectionWriter section(report, "Criteria that are met", basis);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& policy : service.policies) {
    for (const auto& criterion : policy.criteria) {
      if (Holds(criterion)) section.Say(CriterionWords(policy, criterion), Cite(policy, criterion));
    }
  }
  section.OrElse(kNone);
}

void AddNotKnown(const ReportInput& input, const ReportedService& service, std::string_view basis,
                 v1::Report* report) {
  SectionWriter section(report, "Nearly met, and not known", basis);
  if (input.told != Told::kEverything) return section.Say(kNotTold);
  for (const auto& policy : service.policies) SayNotKnown(policy, &section);
  for (const auto& text : service.blind_spots)
    section.Say("Not seen: " + text, {Clause("S1 L26-33")});
  section.OrElse(kNone);
}

void AddThemes(const ReportInput& input, const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "Themes, and how many independent sources speak of them", "S4 2.7");
  if (!service.themes.has_value()) {
    return section.Say(input.told == Told::kEverything ? "not told to this reader" : kNotTold);
  }
  if (service.themes->empty()) return section.Say(kNone);
  section.Say(
      "A: three families of sources or more; B: two; C: one; one grade better where the regulator "
      "is among them. Reports of one incident count once. Reports of protected sources are not in "
      "it. The grade is shown; no rule of a policy reads it.");
  section.Columns({"Theme", "Grade", "Families", "Incidents", "Regulator"});
  for (const auto& theme : *service.themes) {
    Citations citations;
    for (const auto& ref : theme.evidence) *citations.emplace_back().mutable_event() = ref;
    section.Row({StateWords(CodeWords(v1::Theme_Name(theme.theme), "THEME_")),
                 std::string(1, GradeLetter(theme.grade)), std::to_string(theme.families),
                 std::to_string(theme.incidents), theme.regulator ? "yes" : "no"},
                citations);
  }
}

void AddTimeline(const ReportInput& input, const ReportedService& service, std::string_view basis,
                 v1::Report* report) {
  SectionWriter section(report, "What became known in the period", basis);
  bool any = false;
  for (const auto& fact : service.facts) {
    const bool dateless = fact.kind == "few_reports";
    if (fact.superseded || !IsForMeetings(fact) || (!dateless && !InPeriod(input, fact))) continue;
    if (!any) section.Columns({"Known", "Happened", "What", "From"});
    any = true;
    const bool shown = !fact.event.source().empty();
    section.Row({fact.known_us == 0 ? "-" : DateWords(fact.known_us),
                 fact.occurred_us == 0 ? "-" : DateWords(fact.occurred_us), fact.summary,
                 shown ? fact.event.source() : "not told"},
                Cite(fact));
  }
  section.OrElse(Nothing(input));
}

std::string LevelsWords(const ReportInput& input, const ReportedService& service) {
  if (input.told == Told::kPublic) return kNotTold;
  std::vector<std::string> levels;
  for (const auto& policy : service.policies) {
    levels.push_back(policy.policy_id + ": " + StateWords(policy.decided_state) +
                     (policy.recommended_state.empty()
                          ? ""
                          : " (" + StateWords(policy.recommended_state) + " recommended)"));
  }
  return levels.empty() ? "no policy applies" : ListWords(levels);
}

std::string SilentWords(const ReportInput& input, const ReportedService& service) {
  if (input.told == Told::kPublic) return kNotTold;
  std::vector<std::string> kinds;
  for (const auto& feed : service.feeds) {
    if (feed.silent) kinds.push_back(KindInWords(feed.kind));
  }
  return kinds.empty() ? kNone : ListWords(kinds);
}

std::string CountTold(const ReportInput& input, const ReportedService& service,
                      const Facts& reports) {
  if (input.told == Told::kPublic) return kNotTold;
  if (IsCutForOutside(service) || IsTooFewToTell(service, reports)) return kFewerThanFive;
  return std::to_string(reports.size());
}

void AddPlans(const ReportInput& input, const ReportedService& service, std::string_view basis,
              v1::Report* report) {
  SectionWriter section(report, "Improvement plan and suspension", basis);
  const auto* plan = Latest(service, {"improvement_plan_agreed"});
  const auto* closed = Latest(service, {"improvement_plan_closed"});
  const Facts actions = FactsOf(service, {"plan_action_agreed"});
  const Facts overdue = OverdueActions(input, service);
  if (plan != nullptr)
    section.Say("An improvement plan was agreed on " + WhenWords(*plan) + '.', Cite(*plan));
  if (closed != nullptr)
    section.Say("An improvement plan was closed on " + WhenWords(*closed) + '.', Cite(*closed));
  if (!actions.empty())
    section.Say(CountWords(actions.size(), "action was", "actions were") + " agreed.",
                Cite(actions));
  if (!overdue.empty())
    section.Say(CountWords(overdue.size(), "action has", "actions have") +
                    " passed the due date without being completed.",
                Cite(overdue));
  for (const auto* missed : OfPeriod(input, FactsOf(service, {"milestone_missed"})))
    section.Say("A milestone was missed on " + WhenWords(*missed) + '.', Cite(*missed));
  if (const auto* open = OpenSuspension(service); open != nullptr) {
    const auto& scope = open->event.suspension_imposed().scope();
    section.Say("A suspension is in force since " + WhenWords(*open) + ": " +
                    CodeWords(v1::SuspensionImposed::Scope_Name(scope), "SCOPE_") + '.',
                Cite(*open));
  }
  section.OrElse(Nothing(input));
}

void SayOverdue(const ReportedService& service, SectionWriter* section) {
  if (!service.obligations.has_value()) return;
  for (const auto& owed : *service.obligations) {
    if (owed.status() != v1::Obligation::STATUS_OVERDUE) continue;
    Citations citations = {Rule(owed.policy_id(), owed.rule(), owed.clause())};
    if (owed.has_started_by()) *citations.emplace_back().mutable_event() = owed.started_by();
    section->Say("Overdue: " + owed.text() + "; owed by " + CodeWords(owed.owner(), "") +
                     (owed.recipient().empty() ? "" : " to " + owed.recipient()) + ", due on " +
                     DateWords(ToMicros(owed.due_at())) +
                     (owed.guidance() ? "; a guide, not a duty" : "") + '.',
                 citations);
  }
}

void AddOverdue(const ReportInput& input, const ReportedService& service, std::string_view basis,
                v1::Report* report) {
  if (!service.obligations.has_value()) return;
  SectionWriter section(report, "Owed and overdue", basis);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  SayOverdue(service, &section);
  section.OrElse(kNone);
}

}  // namespace trigpoint
