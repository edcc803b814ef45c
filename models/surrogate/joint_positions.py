"""Approximate joint positions in closed form from a subject's proportions, as inputs of the surrogate.

The distribution of the load between the legs depends on the position of the body over the feet, to a centimetre. From
joint angles alone a network would have to learn this geometry. For any other purpose use
`models.skeleton.forward_kinematics`, which has the subject's own bones and joints.
"""

import torch
from torch import Tensor

from models.conventions import ANTHROPOMETRIC_FEATURES, COORDINATE_INDEX
from models.rotations import about_z, from_zxy

# Rajagopal2015's neutral pose: x forward, y up, z to the right, as fractions of the length named.
_HIP_OF_LEG = (-0.070, -0.098)
_THIGH, _SHANK = 0.505, 0.495
_LUMBAR_OF_LEG = (-0.126, 0.102)
_UPPER_ARM, _FOREARM = 0.54, 0.46
_TOE_OF_FOOT = (0.90, -0.33, 0.0)
_JOINTS_OF_A_SIDE = ("knee", "ankle", "toes", "shoulder", "elbow", "wrist")
_INPUTS = ("neck", *(f"{name}_{side}" for side in "lr" for name in _JOINTS_OF_A_SIDE))
POSITION_COUNT = len(_INPUTS)


def joint_positions(motion: Tensor, anthropometry: Tensor) -> Tensor:
    """Joint positions that are inputs of the surrogate.

    Args:
        motion: (B, T, 33) degrees and metres, canonical order.
        anthropometry: (B, 7) or (7,), see ANTHROPOMETRIC_FEATURES.

    Returns:
        (B, T, 13, 3) metres relative to the pelvis, along the ground's axes: midpoint of the shoulders, then knee,
        ankle, toes, shoulder, elbow and wrist of the left and of the right side.
    """
    points = named_joint_positions(motion, anthropometry)
    return torch.stack([points[name] for name in _INPUTS], -2)


def named_joint_positions(motion: Tensor, anthropometry: Tensor) -> dict[str, Tensor]:
    """Joint positions by name, with the hips and the lumbar joint (`back`).

    Args:
        motion: (B, T, 33) degrees and metres, canonical order.
        anthropometry: (B, 7) or (7,), see ANTHROPOMETRIC_FEATURES.

    Returns:
        Positions (B, T, 3), metres relative to the pelvis, along the ground's axes.
    """
    angle = {name: motion[..., i].deg2rad() for name, i in COORDINATE_INDEX.items()}
    anthropometry = anthropometry.to(motion).expand(len(motion), -1)
    length = {name: anthropometry[:, i, None] for i, name in enumerate(ANTHROPOMETRIC_FEATURES)}  # (B, 1)
    leg, trunk, arm, foot = (length[f"{name}_length_m"] for name in ("leg", "trunk", "arm", "foot"))
    zero = torch.zeros_like(leg)

    def along(rotation: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        return (rotation @ torch.stack((x, y, z), -1).unsqueeze(-1)).squeeze(-1)

    pelvis = from_zxy(angle["pelvis_tilt"], angle["pelvis_list"], angle["pelvis_rotation"])  # (B, T, 3, 3)
    back = pelvis @ from_zxy(angle["lumbar_extension"], angle["lumbar_bending"], angle["lumbar_rotation"])
    lumbar = along(pelvis, _LUMBAR_OF_LEG[0] * leg, _LUMBAR_OF_LEG[1] * leg, zero)
    neck = lumbar + along(back, zero, trunk, zero)
    points = {"back": lumbar, "neck": neck}
    for side, sign in (("l", -1.0), ("r", 1.0)):
        thigh = pelvis @ from_zxy(
            angle[f"hip_flexion_{side}"], sign * angle[f"hip_adduction_{side}"], sign * angle[f"hip_rotation_{side}"]
        )
        shank = thigh @ about_z(-angle[f"knee_angle_{side}"])
        sole = shank @ about_z(angle[f"ankle_angle_{side}"])
        half_width = sign * length["hip_width_m"] / 2
        hip = along(pelvis, _HIP_OF_LEG[0] * leg, _HIP_OF_LEG[1] * leg, half_width)
        knee = hip + along(thigh, zero, -_THIGH * leg, zero)
        ankle = knee + along(shank, zero, -_SHANK * leg, zero)
        toes = ankle + along(sole, *(fraction * foot for fraction in _TOE_OF_FOOT))
        upper_arm = back @ from_zxy(
            angle[f"arm_flex_{side}"], sign * angle[f"arm_add_{side}"], sign * angle[f"arm_rot_{side}"]
        )
        shoulder = neck + along(back, zero, zero, sign * length["shoulder_width_m"] / 2)
        elbow = shoulder + along(upper_arm, zero, -_UPPER_ARM * arm, zero)
        forearm = upper_arm @ about_z(angle[f"elbow_flex_{side}"])
        wrist = elbow + along(forearm, zero, -_FOREARM * arm, zero)
        own = (hip, knee, ankle, toes, shoulder, elbow, wrist)
        points |= {f"{name}_{side}": point for name, point in zip(("hip", *_JOINTS_OF_A_SIDE), own, strict=True)}
    return points
