"""Detection of motions that were tiled, that is repeated exactly, to fill a fixed length."""

import numpy as np

_SHORTEST_PERIOD_FRAMES = 20
_SAME = 1e-5  # degrees and metres: rounding to single precision and to eight decimals stays below it


def tiling_period(coordinates: np.ndarray) -> int | None:
    """Period, in frames, after which a motion repeats itself exactly until its end.

    Copies carry no information, and the body jumps where one begins. Standing equally still at the beginning and at
    the end of a motion does not count as tiling.

    Args:
        coordinates: (T, 33), degrees and metres.

    Returns:
        The period, or None where the motion does not repeat itself.
    """
    again = np.abs(coordinates - coordinates[0]).max(1) < _SAME
    for period in np.flatnonzero(again[_SHORTEST_PERIOD_FRAMES:]) + _SHORTEST_PERIOD_FRAMES:
        moves = np.ptp(coordinates[period:], axis=0).max() > _SAME
        if moves and np.abs(coordinates[period:] - coordinates[:-period]).max() < _SAME:
            return int(period)
    return None
