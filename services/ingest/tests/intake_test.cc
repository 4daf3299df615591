#include "services/ingest/intake.h"

#include "ingest_fixture.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<const v1::Event*> PointersTo(const std::vector<v1::Event>& events) {
  std::vector<const v1::Event*> pointers;
  pointers.reserve(events.size());
  for (const auto& event : events) pointers.push_back(&event);
  return pointers;
}

class IntakeTest : public IngestTest {
 protected:
  size_t Prepare(const std::vector<v1::Event>& events) {
    return intake_->PrepareBindings(PointersTo(events));
  }
};

TEST_F(IntakeTest, BindsTheServicesOfManyItemsWithOneAppend) {
  std::vector<v1::Event> items;
  for (int i = 0; i < 32; ++i) {
    const std::string location = "1-" + std::to_string(i);
    items.push_back(Registration(location));
    items.push_back(Incident(location, i));
  }
  EXPECT_EQ(Prepare(items), items.size());
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(32));
  for (const auto& item : items) EXPECT_EQ(OutcomeOf(item), v1::SUBMISSION_OUTCOME_ACCEPTED);
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(32)) << "bound again, one by one";
}

// History of 15,648 services took 80 s of single bindings before anything of it was sent.
TEST_F(IntakeTest, BindsTheServicesOfManyBracketsWithOneAppend) {
  std::vector<v1::Event> brackets;
  for (int i = 0; i < 16; ++i) {
    v1::Event& bracket = brackets.emplace_back(Registration("1-" + std::to_string(i)));
    bracket.set_id("b/" + std::to_string(i));
    const v1::SubjectRef subject = bracket.subject();
    bracket.mutable_backfill_started()->set_batch("b");
    *bracket.mutable_backfill_started()->add_ids() = subject;
  }
  EXPECT_EQ(Prepare(brackets), brackets.size());
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(16));
}

TEST_F(IntakeTest, BindsWhatWasNotPrepared) {
  EXPECT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  EXPECT_EQ(OutcomeOf(Incident("1-1", 1)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(1));
}

TEST_F(IntakeTest, LetsAnEventThatComesBeforeItsServiceWait) {
  const std::vector<v1::Event> items{Registration("1-1"), Incident("1-2", 1), Registration("1-2"),
                                     Registration("1-3")};
  const auto pointers = PointersTo(items);
  ASSERT_EQ(intake_->PrepareBindings(pointers), 2U);
  EXPECT_EQ(OutcomeOf(items[0]), v1::SUBMISSION_OUTCOME_ACCEPTED);
  EXPECT_EQ(OutcomeOf(items[1]), v1::SUBMISSION_OUTCOME_WAITING);
  EXPECT_EQ(intake_->PrepareBindings(std::span(pointers).subspan(2)), 2U);
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(1, 2));
}

TEST_F(IntakeTest, ProposesABindingOnce) {
  const std::vector<v1::Event> items{Registration("1-1"), Incident("1-1", 1), Registration("1-1")};
  EXPECT_EQ(Prepare(items), 3U);
  EXPECT_EQ(Prepare(items), 3U);
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(1));
}

TEST_F(IntakeTest, GivesAServiceOneStreamUnderAllItsIds) {
  std::vector<v1::Event> items{Registration("1-1"), Registration("1-2")};
  *items[1].mutable_service_registered()->add_also_known_as() = items[0].subject();
  EXPECT_EQ(Prepare(items), 2U);
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(2));
  const auto first = Submit(items[0]);
  const auto second = Submit(items[1]);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->stream_id, second->stream_id);
}

TEST_F(IntakeTest, BindsNothingForWhatItRefuses) {
  std::vector<v1::Event> items{Registration("1-1"), Incident("1-1", 1), Registration("1-1")};
  items[0].set_id("");
  ASSERT_EQ(Prepare(items), 2U) << "the incident comes before the service";
  EXPECT_THAT(log_.AppendsTo(kControl), IsEmpty());
  EXPECT_EQ(OutcomeOf(items[0]), v1::SUBMISSION_OUTCOME_REFUSED);
  EXPECT_EQ(OutcomeOf(items[1]), v1::SUBMISSION_OUTCOME_WAITING);
}

TEST_F(IntakeTest, PassesOverItemsThatAreNotSubmitted) {
  const v1::Event registration = Registration("1-1");
  const std::vector<const v1::Event*> items{nullptr, &registration, nullptr};
  EXPECT_EQ(intake_->PrepareBindings(items), 3U);
  EXPECT_THAT(log_.AppendsTo(kControl), ElementsAre(1));
  EXPECT_EQ(intake_->PrepareBindings({}), 0U);
}

TEST_F(IntakeTest, MeasuresReportsThatAreVisibleAtOnceAndNoOthers) {
  const v1::Event incident = Incident("1-1", 1);
  EXPECT_EQ(OutcomeOf(incident), v1::SUBMISSION_OUTCOME_WAITING);
  EXPECT_THAT(metrics_->Text(), HasSubstr("trigpoint_report_to_visible_seconds_count 0\n"));
  EXPECT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  EXPECT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_DUPLICATE);
  now_us_ += 86'400'000'000;
  const auto stream = intake_->StreamOfWaiting(incident);
  ASSERT_TRUE(stream.has_value());
  EXPECT_TRUE(intake_->Release(incident, *stream).ok());
  EXPECT_EQ(OutcomeOf(Incident("1-1", 2)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  const std::string text = metrics_->Text();
  EXPECT_THAT(text, HasSubstr("trigpoint_report_to_visible_seconds_count 2\n"));
  EXPECT_THAT(text, HasSubstr("trigpoint_report_to_visible_seconds_bucket{le=\"60\"} 2\n"));
}

TEST_F(IntakeTest, MeasuresHowLongAnAppendTakesToBeDurable) {
  EXPECT_THAT(metrics_->Text(), HasSubstr("trigpoint_commit_seconds_count 0\n"));
  EXPECT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  // The binding and the registration.
  EXPECT_THAT(metrics_->Text(), HasSubstr("trigpoint_commit_seconds_count 2\n"));
}

}  // namespace
}  // namespace trigpoint
