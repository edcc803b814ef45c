"""Marker jumps: a coordinate that leaps within one frame and comes back a few frames later.

Optical systems swap markers, and video loses a limb, for a few frames; inverse kinematics then leaps there and back. No
joint does: within 0.15 s it would have to be accelerated to hundreds of degrees a second, stopped, and sent back.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.interpolate import PchipInterpolator

from dataset.errors import InputError
from dataset.io.continuous_angles import BALL_JOINTS, steps_of_ball_joint
from models.conventions import COORDINATE_INDEX, COORDINATES, TRANSLATION_INDICES

logger = logging.getLogger("bige")

Jumps = Literal["refuse", "mend", "keep"]

_LONGEST_S = 0.15
_BACK = 0.35  # of the leap: what remains of it after a jump that has come back
_SEVERAL = 3  # groups of coordinates that leap in one frame, so that all of the frame is off
_OF_USUAL = 4.0  # a leap stands out from the 90th percentile of the steps of its own coordinate, also in noisy files


@dataclass(frozen=True)
class _Limits:
    """What no step from one frame to the next exceeds, in degrees and seconds, or metres and seconds.

    Attributes:
        step: least size of a leap that comes back.
        speed: least speed of it. Knees reach 600 degrees a second in a landing and 1000 in a vertical jump, where they
            do not come back within 0.15 s.
        lone_step: least size of a leap that does not come back.
        lone_speed: least speed of it.
        unit: the unit of the size.
        legs: whether the coordinate is one of the legs, the pelvis or the trunk, on which squats are judged.
    """

    step: float
    speed: float
    lone_step: float
    lone_speed: float
    unit: str = "degrees"
    legs: bool = True


_JOINT = _Limits(15.0, 600.0, 30.0, 1500.0)
_ARM = _Limits(30.0, 1500.0, 60.0, 3000.0, legs=False)  # in throws the elbow reaches 2500 degrees a second
_POSITION = _Limits(0.05, 3.0, 0.15, 10.0, "m")  # sprinters reach 12 m/s, squat jumps 4 m/s


@dataclass(frozen=True)
class _Leap:
    """A leap of some columns: frames `first` to `last` (inclusive) are off, or the leap before `first` stays."""

    columns: tuple[int, ...]
    first: int
    last: int
    size: float
    limits: _Limits


def mend_jumps(time_s: np.ndarray, coordinates: np.ndarray, source: Path | None, jumps: Jumps) -> np.ndarray:
    """The coordinates with marker jumps interpolated, and a warning that names columns and times.

    Args:
        time_s: (T,) seconds.
        coordinates: (T, 33), degrees and metres, angles continuous.
        source: the file.
        jumps: `refuse` mends jumps, and refuses leaps of legs, pelvis or trunk that do not come back, for recordings;
            `mend` mends jumps and warns of other leaps; `keep` only warns, for generated motions, whose jumps are
            faults of the generator.

    Raises:
        InputError: with `refuse`, a leap that does not come back.
    """
    if len(time_s) < 4:
        return coordinates
    short, lone = [], []
    for columns, limits in _GROUPS:
        found, others = _find_leaps(time_s, coordinates[:, columns], columns, limits)
        short += found
        lone += others
    if not short and not lone:
        return coordinates
    where = source or "the motion"
    if jumps == "keep":
        logger.warning("%s: %s; it is kept, as it is", where, _describe(time_s, [*short, *lone]))
        return coordinates
    result = coordinates.copy()
    off, whole = _off(coordinates, short)
    for column in np.flatnonzero(off.any(0)):
        good = ~off[:, column]
        inside = time_s[~good].clip(time_s[good][0], time_s[good][-1])
        result[~good, column] = PchipInterpolator(time_s[good], coordinates[good, column])(inside)
    if short:
        logger.warning(
            "%s: %s; these frames are taken for marker jumps and interpolated%s",
            where,
            _describe(time_s, short),
            f", {int(whole.sum())} of them in every coordinate" if whole.any() else "",
        )
    refused = [leap for leap in lone if leap.limits.legs]
    if refused and jumps == "refuse":
        raise InputError(
            f"{where}: {_describe(time_s, refused)}, and stays there, which no person does; cut the file there, or "
            "mend the recording"
        )
    if lone:
        logger.warning("%s: %s, and stays there; check the recording", where, _describe(time_s, lone))
    return result


def _off(coordinates: np.ndarray, leaps: Sequence[_Leap]) -> tuple[np.ndarray, np.ndarray]:
    """The values (T, 33) to interpolate, and the frames (T,) of which all are.

    Where several groups leap at once, or the pelvis leaps to zero as in a row of zeros, the rest of the frame is as
    wrong, though by less than a leap.
    """
    off = np.zeros(coordinates.shape, dtype=bool)
    groups = np.zeros(len(coordinates), dtype=int)
    for leap in leaps:
        off[leap.first : leap.last + 1, leap.columns] = True
        groups[leap.first : leap.last + 1] += 1
    positions = list(TRANSLATION_INDICES)
    empty = off[:, positions].all(1) & (coordinates[:, positions] == 0).all(1)
    whole = empty | (groups >= _SEVERAL)
    if whole.mean() > 0.5:
        whole[:] = False
    off[whole] = True
    return off, whole


def _groups() -> list[tuple[tuple[int, ...], _Limits]]:
    """Columns that are judged together, ball joints by their rotation, each with its limits."""
    groups: list[tuple[tuple[int, ...], _Limits]] = []
    for joint in BALL_JOINTS:
        groups.append((joint, _ARM if COORDINATES[joint[0]].startswith("arm") else _JOINT))
    grouped = {column for joint in BALL_JOINTS for column in joint} | set(TRANSLATION_INDICES)
    for name, column in COORDINATE_INDEX.items():
        if column not in grouped:
            groups.append(((column,), _ARM if name.startswith(("elbow", "pro_sup")) else _JOINT))
    groups.append((tuple(TRANSLATION_INDICES), _POSITION))
    return groups


_GROUPS = _groups()


def _find_leaps(
    time_s: np.ndarray, values: np.ndarray, columns: tuple[int, ...], limits: _Limits
) -> tuple[list[_Leap], list[_Leap]]:
    """Leaps that come back, and leaps that stay, of one group of columns (T, C)."""
    steps, dt = _steps(values, columns), np.diff(time_s)
    usual = _OF_USUAL * np.quantile(steps, 0.9)
    is_leap = (steps > np.maximum(limits.step, limits.speed * dt)) & (steps > usual)
    is_lone = (steps > np.maximum(limits.lone_step, limits.lone_speed * dt)) & (steps > usual)
    short: list[_Leap] = []
    lone: list[_Leap] = []
    for i in map(int, np.flatnonzero(is_leap)):
        if short and i <= short[-1].last:
            continue
        size = float(steps[i])
        last = _comes_back(time_s, values, columns, np.flatnonzero(is_leap[i + 1 :]) + i + 1, i, _BACK * size)
        if last is None and is_lone[i] and time_s[i] - time_s[0] < _LONGEST_S:
            short.append(_Leap(columns, 0, i, size, limits))
        elif last is None and is_lone[i] and time_s[-1] - time_s[i + 1] < _LONGEST_S:
            last = len(time_s) - 1
        elif last is None and is_lone[i]:
            lone.append(_Leap(columns, i + 1, i + 1, size, limits))
        if last is not None:
            short.append(_Leap(columns, i + 1, last, size, limits))
    return short, lone


def _comes_back(
    time_s: np.ndarray, values: np.ndarray, columns: tuple[int, ...], leaps: np.ndarray, before: int, near: float
) -> int | None:
    """The last frame that is off after frame `before`, where one of the later leaps leads back `near` it in time."""
    for j in map(int, leaps):
        if time_s[j] - time_s[before + 1] > _LONGEST_S:
            return None
        if _steps(values[[before, j + 1]], columns)[0] < near:
            return j
    return None


def _steps(values: np.ndarray, columns: tuple[int, ...]) -> np.ndarray:
    """(T - 1,) size of the steps of a group of columns, degrees or metres."""
    if columns in BALL_JOINTS:
        return steps_of_ball_joint(values)
    return np.linalg.norm(np.diff(values, axis=0), axis=1)


def _describe(time_s: np.ndarray, leaps: Sequence[_Leap], most: int = 3) -> str:
    """The leaps in words: `knee_angle_l leaps by 116 degrees from 0.08 to 0.13 s`."""
    parts = []
    for leap in leaps[:most]:
        names = " and ".join([", ".join(COORDINATES[c] for c in leap.columns[:-1]), COORDINATES[leap.columns[-1]]])
        names = names.removeprefix(" and ")
        at = f"at {time_s[leap.first]:.2f} s"
        if leap.last > leap.first:
            at = f"from {time_s[leap.first]:.2f} to {time_s[leap.last]:.2f} s"
        parts.append(f"{names} leap{'s' if len(leap.columns) == 1 else ''} by {leap.size:.3g} {leap.limits.unit} {at}")
    return "; ".join(parts) + (f"; and {len(leaps) - most} more" if len(leaps) > most else "")
