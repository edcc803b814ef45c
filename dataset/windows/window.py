"""Windows: the 196 frames at 60 Hz that the models see, from the start of a repetition on, as recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from dataset.errors import InputError
from dataset.io.mot import Motion
from dataset.windows.placement import Placement, place
from dataset.windows.resample import resample
from dataset.windows.segmentation import Repetition, segment_repetitions
from models.conventions import FRAME_RATE_HZ, MUSCLES, WINDOW_FRAMES

_TO_REST_S = 0.4
_SLOPE_FRAMES = 7
_SAME_S = 1e-6


@dataclass(frozen=True)
class Window:
    """196 frames at 60 Hz that begin in upright stance, degrees and metres, canonical order.

    coordinates: (196, 33). activations: (196, 80) or None. recorded: (196,), True where the frame was recorded and
    False where the motion was brought to rest and held. first_repetition: (196,), True up to the end of the repetition
    that the window begins with. start_s: the first frame on the trial's own clock. source: the trial's file. labelled:
    (196,), True where activations are known, or None where there are none.
    """

    coordinates: np.ndarray
    activations: np.ndarray | None
    recorded: np.ndarray
    first_repetition: np.ndarray
    start_s: float
    source: Path | None = None
    labelled: np.ndarray | None = None

    @property
    def time_s(self) -> np.ndarray:
        """(196,) seconds on the trial's own clock."""
        return self.start_s + np.arange(len(self.coordinates)) / FRAME_RATE_HZ

    def placed(self, floor_m: float = 0.0) -> tuple["Window", Placement]:
        """The window at the origin, facing +x, on the floor y = 0, and the placement that undoes it (see `place`)."""
        coordinates, placement = place(self.coordinates, floor_m)
        return replace(self, coordinates=coordinates), placement

    def motion(self) -> Motion:
        """The window as a motion at 60 Hz, on the trial's clock."""
        return Motion(self.time_s, self.coordinates, self.activations, source=self.source)

    def with_labels(self, repetitions: Sequence[Motion]) -> "Window":
        """The window with the activations of those repetitions of the same trial, by time; zero elsewhere."""
        activations = np.zeros((len(self.coordinates), len(MUSCLES)))
        labelled = np.zeros(len(self.coordinates), dtype=bool)
        for repetition in repetitions:
            inside = (self.time_s > repetition.time_s[0] - _SAME_S) & (self.time_s < repetition.time_s[-1] + _SAME_S)
            inside &= self.recorded
            if inside.any():
                time_s = self.time_s[inside].clip(repetition.time_s[0], repetition.time_s[-1])
                activations[inside] = PchipInterpolator(repetition.time_s, repetition.activations)(time_s)
                labelled |= inside
        return replace(self, activations=activations, labelled=labelled)


def windows_of_trial(motion: Motion, frames: int = WINDOW_FRAMES) -> list[Window]:
    """One window for each repetition of a trial of any rate, in order; empty where it holds no repetition.

    Raises InputError as `resample` does.
    """
    motion = resample(motion, FRAME_RATE_HZ)
    return [window_from_trial(motion, repetition, frames) for repetition in segment_repetitions(motion)]


def window_of_repetition(motion: Motion, frames: int = WINDOW_FRAMES) -> Window:
    """The window of a file that holds one repetition, as muscle-driven files do: from its first frame to its last."""
    motion = resample(motion, FRAME_RATE_HZ)
    bottom = int(motion.column("knee_angle_r").argmax())
    return window_from_trial(motion, Repetition(0, len(motion), bottom), frames)


def window_from_trial(motion: Motion, repetition: Repetition, frames: int = WINDOW_FRAMES) -> Window:
    """The window that starts with `repetition` and goes on with the trial as recorded.

    motion: at 60 Hz; the repetition's frames are its own. Where the recording ends sooner, the motion comes to rest
    within 0.4 s, its speed falling from that of the last frames to zero, and holds. Raises InputError at another rate.
    """
    if abs(motion.rate_hz - FRAME_RATE_HZ) > 0.01 * FRAME_RATE_HZ:
        raise InputError(
            f"{motion.source or 'the motion'}: a window needs {FRAME_RATE_HZ:g} Hz, this has {motion.rate_hz:.4g} Hz"
        )
    start = repetition.start_frame
    recorded = min(frames, len(motion) - start)
    held = frames - recorded
    activations = motion.activations
    if activations is not None:
        activations = _brought_to_rest(activations[start : start + recorded], held).clip(0.0, 1.0)
    frame = np.arange(frames)
    return Window(
        coordinates=_brought_to_rest(motion.coordinates[start : start + recorded], held),
        activations=activations,
        recorded=frame < recorded,
        first_repetition=frame < min(repetition.end_frame - start, recorded),
        start_s=float(motion.time_s[start]),
        source=motion.source,
        labelled=None if activations is None else frame < recorded,
    )


def _brought_to_rest(values: np.ndarray, held: int) -> np.ndarray:
    """Values (T, C) followed by `held` frames in which the speed at their end falls smoothly to zero."""
    if held == 0:
        return values
    tail = values[-_SLOPE_FRAMES:]
    frame = np.arange(len(tail)) - (len(tail) - 1)
    degree = min(2, len(tail) - 1)
    # The slope of the tail's parabola at its last frame: one noisy frame must not set the speed.
    speed = np.polynomial.polynomial.polyfit(frame, tail, degree)[1] if degree else np.zeros(values.shape[1])
    to_rest = _TO_REST_S * FRAME_RATE_HZ
    s = np.minimum(np.arange(1, held + 1) / to_rest, 1.0)
    # The integral of 1 - 3 s^2 + 2 s^3, a share of the speed that leaves 1 and reaches 0 without a kick.
    travelled = to_rest * (s - s**3 + s**4 / 2)
    return np.concatenate([values, values[-1] + travelled[:, None] * speed])
