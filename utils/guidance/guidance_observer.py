"""What a guidance run tells while it goes on."""

from collections.abc import Sequence

from dataset.sessions import Session
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import Term
from utils.guidance.optimisation.latent_optimizer import Row
from utils.guidance.optimisation.recalled_optimizer import OptimisationMemory


class GuidanceObserver:
    """An observer that ignores everything; `RunWriter` writes it to a run folder."""

    @property
    def memory(self) -> OptimisationMemory | None:
        """The batches that the run has finished before it was interrupted; asked for after `on_start`."""
        return None

    def on_start(self, session: Session, terms: Sequence[Term]) -> None:
        """Called once, when all input has been read and found valid, before the first iteration."""

    def on_iteration(self, row: Row) -> None:
        """Called after each iteration, with a row of `GuidanceResult.history`."""

    def on_accepted(self, samples: Sequence[GuidedSample]) -> None:
        """Called with all samples that have been accepted so far, whenever there are more; on the CPU.

        The result holds at most as many as were asked for, in another order.
        """
