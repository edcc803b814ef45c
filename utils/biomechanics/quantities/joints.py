"""Joint angles: flexion, symmetry, speed, jerk and range."""

import math

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, ROTATION_INDICES, SIDES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import length, rate_of_change, root_mean_square, third_difference
from utils.biomechanics.registry import quantity
from utils.biomechanics.trace import TINY

FLEXIONS = ("hip_flexion", "knee_angle", "ankle_angle")
_LEFT = [COORDINATE_INDEX[f"{name}_l"] for name in FLEXIONS]
_RIGHT = [COORDINATE_INDEX[f"{name}_r"] for name in FLEXIONS]
_TURNING = [*_LEFT, *_RIGHT, COORDINATE_INDEX["pelvis_tilt"]]


@quantity("coordinate", "deg or m", 1.0, argument="coordinate")
def coordinate(context: Context, name: str) -> Tensor:
    """Any of the 33 coordinates by its OpenSim name, as coordinate:lumbar_extension; 0.01 m counts as 1 deg."""
    return context.motion[..., COORDINATE_INDEX[name]]


@quantity("hip_flexion", "deg", 1.0, channels=SIDES, limits=(-60, 160), usual=(0, 110))
def hip_flexion(context: Context) -> Tensor:
    """Hip flexion of each side."""
    return _both_sides(context, "hip_flexion")


@quantity("knee_flexion", "deg", 1.0, channels=SIDES, limits=(-15, 160), usual=(0, 125))
def knee_flexion(context: Context) -> Tensor:
    """Knee flexion of each side; its maximum is the usual clinical depth of a squat."""
    return _both_sides(context, "knee_angle")


@quantity("thigh_below_parallel", "deg", 1.0, channels=SIDES, limits=(-90, 90), usual=(-90, 20))
def thigh_below_parallel(context: Context) -> Tensor:
    """Angle of each thigh, from hip to knee centre, below the horizontal: 0 is parallel, negative is above it."""
    hip, knee, _ = context.leg_joints
    thigh = knee - hip
    return torch.atan2(thigh[..., 1], length(thigh[..., [0, 2]])).rad2deg()


@quantity("ankle_dorsiflexion", "deg", 1.0, channels=SIDES, limits=(-70, 60), usual=(0, 35))
def ankle_dorsiflexion(context: Context) -> Tensor:
    """Ankle dorsiflexion of each side."""
    return _both_sides(context, "ankle_angle")


@quantity("asymmetry", "deg", 0.2, limits=(0, 180), usual=(1, 6))
def asymmetry(context: Context) -> Tensor:
    """Left minus right over hip_flexion, knee_angle and ankle_angle, root mean square of the three.

    Its rms over time is the paper's asymmetry (Table 3).
    """
    return root_mean_square(context.motion[..., _LEFT] - context.motion[..., _RIGHT])


@quantity("angular_speed", "deg/s", 2.0, limits=(0, 2000), usual=(20, 100))
def angular_speed(context: Context) -> tuple[Tensor, Tensor]:
    """Frame-to-frame speed of hip, knee and ankle flexion (both legs) and pelvis tilt, root mean square of the seven.

    Its rms over time is the paper's omega (Table 3).
    """
    speed, valid = rate_of_change(context, context.motion[..., _TURNING])
    return root_mean_square(speed), valid


@quantity("angular_jerk", "deg/s^3", 2000.0, limits=(0, math.inf))
def angular_jerk(context: Context) -> tuple[Tensor, Tensor]:
    """Jerk of hip, knee and ankle flexion (both legs) and pelvis tilt, root mean square of the seven."""
    jerk, valid = third_difference(context, context.motion[..., _TURNING])
    return root_mean_square(jerk), valid


@quantity("range_excess", "deg", 1.0, limits=(0, 360), usual=(0, 2))
def range_excess(context: Context) -> Tensor:
    """How far the worst joint angle is outside the range that the person's model gives it; 0 inside."""
    limits = context.skeleton.coordinate_range.to(context.motion)[list(ROTATION_INDICES)]
    angles = context.motion[..., ROTATION_INDICES]
    return torch.maximum(limits[:, 0] - angles, angles - limits[:, 1]).clamp(min=0).amax(-1)


@quantity("knee_valgus", "m", 0.005, channels=SIDES, limits=(-0.5, 0.5), usual=(-0.08, 0.04))
def knee_valgus(context: Context) -> Tensor:
    """How far each knee's centre is inside the line from hip to ankle; negative is outside it.

    Measured along the line through both hips. A length, since the projected angle of two segments loses its meaning
    when the thigh points at the viewer.
    """
    hip, knee, ankle = context.leg_joints
    leg = ankle - hip
    share = ((knee - hip) * leg).sum(-1, keepdim=True) / leg.square().sum(-1, keepdim=True).clamp_min(TINY)
    across = hip.flip(2) - hip  # from each hip to the other
    inwards = across / length(across).unsqueeze(-1)
    return ((knee - hip - share * leg) * inwards).sum(-1)


def _both_sides(context: Context, name: str) -> Tensor:
    return context.motion[..., [COORDINATE_INDEX[f"{name}_{side}"] for side in SIDES]]
