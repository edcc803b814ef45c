"""Pelvis and trunk: tilt, height, lean, and the motion of the pelvis, which stands for the centre of mass."""

import math

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, TRANSLATION_INDICES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import length, rate_of_change, second_difference, third_difference
from utils.biomechanics.registry import quantity
from utils.biomechanics.trace import Trace


@quantity("pelvis_tilt", "deg", 1.0, limits=(-180, 180), usual=(-60, 15))
def pelvis_tilt(context: Context) -> Tensor:
    """Pelvis tilt; negative when the pelvis rotates forward, as in a squat (OpenSim's sign)."""
    return context.motion[..., COORDINATE_INDEX["pelvis_tilt"]]


@quantity("pelvis_drop", "m", 0.005, limits=(-1, 1.5), usual=(0, 0.6))
def pelvis_drop(context: Context) -> Tensor:
    """How far the pelvis is below its height as the squat begins; its maximum is the depth of the squat."""
    height = context.motion[..., COORDINATE_INDEX["pelvis_ty"]].unsqueeze(-1)
    return (Trace(height, context.mask).first().unsqueeze(1) - height).squeeze(-1)


@quantity("pelvis_height", "m", 0.005, limits=(0, 2), usual=(0.3, 1.1))
def pelvis_height(context: Context) -> Tensor:
    """Height of the pelvis origin above the floor."""
    return context.motion[..., COORDINATE_INDEX["pelvis_ty"]] - context.floor_height[:, None]


@quantity("trunk_lean", "deg", 1.0, limits=(0, 180), usual=(5, 55))
def trunk_lean(context: Context) -> Tensor:
    """Angle of the torso's long axis from the vertical, forwards or to a side."""
    rotation, _ = context.body_poses
    axis = rotation[..., context.skeleton.body_names.index("torso"), :, 1]
    return torch.atan2(length(axis[..., [0, 2]]), axis[..., 1]).rad2deg()


@quantity("com_speed", "m/s", 0.02, limits=(0, 10), usual=(0, 1))
def com_speed(context: Context) -> tuple[Tensor, Tensor]:
    """Speed of the pelvis origin, which stands for the centre of mass as in the paper; finite difference."""
    velocity, valid = rate_of_change(context, context.motion[..., TRANSLATION_INDICES])
    return length(velocity), valid


@quantity("com_acceleration", "m/s^2", 0.2, limits=(0, 200), usual=(0, 6))
def com_acceleration(context: Context) -> tuple[Tensor, Tensor]:
    """Magnitude of the pelvis origin's acceleration; Laplacian [1, -2, 1] / dt^2 of the translation."""
    acceleration, valid = second_difference(context, context.motion[..., TRANSLATION_INDICES])
    return length(acceleration), valid


@quantity("com_jerk", "m/s^3", 10.0, limits=(0, math.inf))
def com_jerk(context: Context) -> tuple[Tensor, Tensor]:
    """Magnitude of the pelvis origin's jerk, the rate of change of its acceleration; smooth motion has little."""
    jerk, valid = third_difference(context, context.motion[..., TRANSLATION_INDICES])
    return length(jerk), valid
