"""Check that the pelvis moves as the legs have it: a unit that is no metre shows there and nowhere else."""

import logging
from pathlib import Path

import numpy as np
from scipy.signal import detrend

from dataset.errors import InputError
from dataset.io.leg_orientation import ankle_positions, range_in_squats
from models.conventions import COORDINATE_INDEX

logger = logging.getLogger("bige")

_LEAST_BEND_M = 0.1
_LEAST_CORRELATION = 0.97  # squats have .98 and more; jumps and steps, where the feet leave the floor, less
# In recordings the pelvis moves by 0.8 to 1.8 times what such legs give: long and short legs, and heels that rise. Feet
# read as metres make that 2.6 and more, and inches read as centimetres 0.55 and less of most adults.
_LEAST_SHARE, _LARGEST_SHARE = 0.55, 2.3
# In a squat, feet that stand move by less than the first, and those that slide by more than the second. In recordings
# ankles stay within 0.15 m; between squats people may walk.
_STANDING_M, _SLIDING_M = 0.2, 0.4


def check_pelvis_stays_over_feet(coordinates: np.ndarray, source: Path | None, *, refuse: bool) -> None:
    """Find a pelvis_tx or pelvis_tz in centimetres or millimetres: the feet stand still if it is, and slide if not.

    Args:
        coordinates: (T, 33), degrees and metres, knees flexing positively.
        source: the file.
        refuse: whether that is an error, as of recordings; else it is a warning, as of generated motions.

    Raises:
        InputError: with `refuse`, one of the columns is in another unit than pelvis_ty.
    """
    for name, axis in (("pelvis_tx", 0), ("pelvis_tz", 2)):
        position_m = coordinates[:, COORDINATE_INDEX[name]]
        if len(position_m) < 3 or np.ptp(detrend(position_m)) < _SLIDING_M:
            continue  # who is carried along, as on a platform, does not come back
        ankles = ankle_positions(coordinates)
        slide_m = range_in_squats(coordinates, ankles[:, :, axis])
        for unit, factor in (("centimetres", 0.01), ("millimetres", 0.001)):
            standing_m = range_in_squats(coordinates, ankles[:, :, axis] - (1 - factor) * position_m[:, None])
            if slide_m.min() < _SLIDING_M or standing_m.min() > _STANDING_M:
                continue
            sentence = (
                f"{source or 'the motion'}: column {name!r} ranges over {np.ptp(position_m):.2f} m, so that feet that "
                f"stand slide by {slide_m.min():.2f} m; it may be in {unit}; give the position of the pelvis in metres"
            )
            if refuse:
                raise InputError(sentence)
            logger.warning("%s; it is kept, as it is", sentence)
            return


def check_pelvis_follows_legs(coordinates: np.ndarray, source: Path | None, *, refuse: bool) -> None:
    """Compare the height of the pelvis with the vertical extent of the straighter leg.

    Args:
        coordinates: (T, 33), degrees and metres, knees flexing positively.
        source: the file.
        refuse: whether a disagreement is an error, as of recordings; else it is a warning, as of generated motions.

    Raises:
        InputError: with `refuse`, the pelvis follows the legs, but in another unit.
    """
    height_m = coordinates[:, COORDINATE_INDEX["pelvis_ty"]]
    extent_m = (height_m[:, None] - ankle_positions(coordinates)[:, :, 1]).max(1)
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
