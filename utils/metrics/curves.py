"""How motions move: bands of reference curves, smoothness, depth and alignment of the knee."""

import numpy as np
from scipy.stats import shapiro

from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate
from utils.biomechanics.statistics import summarise

SIGNIFICANCE = 0.05
_EVERY_POINT = 10  # of 101: neighbouring points of a smooth curve say the same
_FEWEST_FOR_NORMALITY = 8

# What a motion is measured by: quantity, its argument, statistic, factor to the unit of the table
MOVEMENT = {
    "repetition_omega": ("angular_speed", None, "rms", 1),
    "repetition_asymmetry": ("asymmetry", None, "rms", 1),
    "repetition_com_velocity": ("com_speed", None, "rms", 1),
    "repetition_com_acceleration": ("com_acceleration", None, "rms", 1),
    "knee_flexion": ("knee_flexion", None, "max", 1),
    "pelvis_drop": ("pelvis_drop", None, "max", 100),
    "com_jerk": ("com_jerk", None, "rms", 1),
    "angular_jerk": ("angular_jerk", None, "rms", 1e-3),
}
MOVEMENT_OF_MODEL = {
    "knee_valgus": ("knee_valgus", None, "max", 100),
    "trunk_lean": ("trunk_lean", None, "max", 1),
    "range_excess": ("range_excess", None, "max", 1),
}


def movement_metrics(context: Context, statistics: dict) -> dict[str, float]:
    """Means over motions and sides of the statistics in MOVEMENT or MOVEMENT_OF_MODEL, over the frames that count.

    Root mean squares are each motion's own, where the paper pools all frames of all motions. Quantities and their
    units are defined in `utils.quantities`; lengths become cm, the joints' jerk 1000 deg/s^3.
    """
    return {
        name: scale * float(summarise(evaluate(quantity, context, argument), statistic).mean())
        for name, (quantity, argument, statistic, scale) in statistics.items()
    }


class Band:
    """The reference's mean curve and two standard deviations to either side, (101, C) each, in the curves' units.

    curves: (N, 101, C), N at least 2. A constant curve (a welded joint) counts as inside within `tolerance`.
    """

    def __init__(self, curves: np.ndarray, tolerance: float = 1e-6):
        self.mean, spread = curves.mean(0), curves.std(0, ddof=1)
        self.low, self.high = self.mean - 2 * spread - tolerance, self.mean + 2 * spread + tolerance

    def inside(self, curves: np.ndarray) -> np.ndarray:
        """(N, C): the share of the 101 points at which each curve (N, 101, C) lies within mean ± 2 SD.

        About .95 for curves of the same normal distribution; the band is pointwise (as in gait analysis, e.g.
        Lenhoff et al. 1999, who also say that pointwise bands cover fewer whole curves).
        """
        return ((curves >= self.low) & (curves <= self.high)).mean(1)


def share_not_normal(curves: np.ndarray) -> float:
    """The share of the curves' points at which Shapiro and Wilk's test (1965) rejects normality at 5 %.

    curves: (N, 101, C); every tenth point of each coordinate that varies is tested across the N motions. It is a test
    of normality and nothing else: it says how far a band of mean ± 2 SD may be trusted; .05 is expected of normal
    curves, and few motions reject nothing. NaN for fewer than eight motions.
    """
    if len(curves) < _FEWEST_FOR_NORMALITY:
        return float("nan")
    points = curves[:, ::_EVERY_POINT].reshape(len(curves), -1)
    points = points[:, np.ptp(points, axis=0) > 1e-6]
    if not points.shape[1]:
        return float("nan")
    return float((shapiro(points, axis=0).pvalue < SIGNIFICANCE).mean())
