"""The latents of the training windows, which guidance starts from and stays near."""

from pathlib import Path

import numpy as np
import torch

from dataset.io.atomic_write import atomic_write
from dataset.windows.window_source import WindowSource
from models.vqvae.autoencoder import VQVAE


@torch.no_grad()
def write_latents(path: Path, model: VQVAE, windows: WindowSource, batch: int = 64) -> None:
    """Write the latents of all windows, before quantisation, as a compressed numpy archive.

    The archive contains `latents` (N, L, code_dim) float16, the windows' `names` (N,), `recorded` (N, L) bool, which
    marks latent frames that represent at least one recorded frame, and `repetition` (N, L) bool, which marks those that
    represent a frame of the repetition; the person stands still in the others.

    Args:
        path: the .npz file.
        model: the trained VQ-VAE.
        windows: the training windows.
        batch: windows that are encoded together.
    """
    model.eval()
    device = model.normalizer.mean.device
    latents, recorded, repetition = [], [], []
    for part in windows.batches(batch):
        latents.append(model.encode(part.motion.to(device)).cpu().numpy().astype(np.float16))
        shape = (len(part), latents[-1].shape[1], -1)
        recorded.append(part.recorded.view(shape).any(-1).cpu().numpy())
        repetition.append(part.repetition.view(shape).any(-1).cpu().numpy())
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            latents=np.concatenate(latents),
            names=np.array(windows.names),
            recorded=np.concatenate(recorded),
            repetition=np.concatenate(repetition),
        )
