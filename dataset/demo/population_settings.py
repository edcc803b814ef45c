"""Settings that all sessions of a population of synthetic subjects have in common."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class PopulationSettings:
    """A population of synthetic subjects on disk.

    Attributes:
        folder: data root of the sessions.
        seed: seed of the population.
        trials: squat trials of each subject.
        repetitions: squats of each trial.
    """

    folder: Path
    seed: int
    trials: int
    repetitions: int
