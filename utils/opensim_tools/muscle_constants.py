"""Constants that make muscles with rigid tendons and without pennation those of the simulation, on average of a motion.

OpenSim's static optimisation (4.6) takes tendons as rigid at their slack length and applies the whole force of the
fibres. In the simulation tendons stretch, and pennate fibres pull with the cosine of their pennation.
"""

import torch
from torch import Tensor

from models.conventions import COORDINATES, MUSCLES
from models.filters import derivative_matrices
from models.muscles.moment_arms import velocities
from models.muscles.static_optimization import ActivationSimulator, Simulation

_PASSES = 30  # of the fixed point of fibres and tendon


def muscle_constants(
    simulator: ActivationSimulator, simulation: Simulation, rate_hz: float, inside: Tensor
) -> dict[str, tuple[float, float]]:
    """Length of the stretched tendon, metres, and cosine of the pennation angle of each muscle, by its name.

    They are means over the motion, weighted by squared activation.

    Args:
        simulator: that made the simulation.
        simulation: its tensors are (T, ...).
        rate_hz: its frame rate.
        inside: (T,) bool, the frames that count.
    """
    columns = [simulator.coordinate_names.index(name) for name in COORDINATES]
    coordinates = simulation.coordinates[:, columns]
    speeds = derivative_matrices(len(coordinates), rate_hz)[0] @ coordinates
    with torch.no_grad():
        lengths, arms = simulator.paths(coordinates / simulator.coordinate_map.scale[columns, 0])
        speed = velocities(arms, speeds)
        muscles, activations = simulator.muscles, simulation.activations
        tendon = muscles.equilibrium_tendon(activations, lengths, speed, passes=_PASSES)
        cosine = muscles.fibres(lengths, speed, tendon).cos_pennation
    weights = activations[inside].square().clamp(min=1e-6)
    weights = weights / weights.sum(0)
    means = ((weights * values[inside]).sum(0).tolist() for values in (tendon, cosine))
    return dict(zip(MUSCLES, zip(*means, strict=True), strict=True))
