#include "trigpoint/reports/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_county.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr v1::Report::Kind kKinds[] = {v1::Report::KIND_TRIPLE_A,
                                       v1::Report::KIND_RAPID_QUALITY_REVIEW,
                                       v1::Report::KIND_PANEL_LIST,
                                       v1::Report::KIND_RISK_SUMMIT,
                                       v1::Report::KIND_PRE_VISIT_BRIEF,
                                       v1::Report::KIND_MONTHLY_DASHBOARD,
                                       v1::Report::KIND_SURVEILLANCE_TRACKER};

ReportedAlert OpenAlert() {
  ReportedAlert alert{.raised_us = March(5)};
  auto* ground = alert.detail.add_grounds();
  ground->set_policy_id("herefordshire");
  ground->set_rule("R-URG");
  ground->set_clause("S3 App 2");
  alert.detail.set_immediate(true);
  return alert;
}

std::string RowOf(const v1::Report::Section& section, const std::string& name) {
  for (const auto& table : section.tables()) {
    for (const auto& row : table.rows()) {
      if (row.cells(0) == name) return row.cells(1);
    }
  }
  return "there is no row " + name;
}

// A60, S1 L137: "Please state 'none' rather than leaving the section blank."
TEST(TripleA, SaysNoneWhereThereIsNoAlert) {
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_TRIPLE_A, {QuietHome()}));
  const auto alert = SectionOf(report, "Alert");
  ASSERT_EQ(alert.sentences_size(), 1);
  EXPECT_EQ(alert.sentences(0).text(), "none");
  EXPECT_EQ(alert.sentences(0).citations(0).clause(), "S1 L135-137");
  EXPECT_EQ(TextOf(SectionOf(report, "Advise")), "none\n");
  EXPECT_EQ(TextOf(SectionOf(report, "Assure")), "none\n");
}

TEST(TripleA, SaysNoneOfNoServiceAtAll) {
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_TRIPLE_A, {}));
  EXPECT_EQ(TextOf(SectionOf(report, "Alert")), "none\n");
}

// Rule: AU-24, FO-16; S0 5.1, S1 L133-141
TEST(TripleA, PutsTheUrgentPathIntoAlertAndWhatAwaitsADecisionIntoAdvise) {
  ReportedService urgent = HomeOfConcern();
  urgent.alerts.push_back(OpenAlert());
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_TRIPLE_A, {QuietHome(), urgent}));
  const auto alert = SectionOf(report, "Alert");
  EXPECT_THAT(TextOf(alert), HasSubstr("Oak House (cqc-location/1-900000001): rapid quality review "
                                       "alert of 5 March 2026, immediate risk asserted"));
  EXPECT_EQ(alert.sentences(0).citations(0).rule(), "R-URG");
  const auto advise = SectionOf(report, "Advise");
  ASSERT_EQ(advise.sentences_size(), 1) << "nothing is to be said of the quiet home";
  EXPECT_THAT(TextOf(advise), HasSubstr("Level 2 is recommended and awaits a decision since 4 "
                                        "March 2026"));
  EXPECT_EQ(advise.sentences(0).citations(0).rule(), "H-L2-2");
  EXPECT_EQ(advise.sentences(0).citations(1).event().id(), "W-1");
}

// 3.6: the partners disagree.
TEST(TripleA, AlertsToWhatTheCommissionersDoNotAgreeOn) {
  ReportedService service = QuietHome();
  service.policies.front().not_agreed_state = "LEVEL_3";
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_TRIPLE_A, {service}));
  EXPECT_THAT(TextOf(SectionOf(report, "Alert")), HasSubstr("not agreed"));
}

// Rule: PR-48; S0 App C, S1 L131, L143-145: every item with its source and whether it is
// independent.
TEST(TripleA, AssuresWithSourceAndIndependence) {
  ReportedService service = QuietHome();
  v1::Event compliment;
  compliment.mutable_compliment_received();
  service.facts.push_back(Fact("home/feedback", "C-1", 3, compliment));
  service.facts.push_back(Fact("home/feedback", "C-2", 5, compliment));
  v1::Event practice;
  practice.mutable_good_practice_shared();
  service.facts.push_back(Fact("icb/visits", "G-1", 4, practice));
  v1::Event rating;
  rating.mutable_cqc_rating_published()->set_overall(v1::RATING_OUTSTANDING);
  service.facts.push_back(Fact("cqc/ratings", "R-1", 6, rating));
  rating.mutable_cqc_rating_published()->set_overall(v1::RATING_INADEQUATE);
  service.facts.push_back(Fact("cqc/ratings", "R-2", 7, rating));
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_TRIPLE_A, {service}));
  const std::string assure = TextOf(SectionOf(report, "Assure"));
  EXPECT_THAT(assure, HasSubstr("compliment received: 2 reports, the last of 5 March 2026; told by "
                                "the provider itself (home/feedback)"));
  EXPECT_THAT(assure, HasSubstr("good practice shared: 1 report, the last of 4 March 2026"));
  EXPECT_THAT(assure, HasSubstr("Outstanding, 6 March 2026; told from outside the provider"));
  EXPECT_THAT(assure, Not(HasSubstr("nadequate")));
}

// S4 2.8, 3.8 (7): four different things.
TEST(PreVisitBrief, TellsNoneReceivedFromNoFeedFromSilence) {
  ReportedService service = QuietHome();
  v1::Event complaint;
  complaint.mutable_complaint_received();
  service.facts.push_back(Fact("home/complaints", "C-1", 10, complaint));
  service.feeds = {
      {.kind = "complaint_received", .source = "home/complaints", .last_us = March(10)},
      {.kind = "compliment_received", .source = "home/feedback", .last_us = 1, .nil = true},
      {.kind = "safeguarding_concern_raised",
       .source = "council/safeguarding",
       .last_us = 1,
       .silent = true,
       .silent_since_us = March(20),
       .policy_id = "halton",
       .clause = "S4 4.21"}};
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_PRE_VISIT_BRIEF, {service}));
  const auto section = SectionOf(report, "Sources to be reviewed before the visit");
  EXPECT_EQ(RowOf(section, "Complaints"), "1 report received");
  EXPECT_EQ(RowOf(section, "Compliments"),
            "none received; word that there is nothing on 1 January 1970");
  EXPECT_EQ(RowOf(section, "Safeguarding"),
            "none received; silent: safeguarding concern raised since 20 March 2026");
  EXPECT_EQ(RowOf(section, "CQC notifications"), "no feed");
  EXPECT_EQ(section.tables(0).rows_size(), 9) << "each source that S4 2.8 names, always";
  for (const auto& row : section.tables(0).rows())
    EXPECT_EQ(row.citations(0).clause(), "S4 2.8") << row.cells(0);
}

// Domain 3.10 ruling 6: some frameworks have no levels.
TEST(PreVisitBrief, SaysOfAFrameworkWithoutLevelsThatItHasNone) {
  ReportedService service = QuietHome();
  service.policies.push_back({.policy_id = "mse-visits"});
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_PRE_VISIT_BRIEF, {service}));
  EXPECT_THAT(TextOf(SectionOf(report, "Levels")),
              HasSubstr("mse-visits: a framework without levels."));
}

// S4 2.8: a source that should come and never did.
TEST(PreVisitBrief, SaysOfWhatIsExpectedAndNeverCameThatThereIsNoFeed) {
  ReportedService service = QuietHome();
  service.feeds = {{.kind = "provider_feedback_received",
                    .silent = true,
                    .silent_since_us = March(20),
                    .clause = "S4 3.57"}};
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_PRE_VISIT_BRIEF, {service}));
  EXPECT_EQ(RowOf(SectionOf(report, "Sources to be reviewed before the visit"),
                  "Provider feedback process"),
            "no feed, though it is expected: silent: provider feedback received since 20 March "
            "2026");
}

// 2.2, 3.10 ruling 8: neither when nor how many.
TEST(PreVisitBrief, SaysOfAProtectedSourceOnlyThatThereIsOne) {
  const auto row = [](unsigned reports) {
    ReportedService service = QuietHome();
    for (unsigned i = 0; i < reports; ++i) {
      service.facts.push_back({.kind = "other_sources",
                               .summary = "Other sources: one or more reports whose source is "
                                          "protected.",
                               .known_us = March(2 + i),
                               .hidden = true});
    }
    const v1::Report report = BuildReport(Asked(v1::Report::KIND_PRE_VISIT_BRIEF, {service}));
    return RowOf(SectionOf(report, "Sources to be reviewed before the visit"),
                 "Whistleblowing concerns");
  };
  EXPECT_THAT(row(1), HasSubstr("protected source"));
  EXPECT_EQ(row(1), row(3));
  EXPECT_THAT(row(0), HasSubstr("none is known"));
}

// S2 3.4.2-3.4.5
TEST(PanelList, HasWhoIsAboveTheLowestLevelOrAwaitsADecisionAndNobodyElse) {
  ReportedService above = QuietHome("Yew Lodge");
  above.policies.front().decided_state = "LEVEL_3";
  above.policies.front().above_lowest = true;
  const v1::Report report =
      BuildReport(Asked(v1::Report::KIND_PANEL_LIST, {QuietHome(), HomeOfConcern(), above}));
  const auto overview = SectionOf(report, "Services to be looked at");
  ASSERT_EQ(overview.tables(0).rows_size(), 2);
  EXPECT_THAT(overview.tables(0).rows(0).cells(0), HasSubstr("Oak House"));
  EXPECT_EQ(overview.tables(0).rows(0).cells(3), "Level 2");
  EXPECT_EQ(overview.tables(0).rows(0).cells(5), "H-L2-2") << "H-L1-1 bears on no level";
  EXPECT_EQ(overview.tables(0).rows(0).cells(6), "Routine");
  EXPECT_THAT(overview.tables(0).rows(1).cells(0), HasSubstr("Yew Lodge"));
  const std::string oak = TextOf(SectionOf(report, "Oak House (cqc-location/1-900000001)"));
  EXPECT_THAT(oak, HasSubstr("herefordshire H-L2-2: \"Warning notice\""));
  EXPECT_THAT(oak, HasSubstr("Nearly met: herefordshire H-L3-1: one more"));
  EXPECT_THAT(oak, HasSubstr("Not known: herefordshire H-L2-3: not available"));
  EXPECT_THAT(oak, HasSubstr("Beside the NQB ladder: Not a level of health services."));
}

TEST(PanelList, SaysOfAnUrgentServiceThatTheMeetingIsConvenedSooner) {
  ReportedService service = QuietHome();
  service.policies.front().urgent = true;
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_PANEL_LIST, {service}));
  const auto section = SectionOf(report, "Elm Court (cqc-location/1-900000001)");
  EXPECT_THAT(TextOf(section), HasSubstr("convened sooner"));
  EXPECT_EQ(TextOf(SectionOf(BuildReport(Asked(v1::Report::KIND_PANEL_LIST, {QuietHome()})),
                             "Services to be looked at")),
            "none\n");
}

TEST(PanelList, HasWhatIsOverdueWhereObligationsAreGiven) {
  ReportedService service = HomeOfConcern();
  auto& owed = service.obligations.emplace().emplace_back();
  owed.set_policy_id("herefordshire");
  owed.set_rule("DL-9");
  owed.set_clause("S2 5.4");
  owed.set_text("Annual review");
  owed.set_owner("TEAM_MANAGER");
  owed.set_status(v1::Obligation::STATUS_OVERDUE);
  SetMicros(March(9), owed.mutable_due_at());
  auto& open = service.obligations->emplace_back(owed);
  open.set_text("Not due yet");
  open.set_status(v1::Obligation::STATUS_OPEN);
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_PANEL_LIST, {service}));
  const std::string text = TextOf(SectionOf(report, "Oak House (cqc-location/1-900000001)"));
  EXPECT_THAT(text, HasSubstr("Overdue: Annual review; owed by team manager, due on 9 March 2026"));
  EXPECT_THAT(text, Not(HasSubstr("Not due yet")));
}

// S3 App 1: three purposes, membership, four duties; "used very occasionally".
TEST(RiskSummit, HasPurposesMembersDutiesAndTheSpecificRisk) {
  ReportedService service = QuietHome();
  v1::Report report = BuildReport(Asked(v1::Report::KIND_RISK_SUMMIT, {service}));
  EXPECT_THAT(TextOf(SectionOf(report, "The serious, specific risk")), HasSubstr("Not stated"));
  EXPECT_EQ(SectionOf(report, "The three purposes").sentences_size(), 3);
  EXPECT_EQ(SectionOf(report, "The four duties of the chair").tables(0).rows_size(), 4);
  EXPECT_EQ(SectionOf(report, "Whom to invite").tables(0).rows_size(), 9);
  EXPECT_EQ(SectionOf(report, "Sources of the baseline review").tables(0).rows_size(), 8);

  v1::Event called;
  called.mutable_risk_summit_called()->set_specific_risk("night staffing");
  called.mutable_risk_summit_called()->set_chair_role("NHSE_REGION");
  service.facts.push_back(Fact("nhse/meetings", "RS-1", 8, called));
  report = BuildReport(Asked(v1::Report::KIND_RISK_SUMMIT, {service}));
  EXPECT_THAT(TextOf(SectionOf(report, "The serious, specific risk")),
              HasSubstr("8 March 2026: night staffing"));
  EXPECT_THAT(TextOf(SectionOf(report, "The four duties of the chair")),
              HasSubstr("chair: NHSE_REGION"));

  v1::Event held;
  held.mutable_meeting_held()->set_forum(v1::FORUM_RISK_SUMMIT);
  service.facts.push_back(Fact("nhse/meetings", "RS-1-held", 9, held));
  service.facts.push_back(Fact("nhse/meetings", "RS-2", 20, called));
  report = BuildReport(Asked(v1::Report::KIND_RISK_SUMMIT, {service}));
  EXPECT_THAT(TextOf(SectionOf(report, "The serious, specific risk")), HasSubstr("Called 2 times"));
  EXPECT_THAT(TextOf(SectionOf(report, "Whom to invite")),
              HasSubstr("the provider is not recorded as present"));
}

// S1 L173: three conjuncts, and who looks at it already.
TEST(RapidQualityReview, HasTheConjunctsAndTheDiscussionsThatAreRecorded) {
  ReportedService service = HomeOfConcern();
  service.alerts.push_back(OpenAlert());
  service.alerts.front().detail.set_not_addressed_elsewhere(v1::TRUTH_VALUE_TRUE);
  v1::Event mdt;
  mdt.mutable_mdt_initiated();
  service.facts.push_back(Fact("council/meetings", "MDT-1", 6, mdt));
  const v1::Report report = BuildReport(Asked(v1::Report::KIND_RAPID_QUALITY_REVIEW, {service}));
  const std::string why = TextOf(SectionOf(report, "Why a rapid quality review"));
  EXPECT_THAT(why, HasSubstr("Not addressed in wider discussions: true."));
  EXPECT_THAT(TextOf(SectionOf(report, "Wider discussions that are recorded")),
              HasSubstr("6 March 2026: mdt initiated"));
  EXPECT_THAT(TextOf(SectionOf(report, "Criteria that are met")),
              HasSubstr("herefordshire H-L2-2: \"Warning notice\""));
}

// 2.2, C3: fewer than five identify.
TEST(Report, TellsAReaderFromOutsideNoNumberBelowFiveOfReportsAboutPeople) {
  ReportedService service = QuietHome();
  service.outside = true;
  v1::Event concern;
  concern.mutable_safeguarding_concern_raised();
  for (unsigned i = 0; i < 4; ++i)
    service.facts.push_back(Fact("council/safeguarding", "S-" + std::to_string(i), 5 + i, concern));
  const auto told = [&service] {
    const v1::Report brief = BuildReport(Asked(v1::Report::KIND_PRE_VISIT_BRIEF, {service}));
    const v1::Report list = BuildReport(Asked(v1::Report::KIND_MONTHLY_DASHBOARD, {service}));
    return RowOf(SectionOf(brief, "Sources to be reviewed before the visit"), "Safeguarding") +
           " / " + SectionOf(list, "Care homes and supported living").tables(0).rows(0).cells(5);
  };
  const std::string few = "fewer than five reports about people: not told outside";
  EXPECT_EQ(told(), few + " / " + few);
  service.facts.push_back(Fact("council/safeguarding", "S-5", 20, concern));
  EXPECT_EQ(told(), "5 reports received / 5");
  service.outside = false;
  service.facts.pop_back();
  EXPECT_EQ(told(), "4 reports received / 4");
}

// Rule: PR-24; S4 3.107: care homes and supported living; none for home care.
TEST(Dashboard, HasCareHomesAndSupportedLivingAndNoHomeCare) {
  ReportedService home_care = QuietHome("At Home");
  home_care.type = v1::SERVICE_TYPE_HOME_CARE;
  ReportedService living = QuietHome("Shared Lives");
  living.type = v1::SERVICE_TYPE_SUPPORTED_LIVING;
  v1::Event incident;
  incident.mutable_incident_reported();
  living.facts.push_back(Fact("home/incidents", "I-1", 5, incident));
  v1::Event action;
  action.mutable_plan_action_agreed()->mutable_due_on()->set_year(2026);
  action.mutable_plan_action_agreed()->mutable_due_on()->set_month(3);
  action.mutable_plan_action_agreed()->mutable_due_on()->set_day(20);
  living.facts.push_back(Fact("council/plans", "A-1", 6, action));
  const v1::Report report =
      BuildReport(Asked(v1::Report::KIND_MONTHLY_DASHBOARD, {home_care, QuietHome(), living}));
  const auto table = SectionOf(report, "Care homes and supported living").tables(0);
  ASSERT_EQ(table.rows_size(), 2);
  EXPECT_EQ(table.rows(0).cells(5), "0");
  EXPECT_THAT(table.rows(1).cells(0), HasSubstr("Shared Lives"));
  EXPECT_EQ(table.rows(1).cells(5), "1");
  EXPECT_EQ(table.rows(1).cells(7), "1") << "the action was due on 20 March";
  EXPECT_EQ(table.rows(1).citations_size(), 3) << "S4 3.107, the incident and the action";
}

// docs/data-protection.md: levels, recommendations and alerts are in confidence.
TEST(Report, UnderThePublicProfileSaysThatLevelsAndAlertsAreNotTold) {
  for (const v1::Report::Kind kind : kKinds) {
    ReportInput input = Asked(kind, {HomeOfConcern()});
    input.told = Told::kPublic;
    input.services.front().alerts.push_back(OpenAlert());
    const v1::Report report = BuildReport(input);
    std::string text;
    for (const auto& section : report.sections()) text += TextOf(section);
    EXPECT_THAT(text, HasSubstr("not told under this profile"));
    EXPECT_THAT(text, Not(HasSubstr("Level 2"))) << report.title();
    EXPECT_THAT(text, Not(HasSubstr("alert of"))) << report.title();
    if (kind == v1::Report::KIND_TRIPLE_A) {
      EXPECT_EQ(TextOf(SectionOf(report, "Alert")), "not told under this profile\n")
          << "\"none\" would say that there is no alert";
    }
  }
}

// S1 L175; the issue: every sentence with its citation.
TEST(Report, EverySentenceAndRowOfEveryKindCitesSomething) {
  for (const v1::Report::Kind kind : kKinds) {
    for (const ReportedService& service : {QuietHome(), HomeOfConcern()}) {
      const v1::Report report = BuildReport(Asked(kind, {service}));
      EXPECT_GT(report.sections_size(), 0);
      for (const auto& section : report.sections()) {
        EXPECT_GT(section.sentences_size() + section.tables_size(), 0) << section.heading();
        for (const auto& sentence : section.sentences()) {
          ASSERT_GT(sentence.citations_size(), 0) << sentence.text();
          const auto& first = sentence.citations(0);
          EXPECT_TRUE(!first.clause().empty() || !first.event().id().empty()) << sentence.text();
        }
        for (const auto& table : section.tables()) {
          for (const auto& row : table.rows()) {
            EXPECT_GT(row.citations_size(), 0) << row.cells(0);
            EXPECT_EQ(row.cells_size(), table.columns_size()) << row.cells(0);
          }
        }
      }
    }
  }
}

TEST(Report, IsTheSameBytesOfTheSameFactsAndItsFingerprintSaysSo) {
  const ReportInput input = Asked(v1::Report::KIND_PANEL_LIST, {HomeOfConcern()});
  const v1::Report once = BuildReport(input);
  EXPECT_EQ(once.SerializeAsString(), BuildReport(input).SerializeAsString());
  EXPECT_EQ(once.fingerprint(), FingerprintOf(once));
  EXPECT_EQ(once.fingerprint().size(), 64U);
  ReportInput other = input;
  other.services.front().policies.front().gaps.emplace_back("one more");
  EXPECT_NE(once.fingerprint(), BuildReport(other).fingerprint());
}

TEST(Report, LeavesOutOfThePeriodWhatBecameKnownBefore) {
  ReportedService service = QuietHome();
  v1::Event incident;
  incident.mutable_incident_reported();
  service.facts.push_back(Fact("home/incidents", "I-1", 5, incident));
  ReportInput input = Asked(v1::Report::KIND_PRE_VISIT_BRIEF, {service});
  input.from_us = March(5);
  const std::string heading = "What became known in the period";
  EXPECT_EQ(TextOf(SectionOf(BuildReport(input), heading)), "none\n") << "at its very start";
  input.from_us = March(5) - 1;
  EXPECT_THAT(TextOf(SectionOf(BuildReport(input), heading)), HasSubstr("home/incidents"));
}

}  // namespace
}  // namespace trigpoint
