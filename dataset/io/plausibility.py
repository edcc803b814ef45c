"""Checks that the values of a motion file mean what its header and its columns say.

Units and conventions go wrong in files of every origin, and a motion in the wrong unit still gives numbers. What can be
told with certainty is put right, with one warning; anything else that cannot be a person's motion is an `InputError`.
Every limit below is far from what people do, so that fast squats, jumps and noisy generated motions pass.
"""

import logging
import math
import re
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.missing_marks import refuse_marks
from dataset.io.opensim_table import Table
from models.conventions import (
    ACTIVATION_COLUMNS,
    COORDINATE_INDEX,
    COORDINATES,
    KNEE_INDICES,
    ROTATION_INDICES,
    TRANSLATION_INDICES,
    TRANSLATIONS,
)

logger = logging.getLogger("bige")

# Motion capture records 10 to 1000 frames a second. A step of 2 to 100 is therefore one of milliseconds.
_SHORTEST_STEP_S, _LONGEST_STEP_S = 1 / 2500, 0.2
_STEP_MS = (2.0, 100.0)

# A pelvis is 0.1 m (lying) to 1.3 m above the floor, and floors of recordings are metres from zero at most.
_FARTHEST_PELVIS_M = 10.0
_PELVIS_CM, _PELVIS_MM = (10.0, 160.0), (160.0, 2000.0)
# A pelvis that squats also moves back and forth, by half of its descent; a hundredth is another unit.
_STIFFEST = 0.02
_LARGEST_RISE_M = 1.5  # from the deepest squat to the top of a jump
_SQUAT_M = (0.05, 0.8)

_TURN_RAD = 2 * math.pi
# Knees and hips flex by less than 180 degrees, so that more than pi is no number of radians.
_HINGES = tuple(f"{name}_{side}" for name in ("knee_angle", "hip_flexion") for side in "lr")
# With no angle above 6 degrees, the legs cannot lower the pelvis by 5 cm, nor take it 0.3 m away: sway is 1 to 2 cm.
_DESCENT_M, _TRAVEL_M = 0.05, 0.3
_STILL_DEG = 0.3
_BEND = 60.0  # of both knees, in the unit of the file, during which a pelvis descends by more than 5 cm

# Of every motion, generated ones too; recordings are held to the narrower limits of `reach`. Joints turn by less than
# two turns even when their angles go on beyond 180 degrees; a person may spin many times.
_LARGEST_JOINT_DEG, _LARGEST_PELVIS_DEG, _LARGEST_M = 1080.0, 36000.0, 1000.0
_OF_A_LEG = ("hip_", "knee_", "ankle_", "subtalar_", "mtp_")
_LARGEST_EXTRA = 1e6  # of a further column, which may be anything

_SWING_DEG = 10.0  # of both knees to both sides of zero, which only speeds do

# Activations of other programs pass 0 and 1 by their solver's tolerance.
_ACTIVATION_TOLERANCE = 0.01

_SPEEDS_TITLE = re.compile(r"^(speeds|accelerations)\b")
_SPEEDS_NAME = re.compile(r"_(u|dudt|speeds|accelerations)$", re.IGNORECASE)
_PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
_HEIGHT = COORDINATE_INDEX["pelvis_ty"]


def refuse_speeds(table: Table) -> None:
    """Raise InputError where a table's title or name says that it holds speeds or accelerations.

    OpenSim's kinematics analysis writes `<name>_Kinematics_u.sto` and `_dudt.sto` beside the positions, with the same
    columns and the title Speeds or Accelerations.
    """
    title = next(iter(table.header), "")
    if title != "coordinates" and (
        _SPEEDS_TITLE.match(title) or (table.source and _SPEEDS_NAME.search(table.source.stem))
    ):
        raise InputError(
            f"{table.source}: holds speeds or accelerations, not angles and positions; give the file of positions "
            "(in OpenSim's kinematics analysis the one that ends in _q.sto)"
        )


def refuse_speeds_by_values(coordinates: np.ndarray, in_degrees: bool, source: Path | None) -> None:
    """Raise InputError where the values (T, 33), as in the file, are those of speeds or accelerations."""
    knees, height = coordinates[:, KNEE_INDICES], coordinates[:, _HEIGHT]
    swing = _SWING_DEG if in_degrees else math.radians(_SWING_DEG)
    swings = (knees.min(0) < -swing) & (knees.max(0) > swing) & (np.abs(knees.mean(0)) < 0.2 * np.abs(knees).max(0))
    if swings.all() and height.min() < 0 < height.max() and abs(height.mean()) < _DESCENT_M:
        raise InputError(
            f"{source or 'the motion'}: knees and pelvis height swing about zero, so these are speeds or "
            "accelerations, not angles and positions"
        )


def is_angle(name: str) -> bool:
    """Whether a column is a rotation; OpenSim's names of translations end in _tx, _ty or _tz."""
    return not is_translation(name) and "/" not in name


def is_leg_angle(name: str) -> bool:
    """Whether a column beside the 33 is that of a joint of the legs, such as `knee_adduction_r`, by OpenSim's habit."""
    return name.startswith(_OF_A_LEG) and is_angle(name)


def is_translation(name: str) -> bool:
    """Whether a column's name is that of a translation, by OpenSim's habit."""
    return name.endswith(("_tx", "_ty", "_tz"))


def in_seconds(time_s: np.ndarray, source: Path | None) -> np.ndarray:
    """Time stamps (T,) in seconds; those in milliseconds are converted, with a warning.

    Raises:
        InputError: the stamps are neither in seconds nor in milliseconds.
    """
    if len(time_s) < 2:
        return time_s
    step = round(float(np.median(np.diff(time_s))), 9)  # stamps are decimals
    if _SHORTEST_STEP_S <= step <= _LONGEST_STEP_S:
        return time_s
    if _STEP_MS[0] <= step <= _STEP_MS[1]:
        logger.warning(
            "%s: column 'time' has steps of %.4g; it is read as milliseconds, %.4g frames a second",
            source or "the motion",
            step,
            1000 * (len(time_s) - 1) / (time_s[-1] - time_s[0]),
        )
        return time_s / 1000
    raise InputError(
        f"{source or 'the motion'}: column 'time' has steps of {step:.4g}; expected seconds, "
        f"{_SHORTEST_STEP_S:g} to {_LONGEST_STEP_S:g} from frame to frame"
    )


def metres_per_unit(coordinates: np.ndarray, source: Path | None) -> float:
    """The factor that brings the pelvis's position to metres: 1, or 0.01 or 0.001 with a warning.

    Args:
        coordinates: (T, 33), the pelvis's position in the unit of the file.
        source: the file.

    Raises:
        InputError: the height of the pelvis, or its rise, is plausible in no unit, or the other two columns are in
            another one.
    """
    height = float(np.median(np.abs(coordinates[:, _HEIGHT])))
    units = (
        ((-1.0, _FARTHEST_PELVIS_M), 1.0, "metres"),
        (_PELVIS_CM, 0.01, "centimetres"),
        (_PELVIS_MM, 0.001, "millimetres"),
    )
    by_height = [(factor, unit) for (low, high), factor, unit in units if low < height <= high]
    if not by_height:
        raise InputError(
            f"{source or 'the motion'}: column 'pelvis_ty' is {height:.4g} in the median frame; expected the height of "
            "the pelvis in metres"
        )
    factor, unit = by_height[0]
    rise = float(np.ptp(np.quantile(coordinates[:, _HEIGHT], [0.02, 0.98], method="nearest")))
    if rise * factor > _LARGEST_RISE_M:
        # Heights that count from the standing pelvis say nothing of the unit; a decimetre's squat is below 10.
        by_rise = [(f, u) for _, f, u in units[1:] if rise > 10 and _SQUAT_M[0] <= rise * f <= _SQUAT_M[1]]
        if len(by_rise) != 1:
            raise InputError(
                f"{source or 'the motion'}: column 'pelvis_ty' ranges over {rise * factor:.3g} m if it is in {unit}, "
                "more than legs allow; give pelvis_tx, pelvis_ty and pelvis_tz in metres"
            )
        factor, unit = by_rise[0]
    _refuse_mixed_units(coordinates, factor, source)
    bend = float(np.ptp(coordinates[:, KNEE_INDICES], axis=0).min())
    if factor != 1 and bend > _BEND and rise * factor < _DESCENT_M:
        raise InputError(
            f"{source or 'the motion'}: column 'pelvis_ty' is {height:.4g} in the median frame and ranges over "
            f"{rise:.3g} while the knees bend by {bend:.0f} degrees; expected its height in metres, up to "
            f"{_FARTHEST_PELVIS_M:g}, or in {unit}"
        )
    if factor != 1:
        logger.warning(
            "%s: column 'pelvis_ty' is %.0f in the median frame and ranges over %.0f; pelvis_tx, pelvis_ty and "
            "pelvis_tz are read as %s",
            source or "the motion",
            height,
            rise,
            unit,
        )
    return factor


def _refuse_mixed_units(coordinates: np.ndarray, factor: float, source: Path | None) -> None:
    """Raise InputError where pelvis_tx and pelvis_tz cannot be in the unit of pelvis_ty, which `factor` makes metres.

    Single frames do not count: they may be marker jumps.
    """
    position = factor * coordinates[:, list(TRANSLATION_INDICES)]
    low, high = np.quantile(position, [0.02, 0.98], axis=0, method="nearest")
    x, descent, z = high - low
    farthest = max(x, z, *np.median(np.abs(position[:, [0, 2]]), axis=0))
    if farthest > _FARTHEST_PELVIS_M or (factor != 1 and descent > _DESCENT_M and 0 < max(x, z) < _STIFFEST * descent):
        raise InputError(
            f"{source or 'the motion'}: columns 'pelvis_tx' and 'pelvis_tz' are not in the unit of 'pelvis_ty' (in the "
            f"unit of 'pelvis_ty' they range over {x:.3g} and {z:.3g} m, up to {farthest:.3g} m from zero); give all "
            "three in metres"
        )


def degrees_per_unit(coordinates: np.ndarray, in_degrees: bool, stated: bool, source: Path | None) -> float:
    """The factor that brings the angles to degrees, after a check of the stated unit against the values.

    Args:
        coordinates: (T, 33), positions in metres, angles as in the file.
        in_degrees: whether angles are in degrees, as the header says or as OpenSim's rule has it.
        stated: whether the header says it.
        source: the file.

    Raises:
        InputError: the header says radians, but the values are degrees.
    """
    where = source or "the motion"
    if in_degrees:
        if not _look_like_radians(coordinates, where):
            return 1.0
        logger.warning(
            "%s: the angles are read as radians, not as degrees: none exceeds %.1f, while the pelvis moves by %.2f m; "
            "correct the header to inDegrees=no",
            where,
            np.abs(coordinates[:, ROTATION_INDICES]).max(),
            np.ptp(coordinates[:, list(TRANSLATION_INDICES)], axis=0).max(),
        )
        return 180.0 / math.pi
    hinges = np.abs(coordinates[:, [COORDINATE_INDEX[name] for name in _HINGES]]).max(0)
    worst = int(hinges.argmax())
    rotations = coordinates[:, ROTATION_INDICES]
    if rotations.min() >= 0 and rotations.max() <= _TURN_RAD:
        return 180.0 / math.pi  # of a program that writes angles from 0 to a turn, -0.1 as 6.18
    too_large = hinges[worst] > math.pi or np.abs(rotations).max() > 2 * _TURN_RAD
    if not too_large:
        return 180.0 / math.pi
    if stated and hinges[worst] > math.pi:
        raise InputError(
            f"{where}: the header says inDegrees=no, but {_HINGES[worst]} reaches {hinges[worst]:.1f}, "
            "more than half a turn in radians; correct the header to inDegrees=yes, or the columns that are in degrees"
        )
    if stated:
        return 180.0 / math.pi
    logger.warning(
        "%s: the header states no unit; the angles are read as degrees, because they are too large for radians", where
    )
    return 1.0


def _look_like_radians(coordinates: np.ndarray, where: Path | str) -> bool:
    """Whether angles that should be in degrees are in radians: so small that the pelvis could not move as it does."""
    rotations = coordinates[:, ROTATION_INDICES]
    if np.abs(rotations).max() > _TURN_RAD or np.ptp(rotations, axis=0).max() < _STILL_DEG:
        return False
    moved_m = np.ptp(coordinates[:, list(TRANSLATION_INDICES)], axis=0)
    if moved_m[1] > _DESCENT_M or max(moved_m[0], moved_m[2]) > _TRAVEL_M:
        return True
    logger.warning(
        "%s: no angle exceeds %.1f degrees; if these are radians, correct the header to inDegrees=no",
        where,
        np.abs(rotations).max(),
    )
    return False


def in_degrees_and_metres(coordinates: np.ndarray, source: Path | None) -> np.ndarray:
    """Coordinates (T, 33) of a file without a header, brought to metres and degrees.

    Raises:
        InputError: the values are those of no person's motion in any unit.
    """
    result = np.array(coordinates, dtype=float)
    refuse_marks(COORDINATES, result, source)
    refuse_speeds_by_values(result, True, source)
    result[:, list(TRANSLATION_INDICES)] *= metres_per_unit(result, source)
    result[:, list(ROTATION_INDICES)] *= degrees_per_unit(result, True, False, source)
    refuse_absurd(result, None, source)
    return result


def absurd_row(values: np.ndarray) -> int:
    """The first data row, from 1, in which a further column (T,) is no number or out of all proportion; else 0."""
    beyond = np.flatnonzero(~(np.abs(values) <= _LARGEST_EXTRA))
    return int(beyond[0]) + 1 if len(beyond) else 0


def refuse_absurd(coordinates: np.ndarray, activations: np.ndarray | None, source: Path | None) -> None:
    """Raise InputError where a value is out of all proportion; see the limits at the head of this module.

    Args:
        coordinates: (T, 33), degrees and metres.
        activations: (T, 80), or None.
        source: the file.
    """
    limits = np.full(len(COORDINATES), _LARGEST_JOINT_DEG)
    limits[[COORDINATE_INDEX[name] for name in _PELVIS]] = _LARGEST_PELVIS_DEG
    limits[list(TRANSLATION_INDICES)] = _LARGEST_M
    beyond = np.argwhere(np.abs(coordinates) > limits)
    if len(beyond):
        row, column = beyond[0]
        unit = "m" if COORDINATES[column] in TRANSLATIONS else "degrees"
        raise InputError(
            f"{source or 'the motion'}: column {COORDINATES[column]!r} is {coordinates[row, column]:.4g} {unit} in "
            f"data row {row + 1}, which no person reaches; expected {-limits[column]:g} to {limits[column]:g} {unit}; "
            "correct the value, or cut the file there"
        )
    if activations is not None:
        beyond = np.argwhere((activations < -_ACTIVATION_TOLERANCE) | (activations > 1 + _ACTIVATION_TOLERANCE))
        if len(beyond):
            row, column = beyond[0]
            raise InputError(
                f"{source or 'the motion'}: column {ACTIVATION_COLUMNS[column]!r} is {activations[row, column]:.4g} in "
                f"data row {row + 1} (the muscle activations go from {activations.min():.4g} to "
                f"{activations.max():.4g}); expected 0 to 1"
            )
