#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "trigpoint/base/tri.h"

/// "Outside what you would expect for a service of its size and nature" (S2 App 2), as an
/// exposure-adjusted Poisson rule (domain.md 3.1).
namespace trigpoint {

/// The rate of a group of comparable providers.
struct PeerRate {
  double events_per_exposure_day = 0;  ///< Finite, >= 0; the subject itself left out.
  int providers = 0;                   ///< How many providers the rate rests on.
};

/// What the provider itself reported in the baseline window, which ends where the rate window
/// begins.
struct OwnBaseline {
  int64_t events = 0;        ///< Clusters, duplicates folded.
  double exposure_days = 0;  ///< Beds x days or the like; 0 = unknown.
  double calendar_days = 0;  ///< Length of the baseline that was observed.
};

/// One question: were there more events than expected in the rate window?
struct RateInput {
  int64_t observed = 0;                ///< Clusters in the rate window, duplicates folded.
  double window_days = 90;             ///< Length of the rate window.
  double exposure_days_in_window = 0;  ///< Beds x days or the like; 0 = unknown.
  std::optional<PeerRate> peer;
  std::optional<OwnBaseline> own;
  bool covered = false;  ///< A live feed covers this family, so silence means "none".
};

/// Parameters of the rule; the defaults are those of domain.md 3.1 ([D]: ours, not the sources').
struct RateParameters {
  double alpha = 0.025;            ///< One-sided; 0.001 for the special limit.
  int64_t min_count = 3;           ///< Fewer events are never elevated (no alarm by one event).
  int peer_min_n = 5;              ///< Fewer peers give no peer rate (domain.md 3.10, ruling 11).
  double baseline_days_min = 365;  ///< A shorter own baseline is not used.
};

/// The answer and the numbers behind it.
struct RateResult {
  Truth elevated = Truth::kUnknown;
  double expected = 0;  ///< Mean for the rate window; 0 when the basis is "none".
  double p_value = 1;   ///< P(X >= observed); 1 when the basis is "none".
  std::string basis;    ///< "peer", "own" or "none".
};

/// Tells whether the observed count is elevated.
///
/// Expected: the peer rate times the own exposure, when there are at least peer_min_n peers and the
/// exposure is known; else the own baseline, scaled by exposure where both exposures are known and
/// by time where not; else nothing. An own baseline without any event counts as half an event [D]:
/// a mean of exactly 0 would call any count impossible, while half an event in a year still lets
/// min_count events in 90 days stand out (3 observed: P = 0.0003).
///
/// Answer: TRUE when observed >= min_count and P(X >= observed) <= alpha, covered or not, because
/// events missing from an incomplete feed would only add to the count. Otherwise FALSE when a feed
/// covers the family, UNKNOWN when none does. With observed >= min_count and no expected value:
/// UNKNOWN. `observed` must not be negative.
RateResult Elevated(const RateInput& input, const RateParameters& parameters);

}  // namespace trigpoint
