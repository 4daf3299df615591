#pragma once

#include <cstdint>

namespace trigpoint {

/// Gives P(X >= k) for a Poisson variable X, with a relative error below 1e-12 also in the far
/// tail (below the smallest normal double the result goes to 0).
/// The order of summation is fixed: equal arguments give equal bits on one machine.
/// `mean` must be finite and not negative. k <= 0 gives 1; a mean of 0 gives 0 for k >= 1.
/// Complexity: some tens of square roots of the mean in additions.
double PoissonUpperTail(int64_t k, double mean);

/// Gives the smallest count k with P(X >= k) <= alpha. `alpha` must lie in (0, 1).
int64_t PoissonCriticalCount(double mean, double alpha);

}  // namespace trigpoint
