#include "services/ingest/control_publisher.h"

#include "ingest_fixture.h"
#include "services/ingest/directory.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/policy/instants.h"

namespace trigpoint {
namespace {

using testing::Each;
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

}  // namespace
}  // namespace trigpoint
