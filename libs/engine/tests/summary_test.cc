// The line of one provider names every policy that applies to it, not only those with something to
// say.
#include "trigpoint/engine/summary.h"

#include <string>

#include "owner.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> LevelsOfHome(const std::string& commissioner, bool health) {
  v1::Event event;
  event.set_source("directory");
  event.set_id("service");
  auto* service = event.mutable_service_registered();
  service->set_service_type(v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
  service->add_commissioners(commissioner);
  service->set_health_commissioned(health);
  Stamp(kStart, &event);
  Owner owner;
  owner.Fold(event);
  std::vector<std::string> levels;
  const v1::ProviderState& state = owner.stream().state;
  const v1::ProviderSummary summary =
      Summarise(state, owner.stream().record, *owner.controls().At(state, state.known_us()));
  for (const auto& level : summary.levels()) {
    EXPECT_FALSE(level.awaiting_decision());
    levels.push_back(level.policy_id() + ' ' + level.decided_state());
  }
  return levels;
}

TEST(Summary, AHomeThatNobodyIsWorriedAboutStandsAtTheLowestStateOfEachPolicyThatApplies) {
  EXPECT_THAT(LevelsOfHome("herefordshire-council", true),
              ElementsAre("herefordshire LEVEL_1", "nqb ROUTINE"));
  EXPECT_THAT(LevelsOfHome("herefordshire-council", false), ElementsAre("herefordshire LEVEL_1"));
}

TEST(Summary, AHomeThatNoPolicyCoversHasNoLevel) {
  EXPECT_THAT(LevelsOfHome("somewhere-else", false), IsEmpty());
}

}  // namespace
}  // namespace trigpoint
