"""Segmentation of trials into squat repetitions, from upright stance to upright stance.

The knee angle at 60 Hz is smoothed as in the BIGE paper (supplement 1.1). A repetition has one bottom, and lasts from
the last moment of standing before its descent to the first after its ascent (`repetition_phases`); what the person
stands between repetitions belongs to none. The published recipe takes slow moments of similar repetitions as
boundaries, and prefers repetitions of less than 2 s; it would divide a slow squat that pauses.

Single-leg squats are found on the knee of the foot that carries the body. A flexion of the knees that is no squat
(`squat_evidence`), and a squat that the recording does not contain from upright to upright, are left out, with the
reason.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from dataset.io.motion import Motion
from dataset.left_out import LeftOut
from dataset.windows.repetition_phases import SMOOTHING_FRAMES, Phases, divide_into_phases, smooth
from dataset.windows.resample import resample
from dataset.windows.squat_evidence import feet_of, in_the_air, refusal
from models.conventions import FRAME_RATE_HZ, SIDES

_SHALLOWEST_DEG = 25.0  # least knee flexion of a squat
_SHALLOWEST_OF_DEEPEST = 0.4
_OTHER_KNEE = 0.4  # least flexion of the other knee relative to this one: both knees flex in a squat, not in a step
_SAME_BOTTOM_S = 0.5  # both knees are deepest at nearly the same time


@dataclass(frozen=True)
class Repetition:
    """One squat, in frames of the motion in which it was found.

    Attributes:
        start_frame: first frame, in upright stance.
        end_frame: the frame after the last, in upright stance.
        bottom_frame: frame of the deepest knee flexion.
        descent_end_frame: frame in which the descent ends and the hold begins; the bottom where there is no hold.
        ascent_start_frame: frame in which the hold ends and the ascent begins; the bottom where there is no hold.
        standing: sides of the feet that carry the body, ("l", "r"), or one of them in a single-leg squat.
    """

    start_frame: int
    end_frame: int
    bottom_frame: int
    descent_end_frame: int
    ascent_start_frame: int
    standing: tuple[str, ...] = SIDES

    @classmethod
    def without_hold(cls, start_frame: int, end_frame: int, bottom_frame: int) -> "Repetition":
        """A repetition on two feet, of which no more than its ends and its bottom are known."""
        return cls(start_frame, end_frame, bottom_frame, bottom_frame, bottom_frame)


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
    if len(resampled) < SMOOTHING_FRAMES:
        seconds = len(resampled) / FRAME_RATE_HZ
        return Segmentation((), reason=f"the recording lasts {seconds:.2f} s, too short for a squat")
    knees = np.stack([resampled.column(f"knee_angle_{side}") for side in SIDES])
    candidates = _on_two_feet(knees) + _on_one_foot(knees, resampled)
    accepted: list[_Candidate] = []
    refused: list[tuple[int, str]] = []
    for one in candidates:
        phases = one.phases
        if _is_near(phases.bottom, [other.phases.bottom for other in accepted]):
            continue
        reason = _incomplete(phases)
        if phases.start is not None and phases.end is not None:
            reason = refusal(resampled, phases.start, phases.bottom, phases.end, one.standing)
        if not reason:
            accepted.append(one)
        elif not _is_near(phases.bottom, [bottom for bottom, _ in refused]):
            refused.append((phases.bottom, reason))
    bottoms = [one.phases.bottom for one in accepted]
    parts = tuple(
        NoRepetition(float(resampled.time_s[bottom]), reason)
        for bottom, reason in sorted(refused)
        if not _is_near(bottom, bottoms)
    )
    repetitions = tuple(
        _in_frames_of(motion, resampled, one) for one in sorted(accepted, key=lambda one: one.phases.bottom)
    )
    reason = "" if repetitions else _summarise(parts) if parts else _why_no_bottom(smooth(knees))
    return Segmentation(repetitions, parts, reason)


@dataclass(frozen=True)
class _Candidate:
    """A flexion of the knees that may be a repetition on the feet of the sides `standing`."""

    phases: Phases
    standing: tuple[str, ...]


def _on_two_feet(knees: np.ndarray) -> list[_Candidate]:
    """Flexions of both knees, found on the knee that moves more; of knees (2, T), left and right, degrees."""
    smoothed = smooth(knees)
    less, more = np.argsort(np.ptp(smoothed, axis=1))
    knee, other = smoothed[more], smoothed[less]
    both = other - other.min() >= _OTHER_KNEE * (knee - knee.min())
    bottoms = [bottom for bottom in _bottoms(knee) if both[bottom]]
    return [_Candidate(phases, SIDES) for phases in divide_into_phases(knees[more], bottoms)]


def _on_one_foot(knees: np.ndarray, motion: Motion) -> list[_Candidate]:
    """Flexions of one knee (of knees (2, T) in degrees) at whose bottom the other foot is in the air."""
    feet_m = feet_of(motion)[1]
    found = []
    for row, side in enumerate(SIDES):
        is_single = in_the_air(feet_m, side)
        phases = divide_into_phases(knees[row], _bottoms(smooth(knees[row]))) if is_single.any() else []
        found += [_Candidate(one, (side,)) for one in phases if is_single[one.bottom]]
    return found


def _bottoms(knee: np.ndarray) -> list[int]:
    """Frames of deepest flexion of a smoothed knee angle (T,) in degrees, one for each repetition."""
    needed = max(_SHALLOWEST_DEG, _SHALLOWEST_OF_DEEPEST * np.ptp(knee))
    # A recording may begin or end in flexion: with padding, the first and last bottoms remain prominent peaks.
    padded = np.concatenate([[knee.min()], knee, [knee.min()]])
    bottoms: list[int] = []
    for peak in find_peaks(padded, prominence=needed)[0] - 1:
        if bottoms and knee[bottoms[-1] : peak].min() > min(knee[bottoms[-1]], knee[peak]) - needed:
            continue  # of equally deep frames of one hold, each counts as a peak
        bottoms.append(int(peak))
    return bottoms


def _is_near(bottom: int, others: list[int]) -> bool:
    return any(abs(bottom - other) <= _SAME_BOTTOM_S * FRAME_RATE_HZ for other in others)


def _in_frames_of(motion: Motion, resampled: Motion, found: _Candidate) -> Repetition:
    """A repetition that was found in the resampled motion, in frames of the motion itself."""
    phases = found.phases
    assert phases.start is not None
    assert phases.end is not None
    at_60_hz = (phases.start, phases.end, phases.bottom, phases.descent_end, phases.ascent_start)
    start, last, bottom, descent_end, ascent_start = (
        int(np.abs(motion.time_s - resampled.time_s[frame]).argmin()) for frame in at_60_hz
    )
    return Repetition(start, last + 1, bottom, descent_end, ascent_start, found.standing)


def _incomplete(phases: Phases) -> str | None:
    """Why a flexion of the knees is not contained from upright to upright."""
    if phases.start is not None and phases.end is not None:
        return None
    if phases.start is None and phases.end is None:
        return "the knees are never straight enough before and after it to be upright stance"
    if phases.start is None:
        return "the squat has no upright stance before it; the recording begins during the squat"
    return "the squat has no upright stance after it; the recording ends during the squat"


def _summarise(parts: tuple[NoRepetition, ...]) -> str:
    """Why a trial has no repetition, where each candidate was refused."""
    reasons = dict.fromkeys(part.reason for part in parts)
    first = next(iter(reasons))
    more = f" ({len(parts) - 1} more were refused)" if len(parts) > 1 else ""
    return f"no squat repetition that starts and ends upright: at {parts[0].bottom_s:.2f} s, {first}{more}"


def _why_no_bottom(knees: np.ndarray) -> str:
    """Why no flexion of the knees (2, T) is deep enough."""
    ranges = np.ptp(knees, axis=1)
    bend, less, side = ranges.max(), ranges.min(), ("left", "right")[int(ranges.argmax())]
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
