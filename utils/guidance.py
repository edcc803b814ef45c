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
from dataclasses import dataclass

import torch
from torch import Tensor

from utils.quantities import Context
from utils.terms import Term

TOLERANCE_OF_DISTANCE = 0.05
MOST_HOLD = 1e4  # bound on how far holding a required term can raise its weight


class Proximity:
    """Distance from latents to the nearest of many: the arg-min by one matrix product, the value exactly."""

    def __init__(self, latents: Tensor, candidates: int = 8):
        """Keep the latents to be near to.

        Args:
            latents: (N, L, D) training latents.
            candidates: how many of the matrix product's best are compared exactly, as it rounds.
        """
        self.latents = latents.flatten(1).float()
        self.centre = self.latents.mean(0)
        self.centred = self.latents - self.centre  # shorter vectors: less is lost in |z|^2 - 2 z.e + |e|^2
        self.square = self.centred.square().sum(1)
        self.candidates = min(candidates, len(latents))

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Distance (B,) to the nearest latent, differentiable, and its index (B,), for z (B, L, D)."""
        flat = z.flatten(1)
        with torch.no_grad():
            ahead = self.square - 2 * (flat - self.centre) @ self.centred.T  # (B, N), up to |z|^2
            best = ahead.topk(self.candidates, dim=1, largest=False).indices.sort(dim=1).values
            exact = torch.linalg.vector_norm(flat.unsqueeze(1) - self.latents[best], dim=2)
            index = best.gather(1, exact.argmin(1, keepdim=True)).squeeze(1)
        return torch.linalg.vector_norm(flat - self.latents[index], dim=1), index


class CodebookProximity:
    """Distance from latents to their own codes, where a checkpoint comes without its training latents."""

    def __init__(self, quantize: Callable[[Tensor], Tensor]):
        self.quantize = quantize

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Distance (B,) from z (B, L, D) to the same with each frame replaced by its code; index -1."""
        codes = self.quantize(z.detach())
        return torch.linalg.vector_norm((z - codes).flatten(1), dim=1), z.new_full((len(z),), -1, dtype=torch.long)


@dataclass(frozen=True)
class Schedule:
    """When what acts, in fractions of the iterations: the published 500, 500 and 500 of 3000.

    First proximity alone, then the constraints are ramped in linearly, then all, and at last proximity alone. In that
    last part the required terms keep acting, so that what comes nearer to real motion still meets them, unless
    `release` is set, as published.
    """

    iterations: int = 3000
    first: float = 1 / 6
    ramp: float = 1 / 6
    last: float = 1 / 6
    release: bool = False

    def at(self, iteration: int) -> tuple[float, float]:
        """Weights of (required terms, the other terms), each 0 to 1, at an iteration."""
        start, full = self.iterations * self.first, self.iterations * (self.first + self.ramp)
        if iteration < start:
            return 0.0, 0.0
        if iteration >= self.iterations * (1 - self.last):
            return (0.0, 0.0) if self.release else (1.0, 0.0)
        share = 1.0 if iteration >= full else (iteration - start + 1) / (full - start + 1)
        return share, share


class Anywhere:
    """The published move: every element of z goes its own way."""

    def start(self, z: Tensor) -> Tensor:
        """The variable (B, L, D) that moves nothing."""
        return torch.zeros_like(z)

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of z, (B, L, D)."""
        return variable


class PrincipalMoves:
    """Moves along the ways in which the training latents differ from one another, each as far as they do.

    Adam steps every element alike, and in a latent of thousands of elements that finds spikes of a few frames that fool
    a surrogate. The principal axes of whole training latents are changes that real motions show, over all of their
    time. A unit is a tenth of the latents' spread along each axis, whatever the scale of a checkpoint's latents.
    """

    def __init__(self, latents: Tensor, share: float = 0.999):
        """Take the axes that hold `share` of the variance of latents (N, L, D)."""
        self.shape = latents.shape[1:]
        centred = (latents - latents.mean(0)).flatten(1).double()
        variance, vectors = torch.linalg.eigh(centred @ centred.T)  # N x N: there are fewer windows than elements
        order = variance.argsort(descending=True)
        kept = order[: int((variance[order].cumsum(0) < share * variance.sum()).sum()) + 1]
        self.axes = (0.1 * vectors[:, kept].T @ centred / len(latents) ** 0.5).float()  # (K, L * D)

    def start(self, z: Tensor) -> Tensor:
        """The variable (B, K) that moves nothing."""
        return z.new_zeros(len(z), len(self.axes))

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of z, (B, L, D)."""
        return (variable @ self.axes).unflatten(1, self.shape)


@dataclass(frozen=True)
class Sample:
    """One guided motion: what it is, and what it was asked and does."""

    start: int  # number of its start, from 0
    z: Tensor  # (L, D) latent
    motion: Tensor  # (T, 33) degrees and metres, as decoded
    activations: Tensor  # (T, 80)
    values: tuple[Tensor, ...]  # of each term, (C,), in its unit
    met: tuple[bool, ...]  # of each term, within its tolerance
    violation: float  # by how many tolerances the worst required term is missed; 0 inside
    proximity: float  # distance of z to the nearest training latent
    nearest: int  # index of that latent

    @property
    def accepted(self) -> bool:
        """Whether it meets every required term."""
        return self.violation <= 1.0 + 1e-6


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
            move: from what Adam changes to the displacement of z: `Anywhere` (default) or `PrincipalMoves`.
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
        self.move, self.schedule = move or Anywhere(), schedule or Schedule()
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
    def answer(self, z: Tensor, starts: Sequence[int]) -> list[Sample]:
        """What the latents z (B, L, D) of the starts so numbered are: their motions, and each term's value."""
        context = self.describe(z)
        values = [term.value(context) for term in self.terms]
        distance, nearest = self.proximity(z)
        violation = self.violation(values, distance)
        return [
            Sample(
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


class Starts:
    """Where optimisation starts: start j is the same whatever batch it is in."""

    def __init__(self, latents: Tensor, seed: int, noise: float = 0.0):
        """Draw from the training latents without repeating one before all were used.

        Args:
            latents: (N, L, D) training latents.
            noise: standard deviation of Gaussian noise on a start, in units of the latents' own standard deviation.
        """
        self.latents, self.seed, self.noise = latents, seed, noise
        self.spread = latents.float().std()
        self.order = torch.randperm(len(latents), generator=torch.Generator().manual_seed(seed))

    def __call__(self, start: int) -> Tensor:
        """(L, D) latent of start number `start`."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        latent = self.latents[self.order[start % len(self.order)]].float()
        noise = torch.randn(latent.shape, generator=generator).to(latent)
        return latent + self.noise * self.spread * noise


class CodebookStarts:
    """Starts of random codes, one a latent frame, where a checkpoint comes without its training latents."""

    def __init__(self, codebook: Tensor, frames: int, seed: int):
        self.codebook, self.frames, self.seed = codebook, frames, seed

    def __call__(self, start: int) -> Tensor:
        """(L, D) latent of start number `start`."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        return self.codebook[torch.randint(len(self.codebook), (self.frames,), generator=generator)]


def search(
    guidance: Guidance,
    draw: Callable[[int], Tensor],
    *,
    wanted: int,
    starts: int,
    batch_size: int = 20,
    give_up: int = 3,
    report: Callable[[dict], None] | None = None,
) -> list[Sample]:
    """Guided motions, started afresh until enough meet what is required.

    Args:
        draw: number of a start -> its latent (L, D).
        wanted: how many samples to return.
        starts: at most so many starts in all.
        batch_size: at most so many are optimised together.
        give_up: stop after so many batches in a row without a sample that was accepted.
        report: as in `Guidance.optimise`, with the number of the `batch`.

    Returns:
        `wanted` samples: the first accepted ones, in the order of their starts, filled up with those that missed by
        least where too few were. Fewer only if there were fewer starts or the user stopped it.
    """
    samples: list[Sample] = []
    used = batch = barren = 0
    while used < starts and barren < give_up and not guidance.interrupted:
        missing = wanted - sum(sample.accepted for sample in samples)
        if missing <= 0:
            break
        numbers = range(used, min(used + min(batch_size, missing), starts))
        best = guidance.optimise(
            torch.stack([draw(number) for number in numbers]),
            (lambda row, batch=batch: report({"batch": batch} | row)) if report else None,
        )
        found = guidance.answer(best, list(numbers))
        samples += found
        barren = 0 if any(sample.accepted for sample in found) else barren + 1
        used, batch = numbers.stop, batch + 1
    accepted = [sample for sample in samples if sample.accepted]
    rest = sorted((sample for sample in samples if not sample.accepted), key=lambda sample: sample.violation)
    return (accepted + rest)[:wanted]
