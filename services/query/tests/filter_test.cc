#include "services/query/filter.h"

#include <gmock/gmock.h>

#include <string>

namespace trigpoint {
namespace {

v1::ProviderSummary Provider() {
  v1::ProviderSummary provider;
  provider.set_display_name("Rose Court");
  provider.set_local_authority("Halton");
  provider.set_organisation("Care Group \"North\"");
  provider.set_service_type(v1::SERVICE_TYPE_CARE_HOME_NURSING);
  provider.set_overall_rating(v1::RATING_REQUIRES_IMPROVEMENT);
  provider.add_commissioners("QGH");
  provider.add_commissioners("QYG");
  provider.set_open_alerts(2);
  provider.set_inheritance_open(true);
  provider.set_duplicates_open(1);
  provider.set_silent_feeds(1);
  auto* first = provider.add_levels();
  first->set_policy_id("herefordshire");
  first->set_decided_state("LEVEL_1");
  auto* second = provider.add_levels();
  second->set_policy_id("nqb");
  second->set_decided_state("ROUTINE");
  second->set_recommended_state("ENHANCED");
  second->set_awaiting_decision(true);
  second->set_urgent(true);
  return provider;
}

bool Matches(std::string_view text, const v1::ProviderSummary& provider = Provider()) {
  const auto filter = Filter::Parse(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() && filter->Matches(provider, false);
}

// 2.2, C3: that there are two reports is a number below five.
TEST(Filter, TellsNobodyOutsideOfDuplicates) {
  for (const auto& [text, inside] :
       {std::pair("duplicates_open = true", true), std::pair("NOT duplicates_open = true", false),
        std::pair("duplicates_open = false", false)}) {
    const auto filter = Filter::Parse(text);
    ASSERT_TRUE(filter.ok()) << text;
    v1::ProviderSummary none = Provider();
    none.clear_duplicates_open();
    EXPECT_EQ(filter->Matches(Provider(), false), inside) << text;
    EXPECT_EQ(filter->Matches(Provider(), true), filter->Matches(none, true)) << text;
  }
}

std::string Problem(std::string_view text) {
  const auto filter = Filter::Parse(text);
  EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(filter.status().message());
}

TEST(Filter, MatchesEverythingWhenItIsEmpty) {
  EXPECT_TRUE(Matches(""));
  EXPECT_TRUE(Matches("  \t"));
  EXPECT_TRUE(Matches("", {}));
}

TEST(Filter, ComparesEveryFieldWithoutRegardToCase) {
  for (const char* text : {"name = \"rose court\"",
                           "local_authority=halton",
                           "organisation : north",
                           "rating = REQUIRES_IMPROVEMENT",
                           "service_type = care_home_nursing",
                           "service_type = SERVICE_TYPE_CARE_HOME_NURSING",
                           "rating = \"Requires improvement\"",
                           "commissioner = qyg",
                           "open_alerts = 2",
                           "open_alerts > 1",
                           "open_alerts <= 2",
                           "open_alerts : *",
                           "inheritance_open = true",
                           "duplicates_open = true",
                           "silent_feeds > 0",
                           "silent_feeds = 1",
                           "policy = nqb",
                           "level = LEVEL_1",
                           "recommended = enhanced",
                           "awaiting = true",
                           "urgent = true",
                           "awaiting = false",
                           "name : ROSE",
                           "name : *"}) {
    EXPECT_TRUE(Matches(text)) << text;
  }
  for (const char* text : {"name = rose", "local_authority != Halton", "rating = GOOD",
                           "commissioner != QGH", "open_alerts < 2", "silent_feeds > 1",
                           "inheritance_open = false", "duplicates_open = false", "level = LEVEL_3",
                           "name : rosy", "organisation = ''", "recommended = routine"}) {
    EXPECT_FALSE(Matches(text)) << text;
  }
}

TEST(Filter, CanBeAboutOneLevelAlone) {
  const v1::ProviderSummary provider = Provider();
  const auto filter = Filter::Parse("policy = nqb AND local_authority = Halton");
  ASSERT_TRUE(filter.ok());
  EXPECT_FALSE(filter->Matches(provider, provider.levels(0), false));
  EXPECT_TRUE(filter->Matches(provider, provider.levels(1), false));
  EXPECT_TRUE(Filter::Parse("")->Matches(provider, provider.levels(0), false));
}

TEST(Filter, LetsAStarStandForAnyText) {
  EXPECT_TRUE(Matches("name = Rose*"));
  EXPECT_TRUE(Matches("name = \"*court\""));
  EXPECT_TRUE(Matches("name = *o*o*"));
  EXPECT_FALSE(Matches("name = *rose"));
  EXPECT_FALSE(Matches("name != rose*"));
  EXPECT_TRUE(MatchesPattern("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(MatchesPattern("a*b", "aXbc"));
  EXPECT_TRUE(MatchesPattern("**", ""));
}

TEST(Filter, BindsOrTighterThanAnd) {
  // AIP-160: a AND b OR c is a AND (b OR c). Read the other way round, this would hold.
  EXPECT_FALSE(Matches("name = nobody AND name = nobody OR local_authority = Halton"));
  EXPECT_TRUE(Matches("local_authority = Halton AND name = nobody OR name = \"Rose Court\""));
  EXPECT_TRUE(Matches("(name = nobody AND name = nobody) OR local_authority = Halton"));
}

TEST(Filter, NegatesWithNotAndMinus) {
  EXPECT_TRUE(Matches("NOT name = nobody"));
  EXPECT_TRUE(Matches("-name = nobody"));
  EXPECT_FALSE(Matches("NOT local_authority = Halton"));
  EXPECT_FALSE(Matches("-(local_authority = Halton OR name = nobody)"));
  EXPECT_TRUE(Matches("NOT NOT local_authority = Halton"));
}

TEST(Filter, HoldsConditionsOnAPolicyAgainstOneAndTheSamePolicy) {
  EXPECT_TRUE(Matches("policy = herefordshire AND level = LEVEL_1"));
  EXPECT_FALSE(Matches("policy = nqb AND level = LEVEL_1"));
  EXPECT_FALSE(Matches("policy = herefordshire AND awaiting = true"));
}

// Rule: LV-14; S3 1, 5.0
TEST(Filter, FindsTheProvidersOfConcernWhoAreAboveRoutine) {
  constexpr char kOfConcern[] = "policy = nqb AND level != ROUTINE";
  v1::ProviderSummary provider = Provider();
  EXPECT_FALSE(Matches(kOfConcern, provider)) << "a level of another policy is none of this one";
  provider.mutable_levels(1)->set_decided_state("ENHANCED");
  EXPECT_TRUE(Matches(kOfConcern, provider));
}

TEST(Filter, TakesAProviderWithoutAnyPolicy) {
  v1::ProviderSummary provider;
  provider.set_display_name("New");
  EXPECT_TRUE(Matches("name = new AND awaiting = false", provider));
  EXPECT_FALSE(Matches("policy : *", provider));
}

TEST(Filter, NamesAnUnknownField) {
  EXPECT_THAT(Problem("colour = red"), testing::HasSubstr("\"colour\""));
  EXPECT_THAT(Problem("name = a AND Level = b"), testing::HasSubstr("\"Level\""));
}

TEST(Filter, NamesTheValuesOfAnEnumForOneThatItHasNot) {
  EXPECT_THAT(Problem("rating = splendid"),
              testing::AllOf(testing::HasSubstr("character 10"), testing::HasSubstr("outstanding"),
                             testing::HasSubstr("requires_improvement")));
  EXPECT_THAT(Problem("NOT rating != \"very good\""), testing::HasSubstr("inadequate"));
  EXPECT_THAT(Problem("service_type = SERVICE_TYPE_CASTLE"),
              testing::HasSubstr("care_home_nursing"));
  Problem("rating = x*");
  Problem("service_type : castle");
  // No rating at all can be asked for, and any part of a value.
  EXPECT_FALSE(Matches("rating = unspecified"));
  EXPECT_TRUE(Matches("rating = *improvement AND service_type : care_home AND rating : *"));
}

TEST(Filter, SaysWhereAMistakeIs) {
  EXPECT_THAT(Problem("name ="), testing::HasSubstr("character 7"));
  EXPECT_THAT(Problem("name = \"open"), testing::HasSubstr("character 8"));
  EXPECT_THAT(Problem("(name = a"), testing::HasSubstr("\")\""));
  EXPECT_THAT(Problem("name = a level = b"), testing::HasSubstr("AND or OR"));
  EXPECT_THAT(Problem("name"), testing::HasSubstr("operator"));
  EXPECT_THAT(Problem("name ! a"), testing::HasSubstr("!="));
  EXPECT_THAT(Problem("name > a"), testing::HasSubstr("open_alerts"));
  EXPECT_THAT(Problem("open_alerts = many"), testing::HasSubstr("number"));
  EXPECT_THAT(Problem("urgent = maybe"), testing::HasSubstr("true or false"));
  EXPECT_THAT(Problem("AND"), testing::HasSubstr("\"AND\""));
  Problem("name = a AND");
  Problem("name = a)");
  Problem("name = #");
  Problem(std::string(5000, ' '));
  Problem(std::string(500, '(') + "name = a");
  Problem(std::string(500, '-') + "name = a");
}

}  // namespace
}  // namespace trigpoint
