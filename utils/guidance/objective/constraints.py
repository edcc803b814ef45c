"""What guidance asks of a motion, term by term.

A `Term` is a quantity of `utils.quantities`, a statistic over time, a comparison and a weight. It is read from one line

    QUANTITY[:NAME]:STATISTIC[:MUSCLE]:COMPARISON[:NUMBER[:NUMBER]][:weight=W][:tolerance=X][:name=TEXT][:wish]

    activation:vasmed:max:within:0.35:0.45      knee_flexion:max:above:90
    pelvis_tilt:at_peak:vasmed:within:-35:-17:wish          foot_slip:mean:small:weight=2

`within`, `above`, `below` and `equals` are required: a sample that misses one is started afresh. With `wish`, and for
`small`, a term only pulls.
"""

from dataclasses import dataclass, replace

from torch import Tensor

from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate, find_quantity
from utils.biomechanics.statistics import outside, summarise

COMPARISONS = {"within": 2, "above": 1, "below": 1, "equals": 1, "small": 0}  # how many numbers each takes
VALUE_OF_A_TOLERANCE = 0.01  # what one tolerance outside counts in a loss: activations then count as published


@dataclass(frozen=True)
class Term:
    """One constraint or wish: a quantity, a statistic over time, a comparison and a weight.

    low, high: the bounds asked, in the quantity's unit; None leaves a side open. tolerance: how far outside still
    counts as met, in that unit. wish: the term pulls, but a sample may miss it. scale: multiplies the loss of `small`,
    so that the published weights see the units they were published for.
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

    @property
    def required(self) -> bool:
        """Whether a sample has to meet it."""
        return not self.wish and self.comparison != "small"

    def aimed_inside(self, share: float) -> "Term":
        """The same, its range narrowed by `share` of its width at both ends; a one-sided term stays as it is."""
        if self.comparison != "within":
            return self
        margin = share * (self.high - self.low)
        return replace(self, low=self.low + margin, high=self.high - margin)

    @property
    def label(self) -> str:
        """A column's title: the given name, or quantity and statistic."""
        return self.name or "_".join(filter(None, [self.argument or self.quantity, self.statistic, self.muscle]))

    @property
    def unit(self) -> str:
        """Unit of the value, as a person reads it."""
        unit = find_quantity(self.quantity).unit
        return f"({unit})^2" if self.statistic == "mean_square" else unit

    @property
    def allowed(self) -> float:
        """The tolerance in force."""
        return find_quantity(self.quantity).tolerance if self.tolerance is None else self.tolerance

    @property
    def asked(self) -> str:
        """What is asked, in words."""
        if self.comparison == "small":
            return "small"
        if self.comparison == "within":
            return f"{self.low:g} to {self.high:g}"
        return f"{self.comparison} {self.low if self.low is not None else self.high:g}"

    def value(self, context: Context) -> Tensor:
        """(B, C) the statistic of the quantity, in `unit`."""
        trace = evaluate(self.quantity, context, self.argument)
        return summarise(trace, self.statistic, context, self.muscle)

    def loss(self, value: Tensor) -> Tensor:
        """(B,) what the objective sees of (B, C) values, before the weight.

        `small`: the mean over channels, scaled. Otherwise the mean over channels of max(value - high, low - value, 0),
        counted in tolerances of 0.01 each, so that a weight means the same for degrees, metres and activations. The
        bounds are drawn in by a tenth of the range or one tolerance, so that what converges on them lies inside.
        """
        if self.comparison == "small":
            return value.mean(-1) * self.scale
        low, high = self.low, self.high
        margin = self.allowed
        if low is not None and high is not None:
            margin = min(margin, 0.1 * (high - low))
        return outside(value, None if low is None else low + margin, None if high is None else high - margin).mean(
            -1
        ) * (VALUE_OF_A_TOLERANCE / self.allowed)

    def violation(self, value: Tensor) -> Tensor:
        """(B,) by how many tolerances the worst channel is outside what was asked; 0 inside, and for `small`."""
        if self.comparison == "small":
            return value.new_zeros(len(value))
        return outside(value, self.low, self.high).amax(-1) / self.allowed

    def met(self, value: Tensor) -> Tensor:
        """(B,) bool, every channel within what was asked and its tolerance; `small` is always met."""
        return self.violation(value) <= 1.0 + 1e-6
