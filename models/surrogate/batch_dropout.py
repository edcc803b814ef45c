"""Dropout whose mask belongs to a sample of the batch, whichever process computes that sample."""

from torch import Tensor, nn


class BatchDropout(nn.Dropout):
    """Dropout that draws the mask of a whole batch and applies the part of the samples at hand.

    Processes that draw the same random numbers, each computing a part of a batch, together drop what one process drops.

    Attributes:
        part: size of the whole batch, and which of its samples the input has; None where it has all of them.
    """

    part: tuple[int, slice] | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Values (B, ...) of which random ones are 0 in training, and the others larger in proportion."""
        if self.part is None or not self.training or not 0 < self.p < 1:
            return super().forward(values)
        size, rows = self.part
        kept = values.new_empty(size, *values.shape[1:]).bernoulli_(1 - self.p)
        return values * (kept / (1 - self.p))[rows]


def set_part_of_batch(network: nn.Module, size: int, rows: slice) -> None:
    """Say to each dropout of a network which part of the next batch its input is."""
    for module in network.modules():
        if isinstance(module, BatchDropout):
            module.part = (size, rows)
