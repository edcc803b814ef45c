"""Train a VQ-VAE on squat windows."""

import logging
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.opensim.model_reader import load_skeleton
from dataset.splits import Split
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.window_source import WindowSource
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints import load_vqvae
from utils.reconstruction.reconstruction_metrics import evaluate_reconstruction, reconstruction_table
from utils.runs.record import record_config
from utils.training.augmentation import augment
from utils.training.distributed import ProcessGroup
from utils.training.lr_schedules import cosine_schedule, milestone_schedule
from utils.training.reconstruction_views import show_reconstruction
from utils.training.resuming import RunOrigin, resumed_config
from utils.training.run_processes import processes_of_run
from utils.training.training_data import open_training_data
from utils.training.training_latents import write_latents
from utils.training.training_loop import (
    BEST,
    LoopSettings,
    NotFiniteLossError,
    TrainingTask,
    run_training,
)
from utils.training.training_state import TrainingState, read_training_state, require_kept_network
from utils.training.vqvae_losses import VALIDATION_METRICS, evaluate_vqvae, min_std, vqvae_losses
from utils.training.vqvae_training_config import VQVAETrainingConfig
from utils.training.window_drawing import BatchShare, balanced_probability, random_sections

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger("bige")

_NORMALISED_WINDOWS = 2000  # to which the normalisation is fitted; the others hardly change it
_SHOWN_WINDOWS = 64  # whose codes TensorBoard shows


@dataclass(frozen=True)
class VQVAETrainingResult:
    """A trained VQ-VAE.

    Attributes:
        folder: the run folder, which holds `best.pth`, `last.pth`, `latents.npz`, `metrics.json` of the
            held-out subjects, and the logs.
        model: the VQ-VAE of the least validation loss, in evaluation mode.
        best_loss: its validation loss, smooth L1 in degrees and centimetres.
        best_step: the optimisation step that it is from.
        steps: optimisation steps done.
    """

    folder: Path
    model: VQVAE
    best_loss: float
    best_step: int
    steps: int


def train_vqvae(config: VQVAETrainingConfig) -> VQVAETrainingResult | None:
    """Train a VQ-VAE on the sessions of a data root, split by subject.

    Returns:
        The result; None in all but the main process of a distributed training, which writes all files.

    Raises:
        InputError: the sessions, the checkpoint to resume from or the network cannot be used.
        RunError: training diverged.
        KeyboardInterrupt: the user stopped the training; `last.pth` has been written.
    """
    config, kept = resumed_config(config)
    with processes_of_run(config) as group:
        windows = open_training_data(config, group, kept=kept)
        if group.is_main:
            record_config(config, config.run_folder)
            windows.split.write(config.run_folder / "split.json")
        result = train_vqvae_on(config, windows.training, windows.validation, group, windows.split)
        if result is not None:
            metrics = evaluate_reconstruction(result.model, windows.held_out)
            write_json(config.run_folder / "metrics.json", metrics)
            logger.info("errors on the held-out subjects:\n%s", reconstruction_table(metrics, config.network.nb_code))
        return result


def train_vqvae_on(
    config: VQVAETrainingConfig,
    training: WindowSource,
    validation: WindowSource,
    group: ProcessGroup,
    split: Split | None = None,
) -> VQVAETrainingResult | None:
    """`train_vqvae` on windows of a split that have been opened, in one process of `group`."""
    if config.mirror:
        training = training.with_mirrored()
    if config.resume_pth is None:
        model, state = new_vqvae(config).to(group.device), TrainingState()
        _fit_normalizer(model, training, config)
    else:
        model, state = load_vqvae(config.resume_pth, group.device), read_training_state(config.resume_pth)
        require_kept_network(config.network, model.config, config.resume_pth, config.given)
    if config.warm_up_iter > config.total_iter:
        logger.warning(
            "the learning rate rises for %d steps and the training has %d, so that it reaches %.3g of %g; "
            "--warm-up-iter is the number of these steps",
            config.warm_up_iter, config.total_iter, config.lr * config.total_iter / config.warm_up_iter, config.lr,
        )  # fmt: skip
    logger.info("%d training windows, %d validation windows, %s", len(training), len(validation), model.config)

    task = VQVAETask(config, model, state, training, validation, group)
    settings = LoopSettings(
        folder=config.run_folder,
        steps=config.total_iter,
        seed=config.seed,
        log_every=config.print_iter,
        evaluate_every=config.eval_iter,
        keep_every=config.save_iter,
        save_minutes=config.save_minutes,
        resumed_from=config.resume_pth,
        run=RunOrigin.of(config, split).as_dict(),
    )
    state = run_training(task, settings, group, state)
    if not group.is_main:
        return None
    best = load_vqvae(config.run_folder / BEST, group.device)
    write_latents(config.run_folder / "latents.npz", best, training)
    return VQVAETrainingResult(config.run_folder, best, state.best, state.best_step, state.step)


def _fit_normalizer(model: VQVAE, training: WindowSource, config: VQVAETrainingConfig) -> None:
    """Fit the normalisation to training windows spread evenly over all of them."""
    every = max(1, len(training) // _NORMALISED_WINDOWS)
    windows = training.take(range(0, len(training), every))
    device = model.normalizer.mean.device
    weight = weights_of(windows, config).to(device)
    model.normalizer.fit(windows.motion.to(device), weight, min_std=min_std().to(device))


def weights_of(windows: MotionBatch, config: VQVAETrainingConfig) -> Tensor:
    """Weights (N, T) of the frames of windows in a training."""
    return windows.recorded.float().clamp_min(config.unrecorded_weight)


def new_vqvae(config: VQVAETrainingConfig) -> VQVAE:
    """An untrained VQ-VAE.

    Raises:
        InputError: the sizes of the network do not fit together.
    """
    try:
        model = VQVAE(config.network)
        if config.vq_start == "interpolator":
            model.start_as_interpolator()
    except ValueError as error:
        raise InputError(
            f"this network cannot be built: {error}; change --width, --code-dim or --code-groups"
        ) from None
    return model


class VQVAETask(TrainingTask):
    """Steps and evaluations of the training of a VQ-VAE; see `TrainingTask`."""

    metrics = ("loss", "reconstruction", "position", "velocity", "temporal", "commitment", "perplexity", "used_codes")
    validation_metrics = VALIDATION_METRICS
    plateau = None
    model: VQVAE

    def __init__(
        self,
        config: VQVAETrainingConfig,
        model: VQVAE,
        state: TrainingState,
        training: WindowSource,
        validation: WindowSource,
        group: ProcessGroup,
    ) -> None:
        """Set up the optimiser of a model, which may be resumed.

        Args:
            config: settings of the training.
            model: the network, on the device of `group`.
            state: where training starts.
            training: training windows.
            validation: windows whose loss chooses the checkpoint.
            group: the processes that train together.
        """
        self.config, self.model = config, model
        self.training, self.validation = training, validation
        self.probability = balanced_probability(training) if config.balance else None
        self.skeleton = None
        if config.loss_pos > 0:
            self.skeleton = deepcopy(load_skeleton(training.take([0]).models[0])).to(group.device)
        self._shown = range(min(len(validation), _SHOWN_WINDOWS))
        self.device = group.device
        self.group, self.share = group, group.share_of_batch(config.batch_size)
        self.network = group.wrap(model, all_trained=config.commit > 0)
        if config.compiled:  # in place, so that the names of the weights stay
            model.encoder.compile()
            model.decoder.compile()
        self.optimizer = torch.optim.AdamW(
            model.parameters(), config.lr, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )
        state.restore(self.optimizer)
        if config.cosine:
            self.scheduler = cosine_schedule(
                self.optimizer,
                config.lr,
                warm_up=config.warm_up_iter,
                total=config.total_iter,
                steps_done=state.step,
            )
        else:
            self.scheduler = milestone_schedule(
                self.optimizer,
                config.lr,
                warm_up=config.warm_up_iter,
                milestones=config.milestones,
                factor=config.milestone_factor,
                steps_done=state.step,
            )

    def _draw(self, share: BatchShare) -> tuple[Tensor, Tensor, Tensor]:
        """Random training windows, or sections of them: their indices (B,), motion (B, T, 33) and weights (B, T)."""
        config = self.config
        if self.probability is None:
            chosen = torch.randint(len(self.training), (share.size,))
        else:
            chosen = torch.multinomial(self.probability, share.size, replacement=True)
        chosen = share.of(chosen)
        windows = self.training.take(chosen).to(self.device)
        motion, weight = windows.motion, weights_of(windows, config)
        if config.crop_len is None:
            return chosen, motion, weight
        frames = config.crop_len * self.model.config.frames_per_latent
        return chosen, *random_sections(motion, weight, windows.repetition, frames, share)

    def train_step(self) -> Mapping[str, float | Tensor]:
        """Optimise on one random batch; the losses and the use of the codebook."""
        config, share = self.config, self.share
        unquantised = share.of(torch.rand(share.size) < config.unquantised).to(self.device)
        drawn, motion, weight = self._draw(share)
        if config.augment > 0:
            _, partners, _ = self._draw(BatchShare.whole(share.size))
            motion, weight = augment(motion, weight, partners, config.augment, share)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            output = self.network(motion, weight, unquantised)
        losses = vqvae_losses(output, motion, weight, config, self.skeleton)
        metrics = dict(zip(losses, self.group.mean(torch.stack(list(losses.values()))), strict=True))
        if not torch.isfinite(metrics["loss"]):
            self._refuse_loss(drawn, motion, output.reconstruction)
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        lr = self.optimizer.param_groups[0]["lr"]
        self.optimizer.step()
        self.scheduler.step()
        return (
            {"position": 0.0}
            | metrics
            | {
                "perplexity": output.quantised.perplexity,
                "used_codes": output.quantised.used_codes,
                "lr": lr,
            }
        )

    def _refuse_loss(self, drawn: Tensor, motion: Tensor, reconstruction: Tensor) -> None:
        """Name the windows (B,) whose motions, or reconstructions (B, T, 33), are not finite.

        Raises:
            NotFiniteLossError: always, in all processes.
        """
        error = (reconstruction.detach() - motion).square().flatten(1).sum(1).cpu()  # (B,)
        names, bad = self.training.names, ~torch.isfinite(error)
        found = [names[i] for i in drawn[bad if bad.any() else error == error.max()].tolist()]
        gathered = self.group.gather(found)
        raise NotFiniteLossError(sorted(set(gathered)), whole=len(gathered) == self.share.size)

    def evaluate(self) -> dict[str, float]:
        """The VALIDATION_METRICS."""
        return evaluate_vqvae(self.model, self.validation)

    def show(self, writer: "SummaryWriter", step: int) -> None:
        """Add curves, a clip and the use of the codebook to TensorBoard."""
        show_reconstruction(writer, step, self.model, self.validation.take(self._shown))
