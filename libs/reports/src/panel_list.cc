#include "facts.h"
#include "kinds.h"
#include "sections.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

constexpr char kClause[] = "S2 3.4.2-3.4.5";

bool IsForPanel(const ReportedPolicy& policy) {
  return policy.above_lowest || !policy.recommended_state.empty() || policy.urgent ||
         !policy.not_agreed_state.empty();
}

bool IsForPanel(const ReportedService& service) {
  for (const auto& policy : service.policies) {
    if (IsForPanel(policy)) return true;
  }
  return false;
}

std::string RulesThatHold(const ReportedPolicy& policy) {
  std::vector<std::string> rules;
  for (const auto& criterion : policy.criteria) {
    if (HoldsForLevel(policy, criterion)) rules.push_back(criterion.id());
  }
  return rules.empty() ? "none" : ListWords(rules);
}

void Overview(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Services to be looked at", kClause);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& service : input.services) {
    for (const auto& policy : service.policies) {
      if (!IsForPanel(policy)) continue;
      if (section.empty())
        section.Columns({"Service", "Policy", "Decided", "Recommended", "Since", "Criteria met",
                         "Beside the NQB ladder"});
      const bool awaits = !policy.recommended_state.empty();
      section.Row({NameWords(service), policy.policy_id, StateWords(policy.decided_state),
                   (awaits ? StateWords(policy.recommended_state) : std::string("-")) +
                       (policy.urgent ? ", urgent" : ""),
                   awaits && policy.recommended_us != 0 ? DateWords(policy.recommended_us) : "-",
                   RulesThatHold(policy),
                   policy.nqb.nqb_state().empty() ? "-" : StateWords(policy.nqb.nqb_state())},
                  CiteWhatHolds(policy));
    }
  }
  section.OrElse(kNone);
}

void OneService(const ReportInput& input, const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, NameWords(service), kClause);
  for (const auto& alert : service.alerts) SayAlert(alert, "", &section);
  for (const auto& policy : service.policies) {
    if (!IsForPanel(policy)) continue;
    section.Say(LevelWords(policy), CiteWhatHolds(policy));
    if (policy.urgent) {
      SayUrgent(policy, "", &section);
      section.Say(
          "A multi-agency quality review meeting is convened sooner where a major concern is "
          "identified and it is necessary.",
          {Clause("S2 3.4.5")});
    }
    if (!policy.nqb.note().empty())
      section.Say("Beside the NQB ladder: " + policy.nqb.note(),
                  {Rule(policy.policy_id, "", policy.nqb.clause())});
    SayCriteria(policy, &section);
    SayNotKnown(policy, &section);
  }
  SaySilence(service, "", &section);
  if (const Facts overdue = OverdueActions(input, service); !overdue.empty())
    section.Say(CountWords(overdue.size(), "action", "actions") + " of its plan overdue.",
                Cite(overdue));
  SayOverdue(service, &section);
}

}  // namespace

void BuildPanelList(const ReportInput& input, v1::Report* report) {
  Overview(input, report);
  if (input.told == Told::kPublic) return;
  for (const auto& service : input.services) {
    if (IsForPanel(service)) OneService(input, service, report);
  }
}

}  // namespace trigpoint
