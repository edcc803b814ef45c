"""Losses on motions, each frame counted with a weight: a frame that was not recorded has weight 0.

BIGE, equation 1: reconstruction + loss_vel * velocity + commit * commitment + temporal * acceleration. Differences are
a frame's, as in the paper: degrees (or metres, or whatever scale the caller gives) a frame, not a second.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

ELEMENTWISE = {
    "l1": lambda prediction, target: (prediction - target).abs(),
    "l2": lambda prediction, target: (prediction - target).square(),
    "l1_smooth": lambda prediction, target: F.smooth_l1_loss(prediction, target, reduction="none"),
}


def weighted_loss(kind: str, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean over frames and channels, a scalar.

    kind: one of ELEMENTWISE. prediction, target: (B, T, C). weight: (B, T), how much a frame counts; None: equally.
    """
    loss = ELEMENTWISE[kind](prediction, target).mean(-1)
    if weight is None:
        return loss.mean()
    return (loss * weight).sum() / weight.sum().clamp_min(1e-8)


def velocity_loss(kind: str, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """`weighted_loss` of the differences of successive frames; a difference counts as the lesser of its two frames."""
    if weight is not None:
        weight = torch.minimum(weight[:, 1:], weight[:, :-1])
    return weighted_loss(kind, prediction.diff(dim=1), target.diff(dim=1), weight)


def temporal_loss(kind: str, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """`weighted_loss` of second differences: the reconstruction shall accelerate as the motion does, and not jitter."""
    if weight is not None:
        weight = torch.minimum(torch.minimum(weight[:, 2:], weight[:, 1:-1]), weight[:, :-2])
    return weighted_loss(kind, prediction.diff(n=2, dim=1), target.diff(n=2, dim=1), weight)
