"""Values that stand for missing data: -999, 1e30, or a run of rows that are exactly 0, -1, 99 or -99.

Programs that lose a marker write such a value into the gap. It is no angle, but `0` may pass for one: a knee that was
not tracked is then a straight one.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.conventions import COORDINATES, TRANSLATION_INDICES

logger = logging.getLogger("bige")

_LEAST_NINES = 999.0  # 99 degrees are an angle
_HUGE = 1e10
_OVERFLOWS = (32767, 32768, 65535, 2147483647, 2147483648)  # of integers of 16 and 32 bit
_ORDINARY = (0.0, -1.0, 99.0, -99.0)  # marks that could also be measured
_SHORTEST_RUN_S = 0.15  # shorter gaps are interpolated as marker jumps, see `marker_jumps`
# What leads into or out of a gap: a step from one row to the next that stands out from those of the same column.
_LEAP_DEG, _LEAP_M, _OF_USUAL = 4.0, 0.04, 4.0


def refuse_marks(names: Sequence[str], data: np.ndarray, source: Path | None) -> None:
    """Raise InputError where a value is one that only a mark for missing data has, or all values are 0.

    Args:
        names: of the columns.
        data: (T, C) values as the file has them.
        source: the file.
    """
    if data.size and not data.any():
        raise InputError(f"{source or 'the motion'}: every value is 0, so nothing was recorded; expected a motion")
    found = find_mark(names, data)
    if found:
        raise InputError(f"{source or 'the motion'}: {found}; fill the gap, or cut the file there")


def find_mark(names: Sequence[str], data: np.ndarray) -> str:
    """The first column of data (T, C) with such a value, its value and rows, in words; empty where there is none."""
    suspicious = np.abs(data) >= _LEAST_NINES
    for column in map(int, np.flatnonzero(suspicious.any(0))):
        values = data[:, column]
        for value in np.unique(values[suspicious[:, column]]):
            others = values[values != value]
            is_apart = not len(others) or np.abs(others - value).min() > np.ptp(others)
            if is_apart and _is_mark(float(value)):
                return _sentence(names[column], float(value), values == value)
    return ""


def _is_mark(value: float) -> bool:
    size = abs(value)
    digits = f"{size:.6f}".rstrip("0").replace(".", "")
    return size >= _HUGE or size in _OVERFLOWS or set(digits) == {"9"}


def find_constant_gap(
    time_s: np.ndarray, as_written: np.ndarray, coordinates: np.ndarray, columns: Sequence[int]
) -> str:
    """The first coordinate that is exactly 0, -1, 99 or -99 for a while, and leaps into or out of that, or nothing.

    Coordinates that rest at 0, as toes of a model without toe joints or knees at the end of their range, do not leap.

    Args:
        time_s: (T,) seconds.
        as_written: (T, 33) as the file has them.
        coordinates: (T, 33), degrees and metres.
        columns: which of them are looked at.
    """
    for value in _ORDINARY:
        is_value = as_written == value
        for column in columns:
            if is_value[:, column].any() and not is_value[:, column].all():
                rows = _rows_of_gaps(time_s, is_value[:, column], coordinates[:, column], column)
                if rows.any():
                    return _sentence(COORDINATES[column], value, rows)
    return ""


def _rows_of_gaps(time_s: np.ndarray, is_value: np.ndarray, values: np.ndarray, column: int) -> np.ndarray:
    """The rows (T,) of runs of one value that are long enough and that the column (T,) leaps into or out of."""
    edges = np.flatnonzero(np.diff(np.r_[False, is_value, False].astype(int)))
    steps = np.abs(np.diff(values))
    moving = steps[~(is_value[:-1] | is_value[1:])]
    usual = np.quantile(moving, 0.9) if len(moving) else 0.0
    leap = max(_LEAP_M if column in TRANSLATION_INDICES else _LEAP_DEG, _OF_USUAL * usual)
    rows = np.zeros(len(values), dtype=bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        outer = [steps[i] for i in (start - 1, end - 1) if 0 <= i < len(steps)]
        if time_s[end - 1] - time_s[start] > _SHORTEST_RUN_S and max(outer) > leap:
            rows[start:end] = True
    return rows


def _sentence(name: str, value: float, rows: np.ndarray) -> str:
    found = np.flatnonzero(rows)
    last = int(found[np.flatnonzero(np.diff(np.r_[found, -1]) != 1)[0]])
    where = f"data row {found[0] + 1}" if last == found[0] else f"data rows {found[0] + 1} to {last + 1}"
    if len(found) == len(rows):
        where = "every row"
    more = len(found) - (last - int(found[0]) + 1)
    others = f" and {more} more" if more else ""
    return f"column {name!r} is {value:g} in {where}{others}, which looks like a mark for missing data"
