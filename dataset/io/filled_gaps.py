"""Gaps that a program filled: a coordinate that is held, goes along a straight line, or is copied from the other side.

No joint that moves stands still to the last decimal, or turns at one speed, and then goes on as before. Joints rest at
the end of their range in inverse kinematics, locked ones are constant in the whole file, and files that were sampled up
are straight in all columns at once; none of these is a gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.conventions import COORDINATE_INDEX, COORDINATES, TRANSLATION_INDICES

_SHORTEST_S = 0.15  # shorter gaps change little
_MOST_DECIMALS = 8
_COARSEST_COPY = 1e-3  # last decimal with which two sides have no equal values by chance
_COARSEST = 1e-5  # last decimal in which a straight line is seen; of fewer decimals, people who stand are straight too
_KINK_QUANTA = 50.0  # by which the steps change where the gap begins or ends, in units of the last decimal
_AROUND, _AROUND_QUANTA = 6, 6.0  # frames before and after it, which bend by so many units of the last decimal
_KINK_DEG_S, _KINK_M_S = 20.0, 0.15  # the same as a speed
_OTHERS = 0.5  # of the columns that move in the file: so many of them are not straight in the gap
_HINGES = tuple(f"{name}_{side}" for name in ("hip_flexion", "knee_angle", "ankle_angle") for side in "lr")
_OTHER_SIDE_BENDS_DEG, _DEAD_S = 20.0, 0.3
_ROUND_DEG = 0.5  # ends of ranges are multiples of it


@dataclass(frozen=True)
class FilledGap:
    """A gap in rows `first` to `last` (inclusive, from 0) of a column, and what is in it, in words."""

    column: int
    first: int
    last: int
    what: str

    @property
    def is_of_squats(self) -> bool:
        """Whether the column is one of pelvis, legs or trunk, on which squats are judged."""
        return not COORDINATES[self.column].startswith(("arm", "elbow", "pro_sup", "mtp"))

    def __str__(self) -> str:
        return f"column {COORDINATES[self.column]!r} {self.what} in data rows {self.first + 1} to {self.last + 1}"


def find_filled_gap(time_s: np.ndarray, as_written: np.ndarray, coordinates: np.ndarray) -> FilledGap | None:
    """The first gap that was filled without measurement, or None.

    Args:
        time_s: (T,) seconds.
        as_written: (T, 33) as the file has them.
        coordinates: (T, 33), degrees and metres.
    """
    if len(time_s) < 4:
        return None
    quanta = np.array([_last_decimal(values) for values in as_written.T])
    steps, dt = np.diff(as_written, axis=0), np.diff(time_s)[:, None]
    bends = np.diff(steps, axis=0)  # row i is of frames i to i + 2
    of_time = steps[1:] - steps[:-1] * (dt[1:] / dt[:-1])  # the same where frames are not evenly spaced
    allowed = 2.01 * quanta + 1e-6 * np.abs(steps[1:])
    straight = np.minimum(np.abs(bends), np.abs(of_time)) <= allowed
    moving = np.ptp(as_written, axis=0) > 2 * quanta
    judged = moving & (quanta <= _COARSEST)
    for column in map(int, np.flatnonzero(judged)):
        for first, last in _runs(straight[:, column]):
            last += 2
            if time_s[last] - time_s[first] < _SHORTEST_S:
                continue
            others = ~straight[first : last - 1][:, moving].all(0)
            if others.mean() < _OTHERS:
                continue
            around = np.r_[bends[max(first - _AROUND, 0) : first, column], bends[last - 1 : last - 1 + _AROUND, column]]
            if not len(around) or np.median(np.abs(around)) < _AROUND_QUANTA * quanta[column]:
                continue
            if gap := _gap(time_s, as_written, coordinates, column, first, last, quanta[column]):
                return gap
    return next(_copies(time_s, as_written, quanta), None)


def _gap(
    time_s: np.ndarray,
    as_written: np.ndarray,
    coordinates: np.ndarray,
    column: int,
    first: int,
    last: int,
    quantum: float,
) -> FilledGap | None:
    values, degrees = as_written[:, column], coordinates[:, column]
    is_held = np.ptp(values[first : last + 1]) <= 2.01 * quantum
    if is_held and (np.abs(values[first] - [values.min(), values.max()]) <= 2.01 * quantum).any():
        return _dead(time_s, coordinates, column, first, last)
    steps = np.diff(values)
    kinks = [steps[i] - steps[j] for i, j in ((first - 1, first), (last, last - 1)) if 0 <= i < len(steps)]
    if not kinks or max(map(abs, kinks)) < _KINK_QUANTA * quantum:
        return None
    scale = np.ptp(degrees) / np.ptp(values)
    fastest = _KINK_M_S if column in TRANSLATION_INDICES else _KINK_DEG_S
    if scale * max(map(abs, kinks)) < fastest * float(np.median(np.diff(time_s))):
        return None
    what = f"is held at {degrees[first]:.4g}" if is_held else "goes along a straight line"
    return FilledGap(column, first, last, what)


def _dead(time_s: np.ndarray, coordinates: np.ndarray, column: int, first: int, last: int) -> FilledGap | None:
    """A leg that is held while the other one bends; not one that rests at the end of its range, a round number."""
    name = COORDINATES[column]
    if name not in _HINGES or time_s[last] - time_s[first] < _DEAD_S:
        return None
    other = coordinates[first : last + 1, COORDINATE_INDEX[name[:-1] + ("r" if name.endswith("l") else "l")]]
    value = coordinates[first, column]
    if np.ptp(other) < _OTHER_SIDE_BENDS_DEG or abs(value / _ROUND_DEG - np.round(value / _ROUND_DEG)) < 2e-3:
        return None
    return FilledGap(column, first, last, f"is held at {value:.4g} while that of the other leg bends")


def _copies(time_s: np.ndarray, as_written: np.ndarray, quanta: np.ndarray) -> Iterator[FilledGap]:
    """Parts of a file in which a column has the very values of the other side's, which it has not elsewhere."""
    for name, column in COORDINATE_INDEX.items():
        if not name.endswith("_r"):
            continue
        other = COORDINATE_INDEX[f"{name[:-1]}l"]
        same = as_written[:, column] == as_written[:, other]
        if same.all() or quanta[column] > _COARSEST_COPY:
            continue
        for first, last in _runs(same):
            moved = np.ptp(as_written[first : last + 1, column])
            if time_s[last] - time_s[first] >= _SHORTEST_S and moved > _KINK_QUANTA * quanta[column]:
                yield FilledGap(column, first, last, f"has the values of {COORDINATES[other]!r}")


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last index (inclusive) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(int)))
    return [(int(start), int(end) - 1) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _last_decimal(values: np.ndarray) -> float:
    """The unit of the last decimal with which values (T,) were written."""
    for decimals in range(_MOST_DECIMALS):
        if np.abs(values - np.round(values, decimals)).max() < 1e-10:
            return 10.0**-decimals
    return 10.0**-_MOST_DECIMALS
