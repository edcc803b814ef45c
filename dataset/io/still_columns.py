"""Columns that are the same in every row of a squat: coordinates that were not recorded, activations not simulated."""

import logging
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.conventions import COORDINATES, KNEE_INDICES, MUSCLE_INDEX, SIDES

logger = logging.getLogger("bige")

_BENDS_DEG = 30.0  # of a leg that squats


def warn_of_still_columns(
    as_written: np.ndarray, coordinates: np.ndarray, source: Path | None, absent: Collection[str] = ()
) -> None:
    """Log a warning for each column with one value in all rows that moves in everyone who squats.

    Args:
        as_written: (T, 33) as the file has them.
        coordinates: (T, 33), degrees and metres.
        source: the file.
        absent: coordinates that the file does not have.
    """
    if len(coordinates) < 2:
        return
    for name, witness in _witnesses(coordinates):
        still, bending = COORDINATES.index(name), COORDINATES.index(witness)
        span = float(np.ptp(coordinates[:, bending]))
        if name not in absent and np.ptp(as_written[:, still]) == 0 and span > _BENDS_DEG:
            logger.warning(
                "%s: column %r is %g in every row while %s ranges over %.0f degrees; unless that joint is fixed, "
                "the column was not recorded, and the results are not the person's",
                source or "the motion", name, as_written[0, still], witness, span,
            )  # fmt: skip


def check_still_activations(
    activations: np.ndarray, coordinates: np.ndarray, source: Path | None, *, refuse: bool
) -> None:
    """Find activations that are the same in every row while the knees bend.

    Args:
        activations: (T, 80).
        coordinates: (T, 33), degrees and metres.
        source: the file.
        refuse: whether it is an error if all of them are, as in recordings; else it is a warning. That those of the
            vasti of a leg are, which may be disabled in the model, is always a warning.

    Raises:
        InputError: with `refuse`, no activation changes.
    """
    bend_deg = np.ptp(coordinates[:, KNEE_INDICES], axis=0)
    still = np.ptp(activations, axis=0) == 0
    if len(coordinates) < 2 or bend_deg.max() < _BENDS_DEG:
        return
    where = source or "the motion"
    if still.all():
        sentence = f"{where}: no muscle activation changes while the knees bend by {bend_deg.max():.0f} degrees"
        if refuse:
            raise InputError(f"{sentence}; they are not those of this motion")
        logger.warning("%s; they are kept, as they are", sentence)
        return
    for side, bend in zip(SIDES, bend_deg, strict=True):
        vasti = [f"{name}_{side}" for name in ("vasint", "vaslat", "vasmed")]
        if bend > _BENDS_DEG and still[[MUSCLE_INDEX[name] for name in vasti]].any():
            names = [name for name in vasti if still[MUSCLE_INDEX[name]]]
            logger.warning(
                "%s: the activation of %s is %g in every row while the knee bends by %.0f degrees; unless it is "
                "disabled in the model, it was not simulated",
                where, ", ".join(names), activations[0, MUSCLE_INDEX[names[0]]], bend,
            )  # fmt: skip


def _witnesses(coordinates: np.ndarray) -> Iterator[tuple[str, str]]:
    """Columns that move in a squat, each with one that shows in (T, 33), degrees and metres, that there is one."""
    for joint in ("knee_angle", "hip_flexion"):
        yield f"{joint}_l", f"{joint}_r"
        yield f"{joint}_r", f"{joint}_l"
    heading = np.radians(np.median(coordinates[:, COORDINATES.index("pelvis_rotation")]))
    forward = "pelvis_tx" if abs(np.cos(heading)) > abs(np.sin(heading)) else "pelvis_tz"
    knees = [f"knee_angle_{side}" for side in "lr"]
    bent = max(knees, key=lambda name: np.ptp(coordinates[:, COORDINATES.index(name)]))
    for name in ("pelvis_tilt", "lumbar_extension", forward):
        yield name, bent
    for side in "lr":
        yield f"ankle_angle_{side}", f"knee_angle_{side}"
