"""Reader and writer of motion files (.mot, .sto): columns by name, to and from one canonical motion.

Units, signs and sizes are checked once, here (`plausibility`): time in seconds, positions in metres, angles in the
unit that OpenSim's rule gives (see `opensim_table`), knees that flex positively. Angles are continuous
(`continuous_angles`), marker jumps are interpolated (`marker_jumps`), rows of a recording that repeat the one before
are left out (`held_frames`), and what no person reaches is refused (`reach`). What is changed is logged, and what
cannot be is an error.

Columns, in any order: the coordinates of pelvis, hips, knees and ankles are required. Of the 33 others may be missing
(welded toes, a shoulder with other coordinates); they are taken to be 0, which is logged. `knee_angle_*_beta` is
ignored: it is coupled to the knee, and OpenCap writes it in radians even in files in degrees. The 80 activations must
be complete or absent. Other columns are kept in `Motion.extra`.
"""

import logging
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.column_units import check_column_units
from dataset.io.continuous_angles import continuous_angles, unwrapped_extra
from dataset.io.filled_gaps import find_filled_gap
from dataset.io.held_frames import without_held_frames
from dataset.io.knee_convention import forward_knees
from dataset.io.leg_extent import check_pelvis_follows_legs, check_pelvis_stays_over_feet
from dataset.io.marker_jumps import Jumps, mend_jumps
from dataset.io.missing_marks import find_constant_gap, find_mark, refuse_marks
from dataset.io.motion import Motion
from dataset.io.opensim_table import Table, read_table, write_table
from dataset.io.plausibility import (
    absurd_row,
    degrees_per_unit,
    in_seconds,
    is_angle,
    is_leg_angle,
    is_translation,
    metres_per_unit,
    refuse_absurd,
    refuse_speeds,
    refuse_speeds_by_values,
)
from dataset.io.reach import check_reach
from dataset.io.standing_feet import check_standing_feet
from dataset.io.still_columns import check_still_activations, warn_of_still_columns
from dataset.io.trunk_bend import check_trunk_bends_forwards
from dataset.spelling import list_names
from models.conventions import (
    ACTIVATION_COLUMNS,
    COORDINATE_INDEX,
    COORDINATES,
    NEEDED_COORDINATES,
    ROTATION_INDICES,
    TRANSLATION_INDICES,
)

logger = logging.getLogger("bige")

BETA_SUFFIX = "_beta"
_HEIGHT = COORDINATE_INDEX["pelvis_ty"]
_ALL_BUT_HEIGHT = [i for i in range(len(COORDINATES)) if i != _HEIGHT]


def read_motion(path: str | Path, *, jumps: Jumps = "refuse") -> Motion:
    """Read a motion file into canonical order, seconds, degrees and metres.

    Args:
        path: the file.
        jumps: what is done with marker jumps, see `mend_jumps`; the default is that for recordings, which are refused
            also where they are beyond what a person reaches (`reach`).

    Raises:
        InputError: as `read_table`; or a coordinate of pelvis, hip, knee or ankle is missing, a value is not finite,
            only some of the 80 activations are there, or the values are not those of a person's motion in any unit.
    """
    table = read_table(path)
    refuse_speeds(table)
    index = _column_index(table)
    missing = [name for name in COORDINATES if name not in table.names]
    data = np.column_stack([table.data, np.zeros(len(table.data))])  # the last column for missing coordinates
    _refuse_not_finite(table)

    time_s = in_seconds(table.time_s, table.source)
    coordinates = data[:, [index[name] for name in COORDINATES]]
    refuse_marks(COORDINATES, coordinates, table.source)
    in_file = coordinates.copy()
    # A height that does not change says nothing about its unit, so its gaps are looked for before.
    _handle_gap(find_constant_gap(time_s, in_file, coordinates, [_HEIGHT]), table.source, jumps)
    refuse_speeds_by_values(coordinates, table.in_degrees, table.source)
    to_metres = metres_per_unit(coordinates, table.source)
    coordinates[:, TRANSLATION_INDICES] *= to_metres
    to_degrees = degrees_per_unit(coordinates, table.in_degrees, "indegrees" in table.header, table.source)
    coordinates[:, ROTATION_INDICES] *= to_degrees
    activations = _activations(table)
    refuse_absurd(coordinates, activations, table.source)

    as_written = coordinates
    _handle_gap(find_constant_gap(time_s, in_file, coordinates, _ALL_BUT_HEIGHT), table.source, jumps)
    if jumps == "refuse":
        warn_of_still_columns(in_file, coordinates, table.source, missing)
    _handle_filled_gap(time_s, in_file, coordinates, table.source, jumps)
    coordinates = forward_knees(continuous_angles(coordinates), table.source)
    coordinates = mend_jumps(time_s, coordinates, table.source, jumps)
    check_units(coordinates, table.source, refuse=jumps == "refuse")
    if activations is not None:
        check_still_activations(activations, coordinates, table.source, refuse=jumps == "refuse")
    check_reach(time_s, as_written, coordinates, table.source, refuse=jumps == "refuse")
    extra = _extra(table, to_metres, to_degrees)
    motion = Motion(time_s, coordinates, activations, extra, table.source)
    return without_held_frames(motion, leave_out=jumps != "keep")


def _column_index(table: Table) -> dict[str, int]:
    """The column of each name; of coordinates that may be missing, and are, the one behind the last.

    Raises:
        InputError: a coordinate of pelvis, hip, knee or ankle is missing.
    """
    index = {name: i for i, name in enumerate(table.names)}
    missing = [name for name in COORDINATES if name not in index]
    if len(missing) == len(COORDINATES):
        raise InputError(
            f"{table.source}: has none of the 33 coordinates of a motion; its columns are {list_names(table.names)}"
        )
    needed = [name for name in missing if name in NEEDED_COORDINATES]
    if needed:
        raise InputError(
            f"{table.source}: {len(missing)} of the 33 coordinates missing: {list_names(missing)}; a squat needs "
            f"{list_names(needed)}"
        )
    if missing:
        logger.warning(
            "%s: %d of the 33 coordinates are missing, and are taken to be 0: %s",
            table.source, len(missing), ", ".join(missing),
        )  # fmt: skip
    return index | dict.fromkeys(missing, len(table.names))


def _activations(table: Table) -> np.ndarray | None:
    """The activations (T, 80) of a file; None where it has none. Raises InputError where it has only some."""
    absent = [name for name in ACTIVATION_COLUMNS if name not in table.names]
    if len(absent) == len(ACTIVATION_COLUMNS):
        return None
    if absent:
        raise InputError(
            f"{table.source}: only {len(ACTIVATION_COLUMNS) - len(absent)} of the 80 muscle activations; missing "
            f"{list_names(absent)}"
        )
    return table.data[:, [table.names.index(name) for name in ACTIVATION_COLUMNS]]


def _extra(table: Table, to_metres: float, to_degrees: float) -> dict[str, np.ndarray]:
    """The columns beside coordinates and activations, by name; angles in degrees, positions in metres.

    What is no number, or out of all proportion, is left out with a warning: most such columns are none of the model's
    coordinates (controls of OpenSim Moco are NaN in their last row, clocks count seconds since 1970).

    Raises:
        InputError: the column is that of a joint of the legs, without which the feet would stand elsewhere.
    """
    known = {*COORDINATES, *ACTIVATION_COLUMNS}
    extra, left_out = {}, []
    for i, name in enumerate(table.names):
        values = table.data[:, i]
        if name in known or name.endswith(BETA_SUFFIX):
            continue
        if row := absurd_row(values):
            found = f"column {name!r} is {values[row - 1]:.4g} in data row {row}"
            if is_leg_angle(name):
                raise InputError(f"{table.source}: {found}; correct the value, or remove the column")
            left_out.append(found)
            continue
        if mark := find_mark([name], values[:, None]):
            logger.warning("%s: %s", table.source, mark)
        extra[name] = values * to_metres if is_translation(name) else values
        if is_angle(name):
            extra[name] = unwrapped_extra(values * to_degrees)
    if left_out:
        what = "it is" if len(left_out) == 1 else "they are"
        logger.warning("%s: %s; %s not read", table.source, list_names(left_out, most=3), what)
    return extra


def check_units(coordinates: np.ndarray, source: Path | None, *, refuse: bool) -> None:
    """Check angles and positions of a motion against each other: a column in another unit or of the other sign.

    Args:
        coordinates: (T, 33), degrees and metres, knees flexing positively.
        source: the file.
        refuse: whether what is found is an error, as of recordings; else it is a warning, as of generated motions.

    Raises:
        InputError: with `refuse`, a column is in another unit or has the other sign.
    """
    check_column_units(coordinates, source, refuse=refuse)
    check_pelvis_follows_legs(coordinates, source, refuse=refuse)
    check_pelvis_stays_over_feet(coordinates, source, refuse=refuse)
    check_standing_feet(coordinates, source, refuse=refuse)
    check_trunk_bends_forwards(coordinates, source, refuse=refuse)


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
        np.radians(values) if name.endswith(BETA_SUFFIX) or (not in_degrees and is_angle(name)) else values
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


def _handle_gap(gap: str, source: Path | None, jumps: Jumps) -> None:
    """Refuse a recording with a gap of a constant value, and warn of one in any other motion."""
    if gap and jumps == "refuse":
        raise InputError(f"{source}: {gap}; fill the gap, or cut the file there")
    if gap:
        logger.warning("%s: %s; it is kept, as it is", source, gap)


def _handle_filled_gap(
    time_s: np.ndarray, in_file: np.ndarray, coordinates: np.ndarray, source: Path | None, jumps: Jumps
) -> None:
    """Refuse a recording with a gap of pelvis, legs or trunk that was filled, and warn of any other one."""
    gap = find_filled_gap(time_s, in_file, coordinates)
    if gap is None:
        return
    if jumps == "refuse" and gap.is_of_squats:
        raise InputError(
            f"{source}: {gap}, as where a program filled a gap; cut the file there, or fill the gap from measurements"
        )
    logger.warning("%s: %s, as where a program filled a gap; it is kept, as it is", source, gap)


def _refuse_not_finite(table: Table) -> None:
    used = [i for i, name in enumerate(table.names) if name in COORDINATE_INDEX or name in ACTIVATION_COLUMNS]
    bad = np.argwhere(~np.isfinite(table.data[:, used]))
    if len(bad):
        row, i = bad[0]
        value, name = table.data[row, used[i]], table.names[used[i]]
        rows = len(np.unique(bad[:, 0]))
        raise InputError(
            f"{table.source}: column {name!r} is {value} in data row {row + 1} ({table.time_s[row]:g} s), "
            f"and {rows} row(s) are not finite; fill or cut the gap first"
        )
