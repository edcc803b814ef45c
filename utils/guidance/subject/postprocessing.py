"""Low-pass filter decoded motions and place their feet on the floor."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ, TRANSLATION_INDICES

_SMOOTHING_S = 0.05  # standard deviation of what smooths the feet's way


def stand_on_floor(motion: Tensor, skeleton) -> tuple[Tensor, Tensor]:
    """Make decoded motions one person's: the feet of a squat stay where they are, on the floor y = 0.

    A decoded pelvis path belongs to the legs of the people trained on; longer legs, bent alike, move the pelvis
    further. So the path is corrected by what it does to the feet: the common horizontal way of the contact points and
    the height of the lowest are taken out of it, smoothed over 0.05 s (a frame's noise in a joint angle must not
    become an acceleration of the pelvis). It begins at the origin. Joint angles are left alone; differentiable.

    Args:
        motion: (B, T, 33), degrees and metres. skeleton: the person's.

    Returns:
        the motion (B, T, 33) and its contact points (B, T, 12, 3) metres.
    """
    points = skeleton.contact_points(motion).to(motion.dtype)
    way = points.mean(2)  # (B, T, 3)
    lowest = (points[..., 1] - skeleton.contact_radii.to(points)).amin(-1)
    way = smoothing(motion.shape[1], _SMOOTHING_S).to(motion) @ torch.stack([way[..., 0], lowest, way[..., 2]], -1)
    start = (motion[:, :1, TRANSLATION_INDICES] - way[:, :1]) * motion.new_tensor([1.0, 0.0, 1.0])
    shift = torch.zeros_like(motion)
    shift[..., TRANSLATION_INDICES] = -way - start
    return motion + shift, points - (way + start).unsqueeze(2)


@lru_cache(maxsize=8)
def smoothing(frames: int, sigma_s: float) -> Tensor:
    """(T, T) weights that fit a line around each frame, Gaussian in time: smooth, and true to slopes at both ends."""
    time = torch.arange(frames, dtype=torch.float64) / FRAME_RATE_HZ
    lag = time - time[:, None]  # (T, T)
    weights = torch.exp(-0.5 * (lag / sigma_s) ** 2)
    moment = [(weights * lag**power).sum(1, keepdim=True) for power in range(3)]
    return weights * (moment[2] - moment[1] * lag) / (moment[2] * moment[0] - moment[1] ** 2)


def low_pass(motion: Tensor, cutoff_hz: float) -> Tensor:
    """Motions (B, T, C) at 60 Hz without what is faster than `cutoff_hz` (half power); 0 leaves them as they are.

    A convolutional decoder leaves noise from frame to frame that joints do not make and a surrogate can be fooled by;
    motion capture is filtered at about 6 Hz for the same reason.
    """
    if not cutoff_hz:
        return motion
    sigma_s = math.sqrt(math.log(2)) / (2 * math.pi * cutoff_hz)  # of the Gaussian whose power is halved there
    return smoothing(motion.shape[1], sigma_s).to(motion) @ motion
