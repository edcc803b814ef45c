"""Keep decoded motions within the joints' ranges, low-pass filter them and place their feet on the floor."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ, ROTATION_INDICES, TRANSLATION_INDICES
from models.protocols import Skeleton

_SMOOTHING_S = 0.05  # standard deviation of the filter on the trajectory of the feet
_SET_OUT_FRAMES = 6  # 0.1 s: of 99 own squats that begin by up to 74 degrees a second, none then by more than 18
_INSIDE_DEG = 0.5  # of a range at both its ends, for what planting the feet changes afterwards


def within_ranges(motion: Tensor, skeleton: Skeleton) -> Tensor:
    """Motions (B, T, 33) with every joint angle within the range that the subject's model gives it, degrees.

    Apply it before the low-pass filter, which rounds off the corners.
    """
    limits = skeleton.coordinate_range.to(motion)
    low, high = limits[:, 0] + _INSIDE_DEG, limits[:, 1] - _INSIDE_DEG
    open_ended = torch.ones_like(low, dtype=torch.bool)
    open_ended[list(ROTATION_INDICES)] = False
    low, high = low.masked_fill(open_ended, -torch.inf), high.masked_fill(open_ended, torch.inf)
    return torch.minimum(torch.maximum(motion, low), high)


def begin_still(motion: Tensor) -> Tensor:
    """Motions (B, T, C) at 60 Hz that begin at rest: the first 0.1 s is stretched to 0.2 s, the last 0.1 s is cut off.

    A window begins with the last frame in which the knees rest. Of a person who squats quickly it begins with knees
    that already move, at 50 degrees a second or more, as nobody can begin a squat. The speed of playback therefore
    rises evenly from 0 to 1 within the first 0.2 s; the poses that the motion passes through stay the same.
    """
    return _setting_out(motion.shape[1]).to(motion) @ motion


@lru_cache(maxsize=8)
def _setting_out(frames: int) -> Tensor:
    """(T, T) weights that interpolate a motion linearly at the times at which `begin_still` passes through it."""
    number = torch.arange(frames, dtype=torch.float64)
    at = torch.where(number < 2 * _SET_OUT_FRAMES, number**2 / (4 * _SET_OUT_FRAMES), number - _SET_OUT_FRAMES)
    return (1 - (at[:, None] - number).abs()).clamp(min=0)


def stand_on_floor(motion: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Move the pelvis of decoded motions so that the subject's feet stay in place on the floor y = 0; differentiable.

    A decoded pelvis trajectory belongs to the legs of the training subjects; longer legs that bend alike move the
    pelvis further. So the common horizontal displacement of the contact points and the height of the lowest one are
    subtracted from the pelvis, smoothed over 0.05 s, because a frame's noise in a joint angle must not become an
    acceleration of the pelvis. The motion begins at the origin. Joint angles are not changed.

    Args:
        motion: (B, T, 33), degrees and metres.
        skeleton: the subject's.

    Returns:
        The motion (B, T, 33) and its contact points (B, T, 12, 3), metres.
    """
    points = skeleton.contact_points(motion).to(motion.dtype)
    centre = points.mean(2)  # (B, T, 3)
    lowest = (points[..., 1] - skeleton.contact_radii.to(points)).amin(-1)
    smooth = smoothing_matrix(motion.shape[1], _SMOOTHING_S).to(motion)
    drift = smooth @ torch.stack([centre[..., 0], lowest, centre[..., 2]], -1)
    start = (motion[:, :1, TRANSLATION_INDICES] - drift[:, :1]) * motion.new_tensor([1.0, 0.0, 1.0])
    shift = torch.zeros_like(motion)
    shift[..., TRANSLATION_INDICES] = -drift - start
    return motion + shift, points - (drift + start).unsqueeze(2)


@lru_cache(maxsize=8)
def smoothing_matrix(frames: int, sigma_s: float) -> Tensor:
    """(T, T) weights that fit a line around each frame, Gaussian in time: slopes are preserved at both ends.

    Args:
        frames: number of frames T, at 60 Hz.
        sigma_s: standard deviation of the weights, seconds.
    """
    time = torch.arange(frames, dtype=torch.float64) / FRAME_RATE_HZ
    lag = time - time[:, None]  # (T, T)
    weights = torch.exp(-0.5 * (lag / sigma_s) ** 2)
    moment = [(weights * lag**power).sum(1, keepdim=True) for power in range(3)]
    return weights * (moment[2] - moment[1] * lag) / (moment[2] * moment[0] - moment[1] ** 2)


def low_pass(motion: Tensor, cutoff_hz: float) -> Tensor:
    """Motions (B, T, C) at 60 Hz, low-pass filtered with half power at `cutoff_hz`; 0 returns them unchanged.

    A convolutional decoder leaves noise from frame to frame that joints do not make and that can mislead a surrogate;
    motion capture is filtered at about 6 Hz for the same reason.
    """
    if not cutoff_hz:
        return motion
    sigma_s = math.sqrt(math.log(2)) / (2 * math.pi * cutoff_hz)  # of the Gaussian whose power is halved at the cut-off
    return smoothing_matrix(motion.shape[1], sigma_s).to(motion) @ motion
