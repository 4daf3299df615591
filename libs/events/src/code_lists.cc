#include "trigpoint/events/code_lists.h"

#include <algorithm>

namespace trigpoint {
namespace {

// tools/reference reads this table for docs/reference/events.md.
constexpr Code kCodes[] = {
    // Regulations of 2014 that a notice may name (S0 App B): the fundamental standards, and those
    // on
    // directors, providers and managers.
    {"CL-03", "5", "Fit and proper persons: directors"},
    {"CL-03", "6", "Requirements where the provider is not an individual"},
    {"CL-03", "7", "Requirements relating to registered managers"},
    {"CL-03", "9", "Person-centred care"},
    {"CL-03", "9A", "Visiting and accompanying"},
    {"CL-03", "10", "Dignity and respect"},
    {"CL-03", "11", "Need for consent"},
    {"CL-03", "12", "Safe care and treatment"},
    {"CL-03", "13", "Safeguarding from abuse"},
    {"CL-03", "14", "Nutritional and hydration needs"},
    {"CL-03", "15", "Premises and equipment"},
    {"CL-03", "16", "Receiving and acting on complaints"},
    {"CL-03", "17", "Good governance"},
    {"CL-03", "18", "Staffing"},
    {"CL-03", "19", "Fit and proper persons employed"},
    {"CL-03", "20", "Duty of candour"},
    {"CL-03", "20A", "Display of performance assessments"},
    // The regulator's quality statements, by key question.
    {"CL-05", "safe/learning-culture", "Learning culture"},
    {"CL-05", "safe/systems-pathways-transitions", "Safe systems, pathways and transitions"},
    {"CL-05", "safe/safeguarding", "Safeguarding"},
    {"CL-05", "safe/involving-people-to-manage-risks", "Involving people to manage risks"},
    {"CL-05", "safe/environments", "Safe environments"},
    {"CL-05", "safe/staffing", "Safe and effective staffing"},
    {"CL-05", "safe/infection-prevention", "Infection prevention and control"},
    {"CL-05", "safe/medicines", "Medicines optimisation"},
    {"CL-05", "effective/assessing-needs", "Assessing needs"},
    {"CL-05", "effective/evidence-based-care", "Evidence-based care"},
    {"CL-05", "effective/working-together", "How staff, teams and services work together"},
    {"CL-05", "effective/healthier-lives", "Healthier lives"},
    {"CL-05", "effective/outcomes", "Monitoring and improving outcomes"},
    {"CL-05", "effective/consent", "Consent"},
    {"CL-05", "caring/kindness", "Kindness, compassion and dignity"},
    {"CL-05", "caring/individuals", "Treating people as individuals"},
    {"CL-05", "caring/independence", "Independence, choice and control"},
    {"CL-05", "caring/immediate-needs", "Responding to immediate needs"},
    {"CL-05", "caring/workforce-wellbeing", "Workforce wellbeing"},
    {"CL-05", "responsive/person-centred-care", "Person-centred care"},
    {"CL-05", "responsive/continuity", "Care provision, integration and continuity"},
    {"CL-05", "responsive/information", "Providing information"},
    {"CL-05", "responsive/listening", "Listening and involving"},
    {"CL-05", "responsive/access", "Equity in access"},
    {"CL-05", "responsive/experiences-outcomes", "Equity in experiences and outcomes"},
    {"CL-05", "responsive/planning", "Planning for the future"},
    {"CL-05", "well-led/direction-culture", "Shared direction and culture"},
    {"CL-05", "well-led/leaders", "Capable, compassionate and inclusive leaders"},
    {"CL-05", "well-led/speak-up", "Freedom to speak up"},
    {"CL-05", "well-led/workforce-equality", "Workforce equality, diversity and inclusion"},
    {"CL-05", "well-led/governance", "Governance, management and sustainability"},
    {"CL-05", "well-led/partnerships", "Partnerships and communities"},
    {"CL-05", "well-led/learning", "Learning, improvement and innovation"},
    {"CL-05", "well-led/environment", "Environmental sustainability"},
    // Subjects of complaints as KO41a has them; its numeric codes are not public, so these words
    // are ours.
    {"CL-07", "access-to-treatment", "Access to treatment or drugs"},
    {"CL-07", "admissions-discharges-transfers", "Admissions, discharges and transfers"},
    {"CL-07", "appointments", "Appointments"},
    {"CL-07", "clinical-treatment", "Clinical treatment"},
    {"CL-07", "commissioning", "Commissioning"},
    {"CL-07", "communications", "Communications"},
    {"CL-07", "consent", "Consent"},
    {"CL-07", "end-of-life-care", "End of life care"},
    {"CL-07", "facilities", "Facilities services"},
    {"CL-07", "integrated-care", "Integrated care"},
    {"CL-07", "mortuary", "Mortuary"},
    {"CL-07", "patient-care-nutrition-hydration",
     "Patient care, including nutrition and hydration"},
    {"CL-07", "prescribing-errors", "Prescribing errors"},
    {"CL-07", "privacy-dignity-wellbeing", "Privacy, dignity and wellbeing"},
    {"CL-07", "restraint", "Restraint"},
    {"CL-07", "staff-numbers", "Staff numbers"},
    {"CL-07", "staff-values-and-behaviours", "Values and behaviours of staff"},
    {"CL-07", "transport", "Transport"},
    {"CL-07", "trust-administration", "Trust administration"},
    {"CL-07", "waiting-times", "Waiting times"},
    {"CL-07", "other", "Other"},
    // What placing commissioners should share with the host (S3 5.3.4).
    {"CL-12", "RESTRICTIVE_PRACTICE", "Restrictive practice"},
    {"CL-12", "STAFFING_RATIO", "Staffing ratios"},
    {"CL-12", "TREATMENT_BY_STAFF", "Treatment by staff"},
    {"CL-12", "CETR_CPA_ACTION_FAILURE", "Actions of a C(E)TR or CPA not done"},
    {"CL-12", "DOCUMENTATION", "Documentation"},
    {"CL-12", "ENVIRONMENT", "Environment"},
    {"CL-12", "IMMEDIATE_RISK", "Immediate risk"},
    // Measures of the quality outcomes framework, by aim (S2 App 1).
    {"CL-17", "1/person-centred-planning", "Person-centred planning"},
    {"CL-17", "1/listened-to-and-enabled", "Listened to and enabled"},
    {"CL-17", "1/assistive-technology", "A continuum of assistive technology"},
    {"CL-17", "1/positive-health-management", "Positive health management"},
    {"CL-17", "1/medicines-involvement", "Involvement in medicines"},
    {"CL-17", "1/relationships-and-community", "Relationships and community"},
    {"CL-17", "2/choice-information-access", "Choice, information, access to professionals"},
    {"CL-17", "2/environment-and-adjustments", "Environment and adjustments"},
    {"CL-17", "2/leisure-health-access",
     "Access to leisure and health, professional relationships"},
    {"CL-17", "2/multi-disciplinary-person-decides",
     "Multi-disciplinary working; the person decides"},
    {"CL-17", "2/information-sharing", "Information sharing"},
    {"CL-17", "2/capacity-and-rights", "Competence in mental capacity and rights"},
    {"CL-17", "2/dignity-and-difference", "Dignity and difference"},
    {"CL-17", "3/security-and-safe-systems", "Security and safe systems"},
    {"CL-17", "3/incident-monitoring", "Monitoring of incidents and learning"},
    {"CL-17", "3/information-for-safe-decisions", "Information for safe decisions"},
    {"CL-17", "3/identify-act-report", "Staff identify, act, report"},
    {"CL-17", "3/raising-concerns", "A culture of raising concerns"},
    {"CL-17", "3/positive-risk-taking", "Positive risk taking"},
    {"CL-17", "3/knowing-how-to-keep-safe", "People know how to keep safe"},
    {"CL-17", "3/technology-for-safety", "Technology for safety"},
    {"CL-17", "4/communication-recruitment-training", "Communication, recruitment and training"},
    {"CL-17", "4/compassionate-visible-staff", "Compassionate, visible staff"},
    {"CL-17", "4/champions", "Champions"},
    {"CL-17", "4/support-through-change", "Support through change"},
    {"CL-17", "4/motivated-leaders", "Motivated leaders and culture"},
    {"CL-17", "4/forums-and-evidence", "Engagement with forums and evidence"},
    {"CL-17", "4/specialist-endorsement", "Endorsement by specialists"},
    {"CL-17", "4/recognises-good-practice", "Recognises good practice"},
    {"CL-17", "4/open-culture", "An open culture"},
    {"CL-17", "4/pushing-boundaries", "Pushing boundaries"},
};

}  // namespace

std::span<const Code> AllCodes() { return kCodes; }

bool HasCodes(std::string_view list) {
  return std::any_of(std::begin(kCodes), std::end(kCodes),
                     [list](const Code& known) { return known.list == list; });
}

bool IsCode(std::string_view list, std::string_view code) {
  return std::any_of(std::begin(kCodes), std::end(kCodes), [list, code](const Code& known) {
    return known.list == list && known.code == code;
  });
}

}  // namespace trigpoint
