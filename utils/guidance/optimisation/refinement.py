"""Correct the surrogate locally by its residual against the simulation, and continue guidance.

A surrogate's error is a few hundredths of activation, and nearly the same for a motion and its neighbours. So each
motion is simulated on the subject's own model, the residual corrects the surrogate frame by frame and muscle by muscle,
guidance continues from there, and the result is simulated again. This is a defect correction (Stetter 1978): the
simulation alone judges the result, the surrogate only provides the gradient.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import torch
from torch import Tensor

from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer, Row
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.optimisation.search import numbered
from utils.guidance.subject.surrogate_correction import log_odds
from utils.guidance.verification import SimulatedMotion, missed_requirements, missing_forces, prediction_of

logger = logging.getLogger("bige")

ITERATIONS, BRIEF = 150, 40  # of a round, and of its first attempt
_LR_FACTOR = 0.5  # of the first guidance's learning rate: the motion is to stay where the correction holds
_HOPELESS = 5.0  # tolerances by which the surrogate itself misses what no correction of it will bring about
_MARGIN = 0.2  # of a range at both its ends: what is optimised to the very edge is simulated outside as often as inside


OnRound = Callable[[list[GuidedSample], list[SimulatedMotion]], None]


class DescribesMotions(Protocol):
    """What refinement needs of the frozen networks; `FrozenModels` provides it."""

    def describe(self, z: Tensor, correction: Tensor | None = None) -> Context:
        """The `Context` of the motions that latents (B, L, D) decode to, with corrected activations."""

    def describe_motion(self, motion: Tensor, **options: Any) -> Context:
        """The `Context` of motions (B, T, 33)."""


def refine(
    samples: Sequence[GuidedSample],
    optimizer: LatentOptimizer,
    models: DescribesMotions,
    simulate: Callable[[Tensor], list[SimulatedMotion]],
    rounds: int,
    on_iteration: Callable[[Row], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_round: OnRound | None = None,
) -> tuple[list[GuidedSample], list[SimulatedMotion]]:
    """Continue guidance until the simulation finds what is required, for at most `rounds` rounds.

    Every version of a motion is simulated once. Motions that already the surrogate misses by far, and those that only
    need forces that nothing gives, are not continued.

    Args:
        samples: guided samples.
        optimizer: the optimisation that made them.
        models: the networks and the subject.
        simulate: motions (S, T, 33) -> what the simulation finds of each.
        rounds: most rounds; with 0 the samples are only simulated.
        on_iteration: as in `LatentOptimizer.optimise`, with the number of the round as `batch`, from 0.
        should_stop: as in `LatentOptimizer.optimise`.
        on_round: called after each simulation with what would be returned if it were the last.

    Returns:
        For each sample, in the same order, the version with the smallest violation in simulation, and its simulation.
        A refined sample's `activations` and `values` are those of the corrected surrogate.
    """
    best, current = list(samples), list(samples)
    simulations: list[SimulatedMotion | None] = [None] * len(samples)
    lowest = [float("inf")] * len(samples)
    pending = list(range(len(samples)))
    for number in range(rounds + 1):
        motion = torch.stack([current[i].motion for i in pending])
        found = simulate(motion)
        simulated = torch.stack([one.activations for one in found]).to(motion)
        violations = _violations(optimizer, models, [current[i] for i in pending], found)
        forces = missing_forces(torch.stack([one.unexplained for one in found])).tolist()
        for i, violation, missing, simulation in zip(pending, violations, forces, found, strict=True):
            if max(violation, missing) < lowest[i]:
                best[i], lowest[i], simulations[i] = current[i], max(violation, missing), simulation
        if on_round:
            on_round(best, [simulation for simulation in simulations if simulation is not None])
        logger.info("%d of %d motions meet the requirements in simulation", sum(v <= 0 for v in lowest), len(samples))
        left = [
            k
            for k, (i, violation) in enumerate(zip(pending, violations, strict=True))
            if violation > 0 and samples[i].violation <= _HOPELESS
        ]
        if number == rounds or not left or should_stop():
            break
        pending, motion, simulated = [pending[k] for k in left], motion[left], simulated[left]
        with torch.no_grad():
            correction = log_odds(simulated) - log_odds(models.describe_motion(motion).activations)
        objective = replace(optimizer.objective, describe=models.describe, correction=correction)
        inner = replace(objective, terms=[term.narrowed(_MARGIN) for term in objective.terms])
        continued = replace(
            optimizer,
            objective=inner,
            schedule=Schedule(ITERATIONS, first=0, ramp=0),
            lr=_LR_FACTOR * optimizer.lr,
            patience=0,
            brief=BRIEF,
        )
        z = continued.optimise(
            torch.stack([current[i].z for i in pending]),
            numbered(on_iteration, number),
            should_stop,
        )
        for i, sample in zip(pending, objective.evaluate(z, [samples[i].start for i in pending]), strict=True):
            current[i] = sample
    return best, [simulation for simulation in simulations if simulation is not None]


@torch.no_grad()
def _violations(
    optimizer: LatentOptimizer,
    models: DescribesMotions,
    samples: Sequence[GuidedSample],
    simulations: Sequence[SimulatedMotion],
) -> list[float]:
    """Each sample's violation of the requirements in simulation; 0 where all hold."""
    motion = torch.stack([sample.motion for sample in samples])
    found = prediction_of(simulations)
    context = models.describe_motion(
        motion, prediction=MusclePrediction(*(part.to(motion) for part in found if part is not None))
    )
    missed = missed_requirements(optimizer.objective.terms, [term.value(context) for term in optimizer.objective.terms])
    return torch.maximum(missed, missed.new_tensor([sample.implausibility for sample in samples])).tolist()
