"""Initial coordinates for the fit to joint positions, in closed form."""

import numpy as np

from models.conventions import COORDINATE_INDEX, COORDINATES
from models.rotations import about_axis, to_zxy_degrees
from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_set import JOINT_INDEX
from utils.retargeting.joint_targets import JointTargets, rotate_points, unit_vectors

_PELVIS_ANGLES = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
_LUMBAR_ANGLES = ("lumbar_extension", "lumbar_bending", "lumbar_rotation")
_HIP_ANGLES = ("hip_flexion", "hip_adduction", "hip_rotation")
_SHOULDER_ANGLES = ("arm_flex", "arm_add", "arm_rot")
# Below this sine of the knee's or elbow's angle the limb counts as straight, and its axial rotation is set to 0.
_STRAIGHT = 0.15


def initial_coordinates(targets: JointTargets, body: BodyJoints) -> np.ndarray:
    """Coordinates (T, 33), degrees and metres, canonical order, with every knee and elbow taken for a plain hinge.

    Args:
        targets: target positions of the subject's joints.
        body: the subject's joints.
    """
    values: dict[str, np.ndarray] = {}
    lumbar = targets.pelvis.transpose(0, 2, 1) @ targets.torso
    for rotation, names in ((targets.pelvis, _PELVIS_ANGLES), (lumbar, _LUMBAR_ANGLES)):
        values |= zip(names, to_zxy_degrees(rotation).T, strict=True)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        values |= _leg_angles(targets, body, side, sign)
        values |= _arm_angles(targets, side, sign)
    motion = np.zeros((len(targets.joints), len(COORDINATES)))
    for name, degrees in values.items():
        motion[:, COORDINATE_INDEX[name]] = np.unwrap(degrees, period=360.0)
    origin = targets.joints[:, 0] - rotate_points(targets.pelvis, body.rest[:1])[:, 0]
    motion[:, [COORDINATE_INDEX[f"pelvis_t{axis}"] for axis in "xyz"]] = origin
    return motion


def _leg_angles(targets: JointTargets, body: BodyJoints, side: str, sign: float) -> dict[str, np.ndarray]:
    """Angles of hip, knee and ankle in degrees, by coordinate."""
    hip, knee, ankle, foot = (JOINT_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
    angles = _limb_angles(targets.joints[:, [hip, knee, ankle]], targets.pelvis, bends_to=-1.0)
    forward, across, axial, bend = angles
    thigh = targets.pelvis @ about_axis("z", forward) @ about_axis("x", across) @ about_axis("y", axial)
    shank = thigh @ about_axis("z", -bend)
    sole = _in_frame(shank, targets.joints[:, foot] - targets.joints[:, ankle])
    rest = body.rest[foot] - body.rest[ankle]
    ankle_angle = np.arctan2(sole[:, 1], sole[:, 0]) - np.arctan2(rest[1], rest[0])
    return {
        **_named(_HIP_ANGLES, "knee_angle", side, sign, angles),
        f"ankle_angle_{side[0]}": np.degrees(ankle_angle),
    }


def _arm_angles(targets: JointTargets, side: str, sign: float) -> dict[str, np.ndarray]:
    """Angles of shoulder and elbow in degrees, by coordinate."""
    joints = targets.joints[:, [JOINT_INDEX[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist")]]
    angles = _limb_angles(joints, targets.torso, bends_to=1.0)
    return _named(_SHOULDER_ANGLES, "elbow_flex", side, sign, angles)


_Angles = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _limb_angles(joints: np.ndarray, trunk: np.ndarray, bends_to: float) -> _Angles:
    """Angles (T,) of a limb in radians: forward, across and axial of its upper part, and the bend of its hinge.

    Args:
        joints: (T, 3, 3) proximal joint, hinge and distal joint, metres.
        trunk: (T, 3, 3) rotation of the body that carries the limb.
        bends_to: 1 where the hinge brings the lower part forward, -1 where it brings it back.
    """
    upper = _in_frame(trunk, unit_vectors(joints[:, 1] - joints[:, 0]))
    lower = _in_frame(trunk, unit_vectors(joints[:, 2] - joints[:, 1]))
    across = np.arcsin(np.clip(-upper[:, 2], -1.0, 1.0))
    forward = np.arctan2(upper[:, 0], -upper[:, 1])
    lower = _in_frame(about_axis("z", forward) @ about_axis("x", across), lower)
    axial = np.arctan2(-bends_to * lower[:, 2], bends_to * lower[:, 0])
    axial = np.where(np.hypot(lower[:, 0], lower[:, 2]) > _STRAIGHT, axial, 0.0)
    bend = np.arccos(np.clip(-lower[:, 1], -1.0, 1.0))
    return forward, across, axial, bend


def _named(names: tuple[str, ...], hinge: str, side: str, sign: float, angles: _Angles) -> dict[str, np.ndarray]:
    """Angles in degrees by coordinate; adduction and axial rotation have opposite signs on the two sides."""
    forward, across, axial, bend = angles
    degrees = map(np.degrees, (forward, sign * across, sign * axial, bend))
    return {f"{name}_{side[0]}": values for name, values in zip((*names, hinge), degrees, strict=True)}


def _in_frame(rotation: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Vectors (T, 3) of the ground frame in the frames (T, 3, 3)."""
    return np.einsum("tji,tj->ti", rotation, vectors)
