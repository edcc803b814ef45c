"""Marker trajectories (.trc)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError

_METRES = {"m": 1.0, "mm": 1e-3, "cm": 1e-2}


@dataclass(frozen=True)
class Markers:
    """Markers over time: time_s (T,), names (M), positions_m (T, M, 3) in the ground frame, NaN where not seen."""

    time_s: np.ndarray
    names: tuple[str, ...]
    positions_m: np.ndarray
    rate_hz: float


def read_markers(path: str | Path) -> Markers:
    """Read a .trc file in millimetres, centimetres or metres; an empty cell is a marker not seen.

    Raises InputError naming the file and the line where it is no .trc file, has a ragged or non-numeric row, or not as
    many rows as it promises.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(lines) < 5 or not lines[0].startswith("PathFileType"):
        raise InputError(f"{path}: not a .trc file, its first line does not start with 'PathFileType'")
    header = dict(zip(lines[1].split(), lines[2].split(), strict=False))
    unit = header.get("Units", "").lower()
    if unit not in _METRES:
        raise InputError(f"{path}, line 3: Units is {unit!r}; expected {', '.join(_METRES)}")
    names = [name.strip() for name in lines[3].split("\t")[2:] if name.strip()]
    width = 2 + 3 * len(names)

    rows = []
    for number, line in enumerate(lines[5:], 6):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
        if any(cells[width:]) or len(cells) < 2:
            raise InputError(f"{path}, line {number}: {len(cells)} cells in a row of {width} columns")
        try:
            # A writer may drop the empty cells that end a row.
            rows.append([float(cell or "nan") for cell in cells[:width]] + [np.nan] * (width - len(cells)))
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
    if not rows or str(len(rows)) != header.get("NumFrames", str(len(rows))):
        raise InputError(f"{path}: the header promises {header.get('NumFrames')} frames and {len(rows)} follow")
    values = np.array(rows)
    try:
        rate_hz = float(header["DataRate"])
    except (KeyError, ValueError):
        raise InputError(f"{path}, line 3: DataRate is not a number") from None
    return Markers(values[:, 1], tuple(names), values[:, 2:].reshape(len(rows), -1, 3) * _METRES[unit], rate_hz)
