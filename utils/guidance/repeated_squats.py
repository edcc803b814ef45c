"""Several repetitions of a guided squat in one motion, each of them judged.

A set of an exercise repeats one squat. While the person stands between two repetitions, in the last 0.4 s of the first,
the body comes to where the next one begins. The feet are planted anew over the whole motion, and it is simulated anew.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dataset.windows.standing import REST_FRAMES
from models.protocols import Skeleton
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import Term
from utils.guidance.preparation import Preparation
from utils.guidance.simulated_search import own_context
from utils.guidance.subject.frozen_models import FrozenModels
from utils.guidance.verification import (
    Verification,
    judged_by_simulation,
    missed_requirements,
    prediction_of,
    simulate_motions,
)


@torch.no_grad()
def repeat_samples(
    prepared: Preparation, samples: Sequence[GuidedSample], terms: Sequence[Term], skeleton: Skeleton
) -> tuple[list[GuidedSample], Verification | None]:
    """The samples with as many repetitions as the configuration says, judged again.

    Whether a motion is whole is asked of all of it, everything else of each repetition: the value of the repetition
    that misses most counts. What the surrogate predicts is predicted anew, for each repetition as it is written.

    Args:
        prepared: the run.
        samples: of one repetition, on the CPU.
        terms: what is asked of them; see `objective.whole_motion.of_repetitions`.
        skeleton: the subject's, on the CPU.

    Returns:
        The samples, and their verification where the configuration says `verify`.
    """
    repetitions, own = prepared.config.repetitions, own_context(prepared, skeleton)
    one = torch.stack([sample.motion for sample in samples])
    motion = _planted(chain(one, repetitions), prepared.models)
    prediction = _predicted(motion, repetitions, prepared.models)
    repeated = _judged(
        [replace(sample, motion=motion[j], activations=prediction.activations[j]) for j, sample in enumerate(samples)],
        terms,
        values_of_repetitions(motion, prediction, repetitions, terms, skeleton, own),
    )
    if not prepared.config.verify:
        return repeated, None
    simulations = simulate_motions(prepared.simulator(), motion, prepared.own_simulations)
    values = values_of_repetitions(motion.double(), prediction_of(simulations), repetitions, terms, skeleton, own)
    verification = Verification.of(repeated, simulations, terms, skeleton, prepared.config.muscle, own)
    verification = replace(verification, term_values=tuple(values))
    return judged_by_simulation(repeated, verification, terms), verification


def chain(motion: Tensor, repetitions: int) -> Tensor:
    """Motions (S, T, 33), each repeated: (S, repetitions * T, 33), with continuous positions and speeds.

    The last 0.4 s of each repetition but the last, in which the person stands, are displaced by the quintic polynomial
    that begins at rest without displacement and ends with position and speed of the first frame.
    """
    step = torch.arange(1, REST_FRAMES + 1, device=motion.device, dtype=motion.dtype)[:, None] / (REST_FRAMES + 1)
    arrived = step**3 * (10 - 15 * step + 6 * step**2)
    carried = step**3 * (-4 + 7 * step - 3 * step**2) * (REST_FRAMES + 1)
    speed, end_speed = motion[:, 1] - motion[:, 0], motion[:, -1] - motion[:, -2]
    gap = motion[:, 0] - (motion[:, -1] + end_speed)
    blended = motion.clone()
    blended[:, -REST_FRAMES:] += arrived * gap[:, None] + carried * (speed - end_speed)[:, None]
    return torch.cat([blended] * (repetitions - 1) + [motion], 1)


def _planted(motion: Tensor, models: FrozenModels) -> Tensor:
    """Motions (S, T, 33) on the CPU with their feet planted."""
    return models.planting(motion.to(models.device))[0].cpu()


def _predicted(motion: Tensor, repetitions: int, models: FrozenModels) -> MusclePrediction:
    """What the surrogate predicts of each repetition, on the CPU: it need not read more than one at a time."""
    found = [models.describe_motion(part.to(models.device)).prediction for part in motion.chunk(repetitions, 1)]
    parts = (None if part[0] is None else torch.cat(part, 1).cpu() for part in zip(*found, strict=True))
    return MusclePrediction(*parts)  # type: ignore[arg-type]  # activations are never None


def values_of_repetitions(
    motion: Tensor,
    prediction: MusclePrediction,
    repetitions: int,
    terms: Sequence[Term],
    skeleton: Skeleton,
    own: Context | None,
) -> list[Tensor]:
    """Each term's values (S, C): of the whole motion, or of the repetition that misses most.

    Args:
        motion: (S, repetitions * T, 33), degrees and metres.
        prediction: activations and forces of all frames.
        repetitions: how many the motions hold.
        terms: what is asked.
        skeleton: the subject's.
        own: the own squats, for the terms that compare with them.
    """

    def context(frames: slice) -> Context:
        known = prediction.map(lambda part: part[:, frames])
        return guided_context(motion[:, frames], prediction=known, skeleton=skeleton, own=own)

    length = motion.shape[1] // repetitions
    whole = context(slice(None))
    contexts = [context(slice(k * length, (k + 1) * length)) for k in range(repetitions)]
    values = []
    for term in terms:
        if term.of_a_whole_motion:
            values.append(term.value(whole))
            continue
        of_each = torch.stack([term.value(each) for each in contexts])  # (R, S, C)
        missed = torch.stack([_missed(term, value) for value in of_each])
        worst = missed.argmax(0)
        values.append(of_each[worst, torch.arange(len(motion))])
    return values


def _missed(term: Term, value: Tensor) -> Tensor:
    """(S,) by how much a term is missed, whether or not it is required."""
    return missed_requirements([replace(term, wish=False)], [value])


def _judged(samples: Sequence[GuidedSample], terms: Sequence[Term], values: Sequence[Tensor]) -> list[GuidedSample]:
    """The samples with new values and, by the surrogate, what they meet."""
    missed = torch.stack([term.violation(value) for term, value in zip(terms, values, strict=True) if term.required])
    violation = missed.amax(0).tolist() if len(missed) else [0.0] * len(samples)
    return [
        replace(
            sample,
            values=tuple(value[j] for value in values),
            met=tuple(bool(term.met(value)[j]) for term, value in zip(terms, values, strict=True)),
            violation=max(violation[j], sample.implausibility),
        )
        for j, sample in enumerate(samples)
    ]
