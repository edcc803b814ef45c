"""Optimise batch after batch until enough samples meet what is required."""

from collections.abc import Callable

import torch
from torch import Tensor

from utils.guidance.guided_sample import GuidedSample
from utils.guidance.optimisation.latent_optimizer import Guidance


def search(
    guidance: Guidance,
    draw: Callable[[int], Tensor],
    *,
    wanted: int,
    starts: int,
    batch_size: int = 20,
    give_up: int = 3,
    report: Callable[[dict], None] | None = None,
) -> list[GuidedSample]:
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
    samples: list[GuidedSample] = []
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
