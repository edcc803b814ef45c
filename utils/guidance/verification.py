"""Check guided motions by static optimisation on the subject's own model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dataset.muscle_names import without_side
from models.conventions import FRAME_RATE_HZ
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.protocols import Simulator, Skeleton
from utils.biomechanics.context import activation_of
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import Term
from utils.simulation.lost_contact import Interval, lost_contact_s
from utils.simulation.saturation import RESERVE_NAMES, largest_reserve, reserve_rms_nm, saturated_muscles

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
        reserves_nm: (14,) RMS of the reserve moments, newton metres, in the order of `RESERVE_NAMES`.
        contact: (T, 2) contact of the right and the left foot with the floor, 0 to 1.
    """

    activations: Tensor
    residual_n: float
    right_foot_share: float
    reserves_nm: Tensor
    contact: Tensor


@torch.no_grad()
def simulate_motions(simulator: Simulator, motion: Tensor) -> list[SimulatedMotion]:
    """Simulate motions (S, T, 33), degrees and metres, canonical order, at 60 Hz, on the CPU in float64."""
    simulation = simulator(motion.detach().cpu().double(), FRAME_RATE_HZ)
    residual_n = simulation.residuals[:, _INNER, 3:].square().sum(-1).mean(-1).sqrt()
    vertical = simulation.ground_forces[:, _INNER, :, 1]
    share = vertical[..., 0].sum(-1) / vertical.sum((-2, -1))  # there may be frames without any force
    reserves = reserve_rms_nm(simulation.reserves[:, _INNER])
    return [
        SimulatedMotion(activations, float(residual), float(right), reserve, contact)
        for activations, residual, right, reserve, contact in zip(
            simulation.activations, residual_n, share, reserves, simulation.contact, strict=True
        )
    ]


@dataclass(frozen=True)
class Verification:
    """The simulations of S samples beside what the surrogate predicted for them.

    Attributes:
        activations: (S, T, 80) simulated muscle activations, 0 to 1.
        predicted: (S, 2) predicted peak activation of the configuration's muscle, left and right, without the first and
            last 0.2 s.
        simulated: (S, 2) its simulated peak activation.
        term_values: the value of each term, (S, C), with the simulated activations.
        residual_n: (S,) RMS of the pelvis residual force, newtons.
        right_foot_share: (S,) mean share of the vertical ground reaction force under the right foot.
        reserves_nm: (S, 14) RMS of the reserve moments, newton metres, in the order of `RESERVE_NAMES`; None in runs of
            earlier versions.
        contact: (S, T, 2) contact of the right and the left foot with the floor, 0 to 1; None in runs of earlier
            versions.
    """

    activations: Tensor
    predicted: Tensor
    simulated: Tensor
    term_values: tuple[Tensor, ...]
    residual_n: Tensor
    right_foot_share: Tensor
    reserves_nm: Tensor | None = None
    contact: Tensor | None = None

    @classmethod
    def of(
        cls,
        samples: Sequence[GuidedSample],
        simulations: Sequence[SimulatedMotion],
        terms: Sequence[Term],
        skeleton: Skeleton,
        muscle: str,
    ) -> "Verification":
        """The verification of samples by their simulations.

        Args:
            samples: guided samples, on the CPU.
            simulations: what the simulation finds of each.
            terms: what the samples were asked.
            skeleton: the subject's, on the CPU.
            muscle: the configuration's muscle.
        """
        activations = torch.stack([simulation.activations for simulation in simulations])
        motion = torch.stack([sample.motion for sample in samples]).double()
        context = guided_context(motion, activations=activations, skeleton=skeleton)
        predicted = torch.stack([sample.activations for sample in samples])
        both = without_side(muscle)
        return cls(
            activations=activations,
            predicted=activation_of(predicted[:, _INNER], both).amax(1).double(),
            simulated=activation_of(activations[:, _INNER], both).amax(1),
            term_values=tuple(term.value(context) for term in terms),
            residual_n=torch.tensor([simulation.residual_n for simulation in simulations]),
            right_foot_share=torch.tensor([simulation.right_foot_share for simulation in simulations]),
            reserves_nm=torch.stack([simulation.reserves_nm for simulation in simulations]),
            contact=torch.stack([simulation.contact for simulation in simulations]),
        )

    def saturated(self) -> list[dict[str, float]]:
        """For each sample the muscles that are fully active in simulation, see `saturated_muscles`."""
        return [saturated_muscles(activations[_INNER]) for activations in self.activations]

    def off_floor_s(self) -> list[dict[str, list[Interval]]]:
        """For each sample when each foot is off the floor, see `lost_contact_s`; empty if unknown."""
        if self.contact is None:
            return []
        times_s = np.arange(self.contact.shape[1])[_INNER] / FRAME_RATE_HZ
        return [lost_contact_s(contact[_INNER], times_s) for contact in self.contact]

    def largest_reserves(self) -> list[tuple[str, float]]:
        """For each sample the joint angle with the largest reserve, and its RMS in newton metres; empty if unknown."""
        if self.reserves_nm is None:
            return []
        return [largest_reserve(dict(zip(RESERVE_NAMES, row.tolist(), strict=True))) for row in self.reserves_nm]

    def violation(self, terms: Sequence[Term]) -> Tensor:
        """(S,) by how many tolerances the worst required term of activation is missed in simulation; 0 inside.

        Terms of the kinematics alone have the same value in simulation as before it, and are not counted.
        """
        missed = [
            term.violation(value)
            for term, value in zip(terms, self.term_values, strict=True)
            if term.required and term.depends_on_activation
        ]
        return torch.stack(missed).amax(0) if missed else torch.zeros(len(self.residual_n), dtype=torch.float64)

    def verdicts(self, terms: Sequence[Term]) -> list[str]:
        """For each sample `met`, `near` (peak activations within 0.05 of what is required) or `missed`, in simulation.

        Empty where no required term depends on activation.
        """
        if not any(term.required and term.depends_on_activation for term in terms):
            return []
        near = torch.stack(
            [
                term.excess(value).amax(-1)
                <= (NEAR if term.quantity == "activation" else term.effective_tolerance) + 1e-6
                for term, value in zip(terms, self.term_values, strict=True)
                if term.required and term.depends_on_activation
            ]
        ).all(0)
        return [
            "met" if violation == 0 else "near" if is_near else "missed"
            for violation, is_near in zip(self.violation(terms).tolist(), near.tolist(), strict=True)
        ]

    def take(self, indices: Sequence[int]) -> "Verification":
        """The verification of the samples at `indices`, in that order."""
        chosen = list(indices)
        values = {name: value[chosen] for name, value in vars(self).items() if isinstance(value, Tensor)}
        return Verification(**values, term_values=tuple(value[chosen] for value in self.term_values))


def select_by_simulation(
    samples: Sequence[GuidedSample],
    verification: Verification,
    terms: Sequence[Term],
    wanted: int,
    repeated: Sequence[bool] | None = None,
) -> list[int]:
    """Indices, ascending, of the `wanted` samples that violate the requirements least in simulation.

    Accepted samples come before the others, and those that are `repeated`, the same answer as another, come last.
    """
    violation = verification.violation(terms).tolist()
    last = repeated or [False] * len(samples)
    best = sorted(range(len(samples)), key=lambda j: (last[j], not samples[j].accepted, violation[j]))
    return sorted(best[:wanted])
