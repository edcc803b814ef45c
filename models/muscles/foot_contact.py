"""Which contact points of the feet bear on the floor, as smooth functions of their height and speed.

A foot that stands may carry any force that pushes; a foot in the air carries none. Between the two, contact fades
with the clearance of a point: its height above the floor plus the distance that it travels in `_REACTION_S`, so that a
foot that swings through close to the floor does not carry either. Recorded feet float and penetrate by one to three
centimetres, and a sole that rests on the floor is tilted by a few degrees, so contact is full up to that much.
"""

from typing import NamedTuple

import torch
from torch import Tensor

_REACTION_S = 0.05  # 0.4 m/s, the noise of standing feet in video-based capture, count as much as 2 cm
_FOOT_CLEARANCE_M = (0.03, 0.07)  # full contact of a foot below the first, none above the second
_POINT_CLEARANCE_M = (0.05, 0.09)  # the same of one point above its foot's lowest one
_STANDING_M = 0.04  # frames whose lowest point is this close to the low ones count as standing
_LOW_QUANTILE = 0.1
_SLOWEST_M_S = 1e-3  # rounds the norm of the velocity off at 0, where it has no derivative


class FootContact(NamedTuple):
    """Contact of N frames, 0 in the air and 1 standing.

    Attributes:
        feet: (2, N) of the right and the left foot.
        points: (P, N) of the contact points; at most that of their foot.
    """

    feet: Tensor
    points: Tensor


def standing_height(lowest: Tensor) -> Tensor:
    """Height of the floor: the median of the lowest point of both feet over the frames in which a foot stands.

    A foot stands in at least a tenth of the frames, wherever the recording has its floor; the frames in which the
    lowest point is close to that level stand, and those of flights do not count.

    Args:
        lowest: (..., T) height of the lowest contact point of both feet, metres.

    Returns:
        (...) metres.
    """
    low = lowest.detach().quantile(_LOW_QUANTILE, dim=-1, keepdim=True)
    return lowest.masked_fill(lowest > low + _STANDING_M, torch.nan).nanmedian(dim=-1).values


def foot_contact(
    points: Tensor, velocities: Tensor, feet: Tensor, frames: int, floor_m: Tensor | None = None
) -> FootContact:
    """Contact of the feet with the floor of each motion.

    Args:
        points: (P, 3, N) lowest points of the contact spheres, metres, ground frame, y up; N = motions * frames.
        velocities: (P, 3, N) of the same, m/s.
        feet: (2, P) whether a point belongs to the right and to the left foot, 0 or 1.
        frames: T of each motion.
        floor_m: (S,) height of the floor of each motion; None for its `standing_height`.
    """
    height = points[:, 1].unflatten(-1, (-1, frames))  # (P, S, T)
    floor_m = standing_height(height.amin(0)) if floor_m is None else floor_m
    height = (height - floor_m[:, None]).flatten(1)
    speed = (velocities.square().sum(1) + _SLOWEST_M_S**2).sqrt()
    clearance = height + _REACTION_S * speed  # (P, N)
    members = feet.bool()
    lowest = torch.stack([clearance[foot].amin(0) for foot in members])  # (2, N)
    standing = _fade(lowest, _FOOT_CLEARANCE_M)
    of_foot = feet.T @ standing  # (P, N)
    return FootContact(standing, of_foot * _fade(clearance - feet.T @ lowest, _POINT_CLEARANCE_M))


def _fade(clearance: Tensor, limits: tuple[float, float]) -> Tensor:
    """1 below the first limit, 0 above the second, a cubic with level ends between them."""
    full, none = limits
    share = ((none - clearance) / (none - full)).clamp(0, 1)
    return share.square() * (3 - 2 * share)
