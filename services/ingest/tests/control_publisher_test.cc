#include "services/ingest/control_publisher.h"

#include "ingest_fixture.h"
#include "services/ingest/directory.h"
#include "trigpoint/base/time.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/instants.h"

namespace trigpoint {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

class ControlPublisherTest : public IngestTest {
 protected:
  /// An activation whose maps were filled anew, so that they lie in memory in another order.
  static v1::Event Activation() {
    const auto packs = ReadPackDirectory(TRIGPOINT_SOURCE_DIR "/deploy/policies");
    EXPECT_TRUE(packs.ok()) << packs.status();
    v1::Event event;
    event.set_source(std::string(kControlSource));
    event.set_id("policy/" + packs->front().id() + "/1");
    event.set_source_version(1);
    *event.mutable_policy_activated()->mutable_pack() = packs->front();
    return event;
  }

  ControlPublisher publisher_{projector_.get(), writer_.get()};
};

TEST_F(ControlPublisherTest, MakesTheSameBytesOfTheSamePolicyEveryTime) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(writer_->AppendAndFoldWait(kControl, Activation()).ok());
  }
  const auto records = RecordsOf(kControl);
  ASSERT_THAT(records, SizeIs(8));
  EXPECT_THAT(records, Each(records.front()));
}

TEST_F(ControlPublisherTest, CopiesWhatAPartitionLacksByteForByte) {
  ASSERT_TRUE(writer_->AppendAndFoldWait(kControl, Activation()).ok());
  Stop();
  Open();
  ASSERT_TRUE(ControlPublisher(projector_.get(), writer_.get()).EnsureCopies().ok());
  EXPECT_EQ(RecordsOf(0), RecordsOf(kControl));
}

TEST_F(ControlPublisherTest, CopiesOnlyWhereItOwnsThePartition) {
  ASSERT_TRUE(writer_->AppendAndFoldWait(kControl, Activation()).ok());
  projector_->Disown({0});
  ASSERT_TRUE(publisher_.EnsureCopies().ok());
  EXPECT_THAT(RecordsOf(0), SizeIs(0));
  Own({0});
  ASSERT_TRUE(publisher_.EnsureCopies().ok());
  EXPECT_EQ(RecordsOf(0), RecordsOf(kControl));
}

// Two processes publish under one id at the same time: the first in the control partition counts.
TEST_F(ControlPublisherTest, WhatAnotherPublishedFirstStandsAndTheOtherIsToldSo) {
  v1::Event first = Activation();
  first.mutable_policy_activated()->set_approved_by("somebody else");
  ASSERT_TRUE(writer_->AppendAndFoldWait(kControl, first).ok());
  const absl::Status published = publisher_.Publish(Activation());
  EXPECT_TRUE(absl::IsAborted(published)) << published;
  EXPECT_THAT(RecordsOf(0), SizeIs(0)) << "nothing else is copied";
  ASSERT_TRUE(publisher_.EnsureCopies().ok());
  EXPECT_EQ(RecordsOf(0).front(), RecordsOf(kControl).front());
}

v1::HolidaysPublished Holidays(int first_year, int last_year, int day_of_january) {
  v1::HolidaysPublished holidays;
  holidays.set_calendar("england-and-wales");
  holidays.set_first_year(first_year);
  holidays.set_last_year(last_year);
  for (int year = first_year; year <= last_year; ++year) {
    v1::Date* day = holidays.add_holidays();
    day->set_year(year);
    day->set_month(1);
    day->set_day(static_cast<uint32_t>(day_of_january));
  }
  return holidays;
}

// domain.md 3.7: of each year the list published last says which days are working days.
TEST_F(ControlPublisherTest, HolidaysOfAYearAreThoseThatWerePublishedLast) {
  const auto working = [this](CivilDate day) {
    const auto controls = projector_->ControlsOfPartition(0);
    return controls->At({}, kNever - 1)->calendar->IsWorkingDay(day);
  };
  const CivilDate new_year_2027{2027, 1, 1};
  const CivilDate twelfth_2027{2027, 1, 12};
  const CivilDate new_year_2031{2031, 1, 1};
  EXPECT_FALSE(working(new_year_2027));  // Compiled in.
  EXPECT_TRUE(working(new_year_2031));   // Nobody has said anything about 2031.

  const auto published = publisher_.PublishHolidays(Holidays(2027, 2031, 12));
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_TRUE(*published);
  EXPECT_TRUE(working(new_year_2027));
  EXPECT_FALSE(working(twelfth_2027));
  EXPECT_FALSE(working({2026, 1, 1}));  // Another year: as before.
  EXPECT_EQ(RecordsOf(0), RecordsOf(kControl));

  ASSERT_TRUE(*publisher_.PublishHolidays(Holidays(2031, 2031, 1)));
  EXPECT_FALSE(working(new_year_2031));
  EXPECT_FALSE(working(twelfth_2027));
}

TEST_F(ControlPublisherTest, TheSameHolidaysAreNotPublishedTwice) {
  ASSERT_TRUE(*publisher_.PublishHolidays(Holidays(2027, 2031, 12)));
  const auto records = RecordsOf(kControl);
  EXPECT_FALSE(*publisher_.PublishHolidays(Holidays(2027, 2031, 12)));
  EXPECT_EQ(RecordsOf(kControl), records);
  // Said otherwise meanwhile, they are.
  ASSERT_TRUE(*publisher_.PublishHolidays(Holidays(2028, 2028, 1)));
  EXPECT_TRUE(*publisher_.PublishHolidays(Holidays(2027, 2031, 12)));
}

TEST_F(ControlPublisherTest, ActivatesADirectoryOnce) {
  const std::string directory = TRIGPOINT_SOURCE_DIR "/deploy/policies";
  ASSERT_TRUE(publisher_.ActivatePolicies(directory).ok());
  const auto records = RecordsOf(kControl);
  EXPECT_EQ(RecordsOf(0), records);
  ASSERT_TRUE(publisher_.ActivatePolicies(directory).ok());
  EXPECT_EQ(RecordsOf(kControl), records);
}

v1::PolicyActivated Decision(uint32_t version) {
  v1::PolicyActivated activated;
  v1::PolicyPack& pack = *activated.mutable_pack();
  pack.set_id("p");
  pack.set_version(version);
  pack.set_source_document("S2");
  pack.mutable_authority()->add_states("LOW");
  activated.set_approved_by("Quality Committee");
  activated.set_authority_ref("QC-2026-11/7");
  activated.set_reason("three, not two");
  activated.mutable_actor()->set_principal("operator");
  return activated;
}

// S0 9.2; S3 3.0: who approved a version, by which decision and why, is on record with it.
TEST_F(ControlPublisherTest, AnActivationIsOnRecordWithWhoDecidedItAndWhy) {
  const auto from = publisher_.ActivatePolicy(Decision(1), false);
  ASSERT_TRUE(from.ok()) << from.status();
  EXPECT_EQ(*from, writer_->Now() + kControlAheadUs);
  const auto controls = projector_->ControlsOfPartition(0);
  ASSERT_EQ(controls->state().controls_size(), 1);
  const v1::PolicyActivated& known = controls->state().controls(0).policy_activated();
  EXPECT_EQ(controls->state().controls(0).id(), "policy/p/1");
  EXPECT_EQ(known.approved_by(), "Quality Committee");
  EXPECT_EQ(known.authority_ref(), "QC-2026-11/7");
  EXPECT_EQ(known.reason(), "three, not two");
  EXPECT_EQ(known.actor().principal(), "operator");
  EXPECT_EQ(ToMicros(known.effective_from()), *from);
  EXPECT_EQ(RecordsOf(0), RecordsOf(kControl));
}

TEST_F(ControlPublisherTest, ACheckRecordsNothing) {
  const auto from = publisher_.ActivatePolicy(Decision(1), true);
  ASSERT_TRUE(from.ok()) << from.status();
  EXPECT_EQ(*from, writer_->Now() + kControlAheadUs);
  EXPECT_THAT(RecordsOf(kControl), SizeIs(0));
}

TEST_F(ControlPublisherTest, TheSameActivationAgainChangesNothing) {
  const auto first = publisher_.ActivatePolicy(Decision(1), false);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto records = RecordsOf(kControl);
  const auto again = publisher_.ActivatePolicy(Decision(1), false);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *first);
  EXPECT_EQ(RecordsOf(kControl), records);
}

TEST_F(ControlPublisherTest, VersionsOnlyRise) {
  ASSERT_TRUE(publisher_.ActivatePolicy(Decision(2), false).ok());
  const auto records = RecordsOf(kControl);
  const auto refused = [&](v1::PolicyActivated activated) {
    const auto answer = publisher_.ActivatePolicy(std::move(activated), false);
    EXPECT_EQ(RecordsOf(kControl), records);
    EXPECT_TRUE(absl::IsFailedPrecondition(answer.status())) << answer.status();
    return std::string(answer.status().message());
  };
  EXPECT_THAT(refused(Decision(1)), HasSubstr("version 2 was activated already: raise"));
  v1::PolicyActivated other = Decision(2);
  other.set_reason("another reason");
  EXPECT_THAT(refused(other), HasSubstr("version 2 was activated already: raise"));
  other.mutable_pack()->set_title("other");
  EXPECT_THAT(refused(other), HasSubstr("with other content"));
  EXPECT_TRUE(publisher_.ActivatePolicy(Decision(3), false).ok());
}

TEST_F(ControlPublisherTest, AVersionHoldsFromAnInstantThatLiesAheadAndInOrder) {
  const int64_t now_us = writer_->Now();
  v1::PolicyActivated past = Decision(1);
  SetMicros(now_us - 1, past.mutable_effective_from());
  EXPECT_THAT(std::string(publisher_.ActivatePolicy(past, false).status().message()),
              HasSubstr("effective_from: lies in the past"));
  v1::PolicyActivated later = Decision(1);
  SetMicros(now_us + kMicrosPerDay, later.mutable_effective_from());
  ASSERT_EQ(*publisher_.ActivatePolicy(later, false), now_us + kMicrosPerDay);
  // Version 1 would follow it and hold again.
  const auto before = publisher_.ActivatePolicy(Decision(2), false);
  EXPECT_TRUE(absl::IsFailedPrecondition(before.status())) << before.status();
  EXPECT_THAT(std::string(before.status().message()), HasSubstr("would follow this one"));
  v1::PolicyActivated in_order = Decision(2);
  SetMicros(now_us + kMicrosPerDay, in_order.mutable_effective_from());
  EXPECT_TRUE(publisher_.ActivatePolicy(in_order, false).ok());
}

TEST_F(ControlPublisherTest, APackThatDoesNotCompileNeverReachesTheLog) {
  v1::PolicyActivated broken = Decision(1);
  broken.mutable_pack()->mutable_authority()->clear_states();
  EXPECT_TRUE(absl::IsInvalidArgument(publisher_.ActivatePolicy(broken, false).status()));
  EXPECT_THAT(RecordsOf(kControl), SizeIs(0));
}

v1::PolicyRetired Retirement() {
  v1::PolicyRetired retired;
  retired.set_policy_id("p");
  retired.set_approved_by("Quality Committee");
  retired.set_authority_ref("QC-2027-02/3");
  retired.set_reason("replaced");
  retired.mutable_actor()->set_principal("operator");
  return retired;
}

// S0 9.2; S3 3.0
TEST_F(ControlPublisherTest, ARetirementIsOnRecordAndTheSameAgainChangesNothing) {
  ASSERT_TRUE(publisher_.ActivatePolicy(Decision(1), false).ok());
  const auto checked = publisher_.RetirePolicy(Retirement(), true);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_THAT(RecordsOf(kControl), SizeIs(1));
  const auto from = publisher_.RetirePolicy(Retirement(), false);
  ASSERT_TRUE(from.ok()) << from.status();
  EXPECT_EQ(*from, writer_->Now() + kControlAheadUs);
  const auto controls = projector_->ControlsOfPartition(0);
  ASSERT_EQ(controls->state().controls_size(), 2);
  EXPECT_EQ(controls->state().controls(1).policy_retired().authority_ref(), "QC-2027-02/3");
  EXPECT_EQ(controls->state().controls(1).policy_retired().actor().principal(), "operator");
  EXPECT_EQ(RecordsOf(0), RecordsOf(kControl));
  EXPECT_EQ(*publisher_.RetirePolicy(Retirement(), false), *from);
  EXPECT_THAT(RecordsOf(kControl), SizeIs(2));
}

TEST_F(ControlPublisherTest, OnlyWhatIsInForceIsTakenOutAndAHigherVersionPutsItBack) {
  EXPECT_TRUE(absl::IsNotFound(publisher_.RetirePolicy(Retirement(), false).status()));
  ASSERT_TRUE(publisher_.ActivatePolicy(Decision(1), false).ok());
  v1::PolicyRetired past = Retirement();
  SetMicros(writer_->Now() - 1, past.mutable_effective_from());
  EXPECT_TRUE(absl::IsInvalidArgument(publisher_.RetirePolicy(past, false).status()));
  v1::PolicyRetired later = Retirement();
  SetMicros(writer_->Now() + kMicrosPerDay, later.mutable_effective_from());
  ASSERT_TRUE(publisher_.RetirePolicy(later, false).ok());
  v1::PolicyRetired otherwise = Retirement();
  otherwise.set_reason("another reason");
  EXPECT_TRUE(absl::IsFailedPrecondition(publisher_.RetirePolicy(otherwise, false).status()));
  // A version before it would end with it.
  EXPECT_TRUE(absl::IsFailedPrecondition(publisher_.ActivatePolicy(Decision(2), false).status()));
  v1::PolicyActivated after = Decision(2);
  SetMicros(writer_->Now() + 2 * kMicrosPerDay, after.mutable_effective_from());
  EXPECT_TRUE(publisher_.ActivatePolicy(after, false).ok());
  EXPECT_EQ(projector_->ControlsOfPartition(0)->RetiredFrom("p"), kNever);
  // What was taken out and put back is taken out anew.
  v1::PolicyRetired again = Retirement();
  SetMicros(writer_->Now() + 3 * kMicrosPerDay, again.mutable_effective_from());
  EXPECT_EQ(*publisher_.RetirePolicy(again, false), writer_->Now() + 3 * kMicrosPerDay);
}

// What people activated by a call is not put back by the file that a node starts with.
TEST_F(ControlPublisherTest, AnOlderFileChangesNothing) {
  const std::string directory = TRIGPOINT_SOURCE_DIR "/deploy/policies";
  const auto packs = ReadPackDirectory(directory);
  ASSERT_TRUE(packs.ok()) << packs.status();
  for (const auto& pack : *packs) {
    v1::PolicyActivated next = Decision(1);
    *next.mutable_pack() = pack;
    next.mutable_pack()->set_version(pack.version() + 1);
    ASSERT_TRUE(publisher_.ActivatePolicy(next, false).ok());
  }
  const auto records = RecordsOf(kControl);
  ASSERT_TRUE(publisher_.ActivatePolicies(directory).ok());
  EXPECT_EQ(RecordsOf(kControl), records);
}

}  // namespace
}  // namespace trigpoint
