"""Evaluate a surrogate of muscle activations on held-out subjects."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.locations import cache_folder
from dataset.sessions import Session
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.window_loading import load_windows
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.published_transformer import PublishedSurrogate
from utils.checkpoints import SurrogateNetwork, load_surrogate, sessions_to_evaluate
from utils.runs.environment import configure_torch
from utils.runs.record import record_config, refuse_trained, warn_of_other_settings
from utils.runs.writable import require_writable
from utils.training.dynamics_evaluation import evaluate_subjects, subjects_table
from utils.training.parity_plot import plot_parity
from utils.training.resuming import held_folder
from utils.training.sample_store import SampleStore, prepare_samples
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
        metrics: see `activation_metrics`, with `subjects`, see `evaluate_subjects`, where they were evaluated.
    """

    folder: Path
    windows: MotionBatch
    prediction: Tensor
    metrics: dict[str, Any]

    @property
    def table(self) -> str:
        """R2 and RMSE of each muscle and of the muscle groups as text, and R2 of each subject."""
        tables = [metrics_table(self.metrics)]
        if "subjects" in self.metrics:
            tables.append(subjects_table(self.metrics["subjects"]))
        return "\n\n".join(tables)


@dataclass(frozen=True)
class SurrogateTrainingResult:
    """A trained surrogate, of either kind.

    Attributes:
        folder: the run folder, which holds `best.pth`, `last.pth` and the logs.
        model: the networks of the least validation loss, in evaluation mode.
        best_loss: that loss, smooth L1 of activations.
        best_epoch: the epoch that it is from.
        epochs: epochs done.
        evaluation: its evaluation on the held-out subjects.
    """

    folder: Path
    model: SurrogateNetwork
    best_loss: float
    best_epoch: int
    epochs: int
    evaluation: SurrogateEvaluation


def evaluate_surrogate(config: SurrogateEvaluationConfig) -> SurrogateEvaluation:
    """Evaluate a surrogate on sessions that have simulated activations, and write `metrics.json` and `parity.png`.

    They take the place of those of an earlier evaluation; if its settings were others, a warning says so.

    Raises:
        InputError: the checkpoint or the sessions cannot be used, or another process writes into the folder.
    """
    require_writable(config.run_folder, within=config.out_dir)
    refuse_trained(config.run_folder)
    with held_folder(config.run_folder):
        if (config.run_folder / "metrics.json").exists():
            warn_of_other_settings(config.run_folder / "args.json", config, config.run_folder)
        return _evaluate_in_folder(config)


def _evaluate_in_folder(config: SurrogateEvaluationConfig) -> SurrogateEvaluation:
    """Evaluate a surrogate into its run folder, which this process holds; see `evaluate_surrogate`."""
    device = configure_torch(config)
    name, root = config.find_data_root()
    logger.info("sessions of %s (%s)", root, name)
    folder = config.run_folder
    model = load_surrogate(config.checkpoint, device)
    sessions, split = sessions_to_evaluate(config.checkpoint, root, config.subjects, config.seed)
    if split is not None:
        split.write(folder / "split.json")
    record_config(config, folder)
    frames = config.window_frames
    if isinstance(model, PublishedSurrogate) and frames > (longest := model.positional_encoding.shape[1]):
        logger.info("%s reads at most %d frames; longer repetitions are left out", config.checkpoint, longest)
        frames = longest
    windows = load_windows(sessions, activations=True, frames=frames)
    samples = None
    if isinstance(model, DynamicsSurrogate):
        try:
            samples = prepare_samples(sessions, cache_folder(root, "samples"), config.seed)
        except InputError as error:
            logger.warning("share of load and joint moments are not evaluated: %s", error)
    return evaluate_surrogate_on(model, windows.to(device), folder, sessions, samples)


def evaluate_surrogate_on(
    model: SurrogateNetwork,
    windows: MotionBatch,
    folder: Path,
    sessions: Sequence[Session] = (),
    samples: SampleStore | None = None,
) -> SurrogateEvaluation:
    """Evaluate a surrogate on windows that have been loaded, and write `metrics.json` and `parity.png` to `folder`.

    Args:
        model: the surrogate.
        windows: windows with simulated activations.
        folder: the folder of the results.
        sessions: the sessions of the samples.
        samples: of these sessions, for a `DynamicsSurrogate`: loads and moments are evaluated as well.
    """
    prediction = predict_all(model, windows)
    metrics = activation_metrics(prediction, windows)
    if isinstance(model, DynamicsSurrogate) and samples is not None:
        metrics["subjects"] = evaluate_subjects(model, sessions, samples)
    write_json(folder / "metrics.json", metrics)
    plot_parity(folder / "parity.png", prediction, windows)
    logger.info("metrics.json and parity.png are in %s", folder)
    return SurrogateEvaluation(folder, windows, prediction, metrics)
