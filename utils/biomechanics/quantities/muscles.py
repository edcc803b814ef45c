"""Muscle activation."""

from torch import Tensor

from models.conventions import SIDES
from utils.biomechanics.context import Context
from utils.biomechanics.muscle_names import muscle_indices
from utils.biomechanics.registry import quantity


@quantity("activation", "0-1", 0.01, argument="muscle", channels=SIDES)
def activation(context: Context, muscle: str) -> tuple[Tensor, Tensor]:
    """Activation of a muscle: of both sides (activation:vasmed) or of one (activation:vasmed_l)."""
    return context.activations[..., muscle_indices(muscle)], context.activation_mask
