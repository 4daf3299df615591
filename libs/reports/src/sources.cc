#include "sources.h"

#include <algorithm>

#include "facts.h"
#include "words.h"

namespace trigpoint {
namespace {

/// A row cites at most so many reports, the latest.
constexpr size_t kRowCites = 12;

struct Heard {
  const ReportedFeed* silent = nullptr;
  const ReportedFeed* last = nullptr;  ///< Who delivered last, or null.
  std::vector<std::string> silent_kinds;
};

Heard HeardOf(const ReportedService& service, const NamedSource& source) {
  Heard heard;
  for (const auto& feed : service.feeds) {
    if (std::find(source.kinds.begin(), source.kinds.end(), feed.kind) == source.kinds.end())
      continue;
    if (feed.silent) {
      if (heard.silent == nullptr) heard.silent = &feed;
      heard.silent_kinds.push_back(KindInWords(feed.kind) + " since " +
                                   DateWords(feed.silent_since_us));
    }
    if (feed.last_us != 0 && (heard.last == nullptr || feed.last_us > heard.last->last_us))
      heard.last = &feed;
  }
  return heard;
}

std::string ProtectedWords(const ReportInput& input, const ReportedService& service) {
  if (input.told != Told::kEverything) return kNotTold;
  const bool spoke = std::any_of(service.facts.begin(), service.facts.end(),
                                 [](const auto& fact) { return fact.kind == "other_sources"; });
  // When and how many would tell who: not even whether in the period.
  return spoke ? "protected source: there is a report; when, how many and what is not told"
               : "none is known; who would send one is not kept, to protect them";
}

/// What stands of a source in one sentence.
std::string StandingWords(const ReportInput& input, const ReportedService& service,
                          const Facts& known, const Heard& heard) {
  const Facts received = OfPeriod(input, known);
  std::string text;
  if (IsTooFewToTell(service, received)) {
    return kFewerThanFive;
  }
  if (!received.empty()) {
    text = CountWords(received.size(), "report", "reports") + " received";
  } else if (input.told == Told::kPublic) {
    return kNotTold;
  } else if (IsCutForOutside(service)) {
    return kFewerThanFive;
  } else if (heard.last != nullptr || !known.empty()) {
    text = "none received";
    if (heard.last != nullptr && heard.last->nil)
      text += "; word that there is nothing on " + DateWords(heard.last->last_us);
  } else {
    text = "no feed";
  }
  if (!heard.silent_kinds.empty())
    text += (text == "no feed" ? ", though it is expected: silent: " : "; silent: ") +
            ListWords(heard.silent_kinds);
  return text;
}

std::string LastWords(const ReportInput& input, const Facts& known, const Heard& heard) {
  if (input.told == Told::kPublic && known.empty()) return kNotTold;
  if (!known.empty()) return DateWords(known.back()->known_us);
  return heard.last == nullptr ? "never" : DateWords(heard.last->last_us);
}

}  // namespace

const std::vector<NamedSource>& PreVisitSources() {
  static const std::vector<NamedSource> kSources = {
      {"Provider feedback process", {"provider_feedback_received", "early_indicator_observed"}},
      {"Safeguarding",
       {"safeguarding_concern_raised", "safeguarding_concern_screened",
        "safeguarding_enquiry_opened", "safeguarding_enquiry_concluded"}},
      {"Provider led concerns", {"provider_led_concern_screened"}},
      {"CQC notifications", {"cqc_statutory_notification_received", "cqc_inspection_notified"}},
      {"CQC reports and notices",
       {"cqc_rating_published", "cqc_rating_amended", "cqc_report_withdrawn",
        "cqc_enforcement_action_recorded", "cqc_enforcement_action_closed"}},
      {"Compliments", {"compliment_received"}},
      {"Complaints", {"complaint_received", "complaint_outcome_recorded", "pals_concern_received"}},
      {"Whistleblowing concerns", {}, true},
      {"Consultation with service users, families and other professionals",
       {"stakeholder_feedback_received", "survey_result_published", "enter_and_view_reported",
        "elected_member_visit_reported", "placing_commissioner_intelligence_shared"}}};
  return kSources;
}

const std::vector<NamedSource>& BaselineSources() {
  static const std::vector<NamedSource> kSources = {
      {"Completion of the quality risk profile",
       {"quality_risk_profile_started", "quality_risk_profile_moderated",
        "quality_risk_profile_shared", "quality_risk_profile_completed"}},
      {"Assurance visits",
       {"commissioner_visit_conducted", "pamms_assessment_finalised", "enter_and_view_reported",
        "elected_member_visit_reported", "out_of_area_visit_completed"}},
      {"Safeguarding and NHS continuing healthcare reviews",
       {"safeguarding_concern_raised", "safeguarding_concern_screened",
        "safeguarding_enquiry_opened", "safeguarding_enquiry_concluded",
        "provider_led_concern_screened"}},
      {"Regulators",
       {"cqc_rating_published", "cqc_rating_amended", "cqc_enforcement_action_recorded",
        "cqc_statutory_notification_received", "regulator_intelligence_received",
        "emerging_concern_shared"}},
      {"Stakeholders, system partners, families and members of the public",
       {"provider_feedback_received", "stakeholder_feedback_received", "complaint_received",
        "pals_concern_received", "mp_enquiry_received", "placing_commissioner_intelligence_shared",
        "media_item_assessed"}},
      {"Relevant risk assessments",
       {"risk_profile_scored", "risk_register_entry_recorded", "risk_register_entry_rescored"}},
      {"Routine quality assurance submissions",
       {"monitoring_return_received", "service_plan_self_assessment_received",
        "provider_performance_report_received", "capacity_reported"}},
      {"Publicly available data and reports",
       {"indicator_observed", "mortality_indicator_published", "survey_result_published",
        "oversight_segment_assigned", "document_received"}}};
  return kSources;
}

void AddSources(const ReportInput& input, const ReportedService& service,
                const std::vector<NamedSource>& sources, SectionWriter* section) {
  section->Columns({"Source", "In the period", "Last"});
  for (const auto& source : sources) {
    if (source.may_be_protected) {
      section->Row({std::string(source.name), ProtectedWords(input, service), "not told"});
      continue;
    }
    const Facts known = FactsOf(service, source.kinds);
    const Facts received = OfPeriod(input, known);
    const Heard heard = HeardOf(service, source);
    const bool few = IsTooFewToTell(service, known) || IsTooFewToTell(service, received);
    Facts cited = few                                  ? Facts()
                  : received.empty() && !known.empty() ? Facts{known.back()}
                                                       : received;
    if (cited.size() > kRowCites)
      cited.erase(cited.begin(), cited.end() - static_cast<std::ptrdiff_t>(kRowCites));
    Citations citations = {section->basis()};
    for (auto& citation : Cite(cited)) citations.push_back(std::move(citation));
    if (heard.silent != nullptr && !heard.silent->clause.empty())
      citations.push_back(Rule(heard.silent->policy_id, "", heard.silent->clause));
    section->Row({std::string(source.name), StandingWords(input, service, known, heard),
                  few ? "not told" : LastWords(input, known, heard)},
                 citations);
  }
}

}  // namespace trigpoint
