"""A surrogate that is the simulation itself where it matters: in the frames that a missed requirement looks at.

The simulation is differentiable, but it takes a millisecond or two a frame. A peak, or a value at the bottom, is that
of few frames, and what is found in them depends on few others: the filters reach 0.2 s to both sides.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from models.protocols import Surrogate
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import context_of, frames_of
from utils.guidance.objective.constraints import Term

_AROUND = 8  # frames by which a peak may move before it leaves the span

Simulate = Callable[[Tensor], MusclePrediction]


class Span(NamedTuple):
    """Consecutive frames of each of B motions.

    Attributes:
        first: (B,) the first frame.
        frames: their number, the same in all motions.
    """

    first: Tensor
    frames: int


class SimulatedSpan:
    """Simulates a span of each motion, and asks a surrogate for the rest; an implementation of `Surrogate`."""

    longest_frames: int | None = None

    def __init__(self, simulate: Simulate, surrogate: Surrogate, span: Span) -> None:
        """Simulate `span` of the motions of a batch.

        Args:
            simulate: motions (B, W, 33), degrees and metres, at 60 Hz -> what the simulation finds, differentiable.
            surrogate: of the same subject.
            span: of each motion.
        """
        self.simulate, self.surrogate, self.span = simulate, surrogate, span

    def __call__(
        self, motion: Tensor, mask: Tensor | None = None, extra: dict[str, Tensor] | None = None
    ) -> MusclePrediction:
        """The `MusclePrediction` of motions (B, T, 33); see `models.protocols.Surrogate`."""
        first, frames = self.span
        if frames == motion.shape[1]:
            return self.simulate(motion).map(lambda part: part.to(motion))
        batch = torch.arange(len(motion), device=motion.device)[:, None]
        rows = first.to(motion.device)[:, None] + torch.arange(frames, device=motion.device)
        simulated = self.simulate(motion[batch, rows])
        inner = rows[:, FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES]

        def joined(known: Tensor | None, found: Tensor | None) -> Tensor | None:
            if known is None or found is None:
                return known
            return known.index_put((batch, inner), found[:, FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES].to(known))

        predicted = self.surrogate(motion, mask, extra)
        return MusclePrediction(*map(joined, predicted, simulated))  # type: ignore[arg-type]  # activations are known


def missed_span(terms: Sequence[Term], context: Context) -> Span | None:
    """The span that the missed requirements on activations and forces look at; None where none of them is missed.

    Args:
        terms: what is asked.
        context: B motions with what the simulation finds of them.
    """
    count, frames = context.motion.shape[:2]
    low, high = torch.full((count,), frames), torch.full((count,), -1)
    for term in terms:
        if not (term.required and term.depends_on_activation):
            continue
        where = context_of(term.statistic, context)
        trace = evaluate_quantity(term.quantity, where, term.argument)
        missed = ~term.holds(term.value(context)).cpu()
        at = frames_of(trace, term.statistic, where, term.muscle)
        first = torch.zeros(count, 1).long() if at is None else at.cpu()
        last = torch.full((count, 1), frames - 1) if at is None else first
        low = torch.where(missed, torch.minimum(low, first.amin(1)), low)
        high = torch.where(missed, torch.maximum(high, last.amax(1)), high)
    is_missed = high >= 0
    if not bool(is_missed.any()):
        return None
    middle = (low + high + 1)[is_missed] // 2
    low = torch.where(is_missed, low, middle[0])
    high = torch.where(is_missed, high, middle[0])
    wanted = min(int((high - low).max()) + 1 + 2 * (_AROUND + FILTER_MARGIN_FRAMES), frames)
    return Span(((low + high + 1 - wanted) // 2).clamp(0, frames - wanted), wanted)
