"""Pieces of VQ-VAE training: losses, learning rate, held-out figures, latents of the training windows."""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.windows.motion_batch import MotionBatch
from models.conventions import (
    LEG_AND_PELVIS_ROTATION_INDICES,
    ROTATION_INDICES,
    TRANSLATION_INDICES,
)
from models.vqvae.autoencoder import VQVAE, VQVAEOutput
from models.vqvae.vqvae_config import VQVAEConfig
from utils.reconstruction.reconstruct import code_usage, reconstruct_all, root_mean_square
from utils.training.losses import temporal_loss, velocity_loss, weighted_loss


def new_model(arguments) -> VQVAE:
    """The network that the arguments of train_vq.py describe. Raises InputError where its sizes do not go together."""
    config = VQVAEConfig(
        nb_code=arguments.nb_code,
        code_dim=arguments.code_dim,
        code_groups=arguments.code_groups,
        width=arguments.width,
        down_t=arguments.down_t,
        stride_t=arguments.stride_t,
        depth=arguments.depth,
        dilation_growth_rate=arguments.dilation_growth_rate,
        activation=arguments.vq_act,
        norm=arguments.vq_norm,
        quantizer=arguments.quantizer,
        mu=arguments.mu,
    )
    try:
        model = VQVAE(config)
        if arguments.vq_start == "interpolator":
            model.start_as_interpolator()
    except ValueError as error:
        raise InputError(
            f"this network cannot be built: {error}; change --width, --code-dim or --code-groups"
        ) from None
    return model


def loss_scale() -> Tensor:
    """(33,) factors from degrees and metres to the losses' degrees and centimetres: a degree of a joint moves the
    body about as far as a centimetre, so both count alike.
    """
    scale = torch.ones(len(ROTATION_INDICES) + len(TRANSLATION_INDICES))
    scale[list(TRANSLATION_INDICES)] = 100.0
    return scale


def least_std() -> Tensor:
    """(33,) least standard deviations of the normalisation: 2 degrees and 2 cm."""
    return 2.0 / loss_scale()


def learning_rate(iteration: int, arguments) -> float:
    """Learning rate of step `iteration` (from 1): linear warm-up, then milestones or half a cosine."""
    warm = min(1.0, iteration / arguments.warm_up_iter) if arguments.warm_up_iter > 0 else 1.0
    if arguments.cosine:
        return arguments.lr * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, iteration / arguments.total_iter)))
    passed = sum(iteration > milestone for milestone in arguments.lr_scheduler)
    return arguments.lr * warm * arguments.gamma**passed


def vqvae_losses(output: VQVAEOutput, motion: Tensor, weight: Tensor, arguments) -> dict[str, Tensor]:
    """Terms of BIGE's equation 1 and their weighted sum, `loss`.

    motion: (B, T, 33), degrees and metres. weight: (B, T). arguments: recons_loss, loss_vel, commit, temporal.
    """
    scale = loss_scale().to(motion)
    of = (arguments.recons_loss, output.reconstruction * scale, motion * scale, weight)
    terms = {
        "reconstruction": weighted_loss(*of),
        "velocity": velocity_loss(*of),
        "temporal": temporal_loss(*of),
        "commitment": output.quantised.loss,
    }
    weights = {
        "reconstruction": 1.0,
        "velocity": arguments.loss_vel,
        "temporal": arguments.temporal,
        "commitment": arguments.commit,
    }
    terms["loss"] = sum(weights[name] * value for name, value in terms.items() if weights[name])
    return terms


def evaluate(model: VQVAE, windows: MotionBatch) -> dict[str, float]:
    """Held-out figures on recorded frames, through the codebook and (`latent_`) around it.

    loss: smooth L1 in degrees and centimetres; angle_rmse_deg and leg_rmse_deg: all and leg and pelvis rotations, RMS;
    pelvis_rmse_mm: pelvis translation; used_codes.
    """
    figures = {}
    scale = loss_scale().to(windows.motion)
    for prefix, quantised in (("", True), ("latent_", False)):
        reconstruction, codes = reconstruct_all(model, windows.motion, quantised=quantised)
        error = reconstruction - windows.motion
        rms = root_mean_square(error, windows.recorded)
        figures |= {
            f"{prefix}angle_rmse_deg": float(rms[list(ROTATION_INDICES)].square().mean().sqrt()),
            f"{prefix}leg_rmse_deg": float(rms[list(LEG_AND_PELVIS_ROTATION_INDICES)].square().mean().sqrt()),
            f"{prefix}pelvis_rmse_mm": 1000 * float(rms[list(TRANSLATION_INDICES)].square().sum().sqrt()),
        }
        if quantised:
            weight = windows.recorded.to(error)
            figures["loss"] = float(weighted_loss("l1_smooth", reconstruction * scale, windows.motion * scale, weight))
            figures["used_codes"] = code_usage(codes, windows.recorded)[1]
    return figures


@torch.no_grad()
def write_latents(path: Path, model: VQVAE, windows: MotionBatch, batch: int = 64) -> None:
    """Write the training latents, before quantisation, that guidance's proximity needs.

    `latents` float16 (N, L, code_dim), `names` (N,) the windows' names, `recorded` bool (N, L), latent frames that
    stand for at least one recorded frame.
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
