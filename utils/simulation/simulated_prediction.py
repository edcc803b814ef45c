"""What a simulation finds of activations and forces, in the form in which a surrogate predicts them."""

from collections.abc import Sequence

import torch
from scipy.constants import g as GRAVITY_M_S2

from models.conventions import SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.static_optimization import Simulation
from models.surrogate.prediction import MusclePrediction

_LEAST_WEIGHT = 1e-3  # of body weight; below it no foot carries a share, as in a jump


def simulated_prediction(simulation: Simulation, coordinate_names: Sequence[str], weight_n: float) -> MusclePrediction:
    """The activations, forces and centres of pressure of a simulation, for the quantities of a `Context`.

    Args:
        simulation: of S motions.
        coordinate_names: the simulator's, in the order of `simulation.moments`.
        weight_n: body weight, newtons.
    """
    vertical = simulation.ground_forces[..., 1].flip(-1)  # right, left -> left, right
    share = vertical / vertical.sum(-1, keepdim=True).clamp(min=_LEAST_WEIGHT * weight_n)
    rows = [list(coordinate_names).index(f"{name}_{side}") for side in SIDES for name in LEG_COORDINATES]
    moments = simulation.moments[..., torch.tensor(rows)].unflatten(-1, (len(SIDES), len(LEG_COORDINATES)))
    centres = simulation.centres_of_pressure.flip(-2)
    return MusclePrediction(simulation.activations, share, moments * (GRAVITY_M_S2 / weight_n), centres)
