#include "trigpoint/domain/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Date DateOf(CivilDate day) {
  v1::Date date;
  date.set_year(day.year);
  date.set_month(day.month);
  date.set_day(day.day);
  return date;
}

v1::Affiliation Of(v1::Affiliation::Relation relation, const std::string& organisation,
                   std::optional<CivilDate> starts, std::optional<CivilDate> ends) {
  v1::Affiliation one;
  one.set_relation(relation);
  one.set_organisation(organisation);
  if (starts) *one.mutable_starts_on() = DateOf(*starts);
  if (ends) *one.mutable_ends_on() = DateOf(*ends);
  return one;
}

v1::Event Stated(const std::string& source, CivilDate day) {
  v1::Event event;
  event.set_source(source);
  event.set_id("registration");
  SetMicros(LondonMidnight(day), event.mutable_occurred_at());
  SetMicros(LondonMidnight(day), event.mutable_received_at());
  event.mutable_service_registered()->set_name("Elm Court");
  return event;
}

std::vector<std::string> Commissioners(const v1::ProviderState& state) {
  return {state.service().commissioners().begin(), state.service().commissioners().end()};
}

constexpr auto kCommissioner = v1::Affiliation::RELATION_COMMISSIONER;
constexpr auto kHost = v1::Affiliation::RELATION_HOST;
constexpr CivilDate kStart = {2026, 1, 1};
constexpr CivilDate kLast = {2026, 6, 30};
constexpr CivilDate kNext = {2026, 7, 1};

void Fold(const v1::Event& event, v1::ProviderState* state) {
  EvolveFacts(event, KnownAt(*state, event), state);
}

// Rule: 2.6, the organisation graph with dates.
TEST(Affiliations, HoldFromTheMidnightOfTheirFirstDayToThatAfterTheirLast) {
  v1::Event event = Stated("council", kStart);
  auto* all = event.mutable_service_registered()->mutable_affiliations();
  *all->Add() = Of(kCommissioner, "halton", std::nullopt, kLast);
  *all->Add() = Of(kCommissioner, "st-helens", kNext, std::nullopt);
  *all->Add() = Of(kCommissioner, "warrington", std::nullopt, std::nullopt);
  v1::ProviderState state;
  Fold(event, &state);
  EXPECT_THAT(Commissioners(state), ElementsAre("halton", "warrington"));
  EXPECT_EQ(state.service_until_us(), LondonMidnight(kNext)) << "summer time";
  EXPECT_FALSE(CarryService(LondonMidnight(kNext) - 1, &state));
  EXPECT_THAT(Commissioners(state), ElementsAre("halton", "warrington"));
  EXPECT_TRUE(CarryService(LondonMidnight(kNext), &state));
  EXPECT_THAT(Commissioners(state), ElementsAre("st-helens", "warrington"));
  EXPECT_EQ(state.service_until_us(), 0) << "nothing ends";
  EXPECT_FALSE(CarryService(LondonMidnight({2030, 1, 1}), &state));
  EXPECT_EQ(state.service().affiliations_size(), 3) << "past and present stay to be seen";
}

TEST(Affiliations, OfOneRelationTheOneThatBeganLastHolds) {
  v1::Event event = Stated("council", kNext);
  auto* service = event.mutable_service_registered();
  service->set_host("as-stated-without-days");
  *service->add_affiliations() = Of(kHost, "second", CivilDate{2025, 1, 1}, kLast);
  *service->add_affiliations() = Of(kHost, "first", std::nullopt, kNext);
  v1::ProviderState state;
  state.set_known_us(LondonMidnight(kStart));
  Fold(event, &state);
  EXPECT_EQ(state.service().host(), "first") << "the second has ended";
  MergeService(LondonMidnight(kLast), &state);
  EXPECT_EQ(state.service().host(), "second");
  CarryService(LondonMidnight({2026, 7, 2}), &state);
  EXPECT_EQ(state.service().host(), "as-stated-without-days") << "both have";
}

TEST(Affiliations, TheLatestRegistrationThatNamesARelationCountsWholeInAnyOrder) {
  v1::Event dated = Stated("council", kStart);
  *dated.mutable_service_registered()->add_affiliations() =
      Of(kCommissioner, "halton", kStart, std::nullopt);
  *dated.mutable_service_registered()->add_affiliations() = Of(kHost, "halton", kStart, kLast);
  v1::Event plain = Stated("directory", {2026, 3, 1});
  plain.mutable_service_registered()->add_commissioners("st-helens");
  for (const bool backwards : {false, true}) {
    v1::ProviderState state;
    Fold(backwards ? plain : dated, &state);
    Fold(backwards ? dated : plain, &state);
    EXPECT_THAT(Commissioners(state), ElementsAre("st-helens")) << backwards;
    EXPECT_EQ(state.service().host(), "halton") << "which the later one does not deny";
    EXPECT_EQ(state.service().affiliations_size(), 1);
    EXPECT_EQ(state.service_until_us(), LondonMidnight(kNext));
  }
}

TEST(Affiliations, ThatHaveEndedLeaveNobody) {
  v1::Event event = Stated("council", kNext);
  *event.mutable_service_registered()->add_affiliations() =
      Of(kCommissioner, "halton", kStart, kLast);
  v1::ProviderState state;
  Fold(event, &state);
  EXPECT_THAT(Commissioners(state), IsEmpty());
  event.set_source_version(2);
  event.mutable_service_registered()->mutable_affiliations(0)->clear_ends_on();
  Fold(event, &state);
  EXPECT_THAT(Commissioners(state), ElementsAre("halton")) << "corrected: it goes on";
}

}  // namespace
}  // namespace trigpoint
