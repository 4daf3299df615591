#include "trigpoint/telemetry/health.h"

#include <gmock/gmock.h>

#include <string>
#include <thread>
#include <vector>

namespace trigpoint {
namespace {

using ::testing::ElementsAre;

TEST(Health, StartsAsNotServing) {
  const Health health({HealthComponent::kLive, HealthComponent::kLog});
  EXPECT_EQ(health.State(), (HealthState{false, "live: starting; log: starting"}));
}

TEST(Health, ServesWhenEveryComponentDoes) {
  Health health({HealthComponent::kLive, HealthComponent::kStore});
  health.SetServing(HealthComponent::kLive);
  EXPECT_FALSE(health.State().serving);
  health.SetServing(HealthComponent::kStore);
  EXPECT_EQ(health.State(), (HealthState{true, ""}));
  health.SetNotServing(HealthComponent::kStore, "disk full");
  EXPECT_EQ(health.State(), (HealthState{false, "store: disk full"}));
  EXPECT_TRUE(health.StateOf(HealthComponent::kLive).serving);
  EXPECT_EQ(health.StateOf(HealthComponent::kStore), (HealthState{false, "disk full"}));
}

TEST(Health, LeavesComponentsThatAreNotThereOutOfAccount) {
  Health health({HealthComponent::kLive});
  health.SetNotServing(HealthComponent::kProjector, "behind");
  health.SetServing(HealthComponent::kLive);
  EXPECT_TRUE(health.State().serving);
  EXPECT_FALSE(health.StateOf(HealthComponent::kProjector).serving);
}

TEST(Health, TellsEachChangeOnceAndInOrder) {
  Health health({HealthComponent::kLive, HealthComponent::kLog});
  std::vector<std::string> heard;
  health.OnChange([&](const HealthState& state) {
    EXPECT_EQ(health.State(), state);  // A listener may read.
    heard.push_back(state.serving ? "serving" : state.reason);
  });
  health.SetServing(HealthComponent::kLive);
  health.SetServing(HealthComponent::kLive);
  health.SetServing(HealthComponent::kLog);
  health.SetNotServing(HealthComponent::kLog, "unreachable");
  health.SetServing(HealthComponent::kLog);
  EXPECT_THAT(heard, ElementsAre("live: starting; log: starting", "log: starting", "serving",
                                 "log: unreachable", "serving"));
}

TEST(Health, DrainsForGood) {
  Health health({HealthComponent::kLive});
  health.SetServing(HealthComponent::kLive);
  int calls = 0;
  health.OnChange([&](const HealthState&) { ++calls; });
  health.BeginDrain();
  health.BeginDrain();
  health.SetServing(HealthComponent::kLive);
  EXPECT_EQ(health.State(), (HealthState{false, "live: draining"}));
  EXPECT_FALSE(health.StateOf(HealthComponent::kLive).serving);
  EXPECT_EQ(calls, 2);
}

TEST(Health, StaysWholeWhenManyThreadsSetIt) {
  Health health({HealthComponent::kLive, HealthComponent::kLog});
  std::vector<HealthState> heard;
  health.OnChange([&](const HealthState& state) { heard.push_back(state); });
  {
    std::vector<std::jthread> threads;
    for (const auto component : {HealthComponent::kLive, HealthComponent::kLog}) {
      threads.emplace_back([&health, component] {
        for (int i = 0; i < 200; ++i) {
          health.SetNotServing(component, "flapping");
          health.SetServing(component);
        }
      });
    }
  }
  EXPECT_TRUE(health.State().serving);
  EXPECT_EQ(heard.back(), health.State());
}

}  // namespace
}  // namespace trigpoint
