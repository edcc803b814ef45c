"""Continue guidance with the gradients of the simulation itself, until the simulation meets what is required.

A surrogate's error is a few hundredths of activation, which decides where a range is narrow. Each motion is simulated
on the subject's own model. Where it misses a requirement, a few iterations follow in which the frames that the
requirement looks at are simulated and differentiated (`simulated_span`), and the result is simulated again.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from models.protocols import Surrogate
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.missing_forces import missing_forces
from utils.guidance.objective.own_bounds import without_own_form
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer, Row
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.optimisation.search import numbered
from utils.guidance.subject.simulated_span import Simulate, SimulatedSpan, missed_span
from utils.guidance.verification import SimulatedMotion, missed_requirements, prediction_of

logger = logging.getLogger("bige")

ITERATIONS = 6  # of a round
_LR_FACTOR = 0.5  # of the first guidance's learning rate: the motion is to stay close to what has been simulated
_HOPELESS = 5.0  # tolerances by which the surrogate itself misses what a few iterations will not bring about
_STALLED = 2  # rounds in which a violation falls by less than `_LEAST_GAIN`, after which a motion is not continued
_LEAST_GAIN = 0.2
_MARGIN = 0.2  # of a range at both its ends: what is optimised to the very edge is simulated outside as often as inside


OnRound = Callable[[list[GuidedSample], list[SimulatedMotion]], None]


class DescribesMotions(Protocol):
    """What refinement needs of the frozen networks; `FrozenModels` provides it."""

    @property
    def surrogate(self) -> Surrogate:
        """The subject's surrogate."""

    def describe(self, z: Tensor, surrogate: Surrogate | None = None) -> Context:
        """The `Context` of the motions that latents (B, L, D) decode to, with another surrogate where one is given."""

    def describe_motion(self, motion: Tensor, *, prediction: MusclePrediction) -> Context:
        """The `Context` of motions (B, T, 33) with activations and forces that are known."""


def refine(
    samples: Sequence[GuidedSample],
    optimizer: LatentOptimizer,
    models: DescribesMotions,
    *,
    judge: Callable[[Tensor], list[SimulatedMotion]],
    simulate: Simulate,
    rounds: int,
    on_iteration: Callable[[Row], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_round: OnRound | None = None,
) -> tuple[list[GuidedSample], list[SimulatedMotion]]:
    """Continue guidance until the simulation finds what is required, for at most `rounds` rounds.

    Every version of a motion is judged once. Motions that already the surrogate misses by far, and those that only
    need forces that nothing gives, are not continued.

    Args:
        samples: guided samples.
        optimizer: the optimisation that made them.
        models: the networks and the subject.
        judge: motions (S, T, 33) -> what the simulation finds of each.
        simulate: the same simulation of parts of motions, differentiable; see `SimulatedSpan`.
        rounds: most rounds; with 0 the samples are only judged.
        on_iteration: as in `LatentOptimizer.optimise`, with the number of the round as `batch`, from 0.
        should_stop: as in `LatentOptimizer.optimise`.
        on_round: called after each simulation with what would be returned if it were the last.

    Returns:
        For each sample, in the same order, the version with the smallest violation in simulation, and its simulation.
        The values of a refined sample are the surrogate's, as before.
    """
    pending = versions = [_Versions(sample, sample, sample) for sample in samples]
    for number in range(rounds + 1):
        found = judge(torch.stack([one.latest.motion for one in pending]))
        latest = [one.latest for one in pending]
        violations = _violations(optimizer, _context(latest, found, models), latest)
        forces = missing_forces(torch.stack([simulation.unexplained for simulation in found])).tolist()
        for one, violation, missing, simulation in zip(pending, violations, forces, found, strict=True):
            one.compare(number, max(violation, missing), simulation)
        if on_round:
            on_round(*_best_of(versions))
        met, after = sum(one.lowest <= 0 for one in versions), f"refinement round {number}: " if number else ""
        logger.info("%s%d of %d motions meet the requirements in simulation", after, met, len(samples))
        left = [
            (one, simulation)
            for one, violation, simulation in zip(pending, violations, found, strict=True)
            if violation > 0 and one.first.violation <= _HOPELESS and number - one.improved < _STALLED
        ]
        if number == rounds or not left or should_stop():
            break
        pending = [one for one, _ in left]
        context = _context([one.latest for one in pending], [simulation for _, simulation in left], models)
        z = _continued(optimizer, models, context, simulate).optimise(
            torch.stack([one.latest.z for one in pending]), numbered(on_iteration, number), should_stop
        )
        refined = optimizer.objective.evaluate(z, [one.first.start for one in pending])
        for one, sample in zip(pending, refined, strict=True):
            one.latest = sample
    return _best_of(versions)


@dataclass
class _Versions:
    """A sample in refinement.

    Attributes:
        first: as it was found, with the surrogate.
        latest: the version that is simulated next.
        best: the version with the smallest violation in simulation.
        simulation: what the simulation finds of `best`; None before the first one.
        lowest: violation of `best`.
        improved: the last round that brought the sample nearer to its requirements.
    """

    first: GuidedSample
    latest: GuidedSample
    best: GuidedSample
    simulation: SimulatedMotion | None = None
    lowest: float = math.inf
    improved: int = 0

    def compare(self, number: int, violation: float, simulation: SimulatedMotion) -> None:
        """Keep the latest version where it is the best so far, by what the simulation of round `number` finds of it."""
        if violation < (1 - _LEAST_GAIN) * self.lowest:
            self.improved = number
        if self.simulation is None or violation < self.lowest:  # the first one in any case, also where that is NaN
            self.best, self.lowest, self.simulation = self.latest, min(self.lowest, violation), simulation


def _best_of(versions: Sequence[_Versions]) -> tuple[list[GuidedSample], list[SimulatedMotion]]:
    """The best version of each sample, and its simulation."""
    return [one.best for one in versions], [one.simulation for one in versions if one.simulation is not None]


def _continued(
    optimizer: LatentOptimizer, models: DescribesMotions, context: Context, simulate: Simulate
) -> LatentOptimizer:
    """The optimisation of a round, of the motions of a context with what the simulation finds of them.

    It keeps them near what has been simulated, and does not draw them back to the own squats.
    """
    objective = optimizer.objective
    span = missed_span(objective.terms, context)
    surrogate = SimulatedSpan(simulate, models.surrogate, span, context.motion, context.prediction)
    return replace(
        optimizer,
        objective=replace(
            objective,
            describe=partial(models.describe, surrogate=surrogate),
            terms=[term.narrowed(_MARGIN) for term in without_own_form(objective.terms)],
        ),
        schedule=Schedule(ITERATIONS, first=0, ramp=0),
        lr=_LR_FACTOR * optimizer.lr,
        patience=0,
        brief=0,
    )


@torch.no_grad()
def _context(
    samples: Sequence[GuidedSample], simulations: Sequence[SimulatedMotion], models: DescribesMotions
) -> Context:
    """The `Context` of samples with what the simulation finds of them."""
    motion = torch.stack([sample.motion for sample in samples])
    return models.describe_motion(motion, prediction=prediction_of(simulations).map(lambda part: part.to(motion)))


@torch.no_grad()
def _violations(optimizer: LatentOptimizer, context: Context, samples: Sequence[GuidedSample]) -> list[float]:
    """Each sample's violation of the requirements in simulation; 0 where all hold."""
    terms = optimizer.objective.terms
    missed = missed_requirements(terms, [term.value(context) for term in terms])
    return torch.maximum(missed, missed.new_tensor([sample.implausibility for sample in samples])).tolist()
