// Silence is a finding, said once, by time alone (domain.md 3.11; design 6).
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "owner.h"
#include "trigpoint/base/check.h"
#include "trigpoint/engine/assessment.h"
#include "trigpoint/engine/coverage.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/engine/summary.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::Event Return(const std::string& id, int64_t at) {
  v1::Event event;
  event.set_source("council/returns");
  event.set_id(id);
  event.set_source_version(1);
  event.mutable_monitoring_return_received()->mutable_period()->set_year(2024);
  event.mutable_monitoring_return_received()->mutable_period()->set_month(1);
  SetMicros(at, event.mutable_occurred_at());
  Stamp(at, &event);
  return event;
}

v1::Event Nothing(const std::string& kind, const std::string& id, int64_t at) {
  v1::Event event = Return(id, at);
  event.mutable_nil_return_received()->set_expected_kind(kind);
  Stamp(at, &event);
  return event;
}

/// What was said of feeds of a kind, in the order of the log.
std::vector<v1::Event> Said(const Owner& owner, const std::string& kind) {
  std::vector<v1::Event> said;
  for (const auto& stored : owner.log()) {
    if (stored.event().feed_silent().kind() == kind) said.push_back(stored.event());
  }
  return said;
}

uint32_t Silent(const Owner& owner) {
  const v1::ProviderState& state = owner.stream().state;
  return Summarise(state, owner.stream().record, *owner.controls().At(state, state.known_us()))
      .silent_feeds();
}

constexpr char kReturn[] = "monitoring_return_received";
/// Two months of 31 days and a week after the last return, at the end of the day.
const int64_t kDue = LondonMidnight(AddDays({2024, 1, 11}, 2 * 31 + 7 + 1));  // NOLINT

TEST(Silence, FallsByTimeAloneAtTheInstantAtWhichItIsDueAndIsSaidOnce) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Return("r1", kStart + 10 * kDay));
  owner.Fold(Tick(kDue - 1));
  EXPECT_THAT(Said(owner, kReturn), IsEmpty()) << "one late file is noise";
  EXPECT_EQ(owner.Due(), kDue);
  for (int day = 0; day < 30; ++day) owner.Fold(Tick(kDue + day * kDay + 1));
  const auto said = Said(owner, kReturn);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(ToMicros(said[0].received_at()), kDue);
  EXPECT_EQ(said[0].feed_silent().feed_source(), "council/returns");
  EXPECT_EQ(said[0].feed_silent().clause(), "S2 3.3.2; S2 App 2 Level 1");
  EXPECT_EQ(said[0].feed_silent().missed(), 2U);
  EXPECT_EQ(ToMicros(said[0].feed_silent().since()), kDue);
  EXPECT_EQ(Silent(owner), 1U);
}

TEST(Silence, IsTheSameWhateverCarriesTimePastIt) {
  std::vector<std::string> first;
  for (const bool ticks : {true, false}) {
    Owner owner;
    owner.Fold(Registration());
    owner.Fold(Return("r1", kStart + 10 * kDay));
    if (ticks) owner.Fold(Tick(kDue + 1));
    v1::Event other = Registration();
    other.set_id("another");
    Stamp(kDue + 3 * kDay, &other);
    owner.Fold(other);
    std::vector<std::string> bytes;
    for (const auto& event : Said(owner, kReturn)) bytes.push_back(CanonicalBytes(event));
    ASSERT_EQ(bytes.size(), 1U);
    if (ticks) first = bytes;
    EXPECT_EQ(bytes, first);
  }
}

TEST(Silence, EndsWithADeliveryOrANilReturnAndTheNextOneIsAnother) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Return("r1", kStart + 10 * kDay));
  owner.Fold(Tick(kDue + 1));
  EXPECT_EQ(Silent(owner), 1U);
  owner.Fold(Nothing(kReturn, "r2", kDue + 5 * kDay));
  EXPECT_EQ(Silent(owner), 0U);
  EXPECT_EQ(owner.stream().record.silences(0).ended_us(), kDue + 5 * kDay);
  owner.Fold(Tick(kDue + 200 * kDay));
  EXPECT_EQ(Said(owner, kReturn).size(), 2U);
  EXPECT_EQ(Silent(owner), 1U);
}

// The delivery stands in the log before the finding that it ended.
TEST(Silence, ThatADeliveryEndedBeforeItWasWrittenDownIsOver) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Return("r1", kStart + 10 * kDay));
  owner.Fold(Return("r2", kDue + kDay));
  EXPECT_EQ(Said(owner, kReturn).size(), 1U);
  EXPECT_EQ(Silent(owner), 0U);
  EXPECT_NE(owner.stream().record.silences(0).ended_us(), 0);
}

TEST(Silence, GoesOnWhenTheDeliveryThatEndedItIsTakenBack) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Return("r1", kStart + 10 * kDay));
  owner.Fold(Tick(kDue + 1));
  owner.Fold(Return("r2", kDue + 5 * kDay));
  EXPECT_EQ(Silent(owner), 0U);
  v1::Event back = Return("r2", kDue + 6 * kDay);
  back.set_source_version(2);
  back.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_WRONG_ORG);
  Stamp(kDue + 6 * kDay, &back);
  owner.Fold(back);
  EXPECT_EQ(Silent(owner), 1U);
  EXPECT_EQ(Said(owner, kReturn).size(), 1U) << "it is the same silence";
}

TEST(Silence, ACorrectionOfAnOldReturnDoesNotEndIt) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Return("r1", kStart + 10 * kDay));
  owner.Fold(Tick(kDue + 1));
  v1::Event corrected = Return("r1", kDue + 5 * kDay);
  corrected.set_source_version(2);
  corrected.mutable_monitoring_return_received()->set_concern(true);
  Stamp(kDue + 5 * kDay, &corrected);
  owner.Fold(corrected);
  EXPECT_EQ(Silent(owner), 1U);
}

TEST(Silence, OfWhatNeverCameNamesNoSource) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Tick(kStart + 80 * kDay));
  const auto said = Said(owner, kReturn);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].feed_silent().feed_source(), "");
  EXPECT_FALSE(said[0].feed_silent().has_last_at());
}

TEST(Silence, AServiceThatClosedIsNotSilent) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Return("r1", kStart + 10 * kDay));
  owner.Fold(Tick(kDue + 1));
  v1::Event closed = Return("closed", kDue + 2 * kDay);
  closed.mutable_registration_changed()->set_status(v1::RegistrationChanged::STATUS_DEREGISTERED);
  Stamp(kDue + 2 * kDay, &closed);
  owner.Fold(closed);
  EXPECT_EQ(Silent(owner), 0U);
  owner.Fold(Tick(kStart + 900 * kDay));
  EXPECT_EQ(Said(owner, kReturn).size(), 1U) << "nor does it fall silent again";
}

TEST(Silence, OfAServiceThatNoPolicyCoversIsOnlyOfWhatUsedToCome) {
  Owner owner;
  v1::Event registration = Registration();
  registration.mutable_service_registered()->clear_commissioners();
  Stamp(kStart, &registration);
  owner.Fold(registration);
  for (int week = 0; week < 7; ++week) {
    v1::Event report = Return("c" + std::to_string(week), kStart + int64_t{7} * week * kDay);
    report.set_source("home/capacity");
    report.mutable_capacity_reported()->set_beds(30);
    Stamp(kStart + int64_t{7} * week * kDay, &report);
    owner.Fold(report);
  }
  owner.Fold(Tick(kStart + 300 * kDay));
  EXPECT_THAT(Said(owner, kReturn), IsEmpty());
  const auto said = Said(owner, "capacity_reported");
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(said[0].feed_silent().learned());
  EXPECT_EQ(said[0].feed_silent().expected_every_days(), 7U);
  EXPECT_EQ(said[0].feed_silent().policy_id(), "");
  // 42 days after the start came the last one; two weeks and seven days later it is silent.
  EXPECT_EQ(ToMicros(said[0].received_at()), LondonMidnight(AddDays({2024, 2, 12}, 21 + 1)));
}

/// Two versions of a policy, each in force from its day on and with the feeds that `change` leaves.
Controls TwoVersions(const std::function<void(v1::PolicyPack*)>& change) {
  const auto pack = FindPack("herefordshire", kPacks);
  TP_CHECK(pack.ok(), "the shipped pack");
  Controls controls;
  for (const uint32_t version : {1U, 2U}) {
    v1::Event event;
    event.set_id("policy/" + std::to_string(version));
    auto* activated = event.mutable_policy_activated();
    *activated->mutable_pack() = *pack;
    activated->mutable_pack()->set_version(version);
    change(activated->mutable_pack());
    SetMicros(kStart + version * kDay, activated->mutable_effective_from());
    EXPECT_TRUE(controls.Add(event).ok());
  }
  return controls;
}

TEST(Controls, ANewVersionOfAPolicyStartsNoClockOfItsExpectationsAnew) {
  const Controls controls = TwoVersions([](v1::PolicyPack* pack) {
    if (pack->version() == 1) pack->mutable_expected()->DeleteSubrange(1, 2);
  });
  const auto in_force = controls.At(v1::ProviderState(), kStart + 9 * kDay);
  ASSERT_EQ(in_force->expected.size(), 3U);
  EXPECT_EQ(in_force->expected[0].pack->pack().version(), 2U);
  EXPECT_EQ(in_force->expected[0].from_us, kStart + kDay);
  EXPECT_EQ(in_force->expected[1].from_us, kStart + 2 * kDay) << "new in this version";
}

TEST(Controls, ASourceThatANewVersionNamesIsExpectedFromThatVersionOn) {
  const Controls controls = TwoVersions([](v1::PolicyPack* pack) {
    auto* expected = pack->mutable_expected();
    expected->DeleteSubrange(1, expected->size() - 1);
    expected->Mutable(0)->add_sources("council/returns");
    if (pack->version() == 2) expected->Mutable(0)->add_sources("home/portal");
  });
  const auto in_force = controls.At(v1::ProviderState(), kStart + 9 * kDay);
  ASSERT_EQ(in_force->expected.size(), 2U) << "one for each source";
  EXPECT_EQ(in_force->expected[0].source, "council/returns");
  EXPECT_EQ(in_force->expected[0].from_us, kStart + kDay);
  EXPECT_EQ(in_force->expected[1].source, "home/portal");
  EXPECT_EQ(in_force->expected[1].from_us, kStart + 2 * kDay);
}

TEST(Silence, RaisesNoLevelByItself) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Tick(kStart + 900 * kDay));
  EXPECT_GE(Silent(owner), 3U);
  for (const auto& stored : owner.log()) EXPECT_FALSE(stored.event().has_recommendation());
}

TEST(Silence, APastThatEndedIsHistoryAndAFreshFoldGivesTheSameBytes) {
  Owner owner;
  v1::Event start = Tick(kStart);
  start.set_source("history");
  start.mutable_backfill_started()->set_batch("b");
  owner.Fold(start);
  owner.Fold(Registration());
  for (int year = 0; year < 6; ++year) {
    owner.Fold(Return("r" + std::to_string(year), kStart + (10 + year * 100) * kDay));
  }
  v1::Event end = Tick(kStart + 520 * kDay);
  end.set_source("history");
  end.mutable_backfill_ended()->set_batch("b");
  owner.Fold(end);
  EXPECT_EQ(Said(owner, kReturn).size(), 5U);
  const auto check = CheckStream("s", owner.log(), owner.controls());
  ASSERT_TRUE(check.ok());
  EXPECT_THAT(check->differences, IsEmpty());
  EXPECT_EQ(CanonicalBytes(check->record), CanonicalBytes(owner.stream().record));
  // What was known when it had just fallen silent.
  const auto then = FoldAsOf("s", owner.log(), owner.controls(), {.known_us = kDue + kDay});
  ASSERT_TRUE(then.ok());
  ASSERT_EQ(then->record.silences_size(), 1);
  EXPECT_EQ(then->record.silences(0).ended_us(), 0);
}

TEST(Coverage, TellsCategoriesFeedsBlindSpotsAndWhatToLookForNext) {
  Owner owner;
  owner.Fold(Registration());
  owner.Fold(Return("r1", kStart + 10 * kDay));
  owner.Fold(Tick(kDue + 1));
  const v1::ProviderState& state = owner.stream().state;
  const auto in_force = owner.controls().At(state, state.known_us());
  std::vector<BlindSpotOf> spots;
  const v1::Coverage coverage =
      BuildCoverage(state, owner.stream().record, *in_force, state.known_us(), &spots);
  ASSERT_EQ(spots.size(), static_cast<size_t>(coverage.blind_spots_size()));
  for (size_t i = 0; i < spots.size(); ++i) {
    ASSERT_NE(spots[i].category < 0, spots[i].feed < 0) << i;
    const std::string& words = coverage.blind_spots(static_cast<int>(i));
    if (spots[i].feed >= 0)
      EXPECT_THAT(words, HasSubstr(": expected every "));
    else
      EXPECT_THAT(words, testing::Not(HasSubstr(": expected every ")));
  }
  ASSERT_EQ(coverage.categories_size(), 6);
  for (const auto& row : coverage.categories()) {
    const bool processes = row.category() == v1::EVIDENCE_CATEGORY_PROCESSES;
    EXPECT_EQ(row.blind(), !processes);
    EXPECT_EQ(row.internal_reports(), processes ? 1U : 0U);
    EXPECT_EQ(row.external_reports(), 0U);
  }
  ASSERT_GE(coverage.feeds_size(), 3);
  EXPECT_EQ(coverage.feeds(0).kind(), kReturn);
  EXPECT_TRUE(coverage.feeds(0).silent());
  EXPECT_EQ(ToMicros(coverage.feeds(0).silent_since()), kDue);
  EXPECT_THAT(coverage.blind_spots(),
              testing::Contains("people's experience: nothing was ever heard"));
  EXPECT_THAT(coverage.blind_spots(),
              testing::Contains("processes: only the provider itself tells of it"));
  EXPECT_THAT(coverage.blind_spots(),
              testing::Contains(HasSubstr("monitoring return received of council/returns")));
  ASSERT_GT(coverage.seek_next_size(), 1);
  for (int i = 1; i < coverage.seek_next_size(); ++i) {
    EXPECT_LE(coverage.seek_next(i).criteria_size(), coverage.seek_next(i - 1).criteria_size());
  }
  EXPECT_THAT(coverage.seek_next(0).text(), HasSubstr("(no feed)"));
  // The gap of an assessment says it, too.
  const v1::Assessment assessment = BuildAssessment(*in_force->Policy("herefordshire"), state,
                                                    owner.stream().record, {}, state.known_us());
  EXPECT_THAT(assessment.gaps(), testing::Contains(testing::AllOf(testing::StartsWith("H-L1-1:"),
                                                                  HasSubstr("(no feed)"))));
  // What nobody expects is no longer blind once somebody spoke.
  v1::Event visit = Return("v", kDue + 3 * kDay);
  visit.set_source("council/visits");
  visit.mutable_commissioner_visit_conducted()->set_announced(true);
  Stamp(kDue + 3 * kDay, &visit);
  owner.Fold(visit);
  const v1::Coverage after =
      BuildCoverage(state, owner.stream().record, *in_force, state.known_us());
  EXPECT_FALSE(after.categories(v1::EVIDENCE_CATEGORY_OBSERVATION - 1).blind());
  EXPECT_EQ(after.categories(v1::EVIDENCE_CATEGORY_OBSERVATION - 1).external_reports(), 1U);
}

}  // namespace
}  // namespace trigpoint
