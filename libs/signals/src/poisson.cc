#include "trigpoint/signals/poisson.h"

#include <algorithm>
#include <cmath>

#include "trigpoint/base/check.h"

namespace trigpoint {
namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;
// A term this much smaller than its sum no longer changes it.
constexpr double kNegligible = 1e-18;

// ln(k!) minus Stirling's approximation of it; below 1e-17 of error for k > 20.
double StirlingError(double k) {
  const double kk = k * k;
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / kk) / kk) / kk) / kk) /
         k;
}

// k ln(k / mean) + mean - k without the cancellation that the plain formula suffers near k = mean.
double Deviance(double k, double mean) {
  const double difference = k - mean;
  if (std::fabs(difference) >= 0.1 * (k + mean)) {
    return k * std::log(k / mean) - difference;
  }
  const double v = difference / (k + mean);
  double sum = difference * v;
  double power = 2 * k * v;
  for (int j = 1; j < 1000; ++j) {
    power *= v * v;
    const double next = sum + power / (2 * j + 1);
    if (next == sum) {
      break;
    }
    sum = next;
  }
  return sum;
}

// P(X = k) by C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000); small
// counts are multiplied out. The mean is positive.
double PoissonMass(int64_t k, double mean) {
  constexpr int64_t kMultiplyMax = 20;
  constexpr double kMultiplyMeanMax = 600;  // exp(-mean) is still a normal number.
  if (k == 0) {
    return std::exp(-mean);
  }
  if (k <= kMultiplyMax && mean <= kMultiplyMeanMax) {
    double mass = std::exp(-mean);
    for (int64_t i = 1; i <= k; ++i) {
      mass *= mean / static_cast<double>(i);
    }
    return mass;
  }
  const auto count = static_cast<double>(k);
  const double error = k <= kMultiplyMax
                           ? std::log(std::tgamma(count + 1)) -
                                 (count * std::log(count) - count + 0.5 * std::log(kTwoPi * count))
                           : StirlingError(count);
  return std::exp(-error - Deviance(count, mean)) / std::sqrt(kTwoPi * count);
}

// P(X >= k) for k above the mean, where the terms fall from the first on.
double UpperSum(int64_t k, double mean) {
  double ratio = 1;
  double sum = 1;
  for (auto next = static_cast<double>(k) + 1; ratio > sum * kNegligible; next += 1) {
    ratio *= mean / next;
    sum += ratio;
  }
  return PoissonMass(k, mean) * sum;
}

// P(X <= k) for k not above the mean, where the terms fall towards 0.
double LowerSum(int64_t k, double mean) {
  double ratio = 1;
  double sum = 1;
  for (auto left = static_cast<double>(k); left > 0 && ratio > sum * kNegligible; left -= 1) {
    ratio *= left / mean;
    sum += ratio;
  }
  return PoissonMass(k, mean) * sum;
}

}  // namespace

double PoissonUpperTail(int64_t k, double mean) {
  TP_CHECK(std::isfinite(mean) && mean >= 0, "the mean must be finite and not negative");
  if (k <= 0) {
    return 1;
  }
  if (mean == 0) {
    return 0;
  }
  const double tail = static_cast<double>(k) > mean ? UpperSum(k, mean)  //
                                                    : 1 - LowerSum(k - 1, mean);
  return std::clamp(tail, 0.0, 1.0);
}

int64_t PoissonCriticalCount(double mean, double alpha) {
  TP_CHECK(alpha > 0 && alpha < 1, "alpha must lie between 0 and 1");
  int64_t below = 0;  // P(X >= below) > alpha.
  int64_t at = 1;
  while (PoissonUpperTail(at, mean) > alpha) {
    below = at;
    at *= 2;
  }
  while (at - below > 1) {
    const int64_t middle = below + (at - below) / 2;
    (PoissonUpperTail(middle, mean) > alpha ? below : at) = middle;
  }
  return at;
}

}  // namespace trigpoint
