"""Errors of reconstructed motions in degrees and millimetres, and their table."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from dataset.opensim.model_reader import load_skeleton
from dataset.windows.motion_batch import MotionBatch
from models.conventions import COORDINATES, LEG_AND_PELVIS_ROTATION_INDICES, ROTATION_INDICES, TRANSLATIONS
from utils.reconstruction.autoencoding import code_usage, root_mean_square, used_codes_of


def joint_centre_error_mm(reconstruction: Tensor, windows: MotionBatch) -> Tensor:
    """Distance between reconstructed and recorded joint centres, mean over the joints, (N, T) millimetres.

    Args:
        reconstruction: (N, T, 33), degrees and metres.
        windows: the N recorded windows; each is evaluated on the skeleton of its own subject.
    """
    error = torch.zeros(reconstruction.shape[:2])
    for model in dict.fromkeys(windows.models):
        rows = [i for i, one in enumerate(windows.models) if one == model]
        skeleton = load_skeleton(model)
        decoded, recorded = skeleton.joint_centres(reconstruction[rows]), skeleton.joint_centres(windows.motion[rows])
        error[rows] = 1000 * (decoded - recorded).norm(dim=-1).mean(-1)
    return error


def reconstruction_metrics(
    reconstruction: Tensor, unquantised: Tensor, codes: Tensor, windows: MotionBatch
) -> dict[str, Any]:
    """Errors over the recorded frames; root mean squares are over frames, windows and coordinates.

    Args:
        reconstruction: (N, T, 33), decoded from codes, degrees and metres.
        unquantised: (N, T, 33), decoded from latents before quantisation.
        codes: (N, L) or (N, L, groups).
        windows: the N recorded windows.

    Returns:
        `coordinates` (root mean square error of each, degrees or metres); `all`, `unquantised` and each of `subjects`
        (root mean square error of all rotations and of leg and pelvis rotations, mean joint centre error); `perplexity`
        and `used_codes` of the codebook; `windows`, their number.
    """
    rms = root_mean_square(reconstruction - windows.motion, windows.recorded)
    perplexity, used_codes = code_usage(used_codes_of(codes, windows.recorded))
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


def reconstruction_table(metrics: Mapping[str, Any], nb_code: int) -> str:
    """The result of `reconstruction_metrics` as text, coordinate by coordinate and subject by subject.

    Args:
        metrics: of `reconstruction_metrics`.
        nb_code: codes in the codebook.
    """
    lines = [f"{'coordinate':<20}{'RMSE':>8}"]
    for name in COORDINATES:
        unit, scale = ("mm", 1000) if name in TRANSLATIONS else ("deg", 1)
        lines.append(f"{name:<20}{scale * metrics['coordinates'][name]:>8.2f} {unit}")
    lines.append(f"{'':<24}{'joint centres':>16}{'all angles':>14}{'leg and pelvis angles':>24}")
    for name, row in {"all": metrics["all"], **metrics["subjects"], "unquantised": metrics["unquantised"]}.items():
        lines.append(
            f"{name:<24}{row['joint_centre_error_mm']:>13.1f} mm{row['angle_rmse_deg']:>10.2f} deg"
            f"{row['leg_and_pelvis_rmse_deg']:>20.2f} deg"
        )
    lines.append(f"perplexity {metrics['perplexity']:.1f} of {nb_code}, {metrics['used_codes']:.0f} codes used")
    return "\n".join(lines)
