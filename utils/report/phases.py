"""The phases of a squat, by which motions of any speed are laid over one another: way down, deepest, way up."""

from dataclasses import dataclass

import numpy as np

from models.conventions import COORDINATE_INDEX

PHASES = 101  # from the start of the way down over the deepest frame, in the middle, to the end of the way up
_UPRIGHT = 0.15  # of the depth: with less bend than that above the straightest stance, a person stands
_KNEES = [COORDINATE_INDEX[f"knee_angle_{side}"] for side in "lr"]


@dataclass(frozen=True)
class Squat:
    """Frames at which a squat leaves standing, is deepest and stands again; whole: whether it does stand again."""

    start: int
    deepest: int
    end: int
    whole: bool


def find_squat(coordinates: np.ndarray, frames: int | None = None) -> Squat:
    """The deepest squat within the first `frames` (default all) of a motion (T, 33), by the mean of both knees.

    Standing before and after it is left out, so that it does not matter how long a recording waits. T is at least 3.
    """
    bend = coordinates[:frames, _KNEES].mean(1)
    deepest = int(bend.argmax().clip(1, len(bend) - 2))
    upright = bend <= bend.min() + _UPRIGHT * np.ptp(bend)
    before, after = np.flatnonzero(upright[:deepest]), np.flatnonzero(upright[deepest + 1 :])
    return Squat(
        start=int(before[-1]) if len(before) else 0,
        deepest=deepest,
        end=int(deepest + 1 + after[0]) if len(after) else len(bend) - 1,
        whole=bool(len(after)),
    )


def stretched(curve: np.ndarray, squat: Squat) -> np.ndarray:
    """A curve (T, C) at PHASES points of its squat: half of them on the way down, half on the way up."""
    half = PHASES // 2 + 1
    down = np.linspace(squat.start, squat.deepest, half)
    up = np.linspace(squat.deepest, squat.end, half)
    frames = np.concatenate([down, up[1:]])
    return np.stack([np.interp(frames, np.arange(len(curve)), column) for column in curve.T], 1)
