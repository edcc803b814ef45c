"""Motions as positions of the 22 joints of `models.skeleton.joint_set`, and checks that they are a human body's."""

import logging
from dataclasses import dataclass

import numpy as np

from dataset.errors import InputError
from models.skeleton.joint_set import JOINT_INDEX, JOINTS, PARENTS

logger = logging.getLogger("bige")

FEWEST_FRAMES = 4
METRES_PER_UNIT = {"m": 1.0, "cm": 0.01, "mm": 0.001}
LEG_LENGTH_RANGE_M = (0.45, 1.3)
_FASTEST_PELVIS_M_S = 12.5  # the fastest sprint that was measured
# Range of the height of the lowest joint above the floor at 0, and how much it may change while the body stays there.
_LOWEST_JOINT_M, _FLOOR_CHANGES_M = (-0.08, 0.3), 0.3
_LEAST_PELVIS_M = 0.03
# No network is so wrong as to leave these: they are marks for missing data, padding, or damage.
_FARTHEST_M = 1000.0  # from the origin
_BONE_M = (0.005, 2.0)  # of the limbs, whose bones have 0.2 to 0.6 m
_CLEAR = 0.4  # sine of an angle that is beyond doubt
_LIMBS = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle", "elbow", "wrist")]


@dataclass(frozen=True)
class JointClip:
    """One motion of the 22 joints.

    Attributes:
        name: name of the motion.
        joints: (T, 22, 3), metres, y up, any heading.
        rate_hz: frames per second.
        text: the prompt, where the file has it.
    """

    name: str
    joints: np.ndarray
    rate_hz: float
    text: str = ""


def require_finite(where: str, motion: np.ndarray) -> None:
    """Raise InputError, naming the first frame, where values (T, ...) are not finite numbers."""
    bad = ~np.isfinite(motion.reshape(len(motion), -1)).all(1)
    if bad.any():
        first = int(bad.argmax())
        raise InputError(
            f"{where}: {bad.sum()} of {len(motion)} frames hold NaN or infinity, the first is frame {first + 1}"
        )


def checked_joints(where: str, joints: np.ndarray, rate_hz: float, *, z_may_be_up: bool) -> np.ndarray:
    """Joint positions with y up, checked to be those of a human body in any pose of exercise.

    Args:
        where: name of the motion, for error messages.
        joints: (T, 22, 3), metres.
        rate_hz: frames per second.
        z_may_be_up: whether a motion with z up is turned; else it is an error.

    Returns:
        (T, 22, 3), float64.

    Raises:
        InputError: the legs have no human length, a joint is missing in some frames or is out of all proportion, no
            axis of the file can be the vertical, left and right are swapped, or the body moves faster than a human can.
    """
    joints = joints.astype(float)
    leg_m = _leg_length(joints)
    low, high = LEG_LENGTH_RANGE_M
    if not low <= leg_m <= high:
        fitting = [unit for unit, metres in METRES_PER_UNIT.items() if low <= leg_m * metres <= high]
        advice = f"these are {fitting[0]}: give --unit {fitting[0]}" if fitting else "these are not a body's joints"
        raise InputError(
            f"{where}: the leg measures {leg_m:.4g} m from hip to ankle, expected {low} to {high}; {advice}"
        )
    _require_all_joints(where, joints)
    if _vertical(where, joints, z_may_be_up) == 2:
        logger.info("%s: z is up in this file; the motion is turned so that y is up", where)
        joints = np.stack([joints[..., 0], joints[..., 2], -joints[..., 1]], -1)
    _require_own_sides(where, joints)
    speed_m_s = float(np.percentile(np.linalg.norm(np.diff(joints[:, 0], axis=0), axis=-1), 95)) * rate_hz
    if speed_m_s > _FASTEST_PELVIS_M_S:
        raise InputError(
            f"{where}: the pelvis moves at {speed_m_s:.3g} m/s, expected {_FASTEST_PELVIS_M_S:g} at most; check the "
            f"unit of positions (--unit) and the frame rate (--fps), which is taken as {rate_hz:g} Hz"
        )
    return joints


def _require_all_joints(where: str, joints: np.ndarray) -> None:
    """Raise InputError where a joint of (T, 22, 3), metres, is not there in a frame, or no body could hold it."""
    advice = "fill the gap, or cut these frames"
    absent = (joints[:, 1:] == 0).all(-1)  # the pelvis may be the origin
    if absent.any():
        frame, joint = map(int, np.argwhere(absent)[0])
        raise InputError(
            f"{where}: {JOINTS[joint + 1]} is exactly at 0 0 0 in frame {frame + 1}, as some joint is in "
            f"{absent.any(1).sum()} of {len(joints)} frames; these look like "
            f"marks for missing data or padding; {advice}"
        )
    beyond = np.abs(joints).max(-1) > _FARTHEST_M
    if beyond.any():
        frame, joint = map(int, np.argwhere(beyond)[0])
        found = " ".join(f"{value:.4g}" for value in joints[frame, joint])
        raise InputError(
            f"{where}: {JOINTS[joint]} is at {found} m in frame {frame + 1}; expected {_FARTHEST_M:g} m from the "
            f"origin at most; {advice}"
        )
    length = np.linalg.norm(joints[:, _LIMBS] - joints[:, [PARENTS[joint] for joint in _LIMBS]], axis=-1)
    wrong = (length < _BONE_M[0]) | (length > _BONE_M[1])
    if wrong.any():
        frame, bone = map(int, np.argwhere(wrong)[0])
        names = f"{JOINTS[_LIMBS[bone]]} is {length[frame, bone]:.3g} m from {JOINTS[PARENTS[_LIMBS[bone]]]}"
        raise InputError(
            f"{where}: {names} in frame {frame + 1}, and {np.median(length[:, bone]):.3g} m in the median frame; "
            f"expected {_BONE_M[0]:g} to {_BONE_M[1]:g} m; {advice}"
        )


def _vertical(where: str, joints: np.ndarray, z_may_be_up: bool) -> int:
    """Index of the axis that points up. Raises InputError where none can be it.

    A body that stands, squats, sits or kneels extends along the vertical. One that lies, or is on its hands and feet,
    is told from a file with other axes by its floor, which the datasets have at 0.
    """
    ankles = (joints[:, JOINT_INDEX["left_ankle"]] + joints[:, JOINT_INDEX["right_ankle"]]) / 2
    extent = np.median(joints[:, JOINT_INDEX["neck"]] - ankles, 0)
    along = int(np.abs(extent).argmax())
    candidates = (1, 2) if z_may_be_up else (1,)
    on_floor = [axis for axis in candidates if _is_on_floor(joints[..., axis])]
    if along in candidates and extent[along] > 0 and (along in on_floor or not on_floor):
        return along
    direction = "-+"[int(extent[along] > 0)] + "xyz"[along]
    if on_floor:
        up = on_floor[0]
        logger.warning(
            "%s: the body extends along %s, and its lowest joint is near %s = 0; it is taken to lie, or to be on its "
            "hands, with %s up", where, direction, "xyz"[up], "xyz"[up],
        )  # fmt: skip
        return up
    lowest_m = float(np.median(joints[..., 1].min(1)))
    raise InputError(
        f"{where}: the body stands along {direction}; expected joints with y up. If it lies on the floor, the floor "
        f"has to be at y = 0; the lowest joint is at {lowest_m:.2f} m"
    )


def _is_on_floor(heights: np.ndarray) -> bool:
    """Whether joints with these heights (T, 22) in metres are those of a low body on a floor at 0."""
    lowest, pelvis = heights.min(1), heights[:, JOINT_INDEX["pelvis"]]
    low, high = _LOWEST_JOINT_M
    # A pelvis at 0 is the origin of positions without a floor.
    return bool(
        low <= np.median(lowest) <= high and np.ptp(lowest) < _FLOOR_CHANGES_M and np.median(pelvis) > _LEAST_PELVIS_M
    )


def _require_own_sides(where: str, joints: np.ndarray) -> None:
    """Raise InputError where the left side of joints (T, 22, 3) is a right side, or the axes are mirrored.

    Two facts hold in every pose: toes point to the front of their shank, and knees bend to the back of their thigh.
    Front is found from shank or thigh and from the line between the hips.
    """
    right = _unit(joints[:, JOINT_INDEX["right_hip"]] - joints[:, JOINT_INDEX["left_hip"]])
    toes, bends = [], []
    for side in ("left", "right"):
        hip, knee, ankle, foot = (joints[:, JOINT_INDEX[f"{side}_{part}"]] for part in ("hip", "knee", "ankle", "foot"))
        thigh, shank = _unit(hip - knee), _unit(knee - ankle)
        toes.append(float(np.median((_unit(foot - ankle) * np.cross(shank, right)).sum(-1))))
        bends.append(float(np.median((np.cross(shank, thigh) * right).sum(-1))))
    backwards = max(toes) < 0 and sum(toes) < -_CLEAR and sum(bends) < _CLEAR
    knees_forward = max(bends) < -_CLEAR and sum(toes) < _CLEAR
    if backwards or knees_forward:
        seen = "the toes point backwards" if backwards else "both knees bend backwards"
        raise InputError(f"{where}: {seen}; left and right are swapped, or the axes are mirrored")
    shoulders = _unit(joints[:, JOINT_INDEX["right_shoulder"]] - joints[:, JOINT_INDEX["left_shoulder"]])
    if np.median((shoulders * right).sum(-1)) < -_CLEAR:
        raise InputError(f"{where}: the right shoulder is above the left hip; left and right of the arms are swapped")


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _leg_length(joints: np.ndarray) -> float:
    """Distance hip to knee plus knee to ankle, mean of both legs, of joints (T, 22, 3)."""
    total = 0.0
    for side in ("left", "right"):
        hip, knee, ankle = (joints[:, JOINT_INDEX[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
        total += float(np.median(np.linalg.norm(knee - hip, axis=-1) + np.linalg.norm(ankle - knee, axis=-1)))
    return total / 2
