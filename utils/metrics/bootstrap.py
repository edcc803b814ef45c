"""How sure a figure is: intervals by resampling subjects, and when there are too few to mean anything."""

from collections.abc import Callable

import numpy as np

RESAMPLES = 1000
RESAMPLES_OF_SETS = 200  # where each resample costs a computation over the whole set
LEVEL = 0.95
FEW_SUBJECTS = 5
FEW_MOTIONS = 20


def interval_of_mean(values: np.ndarray, seed: int) -> tuple[float, float]:
    """Percentile bootstrap interval (95 %) of the mean of one value a subject, (S,) (Efron and Tibshirani 1993).

    Subjects are drawn, not motions: motions of one subject are alike. NaN for fewer than two subjects.
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    return _percentiles(values[drawn].mean(1))


def interval_of_set(
    statistic: Callable[[np.ndarray], dict[str, float]], subject_of: np.ndarray, seed: int
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals (95 %) of figures of a whole set, by drawing subjects with all their motions.

    statistic: indices of motions (with repeats) -> figures by name. subject_of: (N,) whose motion each is.
    A drawn set has fewer different motions than the set itself, which by itself brings distances up and coverage down;
    so the percentiles are taken of the deviations from the mean over draws, about the set's own figure. Figures here
    are not negative, and neither are the limits. NaN for fewer than two subjects.
    """
    subjects = np.unique(subject_of)
    own = statistic(np.arange(len(subject_of)))
    if len(subjects) < 2:
        return dict.fromkeys(own, (float("nan"), float("nan")))
    draw = np.random.default_rng(seed)
    motions = {subject: np.flatnonzero(subject_of == subject) for subject in subjects}
    found = [
        statistic(np.concatenate([motions[subject] for subject in draw.choice(subjects, len(subjects))]))
        for _ in range(RESAMPLES_OF_SETS)
    ]
    intervals = {}
    for name, figure in own.items():
        values = np.array([one[name] for one in found])
        low, high = _percentiles(figure + values - values.mean())
        intervals[name] = (max(low, 0.0), max(high, 0.0))
    return intervals


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def too_few(name: str, subjects: int, motions: int) -> list[str]:
    """Sentences that say where a set is too small for its figures to mean much; none where it is not."""
    said = []
    if subjects < FEW_SUBJECTS:
        said.append(
            f"{name}: {subjects} subject(s); with fewer than {FEW_SUBJECTS} neither a standard deviation over "
            "subjects nor its interval means much"
        )
    if motions < FEW_MOTIONS:
        said.append(
            f"{name}: {motions} motion(s); distances between sets, recall above all, mean little below {FEW_MOTIONS}"
        )
    return said
