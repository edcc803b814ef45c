"""Per-coordinate normalisation that lives inside a model, and so inside its checkpoint."""

import torch
from torch import Tensor, nn


class Normalizer(nn.Module):
    """x -> (x - mean) / std along the last dimension, and back. Mean and std are buffers; at first, the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def fit(self, values: Tensor, weight: Tensor | None = None, *, least_std: Tensor | float = 1e-6) -> None:
        """Take mean and standard deviation from `values` (..., channels), each row counted with `weight` (...).

        `least_std` (channels,) or a number, in the values' units, bounds the standard deviation from below: a
        coordinate that hardly moves in training must not turn a person's small offset into a huge input.
        """
        rows = values.reshape(-1, values.shape[-1]).double()
        weight = torch.ones(len(rows)).to(rows) if weight is None else weight.reshape(-1).to(rows)
        share = (weight / weight.sum()).unsqueeze(-1)
        mean = (share * rows).sum(0)
        std = (share * (rows - mean).square()).sum(0).sqrt()
        self.mean.copy_(mean)
        self.std.copy_(torch.maximum(std, torch.as_tensor(least_std).to(std)))

    def normalize(self, values: Tensor) -> Tensor:
        """(..., channels) in physical units -> the same, in standard deviations from the mean."""
        return (values - self.mean) / self.std

    def denormalize(self, values: Tensor) -> Tensor:
        """Inverse of `normalize`."""
        return values * self.std + self.mean
