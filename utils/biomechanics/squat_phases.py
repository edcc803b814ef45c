"""Phases of a squat, by which motions of different speeds are compared: descent, deepest frame, ascent.

They begin and end where the knees leave and reach upright stance by a share of the depth. Segmentation
(`dataset.windows.repetition_phases`) and quantities of tempo (`repetition_parts`) look for rest instead, and so include
slow sway at both ends, which would shift the curves of two squats against each other here.
"""

from dataclasses import dataclass

import numpy as np

from models.conventions import KNEE_INDICES

PHASES = 101  # points from the start of the descent to the end of the ascent; the deepest frame is in the middle
_UPRIGHT = 0.15  # of the depth: the subject stands where the knees are flexed less than that above the least flexion
_STANDS = 0.3  # of the range of flexion, above its least, up to which the straightest before or after a squat is stance


@dataclass(frozen=True)
class SquatPhases:
    """Frames of a squat.

    Attributes:
        start: first frame of the descent.
        deepest: frame of greatest knee flexion.
        end: last frame of the ascent, or of the motion where it does not stand upright again.
        is_complete: whether it stands upright again.
    """

    start: int
    deepest: int
    end: int
    is_complete: bool


def find_phases(coordinates: np.ndarray, frames: int | None = None) -> SquatPhases:
    """The phases of the deepest squat, by the mean flexion of both knees. Standing before and after it is left out.

    The subject may stand with the knees more bent after the squat than before it, or the other way round.

    Args:
        coordinates: (T, 33), degrees and metres; T is at least 3.
        frames: look only at so many frames from the start; None for all.
    """
    flexion = coordinates[:frames, KNEE_INDICES].mean(1)
    deepest = int(flexion.argmax().clip(1, len(flexion) - 2))
    before, after = _upright(flexion, slice(deepest)), _upright(flexion, slice(deepest + 1, None))
    return SquatPhases(
        start=int(before[-1]) if len(before) else 0,
        deepest=deepest,
        end=int(deepest + 1 + after[0]) if len(after) else len(flexion) - 1,
        is_complete=bool(len(after)),
    )


def _upright(flexion: np.ndarray, side: slice) -> np.ndarray:
    """The frames of one side of the deepest one in which the subject stands, counted from the first of that side."""
    least, greatest, straightest = flexion.min(), flexion.max(), flexion[side].min()
    if straightest > least + _STANDS * (greatest - least):
        straightest = least  # it does not come to stand on that side
    return np.flatnonzero(flexion[side] <= straightest + _UPRIGHT * (greatest - straightest))


def normalise_phases(curves: np.ndarray, phases: SquatPhases) -> np.ndarray:
    """Curves (T, C) of a squat at `PHASES` points of its phases, (101, C): half in the descent, half in the ascent."""
    half = PHASES // 2 + 1
    descent = np.linspace(phases.start, phases.deepest, half)
    ascent = np.linspace(phases.deepest, phases.end, half)
    frames = np.concatenate([descent, ascent[1:]])
    return np.stack([np.interp(frames, np.arange(len(curves)), column) for column in curves.T], 1)
