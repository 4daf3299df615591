#include <array>

#include "facts.h"
#include "kinds.h"
#include "sections.h"
#include "sources.h"
#include "words.h"
#include "writer.h"

namespace trigpoint {
namespace {

constexpr char kClause[] = "S3 App 1";

Facts SummitsHeld(const ReportedService& service) {
  Facts held;
  for (const auto* fact : FactsOf(service, {"meeting_held"})) {
    if (fact->event.meeting_held().forum() == v1::FORUM_RISK_SUMMIT) held.push_back(fact);
  }
  return held;
}

/// The summit of this pack: the last one called that none was held after; null: not called.
const ReportedFact* CalledNow(const ReportedService& service) {
  const auto* called = Latest(service, {"risk_summit_called"});
  const Facts held = SummitsHeld(service);
  const bool over = called != nullptr && !held.empty() && held.back()->known_us > called->known_us;
  return over ? nullptr : called;
}

void AddRisk(const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "The serious, specific risk", kClause);
  const auto* called = CalledNow(service);
  if (called == nullptr) {
    section.Say(
        "Not stated: no risk summit that is still to be held is recorded. A risk summit is for a "
        "serious, specific risk to quality.");
  } else {
    const std::string& risk = called->event.risk_summit_called().specific_risk();
    section.Say(risk.empty() ? "The risk is recorded and not told to this reader."
                             : "Stated when it was called on " + WhenWords(*called) + ": " + risk,
                Cite(*called));
  }
  const Facts calls = FactsOf(service, {"risk_summit_called"});
  if (calls.size() > 1)
    section.Say("Called " + std::to_string(calls.size()) +
                    " times for this service: risk summits \"should only be used very "
                    "occasionally\".",
                Cite(calls));
}

void AddPurposes(v1::Report* report) {
  SectionWriter section(report, "The three purposes", kClause);
  section.Say(
      "Give specific, focused consideration to the concern raised; share information and "
      "intelligence, including with the provider where a quality risk has been identified.");
  section.Say("Facilitate rapid collective judgements about quality within the provider.");
  section.Say("Agree any actions required.");
}

void AddChair(const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "The four duties of the chair", kClause);
  const auto* called = CalledNow(service);
  const Facts held = SummitsHeld(service);
  const auto* last = held.empty() ? nullptr : held.back();
  section.Columns({"Duty", "Recorded"});
  const auto* told = Latest(service, {"notification_sent", "provider_notified_of_escalation"});
  const bool told_since =
      told != nullptr && called != nullptr && told->known_us >= called->known_us;
  section.Row({"Communicate the decision to hold it to provider, attendees and other stakeholders",
               told_since ? "a notification of " + WhenWords(*told) : "not recorded"},
              told_since ? Cite(*told) : Citations());
  const bool planned = called != nullptr && called->event.risk_summit_called().has_planned_for();
  section.Row(
      {"Determine time and location",
       planned ? "planned for " + DateWords(called->event.risk_summit_called().planned_for())
               : "not recorded"},
      planned ? Cite(*called) : Citations());
  const std::string chair =
      called == nullptr ? "" : called->event.risk_summit_called().chair_role();
  section.Row({"Chair and support the meeting (usually NHSE/NHSI Region)",
               chair.empty() ? "not recorded" : "chair: " + chair},
              chair.empty() ? Citations() : Cite(*called));
  const bool minuted = last != nullptr && !last->event.meeting_held().minutes_ref().empty();
  section.Row({"Provide a record of discussion and agreed actions",
               minuted ? "of the last summit: " + last->event.meeting_held().minutes_ref()
                       : "not recorded"},
              minuted ? Cite(*last) : Citations());
}

void AddMembers(const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "Whom to invite", kClause);
  constexpr std::array<std::array<std::string_view, 2>, 9> kMembers = {{
      {"NHSE and NHSI DCO or regional team: Director, Medical and Nurse Directors",
       "NHS England region"},
      {"Care Quality Commission", "the same"},
      {"Relevant CCG: Accountable Officer or Chief Nurse, and a Director", "the ICB"},
      {"Local authority, for jointly commissioned services", "the same"},
      {"The provider: Chief Executive and any board representatives", "the same"},
      {"General Medical Council", "the same"},
      {"Nursing and Midwifery Council", "the same"},
      {"Health Education England", "NHS England"},
      {"Secretariat: a senior manager of the chair's organisation", "the same"},
  }};
  section.Columns({"Member", "Today"});
  for (const auto& member : kMembers) section.Row({std::string(member[0]), std::string(member[1])});
  std::vector<std::string> commissioners = service.commissioners;
  if (!commissioners.empty())
    section.Say("Commissioners of this service: " + ListWords(commissioners) + '.',
                Cite(FactsOf(service, {"service_registered"})));
  for (const auto* held : SummitsHeld(service)) {
    const auto& meeting = held->event.meeting_held();
    section.Say("At the summit of " + WhenWords(*held) + ": " +
                    (meeting.organisations().empty() ? std::string("organisations not recorded")
                                                     : ListWords({meeting.organisations().begin(),
                                                                  meeting.organisations().end()})) +
                    (meeting.provider_present() ? "; the provider was present."
                                                : "; the provider is not recorded as present."),
                Cite(*held));
  }
}

void AddBaseline(const ReportInput& input, const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "Sources of the baseline review", "S3 5.2.3(b)");
  section.Say(
      "Led by the commissioner's quality lead and not the provider. The ninth source, the "
      "triangulation of all of these, follows under themes.");
  AddSources(input, service, BaselineSources(), &section);
}

/// What the quality risk profile says: S3 App 1.
void AddRiskProfile(const ReportInput& input, const ReportedService& service, v1::Report* report) {
  SectionWriter section(report, "Quality risk profile", "S3 App 1 QRP");
  const auto* last =
      Latest(service, {"quality_risk_profile_moderated", "quality_risk_profile_completed"});
  if (last == nullptr) return section.Say(Nothing(input));
  const auto& domains = last->event.has_quality_risk_profile_completed()
                            ? last->event.quality_risk_profile_completed().domains()
                            : last->event.quality_risk_profile_moderated().domains();
  section.Say(Capital(KindInWords(last->kind)) + " on " + WhenWords(*last) + '.', Cite(*last));
  if (domains.empty()) return;
  section.Columns({"Domain", "Likelihood of 5", "Impact of 5", "Assurance"});
  for (const auto& domain : domains)
    section.Row(
        {domain.domain(), std::to_string(domain.likelihood()), std::to_string(domain.impact()),
         domain.assurance().empty() ? "not recorded" : domain.assurance()},
        Cite(*last));
}

}  // namespace

void BuildRiskSummit(const ReportInput& input, const ReportedService& service, v1::Report* report) {
  AddService(service, kClause, report);
  AddRisk(service, report);
  AddPurposes(report);
  AddChair(service, report);
  AddMembers(service, report);
  AddLevels(input, service, kClause, report);
  AddUrgency(input, service, "Open alerts", "S3 App 2", report);
  AddCriteria(input, service, kClause, report);
  AddBaseline(input, service, report);
  AddThemes(input, service, report);
  AddRiskProfile(input, service, report);
  AddPlans(input, service, "S3 5.2.3(e)", report);
  AddOverdue(input, service, kClause, report);
  AddTimeline(input, service, kClause, report);
  AddNotKnown(input, service, kClause, report);
}

}  // namespace trigpoint
