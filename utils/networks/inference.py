"""The VQ-VAE and the surrogate with their weights frozen, and the surrogate of one subject."""

from pathlib import Path

import torch

from dataset.errors import InputError
from dataset.locations import SHIPPED_SURROGATE, SHIPPED_VQVAE
from dataset.opensim.model_reader import load_skeleton
from models.conventions import FRAMES_PER_LATENT
from models.protocols import Surrogate
from models.surrogate.dynamics_surrogate import DynamicsSurrogate, SubjectSurrogate
from models.surrogate.kinematic_surrogate import KinematicSurrogate
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints import SurrogateNetwork, load_surrogate, load_vqvae
from utils.simulation.simulators import build_simulator


def load_frozen_vqvae(path: str | Path | None = None, device: torch.device | str = "cpu") -> VQVAE:
    """The VQ-VAE of a checkpoint in eval mode, without gradients for its weights.

    Args:
        path: a checkpoint or a run folder; None for the shipped VQ-VAE.
        device: where its weights go.

    Raises:
        InputError: there is no such file, or it is not a VQ-VAE.
    """
    model = load_vqvae(path or SHIPPED_VQVAE, device)
    model.eval().requires_grad_(False)
    return model


def load_frozen_surrogate(path: str | Path | None = None, device: torch.device | str = "cpu") -> SurrogateNetwork:
    """The surrogate of a checkpoint in eval mode, without gradients for its weights.

    Args:
        path: a checkpoint or a run folder; None for the shipped surrogate.
        device: where its weights go.

    Raises:
        InputError: there is no such file, or it is not a surrogate.
    """
    model = load_surrogate(path or SHIPPED_SURROGATE, device)
    model.eval().requires_grad_(False)
    return model


def require_whole_latents(vqvae: VQVAE, seq_len: int) -> None:
    """Raise InputError where a window of `seq_len` times FRAMES_PER_LATENT frames is no whole number of latents."""
    if seq_len % vqvae.config.seq_len_step:
        raise InputError(
            f"--seq-len {seq_len} is a window of {seq_len * FRAMES_PER_LATENT} frames, and a latent frame of this "
            f"VQ-VAE stands for {vqvae.config.frames_per_latent}; expected a multiple of {vqvae.config.seq_len_step}"
        )


def surrogate_of_subject(network: SurrogateNetwork, model_path: Path | None) -> Surrogate:
    """A surrogate applied to the subject of a scaled model.

    Args:
        network: a surrogate's networks, on the device on which it computes.
        model_path: the subject's model; None where it is not known.

    Raises:
        InputError: the model cannot be read, or the surrogate needs one and there is none.
    """
    if isinstance(network, DynamicsSurrogate):
        if model_path is None:
            raise InputError("muscle activations are predicted on the subject's model, and no model is known")
        return SubjectSurrogate(network, build_simulator(model_path, device=next(network.parameters()).device))
    return KinematicSurrogate(network, None if model_path is None else load_skeleton(model_path).anthropometry)
