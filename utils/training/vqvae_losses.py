"""Training loss and validation metrics of the VQ-VAE."""

import torch
from torch import Tensor

from dataset.windows.window_source import WindowSource
from models.conventions import COORDINATES, LEG_AND_PELVIS_ROTATION_INDICES, ROTATION_INDICES, TRANSLATION_INDICES
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.vqvae.autoencoder import VQVAE, VQVAEOutput
from utils.reconstruction.autoencoding import code_usage, reconstruct_all, used_codes_of
from utils.training.motion_losses import ELEMENTWISE, temporal_loss, velocity_loss, weighted_loss, weighted_mean
from utils.training.vqvae_training_config import VQVAETrainingConfig

_COMPARED_EVERY = 4  # frames, of joint centres in training

VALIDATION_METRICS = (
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


def vqvae_losses(
    output: VQVAEOutput,
    motion: Tensor,
    weight: Tensor,
    config: VQVAETrainingConfig,
    skeleton: OpenSimSkeleton | None = None,
) -> dict[str, Tensor]:
    """The terms of equation 1 of BIGE and the distance between joint centres, and their weighted sum `loss`.

    Args:
        output: of the network for `motion`.
        motion: (B, T, 33), degrees and metres.
        weight: (B, T), weight of each frame.
        config: kind and weights of the losses.
        skeleton: whose joint centres are compared; None for no `position` term.
    """
    scale = loss_scale().to(motion)
    compared = (config.recons_loss, output.reconstruction * scale, motion * scale, weight)
    terms = {
        "reconstruction": weighted_loss(*compared),
        "velocity": velocity_loss(*compared),
        "temporal": temporal_loss(*compared),
        "commitment": output.quantised.loss,
    }
    if skeleton is not None:
        terms["position"] = position_loss(skeleton, output.reconstruction, motion, weight)
    weights = {
        "reconstruction": 1.0,
        "position": config.loss_pos,
        "velocity": config.loss_vel,
        "temporal": config.temporal,
        "commitment": config.commit,
    }
    weighted = [weights[name] * value for name, value in terms.items() if weights[name]]
    return terms | {"loss": sum(weighted[1:], start=weighted[0])}


def position_loss(skeleton: OpenSimSkeleton, prediction: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean distance between joint centres, in centimetres.

    A random one of every four frames is compared, because the losses of the velocity tie the others to it and the
    skeleton would cost as much as the network.

    Args:
        skeleton: whose joint centres are compared, on the device of the motions.
        prediction: (B, T, 33), degrees and metres.
        target: (B, T, 33).
        weight: (B, T), weight of each frame.
    """
    chosen = slice(int(torch.randint(_COMPARED_EVERY, ())), None, _COMPARED_EVERY)
    with torch.no_grad():
        centres = skeleton.joint_centres(target[:, chosen])
    distance = (skeleton.joint_centres(prediction[:, chosen]) - centres).norm(dim=-1).mean(-1)  # (B, T / 4)
    return 100 * weighted_mean(distance, weight[:, chosen])


@torch.no_grad()
def evaluate_vqvae(model: VQVAE, windows: WindowSource, batch: int = 64) -> dict[str, float]:
    """The VALIDATION_METRICS of a VQ-VAE over the recorded frames of `windows`, `batch` of which are read together.

    Returns:
        `loss` (smooth L1 in degrees and centimetres), the root mean square errors `angle_rmse_deg` of all rotations,
        `leg_rmse_deg` of leg and pelvis rotations and `pelvis_rmse_mm` of the pelvis's translation, and `used_codes`;
        with the prefix `latent_`, errors of motions decoded from latents that were not quantised.
    """
    device = model.normalizer.mean.device
    scale = loss_scale().to(device)
    square = torch.zeros(2, len(COORDINATES), dtype=torch.float64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    frames, codes = 0, []
    for part in windows.batches(batch):
        motion, recorded = part.motion.to(device), part.recorded.to(device)
        for row, quantised in enumerate((True, False)):
            reconstruction, of_part = reconstruct_all(model, motion, quantised=quantised)
            error = (reconstruction - motion)[recorded]  # (F, 33)
            square[row] += error.double().square().sum(0)
            if quantised:
                loss += ELEMENTWISE["l1_smooth"](error * scale, torch.zeros_like(error)).double().mean(1).sum()
                codes.append(used_codes_of(of_part, recorded))
        frames += int(recorded.sum())
    metrics = {"loss": float(loss / max(frames, 1)), "used_codes": code_usage(torch.cat(codes))[1]}
    for prefix, rms in zip(("", "latent_"), (square / max(frames, 1)).sqrt(), strict=True):
        metrics |= {
            f"{prefix}angle_rmse_deg": float(rms[list(ROTATION_INDICES)].square().mean().sqrt()),
            f"{prefix}leg_rmse_deg": float(rms[list(LEG_AND_PELVIS_ROTATION_INDICES)].square().mean().sqrt()),
            f"{prefix}pelvis_rmse_mm": 1000 * float(rms[list(TRANSLATION_INDICES)].square().sum().sqrt()),
        }
    return metrics
