"""The loop of both trainings: steps, evaluation on validation subjects, logs, checkpoints, resuming, interruption."""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from dataset.errors import InputError, RunError
from utils.checkpoints import TrainedNetwork, read_checkpoint, save_checkpoint
from utils.runs.interruption import graceful_shutdown
from utils.runs.progress import Progress
from utils.runs.shared_configs import flag_of
from utils.runs.tensorboard_views import is_view_step
from utils.training.distributed import ProcessGroup
from utils.training.training_log import TrainingLog

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger("bige")

BEST, LAST = "best.pth", "last.pth"
# Flags of a network that are not named after their fields.
_FLAG_NAMES = {"activation": "vq_act", "norm": "vq_norm", "person_features": "no_person"}
# Names that training states had before, in checkpoints of the VQ-VAE and of the surrogate.
_EARLIER_NAMES = {
    "iteration": "step",
    "epoch": "step",
    "best_epoch": "best_step",
    "optimiser": "optimizer",
    "scheduler": "plateau",
}


class TrainingTask(ABC):
    """What is trained: a network, its optimiser, and what one step and one evaluation do.

    Attributes:
        model: the network that is saved.
        optimizer: its optimiser.
        plateau: a scheduler that follows the validation loss, or None.
        metrics: names of what `train_step` returns.
        validation_metrics: names of what `evaluate` returns and is logged, `loss` among them.
    """

    model: TrainedNetwork
    optimizer: Optimizer
    plateau: ReduceLROnPlateau | None
    metrics: Sequence[str]
    validation_metrics: Sequence[str]

    @abstractmethod
    def train_step(self) -> Mapping[str, float | Tensor]:
        """Optimise for one step; the losses and other metrics of the training batch."""

    @abstractmethod
    def evaluate(self) -> Mapping[str, Any]:
        """Metrics on the validation windows."""

    @abstractmethod
    def show(self, writer: "SummaryWriter", step: int) -> None:
        """Add figures of a validation window to TensorBoard, after an evaluation."""


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """When the loop does what.

    Attributes:
        folder: the run folder.
        steps: number of the last step.
        seed: seed of the run; each step has its own, made from it.
        log_every: steps between two rows of metrics.
        evaluate_every: steps between two evaluations.
        save_every: steps between two writings of `last.pth`.
        keep: whether a checkpoint `<step>.pth` is kept at each of these.
        patience: steps without a lower validation loss after which training stops; None to train to the end.
    """

    folder: Path
    steps: int
    seed: int
    log_every: int = 1
    evaluate_every: int = 1
    save_every: int = 1
    keep: bool = False
    patience: int | None = None


@dataclass
class TrainingState:
    """How far a training is.

    Attributes:
        step: steps done.
        best: least validation loss so far.
        best_step: the step that had it.
        optimizer: state dict of the optimiser; None at the start.
        plateau: state dict of the scheduler that follows the validation loss; None without one.
    """

    step: int = 0
    best: float = math.inf
    best_step: int = 0
    optimizer: dict[str, Any] | None = None
    plateau: dict[str, Any] | None = None

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier training is resumed."""
        return self.optimizer is not None

    def restore(self, optimizer: Optimizer, plateau: ReduceLROnPlateau | None = None) -> None:
        """Load the states of a resumed training into an optimiser and a scheduler that follows the validation loss.

        Raises:
            InputError: they belong to another network.
        """
        try:
            if self.optimizer is not None:
                optimizer.load_state_dict(self.optimizer)
            if self.plateau is not None and plateau is not None:
                plateau.load_state_dict(self.plateau)
        except (KeyError, ValueError) as error:
            raise InputError(f"training cannot be resumed: its optimiser does not fit the network ({error})") from None


def read_training_state(path: Path) -> TrainingState:
    """The training state in a checkpoint; the initial state if the checkpoint has only weights.

    Raises:
        InputError: there is no such checkpoint, or its state is not one of these trainings.
    """
    stored = read_checkpoint(path).get("training")
    if not stored:
        logger.info("training starts from the weights of %s, which has no training state", path)
        return TrainingState()
    values = {_EARLIER_NAMES.get(name, name): value for name, value in stored.items()}
    try:
        state = TrainingState(**{"best_step": values["step"]} | values)
    except (KeyError, TypeError):
        raise InputError(
            f"{path} has a training state of another version of this code, from which training cannot be resumed"
        ) from None
    logger.info("training is resumed after step %d of %s", state.step, path)
    return state


def warn_of_kept_network(asked: Any, kept: Any, path: Path) -> None:
    """Log settings of the network that have no effect, because a resumed training keeps the network of its checkpoint.

    Args:
        asked: the network's configuration of this run; defaults count as not asked for.
        kept: the configuration in the checkpoint.
        path: the checkpoint.
    """
    for field in fields(asked):
        value, of_checkpoint = getattr(asked, field.name), getattr(kept, field.name)
        if value not in (of_checkpoint, field.default):
            logger.warning(
                "%s %s has no effect: the network of %s is kept, with %s",
                flag_of(_FLAG_NAMES.get(field.name, field.name)), value, path, of_checkpoint,
            )  # fmt: skip


def run_training(
    task: TrainingTask, settings: LoopSettings, group: ProcessGroup, state: TrainingState
) -> TrainingState:
    """Train until the last step, or until the validation loss has stopped falling.

    Process 0 writes `losses.csv`, TensorBoard events, `train.log`, `best.pth` (least validation loss) and `last.pth` to
    the run folder.

    Args:
        task: what is trained.
        settings: when the loop does what.
        group: the processes that train together.
        state: where training starts; it has been restored into the task.

    Returns:
        The state at the end.

    Raises:
        KeyboardInterrupt: the user stopped the training; `last.pth` has been written.
        RunError: the validation loss was never finite.
    """
    columns = [*task.metrics, "lr", *(f"validation/{name}" for name in task.validation_metrics)]
    log = TrainingLog(
        settings.folder, columns, resume_at=state.step if state.is_resumed else None, enabled=group.is_main
    )
    first = state.step + 1
    progress = Progress(
        settings.steps, title=settings.folder.name, unit="steps", done=state.step, enabled=group.is_main
    )
    with closing(log), progress, graceful_shutdown() as stop_requested:
        for step in range(first, settings.steps + 1):
            # Each step has its own seed, so that a resumed training draws the same numbers as an uninterrupted one.
            # In all processes the same: each draws the numbers of the whole batch.
            torch.manual_seed(settings.seed * 1_000_003 + step)
            task.model.train()
            metrics = task.train_step()
            state.step = step
            interrupted = group.any_process(stop_requested())
            last = interrupted or step == settings.steps
            if group.is_main:
                _after_step(task, settings, state, log, metrics, last)
            progress.advance()
            if interrupted:
                raise KeyboardInterrupt
            if settings.patience is not None and group.any_process(
                group.is_main and step - state.best_step >= settings.patience
            ):
                logger.info("training stops: the validation loss has not fallen for %d steps", settings.patience)
                break
    if group.is_main and not math.isfinite(state.best):
        raise RunError(
            f"{settings.folder}: training diverged (no validation loss is finite); try a smaller learning rate"
        )
    return state


def _after_step(
    task: TrainingTask,
    settings: LoopSettings,
    state: TrainingState,
    log: TrainingLog,
    metrics: Mapping[str, float | Tensor],
    last: bool,
) -> None:
    """Log, evaluate and save, where the step calls for it."""
    step, row = state.step, {}
    if last or step % settings.log_every == 0:
        row = {name: float(metrics[name]) for name in [*task.metrics, "lr"]}
    if last or step % settings.evaluate_every == 0:
        validation = task.evaluate()
        row |= {f"validation/{name}": validation[name] for name in task.validation_metrics}
        if task.plateau is not None:
            task.plateau.step(validation["loss"])
        if validation["loss"] < state.best:
            state.best, state.best_step = validation["loss"], step
            save_checkpoint(settings.folder / BEST, task.model)
        if last or is_view_step(step, settings.evaluate_every, settings.steps):
            task.show(log.writer, step)
    if row:
        log.write(step, row)
        logger.info("%d %s", step, " ".join(f"{name} {value:.4g}" for name, value in row.items()))
    if last or step % settings.save_every == 0:
        state.optimizer = task.optimizer.state_dict()
        state.plateau = None if task.plateau is None else task.plateau.state_dict()
        if settings.keep and step % settings.save_every == 0:
            save_checkpoint(settings.folder / f"{step}.pth", task.model, vars(state))
        save_checkpoint(settings.folder / LAST, task.model, vars(state))
