"""A quantity over time, and what is taken from it along time."""

from dataclasses import dataclass

import torch
from torch import Tensor

TINY = 1e-12  # added under a square root, so that its gradient stays finite at zero


@dataclass(frozen=True)
class Trace:
    """A quantity over time.

    Attributes:
        values: (B, T, C) in the quantity's unit; the channels are left and right, or one.
        valid: (B, T) bool, the frames at which the values are defined and count.
    """

    values: Tensor
    valid: Tensor

    def filled(self, value: float) -> Tensor:
        """(B, T, C) the values, with `value` at the frames that do not count."""
        return self.values.masked_fill(~self.valid.unsqueeze(-1), value)

    def mean(self) -> Tensor:
        """(B, C) mean over the frames that count."""
        return self.filled(0.0).sum(1) / self.valid.sum(1, keepdim=True).clamp(min=1)

    def mean_square(self) -> Tensor:
        """(B, C) mean square over the frames that count."""
        return Trace(self.values.square(), self.valid).mean()

    def first(self) -> Tensor:
        """(B, C) value at the first frame that counts."""
        return self.values[torch.arange(len(self.values)), self.valid.int().argmax(1)]

    def last(self) -> Tensor:
        """(B, C) value at the last frame that counts."""
        frames = self.valid.shape[1]
        return self.values[torch.arange(len(self.values)), frames - 1 - self.valid.flip(1).int().argmax(1)]
