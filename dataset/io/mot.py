"""OpenSim motion files (.mot, .sto): every header and layout in use, read by column name into one canonical motion.

Angles. A header with `inDegrees` is obeyed. Without it, OpenSim's own rule holds: the old `name / datacolumns /
datarows / range` header, like any header without `version`, means degrees; a header with `version` means radians. Where
that rule gives radians but an angle exceeds two turns, the file is read as degrees; where an explicit `inDegrees=no`
meets a knee or hip beyond one turn, the header contradicts the data and the file is refused.

Columns. All 33 coordinates are required, in any order. `knee_angle_*_beta` is ignored (it is coupled to the knee, and
OpenCap writes it in radians inside files in degrees). The 80 activations are all there or none. What else the file
holds is kept in `Motion.extra`.
"""

import csv
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from models.conventions import ACTIVATION_COLUMNS, COORDINATE_INDEX, COORDINATES, ROTATION_INDICES, TRANSLATIONS

logger = logging.getLogger("bige")

BETA_SUFFIX = "_beta"
_ROW_COUNTS = ("nrows", "datarows")
_TURN_RAD = 2 * math.pi
_HINGES = tuple(f"{name}_{side}" for name in ("knee_angle", "hip_flexion") for side in "lr")


@dataclass(frozen=True)
class Table:
    """Numbers by column name and time, as the file holds them.

    names: the columns after `time`. data: (T, len(names)). time_s: (T,). header: the file's keys in lower case.
    in_degrees: what the header says or, by OpenSim's rule, implies for angles. source: the file.
    """

    names: tuple[str, ...]
    data: np.ndarray
    time_s: np.ndarray
    header: dict[str, str]
    in_degrees: bool
    source: Path | None = None

    def column(self, name: str) -> np.ndarray:
        """The (T,) values of one column; InputError where it is missing."""
        if name not in self.names:
            raise InputError(f"{self.source or 'table'}: no column {name!r}; it holds {_listed(self.names)}")
        return self.data[:, self.names.index(name)]


@dataclass(frozen=True)
class Motion:
    """A motion in canonical order.

    time_s: (T,), increasing. coordinates: (T, 33), degrees and metres, order of `COORDINATES`. activations: (T, 80),
    0 to 1, order of `MUSCLES`, or None. extra: further columns by name (coordinates in degrees or metres), (T,) each.
    """

    time_s: np.ndarray
    coordinates: np.ndarray
    activations: np.ndarray | None = None
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    source: Path | None = None

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def rate_hz(self) -> float:
        """Mean sampling rate."""
        if len(self) < 2:
            raise InputError(f"{self.source or 'the motion'} holds a single frame, so it has no sampling rate")
        return (len(self) - 1) / float(self.time_s[-1] - self.time_s[0])

    def column(self, name: str) -> np.ndarray:
        """One coordinate by name, (T,), degrees or metres."""
        return self.coordinates[:, COORDINATE_INDEX[name]]

    def cut(self, start: int, end: int) -> "Motion":
        """Frames `start` to `end` (exclusive), with their own time stamps."""
        return Motion(
            self.time_s[start:end],
            self.coordinates[start:end],
            None if self.activations is None else self.activations[start:end],
            {name: values[start:end] for name, values in self.extra.items()},
            self.source,
        )


def read_table(path: str | Path) -> Table:
    """Read any OpenSim storage file: motions, forces, moments.

    Raises InputError naming the file and the line where it is not one, or is truncated, ragged, without rows, not
    numeric or not increasing in time. NaN is legal here, except as a time.
    """
    path = Path(path)
    lines = _read_lines(path)
    end = next((i for i, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None:
        raise InputError(f"{path}: not an OpenSim motion file, it has no 'endheader' line")
    header = _parse_header(lines[:end])
    first = next((i for i in range(end + 1, len(lines)) if lines[i].strip()), None)
    if first is None:
        raise InputError(f"{path}: the file ends after its header, without column names or rows")
    names = _parse_names(path, lines[first], first + 1)
    time_s, data = _parse_rows(path, names, lines, first + 1, header)
    said = header.get("indegrees", "").lower()
    if said not in ("", "yes", "no"):
        raise InputError(f"{path}: the header says inDegrees={said}; expected yes or no")
    in_degrees = said == "yes" if said else _version(header) < 1
    return Table(names[1:], data, time_s, header, in_degrees, path)


def read_motion(path: str | Path) -> Motion:
    """Read a motion file into canonical order, degrees and metres, whatever its header, units, rate and columns.

    Raises InputError as `read_table` does, and where a coordinate is missing, a value is NaN or infinite, only some of
    the 80 activations are there, or the unit of the angles contradicts the values.
    """
    table = read_table(path)
    at = {name: i for i, name in enumerate(table.names)}
    missing = [name for name in COORDINATES if name not in at]
    if len(missing) == len(COORDINATES):
        raise InputError(f"{table.source}: holds none of a motion's 33 coordinates, but {_listed(table.names)}")
    if missing:
        raise InputError(
            f"{table.source}: {len(missing)} of the 33 coordinates missing: {_listed(missing)}; "
            "a joint that the model welds needs a column of zeros"
        )
    used = [i for i, name in enumerate(table.names) if not name.endswith(BETA_SUFFIX)]
    _refuse_not_finite(table, used)

    coordinates = table.data[:, [at[name] for name in COORDINATES]]
    to_degrees = 1.0 if _angles_are_degrees(table, coordinates) else 180.0 / math.pi
    coordinates[:, ROTATION_INDICES] *= to_degrees

    present = [name for name in ACTIVATION_COLUMNS if name in at]
    if 0 < len(present) < len(ACTIVATION_COLUMNS):
        absent = [name for name in ACTIVATION_COLUMNS if name not in at]
        raise InputError(f"{table.source}: only {len(present)} of the 80 muscle activations; missing {_listed(absent)}")
    activations = table.data[:, [at[name] for name in ACTIVATION_COLUMNS]] if present else None

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
    """Write a motion, whole or not at all, with 8 decimals.

    style: `opencap` (versioned header, right leg before left, as OpenCap's inverse kinematics) or `muscle_driven` (old
    header, canonical order, then activations, as OpenCap's simulations; always degrees). Activations and extra columns
    follow the coordinates in both. beta: also write `knee_angle_*_beta`, equal to the knee angle. in_degrees=False
    writes radians.
    """
    if style not in ("opencap", "muscle_driven"):
        raise ValueError(f"style must be 'opencap' or 'muscle_driven', not {style!r}")
    if style == "muscle_driven" and not in_degrees:
        raise ValueError("the muscle-driven header has no place for a unit: its angles are in degrees")
    names = list(_RIGHT_FIRST if style == "opencap" else COORDINATES)
    if beta:
        for side in "rl":
            names.insert(names.index(f"knee_angle_{side}") + 1, f"knee_angle_{side}{BETA_SUFFIX}")
    columns = [motion.column(name.removesuffix(BETA_SUFFIX)) for name in names]
    names += motion.extra
    columns += motion.extra.values()
    if not in_degrees:
        columns = [
            np.radians(values) if _is_angle(name) else values for name, values in zip(names, columns, strict=True)
        ]
    if motion.activations is not None:
        names += ACTIVATION_COLUMNS
        columns += list(motion.activations.T)
    data = np.column_stack(columns)
    if style == "muscle_driven":
        write_table(path, names, data, motion.time_s, old_header=True)
    else:
        write_table(path, names, data, motion.time_s, in_degrees=in_degrees, title="Coordinates")


def write_table(
    path: str | Path,
    names: Sequence[str],
    data: np.ndarray,
    time_s: np.ndarray,
    *,
    in_degrees: bool = True,
    title: str | None = None,
    old_header: bool = False,
    header: Mapping[str, str] | None = None,
) -> None:
    """Write columns `names` (T, C) over `time_s` (T,) as an OpenSim storage file, whole or not at all, with 8 decimals.

    title: the first line, by default the file's name. old_header: `name / datacolumns / datarows / range` instead of
    the versioned header. header: further `key=value` lines of the versioned header.
    """
    path = Path(path)
    data, time_s = np.asarray(data, dtype=float), np.asarray(time_s, dtype=float)
    if data.shape != (len(time_s), len(names)):
        raise ValueError(f"data is {data.shape}, expected {(len(time_s), len(names))}")
    if old_header:
        head = [
            f"name {title or path.name}",
            f"datacolumns {len(names) + 1}",
            f"datarows {len(time_s)}",
            f"range {time_s[0]:.6f} {time_s[-1]:.6f}",
        ]
    else:
        head = [title or path.stem, "version=1", f"nRows={len(time_s)}", f"nColumns={len(names) + 1}"]
        head += [f"inDegrees={'yes' if in_degrees else 'no'}"]
        head += [f"{key}={value}" for key, value in (header or {}).items()]
    row = "\t".join(["%.8f"] * (len(names) + 1)) + "\n"
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join([*head, "endheader", "\t".join(["time", *names])]) + "\n")
        file.writelines(row % tuple(values) for values in np.column_stack([time_s, data]).tolist())


def _right_first() -> tuple[str, ...]:
    """The coordinates as OpenCap's inverse kinematics lists them: the right leg's chain, the left's, trunk, arms."""
    leg = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle", "mtp_angle")
    arm = ("arm_flex", "arm_add", "arm_rot", "elbow_flex", "pro_sup")
    legs = [f"{name}_{side}" for side in "rl" for name in leg]
    arms = [f"{name}_{side}" for side in "rl" for name in arm]
    lumbar = ["lumbar_extension", "lumbar_bending", "lumbar_rotation"]
    return (*COORDINATES[:6], *legs, *lumbar, *arms)


_RIGHT_FIRST = _right_first()


def _read_lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if b"\0" in content[:4096]:
        raise InputError(f"{path}: not an OpenSim motion file, it is binary")
    # A Windows path in the header may be in any code page; only ASCII matters to us.
    return content.decode("utf-8-sig", errors="replace").splitlines()


def _parse_header(lines: list[str]) -> dict[str, str]:
    header = {}
    for line in lines:
        key, mark, value = line.partition("=")
        if not mark:
            key, _, value = line.strip().partition(" ")
        header.setdefault(key.strip().lower(), value.strip())
    return header


def _version(header: dict[str, str]) -> float:
    try:
        return float(header.get("version", 0))
    except ValueError:
        return 1.0


def _parse_names(path: Path, line: str, number: int) -> tuple[str, ...]:
    names = [name.strip() for name in (line.rstrip().split("\t") if "\t" in line.strip() else line.split())]
    if names[0].lower() != "time":
        raise InputError(f"{path}, line {number}: expected column names starting with 'time', found {names[0]!r}")
    if "" in names:
        raise InputError(f"{path}, line {number}: column {names.index('') + 1} has no name")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise InputError(f"{path}, line {number}: column {twice[0]!r} appears twice")
    return tuple(names)


def _parse_rows(path: Path, names, lines: list[str], start: int, header) -> tuple[np.ndarray, np.ndarray]:
    rows, numbers = [], []
    for number, line in enumerate(lines[start:], start + 1):
        count = len(line.split())
        if count:
            if count != len(names):
                raise InputError(f"{path}, line {number}: {count} values in a row of {len(names)} columns")
            rows.append(line)
            numbers.append(number)
    if not numbers:
        raise InputError(f"{path}: the header is there, but no row of data follows it")
    try:
        frame = pd.read_csv(StringIO("\n".join(rows)), sep=r"\s+", header=None, dtype=float, quoting=csv.QUOTE_NONE)
    except ValueError:
        row, column = next(
            (i, j) for i, line in enumerate(rows) for j, cell in enumerate(line.split()) if _not_number(cell)
        )
        cell = rows[row].split()[column]
        raise InputError(f"{path}, line {numbers[row]}, column {names[column]!r}: {cell!r} is not a number") from None

    values = frame.to_numpy(copy=True)
    promised = next((header[key] for key in _ROW_COUNTS if key in header), None)
    if promised is not None and promised != str(len(numbers)):
        raise InputError(
            f"{path}: the header promises {promised} rows and {len(numbers)} follow; "
            "the file is truncated, or its row count must be corrected"
        )
    time_s = values[:, 0]
    bad = np.flatnonzero(~np.isfinite(time_s))
    if len(bad):
        raise InputError(f"{path}, line {numbers[bad[0]]}: the time is not a finite number")
    back = np.flatnonzero(np.diff(time_s) <= 0)
    if len(back):
        i = back[0]
        raise InputError(
            f"{path}, line {numbers[i + 1]}: time {time_s[i + 1]:g} s follows {time_s[i]:g} s; it must increase"
        )
    return time_s.copy(), values[:, 1:]


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
    """`table.in_degrees`, checked against what a body can do."""
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
        logger.warning("%s: no inDegrees in the header; its values can only be degrees", table.source)
        return True
    return False


def _is_angle(name: str) -> bool:
    """Whether a coordinate column turns; OpenSim's names of translations end in _tx, _ty, _tz."""
    return name not in TRANSLATIONS and not name.endswith(("_tx", "_ty", "_tz")) and "/" not in name


def _not_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return True
    return "_" in cell or not cell.isascii()  # which Python takes for digits, and no other reader does


def _listed(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
