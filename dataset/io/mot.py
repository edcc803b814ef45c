"""Reader and writer of motion files (.mot, .sto): columns by name, to and from one canonical motion.

Units: OpenSim's rule is followed (see `opensim_table`) and checked. Where it gives radians but an angle exceeds two
turns, the file is read as degrees. Where an explicit `inDegrees=no` meets a knee or hip beyond one turn, the header
contradicts the data, which is an error.

Columns: all 33 coordinates are required, in any order. `knee_angle_*_beta` is ignored: it is coupled to the knee, and
OpenCap writes it in radians even in files in degrees. The 80 activations must be complete or absent. Other columns are
kept in `Motion.extra`.
"""

import logging
import math
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.io.opensim_table import Table, list_names, read_table, write_table
from models.conventions import ACTIVATION_COLUMNS, COORDINATE_INDEX, COORDINATES, ROTATION_INDICES, TRANSLATIONS

logger = logging.getLogger("bige")

BETA_SUFFIX = "_beta"
_TURN_RAD = 2 * math.pi
_HINGES = tuple(f"{name}_{side}" for name in ("knee_angle", "hip_flexion") for side in "lr")


def read_motion(path: str | Path) -> Motion:
    """Read a motion file into canonical order, degrees and metres.

    Raises:
        InputError: as `read_table`; or a coordinate is missing, a value is not finite, only some of the 80 activations
            are there, or the stated unit of the angles contradicts their values.
    """
    table = read_table(path)
    index = {name: i for i, name in enumerate(table.names)}
    missing = [name for name in COORDINATES if name not in index]
    if len(missing) == len(COORDINATES):
        raise InputError(
            f"{table.source}: has none of the 33 coordinates of a motion; its columns are {list_names(table.names)}"
        )
    if missing:
        raise InputError(
            f"{table.source}: {len(missing)} of the 33 coordinates missing: {list_names(missing)}; "
            "a joint that the model welds needs a column of zeros"
        )
    used = [i for i, name in enumerate(table.names) if not name.endswith(BETA_SUFFIX)]
    _refuse_not_finite(table, used)

    coordinates = table.data[:, [index[name] for name in COORDINATES]]
    to_degrees = 1.0 if _angles_are_degrees(table, coordinates) else 180.0 / math.pi
    coordinates[:, ROTATION_INDICES] *= to_degrees

    present = [name for name in ACTIVATION_COLUMNS if name in index]
    if 0 < len(present) < len(ACTIVATION_COLUMNS):
        absent = [name for name in ACTIVATION_COLUMNS if name not in index]
        raise InputError(
            f"{table.source}: only {len(present)} of the 80 muscle activations; missing {list_names(absent)}"
        )
    activations = table.data[:, [index[name] for name in ACTIVATION_COLUMNS]] if present else None

    known = {*COORDINATES, *ACTIVATION_COLUMNS}
    extra = {}
    for i in used:
        name = table.names[i]
        if name not in known:
            extra[name] = table.data[:, i] * (to_degrees if _is_angle(name) else 1.0)
    return Motion(table.time_s, coordinates, activations, extra, table.source)


def write_motion(
    path: str | Path, motion: Motion, *, beta: bool = False, in_degrees: bool = True, style: str = "opencap"
) -> None:
    """Write a motion with 8 decimals, atomically. Extra columns and activations follow the coordinates.

    Args:
        path: the file.
        motion: the motion.
        beta: whether to write `knee_angle_*_beta` columns too, the knee angles in radians whatever the other columns
            are in: OpenSim converts degrees of rotational coordinates only, and these are coupled.
        in_degrees: whether to write angles in degrees, else in radians.
        style: `opencap` for a header with `version` and the right leg before the left, as OpenCap's inverse kinematics
            writes; `muscle_driven` for the old header and canonical order, as OpenCap's simulations write, in degrees.
    """
    if style not in ("opencap", "muscle_driven"):
        raise ValueError(f"style must be 'opencap' or 'muscle_driven', not {style!r}")
    if style == "muscle_driven" and not in_degrees:
        raise ValueError("the muscle_driven header states no unit, so its angles must be in degrees")
    names = list(_RIGHT_FIRST if style == "opencap" else COORDINATES)
    if beta:
        for side in "rl":
            names.insert(names.index(f"knee_angle_{side}") + 1, f"knee_angle_{side}{BETA_SUFFIX}")
    columns = [motion.column(name.removesuffix(BETA_SUFFIX)) for name in names]
    names += motion.extra
    columns += motion.extra.values()
    columns = [
        np.radians(values) if name.endswith(BETA_SUFFIX) or (not in_degrees and _is_angle(name)) else values
        for name, values in zip(names, columns, strict=True)
    ]
    if motion.activations is not None:
        names += ACTIVATION_COLUMNS
        columns += list(motion.activations.T)
    data = np.column_stack(columns)
    if style == "muscle_driven":
        write_table(path, names, data, motion.time_s, old_header=True)
    else:
        write_table(path, names, data, motion.time_s, in_degrees=in_degrees, title="Coordinates")


def _right_first() -> tuple[str, ...]:
    """The coordinates in the order of OpenCap's inverse kinematics: right leg, left leg, trunk, arms."""
    leg = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle", "mtp_angle")
    arm = ("arm_flex", "arm_add", "arm_rot", "elbow_flex", "pro_sup")
    legs = [f"{name}_{side}" for side in "rl" for name in leg]
    arms = [f"{name}_{side}" for side in "rl" for name in arm]
    lumbar = ["lumbar_extension", "lumbar_bending", "lumbar_rotation"]
    return (*COORDINATES[:6], *legs, *lumbar, *arms)


_RIGHT_FIRST = _right_first()


def _refuse_not_finite(table: Table, used: list[int]) -> None:
    bad = np.argwhere(~np.isfinite(table.data[:, used]))
    if len(bad):
        row, i = bad[0]
        value, name = table.data[row, used[i]], table.names[used[i]]
        rows = len(np.unique(bad[:, 0]))
        raise InputError(
            f"{table.source}: column {name!r} is {value} in data row {row + 1} ({table.time_s[row]:g} s), "
            f"and {rows} row(s) are not finite; fill or cut the gap first"
        )


def _angles_are_degrees(table: Table, coordinates: np.ndarray) -> bool:
    """Whether angles are in degrees: `table.in_degrees`, checked against the range of human joints."""
    if table.in_degrees:
        return True
    hinges = np.abs(coordinates[:, [COORDINATE_INDEX[name] for name in _HINGES]]).max(0)
    worst = int(hinges.argmax())
    if "indegrees" in table.header:
        if hinges[worst] > _TURN_RAD:
            raise InputError(
                f"{table.source}: the header says inDegrees=no, but {_HINGES[worst]} reaches {hinges[worst]:.1f}, "
                "more than a full turn in radians; correct the header to inDegrees=yes"
            )
        return False
    if np.abs(coordinates[:, ROTATION_INDICES]).max() > 2 * _TURN_RAD:
        logger.warning(
            "%s: the header states no unit; the angles are read as degrees, because they exceed two turns in radians",
            table.source,
        )
        return True
    return False


def _is_angle(name: str) -> bool:
    """Whether a column is a rotation; OpenSim's names of translations end in _tx, _ty or _tz."""
    return name not in TRANSLATIONS and not name.endswith(("_tx", "_ty", "_tz")) and "/" not in name
