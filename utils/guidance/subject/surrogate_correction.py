"""Correct a surrogate's predictions in log odds, in which no correction leaves 0 to 1."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.surrogate.prediction import MusclePrediction

_MIN_ACTIVATION = 0.01  # activations nearer to 0 or 1 are clipped before their log odds are taken


def log_odds(activations: Tensor) -> Tensor:
    """ln(a / (1 - a)) of activations."""
    return torch.logit(activations, eps=_MIN_ACTIVATION)


def corrected(surrogate: Callable[..., MusclePrediction], correction: Tensor) -> Callable[..., MusclePrediction]:
    """A surrogate whose predicted activations have `correction` (B, T, 80), in log odds, added."""

    def predict(*inputs: Tensor) -> MusclePrediction:
        found = surrogate(*inputs)
        return found._replace(activations=torch.sigmoid(log_odds(found.activations) + correction))

    return predict
