"""Train the surrogate after inverse dynamics: how feet share the ground reaction, and muscles the joint moments."""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from dataset.errors import InputError
from dataset.locations import cache_folder
from dataset.splits import Split, split_by_subject
from dataset.windows.window_loading import load_windows
from models.muscles.moment_capacity import capacity_inputs
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.leg_dynamics import LegKinematics
from models.surrogate.subject_muscles import ReferenceSamples
from utils.checkpoints import load_surrogate
from utils.runs.record import record_config
from utils.training.distributed import ProcessGroup
from utils.training.dynamics_evaluation import SMOOTH_ACTIVATION, activations_of, dynamics_of, evaluate_samples
from utils.training.dynamics_training_config import DynamicsTrainingConfig
from utils.training.lr_schedules import cosine_schedule
from utils.training.resuming import RunOrigin, resumed_config
from utils.training.run_processes import processes_of_run
from utils.training.sample_store import Batch, SampleStore, prepare_samples, session_of
from utils.training.surrogate_evaluation import SurrogateTrainingResult, evaluate_surrogate_on
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

_TRAINED = ("ground", "muscle")  # kinds of samples
_MOMENT_WEIGHT, _CORRECTION_WEIGHT = 2.0, 0.3
_FITTED_SESSIONS = 64
_LEAST_STD = 1e-2
_MIN_SD = 1e-3  # of a target, by which its error is divided
Counted = tuple[Batch, float]  # samples, and the number by which the sum of their losses is divided


def train_dynamics_surrogate(config: DynamicsTrainingConfig) -> SurrogateTrainingResult | None:
    """Train the surrogate on the simulated repetitions of a data root, split by subject, and evaluate it.

    Returns:
        The result; None in all but the main process of a distributed training, which writes all files.

    Raises:
        InputError: the sessions, the checkpoint to resume from or the network cannot be used.
        RunError: training diverged.
        KeyboardInterrupt: the user stopped the training; `last.pth` has been written.
    """
    config, kept = resumed_config(config)
    with processes_of_run(config) as group:
        return _train(config, kept, group)


def _train(config: DynamicsTrainingConfig, kept: Split | None, group: ProcessGroup) -> SurrogateTrainingResult | None:
    """`train_dynamics_surrogate` in one process of `group`, the main one of which holds the run folder."""
    _, root = config.find_data_root()
    folder, store = config.run_folder, cache_folder(root, "samples")
    sessions, split = split_by_subject(root, config.seed, kept)
    if group.is_main:
        split.write(folder / "split.json")
        record_config(config, folder)
    training, validation = (
        group.main_first(partial(prepare_samples, [sessions[name] for name in names], store, config.seed))
        for names in (split.training, split.validation)
    )
    model, state = _model_and_state(config, training, group.device)
    logger.info(
        "%d sessions to train on with %d ground and %d muscle samples, %d sessions for validation, %s",
        len(training.folders), *map(training.size, _TRAINED), len(validation.folders), model.config,
    )  # fmt: skip
    task = DynamicsSurrogateTask(config, model, state, training, validation, group)
    settings = LoopSettings(
        folder=folder,
        steps=config.epochs,
        seed=config.seed,
        resumed_from=config.resume_pth,
        run=RunOrigin.of(config, split).as_dict(),
    )
    state = run_training(task, settings, group, state)
    if not group.is_main:
        return None
    best = _load_trainable(folder / BEST, group.device)
    subjects = [sessions[name] for name in split.held_out]
    held_out = load_windows(subjects, activations=True, frames=config.window_frames)
    samples = prepare_samples(subjects, store, config.seed)
    evaluation = evaluate_surrogate_on(best, held_out.to(group.device), folder, subjects, samples)
    return SurrogateTrainingResult(folder, best, state.best, state.best_step, state.step, evaluation)


def _model_and_state(
    config: DynamicsTrainingConfig, training: SampleStore, device: torch.device
) -> tuple[DynamicsSurrogate, TrainingState]:
    """The networks, new or of the run that is resumed, and where training starts."""
    if config.resume_pth is None:
        model = DynamicsSurrogate(config.network)
        fit_to_samples(model, training)
        return model.to(device), TrainingState()
    model, state = _load_trainable(config.resume_pth, device), read_training_state(config.resume_pth)
    require_kept_network(config.network, model.config, config.resume_pth, config.given)
    return model, state


def _load_trainable(path: Path, device: torch.device) -> DynamicsSurrogate:
    """The networks of a checkpoint. Raises InputError for another surrogate."""
    model = load_surrogate(path, device)
    if not isinstance(model, DynamicsSurrogate):
        raise InputError(f"{path} has a surrogate of kinematics, which is trained with --kinematics")
    return model


class DynamicsSurrogateTask(TrainingTask):
    """Epochs and evaluations of the training; see `TrainingTask`."""

    metrics = ("loss", "ground_loss", "muscle_loss")
    validation_metrics = ("loss", "rmse", "r2_vasti", "r2_moments", "r2_share")
    plateau = None
    model: DynamicsSurrogate

    def __init__(
        self,
        config: DynamicsTrainingConfig,
        model: DynamicsSurrogate,
        state: TrainingState,
        training: SampleStore,
        validation: SampleStore,
        group: ProcessGroup,
    ) -> None:
        """Set up the optimiser of a model on the device of `group`, which resumes from `state`.

        Raises:
            InputError: a batch has fewer samples than there are processes.
        """
        self.group = group
        group.share_of_batch(config.batch_size)
        group.agree_on(*model.state_dict().values())
        self.config, self.model, self.training, self.validation = config, model, training, validation
        self.device = next(model.parameters()).device
        self._sizes = _target_sizes(training.read("ground", range(min(_FITTED_SESSIONS, len(training.folders)))))
        self._sizes = {name: value.to(self.device) for name, value in self._sizes.items()}
        self._compute_losses = torch.compile(self._losses) if config.compiled else self._losses
        self.steps = max(-(-training.size(kind) // config.batch_size) for kind in _TRAINED)
        self.optimizer = torch.optim.AdamW(model.parameters(), config.lr, weight_decay=config.weight_decay)
        state.restore(self.optimizer)
        self.scheduler = cosine_schedule(
            self.optimizer,
            config.lr,
            warm_up=self.steps,
            total=self.steps * config.epochs,
            steps_done=self.steps * state.step,
        )

    def train_step(self) -> Mapping[str, float | Tensor]:
        """Optimise for one epoch; the mean losses."""
        generator = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
        batches = [_endless(self.training, kind, self.config.batch_size, generator) for kind in _TRAINED]
        totals = torch.zeros(2)
        for batch in islice(zip(*batches, strict=False), self.steps):
            losses = self._compute_losses(*(self._own_part(part) for part in batch))
            mean = self.group.mean(losses)
            if not torch.isfinite(mean).all():
                self._refuse_loss()
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            self.group.average_gradients(self.model)
            self._lr = self.optimizer.param_groups[0]["lr"]
            self.optimizer.step()
            self.scheduler.step()
            totals += mean.cpu()
        ground_loss, muscle_loss = (totals / self.steps).tolist()
        return {
            "loss": ground_loss + muscle_loss, "ground_loss": ground_loss, "muscle_loss": muscle_loss, "lr": self._lr,
        }  # fmt: skip

    def _refuse_loss(self) -> None:
        """Name the sessions on whose samples the loss is not finite.

        Raises:
            NotFiniteLossError: always.
        """
        names = []
        with torch.no_grad():
            for index, folder in enumerate(self.training.folders):
                batches = (self._on_device(self.training.read(kind, [index])) for kind in _TRAINED)
                losses = self._losses(*((batch, float(_size(batch))) for batch in batches))
                if not torch.isfinite(losses).all():
                    names.append(session_of(folder))
        raise NotFiniteLossError(names or ["none alone"], whole=len(names) in (0, len(self.training.folders)))

    def _on_device(self, batch: Batch) -> Batch:
        return {name: values.to(self.device) for name, values in batch.items()}

    def _own_part(self, batch: Batch) -> Counted:
        """The samples of a batch that this process computes, and the mean number of those of all processes."""
        size = _size(batch)
        share = self.group.part_of_batch(size)
        return self._on_device({name: share.of(values) for name, values in batch.items()}), size / self.group.world_size

    def _losses(self, ground: Counted, muscle: Counted) -> Tensor:
        """The losses (2,) of the ground's networks and of the muscles' network for samples of each kind."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            return torch.stack([self._ground_loss(*ground), self._muscle_loss(*muscle)])

    def _ground_loss(self, batch: Batch, count: float) -> Tensor:
        """Mean squared errors of wrenches and net moments, in their standard deviations; the mean of all networks.

        Each network learns by itself, so that they differ where the samples say little.

        Args:
            batch: ground samples.
            count: by which their sum is divided: their number, or the mean number of those of all processes, with which
                the mean of the losses of all processes is that of the whole batch.
        """
        losses = []
        for reaction in self.model.ground.of_each(dynamics_of(batch), batch["capacity"]):
            wrench = (reaction.wrench - batch["wrench"]) / self._sizes["wrench"]
            moments = (reaction.moments - batch["net_moments"]) / self._sizes["net_moments"]
            # The guess holds for everybody; what a network changes in it has to be worth it.
            changed = _CORRECTION_WEIGHT * _mean(reaction.correction.square(), count)
            losses.append(_mean(wrench.square(), count) + _MOMENT_WEIGHT * _mean(moments.square(), count) + changed)
        return torch.stack(losses).mean()

    def _muscle_loss(self, batch: Batch, count: float) -> Tensor:
        """Smooth L1 loss of the activations; the arguments are those of `_ground_loss`."""
        predicted = activations_of(self.model, batch["moments"], batch).float()
        errors = functional.smooth_l1_loss(predicted, batch["activations"], beta=SMOOTH_ACTIVATION, reduction="none")
        return _mean(errors, count)

    def evaluate(self) -> dict[str, Any]:
        """Metrics of the whole surrogate on the validation subjects."""
        self.model.eval()
        return evaluate_samples(self.model, self.validation)

    def show(self, writer: "SummaryWriter", step: int) -> None:
        """Nothing beside the logged metrics."""


def _size(batch: Batch) -> int:
    """The number of samples in a batch of any kind."""
    return len(batch["capacity"])


def _mean(values: Tensor, count: float) -> Tensor:
    """The mean of values (N, ...) as if there were `count` samples."""
    return values.sum() / (count * values.shape[1:].numel())


@torch.no_grad()
def fit_to_samples(model: DynamicsSurrogate, store: SampleStore) -> None:
    """Fit the normalisations to training samples, and choose the reference samples among them."""
    sessions = range(min(_FITTED_SESSIONS, len(store.folders)))
    ground, muscle = store.read("ground", sessions), store.read("muscle", sessions)
    model.ground.normalizer.fit(model.ground.features(dynamics_of(ground)), min_std=_LEAST_STD)
    model.ground.capacity_normalizer.fit(model.ground.capacity_features(ground["capacity"]), min_std=_LEAST_STD)
    kinematics = LegKinematics(muscle["angles"], muscle["speeds"])
    features = model.muscles.features(muscle["moments"], kinematics, muscle["capacity"])
    model.muscles.normalizer.fit(features, min_std=_LEAST_STD)
    model.muscles.capacity_normalizer.fit(capacity_inputs(muscle["capacity"]), min_std=_LEAST_STD)
    legs = ReferenceSamples(*(muscle[name].flatten(0, 1) for name in ReferenceSamples._fields))
    chosen = torch.randint(len(legs.moments), (model.config.reference_samples,))
    model.reference = ReferenceSamples(*(values[chosen] for values in legs))


def _target_sizes(ground: Batch) -> dict[str, Tensor]:
    """Standard deviations over samples and legs of the targets of the ground reaction."""
    return {name: ground[name].flatten(0, 1).std(0).clamp(min=_MIN_SD) for name in ("wrench", "net_moments")}


def _endless(store: SampleStore, kind: str, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
    while True:
        yield from store.batches(kind, batch_size, generator)
