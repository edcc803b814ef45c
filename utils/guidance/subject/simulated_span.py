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
        frames: their number, the same in all motions; 0 for no span.
    """

    first: Tensor
    frames: int


class SimulatedSpan:
    """Simulates a span of each motion, and asks a surrogate for the rest; an implementation of `Surrogate`.

    The surrogate's answer is corrected by what it missed of the motions that have been simulated. Otherwise a peak that
    is too low in simulation would not be raised where the surrogate sees a higher one outside the span.
    """

    longest_frames: int | None = None

    def __init__(
        self, simulate: Simulate, surrogate: Surrogate, span: Span, motion: Tensor, found: MusclePrediction
    ) -> None:
        """Simulate `span` of motions that are near those of a batch that has been simulated as a whole.

        Args:
            simulate: motions (B, W, 33), degrees and metres, at 60 Hz -> what the simulation finds, differentiable.
            surrogate: of the same subject.
            span: of each motion.
            motion: (B, T, 33), what has been simulated as a whole.
            found: what the simulation found of it.
        """
        self.simulate, self.surrogate, self.span = simulate, surrogate, span
        with torch.no_grad():
            predicted = surrogate(motion, torch.ones(motion.shape[:2], dtype=torch.bool, device=motion.device))
            self._missed = MusclePrediction(*map(_difference, found, predicted))  # type: ignore[arg-type]

    def __call__(
        self, motion: Tensor, mask: Tensor | None = None, extra: dict[str, Tensor] | None = None
    ) -> MusclePrediction:
        """The `MusclePrediction` of motions (B, T, 33); see `models.protocols.Surrogate`."""
        first, frames = self.span
        if frames == motion.shape[1]:
            return self.simulate(motion).map(lambda part: part.to(motion))
        predicted = self.surrogate(motion, mask, extra)
        corrected = MusclePrediction(*map(_sum, predicted, self._missed))  # type: ignore[arg-type]
        if not frames:
            return corrected
        batch = torch.arange(len(motion), device=motion.device)[:, None]
        rows = first.to(motion.device)[:, None] + torch.arange(frames, device=motion.device)
        simulated = self.simulate(motion[batch, rows])
        inner = rows[:, FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES]

        def joined(known: Tensor | None, found: Tensor | None) -> Tensor | None:
            if known is None or found is None:
                return known
            return known.index_put((batch, inner), found[:, FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES].to(known))

        return MusclePrediction(*map(joined, corrected, simulated))  # type: ignore[arg-type]


# Activations, the first part of a prediction, are always known.
def _difference(found: Tensor | None, predicted: Tensor | None) -> Tensor | None:
    return None if found is None or predicted is None else (found.to(predicted) - predicted).nan_to_num(0.0)


def _sum(predicted: Tensor | None, missed: Tensor | None) -> Tensor | None:
    return predicted if predicted is None or missed is None else predicted + missed


def missed_span(terms: Sequence[Term], context: Context) -> Span:
    """The span that the missed requirements on activations and forces look at; no frames where none of them is missed.

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
        return Span(torch.zeros_like(low), 0)
    middle = (low + high + 1)[is_missed] // 2
    low = torch.where(is_missed, low, middle[0])
    high = torch.where(is_missed, high, middle[0])
    wanted = min(int((high - low).max()) + 1 + 2 * (_AROUND + FILTER_MARGIN_FRAMES), frames)
    return Span(((low + high + 1 - wanted) // 2).clamp(0, frames - wanted), wanted)
