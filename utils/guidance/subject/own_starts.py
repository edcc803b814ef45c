"""Initial latents of the subject's own squats, as they are and varied on purpose."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dataset.windows.standing import REST_FRAMES
from utils.guidance.subject.asked_tempo import at_frames
from utils.guidance.subject.frozen_models import FrozenModels
from utils.guidance.subject.own_motions import OwnMotions
from utils.guidance.subject.squat_directions import KNEE, LEAN, WIDTH, squat_directions

_MOST_REPETITIONS = 5  # that are used as they are, those nearest to what is asked
_LEAST_PACE = 0.05  # a change of pace below it is no variation
_MOST_TRIED = 20  # variations for each wanted start; some do not fit into the windows
_ENCODED_TOGETHER = 16  # motions
_SIZES = (1.0, 0.5, 1.5, 0.75, 1.25, 2.0)  # of the variations, each time that all of them have been used


@dataclass(frozen=True)
class Variation:
    """A way in which a squat differs from the person's own.

    Attributes:
        name: in words, as in "a squat that is <name>".
        change: by feature of `squat_directions`, in degrees or metres.
        duration: factor on its duration.
    """

    name: str
    change: dict[str, float] = field(default_factory=dict)
    duration: float = 1.0


# Each by about as much as people vary between sessions or can be told to do.
VARIATIONS = (
    Variation("more upright", {LEAN: -10.0}),
    Variation("slower", duration=1.3),
    Variation("shallower", {KNEE: -15.0}),
    Variation("wider", {WIDTH: 0.12}),
    Variation("more inclined", {LEAN: 10.0}),
    Variation("much slower", duration=1.6),
    Variation("narrower", {WIDTH: -0.08}),
    Variation("deeper", {KNEE: 10.0}),
    Variation("shallower and more upright", {KNEE: -10.0, LEAN: -8.0}),
    Variation("slower and wider", {WIDTH: 0.1}, 1.2),
    Variation("slower and more upright", {LEAN: -8.0}, 1.2),
    Variation("wider and shallower", {WIDTH: 0.1, KNEE: -12.0}),
)


@dataclass(frozen=True)
class OwnStarts:
    """The latents that guidance starts from.

    Attributes:
        latents: (M, L, D); the repetitions as they are come first, those nearest to what is asked before others.
        names: (M,) what each is, for example `own squats1, 2.3 s, slower`.
        squats: (M,) number of the own squat that each was made from.
    """

    latents: Tensor
    names: tuple[str, ...]
    squats: tuple[int, ...]


@torch.no_grad()
def make_own_starts(
    own: OwnMotions,
    models: FrozenModels,
    training_latents: Tensor | None,
    count: int,
    violation: Callable[[Tensor], Tensor],
) -> OwnStarts:
    """The own squats as initial latents, and variations of them, `count` in all.

    The repetitions as they are, the five nearest to what is asked at most, are followed by variations of each.

    Args:
        own: the own squats.
        models: the networks and the subject.
        training_latents: (N, L, D), from which the directions of variation are learnt; None for changes of pace only.
        count: number of latents.
        violation: latents (A, L, D) -> by how much each misses what is asked, (A,).
    """
    z = models.vqvae.encode(own.recorded)
    order = violation(z).argsort(stable=True).tolist()
    best = order[: min(_MOST_REPETITIONS, count)]
    directions = {} if training_latents is None else squat_directions(models, training_latents)
    variations = [one for one in VARIATIONS if directions or not one.change]
    motions, steps, names, squats = [], [], [f"own {own.names[i]}" for i in best], list(best)
    for used in range(_MOST_TRIED * count):
        if len(squats) == count:
            break
        which, turn = used % len(variations), used // len(variations)
        variation, size = variations[which], _SIZES[turn // len(order) % len(_SIZES)]
        i = order[(turn + which) % len(order)]
        varied = _at_pace(own, i, variation.duration**size)
        if varied is None:
            continue
        motions.append(varied)
        changes = (size * amount * directions[feature] for feature, amount in variation.change.items())
        steps.append(sum(changes, torch.zeros_like(z[i])))
        names.append(f"own {own.names[i]}, {variation.name}")
        squats.append(i)
    latents = z[best]
    if motions:
        varied = torch.cat([models.vqvae.encode(part) for part in torch.stack(motions).split(_ENCODED_TOGETHER)])
        latents = torch.cat([latents, varied + torch.stack(steps)])
    return OwnStarts(latents, tuple(names), tuple(squats))


def change_of_pace(motion: Tensor, factor: float) -> Tensor:
    """A motion (T, C) that takes `factor` times as long, cut or held at its end."""
    return at_frames(motion, torch.arange(len(motion), device=motion.device) / factor)


def _at_pace(own: OwnMotions, i: int, factor: float) -> Tensor | None:
    """Squat number i, (T, 33), at another pace, which may be limited by T; None where hardly any change is left.

    A change of pace is one of the planted motion; see `utils.guidance.subject.asked_tempo`.
    """
    if factor == 1.0:
        return own.recorded[i]
    factor = min(factor, (own.placed.shape[1] - REST_FRAMES) / own.repetition[i])
    return None if abs(factor - 1.0) < _LEAST_PACE else change_of_pace(own.placed[i], factor)
