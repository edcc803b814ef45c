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
    def is_even(self) -> bool:
        """Whether the frames are evenly spaced in time, as filters and derivatives need them."""
        return len(self) > 1 and is_even(self.time_s, self._mean_rate_hz)

    @property
    def rate_hz(self) -> float:
        """Sampling rate of an evenly sampled motion; `dataset.windows.resample.to_even` makes one of any motion.

        Raises:
            InputError: the motion has a single frame, or its frames are not evenly spaced in time.
        """
        if not self.is_even:
            why = "a single frame" if len(self) < 2 else "frames that are not evenly spaced in time"
            raise InputError(f"{self.source or 'the motion'} has {why}, so it has no sampling rate")
        return self._mean_rate_hz

    @property
    def _mean_rate_hz(self) -> float:
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


def is_even(time_s: np.ndarray, rate_hz: float) -> bool:
    """Whether time stamps (T,) are those of a rate, each within a twentieth of a frame.

    Stamps that were rounded to two or more decimals count as what they were rounded from: programs write 0.02, 0.03,
    0.05 s for 60 Hz, and to take these by the letter would make the motion jerk.
    """
    off_s = np.abs(time_s - (time_s[0] + np.arange(len(time_s)) / rate_hz)).max()
    return bool(off_s < max(0.05 / rate_hz, min(_rounding_s(time_s), 0.5 / rate_hz)))


def _rounding_s(time_s: np.ndarray) -> float:
    """Largest error of a difference of time stamps that all have the same two or three decimals; 0 for others."""
    for decimals in (2, 3):
        if np.abs(time_s - np.round(time_s, decimals)).max() < 1e-9:
            return 1.01 * 10.0**-decimals
    return 0.0
