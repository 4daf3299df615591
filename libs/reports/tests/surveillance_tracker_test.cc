#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_county.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;

// Rule: PR-11; S3 App 1 Enhanced Surveillance: all within enhanced are on the tracker, with the
// actions recorded.
TEST(SurveillanceTracker, HasWhoIsAboveRoutineWithWhatBecameOfEachAction) {
  ReportedService enhanced = HomeOfConcern();
  enhanced.policies.front().above_lowest = true;
  v1::Event done;
  done.mutable_plan_action_agreed()->mutable_due_on()->set_year(2026);
  done.mutable_plan_action_agreed()->mutable_due_on()->set_month(3);
  done.mutable_plan_action_agreed()->mutable_due_on()->set_day(20);
  v1::Event asked = done;
  asked.mutable_plan_action_agreed()->set_asked_by("icb");
  v1::Event completed;
  completed.mutable_plan_action_completed()->mutable_action()->set_id("A-1");
  enhanced.facts.push_back(Fact("council/plans", "A-1", 6, done));
  enhanced.facts.push_back(Fact("council/plans", "A-2", 6, done));
  enhanced.facts.push_back(Fact("council/plans", "A-3", 6, asked));
  enhanced.facts.push_back(Fact("council/plans", "C-1", 9, completed));
  const v1::Report report =
      BuildReport(Asked(v1::Report::KIND_SURVEILLANCE_TRACKER, {QuietHome(), enhanced}));
  const auto tracked = SectionOf(report, "Above routine surveillance").tables(0);
  ASSERT_EQ(tracked.rows_size(), 1);
  EXPECT_THAT(tracked.rows(0).cells(0), HasSubstr(enhanced.name));
  const auto actions = SectionOf(report, "Actions recorded").tables(0);
  ASSERT_EQ(actions.rows_size(), 3);
  EXPECT_THAT(actions.rows(0).cells(4), HasSubstr("completed on"));
  EXPECT_EQ(actions.rows(1).cells(4), "overdue");
  EXPECT_EQ(actions.rows(2).cells(4), "asked of its owner, who has not taken it on");
}

// S3 5.3.1: intelligence by care home, updated after each local meeting.
TEST(SurveillanceTracker, TellsOfEachCareHomeWhatCameSinceItsLastMeeting) {
  ReportedService home = QuietHome();
  v1::Event incident;
  incident.mutable_incident_reported();
  v1::Event meeting;
  meeting.mutable_meeting_held()->set_forum(v1::FORUM_QUALITY_REVIEW_PANEL);
  home.facts.push_back(Fact("home/incidents", "I-1", 5, incident));
  home.facts.push_back(Fact("council/meetings", "M-1", 6, meeting));
  home.facts.push_back(Fact("home/incidents", "I-2", 7, incident));
  home.facts.push_back(Fact("home/incidents", "I-3", 8, incident));
  ReportedService trust = QuietHome("A Trust");
  trust.type = v1::SERVICE_TYPE_ACUTE;
  const v1::Report report =
      BuildReport(Asked(v1::Report::KIND_SURVEILLANCE_TRACKER, {trust, home}));
  const auto table = SectionOf(report, "Intelligence by care home").tables(0);
  ASSERT_EQ(table.rows_size(), 1);
  EXPECT_EQ(table.rows(0).cells(3), "3");
  EXPECT_EQ(table.rows(0).cells(5), "2");
  EXPECT_EQ(TextOf(SectionOf(report, "Above routine surveillance")), "none\n");
}

}  // namespace
}  // namespace trigpoint
