"""Random numbers of one style of squatting, of which the most influential are spread evenly over the population."""

import numpy as np
from scipy import stats

from dataset.demo.sobol import sobol_point

# Pairs of a cumulated probability and the bounds of a range.
Ranges = tuple[tuple[float, tuple[float, float]], ...]

_SOBOL_DIMENSIONS = 40


class Sampler:
    """Random numbers of one style: stratified ones from a Sobol sequence, and independent ones."""

    def __init__(self, seed: int, index: int) -> None:
        self._sobol = iter(sobol_point(_SOBOL_DIMENSIONS, seed + 1, index))
        self._generator = np.random.default_rng([seed, index, 1])

    def stratified_uniform(self, low: float, high: float) -> float:
        """A uniform number, stratified over the population."""
        return float(low + (high - low) * next(self._sobol))

    def stratified_normal(self, mean: float, sd: float, low: float, high: float) -> float:
        """A normal number clipped to bounds, stratified over the population."""
        quantile = np.clip(next(self._sobol), 1e-4, 1 - 1e-4)
        return float(np.clip(mean + sd * stats.norm.ppf(quantile), low, high))

    def stratified_chance(self, probability: float) -> bool:
        """True with this probability, stratified over the population."""
        return bool(next(self._sobol) < probability)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """An independent uniform number."""
        return float(self._generator.uniform(low, high))

    def normal(self) -> float:
        """An independent standard normal number."""
        return float(self._generator.standard_normal())

    def clipped_normal(self, mean: float, sd: float, low: float, high: float) -> float:
        """An independent normal number clipped to bounds."""
        return float(np.clip(mean + sd * self.normal(), low, high))

    def side(self) -> int:
        """1 for the right side or -1 for the left."""
        return int(self._generator.choice((-1, 1)))

    def bend(self, first: float = 0.9, second: float = 0.7) -> tuple[float, float]:
        """The coefficients of an excursion's path, with these standard deviations; see `Excursion.bend`."""
        return self.clipped_normal(0.0, first, -1.6, 2.2), self.clipped_normal(0.0, second, -1.6, 2.2)

    def left_and_right(self, mean: float, sd: float) -> tuple[float, float]:
        """Values of the right and the left side, `mean` plus and minus a difference of standard deviation `sd`."""
        difference = sd * self.normal()
        return mean + difference, mean - difference

    def piecewise_uniform(self, ranges: Ranges) -> float:
        """A number drawn uniformly from one of several ranges."""
        return _piecewise(self.uniform(), ranges)

    def stratified_piecewise(self, ranges: Ranges) -> float:
        """A number from one of several ranges, stratified over the population."""
        return _piecewise(float(next(self._sobol)), ranges)


def _piecewise(quantile: float, ranges: Ranges) -> float:
    """The quantile of a distribution that is uniform in each of several ranges."""
    shares = [share for share, _ in ranges]
    k = min(int(np.searchsorted(shares, quantile)), len(ranges) - 1)
    before, (low, high) = shares[k - 1] if k else 0.0, ranges[k][1]
    return low + (high - low) * (quantile - before) / (shares[k] - before)
