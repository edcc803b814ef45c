"""The training latents of a VQ-VAE: initial values, proximity and parametrisation of guidance."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.locations import SHIPPED_VQVAE
from utils.checkpoints import find_checkpoint
from utils.guidance.latents.latent_sampling import CodebookSampler, LatentSampler
from utils.guidance.latents.latent_updates import ElementwiseUpdate, PCAUpdate
from utils.guidance.objective.proximity import CodebookProximity, Proximity
from utils.guidance.subject.frozen_models import FrozenModels

logger = logging.getLogger("bige")

_ENOUGH_LATENTS = 20  # of fully recorded windows, to do without the others
_MOST_COMPARED = 256  # training latents whose distance to other people's is taken


@dataclass(frozen=True)
class LatentSpace:
    """Where guidance may start and what it has to stay near to."""

    draw: LatentSampler | CodebookSampler
    proximity: Proximity | CodebookProximity
    move: PCAUpdate | ElementwiseUpdate
    names: tuple[str, ...]  # of the training windows, in the order of the latents; empty where there are none
    distance_to_others: float | None  # how far one person's motion typically is from the nearest of another

    def furthest(self, people: float) -> float:
        """The greatest distance that counts as plausible, for `people` times that between people; 0: any."""
        return people * self.distance_to_others if people and self.distance_to_others else math.inf


def load_latents(
    vqvae_path: str | Path | None, models: FrozenModels, frames: int, seed: int, noise: float, move: str
) -> LatentSpace:
    """The training latents beside a checkpoint (`latents.npz`), or else its codebook.

    move: `principal` or `anywhere`; a codebook alone leaves only the latter. frames: latent length; training latents
    that are longer are cut, shorter ones are an InputError.
    """
    longest = models.surrogate.positional_encoding.shape[1] // models.vqvae.config.frames_per_latent
    if frames > longest:
        raise InputError(f"--seq-len {frames} is longer than the surrogate's motions; it reads up to {longest}")
    path = find_checkpoint(vqvae_path or SHIPPED_VQVAE).with_name("latents.npz")
    if not path.is_file():
        logger.warning("%s: not there, so starts are random codes and proximity is to the codebook", path)
        codebook = models.vqvae.quantizer.vectors_of(torch.arange(models.vqvae.config.nb_code, device=models.device))
        return LatentSpace(
            CodebookSampler(codebook, frames, seed),
            CodebookProximity(models.vqvae.quantize),
            ElementwiseUpdate(),
            (),
            None,
        )
    with np.load(path) as content:
        latents, names = content["latents"], tuple(str(name) for name in content["names"])
        whole = content["recorded"].all(1) if "recorded" in content else np.ones(len(latents), dtype=bool)
    if latents.shape[1] < frames:
        raise InputError(f"--seq-len {frames} is longer than the training latents of {path}, {latents.shape[1]} each")
    if whole.sum() >= _ENOUGH_LATENTS:  # what was not recorded was not learned either
        latents, names = latents[whole], tuple(name for name, keep in zip(names, whole, strict=True) if keep)
    latents = torch.as_tensor(latents[:, :frames]).float().to(models.device)
    return LatentSpace(
        LatentSampler(latents, seed, noise),
        Proximity(latents),
        ElementwiseUpdate() if move == "anywhere" else PCAUpdate(latents),
        names,
        _distance_to_others(latents, [name.split("/")[0] for name in names]),
    )


def _distance_to_others(latents: Tensor, sessions: list[str]) -> float | None:
    """Median distance of a training latent to the nearest of another session; None where there is one session."""
    number = {session: i for i, session in enumerate(dict.fromkeys(sessions))}
    if len(number) < 2:
        return None
    whose = torch.tensor([number[session] for session in sessions], device=latents.device)
    every = -(-len(latents) // _MOST_COMPARED)
    distances = torch.cdist(latents[::every].flatten(1), latents.flatten(1))
    own = whose[::every, None] == whose
    return float(distances.masked_fill(own, torch.inf).amin(1).median())
