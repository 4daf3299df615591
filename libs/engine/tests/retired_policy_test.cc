// A policy that is taken out of force asks for nothing any more; what it said stays on record.
#include "owner.h"
#include "trigpoint/engine/obligations.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/engine/summary.h"

namespace trigpoint {
namespace {

using testing::IsEmpty;
using testing::Not;

const int64_t kRetired = kStart + 100 * kDay;  // NOLINT: computed from the calendar.
const int64_t kAgain = kStart + 200 * kDay;    // NOLINT: computed from the calendar.

v1::PolicyPack HerefordshirePack(uint32_t more = 0) {
  auto pack = FindPack("herefordshire", kPacks);
  EXPECT_TRUE(pack.ok()) << pack.status();
  pack->set_version(pack->version() + more);
  return *std::move(pack);
}

v1::Event Activated(const v1::PolicyPack& pack, int64_t from_us) {
  v1::Event event;
  event.set_id("policy/herefordshire/" + std::to_string(pack.version()));
  auto* activated = event.mutable_policy_activated();
  activated->set_policy_id(pack.id());
  activated->set_version(pack.version());
  *activated->mutable_pack() = pack;
  SetMicros(from_us, activated->mutable_effective_from());
  return event;
}

Controls TakenOut(bool again) {
  Controls controls;
  EXPECT_TRUE(controls.Add(Activated(HerefordshirePack(), 0)).ok());
  v1::Event event;
  event.set_id("policy-retired/herefordshire/1");
  event.mutable_policy_retired()->set_policy_id("herefordshire");
  SetMicros(kRetired, event.mutable_policy_retired()->mutable_effective_from());
  EXPECT_TRUE(controls.Add(event).ok());
  if (again) {
    EXPECT_TRUE(controls.Add(Activated(HerefordshirePack(1), kAgain)).ok());
  }
  return controls;
}

v1::Event WarningNotice(int day) {
  v1::Event event;
  event.set_source("cqc/enforcement");
  event.set_id("notice-" + std::to_string(day));
  event.set_source_version(1);
  SetMicros(kStart + day * kDay, event.mutable_occurred_at());
  event.mutable_cqc_enforcement_action_recorded()->set_action(v1::ENFORCEMENT_KIND_WARNING_NOTICE);
  Stamp(kStart + day * kDay, &event);
  return event;
}

size_t CountRecommendations(const Owner& owner) {
  size_t found = 0;
  for (const auto& stored : owner.log()) found += stored.event().has_recommendation() ? 1U : 0U;
  return found;
}

v1::ProviderSummary SummaryAt(const Owner& owner, int64_t at_us) {
  const auto& stream = owner.stream();
  return Summarise(stream.state, stream.record, *owner.controls().At(stream.state, at_us));
}

TEST(RetiredPolicy, IsNotInForceFromItsInstantOn) {
  const Controls controls = TakenOut(/*again=*/false);
  const v1::ProviderState state;
  EXPECT_NE(controls.At(state, kRetired - 1)->Policy("herefordshire"), nullptr);
  EXPECT_EQ(controls.At(state, kRetired)->Policy("herefordshire"), nullptr);
  EXPECT_THAT(controls.At(state, kRetired)->expected, IsEmpty());
  EXPECT_EQ(controls.NextEffective(state, kRetired - 1), kRetired);
  EXPECT_EQ(controls.RetiredFrom("herefordshire"), kRetired);
  // What it once recommended can be recomputed for ever.
  EXPECT_NE(controls.PolicyVersion("herefordshire", HerefordshirePack().version()), nullptr);
}

TEST(RetiredPolicy, AHigherVersionPutsItInForceAgain) {
  const Controls controls = TakenOut(/*again=*/true);
  const v1::ProviderState state;
  EXPECT_EQ(controls.At(state, kAgain - 1)->Policy("herefordshire"), nullptr);
  const auto pack = controls.At(state, kAgain)->Policy("herefordshire");
  ASSERT_NE(pack, nullptr);
  EXPECT_EQ(pack->pack().version(), HerefordshirePack().version() + 1);
  for (const auto& feed : controls.At(state, kAgain)->expected)
    EXPECT_EQ(feed.from_us, kAgain) << "nothing was missed while nobody asked for it";
}

// Nobody is late by a framework that was not there yet.
TEST(RetiredPolicy, WhatRecursIsOwedFromWhenThePolicyCameIntoForce) {
  const auto first_due = [](int64_t in_force_us) {
    Controls controls;
    EXPECT_TRUE(controls.Add(Activated(HerefordshirePack(), in_force_us)).ok());
    Owner owner(std::move(controls));
    owner.Fold(Registration());
    owner.Fold(Tick(kRetired + kDay));
    const auto& stream = owner.stream();
    for (const auto& owed :
         ObligationsOfService(owner.controls(), stream.state, stream.record, kRetired + kDay)) {
      if (owed.rule() == "DL-33") return FormatDate(LondonDate(ToMicros(owed.due_at())));
    }
    return std::string("nothing");
  };
  EXPECT_EQ(first_due(0), "2024-02-01") << "registered on 1 January";
  EXPECT_EQ(first_due(kRetired), "2024-05-10") << "in force from 10 April";
}

TEST(RetiredPolicy, NothingIsRecommendedOrOwedUnderItAndNothingAwaitsADecision) {
  Owner owner(TakenOut(/*again=*/false));
  owner.Fold(Registration());
  owner.Fold(WarningNotice(90));
  const size_t before = CountRecommendations(owner);
  EXPECT_GT(before, 0U);
  EXPECT_TRUE(SummaryAt(owner, kRetired - 1).levels(0).awaiting_decision());

  owner.Fold(Tick(kRetired + kDay));
  owner.Fold(WarningNotice(120));
  EXPECT_EQ(CountRecommendations(owner), before);
  const auto& stream = owner.stream();
  EXPECT_THAT(SummaryAt(owner, stream.state.known_us()).levels(), IsEmpty());
  EXPECT_THAT(ObligationsOfService(owner.controls(), stream.state, stream.record, kRetired - 1),
              Not(IsEmpty()));
  EXPECT_THAT(
      ObligationsOfService(owner.controls(), stream.state, stream.record, stream.state.known_us()),
      IsEmpty());
  const auto check = CheckStream("s", owner.log(), owner.controls());
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(check->differences, IsEmpty());
}

}  // namespace
}  // namespace trigpoint
