"""Learning rates over the steps of a training: linear warm-up, then milestones or half a cosine.

A schedule depends on the step alone, so that a resumed training only needs the number of steps done.
"""

import math
from collections.abc import Callable, Sequence

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def milestone_schedule(
    optimizer: Optimizer, lr: float, *, warm_up: int, milestones: Sequence[int], factor: float, steps_done: int = 0
) -> LambdaLR:
    """Warm up linearly to `lr`, and multiply the learning rate by `factor` after each milestone.

    Args:
        optimizer: the optimiser whose learning rate is set.
        lr: learning rate after the warm-up.
        warm_up: steps of the warm-up.
        milestones: steps after which the learning rate falls.
        factor: of the learning rate at a milestone.
        steps_done: optimisation steps done before.
    """

    def relative_rate(steps: int) -> float:
        return _warm_up(steps + 1, warm_up) * factor ** sum(steps >= milestone for milestone in milestones)

    return _schedule(optimizer, lr, relative_rate, steps_done)


def cosine_schedule(optimizer: Optimizer, lr: float, *, warm_up: int, total: int, steps_done: int = 0) -> LambdaLR:
    """Warm up linearly, and let the learning rate fall from `lr` to 0 at step `total` along half a cosine.

    Args:
        optimizer: the optimiser whose learning rate is set.
        lr: learning rate that the cosine starts from.
        warm_up: steps of the warm-up.
        total: steps of the training.
        steps_done: optimisation steps done before.
    """

    def relative_rate(steps: int) -> float:
        step = steps + 1
        return _warm_up(step, warm_up) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))

    return _schedule(optimizer, lr, relative_rate, steps_done)


def _warm_up(step: int, warm_up: int) -> float:
    return min(1.0, step / warm_up) if warm_up > 0 else 1.0


def _schedule(optimizer: Optimizer, lr: float, relative_rate: Callable[[int], float], steps_done: int) -> LambdaLR:
    """A scheduler that sets `lr * relative_rate(steps done)`; `lr` is this run's, not that of a loaded optimiser."""
    for group in optimizer.param_groups:
        group["initial_lr"] = lr
    return LambdaLR(optimizer, relative_rate, last_epoch=steps_done - 1)
