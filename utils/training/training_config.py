"""Settings that the trainings of the VQ-VAE and of the surrogate share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dataset.errors import InputError
from utils.runs.shared_configs import (
    ComputeConfig,
    DataConfig,
    OutputConfig,
    WindowConfig,
    flag_of,
    require_at_least,
    require_choice,
    require_sizes,
)

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(OutputConfig, DataConfig, WindowConfig, ComputeConfig):
    """Data, optimisation and output of a training.

    Attributes:
        mirror: train on the mirror image of every window too, left and right exchanged.
        batch_size: windows per optimisation step, of all processes together.
        lr: learning rate at its greatest.
        weight_decay: weight decay of the optimiser.
        cosine: let the learning rate rise linearly and then fall to 0 along half a cosine.
        precision: arithmetic of the network, one of PRECISIONS; bfloat16 is mixed precision.
        compiled: compile the network with torch.compile.
        resume_pth: checkpoint from which training continues; one without a training state provides initial weights.
        local_rank: number of this process on its machine, for launchers that do not set $LOCAL_RANK.
        given: names of the fields that the command line names, `network.width` of a nested one; a resumed training
            takes the others from its run. None where no command line was read: every value counts as given that is
            not the default.
    """

    mirror: bool = False
    batch_size: int
    lr: float = 2e-4
    weight_decay: float = 0.0
    cosine: bool = False
    precision: str = "float32"
    compiled: bool = False
    resume_pth: Path | None = None
    local_rank: int | None = None
    given: Sequence[str] | None = field(default=None, compare=False)  # not of the training, but of how it was asked for

    def __post_init__(self) -> None:
        """Raise InputError where a value is out of its range."""
        super().__post_init__()
        require_sizes(batch_size=self.batch_size)
        require_at_least(0, lr=self.lr, weight_decay=self.weight_decay)
        require_choice(PRECISIONS, precision=self.precision)
        require_at_least(-1, local_rank=self.local_rank)  # -1 is what some launchers pass for a single process

    def refuse_with_cosine(self, **settings: object) -> None:
        """Raise InputError for the first setting that is given although `cosine` replaces what it is for."""
        for name, value in settings.items():
            if self.cosine and value is not None:
                raise InputError(f"{flag_of(name)} has no effect with --cosine; leave out one of the two")
