"""Windows of motions at 60 Hz, with masks of their frames: a whole repetition, then standing still."""

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
from dataset.windows.squat_evidence import BENT_STANCE_DEG
from dataset.windows.standing import (
    REST_FRAMES,
    SHORTEST_BLEND_FRAMES,
    Standing,
    blend_frames,
    come_to_rest,
    with_extra,
)
from models.conventions import (
    COORDINATES,
    FRAME_RATE_HZ,
    FRAMES_PER_LATENT,
    KNEE_INDICES,
    LONGEST_SEQ_LEN,
    MUSCLES,
    WINDOW_FRAMES,
)

MADE_FRAMES = SHORTEST_BLEND_FRAMES + REST_FRAMES  # the fewest that are made after a repetition
_SAME_S = 1e-6


@dataclass(frozen=True)
class Window:
    """T frames of one motion at 60 Hz, by default 196: a whole repetition, then standing still.

    Attributes:
        coordinates: (T, 33), degrees and metres, canonical order.
        activations: (T, 80), 0 to 1, or None where they are not known.
        recorded: (T,) bool, False where the motion was extended: brought to rest in stance, or tiled with copies.
        first_repetition: (T,) bool, the first complete squat; see `has_squat`.
        counted: (T,) bool, the frames that the published metrics count: the repetition that was cut out of a trial, or
            all frames of a file.
        standing: (T,) bool, standing still after the repetition, as recorded or made.
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
    standing: np.ndarray
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
    def repetition_span(self) -> tuple[int, int]:
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
            standing=self.standing[:kept],
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
    """One window for each repetition of a trial that fits, in order; empty where there is none.

    Args:
        motion: a trial at any rate.
        frames: length of each window, a multiple of 4; see `reason_not_to_fit`.

    Raises:
        InputError: as `resample` does.
    """
    motion = resample(motion, FRAME_RATE_HZ)
    repetitions = segment_repetitions(motion)
    fit = [k for k, one in enumerate(repetitions) if not reason_not_to_fit(one, frames)]
    return windows_of_repetitions(motion, repetitions, fit, frames)


def reason_not_to_fit(repetition: Repetition, frames: int) -> str | None:
    """Why a repetition at 60 Hz does not fit into a window with the standing after it, as the end of a sentence."""
    length = repetition.end_frame - repetition.start_frame
    needed = -(-(length + MADE_FRAMES) // FRAMES_PER_LATENT)
    if needed * FRAMES_PER_LATENT <= frames:
        return None
    duration = f"a repetition lasts {length / FRAME_RATE_HZ:.1f} s"
    if needed > LONGEST_SEQ_LEN:
        longest_s = (LONGEST_SEQ_LEN * FRAMES_PER_LATENT - MADE_FRAMES) / FRAME_RATE_HZ
        return f"{duration}, more than the {longest_s:.1f} s of the longest window"
    return f"{duration}, which needs --seq-len {needed} or more"


def reason_of_unfit(repetitions: Sequence[Repetition], frames: int) -> str:
    """Which of the repetitions at 60 Hz do not fit, as the end of a sentence; empty where all do."""
    longest = max(repetitions, key=lambda one: one.end_frame - one.start_frame, default=None)
    reason = longest and reason_not_to_fit(longest, frames)
    if not reason:
        return ""
    unfit = sum(reason_not_to_fit(one, frames) is not None for one in repetitions)
    return reason if len(repetitions) == 1 else f"{unfit} of {len(repetitions)} repetitions do not fit; {reason}"


def windows_of_repetitions(
    motion: Motion, repetitions: Sequence[Repetition], chosen: Sequence[int], frames: int = WINDOW_FRAMES
) -> list[Window]:
    """The windows of some of the repetitions of a trial.

    Each starts with its repetition. What was recorded after it is kept while the person stands still. Then the motion
    comes to rest in the person's own upright stance, without a jump of position or speed, and stays there for the last
    0.4 s at least.

    Args:
        motion: the trial at 60 Hz.
        repetitions: all of its repetitions, in frames of `motion`.
        chosen: the numbers of those to make windows of, from 0.
        frames: length of each window.

    Raises:
        InputError: the motion is not at 60 Hz, or a chosen repetition does not fit.
    """
    where = motion.source or "the motion"
    if abs(motion.rate_hz - FRAME_RATE_HZ) > 0.01 * FRAME_RATE_HZ:
        raise InputError(f"{where}: a window needs {FRAME_RATE_HZ:g} Hz, this has {motion.rate_hz:.4g} Hz")
    reasons = [reason for k in chosen if (reason := reason_not_to_fit(repetitions[k], frames))]
    if reasons:
        raise InputError(f"{where}: {reasons[0]}")
    if not chosen:
        return []
    standing = Standing(motion, repetitions)
    return [_window(motion, repetitions[k], standing, k, frames) for k in chosen]


def whole_repetition(motion: Motion) -> Repetition:
    """The repetition that a motion at 60 Hz consists of.

    Raises:
        InputError: it begins or ends in a squat.
    """
    for where, row in (("begins", 0), ("ends", -1)):
        bend_deg = float(motion.coordinates[row, KNEE_INDICES].min())  # the other leg may be in the air
        if bend_deg > BENT_STANCE_DEG:
            raise InputError(
                f"{motion.source or 'the motion'}: {where} with knees flexed by {bend_deg:.0f} degrees, so it is not a "
                "whole repetition from upright stance to upright stance"
            )
    return Repetition.without_hold(0, len(motion), int(motion.column("knee_angle_r").argmax()))


def frames_needed(repetition: Repetition) -> int:
    """Length of the window, `WINDOW_FRAMES` at least, that a repetition at 60 Hz fits into; a multiple of 4."""
    length = repetition.end_frame - repetition.start_frame + MADE_FRAMES
    return max(WINDOW_FRAMES, -(-length // FRAMES_PER_LATENT) * FRAMES_PER_LATENT)


def window_of_motion(motion: Motion) -> Window:
    """A whole motion at 60 Hz as a window of its length, in which every frame is recorded and counts."""
    everything = np.ones(len(motion), dtype=bool)
    return Window(
        coordinates=motion.coordinates,
        activations=motion.activations,
        recorded=everything,
        first_repetition=everything,
        counted=everything,
        standing=~everything,
        start_s=float(motion.time_s[0]),
        source=motion.source,
        labelled=None if motion.activations is None else everything,
        extra=motion.extra,
    )


def _window(motion: Motion, repetition: Repetition, standing: Standing, k: int, frames: int) -> Window:
    """The window of repetition `k`, which fits."""
    start, end = repetition.start_frame, repetition.end_frame
    room = frames - REST_FRAMES - (end - start)
    kept = min(standing.after(k), room - SHORTEST_BLEND_FRAMES)
    stop = end + kept
    values = with_extra(motion)[start:stop]
    stance = standing.stance(k, kept)
    blend = blend_frames(values[-1], stance, room - kept)
    values = come_to_rest(values, stance, blend, frames)
    activations = motion.activations
    if activations is not None:  # those of made frames are not labelled
        activations = np.pad(activations[start:stop], ((0, frames - (stop - start)), (0, 0)), mode="edge")
    frame = np.arange(frames)
    recorded, in_repetition = frame < stop - start, frame < end - start
    return Window(
        coordinates=values[:, : len(COORDINATES)],
        activations=activations,
        recorded=recorded,
        first_repetition=in_repetition,
        counted=in_repetition,
        standing=~in_repetition,
        start_s=float(motion.time_s[start]),
        source=motion.source,
        labelled=None if activations is None else recorded,
        extra=dict(zip(motion.extra, values[:, len(COORDINATES) :].T, strict=True)),
    )
