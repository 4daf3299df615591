#include "services/ingest/submission_trace.h"

#include "ingest_fixture.h"

namespace trigpoint {
namespace {

using Response = v1::TraceSubmissionResponse;

class SubmissionTraceTest : public IngestTest {
 protected:
  absl::StatusOr<Response> Trace(const v1::Event& event,
                                 v1::Sensitivity clearance = v1::SENSITIVITY_C3_PSEUDONYMISED) {
    EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    return TraceSubmission(*projector_,
                           {.source = event.source(), .id = event.id(), .clearance = clearance});
  }

  v1::Event Of(std::string_view source, v1::Event event) const {
    event.set_source(std::string(source));
    return event;
  }
};

TEST_F(SubmissionTraceTest, TellsThatAReportWasReceived) {
  ASSERT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  const v1::Event incident = Incident("1-1", 1);
  ASSERT_EQ(OutcomeOf(incident), v1::SUBMISSION_OUTCOME_ACCEPTED);
  const auto traced = Trace(incident);
  ASSERT_TRUE(traced.ok()) << traced.status();
  EXPECT_EQ(traced->standing(), Response::STANDING_RECEIVED);
  EXPECT_EQ(traced->source_version(), 1U);
  EXPECT_EQ(traced->subject().value(), "1-1");
  EXPECT_EQ(traced->other_reports(), 0U);
  EXPECT_EQ(ToMicros(traced->received_at()), now_us_.load());
}

TEST_F(SubmissionTraceTest, TellsThatAReportWaitsForItsService) {
  const v1::Event incident = Incident("1-1", 1);
  ASSERT_EQ(OutcomeOf(incident), v1::SUBMISSION_OUTCOME_WAITING);
  const auto traced = Trace(incident);
  ASSERT_TRUE(traced.ok()) << traced.status();
  EXPECT_EQ(traced->standing(), Response::STANDING_WAITING);
}

TEST_F(SubmissionTraceTest, TellsWhyAReportWasRefusedAndThatItsFirstVersionStands) {
  ASSERT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  v1::Event incident = Incident("1-1", 1);
  incident.mutable_incident_reported()->set_ward("bed of 943 476 5919");
  ASSERT_EQ(OutcomeOf(incident), v1::SUBMISSION_OUTCOME_REFUSED);
  auto traced = Trace(incident);
  ASSERT_TRUE(traced.ok()) << traced.status();
  EXPECT_EQ(traced->standing(), Response::STANDING_REFUSED);
  ASSERT_EQ(traced->violations_size(), 1);
  EXPECT_EQ(traced->violations(0).rule(), "NHS_NUMBER_IN_TEXT");
  EXPECT_FALSE(traced->quarantine_id().empty());
  ASSERT_EQ(OutcomeOf(Incident("1-1", 1)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  traced = Trace(incident);
  ASSERT_TRUE(traced.ok()) << traced.status();
  EXPECT_EQ(traced->standing(), Response::STANDING_RECEIVED);
  EXPECT_FALSE(traced->quarantine_id().empty());
}

TEST_F(SubmissionTraceTest, TellsThatAReportWasTakenBack) {
  ASSERT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  v1::Event incident = Incident("1-1", 1);
  ASSERT_EQ(OutcomeOf(incident), v1::SUBMISSION_OUTCOME_ACCEPTED);
  incident.set_source_version(2);
  incident.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_DUPLICATE);
  ASSERT_EQ(OutcomeOf(incident), v1::SUBMISSION_OUTCOME_ACCEPTED);
  const auto traced = Trace(incident);
  ASSERT_TRUE(traced.ok()) << traced.status();
  EXPECT_EQ(traced->standing(), Response::STANDING_TAKEN_BACK);
  EXPECT_EQ(traced->source_version(), 2U);
}

// 3.8 (2); how many, never who.
TEST_F(SubmissionTraceTest, CountsWhatOthersReportOfTheSameIncident) {
  ASSERT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  v1::Event first = Incident("1-1", 1);
  first.set_incident_key("LFPSE-1");
  v1::Event second = Of("council/safeguarding", first);
  ASSERT_EQ(OutcomeOf(first), v1::SUBMISSION_OUTCOME_ACCEPTED);
  ASSERT_EQ(OutcomeOf(second), v1::SUBMISSION_OUTCOME_ACCEPTED);
  const auto traced = Trace(first);
  ASSERT_TRUE(traced.ok()) << traced.status();
  EXPECT_EQ(traced->other_reports(), 1U);
  const auto uncleared = Trace(first, v1::SENSITIVITY_C1_ORGANISATIONAL);
  ASSERT_TRUE(uncleared.ok()) << uncleared.status();
  EXPECT_TRUE(uncleared->parts_withheld());
  EXPECT_EQ(uncleared->other_reports(), 0U);
}

// 3.10 (8): what a protected source said, and whether it counts, is told to nobody, not by the
// count of another's report either.
TEST_F(SubmissionTraceTest, TellsNothingOfWhatAProtectedSourceIsPartOf) {
  ASSERT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  v1::Event whistle = EventOf("cqc/whistleblowing", "W-1", "1-1");
  whistle.set_incident_key("LFPSE-1");
  whistle.mutable_whistleblowing_concern_received()->set_anonymous(true);
  v1::Event incident = Incident("1-1", 1);
  incident.set_incident_key("LFPSE-1");
  ASSERT_EQ(OutcomeOf(whistle), v1::SUBMISSION_OUTCOME_ACCEPTED);
  ASSERT_EQ(OutcomeOf(incident), v1::SUBMISSION_OUTCOME_ACCEPTED);
  const auto protected_one = Trace(whistle);
  ASSERT_TRUE(protected_one.ok()) << protected_one.status();
  EXPECT_EQ(protected_one->standing(), Response::STANDING_RECEIVED);
  EXPECT_TRUE(protected_one->parts_withheld());
  const auto traced = Trace(incident);
  ASSERT_TRUE(traced.ok()) << traced.status();
  EXPECT_EQ(traced->other_reports(), 0U);
}

TEST_F(SubmissionTraceTest, KnowsNothingOfWhatNeverCame) {
  const auto traced = Trace(Incident("1-1", 1));
  EXPECT_EQ(traced.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace trigpoint
