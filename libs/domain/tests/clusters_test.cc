#include "trigpoint/domain/clusters.h"

#include <gtest/gtest.h>

#include "trigpoint/domain/concern.h"

namespace trigpoint {
namespace {

void Report(const std::string& source, const std::string& id, const std::string& key, int64_t at,
            v1::ProviderState* state) {
  auto* concern = state->add_concerns();
  concern->set_source(source);
  concern->set_id(id);
  concern->set_incident_key(key);
  concern->set_occurred_us(at);
  concern->set_flags(kConcernNegative);
}

TEST(Clusters, OneIncidentOfFourPartnersIsOne) {
  v1::ProviderState state;
  for (const char* source : {"a", "b", "c", "d"}) Report(source, "1", "K", 10, &state);
  const auto clusters = ClustersOf(state, 0, 100, Counts);
  ASSERT_EQ(clusters.size(), 1U);
  EXPECT_EQ(clusters[0].key, "k:K");
  EXPECT_EQ(clusters[0].reports.size(), 4U);
}

TEST(Clusters, HoldAtMostOneReportOfASource) {
  v1::ProviderState state;
  Report("a", "1", "K", 10, &state);
  Report("a", "2", "K", 11, &state);
  Report("b", "3", "K", 12, &state);
  const auto clusters = ClustersOf(state, 0, 100, Counts);
  ASSERT_EQ(clusters.size(), 2U);
  EXPECT_EQ(clusters[0].reports.size(), 2U);
  EXPECT_EQ(clusters[1].key, "k:K#2");
}

TEST(Clusters, AWindowIsOpenAtItsStartAndClosedAtItsEnd) {
  v1::ProviderState state;
  Report("a", "at-start", "", 10, &state);
  Report("a", "inside", "", 11, &state);
  Report("a", "at-end", "", 20, &state);
  Report("a", "after", "", 21, &state);
  const auto clusters = ClustersOf(state, 10, 20, Counts);
  ASSERT_EQ(clusters.size(), 2U);
  EXPECT_EQ(clusters[0].key, "e:a/inside");
  EXPECT_EQ(clusters[1].key, "e:a/at-end");
}

TEST(Clusters, LeaveOutWhatIsNoConcern) {
  v1::ProviderState state;
  Report("a", "soft", "", 10, &state);
  state.mutable_concerns(0)->set_flags(kConcernNegative | kConcernSoft);
  Report("a", "praise", "", 11, &state);
  state.mutable_concerns(1)->set_flags(kConcernFeedback);
  EXPECT_TRUE(ClustersOf(state, 0, 100, Counts).empty());
}

}  // namespace
}  // namespace trigpoint
