"""The loop of all trainings: steps, evaluation on validation subjects, logs, checkpoints, resuming, interruption.

A step is one of the optimiser for the VQ-VAE, and an epoch for both kinds of surrogate.
"""

import logging
import math
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from dataset.errors import RunError
from dataset.io.atomic_write import atomic_write
from utils.checkpoints import TrainedNetwork, save_checkpoint
from utils.runs.interruption import graceful_shutdown
from utils.runs.progress import Progress
from utils.runs.tensorboard_views import is_view_step
from utils.training.distributed import ProcessGroup
from utils.training.training_log import TrainingLog
from utils.training.training_state import TrainingState

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger("bige")

BEST, LAST = "best.pth", "last.pth"


class NotFiniteLossError(RunError):
    """The loss of a step is NaN or infinite.

    Attributes:
        windows: names of the windows, or sessions, whose loss it is.
        whole: whether that is the whole batch, so that the cause is the network and not a file.
    """

    def __init__(self, windows: Sequence[str], *, whole: bool) -> None:
        super().__init__("the loss is not finite")
        self.windows, self.whole = tuple(windows), whole


class TrainingTask(ABC):
    """What is trained: a network, its optimiser, and what one step and one evaluation do.

    Attributes:
        model: the network that is saved.
        optimizer: its optimiser.
        plateau: a scheduler that follows the validation loss, or None.
        metrics: names of what `train_step` returns beside `lr`.
        validation_metrics: names of what `evaluate` returns and is logged, `loss` among them.
    """

    model: TrainedNetwork
    optimizer: Optimizer
    plateau: ReduceLROnPlateau | None
    metrics: Sequence[str]
    validation_metrics: Sequence[str]

    @abstractmethod
    def train_step(self) -> Mapping[str, float | Tensor]:
        """Optimise for one step; the losses and other metrics of its training windows or samples, and the rate `lr`.

        Raises:
            NotFiniteLossError: the loss is NaN or infinite; the network is as before the step.
        """

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
        evaluate_every: steps between two evaluations, after each of which `last.pth` is written.
        keep_every: steps between two checkpoints `<step>.pth`; None to keep none.
        save_minutes: minutes between two writings of `last.pth`, where evaluations are less frequent.
        patience: steps without a lower validation loss after which training stops; None to train to the end.
        resumed_from: the checkpoint from which training is resumed.
        run: seed, length of the windows and split of the run, for its checkpoints.
    """

    folder: Path
    steps: int
    seed: int
    log_every: int = 1
    evaluate_every: int = 1
    keep_every: int | None = None
    save_minutes: float = 5.0
    patience: int | None = None
    resumed_from: Path | None = None
    run: dict[str, Any] | None = None

    @property
    def history(self) -> Path:
        """Folder of the run so far, which may have another name."""
        return self.folder if self.resumed_from is None else self.resumed_from.parent

    def is_patient(self, state: "TrainingState") -> bool:
        """Whether training goes on although the validation loss has not fallen for some steps."""
        return self.patience is None or state.step - state.best_step < self.patience


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
        RunError: a loss or a weight was not finite; nothing was overwritten.
    """
    columns = [*task.metrics, "lr", *(f"validation/{name}" for name in task.validation_metrics)]
    resume_at = state.step if state.is_resumed else None
    log = TrainingLog(settings.folder, columns, resume_at=resume_at, history=settings.history, enabled=group.is_main)
    if group.is_main and state.is_resumed:
        _take_over_best(settings, state)
    writer = CheckpointWriter(task, settings, state)
    progress = Progress(
        settings.steps, title=settings.folder.name, unit="steps", done=state.step, enabled=group.is_main
    )
    with closing(log), progress, graceful_shutdown() as stop_requested:
        while state.step < settings.steps:
            if group.any_process(group.is_main and not settings.is_patient(state)):
                logger.info("training stops: the validation loss has not fallen for %d steps", settings.patience)
                break
            # Each step has its own seed, so that a resumed training draws the same numbers as an uninterrupted one. It
            # is the same in all processes, each of which draws the numbers of the whole batch.
            torch.manual_seed(settings.seed * 1_000_003 + state.step + 1)
            task.model.train()
            try:
                metrics = task.train_step()
            except NotFiniteLossError as error:
                raise RunError(_not_finite(error, settings, state.step + 1)) from None
            state.step += 1
            interrupted = group.any_process(stop_requested())
            if group.is_main:
                _after_step(task, settings, writer, log, metrics)
                if interrupted:
                    writer.write_last()
            progress.advance()
            if interrupted:
                raise KeyboardInterrupt
    return state


def _take_over_best(settings: LoopSettings, state: TrainingState) -> None:
    """Copy the best checkpoint of a run that goes on in another folder; without one, the best is found anew."""
    here, before = settings.folder / BEST, settings.history / BEST
    if not here.exists() and before.is_file():
        with atomic_write(here) as temporary:
            shutil.copyfile(before, temporary)
    if not here.exists():
        state.best, state.best_step = math.inf, state.step


def _not_finite(error: NotFiniteLossError, settings: LoopSettings, step: int) -> str:
    """What to do about a loss that is not finite."""
    last = next((path for path in (settings.folder / LAST, settings.resumed_from) if path and path.exists()), None)
    kept = "no checkpoint had been written yet" if last is None else f"the last good checkpoint is {last}"
    if error.whole:
        cause = f"that of all windows of the batch, such as {error.windows[0]}; training diverged, try a smaller --lr"
    else:
        cause = f"that of {', '.join(error.windows)}; look at these recordings"
    return f"{settings.folder}: the loss of step {step} is NaN or infinite, {cause}; {kept}"


def _after_step(
    task: TrainingTask,
    settings: LoopSettings,
    writer: "CheckpointWriter",
    log: TrainingLog,
    metrics: Mapping[str, float | Tensor],
) -> None:
    """Log, evaluate and save, where the step calls for it."""
    state, step, row = writer.state, writer.state.step, {}
    last = step == settings.steps
    evaluated = last or step % settings.evaluate_every == 0
    if last or step % settings.log_every == 0:
        row = {name: float(metrics[name]) for name in [*task.metrics, "lr"]}
    if evaluated:
        validation = task.evaluate()
        if not math.isfinite(validation["loss"]):
            raise RunError(
                f"{settings.folder}: the validation loss of step {step} is {validation['loss']}, so that training "
                "diverged; try a smaller --lr"
            )
        row |= {f"validation/{name}": validation[name] for name in task.validation_metrics}
        if task.plateau is not None:
            task.plateau.step(validation["loss"])
        if validation["loss"] < state.best:
            state.best, state.best_step = validation["loss"], step
            writer.write_best()
        if last or is_view_step(step, settings.evaluate_every, settings.steps):
            task.show(log.writer, step)
    if row:
        log.write(step, row)
        logger.info("%d %s", step, " ".join(f"{name} {value:.4g}" for name, value in row.items()))
    writer.write_where_due(evaluated)


class CheckpointWriter:
    """Writes the checkpoints of a training, none of which replaces a good one by weights that are not finite."""

    def __init__(self, task: TrainingTask, settings: LoopSettings, state: TrainingState) -> None:
        """Begin to count the minutes since the last writing."""
        self.task, self.settings, self.state = task, settings, state
        self._written = time.monotonic()

    def write_best(self) -> None:
        """Write the network of the least validation loss."""
        self._require_finite()
        save_checkpoint(self.settings.folder / BEST, self.task.model)

    def write_where_due(self, evaluated: bool) -> None:
        """Write what the number of the step and the time call for."""
        step, every = self.state.step, self.settings.keep_every
        kept = every is not None and step % every == 0
        if kept:
            self._write(f"{step}.pth")
        if kept or evaluated or time.monotonic() - self._written >= 60 * self.settings.save_minutes:
            self.write_last()

    def write_last(self) -> None:
        """Write the checkpoint from which training goes on."""
        self._write(LAST)
        self._written = time.monotonic()

    def _write(self, name: str) -> None:
        self._require_finite()
        self.state.optimizer = self.task.optimizer.state_dict()
        self.state.plateau = None if self.task.plateau is None else self.task.plateau.state_dict()
        save_checkpoint(self.settings.folder / name, self.task.model, vars(self.state), self.settings.run)

    def _require_finite(self) -> None:
        for name, value in self.task.model.state_dict().items():
            if not torch.isfinite(value).all():
                raise RunError(
                    f"{self.settings.folder}: after step {self.state.step} the weights {name} are NaN or infinite, so "
                    "that training diverged; the checkpoints before it are kept, try a smaller --lr"
                )
