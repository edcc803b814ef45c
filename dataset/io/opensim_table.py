"""OpenSim storage files (.mot, .sto): tables of numbers over time, with any header and layout in use.

OpenSim's rule for the unit of angles: a header with `inDegrees` says it. Without it, the old header (`name`,
`datacolumns`, `datarows`, `range`), like any header without `version`, means degrees, and one with `version` radians.

Files of states (OpenSim Moco, StatesReporter) name columns by paths: `/jointset/walker_knee_r/knee_angle_r/value` is
read as `knee_angle_r`, and so is `walker_knee_r/knee_angle_r/value` of the first versions of OpenSim 4.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.guarded_files import read_bytes
from dataset.spelling import list_names

_MOST_LINES = 1_000_000
_MOST_COLUMNS = 10_000
_ROW_COUNTS = ("nrows", "datarows")
_STATE = re.compile(r"(/jointset/)?[^/]+/(?P<coordinate>[^/]+)/value|/forceset/(?P<activation>[^/]+/activation)")


@dataclass(frozen=True)
class Table:
    """Content of an OpenSim storage file.

    Attributes:
        names: the columns after `time`.
        data: (T, len(names)), as the file has them.
        time_s: (T,) seconds, increasing.
        header: the header's keys, in lower case, and values.
        in_degrees: whether angles are in degrees, by the header or by OpenSim's rule.
        source: the file, or None.
    """

    names: tuple[str, ...]
    data: np.ndarray
    time_s: np.ndarray
    header: dict[str, str]
    in_degrees: bool
    source: Path | None = None

    def column(self, name: str) -> np.ndarray:
        """The (T,) values of one column.

        Raises:
            InputError: there is no such column.
        """
        if name not in self.names:
            raise InputError(f"{self.source or 'table'}: no column {name!r}; it has {list_names(self.names)}")
        return self.data[:, self.names.index(name)]


def read_table(path: str | Path) -> Table:
    """Read an OpenSim storage file: motions, forces or moments. Values may be NaN, time stamps may not.

    Raises:
        InputError: the file is not an OpenSim storage file, is truncated or ragged, has no rows, or holds something
            that is not a number; or its time does not increase. The message names the line.
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
    stated = header.get("indegrees", "").lower()
    if stated not in ("", "yes", "no"):
        raise InputError(f"{path}: the header says inDegrees={stated}; expected yes or no")
    in_degrees = stated == "yes" if stated else _version(header) < 1
    return Table(names[1:], data, time_s, header, in_degrees, path)


def write_table(
    path: str | Path,
    names: Sequence[str],
    data: np.ndarray,
    time_s: np.ndarray,
    *,
    in_degrees: bool = True,
    title: str | None = None,
    old_header: bool = False,
) -> None:
    """Write an OpenSim storage file with 8 decimals, atomically.

    Args:
        path: the file.
        names: names of the C columns after `time`.
        data: (T, C).
        time_s: (T,) seconds.
        in_degrees: unit of angles that the header states.
        title: first line of the file; by default the file's name.
        old_header: write the header of `name`, `datacolumns`, `datarows` and `range`, without `version`.
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
    row = "\t".join(["%.8f"] * (len(names) + 1)) + "\n"
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join([*head, "endheader", "\t".join(["time", *names])]) + "\n")
        file.writelines(row % tuple(values) for values in np.column_stack([time_s, data]).tolist())


def _read_lines(path: Path) -> list[str]:
    content = read_bytes(path)
    if b"\0" in content:
        raise InputError(f"{path}: not an OpenSim motion file, it is binary, or text in UTF-16; save it as UTF-8")
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = content.count(b"\n")
    if lines > _MOST_LINES:
        raise InputError(f"{path}: has {lines} lines; expected {_MOST_LINES} at most, which is 4 hours at 60 Hz")
    # A Windows path in the header may be in any code page; only its ASCII keys are read.
    return content.decode("utf-8-sig", errors="replace").split("\n")


def _parse_header(lines: list[str]) -> dict[str, str]:
    header: dict[str, str] = {}
    for line in lines:
        key, mark, value = line.partition("=")
        if not mark:
            key, value = [*re.split(r"\s*[\s:]\s*", line.strip(), maxsplit=1), ""][:2]
        header.setdefault(key.strip().lower(), value.strip())
    return header


def _version(header: dict[str, str]) -> float:
    try:
        return float(header.get("version", 0))
    except ValueError:
        return 1.0


def _parse_names(path: Path, line: str, number: int) -> tuple[str, ...]:
    columns = line.rstrip().split("\t") if "\t" in line.strip() else line.split()
    names = [_without_path(column.strip()) for column in columns]
    if names[0].lower() != "time":
        raise InputError(f"{path}, line {number}: expected column names starting with 'time', found {names[0]!r}")
    if len(names) > _MOST_COLUMNS:
        raise InputError(f"{path}, line {number}: {len(names)} columns; expected {_MOST_COLUMNS} at most")
    if "" in names:
        raise InputError(f"{path}, line {number}: column {names.index('') + 1} has no name")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{path}, line {number}: column {name!r} appears twice")
        seen.add(name)
    return tuple(names)


def _without_path(name: str) -> str:
    """A coordinate's or activation's name without the path that OpenSim 4 writes where states are reported."""
    state = _STATE.fullmatch(name)
    return (state["coordinate"] or state["activation"]) if state else name


def _parse_rows(
    path: Path, names: Sequence[str], lines: list[str], start: int, header: Mapping[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Time stamps (T,) and values (T, C) of the lines from `start` on."""
    rows, numbers = [], []
    for number, line in enumerate(lines[start:], start + 1):
        count = len(line.split())
        if count:
            if not line.isascii():  # Python also splits at spaces of other alphabets
                cells = re.split("[ \t]+", line.strip(" \t"))
                column = next(i for i, cell in enumerate(cells) if not cell.isascii())
                name = names[min(column, len(names) - 1)]
                raise InputError(f"{path}, line {number}, column {name!r}: {cells[column][:40]!r} is not a number")
            if count != len(names):
                raise InputError(f"{path}, line {number}: {count} values in a row of {len(names)} columns")
            rows.append(line)
            numbers.append(number)
    if not numbers:
        raise InputError(f"{path}: no row of data follows the header")
    try:
        frame = pd.read_csv(StringIO("\n".join(rows)), sep=r"\s+", header=None, dtype=float, quoting=csv.QUOTE_NONE)
        values = frame.to_numpy(copy=True)
    except ValueError:
        for number, line in zip(numbers, rows, strict=True):
            for column, cell in enumerate(line.split()):
                if _not_number(cell):
                    raise InputError(
                        f"{path}, line {number}, column {names[column]!r}: {cell!r} is not a number"
                    ) from None
        values = np.array([[float(cell) for cell in line.split()] for line in rows])  # `+nan`, which pandas refuses
    stated = next((header[key] for key in _ROW_COUNTS if key in header), None)
    if stated is not None and not re.fullmatch(rf"0*{len(numbers)}(\.0*)?", stated):
        raise InputError(
            f"{path}: the header states {stated} rows, but {len(numbers)} follow; "
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
            f"{path}, line {numbers[i + 1]}: time {time_s[i + 1]:.12g} s follows {time_s[i]:.12g} s; it must increase"
        )
    return time_s.copy(), values[:, 1:]


def _not_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return True
    return "_" in cell  # Python reads these digits, other programs do not
