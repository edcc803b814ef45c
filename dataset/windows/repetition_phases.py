"""Boundaries of repetitions on a curve of knee flexion: standing, descent, hold at the bottom, ascent, standing.

Speeds are compared with the largest of the same descent or ascent, so that a slow squat is divided as a quick one is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import savgol_filter

from models.conventions import FRAME_RATE_HZ

SMOOTHING_FRAMES = 21  # as the published segmentation smooths, 0.35 s
_SMOOTHING_ORDER = 3
_UPRIGHT = 0.15  # most flexion in upright stance above the trial's least, as a fraction of its range
_UPRIGHT_BETWEEN = 0.3  # the same between two repetitions that follow one another without a pause, and where it rests
_STANDING_SPEED = 0.04  # of the largest speed of the descent or ascent; above it, the repetition is under way
_SWAY_DEG_PER_S = 2.0  # people who stand still move their knees by this speed
_HOLD_SPEED = 0.1  # of the largest speed; at the bottom, people bob
_HOLD_DEPTH = 0.85  # of the depth; a pause at less depth belongs to the descent or the ascent


@dataclass(frozen=True)
class Phases:
    """Frames of one repetition on a curve.

    Attributes:
        start: last frame of standing before the descent, or None where there is no upright stance before it.
        descent_end: first frame of the hold; the bottom where there is no hold.
        bottom: frame of the deepest flexion.
        ascent_start: last frame of the hold; the bottom where there is no hold.
        end: first frame of standing after the ascent, or None.
    """

    start: int | None
    descent_end: int
    bottom: int
    ascent_start: int
    end: int | None


def smooth(angles_deg: np.ndarray) -> np.ndarray:
    """Angles (..., T) at 60 Hz after the Savitzky-Golay filter of the BIGE paper (supplement 1.1)."""
    return savgol_filter(angles_deg, SMOOTHING_FRAMES, _SMOOTHING_ORDER, axis=-1)


def smooth_speed(values: np.ndarray) -> np.ndarray:
    """Derivatives (..., T) of values (..., T) at 60 Hz with respect to time in seconds, by the same filter."""
    return FRAME_RATE_HZ * savgol_filter(values, SMOOTHING_FRAMES, _SMOOTHING_ORDER, deriv=1, axis=-1)


def divide_into_phases(knee_deg: np.ndarray, bottoms: list[int]) -> list[Phases]:
    """The phases of the repetitions of a trial.

    Args:
        knee_deg: (T,) flexion of a knee at 60 Hz, degrees.
        bottoms: frames of deepest flexion, in order.
    """
    speed, flexion = smooth_speed(knee_deg), smooth(knee_deg)
    edges = [0, *bottoms, len(flexion) - 1]
    found = []
    for k, (before, bottom, after) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        limits = [
            _upright_limit(flexion, flexion[part] if is_between else _at_rest(flexion[part], speed[part]))
            for part, is_between in ((slice(before, bottom), k > 0), (slice(bottom, after), k + 1 < len(bottoms)))
        ]
        start, descent_end = _one_side(flexion[before : bottom + 1][::-1], speed[before : bottom + 1][::-1], limits[0])
        end, ascent_start = _one_side(flexion[bottom : after + 1], -speed[bottom : after + 1], limits[1])
        found.append(
            Phases(
                start=None if start is None else bottom - start,
                descent_end=bottom - descent_end,
                bottom=bottom,
                ascent_start=bottom + ascent_start,
                end=None if end is None else bottom + end,
            )
        )
    return _without_overlap(flexion, found)


def _at_rest(flexion: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """The frames (T',) of a descent or an ascent (T,) in which the knee rests."""
    return flexion[np.abs(speed) <= max(_STANDING_SPEED * np.abs(speed).max(initial=0.0), _SWAY_DEG_PER_S)]


def _upright_limit(flexion: np.ndarray, part: np.ndarray) -> float:
    """Most flexion of upright stance, degrees.

    People who do not pause between repetitions may stay more flexed there, and after a shallow squat people may stand a
    few degrees more or less flexed than before it.

    Args:
        flexion: (T,) of the whole trial, degrees.
        part: (T',) of a descent or an ascent, where no other repetition follows of the frames at rest alone.
    """
    least, bend = flexion.min(), np.ptp(flexion)
    limit = float(least + _UPRIGHT * bend)
    straightest = float(part.min()) if len(part) else limit
    return max(limit, straightest) if straightest <= least + _UPRIGHT_BETWEEN * bend else limit


def _one_side(flexion: np.ndarray, speed: np.ndarray, limit: float) -> tuple[int | None, int]:
    """Of a curve from the bottom away, the first frame of standing, and the last frame of the hold.

    Args:
        flexion: (T,) degrees; the first frame is the bottom, the last the other end of what belongs to the repetition.
        speed: (T,) degrees per second, positive where the knee extends as one goes away from the bottom.
        limit: most flexion of upright stance, degrees.
    """
    upright = np.flatnonzero(flexion <= limit)
    reached = int(upright[0]) if len(upright) else len(flexion) - 1
    fastest = int(speed[: reached + 1].argmax())
    largest = speed[fastest]
    deep = flexion[: fastest + 1] >= flexion[0] - (1 - _HOLD_DEPTH) * (flexion[0] - limit)
    held = np.logical_and.accumulate(deep)  # who rises and goes down again does not hold
    held &= speed[: fastest + 1] <= max(_HOLD_SPEED * largest, _SWAY_DEG_PER_S)
    hold = int(np.flatnonzero(held)[-1]) if held.any() else 0
    if not len(upright):
        return None, hold
    at_rest = np.flatnonzero(speed[reached:] <= max(_STANDING_SPEED * largest, _SWAY_DEG_PER_S))
    # A recording that begins or ends before the knee has come to rest is upright at least.
    return reached + int(at_rest[0]) if len(at_rest) else len(flexion) - 1, hold


def _without_overlap(flexion: np.ndarray, phases: list[Phases]) -> list[Phases]:
    """The same phases, where a repetition that ends after the next has begun shares its straightest frame with it."""
    found = list(phases)
    for k in range(len(found) - 1):
        end, start = found[k].end, found[k + 1].start
        if end is not None and start is not None and end > start:
            shared = start + int(flexion[start : end + 1].argmin())
            found[k] = Phases(found[k].start, found[k].descent_end, found[k].bottom, found[k].ascent_start, shared)
            later = found[k + 1]
            found[k + 1] = Phases(shared, later.descent_end, later.bottom, later.ascent_start, later.end)
    return found
