#include "services/ingest/clock.h"

#include "ingest_fixture.h"
#include "services/ingest/control_publisher.h"
#include "services/ingest/directory.h"
#include "trigpoint/base/time.h"
#include "trigpoint/engine/pack_file.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

int64_t InstantOf(std::string_view text) {
  const auto instant = ParseInstant(text);
  EXPECT_TRUE(instant.ok()) << text;
  return instant.value_or(0);
}

TEST(TimeEventOf, IsTheDayWhereALondonDayBegins) {
  const v1::Event winter = TimeEventOf(InstantOf("2026-01-05T00:00:00Z"), "prv-1");
  EXPECT_EQ(winter.id(), "day/2026-01-05/prv-1");
  EXPECT_EQ(winter.day_started().day().day(), 5);
  EXPECT_EQ(ToMicros(winter.received_at()), InstantOf("2026-01-05T00:00:00Z") + 1);
  EXPECT_EQ(TimeEventOf(InstantOf("2026-06-30T23:00:00Z"), "prv-1").id(), "day/2026-07-01/prv-1");
}

TEST(TimeEventOf, IsTheDeadlineAtAnyOtherInstant) {
  const int64_t due_us = InstantOf("2026-07-01T00:00:00Z");  // One in the morning, in London.
  const v1::Event event = TimeEventOf(due_us, "prv-1");
  EXPECT_EQ(ToMicros(event.deadline_passed().due_at()), due_us);
  EXPECT_EQ(event.id(), event.deadline_passed().timer_key());
}

class ClockTest : public IngestTest {
 protected:
  ClockTest() {
    now_us_ = InstantOf("2026-01-01T12:00:00Z");
    EXPECT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
    EXPECT_EQ(OutcomeOf(Registration("1-2")), v1::SUBMISSION_OUTCOME_ACCEPTED);
    v1::Event suspension = EventOf("council/contracts", "suspension-1", "1-1");
    suspension.mutable_suspension_imposed()->set_scope(v1::SuspensionImposed::SCOPE_WHOLE);
    auto* starts = suspension.mutable_suspension_imposed()->mutable_starts_on();
    starts->set_year(2026);
    starts->set_month(1);
    starts->set_day(5);
    EXPECT_EQ(OutcomeOf(suspension), v1::SUBMISSION_OUTCOME_ACCEPTED);
    AwaitFold();  // The timer is in the store.
  }

  std::unique_ptr<Clock> NewClock() {
    return std::make_unique<Clock>(projector_.get(), writer_.get(), nullptr, nullptr,
                                   ClockOptions{});
  }

  /// Kinds of the events of a service, as its timeline has them.
  std::vector<std::string> KindsOf(const std::string& location) const {
    const auto stream_id = projector_->StreamOf("cqc-location", location);
    const auto events = projector_->ReadEvents(stream_id.value_or(""), 0, UINT64_MAX);
    EXPECT_TRUE(events.ok()) << events.status();
    std::vector<std::string> kinds;
    for (const auto& stored : *events) {
      const auto& event = stored.event();
      kinds.push_back(event.has_day_started() ? "day " + event.id().substr(4, 10) : "reported");
    }
    return kinds;
  }

  void AwaitFold() { ASSERT_TRUE(projector_->WaitUntilCaughtUp(30'000)); }
};

// Rule: DL-22; S4 3.0 (QM10, daily)
TEST_F(ClockTest, StartsADayOnceWhereAServiceNeedsItAndNowhereElse) {
  now_us_ = InstantOf("2026-01-05T00:00:59Z");
  const auto clock = NewClock();
  clock->FireTimers();
  AwaitFold();
  EXPECT_THAT(KindsOf("1-1"), ElementsAre("reported", "reported")) << "events still have time";
  now_us_ = InstantOf("2026-01-05T00:01:01Z");
  clock->FireTimers();
  clock->FireTimers();
  AwaitFold();
  EXPECT_THAT(KindsOf("1-1"), ElementsAre("reported", "reported", "day 2026-01-05"));
  EXPECT_THAT(KindsOf("1-2"), ElementsAre("reported"));
  EXPECT_TRUE(projector_->DueTimers(now_us_, 10).empty());
}

TEST_F(ClockTest, LeavesNoTimerBehindWhereAPolicyBeginsWithTheDay) {
  const auto pack = FindPack("herefordshire", TRIGPOINT_SOURCE_DIR "/deploy/policies");
  ASSERT_TRUE(pack.ok()) << pack.status();
  v1::Event policy;
  policy.set_source(std::string(kControlSource));
  policy.set_id("policy/1");
  policy.set_source_version(1);
  auto* activated = policy.mutable_policy_activated();
  *activated->mutable_pack() = *pack;
  SetMicros(InstantOf("2026-01-05T00:00:00Z"), activated->mutable_effective_from());
  ASSERT_TRUE(ControlPublisher(projector_.get(), writer_.get()).Publish(policy).ok());
  AwaitFold();
  now_us_ = InstantOf("2026-01-05T00:02:00Z");
  EXPECT_THAT(projector_->DueTimers(now_us_, 10), SizeIs(2));
  NewClock()->FireTimers();
  AwaitFold();
  EXPECT_THAT(projector_->DueTimers(now_us_, 10), IsEmpty());
}

TEST_F(ClockTest, StartsADayOnceHoweverManyClocksRun) {
  now_us_ = InstantOf("2026-01-05T00:02:00Z");
  // Both looked before either wrote.
  const v1::Event day = TimeEventOf(InstantOf("2026-01-05T00:00:00Z"),
                                    projector_->StreamOf("cqc-location", "1-1").value_or(""));
  NewClock()->FireTimers();
  ASSERT_TRUE(writer_->AppendAndFoldWait(0, day).ok());
  AwaitFold();
  EXPECT_THAT(KindsOf("1-1"), ElementsAre("reported", "reported", "day 2026-01-05"));
}

TEST_F(ClockTest, LeavesADayToWhoeverOwnsThePartition) {
  now_us_ = InstantOf("2026-01-05T00:02:00Z");
  projector_->Disown({0});
  const auto clock = NewClock();
  clock->FireTimers();
  AwaitFold();
  EXPECT_THAT(KindsOf("1-1"), ElementsAre("reported", "reported"));
  Own({0});
  clock->FireTimers();
  AwaitFold();
  EXPECT_THAT(KindsOf("1-1"), ElementsAre("reported", "reported", "day 2026-01-05"));
}

TEST_F(ClockTest, CopiesWhatItsPublisherDidNotOnlyAfterAWhile) {
  ControlPublisher publisher(projector_.get(), writer_.get());
  BaselinePublisher baselines(projector_.get(), writer_.get(), &publisher);
  Clock clock(projector_.get(), writer_.get(), &publisher, &baselines, ClockOptions{});
  v1::Event control = EventOf("trigpoint/control", "holidays/england-and-wales/1", "1-1");
  control.clear_subject();
  auto* holidays = control.mutable_holidays_published();
  holidays->set_calendar("england-and-wales");
  holidays->set_first_year(2031);
  holidays->set_last_year(2031);
  SetMicros(now_us_, control.mutable_received_at());
  SetMicros(now_us_ + kControlAheadUs, holidays->mutable_effective_from());
  ASSERT_TRUE(writer_->AppendAndFoldWait(kControl, control).ok());
  clock.Publish();
  EXPECT_FALSE(projector_->ControlsOfPartition(0)->Has(control.id())) << "it may be on its way";
  now_us_ += 6'000'000;
  clock.Publish();
  EXPECT_TRUE(projector_->ControlsOfPartition(0)->Has(control.id()));
}

TEST_F(ClockTest, PublishesBaselinesWhereItOwnsTheControlPartition) {
  ControlPublisher publisher(projector_.get(), writer_.get());
  BaselinePublisher baselines(projector_.get(), writer_.get(), &publisher);
  Clock clock(projector_.get(), writer_.get(), &publisher, &baselines, ClockOptions{});
  v1::Event home = Registration("1-3");
  home.mutable_service_registered()->set_beds(20);
  ASSERT_EQ(OutcomeOf(home), v1::SUBMISSION_OUTCOME_ACCEPTED);
  now_us_ += 2 * kMicrosPerMinute;
  projector_->Disown({kControl});
  const size_t before = RecordsOf(kControl).size();
  clock.Publish();
  EXPECT_EQ(RecordsOf(kControl).size(), before);
  Own({kControl});
  clock.Publish();
  const size_t published = RecordsOf(kControl).size();
  EXPECT_GT(published, before);
  clock.Publish();
  EXPECT_EQ(RecordsOf(kControl).size(), published) << "once a day";
}

TEST_F(ClockTest, StartsADayOnceOverRestarts) {
  now_us_ = InstantOf("2026-01-05T00:02:00Z");
  NewClock()->FireTimers();
  AwaitFold();
  const size_t records = RecordsOf(0).size();
  Stop();
  Open();
  NewClock()->FireTimers();
  AwaitFold();
  EXPECT_EQ(RecordsOf(0).size(), records);
  EXPECT_THAT(KindsOf("1-1"), ElementsAre("reported", "reported", "day 2026-01-05"));
}

}  // namespace
}  // namespace trigpoint
