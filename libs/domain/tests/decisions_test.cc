#include "trigpoint/domain/decisions.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace trigpoint {
namespace {

using Outcome = v1::DecisionRecord;

void Allow(const std::string& from, const std::string& to, const std::string& role,
           const std::string& clause, const std::vector<std::string>& needs,
           v1::AuthorityMatrix* matrix) {
  auto* transition = matrix->add_transitions();
  transition->set_from_state(from);
  transition->set_to_state(to);
  transition->add_roles(role);
  transition->set_clause(clause);
  for (const auto& need : needs) transition->add_needs(need);
}

/// S2 3.4.3-3.4.4.
v1::AuthorityMatrix Herefordshire() {
  v1::AuthorityMatrix matrix;
  for (const char* state : {"L1", "L2", "L3"}) matrix.add_states(state);
  Allow("L1", "L2", "TEAM_MANAGER", "S2 3.4.3", {}, &matrix);
  Allow("L2", "L3", "PANEL", "S2 3.4.4", {"meeting_id"}, &matrix);
  Allow("L3", "L2", "PANEL", "S2 3.4.4", {"meeting_id"}, &matrix);
  Allow("L2", "L1", "PANEL", "S2 3.4.4", {"meeting_id"}, &matrix);
  for (auto& transition : *matrix.mutable_transitions())
    transition.set_joint_if_jointly_commissioned(true);
  matrix.add_decline_roles("TEAM_MANAGER");
  matrix.set_decline_clause("S2 3.4.3");
  return matrix;
}

/// S1 L169-172.
v1::AuthorityMatrix Nqb() {
  v1::AuthorityMatrix matrix;
  for (const char* state : {"L1", "L2", "L3"}) matrix.add_states(state);
  Allow("L1", "L2", "ICB", "S1 L169", {}, &matrix);
  Allow("L2", "L3", "NHSE", "S1 L170-172", {"risk_profile_ref", "sqg_ref"}, &matrix);
  matrix.mutable_transitions(1)->set_override_waives_requirements(true);
  return matrix;
}

v1::PolicyRecord At(const std::string& state, const std::string& recommended) {
  v1::PolicyRecord record;
  record.set_decided_state(state);
  record.set_head("head");
  record.set_awaiting_decision(!recommended.empty());
  record.mutable_recommendation()->set_target_state(recommended);
  auto* criterion = record.mutable_recommendation()->add_criteria();
  criterion->set_value(v1::TRUTH_VALUE_TRUE);
  criterion->add_evidence()->set_id("e");
  return record;
}

v1::DecisionProposed Move(const std::string& to, const std::string& role) {
  v1::DecisionProposed proposal;
  proposal.set_kind(v1::DecisionProposed::KIND_MOVE);
  proposal.set_to_state(to);
  proposal.set_based_on("head");
  proposal.mutable_actor()->add_roles(role);
  proposal.mutable_actor()->set_organisation("council");
  return proposal;
}

v1::DecisionProposed With(v1::DecisionProposed proposal, const std::string& what) {
  if (what == "meeting") proposal.set_meeting_id("m");
  if (what == "refs") {
    proposal.set_risk_profile_ref("r");
    proposal.set_sqg_ref("s");
  }
  if (what == "override") proposal.set_override(true);
  if (what == "reasoned override") {
    proposal.set_override(true);
    proposal.set_rationale_code("WHY");
  }
  return proposal;
}

struct Row {
  std::string name;
  bool nqb;
  std::string from;
  std::string recommended;
  std::string to;
  std::string role;
  std::string with;
  Outcome::Outcome outcome;
  std::string clause;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class AuthorityTest : public testing::TestWithParam<Row> {};

TEST_P(AuthorityTest, DecidesWhoMayMoveWhat) {
  const Row& row = GetParam();
  const v1::AuthorityMatrix matrix = row.nqb ? Nqb() : Herefordshire();
  v1::PolicyRecord record = At(row.from, row.recommended);
  const auto decision = FoldProposal(With(Move(row.to, row.role), row.with), "d", 5,
                                     {.authority = &matrix, .commissioners = {}}, &record);
  EXPECT_EQ(Outcome::Outcome_Name(decision.outcome()), Outcome::Outcome_Name(row.outcome))
      << decision.reason();
  EXPECT_EQ(decision.clause(), row.clause);
  const bool recorded = row.outcome == Outcome::OUTCOME_RECORDED;
  EXPECT_EQ(record.decided_state(), recorded ? row.to : row.from);
  EXPECT_EQ(record.head(), recorded ? "d" : "head");
  EXPECT_EQ(record.decisions_size(), 1);
}

constexpr auto kYes = Outcome::OUTCOME_RECORDED;
constexpr auto kNo = Outcome::OUTCOME_REFUSED_AUTHORITY;

INSTANTIATE_TEST_SUITE_P(
    Of, AuthorityTest,
    testing::Values(
        Row{"TeamManagerStepsUp", false, "L1", "L2", "L2", "TEAM_MANAGER", "", kYes, "S2 3.4.3"},
        Row{"AStepOnTheWay", false, "L1", "L3", "L2", "TEAM_MANAGER", "", kYes, "S2 3.4.3"},
        Row{"AnotherRoleDoesNot", false, "L1", "L2", "L2", "OFFICER", "", kNo, "S2 3.4.3"},
        Row{"PanelToLevel3", false, "L2", "L3", "L3", "PANEL", "meeting", kYes, "S2 3.4.4"},
        Row{"PanelWithoutMeeting", false, "L2", "L3", "L3", "PANEL", "", kNo, "S2 3.4.4"},
        Row{"TeamManagerToLevel3", false, "L2", "L3", "L3", "TEAM_MANAGER", "meeting", kNo,
            "S2 3.4.4"},
        // A32
        Row{"TeamManagerDownFrom3", false, "L3", "L2", "L2", "TEAM_MANAGER", "", kNo, "S2 3.4.4"},
        Row{"PanelDownFrom3", false, "L3", "L2", "L2", "PANEL", "meeting", kYes, "S2 3.4.4"},
        Row{"PanelDownOnTheWay", false, "L3", "L1", "L2", "PANEL", "meeting", kYes, "S2 3.4.4"},
        Row{"PanelDownFrom2", false, "L2", "L1", "L1", "PANEL", "meeting", kYes, "S2 3.4.4"},
        Row{"TwoStepsAtOnce", false, "L1", "L3", "L3", "PANEL", "meeting", kNo, "3.5 rule f"},
        Row{"NoRecommendation", false, "L1", "", "L2", "TEAM_MANAGER", "", kNo, "S3 3.0"},
        Row{"OtherWay", false, "L2", "L1", "L3", "PANEL", "meeting", kNo, "S3 3.0"},
        Row{"OverrideWithoutReason", false, "L1", "", "L2", "TEAM_MANAGER", "override", kNo,
            "S3 3.0"},
        Row{"OverrideWithReason", false, "L1", "", "L2", "TEAM_MANAGER", "reasoned override", kYes,
            "S2 3.4.3"},
        Row{"OverrideDoesNotWaiveTheMeeting", false, "L2", "L3", "L3", "PANEL", "reasoned override",
            kNo, "S2 3.4.4"},
        Row{"SameState", false, "L2", "L2", "L2", "PANEL", "meeting",
            Outcome::OUTCOME_REFUSED_INVALID, ""},
        Row{"NoSuchState", false, "L2", "", "L9", "PANEL", "meeting",
            Outcome::OUTCOME_REFUSED_INVALID, ""},
        Row{"IcbToEnhanced", true, "L1", "L2", "L2", "ICB", "", kYes, "S1 L169"},
        // A25
        Row{"IcbToIntensive", true, "L2", "L3", "L3", "ICB", "refs", kNo, "S1 L170-172"},
        Row{"NhseWithRefs", true, "L2", "L3", "L3", "NHSE", "refs", kYes, "S1 L170-172"},
        Row{"NhseWithoutRefs", true, "L2", "L3", "L3", "NHSE", "", kNo, "S1 L170-172"},
        Row{"NhseWithReason", true, "L2", "L3", "L3", "NHSE", "reasoned override", kYes,
            "S1 L170-172"}),
    [](const auto& row) { return row.param.name; });

TEST(FoldProposal, IsAbortedWhenTheBasisMoved) {
  const v1::AuthorityMatrix matrix = Herefordshire();
  v1::PolicyRecord record = At("L1", "L2");
  record.set_head("another");
  const auto decision = FoldProposal(Move("L2", "TEAM_MANAGER"), "d", 5,
                                     {.authority = &matrix, .commissioners = {}}, &record);
  EXPECT_EQ(decision.outcome(), Outcome::OUTCOME_REFUSED_BASIS_MOVED);
  v1::PolicyRecord moved = At("L2", "L3");
  v1::DecisionProposed from = With(Move("L3", "PANEL"), "meeting");
  from.set_from_state("L1");
  EXPECT_EQ(
      FoldProposal(from, "d", 5, {.authority = &matrix, .commissioners = {}}, &moved).outcome(),
      Outcome::OUTCOME_REFUSED_BASIS_MOVED);
}

TEST(FoldProposal, IsInvalidWhereThePolicyIsNotInForce) {
  v1::PolicyRecord record = At("L1", "L2");
  EXPECT_EQ(FoldProposal(Move("L2", "TEAM_MANAGER"), "d", 5, {}, &record).outcome(),
            Outcome::OUTCOME_REFUSED_INVALID);
}

TEST(FoldProposal, LeavesTheRestOfAMoveRecommended) {
  const v1::AuthorityMatrix matrix = Herefordshire();
  v1::PolicyRecord record = At("L1", "L3");
  FoldProposal(Move("L2", "TEAM_MANAGER"), "d", 5, {.authority = &matrix, .commissioners = {}},
               &record);
  EXPECT_TRUE(record.awaiting_decision());
  EXPECT_FALSE(record.declined());
}

TEST(FoldProposal, DecliningKeepsWhatWasDeclined) {
  const v1::AuthorityMatrix matrix = Herefordshire();
  v1::PolicyRecord record = At("L1", "L2");
  v1::DecisionProposed decline = Move("", "TEAM_MANAGER");
  decline.set_kind(v1::DecisionProposed::KIND_DECLINE);
  const DecisionContext context{.authority = &matrix, .commissioners = {}};
  EXPECT_EQ(FoldProposal(decline, "d", 5, context, &record).outcome(),
            Outcome::OUTCOME_REFUSED_INVALID);
  decline.set_rationale_code("WHY");
  EXPECT_EQ(FoldProposal(decline, "d", 5, context, &record).outcome(), Outcome::OUTCOME_RECORDED);
  EXPECT_TRUE(record.declined());
  EXPECT_FALSE(record.awaiting_decision());
  ASSERT_EQ(record.declined_evidence_size(), 1);
  decline.set_based_on("d");
  EXPECT_EQ(FoldProposal(decline, "e", 6, context, &record).outcome(),
            Outcome::OUTCOME_REFUSED_INVALID);
}

TEST(FoldProposal, KeepsTheLatestHundred) {
  const v1::AuthorityMatrix matrix = Herefordshire();
  v1::PolicyRecord record = At("L1", "L2");
  for (int i = 0; i < 130; ++i) {
    FoldProposal(Move("L2", "OFFICER"), "d" + std::to_string(i), i,
                 {.authority = &matrix, .commissioners = {}}, &record);
  }
  ASSERT_EQ(record.decisions_size(), 100);
  EXPECT_EQ(record.decisions(99).decision_id(), "d129");
}

TEST(Refusal, TellsWhatIsMissingFromWhoMayNot) {
  const v1::AuthorityMatrix matrix = Herefordshire();
  const DecisionContext context{.authority = &matrix, .commissioners = {}};
  const auto decided = [&context](const std::string& from, const std::string& recommended,
                                  const v1::DecisionProposed& proposal) {
    v1::PolicyRecord record = At(from, recommended);
    return FoldProposal(proposal, "d", 5, context, &record);
  };
  EXPECT_EQ(decided("L1", "L2", Move("L2", "TEAM_MANAGER")).refusal(),
            Outcome::REFUSAL_UNSPECIFIED);
  EXPECT_EQ(decided("L1", "L2", Move("L2", "OFFICER")).refusal(), Outcome::REFUSAL_AUTHORITY);
  EXPECT_EQ(decided("L1", "L3", Move("L3", "PANEL")).refusal(), Outcome::REFUSAL_AUTHORITY);
  const v1::DecisionRecord meeting = decided("L2", "L3", Move("L3", "PANEL"));
  EXPECT_EQ(meeting.refusal(), Outcome::REFUSAL_REQUIREMENT);
  EXPECT_EQ(meeting.missing(), "meeting_id");
  const v1::DecisionRecord against = decided("L1", "", Move("L2", "TEAM_MANAGER"));
  EXPECT_EQ(against.refusal(), Outcome::REFUSAL_REQUIREMENT);
  EXPECT_EQ(against.missing(), "override");
  EXPECT_EQ(decided("L1", "", With(Move("L2", "TEAM_MANAGER"), "override")).missing(), "rationale");
  EXPECT_EQ(decided("L2", "L2", Move("L2", "PANEL")).refusal(), Outcome::REFUSAL_DECIDED_ALREADY);
  EXPECT_EQ(decided("L2", "", Move("L9", "PANEL")).refusal(), Outcome::REFUSAL_UNKNOWN_STATE);
  v1::DecisionProposed moved = Move("L2", "TEAM_MANAGER");
  moved.set_based_on("an older head");
  EXPECT_EQ(decided("L1", "L2", moved).refusal(), Outcome::REFUSAL_BASIS_MOVED);
  v1::DecisionProposed decline = Move("", "TEAM_MANAGER");
  decline.set_kind(v1::DecisionProposed::KIND_DECLINE);
  EXPECT_EQ(decided("L1", "L2", decline).missing(), "rationale");
  EXPECT_EQ(decided("L1", "", decline).refusal(), Outcome::REFUSAL_NOTHING_TO_DECLINE);
}

TEST(Refusal, NamesTheFirstReferenceThatIsMissing) {
  const v1::AuthorityMatrix matrix = Nqb();
  v1::PolicyRecord record = At("L2", "L3");
  const auto decision = FoldProposal(Move("L3", "NHSE"), "d", 5,
                                     {.authority = &matrix, .commissioners = {}}, &record);
  EXPECT_EQ(decision.missing(), "risk_profile_ref") << decision.reason();
  v1::PolicyRecord none = At("L2", "L3");
  EXPECT_EQ(FoldProposal(Move("L3", "NHSE"), "d", 5, {}, &none).refusal(),
            Outcome::REFUSAL_POLICY_NOT_IN_FORCE);
}

TEST(MovesTo, GoesStepByStepWhereThePolicyHasNoOtherMove) {
  const v1::AuthorityMatrix matrix = Herefordshire();
  const auto moves = MovesTo(matrix, "L1", "L3");
  ASSERT_EQ(moves.size(), 2U);
  EXPECT_EQ(moves[0]->to_state(), "L2");
  EXPECT_EQ(moves[1]->to_state(), "L3");
  EXPECT_EQ(MovesTo(matrix, "L3", "L1").size(), 2U);
  EXPECT_TRUE(MovesTo(matrix, "L2", "L2").empty());
}

TEST(MovesTo, TakesTheShortWayWhereThereIsOneAndNoneWhereThereIsNot) {
  v1::AuthorityMatrix matrix = Herefordshire();
  Allow("*", "L3", "NHSE", "S1 L170", {}, &matrix);
  EXPECT_EQ(MovesTo(matrix, "L1", "L3").size(), 1U);
  EXPECT_TRUE(MovesTo(Nqb(), "L3", "L1").empty());
  EXPECT_TRUE(MovesTo(matrix, "L1", "unknown").empty());
}

class JointDecision : public testing::Test {
 protected:
  v1::DecisionRecord Concur(const std::string& organisation, bool concurs,
                            const std::string& proposal = "d") {
    v1::DecisionConcurrence concurrence;
    concurrence.set_proposal_id(proposal);
    concurrence.set_concurs(concurs);
    concurrence.mutable_actor()->set_organisation(organisation);
    return FoldConcurrence(concurrence, 6, context_, &record_);
  }
  void SetUp() override {
    ASSERT_EQ(FoldProposal(Move("L2", "TEAM_MANAGER"), "d", 5, context_, &record_).outcome(),
              Outcome::OUTCOME_PENDING_CONCURRENCE);
    ASSERT_EQ(record_.decided_state(), "L1");
  }

  v1::AuthorityMatrix matrix_ = Herefordshire();
  v1::PolicyRecord record_ = At("L1", "L2");
  DecisionContext context_{.authority = &matrix_,
                           .jointly_commissioned = true,
                           .commissioners = {"council", "icb", "other"}};
};

TEST_F(JointDecision, IsRecordedWhenAllConcur) {
  EXPECT_EQ(Concur("icb", true).outcome(), Outcome::OUTCOME_PENDING_CONCURRENCE);
  EXPECT_EQ(Concur("icb", true).outcome(), Outcome::OUTCOME_PENDING_CONCURRENCE);
  EXPECT_EQ(record_.decided_state(), "L1");
  EXPECT_EQ(Concur("other", true).outcome(), Outcome::OUTCOME_RECORDED);
  EXPECT_EQ(record_.decided_state(), "L2");
}

TEST_F(JointDecision, IsBlockedWhenOneRefuses) {
  EXPECT_EQ(Concur("icb", true).outcome(), Outcome::OUTCOME_PENDING_CONCURRENCE);
  EXPECT_EQ(Concur("other", false).outcome(), Outcome::OUTCOME_BLOCKED);
  EXPECT_EQ(record_.decided_state(), "L1");
  EXPECT_EQ(Concur("icb", true).outcome(), Outcome::OUTCOME_REFUSED_INVALID);
}

TEST_F(JointDecision, TakesNoConcurrenceOfTheProposerOrAStranger) {
  EXPECT_EQ(Concur("council", true).outcome(), Outcome::OUTCOME_REFUSED_AUTHORITY);
  EXPECT_EQ(Concur("stranger", true).outcome(), Outcome::OUTCOME_REFUSED_AUTHORITY);
  const auto unknown = Concur("icb", true, "unknown");
  EXPECT_EQ(unknown.outcome(), Outcome::OUTCOME_REFUSED_INVALID);
  EXPECT_EQ(unknown.refusal(), Outcome::REFUSAL_NOT_PENDING);
}

TEST_F(JointDecision, ChecksTheBasisAgainAtTheLastConcurrence) {
  EXPECT_EQ(Concur("icb", true).outcome(), Outcome::OUTCOME_PENDING_CONCURRENCE);
  record_.set_head("moved");
  EXPECT_EQ(Concur("other", true).outcome(), Outcome::OUTCOME_REFUSED_BASIS_MOVED);
  EXPECT_EQ(record_.decided_state(), "L1");
}

}  // namespace
}  // namespace trigpoint
