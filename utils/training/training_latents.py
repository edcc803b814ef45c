"""The latents of the training windows, which guidance starts from and stays near."""

from pathlib import Path

import numpy as np
import torch

from dataset.io.atomic_write import atomic_write
from dataset.windows.motion_batch import MotionBatch
from models.vqvae.autoencoder import VQVAE


@torch.no_grad()
def write_latents(path: Path, model: VQVAE, windows: MotionBatch, batch: int = 64) -> None:
    """Write the latents of all windows, before quantisation, as a compressed numpy archive.

    The archive contains `latents` (N, L, code_dim) float16, the windows' `names` (N,), and `recorded` (N, L) bool,
    which marks latent frames that represent at least one recorded frame.

    Args:
        path: the .npz file.
        model: the trained VQ-VAE.
        windows: the training windows, on the device of the model.
        batch: windows that are encoded together.
    """
    model.eval()
    latents = torch.cat([model.encode(part) for part in windows.motion.split(batch)])
    recorded = windows.recorded.view(len(windows), latents.shape[1], -1).any(-1)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            latents=latents.cpu().numpy().astype(np.float16),
            names=np.array(windows.names),
            recorded=recorded.cpu().numpy(),
        )
