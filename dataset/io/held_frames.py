"""Held frames: rows that repeat the row before while the person moves.

Programs that store a video of 30 frames a second at 60, or fill in for a frame that the camera lost, write the last
frame again. Positions are then right within a frame, but speeds are zero and twice too large by turns.
"""

import logging
from dataclasses import replace

import numpy as np

from dataset.io.motion import Motion
from models.conventions import ROTATION_INDICES

logger = logging.getLogger("bige")

_LONGEST_S = 0.15  # from the frame to the last row that repeats it; who stands still may do so for longer
_STEP_DEG = 0.5  # of any angle after a held frame, by which the person moves


def without_held_frames(motion: Motion, *, leave_out: bool) -> Motion:
    """The motion without the rows that repeat the row before them, where it moves on after some of these.

    Args:
        motion: as read; one with activations is returned as it is, since other files belong to its rows.
        leave_out: whether to leave the rows out, as of recordings, whose time stamps count; else they are only said,
            as of generated motions, whose faults are kept.
    """
    held, is_moving = _held(motion)
    if motion.activations is not None or not is_moving:
        return motion
    logger.warning(
        "%s: %d of %d rows repeat the row before, also while the person moves, as where a video of fewer frames a "
        "second was stored; they are %s",
        motion.source or "the motion",
        held.sum(),
        len(held),
        "left out" if leave_out else "kept, as they are",
    )
    if not leave_out:
        return motion
    extra = {name: values[~held] for name, values in motion.extra.items()}
    return replace(motion, time_s=motion.time_s[~held], coordinates=motion.coordinates[~held], extra=extra)


def _held(motion: Motion) -> tuple[np.ndarray, bool]:
    """Which rows (T,) repeat the one before, for a short time, and whether an angle steps on after any of them."""
    steps = np.abs(np.diff(motion.coordinates, axis=0))
    edges = np.flatnonzero(np.diff(np.r_[False, (steps == 0).all(1), False].astype(int)))
    held, is_moving = np.zeros(len(motion.time_s), dtype=bool), False
    for first, last in zip(edges[::2], edges[1::2], strict=True):  # rows `first` + 1 to `last` repeat row `first`
        if motion.time_s[last] - motion.time_s[first] <= _LONGEST_S:
            held[first + 1 : last + 1] = True
            is_moving |= last < len(steps) and bool(steps[last, ROTATION_INDICES].max() > _STEP_DEG)
    return held, is_moving
