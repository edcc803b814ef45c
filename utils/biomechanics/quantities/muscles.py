"""Muscle activation."""

from torch import Tensor

from models.conventions import SIDES
from utils.biomechanics.context import Context
from utils.biomechanics.registry import quantity


@quantity(
    "activation", "0-1", 0.01, argument="muscle", channels=SIDES, limits=(0, 1), usual=(0.05, 0.9), predicted=True
)
def activation(context: Context, muscle: str) -> tuple[Tensor, Tensor]:
    """Activation of a muscle: of both sides (activation:vasmed) or of one (activation:vasmed_l).

    A group, such as quadriceps, is as active as the most active of its muscles.
    """
    return context.activation(muscle), context.activation_mask
