"""What a VQ-VAE gives back: figures in degrees and millimetres, motion files, and unguided samples."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.io.mot import Motion, write_motion
from dataset.opensim.model_reader import load_skeleton
from dataset.windows.motion_batch import MotionBatch
from models.conventions import (
    COORDINATES,
    FRAME_RATE_HZ,
    LEG_AND_PELVIS_ROTATION_INDICES,
    ROTATION_INDICES,
    WINDOW_FRAMES,
)
from models.vqvae.autoencoder import VQVAE
from utils.reconstruction.reconstruct import code_usage, root_mean_square

logger = logging.getLogger("bige")


def joint_centre_error_mm(reconstruction: Tensor, windows: MotionBatch) -> Tensor:
    """Distance of every joint centre from where it was, mean over the joints, (N, T), millimetres, ground frame.

    reconstruction: (N, T, 33), degrees and metres. Each window is evaluated on its own person's skeleton.
    """
    error = torch.zeros(reconstruction.shape[:2])
    for model in dict.fromkeys(windows.models):
        rows = [i for i, one in enumerate(windows.models) if one == model]
        skeleton = load_skeleton(model)
        found, true = skeleton.joint_centres(reconstruction[rows]), skeleton.joint_centres(windows.motion[rows])
        error[rows] = 1000 * (found - true).norm(dim=-1).mean(-1)
    return error


def reconstruction_metrics(reconstruction: Tensor, unquantised: Tensor, codes: Tensor, windows: MotionBatch) -> dict:
    """Figures of reconstructions (N, T, 33) over recorded frames; all RMS over frames, windows and coordinates.

    unquantised: (N, T, 33), decoded from the latents without the codebook. codes: (N, L) or (N, L, groups).
    Returns `coordinates` (RMSE a coordinate, degrees or metres), `all`, `unquantised` and each of `subjects`
    (angle RMSE of all and of leg and pelvis rotations, mean joint-centre error), `perplexity` and `used_codes`.
    """
    rms = root_mean_square(reconstruction - windows.motion, windows.recorded)
    perplexity, used_codes = code_usage(codes, windows.recorded)
    errors_mm = joint_centre_error_mm(reconstruction, windows)
    subjects = {}
    for subject in sorted(set(windows.subjects)):
        rows = [i for i, one in enumerate(windows.subjects) if one == subject]
        subjects[subject] = _summary(reconstruction[rows], errors_mm[rows], windows.take(rows))
    return {
        "all": _summary(reconstruction, errors_mm, windows),
        "unquantised": _summary(unquantised, joint_centre_error_mm(unquantised, windows), windows),
        "subjects": subjects,
        "coordinates": {name: float(rms[i]) for i, name in enumerate(COORDINATES)},
        "perplexity": perplexity,
        "used_codes": used_codes,
        "windows": len(windows),
    }


def _summary(reconstruction: Tensor, errors_mm: Tensor, windows: MotionBatch) -> dict[str, float]:
    rms = root_mean_square(reconstruction - windows.motion, windows.recorded)
    return {
        "joint_centre_error_mm": float(errors_mm[windows.recorded].mean()),
        "angle_rmse_deg": float(rms[list(ROTATION_INDICES)].square().mean().sqrt()),
        "leg_and_pelvis_rmse_deg": float(rms[list(LEG_AND_PELVIS_ROTATION_INDICES)].square().mean().sqrt()),
    }


def write_motions(folder: Path, names: Sequence[str], motions: Tensor, recorded: Tensor | None = None) -> None:
    """Write motions (N, T, 33) at 60 Hz as <folder>/<name>.mot; with recorded (N, T), those frames alone."""
    for i, (name, motion) in enumerate(zip(names, motions.double().cpu().numpy(), strict=True)):
        kept = motion if recorded is None else motion[recorded[i].cpu().numpy()]
        path = folder / f"{name}.mot"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_motion(path, Motion(np.arange(len(kept)) / FRAME_RATE_HZ, kept))


@torch.no_grad()
def sample_latents(model: VQVAE, latents_file: Path, count: int, noise: float) -> Tensor:
    """Random quantised latents (count, L, code_dim): the unguided baseline.

    Each is a random training latent of `latents_file` plus normal noise of `noise` standard deviations of each channel,
    quantised; where there is no such file, each latent frame is a code drawn by itself.
    """
    device = next(model.parameters()).device
    if not latents_file.is_file():
        logger.warning("%s is not there: decoding random codes", latents_file)
        frames = WINDOW_FRAMES // model.config.frames_per_latent
        groups = () if model.config.code_groups == 1 else (model.config.code_groups,)
        codes = torch.randint(model.config.nb_code, (count, frames, *groups)).to(device)
        return model.quantizer.vectors_of(codes)
    with np.load(latents_file) as content:
        latents = torch.from_numpy(content["latents"].astype(np.float32))
    spread = latents.flatten(0, 1).std(0)
    drawn = latents[torch.randint(len(latents), (count,))]
    return model.quantize((drawn + noise * spread * torch.randn_like(drawn)).to(device))
