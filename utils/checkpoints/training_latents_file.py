"""Read the latents of the training windows that are kept beside a VQ-VAE (`latents.npz`)."""

import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import nn

from dataset.errors import InputError
from dataset.io.safe_npy import read_npz
from models.conventions import FRAMES_PER_LATENT
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints.model_loading import load_vqvae

logger = logging.getLogger("bige")

_STANDING = 36 // FRAMES_PER_LATENT  # latents after the repetition in which the motion comes to rest and stays there


@dataclass(frozen=True)
class TrainingLatents:
    """Latents of the training windows of a VQ-VAE.

    Attributes:
        latents: (N, L, D).
        names: (N,) names of the windows, `<session>/<repetition>`.
        recorded: (N, L) whether a latent frame is of recorded motion.
        repetition: (N, L) whether a latent frame is of the repetition; in the others, the person stands still after it.
            None in files of earlier versions, whose windows go on into the next repetition.
        source: the file.
    """

    latents: np.ndarray
    names: tuple[str, ...]
    recorded: np.ndarray
    repetition: np.ndarray | None
    source: Path

    def of_length(self, length: int) -> "TrainingLatents":
        """The latents of the windows whose repetition fits into `length` latents, cut or lengthened to that length.

        A window is lengthened by its last latent, of a person who stands still.

        Raises:
            InputError: no window fits, or the latents are shorter and do not end in standing.
        """
        if self.repetition is None:
            if length > self.latents.shape[1]:
                raise InputError(
                    f"{self.source}: the training latents have {self.latents.shape[1]} frames, and --seq-len {length} "
                    "asks for more"
                )
            return replace(self, latents=self.latents[:, :length], recorded=self.recorded[:, :length])
        needed = self.repetition.sum(1) + _STANDING
        fits = (needed <= length) | (length >= self.latents.shape[1])
        if not fits.any():
            raise InputError(
                f"{self.source}: --seq-len {length} has no room for a squat of the training windows; the shortest "
                f"needs --seq-len {needed.min()}"
            )
        frame = np.arange(length)
        nearest = np.minimum(frame, self.latents.shape[1] - 1)
        inside = frame < self.latents.shape[1]
        return replace(
            self,
            latents=self.latents[fits][:, nearest],
            names=tuple(name for name, fit in zip(self.names, fits, strict=True) if fit),
            recorded=self.recorded[fits][:, nearest] & inside,
            repetition=self.repetition[fits][:, nearest] & inside,
        )


def weights_fingerprint(model: nn.Module) -> str:
    """A digest of all weights and buffers of a network, by which its latents are recognised."""
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def read_training_latents(path: Path, vqvae: VQVAE) -> TrainingLatents:
    """Read `latents.npz`.

    Args:
        path: the file.
        vqvae: the VQ-VAE beside which it lies.

    Raises:
        InputError: the file is damaged, or is not of this VQ-VAE.
    """
    channels, encoder = vqvae.config.code_dim, None
    try:
        content = read_npz(path)[1]
        encoder = str(content["vqvae"]) if "vqvae" in content else None  # not in files of earlier versions
        latents = content["latents"].astype(np.float32)
        names = tuple(str(name) for name in content["names"])
        repetition = content.get("repetition")
        recorded = content["recorded"] if "recorded" in content else np.ones(latents.shape[:2], dtype=bool)
    except Exception as error:  # numpy raises a different type for each way in which a file can be damaged
        raise InputError(
            f"{path}: the training latents cannot be read ({str(error) or type(error).__name__}); copy the file again, "
            "or leave it out and guidance starts from the codebook"
        ) from None
    if latents.ndim != 3 or not latents.size or len(names) != len(latents) or recorded.shape != latents.shape[:2]:
        raise InputError(f"{path}: expected latents (N, L, {channels}) with N names, found {latents.shape}")
    if latents.shape[-1] != channels:
        raise InputError(
            f"{path}: the training latents have {latents.shape[-1]} channels and the VQ-VAE beside them has "
            f"{channels}; they are of another training"
        )
    if encoder is not None:
        _require_same_run(path, encoder, vqvae)
    if not np.isfinite(latents).all():
        raise InputError(f"{path}: the training latents have values that are NaN or infinite; train the VQ-VAE again")
    if repetition is not None and repetition.shape != recorded.shape:
        raise InputError(
            f"{path}: expected a mask of the repetition for each of {recorded.shape}, found {repetition.shape}"
        )
    return TrainingLatents(latents, names, recorded, repetition, path)


def _require_same_run(path: Path, encoder: str, vqvae: VQVAE) -> None:
    """Refuse latents of another VQ-VAE; those of `best.pth` also serve the other checkpoints of its run folder."""
    if encoder == weights_fingerprint(vqvae):
        return
    best = path.with_name("best.pth")
    if not best.is_file() or encoder != weights_fingerprint(load_vqvae(best)):
        raise InputError(
            f"{path}: the training latents are of another VQ-VAE than the one beside them, as of a training that has "
            "gone on and not ended; finish that training, or move the file away and guidance starts from the codebook"
        )
    logger.warning("%s: the training latents are of best.pth, and only near those of the VQ-VAE in use", path)
