// Who is within enhanced surveillance, with actions (S3 App 1), and intelligence by care home (S3
// 5.3.1).
#include "facts.h"
#include "kinds.h"
#include "sections.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

constexpr char kEnhanced[] = "S3 App 1 Enhanced Surveillance";
constexpr char kCareHomes[] = "S3 5.3.1";

bool IsTracked(const ReportedPolicy& policy) {
  return policy.above_lowest || !policy.not_agreed_state.empty();
}

bool IsTracked(const ReportedService& service) {
  for (const auto& policy : service.policies) {
    if (IsTracked(policy)) return true;
  }
  return false;
}

std::string LatestWords(const ReportInput& input, const ReportedFact* latest) {
  return latest == nullptr ? Nothing(input) : WhenWords(*latest);
}

/// Open ones, and how many of them are overdue.
std::string OwedWords(const ReportedService& service, const std::string& policy_id) {
  if (!service.obligations.has_value()) return "-";
  size_t open = 0;
  size_t overdue = 0;
  for (const auto& owed : *service.obligations) {
    if (owed.policy_id() != policy_id) continue;
    ++open;
    overdue += owed.status() == v1::Obligation::STATUS_OVERDUE ? 1U : 0U;
  }
  return std::to_string(open) + ", overdue " + std::to_string(overdue);
}

void Tracked(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Above routine surveillance", kEnhanced);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& service : input.services) {
    const auto* meeting = Latest(service, {"quality_review_meeting_held"});
    for (const auto& policy : service.policies) {
      if (!IsTracked(policy)) continue;
      if (section.empty())
        section.Columns({"Service", "Policy", "Level", "Since", "Recommended",
                         "Last quality review meeting", "Owed"});
      Citations citations = CiteWhatHolds(policy);
      if (meeting != nullptr) {
        for (auto& citation : Cite(*meeting)) citations.push_back(std::move(citation));
      }
      section.Row({NameWords(service), policy.policy_id, StateWords(policy.decided_state),
                   policy.decided_us == 0 ? "-" : DateWords(policy.decided_us),
                   policy.recommended_state.empty() ? "-" : StateWords(policy.recommended_state),
                   LatestWords(input, meeting), OwedWords(service, policy.policy_id)},
                  citations);
    }
  }
  section.OrElse(kNone);
}

/// What became of an action: people see who has to do something now.
std::string Standing(const ReportInput& input, const ReportedService& service,
                     const ReportedFact& action) {
  if (const auto* done = CompletionOf(service, action); done != nullptr)
    return "completed on " + WhenWords(*done);
  if (IsOnlyAsked(service, action)) return "asked of its owner, who has not taken it on";
  for (const auto* overdue : OverdueActions(input, service)) {
    if (overdue == &action) return "overdue";
  }
  return "open";
}

void Actions(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Actions recorded", kEnhanced);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& service : input.services) {
    if (!IsTracked(service)) continue;
    for (const auto* fact : FactsOf(service, {"plan_action_agreed"})) {
      const auto& action = fact->event.plan_action_agreed();
      if (section.empty()) section.Columns({"Service", "Due", "Owner", "Critical", "Standing"});
      section.Row({NameWords(service), action.has_due_on() ? DateWords(action.due_on()) : "-",
                   action.owner_role().empty() ? "-" : CodeWords(action.owner_role(), ""),
                   action.critical() ? "yes" : "no", Standing(input, service, *fact)},
                  Cite(*fact));
    }
  }
  section.OrElse(kNone);
}

/// The tool is "updated after each local meeting": what came since the last one stands apart.
void CareHomes(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Intelligence by care home", kCareHomes);
  for (const auto& service : input.services) {
    if (service.type != v1::SERVICE_TYPE_CARE_HOME_NURSING &&
        service.type != v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL)
      continue;
    if (section.empty())
      section.Columns({"Care home", "CQC rating", "Levels", "Reports in the period",
                       "Last meeting about it", "Reports since", "Last visit", "Silent feeds"});
    const auto* meeting = Latest(service, {"meeting_held", "quality_review_meeting_held"});
    const auto* visit =
        Latest(service, {"commissioner_visit_conducted", "enter_and_view_reported"});
    const int64_t since_us = meeting == nullptr ? 0 : meeting->known_us;
    const Facts now = ReportsIn(service, input.from_us, input.as_of_us);
    const Facts since = ReportsIn(service, since_us, input.as_of_us);
    Citations citations = {section.basis()};
    for (const auto* fact : {meeting, visit}) {
      if (fact == nullptr) continue;
      for (auto& citation : Cite(*fact)) citations.push_back(std::move(citation));
    }
    if (!IsTooFewToTell(service, now)) {
      for (auto& citation : Cite(now)) citations.push_back(std::move(citation));
    }
    section.Row(
        {NameWords(service), RatingWords(service), LevelsWords(input, service),
         CountTold(input, service, now), LatestWords(input, meeting),
         CountTold(input, service, since), LatestWords(input, visit), SilentWords(input, service)},
        citations);
  }
  section.OrElse(kNone);
}

}  // namespace

void BuildSurveillanceTracker(const ReportInput& input, v1::Report* report) {
  Tracked(input, report);
  Actions(input, report);
  CareHomes(input, report);
}

}  // namespace trigpoint
