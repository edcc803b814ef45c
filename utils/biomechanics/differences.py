"""Finite differences along time and vector norms whose gradients are finite at zero."""

import torch
from torch import Tensor

from utils.biomechanics.context import Context
from utils.biomechanics.trace import TINY


def rate_of_change(context: Context, values: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Rate of change from the frame before, per second; the first frame has none.

    Args:
        context: the motions.
        values: (B, T, ...) of each frame.
        mask: (B, T) bool, the frames that count; default `context.mask`.
    """
    mask = context.mask if mask is None else mask
    rate = torch.zeros_like(values)
    rate[:, 1:] = (values[:, 1:] - values[:, :-1]) * context.rate_hz
    valid = mask.clone()
    valid[:, 0] = False
    valid[:, 1:] &= mask[:, :-1]
    return rate, valid


def second_difference(context: Context, values: Tensor) -> tuple[Tensor, Tensor]:
    """Second finite difference [1, -2, 1] / dt^2 of values (B, T, ...), where all three frames count."""
    second, valid = torch.zeros_like(values), torch.zeros_like(context.mask)
    second[:, 1:-1] = (values[:, 2:] - 2 * values[:, 1:-1] + values[:, :-2]) * context.rate_hz**2
    valid[:, 1:-1] = context.mask[:, 2:] & context.mask[:, 1:-1] & context.mask[:, :-2]
    return second, valid


def third_difference(context: Context, values: Tensor) -> tuple[Tensor, Tensor]:
    """Third finite difference [-1, 3, -3, 1] / dt^3 of values (B, T, ...), where all four frames count."""
    third, valid = torch.zeros_like(values), torch.zeros_like(context.mask)
    third[:, 2:-1] = (values[:, 3:] - 3 * values[:, 2:-1] + 3 * values[:, 1:-2] - values[:, :-3]) * context.rate_hz**3
    mask = context.mask
    valid[:, 2:-1] = mask[:, 3:] & mask[:, 2:-1] & mask[:, 1:-2] & mask[:, :-3]
    return third, valid


def root_mean_square(values: Tensor) -> Tensor:
    """Root mean square over the last dimension, (..., C) -> (...)."""
    return (values.square().mean(-1) + TINY).sqrt()


def length(vectors: Tensor) -> Tensor:
    """Euclidean length of vectors along the last dimension, (..., C) -> (...)."""
    return (vectors.square().sum(-1) + TINY).sqrt()
