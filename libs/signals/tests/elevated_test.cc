#include "trigpoint/signals/elevated.h"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>

namespace trigpoint {

// GoogleTest finds this by its name.
void PrintTo(Truth value, std::ostream* out) { *out << TruthName(value); }

namespace {

// A home of `beds` beds over the default window of 90 days, in a covered family.
RateInput Home(double beds, int64_t observed) {
  return {.observed = observed,
          .window_days = 90,
          .exposure_days_in_window = beds * 90,
          .peer = std::nullopt,
          .own = std::nullopt,
          .covered = true};
}

// Peers whose rate lets a home of `beds` beds expect `expected` events in 90 days.
PeerRate PeersExpecting(double expected, double beds, int providers = 8) {
  return {.events_per_exposure_day = expected / (beds * 90), .providers = providers};
}

// domain.md 5, A16: S2 App 2 "size and nature".
TEST(Elevated, DoesNotFlagTwoEventsInASixBedHome) {
  RateInput input = Home(6, 2);
  input.peer = PeersExpecting(0.2, 6);
  const RateResult result = Elevated(input, {});
  EXPECT_EQ(result.elevated, Truth::kFalse);
  EXPECT_NEAR(result.expected, 0.2, 1e-12);
  EXPECT_NEAR(result.p_value, 0.0175, 0.00005);
  EXPECT_LT(result.p_value, RateParameters{}.alpha);
  EXPECT_EQ(result.basis, "peer");
}

TEST(Elevated, FlagsTheSameCountOnlyWhereItIsOutsideTheExpectation) {
  RateInput small = Home(6, 3);
  small.peer = PeersExpecting(0.2, 6);
  RateInput large = Home(90, 3);
  large.peer = small.peer;
  EXPECT_EQ(Elevated(small, {}).elevated, Truth::kTrue);
  EXPECT_NEAR(Elevated(large, {}).expected, 3, 1e-12);
  EXPECT_EQ(Elevated(large, {}).elevated, Truth::kFalse);
}

TEST(Elevated, TurnsAtTheCriticalCount) {
  for (const auto& [observed, truth] : {std::pair{10, Truth::kFalse}, {11, Truth::kTrue}}) {
    RateInput input = Home(40, observed);
    input.peer = PeersExpecting(5, 40);
    EXPECT_EQ(Elevated(input, {}).elevated, truth) << observed;
  }
  RateInput special = Home(40, 13);
  special.peer = PeersExpecting(5, 40);
  EXPECT_EQ(Elevated(special, {.alpha = 0.001}).elevated, Truth::kFalse);
}

TEST(Elevated, NeverReadsSilenceOfAMissingFeedAsAnswer) {
  RateInput input = Home(40, 0);
  input.peer = PeersExpecting(5, 40);
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kFalse);
  input.covered = false;
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kUnknown);
  input.observed = 6;
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kUnknown);
  input.observed = 11;
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kTrue);
}

TEST(Elevated, FewEventsAreFalseEvenWithoutAnExpectation) {
  const RateResult result = Elevated(Home(0, 2), {});
  EXPECT_EQ(result.elevated, Truth::kFalse);
  EXPECT_EQ(result.basis, "none");
  EXPECT_EQ(result.p_value, 1);
}

TEST(Elevated, IsUnknownWithoutAnyBasis) {
  const RateResult result = Elevated(Home(40, 9), {});
  EXPECT_EQ(result.elevated, Truth::kUnknown);
  EXPECT_EQ(result.basis, "none");
}

// domain.md 3.10, ruling 11: peer_min_n 5.
TEST(Elevated, NeedsEnoughPeersElseTakesTheOwnBaseline) {
  RateInput input = Home(40, 9);
  input.own = OwnBaseline{.events = 4, .exposure_days = 40 * 365, .calendar_days = 365};
  input.peer = PeersExpecting(20, 40, 5);
  EXPECT_EQ(Elevated(input, {}).basis, "peer");
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kFalse);
  input.peer = PeersExpecting(20, 40, 4);
  EXPECT_EQ(Elevated(input, {}).basis, "own");
  EXPECT_NEAR(Elevated(input, {}).expected, 4 * 90.0 / 365, 1e-12);
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kTrue);
  input.own.reset();
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kUnknown);
}

TEST(Elevated, ScalesTheOwnBaselineByExposureWhereKnown) {
  RateInput input = Home(20, 3);
  input.own = OwnBaseline{.events = 8, .exposure_days = 40 * 365, .calendar_days = 365};
  EXPECT_NEAR(Elevated(input, {}).expected, 8 * 90.0 / 365 / 2, 1e-12);
  input.own->exposure_days = 0;
  EXPECT_NEAR(Elevated(input, {}).expected, 8 * 90.0 / 365, 1e-12);
}

TEST(Elevated, FallsBackOnTimeWhenTheExposureIsUnknown) {
  RateInput input = Home(0, 9);
  input.peer = PeersExpecting(20, 40);
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kUnknown);
  input.own = OwnBaseline{.events = 4, .exposure_days = 40 * 365, .calendar_days = 365};
  EXPECT_EQ(Elevated(input, {}).basis, "own");
  EXPECT_NEAR(Elevated(input, {}).expected, 4 * 90.0 / 365, 1e-12);
}

TEST(Elevated, CountsAnEmptyBaselineAsHalfAnEvent) {
  RateInput input = Home(40, 3);
  input.own = OwnBaseline{.events = 0, .exposure_days = 40 * 365, .calendar_days = 365};
  const RateResult result = Elevated(input, {});
  EXPECT_NEAR(result.expected, 0.5 * 90 / 365, 1e-12);
  EXPECT_NEAR(result.p_value, 0.000285, 0.000001);
  EXPECT_EQ(result.elevated, Truth::kTrue);
  input.observed = 2;
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kFalse);
}

TEST(Elevated, DoesNotUseAShortBaseline) {
  RateInput input = Home(40, 9);
  input.own = OwnBaseline{.events = 1, .exposure_days = 40 * 364, .calendar_days = 364};
  EXPECT_EQ(Elevated(input, {}).elevated, Truth::kUnknown);
  EXPECT_EQ(Elevated(input, {.baseline_days_min = 180}).elevated, Truth::kTrue);
}

TEST(Elevated, TakesAPeerRateOfZeroAtItsWord) {
  RateInput input = Home(40, 3);
  input.peer = PeerRate{.events_per_exposure_day = 0, .providers = 30};
  const RateResult result = Elevated(input, {});
  EXPECT_EQ(result.elevated, Truth::kTrue);
  EXPECT_EQ(result.p_value, 0);
}

TEST(Elevated, IgnoresNumbersThatAreNone) {
  RateInput input = Home(40, 9);
  input.peer = PeerRate{.events_per_exposure_day = std::numeric_limits<double>::quiet_NaN(),
                        .providers = 30};
  EXPECT_EQ(Elevated(input, {}).basis, "none");
  input.peer->events_per_exposure_day = std::numeric_limits<double>::max();
  EXPECT_EQ(Elevated(input, {}).basis, "none");
}

}  // namespace
}  // namespace trigpoint
