"""Settings of `train_vqvae`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dataset.errors import InputError
from models.vqvae.vqvae_config import ACTIVATION_FUNCTIONS, NORMS, PADDINGS, QUANTIZERS, VQVAEConfig
from utils.runs.shared_configs import (
    require_at_least,
    require_choice,
    require_fraction,
    require_layers,
    require_sizes,
)
from utils.training.training_config import TrainingConfig

INITIALISATIONS = ("random", "interpolator")
LOSS_KINDS = ("l1", "l2", "l1_smooth")
DEFAULT_MILESTONES = (200_000,)
DEFAULT_GAMMA = 0.05


@dataclass(frozen=True, kw_only=True)
class VQVAETrainingConfig(TrainingConfig):
    """How a VQ-VAE is trained; angles count in degrees in the losses, and translations in centimetres.

    Attributes:
        network: the network that is trained, unless training is resumed.
        vq_start: initial weights, one of INITIALISATIONS; `interpolator` weights already transmit each coordinate's
            mean over a latent frame and interpolate between these means.
        unrecorded_weight: weight in training, 0 to 1, of frames in which standing was made, after a recording ends.
        balance: draw every depth and tempo of a repetition equally often.
        crop_len: train on random sections of so many latent frames of longer windows; None for whole windows.
        augment: strength of the data augmentation; 0 for none.
        recons_loss: kind of every motion loss, one of LOSS_KINDS.
        loss_pos: weight of the mean distance between joint centres, in centimetres.
        loss_vel: weight of the loss on differences between successive frames.
        commit: weight of the commitment loss.
        temporal: weight of the loss on second differences.
        unquantised: share of each batch, 0 to 1, that is decoded from latents before quantisation.
        total_iter: optimisation steps.
        warm_up_iter: steps over which the learning rate rises linearly.
        lr_scheduler: steps after which the learning rate is multiplied by `gamma`; None for DEFAULT_MILESTONES.
        gamma: factor of the learning rate at a milestone; None for DEFAULT_GAMMA.
        print_iter: steps between two rows of losses.
        eval_iter: steps between two evaluations on the validation subjects.
        save_iter: steps between two checkpoints `<step>.pth`.
        save_minutes: most minutes between two writings of `last.pth`, which is written after each evaluation too.
    """

    exp_name: str = "VQVAE"
    batch_size: int = 256
    network: VQVAEConfig = field(default_factory=VQVAEConfig)
    vq_start: str = "random"
    unrecorded_weight: float = 0.2
    balance: bool = False
    crop_len: int | None = None
    augment: float = 0.0
    recons_loss: str = "l1_smooth"
    loss_pos: float = 0.0
    loss_vel: float = 0.5
    commit: float = 0.02
    temporal: float = 0.0
    unquantised: float = 0.0
    total_iter: int = 300_000
    warm_up_iter: int = 1000
    lr_scheduler: Sequence[int] | None = None
    gamma: float | None = None
    print_iter: int = 200
    eval_iter: int = 1000
    save_iter: int = 10_000
    save_minutes: float = 5.0

    def __post_init__(self) -> None:
        """Raise InputError where values are out of range or do not go together."""
        super().__post_init__()
        steps = ("total_iter", "print_iter", "eval_iter", "save_iter")
        require_at_least(1, **{name: getattr(self, name) for name in steps})
        sizes = ("nb_code", "code_dim", "code_groups", "width", "stride_t", "dilation_growth_rate")
        require_sizes(**{name: getattr(self.network, name) for name in sizes})
        require_at_least(1, down_t=self.network.down_t)  # the length of a window bounds it
        require_layers(depth=self.network.depth)
        for step in self.lr_scheduler or ():
            require_at_least(1, lr_scheduler=step)
        require_at_least(1, crop_len=self.crop_len)
        if self.crop_len is not None and self.crop_len > self.seq_len:
            raise InputError(
                f"--crop-len {self.crop_len} is longer than a window, which --seq-len says has {self.seq_len} latents"
            )
        weights = ("save_minutes", "augment", "loss_pos", "loss_vel", "commit", "temporal", "warm_up_iter", "gamma")
        require_at_least(0, **{name: getattr(self, name) for name in weights})
        require_fraction(unrecorded_weight=self.unrecorded_weight, unquantised=self.unquantised, mu=self.network.mu)
        require_choice(INITIALISATIONS, vq_start=self.vq_start)
        require_choice(LOSS_KINDS, recons_loss=self.recons_loss)
        require_choice(ACTIVATION_FUNCTIONS, vq_act=self.network.activation)
        require_choice(NORMS, vq_norm=self.network.norm)
        require_choice(PADDINGS, padding=self.network.padding)
        require_choice(QUANTIZERS, quantizer=self.network.quantizer)
        if self.network.code_dim % self.network.code_groups:
            raise InputError(
                f"--code-dim {self.network.code_dim} is not a multiple of --code-groups {self.network.code_groups}: "
                "every group has the same number of channels"
            )
        self._require_whole_latent_frames()
        self._require_dilation_within_window()
        self.refuse_with_cosine(lr_scheduler=self.lr_scheduler, gamma=self.gamma)

    def _require_whole_latent_frames(self) -> None:
        stride, stages = self.network.stride_t, self.network.down_t
        if stride % 2:  # the published padding, half of the stride, would lose a latent frame
            raise InputError(f"--stride-t {stride} is odd; the encoder's convolutions need an even stride")
        frames = self.window_frames
        if frames % stride ** min(stages, frames.bit_length()):
            raise InputError(
                f"--down-t {stages} with --stride-t {stride} does not divide a window: its {frames} frames are "
                f"no multiple of {stride} to the power of {stages}"
            )

    def _require_dilation_within_window(self) -> None:
        rate, depth = self.network.dilation_growth_rate, self.network.depth
        if rate ** (depth - 1) > 10 * self.window_frames:
            raise InputError(
                f"--depth {depth} with --dilation-growth-rate {rate} dilates the last block by {rate} to the power of "
                f"{depth - 1}, far beyond a window of {self.window_frames} frames"
            )

    @property
    def milestones(self) -> tuple[int, ...]:
        """Steps after which the learning rate is multiplied by `milestone_factor`."""
        return DEFAULT_MILESTONES if self.lr_scheduler is None else tuple(self.lr_scheduler)

    @property
    def milestone_factor(self) -> float:
        """Factor of the learning rate at a milestone."""
        return DEFAULT_GAMMA if self.gamma is None else self.gamma
