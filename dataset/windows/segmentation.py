"""Segmentation of trials into squat repetitions, from upright stance to upright stance (BIGE paper, supplement 1.1).

The knee angle at 60 Hz is smoothed with a Savitzky-Golay filter (21 frames, order 3). Minima of its angular speed that
are below 10 % of the trial's maximum speed and at least 6 frames apart are the candidate boundaries. A repetition runs
from an upright candidate through one bottom to the next upright candidate. Among these choices, those are taken whose
curves, normalised to 101 points, differ least from one another, with a penalty on a mean duration above 2 s.

A flexion of the knees that is no squat on two feet (`squat_evidence`), and a squat that the recording does not contain
from upright to upright, are left out, with the reason.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import find_peaks, savgol_filter

from dataset.io.motion import Motion
from dataset.left_out import LeftOut
from dataset.windows.resample import resample
from dataset.windows.squat_evidence import refusal
from models.conventions import FRAME_RATE_HZ

_SMOOTHING_FRAMES = 21
_SMOOTHING_ORDER = 3
_SLOW = 0.10  # fraction of the trial's maximum angular speed
_APART_FRAMES = 6
_POINTS = 101
_LONG_S = 2.0
_PENALTY_DEG_PER_S = 2.0

_SHALLOWEST_DEG = 25.0  # least knee flexion of a squat
_SHALLOWEST_OF_DEEPEST = 0.4
_OTHER_KNEE = 0.4  # least flexion of the other knee relative to this one: both knees flex in a squat, not in a step
_UPRIGHT = 0.15  # most knee flexion in upright stance above the trial's least, as a fraction of its range
_CHOICES = 10  # candidates on each side of a repetition
_ROUNDS = 10


@dataclass(frozen=True)
class Repetition:
    """One squat, in frames of the motion in which it was found.

    Attributes:
        start_frame: first frame, in upright stance.
        end_frame: the frame after the last, in upright stance.
        bottom_frame: frame of the deepest knee flexion.
    """

    start_frame: int
    end_frame: int
    bottom_frame: int


@dataclass(frozen=True)
class NoRepetition:
    """A part of a trial that looked like a repetition and was left out.

    Attributes:
        bottom_s: time of its deepest knee flexion, on the trial's clock.
        reason: why, as the end of a sentence.
    """

    bottom_s: float
    reason: str


@dataclass(frozen=True)
class Segmentation:
    """A segmented trial.

    Attributes:
        repetitions: the repetitions, in order, in frames of the trial.
        refused: what looked like a repetition and was left out.
        reason: why there is no repetition; empty where there is one.
    """

    repetitions: tuple[Repetition, ...]
    refused: tuple[NoRepetition, ...] = ()
    reason: str = ""

    def left_out(self, trial: str) -> list[LeftOut]:
        """What was left out of a trial of this name: the whole trial, or parts of it."""
        if not self.repetitions:
            return [LeftOut(trial, self.reason)]
        return [LeftOut(f"{trial} at {part.bottom_s:.2f} s", part.reason, is_part=True) for part in self.refused]


def segment_repetitions(motion: Motion) -> list[Repetition]:
    """The squat repetitions of a trial, in order; empty where there is none. See `segment_motion`."""
    return list(segment_motion(motion).repetitions)


def segment_motion(motion: Motion) -> Segmentation:
    """Segment a trial into squat repetitions, and say what was left out.

    Args:
        motion: the trial, at any rate.

    Raises:
        InputError: as `resample`.
    """
    resampled = resample(motion, FRAME_RATE_HZ)
    if len(resampled) < _SMOOTHING_FRAMES:
        seconds = len(resampled) / FRAME_RATE_HZ
        return Segmentation((), reason=f"the recording lasts {seconds:.2f} s, too short for a squat")
    both = np.stack([resampled.column("knee_angle_l"), resampled.column("knee_angle_r")])
    both = savgol_filter(both, _SMOOTHING_FRAMES, _SMOOTHING_ORDER, axis=1)
    order = np.argsort(np.ptp(both, axis=1))
    knee, other = both[order[1]], both[order[0]]

    bottoms = _bottoms(knee, other)
    if not bottoms:
        return Segmentation((), reason=_why_no_bottom(knee, other, ("left", "right")[order[1]]))
    choices = _choices(knee, bottoms)
    refused: dict[int, str] = {}
    for bottom, (starts, ends) in zip(bottoms, choices, strict=True):
        reason = _incomplete(starts, ends) or refusal(resampled, starts[0], bottom, ends[0])
        if reason:
            refused[bottom] = reason
    squats = [(bottom, pair) for bottom, pair in zip(bottoms, choices, strict=True) if bottom not in refused]
    bounds = _most_similar(knee, [pair for _, pair in squats])
    repetitions = []
    for (bottom, _), (start, end) in zip(squats, bounds, strict=True):
        own = [int(np.abs(motion.time_s - resampled.time_s[frame]).argmin()) for frame in (start, end, bottom)]
        repetitions.append(Repetition(own[0], own[1] + 1, own[2]))
    parts = tuple(NoRepetition(float(resampled.time_s[bottom]), reason) for bottom, reason in refused.items())
    return Segmentation(tuple(repetitions), parts, "" if repetitions else _summarise(parts))


def _incomplete(starts: list[int], ends: list[int]) -> str | None:
    """Why a flexion of the knees is not contained from upright to upright."""
    if starts and ends:
        return None
    if not starts and not ends:
        return "the knees are never straight enough before and after it to be upright stance"
    if not starts:
        return "the squat has no upright stance before it; the recording begins during the squat"
    return "the squat has no upright stance after it; the recording ends during the squat"


def _summarise(parts: tuple[NoRepetition, ...]) -> str:
    """Why a trial has no repetition, where each candidate was refused."""
    reasons = dict.fromkeys(part.reason for part in parts)
    first = next(iter(reasons))
    more = f" ({len(parts) - 1} more were refused)" if len(parts) > 1 else ""
    return f"no squat repetition that starts and ends upright: at {parts[0].bottom_s:.2f} s, {first}{more}"


def _why_no_bottom(knee: np.ndarray, other: np.ndarray, side: str) -> str:
    """Why no flexion of the knees is deep enough."""
    bend, less = np.ptp(knee), np.ptp(other)
    if bend < _SHALLOWEST_DEG:
        return (
            f"no squat repetition: the knees flex by {bend:.0f} degrees only, a squat by at least {_SHALLOWEST_DEG:.0f}"
        )
    if less < _OTHER_KNEE * bend:
        return (
            f"no squat repetition: only one knee flexes, the {side} one by {bend:.0f} degrees and the other by "
            f"{less:.0f}"
        )
    return "no squat repetition: the knees do not flex and extend again together"


def _bottoms(knee: np.ndarray, other: np.ndarray) -> list[int]:
    """Frames of deepest knee flexion, one for each repetition."""
    bend = np.ptp(knee)
    needed = max(_SHALLOWEST_DEG, _SHALLOWEST_OF_DEEPEST * bend)
    # A recording may begin or end in flexion: with padding, the first and last bottoms remain prominent peaks.
    padded = np.concatenate([[knee.min()], knee, [knee.min()]])
    peaks = find_peaks(padded, prominence=needed)[0] - 1
    both = other - other.min() >= _OTHER_KNEE * (knee - knee.min())
    return [int(peak) for peak in peaks if both[peak]]


def _choices(knee: np.ndarray, bottoms: list[int]) -> list[tuple[list[int], list[int]]]:
    """For each bottom, the upright candidates before it (start) and after it (end), nearest first."""
    speed = np.abs(savgol_filter(knee, _SMOOTHING_FRAMES, _SMOOTHING_ORDER, deriv=1))
    valleys = find_peaks(-speed, height=-_SLOW * speed.max(), distance=_APART_FRAMES)[0]
    limit = knee.min() + _UPRIGHT * np.ptp(knee)
    candidates = {int(frame) for frame in (0, *valleys, len(knee) - 1) if knee[frame] <= limit}
    for left, right in pairwise(bottoms):
        # Without a pause between repetitions there may be no candidate; then the frame of least flexion is one.
        straightest = left + int(knee[left:right].argmin())
        if not any(left < frame < right for frame in candidates) and knee[straightest] <= 2 * limit - knee.min():
            candidates.add(straightest)
    ordered = sorted(candidates)
    edges = [-1, *bottoms, len(knee)]
    choices = []
    for before, bottom, after in zip(edges, edges[1:], edges[2:], strict=False):
        starts = [frame for frame in reversed(ordered) if before < frame < bottom]
        ends = [frame for frame in ordered if bottom < frame < after]
        choices.append((starts[:_CHOICES], ends[:_CHOICES]))
    return choices


def _most_similar(knee: np.ndarray, choices: list[tuple[list[int], list[int]]]) -> list[tuple[int, int]]:
    """Start and end of each repetition, by coordinate descent on each curve's distance from the mean of the others."""
    chosen = [(starts[0], ends[0]) for starts, ends in choices]
    if len(chosen) < 2:
        return chosen
    spline = CubicSpline(np.arange(len(knee)), knee)
    pairs = [np.array([(s, e) for s in starts for e in ends]) for starts, ends in choices]
    curves = [spline(pair[:, :1] + np.linspace(0, 1, _POINTS) * (pair[:, 1:] - pair[:, :1])) for pair in pairs]
    picked = [0] * len(chosen)
    for _ in range(_ROUNDS):
        before = list(picked)
        for k, (pair, curve) in enumerate(zip(pairs, curves, strict=True)):
            others = [j for j in range(len(pairs)) if j != k]
            template = np.mean([curves[j][picked[j]] for j in others], axis=0)
            difference = np.sqrt(np.mean((curve - template) ** 2, axis=1))
            length = sum(np.ptp(pairs[j][picked[j]]) for j in others) + (pair[:, 1] - pair[:, 0])
            mean_s = length / len(pairs) / FRAME_RATE_HZ
            cost = difference + _PENALTY_DEG_PER_S * np.maximum(mean_s - _LONG_S, 0.0) * len(pairs)
            if k > 0:
                cost = np.where(pair[:, 0] < pairs[k - 1][picked[k - 1]][1], np.inf, cost)
            if k + 1 < len(pairs):
                cost = np.where(pair[:, 1] > pairs[k + 1][picked[k + 1]][0], np.inf, cost)
            picked[k] = int(cost.argmin())
        if picked == before:
            break
    return [(int(pair[i][0]), int(pair[i][1])) for pair, i in zip(pairs, picked, strict=True)]
