"""Train a surrogate of muscle activations."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from dataset.errors import InputError
from dataset.splits import Split
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.window_source import WindowSource
from models.conventions import ROTATION_INDICES
from models.surrogate.batch_dropout import set_part_of_batch
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.ground_loads import LOAD_COUNT
from models.surrogate.transformer import SurrogateTransformer
from utils.checkpoints import load_surrogate
from utils.runs.record import record_config
from utils.runs.tensorboard_views import show_activations
from utils.training.augmentation import delay_windows
from utils.training.distributed import ProcessGroup
from utils.training.lr_schedules import cosine_schedule
from utils.training.resuming import RunOrigin, resumed_config
from utils.training.run_processes import processes_of_run
from utils.training.surrogate_evaluation import SurrogateTrainingResult, evaluate_surrogate_on
from utils.training.surrogate_metrics import activation_loss, activation_metrics, labelled_activations, predict_all
from utils.training.surrogate_training_config import SurrogateTrainingConfig
from utils.training.training_data import open_training_data
from utils.training.training_loop import (
    BEST,
    LoopSettings,
    NotFiniteLossError,
    TrainingTask,
    run_training,
)
from utils.training.training_state import TrainingState, read_training_state, require_kept_network

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger("bige")

_FITTED_WINDOWS = 2000  # to which the normalisation is fitted; the others hardly change it
# Least standard deviations of the normalisation: a channel that moves less counts as constant.
_LEAST_STD_M = 1e-4  # metres, and metres per frame
_LEAST_STD_DEG = 1e-2  # degrees, and degrees per frame
_LEAST_STD_ANTHROPOMETRY = 1e-2  # kilograms and metres


def train_surrogate(config: SurrogateTrainingConfig) -> SurrogateTrainingResult | None:
    """Train a surrogate on the simulated repetitions of a data root, split by subject, and evaluate it.

    Returns:
        The result; None in all but the main process of a distributed training, which writes all files.

    Raises:
        InputError: the sessions, the checkpoint to resume from or the network cannot be used.
        RunError: training diverged.
        KeyboardInterrupt: the user stopped the training; `last.pth` has been written.
    """
    config, kept = resumed_config(config)
    with processes_of_run(config) as group:
        windows = open_training_data(config, group, activations=True, kept=kept)
        if group.is_main:
            windows.split.write(config.run_folder / "split.json")
            record_config(config, config.run_folder)
        return train_surrogate_on(config, windows.training, windows.validation, windows.held_out, group, windows.split)


def train_surrogate_on(
    config: SurrogateTrainingConfig,
    training: WindowSource,
    validation: WindowSource,
    held_out: WindowSource,
    group: ProcessGroup,
    split: Split | None = None,
) -> SurrogateTrainingResult | None:
    """`train_surrogate` on windows of a split that have been opened, in one process of `group`."""
    device = group.device
    if config.mirror:
        training = training.with_mirrored()
    if config.resume_pth is None:
        model, state = SurrogateTransformer(config.network).to(device), TrainingState()
        every = max(1, len(training) // _FITTED_WINDOWS)
        fit_to_windows(model, training.take(range(0, len(training), every)).to(device))
    else:
        model, state = _load_trainable(config.resume_pth, device), read_training_state(config.resume_pth)
        require_kept_network(config.network, model.config, config.resume_pth, config.given)
    logger.info("%d training windows, %d validation windows, %s", len(training), len(validation), model.config)

    task = SurrogateTask(config, model, state, training, _all_of(validation).to(device), group)
    settings = LoopSettings(
        folder=config.run_folder,
        steps=config.epochs,
        seed=config.seed,
        patience=config.patience,
        resumed_from=config.resume_pth,
        run=RunOrigin.of(config, split).as_dict(),
    )
    state = run_training(task, settings, group, state)
    if not group.is_main:
        return None
    best = _load_trainable(config.run_folder / BEST, device)
    evaluation = evaluate_surrogate_on(best, _all_of(held_out).to(device), config.run_folder)
    return SurrogateTrainingResult(config.run_folder, best, state.best, state.best_step, state.step, evaluation)


def _all_of(windows: WindowSource) -> MotionBatch:
    return windows.take(range(len(windows)))


def _load_trainable(path: Path, device: torch.device) -> SurrogateTransformer:
    """The surrogate of a checkpoint. Raises InputError for another one, and for published weights."""
    model = load_surrogate(path, device)
    if isinstance(model, DynamicsSurrogate):
        raise InputError(f"{path} has a surrogate after inverse dynamics, which is trained without --kinematics")
    if not isinstance(model, SurrogateTransformer):
        raise InputError(
            f"{path} has the published surrogate, which can be evaluated but not trained further: its attention runs "
            "over the batch instead of over time"
        )
    return model


@torch.no_grad()
def fit_to_windows(model: SurrogateTransformer, windows: MotionBatch) -> None:
    """Fit the normalisation to the training windows, and let the untrained network predict their mean activations."""
    channels = model.channels(windows.motion, windows.anthropometry)
    min_std = torch.full((channels.shape[-1],), _LEAST_STD_M)
    loads = LOAD_COUNT if model.config.ground_loads else 0
    orders = 3 if model.config.derivatives else 1
    min_std[: len(min_std) - loads].view(orders, -1)[:, list(ROTATION_INDICES)] = _LEAST_STD_DEG
    model.normalizer.fit(channels, windows.recorded, min_std=min_std.to(channels))
    if model.person_normalizer is not None and windows.anthropometry is not None:
        model.person_normalizer.fit(windows.anthropometry, min_std=_LEAST_STD_ANTHROPOMETRY)
    activations, labelled = labelled_activations(windows)
    model.head.weight.mul_(0.1)
    model.head.bias.copy_(torch.logit(activations[labelled].mean(0), eps=1e-3))


class SurrogateTask(TrainingTask):
    """Epochs and evaluations of the training of a surrogate; see `TrainingTask`."""

    metrics = ("loss",)
    validation_metrics = ("loss", "rmse", "r2_median")
    model: SurrogateTransformer

    def __init__(
        self,
        config: SurrogateTrainingConfig,
        model: SurrogateTransformer,
        state: TrainingState,
        training: WindowSource,
        validation: MotionBatch,
        group: ProcessGroup,
    ) -> None:
        """Set up the optimiser of a model, which resumes from `state`; the validation windows are on its device.

        Raises:
            InputError: a batch has fewer windows than there are processes.
        """
        self.config, self.model, self.training, self.validation = config, model, training, validation
        self.group, self.device = group, group.device
        group.share_of_batch(config.batch_size)
        group.agree_on(*model.state_dict().values())
        self._lr = config.lr  # of the last step
        if config.compiled:
            model.compile()  # in place, so that the names of the weights stay
        self.optimizer = torch.optim.Adam(model.parameters(), config.lr, weight_decay=config.weight_decay)
        self.plateau: ReduceLROnPlateau | None = None
        self.scheduler: LambdaLR | None = None
        if not config.cosine:
            self.plateau = ReduceLROnPlateau(self.optimizer, factor=0.5, patience=config.plateau_epochs)
        state.restore(self.optimizer, self.plateau)
        if config.cosine:
            batches = -(-len(training) // config.batch_size)
            self.scheduler = cosine_schedule(
                self.optimizer,
                config.lr,
                warm_up=batches,  # the first epoch
                total=batches * config.epochs,
                steps_done=batches * state.step,
            )

    def train_step(self) -> Mapping[str, float | Tensor]:
        """Optimise for one epoch; the mean loss of its windows."""
        rate = torch.tensor(self.optimizer.param_groups[0]["lr"], dtype=torch.float64, device=self.device)
        self.group.agree_on(rate)  # the main process alone follows the validation loss
        self.optimizer.param_groups[0]["lr"] = float(rate)
        total = 0.0
        for chosen in torch.randperm(len(self.training)).split(self.config.batch_size):
            delay = torch.randint(self.config.shift_frames + 1, (len(chosen),))
            total += self._optimise(chosen, delay) * len(chosen)
        return {"loss": total / len(self.training), "lr": self._lr}

    def _optimise(self, chosen: Tensor, delay: Tensor) -> float:
        """One step of the optimiser on the windows `chosen` (B,), delayed by `delay` (B,) frames; their loss."""
        share = self.group.part_of_batch(len(chosen))
        # A process without a window of a small batch computes one that does not count.
        rows = slice(share.start, max(share.stop, share.start + 1))
        set_part_of_batch(self.model, share.size, rows)
        windows = self.training.take(chosen[rows]).to(self.device)
        motion, recorded, activations, labelled = delay_windows(windows, delay[rows].to(self.device))
        labelled = labelled & (share.stop > share.start)
        anthropometry = windows.anthropometry
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            prediction = self.model(motion, recorded, anthropometry)
        loss = activation_loss(prediction, activations, labelled)
        mean = self.group.mean(loss)
        if not torch.isfinite(mean):
            bad = ~torch.isfinite(prediction - activations).flatten(1).all(1)  # (B,)
            names = [name for name, is_bad in zip(windows.names, bad.tolist(), strict=True) if is_bad]
            found = self.group.gather(names) or self.group.gather(list(windows.names))
            raise NotFiniteLossError(found, whole=len(found) >= share.size)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.group.average_gradients(self.model)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self._lr = self.optimizer.param_groups[0]["lr"]
        self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()
        return mean.item()

    def evaluate(self) -> dict[str, Any]:
        """Metrics of the activations of the validation windows."""
        self._prediction = predict_all(self.model, self.validation)
        return activation_metrics(self._prediction, self.validation)

    def show(self, writer: "SummaryWriter", step: int) -> None:
        """Add the activations of the first validation window to TensorBoard."""
        activations, labelled = labelled_activations(self.validation)
        show_activations(writer, step, "validation/activations", activations[0], self._prediction[0], labelled[0])
