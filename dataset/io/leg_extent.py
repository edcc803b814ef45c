"""Check that the pelvis goes up and down as the legs have it: a unit that is no metre shows there and nowhere else."""

import logging
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.conventions import COORDINATE_INDEX

logger = logging.getLogger("bige")

_THIGH_M = _SHANK_M = 0.43  # of an adult of 1.75 m
_LEAST_BEND_M = 0.1
_LEAST_CORRELATION = 0.97  # squats have .98 and more; jumps and steps, where the feet leave the floor, less
# In recordings the pelvis moves by 0.8 to 1.8 times what such legs give: long and short legs, and heels that rise. Feet
# read as metres make that 2.6 and more, and inches read as centimetres 0.55 and less of most adults.
_LEAST_SHARE, _LARGEST_SHARE = 0.55, 2.3


def check_pelvis_follows_legs(coordinates: np.ndarray, source: Path | None, *, refuse: bool) -> None:
    """Compare the height of the pelvis with the vertical extent of the straighter leg.

    Args:
        coordinates: (T, 33), degrees and metres, knees flexing positively.
        source: the file.
        refuse: whether a disagreement is an error, as of recordings; else it is a warning, as of generated motions.

    Raises:
        InputError: with `refuse`, the pelvis follows the legs, but in another unit.
    """
    extent_m = np.max([_extent_m(coordinates, side) for side in "lr"], axis=0)
    height_m = coordinates[:, COORDINATE_INDEX["pelvis_ty"]]
    if np.ptp(extent_m) < _LEAST_BEND_M or np.ptp(height_m) == 0:
        return
    share = float(np.polyfit(extent_m, height_m, 1)[0])
    if np.corrcoef(extent_m, height_m)[0, 1] < _LEAST_CORRELATION or _LEAST_SHARE <= share <= _LARGEST_SHARE:
        return
    sentence = (
        f"{source or 'the motion'}: column 'pelvis_ty' ranges over {np.ptp(height_m):.2f} m, {share:.2g} times what "
        "the angles of hips and knees give for legs of an adult; expected pelvis_tx, pelvis_ty and pelvis_tz in metres"
    )
    if refuse:
        raise InputError(f"{sentence} (feet and inches are not read)")
    logger.warning("%s; it is kept, as it is", sentence)


def _extent_m(coordinates: np.ndarray, side: str) -> np.ndarray:
    """(T,) vertical distance of hip and ankle in the plane of flexion, of a leg of `_THIGH_M` and `_SHANK_M`."""
    hip, knee = (coordinates[:, COORDINATE_INDEX[f"{name}_{side}"]] for name in ("hip_flexion", "knee_angle"))
    thigh = np.radians(hip + coordinates[:, COORDINATE_INDEX["pelvis_tilt"]])  # forward of vertical
    return _THIGH_M * np.cos(thigh) + _SHANK_M * np.cos(np.radians(knee) - thigh)
