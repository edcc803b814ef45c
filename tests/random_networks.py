"""Networks of random weights and a person of the generic model, for short guidance runs."""

import shutil
from pathlib import Path

import numpy as np
import torch
from bodies import squat
from opensim_poses import rajagopal2015

from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.checkpoints import save_checkpoint


def write_networks(folder: Path) -> Path:
    """A VQ-VAE with its latents and a surrogate, of random weights; decoded motions are near a squat."""
    torch.manual_seed(0)
    vqvae = VQVAE(VQVAEConfig(nb_code=16, code_dim=4, width=16, depth=1))
    vqvae.normalizer.fit(squat(4), min_std=0.02)
    save_checkpoint(folder / "vqvae.pth", vqvae)
    np.savez(folder / "latents.npz", latents=np.random.default_rng(0).normal(size=(9, 49, 4)), names=np.arange(9))
    save_checkpoint(folder / "surrogate.pth", SurrogateTransformer())
    return folder


def write_person(folder: Path) -> Path:
    """A session with the generic model and no recordings."""
    model = folder / "OpenSimData" / "Model" / "generic_scaled.osim"
    model.parent.mkdir(parents=True)
    shutil.copy(rajagopal2015(), model)
    return folder


def short_run(networks: Path) -> list[str]:
    """Flags of LIMO_Surrogate.py for a run of a few iterations without simulation, that asks for three motions."""
    flags = ["--vq-name", networks / "vqvae.pth", "--surrogate-name", networks / "surrogate.pth"]
    flags += ["--low", "0.05", "--high", "0.95", "--total-iter", "12", "--threads", "1", "--device", "cpu"]
    flags += ["--min-samples", "3", "--batch-size", "2", "--no-verify", "--no-whole"]
    return [str(flag) for flag in flags]
