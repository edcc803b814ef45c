"""The metrics of one set of motions: a row of the tables."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class MetricValue:
    """The value of one metric, in the unit of the catalogue.

    Attributes:
        mean: mean over subjects, or the value of the whole set.
        std: standard deviation over subjects (divided by n - 1); NaN for one subject and for the whole set.
        n: number of subjects.
        low: lower limit of the 95 % bootstrap interval over subjects; NaN for one subject.
        high: upper limit of that interval.
        values: value of each subject by name; empty where the metric is one of the whole set.
    """

    mean: float
    std: float
    n: int
    low: float
    high: float
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricRow:
    """The metrics of one set of motions.

    Attributes:
        name: name of the row.
        folder: where the motions were read.
        subjects: number of subjects.
        motions: number of motions.
        metrics: values by the names of the catalogue.
        notes: sentences that say how to read the values.
        warnings: sentences that say why values may be unreliable.
        left_out: sentences that say what could not be evaluated, and why.
    """

    name: str
    folder: Path
    subjects: int
    motions: int
    metrics: dict[str, MetricValue]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
