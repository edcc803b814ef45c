"""Bootstrap confidence intervals over subjects, and sample sizes below which they are unreliable."""

from collections.abc import Callable

import numpy as np
from scipy.stats import bootstrap

RESAMPLES = 1000
RESAMPLES_OF_SETS = 200  # each resample costs a computation over the whole set
LEVEL = 0.95
FEW_SUBJECTS = 5
FEW_MOTIONS = 20


def interval_of_mean(values: np.ndarray, seed: int) -> tuple[float, float]:
    """Percentile bootstrap interval (95 %) of the mean of one value per subject (Efron and Tibshirani 1993).

    Subjects are resampled, and not motions, because motions of one subject are alike.

    Args:
        values: (S,) one value per subject.
        seed: seed of the resampling.

    Returns:
        Lower and upper limit in the unit of the values; NaN for fewer than two subjects.
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def interval_of_set(
    statistic: Callable[[np.ndarray], dict[str, float]], subject_of: np.ndarray, seed: int
) -> dict[str, tuple[float, float]]:
    """Bias-corrected bootstrap intervals (95 %) of metrics of a whole set, resampling subjects with all their motions.

    Subjects are clusters of motions and are drawn whole, with replacement (Davison and Hinkley 1997, section 3.8). A
    resample holds fewer different motions than the set, which alone raises distances and lowers coverage. The bootstrap
    estimate of this bias, the mean over resamples minus the set's own value (Efron and Tibshirani 1993, chapter 10), is
    therefore subtracted from the percentile limits. `scipy.stats.bootstrap` has neither clusters nor this correction.

    Args:
        statistic: metrics by name of the motions at the given indices, which may repeat. None of them is negative, and
            neither are the limits.
        subject_of: (N,) subject of each motion.
        seed: seed of the resampling.

    Returns:
        Lower and upper limit of each metric in its own unit; NaN for fewer than two subjects.
    """
    subjects = np.unique(subject_of)
    own = statistic(np.arange(len(subject_of)))
    if len(subjects) < 2:
        return dict.fromkeys(own, (float("nan"), float("nan")))
    generator = np.random.default_rng(seed)
    motions = {subject: np.flatnonzero(subject_of == subject) for subject in subjects}
    resamples = [
        statistic(np.concatenate([motions[subject] for subject in generator.choice(subjects, len(subjects))]))
        for _ in range(RESAMPLES_OF_SETS)
    ]
    intervals = {}
    for name, value in own.items():
        values = np.array([resample[name] for resample in resamples])
        low, high = np.percentile(value + values - values.mean(), [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
        intervals[name] = (max(float(low), 0.0), max(float(high), 0.0))
    return intervals


def describe_small_samples(name: str, subjects: int, motions: int) -> list[str]:
    """Warnings about a set with few subjects or motions; none where both are enough."""
    warnings = []
    if subjects < FEW_SUBJECTS:
        warnings.append(
            f"{name}: {subjects} subject(s); standard deviations and intervals over fewer than {FEW_SUBJECTS} subjects "
            "are unreliable"
        )
    if motions < FEW_MOTIONS:
        warnings.append(
            f"{name}: {motions} motion(s); distances between sets, and recall above all, are unreliable below "
            f"{FEW_MOTIONS} motions"
        )
    return warnings
