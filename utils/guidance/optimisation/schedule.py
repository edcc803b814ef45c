"""The published schedule of the objective's terms, and the learning rate that goes with it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """When which part of the objective acts, in shares of the iterations: the published 500, 500 and 500 of 3000.

    Proximity acts alone at first; then the terms are ramped in linearly; then everything acts; in the final phase the
    wishes are disabled. Required terms keep acting in the final phase, so that a motion that comes nearer to the
    training data still meets them, unless `release` is set, as published.

    Attributes:
        iterations: number of iterations.
        first: share of the iterations with proximity alone.
        ramp: share in which the terms are ramped in.
        last: share of the final phase.
        release: disable required terms in the final phase too.
    """

    iterations: int
    first: float = 1 / 6
    ramp: float = 1 / 6
    last: float = 1 / 6
    release: bool = False

    def weights(self, iteration: int) -> tuple[float, float]:
        """Factors of (required terms, other terms), each 0 to 1, at an iteration."""
        start, full = self.iterations * self.first, self.iterations * (self.first + self.ramp)
        if iteration < start:
            return 0.0, 0.0
        if iteration >= self.iterations * (1 - self.last):
            return (0.0, 0.0) if self.release else (1.0, 0.0)
        share = 1.0 if iteration >= full else (iteration - start + 1) / (full - start + 1)
        return share, share

    def lr_factor(self, iteration: int) -> float:
        """Factor of the learning rate at an iteration: 1 until the ramp ends, then a cosine down to 0.01."""
        full = self.iterations * (self.first + self.ramp)
        passed = max(0.0, (iteration - full) / max(1.0, self.iterations - full))
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * passed))
