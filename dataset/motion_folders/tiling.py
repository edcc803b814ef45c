"""Detection of motions that were tiled, that is repeated exactly, to fill a fixed length."""

import numpy as np

_SHORTEST_PERIOD_FRAMES = 20
_MOST_COMPARISONS = 200  # with the whole motion; a person leaves the first pose once in a copy
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
    frames = len(coordinates)
    again = np.abs(coordinates - coordinates[0]).max(1) < _SAME
    periods = np.flatnonzero(again[_SHORTEST_PERIOD_FRAMES:]) + _SHORTEST_PERIOD_FRAMES
    moves = _range_to_the_end(coordinates) > _SAME
    last_again = np.abs(coordinates[frames - 1 - periods] - coordinates[-1]).max(1) < _SAME
    periods = periods[moves[periods] & last_again]
    # Where a motion leaves its first frame, each of its copies does so as much later as it starts later.
    left = np.flatnonzero(~again)
    if not len(left):
        return None
    following = np.searchsorted(left, periods)
    leaves = np.append(left, frames)[following]
    periods = periods[(leaves == periods + left[0]) | (leaves == frames)]
    for period in periods[:_MOST_COMPARISONS]:
        if np.abs(coordinates[period:] - coordinates[:-period]).max() < _SAME:
            return int(period)
    return None


def _range_to_the_end(coordinates: np.ndarray) -> np.ndarray:
    """(T,) the largest range of any of the (T, 33) coordinates from each frame to the last."""
    backwards = coordinates[::-1]
    return (np.maximum.accumulate(backwards) - np.minimum.accumulate(backwards)).max(1)[::-1]
