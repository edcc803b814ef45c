"""Guide again with what the simulation found: the surrogate's error on a motion is taken out of its neighbourhood.

A surrogate is off by a few hundredths of activation, and by much the same on a motion and on its neighbours. So each
motion is simulated on the person's own model, the difference corrects the surrogate frame by frame and muscle by
muscle, and guidance goes on from there; then it is simulated again. This is a defect correction (Stetter 1978): what it
arrives at is judged by the simulation alone, the surrogate only gives the direction.
"""

import logging
from collections.abc import Callable, Sequence
from copy import copy

import torch
from torch import Tensor

from utils.guidance.guided_sample import GuidedSample
from utils.guidance.optimisation.latent_optimizer import Guidance
from utils.guidance.optimisation.schedule import Schedule

logger = logging.getLogger("bige")

ITERATIONS = 150  # of guidance, a round
_STEP = 0.5  # of the first guidance's learning rate: the motion is to stay where the correction holds
_MARGIN = 0.2  # of a range at both its ends: what is aimed at the edge is found beyond it as often as inside
_LEAST = 0.01  # an activation nearer to 0 or 1 is taken as this near


def log_odds(activations: Tensor) -> Tensor:
    """ln(a / (1 - a)) of activations, where a correction of one can never leave 0 to 1."""
    return torch.logit(activations, eps=_LEAST)


def corrected(surrogate: Callable[..., Tensor], correction: Tensor) -> Callable[..., Tensor]:
    """A surrogate that answers with `correction` (B, T, 80), in log odds, added to what `surrogate` says of a batch."""
    return lambda *inputs: torch.sigmoid(log_odds(surrogate(*inputs)) + correction)


def refine(
    samples: Sequence[GuidedSample],
    guidance: Guidance,
    models,
    simulate: Callable[[Tensor], Tensor],
    rounds: int,
    report: Callable[[dict], None] | None = None,
) -> list[GuidedSample]:
    """The samples, guided on until the simulation finds in them what is required, for at most `rounds` rounds.

    Args:
        guidance: what made the samples. models: utils.guidance_models.FrozenModels.
        simulate: motions (S, T, 33) -> activations (S, T, 80).
        report: as in `Guidance.optimise`, with the number of the `batch`, from 0.

    Returns:
        for each sample the version that the simulation likes best, in the same order. Its `activations` and `values`
        are those of the corrected surrogate.
    """
    if not samples:
        return []
    best, current = list(samples), list(samples)
    least = [float("inf")] * len(samples)
    going = list(range(len(samples)))
    for number in range(rounds + 1):
        motion = torch.stack([current[i].motion for i in going])
        simulated = simulate(motion).to(motion)
        missed = _violation(guidance, models, [current[i] for i in going], simulated)
        for i, miss in zip(going, missed, strict=True):
            if miss < least[i]:
                best[i], least[i] = current[i], miss
        logger.info("%d of %d motions meet what is required when simulated", sum(m <= 0 for m in least), len(samples))
        left = [k for k, miss in enumerate(missed) if miss > 0]
        if number == rounds or not left or guidance.interrupted:
            break
        going, motion, simulated = [going[k] for k in left], motion[left], simulated[left]
        with torch.no_grad():
            correction = log_odds(simulated) - log_odds(models.describe_motion(motion).activations)
        again = copy(guidance)
        again.describe = lambda z, correction=correction: models.describe(z, correction)
        again.schedule, again.patience = Schedule(ITERATIONS, first=0, ramp=0), 0
        again.lr = _STEP * guidance.lr
        aiming = copy(again)
        aiming.terms = [term.aimed_inside(_MARGIN) for term in guidance.terms]
        z = aiming.optimise(
            torch.stack([current[i].z for i in going]),
            (lambda row, number=number: report({"batch": number} | row)) if report else None,
        )
        for i, sample in zip(going, again.answer(z, [samples[i].start for i in going]), strict=True):
            current[i] = sample
        guidance.interrupted = aiming.interrupted
    return best


@torch.no_grad()
def _violation(guidance: Guidance, models, samples: Sequence[GuidedSample], simulated: Tensor) -> list[float]:
    """By how many tolerances each sample misses the worst of what is required, by its simulated activations."""
    context = models.describe_motion(torch.stack([sample.motion for sample in samples]), activations=simulated)
    distance = torch.tensor([sample.proximity for sample in samples]).to(simulated)
    return guidance.violation([term.value(context) for term in guidance.terms], distance).tolist()
