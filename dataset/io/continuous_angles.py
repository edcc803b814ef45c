"""Angles without jumps: those that wrap at 180 degrees, and those of a ball joint that change their description.

The rotation of a ball joint has two descriptions by three angles: (a, b, c) and (a + 180, 180 - b, c + 180), each up to
whole turns. Programs that keep angles within a range change from one to the other while the joint hardly moves; others
give the second one throughout.
"""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from models.conventions import COORDINATE_INDEX, ROTATION_INDICES

_HALF_TURN, _TURN = 180.0, 360.0
_LEAP_DEG = 90.0  # from one frame to the next; no joint does it at 30 frames a second or more (2700 degrees a second)
_SAME_DEG = 30.0  # change of each angle in the other description, in a leap that is one of the description alone

# In OpenSim's models all of them rotate about z, then x, then y; the sides differ by a reflection, which changes no
# angle of rotation.
BALL_JOINTS = tuple(
    tuple(COORDINATE_INDEX[name] for name in names)
    for names in (
        ("pelvis_tilt", "pelvis_list", "pelvis_rotation"),
        ("lumbar_extension", "lumbar_bending", "lumbar_rotation"),
        *(
            tuple(f"{joint}_{part}_{side}" for part in parts)
            for joint, parts in (("hip", ("flexion", "adduction", "rotation")), ("arm", ("flex", "add", "rot")))
            for side in "lr"
        ),
    )
)
# Middle of an angle's range, where it is not zero: arms rise to 180 degrees forwards and hardly move backwards.
_MIDDLE_DEG = np.zeros(33)
_MIDDLE_DEG[[COORDINATE_INDEX["arm_flex_l"], COORDINATE_INDEX["arm_flex_r"]]] = 45.0
_HEADING = COORDINATE_INDEX["pelvis_rotation"]  # has no middle: a person may face any way


def continuous_angles(coordinates: np.ndarray) -> np.ndarray:
    """The coordinates (T, 33), degrees and metres, with angles that do not jump by turns.

    In the first frame each angle is within half a turn of the middle of its range. Of the two descriptions of a ball
    joint that one is taken which is closer to these middles, in the mean over all frames and angles. The result is
    therefore the same whether the file has wrapped angles or continuous ones, and in whichever description. The
    argument is returned where nothing changes.
    """
    rotations = list(ROTATION_INDICES)
    result = coordinates.copy()
    if np.abs(np.diff(coordinates[:, rotations], axis=0)).max(initial=0) > _LEAP_DEG:
        for joint in BALL_JOINTS:
            result[:, joint] = _one_description(result[:, joint])
        result[:, rotations] = np.unwrap(result[:, rotations], axis=0, period=_TURN)
    result = _near_middle(result, rotations)
    for joint in BALL_JOINTS:
        other = result.copy()
        other[:, joint] = _other_description(result[:, joint])
        other = _near_middle(other, joint)
        told = [i for i in joint if i != _HEADING]
        distance, other_distance = (np.abs(one[:, told] - _MIDDLE_DEG[told]).mean() for one in (result, other))
        if other_distance < distance:
            result = other
    return coordinates if np.array_equal(result, coordinates) else result


def _near_middle(coordinates: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """The coordinates (T, 33), some columns moved by whole turns so that they begin near the middle of their range."""
    columns = list(columns)
    result = coordinates.copy()
    result[:, columns] -= _TURN * np.ceil((result[0, columns] - _MIDDLE_DEG[columns] - _HALF_TURN) / _TURN)
    return result


def unwrapped_extra(values: np.ndarray) -> np.ndarray:
    """A further angle (T,), in degrees, without jumps by a turn; other jumps stay, since it may be no angle."""
    steps = np.diff(values)
    wraps = (np.abs(steps) > _TURN - _SAME_DEG) & (np.abs(steps) < _TURN + _SAME_DEG)
    if not wraps.any() or np.abs(values).max() > _TURN:
        return values
    return values - np.concatenate([[0.0], np.cumsum(_TURN * np.sign(steps) * wraps)])


def steps_of_ball_joint(angles: np.ndarray) -> np.ndarray:
    """(T - 1,) degrees by which a ball joint (T, 3) turns from frame to frame."""
    rotation = Rotation.from_euler("ZXY", angles, degrees=True)
    return np.degrees((rotation[:-1].inv() * rotation[1:]).magnitude())


def _one_description(angles: np.ndarray) -> np.ndarray:
    """Angles (T, 3) of a ball joint in the description of the first frame, where they leap and the joint does not."""
    other = _other_description(angles)
    leaps = np.flatnonzero(_difference(angles[1:], angles[:-1]) > _LEAP_DEG) + 1
    result, shown = angles.copy(), angles
    for frame in leaps:
        hidden = other if shown is angles else angles
        before = result[frame - 1]
        if _difference(shown[frame], before) > _LEAP_DEG and _difference(hidden[frame], before) < _SAME_DEG:
            shown = hidden
            result[frame:] = shown[frame:]
    return result


def _other_description(angles: np.ndarray) -> np.ndarray:
    """The other angles (T, 3), up to whole turns, that describe the same rotations."""
    return np.stack([angles[:, 0] + _HALF_TURN, _HALF_TURN - angles[:, 1], angles[:, 2] + _HALF_TURN], 1)


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Largest difference (...) of the angles (..., 3) of two frames, up to whole turns."""
    return np.abs((one - other + _HALF_TURN) % _TURN - _HALF_TURN).max(-1)
