#include <map>
#include <set>

#include "facts.h"
#include "kinds.h"
#include "sections.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

constexpr char kAlertClause[] = "S1 L135-137";
constexpr char kAdviseClause[] = "S1 L139-141";
constexpr char kAssureClause[] = "S1 L143-145";

/// Good news, as far as a record says so by itself: positive outcomes, ratings, practice shared.
bool IsGoodNews(const ReportedFact& fact) {
  const v1::Event& event = fact.event;
  if (fact.superseded || fact.hidden) return false;
  switch (event.payload_case()) {
    case v1::Event::kComplimentReceived:
    case v1::Event::kGoodPracticeShared:
    case v1::Event::kMitigationAssured:
    case v1::Event::kImprovementPlanClosed:
    case v1::Event::kSuspensionLifted:
    case v1::Event::kDefaultNoticeEpisodeClosed:
      return true;
    case v1::Event::kCqcRatingPublished:
      return event.cqc_rating_published().overall() == v1::RATING_GOOD ||
             event.cqc_rating_published().overall() == v1::RATING_OUTSTANDING;
    case v1::Event::kPammsAssessmentFinalised:
      return event.pamms_assessment_finalised().overall() ==
                 v1::PammsAssessmentFinalised::GRADE_GOOD ||
             event.pamms_assessment_finalised().overall() ==
                 v1::PammsAssessmentFinalised::GRADE_EXCELLENT;
    case v1::Event::kProviderFeedbackReceived:
      return event.provider_feedback_received().tone() ==
             v1::ProviderFeedbackReceived::TONE_POSITIVE;
    case v1::Event::kStakeholderFeedbackReceived:
      return event.stakeholder_feedback_received().tone() ==
             v1::ProviderFeedbackReceived::TONE_POSITIVE;
    case v1::Event::kQualityRiskProfileCompleted:
      return event.quality_risk_profile_completed().assurance_gained();
    default:
      return false;
  }
}

/// What is said of good news of one kind.
std::string NewsWords(const Facts& news) {
  const ReportedFact& last = *news.back();
  const v1::Event& event = last.event;
  if (event.has_cqc_rating_published() || event.has_pamms_assessment_finalised()) {
    const std::string grade =
        event.has_cqc_rating_published()
            ? CodeWords(v1::Rating_Name(event.cqc_rating_published().overall()), "RATING_")
            : CodeWords(v1::PammsAssessmentFinalised::Grade_Name(
                            event.pamms_assessment_finalised().overall()),
                        "GRADE_");
    return KindInWords(last.kind) + ": " + StateWords(grade) + ", " + WhenWords(last);
  }
  const bool feedback =
      event.has_provider_feedback_received() || event.has_stakeholder_feedback_received();
  return KindInWords(last.kind) + (feedback ? ", positive" : "") + ": " +
         CountWords(news.size(), "report", "reports") + ", the last of " + WhenWords(last);
}

void Alert(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Alert", kAlertClause);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& service : input.services) {
    const std::string lead = NameWords(service) + ": ";
    for (const auto& alert : service.alerts) SayAlert(alert, lead, &section);
    for (const auto& policy : service.policies) {
      if (policy.urgent && service.alerts.empty()) SayUrgent(policy, lead, &section);
      if (!policy.not_agreed_state.empty()) section.Say(lead + LevelWords(policy));
    }
  }
  // "Please state 'none' rather than leaving the section blank."
  section.OrElse(kNone);
}

void Advise(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Advise", kAdviseClause);
  if (input.told == Told::kPublic) return section.Say(kNotTold);
  for (const auto& service : input.services) {
    for (const auto& policy : service.policies) {
      if (policy.above_lowest || !policy.recommended_state.empty())
        section.Say(NameWords(service) + ": " + LevelWords(policy), CiteWhatHolds(policy));
    }
    for (const auto* weakened : OfPeriod(input, FactsOf(service, {"decision_basis_weakened"}))) {
      section.Say(NameWords(service) +
                      ": what a decision rested on was corrected or taken back, known on " +
                      DateWords(weakened->known_us) + '.',
                  Cite(*weakened));
    }
    SaySilence(service, NameWords(service) + ": ", &section);
    for (const auto* missed : OfPeriod(input, FactsOf(service, {"milestone_missed"})))
      section.Say(NameWords(service) + ": a milestone of its plan was missed.", Cite(*missed));
  }
  section.OrElse(kNone);
}

/// Every item with who tells it and whether it is independent of the provider (S1 L131).
void Assure(const ReportInput& input, v1::Report* report) {
  SectionWriter section(report, "Assure", kAssureClause);
  for (const auto& service : input.services) {
    std::map<std::string, Facts> news;
    for (const auto& fact : service.facts) {
      if (InPeriod(input, fact) && IsGoodNews(fact)) news[fact.kind].push_back(&fact);
    }
    for (const auto& [kind, facts] : news) {
      if (IsTooFewToTell(service, facts)) continue;
      std::set<std::string> sources;
      for (const auto* fact : facts) {
        if (!fact->event.source().empty()) sources.insert(fact->event.source());
      }
      const std::string independence = IndependenceWords(kind);
      section.Say(
          NameWords(service) + ": " + NewsWords(facts) +
              (independence.empty() ? "" : "; told " + independence) +
              (sources.empty() ? "" : " (" + ListWords({sources.begin(), sources.end()}) + ")") +
              '.',
          Cite(facts));
    }
  }
  section.OrElse(Nothing(input));
}

}  // namespace

void BuildTripleA(const ReportInput& input, v1::Report* report) {
  Alert(input, report);
  Advise(input, report);
  Assure(input, report);
  SectionWriter section(report, "What this covers", "S1 L133-145");
  section.Say(
      CountWords(input.services.size(), "service", "services") +
      " that a policy applies to or that something is known of. Alert holds what the rules "
      "of the urgent path put there and what the commissioners do not agree on; whether the "
      "board has to be told more, the committee decides.");
}

}  // namespace trigpoint
