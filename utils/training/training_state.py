"""How far a training is, as its checkpoints remember it."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from dataset.errors import InputError
from utils.checkpoints import read_checkpoint
from utils.runs.shared_configs import flag_of

logger = logging.getLogger("bige")

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

    def require_types(self) -> None:
        """Raise TypeError where a value is not of the kind that it should be."""
        counts, states = (self.step, self.best_step), (self.optimizer, self.plateau)
        if not all(isinstance(count, int) and count >= 0 for count in counts) or not isinstance(self.best, int | float):
            raise TypeError("steps and loss must be numbers")
        if not all(state is None or isinstance(state, dict) for state in states):
            raise TypeError("states must be dictionaries")
        parts = (self.optimizer or {}).get("state", {})
        if not isinstance(parts, dict) or not all(isinstance(part, dict) for part in parts.values()):
            raise TypeError("the optimiser's state must be dictionaries")

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
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
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
    try:
        values = {_EARLIER_NAMES.get(name, name): value for name, value in stored.items()}
        state = TrainingState(**{"best_step": values["step"]} | values)
        state.require_types()
    except (AttributeError, KeyError, TypeError):
        raise InputError(
            f"{path} has a training state of another version of this code, from which training cannot be resumed"
        ) from None
    for values in (state.optimizer or {}).get("state", {}).values():
        if not all(torch.isfinite(value).all() for value in values.values() if isinstance(value, torch.Tensor)):
            raise InputError(
                f"{path}: the state of its optimiser is NaN or infinite, so its training diverged; resume from an "
                "earlier checkpoint"
            )
    logger.info("training is resumed after step %d of %s", state.step, path)
    return state


def is_given(name: str, value: Any, default: Any, given: Sequence[str] | None) -> bool:
    """Whether a setting was asked for; without a command line (`given` is None), if it is not the default."""
    return value != default if given is None else name in given


def require_kept_network(asked: Any, kept: Any, path: Path, given: Sequence[str] | None = None) -> None:
    """Refuse settings of the network that differ from those of the checkpoint, whose network is kept.

    Args:
        asked: the network's configuration of this run.
        kept: the configuration in the checkpoint.
        path: the checkpoint.
        given: see `TrainingConfig.given`.

    Raises:
        InputError: a setting differs.
    """
    for field in fields(asked):
        value, of_checkpoint = getattr(asked, field.name), getattr(kept, field.name)
        if value != of_checkpoint and is_given(f"network.{field.name}", value, field.default, given):
            flag = network_flag(field.name)
            raise InputError(
                f"{flag} {value} differs from the network of {path}, which has {of_checkpoint} and is kept; leave "
                f"{flag} out, or start a new training without --resume-pth"
            )


def network_flag(name: str) -> str:
    """The flag of a field of a network's configuration."""
    return flag_of(_FLAG_NAMES.get(name, name))
