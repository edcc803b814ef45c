"""Settings of `train_surrogate` and `evaluate_surrogate`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dataset.errors import InputError
from models.conventions import LONGEST_SEQ_LEN
from models.surrogate.surrogate_config import SurrogateConfig
from utils.runs.shared_configs import (
    ComputeConfig,
    DataConfig,
    OutputConfig,
    WindowConfig,
    require_at_least,
    require_fraction,
    require_layers,
    require_sizes,
)
from utils.training.training_config import TrainingConfig

DEFAULT_LR_PATIENCE = 10


@dataclass(frozen=True, kw_only=True)
class SurrogateTrainingConfig(TrainingConfig):
    """How a surrogate is trained.

    Attributes:
        network: the network that is trained, unless training is resumed.
        shift_frames: greatest number of frames at 60 Hz by which a training window is delayed, drawn for each epoch.
        epochs: most passes over the training windows.
        clip: greatest norm of the gradient.
        lr_patience: epochs without a lower validation loss after which the learning rate is halved; None for
            DEFAULT_LR_PATIENCE.
        patience: epochs without a lower validation loss after which training stops.
    """

    exp_name: str = "surrogate"
    batch_size: int = 128
    weight_decay: float = 1e-5
    network: SurrogateConfig = field(default_factory=SurrogateConfig)
    shift_frames: int = 0
    epochs: int = 1000
    clip: float = 1.0
    lr_patience: int | None = None
    patience: int = 60

    def __post_init__(self) -> None:
        """Raise InputError where values are out of range or do not go together."""
        super().__post_init__()
        network = self.network
        require_sizes(d_model=network.d_model, heads=network.heads, feedforward=network.feedforward)
        require_layers(layers=network.layers)
        require_at_least(1, epochs=self.epochs, lr_patience=self.lr_patience, patience=self.patience)
        require_at_least(0, shift_frames=self.shift_frames, clip=self.clip)
        require_fraction(dropout=self.network.dropout)
        if self.network.d_model % self.network.heads:
            raise InputError(
                f"--d-model {self.network.d_model} is not a multiple of --heads {self.network.heads}: every attention "
                "head has the same number of channels"
            )
        if (self.network.stick_figure or self.network.ground_loads) and not self.network.person_features:
            raise InputError("--stick-figure and --ground-loads need the anthropometry, which --no-person leaves out")
        self.refuse_with_cosine(lr_patience=self.lr_patience)

    @property
    def plateau_epochs(self) -> int:
        """Epochs without a lower validation loss after which the learning rate is halved."""
        return DEFAULT_LR_PATIENCE if self.lr_patience is None else self.lr_patience


@dataclass(frozen=True, kw_only=True)
class SurrogateEvaluationConfig(OutputConfig, DataConfig, WindowConfig, ComputeConfig):
    """Which surrogate is evaluated, and on whom.

    Attributes:
        checkpoint: checkpoint or run folder of a surrogate, in this repository's or the published format.
        subjects: ids of sessions or subjects under the data root, or `all`; empty for the held-out subjects.
    """

    checkpoint: Path
    exp_name: str = "surrogate_eval"
    seq_len: int = LONGEST_SEQ_LEN
    subjects: Sequence[str] = ()
