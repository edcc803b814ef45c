"""Training loss and held-out metrics of the VQ-VAE."""

import torch
from torch import Tensor

from dataset.windows.motion_batch import MotionBatch
from models.conventions import COORDINATES, LEG_AND_PELVIS_ROTATION_INDICES, ROTATION_INDICES, TRANSLATION_INDICES
from models.vqvae.autoencoder import VQVAE, VQVAEOutput
from utils.reconstruction.autoencoding import code_usage, reconstruct_all, root_mean_square
from utils.training.motion_losses import temporal_loss, velocity_loss, weighted_loss
from utils.training.vqvae_training_config import VQVAETrainingConfig

HELD_OUT_METRICS = (
    "angle_rmse_deg",
    "leg_rmse_deg",
    "pelvis_rmse_mm",
    "loss",
    "used_codes",
    "latent_angle_rmse_deg",
    "latent_leg_rmse_deg",
    "latent_pelvis_rmse_mm",
)


def loss_scale() -> Tensor:
    """(33,) factors from degrees and metres to the degrees and centimetres of the losses.

    One degree of a joint moves the body about as far as one centimetre of translation, so both count alike.
    """
    scale = torch.ones(len(COORDINATES))
    scale[list(TRANSLATION_INDICES)] = 100.0
    return scale


def min_std() -> Tensor:
    """(33,) least standard deviations of the normalisation: 2 degrees and 2 centimetres."""
    return 2.0 / loss_scale()


def vqvae_losses(output: VQVAEOutput, motion: Tensor, weight: Tensor, config: VQVAETrainingConfig) -> dict[str, Tensor]:
    """The terms of equation 1 of BIGE, and their weighted sum `loss`.

    Args:
        output: of the network for `motion`.
        motion: (B, T, 33), degrees and metres.
        weight: (B, T), weight of each frame.
        config: kind and weights of the losses.
    """
    scale = loss_scale().to(motion)
    compared = (config.recons_loss, output.reconstruction * scale, motion * scale, weight)
    terms = {
        "reconstruction": weighted_loss(*compared),
        "velocity": velocity_loss(*compared),
        "temporal": temporal_loss(*compared),
        "commitment": output.quantised.loss,
    }
    weights = {
        "reconstruction": 1.0,
        "velocity": config.loss_vel,
        "temporal": config.temporal,
        "commitment": config.commit,
    }
    weighted = [weights[name] * value for name, value in terms.items() if weights[name]]
    return terms | {"loss": sum(weighted[1:], start=weighted[0])}


def evaluate_vqvae(model: VQVAE, windows: MotionBatch) -> dict[str, float]:
    """The HELD_OUT_METRICS of a VQ-VAE over the recorded frames of `windows`.

    Returns:
        `loss` (smooth L1 in degrees and centimetres), the root mean square errors `angle_rmse_deg` of all rotations,
        `leg_rmse_deg` of leg and pelvis rotations and `pelvis_rmse_mm` of the pelvis's translation, and `used_codes`;
        with the prefix `latent_`, errors of motions decoded from latents that were not quantised.
    """
    metrics: dict[str, float] = {}
    scale = loss_scale().to(windows.motion)
    for prefix, quantised in (("", True), ("latent_", False)):
        reconstruction, codes = reconstruct_all(model, windows.motion, quantised=quantised)
        error = reconstruction - windows.motion
        rms = root_mean_square(error, windows.recorded)
        metrics |= {
            f"{prefix}angle_rmse_deg": float(rms[list(ROTATION_INDICES)].square().mean().sqrt()),
            f"{prefix}leg_rmse_deg": float(rms[list(LEG_AND_PELVIS_ROTATION_INDICES)].square().mean().sqrt()),
            f"{prefix}pelvis_rmse_mm": 1000 * float(rms[list(TRANSLATION_INDICES)].square().sum().sqrt()),
        }
        if quantised:
            weight = windows.recorded.to(error)
            metrics["loss"] = float(weighted_loss("l1_smooth", reconstruction * scale, windows.motion * scale, weight))
            metrics["used_codes"] = code_usage(codes, windows.recorded)[1]
    return metrics
