"""Target positions for a subject's joints: the pose of a source motion with the subject's bone lengths."""

from dataclasses import dataclass

import numpy as np

from models.rotations import about_axis
from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_set import JOINT_INDEX, JOINTS, PARENTS, REST_M

LIMBS = [i for i, name in enumerate(JOINTS) if name.split("_")[-1] in ("knee", "ankle", "foot", "elbow", "wrist")]
_SIDES = ("left", "right")
_PELVIS = [JOINT_INDEX[name] for name in ("pelvis", "left_hip", "right_hip", "spine1")]
_TORSO = [i for i in range(len(JOINTS)) if i not in (*LIMBS, *_PELVIS)]
_SHOULDER_GIRDLE = ("collar", "shoulder")
# The weight of a foot for the position of the body falls by a factor e for each of these metres above the lower foot.
_SUPPORT_M = 0.05
_LEAST_HORIZONTAL = 0.5  # horizontal part of the pelvis's forward axis from which it gives the heading


@dataclass(frozen=True)
class JointTargets:
    """A source's poses with a subject's bone lengths, in the ground frame, facing +x in the first frame.

    Attributes:
        joints: (T, 22, 3) target positions, metres.
        pelvis: (T, 3, 3) rotation of the pelvis from the neutral pose.
        torso: (T, 3, 3) rotation of the torso from the neutral pose.
        scale: leg length of the subject divided by that of the source.
    """

    joints: np.ndarray
    pelvis: np.ndarray
    torso: np.ndarray
    scale: float


def leg_length_m(joints: np.ndarray) -> float:
    """Distance hip to knee plus knee to ankle of joints (T, 22, 3): mean of both legs, median over frames."""
    length = np.zeros(len(joints))
    for side in _SIDES:
        hip, knee, ankle = (joints[:, JOINT_INDEX[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
        length += np.linalg.norm(knee - hip, axis=-1) + np.linalg.norm(ankle - knee, axis=-1)
    return float(np.median(length) / 2)


def find_targets(source: np.ndarray, body: BodyJoints, pose: np.ndarray | None = None) -> JointTargets:
    """Target positions for the subject's joints in the pose of a source motion.

    Pelvis and torso rotate as the source's do from `REST_M`. The limbs have the source's directions and the subject's
    lengths. The body is moved so that its feet, and more so the lower one, are where the source's are, scaled by the
    ratio of leg lengths.

    Args:
        source: (T, 22, 3) metres, y up, any heading.
        body: the subject's joints.
        pose: (T, 22, 3) positions of the subject's joints, from which the limbs' lengths are taken: the distance
            between the joint centres of a limb changes as the knee bends. None for the neutral pose.
    """
    source = _face_forward(source)
    pelvis, torso = _pelvis_rotation(source), _torso_rotation(source)
    rest, back = body.rest, body.back
    joints = np.zeros_like(source)
    joints[:, _PELVIS] = rotate_points(pelvis, rest[_PELVIS] - rest[0])
    lumbar_joint = rotate_points(pelvis, (back - rest[0])[None])
    joints[:, _TORSO] = lumbar_joint + rotate_points(torso, rest[_TORSO] - back)
    for i in LIMBS:
        bone = source[:, i] - source[:, PARENTS[i]]
        own = (rest[None] if pose is None else pose)[:, [i, PARENTS[i]]]
        length = np.linalg.norm(own[:, 0] - own[:, 1], axis=-1, keepdims=True)
        joints[:, i] = joints[:, PARENTS[i]] + length * unit_vectors(bone)

    scale = leg_length_m(rest[None] if pose is None else pose) / leg_length_m(source)
    feet = [[JOINT_INDEX[f"{side}_ankle"], JOINT_INDEX[f"{side}_foot"]] for side in _SIDES]
    wanted = scale * np.stack([source[:, foot].mean(1) for foot in feet], 1)  # (T, 2, 3)
    found = np.stack([joints[:, foot].mean(1) for foot in feet], 1)
    weight = np.exp(-(wanted[..., 1] - wanted[..., 1].min(1, keepdims=True)) / _SUPPORT_M)
    weight /= weight.sum(1, keepdims=True)
    joints += ((wanted - found) * weight[..., None]).sum(1)[:, None]
    return JointTargets(joints, pelvis, torso, scale)


def rotate_points(rotation: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (P, 3) rotated by each of the rotations (T, 3, 3): (T, P, 3)."""
    return np.einsum("tij,pj->tpi", rotation, points)


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) divided by their lengths."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _pelvis_rotation(joints: np.ndarray) -> np.ndarray:
    return _pelvis_frame(joints) @ _pelvis_frame(REST_M).T


def _torso_rotation(joints: np.ndarray) -> np.ndarray:
    return _torso_frame(joints) @ _torso_frame(REST_M).T


def _pelvis_frame(joints: np.ndarray) -> np.ndarray:
    left, right = joints[..., JOINT_INDEX["left_hip"], :], joints[..., JOINT_INDEX["right_hip"], :]
    return _frame(right - left, joints[..., JOINT_INDEX["spine1"], :] - (left + right) / 2)


def _torso_frame(joints: np.ndarray) -> np.ndarray:
    right = np.zeros_like(joints[..., 0, :])
    for part in _SHOULDER_GIRDLE:
        right = right + joints[..., JOINT_INDEX[f"right_{part}"], :] - joints[..., JOINT_INDEX[f"left_{part}"], :]
    return _frame(right, joints[..., JOINT_INDEX["neck"], :] - joints[..., JOINT_INDEX["spine2"], :])


def _frame(right: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Frames (..., 3, 3) with the columns forward, up and right, of which right is kept as given."""
    right = unit_vectors(right)
    forward = unit_vectors(np.cross(up, right))
    return np.stack([forward, np.cross(right, forward), right], -1)


def _face_forward(source: np.ndarray) -> np.ndarray:
    """The motion (T, 22, 3) rotated about the vertical, so that the pelvis faces +x in the first frame.

    A pelvis that faces the floor or the ceiling faces the way that it would after rotation about its transverse axis.
    """
    pelvis = _pelvis_rotation(source[0])
    forward, right = pelvis[:, 0], pelvis[:, 2]
    if np.hypot(forward[0], forward[2]) < _LEAST_HORIZONTAL:
        forward = np.cross([0.0, 1.0, 0.0], right)
    heading = np.arctan2(-forward[2], forward[0])
    return source @ about_axis("y", -heading).T
