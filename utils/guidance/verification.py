"""The verdict on guided motions: static optimisation on the subject's own model.

A motion is accepted where every requirement holds in the simulation: the muscles, sides and forces that were asked for
as the simulation finds them, the kinematics on the model's own geometry, and no forces that nothing gives. What the
surrogate predicted is kept beside it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ, without_side
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from models.muscles.static_optimization import ActivationSimulator, Simulation
from models.protocols import Skeleton
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context, activation_of
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.missing_forces import missing_forces, missing_of, missing_sentences, most_reserves
from utils.guidance.objective.constraints import Term
from utils.simulation.lost_contact import Interval, lost_contact_s
from utils.simulation.saturation import RESERVE_NAMES, largest_reserve, reserve_rms_nm, saturated_muscles
from utils.simulation.simulated_prediction import simulated_prediction
from utils.simulation.unexplained_forces import lasting_reserves

logger = logging.getLogger("bige")

NEAR = 0.05  # of activation: how far outside the range a simulated peak still counts as near it
_INNER = slice(FILTER_MARGIN_FRAMES, -FILTER_MARGIN_FRAMES)


@dataclass(frozen=True)
class SimulatedMotion:
    """What the simulation finds of one motion.

    Attributes:
        activations: (T, 80) muscle activations, 0 to 1, float64.
        load_share: (T, 2) fraction of the vertical ground reaction force under the left and the right foot.
        moments: (T, 2, 7) net joint moments of the left and the right leg on LEG_COORDINATES, Nm/kg.
        centres_of_pressure: (T, 2, 3) of the left and the right foot, metres, ground frame.
        residual_n: RMS of the pelvis residual force in newtons: what gravity and the ground reaction do not explain.
        right_foot_share: share of the vertical ground reaction force under the right foot, mean over the repetition, as
            `load_share_r:mean` has it.
        reserves_nm: (14,) RMS of the reserve moments, newton metres, in the order of `RESERVE_NAMES`.
        foot_contact: (T, 2) contact of the left and the right foot with the floor, 0 to 1.
        unexplained: (5,) the largest forces that nothing gives, see `missing_of`.
        reserves_bw_m: (14,) the largest reserve of each joint, see `lasting_reserves`.
    """

    activations: Tensor
    load_share: Tensor
    moments: Tensor
    centres_of_pressure: Tensor
    residual_n: float
    right_foot_share: float
    reserves_nm: Tensor
    foot_contact: Tensor
    unexplained: Tensor
    reserves_bw_m: Tensor


@torch.no_grad()
def simulate_motions(
    simulator: ActivationSimulator, motion: Tensor, own: Sequence[SimulatedMotion] | None = None
) -> list[SimulatedMotion]:
    """Simulate motions in float64; results on the CPU.

    Args:
        simulator: the simulation on the subject's own model.
        motion: (S, T, 33), degrees and metres, canonical order, at 60 Hz.
        own: what the simulation finds of the own squats; what muscles lack in these is no reason to refuse a motion.
    """
    found_there = simulator(motion.detach().to(simulator.device, torch.float64), FRAME_RATE_HZ)
    simulation = Simulation(**{name: value.cpu() for name, value in vars(found_there).items()})
    if unsolved := int((~simulation.converged.bool()).sum()):
        logger.warning("static optimisation did not converge in %d frames of %d motions", unsolved, len(motion))
    found = simulated_prediction(simulation, simulator.coordinate_names, simulator.weight_n)
    assert found.load_share is not None
    assert found.moments is not None
    assert found.centres_of_pressure is not None
    residual_n = simulation.residuals[:, _INNER, 3:].square().sum(-1).mean(-1).sqrt()
    share = summarise(
        evaluate_quantity("load_share_r", guided_context(motion.detach().cpu(), prediction=found)), "mean"
    )
    reserves = reserve_rms_nm(simulation.reserves[:, _INNER])
    most = most_reserves(torch.stack([one.reserves_bw_m for one in own]) if own else None)
    unexplained = missing_of(simulation, simulator.weight_n, _INNER, most)
    by_joint = lasting_reserves(simulation, simulator.weight_n, _INNER)
    return [
        SimulatedMotion(
            activations=found.activations[j],
            load_share=found.load_share[j],
            moments=found.moments[j],
            centres_of_pressure=found.centres_of_pressure[j],
            residual_n=float(residual_n[j]),
            right_foot_share=float(share[j]),
            reserves_nm=reserves[j],
            foot_contact=simulation.contact[j].flip(-1),  # right, left -> left, right
            unexplained=unexplained[j],
            reserves_bw_m=by_joint[j],
        )
        for j in range(len(motion))
    ]


def prediction_of(simulations: Sequence[SimulatedMotion]) -> MusclePrediction:
    """What the simulation finds of S motions, in the form of a surrogate's answer."""
    return MusclePrediction(
        torch.stack([one.activations for one in simulations]),
        torch.stack([one.load_share for one in simulations]),
        torch.stack([one.moments for one in simulations]),
        torch.stack([one.centres_of_pressure for one in simulations]),
    )


@dataclass(frozen=True)
class Verification:
    """The simulations of S samples beside what the surrogate predicted for them.

    Attributes:
        activations: (S, T, 80) simulated muscle activations, 0 to 1.
        predicted: (S, 2) predicted peak activation of the configuration's muscle, left and right, without the first and
            last 0.2 s.
        simulated: (S, 2) its simulated peak activation.
        term_values: the value of each term, (S, C), with what the simulation finds.
        residual_n: (S,) RMS of the pelvis residual force, newtons.
        right_foot_share: (S,) share of the vertical ground reaction force under the right foot, mean over the
            repetition.
        reserves_nm: (S, 14) RMS of the reserve moments, newton metres, in the order of `RESERVE_NAMES`; None in runs of
            earlier versions.
        foot_contact: (S, T, 2) contact of the left and the right foot with the floor, 0 to 1; None in runs of earlier
            versions.
        unexplained: (S, 5) the largest forces that nothing gives, see `missing_of`; None, or (S, 4), likewise.
        predicted_values: the value of each term, (S, C), as the surrogate predicted it; empty in runs of earlier
            versions, whose samples hold these.
    """

    activations: Tensor
    predicted: Tensor
    simulated: Tensor
    term_values: tuple[Tensor, ...]
    residual_n: Tensor
    right_foot_share: Tensor
    reserves_nm: Tensor | None = None
    foot_contact: Tensor | None = None
    unexplained: Tensor | None = None
    predicted_values: tuple[Tensor, ...] = ()

    @classmethod
    def of(
        cls,
        samples: Sequence[GuidedSample],
        simulations: Sequence[SimulatedMotion],
        terms: Sequence[Term],
        skeleton: Skeleton,
        muscle: str,
        own: Context | None = None,
    ) -> "Verification":
        """The verification of samples by their simulations.

        Args:
            samples: guided samples, on the CPU, with the surrogate's values.
            simulations: what the simulation finds of each.
            terms: what the samples were asked.
            skeleton: the subject's, on the CPU.
            muscle: the configuration's muscle.
            own: the subject's own repetitions, for the terms that compare with them.
        """
        found = prediction_of(simulations)
        motion = torch.stack([sample.motion for sample in samples]).double()
        context = guided_context(motion, prediction=found, skeleton=skeleton, own=own)
        predicted = torch.stack([sample.activations for sample in samples])
        both = without_side(muscle)
        return cls(
            activations=found.activations,
            predicted=activation_of(predicted[:, _INNER], both).amax(1).double(),
            simulated=activation_of(found.activations[:, _INNER], both).amax(1),
            term_values=tuple(term.value(context) for term in terms),
            residual_n=torch.tensor([simulation.residual_n for simulation in simulations]),
            right_foot_share=torch.tensor([simulation.right_foot_share for simulation in simulations]),
            reserves_nm=torch.stack([simulation.reserves_nm for simulation in simulations]),
            foot_contact=torch.stack([simulation.foot_contact for simulation in simulations]),
            unexplained=torch.stack([simulation.unexplained for simulation in simulations]),
            predicted_values=tuple(torch.stack([sample.values[k] for sample in samples]) for k in range(len(terms))),
        )

    def saturated(self) -> list[dict[str, float]]:
        """For each sample the muscles that are fully active in simulation, see `saturated_muscles`."""
        return [saturated_muscles(activations[_INNER]) for activations in self.activations]

    def off_floor_s(self) -> list[dict[str, list[Interval]]]:
        """For each sample when each foot is off the floor, see `lost_contact_s`; empty if unknown."""
        if self.foot_contact is None:
            return []
        times_s = np.arange(self.foot_contact.shape[1])[_INNER] / FRAME_RATE_HZ
        return [lost_contact_s(contact[_INNER], times_s) for contact in self.foot_contact]

    def largest_reserves(self) -> list[tuple[str, float]]:
        """For each sample the joint angle with the largest reserve, and its RMS in newton metres; empty if unknown."""
        if self.reserves_nm is None:
            return []
        return [largest_reserve(dict(zip(RESERVE_NAMES, row.tolist(), strict=True))) for row in self.reserves_nm]

    def unexplained_sentences(self) -> list[str]:
        """For each sample the forces that it needs and nothing gives; empty where there are none, or none are known."""
        if self.unexplained is None:
            return [""] * len(self.residual_n)
        return missing_sentences(self.unexplained)

    def violation(self, terms: Sequence[Term]) -> Tensor:
        """(S,) by how much the worst requirement is missed in simulation, forces that nothing gives among them.

        0 where all hold, and above 1 elsewhere; see `missed_requirements` and `missing_forces`.
        """
        missed = missed_requirements(terms, self.term_values)
        return missed if self.unexplained is None else torch.maximum(missed, missing_forces(self.unexplained))

    def verdicts(self, terms: Sequence[Term]) -> list[str]:
        """For each sample `met`, `near` or `missed` in simulation.

        Near is what misses nothing but activations, and these by at most 0.05.
        """
        near = torch.ones(len(self.residual_n), dtype=torch.bool)
        for term, value in zip(terms, self.term_values, strict=True):
            if term.required:
                is_near = term.holds(value)
                if term.quantity == "activation":
                    is_near |= term.excess(value).amax(-1) <= NEAR + 1e-6
                near &= is_near
        near &= torch.tensor([not sentence for sentence in self.unexplained_sentences()], dtype=torch.bool)
        return [
            "met" if violation == 0 else "near" if is_near else "missed"
            for violation, is_near in zip(self.violation(terms).tolist(), near.tolist(), strict=True)
        ]

    def take(self, indices: Sequence[int]) -> "Verification":
        """The verification of the samples at `indices`, in that order."""
        chosen = list(indices)
        values = {name: value[chosen] for name, value in vars(self).items() if isinstance(value, Tensor)}
        return Verification(
            **values,
            term_values=tuple(value[chosen] for value in self.term_values),
            predicted_values=tuple(value[chosen] for value in self.predicted_values),
        )


def missed_requirements(terms: Sequence[Term], values: Sequence[Tensor]) -> Tensor:
    """(S,) float64, 1 and the tolerances by which the worst requirement is missed; 0 where all hold.

    With the 1, `GuidedSample.accepted`, which allows a violation of one tolerance, is the verdict, which allows none.

    Args:
        terms: what is asked.
        values: of each term, (S, C).
    """
    worst = torch.zeros(len(values[0]), dtype=torch.float64)
    for term, value in zip(terms, values, strict=True):
        if term.required:
            missed = torch.where(term.holds(value), 0.0, 1.0 + term.violation(value).double()).cpu()
            worst = torch.maximum(worst, missed)
    return worst


def judged_by_simulation(
    samples: Sequence[GuidedSample], verification: Verification, terms: Sequence[Term]
) -> list[GuidedSample]:
    """The samples with the values that the simulation finds, and accepted only where all requirements hold in it.

    A sample that is implausibly far from the training data stays so.
    """
    violations = verification.violation(terms).tolist()
    return [
        replace(
            sample,
            values=tuple(value[j].to(sample.values[k].dtype) for k, value in enumerate(verification.term_values)),
            met=tuple(
                bool(term.holds(value[j : j + 1])[0])
                for term, value in zip(terms, verification.term_values, strict=True)
            ),
            violation=max(violations[j], sample.implausibility),
        )
        for j, sample in enumerate(samples)
    ]


def select_best(samples: Sequence[GuidedSample], wanted: int, repeated: Sequence[bool] = ()) -> list[int]:
    """Indices, ascending, of the `wanted` samples that violate the requirements least.

    Those that are `repeated`, the same answer as another, come last.
    """
    last = repeated or [False] * len(samples)
    best = sorted(range(len(samples)), key=lambda j: (last[j], samples[j].violation))
    return sorted(best[:wanted])
