"""Standing still after a repetition: as recorded while the person does so, then made from the person's own stance.

All motions are at 60 Hz. A made motion comes to rest on a quintic polynomial, which meets position and speed of the
last recorded frames, and position, rest and zero acceleration of the stance.
"""

from collections.abc import Sequence

import numpy as np

from dataset.io.motion import Motion
from dataset.windows.repetition_phases import SMOOTHING_FRAMES, smooth_speed
from dataset.windows.segmentation import Repetition
from dataset.windows.squat_evidence import feet_of
from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ, SIDES, TRANSLATION_INDICES

REST_FRAMES = 24  # 0.4 s at the end of every window
SHORTEST_BLEND_FRAMES = 12
_LONGEST_BLEND_FRAMES = 48
_BLEND_DEG_PER_S, _BLEND_M_PER_S = 60.0, 0.2  # a blend takes the time not to exceed these, if it can
_QUINTIC_SPEED = 1.875  # largest speed of a quintic from rest to rest, relative to its mean

_STILL_DEG_PER_S, _STILL_M_PER_S = 30.0, 0.12  # pelvis, legs and trunk sway and settle; they do not step or squat
_BENDS_DEG = 3.0  # by more, the next descent has begun, however slow
_STANCE_FRAMES, _FEWEST_STANCE_FRAMES = 15, 6
_STILL_FLEXED_DEG = 10.0  # more flexion of the knees than in another stance of the trial: not upright yet
_SLOPE_FRAMES = 7

_ARMS = [index for name, index in COORDINATE_INDEX.items() if name.startswith(("arm", "elbow", "pro_sup"))]
_BODY = [index for index in COORDINATE_INDEX.values() if index not in _ARMS]


class Standing:
    """The standing of a trial, before, between and after its repetitions."""

    def __init__(self, motion: Motion, repetitions: Sequence[Repetition]) -> None:
        """Find where the person stands still.

        Args:
            motion: the trial at 60 Hz.
            repetitions: its repetitions, in order.
        """
        self._motion, self._repetitions = motion, repetitions
        self._values = with_extra(motion)
        self._still = _stillness(motion)
        untils = [*(one.start_frame for one in repetitions[1:]), len(motion)]
        self._after = [
            _run(self._still[one.end_frame : until], self._flexion(one)[one.end_frame : until])
            for one, until in zip(repetitions, untils, strict=True)
        ]

    def after(self, k: int) -> int:
        """Number of recorded frames after repetition `k` in which the person stands still."""
        return self._after[k]

    def stance(self, k: int, kept: int) -> np.ndarray:
        """The upright stance (33 + extra,) in which the person stands after repetition `k`, columns as of `with_extra`.

        It is the mean of the recorded standing after it. Where there is none, or where the knees are still flexed, it
        is that of the nearest other standing of the trial, moved so that the feet are where they are at the end.

        Args:
            k: number of the repetition.
            kept: frames of the recorded standing that the window has.
        """
        one = self._repetitions[k]
        flexion = self._flexion(one)
        last = one.end_frame + kept
        own = slice(max(last - _STANCE_FRAMES, one.end_frame), last) if kept >= _FEWEST_STANCE_FRAMES else None
        others = [part for part in self._others(k) if part.stop - part.start >= _FEWEST_STANCE_FRAMES]
        others.sort(key=lambda part: abs(part.start - last))
        if own is None and not others:  # nobody stands still in this trial, as in a file of one repetition
            own, others = slice(last - 1, last), [slice(one.start_frame, one.start_frame + 1)]
        straightest = min((float(flexion[part].mean()) for part in others), default=np.inf)
        if own is not None and flexion[own].mean() <= straightest + _STILL_FLEXED_DEG:
            return self._values[own].mean(0)
        upright = [part for part in others if flexion[part].mean() <= straightest + _STILL_FLEXED_DEG]
        return self._moved_to_feet(upright[0], last - 1, one.standing)

    def _flexion(self, one: Repetition) -> np.ndarray:
        """(T,) mean flexion of the knees that carry the body, degrees."""
        return np.mean([self._motion.column(f"knee_angle_{side}") for side in one.standing], axis=0)

    def _others(self, k: int) -> list[slice]:
        """Recorded standing before the first and after the other repetitions on these feet."""
        one = self._repetitions[k]
        parts = []
        first = self._repetitions[0]
        for j, other in enumerate(self._repetitions):
            if other.standing != one.standing:
                continue
            if j != k:
                parts.append(slice(other.end_frame, other.end_frame + min(self._after[j], _STANCE_FRAMES)))
            if other is first or self._repetitions[j - 1].standing != one.standing:
                stop = other.start_frame
                run = _run(self._still[:stop][::-1], self._flexion(one)[:stop][::-1])
                parts.append(slice(stop - min(run, _STANCE_FRAMES), stop))
        return parts

    def _moved_to_feet(self, part: slice, frame: int, standing: tuple[str, ...]) -> np.ndarray:
        """The mean of some frames, moved so that the feet that carry the body are where they are in `frame`."""
        ankles_m, feet_m = feet_of(self._motion)
        sides = [SIDES.index(side) for side in standing]
        places = ankles_m[:, sides].mean(1)
        places[:, 1] = feet_m[:, sides].mean(1)
        stance = self._values[part].mean(0)
        stance[list(TRANSLATION_INDICES)] += places[frame] - places[part].mean(0)
        return stance


def with_extra(motion: Motion) -> np.ndarray:
    """The coordinates and the further coordinates of a motion, (T, 33 + extra)."""
    return np.column_stack([motion.coordinates, *motion.extra.values()])


def _stillness(motion: Motion) -> np.ndarray:
    """(T,) bool, whether pelvis, legs and trunk are still; the arms may move."""
    if len(motion) < SMOOTHING_FRAMES:
        return np.zeros(len(motion), bool)
    body = motion.coordinates[:, _BODY]
    speed = smooth_speed(body.T).T
    limits = np.where(np.isin(_BODY, TRANSLATION_INDICES), _STILL_M_PER_S, _STILL_DEG_PER_S)
    return (np.abs(speed) < limits).all(1)


def _run(still: np.ndarray, flexion: np.ndarray) -> int:
    """Number of frames from the first on in which the body is `still` and the knees do not begin to bend."""
    if not len(still):
        return 0
    stands = still & (flexion < np.minimum.accumulate(flexion) + _BENDS_DEG)
    return len(stands) if stands.all() else int(stands.argmin())


def blend_frames(last: np.ndarray, stance: np.ndarray, most: int) -> np.ndarray:
    """Number of frames, (33 + extra,), in which body and arms come to a stance without haste.

    Args:
        last: (33 + extra,) the last recorded frame, degrees and metres.
        stance: (33 + extra,) the stance.
        most: most frames that there is room for, at least `SHORTEST_BLEND_FRAMES`.
    """
    speeds = np.full(len(last), _BLEND_DEG_PER_S)
    speeds[list(TRANSLATION_INDICES)] = _BLEND_M_PER_S
    needed = np.ceil(FRAME_RATE_HZ * _QUINTIC_SPEED * np.abs(stance - last) / speeds)
    # The body has little way to go, and its feet shall stay; the arms may have been raised.
    needed[_ARMS] = needed[_ARMS].max()
    needed[_BODY] = needed[_BODY].max()
    return needed.clip(SHORTEST_BLEND_FRAMES, min(_LONGEST_BLEND_FRAMES, most))


def come_to_rest(values: np.ndarray, stance: np.ndarray, blend: np.ndarray, frames: int) -> np.ndarray:
    """Values (T, C) followed by frames in which they come to a stance and stay there, (frames, C).

    The way to the stance is the quintic polynomial with the position and the speed of the last values and without
    acceleration at its beginning, at rest at its end.

    Args:
        values: what was recorded.
        stance: (C,) where the motion comes to rest.
        blend: (C,) frames in which it does.
        frames: frames of the whole.
    """
    made = frames - len(values)
    tail = values[-_SLOPE_FRAMES:]
    frame = np.arange(len(tail)) - (len(tail) - 1)
    degree = min(2, len(tail) - 1)
    # The slope comes from a parabola through the tail, so that one noisy frame does not set the speed.
    speed = np.polynomial.polynomial.polyfit(frame, tail, degree)[1] if degree else np.zeros(values.shape[1])
    s = np.minimum(np.arange(1, made + 1)[:, None] / blend, 1.0)
    arrived = s**3 * (10 - 15 * s + 6 * s**2)
    carried = s - s**3 * (6 - 8 * s + 3 * s**2)
    return np.concatenate([values, values[-1] + arrived * (stance - values[-1]) + carried * blend * speed])
