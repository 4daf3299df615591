#include "trigpoint/policy/lint.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

namespace trigpoint {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

using Severity = PackFinding::Severity;

constexpr char kGood[] = R"pb(
  id: "p"
  version: 1
  source_document: "S2"
  applies_to { measure: "health_commissioned" }
  applies_to_clause: "S2 1.5.1"
  authority {
    states: "LOW"
    states: "MIDDLE"
    states: "HIGH"
    transitions { from_state: "LOW" to_state: "MIDDLE" roles: "R" clause: "S2 3.4.3" }
    transitions { from_state: "MIDDLE" to_state: "HIGH" roles: "R" clause: "S2 3.4.4" }
    transitions { from_state: "*" to_state: "LOW" roles: "R" clause: "S2 3.4.4" }
    decline_roles: "R"
    decline_clause: "S2 3.4.4"
  }
  parameters { name: "days" value: 30 unit: "days" reason: "[D] why" }
  criteria {
    id: "A"
    clause: "S2 App 2 Level 2"
    text: "A suspension"
    when { measure: "suspension_or_advisory_active" }
  }
  criteria {
    id: "B"
    clause: "S2 App 2 Level 3; S2 3.4.5"
    text: "Unwilling"
    when { measure: "unwilling_asserted" }
  }
  states {
    state: "HIGH"
    clause: "S2 App 2"
    when { criterion: "B" }
  }
  states {
    state: "MIDDLE"
    clause: "S2 App 2"
    when { criterion: "A" }
  }
  urgent_target: "RAPID_REVIEW"
  urgent {
    id: "U"
    clause: "S3 App 2"
    text: "Current abuse"
    when {
      measure: "whistleblowing_current_abuse"
      with { key: "days" value: "days" }
    }
  }
  measures {
    state: "RAPID_REVIEW"
    items { text: "Meet" clause: "S1 L173" }
  }
  cross_walk { state: "HIGH" nqb_state: "INTENSIVE" note: "not the same" clause: "S1 L163" }
)pb";

v1::PolicyPack Good() {
  v1::PolicyPack pack;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kGood, &pack));
  return pack;
}

v1::Expression When(const std::string& text) {
  v1::Expression expression;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &expression)) << text;
  return expression;
}

TEST(LintPack, FindsNothingInAPackThatIsInOrder) { EXPECT_THAT(LintPack(Good()), IsEmpty()); }

struct Bad {
  std::string name;
  std::function<void(v1::PolicyPack*)> spoil;
  Severity severity = Severity::kError;
  std::string rule;
  std::string says;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class LintTest : public testing::TestWithParam<Bad> {};

// Each is one thing wrong with the pack above; nothing else may be said of it.
TEST_P(LintTest, FindsIt) {
  v1::PolicyPack pack = Good();
  GetParam().spoil(&pack);
  const auto found = LintPack(pack, CivilDate{2026, 11, 23});
  ASSERT_THAT(found, ElementsAre(AllOf(Field(&PackFinding::severity, GetParam().severity),
                                       Field(&PackFinding::rule, GetParam().rule),
                                       Field(&PackFinding::what, HasSubstr(GetParam().says)))));
  EXPECT_FALSE(found.front().mend.empty());
  EXPECT_EQ(HasErrors(found), GetParam().severity == Severity::kError);
}

constexpr char kA[] = R"(measure: "suspension_or_advisory_active")";

v1::Expression Contradiction() {
  return When(R"(all { measure: "overall_rating_in" values: "RATING_GOOD" }
                 all { measure: "overall_rating_in" values: "RATING_INADEQUATE" })");
}

INSTANTIATE_TEST_SUITE_P(
    Of, LintTest,
    testing::Values(
        Bad{"WhatTheCompilerRefuses",
            [](auto* p) { p->mutable_criteria(0)->mutable_when()->set_measure("mood"); },
            Severity::kError, "A", "uses an unknown measure: mood"},
        Bad{"AParameterWithoutReason", [](auto* p) { p->mutable_parameters(0)->clear_reason(); },
            Severity::kError, "parameter days", "has no reason"},
        Bad{"ACriterionWithoutClause", [](auto* p) { p->mutable_criteria(1)->clear_clause(); },
            Severity::kError, "B", "has no clause"},
        Bad{"ACriterionWithoutText", [](auto* p) { p->mutable_criteria(0)->clear_text(); },
            Severity::kError, "A", "has no text"},
        Bad{"AStateWithoutClause", [](auto* p) { p->mutable_states(0)->clear_clause(); },
            Severity::kError, "HIGH", "has no clause"},
        Bad{"ADeclineWithoutClause",
            [](auto* p) { p->mutable_authority()->clear_decline_clause(); }, Severity::kError,
            "decline", "has no clause"},
        Bad{"AScopeWithoutClause", [](auto* p) { p->clear_applies_to_clause(); }, Severity::kError,
            "applies_to", "has no clause"},
        Bad{"AClauseOfNoDocument",
            [](auto* p) { p->mutable_criteria(0)->set_clause("the strategy"); }, Severity::kWarning,
            "A", "cites none of the documents S0 to S4: the strategy"},
        Bad{"AClauseWithoutParagraph",
            [](auto* p) { p->mutable_criteria(0)->set_clause("S2 App 2; S3"); }, Severity::kError,
            "A", "cites S3 without a paragraph"},
        Bad{"AParameterTwice", [](auto* p) { *p->add_parameters() = p->parameters(0); },
            Severity::kError, "parameter days", "is there twice"},
        Bad{"AParameterWithoutUnit", [](auto* p) { p->mutable_parameters(0)->clear_unit(); },
            Severity::kWarning, "parameter days", "has no unit"},
        Bad{"AParameterThatNothingUses",
            [](auto* p) {
              auto* more = p->add_parameters();
              *more = p->parameters(0);
              more->set_name("weeks");
            },
            Severity::kWarning, "parameter weeks", "is used by nothing"},
        Bad{"ACriterionInNoRule",
            [](auto* p) {
              auto* more = p->add_criteria();
              *more = p->criteria(0);
              more->set_id("C");
              *more->mutable_when() = When(R"(not { criterion: "A" })");
            },
            Severity::kNote, "policy", "only shown, in no state, urgent rule or obligation: C"},
        Bad{"AStateThatNobodyMayDecide",
            [](auto* p) { p->mutable_authority()->mutable_transitions()->DeleteSubrange(1, 1); },
            Severity::kError, "HIGH", "cannot be reached"},
        Bad{"AStateThatNobodyMayEnd",
            [](auto* p) {
              p->mutable_authority()->mutable_transitions(2)->set_from_state("MIDDLE");
            },
            Severity::kError, "HIGH", "cannot be left"},
        Bad{"AMoveFromNowhere",
            [](auto* p) {
              auto* more = p->mutable_authority()->add_transitions();
              *more = p->authority().transitions(0);
              more->set_from_state("ELSEWHERE");
            },
            Severity::kError, "move ELSEWHERE -> MIDDLE", "begins at no state"},
        Bad{"AStateWithoutARule",
            [](auto* p) {
              p->mutable_authority()->add_states("TOP");
              auto* move = p->mutable_authority()->add_transitions();
              *move = p->authority().transitions(1);
              move->set_from_state("HIGH");
              move->set_to_state("TOP");
            },
            Severity::kNote, "TOP", "never recommended"},
        Bad{"NobodyWhoMayDecline", [](auto* p) { p->mutable_authority()->clear_decline_roles(); },
            Severity::kWarning, "decline", "nobody may decline"},
        Bad{"AHigherStateThatNeverExceeds",
            [](auto* p) {
              *p->mutable_states(0)->mutable_when() =
                  When(R"(any { criterion: "A" } any { criterion: "B" })");
            },
            Severity::kError, "MIDDLE", "is never recommended: a higher state holds"},
        Bad{"AConditionThatContradictsItself",
            [](auto* p) { *p->mutable_criteria(0)->mutable_decisive_when() = Contradiction(); },
            Severity::kError, "A (decisive)", "can never hold"},
        Bad{"AConditionThatAlwaysHolds",
            [](auto* p) {
              *p->mutable_criteria(0)->mutable_decisive_when() =
                  When(std::string("any { ") + kA + " } any { not { " + kA + " } }");
            },
            Severity::kWarning, "A (decisive)", "always holds"},
        Bad{"AnUrgentPathForEveryService",
            [](auto* p) {
              *p->mutable_urgent(0)->mutable_when() =
                  When(R"(any { criterion: "B" } any { not { criterion: "B" } }
                          any { measure: "whistleblowing_current_abuse"
                                with { key: "days" value: "days" } })");
            },
            Severity::kError, "U", "always holds, for every service"},
        Bad{"AScopeThatIsEmpty",
            [](auto* p) {
              *p->mutable_applies_to() =
                  When(R"(all { measure: "service_type_in" values: "SERVICE_TYPE_ACUTE" }
                          all { measure: "service_type_in" values: "SERVICE_TYPE_AMBULANCE" })");
            },
            Severity::kError, "applies_to", "applies to no service"},
        Bad{"TwoCriteriaOfOneCondition",
            [](auto* p) {
              auto* more = p->add_criteria();
              *more = p->criteria(0);
              more->set_id("C");
              auto* named = p->mutable_states(1)->mutable_when();
              *named = When(R"(all { criterion: "A" } all { criterion: "C" })");
            },
            Severity::kWarning, "C", "has the same condition as A"},
        Bad{"MeasuresOfNoState", [](auto* p) { p->mutable_measures(0)->set_state("PANIC"); },
            Severity::kError, "measures PANIC", "are for no state"},
        Bad{"ACrossWalkWithoutNote", [](auto* p) { p->mutable_cross_walk(0)->clear_note(); },
            Severity::kError, "policy", "cross_walk HIGH has no note"},
        Bad{"ACrossWalkToNowhere",
            [](auto* p) { p->mutable_cross_walk(0)->set_nqb_state("LEVEL_3"); }, Severity::kError,
            "policy", "cross_walk HIGH has nqb_state LEVEL_3"},
        Bad{"AnUrgentPathToNowhere",
            [](auto* p) {
              p->clear_urgent_target();
              p->clear_measures();
            },
            Severity::kError, "urgent_target", "is missing"},
        // Rule: DL-39; S0 9.1
        Bad{"AReviewThatIsOverdue", [](auto* p) { p->set_review_due("2026-11-22"); },
            Severity::kWarning, "review_due", "the review date 2026-11-22 has passed"},
        Bad{"AReviewOnNoDay", [](auto* p) { p->set_review_due("March 2020"); }, Severity::kError,
            "policy", "review_due is no date (YYYY-MM-DD): March 2020"}),
    [](const auto& bad) { return bad.param.name; });

// S0 9.1: on its last day a review is not overdue, and without a day nobody asks.
TEST(LintPack, AReviewIsOverdueAfterItsDay) {
  v1::PolicyPack pack = Good();
  pack.set_review_due("2026-11-23");
  EXPECT_THAT(LintPack(pack, CivilDate{2026, 11, 23}), IsEmpty());
  EXPECT_THAT(LintPack(pack), IsEmpty());
}

// A state whose condition holds only together with a higher one is one that nobody ever sees.
TEST(LintPack, AHigherStateThatAsksForMoreIsInOrder) {
  v1::PolicyPack pack = Good();
  *pack.mutable_states(0)->mutable_when() =
      When(R"(all { criterion: "A" } all { criterion: "B" })");
  EXPECT_THAT(LintPack(pack), IsEmpty());
}

// 40 measures in a chain: all values would be 2^40; the search needs one each.
TEST(LintPack, LongConditionsAreDecidedWithoutTryingEverything) {
  v1::PolicyPack pack = Good();
  v1::Expression* when = pack.mutable_criteria(0)->mutable_when();
  when->Clear();
  for (int i = 0; i < 40; ++i) {
    auto* part = when->add_all();
    part->set_measure("default_notices");
    (*part->mutable_with())["count"] = std::to_string(i + 1);
  }
  EXPECT_THAT(LintPack(pack), IsEmpty());
}

// Eight pigeons in seven holes: impossible, and too long to find out. It is said, not passed over.
TEST(LintPack, WhatTakesTooLongIsToldAsUndecided) {
  v1::PolicyPack pack = Good();
  v1::Expression* when = pack.mutable_criteria(0)->mutable_when();
  when->Clear();
  const auto sits = [](int pigeon, int hole, v1::Expression* part) {
    part->set_measure("default_notices");
    (*part->mutable_with())["count"] = std::to_string(pigeon * 10 + hole + 1);
  };
  for (int pigeon = 0; pigeon < 8; ++pigeon) {
    auto* somewhere = when->add_all();
    for (int hole = 0; hole < 7; ++hole) sits(pigeon, hole, somewhere->add_any());
  }
  for (int hole = 0; hole < 7; ++hole) {
    for (int one = 0; one < 8; ++one) {
      for (int other = one + 1; other < 8; ++other) {
        auto* both = when->add_all()->mutable_not_();
        sits(one, hole, both->add_all());
        sits(other, hole, both->add_all());
      }
    }
  }
  const auto found = LintPack(pack);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().severity, Severity::kNote);
  EXPECT_THAT(found.front().what, HasSubstr("too long to try all values"));
}

TEST(LintPack, TellsErrorsFirst) {
  v1::PolicyPack pack = Good();
  pack.set_review_due("2026-11-22");
  pack.mutable_criteria(0)->clear_text();
  const auto found = LintPack(pack, CivilDate{2026, 11, 23});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(SeverityName(found.front().severity), "error");
  EXPECT_EQ(SeverityName(found.back().severity), "warning");
}

}  // namespace
}  // namespace trigpoint
