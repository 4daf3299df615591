#include "services/query/decision_outcome.h"

#include <gmock/gmock.h>

#include "google/rpc/error_details.pb.h"
#include "services/common/tests/error_detail.h"

namespace trigpoint {
namespace {

v1::DecisionRecord Decision(v1::DecisionRecord::Outcome outcome) {
  v1::DecisionRecord decision;
  decision.set_decision_id("d1");
  decision.set_outcome(outcome);
  decision.mutable_decision()->set_kind(v1::DecisionProposed::KIND_MOVE);
  decision.mutable_decision()->set_from_state("LEVEL_1");
  decision.mutable_decision()->set_to_state("LEVEL_2");
  return decision;
}

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status);
}

TEST(DecisionOutcome, AnswersWhatWasRecordedPendingOrBlocked) {
  v1::ProposeDecisionResponse response;
  EXPECT_TRUE(AnswerDecision(Decision(v1::DecisionRecord::OUTCOME_RECORDED), &response).ok());
  EXPECT_EQ(response.outcome(), v1::ProposeDecisionResponse::OUTCOME_RECORDED);
  EXPECT_EQ(response.decided_state(), "LEVEL_2");
  EXPECT_EQ(response.decision_id(), "d1");
  EXPECT_TRUE(
      AnswerDecision(Decision(v1::DecisionRecord::OUTCOME_PENDING_CONCURRENCE), &response).ok());
  EXPECT_EQ(response.outcome(), v1::ProposeDecisionResponse::OUTCOME_PENDING_CONCURRENCE);
  EXPECT_EQ(response.decided_state(), "LEVEL_1");
  EXPECT_TRUE(AnswerDecision(Decision(v1::DecisionRecord::OUTCOME_BLOCKED), &response).ok());
  EXPECT_EQ(response.outcome(), v1::ProposeDecisionResponse::OUTCOME_BLOCKED);
}

TEST(DecisionOutcome, NamesTheClauseWhereTheAuthorityIsMissing) {
  v1::DecisionRecord decision = Decision(v1::DecisionRecord::OUTCOME_REFUSED_AUTHORITY);
  decision.set_clause("S2 3.4.4");
  decision.set_reason("the move is authorised by ICB_AUTHORISER");
  decision.set_refusal(v1::DecisionRecord::REFUSAL_AUTHORITY);
  v1::ProposeDecisionResponse response;
  const grpc::Status status = AnswerDecision(decision, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("S2 3.4.4"));
  EXPECT_EQ(InfoOf(status).reason(), "AUTHORITY");
  EXPECT_EQ(InfoOf(status).metadata().at("clause"), "S2 3.4.4");
}

// S2 3.4.4, S1 L170-172
TEST(DecisionOutcome, NamesWhatTheDecisionNeedsApartFromWhoMayDecide) {
  v1::ProposeDecisionResponse response;
  v1::DecisionRecord decision = Decision(v1::DecisionRecord::OUTCOME_REFUSED_AUTHORITY);
  decision.set_clause("S2 3.4.4");
  decision.set_reason("the move requires meeting_id");
  decision.set_refusal(v1::DecisionRecord::REFUSAL_REQUIREMENT);
  decision.set_missing("meeting_id");
  const grpc::Status status = AnswerDecision(decision, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(InfoOf(status).reason(), "REQUIREMENT_MISSING");
  EXPECT_EQ(InfoOf(status).metadata().at("field"), "meeting_id");
  EXPECT_EQ(InfoOf(status).metadata().at("clause"), "S2 3.4.4");
}

TEST(DecisionOutcome, IsNoMistakeOfTheRequestWhereTheStateIsDecidedAlready) {
  v1::ProposeDecisionResponse response;
  v1::DecisionRecord decision = Decision(v1::DecisionRecord::OUTCOME_REFUSED_INVALID);
  decision.set_reason("the decided state is that already");
  decision.set_refusal(v1::DecisionRecord::REFUSAL_DECIDED_ALREADY);
  const grpc::Status status = AnswerDecision(decision, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(InfoOf(status).reason(), "DECIDED_ALREADY");
  EXPECT_EQ(InfoOf(status).metadata().at("decided_state"), "LEVEL_2");
}

TEST(DecisionOutcome, NamesTheFieldOfTheRequestThatIsWrong) {
  v1::ProposeDecisionResponse response;
  v1::DecisionRecord decision = Decision(v1::DecisionRecord::OUTCOME_REFUSED_INVALID);
  decision.set_reason("the policy has no such state");
  decision.set_refusal(v1::DecisionRecord::REFUSAL_UNKNOWN_STATE);
  const grpc::Status status = AnswerDecision(decision, &response);
  EXPECT_EQ(status.error_message(), "to_state: the policy has no such state [UNKNOWN_STATE]");
}

TEST(DecisionOutcome, IsAbortedWhereTheBasisMoved) {
  v1::ProposeDecisionResponse response;
  v1::DecisionRecord decision = Decision(v1::DecisionRecord::OUTCOME_REFUSED_BASIS_MOVED);
  decision.set_refusal(v1::DecisionRecord::REFUSAL_BASIS_MOVED);
  const grpc::Status status = AnswerDecision(decision, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
}

TEST(DecisionOutcome, TellsAnInvalidRequestFromARuleThatForbidsIt) {
  v1::ProposeDecisionResponse response;
  v1::DecisionRecord decision = Decision(v1::DecisionRecord::OUTCOME_REFUSED_INVALID);
  EXPECT_EQ(AnswerDecision(decision, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  decision.set_clause("S3 3.0");
  EXPECT_EQ(AnswerDecision(decision, &response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace trigpoint
