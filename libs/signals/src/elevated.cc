#include "trigpoint/signals/elevated.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "trigpoint/base/check.h"
#include "trigpoint/signals/poisson.h"

namespace trigpoint {
namespace {

// What an own baseline without events counts as; see the header.
constexpr double kEventsInEmptyBaseline = 0.5;

bool IsKnown(double amount) { return std::isfinite(amount) && amount > 0; }

std::optional<double> ExpectedFromPeers(const RateInput& input, const RateParameters& parameters) {
  if (!input.peer.has_value() || input.peer->providers < parameters.peer_min_n ||
      !IsKnown(input.exposure_days_in_window)) {
    return std::nullopt;
  }
  const double rate = input.peer->events_per_exposure_day;
  if (!std::isfinite(rate) || rate < 0) {
    return std::nullopt;
  }
  const double expected = rate * input.exposure_days_in_window;
  return std::isfinite(expected) ? std::optional(expected) : std::nullopt;
}

std::optional<double> ExpectedFromOwn(const RateInput& input, const RateParameters& parameters) {
  if (!input.own.has_value() || !IsKnown(input.own->calendar_days) ||
      input.own->calendar_days < parameters.baseline_days_min || input.own->events < 0) {
    return std::nullopt;
  }
  const double events = std::max(static_cast<double>(input.own->events), kEventsInEmptyBaseline);
  double scale = input.window_days / input.own->calendar_days;
  if (IsKnown(input.own->exposure_days) && IsKnown(input.exposure_days_in_window)) {
    scale = input.exposure_days_in_window / input.own->exposure_days;
  }
  const double expected = events * scale;
  return IsKnown(expected) ? std::optional(expected) : std::nullopt;
}

}  // namespace

RateResult Elevated(const RateInput& input, const RateParameters& parameters) {
  TP_CHECK(input.observed >= 0, "a count must not be negative");
  RateResult result{.basis = "none"};
  std::optional<double> expected = ExpectedFromPeers(input, parameters);
  if (expected.has_value()) {
    result.basis = "peer";
  } else if (expected = ExpectedFromOwn(input, parameters); expected.has_value()) {
    result.basis = "own";
  }
  if (expected.has_value()) {
    result.expected = *expected;
    result.p_value = PoissonUpperTail(input.observed, *expected);
  }
  const Truth not_elevated = input.covered ? Truth::kFalse : Truth::kUnknown;
  if (input.observed < parameters.min_count) {
    result.elevated = not_elevated;
  } else if (!expected.has_value()) {
    result.elevated = Truth::kUnknown;
  } else {
    result.elevated = result.p_value <= parameters.alpha ? Truth::kTrue : not_elevated;
  }
  return result;
}

}  // namespace trigpoint
