"""Stance: width, toe-out."""

import torch
from torch import Tensor

from models.conventions import SIDES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import length
from utils.biomechanics.registry import quantity
from utils.biomechanics.trace import TINY


def foot_directions(context: Context) -> Tensor:
    """(B, T, 2, 2) unit vectors on the floor, x and z, in which the left and the right foot point."""
    forward = _forward_of_feet(context)
    return forward / length(forward).unsqueeze(-1)


def _forward_of_feet(context: Context) -> Tensor:
    """(B, T, 2, 2) forward axes of the left and the right foot, their parts along the floor, x and z."""
    rotation, _ = context.body_poses
    index = context.skeleton.body_names.index
    return rotation[..., [index(f"calcn_{side}") for side in SIDES], :, 0][..., [0, 2]]


@quantity("stance_width", "m", 0.01, limits=(0, 2), usual=(0.2, 0.6), statistic="mean")
def stance_width(context: Context) -> tuple[Tensor, Tensor]:
    """Distance along the floor between the centres of both ankles."""
    left, right = context.leg_joints.ankle[..., [0, 2]].unbind(-2)
    return length(left - right), context.feet_mask


@quantity("toe_out", "deg", 1.0, channels=SIDES, limits=(-180, 180), usual=(0, 40), statistic="mean")
def toe_out(context: Context) -> tuple[Tensor, Tensor]:
    """Angle by which each foot points outwards, on the floor, from where the pelvis faces; negative is inwards."""
    feet = _forward_of_feet(context)
    left, right = context.leg_joints.hip[..., [0, 2]].unbind(-2)
    to_the_right = (right - left).unsqueeze(-2)
    forward = torch.stack([to_the_right[..., 1], -to_the_right[..., 0]], -1)
    outwards = torch.tensor([-1.0, 1.0]).to(feet) * (feet * to_the_right).sum(-1)
    ahead = (feet * forward).sum(-1)
    near_zero = (outwards.square() + ahead.square()) < TINY  # a foot that points straight down
    return torch.atan2(outwards, torch.where(near_zero, torch.ones_like(ahead), ahead)).rad2deg(), context.feet_mask
