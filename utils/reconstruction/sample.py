"""Decode random latents: the unguided baseline."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.sessions import Session
from models.conventions import WINDOW_FRAMES
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints import find_checkpoint, load_vqvae
from utils.checkpoints.training_latents_file import read_training_latents
from utils.reconstruction.reconstruct import write_motions
from utils.reconstruction.reconstruction_config import SamplingConfig
from utils.runs.environment import configure_torch
from utils.runs.record import record_config, warn_of_other_settings
from utils.runs.run_folder import RunFolder
from utils.runs.writable import require_writable

logger = logging.getLogger("bige")

_SUMMARY_NAME = "summary.json"  # which guidance and retargeting write beside their motions


@dataclass(frozen=True)
class SamplingResult:
    """Motions decoded from random latents.

    Attributes:
        folder: the folder of the motion files.
        paths: the motion files.
        motion: (N, T, 33), degrees and metres, at 60 Hz.
    """

    folder: Path
    paths: list[Path]
    motion: Tensor


def sample(config: SamplingConfig) -> SamplingResult:
    """Decode random latents, and write the motions to the folder where guidance writes those of a session.

    They take the place of those of an earlier sampling; if its settings were others, a warning says so. `args.json`
    beside them names the session for evaluations.

    Raises:
        InputError: the checkpoint cannot be used, the folder holds the motions of guidance or retargeting, or another
            process writes motions of the session at this moment.
    """
    require_writable(config.run_folder, within=config.out_dir)
    session = Session(Path(os.path.abspath(config.subject))).id if config.subject else "unguided"
    folder = RunFolder(config.run_folder, session)
    with folder.hold():
        return _write_samples(config, folder)


def _write_samples(config: SamplingConfig, folder: RunFolder) -> SamplingResult:
    """Decode random latents into the folder of a session, which this process holds; see `sample`."""
    if (folder.motions / _SUMMARY_NAME).exists():
        raise InputError(f"{folder.motions} already holds motions of another kind; choose another --exp-name")
    device = configure_torch(config)
    checkpoint = find_checkpoint(config.checkpoint_path)
    model = load_vqvae(checkpoint, device)
    latents = sample_latents(
        model, checkpoint.with_name("latents.npz"), config.count, config.noise, config.window_frames
    )
    names = [f"entry_{j}_{config.run_folder.name}" for j in range(config.count)]
    motion = model.decode(latents).detach().cpu()
    with folder.replace_motions() as new:
        if any(folder.motions.glob("entry_*.mot")):
            warn_of_other_settings(folder.motions / "args.json", config, folder.motions)
        written = write_motions(new, names, motion)
        record_config(config, new)
    return SamplingResult(folder.motions, [folder.motions / path.name for path in written], motion)


@torch.no_grad()
def sample_latents(model: VQVAE, latents_file: Path, count: int, noise: float, frames: int = WINDOW_FRAMES) -> Tensor:
    """Random quantised latents (count, L, code_dim).

    Each is a random training latent with Gaussian noise, quantised. Without training latents, each latent frame is a
    random code, independent of the others.

    Args:
        model: the VQ-VAE.
        latents_file: its training latents, `latents.npz`.
        count: number of latents.
        noise: standard deviation of the noise, in standard deviations of each channel.
        frames: frames of the motions that the latents decode to.

    Raises:
        InputError: no training latent has room in so many frames.
    """
    length = frames // model.config.frames_per_latent
    device = next(model.parameters()).device
    if not latents_file.is_file():
        logger.warning("%s does not exist: decoding random codes instead of varied training latents", latents_file)
        return model.random_latents(count, length)
    latents = torch.from_numpy(read_training_latents(latents_file, model).of_length(length).latents)
    spread = latents.flatten(0, 1).std(0)
    drawn = latents[torch.randint(len(latents), (count,))]
    return model.quantize((drawn + noise * spread * torch.randn_like(drawn)).to(device))
