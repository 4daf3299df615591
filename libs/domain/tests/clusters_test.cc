#include "trigpoint/domain/clusters.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

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
  concern->set_family(v1::SOURCE_FAMILY_INCIDENT);
  concern->set_flags(kConcernNegative);
}

constexpr std::array kFamilies = {v1::SOURCE_FAMILY_INCIDENT, v1::SOURCE_FAMILY_SAFEGUARDING};

TEST(ClusterView, OneIncidentOfFourPartnersIsOne) {
  v1::ProviderState state;
  for (const char* source : {"a", "b", "c", "d"}) Report(source, "1", "K", 10, &state);
  const ClusterView view(state);
  EXPECT_EQ(view.Count(0, 100, kFamilies), 1U);
  EXPECT_EQ(view.In(0, 100).size(), 4U);
}

TEST(ClusterView, HoldsAtMostOneReportOfASource) {
  v1::ProviderState state;
  Report("a", "1", "K", 10, &state);
  Report("a", "2", "K", 11, &state);
  Report("b", "3", "K", 12, &state);
  const ClusterView view(state);
  EXPECT_EQ(view.Count(0, 100, kFamilies), 2U);
  const auto items = view.In(0, 100);
  EXPECT_EQ(items[2].cluster, items[0].cluster);
  EXPECT_NE(items[1].cluster, items[0].cluster);
}

TEST(ClusterView, AWindowIsOpenAtItsStartAndClosedAtItsEnd) {
  v1::ProviderState state;
  Report("a", "at-start", "", 10, &state);
  Report("a", "inside", "", 11, &state);
  Report("a", "at-end", "", 20, &state);
  Report("a", "after", "", 21, &state);
  const ClusterView view(state);
  EXPECT_EQ(view.Count(10, 20, kFamilies), 2U);
  ASSERT_EQ(view.In(10, 20).size(), 2U);
  EXPECT_EQ(view.In(10, 20)[0].report->id(), "inside");
  EXPECT_EQ(view.In(10, 20)[1].report->id(), "at-end");
}

TEST(ClusterView, CountsAClusterOfTwoFamiliesOnceForBothAndOnceForEach) {
  v1::ProviderState state;
  Report("a", "1", "K", 10, &state);
  Report("b", "2", "K", 11, &state);
  state.mutable_concerns(1)->set_family(v1::SOURCE_FAMILY_SAFEGUARDING);
  const ClusterView view(state);
  EXPECT_EQ(view.Count(0, 100, kFamilies), 1U);
  for (const auto family : kFamilies) EXPECT_EQ(view.Count(0, 100, {&family, 1}), 1U);
  const auto other = v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE;
  EXPECT_EQ(view.Count(0, 100, {&other, 1}), 0U);
}

TEST(ClusterView, LeavesOutWhatIsNoConcern) {
  v1::ProviderState state;
  Report("a", "soft", "", 10, &state);
  state.mutable_concerns(0)->set_flags(kConcernNegative | kConcernSoft);
  Report("a", "praise", "", 11, &state);
  state.mutable_concerns(1)->set_flags(kConcernFeedback);
  const ClusterView view(state);
  EXPECT_EQ(view.Count(0, 100, kFamilies), 0U);
  EXPECT_TRUE(view.In(0, 100).empty());
  ASSERT_EQ(view.Feedback(0, 100).size(), 1U);
  EXPECT_EQ(view.Feedback(0, 100)[0].report->id(), "praise");
  EXPECT_EQ(view.flags(), kConcernNegative | kConcernSoft | kConcernFeedback);
}

TEST(ClusterView, GrowsToWhatItWouldBeMadeAnew) {
  v1::ProviderState state;
  ClusterView grown(state);
  const char* const keys[] = {"", "K", "", "L", "K"};
  for (int i = 0; i < 40; ++i) {
    Report(i % 3 == 0 ? "a" : "b", std::to_string(i), keys[i % 5], i, &state);
    auto* last = state.mutable_concerns(i);
    last->set_family(kFamilies[static_cast<size_t>(i) % 2]);
    last->set_harm(i == 7 ? v1::HARM_SEVERE : v1::HARM_LOW);
    last->add_themes(static_cast<v1::Theme>(1 + i % 4));
    grown.Add(*last);
    const ClusterView anew(state);
    EXPECT_EQ(grown.worst_harm(), anew.worst_harm());
    EXPECT_EQ(grown.Count(5, i, kFamilies), anew.Count(5, i, kFamilies));
    ASSERT_EQ(grown.In(-1, i).size(), anew.In(-1, i).size());
    for (size_t n = 0; n < anew.In(-1, i).size(); ++n) {
      EXPECT_EQ(grown.In(-1, i)[n].cluster, anew.In(-1, i)[n].cluster);
      EXPECT_EQ(grown.In(-1, i)[n].themes, anew.In(-1, i)[n].themes);
    }
  }
}

}  // namespace
}  // namespace trigpoint
