#include "services/query/outside.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

v1::ProviderState Commissioned() {
  v1::ProviderState state;
  state.mutable_service()->add_commissioners("herefordshire-council");
  state.mutable_service()->set_host("hwicb");
  v1::Event& notice = *state.add_facts();
  notice.set_source("cqc/enforcement");
  notice.set_id("W-1");
  notice.mutable_cqc_enforcement_action_recorded();
  return state;
}

Principal Of(std::string_view organisation) {
  return {.id = "reader", .organisation = std::string(organisation)};
}

v1::CriterionResult Criterion(int reports) {
  v1::CriterionResult criterion;
  criterion.set_value(v1::TRUTH_VALUE_TRUE);
  for (int i = 0; i < reports; ++i) {
    auto* ref = criterion.add_evidence();
    ref->set_source("home/incidents");
    ref->set_id(std::to_string(i));
  }
  auto* notice = criterion.add_evidence();
  notice->set_source("cqc/enforcement");
  notice->set_id("W-1");
  criterion.add_figures()->set_value(reports);
  return criterion;
}

TEST(Outside, IsWhoNeitherCommissionsNorHostsTheService) {
  const v1::ProviderState state = Commissioned();
  EXPECT_FALSE(IsOutside(Of("herefordshire-council"), state));
  EXPECT_FALSE(IsOutside(Of("hwicb"), state));
  EXPECT_FALSE(IsOutside(Of("local"), state)) << "the node has no principals";
  EXPECT_TRUE(IsOutside(Of("another-council"), state));
  EXPECT_TRUE(IsOutside(Of(""), state));
  EXPECT_FALSE(IsOutside(Of("another-council"), v1::ProviderState())) << "nobody knows whose it is";
}

// 2.2, C3: fewer than five.
TEST(Outside, IsToldNoNumberBelowFiveAndWhatHolds) {
  const v1::ProviderState state = Commissioned();
  v1::Assessment assessment;
  *assessment.add_criteria() = Criterion(4);
  *assessment.add_criteria() = Criterion(5);
  *assessment.add_criteria() = Criterion(0);
  assessment.add_near_misses("two more");
  HideSmallNumbers(state, &assessment);
  EXPECT_THAT(assessment.criteria(0).evidence(), SizeIs(1)) << "what is public stays";
  EXPECT_EQ(assessment.criteria(0).evidence(0).id(), "W-1");
  EXPECT_THAT(assessment.criteria(0).figures(), IsEmpty());
  EXPECT_EQ(assessment.criteria(0).value(), v1::TRUTH_VALUE_TRUE);
  EXPECT_THAT(assessment.criteria(1).evidence(), SizeIs(6));
  EXPECT_THAT(assessment.criteria(1).figures(), SizeIs(1));
  EXPECT_THAT(assessment.criteria(2).figures(), SizeIs(1)) << "none at all is no small number";
  EXPECT_THAT(assessment.near_misses(), IsEmpty());
}

TEST(Outside, IsToldOfAnAlertWithoutTheReportThatItRestsOn) {
  v1::RapidQualityReviewAlert alert;
  alert.add_evidence()->set_source("home/incidents");
  alert.set_cause("home/incidents/1/1");
  alert.set_cluster("e:home/incidents/1");
  HideSmallNumbers(Commissioned(), &alert);
  EXPECT_THAT(alert.evidence(), IsEmpty());
  EXPECT_THAT(alert.cause() + alert.cluster(), IsEmpty());
}

TEST(Outside, IsNotToldWhichFewReportsPeopleFoundToBeOfOneIncident) {
  v1::Event confirmed;
  v1::Event split;
  v1::Event linked;
  for (auto* reports : {confirmed.mutable_cluster_confirmed()->mutable_reports(),
                        split.mutable_cluster_split()->mutable_reports(),
                        linked.mutable_cluster_linked()->mutable_reports()}) {
    for (const char* id : {"1", "2"}) {
      auto* ref = reports->Add();
      ref->set_source("home/incidents");
      ref->set_id(id);
    }
  }
  for (auto* event : {&confirmed, &split, &linked}) HideSmallNumbers(Commissioned(), event);
  EXPECT_THAT(confirmed.cluster_confirmed().reports(), IsEmpty());
  EXPECT_THAT(split.cluster_split().reports(), IsEmpty());
  EXPECT_THAT(linked.cluster_linked().reports(), IsEmpty());
}

// Five or more are told; fewer are nobody's business outside, nor the day of the last.
TEST(Outside, IsToldOfACategoryOnlyWhereThereAreFive) {
  v1::Coverage coverage;
  for (const int reports : {4, 5}) {
    auto* category = coverage.add_categories();
    category->set_internal_reports(1);
    category->set_external_reports(static_cast<uint32_t>(reports) - 1);
    category->set_sources(2);
    category->mutable_last_at()->set_seconds(1);
  }
  std::vector<BlindSpotOf> spots;
  HideSmallNumbers(&spots, &coverage);
  EXPECT_EQ(coverage.categories(0).external_reports(), 0U);
  EXPECT_FALSE(coverage.categories(0).has_last_at());
  EXPECT_EQ(coverage.categories(1).external_reports(), 4U);
  EXPECT_TRUE(coverage.categories(1).has_last_at());
}

// 2.2, C3: the instant of each report, polled for, would count them.
TEST(Outside, IsNotToldWhenAReportAboutPeopleCame) {
  v1::Provider provider;
  provider.set_revision(7);
  provider.mutable_last_event_at()->set_seconds(1'767'268'800);  // 2026-01-01T12:00:00Z
  HideSmallNumbers(&provider);
  EXPECT_EQ(provider.last_event_at().seconds(), 1'767'225'600);
  v1::Coverage coverage;
  for (const char* kind : {"incident_reported", "monitoring_return_received"}) {
    auto* feed = coverage.add_feeds();
    feed->set_kind(kind);
    feed->set_source("home/feed");
    feed->mutable_last_at()->set_seconds(1);
    feed->set_silent(true);
  }
  coverage.add_blind_spots(
      "incident reported of home/feed: expected every 7 days, last on 2026-01-01");
  const std::string about_the_service =
      "monitoring return received of home/feed: expected every 31 days, last on 2026-01-01";
  coverage.add_blind_spots(about_the_service);
  coverage.add_blind_spots("outcomes: nothing since 2026-01-01");
  coverage.add_blind_spots("partners: nothing was ever heard");
  for (const bool ever : {true, false}) {
    auto* category = coverage.add_categories();
    category->set_blind(true);
    if (ever) category->mutable_last_at()->set_seconds(1);
  }
  std::vector<BlindSpotOf> spots = {{.feed = 0}, {.feed = 1}, {.category = 0}, {.category = 1}};
  HideSmallNumbers(&spots, &coverage);
  EXPECT_TRUE(coverage.feeds(0).silent());
  EXPECT_EQ(coverage.feeds(0).source(), "");
  EXPECT_FALSE(coverage.feeds(0).has_last_at());
  EXPECT_EQ(coverage.feeds(1).source(), "home/feed") << "about the service, not about people";
  // By what a spot is of, not by its words: the same source is named in both.
  EXPECT_THAT(coverage.blind_spots(),
              ElementsAre(about_the_service, "partners: nothing was ever heard"));
  ASSERT_EQ(spots.size(), 2U);
  EXPECT_EQ(spots[0].feed, 1);
  EXPECT_EQ(spots[1].category, 1);
}

}  // namespace
}  // namespace trigpoint
