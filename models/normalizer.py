"""Normalisation of each channel, as a part of a model and of its checkpoint."""

import torch
from torch import Tensor, nn


class Normalizer(nn.Module):
    """Normalisation (x - mean) / std along the last dimension, and its inverse; the identity until it is fitted.

    Attributes:
        mean: (channels,) in physical units.
        std: (channels,) in physical units.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def fit(self, values: Tensor, weight: Tensor | None = None, *, min_std: Tensor | float = 1e-6) -> None:
        """Set mean and standard deviation to those of some values.

        Args:
            values: (..., channels) in physical units.
            weight: (...) weight of each row; None: all the same.
            min_std: (channels,) or a number, in physical units, lower bound of the standard deviation. A coordinate
                that hardly varies in training must not make a very large input of a subject's small offset.
        """
        rows = values.reshape(-1, values.shape[-1]).double()
        weight = torch.ones(len(rows)).to(rows) if weight is None else weight.reshape(-1).to(rows)
        weight = (weight / weight.sum()).unsqueeze(-1)
        mean = (weight * rows).sum(0)
        std = (weight * (rows - mean).square()).sum(0).sqrt()
        self.mean.copy_(mean)
        self.std.copy_(torch.maximum(std, torch.as_tensor(min_std).to(std)))

    def normalize(self, values: Tensor) -> Tensor:
        """From physical units to standard deviations from the mean; values (..., channels)."""
        return (values - self.mean) / self.std

    def denormalize(self, values: Tensor) -> Tensor:
        """From standard deviations from the mean to physical units; values (..., channels)."""
        return values * self.std + self.mean
