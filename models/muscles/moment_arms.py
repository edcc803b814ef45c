"""Muscle-tendon geometry of both legs: which coordinates it has, in which order, and what follows from it."""

from typing import NamedTuple

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, MUSCLES

LEG_COORDINATES = (
    "hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle", "mtp_angle",
)  # fmt: skip
LEG_INDICES = tuple(tuple(COORDINATE_INDEX[f"{name}_{side}"] for name in LEG_COORDINATES) for side in "lr")
MUSCLES_PER_LEG = len(MUSCLES) // 2


class MuscleTendonGeometry(NamedTuple):
    """Muscle-tendon geometry of N frames.

    Attributes:
        lengths: (N, 80) metres, in the order of MUSCLES.
        moment_arms: (N, 2, 7, 40) metres: left and right leg, `LEG_COORDINATES`, the leg's muscles. They are
            −∂length/∂angle, angles in radians, so that moments on the coordinates are moment_arms @ forces.
    """

    lengths: Tensor
    moment_arms: Tensor


def velocities(moment_arms: Tensor, speeds: Tensor) -> Tensor:
    """Muscle-tendon velocities (..., 80) in m/s from moment arms (..., 2, 7, 40) and `speeds` (..., 33) in rad/s."""
    legs = torch.stack([speeds[..., list(side)] for side in LEG_INDICES], dim=-2)  # (..., 2, 7)
    return -(legs[..., None, :] @ moment_arms).flatten(-3)
