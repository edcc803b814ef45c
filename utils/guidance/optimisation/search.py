"""Optimise batch after batch until enough samples meet what is required."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from utils.guidance.guided_sample import GuidedSample
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer, Row


def search(
    optimizer: LatentOptimizer,
    sample_latent: Callable[[int], Tensor],
    *,
    wanted: int,
    starts: int,
    batch_size: int,
    give_up: int,
    on_iteration: Callable[[Row], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    count: Callable[[Sequence[GuidedSample]], int] = len,
) -> list[GuidedSample]:
    """Guided samples, with new initial latents in place of those that miss a requirement.

    Args:
        optimizer: the optimisation of a batch.
        sample_latent: number of a start -> its initial latent (L, D).
        wanted: how many samples to return.
        starts: most initial latents in all.
        batch_size: most samples that are optimised together.
        give_up: stop after so many batches in a row that have brought no further answer.
        on_iteration: as in `LatentOptimizer.optimise`, with the number of the `batch`.
        should_stop: as in `LatentOptimizer.optimise`; no batch begins once it answers True.
        count: how many answers accepted samples are; the search goes on until there are as many as wanted.

    Returns:
        The accepted samples in the order of their starts, followed, where there are fewer than wanted, by those with
        the smallest violation. More than `wanted` only where some are the same answer, and fewer only if there were
        fewer starts or the search was stopped.
    """
    samples: list[GuidedSample] = []
    used = batch = unsuccessful = answers = 0
    while used < starts and unsuccessful < give_up and not (samples and should_stop()):
        missing = wanted - answers
        if missing <= 0:
            break
        numbers = range(used, min(used + min(batch_size, missing), starts))
        initial = torch.stack([sample_latent(number) for number in numbers])
        found = optimizer.objective.evaluate(
            optimizer.optimise(initial, numbered(on_iteration, batch), should_stop), list(numbers)
        )
        samples += found
        before, answers = answers, count([sample for sample in samples if sample.accepted])
        unsuccessful = 0 if answers > before else unsuccessful + 1
        used, batch = numbers.stop, batch + 1
    accepted = [sample for sample in samples if sample.accepted]
    rest = sorted((sample for sample in samples if not sample.accepted), key=lambda sample: sample.violation)
    return accepted + rest[: max(0, wanted - len(accepted))]


def numbered(on_iteration: Callable[[Row], None] | None, batch: int) -> Callable[[Row], None] | None:
    """`on_iteration` with the number of the `batch` added to each row; None of None."""
    if on_iteration is None:
        return None
    return lambda row: on_iteration({"batch": batch} | row)
