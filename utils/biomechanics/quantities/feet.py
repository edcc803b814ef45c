"""Feet and floor: slip, drift, lift and penetration of the contact spheres, and the heels."""

import torch
from torch import Tensor

from models.conventions import SIDES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import length, rate_of_change
from utils.biomechanics.quantities.stance import foot_directions
from utils.biomechanics.registry import quantity
from utils.biomechanics.trace import Trace

CONTACT_HEIGHT_M = 0.02  # a foot point lower than this above the floor bears on it


def per_foot(values: Tensor) -> Tensor:
    """Values of the contact points by foot: (B, T, 12, ...), right foot first -> (B, T, 2, 6, ...), left foot first."""
    return values.unflatten(2, (2, 6)).flip(2)


@quantity("foot_slip", "m/s", 0.005, channels=SIDES, limits=(0, 10), usual=(0, 0.03))
def foot_slip(context: Context) -> tuple[Tensor, Tensor]:
    """Horizontal speed of the contact points that bear on the floor, mean of them, for each foot.

    A point bears on the floor when its sphere is within 2 cm of it now and a frame ago. The lowest point of a foot
    always counts, so lifting a foot does not reduce the slip: in a squat both stay down.
    """
    points = per_foot(context.contact_points[..., [0, 2]])  # (B, T, 2, 6, 2)
    velocity, valid = rate_of_change(context, points, context.feet_mask)
    height = per_foot(context.height_above_floor.detach())
    low = height < CONTACT_HEIGHT_M
    low_before = torch.cat([low[:, :1], low[:, :-1]], dim=1)
    bearing = (low & low_before) | (height <= height.amin(-1, keepdim=True))
    return (length(velocity) * bearing).sum(-1) / bearing.sum(-1), valid


@quantity("foot_drift", "m", 0.005, channels=SIDES, limits=(0, 0.5), usual=(0, 0.02))
def foot_drift(context: Context) -> tuple[Tensor, Tensor]:
    """Horizontal distance of each foot (mean of its contact points) from its mean position."""
    place = per_foot(context.contact_points[..., [0, 2]]).mean(-2)  # (B, T, 2, 2)
    home = Trace(place.flatten(2), context.feet_mask).mean().unflatten(1, (2, 2)).unsqueeze(1)
    return length(place - home), context.feet_mask


@quantity("floor_penetration", "m", 0.005, limits=(0, 0.5), usual=(0, 0.005))
def floor_penetration(context: Context) -> tuple[Tensor, Tensor]:
    """How deep the deepest contact point is under the floor; 0 where none is."""
    return (-context.height_above_floor.amin(-1)).clamp(min=0), context.feet_mask


@quantity("foot_lift", "m", 0.005, channels=SIDES, limits=(0, 0.5), usual=(0, 0.005))
def foot_lift(context: Context) -> tuple[Tensor, Tensor]:
    """Height of each foot's lowest contact point above the floor; 0 where it bears on it."""
    return per_foot(context.height_above_floor).amin(-1).clamp(min=0), context.feet_mask


@quantity("heel_lift", "m", 0.005, channels=SIDES, limits=(0, 0.5), usual=(0, 0.02), statistic="max")
def heel_lift(context: Context) -> tuple[Tensor, Tensor]:
    """Height of each heel, the rearmost contact point of the foot, above the floor; 0 where it bears on it."""
    along = (per_foot(context.contact_points[..., [0, 2]]) * foot_directions(context).unsqueeze(-2)).sum(-1)
    heel = along.argmin(-1, keepdim=True)
    return per_foot(context.height_above_floor).gather(-1, heel).squeeze(-1).clamp(min=0), context.feet_mask
