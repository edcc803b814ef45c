"""What a surrogate answers about a motion."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class MusclePrediction(NamedTuple):
    """What a surrogate answers about S motions of T frames; legs in the order left, right.

    Attributes:
        activations: (S, T, 80), 0 to 1, in the order of MUSCLES.
        load_share: (S, T, 2) fraction of the vertical ground reaction force under each foot; None where the surrogate
            does not know it.
        moments: (S, T, 2, 7) net joint moments on LEG_COORDINATES over body mass, Nm/kg; None likewise.
        centres_of_pressure: (S, T, 2, 3) of the feet, metres, ground frame; None likewise.
    """

    activations: Tensor
    load_share: Tensor | None = None
    moments: Tensor | None = None
    centres_of_pressure: Tensor | None = None

    def map(self, function: Callable[[Tensor], Tensor]) -> "MusclePrediction":
        """The answer with a function applied to each part that is known."""
        activations, *others = self
        return MusclePrediction(function(activations), *(None if part is None else function(part) for part in others))
