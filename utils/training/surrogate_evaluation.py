"""Evaluate a surrogate of muscle activations on held-out subjects."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from dataset.io.atomic_write import write_json
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.window_loading import load_held_out, load_subjects
from utils.checkpoints import SurrogateNetwork, load_surrogate
from utils.runs.environment import configure_torch
from utils.runs.record import record_config, refuse_trained
from utils.runs.writable import require_writable
from utils.training.parity_plot import plot_parity
from utils.training.surrogate_metrics import activation_metrics, metrics_table, predict_all
from utils.training.surrogate_training_config import SurrogateEvaluationConfig

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class SurrogateEvaluation:
    """Predictions of a surrogate beside simulated activations.

    Attributes:
        folder: the folder of `metrics.json` and `parity.png`.
        windows: the windows that were evaluated.
        prediction: (N, T, 80) predicted activations, 0 to 1, of these windows.
        metrics: see `activation_metrics`.
    """

    folder: Path
    windows: MotionBatch
    prediction: Tensor
    metrics: dict[str, Any]

    @property
    def table(self) -> str:
        """R2 and RMSE of each muscle and of the muscle groups as text."""
        return metrics_table(self.metrics)


def evaluate_surrogate(config: SurrogateEvaluationConfig) -> SurrogateEvaluation:
    """Evaluate a surrogate on sessions that have simulated activations, and write `metrics.json` and `parity.png`.

    Raises:
        InputError: the checkpoint or the sessions cannot be used.
    """
    require_writable(config.run_folder)
    device = configure_torch(config)
    name, root = config.find_data_root()
    logger.info("sessions of %s (%s)", root, name)
    folder = config.run_folder
    refuse_trained(folder)
    if config.subjects:
        windows = load_subjects(root, config.subjects, activations=True, frames=config.window_frames)
    else:
        windows, split = load_held_out(root, seed=config.seed, activations=True, frames=config.window_frames)
        split.write(folder / "split.json")
    record_config(config, folder)
    return evaluate_surrogate_on(load_surrogate(config.checkpoint, device), windows.to(device), folder)


def evaluate_surrogate_on(model: SurrogateNetwork, windows: MotionBatch, folder: Path) -> SurrogateEvaluation:
    """Evaluate a surrogate on windows that have been loaded, and write `metrics.json` and `parity.png` to `folder`."""
    prediction = predict_all(model, windows)
    metrics = activation_metrics(prediction, windows)
    write_json(folder / "metrics.json", metrics)
    plot_parity(folder / "parity.png", prediction, windows)
    logger.info("metrics.json and parity.png are in %s", folder)
    return SurrogateEvaluation(folder, windows, prediction, metrics)
