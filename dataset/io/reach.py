"""Angles, positions and speeds that no person reaches.

A recording beyond them is no motion, whatever its unit, and would spoil every mean and standard deviation that it
enters. The limits are the greatest published ranges with a margin for soft tissue, calibration and the neutral pose of
the model, so that lax people, fast movements and noisy video pass.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.continuous_angles import BALL_JOINTS, steps_of_ball_joint
from models.conventions import COORDINATE_INDEX, COORDINATES, TRANSLATION_INDICES, without_side

logger = logging.getLogger("bige")

_MARGIN_DEG = 30.0
_KAPANDJI = "Kapandji, The Physiology of the Joints, vol. 1-3, passive ranges"
# Coordinate without its side: least and greatest angle, degrees, in the signs of Rajagopal2015, and where it is from.
RANGES_DEG: dict[str, tuple[float, float, str]] = {
    "hip_flexion": (-30, 145, _KAPANDJI),
    "hip_adduction": (-90, 30, f"{_KAPANDJI}; abduction of dancers"),
    "hip_rotation": (-60, 60, _KAPANDJI),
    "knee_angle": (-20, 160, f"{_KAPANDJI}; overextension of lax people"),
    "ankle_angle": (-60, 50, f"{_KAPANDJI}; dorsiflexion under load in squats"),
    "subtalar_angle": (-52, 52, f"{_KAPANDJI}; inversion, to both sides"),
    "mtp_angle": (-90, 90, f"{_KAPANDJI}; extension, to both sides"),
    "lumbar_extension": (-105, 60, f"{_KAPANDJI}; of the thoracolumbar spine, as for the next two"),
    "lumbar_bending": (-45, 45, _KAPANDJI),
    "lumbar_rotation": (-45, 45, _KAPANDJI),
    "elbow_flex": (-10, 160, _KAPANDJI),
    "pro_sup": (-90, 180, f"{_KAPANDJI}; from neutral or from full supination, which differs between models"),
}
# Arms reach every direction, in several descriptions, and go round, as the pelvis does about the vertical.
_WINDING = ("pelvis_rotation", "arm_flex", "arm_add", "arm_rot")
_TURN_DEG = 360.0

_FARTHEST_M = 10.0  # of the pelvis from where it is most of the time
# Mean speeds over 20 ms, per second. The fastest kicks extend the knee at 2000 degrees a second (Lees & Nolan 1998,
# The biomechanics of soccer), pitchers extend the elbow at 2500 (Fleisig et al. 1999, Kinematic and kinetic comparison
# of baseball pitching), sprinters run at 12.4 m/s, and the highest standing jumps, of 1.3 m, leave the floor at 5 m/s.
_SPEED_WINDOW_S = 0.02
_FASTEST_DEG, _FASTEST_ARM_DEG = 2500.0, 3500.0
_FASTEST_M, _FASTEST_RISE_M = 15.0, 6.0


@dataclass(frozen=True)
class _Beyond:
    """A value that no person reaches: column and row (from 0), value with its unit, and what was expected."""

    column: int
    row: int
    value: str
    expected: str


def check_reach(
    time_s: np.ndarray, as_written: np.ndarray, coordinates: np.ndarray, source: Path | None, *, refuse: bool
) -> None:
    """Find the first value of a motion that no person reaches.

    Args:
        time_s: (T,) seconds.
        as_written: (T, 33), degrees and metres, as the file has them.
        coordinates: (T, 33), degrees and metres, angles continuous and marker jumps interpolated.
        source: the file.
        refuse: whether that is an error, as for recordings; else it is a warning, as for generated motions, whose
            impossible poses are faults of the generator.

    Raises:
        InputError: with `refuse`, there is such a value; the sentence names column, value, row and limits.
    """
    beyond = find_beyond_reach(time_s, as_written, coordinates)
    if beyond and refuse:
        raise InputError(f"{source or 'the motion'}: {beyond}; correct the value, or cut the file there")
    if beyond:
        logger.warning("%s: %s; it is kept, as it is", source or "the motion", beyond)


def find_beyond_reach(time_s: np.ndarray, as_written: np.ndarray, coordinates: np.ndarray) -> str:
    """The first value of a motion that no person reaches, in words, or nothing; arguments as of `check_reach`."""
    found = _more_than_a_turn(as_written) or _angle_beyond(coordinates) or _position_beyond(coordinates)
    found = found or _speed_beyond(time_s, coordinates)
    if found is None:
        return ""
    return (
        f"column {COORDINATES[found.column]!r} is {found.value} in data row {found.row + 1} ({time_s[found.row]:.4g} "
        f"s), which no person reaches; expected {found.expected}"
    )


def limits_deg(name: str) -> tuple[float, float] | None:
    """Least and greatest angle of a coordinate, degrees, with the margin; None where it may have any angle."""
    found = RANGES_DEG.get(without_side(name))
    return None if found is None else (found[0] - _MARGIN_DEG, found[1] + _MARGIN_DEG)


def _table() -> np.ndarray:
    """(33, 2) limits of each coordinate, infinite where it has none."""
    unlimited = (-np.inf, np.inf)
    return np.array([limits_deg(name) or unlimited for name in COORDINATES])


_LIMITS = _table()
_ONE_TURN = [
    i for name, i in COORDINATE_INDEX.items() if i not in TRANSLATION_INDICES and without_side(name) not in _WINDING
]


def _more_than_a_turn(as_written: np.ndarray) -> _Beyond | None:
    """An angle that is not one of its joint in any description, before whole turns are taken away from it."""
    beyond = np.argwhere(np.abs(as_written[:, _ONE_TURN]) > _TURN_DEG)
    if not len(beyond):
        return None
    row, column = int(beyond[0][0]), _ONE_TURN[beyond[0][1]]
    return _Beyond(column, row, f"{as_written[row, column]:.4g} degrees", _expected_angles(column))


def _angle_beyond(coordinates: np.ndarray) -> _Beyond | None:
    outside = (coordinates < _LIMITS[:, 0]) | (coordinates > _LIMITS[:, 1])
    for joint in BALL_JOINTS:
        if outside[:, joint].any():  # the same rotation may be described otherwise, see `continuous_angles`
            a, b, c = coordinates[:, joint].T
            other = (np.stack([a + 180, 180 - b, c + 180], 1) + 180) % 360 - 180
            limits = _LIMITS[list(joint)]
            missed = (other < limits[:, 0]) | (other > limits[:, 1])
            outside[:, joint] &= missed.any(1, keepdims=True)
    beyond = np.argwhere(outside)
    if not len(beyond):
        return None
    row, column = map(int, beyond[0])
    return _Beyond(column, row, f"{coordinates[row, column]:.4g} degrees", _expected_angles(column))


def _expected_angles(column: int) -> str:
    low, high = _LIMITS[column] if np.isfinite(_LIMITS[column]).all() else (-_TURN_DEG, _TURN_DEG)
    return f"{low:g} to {high:g} degrees"


def _position_beyond(coordinates: np.ndarray) -> _Beyond | None:
    columns = list(TRANSLATION_INDICES)
    positions = coordinates[:, columns]
    beyond = np.argwhere(np.abs(positions - np.median(positions, axis=0)) > _FARTHEST_M)
    if not len(beyond):
        return None
    row, axis = map(int, beyond[0])
    return _Beyond(columns[axis], row, f"{positions[row, axis]:.4g} m", f"at most {_FARTHEST_M:g} m from its median")


def _speed_beyond(time_s: np.ndarray, coordinates: np.ndarray) -> _Beyond | None:
    """A speed, as the mean over a short time, so that the noise of single frames does not count."""
    if len(time_s) < 2:
        return None
    first = np.arange(len(time_s) - 1)
    last = np.maximum(np.searchsorted(time_s, time_s[:-1] + _SPEED_WINDOW_S - 1e-9), first + 1)
    first, last = first[last < len(time_s)], last[last < len(time_s)]
    if not len(first):
        first, last = np.array([0]), np.array([len(time_s) - 1])
    seconds = time_s[last] - time_s[first]
    for columns, fastest, unit in _MOVING:
        start, end = coordinates[first][:, columns], coordinates[last][:, columns]
        if tuple(columns) in BALL_JOINTS:
            pairs = np.stack([start, end], 1).reshape(-1, 3)
            size = steps_of_ball_joint(pairs)[::2]
        else:
            size = np.linalg.norm(end - start, axis=1)
        beyond = np.flatnonzero(size > fastest * seconds)
        if len(beyond):
            i = int(beyond[0])
            speed = f"moving at {size[i] / seconds[i]:.4g} {unit}/s"
            return _Beyond(columns[0], int(first[i]), speed, f"at most {fastest:g} {unit}/s")
    return None


def _moving() -> list[tuple[list[int], float, str]]:
    """Columns that move together, their greatest speed, and its unit; arms, whose ball joints no speed tells, not."""
    groups: list[tuple[list[int], float, str]] = []
    for joint in BALL_JOINTS:
        if not COORDINATES[joint[0]].startswith("arm"):
            groups.append((list(joint), _FASTEST_DEG, "degrees"))
    grouped = {column for joint in BALL_JOINTS for column in joint} | set(TRANSLATION_INDICES)
    for name, column in COORDINATE_INDEX.items():
        if column not in grouped:
            fastest = _FASTEST_ARM_DEG if name.startswith(("elbow", "pro_sup")) else _FASTEST_DEG
            groups.append(([column], fastest, "degrees"))
    groups.append((list(TRANSLATION_INDICES), _FASTEST_M, "m"))
    groups.append(([COORDINATE_INDEX["pelvis_ty"]], _FASTEST_RISE_M, "m"))
    return groups


_MOVING = _moving()
