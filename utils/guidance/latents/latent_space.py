"""The training latents of a VQ-VAE: initial latents, proximity and the parametrisation of guidance."""

import logging
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.locations import SHIPPED_VQVAE
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints.checkpoint_file import find_checkpoint
from utils.checkpoints.training_latents_file import read_training_latents
from utils.guidance.guidance_config import ANYWHERE, PRINCIPAL
from utils.guidance.latents.latent_sampling import (
    AlternatingSampler,
    CodebookSampler,
    LatentSampler,
    Sampler,
    SequenceSampler,
)
from utils.guidance.latents.latent_updates import ElementwiseUpdate, LatentUpdate, PCAUpdate
from utils.guidance.objective.proximity import CodebookProximity, Proximity

logger = logging.getLogger("bige")

_ENOUGH_LATENTS = 20  # fully recorded windows that suffice without the partly recorded ones; fewer are said
_FEWEST_LATENTS = 2  # that have a principal component
_MOST_COMPARED = 256  # training latents whose distance to other sessions is measured


@dataclass(frozen=True)
class LatentSpace:
    """What guidance knows of the latents of a VQ-VAE.

    Attributes:
        sampler: initial latents.
        proximity: distance to the training latents.
        update: how latents are changed.
        names: names of the training windows, and of the own squats that guidance starts from, in the order of the
            latents; empty without any.
        latents: (N, L, D) their latents, or None.
        between_subject_distance: median distance of a training latent to the nearest of another session, or None.
    """

    sampler: Sampler
    proximity: Proximity | CodebookProximity
    update: LatentUpdate
    names: tuple[str, ...] = ()
    latents: Tensor | None = None
    between_subject_distance: float | None = None

    def starting_from(self, sampler: SequenceSampler, names: tuple[str, ...], *, only: bool) -> "LatentSpace":
        """The same latent space, to which the own squats belong as the training latents do.

        Args:
            sampler: latents of own squats.
            names: their names.
            only: whether guidance starts from them alone; otherwise from one of them and of the training data in turn.
        """
        every = sampler.latents if self.latents is None else torch.cat([self.latents, sampler.latents])
        return replace(
            self,
            sampler=sampler if only else AlternatingSampler(sampler, self.sampler),
            proximity=Proximity(every),
            names=(*self.names, *names),
            latents=every,
        )

    def max_distance(self, multiple: float) -> float:
        """The greatest plausible distance, as a multiple of the between-subject distance; 0 for any."""
        return multiple * self.between_subject_distance if multiple and self.between_subject_distance else math.inf


def load_latent_space(
    vqvae_path: str | Path | None,
    vqvae: VQVAE,
    *,
    frames: int,
    seed: int,
    noise: float = 0.0,
    update: str = PRINCIPAL,
) -> LatentSpace:
    """The training latents beside a checkpoint (`latents.npz`), or else its codebook.

    Args:
        vqvae_path: the checkpoint or run folder; None for the shipped VQ-VAE.
        vqvae: the VQ-VAE of that checkpoint.
        frames: length of a latent, to which the training latents are cut or lengthened.
        seed: seed of the initial latents.
        noise: see `LatentSampler`.
        update: `principal` for `PCAUpdate`, `anywhere` for `ElementwiseUpdate`; a codebook alone allows only that.

    Raises:
        InputError: the training latents cannot be read, cannot have that length, or are too few for `update`.
    """
    device = next(vqvae.parameters()).device
    path = find_checkpoint(vqvae_path or SHIPPED_VQVAE).with_name("latents.npz")
    if not path.is_file():
        logger.warning("%s does not exist: initial latents are random codes, proximity is to the codebook", path)
        return LatentSpace(CodebookSampler(vqvae, frames, seed), CodebookProximity(vqvae.quantize), ElementwiseUpdate())
    content = read_training_latents(path, vqvae).of_length(frames)
    array, names = content.latents, content.names
    whole = np.asarray(content.recorded.all(axis=1))
    if content.repetition is None and whole.sum() >= _ENOUGH_LATENTS:
        # Latents of what an earlier version made after a recording ended were hardly trained.
        array, names = array[whole], tuple(name for name, keep in zip(names, whole, strict=True) if keep)
    if update == PRINCIPAL:
        _require_components(path, len(array), frames)
    latents = torch.as_tensor(array).float().to(device)
    return LatentSpace(
        sampler=LatentSampler(latents, seed, noise),
        proximity=Proximity(latents),
        update=ElementwiseUpdate(float(latents.std())) if update == ANYWHERE else PCAUpdate(latents),
        names=names,
        latents=latents,
        between_subject_distance=_distance_to_others(latents, [name.split("/")[0] for name in names]),
    )


def _require_components(path: Path, count: int, frames: int) -> None:
    """Raise InputError where the training latents have no principal component, and warn where they have few."""
    found = f"{path}: {count} training window{'s' * (count != 1)} of at most --seq-len {frames}"
    if count < _FEWEST_LATENTS:
        raise InputError(
            f"{found}, expected {_FEWEST_LATENTS} at least, whose difference is what guidance changes; train on more "
            "repetitions, give a greater --seq-len, or --move anywhere"
        )
    if count < _ENOUGH_LATENTS:
        logger.warning("%s, so guidance changes motions along %d directions only; see --move", found, count - 1)


def _distance_to_others(latents: Tensor, sessions: list[str]) -> float | None:
    """Median distance of a training latent to the nearest of another session; None where there is one session."""
    number = {session: i for i, session in enumerate(dict.fromkeys(sessions))}
    if len(number) < 2:
        return None
    session_of = torch.tensor([number[session] for session in sessions], device=latents.device)
    every = -(-len(latents) // _MOST_COMPARED)
    distances = torch.cdist(latents[::every].flatten(1), latents.flatten(1))
    same = session_of[::every, None] == session_of
    return float(distances.masked_fill(same, torch.inf).amin(1).median())
