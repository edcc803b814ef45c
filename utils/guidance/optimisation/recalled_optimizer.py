"""An optimisation whose finished batches are remembered, so that an interrupted run goes on behind them.

A run is a fixed sequence of optimisations of batches, each of which follows from those before. Nearly all of its time
is spent in them. What a batch has led to is handed to a memory, and a batch that the memory knows is not optimised
again; everything around it is computed anew, so that a run that goes on finds the same motions as one that was not
interrupted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from utils.guidance.optimisation.latent_optimizer import LatentOptimizer, Row


class OptimisationMemory(Protocol):
    """The finished batches of a run, in their order."""

    def recall(self, initial: Tensor) -> tuple[Tensor, list[Row]] | None:
        """What the next batch has led to: its latents (B, L, D) and a row for each iteration; None where not known.

        Args:
            initial: the initial latents of the batch, (B, L, D).
        """

    def remember(self, initial: Tensor, latents: Tensor, rows: Sequence[Row]) -> None:
        """Keep what a batch has led to.

        Args:
            initial: its initial latents, (B, L, D).
            latents: its latents, (B, L, D).
            rows: a row for each iteration.
        """


@dataclass(frozen=True)
class RecalledOptimizer(LatentOptimizer):
    """A `LatentOptimizer` that asks a memory first.

    Attributes:
        memory: the finished batches; None for none.
    """

    memory: OptimisationMemory | None = field(default=None, kw_only=True)

    def optimise(
        self,
        z: Tensor,
        on_iteration: Callable[[Row], None] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Tensor:
        """As `LatentOptimizer.optimise`; the rows of a batch that is known are repeated."""
        if self.memory is None:
            return super().optimise(z, on_iteration, should_stop)
        known = self.memory.recall(z)
        rows: list[Row] = []

        def on_row(row: Row) -> None:
            rows.append(row)
            if on_iteration:
                on_iteration(row)

        if known is not None:
            latents, finished = known
            for row in finished:
                on_row(row)
            return latents.to(z)
        found = super().optimise(z, on_row, should_stop)
        if not should_stop():  # otherwise it may have been cut short
            self.memory.remember(z, found, rows)
        return found
