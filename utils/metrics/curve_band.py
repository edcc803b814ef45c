"""The band of the reference's curves, mean ± 2 standard deviations, and a test of the normality it assumes."""

import numpy as np
from scipy.stats import shapiro

SIGNIFICANCE = 0.05
_EVERY_POINT = 10  # of 101: neighbouring points of a smooth curve carry the same information
_FEWEST_FOR_NORMALITY = 8


class ReferenceBand:
    """The reference's mean curve ± two standard deviations, point by point.

    Attributes:
        mean: (101, C) mean curve, in the curves' units.
        low: (101, C) lower limit.
        high: (101, C) upper limit.
    """

    def __init__(self, curves: np.ndarray, tolerance: float = 1e-6) -> None:
        """Make the band of curves (N, 101, C), N at least 2.

        Args:
            curves: the reference's time-normalised curves.
            tolerance: widens the band, so that a constant curve (a welded joint) is inside its own band.
        """
        self.mean, spread = curves.mean(0), curves.std(0, ddof=1)
        self.low, self.high = self.mean - 2 * spread - tolerance, self.mean + 2 * spread + tolerance

    def fraction_inside(self, curves: np.ndarray) -> np.ndarray:
        """(N, C) fraction of the 101 points at which each curve (N, 101, C) lies in the band.

        About .95 for curves of the same normal distribution. The band is pointwise, as is usual in gait analysis;
        a pointwise band covers fewer whole curves (Lenhoff et al. 1999).
        """
        return ((curves >= self.low) & (curves <= self.high)).mean(1)


def fraction_not_normal(curves: np.ndarray) -> float:
    """Fraction of the curves' points at which Shapiro and Wilk's test (1965) rejects normality at the 5 % level.

    Of normally distributed curves, .05 is expected. With few motions the test rejects little, whatever their
    distribution.

    Args:
        curves: (N, 101, C). Every tenth point of each coordinate that varies is tested over the N motions.

    Returns:
        The fraction, or NaN for fewer than eight motions.
    """
    if len(curves) < _FEWEST_FOR_NORMALITY:
        return float("nan")
    points = curves[:, ::_EVERY_POINT].reshape(len(curves), -1)
    points = points[:, np.ptp(points, axis=0) > 1e-6]
    if not points.shape[1]:
        return float("nan")
    return float((shapiro(points, axis=0).pvalue < SIGNIFICANCE).mean())
