"""The published schedule of the objective's terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """When what acts, in fractions of the iterations: the published 500, 500 and 500 of 3000.

    First proximity alone, then the constraints are ramped in linearly, then all, and at last proximity alone. In that
    last part the required terms keep acting, so that what comes nearer to real motion still meets them, unless
    `release` is set, as published.
    """

    iterations: int = 3000
    first: float = 1 / 6
    ramp: float = 1 / 6
    last: float = 1 / 6
    release: bool = False

    def at(self, iteration: int) -> tuple[float, float]:
        """Weights of (required terms, the other terms), each 0 to 1, at an iteration."""
        start, full = self.iterations * self.first, self.iterations * (self.first + self.ramp)
        if iteration < start:
            return 0.0, 0.0
        if iteration >= self.iterations * (1 - self.last):
            return (0.0, 0.0) if self.release else (1.0, 0.0)
        share = 1.0 if iteration >= full else (iteration - start + 1) / (full - start + 1)
        return share, share
