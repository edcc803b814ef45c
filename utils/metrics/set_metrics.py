"""Metrics that have one value for the whole set of motions, with bootstrap intervals over subjects."""

import logging

import numpy as np

from models.conventions import ROTATION_INDICES, TRANSLATION_INDICES
from utils.metrics import distances
from utils.metrics.bootstrap import interval_of_set
from utils.metrics.catalogue import FRACTION, METRICS
from utils.metrics.metric_row import MetricValue
from utils.metrics.motion_set import MotionSet

logger = logging.getLogger("bige")

_MOST_TRANSPORTED = 500  # reference motions in exact optimal transport, whose cost grows with the cube of their number
_ROTATIONS, _TRANSLATIONS = list(ROTATION_INDICES), list(TRANSLATION_INDICES)


def compute_set_metrics(motions: MotionSet, reference: MotionSet, seed: int) -> dict[str, MetricValue]:
    """The metrics of the whole set by name. The reference is not resampled for the intervals.

    Args:
        motions: the evaluated motions.
        reference: what they are compared with.
        seed: seed of the bootstrap, and of the choice of reference motions where there are many.
    """
    chosen = np.arange(len(reference))
    if len(chosen) > _MOST_TRANSPORTED:
        chosen = np.random.default_rng(seed).choice(len(chosen), _MOST_TRANSPORTED, replace=False)
        logger.info("optimal transport to %d of %d reference motions, drawn at random", len(chosen), len(reference))
    costs = {
        "w2_angles": distances.squared_costs(
            motions.curves[..., _ROTATIONS], reference.curves[chosen][..., _ROTATIONS]
        ),
        "w2_pelvis": distances.squared_costs(
            100 * motions.curves[..., _TRANSLATIONS], 100 * reference.curves[chosen][..., _TRANSLATIONS]
        ),
    }
    moments = distances.moments(reference.features)
    neighbourhoods = distances.Neighbourhoods(reference.features, motions.features)

    def statistic(indices: np.ndarray) -> dict[str, float]:
        rows, times = np.unique(indices, return_counts=True)
        transported = {
            name: distances.optimal_transport(cost[rows], times / times.sum()) for name, cost in costs.items()
        }
        frechet = distances.frechet_distance(moments, distances.moments(motions.features[indices]))
        return {**transported, "frechet": frechet, **neighbourhoods.fractions(indices)}

    values = statistic(np.arange(len(motions)))
    intervals = interval_of_set(statistic, motions.subject_of, seed)
    metrics = {}
    for name, value in values.items():
        largest = 1.0 if METRICS[name].unit == FRACTION else np.inf
        low, high = (float(np.minimum(limit, largest)) for limit in intervals[name])
        metrics[name] = MetricValue(value, float("nan"), len(motions.subjects), low, high)
    return metrics
