"""Settings of `make_demo_sessions`."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from dataset.demo.population_settings import PopulationSettings
from utils.runs.shared_configs import CheckedConfig, require_at_least, require_counts, require_sizes


@dataclass(frozen=True, kw_only=True)
class DemoConfig(CheckedConfig):
    """Which synthetic subjects to make, and where to write their sessions.

    Attributes:
        people: number of subjects.
        trials: squat trials of each subject; every trial has a style of its own.
        repetitions: squats of each trial.
        seed: seed of the population. A subject is the same whatever the number of subjects.
        labels: whether to simulate the muscle-driven repetitions as well.
        jobs: number of processes, each with one CPU thread; by default one for each core.
        out_dir: sessions go to `<out_dir>/Data/demo-person-<number>/`; complete ones that are there are kept.
    """

    people: int = 240
    trials: int = 6
    repetitions: int = 2
    seed: int = 0
    labels: bool = True
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    out_dir: Path = Path("demo/full")

    def __post_init__(self) -> None:
        """Raise InputError where a number is out of its range."""
        super().__post_init__()
        require_at_least(1, jobs=self.jobs)
        require_sizes(people=self.people)
        require_counts(trials=self.trials, repetitions=self.repetitions)
        require_at_least(0, seed=self.seed)

    @property
    def population(self) -> PopulationSettings:
        """The settings that every session of `out_dir` has in common."""
        return PopulationSettings(folder=self.out_dir, seed=self.seed, trials=self.trials, repetitions=self.repetitions)
