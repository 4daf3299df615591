#include "trigpoint/policy/pack.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <string>

namespace trigpoint {
namespace {

using testing::HasSubstr;

constexpr char kGood[] = R"pb(
  id: "p"
  version: 1
  source_document: "S"
  authority {
    states: "LOW"
    states: "HIGH"
    transitions { from_state: "LOW" to_state: "HIGH" roles: "R" clause: "c" }
  }
  parameters { name: "days" value: 30 reason: "why" }
  criteria {
    id: "A"
    clause: "c"
    when { measure: "suspension_or_advisory_active" }
  }
  criteria {
    id: "B"
    clause: "c"
    when { not { criterion: "A" } }
  }
  states {
    state: "HIGH"
    clause: "c"
    when { criterion: "A" }
  }
  urgent {
    id: "U"
    clause: "c"
    when {
      measure: "whistleblowing_current_abuse"
      with { key: "days" value: "days" }
    }
  }
)pb";

v1::PolicyPack Pack(const std::string& more = "") {
  v1::PolicyPack pack;
  v1::PolicyPack added;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kGood, &pack));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(more, &added)) << more;
  pack.MergeFrom(added);
  return pack;
}

TEST(CompiledPack, KnowsItsStatesWindowsAndWhatSupportsALevel) {
  const auto pack = CompiledPack::Compile(Pack());
  ASSERT_TRUE(pack.ok()) << pack.status().message();
  EXPECT_EQ((*pack)->LowestState(), "LOW");
  EXPECT_EQ((*pack)->Rank("HIGH"), 1);
  EXPECT_EQ((*pack)->Rank("NONE"), -1);
  EXPECT_TRUE((*pack)->Supports(0));
  EXPECT_FALSE((*pack)->Supports(1));
  EXPECT_EQ((*pack)->windows(), std::set<int64_t>{30});
  EXPECT_EQ((*pack)->leaves().size(), 2U);
}

// Criteria that name the one before twice: each is twice as long. Assessing would never end.
TEST(CompiledPack, IsRefusedWhereConditionsGrowBeyondMeasure) {
  v1::PolicyPack pack = Pack();
  for (int i = 0; i < 40; ++i) {
    auto* criterion = pack.add_criteria();
    criterion->set_id("C" + std::to_string(i));
    criterion->set_clause("c");
    const std::string before = i == 0 ? "A" : "C" + std::to_string(i - 1);
    criterion->mutable_when()->add_any()->set_criterion(before);
    criterion->mutable_when()->add_any()->mutable_not_()->set_criterion(before);
  }
  const auto compiled = CompiledPack::Compile(pack);
  ASSERT_FALSE(compiled.ok());
  EXPECT_THAT(std::string(compiled.status().message()), HasSubstr("is too long once"));

  v1::PolicyPack many = Pack();
  for (int i = 0; i < 1'000; ++i) {
    *many.add_criteria() = many.criteria(0);
    many.mutable_criteria(many.criteria_size() - 1)->set_id("C" + std::to_string(i));
  }
  EXPECT_THAT(std::string(CompiledPack::Compile(many).status().message()),
              HasSubstr("criteria are more than 1,000"));
}

struct Bad {
  std::string name;
  std::string more;
  std::string says;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class BadPackTest : public testing::TestWithParam<Bad> {};

TEST_P(BadPackTest, IsRefusedWithWhereAndWhat) {
  const auto pack = CompiledPack::Compile(Pack(GetParam().more));
  ASSERT_FALSE(pack.ok());
  EXPECT_THAT(std::string(pack.status().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Of, BadPackTest,
    testing::Values(
        Bad{"UnknownMeasure", R"(criteria { id: "C" clause: "c" when { measure: "mood" } })",
            "C uses an unknown measure: mood"},
        Bad{"NoClause", R"(criteria { id: "C" when { criterion: "A" } })", "C has no clause"},
        Bad{"Twice", R"(criteria { id: "A" clause: "c" when { criterion: "B" } })",
            "A is there twice"},
        Bad{"Circle",
            R"(criteria { id: "C" clause: "c" when { criterion: "D" } }
               criteria { id: "D" clause: "c" when { any { criterion: "C" } } })",
            "depends on itself"},
        Bad{"CircleByCount",
            R"(criteria { id: "C" clause: "c" when { at_least { count: 1 of: "C" } } })",
            "depends on itself"},
        Bad{"NoReason", R"(parameters { name: "n" value: 1 })", "parameter n has no reason"},
        Bad{"NoSuchParameter",
            R"(criteria { id: "C" clause: "c" when { measure: "default_notices" with { key: "count" value: "n" } } })",
            "a parameter that is not there: n"},
        Bad{"NoSuchArgument",
            R"(criteria { id: "C" clause: "c" when { measure: "default_notices" with { key: "size" value: "1" } } })",
            "has no argument size"},
        Bad{"MissingArgument",
            R"(criteria { id: "C" clause: "c" when { measure: "default_notices" } })",
            "lacks an argument"},
        Bad{"NeedsFamilies",
            R"(criteria { id: "C" clause: "c" when { measure: "repeated_concerns"
               with { key: "count" value: "1" } with { key: "days" value: "1" } } })",
            "needs families"},
        Bad{"NeedsValues",
            R"(criteria { id: "C" clause: "c" when { measure: "overall_rating_in" } })",
            "needs values"},
        Bad{"NoSuchCriterion", R"(states { state: "HIGH" when { criterion: "Z" } })",
            "names a criterion that is not there: Z"},
        Bad{"TwoForms",
            R"(criteria { id: "C" clause: "c" when { criterion: "A" measure: "unwilling_asserted" } })",
            "not exactly one of"},
        Bad{"LowestStateHasARule", R"(states { state: "LOW" when { criterion: "A" } })",
            "not one of authority.states above the lowest"},
        Bad{"UrgentWithoutClause", R"(urgent { id: "V" when { criterion: "A" } })",
            "V has no clause"},
        Bad{"MoveToNowhere",
            R"(authority { transitions { to_state: "X" roles: "R" clause: "c" } })",
            "leads to no state"},
        Bad{"FeedWithoutId",
            R"(expected { clause: "c" kinds: "capacity_reported" every_days: "7" })",
            "an entry of expected has no id"},
        Bad{"FeedWithoutClause",
            R"(expected { id: "f" kinds: "capacity_reported" every_days: "7" })",
            "expected f has no clause"},
        Bad{"FeedOfNothing", R"(expected { id: "f" clause: "c" every_days: "7" })",
            "expected f names no kind"},
        Bad{"FeedOfUnknownKind", R"(expected { id: "f" clause: "c" kinds: "gossip" })",
            "expected f names an unknown kind: gossip"},
        Bad{"FeedOfADecision", R"(expected { id: "f" clause: "c" kinds: "decision_proposed" })",
            "expected f names an unknown kind: decision_proposed"},
        Bad{"FeedOfAMissingReturn",
            R"(expected { id: "f" clause: "c" kinds: "monitoring_return_missed" })",
            "of which nobody can wait for one: monitoring_return_missed"},
        Bad{"FeedOfAProtectedSource",
            R"(expected { id: "f" clause: "c" kinds: "whistleblowing_concern_received" })",
            "of which nobody can wait for one"},
        Bad{"FeedOfASourceTwice",
            R"(expected { id: "f" clause: "c" kinds: "capacity_reported" every_days: "7" sources: "a" sources: "a" })",
            "expected f names a source twice: a"},
        Bad{"FeedOfASourceWithoutAName",
            R"(expected { id: "f" clause: "c" kinds: "capacity_reported" every_days: "7" sources: "" })",
            "expected f names a source without a name"},
        Bad{"FeedWithoutCadence", R"(expected { id: "f" clause: "c" kinds: "capacity_reported" })",
            "expected f: every_days uses a parameter that is not there"},
        Bad{"FeedOfHalfADay",
            R"(expected { id: "f" clause: "c" kinds: "capacity_reported" every_days: "0.5" })",
            "expected f: every_days is no whole number from 1 to 3660: 0.5"},
        Bad{"FeedWithANegativeGrace",
            R"(expected { id: "f" clause: "c" kinds: "capacity_reported" every_days: "7" grace_days: "-1" })",
            "expected f: grace_days is no whole number from 0"},
        Bad{"FeedThatIsSilentAtOnce",
            R"(expected { id: "f" clause: "c" kinds: "capacity_reported" every_days: "7" grace_days: "0" missed: "0" })",
            "expected f: missed is no whole number from 1"},
        Bad{"FeedTwice",
            R"(expected { id: "f" clause: "c" kinds: "capacity_reported" every_days: "7" grace_days: "0" missed: "1" }
               expected { id: "f" clause: "c" kinds: "capacity_reported" every_days: "7" grace_days: "0" missed: "1" })",
            "expected f is there twice"},
        Bad{"SilenceOfAnUnknownKind",
            R"(criteria { id: "C" clause: "c" when { measure: "feed_silent" values: "gossip" } })",
            "C names an unknown kind: gossip"},
        Bad{"CombinationOutsideACriterion",
            R"(states { state: "HIGH" when { combination { of: "A" min_triggers: "1" min_families: "1" } } })",
            "HIGH has a combination outside a criterion"},
        Bad{"CombinationOfNoTrigger",
            R"(criteria { id: "C" clause: "c" when { combination { min_triggers: "1" min_families: "1" } } })",
            "C has a combination of no full trigger"},
        Bad{"CombinationOfSoftTriggers",
            R"(criteria { id: "S" clause: "c" weight: "0.5" when { criterion: "A" } }
               criteria { id: "C" clause: "c" when { combination { of: "S" min_triggers: "1" min_families: "1" } } })",
            "C has a combination of no full trigger"},
        Bad{"CombinationWithoutANumber",
            R"(criteria { id: "C" clause: "c" when { combination { of: "A" min_families: "1" } } })",
            "C: min_triggers uses a parameter that is not there"},
        Bad{"CombinationOfNothing",
            R"(criteria { id: "C" clause: "c" when { combination { of: "A" min_triggers: "0" min_families: "1" } } })",
            "C: min_triggers is no whole number from 1 to 100: 0"},
        Bad{"CombinationOfACombination",
            R"(criteria { id: "C" clause: "c" when { combination { of: "A" min_triggers: "1" min_families: "1" } } }
               criteria { id: "D" clause: "c" when { combination { of: "C" min_triggers: "1" min_families: "1" } } })",
            "C is a trigger of a combination and reads one itself"},
        Bad{"CombinationOfItself",
            R"(criteria { id: "C" clause: "c" when { combination { of: "C" min_triggers: "1" min_families: "1" } } })",
            "depends on itself"},
        Bad{"UrgentByACombination",
            R"(criteria { id: "C" clause: "c" when { combination { of: "A" min_triggers: "1" min_families: "1" } } }
               urgent { id: "V" clause: "c" when { criterion: "C" } })",
            "V depends on a combination"},
        Bad{"AppliesByACombination",
            R"(criteria { id: "C" clause: "c" when { combination { of: "A" min_triggers: "1" min_families: "1" } } }
               applies_to { criterion: "C" })",
            "applies_to depends on a combination"},
        Bad{"WeightThatIsNoNumber",
            R"(criteria { id: "S" clause: "c" weight: "heavy" when { criterion: "A" } }
               criteria { id: "C" clause: "c" when { combination { of: "S" min_triggers: "1" min_families: "1" } } })",
            "S uses a parameter that is not there: heavy"},
        Bad{"MoveAfterAnUnknownOutcome",
            R"(authority { transitions { to_state: "LOW" roles: "R" clause: "c" needs_meeting_outcome: "GOOD" } })",
            "the transition to LOW needs an outcome that no quality review meeting has: GOOD"},
        Bad{"HoldWithoutClause",
            R"(authority { transitions { to_state: "LOW" roles: "R" clause: "c" assurance_hold_months: 3 } })",
            "the transition to LOW has a hold without a clause"},
        Bad{"MoveWithoutRole", R"(authority { transitions { to_state: "LOW" clause: "c" } })",
            "names no role"}),
    [](const auto& bad) { return bad.param.name; });

}  // namespace
}  // namespace trigpoint
