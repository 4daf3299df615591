"""Chance with a seed: each purpose draws from a stream of its own, so that a new feed does not reshuffle the others."""

import math
import random


class Chance(random.Random):
    """A stream of random numbers that is the same for the same seed and purpose."""

    def __init__(self, seed, *purpose):
        super().__init__("/".join(str(part) for part in (seed, *purpose)))

    def poisson(self, mean):
        """How many of something that is expected `mean` times."""
        count = 0
        while mean > 30:  # In parts: exp(-mean) would lose its digits.
            count += self.poisson(30)
            mean -= 30
        limit = math.exp(-mean)
        product = self.random()
        while product > limit:
            count += 1
            product *= self.random()
        return count

    def factor(self, spread):
        """How much more or less often than its peers a service reports: mean 1, standard deviation `spread`."""
        shape = 1 / spread**2
        return self.gammavariate(shape, 1 / shape)

    def pick(self, weights):
        """One of the keys of `weights`, in their proportion."""
        return self.choices(list(weights), list(weights.values()))[0]

    def happens(self, probability):
        """Whether something of this probability happens."""
        return self.random() < probability

    def skewed(self, mean):
        """A delay with this mean: mostly shorter, now and then much longer, never more than eight times."""
        return min(self.expovariate(1 / mean), 8 * mean)
