"""Read the latents of the training windows that are kept beside a VQ-VAE (`latents.npz`)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError


@dataclass(frozen=True)
class TrainingLatents:
    """Latents of the training windows of a VQ-VAE.

    Attributes:
        latents: (N, L, D).
        names: (N,) names of the windows, `<session>/<repetition>`.
        recorded: (N, L) whether a latent frame is of recorded motion.
    """

    latents: np.ndarray
    names: tuple[str, ...]
    recorded: np.ndarray


def read_training_latents(path: Path, channels: int) -> TrainingLatents:
    """Read `latents.npz`.

    Args:
        path: the file.
        channels: channels of a latent frame of the VQ-VAE beside which it lies.

    Raises:
        InputError: the file is damaged, or is not of this VQ-VAE.
    """
    try:
        with np.load(path) as content:
            latents = content["latents"].astype(np.float32)
            names = tuple(str(name) for name in content["names"])
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
    if not np.isfinite(latents).all():
        raise InputError(f"{path}: the training latents have values that are NaN or infinite; train the VQ-VAE again")
    return TrainingLatents(latents, names, recorded)
