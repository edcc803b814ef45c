"""Phases of a squat, by which motions of different speeds are compared: descent, deepest frame, ascent.

They begin and end where the knees leave and reach upright stance by a share of the depth. Segmentation
(`dataset.windows.repetition_phases`) and quantities of tempo (`repetition_parts`) look for rest instead, and so include
slow sway at both ends, which would shift the curves of two squats against each other here.
"""

from dataclasses import dataclass

import numpy as np

from models.conventions import KNEE_INDICES

PHASES = 101  # points from the start of the descent to the end of the ascent; the deepest frame is in the middle
# Shares of the depth beyond which the subject is at the bottom. Where a hold wavers, one of them may be reached within
# it in one squat and before it in another.
_BOTTOMS = (0.95, 0.9, 0.8)
# Points of the bottom's first and last frame in a comparison of forms. A squat without a hold, whose flexion follows a
# cosine, is there for this share of its duration, so that nothing is shifted in it.
_BOTTOM_POINTS = ((43, 57), (40, 60), (35, 65))
_UPRIGHT = 0.15  # of the depth: the subject stands where the knees are flexed less than that above the least flexion
_STANDS = 0.3  # of the range of flexion, above its least, up to which the straightest before or after a squat is stance


@dataclass(frozen=True)
class SquatPhases:
    """Frames of a squat.

    Attributes:
        start: first frame of the descent.
        deepest: frame of greatest knee flexion.
        bottoms: first and last frame at the bottom, of a hold where there is one: within a twentieth, a tenth and a
            fifth of the depth.
        end: last frame of the ascent, or of the motion where it does not stand upright again.
        is_complete: whether it stands upright again.
    """

    start: int
    deepest: int
    bottoms: tuple[tuple[int, int], ...]
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
    start = int(before[-1]) if len(before) else 0
    end = int(deepest + 1 + after[0]) if len(after) else len(flexion) - 1
    descent, ascent = flexion[start : deepest + 1], flexion[deepest : end + 1]
    return SquatPhases(
        start=start,
        deepest=deepest,
        bottoms=tuple((start + _reaches(descent, share), end - _reaches(ascent[::-1], share)) for share in _BOTTOMS),
        end=end,
        is_complete=bool(len(after)),
    )


def _reaches(side: np.ndarray, share: float) -> int:
    """The first frame of a descent (T,), or of an ascent backwards in time, that reaches a share of the depth."""
    return int((side >= side[0] + share * (side[-1] - side[0])).argmax())


def _upright(flexion: np.ndarray, side: slice) -> np.ndarray:
    """The frames of one side of the deepest one in which the subject stands, counted from the first of that side."""
    least, greatest, straightest = flexion.min(), flexion.max(), flexion[side].min()
    if straightest > least + _STANDS * (greatest - least):
        straightest = least  # it does not come to stand on that side
    return np.flatnonzero(flexion[side] <= straightest + _UPRIGHT * (greatest - straightest))


def normalise_phases(curves: np.ndarray, phases: SquatPhases) -> np.ndarray:
    """Curves (T, C) of a squat at `PHASES` points of its phases, (101, C): half in the descent, half in the ascent."""
    return _at_points(curves, (0, PHASES // 2, PHASES - 1), (phases.start, phases.deepest, phases.end))


def form_at_phases(curves: np.ndarray, phases: SquatPhases) -> np.ndarray:
    """The same with the bottom over the same points however long it is held, for each of `bottoms`: (3, 101, C)."""
    forms = []
    for (first, last), (enters, leaves) in zip(_BOTTOM_POINTS, phases.bottoms, strict=True):
        points = (0, first, PHASES // 2, last, PHASES - 1)
        forms.append(_at_points(curves, points, (phases.start, enters, phases.deepest, leaves, phases.end)))
    return np.stack(forms)


def _at_points(curves: np.ndarray, points: tuple[int, ...], frames: tuple[int, ...]) -> np.ndarray:
    """Curves (T, C) at all `PHASES` points, of which some lie at these frames."""
    at = np.interp(np.arange(PHASES), points, frames)
    return np.stack([np.interp(at, np.arange(len(curves)), column) for column in curves.T], 1)
