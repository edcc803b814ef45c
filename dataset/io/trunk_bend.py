"""Check that the trunk bends forwards in a squat: with exchanged columns of the lumbar joint, it bends to the side."""

import logging
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.conventions import COORDINATE_INDEX, KNEE_INDICES

logger = logging.getLogger("bige")

_FORWARDS, _SIDEWAYS = "lumbar_extension", "lumbar_bending"
_SQUAT_DEG = 40.0  # of the knees
# Of 475 recorded and synthetic squat trials none bends sideways by more than 14.2 degrees; forwards, half of them bend
# by more than 28, and recorded ones by 29 to 45, in step with the knees.
_LEAST_BEND_DEG, _TIMES, _IN_STEP = 25.0, 2.0, 0.85


def check_trunk_bends_forwards(coordinates: np.ndarray, source: Path | None, *, refuse: bool) -> None:
    """Find a trunk that bends sideways in step with the knees, and hardly forwards.

    Args:
        coordinates: (T, 33), degrees and metres, knees flexing positively.
        source: the file.
        refuse: whether that is an error, as of recordings; else it is a warning, as of generated motions.

    Raises:
        InputError: with `refuse`, the two columns seem to be exchanged.
    """
    knees = coordinates[:, KNEE_INDICES].mean(1)
    forwards, sideways = (coordinates[:, COORDINATE_INDEX[name]] for name in (_FORWARDS, _SIDEWAYS))
    bend_deg = np.ptp(sideways)
    if np.ptp(knees) < _SQUAT_DEG or bend_deg < max(_LEAST_BEND_DEG, _TIMES * np.ptp(forwards)):
        return
    if abs(np.corrcoef(knees, sideways)[0, 1]) < _IN_STEP:
        return
    sentence = (
        f"{source or 'the motion'}: column {_SIDEWAYS!r} bends the trunk to the side by {bend_deg:.0f} degrees in step "
        f"with the knees, and {_FORWARDS!r} forwards by {np.ptp(forwards):.0f}; the two seem to be exchanged"
    )
    if refuse:
        raise InputError(sentence)
    logger.warning("%s; they are kept, as they are", sentence)
