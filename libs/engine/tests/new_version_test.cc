// What a new version of a policy makes of a stream that has a recommendation under the one before.
#include "owner.h"
#include "trigpoint/engine/assessment.h"
#include "trigpoint/engine/replay.h"

namespace trigpoint {
namespace {

using testing::IsEmpty;

const int64_t kNewVersion = kStart + 100 * kDay;  // NOLINT: computed from the calendar.

v1::PolicyPack Herefordshire() {
  auto pack = FindPack("herefordshire", kPacks);
  EXPECT_TRUE(pack.ok()) << pack.status();
  return *std::move(pack);
}

/// The pack with its number of never events that are urgent raised from two to three.
v1::PolicyPack NextVersion() {
  v1::PolicyPack pack = Herefordshire();
  pack.set_version(pack.version() + 1);
  for (auto& parameter : *pack.mutable_parameters()) {
    if (parameter.name() == "never_events_urgent") parameter.set_value(3);
  }
  return pack;
}

Controls TwoVersions() {
  Controls controls;
  for (const auto& pack : {Herefordshire(), NextVersion()}) {
    v1::Event event;
    event.set_id("policy/herefordshire/" + std::to_string(pack.version()));
    auto* activated = event.mutable_policy_activated();
    activated->set_policy_id(pack.id());
    activated->set_version(pack.version());
    *activated->mutable_pack() = pack;
    const bool first = pack.version() == Herefordshire().version();
    SetMicros(first ? 0 : kNewVersion, activated->mutable_effective_from());
    EXPECT_TRUE(controls.Add(event).ok());
  }
  return controls;
}

v1::Event NeverEvent(const std::string& id, int day) {
  v1::Event event;
  event.set_source("home/incidents");
  event.set_id(id);
  event.set_source_version(1);
  SetMicros(kStart + day * kDay, event.mutable_occurred_at());
  event.mutable_incident_reported()->set_never_event(v1::NEVER_EVENT_TYPE_SCALDING);
  Stamp(kStart + day * kDay, &event);
  return event;
}

std::vector<v1::Recommendation> Recommendations(const Owner& owner) {
  std::vector<v1::Recommendation> found;
  for (const auto& stored : owner.log()) {
    if (stored.event().has_recommendation()) found.push_back(stored.event().recommendation());
  }
  return found;
}

// A59: past recommendations keep their version, new ones cite the new one.
TEST(NewVersion, WhatTheVersionBeforeHeldAndThisOneDoesNotFallsAtOnce) {
  Owner owner(TwoVersions());
  owner.Fold(Registration());
  owner.Fold(NeverEvent("one", 90));
  owner.Fold(NeverEvent("two", 95));
  auto said = Recommendations(owner);
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(said.back().urgent());
  EXPECT_EQ(said.back().policy_version(), Herefordshire().version());
  const size_t before = said.size();

  owner.Fold(Tick(kNewVersion + kDay));
  said = Recommendations(owner);
  ASSERT_EQ(said.size(), before + 1);
  EXPECT_FALSE(said.back().urgent());
  EXPECT_EQ(said.back().kind(), v1::Recommendation::KIND_REVISED);
  EXPECT_EQ(said.back().policy_version(), NextVersion().version());
  EXPECT_EQ(said.back().cause(), TimerKey("s", kNewVersion));
  EXPECT_EQ(said[before - 1].policy_version(), Herefordshire().version());

  const auto check = CheckStream("s", owner.log(), owner.controls());
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(check->differences, IsEmpty());
}

// 3.2 "Never down by silence": a new version is no reason for what had merely aged to fall.
TEST(NewVersion, WhatHadAgedUnderTheVersionBeforeStaysHeld) {
  Owner owner(TwoVersions());
  owner.Fold(Registration());
  owner.Fold(NeverEvent("one", 10));
  owner.Fold(NeverEvent("two", 15));
  owner.Fold(Tick(kNewVersion - kDay));
  const size_t before = Recommendations(owner).size();
  owner.Fold(Tick(kNewVersion + kDay));
  EXPECT_EQ(Recommendations(owner).size(), before);
  const auto now = FoldAsOf("s", owner.log(), owner.controls(), {.known_us = kNewVersion + kDay});
  ASSERT_TRUE(now.ok()) << now.status();
  const auto in_force = owner.controls().At(now->state, kNewVersion + kDay);
  const v1::Assessment assessment =
      BuildAssessment(*in_force->Policy("herefordshire"), now->state, now->record,
                      in_force->baselines, kNewVersion + kDay);
  EXPECT_EQ(assessment.policy_version(), NextVersion().version());
  EXPECT_TRUE(assessment.urgent());
}

// A dry run says beforehand what will happen then.
TEST(NewVersion, AnAssessmentUnderTheNextVersionSaysWhatItWillBring) {
  Owner owner(TwoVersions());
  owner.Fold(Registration());
  owner.Fold(NeverEvent("one", 90));
  owner.Fold(NeverEvent("two", 95));
  const int64_t now_us = kStart + 96 * kDay;
  const auto in_force = owner.controls().At(owner.stream().state, now_us);
  const auto present = in_force->Policy("herefordshire");
  const auto next = CompiledPack::Compile(NextVersion());
  ASSERT_TRUE(next.ok()) << next.status();
  const auto assess = [&](const CompiledPack& pack, const CompiledPack* before) {
    return BuildAssessment(pack, owner.stream().state, owner.stream().record, in_force->baselines,
                           now_us, before);
  };
  EXPECT_TRUE(assess(*present, nullptr).urgent());
  EXPECT_FALSE(assess(**next, present.get()).urgent());
  EXPECT_TRUE(assess(**next, nullptr).urgent()) << "as if it had aged";
}

}  // namespace
}  // namespace trigpoint
