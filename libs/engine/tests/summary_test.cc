// The line of one provider names every policy that applies to it, not only those with something to say.
#include "trigpoint/engine/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "trigpoint/engine/pack_file.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kPacks = std::string(TRIGPOINT_SOURCE_DIR) + "/deploy/policies";  // NOLINT
const int64_t kStart = LondonMidnight({2024, 1, 1});                                // NOLINT

Controls BothPacks() {
  Controls controls;
  const auto packs = ReadPackDirectory(kPacks);
  EXPECT_TRUE(packs.ok()) << packs.status().message();
  for (const auto& pack : *packs) {
    v1::Event event;
    event.set_id("policy/" + pack.id());
    auto* activated = event.mutable_policy_activated();
    activated->set_policy_id(pack.id());
    activated->set_version(pack.version());
    *activated->mutable_pack() = pack;
    SetMicros(0, activated->mutable_effective_from());
    EXPECT_TRUE(controls.Add(event).ok());
  }
  return controls;
}

std::vector<std::string> LevelsOfHome(const std::string& commissioner, bool health) {
  const Controls controls = BothPacks();
  v1::Event event;
  event.set_source("directory");
  event.set_id("service");
  auto* service = event.mutable_service_registered();
  service->set_service_type(v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
  service->add_commissioners(commissioner);
  service->set_health_commissioned(health);
  SetMicros(kStart, event.mutable_received_at());
  event.set_submission_digest(SubmissionDigest(event));
  HotStream stream;
  stream.state.set_stream_id("s");
  const LoadEvents none = []() -> absl::StatusOr<std::vector<v1::StoredEvent>> {
    return std::vector<v1::StoredEvent>{};
  };
  EXPECT_TRUE(ApplyEvent(event, std::nullopt, controls, true, none, &stream).ok());
  std::vector<std::string> levels;
  const v1::ProviderSummary summary = Summarise(stream.state, stream.record, controls);
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
