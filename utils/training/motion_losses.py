"""Losses of motions and activations, in which every frame has a weight: 0 for a frame that was not recorded.

The loss of the VQ-VAE is equation 1 of BIGE: reconstruction + loss_vel * velocity + commit * commitment, to which
`temporal` * acceleration can be added. Differences are per frame, as in the paper, not per second.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from models.process_sums import mean_over_processes

ELEMENTWISE: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": lambda prediction, target: (prediction - target).abs(),
    "l2": lambda prediction, target: (prediction - target).square(),
    "l1_smooth": lambda prediction, target: functional.smooth_l1_loss(prediction, target, reduction="none"),
}


def weighted_loss(kind: str, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Weighted mean of a loss over frames and channels, a scalar.

    Args:
        kind: one of ELEMENTWISE.
        prediction: (B, T, C).
        target: (B, T, C), in the same units.
        weight: (B, T), weight of each frame; None for equal weights.
    """
    loss = ELEMENTWISE[kind](prediction, target).mean(-1)
    return loss.mean() if weight is None else weighted_mean(loss, weight)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of values (B, T); in distributed training normalised over all processes, see `mean_over_processes`.

    Every process of a training calls it in the same order.
    """
    return (values * weight).sum() / mean_over_processes(weight.sum()).clamp_min(1e-8)


def velocity_loss(kind: str, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """`weighted_loss` of differences between successive frames; each has the smaller weight of its two frames."""
    if weight is not None:
        weight = torch.minimum(weight[:, 1:], weight[:, :-1])
    return weighted_loss(kind, prediction.diff(dim=1), target.diff(dim=1), weight)


def temporal_loss(kind: str, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """`weighted_loss` of second differences, which penalises jitter; each has the smallest weight of its frames."""
    if weight is not None:
        weight = torch.minimum(torch.minimum(weight[:, 2:], weight[:, 1:-1]), weight[:, :-2])
    return weighted_loss(kind, prediction.diff(n=2, dim=1), target.diff(n=2, dim=1), weight)
