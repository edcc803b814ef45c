"""Windows of motions at 60 Hz, with masks of their frames; those of the networks have 196 frames."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.windows.placement import Placement, place
from dataset.windows.resample import resample
from dataset.windows.segmentation import Repetition, segment_repetitions
from models.conventions import FRAME_RATE_HZ, MUSCLES, WINDOW_FRAMES

_TO_REST_S = 0.4
_SLOPE_FRAMES = 7
_SAME_S = 1e-6


@dataclass(frozen=True)
class Window:
    """T frames of one motion at 60 Hz, by default 196 that begin with a repetition.

    Attributes:
        coordinates: (T, 33), degrees and metres, canonical order.
        activations: (T, 80), 0 to 1, or None where they are not known.
        recorded: (T,) bool, False where the motion was extended: brought to rest and held, or tiled with copies.
        first_repetition: (T,) bool, the first complete squat; see `has_squat`.
        counted: (T,) bool, the frames that the published metrics count: the repetition that was cut out of a trial, or
            all frames of a file.
        start_s: time of the first frame on the trial's own clock.
        source: the file, or None.
        labelled: (T,) bool, the frames whose activations are known, or None where there are none.
        has_squat: whether a complete squat was found; if not, `first_repetition` is all frames that count.
        name: name of the motion within its session or folder.
        extra: coordinates beside the 33 that some models have (knee adduction), (T,) each, degrees or metres. Without
            them the feet of such a model slide.
    """

    coordinates: np.ndarray
    activations: np.ndarray | None
    recorded: np.ndarray
    first_repetition: np.ndarray
    counted: np.ndarray
    start_s: float
    source: Path | None = None
    labelled: np.ndarray | None = None
    has_squat: bool = True
    name: str = ""
    extra: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.coordinates)

    @property
    def time_s(self) -> np.ndarray:
        """(T,) seconds on the trial's own clock."""
        return self.start_s + np.arange(len(self)) / FRAME_RATE_HZ

    @property
    def repetition(self) -> tuple[int, int]:
        """First frame of the first repetition, and the frame after its last."""
        frames = np.flatnonzero(self.first_repetition)
        return int(frames[0]), int(frames[-1]) + 1

    def placed(self, floor_m: float = 0.0) -> tuple["Window", Placement]:
        """The window at the origin, facing +x, on the floor y = 0, and the placement that undoes it; see `place`."""
        coordinates, placement = place(self.coordinates, floor_m)
        return replace(self, coordinates=coordinates), placement

    def motion(self) -> Motion:
        """The 33 coordinates and the activations as a motion at 60 Hz, on the trial's clock."""
        return Motion(self.time_s, self.coordinates, self.activations, source=self.source)

    def without_extension(self) -> "Window":
        """The recorded frames only, of a window that was extended at its end."""
        kept = int(self.recorded.sum())
        return replace(
            self,
            coordinates=self.coordinates[:kept],
            activations=None if self.activations is None else self.activations[:kept],
            recorded=self.recorded[:kept],
            first_repetition=self.first_repetition[:kept],
            counted=self.counted[:kept],
            labelled=None if self.labelled is None else self.labelled[:kept],
            extra={name: values[:kept] for name, values in self.extra.items()},
        )

    def with_labels(self, repetitions: Sequence[Motion]) -> "Window":
        """The window with the activations of repetitions of the same trial, matched by time.

        Args:
            repetitions: motions with activations, on the trial's clock. Frames outside of them get zeros and are not
                `labelled`.
        """
        activations = np.zeros((len(self), len(MUSCLES)))
        labelled = np.zeros(len(self), dtype=bool)
        for repetition in repetitions:
            inside = (self.time_s > repetition.time_s[0] - _SAME_S) & (self.time_s < repetition.time_s[-1] + _SAME_S)
            inside &= self.recorded
            if inside.any():
                time_s = self.time_s[inside].clip(repetition.time_s[0], repetition.time_s[-1])
                activations[inside] = PchipInterpolator(repetition.time_s, repetition.activations)(time_s)
                labelled |= inside
        return replace(self, activations=activations, labelled=labelled)


def windows_of_trial(motion: Motion, frames: int = WINDOW_FRAMES) -> list[Window]:
    """One window for each repetition of a trial, in order; empty where there is no repetition.

    Args:
        motion: a trial at any rate.
        frames: length of each window.

    Raises:
        InputError: as `resample` does.
    """
    motion = resample(motion, FRAME_RATE_HZ)
    return [window_from_trial(motion, repetition, frames) for repetition in segment_repetitions(motion)]


def window_of_repetition(motion: Motion, frames: int = WINDOW_FRAMES) -> Window:
    """The window of a file that holds one repetition from its first frame to its last, as muscle-driven files do."""
    motion = resample(motion, FRAME_RATE_HZ)
    bottom = int(motion.column("knee_angle_r").argmax())
    return window_from_trial(motion, Repetition.without_hold(0, len(motion), bottom), frames)


def window_of_motion(motion: Motion) -> Window:
    """A whole motion at 60 Hz as a window of its length, in which every frame is recorded and counts."""
    everything = np.ones(len(motion), dtype=bool)
    return Window(
        coordinates=motion.coordinates,
        activations=motion.activations,
        recorded=everything,
        first_repetition=everything,
        counted=everything,
        start_s=float(motion.time_s[0]),
        source=motion.source,
        labelled=None if motion.activations is None else everything,
        extra=motion.extra,
    )


def window_from_trial(motion: Motion, repetition: Repetition, frames: int = WINDOW_FRAMES) -> Window:
    """The window that starts with a repetition and continues with the trial as recorded.

    Where the recording ends sooner, the motion comes to rest within 0.4 s, its speed falling from that of the last
    frames to zero, and is held.

    Args:
        motion: the trial at 60 Hz.
        repetition: frames of `motion`.
        frames: length of the window.

    Raises:
        InputError: the motion is not at 60 Hz.
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
    in_repetition = frame < min(repetition.end_frame - start, recorded)
    return Window(
        coordinates=_brought_to_rest(motion.coordinates[start : start + recorded], held),
        activations=activations,
        recorded=frame < recorded,
        first_repetition=in_repetition,
        counted=in_repetition,
        start_s=float(motion.time_s[start]),
        source=motion.source,
        labelled=None if activations is None else frame < recorded,
        extra={
            name: _brought_to_rest(values[start : start + recorded, None], held)[:, 0]
            for name, values in motion.extra.items()
        },
    )


def _brought_to_rest(values: np.ndarray, held: int) -> np.ndarray:
    """Values (T, C) followed by `held` frames in which the speed at their end falls smoothly to zero."""
    if held == 0:
        return values
    tail = values[-_SLOPE_FRAMES:]
    frame = np.arange(len(tail)) - (len(tail) - 1)
    degree = min(2, len(tail) - 1)
    # The slope comes from a parabola through the tail, so that one noisy frame does not set the speed.
    speed = np.polynomial.polynomial.polyfit(frame, tail, degree)[1] if degree else np.zeros(values.shape[1])
    to_rest = _TO_REST_S * FRAME_RATE_HZ
    s = np.minimum(np.arange(1, held + 1) / to_rest, 1.0)
    # The integral of 1 - 3 s^2 + 2 s^3: the speed's share falls from 1 to 0 with zero slope at both ends.
    travelled = to_rest * (s - s**3 + s**4 / 2)
    return np.concatenate([values, values[-1] + travelled[:, None] * speed])
