"""The VQ-VAE and the surrogate with their weights frozen, and the surrogate's predictions for a batch of motions."""

from pathlib import Path

import torch
from torch import Tensor

from dataset.locations import SHIPPED_SURROGATE, SHIPPED_VQVAE
from models.protocols import Surrogate
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints import load_surrogate, load_vqvae


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


def load_frozen_surrogate(
    path: str | Path | None = None, device: torch.device | str = "cpu"
) -> SurrogateTransformer | PublishedSurrogate:
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


def predict_activations(
    surrogate: Surrogate, motion: Tensor, mask: Tensor, anthropometry: Tensor | None = None
) -> Tensor:
    """Muscle activations (B, T, 80), 0 to 1, that a surrogate predicts; gradients reach `motion`.

    The published surrogate attends over the batch instead of over time, so each motion is given to it alone: a
    prediction then does not depend on the other motions of the batch.

    Args:
        surrogate: a trained surrogate.
        motion: (B, T, 33), degrees and metres, canonical order, placed as the surrogate was trained.
        mask: (B, T) bool, the frames that the surrogate may attend to. A motion without any such frame is given whole,
            because attention to nothing is NaN.
        anthropometry: (B, P) or (P,) anthropometric features; None where they are not known.
    """
    if isinstance(surrogate, PublishedSurrogate):
        return torch.cat([surrogate(one) for one in motion.split(1)])
    mask = mask | ~mask.any(1, keepdim=True)
    return surrogate(motion, None if mask.all() else mask, anthropometry)
