"""Errors of reconstructed motions in degrees and millimetres, and their table."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from dataset.opensim.model_reader import load_skeleton
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.window_source import WindowSource
from models.conventions import COORDINATES, LEG_AND_PELVIS_ROTATION_INDICES, ROTATION_INDICES, TRANSLATIONS
from models.vqvae.autoencoder import VQVAE
from utils.reconstruction.autoencoding import code_usage, reconstruct_all, used_codes_of

# Kinds of repetitions whose errors are listed on their own.
DEEP_DEG, QUICK_S, SLOW_S = 110.0, 1.6, 3.2


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


class ReconstructionErrors:
    """Errors of reconstructions over the recorded frames, collected batch by batch.

    Root mean squares are over frames and windows, then over coordinates.
    """

    def __init__(self) -> None:
        self._windows = 0
        self._codes: list[Tensor] = []
        self._sums: dict[tuple[str, str], _Sums] = {}

    def add(self, reconstruction: Tensor, unquantised: Tensor, codes: Tensor, windows: MotionBatch) -> None:
        """Add a batch.

        Args:
            reconstruction: (N, T, 33), decoded from codes, degrees and metres.
            unquantised: (N, T, 33), decoded from latents before quantisation.
            codes: (N, L) or (N, L, groups).
            windows: the N recorded windows.
        """
        self._windows += len(windows)
        self._codes.append(used_codes_of(codes, windows.recorded).to(torch.int32))
        everything = torch.ones(len(windows), dtype=torch.bool)
        self._add("", "all", reconstruction, windows, everything)
        self._add("", "unquantised", unquantised, windows, everything)
        for subject in sorted(set(windows.subjects)):
            rows = torch.tensor([one == subject for one in windows.subjects])
            self._add("subjects", subject, reconstruction, windows, rows)
        depth_deg, duration_s = windows.depth_and_duration().unbind(1)
        kinds = {
            f"deeper than {DEEP_DEG:g} deg": depth_deg > DEEP_DEG,
            f"quicker than {QUICK_S:g} s": duration_s < QUICK_S,
            f"slower than {SLOW_S:g} s": duration_s > SLOW_S,
        }
        for kind, rows in kinds.items():
            self._add("kinds", kind, reconstruction, windows, rows)

    def _add(self, table: str, row: str, motion: Tensor, windows: MotionBatch, rows: Tensor) -> None:
        if rows.any():
            chosen = windows.take(rows.nonzero().squeeze(1))
            self._sums.setdefault((table, row), _Sums()).add(motion[rows], chosen)

    def metrics(self) -> dict[str, Any]:
        """The errors.

        Returns:
            `coordinates` (root mean square error of each, degrees or metres); `all`, `unquantised`, each of `subjects`
            and each of `kinds` of repetitions (root mean square error of all rotations and of leg and pelvis rotations,
            mean joint centre error); `perplexity` and `used_codes` of the codebook; `windows`, their number.
        """
        perplexity, used_codes = code_usage(torch.cat(self._codes).long())
        rms = self._sums["", "all"].rms
        rows = {key: sums.summary() for key, sums in self._sums.items()}
        tables = {
            name: dict(sorted((row, summary) for (table, row), summary in rows.items() if table == name))
            for name in ("subjects", "kinds")
        }
        return {
            "all": rows["", "all"],
            "unquantised": rows["", "unquantised"],
            **tables,
            "coordinates": {name: float(rms[i]) for i, name in enumerate(COORDINATES)},
            "perplexity": perplexity,
            "used_codes": used_codes,
            "windows": self._windows,
        }


class _Sums:
    """Sums of the errors of some windows over their recorded frames."""

    def __init__(self) -> None:
        self.square = torch.zeros(len(COORDINATES), dtype=torch.float64)
        self.distance_mm, self.frames = 0.0, 0

    def add(self, motion: Tensor, windows: MotionBatch) -> None:
        """Add the errors of reconstructions (N, T, 33) of N windows."""
        error = (motion - windows.motion)[windows.recorded].double()
        self.square += error.square().sum(0)
        self.distance_mm += float(joint_centre_error_mm(motion, windows)[windows.recorded].double().sum())
        self.frames += len(error)

    @property
    def rms(self) -> Tensor:
        """(33,) root mean square error of each coordinate, degrees or metres."""
        return (self.square / max(self.frames, 1)).sqrt()

    def summary(self) -> dict[str, float]:
        """Mean joint centre error, and root mean square errors of rotations."""
        return {
            "joint_centre_error_mm": self.distance_mm / max(self.frames, 1),
            "angle_rmse_deg": float(self.rms[list(ROTATION_INDICES)].square().mean().sqrt()),
            "leg_and_pelvis_rmse_deg": float(self.rms[list(LEG_AND_PELVIS_ROTATION_INDICES)].square().mean().sqrt()),
        }


def evaluate_reconstruction(model: VQVAE, windows: WindowSource, batch: int = 64) -> dict[str, Any]:
    """The metrics of `ReconstructionErrors` of a VQ-VAE on windows, `batch` of which are read together."""
    device = model.normalizer.mean.device
    errors = ReconstructionErrors()
    for part in windows.batches(batch):
        motion = part.motion.to(device)
        reconstruction, codes = reconstruct_all(model, motion)
        unquantised, _ = reconstruct_all(model, motion, quantised=False)
        errors.add(reconstruction.cpu(), unquantised.cpu(), codes.cpu(), part)
    return errors.metrics()


def reconstruction_table(metrics: Mapping[str, Any], nb_code: int) -> str:
    """Metrics as text, coordinate by coordinate, subject by subject and for kinds of repetitions.

    Args:
        metrics: of `ReconstructionErrors`.
        nb_code: codes in the codebook.
    """
    lines = [f"{'coordinate':<20}{'RMSE':>8}"]
    for name in COORDINATES:
        unit, scale = ("mm", 1000) if name in TRANSLATIONS else ("deg", 1)
        lines.append(f"{name:<20}{scale * metrics['coordinates'][name]:>8.2f} {unit}")
    lines.append(f"{'':<24}{'joint centres':>16}{'all angles':>14}{'leg and pelvis angles':>24}")
    rows = {"all": metrics["all"], **metrics["subjects"], **metrics["kinds"], "unquantised": metrics["unquantised"]}
    for name, row in rows.items():
        lines.append(
            f"{name:<24}{row['joint_centre_error_mm']:>13.1f} mm{row['angle_rmse_deg']:>10.2f} deg"
            f"{row['leg_and_pelvis_rmse_deg']:>20.2f} deg"
        )
    lines.append(f"perplexity {metrics['perplexity']:.1f} of {nb_code}, {metrics['used_codes']:.0f} codes used")
    return "\n".join(lines)
