"""Conventions of the knee angle: flexion is positive here, and 0 is a straight knee.

In gait2392 and its descendants (FullBodyModel) flexion is negative. Programs that measure the angle between thigh and
shank give 180 degrees for a straight knee and less for a bent one.
"""

import logging
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.conventions import COORDINATE_INDEX, COORDINATES, KNEE_INDICES

logger = logging.getLogger("bige")

_HEIGHT = COORDINATE_INDEX["pelvis_ty"]

# Knees overextend by 10 degrees, and by 20 in the laxest people.
_BACKWARD_DEG = -25.0
_STRAIGHT_DEG = 180.0
# A knee is read as the angle between thigh and shank where it never falls below the first, is mostly above the second,
# which no squat is, comes within the third of 180 degrees, and opens as the pelvis rises.
_SHARPEST_DEG, _MOSTLY_DEG, _OF_180_DEG, _SAME_COURSE = 25.0, 90.0, 30.0, 0.9
_LEAST_RANGE_DEG, _LEAST_DESCENT_M = 20.0, 0.05


def forward_knees(coordinates: np.ndarray, source: Path | None) -> np.ndarray:
    """The coordinates (T, 33) with knees that flex positively from 0; others are changed to that, with a warning.

    Raises:
        InputError: the two knees follow different conventions.
    """
    where = source or "the motion"
    as_given = coordinates[:, KNEE_INDICES]
    knees = _from_straight(_with_positive_flexion(as_given, where), coordinates[:, _HEIGHT], where)
    if np.array_equal(knees, as_given):
        return coordinates
    result = coordinates.copy()
    result[:, KNEE_INDICES] = knees
    return result


def _with_positive_flexion(knees: np.ndarray, where: Path | str) -> np.ndarray:
    """The angles of both knees (T, 2), of the other sign where both are negative when they bend."""
    low, high = knees.min(0), knees.max(0)
    backward = (low < _BACKWARD_DEG) & (high < -low / 3)
    if not backward.any():
        return knees
    if not backward.all() and high[~backward].max() > -_BACKWARD_DEG:
        this, other = _that_and_the_other(backward.tolist())
        raise InputError(
            f"{where}: {this} is negative when the knee bends, down to {low.min():.0f} degrees, and {other} is "
            "positive; flexion must be positive on both sides"
        )
    logger.warning(
        "%s: the knees bend negatively, down to %.0f degrees, as in gait2392's convention; the sign of knee_angle_l "
        "and knee_angle_r is changed, so that flexion is positive",
        where,
        low.min(),
    )
    return -knees


def _from_straight(knees: np.ndarray, height_m: np.ndarray, where: Path | str) -> np.ndarray:
    """The angles of both knees (T, 2) counted from the straight knee, also where they are those between the segments.

    Args:
        knees: (T, 2) degrees, positive where they bend.
        height_m: (T,) of the pelvis.
        where: what the motion is of.
    """
    between = [_is_between_segments(knee, height_m) for knee in knees.T]
    if not any(between):
        return knees
    if not all(between):
        this, other = _that_and_the_other(between)
        raise InputError(
            f"{where}: {this} is near 180 degrees where the knee is straight, and {other} is not; a straight knee must "
            "be 0 on both sides"
        )
    logger.warning(
        "%s: the knees are near %.0f degrees where they are straight, so these are the angles between thigh and shank; "
        "knee_angle_l and knee_angle_r are read as 180 degrees less them, so that a straight knee is 0",
        where,
        knees.max(),
    )
    return _STRAIGHT_DEG - knees


def _that_and_the_other(is_so: list[bool]) -> tuple[str, str]:
    """The names of the knee that is so and of the one that is not, of the two in the order of `KNEE_INDICES`."""
    names = [COORDINATES[i] for i in KNEE_INDICES]
    return names[is_so.index(True)], names[is_so.index(False)]


def _is_between_segments(knee: np.ndarray, height_m: np.ndarray) -> bool:
    """Whether a knee (T,) is near 180 degrees where the leg is straight, as the height of the pelvis (T,) shows."""
    if (
        np.ptp(height_m) < _LEAST_DESCENT_M
        or np.ptp(knee) < _LEAST_RANGE_DEG
        or abs(knee.max() - _STRAIGHT_DEG) > _OF_180_DEG
    ):
        return False
    is_never_straight = knee.min() > _SHARPEST_DEG and np.median(knee) > _MOSTLY_DEG
    return bool(is_never_straight and np.corrcoef(knee, height_m)[0, 1] > _SAME_COURSE)
