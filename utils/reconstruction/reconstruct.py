"""Reconstruct motions with a VQ-VAE, and measure the errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.mot import write_motion
from dataset.io.motion import Motion
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.window_loading import load_windows
from models.conventions import FRAME_RATE_HZ
from utils.checkpoints import load_vqvae, sessions_to_evaluate
from utils.networks.inference import require_whole_latents
from utils.reconstruction.autoencoding import reconstruct_all
from utils.reconstruction.reconstruction_config import ReconstructionConfig
from utils.reconstruction.reconstruction_metrics import evaluate_reconstruction, reconstruction_table
from utils.runs.environment import configure_torch
from utils.runs.hold import LONGEST_WAIT_S, held
from utils.runs.record import record_config, warn_of_other_settings
from utils.runs.run_folder import keep_other_kinds, new_folder
from utils.runs.writable import require_writable

_RECORD_NAME = "eval_args.json"  # the folder may be that of a training, with its args.json


@dataclass(frozen=True)
class ReconstructionResult:
    """Motions beside their reconstructions.

    Attributes:
        folder: the run folder, which holds `reconstructions/`.
        metrics_path: the file of the metrics: `metrics.json`, or `eval_metrics.json` in the folder of a training.
        windows: the recorded windows.
        reconstruction: (N, T, 33) their reconstructions, degrees and metres.
        metrics: see `ReconstructionErrors`.
        nb_code: codes in the codebook.
    """

    folder: Path
    metrics_path: Path
    windows: MotionBatch
    reconstruction: Tensor
    metrics: dict[str, Any]
    nb_code: int

    @property
    def table(self) -> str:
        """The errors of each coordinate and of each subject as text."""
        return reconstruction_table(self.metrics, self.nb_code)


def reconstruct(config: ReconstructionConfig) -> ReconstructionResult:
    """Reconstruct motions, and write them as `reconstructions/<session>/<repetition>.mot` with `metrics.json`.

    They take the place of the reconstructions of an earlier run, which may be of other people; other files stay. If its
    settings were others, a warning says so. In the folder of a training, which has a `metrics.json` of its own, the
    metrics are `eval_metrics.json`.

    Raises:
        InputError: the checkpoint or the sessions cannot be used, or another process reconstructs into the folder.
    """
    require_writable(config.run_folder, within=config.out_dir)
    device = configure_torch(config)
    model = load_vqvae(config.checkpoint_path, device)
    _, root = config.find_data_root()
    sessions, _ = sessions_to_evaluate(config.checkpoint_path, root, config.subjects, config.seed)
    require_whole_latents(model, config.seq_len)
    windows = load_windows(sessions, frames=config.window_frames)
    reconstruction = reconstruct_all(model, windows.motion.to(device))[0].cpu()
    if not torch.isfinite(reconstruction).all():
        raise InputError(f"{config.checkpoint_path}: reconstructs NaN or infinity; use another checkpoint")
    metrics = evaluate_reconstruction(model, windows)

    folder, motions = config.run_folder, config.run_folder / "reconstructions"
    metrics_path = folder / ("eval_metrics.json" if (folder / "args.json").exists() else "metrics.json")
    refusal = f"{motions}: another process is writing there; wait until it has ended, or choose another --exp-name"
    with held(folder / ".reconstructions.lock", refusal, wait_s=LONGEST_WAIT_S):
        if any(motions.rglob("*.mot")):
            warn_of_other_settings(folder / _RECORD_NAME, config, motions)
        with new_folder(motions) as new:
            write_motions(new, windows.names, reconstruction, windows.recorded)
            keep_other_kinds(motions, new, ".mot")
        record_config(config, folder, _RECORD_NAME)
        write_json(metrics_path, metrics)
    return ReconstructionResult(folder, metrics_path, windows, reconstruction, metrics, model.config.nb_code)


def write_motions(folder: Path, names: Sequence[str], motions: Tensor, recorded: Tensor | None = None) -> list[Path]:
    """Write motions as `<folder>/<name>.mot` at 60 Hz; returns the files.

    Args:
        folder: parent of the files.
        names: N names, which may have folders.
        motions: (N, T, 33), degrees and metres.
        recorded: (N, T) bool, the frames that are written; None for all.
    """
    paths = []
    for i, (name, motion) in enumerate(zip(names, motions.double().cpu().numpy(), strict=True)):
        kept = motion if recorded is None else motion[recorded[i].cpu().numpy()]
        paths.append(folder / f"{name}.mot")
        write_motion(paths[-1], Motion(np.arange(len(kept)) / FRAME_RATE_HZ, kept))
    return paths
