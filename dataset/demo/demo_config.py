"""Settings of `make_demo_sessions`."""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError


@dataclass(frozen=True, kw_only=True)
class DemoConfig:
    """Which synthetic subjects to make, and where to write their sessions.

    Attributes:
        people: number of subjects.
        trials: squat trials of each subject; every trial has a style of its own.
        repetitions: squats of each trial.
        seed: seed of the population. A subject is the same whatever the number of subjects.
        labels: whether to simulate the muscle-driven repetitions as well.
        jobs: number of processes, each with one CPU thread.
        out_dir: sessions go to `<out_dir>/Data/demo-person-<number>/`; complete ones that are there are kept.
    """

    people: int = 80
    trials: int = 2
    repetitions: int = 5
    seed: int = 0
    labels: bool = True
    jobs: int = 1
    out_dir: Path = Path("demo/full")

    def __post_init__(self) -> None:
        """Raise InputError where a number is out of its range."""
        for name, least in {"people": 1, "trials": 1, "repetitions": 1, "jobs": 1, "seed": 0}.items():
            value = getattr(self, name)
            if not least <= value < 2**31:
                raise InputError(f"--{name} is {value}, expected an integer from {least} to {2**31 - 1}")
