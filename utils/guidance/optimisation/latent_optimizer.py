"""Guidance: move a latent until its decoded motion meets a clinician's constraints and stays near real motion.

Latent inceptionism as in BIGE (Maheshwari et al. 2025, section 3.3): the decoder and the surrogate are frozen, Adam
changes the latent z of each sample. The objective of one sample is

    sum over terms  alpha * loss(comparison(statistic(quantity)))  +  beta * distance(z, nearest training latent)

with the terms of `utils.terms`. No operation mixes samples, so what one becomes does not depend on the others of its
batch. What a sample answers is not its last iterate but the best: of those inside the bounds of every required term,
the one with the least objective (wishes and proximity); while there is none, the one that missed by least. Tolerances
only serve to judge the answer.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from utils.biomechanics.context import Context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.latents.latent_updates import ElementwiseUpdate
from utils.guidance.objective.constraints import Term
from utils.guidance.optimisation.schedule import Schedule

TOLERANCE_OF_DISTANCE = 0.05
MOST_HOLD = 1e4  # bound on how far holding a required term can raise its weight


class Guidance:
    """The optimisation of a batch of latents, and what it takes."""

    def __init__(
        self,
        describe: Callable[[Tensor], Context],
        terms: Sequence[Term],
        proximity: Callable[[Tensor], tuple[Tensor, Tensor]],
        *,
        move: Callable[[Tensor], Tensor] | None = None,
        schedule: Schedule | None = None,
        lr: float = 0.5,
        beta: float = 0.01,
        furthest: float = math.inf,
        hold: float = 1.05,
        patience: int = 0,
    ):
        """Hold the frozen models and the terms.

        Args:
            describe: latents (B, L, D) -> the Context of their motions (B, T, 33), which the terms look at.
            proximity: latents -> (distance (B,), index (B,)).
            move: from what Adam changes to the displacement of z: `ElementwiseUpdate` (default) or `PCAUpdate`.
            lr: Adam's step, in the units of `move`, falling to a hundredth on a cosine after the ramp.
            beta: weight of the proximity.
            furthest: the greatest distance to a training latent that still counts as plausible; required, with a
                tolerance of 5 %.
            hold: factor on a required term's weight, a sample and an iteration, while it is missed; undone while it is
                met. Without it (1.0) the other terms can outweigh a required one for good.
            patience: a sample whose required terms are met is done after so many iterations without gaining 0.5 % on
                its best objective; 0: never before the schedule ends.
        """
        self.describe, self.terms, self.proximity = describe, list(terms), proximity
        self.move, self.schedule = move or ElementwiseUpdate(), schedule or Schedule()
        self.lr, self.beta, self.furthest, self.hold, self.patience = lr, beta, furthest, hold, patience
        self.interrupted = False

    def optimise(self, z: Tensor, report: Callable[[dict], None] | None = None) -> Tensor:
        """Best latents (B, L, D) from the starts z (B, L, D).

        report: called each iteration with {iteration, active, met, objective, proximity, <term label>: mean loss}; the
        losses are missing where only proximity acts, because then nothing is decoded. Ctrl-C ends the loop with the
        best so far and sets `interrupted`.
        """
        state = _State(z.detach(), self.move.start(z), len(self.terms) + 1)
        try:
            for iteration in range(self._first_move(z), self.schedule.iterations):
                row = self._iterate(state, iteration)
                if report:
                    report(row)
                if not len(state.active):
                    break
            if len(state.active):  # the last step has not been looked at
                with torch.no_grad():
                    last = state.origin[state.active] + self.move(state.variable[state.active])
                    values, losses = self._look(last)
                    self._keep_best(state, last, values, losses, self.proximity(last)[0])
        except KeyboardInterrupt:
            self.interrupted = True
        return state.best_z

    @torch.no_grad()
    def _first_move(self, z: Tensor) -> int:
        """The first iteration that can move anything: on training latents, proximity alone leaves all where it is."""
        if self.proximity(z)[0].any():
            return 0
        return next((i for i in range(self.schedule.iterations) if self.schedule.at(i)[0]), 0)

    @torch.no_grad()
    def answer(self, z: Tensor, starts: Sequence[int]) -> list[GuidedSample]:
        """What the latents z (B, L, D) of the starts so numbered are: their motions, and each term's value."""
        context = self.describe(z)
        values = [term.value(context) for term in self.terms]
        distance, nearest = self.proximity(z)
        violation = self.violation(values, distance)
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
            )
            for j, start in enumerate(starts)
        ]

    def _look(self, z: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Each term's values (B, C) and losses (B,)."""
        context = self.describe(z)
        values = [term.value(context) for term in self.terms]
        return values, [term.loss(value) for term, value in zip(self.terms, values, strict=True)]

    def violation(self, values: list[Tensor], distance: Tensor) -> Tensor:
        """(B,) by how many tolerances the worst of what is required is missed, of each term's values (B, C) and the
        distance (B,) to the training latents; 0 inside.
        """
        far = (distance.detach() / self.furthest - 1).clamp_min(0) / TOLERANCE_OF_DISTANCE
        pairs = zip(self.terms, values, strict=True)
        missed = [term.violation(value.detach()) for term, value in pairs if term.required]
        return torch.stack([far, *missed]).amax(0).double()

    def _iterate(self, state: "_State", iteration: int) -> dict:
        """One step of every active sample; the row for `report`."""
        required, others = self.schedule.at(iteration)
        if required and not state.constrained:
            state.forget()
        variable = state.variable[state.active].requires_grad_()
        z = state.origin[state.active] + self.move(variable)
        distance, _ = self.proximity(z)
        objective = self.beta * distance
        too_far = self.beta * (distance - self.furthest).clamp_min(0)
        row = {"iteration": iteration, "active": len(z)}
        if required or others:
            values, losses = self._look(z)
            multiplier = state.multiplier[state.active]
            for k, term in enumerate(self.terms):
                share = required * multiplier[:, k] if term.required else others
                objective = objective + share * term.weight * losses[k]
                row[term.label] = float(losses[k].detach().mean())
            objective = objective + required * (multiplier[:, -1] - 1) * too_far
            self._keep_best(state, z, values, losses, distance)
            missed = torch.stack([loss.detach() for loss in (*losses, too_far)], 1) > 0
            factor = torch.where(missed, self.hold, 1 / self.hold)
            state.multiplier[state.active] = (multiplier * factor).clamp(1.0, MOST_HOLD)
        row |= {"objective": float(objective.detach().mean()), "proximity": float(distance.detach().mean())}
        gradient = torch.autograd.grad(objective.sum(), variable)[0].nan_to_num()
        state.step(gradient, self.lr * self._step_share(iteration))
        if required == 1.0 and self.patience:
            state.retire(self.patience)
        return row | {"met": int(state.met.sum())}

    def _step_share(self, iteration: int) -> float:
        """Share of the learning rate: 1 until the ramp is over, then down to 0.01 on a cosine."""
        full = self.schedule.iterations * (self.schedule.first + self.schedule.ramp)
        passed = max(0.0, (iteration - full) / max(1.0, self.schedule.iterations - full))
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * passed))

    def _keep_best(
        self, state: "_State", z: Tensor, values: list[Tensor], losses: list[Tensor], distance: Tensor
    ) -> None:
        """Remember each active sample's iterate if none before was better."""
        violation = self.violation(values, distance)
        score = (self.beta * distance.detach()).double()
        for term, loss in zip(self.terms, losses, strict=True):
            if not term.required:
                score = score + term.weight * loss.detach().double()
        state.keep(z.detach(), score, violation)


class _State:
    """Where each sample of a batch is; Adam (Kingma & Ba 2015) by hand, because samples leave the batch one by one."""

    def __init__(self, z: Tensor, variable: Tensor, terms: int):
        count = len(z)
        self.origin, self.best_z, self.variable = z, z.clone(), variable
        self.active = torch.arange(count, device=z.device)
        self.constrained = False  # the constraints have begun to act
        self.moment, self.square = torch.zeros_like(variable), torch.zeros_like(variable)
        self.steps = 0
        self.multiplier = z.new_ones(count, terms)
        self.score = torch.full((count,), torch.inf, dtype=torch.float64)
        self.violation = torch.full((count,), torch.inf, dtype=torch.float64)
        self.reference = self.score.clone()  # the score that patience counts from
        self.stale = torch.zeros(count, dtype=torch.long)

    @property
    def met(self) -> Tensor:
        """(B,) bool, whose best iterate meets every required term, without using its tolerance."""
        return self.violation <= 0

    def forget(self) -> None:
        """Begin Adam anew where the constraints begin: moments of proximity's small gradient would overshoot."""
        self.constrained, self.steps = True, 0
        self.moment.zero_()
        self.square.zero_()

    def step(self, gradient: Tensor, lr: float, decay=(0.9, 0.999), tiny: float = 1e-8) -> None:
        """Adam's step of the active samples."""
        self.steps += 1
        active = self.active
        self.moment[active] = decay[0] * self.moment[active] + (1 - decay[0]) * gradient
        self.square[active] = decay[1] * self.square[active] + (1 - decay[1]) * gradient.square()
        mean = self.moment[active] / (1 - decay[0] ** self.steps)
        spread = (self.square[active] / (1 - decay[1] ** self.steps)).sqrt()
        self.variable[active] -= lr * mean / (spread + tiny)

    def keep(self, z: Tensor, score: Tensor, violation: Tensor) -> None:
        """Take over the active iterates z that are the best so far: that meet what is required, then by score."""
        score, violation = score.cpu(), violation.cpu()
        active = self.active.cpu()
        met, met_before = violation <= 0, self.met[active]
        less = torch.where(met, score < self.score[active], violation < self.violation[active])
        better = (met & ~met_before) | ((met == met_before) & less)
        chosen = active[better]
        self.score[chosen], self.violation[chosen] = score[better], violation[better]
        self.best_z[chosen] = z[better.to(z.device)]
        gained = self.met[active] & (self.score[active] < 0.995 * self.reference[active])
        self.reference[active[gained]] = self.score[active[gained]]
        self.stale[active] = torch.where(gained | ~self.met[active], 0, self.stale[active] + 1)

    def retire(self, patience: int) -> None:
        """Let the samples go whose best meets what is required and has not gained for `patience` iterations."""
        active = self.active.cpu()
        self.active = self.active[(~(self.met[active] & (self.stale[active] >= patience))).to(self.active.device)]
