"""Latent optimisation: the decoder and the surrogate are frozen, and the latent of each sample is changed.

Latent inceptionism as in BIGE (Maheshwari et al. 2025, section 3.3). The best iterate is returned, not the last: of
those that meet every requirement, the one with the smallest objective (wishes and proximity); while there is none, the
one that violates the requirements least. Tolerances only serve to judge the result.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from utils.guidance.latents.latent_updates import ElementwiseUpdate, LatentUpdate
from utils.guidance.objective.constraints import loss_columns
from utils.guidance.objective.objective import Objective
from utils.guidance.optimisation.schedule import Schedule

logger = logging.getLogger("bige")

MAX_MULTIPLIER = 1e4  # bound on how far the weight of a required term is raised
MIN_GAIN = 0.005  # an objective that falls by a smaller share counts as not improved
_MIN_APPROACH = 0.02  # a violation of the requirements likewise
_STUCK = 0.4  # of `patience`, after which a sample is finished that does not come nearer to its requirements

Row = dict[str, float]  # one iteration: its number, samples active and met, objective, proximity, each term's mean loss


@dataclass(frozen=True)
class LatentOptimizer:
    """Settings of the optimisation of a batch of latents.

    Attributes:
        objective: what is minimised.
        schedule: when which part of the objective acts.
        lr: step size, in the units of `update`; it falls to a hundredth on a cosine after the ramp.
        update: from the variable that is changed to the displacement of the latents, and by which optimiser.
        multiplier_growth: factor on a required term's weight per sample and iteration while the term is missed; undone
            while it is met. With 1, other terms can outweigh a required one for good.
        patience: a sample whose requirements are met is finished after so many iterations in which its objective fell
            by less than 0.5 percent, and one whose requirements are not met after 0.4 times as many in which it came
            nearer to them by less than 2 percent; 0: never before the schedule ends.
        brief: iterations of a first attempt, after which only what misses a requirement is optimised anew by the whole
            schedule; 0 for none.
    """

    objective: Objective
    schedule: Schedule
    lr: float
    update: LatentUpdate = field(default_factory=ElementwiseUpdate)
    multiplier_growth: float = 1.05
    patience: int = 0
    brief: int = 0

    def optimise(
        self,
        z: Tensor,
        on_iteration: Callable[[Row], None] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Tensor:
        """Best latents (B, L, D) from the initial latents z (B, L, D).

        Args:
            z: initial latents.
            on_iteration: called after each iteration with {iteration, active, met, objective, proximity, <term>: mean
                loss}; the losses are missing while proximity acts alone, because then nothing is decoded.
            should_stop: asked before each iteration; when it answers True, the best so far is returned.
        """
        if not self.brief:
            return self._run(z, on_iteration, should_stop).best_z
        attempt = replace(self, schedule=replace(self.schedule, iterations=self.brief), brief=0)
        batch = attempt._run(z, on_iteration, should_stop)
        missing = torch.nonzero(~batch.met)[:, 0].to(z.device)
        if not len(missing) or should_stop():
            return batch.best_z
        met = len(z) - len(missing)

        def on_further_iteration(row: Row) -> None:
            if on_iteration:
                on_iteration(row | {"iteration": self.brief + row["iteration"], "met": met + row["met"]})

        batch.adopt(missing, self._run(z[missing], on_further_iteration, should_stop))
        return batch.best_z

    def _run(
        self,
        z: Tensor,
        on_iteration: Callable[[Row], None] | None,
        should_stop: Callable[[], bool],
    ) -> "_Batch":
        """The batch after the whole schedule, or after as much of it as is needed."""
        start = self._first_effective_iteration(z)
        batch = _Batch(z.detach(), self, start)
        for iteration in range(start, self.schedule.iterations):
            if should_stop() or not batch.active.any():
                break
            row = batch.step(iteration)
            if on_iteration:
                on_iteration(row)
        batch.evaluate_last()
        if undefined := int(batch.undefined.sum()):
            logger.warning(
                "the gradient of %d of %d samples was NaN or infinite at times; they were not changed then",
                undefined, len(z),
            )  # fmt: skip
        return batch

    @torch.no_grad()
    def _first_effective_iteration(self, z: Tensor) -> int:
        """The first iteration that changes anything: on training latents, proximity alone has no gradient."""
        if self.objective.proximity(z)[0].any():
            return 0
        return next((i for i in range(self.schedule.iterations) if self.schedule.weights(i)[0]), 0)


class _Batch:
    """The state of one batch: variables, their optimiser, and each sample's best iterate."""

    def __init__(self, z: Tensor, settings: LatentOptimizer, first_iteration: int) -> None:
        self.settings, self.objective = settings, settings.objective
        self.columns = loss_columns(self.objective.terms)
        self.initial, self.best_z = z, z.clone()
        self.variable = settings.update.zero(z).requires_grad_()
        self.optimizer = settings.update.optimizer(self.variable, settings.lr)
        self.lr_schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: settings.schedule.lr_factor(first_iteration + step)
        )
        self.constrained = False  # whether the terms have begun to act
        count = len(z)
        self.active = torch.ones(count, dtype=torch.bool)  # finished samples are neither decoded nor updated
        self.undefined = torch.zeros(count, dtype=torch.bool, device=z.device)  # whose gradient was not finite once
        self.multiplier = z.new_ones(count, len(self.objective.terms) + 1)
        self.score = torch.full((count,), torch.inf, dtype=torch.float64)
        self.violation = torch.full((count,), torch.inf, dtype=torch.float64)
        self.reference = self.score.clone()  # the score that patience counts from
        self.stale = torch.zeros(count, dtype=torch.long)  # iterations without improvement
        self.nearest = self.violation.clone()  # the violation that `stuck` counts from
        self.stuck = torch.zeros(count, dtype=torch.long)  # iterations without approach to the requirements

    @property
    def met(self) -> Tensor:
        """(B,) bool, whose best iterate meets every requirement without using its tolerance."""
        return self.violation <= 0

    def step(self, iteration: int) -> Row:
        """One step of every active sample."""
        required, others = self.settings.schedule.weights(iteration)
        if required and not self.constrained:
            # The moments of proximity's small gradient would make Adam overshoot when the terms begin to act.
            self.constrained = True
            self.optimizer.state.clear()
        rows = self.active.nonzero().squeeze(1).to(self.initial.device)
        variable = self.variable[rows]
        z = self.initial[rows] + self.settings.update(variable)
        distance, _ = self.objective.proximity(z)
        attraction = self.objective.attraction(z, self.initial[rows], distance)
        cost = attraction
        row: Row = {"iteration": iteration, "active": len(z)}
        if required or others:
            too_far = self.objective.beta * (distance - self.objective.max_distance).clamp_min(0)
            values, losses = self.objective.term_values(z)
            multiplier = self.multiplier[rows]
            for k, (term, column) in enumerate(zip(self.objective.terms, self.columns, strict=True)):
                factor = required * multiplier[:, k] if term.required else others
                cost = cost + factor * term.weight * losses[k]
                row[column] = row.get(column, 0.0) + float(losses[k].detach().mean())
            cost = cost + required * (multiplier[:, -1] - 1) * too_far
            self._update_best(rows, z, values, losses, distance, attraction)
            missed = torch.stack([loss.detach() for loss in (*losses, too_far)], 1) > 0
            growth = self.settings.multiplier_growth
            self.multiplier[rows] = (multiplier * torch.where(missed, growth, 1 / growth)).clamp(1.0, MAX_MULTIPLIER)
        row |= {"objective": float(cost.detach().mean()), "proximity": float(distance.detach().mean())}

        (gradient,) = torch.autograd.grad(cost.sum(), self.variable)  # zero in the rows of finished samples
        self.undefined[rows] |= ~gradient[rows].isfinite().flatten(1).all(1)
        self.variable.grad = gradient.nan_to_num(0.0, 0.0, 0.0)  # an infinity would stay in the moments for good
        self.optimizer.step()
        self.lr_schedule.step()
        if required == 1.0 and self.settings.patience:
            self.active &= ~(self.met & (self.stale >= self.settings.patience))
            self.active &= self.met | (self.stuck < _STUCK * self.settings.patience)
        return row | {"met": int(self.met.sum())}

    @torch.no_grad()
    def evaluate_last(self) -> None:
        """Compare the iterates of the last step, which have not been evaluated, with the best."""
        rows = self.active.nonzero().squeeze(1).to(self.initial.device)
        if len(rows):
            z = self.initial[rows] + self.settings.update(self.variable[rows])
            values, losses = self.objective.term_values(z)
            distance, _ = self.objective.proximity(z)
            self._update_best(
                rows, z, values, losses, distance, self.objective.attraction(z, self.initial[rows], distance)
            )

    def adopt(self, rows: Tensor, other: "_Batch") -> None:
        """Take over what another batch has found for the samples `rows` where it misses no more."""
        better = (other.violation <= self.violation[rows.cpu()]).to(rows.device)
        self.best_z[rows[better]] = other.best_z[better]

    def _update_best(
        self,
        rows: Tensor,
        z: Tensor,
        values: list[Tensor],
        losses: list[Tensor],
        distance: Tensor,
        attraction: Tensor,
    ) -> None:
        """Store the iterates z of the samples `rows` that are better than those before.

        An iterate that meets the requirements is better than one that does not; among those that meet them the lower
        score is better, among the others the lower violation.
        """
        score = self.objective.score(losses, attraction).cpu()
        violation = self.objective.violation(values, distance).cpu()
        rows = rows.cpu()
        met, met_before = violation <= 0, self.met[rows]
        lower = torch.where(met, score < self.score[rows], violation < self.violation[rows])
        better = (met & ~met_before) | ((met == met_before) & lower)
        chosen = rows[better]
        self.score[chosen], self.violation[chosen] = score[better], violation[better]
        self.best_z[chosen.to(z.device)] = z.detach()[better.to(z.device)]
        gained = self.met[rows] & (self.score[rows] < (1 - MIN_GAIN) * self.reference[rows])
        self.reference[rows[gained]] = self.score[rows[gained]]
        self.stale[rows] = torch.where(gained | ~self.met[rows], 0, self.stale[rows] + 1)
        nearer = self.violation[rows] < (1 - _MIN_APPROACH) * self.nearest[rows]
        self.nearest[rows[nearer]] = self.violation[rows[nearer]]
        self.stuck[rows] = torch.where(nearer, 0, self.stuck[rows] + 1)
