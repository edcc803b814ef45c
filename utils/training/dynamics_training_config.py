"""Settings of the training of the surrogate after inverse dynamics."""

from dataclasses import dataclass, field

from dataset.errors import InputError
from models.conventions import LONGEST_SEQ_LEN
from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from utils.runs.shared_configs import require_at_least, require_layers, require_sizes
from utils.training.training_config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class DynamicsTrainingConfig(TrainingConfig):
    """How the surrogate after inverse dynamics is trained.

    Attributes:
        network: the networks that are trained, unless training is resumed.
        epochs: passes over the samples.
    """

    exp_name: str = "surrogate"
    seq_len: int = LONGEST_SEQ_LEN
    batch_size: int = 1024
    lr: float = 2e-3
    weight_decay: float = 2e-2
    cosine: bool = True
    network: DynamicsSurrogateConfig = field(default_factory=DynamicsSurrogateConfig)
    epochs: int = 20

    def __post_init__(self) -> None:
        """Raise InputError where a value is out of its range."""
        super().__post_init__()
        network = self.network
        require_sizes(ground_width=network.ground_width, muscle_width=network.muscle_width)
        require_sizes(reference_samples=network.reference_samples)
        require_layers(
            ground_networks=network.ground_networks,
            ground_layers=network.ground_layers,
            muscle_layers=network.muscle_layers,
        )
        require_at_least(1, epochs=self.epochs)
        # Fields of all trainings; both legs are one network's, and its rate always falls along a cosine.
        if self.mirror or not self.cosine:
            raise InputError("--mirror and --cosine have no effect without --kinematics")
