"""Correct a surrogate's predictions in log odds, in which no correction leaves 0 to 1."""

from collections.abc import Callable

import torch
from torch import Tensor

_MIN_ACTIVATION = 0.01  # activations nearer to 0 or 1 are clipped before their log odds are taken


def log_odds(activations: Tensor) -> Tensor:
    """ln(a / (1 - a)) of activations."""
    return torch.logit(activations, eps=_MIN_ACTIVATION)


def corrected(surrogate: Callable[..., Tensor], correction: Tensor) -> Callable[..., Tensor]:
    """A surrogate whose predictions have `correction` (B, T, 80), in log odds, added."""
    return lambda *inputs: torch.sigmoid(log_odds(surrogate(*inputs)) + correction)
