"""Orientation of the segments of the legs by the coordinates alone, and ankles with the lengths of an average adult.

Orientations are the same for long and for short legs, so that no model is needed.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from models.conventions import COORDINATE_INDEX, SIDES

# Metres. A leg of 0.84 m is that of a person of 1.75 m; small and tall people differ by about a tenth.
_HIP_APART, _HIP_BELOW, _THIGH, _SHANK = 0.08, 0.08, 0.42, 0.42
LEG_M = _THIGH + _SHANK
# Of the descent, below which the pelvis is in a squat; of that time, what belongs to the squat before and after it.
_LOW, _BEFORE_AND_AFTER, _FEWEST_FRAMES = 0.2, 0.4, 5
_ON_THE_FLOOR_M, _MOST_FRAMES = 0.06, 0.8  # one ankle above the other, and the frames in which it is less
# By side: the sign with which adduction and rotation of the hip turn about the axes of the ground.
_LATERAL_SIGN = {"l": -1.0, "r": 1.0}


def pelvis_orientation(coordinates: np.ndarray) -> Rotation:
    """Rotations of the pelvis to the ground frame, a stack of T, for coordinates (T, 33) in degrees."""
    angles = _columns(coordinates, "pelvis_tilt", "pelvis_list", "pelvis_rotation")
    return Rotation.from_euler("ZXY", angles, degrees=True)


class LegOrientation(NamedTuple):
    """Rotations of the segments of a leg to the ground frame, each a stack of T."""

    thigh: Rotation
    shank: Rotation
    foot: Rotation


def leg_orientation(coordinates: np.ndarray, side: str) -> LegOrientation:
    """The orientation of one leg in T frames.

    Knee and ankle are hinges about the transverse axis, as nearly in the models; the subtalar joint is left out.

    Args:
        coordinates: (T, 33), canonical order, degrees.
        side: `l` or `r`.
    """
    sign = _LATERAL_SIGN[side]
    hip = _columns(coordinates, f"hip_flexion_{side}", f"hip_adduction_{side}", f"hip_rotation_{side}")
    thigh = pelvis_orientation(coordinates) * Rotation.from_euler("ZXY", hip * [1.0, sign, sign], degrees=True)
    shank = thigh * Rotation.from_euler("Z", -_columns(coordinates, f"knee_angle_{side}"), degrees=True)
    foot = shank * Rotation.from_euler("Z", _columns(coordinates, f"ankle_angle_{side}"), degrees=True)
    return LegOrientation(thigh, shank, foot)


def ankle_positions(coordinates: np.ndarray) -> np.ndarray:
    """(T, 2, 3) approximate positions of the left and the right ankle, metres in the ground frame."""
    pelvis = pelvis_orientation(coordinates)
    result = []
    for side in SIDES:
        leg = leg_orientation(coordinates, side)
        hip = pelvis.apply([0.0, -_HIP_BELOW, _LATERAL_SIGN[side] * _HIP_APART])
        result.append(hip + leg.thigh.apply([0.0, -_THIGH, 0.0]) + leg.shank.apply([0.0, -_SHANK, 0.0]))
    return np.stack(result, 1) + _columns(coordinates, "pelvis_tx", "pelvis_ty", "pelvis_tz")[:, None]


def stand_on_both_feet(coordinates: np.ndarray) -> bool:
    """Whether both feet are on the floor most of the time, in coordinates (T, 33), degrees and metres."""
    left_m, right_m = ankle_positions(coordinates)[:, :, 1].T
    return bool(np.quantile(np.abs(left_m - right_m), _MOST_FRAMES) <= _ON_THE_FLOOR_M)


def feet_of(columns: Iterable[str]) -> list[int]:
    """Which feet columns move, 0 the left and 1 the right one; those of the pelvis move both."""
    ends = {name[-2:] for name in columns}
    return [i for i, side in enumerate(SIDES) if f"_{side}" in ends or ends - {"_l", "_r"}]


def range_in_squats(coordinates: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The range of nine tenths of the frames of a squat, the median of all squats; people may step in between.

    Args:
        coordinates: (T, 33), canonical order, degrees and metres.
        positions: (T, ...).

    Returns:
        (...), in the unit of the positions.
    """
    ranges = []
    for part in _descents(coordinates[:, COORDINATE_INDEX["pelvis_ty"]]):
        low, high = np.quantile(positions[part], [0.05, 0.95], axis=0)
        ranges.append(high - low)
    return np.asarray(np.median(ranges, axis=0))


def _descents(height_m: np.ndarray) -> list[slice]:
    """The parts of a recording in which the pelvis, of heights (T,), goes down and comes up; all of it if none is."""
    lowest, highest = np.quantile(height_m, [0.02, 0.98])
    is_low = np.concatenate([[False], height_m < highest - _LOW * (highest - lowest), [False]])
    starts, ends = np.flatnonzero(np.diff(is_low.astype(int))).reshape(-1, 2).T
    found = []
    for start, end in zip(starts, ends, strict=True):
        margin = int(_BEFORE_AND_AFTER * (end - start))
        if end - start >= _FEWEST_FRAMES and height_m[start:end].min() < (highest + lowest) / 2:
            found.append(slice(max(start - margin, 0), end + margin))
    return found or [slice(0, len(height_m))]


def _columns(coordinates: np.ndarray, *names: str) -> np.ndarray:
    return coordinates[:, [COORDINATE_INDEX[name] for name in names]]
