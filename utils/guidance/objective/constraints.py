"""Terms of the objective: constraints that a sample has to meet, and wishes that only attract it.

A `Term` is a quantity of `utils.biomechanics`, a statistic over time, a comparison and a weight.
`within`, `above`, `below` and `equals` are required: a sample that misses one is replaced by a new start. With `wish`,
and for `small`, a term only attracts. `utils.guidance.objective.constraint_grammar` reads terms.

A value is judged in three ways, from strict to lenient:
- `loss` draws it a little inside the bounds, so that what the optimisation converges on lies in them.
- `holds` is the final verdict, that of the simulation: inside the bounds, without a tolerance that nobody asked for.
- `met` is for what a surrogate predicts: inside the bounds and the quantity's tolerance, which covers its error.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from utils.biomechanics.context import Context
from utils.biomechanics.registry import Quantity, evaluate_quantity, find_quantity
from utils.biomechanics.statistics import AT_PEAK, context_of, outside, summarise

COMPARISONS = {"within": 2, "above": 1, "below": 1, "equals": 1, "small": 0}  # how many numbers each takes
# Loss of a value that lies one tolerance outside; with an activation's tolerance of 0.01 it equals the paper's MAC.
LOSS_OF_A_TOLERANCE = 0.01
# Of the history of a run; then follow the losses, in which those of the terms of a whole motion are one column.
HISTORY_COLUMNS = ("batch", "iteration", "active", "met", "objective", "proximity")
WHOLE_COLUMN = "whole"
_ROUNDING = 1e-4  # of a tolerance


@dataclass(frozen=True)
class Term:
    """One constraint or wish.

    Attributes:
        quantity: name of a quantity of `utils.biomechanics`.
        statistic: name of a statistic over time.
        comparison: a name in `COMPARISONS`.
        low: lower bound, in the quantity's unit; None leaves that side open.
        high: upper bound, likewise.
        weight: weight in the objective.
        argument: the muscle or coordinate that the quantity asks for.
        muscle: the muscle of the statistic `at_peak`.
        tolerance: how far outside the bounds still counts as met, in the quantity's unit; None for the quantity's own.
        wish: the term attracts, and a sample may miss it.
        scale: factor on the loss of `small`; converts it to the units (radians, frames) of the paper's weights.
        name: label; by default made from quantity and statistic.
        own: the bounds in terms of the person's own squats, `80%own` or `own-20`, lower before upper; `low` and `high`
            are empty until `utils.guidance.objective.own_bounds` has found their values.
        of_a_whole_motion: it is required of every motion without being asked for, see
            `utils.guidance.objective.whole_motion`.
    """

    quantity: str
    statistic: str
    comparison: str
    low: float | None = None
    high: float | None = None
    weight: float = 1.0
    argument: str | None = None
    muscle: str | None = None
    tolerance: float | None = None
    wish: bool = False
    scale: float = 1.0
    name: str = ""
    own: tuple[str, ...] = ()
    of_a_whole_motion: bool = False

    @property
    def required(self) -> bool:
        """Whether a sample has to meet it."""
        return not self.wish and self.comparison != "small"

    @property
    def definition(self) -> Quantity:
        """The quantity of the muscle or coordinate that the term names."""
        return find_quantity(self.quantity).of(self.argument)

    @property
    def depends_on_activation(self) -> bool:
        """Whether its value depends on muscle activations, and not on the kinematics alone."""
        return self.definition.predicted or self.statistic == AT_PEAK

    def narrowed(self, share: float) -> "Term":
        """The same term with its range narrowed by `share` of its width at both ends; unchanged if one-sided."""
        if self.comparison != "within" or self.low is None or self.high is None:
            return self
        margin = share * (self.high - self.low)
        return replace(self, low=self.low + margin, high=self.high - margin)

    @property
    def label(self) -> str:
        """Column title: the given name, or quantity and statistic."""
        return self.name or "_".join(filter(None, [self.argument or self.quantity, self.statistic, self.muscle]))

    @property
    def unit(self) -> str:
        """Unit of the value, as users read it."""
        unit = self.definition.unit
        return f"({unit})^2" if self.statistic == "mean_square" else unit

    @property
    def effective_tolerance(self) -> float:
        """The tolerance in force, in the quantity's unit."""
        return self.definition.tolerance if self.tolerance is None else self.tolerance

    @property
    def grace(self) -> float:
        """How far out of bounds a final verdict lets a value be, in the quantity's unit.

        The registered tolerance is for what is optimised. In the verdict only one that was asked for counts, and that
        of `equals`, which nothing meets without.
        """
        return self.effective_tolerance if self.tolerance is not None or self.comparison == "equals" else 0.0

    @property
    def bounds_text(self) -> str:
        """The comparison and its bounds in words."""
        if self.comparison == "small":
            return "small"
        bounds = [f"{bound:.4g}" for bound in (self.low, self.high) if bound is not None]
        own = " to ".join(bound.replace("%own", " % of own") for bound in self.own)
        joined = " to ".join(dict.fromkeys(bounds)) if self.comparison in ("within", "equals") else "".join(bounds)
        joined = f"{joined} ({own})" if own and joined else own or joined
        return joined if self.comparison == "within" else f"{self.comparison} {joined}"

    def value(self, context: Context) -> Tensor:
        """(B, C) the statistic of the quantity, in `unit`."""
        context = context_of(self.statistic, context)
        trace = evaluate_quantity(self.quantity, context, self.argument)
        return summarise(trace, self.statistic, context, self.muscle)

    def loss(self, value: Tensor) -> Tensor:
        """Loss (B,) of values (B, C), before the weight.

        `small`: the mean over channels, scaled. Otherwise the mean over channels of max(value - high, low - value, 0),
        with a tolerance counted as 0.01, so that a weight means the same for degrees, metres and activations. The
        bounds are drawn in by a tenth of the range or one tolerance, so that what converges on them lies inside.
        """
        if self.comparison == "small":
            return value.mean(-1) * self.scale
        self._require_values()
        low, high = self.low, self.high
        margin = self.effective_tolerance
        if low is not None and high is not None:
            margin = min(margin, 0.1 * (high - low))
        excess = outside(value, None if low is None else low + margin, None if high is None else high - margin)
        return excess.mean(-1) * (LOSS_OF_A_TOLERANCE / self.effective_tolerance)

    def violation(self, value: Tensor) -> Tensor:
        """(B,) by how many tolerances the worst channel of values (B, C) is out of bounds; 0 inside and for `small`."""
        if self.comparison == "small":
            return value.new_zeros(len(value))
        return self.excess(value).amax(-1) / self.effective_tolerance

    def excess(self, value: Tensor) -> Tensor:
        """(B, C) how far values (B, C) are out of bounds, in `unit`; 0 inside."""
        self._require_values()
        return outside(value, self.low, self.high)

    def _require_values(self) -> None:
        """Raise ValueError where bounds in terms of the own squats have no values yet; nothing would be outside."""
        if self.own and self.low is None and self.high is None:
            raise ValueError(f"{self.label}: the values of the own bounds are not known yet, see with_own_bounds")

    def holds(self, value: Tensor) -> Tensor:
        """(B,) bool, whether every channel of values (B, C) is within the bounds, as a final verdict says.

        Only `grace` counts, to within rounding. Always true for `small`.
        """
        if self.comparison == "small":
            return torch.ones(len(value), dtype=torch.bool, device=value.device)
        return self.excess(value).amax(-1) <= self.grace + _ROUNDING * self.effective_tolerance

    def met(self, value: Tensor) -> Tensor:
        """(B,) bool, every channel within the bounds and their tolerance; always true for `small`."""
        return self.violation(value) <= 1.0 + 1e-6


def loss_columns(terms: Sequence[Term]) -> list[str]:
    """The column of each term's loss in the history of a run: its label, with a number from the second of its kind on.

    The bounds are no part of it, since refinement narrows them.
    """
    labels = distinct([term.label for term in terms if not term.of_a_whole_motion], (*HISTORY_COLUMNS, WHOLE_COLUMN))
    others = iter(labels)
    return [WHOLE_COLUMN if term.of_a_whole_motion else next(others) for term in terms]


def distinct(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """The names, with a number where one is `taken` or stands further ahead too: `x`, `x (2)`, `x (3)`."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name} ({count})" if count > 1 else name for count in itertools.count(1))
        found.append(next(title for title in numbered if title not in (*taken, *found)))
    return found
