"""The objective of guidance: weighted terms of the decoded motion plus proximity to the training latents."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from utils.biomechanics.context import Context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.proximity import CodebookProximity, Proximity

DISTANCE_TOLERANCE = 0.05  # share by which the greatest distance to a training latent may be exceeded


@dataclass(frozen=True)
class Objective:
    """What is minimised for each sample, and what a sample has to meet (BIGE, Maheshwari et al. 2025, section 3.3).

    The objective of one sample is

        sum over terms  weight * loss(comparison(statistic(quantity)))  +  beta * distance(z, nearest training latent)

    and, where guidance starts from the subject's own squats, own_weight times the squared change of z from its start
    in place of the distance.

    No operation mixes samples, so a result does not depend on the other samples of its batch.

    Attributes:
        describe: latents (B, L, D) -> `Context` of their decoded motions (B, T, 33), which the terms evaluate.
        terms: constraints and wishes.
        proximity: latents (B, L, D) -> (distance (B,), index (B,) of the nearest training latent).
        beta: weight of the proximity.
        max_distance: greatest distance to a training latent that counts as plausible; required of every sample.
        change: displacements of latents (B, L, D) -> their squared size (B,); None where guidance does not start from
            the subject's own squats.
        own_weight: weight of that change.
    """

    describe: Callable[[Tensor], Context]
    terms: Sequence[Term]
    proximity: Proximity | CodebookProximity
    beta: float
    max_distance: float = math.inf
    change: Callable[[Tensor], Tensor] | None = None
    own_weight: float = 0.0

    def attraction(self, z: Tensor, initial: Tensor, distance: Tensor) -> Tensor:
        """(B,) what draws latents z (B, L, D) to their initial ones, or to the training latents, at `distance` (B,)."""
        return self.beta * distance if self.change is None else self.own_weight * self.change(z - initial)

    def term_values(self, z: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """For latents (B, L, D), each term's values (B, C) and losses (B,)."""
        context = self.describe(z)
        values = [term.value(context) for term in self.terms]
        return values, [term.loss(value) for term, value in zip(self.terms, values, strict=True)]

    def violation(self, values: Sequence[Tensor], distance: Tensor) -> Tensor:
        """By how many tolerances the worst requirement is missed, (B,) float64; 0 where all are met.

        Args:
            values: each term's values (B, C).
            distance: (B,) distance to the nearest training latent.
        """
        excess = self.implausibility(distance)
        pairs = zip(self.terms, values, strict=True)
        missed = [term.violation(value.detach()) for term, value in pairs if term.required]
        return torch.stack([excess, *missed]).amax(0).double()

    def implausibility(self, distance: Tensor) -> Tensor:
        """(B,) by how many tolerances a distance (B,) to the nearest training latent exceeds the greatest."""
        return (distance.detach() / self.max_distance - 1).clamp_min(0) / DISTANCE_TOLERANCE

    def score(self, losses: Sequence[Tensor], attraction: Tensor) -> Tensor:
        """(B,) float64, the objective without its required terms: what is compared among iterates that meet those."""
        score = attraction.detach().double()
        for term, loss in zip(self.terms, losses, strict=True):
            if not term.required:
                score = score + term.weight * loss.detach().double()
        return score

    @torch.no_grad()
    def evaluate(self, z: Tensor, starts: Sequence[int]) -> list[GuidedSample]:
        """The samples that latents z (B, L, D) decode to; `starts` are the numbers of their initial latents."""
        context = self.describe(z)
        values = [term.value(context) for term in self.terms]
        distance, nearest = self.proximity(z)
        violation, implausibility = self.violation(values, distance), self.implausibility(distance)
        return [
            GuidedSample(
                start=start,
                z=z[j],
                motion=context.motion[j],
                activations=context.activations[j],
                values=tuple(value[j] for value in values),
                met=tuple(bool(term.met(value)[j]) for term, value in zip(self.terms, values, strict=True)),
                violation=float(violation[j]),
                proximity=float(distance[j]),
                nearest=int(nearest[j]),
                implausibility=float(implausibility[j]),
            )
            for j, start in enumerate(starts)
        ]
