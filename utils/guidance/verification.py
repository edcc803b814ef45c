"""Check guided motions by static optimisation on the subject's own model."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.protocols import Simulator
from utils.biomechanics.muscle_names import muscle_indices
from utils.guidance.guided_sample import GuidedSample

NEAR = 0.05  # of activation: how far outside the range a simulated peak still counts as near it
_ENDS = round(FILTER_MARGIN_S * FRAME_RATE_HZ)
_INNER = slice(_ENDS, -_ENDS)


@dataclass(frozen=True)
class SimulatedMotion:
    """What the simulation finds of one motion.

    Attributes:
        activations: (T, 80) muscle activations, 0 to 1, float64.
        residual_n: RMS of the pelvis residual force in newtons: what gravity and the ground reaction do not explain.
        right_foot_share: mean share of the vertical ground reaction force under the right foot.
    """

    activations: Tensor
    residual_n: float
    right_foot_share: float


@torch.no_grad()
def simulate_motions(simulator: Simulator, motion: Tensor) -> list[SimulatedMotion]:
    """Simulate motions (S, T, 33), degrees and metres, canonical order, at 60 Hz, on the CPU in float64."""
    simulation = simulator(motion.detach().cpu().double(), FRAME_RATE_HZ)
    residual_n = simulation.residuals[:, _INNER, 3:].square().sum(-1).mean(-1).sqrt()
    vertical = simulation.ground_forces[:, _INNER, :, 1]
    share = (vertical[..., 0] / vertical.sum(-1)).mean(-1)
    return [
        SimulatedMotion(activations, float(residual), float(right))
        for activations, residual, right in zip(simulation.activations, residual_n, share, strict=True)
    ]


@dataclass(frozen=True)
class Verification:
    """The simulations of S samples beside what the surrogate predicted for them.

    Attributes:
        activations: (S, T, 80) simulated muscle activations, 0 to 1.
        predicted: (S, 2) predicted peak activation of the constrained muscle, left and right, without the first and
            last 0.2 s.
        simulated: (S, 2) its simulated peak activation.
        residual_n: (S,) RMS of the pelvis residual force, newtons.
        right_foot_share: (S,) mean share of the vertical ground reaction force under the right foot.
    """

    activations: Tensor
    predicted: Tensor
    simulated: Tensor
    residual_n: Tensor
    right_foot_share: Tensor

    @classmethod
    def of(cls, samples: Sequence[GuidedSample], simulations: Sequence[SimulatedMotion], muscle: str) -> "Verification":
        """The verification of samples by their simulations; `muscle` is named without its side."""
        activations = torch.stack([simulation.activations for simulation in simulations])
        predicted = torch.stack([sample.activations for sample in samples]).cpu()
        sides = muscle_indices(muscle)
        return cls(
            activations=activations,
            predicted=predicted[:, _INNER][..., sides].amax(1).double(),
            simulated=activations[:, _INNER][..., sides].amax(1),
            residual_n=torch.tensor([simulation.residual_n for simulation in simulations]),
            right_foot_share=torch.tensor([simulation.right_foot_share for simulation in simulations]),
        )

    def violation(self, low: float, high: float) -> Tensor:
        """(S,) by how much the worse side's simulated peak lies outside the range; 0 inside."""
        return torch.maximum(self.simulated - high, low - self.simulated).clamp(min=0).amax(1)

    def take(self, indices: Sequence[int]) -> "Verification":
        """The verification of the samples at `indices`, in that order."""
        chosen = list(indices)
        return Verification(**{name: value[chosen] for name, value in vars(self).items()})


def select_by_simulation(
    samples: Sequence[GuidedSample], verification: Verification, low: float, high: float, wanted: int
) -> list[int]:
    """Indices, ascending, of the `wanted` samples whose simulated peaks lie nearest to the range.

    Accepted samples come before the others.
    """
    violation = verification.violation(low, high).tolist()
    best = sorted(range(len(samples)), key=lambda j: (not samples[j].accepted, violation[j]))
    return sorted(best[:wanted])
