"""Motions as positions of the 22 joints of `models.skeleton.joint_set`, and checks that they are a human body's."""

import logging
from dataclasses import dataclass

import numpy as np

from dataset.errors import InputError
from models.skeleton.joint_set import JOINT_INDEX

logger = logging.getLogger("bige")

FEWEST_FRAMES = 4
METRES_PER_UNIT = {"m": 1.0, "cm": 0.01, "mm": 0.001}
LEG_LENGTH_RANGE_M = (0.45, 1.3)


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
        raise InputError(f"{where}: {bad.sum()} of {len(motion)} frames hold NaN or infinity, the first is {first}")


def checked_joints(where: str, joints: np.ndarray, *, z_may_be_up: bool) -> np.ndarray:
    """Joint positions with y up, checked to be those of a human body.

    Args:
        where: name of the motion, for error messages.
        joints: (T, 22, 3), metres.
        z_may_be_up: whether a motion with z up is turned; else it is an error.

    Returns:
        (T, 22, 3), float64.

    Raises:
        InputError: the legs have no human length, the body does not stand along y, or left and right are swapped.
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
    ankles = (joints[:, JOINT_INDEX["left_ankle"]] + joints[:, JOINT_INDEX["right_ankle"]]) / 2
    upright = np.median(joints[:, JOINT_INDEX["neck"]] - ankles, 0)
    axis = int(np.abs(upright).argmax())
    if z_may_be_up and axis == 2 and upright[2] > 0:
        logger.info("%s: z is up in this file; the motion is turned so that y is up", where)
        joints = np.stack([joints[..., 0], joints[..., 2], -joints[..., 1]], -1)
    elif axis != 1 or upright[1] < 0:
        direction = "-+"[int(upright[axis] > 0)] + "xyz"[axis]
        raise InputError(f"{where}: the body stands along {direction}; expected joints with y up")
    right = (joints[:, JOINT_INDEX["right_hip"]] - joints[:, JOINT_INDEX["left_hip"]]).copy()
    forward = np.cross([0.0, 1.0, 0.0], right)
    feet = sum(
        joints[:, JOINT_INDEX[f"{side}_foot"]] - joints[:, JOINT_INDEX[f"{side}_ankle"]] for side in ("left", "right")
    )
    if np.median((forward * feet).sum(-1)) < 0:
        raise InputError(f"{where}: the toes point backwards; left and right are swapped, or the axes are mirrored")
    return joints


def _leg_length(joints: np.ndarray) -> float:
    """Distance hip to knee plus knee to ankle, mean of both legs, of joints (T, 22, 3)."""
    total = 0.0
    for side in ("left", "right"):
        hip, knee, ankle = (joints[:, JOINT_INDEX[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
        total += float(np.median(np.linalg.norm(knee - hip, axis=-1) + np.linalg.norm(ankle - knee, axis=-1)))
    return total / 2
