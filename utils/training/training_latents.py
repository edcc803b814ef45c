"""The latents of the training windows, which guidance starts from and stays near."""

from pathlib import Path

import numpy as np
import torch

from dataset.io.safe_npy import write_npz
from dataset.windows.window_source import WindowSource
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints.training_latents_file import weights_fingerprint

MOST_LATENTS = 1200  # enough for guidance to start from; more of them hardly explain more variance


@torch.no_grad()
def write_latents(path: Path, model: VQVAE, windows: WindowSource, batch: int = 64) -> None:
    """Write latents of windows, before quantisation, as a compressed numpy archive.

    Of many windows, at most MOST_LATENTS are written, spread evenly over all of them. Latents are rounded to multiples
    of a power of two below 1/256 of their standard deviation, which are a few hundredths of a degree, because the file
    is a third smaller then.

    The archive contains `latents` (N, L, code_dim) float16, the windows' `names` (N,), `recorded` (N, L) bool, which
    marks latent frames that represent at least one recorded frame, and `repetition` (N, L) bool, which marks those that
    represent a frame of the repetition; the person stands still in the others. `vqvae` is the fingerprint of the model.

    Args:
        path: the .npz file.
        model: the trained VQ-VAE.
        windows: the training windows.
        batch: windows that are encoded together.
    """
    model.eval()
    device = model.normalizer.mean.device
    latents, recorded, repetition = [], [], []
    chosen = range(0, len(windows), -(-len(windows) // MOST_LATENTS))
    names = windows.names
    for part in map(windows.take, torch.tensor(chosen).split(batch)):
        latents.append(model.encode(part.motion.to(device)).cpu().numpy())
        shape = (len(part), latents[-1].shape[1], -1)
        recorded.append(part.recorded.view(shape).any(-1).cpu().numpy())
        repetition.append(part.repetition.view(shape).any(-1).cpu().numpy())
    values = np.concatenate(latents)
    step = 2.0 ** np.floor(np.log2(max(values.std(), 1e-6) / 256))
    write_npz(
        path,
        {
            "vqvae": np.array(weights_fingerprint(model)),
            "latents": (np.round(values / step) * step).astype(np.float16),
            "names": np.array([names[i] for i in chosen]),
            "recorded": np.concatenate(recorded),
            "repetition": np.concatenate(repetition),
        },
    )
