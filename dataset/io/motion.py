"""A motion: the 33 coordinates over time, with muscle activations and further columns where they are known."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.conventions import COORDINATE_INDEX


@dataclass(frozen=True)
class Motion:
    """One motion at any sampling rate, in canonical order.

    Attributes:
        time_s: (T,) seconds, increasing.
        coordinates: (T, 33), degrees and metres, in the order of `COORDINATES`.
        activations: (T, 80), 0 to 1, in the order of `MUSCLES`, or None.
        extra: further columns by name, (T,) each; coordinates in degrees or metres.
        source: the file, or None.
    """

    time_s: np.ndarray
    coordinates: np.ndarray
    activations: np.ndarray | None = None
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    source: Path | None = None

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def rate_hz(self) -> float:
        """Mean sampling rate.

        Raises:
            InputError: the motion has a single frame.
        """
        if len(self) < 2:
            raise InputError(f"{self.source or 'the motion'} has a single frame, so it has no sampling rate")
        return (len(self) - 1) / float(self.time_s[-1] - self.time_s[0])

    def column(self, name: str) -> np.ndarray:
        """The (T,) values of one of the 33 coordinates, degrees or metres."""
        return self.coordinates[:, COORDINATE_INDEX[name]]

    def cut(self, start: int, end: int) -> "Motion":
        """Frames `start` to `end` (exclusive), with their time stamps."""
        return Motion(
            self.time_s[start:end],
            self.coordinates[start:end],
            None if self.activations is None else self.activations[start:end],
            {name: values[start:end] for name, values in self.extra.items()},
            self.source,
        )
